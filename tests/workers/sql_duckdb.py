# /// script
# dependencies = ["duckdb"]
# ///
"""DuckDB: a table with metadata in JSON, or in columns."""

from __future__ import annotations

import json
from typing import Any

import duckdb
from serving import serve

TYPES = {"str": "VARCHAR", "int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN", "dict": "JSON"}


def load(records: list[dict[str, Any]], settings: dict[str, Any]) -> Any:
    """A table in memory. settings: layout, json or columns."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    kinds = {key: kind(value) for record in records for key, value in record["metadata"].items()}
    in_columns = settings.get("layout") == "columns"
    columns = [f"{quoted(key)} {type}" for key, type in kinds.items()] + ["missing VARCHAR"] if in_columns else ["metadata JSON"]
    connection.execute(f"CREATE TABLE t ({', '.join(['id VARCHAR', 'document VARCHAR', 'uri VARCHAR', *columns])})")
    marks = ", ".join("?" * (3 + len(columns)))
    for record in records:
        metadata = record["metadata"]
        values = [*(cell(metadata.get(key)) for key in kinds), None] if in_columns else [json.dumps(metadata, ensure_ascii=False) if metadata else None]
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
        native = {"sql": native, "params": []}
    return [id for (id,) in connection.execute(f"SELECT id FROM t WHERE {native['sql']}", native["params"]).fetchall()]


if __name__ == "__main__":
    serve({"DuckDB": duckdb.__version__}, load, find, lambda connection: connection.close())
