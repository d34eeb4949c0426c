"""`normalize` and its passes against finite models (`models.py`): all small filters over a pool of predicates, many larger ones.

The laws: a filter and its normal form match the same records; the form has no more predicates and literals; normalizing it
again changes nothing; and filters on one key that mean the same print the same. `flaw` checks them, and wrong rules, as they
are easily written, show that it sees. With WHEREQL_EXHAUSTIVE=1 every pass meets every filter and there are more random ones.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import combinations_with_replacement, islice
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from models import ABOVE_5, NUMBERS, STRINGS, Model, NearFilters, difference, model, number_between
from strategies import SPARSE, FilterMaker, Generator, filters

import whereql
from whereql.ast import And, Expr, Field, Id, Not, Op, Or, Predicate, predicates
from whereql.kinds import Kind
from whereql.optimize import ORDER, PASSES, normalize
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, Literal, literal

EXHAUSTIVE = os.environ.get("WHEREQL_EXHAUSTIVE") == "1"
NEAR = 60_000 if EXHAUSTIVE else 1_200
DRAWN = 5_000 if EXHAUSTIVE else 300
SHRINKABLE = 5_000 if EXHAUSTIVE else 200
TRIPLES = 1 if EXHAUSTIVE else 13  # one in so many of the filters of three predicates is looked at; of those of fewer each is
EVERY = 1 if EXHAUSTIVE else 7  # one in so many of the small filters meets each pass alone

Rewrite = Callable[[Expr], Expr]

POOL = [
    "k > 5", f"k <= {ABOVE_5!r}", "k >= 9007199254740992.0", "k = 9007199254740993", "k = 'a'", "k >= 'a'", "k IN (1, TRUE, 'a')", "k IS NOT NULL",
    "k HAS 1", "k HAS ANY ('a', 1.0, TRUE)", "k STARTS WITH 'a'", "k CONTAINS 'b'", "k LIKE 'a%'", "j = 5.0", "j IS NOT NULL",
]  # fmt: skip
SMALL_FILTERS = 95_510 if EXHAUSTIVE else 9_092

ONE_KEY = [
    "k > 5", f"k < {ABOVE_5!r}", "k >= 9007199254740992.0", "k = 9007199254740993", "k < 9007199254740994", "k IN (1, 5.0, TRUE, 'a')", "k = FALSE",
    r'k <= "a\u0000"', "k < 'a'", "k = 'a'", "k >= 'b'", "k IS NOT NULL", "k HAS 1", "k HAS ANY ('a', 1.5, TRUE)",
]  # fmt: skip
ONE_KEY_FILTERS = 77_980 if EXHAUSTIVE else 7_524
ONE_KEY_MEANINGS = 1_144 if EXHAUSTIVE else 486


class Flaw(NamedTuple):
    """A law that a rewrite breaks, the filters that show it and, where it is about the meaning, a record."""

    law: str
    before: str
    after: str
    record: Record | None = None


def flaw(rewrite: Rewrite, expr: Expr, known: Model | None = None, *, grows: bool = False) -> Flaw | None:
    """The first law that a rewrite breaks on a filter. known: a model to use if it knows all; grows: it may make filters longer."""
    after = rewrite(expr)
    joint = known if known is not None and known.knows(And([expr, after])) else Model(expr, after)
    if record := joint.first(joint.truth(expr) ^ joint.truth(after)):
        return Flaw("the meaning stays", whereql.to_text(expr), whereql.to_text(after), record)
    if not grows and values_in(after) > values_in(expr):
        return Flaw("no more predicates and values", whereql.to_text(expr), whereql.to_text(after))
    if not grows and after.size > expr.size and values_in(after) >= values_in(expr):
        return Flaw("no more predicates unless that saves values", whereql.to_text(expr), whereql.to_text(after))
    if (again := rewrite(after)) != after:
        return Flaw("done once is done", whereql.to_text(after), whereql.to_text(again))
    return None


def values_in(expr: Expr) -> int:
    """Predicates, and those with lists by the lengths of these."""
    return sum(max(1, len(p.operand)) if isinstance(p.operand, tuple) else 1 for p in predicates(expr))


def signed(texts: Iterable[str]) -> list[Expr]:
    """The filters and their complements."""
    leaves = [whereql.parse(text) for text in texts]
    return [*leaves, *map(Not, leaves)]


def small_filters(parts: list[Expr]) -> Iterator[Expr]:
    """The filters of up to three of these parts: all of one; of two, joined, and the complement of that; and of three."""
    yield from parts
    yield from pairs(parts)
    yield from islice(triples(parts), 0, None, TRIPLES)


def pairs(parts: list[Expr]) -> list[Expr]:
    """Each with each, joined, and the complement of that."""
    groups = [joined([a, b]) for a, b in combinations_with_replacement(parts, 2) for joined in (And, Or)]
    return groups + [Not(group) for group in groups]


def triples(parts: list[Expr]) -> Iterator[Expr]:
    """Three flat, or two and one."""
    for triple in combinations_with_replacement(parts, 3):
        yield And(triple)
        yield Or(triple)
    for number, group in enumerate(pairs(parts)):
        for part in parts:
            pair = [group, part] if number % 2 else [part, group]
            yield from (outer(pair) for outer in (And, Or) if outer is not type(group))


@cache
def pool_model() -> Model:
    return Model(*signed(POOL), compact=False)


def first_flaws(rewrite: Rewrite, some: Iterable[Expr], known: Model | None = None, *, grows: bool = False) -> tuple[int, list[Flaw]]:
    """How many filters there were, and up to five flaws."""
    count, found = 0, []
    rewrite = cache(rewrite)  # many filters have the same form, which is rewritten again to see that nothing changes
    for expr in some:
        count += 1
        if len(found) < 5 and (seen := flaw(rewrite, expr, known, grows=grows)):
            found.append(seen)
    return count, found


# The oracle itself.


def test_the_number_line_has_gaps_just_where_a_number_fits() -> None:
    assert number_between(2**53, 2**53 + 2) == 2**53 + 1
    assert number_between(5, 6) == ABOVE_5
    assert number_between(INT_MAX - 2, 2.0**63) == INT_MAX - 1
    assert number_between(float("-inf"), -1e300) == -FLOAT_MAX
    assert number_between(1e300, float("inf")) == 1.0000000000000002e300
    closed = [(5, ABOVE_5), (2**53 + 1, 2**53 + 2), (2.0**53, 2**53 + 1), (INT_MAX, 2.0**63), (INT_MIN, INT_MIN + 1), (-5e-324, 0), (0, 5e-324)]
    assert [number_between(low, high) for low, high in closed] == [None] * len(closed)
    assert number_between(FLOAT_MAX, float("inf")) is number_between(float("-inf"), -FLOAT_MAX) is None


def test_bits_are_what_holds_says_of_the_records() -> None:
    maker = NearFilters(1, texts=True, subjects=[Field("k"), Field("j"), whereql.Document(), whereql.Uri(), Id()])
    for _ in range(300):
        maker.draw_pool(keys=maker.random.randint(1, 3))
        expr = maker.filter(maker.random.randint(1, 8))
        joint = Model(expr)
        records = joint.records()
        assert sum(holds(expr, record) << number for number, record in enumerate(records)) == joint.truth(expr)
        assert any(isinstance(subject, Id) for subject in maker.keys) or len({record.id for record in records}) == len(records)


def test_no_record_is_told_from_all_records_of_a_model() -> None:
    maker = NearFilters(2, subjects=[Field("k"), Field("j")])
    for _ in range(400):
        maker.draw_pool()
        expr = maker.filter(maker.random.randint(1, 8))
        tests = list(predicates(expr))
        seen = {tuple(holds(test, record) for test in tests) for record in model(expr)}
        for _ in range(30):
            record = make_record("a", metadata={"k": stored_value(maker), "j": stored_value(maker)})
            assert tuple(holds(test, record) for test in tests) in seen, (whereql.to_text(expr), record)


def stored_value(maker: NearFilters) -> object:
    """A value of any sort, its constants those of the filters of `maker`, or others."""
    rng = maker.random
    value = rng.choice([*maker.pool, *maker.pool, rng.choice(NUMBERS), rng.choice(STRINGS), rng.random() < 0.5])
    sort = rng.random()
    if sort < 0.2:
        return rng.choice([None, SPARSE])
    if sort < 0.6:
        return value
    alike = [other for other in (*maker.pool, value, *NUMBERS[:4]) if isinstance(other, (bool, str)) or isinstance(value, (bool, str)) or type(value) is type(other)]
    return rng.choices([other for other in alike if type(other) is type(value)], k=rng.randint(1, 4))


def test_a_model_that_is_not_compact_knows_other_filters_of_its_constants() -> None:
    wide = Model(whereql.parse("k IN (1, 5, 'a') AND k HAS ANY (1, 'a')"), compact=False)
    assert wide.knows(whereql.parse("k >= 1.0 AND NOT k < 'a' AND k HAS 1.0 AND k IS NULL"))
    assert not any(map(wide.knows, map(whereql.parse, ["k > 2", "k = TRUE", "k HAS 5", "j = 1", "k CONTAINS 'a'"])))
    with pytest.raises(KeyError):
        wide.truth(whereql.parse("k > 2"))


def test_own_fields_take_the_values_that_they_can() -> None:
    records = model(whereql.parse("#id >= 'a' AND NOT #document = '' AND #uri IS NOT NULL AND #id IS NOT NULL"))
    assert {record.id for record in records} == {"\0", "a"}
    assert {record.document for record in records} == {None, ""}
    assert len({record.uri for record in records}) == 2


# Small filters, all of them.


def test_all_small_filters_keep_their_meaning_and_grow_no_longer() -> None:
    count, found = first_flaws(normalize, small_filters(signed(POOL)), pool_model())
    assert count == SMALL_FILTERS
    assert not found


@pytest.mark.parametrize("step", (*PASSES, ORDER), ids=lambda step: step.name)
def test_each_pass_alone_keeps_the_meaning_and_is_done_once(step: object) -> None:
    rewrite: Rewrite = step.rewrite  # type: ignore[attr-defined]
    count, found = first_flaws(rewrite, islice(small_filters(signed(POOL)), 0, None, EVERY), pool_model(), grows=True)
    assert count == -(-SMALL_FILTERS // EVERY)
    assert not found


@pytest.mark.parametrize("step", (*PASSES, ORDER), ids=lambda step: step.name)
def test_the_other_passes_keep_the_meaning_without_one(step: object) -> None:
    name: str = step.name  # type: ignore[attr-defined]
    some = islice(small_filters(signed(POOL)), 7, None, 4 * EVERY)
    _, found = first_flaws(lambda expr: normalize(expr, without=[name]), some, pool_model(), grows=True)
    assert not found


def test_filters_on_one_key_that_mean_the_same_print_the_same() -> None:
    known = Model(*signed(ONE_KEY), compact=False)
    texts: defaultdict[int, dict[str, Expr]] = defaultdict(dict)
    count = 0
    for expr in small_filters(signed(ONE_KEY)):
        count += 1
        texts[known.truth(expr)].setdefault(whereql.to_text(normalize(expr)), expr)
    several = [{text: whereql.to_text(expr) for text, expr in group.items()} for group in texts.values() if len(group) > 1]
    assert count == ONE_KEY_FILTERS
    assert not several[:5]
    assert len(texts) == ONE_KEY_MEANINGS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("k <= 'aa' OR k >= 'ab'", "k < 'aa' OR k = 'aa' OR k > 'ab' OR k = 'ab'"),
        ("NOT (k <= 'aa' OR k >= 'ab')", "NOT (k < 'aa' OR k = 'aa' OR k > 'ab' OR k = 'ab')"),
        (r'k <= "\uffff" OR k >= "\ud800\udc00"', r'NOT (NOT (k < "\uffff" OR k = "\uffff") AND NOT (k > "\ud800\udc00" OR k = "\ud800\udc00"))'),
        ("k NOT IN (-1, 'ab') AND (NOT k < 'ab' OR k < 'aa')", "(k < 'aa' OR NOT k < 'ab') AND NOT (k = -1 OR k = 'ab')"),
        (r'k != "\ud800\udc00" AND (NOT k < "\ud800\udc00" OR k < "\uffff")', r'(k < "\uffff" OR NOT k < "\ud800\udc00") AND NOT k = "\ud800\udc00"'),
    ],
)
def test_edges_of_a_prefix_print_the_same(one: str, other: str) -> None:
    """All between 'aa' and 'ab' begins with 'aa', which is another way to say it; random filters found these two apart."""
    first, second = whereql.parse(one), whereql.parse(other)
    assert difference(first, second) is None
    assert whereql.to_text(normalize(first)) == whereql.to_text(normalize(second))


# Larger filters, at random.


@pytest.mark.parametrize("texts", [False, True], ids=["values", "texts"])
def test_larger_filters_of_near_values_keep_every_law(texts: bool) -> None:
    wanted = NEAR // 4 if texts else NEAR
    count, found = first_flaws(normalize, near_filters(31 + texts, wanted, texts))
    assert count == wanted
    assert not found


@pytest.mark.parametrize("step", (*PASSES, ORDER), ids=lambda step: step.name)
def test_each_pass_alone_keeps_the_meaning_of_larger_filters(step: object) -> None:
    rewrite: Rewrite = step.rewrite  # type: ignore[attr-defined]
    _, found = first_flaws(rewrite, near_filters(41, NEAR // 20, texts=True), grows=True)
    assert not found


def near_filters(seed: int, count: int, texts: bool) -> Iterator[Expr]:
    maker = NearFilters(seed, texts=texts, subjects=[Field("k"), Field("j"), Id() if texts else Field("i")])
    for number in range(count):
        if number % 4 == 0:
            maker.draw_pool()
        yield maker.filter(maker.random.randint(4, 12))


def test_near_filters_on_one_key_print_what_their_rephrasings_print() -> None:
    maker, differing = NearFilters(61, subjects=[Field("k")]), []
    for _ in range(NEAR // 2):
        maker.draw_pool()
        expr = maker.filter(maker.random.randint(2, 6))
        other = maker.rephrased(expr)
        if elements_in(expr) + elements_in(other) <= 6 and whereql.to_text(normalize(expr)) != whereql.to_text(normalize(other)):
            differing.append(tuple(map(whereql.to_text, (expr, other, normalize(expr), normalize(other)))))
    assert not differing[:3]


def elements_in(expr: Expr) -> int:
    return len({item for p in predicates(expr) if p.op is Op.HAS and isinstance(p.operand, tuple) for item in p.operand})


def test_filters_drawn_from_records_keep_every_law() -> None:
    found = []
    for seed in range(DRAWN // 20):
        generator = Generator(seed)
        records = generator.records(15)
        maker = FilterMaker(generator.random, records)
        for _ in range(20):
            expr = maker.filter()
            after = normalize(expr)
            found += [seen] if (seen := flaw(normalize, expr)) else []
            found += [(whereql.to_text(expr), record) for record in records if holds(expr, record) is not holds(after, record)]
    assert not found[:5]


@settings(max_examples=SHRINKABLE, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(filters())
def test_any_filter_keeps_every_law(expr: Expr) -> None:
    assert flaw(normalize, expr) is None


def test_a_normal_form_does_not_depend_on_the_order_of_sets() -> None:
    """Hashes of strings differ from process to process; a form that followed them would differ with them."""
    program = "from test_normalize_model import *; print(digest_of_forms())"
    digests = {run_hashed(program, seed) for seed in ("1", "2")}
    assert digests == {digest_of_forms()}


def digest_of_forms() -> str:
    texts = (whereql.to_text(normalize(expr)) for expr in near_filters(51, 150, texts=True))
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def run_hashed(program: str, seed: str) -> str:
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
    return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True, encoding="utf-8").stdout.strip()


# Wrong rules: each is an easy mistake, and is seen.


def everywhere(rule: Callable[[Expr], Expr | None]) -> Rewrite:
    """A rule on one node, applied to every node, the inner ones first."""

    def rewrite(expr: Expr) -> Expr:
        match expr:
            case Not(arg):
                expr = Not(rewrite(arg))
            case And(args) | Or(args):
                expr = type(expr)([rewrite(arg) for arg in args])
        changed = rule(expr)
        return expr if changed is None else changed

    return rewrite


Rule = Callable[[Expr], Expr | None]
Wrong = tuple[Rule, str, str, list[object]]
WRONG: list[Wrong] = []


def wrong(before: str, after: str, *shows: object) -> Callable[[Rule], Rule]:
    """Note a wrong rule with a filter, what it makes of it, and the values of k that may show it."""

    def note(rule: Rule) -> Rule:
        WRONG.append((rule, before, after, list(shows)))
        return rule

    return note


@wrong("NOT k > 5", "k <= 5", None, SPARSE)
def not_greater_is_at_most(expr: Expr) -> Expr | None:
    match expr:
        case Not(Predicate(subject, Op.GT, bound)):
            return Predicate(subject, Op.LE, bound)
    return None


@wrong("k != 1", "k < 1 OR k > 1", None, SPARSE)
def unequal_is_less_or_greater(expr: Expr) -> Expr | None:
    match expr:
        case Not(Predicate(subject, Op.EQ, Literal(kind) as bound)) if kind is not Kind.BOOL:
            return Or([Predicate(subject, Op.LT, bound), Predicate(subject, Op.GT, bound)])
    return None


@wrong("k IN (1, TRUE, 'a')", "k IN (1, 'a')", True)
def lists_lose_what_python_takes_for_equal(expr: Expr) -> Expr | None:
    match expr:
        case Predicate(subject, Op.IN, tuple(items)):
            return Predicate(subject, Op.IN, tuple({item.value: item for item in reversed(items) if isinstance(item, Literal)}.values())[::-1])
    return None


@wrong("k = 9007199254740993", "k = 9007199254740992.0", 2**53, 2.0**53, 2**53 + 1)
def ints_are_doubles(expr: Expr) -> Expr | None:
    match expr:
        case Predicate(subject, op, Literal(Kind.INT, int() as number)):
            return Predicate(subject, op, literal(float(number)))
    return None


@wrong("k HAS ANY (9007199254740993, 'a')", "k HAS ANY (9007199254740992.0, 'a')", [2**53], [2.0**53], [2**53 + 1])
def elements_are_doubles(expr: Expr) -> Expr | None:
    match expr:
        case Predicate(subject, Op.HAS, tuple(items)):
            return Predicate(subject, Op.HAS, tuple(literal(float(item.value)) if item.kind is Kind.INT else item for item in items))  # type: ignore[union-attr]
    return None


@wrong("NOT k HAS 'a'", "k IS NOT NULL AND NOT k HAS 'a'", None)
def an_array_without_it_is_there(expr: Expr) -> Expr | None:
    match expr:
        case Not(Predicate(subject, Op.HAS)):
            return And([Predicate(subject, Op.EXISTS), expr])
    return None


@wrong(f"k > 5 AND k < {ABOVE_5!r}", "k = 5", 5)
def a_gap_holds_its_lower_end(expr: Expr) -> Expr | None:
    match expr:
        case And((Predicate(a, Op.GT, Literal(value=low) as bound), Predicate(b, Op.LT, Literal(value=high)))) if a == b and low < high:  # type: ignore[operator]
            return Predicate(a, Op.EQ, bound) if number_between(low, high) is None else None  # type: ignore[arg-type]
    return None


@wrong("k HAS 'a' AND k HAS 'b'", "k HAS ANY ('a', 'b')", ["a"], ["b"])
def has_both_is_has_any(expr: Expr) -> Expr | None:
    match expr:
        case And((Predicate(a, Op.HAS, tuple(one)), Predicate(b, Op.HAS, tuple(two)))) if a == b:
            return Predicate(a, Op.HAS, (*one, *two))
    return None


@wrong("k HAS 1 AND k HAS 2.5", "FALSE", [1.0, 2.5])
def ints_and_doubles_share_no_array(expr: Expr) -> Expr | None:
    match expr:
        case And((Predicate(a, Op.HAS, (one,)), Predicate(b, Op.HAS, (two,)))) if a == b:
            return whereql.Const(False) if {one.kind, two.kind} == {Kind.INT, Kind.FLOAT} else None  # type: ignore[union-attr]
    return None


@wrong("k HAS TRUE OR k HAS FALSE", "k IS NOT NULL", SPARSE)
def a_bool_is_in_every_array(expr: Expr) -> Expr | None:
    match expr:
        case Or((Predicate(a, Op.HAS, (one,)), Predicate(b, Op.HAS, (two,)))) if a == b:
            return Predicate(a, Op.EXISTS) if {one.value, two.value} == {True, False} else None  # type: ignore[union-attr]
    return None


@wrong("k >= ''", "k IS NOT NULL", SPARSE)
def the_least_bound_lets_all_through(expr: Expr) -> Expr | None:
    match expr:
        case Predicate(subject, Op.GE, Literal(Kind.STRING, "")):
            return Predicate(subject, Op.EXISTS)
    return None


@wrong("k STARTS WITH 'a' AND k CONTAINS 'b'", "k LIKE 'ab%'", "ab", "azb", "aab", "aaab", "bab", "zab")
def parts_touch(expr: Expr) -> Expr | None:
    match expr:
        case And((Predicate(a, Op.STARTS, Literal(value=start)), Predicate(b, Op.CONTAINS, Literal(value=part)))) if a == b:
            return Predicate(a, Op.LIKE, literal(f"{start}{part}%"))
    return None


@pytest.mark.parametrize(("rule", "before", "after", "shows"), WRONG, ids=[rule.__name__ for rule, *_ in WRONG])
def test_a_wrong_rule_is_seen(rule: Rule, before: str, after: str, shows: list[object]) -> None:
    rewrite, expr = everywhere(rule), whereql.parse(before)
    assert rewrite(expr) == whereql.parse(after)
    seen = flaw(rewrite, expr)
    assert seen is not None and seen.law == "the meaning stays" and seen.record is not None
    assert holds(expr, seen.record) is not holds(rewrite(expr), seen.record)
    value = (seen.record.metadata or {}).get("k")
    assert (type(value), value) in [(type(shown), shown) for shown in shows]
    inside = And([Not(expr), whereql.parse("j = 1")])
    assert flaw(rewrite, Or([inside, whereql.parse("i > 2")])) is not None
    assert difference(expr, whereql.parse(after)) is not None


def test_growing_and_never_being_done_are_seen_too() -> None:
    doubled = everywhere(lambda expr: Predicate(expr.subject, Op.IN, (expr.operand,) * 2) if isinstance(expr, Predicate) and expr.op is Op.EQ else None)
    assert flaw(doubled, whereql.parse("k = 5")) == Flaw("no more predicates and values", "k = 5", "k IN (5, 5)")
    split = everywhere(lambda expr: whereql.parse("k = 1 OR k = 2") if expr == whereql.parse("k IN (1, 2)") else None)
    assert flaw(split, whereql.parse("k IN (1, 2)")) == Flaw("no more predicates unless that saves values", "k IN (1, 2)", "k = 1 OR k = 2")
    assert flaw(lambda expr: Not(Not(expr)), whereql.parse("k > 5")) == Flaw("done once is done", "NOT NOT k > 5", "NOT NOT NOT NOT k > 5")
    row = whereql.parse("k IN (9007199254740993, 9007199254740994, 9007199254740995)")
    ends = whereql.parse("9007199254740993 <= k <= 9007199254740995")
    assert flaw(lambda expr: ends if expr == row else expr, row) is None


def test_wrong_rules_are_seen_by_the_random_filters_too() -> None:
    rules = [not_greater_is_at_most, unequal_is_less_or_greater, ints_are_doubles, elements_are_doubles, an_array_without_it_is_there]
    some = list(near_filters(71, 200, texts=False))
    for rule in rules:
        found = [flaw(everywhere(rule), expr, grows=True) for expr in some]
        assert sum(each is not None and each.law == "the meaning stays" for each in found) >= 2, rule.__name__
