"""What the options say of a table's columns, and the mapping that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import ColumnElement

from whereql.errors import BackendError
from whereql.source import quote
from whereql_sql.capability import Abilities, Condition
from whereql_sql.mapped.columns import LEFT_OUT, Cell, sqlite_cell, text_cell, typed_cell
from whereql_sql.mapped.json_columns import JsonColumn, is_json, json_column
from whereql_sql.mapped.mapping import Keys, TableMapping
from whereql_sql.mapped.places import Lines
from whereql_sql.mapped.reflection import Column, TableInfo, column_named, read_table
from whereql_sql.mapped.vectors import vector_cell

_ROLES = ("id", "document", "uri", "embedding", "metadata")


def map_table(
    connection: Connection, abilities: Abilities, options: Mapping[str, Any], *, hidden: Sequence[str] = (), only: Condition | None = None
) -> TableMapping:
    """The mapping of a table, by the options of `open_mapped`. hidden: columns that are no keys; only: the rows that count."""
    _check_names(options)
    name = options["table"]
    info = read_table(connection, name, options.get("schema"))
    builder = CellBuilder(connection, abilities, info)
    roles = _roles(info, options)
    columns = {column.name: cell for column in _keys(info, options, roles, hidden) if (cell := builder.key(column)) is not None}
    json = builder.json(roles["metadata"]) if "metadata" in roles else None
    id = builder.text(roles["id"])
    is_typed = connection.dialect.name in ("postgresql", "duckdb")
    return TableMapping(
        shown=name,
        source=info.table,
        id=id,
        document=builder.text(roles["document"]) if "document" in roles else None,
        uri=builder.text(roles["uri"]) if "uri" in roles else None,
        embedding=builder.vector(roles["embedding"]) if "embedding" in roles else None,
        columns=columns,
        keys=None if json is None else Keys(json.read, json.decode, lru_cache(maxsize=256)(json.place)),
        order=_order(info, options, roles["id"]),
        only=tuple(each for each in (only, _has_id(id, info.table.c[roles["id"].name], is_typed)) if each is not None),
    )


def _has_id(id: Cell, column: ColumnElement[Any], is_typed: bool) -> Condition | None:
    """The condition that a row has an id, if it may have none."""
    if id.required and is_typed:
        return None
    return id.place.exists if isinstance(id.place, Lines) else column.is_not(None)


def _check_names(options: Mapping[str, Any]) -> None:
    """Raise BackendError WQ712 for an option that is no name, or no list of names."""
    for option in ("table", "schema", *_ROLES):
        if not isinstance(options.get(option, ""), str | None) or options.get("table") is None:
            raise BackendError("WQ712", f"{option} is a name", path=option, hint=f"write {option}='…'")
    for option in ("order", "keys"):
        value = options.get(option, ())
        names = (value,) if isinstance(value, str) and option == "order" else value
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise BackendError("WQ712", f"{option} is a list of the names of columns", path=option, hint=f"write {option}=['…']")


def _keys(info: TableInfo, options: Mapping[str, Any], roles: Mapping[str, Column], hidden: Sequence[str]) -> list[Column]:
    """The columns that are metadata keys: those that are named, or all that are nothing else."""
    used = {column.name: role for role, column in roles.items()}
    if "keys" not in options:
        return [column for column in info.columns.values() if column.name not in used and column.name not in hidden]
    for name in options["keys"]:
        if name in used:
            raise BackendError("WQ720", f"the column {quote(name)} can't be both {used[name]} and a key", path="keys", hint="leave it out of keys")
    return [column_named(info, name, "keys") for name in dict.fromkeys(options["keys"])]


def _roles(info: TableInfo, options: Mapping[str, Any]) -> dict[str, Column]:
    """The columns that are the record's own fields."""
    named = {role: options[role] for role in _ROLES if options.get(role) is not None}
    if "id" not in named:
        if len(info.primary_key) != 1:
            why = "a primary key of several columns" if info.primary_key else "no primary key"
            raise BackendError("WQ720", f"the table {quote(info.table.name)} has {why}, so its ids are not known", path="id", hint="name a column whose values are unique: id=")
        named["id"] = info.primary_key[0]
    roles = {role: column_named(info, name, role) for role, name in named.items()}
    taken: dict[str, str] = {}
    for role, column in roles.items():
        if column.name in taken:
            raise BackendError("WQ720", f"the column {quote(column.name)} can't be both {taken[column.name]} and {role}", path=role, hint="give each its own column")
        taken[column.name] = role
    return roles


def _order(info: TableInfo, options: Mapping[str, Any], id: Column) -> tuple[Any, ...]:
    """By what rows are ordered: as asked, and by id where that is equal; by default the primary key."""
    asked = options.get("order")
    names: Sequence[str] = info.primary_key if asked is None else (asked,) if isinstance(asked, str) else asked
    columns = [column_named(info, name, "order").name for name in names]
    if asked is not None and id.name not in columns:
        columns.append(id.name)
    return tuple(info.table.c[name] for name in columns)


class CellBuilder:
    """Makes cells of the columns of one table."""

    def __init__(self, connection: Connection, abilities: Abilities, info: TableInfo) -> None:
        self._connection = connection
        self._abilities = abilities
        self._info = info
        self._dialect = connection.dialect.name

    def key(self, column: Column) -> Cell | None:
        """The cell of a column that is a metadata key; None where it is left out."""
        sql = self._info.table.c[column.name]
        if self._dialect == "sqlite":
            return self.json(column).cell() if is_json(column) else sqlite_cell(column, sql, self._abilities)
        if column.type.name in LEFT_OUT:
            return None
        return self.json(column).cell() if is_json(column) else typed_cell(column, sql, self._dialect, self._abilities)

    def text(self, column: Column) -> Cell:
        """The cell of an id, a document or a uri."""
        return text_cell(column, self._info.table.c[column.name], self._dialect, self._abilities)

    def vector(self, column: Column) -> Cell:
        """The cell of an embedding."""
        return vector_cell(column, self._info.table.c[column.name], self._dialect)

    def json(self, column: Column) -> JsonColumn:
        """A column of JSON."""
        return json_column(column, self._info.table.c[column.name], self._dialect, self._abilities, has_validity=self._has_validity())

    def _has_validity(self) -> bool:
        if self._dialect != "postgresql":
            return False
        return bool(self._connection.execute(sa.text("SELECT count(*) FROM pg_proc WHERE proname = 'pg_input_is_valid'")).scalar())
