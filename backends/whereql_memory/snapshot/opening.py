"""Opening a snapshot: a collection to be read, of which nothing but the directory is read before it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whereql.errors import BackendError
from whereql.source import quote, visible
from whereql_memory.backend import MemoryBackend
from whereql_memory.opening import FileBackend
from whereql_memory.shelf import INDEX_OPTIONS, index_settings
from whereql_memory.snapshot.reader import Container, read
from whereql_memory.snapshot.segment import StoredTable
from whereql_memory.snapshot.verification import verify


def open_snapshot(url: str, collection: str | None, options: Mapping[str, Any]) -> SnapshotBackend:
    """The collection in a file that `whereql pack` wrote. options: `indexes` and `index_memory` (see MemoryBackend).

    Raises BackendError for a file that can't be read, or is not what was written. What is wrong in a column shows when it is used.
    """
    for name in options:
        if name not in INDEX_OPTIONS:
            hint = f"known are {', '.join(INDEX_OPTIONS)}: its records are typed already"
            raise BackendError("WQ712", f"there is no option {quote(name)} for {quote(url)}", hint=hint)
    if collection is not None:
        raise BackendError("WQ712", f"{quote(url)} is one collection without a name", hint="leave the collection's name out")
    container = read(url, visible(url))
    tables = segments(container)
    return SnapshotBackend(MemoryBackend.of(tables, **index_settings(url, options)), container=container, tables=tables)


@dataclass(frozen=True, kw_only=True)
class SnapshotBackend(FileBackend):
    """The records of a snapshot, to be read only."""

    container: Container
    tables: Sequence[StoredTable]

    def verify(self) -> int:
        """Read the whole file, and hold everything in it against its checksums and what a snapshot must be; how many records it has.

        Raises BackendError for the first thing that is wrong.
        """
        return verify(self.container, self.tables)


def segments(container: Container) -> list[StoredTable]:
    """The segments of a file, in the order of the collection. Raises BackendError for a directory that makes no sense."""
    listed = container.meta.get("segments")
    if not isinstance(listed, list):
        raise container.damaged("the directory lists no segments")
    tables = [StoredTable(container, number, about) for number, about in enumerate(listed)]
    if len({table.dimension for table in tables} - {None}) > 1:
        raise container.damaged("its embeddings are of different dimensions")
    return tables

