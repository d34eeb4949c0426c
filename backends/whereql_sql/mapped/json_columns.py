"""A JSON column: how it is read, and the places of the value that it is or of the keys that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import ColumnElement

from whereql_sql.capability import Abilities
from whereql_sql.mapped.columns import Cell, ReadOnlyPlace
from whereql_sql.mapped.decoding import DECODERS, json_value, parse_json
from whereql_sql.mapped.json_places import duckdb_json, postgres_json
from whereql_sql.mapped.places import Lines, Place
from whereql_sql.mapped.reflection import Column
from whereql_sql.mapped.sqlite_json import SqliteJson, read_json

Sql = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class JsonColumn:
    """A JSON column.

    read: what is selected; decode: makes Python data of it; place: of the value under a key, or of the whole value for None.
    """

    read: Sql
    decode: Callable[[Any], Any]
    place: Callable[[str | None], Place]

    def cell(self) -> Cell:
        """The column as one key, whose value is the JSON value."""
        return Cell(self.read, lambda stored: json_value(self.decode(stored)), self.place(None))


def is_json(column: Column) -> bool:
    """Whether the column's type is JSON, or a nested one that is read as JSON."""
    return column.type.name in ("json", "jsonb", "nested") and (column.type.name == "nested" or not column.type.is_array)


def json_column(column: Column, sql: Sql, dialect: str, abilities: Abilities, *, has_validity: bool) -> JsonColumn:
    """A column of JSON, or of texts that are JSON. has_validity: whether the database can say which texts are jsonb."""
    build = _BUILDERS.get(dialect)
    if build is None:
        return JsonColumn(sql, partial(parse_json, decode=DECODERS["last"]), lambda key: ReadOnlyPlace(sql.is_not(None)) if key is None else Unasked())
    return build(column, sql, abilities, has_validity)


class Unasked(ReadOnlyPlace):
    """Values that are read, and not asked for at all."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(sa.true())

    def support(self, predicate: Any, negated: bool, abilities: Abilities) -> Any:
        """NONE."""
        from whereql.support import Support

        return Support.NONE


def _sqlite(column: Column, sql: Sql, abilities: Abilities, has_validity: bool) -> JsonColumn:
    return JsonColumn(sql, read_json, lambda key: SqliteJson(sql, key))


def _duckdb(column: Column, sql: Sql, abilities: Abilities, has_validity: bool) -> JsonColumn:
    if column.type.name == "nested":
        value: Sql = sa.func.to_json(sql)
    else:
        value = sql if column.type.name == "json" else sa.try_cast(sql, sa.JSON())

    def place(key: str | None) -> Place:
        if key is None:
            return duckdb_json(value, abilities)
        # A JSON pointer takes any key; of an array it would be an index.
        whole = sa.case((sa.func.json_type(value) == "OBJECT", value)) if key.isdigit() else value
        return duckdb_json(whole, abilities, "/" + key.replace("~", "~0").replace("/", "~1"))

    # Written anew by DuckDB: it also takes commas before a bracket, which are no JSON.
    return JsonColumn(sa.cast(sa.func.json(value), sa.Text()), partial(parse_json, decode=DECODERS["first"]), place)


def _postgresql(column: Column, sql: Sql, abilities: Abilities, has_validity: bool) -> JsonColumn:
    text = sa.cast(sql, sa.Text())
    decode = partial(parse_json, decode=DECODERS["last"])
    if column.type.name == "jsonb":
        return JsonColumn(text, decode, lambda key: _pg_place(sql, key, abilities, None))
    if not has_validity:
        return JsonColumn(text, decode, lambda key: Unasked())
    # A text, and json, may hold what jsonb refuses: \u0000, half characters, numbers without end. Python reads those.
    is_valid = sa.func.coalesce(sa.func.pg_input_is_valid(text, "jsonb"), sa.false())
    value = sa.case((is_valid, sa.cast(text, JSONB)))
    read = sa.case((is_valid, sa.cast(value, sa.Text())), else_=text)
    doubt = sa.and_(sql.is_not(None), sa.not_(is_valid))
    return JsonColumn(read, decode, lambda key: _pg_place(value, key, abilities, doubt))


def _pg_place(value: Sql, key: str | None, abilities: Abilities, doubt: Any) -> Lines:
    if key is None:
        return postgres_json(value, abilities, doubt=doubt)
    if "\0" in key:
        return Lines(sa.false(), doubt=doubt)  # no jsonb has such a key
    under = value.op("->")(sa.cast(sa.bindparam(None, key, sa.Text()), sa.Text()))
    # Only a column of jsonb can have an index for `@>`.
    return postgres_json(sa.type_coerce(under, JSONB), abilities, column=value if doubt is None else None, key=key, doubt=doubt)


_BUILDERS: dict[str, Callable[[Column, Sql, Abilities, bool], JsonColumn]] = {"sqlite": _sqlite, "duckdb": _duckdb, "postgresql": _postgresql}
