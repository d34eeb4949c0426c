"""Columns of one type: what of a predicate can hold in one, and how its numbers compare there.

>>> fields = Fields(whereql.parse("year > 2.5"), {"year": "int"})
>>> column = column_of(Field("year"), fields, {"id": "id", "document": "document", "uri": "uri"})
>>> column.number, bounds(Op.GT, whereql.literal(2.5), column)
(<Kind.INT: 'int'>, (3, None))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whereql.ast import Field, Literal, Predicate, Subject
from whereql.dialects.fields import Fields
from whereql.dialects.places import place
from whereql.dialects.writing import Leaf, items_of, refused
from whereql.kinds import NUMBERS, Kind
from whereql.operators import TEXT, Op
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, number_test


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the kinds of its values, and whether they stand in lists.

    number: the one kind of its numbers, None where that is not known; condition: what is taken for granted of it, if anything.
    """

    name: str
    kinds: frozenset[Kind]
    is_array: bool = False
    condition: str = ""

    @property
    def number(self) -> Kind | None:
        """INT or FLOAT, if the column is known to hold just these."""
        return next(iter(self.kinds)) if len(self.kinds) == 1 and self.kinds <= NUMBERS else None

    def fitting(self, predicate: Predicate) -> tuple[Literal, ...]:
        """The literals of a predicate that can hold in the column at all: none where it is false of every value in it."""
        if (predicate.op is Op.HAS) is not self.is_array:
            return ()
        wanted = {Kind.STRING} if predicate.op in TEXT else set(Kind)
        lines = self.kinds & wanted
        return tuple(item for item in items_of(predicate) if item.kind in lines or (item.kind in NUMBERS and lines & NUMBERS))


def column_of(subject: Subject, fields: Fields, options: Mapping[str, Any]) -> Column | Leaf:
    """The column of a subject; a refusal for a key of contradictory kinds, or one that has the name of another column."""
    name = place(subject, options)
    if isinstance(name, Leaf):
        return name
    if not isinstance(subject, Field):
        return Column(name, frozenset({Kind.STRING}))
    kinds = fields.kinds(subject.name) - {"sparse_vector"}
    if kinds and not fields.is_plain(subject.name):
        hint = f"say what the key holds: schema={{{subject.name!r}: 'string'}}"
        return refused("a column holds values of one kind", hint)
    scalars = frozenset(Kind(kind.removesuffix("[]")) for kind in kinds)
    is_array = any(kind.endswith("[]") for kind in kinds)
    return Column(subject.name, scalars, is_array, "" if fields.is_declared(subject.name) or not kinds else _condition(scalars, is_array))


def _condition(kinds: frozenset[Kind], is_array: bool) -> str:
    what = "numbers" if kinds & NUMBERS else f"{next(iter(kinds)).value}s"
    return f"where the column holds {f'lists of {what}' if is_array else what}"


Bounds = tuple[float | None, float | None]


def bounds(op: Op, item: Literal, column: Column) -> Bounds | None:
    """The least and the largest number of the column's kind that pass a comparison, None for no bound; None for no number at all."""
    test = number_test(op, item)
    if column.number is Kind.INT:
        return None if test.ints is None else (_bound(test.ints[0], INT_MIN), _bound(test.ints[1], INT_MAX))
    return None if test.floats is None else (_bound(test.floats[0], -FLOAT_MAX), _bound(test.floats[1], FLOAT_MAX))


def _bound(value: float, extreme: float) -> float | None:
    return None if value == extreme else value


def as_kind(item: Literal, kind: Kind) -> float | None:
    """A number in the kind of a column, None where it is no such number."""
    value: Any = item.value
    if kind is Kind.INT:
        return int(value) if value == int(value) and INT_MIN <= value <= INT_MAX else None
    return float(value) if float(value) == value else None


def points(items: Sequence[Literal], column: Column) -> list[float]:
    """The numbers of the column's kind that equal one of some literals."""
    found = []
    for item in items:
        test = number_test(Op.EQ, item)
        interval = test.ints if column.number is Kind.INT else test.floats
        if interval is not None:
            found.append(interval[0])
    return found

