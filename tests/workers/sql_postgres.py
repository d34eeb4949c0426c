# /// script
# dependencies = ["psycopg"]
# ///
"""PostgreSQL, running at the URL that the tests say: a table with metadata in JSONB, or in columns."""

from __future__ import annotations

import json
from typing import Any

import psycopg
from serving import serve

TYPES = {"str": "text", "int": "bigint", "float": "double precision", "bool": "boolean", "dict": "jsonb"}


def load(records: list[dict[str, Any]], settings: dict[str, Any]) -> Any:
    """A temporary table. settings: url; layout, json or columns."""
    connection = psycopg.connect(settings["url"], autocommit=True)
    kinds = {key: kind(value) for record in records for key, value in record["metadata"].items()}
    in_columns = settings.get("layout") == "columns"
    columns = [f"{quoted(key)} {type}" for key, type in kinds.items()] + ["missing text"] if in_columns else ["metadata jsonb"]
    connection.execute(f"CREATE TEMP TABLE t ({', '.join(['id text', 'document text', 'uri text', *columns])})")
    marks = ", ".join(["%s"] * (3 + len(columns)))
    for record in records:
        metadata = record["metadata"]
        values = [*(cell(metadata.get(key)) for key in kinds), None] if in_columns else [json.dumps(metadata) if metadata else None]
        connection.execute(f"INSERT INTO t VALUES ({marks})", [record["id"], record["document"], record["uri"], *values])
    return connection


def kind(value: Any) -> str:
    return f"{kind(value[0])}[]" if isinstance(value, list) else TYPES[type(value).__name__]


def cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def find(connection: Any, native: Any) -> list[str]:
    if isinstance(native, str):
        return [id for (id,) in connection.execute(f"SELECT id FROM t WHERE {native}")]  # without parameters a % is itself
    return [id for (id,) in connection.execute(f"SELECT id FROM t WHERE {native['sql']}", native["params"])]


if __name__ == "__main__":
    serve({"PostgreSQL": "18", "psycopg": psycopg.__version__}, load, find, lambda connection: connection.close())
