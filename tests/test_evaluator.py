"""The memory backend's plans by themselves: masks for columns of each kind, None where no value can pass, and their refusals."""

from __future__ import annotations

import operator
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from whereql_memory.answers import records as records_at
from whereql_memory.arrays import Mask
from whereql_memory.backend import MemoryBackend
from whereql_memory.nodes import Constant, Values
from whereql_memory.running import scan
from whereql_memory.segments import Consecutive, Segment
from whereql_memory.shelf import Shelf
from whereql_memory.table import Table

import whereql
from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Or, Param, Predicate, Uri
from whereql.backend import Query
from whereql.errors import CheckError
from whereql.operators import Op
from whereql.records import Value, make_record
from whereql.semantics import holds
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, literal

COMPARE: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: operator.eq, Op.LT: operator.lt, Op.LE: operator.le, Op.GT: operator.gt, Op.GE: operator.ge,
}  # fmt: skip
NUMBERS: dict[str, list[Any]] = {
    "int": [INT_MIN, INT_MIN + 1, -(2**53) - 1, -2, -1, 0, 1, 2, 2**53, 2**53 + 1, INT_MAX - 1, INT_MAX],
    "float": [-FLOAT_MAX, -1e300, -(2.0**63), -1.5, -1.0, -5e-324, 0.0, 5e-324, 1.0, 1.5, 2.0**53, 2.0**63, 1e300, FLOAT_MAX],
}
SAMPLES: dict[str, list[Value]] = {
    "string": ["a", "b"], "int": [1, 2], "float": [1.5, 2.5], "bool": [True, False],
    "string[]": [["a"], ["b"]], "int[]": [[1], [2]], "float[]": [[1.5], [2.5]], "bool[]": [[True], [False]],
}  # fmt: skip


def table_of(values: list[Value]) -> Table:
    return Table.of([make_record(f"id {n}", document=f"d{n}", uri=f"u{n}", metadata={"k": value}) for n, value in enumerate(values)])


def evaluate(expr: Expr, table: Table) -> Mask:
    return scan(Segment(table, Consecutive(0, len(table)), Shelf("off")).plan(expr))


def passing(table: Table, op: Op, operand: Any) -> Mask | None:
    """The rows whose k passes; None where the plan says that no value of its kind can."""
    try:
        predicate = Predicate(Field("k"), op, operand)
    except CheckError:  # of a kind that the operator does not take
        return None
    node = Segment(table, Consecutive(0, len(table)), Shelf("off")).plan(predicate)
    return None if isinstance(node, Constant) and not node.value else scan(node)


def marks(values: list[Value], op: Op, operand: object) -> list[bool] | None:
    mask = passing(table_of(values), op, operand)
    assert mask is None or mask.dtype == np.bool_
    return None if mask is None else mask.tolist()


@pytest.mark.parametrize("op", COMPARE, ids=lambda op: op.name)
@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_compare_by_value_with_every_bound(kind: str, op: Op) -> None:
    stored = NUMBERS[kind]
    for bound in [*NUMBERS["int"], *NUMBERS["float"]]:
        expected = [COMPARE[op](number, bound) for number in stored]
        found = marks(list(stored), op, literal(bound))
        assert (found or [False] * len(stored)) == expected, bound


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_are_in_a_list_by_value(kind: str) -> None:
    stored, items = NUMBERS[kind], [*NUMBERS["int"][::2], 0.5, "a", True, *NUMBERS["float"][::2]]
    expected = [any(number == item and not isinstance(item, bool) for item in items) for number in stored]
    assert marks(list(stored), Op.IN, tuple(map(literal, items))) == expected
    assert not any(marks(list(stored), Op.IN, (literal("a"), literal(0.25), literal(True))) or ())


@pytest.mark.parametrize(
    ("op", "operands", "expected"),
    [
        (Op.EQ, (True,), [True, False, True]),
        (Op.EQ, (False,), [False, True, False]),
        (Op.IN, (True, 1, "x"), [True, False, True]),
        (Op.IN, (False, True), [True, True, True]),
        (Op.IN, (1, 0.0, "x"), None),
        (Op.EQ, (1,), None),
        (Op.EXISTS, None, [True, True, True]),
    ],
)
def test_bools_equal_bools_only(op: Op, operands: tuple[Any, ...] | None, expected: list[bool] | None) -> None:
    items = None if operands is None else tuple(map(literal, operands))
    operand = items[0] if items is not None and op is not Op.IN else items
    assert marks([True, False, True], op, operand) == expected


