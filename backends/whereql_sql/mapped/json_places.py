"""JSON values as places, in the SQL of PostgreSQL and DuckDB; `sqlite_json` has those of SQLite.

A number without a fraction or exponent is an int where int64 holds it; any other is the nearest double, and an int that stands
beside one in an array is made one, as it is when read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import ColumnElement

from whereql.ast import Literal, Op
from whereql.kinds import NUMBERS, Kind
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, number_test
from whereql_sql.capability import Abilities, Condition, collated
from whereql_sql.lists import DOUBLE, INT, TEXT, is_in
from whereql_sql.mapped.places import Line, Lines
from whereql_sql.numbers import between, float_values, int_values

Sql = ColumnElement[Any]
Interval = tuple[float, float]


def plain_interval(op: Op, bound: Literal) -> Interval | None:
    """The doubles that pass a comparison, if an int passes just when its nearest double does: if the bounds are below 2**53."""
    interval = number_test(op, bound).floats
    if interval is None:
        return None
    low, high = interval
    return interval if (abs(low) < 2**53 or low == -FLOAT_MAX) and (abs(high) < 2**53 or high == FLOAT_MAX) else None


# PostgreSQL's jsonb.

_LIMIT: Sql = sa.literal_column("1.7976931348623158079e308")  # from here on the nearest double is an infinity
_TINY: Sql = sa.literal_column("2.4703282292062328e-324")  # up to here it is 0


def pg_double(number: Sql) -> Sql:
    """A numeric as its nearest double; NaN beyond the doubles, where a cast would be an error."""
    size = sa.func.abs(number)
    return sa.case(
        (size <= _TINY, sa.literal_column("0::float8")),
        (size < _LIMIT, sa.cast(number, sa.Double())),
        (number.is_not(None), sa.literal_column("'NaN'::float8")),
    )


@dataclass(frozen=True, slots=True)
class _PgValue:
    """A jsonb value: its type, NULL for SQL's NULL, and it as each kind of scalar."""

    value: Sql

    @property
    def kind(self) -> Sql:
        return sa.func.jsonb_typeof(self.value)

    @property
    def text(self) -> Sql:
        return sa.type_coerce(self.value.op("#>>")(sa.literal_column("'{}'")), sa.Text())

    @property
    def number(self) -> Sql:
        return sa.case((self.kind == "number", sa.cast(self.value, sa.Numeric())))

    @property
    def is_int(self) -> Condition:
        number = self.number
        in_range = number.between(sa.literal_column(str(INT_MIN)), sa.literal_column(str(INT_MAX)))
        return sa.func.coalesce(sa.and_(sa.func.scale(number) == 0, in_range), sa.false())

    def lines(self, abilities: Abilities) -> dict[str, Line]:
        return {
            "strings": Line(collated(self.text, abilities.collation), self.kind == "string"),
            "ints": Line(sa.case((self.is_int, sa.cast(self.number, sa.BigInteger())))),
            "doubles": Line(sa.case((sa.not_(self.is_int), pg_double(self.number)))),
            "bools": Line(sa.case((self.kind == "boolean", sa.cast(self.value, sa.Boolean())))),
        }

    def compare(self, op: Op, bound: Literal) -> Condition | None:
        """A comparison of the numeric itself with the ends of what is rounded into an interval of doubles."""
        interval = plain_interval(op, bound)
        return None if interval is None else _rounds_into(self.number, interval)


def _rounds_into(number: Sql, interval: Interval) -> Condition:
    """Whether the nearest double of a numeric lies in an interval: a half between two doubles goes to the even one."""
    low, high = interval
    tests = []
    for end, outward, inclusive, exclusive in ((low, -math.inf, number.__ge__, number.__gt__), (high, math.inf, number.__le__, number.__lt__)):
        if abs(end) == FLOAT_MAX:  # the least double as the low end, the largest as the high one
            tests.append(exclusive(-_LIMIT if end < 0 else _LIMIT))
            continue
        with localcontext() as context:
            context.prec = 1200  # enough for any double, so that nothing is rounded here
            half = (Decimal(end) + Decimal(math.nextafter(end, outward))) / 2
        is_even = end / math.ulp(end) % 2 == 0
        tests.append((inclusive if is_even else exclusive)(sa.bindparam(None, half, sa.Numeric())))
    return sa.and_(*tests)


