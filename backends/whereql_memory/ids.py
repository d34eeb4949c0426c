"""The ids of a table: as Python strings, as one blob of text, and by hash; each form is made when it is first needed.

>>> ids = Ids(np.array(["a", "b", "c"], np.object_))
>>> ids.find(["c", "x", "a"]).tolist()
[0, 2]
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from whereql_memory.arrays import Array, Index
from whereql_memory.texts import Texts

_SCAN = 16  # ids asked for by a table's length: from here on one pass over all of the table's costs less than looking each up

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


class Ids:
    """n ids, all different. strings: Python objects, shape (n,); texts: the same as a blob. One of them is enough."""

    def __init__(self, strings: Array | None = None, texts: Texts | None = None, index: IdIndex | None = None) -> None:
        self._strings = strings
        self._texts = texts
        self._index = index
        self._listed: list[str] | None = None
        self._viewed: tuple[memoryview, memoryview, int] | None = None
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
    def nbytes(self) -> int:
        """The bytes held beside the strings themselves."""
        parts = [self._strings, self._texts, *(self._index or ())]
        return sum(part.nbytes for part in parts if part is not None)

    def at(self, rows: Index) -> list[str]:
        """The ids of these rows."""
        strings = self._strings
        if strings is None:
            if len(rows) * _SCAN < self._size:
                return self.texts.tolist(rows)
            strings = self.strings
        chosen: list[str] = strings[rows].tolist()
        return chosen

    def find(self, ids: Collection[str]) -> Index:
        """The ascending rows of those of the ids that are there."""
        if not self._is_indexed(len(ids)):
            wanted = frozenset(ids)
            return np.flatnonzero(np.fromiter(map(wanted.__contains__, self.listed), np.bool_, len(self)))
        rows = [row for row in map(self._row, ids) if row is not None]
        return np.array(rows if len(rows) < 2 else sorted(set(rows)), np.int64)

    def _row(self, id: str) -> int | None:
        order, starts, last = self._buckets()
        encoded = id.encode()
        bucket = crc32(encoded) & last
        for at in range(starts[bucket], starts[bucket + 1]):
            row: int = order[at]
            if (self._strings[row] == id) if self._strings is not None else (next(self.texts.encoded(np.array([row]))) == encoded):
                return row
        return None

    def _buckets(self) -> tuple[memoryview, memoryview, int]:
        """The index for look-ups one by one, which are faster in a memoryview than in an array; and what cuts a hash to a bucket."""
        if self._viewed is None:
            order, starts = self.index
            self._viewed = order.data, starts.data, len(starts) - 2
        return self._viewed

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
