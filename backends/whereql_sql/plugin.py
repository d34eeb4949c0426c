"""The SQL backend's way into whereql."""

from __future__ import annotations

from typing import Any

from whereql.hookspecs import hookimpl


@hookimpl
def register_backends(register: Any) -> None:
    """Register the backend for the URLs that SQLAlchemy opens."""
    register("sql", "whereql_sql.opening:open_sql", schemes=["sqlite", "postgresql", "duckdb", "mysql", "mariadb"])
