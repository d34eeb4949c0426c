"""Many rows at a time, by the fastest way into each database: its own bulk load where the driver has one, else the driver's loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from whereql_sql.capability import Abilities
from whereql_sql.lists import INT, is_in

_ROWS = 20_000  # in one statement


def fetch(connection: Connection, statement: sa.Select[Any]) -> list[Any]:
    """All rows of a query, as the driver's tuples: SQLAlchemy's own rows cost as much as the query does."""
    with connection.execute(statement) as result:
        return [] if result.cursor is None else list(result.cursor.fetchall())


def insert_rows(connection: Connection, table: sa.Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of all of a table's columns, in their order."""
    driver = connection.connection.dbapi_connection
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        if hasattr(driver, "register"):
            _insert_arrays(connection, driver, table, some)
        elif hasattr(driver, "pgconn"):
            _copy(driver, table, some)
        else:
            _insert_each(connection, table, some)


def _insert_arrays(connection: Connection, driver: Any, table: sa.Table, rows: Sequence[Sequence[Any]]) -> None:
    """DuckDB reads numpy arrays in place; bound one by one, values take four times as long."""
    import numpy as np

    cells = zip(*rows, strict=True)
    driver.register("whereql_rows", {column.name: np.array(some, _DTYPES.get(type(column.type), object)) for column, some in zip(table.c, cells, strict=True)})
    try:
        connection.exec_driver_sql(f"INSERT INTO {table.name} SELECT * FROM whereql_rows").close()
    finally:
        driver.unregister("whereql_rows")


_DTYPES: dict[type, str] = {sa.BigInteger: "int64", sa.Double: "float64"}


def _copy(driver: Any, table: sa.Table, rows: Sequence[Sequence[Any]]) -> None:
    """PostgreSQL's COPY, as psycopg 3 has it."""
    names = ", ".join(column.name for column in table.c)
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


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
