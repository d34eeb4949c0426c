"""Columns as places: a table of types, each with its kinds, how it is read, and how it is asked. Reading and asking use the
same SQL, so that what comes back is what was compared.

A column of an unknown type is read as its text where the database has casts for all (PostgreSQL, DuckDB), and is only
read, not asked, elsewhere. SQLite's types promise nothing: each of its values is what it is stored as.
"""

from __future__ import annotations

import datetime
import math
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from whereql.ast import Predicate
from whereql.operators import Op
from whereql.support import Support
from whereql.values import INT_MAX, INT_MIN
from whereql_sql.capability import Abilities, Condition, collated
from whereql_sql.lists import DOUBLE, INT, TEXT, is_in
from whereql_sql.mapped.decoding import OTHER, array_value, finite, int_or_double
from whereql_sql.mapped.json_places import pg_double
from whereql_sql.mapped.places import Line, Lines, Place, TypedElements
from whereql_sql.mapped.reflection import Column, ColumnType

Sql = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """Where the values of one key, or of one of the record's own fields, come from.

    read: what is selected; decode: makes a value of it, None for a missing one; place: what answers predicates; declared, required:
    as in a KeyInfo.
    """

    read: Sql
    decode: Callable[[Any], Any]
    place: Place
    declared: tuple[str, ...] | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class ReadOnlyPlace:
    """Values that are read, and not asked for: only whether there is one."""

    exists: Condition

    def support(self, predicate: Predicate, negated: bool, abilities: Abilities) -> Support:
        """EXACT for EXISTS."""
        return Support.EXACT if predicate.op is Op.EXISTS else Support.NONE

    def condition(self, predicate: Predicate, negated: bool, abilities: Abilities) -> Condition:
        """Whether there is a value."""
        return sa.not_(self.exists) if negated else self.exists


@dataclass(frozen=True, slots=True)
class Family:
    """The columns whose values are of one kind.

    line: its name in `Lines`; kinds: those that a value may have; sql: the value in SQL, from the column; decode: the value in
    Python, from that; array: the SQL of an array of it, None where each element is converted by itself.
    """

    line: str
    kinds: tuple[str, ...]
    sql: Callable[[Sql], Sql]
    decode: Callable[[Any], Any]
    array: Callable[[Sql], Sql] | None = None


def _same(value: Any) -> Any:
    return value


def _seconds(value: float | None) -> int | float | None:
    """Epoch seconds: an int where they are whole."""
    if value is None or not math.isfinite(value):
        return None if value is None else math.nan
    return int(value) if value.is_integer() else value


def _double(value: float | None) -> float | None:
    return None if value is None else finite(float(value))


def _cast_to(kind: Any) -> Callable[[Sql], Sql]:
    return lambda column: sa.cast(column, kind)


_ARRAY = {name: sa.ARRAY(kind) for name, kind in (("text", sa.Text()), ("double", sa.Double()))}

INTS = Family("ints", ("int",), lambda column: sa.type_coerce(column, sa.BigInteger()), _same, _same)
BOOLS = Family("bools", ("bool",), lambda column: sa.type_coerce(column, sa.Boolean()), _same, _same)
DOUBLES = Family("doubles", ("float", OTHER), _cast_to(sa.Double()), _double, _cast_to(_ARRAY["double"]))
PLAIN_TEXTS = Family("strings", ("string",), lambda column: sa.type_coerce(column, sa.Text()), _same, _cast_to(_ARRAY["text"]))
AS_TEXT = Family("strings", ("string",), _cast_to(sa.Text()), _same, _cast_to(_ARRAY["text"]))


def _pg_seconds(column: Sql) -> Sql:
    return sa.cast(sa.extract("epoch", column), sa.Double())


