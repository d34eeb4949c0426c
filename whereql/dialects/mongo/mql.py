"""What the languages in the manner of MongoDB share: names of operators, joins, and what they know of arrays.

In all of them `{"tags": "ml"}` finds the scalar as well as the array that has it, where whereql keeps the two apart: a writer
has to know what a key may hold, or to say it with a guard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Literal, Or, Predicate, predicates
from whereql.dialect import Option, Options
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.writing import Leaf, Writer, exact, items_of, refused
from whereql.kinds import NUMBERS, Kind
from whereql.operators import Op
from whereql.records import Schema
from whereql.values import number_test

Json = dict[str, Any]

ORDERS = {Op.GT: "$gt", Op.GE: "$gte", Op.LT: "$lt", Op.LE: "$lte"}

ARRAYS = Option("whether a key may hold an array: where False, only those do that the schema says or that HAS tests", True, (True, False))

TYPING: Mapping[str, Option] = {"schema": SCHEMA, "arrays": ARRAYS}
"""The options of a language that looks for a value in arrays, too."""

DECLARE = "say what the key holds: schema={'key': 'string'}, or arrays=False"
NO_ARRAY = "as long as the key holds no array"


class Keys:
    """What a filter's keys may hold: as declared, as the filter itself tells where arrays are ruled out, else anything."""

    def __init__(self, expr: Expr, options: Options) -> None:
        self._fields = Fields(expr, options["schema"])
        self._arrays: bool = options["arrays"]
        self._tested = {each.subject.name for each in predicates(expr) if each.op is Op.HAS and isinstance(each.subject, Field)}

    @property
    def schema(self) -> Schema | None:
        """The declared keys, for the normal form."""
        return self._fields.schema

    def may_be_array(self, name: str) -> bool:
        """Whether a record may have an array there."""
        if self._fields.is_declared(name):
            return any(kind.endswith("[]") for kind in self._fields.kinds(name))
        return self._arrays or name in self._tested

    def may_be_scalar(self, name: str) -> bool:
        """Whether a record may have something else than an array there."""
        if self._fields.is_declared(name):
            return any(not kind.endswith("[]") for kind in self._fields.kinds(name))
        return self._arrays or name not in self._tested

    def are_arrays(self, name: str) -> bool:
        """Whether nothing but arrays is declared to be there."""
        return self._fields.is_declared(name) and not self.may_be_scalar(name)

    def are_numbers(self, name: str) -> bool:
        """Whether nothing but numbers is declared to be there."""
        return self._fields.is_declared(name) and self._fields.kinds(name) <= {"int", "float"}

    def is_required(self, name: str) -> bool:
        """Whether every record has the key."""
        return self._fields.is_required(name)

    def condition(self, name: str) -> str:
        """On what it rests that the key holds no array, where nobody declared that."""
        return "" if self._fields.is_declared(name) else NO_ARRAY


class JsonWriter(Writer):
    """Writes objects of `$` operators, joined by lists; an empty object is every record."""

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """The parts in one list, those that are such lists themselves taken apart."""
        return joined("$and" if connective is And else "$or", parts)

    def constant(self, value: bool) -> Leaf:
        """Every record is the empty object; none has no saying that names no key."""
        return exact({}, "an empty object finds everything") if value else refused("it has no condition that finds nothing", "ask for nothing")


def joined(word: str, parts: Sequence[Json]) -> Json:
    """Conditions in one list, flat; a single one stands for itself."""
    flat = [inner for part in parts for inner in (part[word] if part.keys() == {word} else [part])]
    return flat[0] if len(flat) == 1 else {word: flat}


def lines_of(items: Sequence[Literal]) -> list[list[Any]]:
    """The values apart by what can equal them: strings, numbers, bools."""
    groups: dict[object, list[Any]] = {}
    for item in items:
        groups.setdefault(NUMBERS if item.kind in NUMBERS else item.kind, []).append(item.value)
    return list(groups.values())


def one_of(key: str, values: Sequence[Any], negated: bool = False) -> Json:
    """A key that equals one of some values, or none of them."""
    if len(values) == 1:
        return {key: {"$ne" if negated else "$eq": values[0]}}
    return {key: {"$nin" if negated else "$in": list(values)}}


def holdable(predicate: Predicate) -> list[Literal]:
    """The literals that a store of doubles can hold at all: an int beyond 2^53 between two doubles equals none of them."""
    return [item for item in items_of(predicate) if not (item.kind is Kind.INT and number_test(Op.EQ, item).floats is None)]


def double_order(op: Op, bound: Literal) -> tuple[Op, Any]:
    """A comparison of doubles that means the same, its bound a double itself."""
    if number_test(Op.EQ, bound).floats is not None:
        return op, bound.value
    floats = number_test(op, bound).floats
    assert floats is not None  # between any int64 and the ends of the line there are doubles
    return (Op.GE, floats[0]) if op in (Op.GT, Op.GE) else (Op.LE, floats[1])
