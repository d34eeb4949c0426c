"""The memory backend's way into whereql."""

from __future__ import annotations

from typing import Any

from whereql.hookspecs import hookimpl


@hookimpl
def register_backends(register: Any) -> None:
    """Register the backend for `memory:`, for files that are read whole, and for snapshots."""
    register(
        "memory",
        "whereql_memory.opening:open_memory",
        schemes=["memory"],
        endings=[".jsonl", ".ndjson", ".json", ".csv", ".parquet"],
    )
    register("snapshot", "whereql_memory.snapshot.opening:open_snapshot", endings=[".wql"], packer="whereql_memory.snapshot.packing:pack")
