"""Value sets and what they are made of: the two lines and their edges, the sets' laws, and the shortest filter for each of them."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import ABOVE_5, NUMBERS, STRINGS, candidates
from strategies import SPARSE

import whereql
from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Op, Or, Predicate, Subject, Uri, predicates
from whereql.optimize import lines
from whereql.optimize.domain import (
    ANY_ID,
    ANY_KEY,
    ANY_TEXT,
    EMPTY,
    MAX_ELEMENTS,
    Universe,
    ValueSet,
    combine,
    complement,
    declared_universe,
    element_of,
    is_double,
    possible,
    universe_of,
    value_set,
)  # fmt: skip
from whereql.optimize.edges import Pairing, Policy, Prefix, pair_edges
from whereql.optimize.lines import FLOATS, INTS, contains, overlap, points, prefix_end, prefixed
from whereql.optimize.measure import Measure, measure
from whereql.optimize.spelling import literal_of, spell
from whereql.optimize.subjects import Subjects, is_sayable
from whereql.semantics import holds
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, literal

K = Field("k")
BOTH = lines.NUMBERS
TEXT_LINE = lines.STRINGS
TINY = 5e-324
COMPARISONS = [Op.EQ, Op.LT, Op.LE, Op.GT, Op.GE]


def up(number: float) -> float:
    return math.nextafter(number, math.inf)


def down(number: float) -> float:
    return math.nextafter(number, -math.inf)


def same(found: object, wanted: object) -> bool:
    """Equal, and of one type: 5 and 5.0 are two texts."""
    return (type(found), repr(found)) == (type(wanted), repr(wanted))


# Lines.


@pytest.mark.parametrize(
    ("line", "value", "at_least", "above", "below"),
    [
        (BOTH, 5, 5, ABOVE_5, down(5.0)),
        (BOTH, 5.0, 5, ABOVE_5, down(5.0)),
        (BOTH, ABOVE_5, ABOVE_5, up(ABOVE_5), 5),
        (BOTH, 0, 0, TINY, -TINY),
        (BOTH, TINY, TINY, 2 * TINY, 0),
        (BOTH, -TINY, -TINY, 0, -2 * TINY),
        (BOTH, 2**52 - 1, 2**52 - 1, 2**52 - 0.5, 2**52 - 1.5),
        (BOTH, 2**52, 2**52, 2**52 + 1, 2**52 - 0.5),
        (BOTH, -(2**52), -(2**52), -(2**52) + 0.5, -(2**52) - 1),
        (BOTH, 2**53 - 1, 2**53 - 1, 2**53, 2**53 - 2),
        (BOTH, 2**53, 2**53, 2**53 + 1, 2**53 - 1),
        (BOTH, 2.0**53, 2**53, 2**53 + 1, 2**53 - 1),
        (BOTH, 2**53 + 1, 2**53 + 1, 2**53 + 2, 2**53),
        (BOTH, INT_MAX, INT_MAX, 2.0**63, INT_MAX - 1),
        (BOTH, 2.0**63, 2.0**63, up(2.0**63), INT_MAX),
        (BOTH, INT_MIN, INT_MIN, INT_MIN + 1, down(-(2.0**63))),
        (BOTH, -(2.0**63), INT_MIN, INT_MIN + 1, down(-(2.0**63))),
        (BOTH, down(-(2.0**63)), down(-(2.0**63)), INT_MIN, down(down(-(2.0**63)))),
        (BOTH, FLOAT_MAX, FLOAT_MAX, None, down(FLOAT_MAX)),
        (BOTH, -FLOAT_MAX, -FLOAT_MAX, up(-FLOAT_MAX), None),
        (INTS, 5, 5, 6, 4),
        (INTS, 2**53, 2**53, 2**53 + 1, 2**53 - 1),
        (INTS, INT_MAX, INT_MAX, None, INT_MAX - 1),
        (INTS, INT_MIN, INT_MIN, INT_MIN + 1, None),
        (FLOATS, 5, 5, ABOVE_5, down(5.0)),
        (FLOATS, 2**53, 2**53, 2**53 + 2, 2**53 - 1),
        (FLOATS, 2**53 + 2, 2**53 + 2, 2**53 + 4, 2**53),
        (FLOATS, 2.0**63, 2.0**63, up(2.0**63), 2**63 - 1024),
        (FLOATS, FLOAT_MAX, FLOAT_MAX, None, down(FLOAT_MAX)),
        (FLOATS, -FLOAT_MAX, -FLOAT_MAX, up(-FLOAT_MAX), None),
        (TEXT_LINE, "", "", "\0", None),
        (TEXT_LINE, "a", "a", "a\0", None),
        (TEXT_LINE, "a\0", "a\0", "a\0\0", "a"),
        (TEXT_LINE, "\U0010ffff", "\U0010ffff", "\U0010ffff\0", None),
    ],
)
def test_a_point_has_neighbours(line: lines.Line, value: Any, at_least: Any, above: Any, below: Any) -> None:
    assert same(line.at_least(value), at_least)
    assert same(line.above(value), above)
    assert same(line.below(at_least), below)


@pytest.mark.parametrize(
    ("line", "value", "at_least", "above"),
    [
        (INTS, 1.5, 2, 2),
        (INTS, -1.5, -1, -1),
        (INTS, 1e300, None, None),
        (INTS, -1e300, INT_MIN, INT_MIN),
        (INTS, 2.0**63, None, None),
        (INTS, TINY, 1, 1),
        (FLOATS, 2**53 + 1, 2**53 + 2, 2**53 + 2),
        (FLOATS, INT_MAX, 2.0**63, 2.0**63),
        (FLOATS, INT_MIN + 1, INT_MIN + 1024, INT_MIN + 1024),
    ],
)
def test_a_number_that_is_no_point_snaps_to_the_next(line: lines.Line, value: Any, at_least: Any, above: Any) -> None:
    assert same(line.at_least(value), at_least)
    assert same(line.above(value), above)
    assert line.interval(Op.EQ, value) == ()


@pytest.mark.parametrize(("line", "first"), [(BOTH, -FLOAT_MAX), (INTS, INT_MIN), (FLOATS, -FLOAT_MAX), (TEXT_LINE, "")])
def test_a_line_begins_at_its_least_point_and_says_all_with_it(line: lines.Line, first: Any) -> None:
    assert same(line.first, first)
    assert line.interval(Op.GE, first) == (first,)
    assert line.interval(Op.LT, first) == ()
    assert line.complement(()) == (first,)
    assert line.complement((first,)) == ()
    assert line.complement((first, line.above(first))) == (line.above(first),)


@pytest.mark.parametrize(("number", "point"), [(5.0, 5), (-0.0, 0), (0.5, 0.5), (2.0**63, 2.0**63), (-(2.0**63), INT_MIN), (2**53 + 1, 2**53 + 1), (FLOAT_MAX, FLOAT_MAX)])
def test_a_number_is_an_int_where_int64_has_it(number: float, point: float) -> None:
    assert same(lines.canonical(number), point)


def compared(op: Op, left: Any, right: Any) -> bool:
    return bool({Op.EQ: left == right, Op.LT: left < right, Op.LE: left <= right, Op.GT: left > right, Op.GE: left >= right}[op])


def on(line: lines.Line, number: float) -> bool:
    is_int, is_float = number == math.floor(number) and INT_MIN <= number <= INT_MAX, float(number) == number
    return (line is not FLOATS and is_int) or (line is not INTS and is_float)


@pytest.mark.parametrize("line", [BOTH, INTS, FLOATS, TEXT_LINE], ids=["numbers", "ints", "floats", "strings"])
def test_an_interval_has_just_the_points_that_compare(line: lines.Line) -> None:
    pool: list[Any] = STRINGS if line is TEXT_LINE else sorted(NUMBERS)
    held = [value for value in pool if line is TEXT_LINE or on(line, value)]
    for op in COMPARISONS:
        for bound in pool:
            edges = line.interval(op, bound)
            assert list(edges) == sorted(set(edges))
            assert [contains(edges, value) for value in held] == [compared(op, value, bound) for value in held], (op, bound)
            assert [contains(line.complement(edges), value) for value in held] == [not compared(op, value, bound) for value in held]
    assert points(pool, line) == overlap([line.interval(Op.EQ, value) for value in held], 1)


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        ("a", "b"), ("ab", "ac"), ("aX", "aY"), ("aX\U0010ffff", "aY"), ("a\0", "a\x01"), ("az", "a{"), ("\ud7ff", "\ue000"), ("a\ud7ff", "a\ue000"), ("\uffff", "\U00010000"),
        ("a\U0010ffff", "b"), ("a\U0010ffff\U0010ffff", "b"), ("\U0010fffe", "\U0010ffff"), ("\U0010ffffa", "\U0010ffffb"),
        ("", None), ("\U0010ffff", None), ("\U0010ffff\U0010ffff", None),
    ],
)  # fmt: skip
def test_the_strings_with_a_prefix_end_where_the_next_prefix_begins(prefix: str, end: str | None) -> None:
    assert prefix_end(prefix) == end
    edges = prefixed(prefix)
    assert edges == ((prefix,) if end is None else (prefix, end))
    some = ["", "a", "a\0", "ab", "b", "\ud7ff", "\ue000", "\U0010fffe", "\U0010ffff", prefix, prefix + "\0", prefix + "\U0010ffff" * 3, prefix[:-1]]
    assert [contains(edges, text) for text in some] == [text.startswith(prefix) for text in some]
    if end is not None:
        end.encode()  # no lone surrogate, which no string may hold
        assert not end.startswith(prefix) and prefix + "\U0010ffff" * 9 < end


@pytest.mark.parametrize(
    ("sets", "least", "edges"),
    [
        ([(1, 5), (3, 7)], 1, (1, 7)), ([(1, 5), (3, 7)], 2, (3, 5)), ([(1, 5), (5, 7)], 1, (1, 7)), ([(1, 5), (5, 7)], 2, ()),
        ([(1,), (3, 7)], 2, (3, 7)), ([(1,), (3, 7)], 1, (1,)), ([], 1, ()), ([()], 1, ()), ([(1, 9), (2, 8), (3, 7)], 2, (2, 8)), ([(1, 3, 5), (3, 5)], 1, (1,)),
    ],
)  # fmt: skip
def test_overlaps_join_where_they_touch(sets: list[lines.Edges], least: int, edges: lines.Edges) -> None:
    assert overlap(sets, least) == edges


# Value sets.

ELEMENTS: list[Any] = ["a", 1, 1.5, True, 2**53 + 1, "b"]
CONSTANTS: list[Any] = [False, True, 0, 5, ABOVE_5, 2**53, 2**53 + 1, 2.0**63, INT_MAX, INT_MIN, FLOAT_MAX, -FLOAT_MAX, "", "a", "a\0", "ab", "b", "\U0010ffff"]
ORDERED = [value for value in CONSTANTS if not isinstance(value, bool)]


def literals(values: list[Any]) -> Any:
    return st.lists(st.sampled_from(values).map(literal), max_size=3).map(tuple)


LEAVES: st.SearchStrategy[Expr] = st.one_of(
    st.builds(Predicate, st.just(K), st.just(Op.EQ), st.sampled_from(CONSTANTS).map(literal)),
    st.builds(Predicate, st.just(K), st.sampled_from(COMPARISONS[1:]), st.sampled_from(ORDERED).map(literal)),
    st.builds(Predicate, st.just(K), st.just(Op.IN), literals(CONSTANTS)),
    st.builds(Predicate, st.just(K), st.just(Op.HAS), literals(ELEMENTS)),
    st.builds(Predicate, st.just(K), st.just(Op.STARTS), st.sampled_from(["", "a", "ab", "\U0010ffff"]).map(literal)),
    st.just(Predicate(K, Op.EXISTS)),
)
FILTERS = st.recursive(
    LEAVES | st.builds(Const, st.booleans()), lambda inner: st.builds(Not, inner) | st.lists(inner, max_size=3).map(And) | st.lists(inner, max_size=3).map(Or), max_leaves=5
)


@cache
def all_values() -> list[Any]:
    """Values of every sort that the leaves above tell apart."""
    exact = [Predicate(K, Op.IN, tuple(map(literal, CONSTANTS))), Predicate(K, Op.HAS, tuple(map(literal, ELEMENTS)))]
    starts = [Predicate(K, Op.STARTS, literal(text)) for text in ("", "a", "ab", "\U0010ffff")]
    return [*candidates(K, [*exact, *starts]), ["c"], [7], ["a", "b", "c"]]


def has(values: ValueSet, value: Any) -> bool:
    """Membership, by counting edges and building the row: not as the sets do it."""
    if value is None:
        return values.missing
    if isinstance(value, bool):
        return bool(values.bools & (2 if value else 1))
    if isinstance(value, (int, float)):
        return bool(sum(edge <= value for edge in values.numbers) % 2)
    if isinstance(value, str):
        return bool(sum(edge <= value for edge in values.strings) % 2)
    held = [] if isinstance(value, dict) else [element_of(literal(item)) for item in value]
    row = sum(2**i for i, element in enumerate(values.elements) if element in held)
    return bool(values.arrays // 2**row % 2)


def record(value: Any) -> whereql.Record:
    return whereql.make_record("a", metadata=None if value is None else {"k": value})


@settings(max_examples=150, deadline=None, derandomize=True)
@given(FILTERS)
def test_a_set_has_the_values_for_which_the_filter_holds(expr: Expr) -> None:
    values = value_set(expr)
    assert values is not None
    assert [value for value in all_values() if has(values, value) is not holds(expr, record(value))] == []


@settings(max_examples=100, deadline=None, derandomize=True)
@given(FILTERS, FILTERS, FILTERS)
def test_sets_are_a_boolean_algebra_whose_equals_are_the_same(first: Expr, second: Expr, third: Expr) -> None:
    a, b, c = value_set(first), value_set(second), value_set(third)
    assert a is not None and b is not None and c is not None
    not_a, not_b = complement(a, ANY_KEY), complement(b, ANY_KEY)
    either, both = combine([a, b], ANY_KEY, union=True), combine([a, b], ANY_KEY, union=False)
    assert either is not None and both is not None
    assert complement(not_a, ANY_KEY) == a
    assert complement(either, ANY_KEY) == combine([not_a, not_b], ANY_KEY, union=False)
    assert complement(both, ANY_KEY) == combine([not_a, not_b], ANY_KEY, union=True)
    assert combine([a, not_a], ANY_KEY, union=True) == ANY_KEY.everything
    assert combine([a, not_a], ANY_KEY, union=False) == EMPTY
    assert combine([b, a], ANY_KEY, union=True) == either == combine([a, b, a], ANY_KEY, union=True)
    assert combine([either, c], ANY_KEY, union=True) == combine([a, b, c], ANY_KEY, union=True)
    assert combine([both, c], ANY_KEY, union=False) == combine([a, b, c], ANY_KEY, union=False)
    assert combine([a, either], ANY_KEY, union=False) == a == combine([a, both], ANY_KEY, union=True)
    for value in all_values():
        assert has(either, value) is (has(a, value) or has(b, value))
        assert has(both, value) is (has(a, value) and has(b, value))
        assert has(not_a, value) is not has(a, value)
    alike = all(has(a, value) is has(b, value) for value in all_values())
    assert (a == b) is alike


@settings(max_examples=100, deadline=None, derandomize=True)
@given(FILTERS)
def test_a_set_and_its_filter_are_one(expr: Expr) -> None:
    values = value_set(expr)
    assert values is not None
    short = spell(K, values)
    assert value_set(short) == values
    assert measure(short) <= measure(expr)
    assert spell(K, values) == short


def test_sets_of_nothing_and_of_no_sets() -> None:
    assert combine([], ANY_KEY, union=True) == EMPTY
    assert combine([], ANY_KEY, union=False) == ANY_KEY.everything
    assert value_set(Const(True)) == ANY_KEY.everything
    assert value_set(Const(False)) == EMPTY == value_set(whereql.parse("k IN ()")) == value_set(whereql.parse("k HAS ANY ()"))
    some = value_set(whereql.parse("k > 5"))
    assert combine([some], ANY_KEY, union=False) is some is combine([some], ANY_KEY, union=True)
    assert combine([some, None], ANY_KEY, union=True) is None is combine([None], ANY_KEY, union=False)
    assert ValueSet(False, 0, (), (), (), 0) == EMPTY
    assert ANY_KEY.everything == ValueSet(True, 3, (-FLOAT_MAX,), ("",), (), 1)


def test_no_set_says_what_a_text_operator_says() -> None:
    for text in ("k CONTAINS 'a'", "k ENDS WITH 'a'", "k LIKE 'a_'", "k ILIKE 'a'", "k MATCHES 'a'", "NOT k CONTAINS 'a'", "k = 1 AND k CONTAINS 'a'"):
        assert value_set(whereql.parse(text)) is None
    with pytest.raises(TypeError, match="not a filter: 5"):
        value_set(5)  # type: ignore[arg-type]


def test_six_elements_are_said_and_seven_are_not() -> None:
    assert MAX_ELEMENTS == 6
    six, seven = "k HAS ANY (1, 2, 3, 4, 5, 6)", "k HAS ANY (1, 2, 3, 4, 5, 6, 7)"
    known = value_set(whereql.parse(six))
    assert known is not None and len(known.elements) == 6
    assert value_set(whereql.parse(seven)) is None
    assert value_set(whereql.parse("k HAS ANY (1, 2, 3, 4, 5, 6, 1.0, 6)")) == known
    three, four = whereql.parse("k HAS ANY (1, 2, 3)"), whereql.parse("k HAS ANY (4, 5, 6)")
    assert value_set(Or([three, four])) == known
    assert value_set(Or([three, whereql.parse("k HAS ANY (4, 5, 6, 7)")])) is None
    assert value_set(And([three, whereql.parse("k HAS ANY (4, 5, 6, 7)")])) is None
    assert value_set(Or([whereql.parse("k HAS ANY (1, 2, 3, 4)"), four])) == known


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("k HAS 1", "k HAS 1.0", True),
        ("k HAS 1", "k HAS TRUE", False),
        ("k HAS 1", "k HAS '1'", False),
        ("k HAS 1 AND k HAS 'a'", "FALSE", True),
        ("k HAS 1 AND k HAS TRUE", "FALSE", True),
        ("k HAS 1 AND k HAS 1.5", "FALSE", False),
        ("k HAS 9007199254740993 AND k HAS 1.5", "FALSE", True),
        ("k HAS 9007199254740992 AND k HAS 1.5", "FALSE", False),
        ("k HAS 9007199254740993 AND k HAS 9223372036854775808.0", "FALSE", True),
        ("k HAS 1 AND k HAS 1.5 AND k HAS 9007199254740993", "FALSE", True),
        ("k HAS 1 AND NOT k HAS 'a'", "k HAS 1", True),
        ("k HAS 1 OR NOT k HAS 1", "TRUE", True),
        ("k HAS ANY (1, 2) AND NOT k HAS 2", "k HAS 1 AND NOT k HAS 2", True),
        ("k HAS ANY (1, 2) AND k HAS 2", "k HAS 2", True),
        ("k HAS 1 AND k HAS 2", "k HAS ANY (1, 2)", False),
        ("k HAS TRUE OR k HAS FALSE", "k IS NOT NULL", False),
        ("k HAS 1 AND k = 1", "FALSE", True),
        ("k IN (1, TRUE)", "k = 1", False),
        ("k = 1.0", "k = 1", True),
        ("k >= 9007199254740992.0 AND k <= 9007199254740993", "k IN (9007199254740992, 9007199254740993)", True),
        ("NOT k > 5", "k <= 5", False),
        ("k IS NULL OR NOT k > 5", "NOT k > 5", True),
        ("k > 5 AND k < 5.000000000000001", "FALSE", True),
        ("k > 'a' AND k < 'a\0'", "FALSE", True),
        ("k < ''", "FALSE", True),
        ("k > 1.7976931348623157e308", "FALSE", True),
        ("k < -1.7976931348623157e308", "FALSE", True),
    ],
)  # fmt: skip
def test_sets_are_equal_where_no_value_tells_them_apart(a: str, b: str, alike: bool) -> None:
    a, b = (text.replace("'a\0'", '"a\\u0000"') for text in (a, b))
    assert (value_set(whereql.parse(a)) == value_set(whereql.parse(b))) is alike


@pytest.mark.parametrize(
    ("elements", "rows"),
    [
        ([], [0]),
        ([1], [0, 1]),
        ([1, 2], [0, 1, 2, 3]),
        ([True, 1], [0, 1, 2]),
        ([1, "a"], [0, 1, 2]),
        ([True, 1, "a"], [0, 1, 2, 4]),
        ([1, 1.5], [0, 1, 2, 3]),
        ([1.5, 2**53 + 1], [0, 1, 2]),
        ([1, 1.5, 2**53 + 1], [0, 1, 2, 3, 4, 5]),
        ([1.5, 2**53], [0, 1, 2, 3]),
        ([False, True, "a", "b"], [0, 1, 2, 3, 4, 8, 12]),
    ],
)
def test_the_rows_of_a_table_are_the_arrays_that_there_are(elements: list[Any], rows: list[int]) -> None:
    assert possible(tuple(element_of(literal(element)) for element in elements)) == sum(1 << row for row in rows)


def test_doubles_are_those_that_a_float_holds_exactly() -> None:
    assert [is_double(number) for number in (1, 1.5, 2**53, 2**53 + 1, 2**53 + 2, INT_MAX, INT_MIN)] == [True, True, True, False, True, False, True]


def test_elements_go_by_line_and_then_by_value() -> None:
    found = sorted(element_of(literal(value)) for value in ("a", 1.5, True, 1, False, ""))
    assert [literal_of(element).value for element in found] == [False, True, 1, 1.5, "", "a"]
    assert element_of(literal(1.0)) == element_of(literal(1)) != element_of(literal(True))
    assert [type(literal_of(element_of(literal(value))).value) for value in (1.0, 1, True, "x", 0.5)] == [int, int, bool, str, float]


# Universes.

TEXTS_OF: dict[str, Subject] = {"#document": Document(), "#uri": Uri(), "#id": Id()}


def test_a_subject_has_its_own_universe() -> None:
    assert [universe_of(subject) for subject in (K, Document(), Uri(), Id())] == [ANY_KEY, ANY_TEXT, ANY_TEXT, ANY_ID]
    assert ANY_TEXT.everything == ValueSet(True, 0, (), ("",), (), 0)
    assert ANY_ID.everything == ValueSet(False, 0, (), ("",), (), 0)


KINDS: dict[str, list[Any]] = {
    "int": [0, 5, 2**53 + 1, INT_MIN, INT_MAX], "float": [0.0, ABOVE_5, 2.0**53, FLOAT_MAX, -FLOAT_MAX], "bool": [False, True], "string": ["", "a", "ab", "b"],
    "string[]": [["a"], ["b", "c"]], "int[]": [[1], [1, 2**53 + 1]], "sparse_vector": [SPARSE],
}  # fmt: skip
MIXES = [[kind] for kind in KINDS] + [["int", "float"], ["bool", "string"], ["int", "string"], ["float", "int[]"], ["bool", "int", "float", "string", "string[]"]]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(FILTERS)
def test_within_a_declared_universe_a_set_says_what_the_filter_says(expr: Expr) -> None:
    for kinds in MIXES:
        for missing in (False, True):
            universe = declared_universe(kinds, missing=missing)
            held = [value for kind in kinds for value in KINDS[kind]] + [None] * missing
            values = value_set(expr, universe)
            assert values is not None
            short = spell(K, values, universe)
            assert combine([values, universe.everything], universe, union=False) == values, "a set is never larger than its universe"
            assert complement(complement(values, universe), universe) == values
            for value in held:
                assert has(values, value) is holds(expr, record(value)) is holds(short, record(value)), (kinds, missing, value)


def test_what_a_universe_lacks_is_in_no_set_and_in_no_complement() -> None:
    for kinds in MIXES:
        for missing in (False, True):
            universe = declared_universe(kinds, missing=missing)
            values = value_set(whereql.parse("NOT (k = 1 OR k = 'a' OR k = TRUE OR k HAS 'a')"), universe)
            assert values is not None
            assert values.missing is missing
            assert values.bools == (1 if "bool" in kinds else 0)
            assert bool(values.numbers) is bool({"int", "float"} & set(kinds))
            assert bool(values.strings) is ("string" in kinds)
            assert bool(values.arrays & 1) is any(kind.endswith("[]") or kind == "sparse_vector" for kind in kinds)


# Spelling.


def spelt(text: str, universe: Universe = ANY_KEY, subject: Subject = K) -> str:
    values = value_set(whereql.parse(text), universe)
    assert values is not None
    return whereql.to_text(spell(subject, values, universe))


SPELT = [
    ("k = 1 OR k = 3 OR k = 2", "k IN (1, 2, 3)"),
    ("k != 1 AND k != 2", "k NOT IN (1, 2)"),
    ("k = TRUE OR k = FALSE", "k IN (FALSE, TRUE)"),
    ("k = 'a' OR k = 1 OR k = TRUE", "k IN (TRUE, 1, 'a')"),
    ("k != TRUE", "k != TRUE"),
    ("k > 5 AND k < 7", "5 < k < 7"),
    ("k >= 5 AND k <= 7", "k BETWEEN 5 AND 7"),
    ("k > 5 AND k < 5.000000000000002", "k = 5.000000000000001"),
    ("k < 3 OR k > 3", "k < 3 OR k > 3"),
    ("k < 3 OR k >= 3", "k >= -1.7976931348623157e+308"),
    ("k > 5 AND k != 7 OR k = 1", "k > 5 AND k != 7 OR k = 1"),
    ("k > 5 AND k != 7 OR k < 3 AND k != 1 OR k = 4", "(k < 3 OR k > 5) AND k NOT IN (1, 7) OR k = 4"),
    ("k > 3 AND NOT k IN (4, 5) AND k < 10 OR k IN (1, 20)", "3 < k < 10 AND k NOT IN (4, 5) OR k IN (1, 20)"),
    ("k > 5 AND k NOT IN (7, 8) OR k > 'a' AND k != 'b'", "(k > 5 OR k > 'a') AND k NOT IN (7, 8, 'b')"),
    ("k > 'a' AND k NOT IN ('b', 'c') OR k = 5", "k > 'a' AND k NOT IN ('b', 'c') OR k = 5"),
    ("k >= 'a' AND k != 'b' OR k IN (1, 2, 3)", "k > 'b' OR k STARTS WITH 'a' OR k IN (1, 2, 3)"),
    ("k >= 'a' AND k != 'b' AND k != 'c' OR k IN (1, 2, 3)", "k >= 'a' AND k NOT IN ('b', 'c') OR k IN (1, 2, 3)"),
    ("NOT k > 5", "NOT k > 5"),
    ("k IS NULL OR k > 5", "k > 5 OR k IS NULL"),
    ("k IS NOT NULL AND NOT k > 5", "NOT k > 5 AND k IS NOT NULL"),
    ("k != 1 AND k IS NOT NULL", "k != 1 AND k IS NOT NULL"),
    ("k IS NULL OR k != 1", "k != 1"),
    ("k IS NOT NULL AND k = 1", "k = 1"),
    ("k IS NULL", "k IS NULL"),
    ("NOT k IS NULL", "k IS NOT NULL"),
    ("k >= '' OR k <= 0 OR k > 0", "k >= -1.7976931348623157e+308 OR k >= ''"),
    ("k = 9007199254740993 OR k = 9007199254740994", "k IN (9007199254740993, 9007199254740994)"),
    ("k IN (9007199254740993, 9007199254740994, 9007199254740995)", "9007199254740992 < k < 9007199254740996"),
    ("k >= 9223372036854775807", "k > 9223372036854775806"),
    ("k > 9223372036854775807", "k > 9223372036854775807"),
    ("k < -9223372036854775808", "k < -9223372036854775808"),
    ("k >= 9223372036854775808.0", "k > 9223372036854775807"),
    ("k > 1.7976931348623155e308", "k = 1.7976931348623157e+308"),
    ("k >= 1.7976931348623155e308", "k > 1.7976931348623153e+308"),
    ("k < -1.7976931348623155e308", "k = -1.7976931348623157e+308"),
    ("k <= -1.7976931348623155e308", "k < -1.7976931348623153e+308"),
    ("k >= 5e-324", "k > 0"),
    ("k < 5e-324", "k <= 0"),
    ("k > -5e-324", "k >= 0"),
    ("k STARTS WITH 'a' AND k != 'a'", "'a' < k < 'b'"),
    ("k STARTS WITH 'a' AND k != 'ab'", "k STARTS WITH 'a' AND k != 'ab'"),
    ("k STARTS WITH 'a' AND k NOT IN ('a', 'ab')", "k STARTS WITH 'a' AND k NOT IN ('a', 'ab')"),
    ("k STARTS WITH 'a' OR k STARTS WITH 'b'", "'a' <= k < 'c'"),
    ("k STARTS WITH 'a' OR k = 'b'", "k BETWEEN 'a' AND 'b'"),
    ("k >= 'a' AND k < 'b'", "k STARTS WITH 'a'"),
    ("k STARTS WITH 'a' AND NOT k STARTS WITH 'ab'", "k STARTS WITH 'a' AND k NOT STARTS WITH 'ab'"),
    ("k STARTS WITH 'a' AND NOT (k STARTS WITH 'ab' AND NOT k STARTS WITH 'abc')", "k STARTS WITH 'a' AND (k NOT STARTS WITH 'ab' OR k STARTS WITH 'abc')"),
    ("k STARTS WITH 'a' AND NOT k STARTS WITH 'ab' AND k != 'ac' OR k = 'abc'", "'a' <= k < 'ab' OR 'ac' < k < 'b' OR k = 'abc'"),
    ("k >= 'a' AND k < 'x' AND NOT k STARTS WITH 'b' OR k STARTS WITH 'bb'", "'a' <= k < 'x' AND (k NOT STARTS WITH 'b' OR k STARTS WITH 'bb')"),
    ("k < 'b' AND NOT k STARTS WITH 'a'", "k < 'a'"),
    ("k < 'z' AND NOT k STARTS WITH 'a' AND k != 'b'", "k < 'a' OR 'b' < k < 'z'"),
    ("NOT (k STARTS WITH 'a' AND k != 'a')", "NOT k > 'a' OR NOT k < 'b'"),
    ("k STARTS WITH '\ud7ff' OR k STARTS WITH '\ue000'", "'\ud7ff' <= k < '\ue001'"),
    ("k = '' OR k < ''", "k = ''"),
    ('k < "a\\u0000"', "k <= 'a'"),
    ('k >= "a\\u0000"', "k > 'a'"),
    ('k IN ("", "\\u0000", "\\u0000\\u0000")', 'k <= "\\u0000\\u0000"'),
    ("k HAS 'a' AND k HAS 'b'", "k HAS ALL ('a', 'b')"),
    ("k HAS 'b' OR k HAS 'a'", "k HAS ANY ('a', 'b')"),
    ("k HAS 1 AND NOT k HAS 'a'", "k HAS 1"),
    ("NOT k HAS 1 OR NOT k HAS 'a'", "TRUE"),
    ("k IS NULL OR k HAS 'a'", "k HAS 'a' OR k IS NULL"),
    ("k IS NOT NULL AND NOT k HAS 'a'", "k NOT HAS 'a' AND k IS NOT NULL"),
    ("k HAS 'a' OR k > 5", "k > 5 OR k HAS 'a'"),
    ("k = 1 AND k = 2", "FALSE"),
    ("k = 1 OR k != 1", "TRUE"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "short"), SPELT)
def test_a_set_has_one_shortest_text(text: str, short: str) -> None:
    assert spelt(text) == short
    assert spelt(short) == short


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("NOT k > 5", "k <= 5"), ("k < 3 OR k > 3", "k != 3"), ("k IS NOT NULL AND NOT k > 5", "k <= 5"), ("k STARTS WITH 'a' AND k != 'a'", "k > 'a' AND k <= 'b'"),
        ("k IN (9007199254740993, 9007199254740995)", "9007199254740992 < k < 9007199254740996"), ("k = TRUE OR k = FALSE", "k IS NOT NULL"),
        ("k HAS TRUE OR k HAS FALSE", "k IS NOT NULL"), ("k < 3 OR k >= 3", "k IS NOT NULL"), ("k >= 9223372036854775808.0", "FALSE"),
    ],
)  # fmt: skip
def test_the_tempting_text_is_another_set(text: str, wrong: str) -> None:
    assert spelt(text) != spelt(wrong)
    assert value_set(whereql.parse(text)) != value_set(whereql.parse(wrong))


POOL = [
    "k > 5", "k = 5", f"k < {ABOVE_5!r}", "k IN (5, 7)", "k = 'a'", "k STARTS WITH 'a'", "k >= 'b'", "k = TRUE", "k IS NOT NULL", "k HAS 'a'", "k HAS ANY ('a', 1)",
]  # fmt: skip


def test_no_filter_of_a_pool_is_shorter_than_the_text_of_its_set() -> None:
    leaves = [sign for text in POOL for sign in (whereql.parse(text), Not(whereql.parse(text)))]
    filters: list[Expr] = [*leaves, *(joined(pair) for pair in combinations_with_replacement(leaves, 2) for joined in (And, Or))]
    filters += [joined(triple) for triple in list(combinations_with_replacement(leaves, 3))[::3] for joined in (And, Or)]
    shortest: dict[ValueSet, Measure] = {}
    for expr in filters:
        values = value_set(expr)
        assert values is not None
        shortest[values] = min(measure(expr), shortest.get(values, measure(expr)))
    longer = [(whereql.to_text(spell(K, values)), least) for values, least in shortest.items() if measure(spell(K, values)) > least]
    assert longer == []
    assert len(shortest) > 200


@pytest.mark.parametrize(
    ("text", "kinds", "missing", "short"),
    [
        ("k > 2019 AND k < 2021", ["int"], True, "k = 2020"),
        ("k > 2019 AND k < 2021", ["float"], True, "2019 < k < 2021"),
        ("k > 2019 AND k < 2021", ["int", "float"], True, "2019 < k < 2021"),
        ("k >= 2 AND k <= 3", ["int"], True, "k IN (2, 3)"),
        ("k > 9007199254740992 AND k < 9007199254740994", ["float"], True, "FALSE"),
        ("k > 9007199254740992 AND k < 9007199254740994", ["int", "float"], True, "k = 9007199254740993"),
        ("k IS NOT NULL", ["int"], False, "TRUE"),
        ("k IS NOT NULL", ["int"], True, "k IS NOT NULL"),
        ("k IS NULL", ["int"], False, "FALSE"),
        ("NOT k > 5", ["int"], False, "k < 6"),
        ("NOT k > 5", ["int"], True, "NOT k > 5"),
        ("NOT k > 5", ["float"], False, "k <= 5"),
        ("NOT k > 5", ["int", "string"], False, "NOT k > 5"),
        ("k >= -9223372036854775808", ["int"], False, "TRUE"),
        ("k >= -9223372036854775808", ["float"], False, "k >= -9223372036854775808"),
        ("k >= -9223372036854775808", ["int"], True, "k IS NOT NULL"),
        ("k = 'a'", ["int"], True, "FALSE"),
        ("k != 'a'", ["int"], True, "TRUE"),
        ("k >= ''", ["string"], False, "TRUE"),
        ("k >= ''", ["string"], True, "k IS NOT NULL"),
        ("k STARTS WITH 'a'", ["int"], True, "FALSE"),
        ("k IN (1, 'a', TRUE)", ["bool"], True, "k = TRUE"),
        ("k IN (1, 'a', TRUE)", ["string"], True, "k = 'a'"),
        ("k IN (1, 'a', TRUE)", ["int"], True, "k = 1"),
        ("k > 5 OR k HAS 'a'", ["string[]"], True, "k HAS 'a'"),
        ("k > 5 OR k HAS 'a'", ["int"], True, "k > 5"),
        ("k > 5 OR k = TRUE", ["bool", "int"], True, "k > 5 OR k = TRUE"),
        ("k IS NOT NULL AND NOT k HAS 'a'", ["string[]"], False, "k NOT HAS 'a'"),
    ],
)
def test_a_declared_key_is_said_in_fewer_words(text: str, kinds: list[str], missing: bool, short: str) -> None:
    assert spelt(text, declared_universe(kinds, missing=missing)) == short


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("#document >= ''", "#document IS NOT NULL"),
        ("#document = 5", "FALSE"),
        ("NOT #document = 5", "TRUE"),
        ("#document IS NULL OR #document > ''", "#document != ''"),
        ("#uri HAS 'a' OR #uri = TRUE OR #uri = 'a'", "#uri = 'a'"),
        ("#id IS NOT NULL", "TRUE"),
        ("#id > ''", "#id != ''"),
        ("#id < 'a' OR #id > 'a'", "#id != 'a'"),
        ("#document < 'a' OR #document > 'a'", "#document != 'a' AND #document IS NOT NULL"),
        ("NOT #id > 'a'", "#id <= 'a'"),
        ("NOT #document > 'a'", "NOT #document > 'a'"),
    ],
)
def test_own_fields_are_strings_and_said_as_such(text: str, short: str) -> None:
    subject = TEXTS_OF[text.removeprefix("NOT ").split()[0]]
    assert spelt(text, universe_of(subject), subject) == short


# Edges.


@pytest.mark.parametrize(
    ("edges", "line", "policy", "pairing"),
    [
        ((), BOTH, Policy.ANY, Pairing([], [], [], [])),
        ((5, ABOVE_5), BOTH, Policy.ANY, Pairing([], [5], [], [])),
        ((5, ABOVE_5), BOTH, Policy.LEFT_OUT, Pairing([0, 1], [], [], [])),
        ((5, 7), BOTH, Policy.ANY, Pairing([0, 1], [], [], [])),
        ((5, 6), INTS, Policy.ANY, Pairing([], [5], [], [])),
        ((5, 7), INTS, Policy.ANY, Pairing([], [5, 6], [], [])),
        ((5, 8), INTS, Policy.ANY, Pairing([0, 1], [], [], [])),
        ((INT_MIN, INT_MIN + 1), INTS, Policy.ANY, Pairing([], [INT_MIN], [], [])),
        ((INT_MIN, INT_MIN + 2), INTS, Policy.ANY, Pairing([0, 1], [], [], [])),
        ((INT_MAX,), INTS, Policy.ANY, Pairing([], [INT_MAX], [], [])),
        ((INT_MAX - 1,), INTS, Policy.ANY, Pairing([0, 1], [], [], [])),
        ((INT_MIN, 5, 6), INTS, Policy.ANY, Pairing([0, 3], [], [5], [])),
        ((INT_MIN, 5, 6), INTS, Policy.ADDED, Pairing([0, 1, 2, 3], [], [], [])),
        ((0, 5, 6, 10), INTS, Policy.ANY, Pairing([0, 3], [], [5], [])),
        ((0, 5, 7, 10), INTS, Policy.ANY, Pairing([0, 3], [], [5, 6], [])),
        ((0, 5, 8, 10), INTS, Policy.ANY, Pairing([0, 1], [8, 9], [], [])),
        (("a", "b"), TEXT_LINE, Policy.ANY, Pairing([], [], [], [Prefix(0, 1, "a")])),
        (("a", "a\0"), TEXT_LINE, Policy.ANY, Pairing([], ["a"], [], [])),
        (("a\0", "b"), TEXT_LINE, Policy.ANY, Pairing([], [], ["a"], [Prefix(0, 1, "a")])),
        (("a\0", "b"), TEXT_LINE, Policy.ADDED, Pairing([0, 1], [], [], [])),
        (("a\0", "b"), TEXT_LINE, Policy.LEFT_OUT, Pairing([], [], ["a"], [Prefix(0, 1, "a")])),
        (("a", "c"), TEXT_LINE, Policy.ANY, Pairing([0, 1], [], [], [])),
        (("a", "ab", "ac", "b"), TEXT_LINE, Policy.ANY, Pairing([], [], [], [Prefix(0, 3, "a"), Prefix(1, 2, "ab")])),
        (("a", "ab", "ab\0", "b"), TEXT_LINE, Policy.ANY, Pairing([], [], ["ab"], [Prefix(0, 3, "a")])),
        (("a", "ab", "ac", "b", "k"), TEXT_LINE, Policy.ANY, Pairing([4, 5], [], [], [Prefix(0, 3, "a"), Prefix(1, 2, "ab")])),
    ],
)  # fmt: skip
def test_edges_are_said_in_pairs(edges: lines.Edges, line: lines.Line, policy: Policy, pairing: Pairing) -> None:
    assert pair_edges(edges, line, policy) == pairing


# Measure and subjects.


@pytest.mark.parametrize(
    ("text", "units", "count"),
    [
        ("TRUE", 0, 0), ("k = 1", 1, 1), ("NOT k = 1", 1, 1), ("k IN ()", 1, 1), ("k IN (1)", 1, 1), ("k IN (1, 2, 3)", 3, 1), ("k HAS ANY ('a', 'b')", 2, 1),
        ("k IS NULL", 1, 1), ("k IN (1, 2) AND (j = 1 OR NOT i IN (1, 2, 3))", 6, 3), ("2 <= k <= 5", 2, 2),
    ],
)  # fmt: skip
def test_a_filter_is_as_large_as_its_predicates_and_lists(text: str, units: int, count: int) -> None:
    expr = whereql.parse(text)
    assert measure(expr) == (units, count)
    assert measure(Not(expr)) == (units, count)
    assert sum(measure(predicate).units for predicate in predicates(expr)) == units


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("k = 1", K), ("k = 1 AND k > 5", K), ("k = 1 AND (k > 5 OR k IS NULL)", K), ("k = 1 AND j = 1", None), ("k = 1 AND (k = 2 OR j = 1)", None),
        ("k CONTAINS 'a'", None), ("k STARTS WITH 'a'", K), ("k = 1 OR k CONTAINS 'a'", None), ("NOT k CONTAINS 'a'", None), ("NOT k = 1", K),
        ("k HAS ANY (1, 2, 3, 4, 5, 6)", K), ("k HAS ANY (1, 2, 3, 4, 5, 6, 7)", None), ("#id = 'a'", Id()), ("TRUE", None), ("k CONTAINS 'a' AND k = 1", None),
        ("NOT (k = 1 AND k = 2)", None),
    ],
)  # fmt: skip
def test_a_part_speaks_of_a_subject_if_sets_can_say_it(text: str, subject: Subject | None) -> None:
    expr, subjects = whereql.parse(text), Subjects()
    assert subjects.one(expr) == subject == subjects.one(expr)
    if isinstance(expr, Predicate):
        assert is_sayable(expr) is (subject is not None)


def test_sets_are_grouped_by_meaning_and_not_by_text() -> None:
    same_meaning = ["NOT (k < 5 OR k > 7 OR k IS NULL)", "k IS NOT NULL AND NOT k < 5 AND NOT k > 7", "NOT k < 5 AND NOT (k IS NULL OR k > 7)"]
    groups: defaultdict[ValueSet | None, list[str]] = defaultdict(list)
    for text in [*same_meaning, "k >= 5 AND k <= 7", "k BETWEEN 5.0 AND 7"]:
        groups[value_set(whereql.parse(text))].append(text)
    assert sorted(map(len, groups.values())) == [2, 3]
    assert len({hash(values) for values in groups}) == 2
