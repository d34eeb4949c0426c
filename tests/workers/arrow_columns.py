"""What workers on tables of Arrow share: records as columns of types."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa

TYPES = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "dict": pa.string()}


def table(records: list[dict[str, Any]], takes: Callable[[str], bool] = lambda key: True) -> Any:
    """The records as a table. takes: which keys may be names of columns; filters on others are refused, so that nobody misses them."""
    kinds = {key: kind(value) for record in records for key, value in record["metadata"].items() if takes(key)}
    columns = {name: pa.array([record[name] for record in records], pa.string()) for name in ("id", "document", "uri")}
    columns |= {key: pa.array([cell(record["metadata"].get(key)) for record in records], type) for key, type in kinds.items()}
    return pa.table(columns | {"missing": pa.array([None] * len(records), pa.string())})


def kind(value: Any) -> Any:
    return pa.list_(TYPES[type(value[0]).__name__]) if isinstance(value, list) else TYPES[type(value).__name__]


def cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value
