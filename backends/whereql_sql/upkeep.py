"""What a database needs after a large load, to go on finding values fast. It changes no answer, and may fail without harm."""

from __future__ import annotations

from contextlib import suppress

from whereql.errors import BackendError
from whereql_sql.engine import Database
from whereql_sql.tables import Tables

MANY = 10_000  # records more, and twice as many, after which it pays


def keep_up(database: Database, tables: Tables) -> None:
    """Count the values (PostgreSQL plans by that, and would come to it minutes later), or put them in order (DuckDB)."""
    with suppress(BackendError):
        match database.name:
            case "postgresql":
                _count(database, tables)
            case "duckdb":
                _sort(database, tables)


def _count(database: Database, tables: Tables) -> None:
    with database.writing() as connection:
        for table in tables.all:
            connection.exec_driver_sql(f"ANALYZE {table.name}")


def _sort(database: Database, tables: Tables) -> None:
    # Each load is in order within itself; only if all of them are does a block of rows have few slots and values, so that
    # others are skipped.
    for table in (tables.strings, tables.numbers):
        with database.writing() as connection:
            connection.exec_driver_sql(f"CREATE TABLE whereql_sorted AS SELECT * FROM {table.name} ORDER BY slot, value, seq")
            connection.exec_driver_sql(f"DROP TABLE {table.name}")
            connection.exec_driver_sql(f"ALTER TABLE whereql_sorted RENAME TO {table.name}")
