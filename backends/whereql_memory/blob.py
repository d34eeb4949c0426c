"""The bytes of many texts in one buffer, each text followed by 0xFF, and the search for a needle in them.

UTF-8 never has the byte 0xFF, so whatever is found of a needle lies within one text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from mmap import mmap

import numpy as np

from whereql_memory.arrays import Array, Index, Mask, owners

Buffer = bytes | memoryview | mmap
END = b"\xff"
PAD = 8 * END  # behind the last text, so that eight bytes can be read from any position of a text
_BLOCK = 1 << 19  # bytes that one step of a scan looks at: they and their marks stay in the second cache
_SAMPLES, _SAMPLE = 16, 1 << 12  # at how many places of a blob bytes are counted, and how many there
_PROBED = 64  # bytes of a needle among which the rarest are looked for
_HEAD = 32  # bytes of a needle that are compared for all candidates at once; few are left after these
_CROWDED = 8  # where one text in so many has a hit, the marks of each text are looked at as a whole


class Blob:
    """A buffer of n bytes, the last eight of them 0xFF, as the arrays that a search needs."""

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer

    def __len__(self) -> int:
        return len(self.buffer)

    @property
    def cut(self) -> Callable[[slice], bytes]:
        """What copies a slice of the buffer."""
        if isinstance(self.buffer, memoryview):
            buffer = self.buffer
            return lambda place: buffer[place].tobytes()
        return self.buffer.__getitem__

    @cached_property
    def octets(self) -> Array:
        """All bytes, uint8, shape (n,)."""
        return np.frombuffer(self.buffer, np.uint8)

    @cached_property
    def pairs(self) -> Array:
        """The bytes two by two, uint16, shape (n // 2,)."""
        return np.frombuffer(self.buffer, "<u2", len(self) // 2)

    @cached_property
    def words(self) -> Array:
        """The eight bytes from each position on, as a view: overlapping and unaligned. Index it; np.take would copy it whole."""
        return np.ndarray((len(self) - 7,), np.dtype("<u8"), self.buffer, 0, (1,))

    @cached_property
    def frequency(self) -> Array:
        """How often each byte is in a sample, shape (256,)."""
        places = np.linspace(0, max(len(self) - _SAMPLE, 0), _SAMPLES).astype(np.int64).tolist()
        return np.bincount(np.concatenate([self.octets[place : place + _SAMPLE] for place in dict.fromkeys(places)]), minlength=256)

    def verify(self, at: Index, needle: bytes) -> Index:
        """At which of the positions `at` the needle stands: ascending numbers into `at`.

        A position is one within a text, or the first of eight bytes that the needle can't have there.
        """
        alive = np.arange(len(at))
        for start in range(0, min(len(needle), _HEAD), 8):
            part = needle[start : start + 8]
            ones, word = np.uint64((1 << 8 * len(part)) - 1), np.uint64(int.from_bytes(part, "little"))
            alive = alive[(self.words[at[alive] + start] & ones) == word]
        if len(needle) > _HEAD and len(alive):
            whole = (self.cut(slice(start, start + len(needle))) == needle for start in at[alive].tolist())
            alive = alive[np.fromiter(whole, np.bool_, len(alive))]
        return alive


def marks(blob: Blob, offsets: Index, needle: bytes) -> Mask:
    """Which texts have the needle, which isn't empty, in them.

    offsets: where each text starts in the blob, and the end of the last, shape (n + 1,). Shape (n,).
    """
    mask = np.zeros(len(offsets) - 1, np.bool_)
    search = _search(blob, needle)
    for low, high in pairwise(steps(offsets, _BLOCK)):
        search(offsets[low : high + 1], mask[low:high])
    return mask


def steps(offsets: Index, size: int) -> list[int]:
    """The first text of each step of about `size` bytes, and the number of texts; a step ends with a text."""
    places = np.arange(int(offsets[0]), int(offsets[-1]), size)
    edges: list[int] = np.unique(np.append(np.searchsorted(offsets[:-1], places), len(offsets) - 1)).tolist()
    return edges


def _search(blob: Blob, needle: bytes) -> Callable[[Index, Mask], None]:
    """What marks, in the second array, the texts of the offsets in the first that have the needle."""
    head = needle[:_PROBED]
    count = dict(enumerate(blob.frequency.tolist()))
    triples = [
        (count[b] * (count[a] + count[c]), at)
        for at, (a, b, c) in enumerate(zip(head, head[1:], head[2:], strict=False))
        if not a == b == c
    ]
    return _TripleSearch(blob, needle, min(triples)[1]) if triples else _ByteSearch(blob, needle)


class _Room:
    """Room for the marks of one step after the other: memory that is new at each step costs more than the search."""

    def __init__(self) -> None:
        self._held = np.empty((2, 0), np.bool_)

    def take(self, size: int) -> tuple[Mask, Mask]:
        """Two arrays of this size."""
        if size > self._held.shape[1]:
            self._held = np.empty((2, size), np.bool_)
        return self._held[0, :size], self._held[1, :size]


class _TripleSearch:
    """Looks for three bytes ABC of the needle: wherever they stand, AB or BC is a pair of the blob, of which half as many are compared.

    Unlike bytes.find and re, this costs the same whether hits are rare or everywhere: it makes no object per hit.
    """

    def __init__(self, blob: Blob, needle: bytes, at: int) -> None:
        self._blob = blob
        self._needle = needle
        self._at = at
        self._first, self._second = (np.uint16(int.from_bytes(needle[i : i + 2], "little")) for i in (at, at + 1))
        self._room = _Room()

    def __call__(self, offsets: Index, mask: Mask) -> None:
        start, stop = int(offsets[0]), int(offsets[-1])
        pairs = self._blob.pairs[start // 2 : stop // 2]
        fits, others = self._room.take(len(pairs))
        np.equal(pairs, self._first, out=fits)
        np.equal(pairs, self._second, out=others)
        np.logical_or(fits, others, out=fits)
        if fits.any():
            found = np.flatnonzero(fits)
            at = 2 * found + (start // 2 * 2 - self._at) - (pairs[found] != self._first)
            at = at[np.searchsorted(at, start) :]
            mask[:] = owners(at[self._blob.verify(at, self._needle)], offsets)


class _ByteSearch:
    """Looks for one byte, or two in a row, at every position: for what has no three bytes to tell apart."""

    def __init__(self, blob: Blob, needle: bytes) -> None:
        self._blob = blob
        self._needle = needle
        self._room = _Room()
        self._crowded = False

    def __call__(self, offsets: Index, mask: Mask) -> None:
        start, stop = int(offsets[0]), int(offsets[-1])
        fits, others = self._room.take(stop - start)
        np.equal(self._blob.octets[start:stop], self._needle[0], out=fits)
        if len(self._needle) > 1:
            np.equal(self._blob.octets[start + 1 : stop + 1], self._needle[1], out=others)
            np.logical_and(fits, others, out=fits)
        if self._crowded and len(self._needle) <= 2:
            np.logical_or.reduceat(fits, offsets[:-1] - start, out=mask)
        else:
            at = np.flatnonzero(fits) + start
            at = at[self._blob.verify(at, self._needle)] if len(self._needle) > 2 else at
            mask[:] = owners(at, offsets)
        self._crowded = bool(np.count_nonzero(mask) * _CROWDED > len(mask))