def _duck_seconds(function: str, unit: int) -> Callable[[Sql], Sql]:
    def seconds(column: Sql) -> Sql:
        # A quotient of doubles is the nearest one only if its numerator is exact.
        number: Sql = getattr(sa.func, function)(column)
        per: Sql = sa.literal_column(str(unit))
        whole: Sql = sa.cast(number.op("//")(per), sa.Double())
        near = sa.case(
            (number.between(sa.literal_column(str(-(2**53))), sa.literal_column(str(2**53))), sa.cast(number, sa.Double()) / per),
            else_=whole + sa.cast(number.op("%")(per), sa.Double()) / per,
        )
        return sa.case((column.is_(None), sa.null()), (sa.func.isfinite(column), near), else_=sa.literal_column("'NaN'::DOUBLE"))

    return seconds


_TIME = ("int", "float", OTHER)
_PG_TIME = Family("doubles", _TIME, _pg_seconds, _seconds)
_PG_NUMERIC = Family("doubles", ("float", OTHER), pg_double, _double)
_PG_SHORT_NUMERIC = Family("doubles", ("float", OTHER), _cast_to(sa.Double()), _double, _cast_to(_ARRAY["double"]))

# By the name of a type: in PostgreSQL's catalog, in DuckDB's, and as SQLAlchemy writes it.
_POSTGRES: dict[str, Family] = {
    **dict.fromkeys(("int2", "int4", "int8"), INTS),
    **dict.fromkeys(("float4", "float8"), DOUBLES),
    "numeric": _PG_NUMERIC,
    "bool": BOOLS,
    **dict.fromkeys(("text", "varchar"), PLAIN_TEXTS),
    **dict.fromkeys(("timestamp", "timestamptz", "date"), _PG_TIME),
}
_DUCKDB: dict[str, Family] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger"), INTS),
    **dict.fromkeys(("float", "double", "decimal", "ubigint", "hugeint", "uhugeint"), DOUBLES),
    "boolean": BOOLS,
    "varchar": PLAIN_TEXTS,
    **dict.fromkeys(("timestamp", "timestamp with time zone", "timestamp_s", "timestamp_ms"), Family("doubles", _TIME, _duck_seconds("epoch_us", 10**6), _seconds)),
    "date": Family("doubles", ("int", OTHER), _duck_seconds("epoch_us", 10**6), _seconds),
    "timestamp_ns": Family("doubles", _TIME, _duck_seconds("epoch_ns", 10**9), _seconds),
}
_PORTABLE: dict[str, Family] = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "integer", "bigint"), INTS),
    **dict.fromkeys(("double", "double precision"), DOUBLES),
    "boolean": BOOLS,
    **dict.fromkeys(("text", "varchar", "tinytext", "mediumtext", "longtext", "clob"), PLAIN_TEXTS),
}
_FAMILIES = {"postgresql": _POSTGRES, "duckdb": _DUCKDB}

# No values of a record, and often long: bytes, vectors, the indexes of a text search, shapes.
LEFT_OUT = frozenset(
    ("bytea", "blob", "binary", "varbinary", "longblob", "mediumblob", "vector", "halfvec", "sparsevec", "tsvector", "geometry", "geography", "raster")
)


def family_of(kind: ColumnType, dialect: str) -> Family | None:
    """The family of a type, or None if its values can only be read."""
    families = _FAMILIES.get(dialect, _PORTABLE)
    if kind.name == "numeric" and kind.digits is not None and dialect == "postgresql":
        return _PG_SHORT_NUMERIC
    found = None if kind.is_enum else families.get(kind.name)
    return AS_TEXT if found is None and dialect in _FAMILIES else found


def typed_cell(column: Column, sql: Sql, dialect: str, abilities: Abilities) -> Cell:
    """The cell of a column with a type that the database enforces."""
    family = family_of(column.type, dialect)
    exists = sql.is_not(None)
    if family is None:
        return Cell(sql, plain_value, ReadOnlyPlace(exists))
    if column.type.is_array:
        return _array_cell(column, sql, family, dialect, abilities)
    is_known = dialect in _FAMILIES
    line = _line(family, sql, abilities, column.is_bytewise, is_known)
    return Cell(
        family.sql(sql), family.decode, Lines(exists, **{family.line: line}), family.kinds if is_known else None, column.required and is_known  # type: ignore[arg-type]  # the family's line
    )


