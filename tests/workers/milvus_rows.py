"""Milvus Lite, as `milvus_lite_25` and `milvus_lite_32` run it.

settings: `json`, the field that holds the metadata, `$meta` for dynamic fields; without it each key of the records is a field of
its own type. `nullable`: whether fields can be null.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from typing import Any

from pymilvus import DataType, MilvusClient

logging.disable(logging.CRITICAL)

_TYPES = {str: DataType.VARCHAR, bool: DataType.BOOL, int: DataType.INT64, float: DataType.DOUBLE}
_LONG = 65_535
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class Held:
    """A client and its folder."""

    def __init__(self, nullable: bool) -> None:
        self.nullable = nullable
        self.folder = tempfile.mkdtemp(prefix="whereql-milvus-")
        os.environ["GLOG_log_dir"] = self.folder  # noqa: SIM112 - so glog reads it; else its logs stay in /tmp
        self.client = MilvusClient(f"{self.folder}/milvus.db")
        self.count = 0


_held: dict[bool, Held] = {}


def load(records: Sequence[dict[str, Any]], settings: dict[str, Any]) -> Held:
    """The records in a collection of their own."""
    nullable = bool(settings.get("nullable"))
    held = _held.get(nullable) or _held.setdefault(nullable, Held(nullable))
    held.count += 1
    column = settings.get("json")
    schema = held.client.create_schema(auto_id=False, enable_dynamic_field=column == "$meta")
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=_LONG)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    more = {"nullable": True} if nullable else {}
    if nullable:
        for name in ("text", "uri"):
            schema.add_field(name, DataType.VARCHAR, max_length=_LONG, **more)
    if column is None:
        _add_fields(schema, records, more)
    elif column != "$meta":
        schema.add_field(column, DataType.JSON)
    index = held.client.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="L2")
    held.client.create_collection("records", schema=schema, index_params=index)
    rows = [_row(record, column, held.nullable, schema) for record in records]
    held.client.insert("records", rows)
    held.client.load_collection("records")
    return held


def _add_fields(schema: Any, records: Sequence[dict[str, Any]], more: dict[str, Any]) -> None:
    samples: dict[str, Any] = {}
    for record in records:
        for key, value in record["metadata"].items():
            if key not in samples or samples[key] == []:
                samples[key] = value
    for key, value in samples.items():
        held_by_all = all(key in record["metadata"] for record in records)
        if not _NAME.fullmatch(key) or (not more and not held_by_all):
            continue  # the options of the test don't declare it
        if isinstance(value, list):
            element = _TYPES[type(value[0])] if value else DataType.INT64
            schema.add_field(key, DataType.ARRAY, element_type=element, max_capacity=100, max_length=_LONG, **more)
        else:
            schema.add_field(key, _TYPES[type(value)], **({"max_length": _LONG} if isinstance(value, str) else {}), **more)


def _row(record: dict[str, Any], column: str | None, nullable: bool, schema: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"id": record["id"], "vector": [0.0, 1.0]}
    if nullable:
        row |= {"text": record["document"], "uri": record["uri"]}
    if column is None:
        names = {field.name for field in schema.fields} - row.keys()
        return row | {name: record["metadata"].get(name) for name in names}
    return row | (record["metadata"] if column == "$meta" else {column: record["metadata"]})


def find(held: Held, native: str) -> list[str]:
    """The ids that an expression finds."""
    return [row["id"] for row in held.client.query("records", filter=native, output_fields=["id"], limit=10_000)]


def unload(held: Held) -> None:
    """Drop the collection; the engine stays."""
    held.client.drop_collection("records")


def close() -> None:
    """Stop the engines and remove their folders."""
    for held in _held.values():
        held.client.close()
        shutil.rmtree(held.folder, ignore_errors=True)