@dataclass(frozen=True, slots=True)
class _PgArray:
    """The array that a jsonb value may be, element by element. holder, key: where an index on `@>` may be, and the key there."""

    whole: _PgValue
    rows: Any
    holder: Sql
    key: str | None

    def some(self, condition: Condition) -> Condition:
        """Whether some element other than null passes a condition."""
        rows = self.rows
        return sa.exists(sa.select(1).select_from(rows).where(self.element.kind != "null", condition).correlate_except(rows))

    @property
    def element(self) -> _PgValue:
        return _PgValue(self.rows.c.value)

    def has(self, items: Sequence[Literal], abilities: Abilities) -> Condition:
        """Whether the array is of one kind, with an element that is equal to one of the literals."""
        element, lines = self.element, self.element.lines(abilities)
        is_number = element.kind == "number"
        has_double = self.some(sa.and_(is_number, sa.not_(element.is_int)))
        rows: list[tuple[frozenset[Kind], dict[str, Line], Condition, Condition]] = [
            (frozenset({Kind.STRING}), {"strings": Line(element.text)}, element.kind == "string", sa.true()),
            (frozenset({Kind.BOOL}), {"bools": lines["bools"]}, element.kind == "boolean", sa.true()),
            (NUMBERS, {"ints": lines["ints"]}, is_number, sa.not_(has_double)),
            (NUMBERS, {"doubles": Line(pg_double(element.number))}, is_number, has_double),
        ]
        parts = []
        for kinds, own, is_own, condition in rows:
            texts = [item.value for item in items if item.kind in kinds and isinstance(item.value, str)]
            if texts and len(texts) <= _FEW:
                parts.append(sa.and_(_contains(self.holder, self.key, [[text] for text in texts if "\0" not in text]), sa.not_(self.some(sa.not_(is_own)))))
                continue
            found = list(Lines(sa.true(), **own).parts(Op.IN, tuple(item for item in items if item.kind in kinds), abilities))  # type: ignore[arg-type]  # lines only
            if found:
                parts.append(sa.and_(self.some(sa.and_(is_own, sa.or_(*found))), sa.not_(self.some(sa.not_(is_own))), condition))
        return sa.and_(self.whole.kind == "array", sa.or_(*parts)) if parts else sa.false()


def postgres_json(value: Sql, abilities: Abilities, *, column: Sql | None = None, key: str | None = None, doubt: Condition | None = None) -> Lines:
    """The place of a jsonb value. column, key: if it is that of this key; doubt: rows of which SQL can't tell."""
    whole = _PgValue(value)
    array = sa.case((whole.kind == "array", value), else_=sa.literal_column("'[]'::jsonb"))
    rows = sa.func.jsonb_array_elements(array).table_valued("value").render_derived()
    elements = _PgArray(whole, rows, value if column is None else column, None if column is None else key)
    exists = sa.and_(whole.kind != "null", sa.or_(whole.kind != "array", elements.some(sa.true())))
    lines = whole.lines(abilities)
    if column is not None:
        lines["strings"] = Line(lines["strings"].value, lines["strings"].where, same=_contained(column, key, lines["strings"]))
    return Lines(exists, **lines, compare=whole.compare, elements=elements, doubt=doubt)  # type: ignore[arg-type]  # lines only


_FEW = 16


def _contains(holder: Sql, key: str | None, values: Sequence[Any]) -> Condition:
    """Whether a jsonb value, or what it has under a key, is or contains one of some, by `@>`, for which a GIN index serves.

    Exact for strings. A number that is only rounded to the same double is not contained.
    """
    wanted = values if key is None else [{key: value} for value in values]
    return sa.or_(sa.false(), *[holder.op("@>", is_comparison=True)(sa.cast(sa.bindparam(None, each, JSONB), JSONB)) for each in wanted])


def _contained(column: Sql, key: str | None, line: Line) -> Callable[[Sequence[str], Abilities], Condition]:
    """Equality of strings by `@>`, for a few of them."""
    return lambda texts, abilities: _contains(column, key, texts) if len(texts) <= _FEW else is_in(line.value, texts, TEXT, abilities)


