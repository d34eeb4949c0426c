"""SQLite of the standard library: a table with metadata in JSON, or in columns."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from serving import serve

TYPES = {"str": "TEXT", "int": "INTEGER", "float": "REAL", "bool": "INTEGER", "list": "TEXT", "dict": "TEXT"}


def load(records: list[dict[str, Any]], settings: dict[str, Any]) -> sqlite3.Connection:
    """A table in memory. settings: layout, json or columns."""
    connection = sqlite3.connect(":memory:")
    if settings.get("regexp"):
        from whereql.dialects.sql.sqlite import regexp  # the standard library needs no environment of its own

        connection.create_function("regexp", 2, regexp, deterministic=True)
    kinds = {key: type(value).__name__ for record in records for key, value in record["metadata"].items()}
    in_columns = settings.get("layout") == "columns"
    columns = [f"{quoted(key)} {TYPES[kind]}" for key, kind in kinds.items()] + ["missing TEXT"] if in_columns else ["metadata TEXT"]
    connection.execute(f"CREATE TABLE t ({', '.join(['id TEXT', 'document TEXT', 'uri TEXT', *columns])})")
    marks = ", ".join("?" * (3 + len(columns)))
    for number, record in enumerate(records):
        metadata = record["metadata"]
        # JSON is written in both ways, with escapes and without, unless a test wants it plain.
        values = [*(cell(metadata.get(key)) for key in kinds), None] if in_columns else [json.dumps(metadata, ensure_ascii=number % 2 == 0 and not settings.get("plain")) if metadata else None]
        connection.execute(f"INSERT INTO t VALUES ({marks})", [record["id"], record["document"], record["uri"], *values])
    return connection


def cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def find(connection: sqlite3.Connection, native: Any) -> list[str]:
    if isinstance(native, str):
        native = {"sql": native, "params": []}
    return [id for (id,) in connection.execute(f"SELECT id FROM t WHERE {native['sql']}", native["params"])]


if __name__ == "__main__":
    serve({"SQLite": sqlite3.sqlite_version}, load, find, lambda connection: connection.close())
