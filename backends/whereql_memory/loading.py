"""From batches to a table: each is taken apart at once, so that beside the columns no more than one batch is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from itertools import chain, compress, count, filterfalse
from typing import Any

import numpy as np

from whereql.batches import Batch
from whereql.cells import Cells, Utf8, present
from whereql.files import iter_batches
from whereql.records import Record, check_dimensions
from whereql.strings import codes
from whereql_memory.arrays import Array, Index, Rows, codes_type, offsets_of
from whereql_memory.columns import Arrays, Column, Plain, Raw, Sparse, Strings
from whereql_memory.ids import Ids
from whereql_memory.table import Table
from whereql_memory.texts import SortedTexts, Texts

_CHUNK = 1024  # texts that are encoded at a time: they stay in the cache of a core
_PAD = 8 * b"\xff"


def table_of(records: Sequence[Record]) -> Table:
    """The table of a batch, or of other records; their ids are all different, and their embeddings of one dimension."""
    if not isinstance(records, Batch):
        return Table.of(records)
    loading = Loading()
    loading.add(records)
    return loading.table()


def read_table(path: str, **options: Any) -> Table:
    """The table of a file; options: those of `whereql.files.iter_records`. Raises BackendError for what the file has wrong."""
    loading = Loading()
    for batch in iter_batches(path, **options):
        loading.add(batch)
    return loading.table()


class Loading:
    """The columns of batches that come one after the other.

    Texts grow in one buffer, which becomes the blob without a copy; strings are numbered as they come and sorted once, at the end.
    ids: of all batches.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._documents, self._uris = _TextColumn(), _TextColumn()
        self._vectors = _Vectors()
        self._keys: dict[str, dict[str, _KeyColumn]] = {}

    def add(self, batch: Batch) -> None:
        """Add the records of a batch. Raises BackendError for embeddings of another dimension than those before."""
        start = len(self.ids)
        check_dimensions(batch, self._vectors.dimension, start)
        with self._whole_or_not():
            self.ids += batch.ids
            self._documents.add(batch.documents, start)
            self._uris.add(batch.uris, start)
            self._vectors.add(batch, start)
            for name, kinds in batch.keys.items():
                columns = self._keys.setdefault(name, {})
                for cells in kinds:
                    columns.setdefault(cells.kind, _KeyColumn()).add(cells, start, len(batch))

    @contextmanager
    def _whole_or_not(self) -> Iterator[None]:
        """What is done within is undone if it fails, be it for want of memory or by Ctrl-C."""
        size, dimension = len(self.ids), self.dimension
        keys = {name: dict(kinds) for name, kinds in self._keys.items()}
        columns = [self._documents, self._uris, self._vectors, *chain.from_iterable(map(dict.values, keys.values()))]
        undo = [column.mark() for column in columns]
        try:
            yield
        except BaseException:
            del self.ids[size:]
            self._keys, self._vectors.dimension = keys, dimension
            for step in undo:
                step()
            raise

    @property
    def dimension(self) -> int | None:
        """The length of the embeddings, None without any."""
        return self._vectors.dimension

    def table(self) -> Table:
        """The table of all batches; nothing can be added afterwards."""
        size = len(self.ids)
        with self._whole_or_not():
            keys = {name: {kind: column.column(size) for kind, column in kinds.items()} for name, kinds in self._keys.items()}
            return Table(Ids.of(self.ids), self._documents.column(size), self._uris.column(size), self._vectors.column(size), keys)


class _Placed:
    """The rows that have a value, batch by batch."""

    def __init__(self) -> None:
        self._rows: list[Index | range] = []
        self._lists: list[list[Any]] = [self._rows]

    def mark(self) -> Callable[[], object]:
        """What takes back whatever is added from now on."""
        lengths = list(map(len, self._lists))

        def undo() -> None:
            for values, length in zip(self._lists, lengths, strict=True):
                del values[length:]

        return undo

    def _place(self, rows: Rows, start: int, size: int) -> None:
        self._rows.append(range(start, start + size) if rows is None else rows + start)

    def _placed(self, size: int) -> Rows:
        if sum(map(len, self._rows)) == size:
            return None
        return np.concatenate([np.empty(0, np.int64), *(np.arange(rows.start, rows.stop) if isinstance(rows, range) else rows for rows in self._rows)])


class _Buffered(_Placed):
    """The same, with values in one buffer."""

    def __init__(self) -> None:
        super().__init__()
        self._blob = BytesIO()

    def mark(self) -> Callable[[], object]:
        """See _Placed."""
        undo, position = super().mark(), self._blob.tell()
        return lambda: (undo(), self._blob.seek(position), self._blob.truncate())


