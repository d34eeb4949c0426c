"""PostgreSQL: metadata in a JSONB column, tested by containment and by the order of jsonb, or in columns of types.

jsonb keeps a number as a decimal. An int is that decimal; a double is the shortest one that reads back as it, which JSON writers
use. Beyond 2**53 the two may meet, and then a number is said by a superset.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from whereql.ast import Expr, Literal, Predicate
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.sql.columns import TableWriter
from whereql.dialects.sql.fragments import Fragment, bound, joined, listed, quoted_text, raw, sql
from whereql.dialects.sql.patterns import as_like, ignoring_case, is_caseless
from whereql.dialects.sql.writer import COLUMNS, FALSE, LAYOUT, ORDER_SIGNS, styles
from whereql.dialects.writing import Leaf, exact, items_of, refused, superset, write
from whereql.kinds import NUMBERS
from whereql.operators import ORDER, Op
from whereql.support import Shape
from whereql.values import INT_MAX, INT_MIN

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
        wanted, surely = _spelled(items)
        found = self._among(key, value, op, wanted)
        if wanted == surely:
            return exact(found)
        return superset(found.but(self.complement(self._among(key, value, op, surely))), _DOUBT, _HINT)

    def _among(self, key: str, value: Fragment, op: Op, spelled: Sequence[str]) -> Fragment:
        if not spelled:
            return FALSE
        if op is not Op.HAS and len(spelled) > 1:
            return sql("{} IN ({})", value, listed(map(bound, spelled)))
        name = json.dumps(key, ensure_ascii=False)
        shapes = (f"{{{name}: [{each}]}}" if op is Op.HAS else f"{{{name}: {each}}}" for each in spelled)
        found = joined([sql("{} @> {}", self.holder, bound(each)) for each in shapes], " OR ")
        return found if self.options["nullable"] else found.known()


def _spelled(items: Sequence[Literal]) -> tuple[list[str], list[str]]:
    """The JSON texts that literals may have in the column, and those of them that are surely of a value equal to one."""
    wanted: dict[str, None] = {}
    surely: dict[str, None] = {}
    for item in items:
        if item.kind not in NUMBERS:
            texts = [json.dumps(item.value, ensure_ascii=False)]
            wanted |= dict.fromkeys(texts)
            surely |= dict.fromkeys(texts)
            continue
        for decimal, is_sure in _decimals(item.value):  # type: ignore[arg-type]  # a number, as its kind says
            wanted[decimal] = None
            if is_sure:
                surely[decimal] = None
    return list(wanted), list(surely)


def _decimals(value: float) -> list[tuple[str, bool]]:
    """The decimals as which a number may be stored, the int and the double that are equal to it, and whether nothing else is stored so."""
    text = repr(value)
    if abs(value) < 2**53 or abs(value) > 2**63:
        return [(text, True)]
    whole, double = int(value), float(value)
    is_int, is_double = INT_MIN <= whole <= INT_MAX, int(double) == whole
    spelled = int(Decimal(repr(double)))
    found = []
    if is_int:
        found.append((str(whole), is_double or spelled != whole))
    if is_double and not (is_int and spelled == whole):
        found.append((repr(double), not INT_MIN <= spelled <= INT_MAX))
    return found


def _ordered_number(value: Fragment, op: Op, item: Literal) -> Leaf:
    """An order of numbers: jsonb orders any two values, and so only numbers are to pass."""
    bound_value: float = item.value  # type: ignore[assignment]  # a number, as its kind says
    limit = Decimal(repr(bound_value)) if abs(bound_value) < 2**53 or abs(bound_value) > 2**63 else Decimal(int(bound_value))
    nearest = float(bound_value)
    doubles = (math.nextafter(nearest, -math.inf), nearest, math.nextafter(nearest, math.inf))
    wrong = [each for each in doubles if math.isfinite(each) and abs(each) >= 2**53 and _COMPARE[op](each, bound_value) is not _COMPARE[op](Decimal(repr(each)), limit)]
    said = _compared(value, op, str(bound_value) if limit == Decimal(str(bound_value)) else str(limit))
    if not wrong:
        return exact(said)
    lost = [Decimal(repr(each)) for each in wrong if _COMPARE[op](each, bound_value)]
    if not lost:
        return superset(said, _DOUBT, _HINT)
    outward, end = (Op.GE, min([*lost, limit])) if op in (Op.GT, Op.GE) else (Op.LE, max([*lost, limit]))
    return superset(_compared(value, outward, str(int(end))), _DOUBT, _HINT)


def _compared(value: Fragment, op: Op, limit: str) -> Fragment:
    is_number = sql("jsonb_typeof({}) = 'number'", value)
    return joined([is_number, sql(f"{{}} {ORDER_SIGNS[op]} {{}}", value, bound(limit))], " AND ")


_COMPARE: dict[Op, Any] = {Op.LT: lambda a, b: a < b, Op.LE: lambda a, b: a <= b, Op.GT: lambda a, b: a > b, Op.GE: lambda a, b: a >= b}


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, PostgresWriter(options, expr))


DIALECT = Dialect("PostgreSQL", None, _write, {**LAYOUT, **COLUMNS, **styles("format", "numeric", "named")}, form="sql")
