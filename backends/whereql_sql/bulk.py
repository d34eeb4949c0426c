"""Many rows at a time: written as arrays that are bound whole where the database takes them, else by the driver's own loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

from whereql_sql.capability import Abilities
from whereql_sql.lists import INT, is_in
from whereql_sql.tables import Vector

_ROWS = 10_000  # in one statement


def fetch(connection: Connection, statement: sa.Select[Any]) -> list[Any]:
    """All rows of a query, as the driver's tuples: SQLAlchemy's own rows cost as much as the query does."""
    with connection.execute(statement) as result:
        return [] if result.cursor is None else list(result.cursor.fetchall())


def insert_rows(connection: Connection, table: sa.Table, rows: Sequence[Sequence[Any]], abilities: Abilities) -> None:
    """Insert rows of all of a table's columns, in their order."""
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        if abilities.arrays in ("any", "unnest"):
            columns = [_unnested(column, list(cells)) for column, cells in zip(table.c, zip(*some, strict=True), strict=True)]
            connection.execute(sa.insert(table).from_select(list(table.c), sa.select(*columns)))
        else:
            _insert_each(connection, table, some)


def _unnested(column: sa.Column[Any], cells: list[Any]) -> sa.ColumnElement[Any]:
    kind: Any = sa.Text() if isinstance(column.type, (Vector, sa.Text)) else sa.BigInteger() if isinstance(column.type, sa.Integer) else column.type
    rows = sa.func.unnest(sa.cast(sa.bindparam(None, cells, ARRAY(kind)), ARRAY(kind)))
    return sa.cast(rows, column.type) if isinstance(column.type, Vector) else rows


def _insert_each(connection: Connection, table: sa.Table, rows: Sequence[Sequence[Any]]) -> None:
    statement = sa.insert(table)
    if connection.dialect.positional:
        # Straight to the driver: SQLAlchemy's own loop over dicts takes as long as the database does.
        connection.exec_driver_sql(str(statement.compile(dialect=connection.dialect)), [tuple(row) for row in rows])
    else:
        names = [column.name for column in table.c]
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])


def delete_rows(connection: Connection, table: sa.Table, rows: Sequence[Sequence[Any]]) -> None:
    """Delete the rows that have these values in the first columns of a table, by which they are found in its index."""
    if rows:
        columns = list(table.c)[: len(rows[0])]
        names = [f"{column.name}_" for column in columns]
        statement = sa.delete(table).where(*[column == sa.bindparam(name, type_=column.type) for column, name in zip(columns, names, strict=True)])
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])


def delete_numbers(connection: Connection, table: sa.Table, numbers: Iterable[int], abilities: Abilities) -> None:
    """Delete the rows of these records."""
    known = list(numbers)
    size = len(known) if abilities.arrays is not None else abilities.variables
    for start in range(0, len(known), size or 1):
        connection.execute(sa.delete(table).where(is_in(table.c.seq, known[start : start + size], INT, abilities)))
