"""PostgreSQL: metadata in a JSONB column, tested by containment and by the order of jsonb, or in columns of types.

jsonb keeps a number as a decimal. An int is that decimal; a double is the shortest one that reads back as it, which JSON writers
use. Beyond 2**53 the two may meet, and then a number is left to the residual.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from whereql.ast import Expr, Literal, Predicate
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.sql.columns import TableWriter
from whereql.dialects.sql.decimals import decimal, is_equality_plain, is_order_plain
from whereql.dialects.sql.fragments import Fragment, bound, joined, listed, quoted_text, raw, sql
from whereql.dialects.sql.patterns import ignoring_case, is_caseless
from whereql.dialects.sql.writer import COLUMNS, FALSE, LAYOUT, styles
from whereql.dialects.writing import Leaf, exact, items_of, refused, write
from whereql.kinds import NUMBERS
from whereql.like import as_like
from whereql.operators import ORDER, ORDER_SIGNS, Op
from whereql.support import Shape

_DOUBT = "jsonb can't tell an int of this size from a double that is written with the same digits"
_HINT = "store the key in a column of its own type: layout='columns'"


class PostgresWriter(TableWriter):
    """PostgreSQL from version 11 on."""

    title = "PostgreSQL"
    shape = Shape(literals=20_000)  # a statement takes 65,535 parameters

    def is_storable(self, text: str) -> bool:
        """PostgreSQL's texts have no NUL."""
        return "\0" not in text

    def ordered(self, value: Fragment) -> Fragment:
        """By code point: a database has a collation of its own, by language, unless it is told otherwise."""
        return sql('({}) COLLATE "C"' if "->>" in str(value.parts[0]) else '{} COLLATE "C"', value)

    def pattern(self, value: Fragment, op: Op, text: str) -> Leaf:
        """By LIKE, which is exact here; without regard to case by a regular expression with each letter in all its cases."""
        if op is Op.MATCHES:
            return refused("the regular expressions of PostgreSQL mean other things", "search by LIKE, CONTAINS or STARTS WITH")
        if not self.is_storable(text):
            return exact(FALSE)
        if op is Op.ILIKE and not is_caseless(text):
            return exact(sql("{} ~ {}", value, bound(ignoring_case(text))))
        return exact(sql("{} LIKE {}", value, bound(as_like(op, text))))

    def has(self, column: Fragment, values: Sequence[Fragment]) -> Fragment:
        """By ANY, one value at a time: an array of several would need its type said."""
        return joined([sql("{} = ANY({})", value, column) for value in values], " OR ")

    def json(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on a key of the JSONB column."""
        if not self.is_storable(key):
            return exact(FALSE)
        op, items = predicate.op, items_of(predicate)
        text = raw(f"{self.holder.parts[0]}->>{quoted_text(key)}")
        value = raw(f"{self.holder.parts[0]}->{quoted_text(key)}")
        match op:
            case Op.EXISTS:
                return exact(sql("{} IS NOT NULL", text).known().but(sql("{} IS NULL", text).known()))
            case Op.EQ | Op.IN | Op.HAS:
                return self._equal_json(key, value, op, [item for item in items if not isinstance(item.value, str) or self.is_storable(item.value)])
            case _ if op in ORDER and items[0].kind in NUMBERS:
                return _ordered_number(value, op, items[0])
        said = self.on_text(text, predicate)
        if said.native is None or said.native.parts == FALSE.parts:
            return said
        is_text = sql("jsonb_typeof({}) = 'string'", value)
        return Leaf(joined([is_text, said.native], " AND "), said.support, said.reason, said.hint)

    def _equal_json(self, key: str, value: Fragment, op: Op, items: Sequence[Literal]) -> Leaf:
        """Equality of a value, or of an element of an array: by containment where one value is looked for, for which an index serves."""
        if any(item.kind in NUMBERS and not is_equality_plain(item.value) for item in items):  # type: ignore[arg-type]  # a number
            return refused(_DOUBT, _HINT)
        spelled = list(dict.fromkeys(_json(item) for item in items))
        if not spelled:
            return exact(FALSE)
        if op is not Op.HAS and len(spelled) > 1:
            return exact(sql("{} IN ({})", value, listed(map(bound, spelled))))
        name = json.dumps(key, ensure_ascii=False)
        shapes = (f"{{{name}: [{each}]}}" if op is Op.HAS else f"{{{name}: {each}}}" for each in spelled)
        found = joined([sql("{} @> {}", self.holder, bound(each)) for each in shapes], " OR ")
        return exact(found if self.options["nullable"] else found.known())


def _json(item: Literal) -> str:
    return decimal(item.value) if item.kind in NUMBERS else json.dumps(item.value, ensure_ascii=False)  # type: ignore[arg-type]  # a number


def _ordered_number(value: Fragment, op: Op, item: Literal) -> Leaf:
    """An order of numbers: jsonb orders any two values, and so only numbers are to pass."""
    limit: float = item.value  # type: ignore[assignment]  # a number, as its kind says
    if not is_order_plain(op, limit):
        return refused(_DOUBT, _HINT)
    is_number = sql("jsonb_typeof({}) = 'number'", value)
    return exact(joined([is_number, sql(f"{{}} {ORDER_SIGNS[op]} {{}}", value, bound(decimal(limit)))], " AND "))


def _read(source: Any, options: Options) -> Expr:
    from whereql.dialects.sql.postgres_reader import read  # what writes only needs no grammar

    return read(source, options)


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, PostgresWriter(options, expr))


DIALECT = Dialect("PostgreSQL", _read, _write, {**LAYOUT, **COLUMNS, **styles("format", "numeric", "named")}, form="sql")
