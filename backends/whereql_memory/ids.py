"""The ids of a table: as Python strings, as one blob of text, and by hash; each form is made when it is first needed.

>>> ids = Ids(np.array(["a", "b", "c"], np.object_))
>>> ids.find(["c", "x", "a"]).tolist()
[0, 2]
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import compress
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from whereql_memory.arrays import Array, Index, Mask, rows_in, runs_at
from whereql_memory.texts import Texts

_SCAN = 16  # ids asked for by a table's length: from here on one pass over all of the table's costs less than looking each up
CACHED = 1 << 18  # ids that stay in the cache, so that jumping from one to the next costs nothing
_FEW_OF, _MOST_OF = 0.05, 0.6  # of ids in the cache, shares between which making rows of a mask first pays
_LONG = 0.3  # of other ids, the share from which on running along all of them is faster than jumping
_FEW, _FEWER = 32, 2  # ids up to which each is looked up by itself, among Python strings and in a blob
_NEARLY = 0.99  # the share from which on it is worth a look whether these are all
_PIECE = 4096  # ids that are taken at a time: what counts their uses is then still in the cache when the list is made
_INT = 32  # bytes of a Python int
_PASSES = 6  # over all ids, before an index is made, which takes as long


class IdIndex(NamedTuple):
    """Rows by the hash of their id: the CRC-32 of its UTF-8, cut to the lowest k bits.

    order: the rows, bucket by bucket, uint32 of shape (n,); starts: where each bucket starts in it, and the end, uint32 of shape
    (2**k + 1,), with 2**k the first power of two that is not below n.
    """

    order: NDArray[np.uint32]
    starts: NDArray[np.uint32]

    @classmethod
    def of(cls, ids: Iterable[bytes], size: int) -> IdIndex:
        """The index of `size` ids in UTF-8."""
        count = 1 << max(size - 1, 0).bit_length()
        buckets = np.fromiter(map(crc32, ids), np.uint32, size) & np.uint32(count - 1)
        starts = np.zeros(count + 1, np.uint32)
        np.cumsum(np.bincount(buckets, minlength=count), out=starts[1:])
        return cls(np.argsort(buckets, kind="stable").astype(np.uint32), starts)


class _Counted:
    """An iterator of so many strings: a list that knows how long it gets does not grow step by step."""

    __slots__ = ("_count", "_strings")

    def __init__(self, strings: Iterator[str], count: int) -> None:
        self._strings, self._count = strings, count

    def __iter__(self) -> Iterator[str]:
        return self._strings

    def __length_hint__(self) -> int:
        return self._count


class Ids:
    """n ids, all different. strings: Python objects, shape (n,); texts: the same as a blob. One of them is enough."""

    def __init__(self, strings: Array | None = None, texts: Texts | None = None, index: IdIndex | None = None) -> None:
        self._strings = strings
        self._texts = texts
        self._index = index
        self._listed: list[str] | None = None
        self._viewed: tuple[memoryview, memoryview, int] | None = None
        self._places: dict[str, int] | None = None
        self._passes = 0
        self._size = len(strings) if strings is not None else len(texts) if texts is not None else 0

    @classmethod
    def of(cls, ids: Collection[str]) -> Ids:
        """From Python strings."""
        return cls(np.fromiter(ids, np.object_, len(ids)))

    def __len__(self) -> int:
        return self._size

    @property
    def strings(self) -> Array:
        """Python strings, shape (n,)."""
        if self._strings is None:
            self._strings = np.fromiter(self.texts.tolist(), np.object_, len(self.texts))
        return self._strings

    @property
    def listed(self) -> list[str]:
        """The same strings as a list, which compresses faster than an array."""
        if self._listed is None:
            self._listed = self.strings.tolist()
        return self._listed

    @property
    def texts(self) -> Texts:
        """The ids as texts, for the operators that look into them."""
        if self._texts is None:
            self._texts = Texts.of(self.strings)
        return self._texts

    @property
    def index(self) -> IdIndex:
        """The rows by hash."""
        if self._index is None:
            encoded = self.texts.encoded() if self._strings is None else map(str.encode, self._strings)
            self._index = IdIndex.of(encoded, len(self))
        return self._index

    @property
    def places(self) -> dict[str, int]:
        """The row of each id. Where they are many, it takes too much memory, and is no faster than the index."""
        if self._places is None:
            self._places = dict(zip(self.listed, range(self._size), strict=True))
        return self._places

    @property
    def nbytes(self) -> int:
        """The bytes held beside the strings themselves."""
        parts = [self._strings, self._texts, *(self._index or ())]
        held: int = sum(part.nbytes for part in parts if part is not None)
        return held if self._places is None else held + sys.getsizeof(self._places) + _INT * self._size

    def at(self, rows: Index | list[int]) -> list[str]:
        """The ids of these rows."""
        strings = self._strings
        if isinstance(rows, list):
            return [strings[row] for row in rows] if strings is not None else self.texts.tolist(np.array(rows, np.int64))
        if strings is None:
            if len(rows) * _SCAN < self._size:
                return self.texts.tolist(rows)
            strings = self.strings
        if len(rows) < _PIECE or self._size < CACHED:
            return strings.take(rows).tolist()  # type: ignore[no-any-return]  # strings
        chosen: list[str] = []
        for start in range(0, len(rows), _PIECE):
            chosen += strings.take(rows[start : start + _PIECE]).tolist()
        return chosen

    def marked(self, mask: Mask, about: float) -> list[str]:
        """The ids of the rows of a mask, shape (n,), that has about so many of them; by whichever way is fastest for these."""
        if self._strings is None and about * _SCAN < self._size:
            return self.at(rows_in(mask, about))
        share = about / self._size
        if share > _NEARLY and mask.all():
            return self.listed.copy()
        if self._size >= CACHED:
            if share <= _LONG:
                return self.at(rows_in(mask, about))
            return list(_Counted(compress(self.listed, mask.tobytes()), int(np.count_nonzero(mask))))
        chosen: list[str] = self.strings[mask if share < _FEW_OF or share > _MOST_OF else rows_in(mask, about)].tolist()
        return chosen

    def find(self, ids: Collection[str]) -> Index:
        """The ascending rows of those of the ids, each of which is asked for once, that are there."""
        return np.asarray(self.look_up(ids), np.int64)

    def look_up(self, ids: Collection[str]) -> Index | list[int]:
        """As `find`; rows that are found one by one come as a list."""
        if not self._is_indexed(len(ids)):
            wanted = frozenset(ids)
            return np.flatnonzero(np.fromiter(map(wanted.__contains__, self.listed), np.bool_, len(self)))
        if self._index is None and self._size <= CACHED:
            rows = [row for row in map(self.places.get, ids) if row is not None]
        elif len(ids) > (_FEWER if self._strings is None else _FEW):
            return self._rows(ids)
        else:
            rows = self._few(ids)
        rows.sort()
        return rows

    def _rows(self, ids: Collection[str]) -> Index:
        """The ascending rows of several ids: all that share a bucket with one of them, and of these the same."""
        order, starts = self.index
        buckets = np.fromiter(map(crc32, map(str.encode, ids)), np.int64, len(ids)) & (len(starts) - 2)
        lengths, places = runs_at(starts, buckets)
        rows = order[places]
        there = self._strings.take(rows) if self._strings is not None else np.fromiter(self.texts.tolist(rows.astype(np.int64)), np.object_, len(rows))
        wanted = np.fromiter(ids, np.object_, len(ids)).repeat(lengths)
        found: Index = rows[there == wanted].astype(np.int64)
        found.sort()
        return found

    def _few(self, ids: Iterable[str]) -> list[int]:
        """The rows of ids, one by one, in the order of these."""
        if self._viewed is None:
            order, starts = self.index
            self._viewed = order.data, starts.data, len(starts) - 2  # single items are read faster from a memoryview than from an array
        ordered, starting, last = self._viewed
        strings, rows = self._strings, []
        for id in ids:
            encoded = id.encode()
            bucket = crc32(encoded) & last
            for row in ordered[starting[bucket] : starting[bucket + 1]]:
                if (strings[row] == id) if strings is not None else (next(self.texts.encoded(np.array([row]))) == encoded):
                    rows.append(row)
        return rows

    def _is_indexed(self, wanted: int) -> bool:
        """Whether to look ids up by hash: not where so many are wanted that one pass is less, nor before passes have cost as much."""
        if wanted * _SCAN > self._size:
            return False
        if self._index is None:
            self._passes += 1
        return self._index is not None or self._passes > _PASSES

    def take(self, rows: Index) -> Ids:
        """The ids of these rows."""
        return Ids(np.fromiter(self.at(rows), np.object_, len(rows)))

    @classmethod
    def join(cls, parts: Sequence[Ids]) -> Ids:
        """Several, one behind the other."""
        return cls(np.concatenate([part.strings for part in parts]))
