"""Every store that whereql opens, filled with the same records: what the differential and the golden tests run on."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from test_example_tantivy import PLUGIN as TANTIVY
from whereql_http.spelling import is_kept
from whereql_memory.backend import MemoryBackend

import whereql
from whereql.records import Record, Value
from whereql.values import Scalar

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Places:
    """Where the servers are: URLs of a PostgreSQL database and of a Chroma server."""

    postgres: str
    chroma: str


def open_store(name: str, records: Sequence[Record], places: Places, stack: ExitStack) -> whereql.Collection:
    """A new collection of a store, with these records; it is closed with the stack."""
    number = next(_numbers)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="whereql-store-")))
    match name:
        case "memory":
            opened = whereql.open("memory:")
        case "memory, indexes on" | "memory, indexes off":
            opened = whereql.Collection(MemoryBackend(indexes=name.rpartition(" ")[2]))
        case "sqlite" | "duckdb":
            opened = whereql.open(f"{name}:///{folder / 'store.db'}")
        case "postgresql":
            opened = whereql.open(places.postgres, f"store-{number}")
        case "chroma":
            opened = whereql.open(places.chroma, f"store-{number}", create=True)
        case "tantivy":
            opened = whereql.Collection(TANTIVY.Index())
        case _:
            raise ValueError(f"no store is called {name}")
    collection = stack.enter_context(opened)
    collection.add_records(records)
    return collection


def storable_records(records: Sequence[Record]) -> list[Record]:
    """The records as each of the stores can hold them, without those that have the id of an earlier one then."""
    kept: dict[str, Record] = {}
    for number, record in enumerate(records):
        made = _storable(record, number)
        kept.setdefault(made.id, made)
    return list(kept.values())


def _storable(record: Record, number: int) -> Record:
    """Without NUL and sparse vectors, with an embedding, and with keys that Chroma takes."""
    metadata = {_storable_key(key): _storable_value(value) for key, value in (record.metadata or {}).items() if not isinstance(value, dict)}
    return replace(
        record,
        id=_without_nul(record.id),
        document=None if record.document is None else _without_nul(record.document),
        uri=None if record.uri is None else _without_nul(record.uri),
        embedding=np.array([number, 1], np.float32),
        metadata=metadata or None,
    )


def _without_nul(text: str) -> str:
    return text.replace("\0", "∅")


def _storable_key(key: str) -> str:
    plain = _without_nul(key)
    return f"k{plain}" if not plain or plain[0] in "#$" else plain


def _storable_value(value: Value) -> Value:
    if isinstance(value, list):
        return [_storable_scalar(item) for item in value]  # type: ignore[return-value]  # of one kind still
    return value if isinstance(value, dict) else _storable_scalar(value)


def _storable_scalar(value: Scalar) -> Scalar:
    """Without NUL; and a number that a Chroma server would read as its neighbour, to fewer digits."""
    if isinstance(value, float) and not is_kept(value):
        return next((near for digits in (15, 14, 13, 12) if is_kept(near := float(f"{value:.{digits}g}"))), 0.5)
    return _without_nul(value) if isinstance(value, str) else value