@pytest.mark.parametrize(
    ("op", "text", "expected"),
    [
        (Op.EQ, "ab", [False, True, False]),
        (Op.LT, "ab", [True, False, False]),
        (Op.LE, "ab", [True, True, False]),
        (Op.GT, "ab", [False, False, True]),
        (Op.GE, "ab", [False, True, True]),
        (Op.CONTAINS, "b", [False, True, True]),
        (Op.STARTS, "a", [True, True, False]),
        (Op.ENDS, "a", [True, False, True]),
        (Op.LIKE, "_b%", [False, True, False]),
        (Op.ILIKE, "B%", [False, False, True]),
        (Op.MATCHES, "^.{1,2}$", [True, True, True]),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_texts_pass_in_metadata_documents_and_uris_alike(op: Op, text: str, expected: list[bool]) -> None:
    texts = ["a", "ab", "ba"]
    assert marks(list(texts), op, literal(text)) == expected
    table = Table.of([make_record(each, document=each, uri=each) for each in texts])
    for subject in (Document(), Uri(), Id()):
        assert evaluate(Predicate(subject, op, literal(text)), table).tolist() == expected


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_column_answers_the_operators_of_its_kind_only(kind: str) -> None:
    values = SAMPLES[kind]
    column = table_of(values)
    assert [*column.keys["k"]] == [kind]
    for other, (first, _) in SAMPLES.items():
        if other.endswith("[]"):
            continue
        item = literal(first)
        for op in COMPARE:
            if kind in NUMBERS and other in NUMBERS and kind != other:
                continue  # whether any can pass depends on the numbers
            able = kind == other and (kind != "bool" or op is Op.EQ)
            expected = [able and COMPARE[op](value, first) for value in values]
            assert (marks(values, op, item) or [False, False]) == expected, (op, other)
        has = passing(column, Op.HAS, (item,))
        assert (has.any() if has is not None else False) == (kind == f"{other}[]")
        for op in (Op.CONTAINS, Op.STARTS, Op.ENDS, Op.LIKE, Op.ILIKE, Op.MATCHES):
            assert kind == other == "string" or passing(column, op, item) is None
    assert passing(column, Op.EXISTS, None).tolist() == [True, True]  # type: ignore[union-attr]


def test_an_array_of_bools_has_bools_only() -> None:
    assert marks([[True], [False, False]], Op.HAS, (literal(True),)) == [True, False]
    assert marks([[True], [False, False]], Op.HAS, (literal(1), literal("a"))) is None


@pytest.mark.parametrize("kind", ["string", "int", "float"])
def test_a_parameter_is_named_in_the_error(kind: str) -> None:
    operand = Param("p")
    for op in (Op.LE, Op.EQ, Op.IN):
        with pytest.raises(TypeError) as caught:
            passing(table_of(SAMPLES[kind]), op, operand)
        assert str(caught.value) == f"bind the parameters first: {op.name} {operand!r}"


def test_what_is_no_filter_is_named_in_the_error() -> None:
    with pytest.raises(TypeError) as caught:
        evaluate("k = 1", table_of([1]))  # type: ignore[arg-type]
    assert str(caught.value) == "not a filter: 'k = 1'"


def test_what_is_certain_decides_a_connective_or_leaves_it() -> None:
    none, all_, one = (Predicate(Field("k"), *rest) for rest in ((Op.EQ, literal(3)), (Op.EXISTS, None), (Op.EQ, literal(2))))
    table = table_of([1, 2])
    expected = {And([none, one]): [False, False], And([all_, one]): [False, True], Or([all_, one]): [True, True], Or([none, one]): [False, True]}
    for expr, rows in expected.items():
        assert evaluate(expr, table).tolist() == rows
        assert evaluate(Not(expr), table).tolist() == [not row for row in rows]


def test_a_mask_is_new_and_may_be_changed() -> None:
    table = table_of([True, True, False])
    some: list[Expr] = [
        Predicate(Field("k"), Op.EXISTS, None),
        Predicate(Field("k"), Op.EQ, literal(True)),
        Predicate(Document(), Op.EXISTS, None),
        Predicate(Id(), Op.EQ, literal("id 1")),
        Predicate(Id(), Op.IN, (literal("id 0"), literal("none"), literal(1))),
        Const(True),
    ]
    for expr in [*some, *map(Not, some), And(some[:2]), Or(some[:2])]:
        first = evaluate(expr, table)
        expected = first.tolist()
        first ^= True
        assert evaluate(expr, table).tolist() == expected


def test_the_id_is_found_by_value_and_kind() -> None:
    table = table_of([1, 2, 3])
    assert evaluate(Predicate(Id(), Op.EQ, literal("id 1")), table).tolist() == [False, True, False]
    assert evaluate(Predicate(Id(), Op.IN, (literal("id 2"), literal(0), literal("id 0"))), table).tolist() == [True, False, True]
    assert not evaluate(Predicate(Id(), Op.EQ, literal(0)), table).any()
    assert evaluate(Predicate(Id(), Op.GT, literal("id 0")), table).tolist() == [False, True, True]


MIXED: list[Value] = [*range(-3, 9), 2.5, 3.5, 7.5, "a", "ab", "b", "c", True, False, [3, 5], [2.5, 7.0], ["a", "c"], [True]]


def _on_k(rng: random.Random) -> Predicate:
    """A predicate on k, mostly one that some of MIXED pass."""
    op = rng.choice([Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.IN, Op.IN, Op.HAS, Op.EXISTS, Op.CONTAINS])
    match op:
        case Op.EXISTS:
            return Predicate(Field("k"), op)
        case Op.CONTAINS:
            return Predicate(Field("k"), op, literal(rng.choice("abc")))
        case Op.IN | Op.HAS:
            return Predicate(Field("k"), op, tuple(map(literal, rng.sample([0, 1, 3, 5, 2.5, 7.0, 3.5, "a", "b", True], 6))))
    return Predicate(Field("k"), op, literal(rng.choice([*range(-2, 8), 2.5, 6.5, "a", "b"])))


@pytest.mark.parametrize("mode", ["on", "off"])
def test_predicates_on_one_key_are_one_plan_and_mean_the_same(mode: str) -> None:
    rng = random.Random(7)
    stored: list[Value | None] = [*MIXED, None]
    table = Table.of([make_record(f"id {n}", metadata={} if value is None else {"k": value}) for n, value in enumerate(stored)])
    segment = Segment(table, Consecutive(0, len(table)), Shelf(mode))
    rows = {record.id: record for record in records_at(table, np.arange(len(table)))}
    found = Counter[int]()
    for _ in range(3_000):
        parts: list[Expr] = [_on_k(rng) for _ in range(rng.randint(2, 3))]
        if rng.random() < 0.2:
            parts[0] = Not(parts[0])
        expr = rng.choice([And, And, Or])(parts)
        expected = [holds(expr, record) for record in rows.values()]
        node = segment.plan(expr)
        assert scan(node).tolist() == expected, expr
        if node.is_listed:
            assert node.rows().tolist() == np.flatnonzero(expected).tolist(), expr
        found[sum(expected)] += 1
    assert found[0] < 1_500 and sum(found[k] for k in range(2, 20)) > 500


@pytest.mark.parametrize("text", ["0.2 <= f AND f < 0.3", "f IN (0.25, 0.5, 2) AND f < 0.5", "s CONTAINS '1' AND s < '2'"])
def test_the_ends_of_a_range_are_looked_up_together(text: str) -> None:
    table = Table.of([make_record(f"id {n}", metadata={"f": n / 1_000, "s": str(n)}) for n in range(1_000)])
    node = Segment(table, Consecutive(0, len(table)), Shelf("on")).plan(whereql.parse(text))
    assert isinstance(node, Values)
    assert node.is_listed == (node.estimate < 100) and node.is_exact
    assert node.estimate == sum(holds(whereql.parse(text), record) for record in records_at(table, np.arange(len(table))))


def test_a_plan_asks_for_no_limits_and_says_what_it_joined() -> None:
    expr = whereql.parse("f >= 0.2 AND s = 'a' AND f < 0.3")
    backend = MemoryBackend([make_record("a", metadata={"f": 0.25, "s": "a"}), make_record("b", metadata={"f": 0.25, "s": "b"})], indexes="off")
    with whereql.use_limits(predicates=1):  # whoever made the filter may have had others
        assert backend.get(Query(expr)).ids == ["a"]
        assert "scan for f >= 0.2 AND f < 0.3: 2 rows" in (backend.native(Query(expr)) or "")


def test_two_elements_are_not_one_range() -> None:
    table = Table.of([make_record("a", metadata={"k": [1, 9]}), make_record("b", metadata={"k": [1]})])
    both = And([Predicate(Field("k"), Op.HAS, (literal(1),)), Predicate(Field("k"), Op.HAS, (literal(9),))])
    assert evaluate(both, table).tolist() == [True, False] != [False, False]
    absent = Table.of([make_record("a", metadata={"k": 3}), make_record("b")])
    outside = And([Not(Predicate(Field("k"), Op.LT, literal(1))), Not(Predicate(Field("k"), Op.GT, literal(2)))])
    assert evaluate(outside, absent).tolist() == [False, True] != [False, False]
