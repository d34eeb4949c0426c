"""Keys as properties of one type: what a literal is there, against the semantics."""

from __future__ import annotations

import pytest

import whereql
from whereql.dialects.vectors.properties import Properties, bound, equal_values
from whereql.kinds import Kind
from whereql.operators import ORDER, Op
from whereql.semantics import test as passes
from whereql.testing.generators import FLOATS, INTS

VALUES = {Kind.INT: INTS, Kind.FLOAT: [*FLOATS, *map(float, INTS)], Kind.STRING: ["", "1", "a"], Kind.BOOL: [True, False]}
LITERALS = [whereql.literal(value) for value in [*INTS, *FLOATS, "", "1", "a", True, False]]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_literal_is_one_of_the_type_or_none(kind: Kind) -> None:
    for item in LITERALS:
        found = equal_values(kind, [item])
        assert len(found) <= 1
        assert all(whereql.literal(value).kind is kind for value in found)
        for value in VALUES[kind]:
            assert passes(value, Op.EQ, item) is (value in found)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("op", sorted(ORDER, key=lambda op: op.value))
def test_an_order_is_one_of_the_type_or_none(kind: Kind, op: Op) -> None:
    for item in (item for item in LITERALS if item.kind is not Kind.BOOL):
        found = bound(kind, op, item)
        assert found is None or whereql.literal(found[1]).kind is kind
        for value in VALUES[kind]:
            assert passes(value, op, item) is (found is not None and passes(value, found[0], whereql.literal(found[1])))


def test_what_is_not_declared_is_of_the_type_of_its_literals() -> None:
    columns = Properties(whereql.parse("a = 1 AND b > 1.5 AND b < 2 AND c HAS 'x' AND d IS NULL AND (e = 1 OR e = 'x') AND (f = 1 OR f HAS 1)"), {"g": "int!"})
    kinds = {name: None if (column := columns.of(name)) is None else (column.kind, column.is_array) for name in "abcdefg"}
    assert kinds == {"a": (Kind.INT, False), "b": (Kind.FLOAT, False), "c": (Kind.STRING, True), "d": (None, False), "e": None, "f": None, "g": (Kind.INT, False)}
    assert Properties(whereql.parse("a = 1"), "inferred").of("a") == Properties(whereql.parse("a = 1"), {"a": ["int", "float"]}).of("a") == columns.of("a")
    assert columns.of("a").condition == "if the type of the key is int"  # type: ignore[union-attr]  # it is there, as above
    assert columns.of("g").is_required  # type: ignore[union-attr]  # see above
