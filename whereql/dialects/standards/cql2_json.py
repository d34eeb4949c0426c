"""To CQL2, the query language of OGC APIs, in its JSON encoding, from which `cql2` makes the text.

>>> DIALECT.encode(whereql.parse("lang != 'en'")).native["args"][0]
{'op': '<>', 'args': [{'property': 'lang'}, 'en']}
>>> whereql.to_text(DIALECT.decode({"op": "not", "args": [{"op": "=", "args": [{"property": "lang"}, "en"]}]}))
"lang IS NOT NULL AND lang != 'en'"
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Literal, Or, Predicate
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.columns import Column, as_kind, column_of, points
from whereql.dialects.doubles import ROUNDED, is_safe, nearest
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.places import PLACES
from whereql.dialects.standards.cql2_json_reader import read
from whereql.dialects.writing import Leaf, Writer, exact, refused, superset, write
from whereql.kinds import NUMBERS, Kind
from whereql.like import as_like
from whereql.operators import OPERATORS, OPPOSITE, ORDER, TEXT, Op
from whereql.support import Shape, Support
from whereql.values import Scalar

Json = Any

_HINT = "keep such a number as a string"


class Cql2Writer(Writer):
    """Writes with properties that have types and may be null, which makes a condition neither true nor false."""

    shape = Shape(depth=100)

    def __init__(self, expr: Expr, options: Options) -> None:
        self._fields = Fields(expr, options["schema"])
        self.schema = self._fields.schema
        self._options = options

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A condition, or null where the complement is asked for."""
        column = column_of(predicate.subject, self._fields, self._options)
        if isinstance(column, Leaf):
            return column
        if isinstance(predicate.subject, Field) and not predicate.subject.name:
            return refused("a property has a name", "rename the key")
        value = {"property": column.name}
        if predicate.op is Op.EXISTS:
            return exact(_is_null(value) if negated else _not(_is_null(value)))
        items = column.fitting(predicate)
        if not items:
            return exact(negated, column.condition)
        said = _said(predicate.op, column, value, items, negated, self._options["ascii"])
        if said.support is not Support.EXACT:
            return said
        native = said.native
        if negated:
            native = _any([_complement(native), _is_null(value)]) if native is not False else True
        return exact(native, " and ".join(filter(None, [column.condition, said.reason])))

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """A list of conditions, without the constants that a property's type makes of some."""
        left = [part for part in parts if part is not (connective is And)]
        if (connective is Or) in [part for part in left if isinstance(part, bool)] or not left:
            return connective is Or if left else connective is And
        return left[0] if len(left) == 1 else {"op": "and" if connective is And else "or", "args": left}

    def constant(self, value: bool) -> Leaf:
        """A bool is a condition."""
        return exact(value)


def _is_null(value: Json) -> Json:
    return {"op": "isNull", "args": [value]}


def _not(condition: Json) -> Json:
    return {"op": "not", "args": [condition]}


def _any(conditions: list[Json]) -> Json:
    return {"op": "or", "args": conditions}


def _complement(condition: Json) -> Json:
    return {"op": "<>", "args": condition["args"]} if condition["op"] == "=" else _not(condition)


def _said(op: Op, column: Column, value: Json, items: Sequence[Literal], negated: bool, is_ascii: bool) -> Leaf:
    if op in TEXT:
        return _text(op, value, str(items[0].value), negated, is_ascii)
    if column.kinds & NUMBERS and not all(map(is_safe, items)):
        return _doubles(op, column, value, items) if column.number is Kind.FLOAT else _rounded(op, value, items, negated)
    return exact(_condition(op, value, [item.value for item in items]))


def _condition(op: Op, value: Json, values: list[Scalar]) -> Json:
    if op is Op.HAS:
        return {"op": "a_overlaps", "args": [value, values]}
    if len(values) == 1:
        return {"op": OPERATORS[op].symbol if op in ORDER else "=", "args": [value, values[0]]}
    return {"op": "in", "args": [value, values]}


def _doubles(op: Op, column: Column, value: Json, items: Sequence[Literal]) -> Leaf:
    """Of a property that is known to hold doubles, each of which the text of a number says exactly."""
    if op not in ORDER:
        values: list[Scalar] = [*points(items, column)]
        return exact(_condition(op, value, values) if values else False)
    number = as_kind(items[0], Kind.FLOAT)
    if number is not None:
        return exact(_condition(op, value, [number]))
    low, high = nearest(items[0])
    return exact(_condition(Op.GE, value, [high]) if op in (Op.GT, Op.GE) else _condition(Op.LE, value, [low]))


def _rounded(op: Op, value: Json, items: Sequence[Literal], negated: bool) -> Leaf:
    """A superset: what lies beside the number passes, too."""
    if op in ORDER:
        found = _beside(OPPOSITE[op] if negated else op, value, items[0])
        return superset(_any([found, _is_null(value)]) if negated else found, ROUNDED, _HINT)
    if negated:
        return refused(ROUNDED, _HINT)
    if op is Op.HAS:
        return superset(_not(_is_null(value)), ROUNDED, _HINT)
    parts = [_beside(Op.EQ, value, item) for item in items]
    return superset(parts[0] if len(parts) == 1 else _any(parts), ROUNDED, _HINT)


def _beside(op: Op, value: Json, item: Literal) -> Json:
    """Bounds that hold however a server rounds: one holds the double next to a number, another reads its shortest decimals as they stand."""
    below, above = nearest(item)
    low, high = math.nextafter(below, -math.inf), math.nextafter(above, math.inf)
    bounds: list[Json] = []
    if op not in (Op.LT, Op.LE) and math.isfinite(low):
        bounds.append(_condition(Op.GE, value, [low]))
    if op not in (Op.GT, Op.GE) and math.isfinite(high):
        bounds.append(_condition(Op.LE, value, [high]))
    return _all(bounds) if bounds else _not(_is_null(value))


def _all(conditions: list[Json]) -> Json:
    return conditions[0] if len(conditions) == 1 else {"op": "and", "args": conditions}


def _text(op: Op, value: Json, text: str, negated: bool, is_ascii: bool) -> Leaf:
    if op is Op.ILIKE and is_ascii and text.isascii():
        return exact({"op": "like", "args": [{"op": "casei", "args": [value]}, {"op": "casei", "args": [text]}]}, "where the strings are ASCII")
    if op is Op.ILIKE or op is Op.MATCHES:
        reason = "it has no regular expressions" if op is Op.MATCHES else "CASEI folds other characters in one server than in another"
        hint = "write LIKE" if op is Op.MATCHES else "ascii=True, if the strings are ASCII"
        return refused(reason, hint) if negated else superset(_not(_is_null(value)), reason, hint)
    return exact({"op": "like", "args": [value, as_like(op, text)]})


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, Cql2Writer(expr, options))


OPTIONS = {"schema": SCHEMA, "ascii": Option("the strings are ASCII, in which CASEI folds the same everywhere", False, (False, True)), **PLACES}

DIALECT = Dialect("CQL2 JSON", read, _write, OPTIONS, form="json")
