"""Packing: records into a snapshot, segment by segment, so that any number of them takes the memory of one segment."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import islice
from typing import Any

import numpy as np

from whereql.batches import Batch, batched
from whereql.cells import Utf8
from whereql.files import iter_batches
from whereql.records import Record, check_dimensions
from whereql.source import visible
from whereql_memory.loading import Loading
from whereql_memory.snapshot.distinct import Distinct
from whereql_memory.snapshot.indexes import write_indexes
from whereql_memory.snapshot.layout import write_table
from whereql_memory.snapshot.writer import Writer, writing
from whereql_memory.table import Table, merge

_BATCH = 50_000  # records that become columns at a time
_SEGMENT = 1 << 20  # records of a segment at most …
_SEGMENT_BYTES = 1 << 30  # … or bytes of its texts and embeddings, about


def pack(
    target: str,
    source: str | Iterable[Record],
    options: Mapping[str, Any],
    *,
    overwrite: bool = False,
    words: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write a snapshot of a file, or of records, and say how many there were; of records with one id, the first is kept.

    options: those of `whereql.files.iter_batches`, for a file, and progress, too; words: with an index of the words of the documents.
    The target is there whole or not at all. Raises BackendError for what the file has wrong, embeddings of different dimensions,
    a target that is there already (unless `overwrite`), and whatever the system refuses.
    """
    batches: Iterable[Sequence[Record]] = iter_batches(source, progress=progress, **options) if isinstance(source, str) else _batches(source)
    with writing(target, visible(target), overwrite) as writer:
        packing = Packing(writer, words)
        for batch in batches:
            packing.add(batch)
        return packing.finish()


def _batches(records: Iterable[Record]) -> Iterator[Sequence[Record]]:
    rest = iter(records)
    while some := list(islice(rest, _BATCH)):
        yield from batched(some)


class Packing:
    """What is written of a snapshot, and the records that wait to become its next segment. words: as in `pack`."""

    def __init__(self, writer: Writer, words: bool) -> None:
        self._writer = writer
        self._words = words
        self._segments: list[dict[str, Any]] = []
        self._waiting: list[Table | Loading] = []
        self._ids: list[str] = []  # of the records that wait
        self._weight = 0
        self._dimension: int | None = None
        self._distinct = Distinct(self._id_of)
        writer.meta |= {"by": f"whereql {version('whereql')}", "segments": self._segments}

    def add(self, records: Sequence[Record]) -> None:
        """Add those whose id is new, the first of each. Raises BackendError for an embedding of another dimension than those before."""
        self._dimension = check_dimensions(records, self._dimension)
        weight = _weight(records) + 4 * len(records) * (self._dimension or 0)
        if self._ids and (len(self._ids) + len(records) > _SEGMENT or self._weight + weight > _SEGMENT_BYTES):
            self._flush()
        ids = records.ids if isinstance(records, Batch) else [record.id for record in records]
        fresh = self._distinct.fresh(ids).tolist()
        if len(fresh) < len(ids):
            ids, records = [ids[at] for at in fresh], [records[at] for at in fresh]
        self._weight += weight
        self._ids += ids
        if isinstance(records, Batch):
            last = self._waiting[-1] if self._waiting else None
            loading = last if isinstance(last, Loading) else Loading()
            if loading is not last:
                self._waiting.append(loading)
            loading.add(records)
        elif records:
            self._waiting.append(Table.of(records))

    def finish(self) -> int:
        """Write what waits; how many records there are."""
        self._flush()
        return len(self._distinct)

    def _flush(self) -> None:
        if self._ids:
            table = _merged([each.table() if isinstance(each, Loading) else each for each in self._waiting])
            self._waiting.clear()
            number = len(self._segments)
            self._segments.append(write_table(self._writer, number, table))
            write_indexes(self._writer, number, table, self._words)
            self._ids, self._weight = [], 0
            del table
            gc.collect()  # a segment and its indexes hold each other, and are few objects, for which Python would let gigabytes wait

    def _id_of(self, row: int) -> str:
        """The id of a record that was added, by its place."""
        for number, about in enumerate(self._segments):
            if row < about["records"]:
                start, stop = self._writer.peek(f"{number}/ids/offsets", row, row + 2).tolist()
                return self._writer.peek(f"{number}/ids/blob", start, stop - 1).tobytes().decode()
            row -= about["records"]
        return self._ids[row]


def _weight(records: Sequence[Record]) -> int:
    """About how many bytes the documents take."""
    texts = records.documents if isinstance(records, Batch) else [record.document for record in records]
    return len(texts.blob) if isinstance(texts, Utf8) else sum(map(len, filter(None, texts or ())))


def _merged(tables: list[Table]) -> Table:
    if len(tables) == 1:
        return tables[0]
    edges = np.cumsum([0, *map(len, tables)]).tolist()
    return merge([(table, np.arange(low, high)) for table, low, high in zip(tables, edges, edges[1:], strict=False)])
