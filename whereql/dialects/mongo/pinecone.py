"""Pinecone's metadata filters, the dialect `pinecone`.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND genre != 'drama'"), arrays=False).native
{'$and': [{'year': {'$gte': 2020}}, {'$or': [{'genre': {'$exists': False}}, {'genre': {'$ne': 'drama'}}]}]}
>>> whereql.to_text(DIALECT.decode({"genre": {"$ne": "drama"}}, arrays=False))
"genre IS NOT NULL AND genre != 'drama'"

Its `$ne` and `$nin` find records that have the key, and another value. Its numbers are doubles, its arrays hold strings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from whereql.ast import And, Const, Expr, Field, Literal, Not, Op, Or, Predicate, Subject, literal
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.doubles import EXACT
from whereql.dialects.mongo.merging import MergingWriter
from whereql.dialects.mongo.mql import TYPING, Keys
from whereql.dialects.places import places, subjects
from whereql.dialects.reading import one_of
from whereql.dialects.reading_json import (
    entries_at,
    fail,
    list_at,
    literal_at,
    literals_at,
    read_value,
    refuse,
    step,
    unknown,
)
from whereql.dialects.writing import write
from whereql.kinds import NUMBERS, Kind
from whereql.support import Shape
from whereql.values import check_text_value, describe_type

_TITLE = "Pinecone"
_ORDERS = {"$gt": Op.GT, "$gte": Op.GE, "$lt": Op.LT, "$lte": Op.LE}
_OPERATORS = ["$eq", "$ne", *_ORDERS, "$in", "$nin", "$exists"]
_CONNECTIVES: dict[str, Callable[[list[Expr]], Expr]] = {"$and": And, "$or": Or}
_ITEMS = 10_000  # values that Pinecone takes in one list


class PineconeWriter(MergingWriter):
    """Writes the `filter` of a query."""

    title = _TITLE
    elements = frozenset({Kind.STRING})
    shape = Shape(items=_ITEMS)


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, PineconeWriter(expr, options))


def _read(source: Any, options: Options) -> Expr:
    return read_value(_Reader(options).filter, source)


class _Reader:
    """Reads filters, with what is known of the keys."""

    def __init__(self, options: Options) -> None:
        self._keys = Keys(Const(True), options)
        self._own = subjects(options)

    def filter(self, value: Any, path: str, depth: int) -> Expr:
        """An object of conditions, all of which hold."""
        return And([self._entry(name, inner, f"{path}{step(name)}", depth) for name, inner in entries_at(value, path, depth).items()])

    def _entry(self, name: str, value: Any, path: str, depth: int) -> Expr:
        if name in _CONNECTIVES:
            parts = list_at(value, path, "a list of conditions")
            if not parts:
                fail(f"{name} takes a list that is not empty", path, "leave it out")
            return _CONNECTIVES[name]([self.filter(part, f"{path}[{number}]", depth + 1) for number, part in enumerate(parts)])
        if name in ("$not", "$nor"):
            refuse(_TITLE, f"{name}, whose meaning for a missing key isn't documented,", path, "write $ne, $nin or the opposite order")
        if name.startswith("$"):
            unknown(_TITLE, "connective", name, path, list(_CONNECTIVES))
        check_text_value(name, path=path)
        subject = self._own.get(name) or Field(name)
        if not isinstance(value, Mapping):
            return self._equal(subject, [_held(literal_at(value, path))])
        operators = entries_at(value, path, depth, "an object of operators")
        if not operators:
            fail("an operator is missing", path, 'write {"$eq": value}, or the value itself')
        return And([self._operator(subject, operator, operand, f"{path}{step(operator)}") for operator, operand in operators.items()])

    def _operator(self, subject: Subject, name: str, operand: Any, path: str) -> Expr:
        if name in ("$not", "$regex", "$all", "$elemMatch", "$size", "$match_phrase", "$match_all", "$match_any"):
            refuse(_TITLE, name, path, f"the operators of metadata are {', '.join(_OPERATORS)}")
        if name not in _OPERATORS:
            unknown(_TITLE, "operator", name, path, _OPERATORS)
        if name == "$exists":
            if not isinstance(operand, bool):
                fail(f"$exists takes a bool, got {describe_type(operand)}", path, "write true or false")
            predicate = Predicate(subject, Op.EXISTS)
            return predicate if operand else Not(predicate)
        if name in _ORDERS:
            bound = _held(literal_at(operand, path, "a number"))
            if bound.kind not in NUMBERS:
                fail(f"{name} takes a number, got {describe_type(operand)}", path, "store a date as a number, such as its epoch seconds")
            return Predicate(subject, _ORDERS[name], bound)
        items = self._items(operand, path) if name in ("$in", "$nin") else [_held(literal_at(operand, path))]
        return self._equal(subject, items) if name in ("$eq", "$in") else self._differs(subject, items)

    def _items(self, operand: Any, path: str) -> Sequence[Literal]:
        items = [_held(item) for item in literals_at(operand, path)]
        if not items:
            fail("a list of values is not empty", path, "leave the condition out")
        if len(items) > _ITEMS:
            fail(f"a list has at most {_ITEMS:,} values, this has {len(items):,}", path, "write several, joined")
        return items

    def _equal(self, subject: Subject, items: Sequence[Literal]) -> Expr:
        """A value that equals one of some, or an array of strings that has one."""
        strings = tuple(item for item in items if item.kind is Kind.STRING)
        parts: list[Expr] = []
        if not isinstance(subject, Field) or self._keys.may_be_scalar(subject.name):
            parts.append(one_of(subject, items))
        if strings and isinstance(subject, Field) and self._keys.may_be_array(subject.name):
            parts.append(Predicate(subject, Op.HAS, strings))
        return Or(parts)

    def _differs(self, subject: Subject, items: Sequence[Literal]) -> Expr:
        return And([Predicate(subject, Op.EXISTS), Not(self._equal(subject, items))])


def _held(item: Literal) -> Literal:
    """A literal as Pinecone has it: an int beyond 2^53 is the nearest double."""
    return literal(float(item.value)) if type(item.value) is int and abs(item.value) > EXACT else item


_PLACES = places("key")

FLAT = {**TYPING, "document": _PLACES["document"], "uri": _PLACES["uri"]}
"""The options of a store of flat metadata."""

DIALECT = Dialect(_TITLE, _read, _write, FLAT, form="json")
