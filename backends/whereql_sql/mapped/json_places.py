"""JSON values as places, in the SQL of PostgreSQL and DuckDB; `sqlite_json` has those of SQLite.

A number without a fraction or exponent is an int where int64 holds it; any other is the nearest double, and an int that stands
beside one in an array is made one, as it is when read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from whereql.ast import Literal, Op
from whereql.kinds import NUMBERS, Kind
from whereql.values import INT_MAX, INT_MIN
from whereql_sql.capability import Abilities, Condition, collated
from whereql_sql.mapped.places import Line, Lines

Sql = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Json:
    """One JSON value in SQL.

    kind: its type, NULL for SQL's NULL; text: it as a text; integer, double: it as such a number, NULL where it is none; elements:
    the conversion of a condition on an element into one on the array, with the element; names: of the types.
    """

    kind: Sql
    text: Sql
    integer: Sql
    double: Sql
    boolean: Sql
    is_int: Condition


@dataclass(frozen=True, slots=True)
class JsonType:
    """The JSON of one database: how a value is seen, how an array is taken apart, and the names of its types."""

    view: Callable[[Sql], Json]
    elements: Callable[[Sql, Json], Sql]
    string: str
    boolean: str
    array: str
    null: str
    numbers: tuple[str, ...]


def json_lines(value: Sql, kind: JsonType, abilities: Abilities, *, doubt: Condition | None = None) -> Lines:
    """The place of a JSON value. doubt: rows of which SQL can't tell."""
    whole = kind.view(value)
    elements = JsonElements(whole, kind, kind.elements(value, whole), abilities)
    is_present = sa.and_(whole.kind.is_not(None), whole.kind != kind.null)
    exists = sa.and_(is_present, sa.or_(whole.kind != kind.array, elements.some(sa.true())))
    return Lines(
        exists,
        strings=Line(collated(whole.text, abilities.collation), whole.kind == kind.string),
        ints=Line(whole.integer),
        doubles=Line(whole.double, sa.not_(whole.is_int)),
        bools=Line(whole.boolean),
        elements=elements,
        doubt=doubt,
    )


@dataclass(frozen=True, slots=True)
class JsonElements:
    """The array that a JSON value may be."""

    whole: Json
    type: JsonType
    rows: Sql
    abilities: Abilities

    def some(self, condition: Condition) -> Condition:
        """Whether some element other than null passes a condition."""
        element = self.element
        is_present = sa.and_(element.kind.is_not(None), element.kind != self.type.null)
        rows: Any = self.rows.table
        return sa.exists(sa.select(1).select_from(rows).where(is_present, condition).correlate_except(rows))

    @property
    def element(self) -> Json:
        """An element, for a condition of `some`."""
        return self.type.view(self.rows)

    def has(self, items: Sequence[Literal], abilities: Abilities) -> Condition:
        """Whether the array is of one kind, with an element that is equal to one of the literals."""
        element, kind = self.element, self.type
        numbers = tuple(item for item in items if item.kind in NUMBERS)
        rows: list[tuple[set[Kind], Lines, Condition, Condition]] = [
            ({Kind.STRING}, self._lines(strings=Line(element.text)), element.kind == kind.string, sa.true()),
            ({Kind.BOOL}, self._lines(bools=Line(element.boolean)), element.kind == kind.boolean, sa.true()),
        ]
        if numbers:
            is_number = element.kind.in_(kind.numbers)
            has_double = self.some(sa.and_(is_number, sa.not_(element.is_int)))
            rows.append((set(NUMBERS), self._lines(ints=Line(element.integer)), is_number, sa.not_(has_double)))
            rows.append((set(NUMBERS), self._lines(doubles=Line(element.double)), is_number, has_double))
        parts = []
        for kinds, lines, is_own, condition in rows:
            found = list(lines.parts(Op.IN, tuple(item for item in items if item.kind in kinds), abilities))
            if found:
                is_uniform = sa.not_(self.some(sa.not_(is_own)))
                parts.append(sa.and_(self.some(sa.and_(is_own, sa.or_(*found))), is_uniform, condition))
        return sa.and_(self.whole.kind == kind.array, sa.or_(*parts)) if parts else sa.false()

    def _lines(self, **lines: Line) -> Lines:
        return Lines(sa.true(), **lines)  # type: ignore[arg-type]  # lines only


def _rows_of(array: sa.FunctionElement[Any]) -> Sql:
    """The elements of an array in SQL, one a row."""
    valued = array.table_valued("value").render_derived()
    return valued.c.value


# PostgreSQL's jsonb.

_LIMIT: Sql = sa.literal_column("1.7976931348623158079e308")  # from here on the nearest double is an infinity
_TINY: Sql = sa.literal_column("2.4703282292062328e-324")  # up to here it is 0


def pg_double(number: Sql) -> Sql:
    """A numeric as its nearest double; NaN beyond the doubles, where a cast would be an error."""
    size = sa.func.abs(number)
    return sa.case(
        (number.is_(None), sa.null()),
        (number == 0, sa.literal_column("0::float8")),
        (sa.and_(size < _LIMIT, size > _TINY), sa.cast(number, sa.Double())),
        (size <= _TINY, sa.literal_column("0::float8")),
        else_=sa.literal_column("'NaN'::float8"),
    )


def _pg_view(value: Sql) -> Json:
    kind = sa.func.jsonb_typeof(value)
    text = value.op("#>>")(sa.literal_column("'{}'"))
    number = sa.case((kind == "number", sa.cast(text, sa.Numeric())))
    is_int = sa.and_(sa.func.scale(number) == 0, number.between(sa.literal_column(str(INT_MIN)), sa.literal_column(str(INT_MAX))))
    integer = sa.case((is_int, sa.cast(number, sa.BigInteger())))
    return Json(kind, sa.type_coerce(text, sa.Text()), integer, pg_double(number), sa.case((kind == "boolean", text == "true")), sa.func.coalesce(is_int, sa.false()))


def _pg_elements(value: Sql, whole: Json) -> Sql:
    return _rows_of(sa.func.jsonb_array_elements(sa.case((whole.kind == "array", value), else_=sa.literal_column("'[]'::jsonb"))))


POSTGRES = JsonType(_pg_view, _pg_elements, "string", "boolean", "array", "null", ("number",))


# DuckDB.


def _duck_view(value: Sql) -> Json:
    kind = sa.func.json_type(value)
    integer = sa.case((kind.in_(["BIGINT", "UBIGINT"]), sa.try_cast(value, sa.BigInteger())))
    is_number = kind.in_(["BIGINT", "UBIGINT", "DOUBLE"])
    double = sa.case((is_number, sa.try_cast(value, sa.Double())))
    boolean = sa.case((kind == "BOOLEAN", sa.try_cast(value, sa.Boolean())))
    return Json(kind, sa.type_coerce(sa.func.json_extract_string(value, "$"), sa.Text()), integer, double, boolean, integer.is_not(None))


def _duck_elements(value: Sql, whole: Json) -> Sql:
    array = sa.case((whole.kind == "ARRAY", value), else_=sa.literal_column("'[]'"))
    return _rows_of(sa.func.unnest(sa.func.json_extract(array, "$[*]")))


DUCKDB = JsonType(_duck_view, _duck_elements, "VARCHAR", "BOOLEAN", "ARRAY", "NULL", ("BIGINT", "UBIGINT", "DOUBLE"))
