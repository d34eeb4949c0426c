# /// script
# dependencies = ["pyarrow"]
# ///
"""PyArrow: the source of an expression, evaluated with `pc` and `pa` alone, filters a table."""

from __future__ import annotations

from typing import Any

import frames_tables
import pyarrow as pa
import pyarrow.compute as pc
from serving import serve

SCALARS = {"string": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
TYPES = {
    **SCALARS, **{f"{kind}s": pa.list_(type) for kind, type in SCALARS.items()},
    "sparse_vector": pa.struct([("#type", pa.string()), ("indices", pa.list_(pa.int64())), ("values", pa.list_(pa.float64()))]),
}  # fmt: skip


def load(records: Any, settings: Any) -> Any:
    held = frames_tables.columns(records)
    return pa.table({name: pa.array(values, TYPES[kind]) for name, (kind, values) in held.items()})


def add(table: Any, name: str, kind: str) -> Any:
    return table.append_column(name, pa.nulls(table.num_rows, TYPES[kind]))


def find(table: Any, native: str) -> Any:
    lacking = set(frames_tables.names(native, "field")) - set(table.column_names)
    return frames_tables.found(table, native, lacking, add, filtered)


def filtered(table: Any, native: str) -> Any:
    return table.filter(eval(native, {"pa": pa, "pc": pc}))["id"].to_pylist()


if __name__ == "__main__":
    serve({"pyarrow": pa.__version__}, load, find)
