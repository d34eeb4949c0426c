"""The memory backend's way into whereql."""

from __future__ import annotations

from typing import Any

from whereql.hookspecs import hookimpl


@hookimpl
def register_backends(register: Any) -> None:
    """Register the backend for `memory:` and for files that are read whole."""
    register(
        "memory",
        "whereql_memory.opening:open_memory",
        schemes=["memory"],
        endings=[".jsonl", ".ndjson", ".json", ".csv", ".parquet"],
    )
