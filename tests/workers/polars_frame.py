# /// script
# dependencies = ["polars==2.1.0"]
# ///
"""Polars: the source of an expression, evaluated with `pl` alone, filters a frame."""

from __future__ import annotations

from typing import Any

import frames_tables
import polars as pl
from serving import serve

SCALARS = {"string": pl.String, "int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean}
TYPES = {
    **SCALARS, **{f"{kind}s": pl.List(type) for kind, type in SCALARS.items()},
    "sparse_vector": pl.Struct({"#type": pl.String, "indices": pl.List(pl.Int64), "values": pl.List(pl.Float64)}),
}  # fmt: skip


def load(records: Any, settings: Any) -> Any:
    held = frames_tables.columns(records)
    return pl.DataFrame({name: values for name, (kind, values) in held.items()}, schema={name: TYPES[kind] for name, (kind, _) in held.items()})


def add(frame: Any, name: str, kind: str) -> Any:
    return frame.with_columns(pl.Series(name, [None] * frame.height, TYPES[kind]))


def find(frame: Any, native: str) -> Any:
    lacking = {*frames_tables.names(native, "col"), *frames_tables.names(native, "by_name")} - set(frame.columns)
    return frames_tables.found(frame, native, lacking, add, filtered)


def filtered(frame: Any, native: str) -> Any:
    return frame.filter(eval(native, {"pl": pl}))["id"].to_list()


if __name__ == "__main__":
    serve({"polars": pl.__version__}, load, find)
