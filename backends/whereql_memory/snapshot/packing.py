"""Packing: records into a snapshot, segment by segment, so that any number of them takes the memory of one segment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from itertools import islice
from typing import Any

import numpy as np

from whereql.files import iter_records
from whereql.records import Record, check_dimensions
from whereql.source import visible
from whereql_memory.snapshot.distinct import Distinct
from whereql_memory.snapshot.layout import write_table
from whereql_memory.snapshot.verification import id_at
from whereql_memory.snapshot.writer import Writer, writing
from whereql_memory.table import Table, merge

_BATCH = 50_000  # records that become a table at a time
_SEGMENT = 1 << 20  # records of a segment at most …
_SEGMENT_BYTES = 1 << 30  # … or bytes of its texts and embeddings, about


def pack(
    target: str,
    source: str | Iterable[Record],
    options: Mapping[str, Any],
    *,
    overwrite: bool = False,
    progress: Callable[[int], None] = lambda count: None,
) -> int:
    """Write a snapshot of a file, or of records, and say how many there were; of records with one id, the first is kept.

    options: those of `whereql.files.iter_records`, for a file; progress: called with the number of records so far.
    The target is there whole or not at all. Raises BackendError for what the file has wrong, embeddings of different dimensions,
    a target that is there already (unless `overwrite`), and whatever the system refuses.
    """
    records = iter_records(source, **options) if isinstance(source, str) else source
    with writing(target, visible(target), overwrite) as writer:
        return write_tables(writer, tables(records), progress)


def tables(records: Iterable[Record]) -> Iterator[Table]:
    """Records as tables of 50,000. Raises BackendError for embeddings of different dimensions."""
    rest = iter(records)
    dimension = None
    while batch := list(islice(rest, _BATCH)):
        dimension = check_dimensions(batch, dimension)
        yield Table.of(batch)


def write_tables(writer: Writer, tables: Iterable[Table], progress: Callable[[int], None] = lambda count: None) -> int:
    """Write tables, which may be of any size, as segments; how many records there were, of each id one."""
    described: list[dict[str, Any]] = []
    waiting: list[Table] = []
    distinct = Distinct(partial(_id_at, writer, described, waiting))
    writer.meta |= {"by": f"whereql {version('whereql')}", "segments": described}

    def flush() -> None:
        if waiting:
            described.append(write_table(writer, len(described), _merged(waiting)))
            waiting.clear()

    for table in tables:
        if waiting and (sum(map(len, waiting)) + len(table) > _SEGMENT or sum(map(_weight, waiting)) > _SEGMENT_BYTES):
            flush()
        fresh = distinct.fresh(table.ids.listed)
        if len(fresh):
            waiting.append(table if len(fresh) == len(table) else table.take(fresh))
        progress(len(distinct))
    flush()
    return len(distinct)


def _weight(table: Table) -> int:
    return table.documents.texts.nbytes + table.vectors.data.nbytes


def _merged(tables: list[Table]) -> Table:
    if len(tables) == 1:
        return tables[0]
    edges = np.cumsum([0, *map(len, tables)]).tolist()
    return merge([(table, np.arange(low, high)) for table, low, high in zip(tables, edges, edges[1:], strict=False)])


def _id_at(writer: Writer, described: list[dict[str, Any]], waiting: list[Table], row: int) -> str:
    """The id of a row, out of what is written, or waits to be."""
    for number, about in enumerate(described):
        if row < about["records"]:
            start, stop = writer.peek(f"{number}/ids/offsets", row, row + 2).tolist()
            return writer.peek(f"{number}/ids/blob", start, stop - 1).tobytes().decode()
        row -= about["records"]
    return id_at(waiting, row)