def _line(family: Family, sql: Sql, abilities: Abilities, is_bytewise: bool, can_collate: bool = True) -> Line:
    value = family.sql(sql)
    if family.line != "strings":
        return Line(value)
    if not can_collate or not abilities.code_points:
        return Line(value, bytewise=False)
    same = (lambda texts, abilities: is_in(value, texts, TEXT, abilities)) if is_bytewise and family is PLAIN_TEXTS else None
    return Line(collated(value, abilities.collation), same=same)


def _array_cell(column: Column, sql: Sql, family: Family, dialect: str, abilities: Abilities) -> Cell:
    rows: Any = sa.func.unnest(sql).table_valued("value").render_derived()
    element = rows.c.value

    def some(condition: Condition) -> Condition:
        return sa.exists(sa.select(1).select_from(rows).where(condition).correlate_except(rows))

    convert = family.array
    if convert is not None:
        read = convert(sql)
    else:
        each = sa.select(family.sql(element)).select_from(rows).correlate_except(rows)
        read = sa.func.array(each.scalar_subquery())
    # PostgreSQL's arrays may have several dimensions, whatever the column says.
    is_flat = sa.func.array_ndims(sql) == 1 if dialect == "postgresql" and convert is not None else sa.true()
    lines = Lines(sa.true(), **{family.line: _line(family, element, abilities, False)})  # type: ignore[arg-type]  # see typed_cell
    elements = TypedElements(lines, lambda condition: sa.and_(is_flat, some(condition)))
    place = Lines(some(element.is_not(None)), elements=elements)

    def decode(values: Any) -> Any:
        return None if values is None else array_value([None if each is None else each if isinstance(each, list) else family.decode(each) for each in values])

    kinds = tuple(f"{kind}[]" for kind in family.kinds if kind != OTHER)
    return Cell(read, decode, place, (*kinds, OTHER))


def text_cell(column: Column, sql: Sql, dialect: str, abilities: Abilities) -> Cell:
    """The cell of a column that is read as text whatever its type: an id, a document, a uri."""
    if dialect == "sqlite":
        return _sqlite_text(column, sql, abilities)
    family = family_of(column.type, dialect)
    can_cast = dialect in _FAMILIES
    if family is None or (not can_cast and family.line != "strings"):
        return Cell(sql, lambda value: None if value is None else str(value), _portable_text(sql, family))
    is_plain = family is PLAIN_TEXTS and not column.type.is_array
    line = _line(PLAIN_TEXTS if is_plain else AS_TEXT, sql, abilities, column.is_bytewise, can_cast)
    if family is INTS and not column.type.is_array:
        line = Line(line.value, bytewise=line.bytewise, same=lambda texts, abilities: is_in(sql, _ints(texts), INT, abilities))
    elif column.type.name == "uuid" and not column.type.is_array and dialect == "postgresql":
        line = Line(line.value, bytewise=line.bytewise, same=lambda texts, abilities: is_in(sql, _uuids(texts), sa.Uuid(as_uuid=False), abilities))
    return Cell(sa.type_coerce(sql, sa.Text()) if is_plain else sa.cast(sql, sa.Text()), _same, Lines(sql.is_not(None), strings=line), required=column.required)


def _portable_text(sql: Sql, family: Family | None) -> Place:
    if family is not INTS:
        return ReadOnlyPlace(sql.is_not(None))
    return _IntIds(sql)


@dataclass(frozen=True, slots=True)
class _IntIds:
    """Ids that are ints, in a database whose texts of them are not known: they can be looked up, and no more."""

    column: Sql

    def support(self, predicate: Predicate, negated: bool, abilities: Abilities) -> Support:
        """EXACT for equality."""
        return Support.EXACT if predicate.op in (Op.EQ, Op.IN) else Support.NONE

    def condition(self, predicate: Predicate, negated: bool, abilities: Abilities) -> Condition:
        """Whether the id is one of those asked for."""
        items: Any = predicate.operand if isinstance(predicate.operand, tuple) else (predicate.operand,)
        found = is_in(self.column, _ints([item.value for item in items if isinstance(item.value, str)]), INT, abilities)
        return sa.not_(sa.func.coalesce(found, sa.false())) if negated else found


