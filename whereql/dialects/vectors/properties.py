"""Keys as properties of one type each, for the stores that have a schema: what a literal is there.

>>> properties = Properties(whereql.parse("year > 2019.5 AND tags HAS 'ml'"), {"year": "int"})
>>> properties.of("year"), properties.of("tags").is_array
(Property(kind=<Kind.INT: 'int'>, is_array=False, is_declared=True, is_required=False), True)
>>> bound(Kind.INT, Op.GT, whereql.literal(2019.5))
(<Op.GE: 'GE'>, 2020)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from whereql.ast import Expr, Field, Literal, Op, predicates
from whereql.dialects.fields import Declared, Fields
from whereql.dialects.writing import items_of
from whereql.kinds import NUMBERS, Kind
from whereql.values import INT_MAX, INT_MIN, number_test

_LINES = {"string": Kind.STRING, "bool": Kind.BOOL, "int": Kind.INT, "float": Kind.FLOAT}


@dataclass(frozen=True, slots=True)
class Property:
    """A property: the kind of its values, None where nothing says it; whether it holds arrays of them, and whether every record has it."""

    kind: Kind | None
    is_array: bool = False
    is_declared: bool = False
    is_required: bool = False

    @property
    def condition(self) -> str:
        """What a saying rests on where the user did not declare the type."""
        if self.is_declared or self.kind is None:
            return ""
        return f"if the type of the key is {self.kind.value}{'[]' if self.is_array else ''}"


class Properties:
    """The keys of a filter. Raises CheckError for a declared kind that there is none of."""

    def __init__(self, expr: Expr, declared: Declared | None) -> None:
        self.fields = Fields(expr, declared)
        literals = [(part.subject.name, item) for part in predicates(expr) if isinstance(part.subject, Field) for item in items_of(part)]
        self._with_floats = {name for name, item in literals if item.kind is Kind.FLOAT}

    def of(self, name: str) -> Property | None:
        """The property of a key, None for one that would have to be of several types."""
        kinds, is_declared = self.fields.kinds(name), self.fields.is_declared(name)
        lines = {kind.removesuffix("[]") for kind in kinds}
        if lines == {"int", "float"}:  # as nobody said which, what it is compared with decides
            lines, is_declared = ({"float"} if name in self._with_floats else {"int"}), False
        if len(lines) > 1 or len({kind.endswith("[]") for kind in kinds}) > 1:
            return None
        kind = _LINES.get(next(iter(lines), ""))
        return Property(kind, any(kind.endswith("[]") for kind in kinds), is_declared, self.fields.is_required(name))


def equal_values(kind: Kind | None, items: Iterable[Literal]) -> list[Any]:
    """The values of a type that equal one of the literals, each once."""
    found = [value for item in items if (value := _equal_value(kind, item)) is not None]
    return list(dict.fromkeys(found))


def _equal_value(kind: Kind | None, item: Literal) -> Any:
    value = item.value
    if kind not in NUMBERS or item.kind not in NUMBERS:
        return value if kind is item.kind else None
    assert isinstance(value, (int, float))
    if kind is Kind.INT:
        return int(value) if int(value) == value and INT_MIN <= value <= INT_MAX else None
    return float(value) if float(value) == value else None


def bound(kind: Kind | None, op: Op, item: Literal) -> tuple[Op, Any] | None:
    """An order that the values of a type keep to exactly where they keep to `op item`; None where none does."""
    if kind is item.kind:
        return op, item.value
    if kind not in NUMBERS or item.kind not in NUMBERS:
        return None
    test = number_test(op, item)
    ends = test.ints if kind is Kind.INT else test.floats
    if ends is None:
        return None
    if kind is Kind.FLOAT and float(item.value) == item.value:
        return op, float(item.value)
    return (Op.GE, ends[0]) if op in (Op.GT, Op.GE) else (Op.LE, ends[1])
