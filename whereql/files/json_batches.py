"""JSON Lines, many lines at a time: what the exact reader would make of them, through pyarrow where that is installed.

A block of which Arrow might make something else is read line by line; only then is the time per record Python's.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from whereql.batches import Batch, batched
from whereql.cells import UnusualError
from whereql.errors import WhereqlError
from whereql.files.blocks import Block, Source, lines
from whereql.files.content import opened
from whereql.files.rows import METADATA, Reading, Row, form, to_record
from whereql.json_text import JsonError, parse_json

_AHEAD = min(os.cpu_count() or 1, 4)
_LINES = 4096  # that are taken together where Python reads them


def jsonl_batches(reading: Reading, progress: Callable[[int, int], None]) -> Iterator[Batch]:
    """The records of a file; progress: called with the bytes read, and those in all.

    Raises UnusualError where anything may be wrong with the file.
    """
    unseen = reading.own.renamed() - {reading.own.id}
    is_empty = True
    with opened(reading) as stream:
        total = os.fstat(stream.fileno()).st_size
        source = Source(stream, total)
        with closing(_Reader(reading, source)) as reader:
            for block, parsed in reader.parsed():
                for batch in reader.batches(block, parsed):
                    is_empty = is_empty and not len(batch)
                    yield batch
                progress(total if block[1] is None else block[1], total)
    if unseen - reader.seen and not is_empty:
        raise UnusualError


class _Reader:
    """What is known of a file once some blocks are read: its form, and its columns."""

    def __init__(self, reading: Reading, source: Source) -> None:
        self._reading = reading
        self._source = source
        self._nested: bool | None = None
        self._fast: Any = None
        self._seen: set[str] = set()

    @property
    def seen(self) -> set[str]:
        return self._seen | (self._fast.seen if self._fast else set())

    def close(self) -> None:
        """Let go of threads."""
        if self._fast:
            self._fast.close()

    def parsed(self) -> Iterator[tuple[Block, Any]]:
        """Each block, and what Arrow is to make of it in another thread, some blocks ahead; None before the form is known."""
        waiting: deque[tuple[Block, Any]] = deque()
        for block in self._source.blocks():
            if self._fast is None and self._nested is not None:
                self._fast = _arrow(self._reading, self._nested)
            waiting.append((block, self._fast.parse(self._source, block) if self._fast else None))
            if len(waiting) > _AHEAD or not self._fast:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()

    def batches(self, block: Block, parsed: Any) -> Iterator[Batch]:
        """The records of a block. Raises UnusualError."""
        if parsed is not None:
            try:
                yield self._fast.batch(parsed)
                return
            except UnusualError:
                pass
        some = lines(self._source.read(block))
        for start in range(0, len(some), _LINES):
            yield from self._read(some[start : start + _LINES])

    def _read(self, some: list[bytes]) -> Iterator[Batch]:
        """The records of some lines, read one by one. Raises UnusualError."""
        rows = _rows(some)
        self._seen = self._seen.union(*rows) if self._reading.own.renamed() else self._seen
        start = 0
        while self._nested is None and start < len(rows):
            self._nested = form(rows[start], self._reading.own)
            start += self._nested is None
        for part, nested in ((slice(start), False), (slice(start, None), self._nested)):
            try:
                yield self._columns(rows[part], bool(nested))
            except (UnusualError, WhereqlError):
                yield from _judged(_rows(some[part]), self._reading, nested)

    def _columns(self, rows: list[Row], nested: bool) -> Batch:
        """The batch of rows, which it takes apart. Raises UnusualError, and what `clean_metadata` raises."""
        own = self._reading.own
        ids = [row.pop(own.id, None) for row in rows]
        ids = [str(id) if type(id) is int else id for id in ids]
        documents, uris, embeddings = ([row.pop(name, None) for row in rows] for name in (own.document, own.uri, own.embedding))
        metadatas: list[Any] = rows
        if nested:
            metadatas = [row.pop(METADATA, None) for row in rows]
            if any(rows):
                raise UnusualError
        return Batch.of(ids, embeddings, metadatas, documents, uris)


def _arrow(reading: Reading, nested: bool) -> Any:
    """The reader of blocks, False where pyarrow is not installed."""
    try:
        from whereql.files.arrow_json import ArrowReader
    except ImportError:
        return False
    return ArrowReader(reading.own, nested, _AHEAD)


def _rows(some: list[bytes]) -> list[Row]:
    try:
        rows: list[Any] = list(map(parse_json, map(bytes.decode, some)))
    except (JsonError, UnicodeDecodeError):
        raise UnusualError from None
    if set(map(type, rows)) - {dict}:
        raise UnusualError
    return rows


def _judged(rows: list[Row], reading: Reading, nested: bool | None) -> Iterator[Batch]:
    """The batches of rows that are judged one by one, each of embeddings of one dimension. Raises UnusualError."""
    try:
        records = [to_record(0, row, reading, nested) for row in rows]
    except WhereqlError:
        raise UnusualError from None
    yield from batched(records)