# DuckDB.

_TYPES = ("VARCHAR", "BOOLEAN", "BIGINT", "UBIGINT", "DOUBLE", "ARRAY", "OBJECT")
_INTS, _NUMBERS = ("BIGINT", "UBIGINT"), ("BIGINT", "UBIGINT", "DOUBLE")


@dataclass(frozen=True, slots=True)
class _DuckArray:
    """The array that a JSON value may be: two lists, of the types of its elements and of their texts."""

    value: Sql

    def _types(self) -> Sql:
        return sa.func.json_type(self.value, "$[*]")

    def _has_type(self, *names: str) -> Condition:
        return sa.func.list_has_any(self._types(), sa.cast(sa.bindparam(None, list(names), sa.ARRAY(TEXT)), sa.ARRAY(TEXT)))

    def is_present(self) -> Condition:
        """Whether there is an element other than null."""
        return self._has_type(*_TYPES)

    def has(self, items: Sequence[Literal], abilities: Abilities) -> Condition:
        """Whether the array is of one kind, with an element that is equal to one of the literals."""
        parts = list(self._parts(items))
        return sa.or_(*parts) if parts else sa.false()

    def _parts(self, items: Sequence[Literal]) -> Iterator[Condition]:
        texts = sa.func.json_extract_string(self.value, "$[*]")
        strings = [item.value for item in items if item.kind is Kind.STRING]
        if strings:
            yield self._of("VARCHAR", found=_any_of(texts, strings, TEXT))
        bools = [str(item.value).lower() for item in items if item.kind is Kind.BOOL]
        if bools:
            yield self._of("BOOLEAN", found=_any_of(texts, bools, TEXT))
        ints, doubles = int_values(items), float_values(items)
        # An int beyond int64 is read as a double, and so are then those beside it.
        largest = sa.func.list_max(sa.try_cast(texts, sa.ARRAY(sa.Numeric(20, 0))))
        has_double = sa.or_(self._has_type("DOUBLE"), sa.func.coalesce(largest > INT_MAX, sa.false()))
        if ints:
            yield self._of(*_INTS, found=sa.and_(_any_of(sa.try_cast(texts, sa.ARRAY(INT)), ints, INT), sa.not_(has_double)))
        if doubles:
            yield self._of(*_NUMBERS, found=sa.and_(_any_of(sa.try_cast(texts, sa.ARRAY(DOUBLE)), doubles, DOUBLE), has_double))

    def _of(self, *names: str, found: Condition) -> Condition:
        return sa.and_(found, sa.not_(self._has_type(*[name for name in _TYPES if name not in names])))


def _any_of(values: Sql, wanted: Sequence[Any], kind: Any) -> Condition:
    """Whether a list has one of some values."""
    return sa.func.list_has_any(values, sa.cast(sa.bindparam(None, list(wanted), sa.ARRAY(kind)), sa.ARRAY(kind)))


def duckdb_json(value: Sql, abilities: Abilities, pointer: str | None = None) -> Lines:
    """The place of a JSON value, or of what a JSON pointer finds in it."""
    path: list[Any] = [] if pointer is None else [sa.bindparam(None, pointer, TEXT)]
    kind = sa.func.json_type(value, *path)
    text = sa.type_coerce(sa.func.json_extract_string(value, *(path or ["$"])), TEXT)
    integer = sa.case((kind.in_(_INTS), sa.try_cast(text, INT)))
    double = sa.case((kind.in_(_NUMBERS), sa.try_cast(text, DOUBLE)))
    array = _DuckArray(sa.func.json_extract(value, *path) if path else value)

    def compare(op: Op, bound: Literal) -> Condition | None:
        interval = plain_interval(op, bound)
        return None if interval is None else between(double, *interval, DOUBLE, None, None)

    return Lines(
        sa.and_(kind != "NULL", sa.or_(kind != "ARRAY", array.is_present())),
        strings=Line(collated(text, abilities.collation), kind == "VARCHAR"),
        ints=Line(integer),
        doubles=Line(double, integer.is_(None)),
        bools=Line(sa.case((kind == "BOOLEAN", sa.try_cast(text, sa.Boolean())))),
        compare=compare,
        elements=array,
    )
