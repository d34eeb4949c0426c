# /// script
# dependencies = ["datafusion==55.0.0"]
# ///
"""DataFusion: a table in memory."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pyarrow as pa
from arrow_columns import table
from datafusion import SessionContext
from serving import serve


def load(records: list[dict[str, Any]], settings: dict[str, Any]) -> SessionContext:
    context = SessionContext()
    data = table(records, lambda key: "\0" not in key)
    context.register_record_batches("t", [data.to_batches() or [pa.RecordBatch.from_pylist([], data.schema)]])
    return context


def find(context: SessionContext, native: dict[str, Any] | str) -> list[str]:
    if isinstance(native, str):
        native = {"sql": native}
    if "names" in native:  # as the parser has them
        return list(context.sql(f"SELECT {native['names']}").schema().names)
    text = native["text"] if "text" in native else f"SELECT id FROM t WHERE {native['sql']}"
    params = dict(native.get("params") or {})
    batches = (context.sql(text, param_values=params) if params else context.sql(text)).collect()
    return [id for batch in batches for id in batch.column(0).to_pylist()]


if __name__ == "__main__":
    serve({"DataFusion": version("datafusion")}, load, find)