class _TextColumn(_Buffered):
    """Documents or uris."""

    def __init__(self) -> None:
        super().__init__()
        self._lengths: list[Index] = []
        self._lists.append(self._lengths)

    def add(self, texts: list[str | None] | Utf8 | None, start: int) -> None:
        if texts is None:
            return
        if isinstance(texts, Utf8):
            self._place(texts.rows, start, len(texts.offsets) - 1)
            self._blob.write(texts.blob)
            self._blob.write(b"\xff")
            self._lengths.append(np.diff(texts.offsets))
            return
        for first in range(0, len(texts), _CHUNK):
            self._add(texts[first : first + _CHUNK], start + first)

    def _add(self, texts: list[str | None], start: int) -> None:
        at = None
        try:
            blob, lengths = _encoded(texts)
        except TypeError:  # not all are strings: to ask first takes as long as to encode them
            at = present(texts)
            blob, lengths = _encoded([text for text in texts if text is not None])
        self._place(at, start, len(texts))
        self._blob.write(blob)
        self._lengths.append(lengths)

    def column(self, size: int) -> Raw:
        self._blob.write(_PAD)
        lengths = np.concatenate([*self._lengths, np.empty(0, np.int64)])
        return Raw(self._placed(size), Texts(self._blob.getvalue(), offsets_of(lengths)))


def _encoded(texts: Sequence[Any]) -> tuple[bytes, Index]:
    """Texts as UTF-8, 0xFF behind each, and the length of each in bytes, that included. Raises TypeError for None."""
    if all(map(str.isascii, texts)):  # one string of Latin-1, in which 0xFF is a character: a third of the price of a loop
        return "\xff".join([*texts, ""]).encode("latin-1"), np.fromiter(map(len, texts), np.int64, len(texts)) + 1
    encoded = list(map(str.encode, texts))
    return b"\xff".join([*encoded, b""]), np.fromiter(map(len, encoded), np.int64, len(encoded)) + 1


class _Vectors(_Buffered):
    """Embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.dimension: int | None = None

    def add(self, batch: Batch, start: int) -> None:
        if batch.dimension is not None:
            self.dimension = batch.dimension
            self._place(batch.vector_rows, start, len(batch))
            self._blob.write(batch.vectors.data)

    def column(self, size: int) -> Plain:
        if self.dimension is None:
            return Plain(np.empty(0, np.int64) if size else None, np.empty((0, 0), np.float32))
        return Plain(self._placed(size), np.frombuffer(self._blob.getvalue(), np.float32).reshape(-1, self.dimension))


class _KeyColumn(_Placed):
    """The values of one kind under one key."""

    def __init__(self) -> None:
        super().__init__()
        self._data: list[Array] = []
        self._lengths: list[Index] = []
        self._lists += [self._data, self._lengths]
        self._codes: dict[str, int] = {}
        self._words: list[str] = []  # of the last cells, which may have grown in those that come …
        self._numbers = np.empty(0, np.uint32)  # … and the codes of some of them here

    def add(self, cells: Cells, start: int, size: int) -> None:
        self._place(cells.rows, start, size)
        data = cells.data
        if cells.words is not None:
            data = self._numbered(cells.words)[data]
        elif data.dtype.kind == "i":
            data = data.astype(_ints_type(data), copy=False)
        self._data.append(data)
        if cells.offsets is not None:
            self._lengths.append(np.diff(cells.offsets))

    def _numbered(self, words: list[str]) -> Array:
        if words is not self._words:
            self._words, self._numbers = words, self._numbers[:0]
        if len(words) > len(self._numbers):
            new = words[len(self._numbers) :]
            self._codes.update(zip(filterfalse(self._codes.__contains__, new), count(len(self._codes)), strict=False))
            self._numbers = np.concatenate([self._numbers, codes(new, self._codes)])
        return self._numbers

    def column(self, size: int) -> Column:
        rows = self._placed(size)
        if not self._lengths:
            return self._plain(rows)
        return Arrays(rows, offsets_of(np.concatenate(self._lengths)), self._plain(None))

    def _plain(self, rows: Rows) -> Plain | Strings:
        data = np.concatenate(self._data)
        if not self._codes:
            return Sparse(rows, data) if data.dtype.kind == "O" else Plain(rows, data)
        used = np.zeros(len(self._codes), np.bool_)
        used[data] = True
        words = sorted(compress(self._codes, used.tolist()))
        places = np.empty(len(self._codes), codes_type(len(words)))
        places[codes(words, self._codes)] = np.arange(len(words), dtype=places.dtype)
        return Strings(rows, places[data], SortedTexts.of(words))


def _ints_type(values: Array) -> Any:
    """The smallest type of ints that holds these."""
    if not len(values):
        return np.int8
    return np.promote_types(np.min_scalar_type(min(int(values.min()), -1)), np.min_scalar_type(min(-int(values.max()) - 1, -1)))