def _ints(texts: Sequence[str]) -> list[int]:
    """The ints whose text is one of these; `007` is the text of none."""
    short = (text for text in texts if len(text) <= 20 and text.isascii() and text.removeprefix("-").isdigit())
    return [number for text in short if str(number := int(text)) == text and INT_MIN <= number <= INT_MAX]


def _uuids(texts: Sequence[str]) -> list[str]:
    """Those of the texts that are written as a database writes a uuid."""

    def is_uuid(text: str) -> bool:
        try:
            return len(text) == 36 and str(uuid.UUID(text)) == text
        except ValueError:
            return False

    return list(filter(is_uuid, texts))


def plain_value(value: Any) -> Any:
    """A Python value of a driver as a value of a record, for databases whose types whereql doesn't know; None for a missing one."""
    match value:
        case bool() | str() | None:
            return value
        case int():
            return int_or_double(value)
        case float() | Decimal():
            return _double(float(value))
        case datetime.datetime():
            moment = value if value.tzinfo is not None else value.replace(tzinfo=datetime.UTC)
            return _micro((moment - _EPOCH) // datetime.timedelta(microseconds=1))
        case datetime.date():
            return (value - _EPOCH.date()).days * 86_400
        case bytes() | bytearray() | memoryview():
            return None
        case list() | tuple():
            return array_value(map(plain_value, value))
        case dict():
            return value
    return str(value)


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _micro(number: int) -> int | float:
    return number // 10**6 if number % 10**6 == 0 else number / 10**6


# SQLite: a value is what it is stored as. Bytes are no value.


def sqlite_cell(column: Column, sql: Sql, abilities: Abilities) -> Cell:
    """The cell of a column of SQLite, whose type is not enforced."""
    kind = sa.func.typeof(sql)
    is_bool = column.type.name in ("bool", "boolean")
    is_int: Condition = kind == "integer"
    flag = sql.in_([0, 1])
    place = Lines(
        kind.not_in(["null", "blob"]),
        strings=Line(collated(sa.type_coerce(sql, sa.Text()), abilities.collation), kind == "text", abilities.code_points),
        ints=Line(sa.type_coerce(sql, sa.BigInteger()), sa.and_(is_int, sa.not_(flag)) if is_bool else is_int),
        doubles=Line(sa.type_coerce(sql, sa.Double()), kind == "real"),
        bools=Line(sa.type_coerce(sql, sa.Boolean()), sa.and_(is_int, flag)) if is_bool else None,
    )
    return Cell(sql, _flag_value if is_bool else plain_value, place)


def _flag_value(value: Any) -> Any:
    """The value of a column that is declared to be of bools, which SQLite stores as 0 and 1."""
    return bool(value) if type(value) is int and value in (0, 1) else plain_value(value)


def _sqlite_text(column: Column, sql: Sql, abilities: Abilities) -> Cell:
    kind = sa.func.typeof(sql)
    if any(part in column.type.name for part in ("char", "clob", "text")):  # what is stored there is text, or bytes
        line = Line(collated(sa.type_coerce(sql, sa.Text()), abilities.collation), kind == "text", abilities.code_points)
        return Cell(sql, plain_value, Lines(kind == "text", strings=line))
    text = sa.case((kind.not_in(["null", "blob"]), sa.cast(sql, sa.Text())))

    def same(texts: Sequence[str], abilities: Abilities) -> Condition:
        # Whatever is stored for such a text, and of that what has just this text.
        floats = [number for each in texts if (number := _float(each)) is not None]
        stored = sa.or_(is_in(sql, texts, TEXT, abilities), is_in(sql, _ints(texts), INT, abilities), is_in(sql, floats, DOUBLE, abilities))
        return sa.and_(stored, is_in(collated(text, abilities.collation), texts, TEXT, abilities))

    return Cell(text, _same, Lines(text.is_not(None), strings=Line(collated(text, abilities.collation), None, abilities.code_points, same)))


def _float(text: str) -> float | None:
    try:
        return float(text) if len(text) < 40 else None
    except ValueError:
        return None
