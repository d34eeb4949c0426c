"""Records as documents of MongoDB, for the workers that hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def document(record: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """A record as MongoDB holds it: the keys that it can't hold left out, which no filter names."""
    made: dict[str, Any] = {"_id": record["id"]}
    made |= {name: record[field] for name, field in (("text", "document"), ("uri", "uri")) if record[field] is not None}
    for path, value in entries(record["metadata"], prefix):
        inner = made
        *steps, last = path
        for step in steps:
            inner = inner.setdefault(step, {})
        inner.setdefault(last, value)
    return made


def entries(metadata: Mapping[str, Any], prefix: str) -> Iterator[tuple[list[str], Any]]:
    for key, value in metadata.items():
        path = f"{prefix}{key}".split(".")
        if "\0" not in key and all(path) and not any(step.startswith("$") for step in path):
            yield path, value
