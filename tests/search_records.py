"""Records as search engines hold them: each key with values of one line, strings, numbers or bools, in arrays or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from whereql.records import SPARSE, Record, stored_kind

DOCUMENT, URI = "whereql.document", "whereql.uri"


def declared(records: Sequence[Record]) -> dict[str, list[str]]:
    """The kinds of the keys, as the option `schema` has them."""
    kinds: dict[str, set[str]] = {}
    for record in records:
        for key, value in (record.metadata or {}).items():
            kinds.setdefault(key, set()).add(stored_kind(value))
    return {key: sorted(found) for key, found in kinds.items()}


def by_line(records: Sequence[Record]) -> list[Record]:
    """The records, each key with the line of its value in its name: so that ints and floats, scalars and arrays still meet under one."""
    return [replace(record, metadata={f"{key}{_line(value)}": value for key, value in (record.metadata or {}).items()} or None) for record in records]


def _line(value: Any) -> str:
    kind = stored_kind(value)
    return {"int": "n", "float": "n", SPARSE: "v"}.get(kind.removesuffix("[]"), kind[0])
