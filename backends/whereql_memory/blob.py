"""The bytes of many texts in one buffer, each text followed by 0xFF, and the search for a needle in them.

UTF-8 never has the byte 0xFF, so whatever is found of a needle lies within one text.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from mmap import mmap

import numpy as np

from whereql.like import like_escaped
from whereql.regex import compile_like
from whereql_memory.arrays import Array, Index, Mask, owners

Buffer = bytes | memoryview | mmap
END = b"\xff"
PAD = 8 * END  # behind the last text, so that eight bytes can be read from any position of a text
_BLOCK = 1 << 20  # bytes that one step of a scan looks at: they and their marks stay in the second cache
_SAMPLES, _SAMPLE = 16, 1 << 12  # at how many places of a blob bytes are counted, and how many there
_HEAD = 32  # bytes of a needle that are compared for all candidates at once; few are left after these
_RARE = 5e-4  # the share of positions with a hit below which it costs less to look at the hits than to compare more bytes
_RARE_BYTE = 1 / 500  # the share of a byte below which to jump from one to the next takes less time than to compare each
_LARGE = 1 << 22  # bytes of a blob above which that makes up for what a pattern takes to compile
_RARE_HIT = 64  # where less than one text in so many has a hit, it may be an object
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
    head = needle[:_HEAD].decode(errors="ignore").encode()  # whole characters, which is what RE2 searches
    search = _search(blob, head)
    for low, high in pairwise(steps(offsets, _BLOCK)):
        search(offsets[low : high + 1], mask[low:high])
    if len(head) < len(needle):
        # A text may have the head at each of its positions: to look at each for the rest would take quadratic time.
        at = np.flatnonzero(mask)
        texts = map(blob.cut, map(slice, offsets[at].tolist(), (offsets[at + 1] - 1).tolist()))
        mask[at] = np.fromiter((needle in text for text in texts), np.bool_, len(at))
    return mask


def steps(offsets: Index, size: int) -> list[int]:
    """The first text of each step of about `size` bytes, and the number of texts; a step ends with a text."""
    places = np.arange(int(offsets[0]), int(offsets[-1]), size)
    edges: list[int] = np.unique(np.append(np.searchsorted(offsets[:-1], places), len(offsets) - 1)).tolist()
    return edges


def _search(blob: Blob, needle: bytes) -> Callable[[Index, Mask], None]:
    """What marks, in the second array, the texts of the offsets in the first that have the needle."""
    share = (blob.frequency / max(int(blob.frequency.sum()), 1)).tolist()
    search = _compare(blob, needle, share)
    return _JumpSearch(blob, needle, search) if share[needle[0]] < _RARE_BYTE and len(blob) > _LARGE else search


def _compare(blob: Blob, needle: bytes, share: list[float]) -> _ByteSearch | _UnitSearch:
    """The search that compares everywhere what leaves few places to verify. share: of each byte, in the blob."""
    threes = enumerate(zip(needle, needle[1:], needle[2:], strict=False))
    triples = [(share[b] * (share[a] + share[c]), at) for at, (a, b, c) in threes if not a == b == c]
    if not triples:
        return _ByteSearch(blob, needle)
    hits, at = min(triples)
    if hits <= _RARE:
        return _UnitSearch(blob, needle, at, 2, False)
    if len(needle) == 3:
        return _ByteSearch(blob, needle)
    if len(needle) >= 7:
        at = min(max(at - 2, 0), len(needle) - 7)
        if len({needle[start : start + 4] for start in range(at, at + 4)}) == 4:
            return _UnitSearch(blob, needle, at, 4, False)
    _, at = min([triple for triple in triples if triple[1] <= len(needle) - 5] or triples)
    return _UnitSearch(blob, needle, at, 2, True)


class _Room(threading.local):
    """Room for the marks of one step after the other, in each thread: memory that is new at each step costs more than the search."""

    def __init__(self) -> None:
        self._held = np.zeros((3, 0), np.bool_)

    def take(self, size: int) -> tuple[Mask, Mask, Mask]:
        """Three arrays of this size, for as long as no others are taken."""
        if not size <= self._held.shape[1] <= 2 * max(size, _BLOCK):
            self._held = np.zeros((3, size + 8 - size % 8), np.bool_)
        return self._held[0, :size], self._held[1, :size], self._held[2, :size]

    def marked(self, size: int) -> Index:
        """Where the first array of this size is true; the second loses its marks. Eight marks are looked at at once, as few are true."""
        self._held[0, size : size + 8 - size % 8] = False
        eights = self._held[0, : size + 8 - size % 8].view(np.uint64)
        found = np.flatnonzero(np.not_equal(eights, 0, out=self._held[1, : len(eights)]))
        at = np.flatnonzero(eights[found].view(np.bool_))
        marked: Index = found[at >> 3] * 8 + (at & 7)
        return marked


_ROOM = _Room()


class _UnitSearch:
    """Looks at the blob in units of two or four bytes: those of the needle from `at` on make a whole unit, wherever they stand.

    A needle may begin at each byte of a unit, so as many different units are looked for, but in half or a quarter of the places;
    with `follows`, for two units in a row where the needle is long enough. Unlike bytes.find and re, this costs the same whether
    hits are rare or everywhere: it makes no object per hit.
    """

    def __init__(self, blob: Blob, needle: bytes, at: int, width: int, follows: bool) -> None:
        self._blob = blob
        self._needle = needle
        self._at = at
        self._width = width
        self._all = np.frombuffer(blob.buffer, f"<u{width}", len(blob) // width)
        self._units = np.frombuffer(b"".join(needle[start : start + width] for start in range(at, at + width)), self._all.dtype)
        ends = [needle[start + width : start + 2 * width] for start in range(at, at + width)]
        self._next = [np.frombuffer(end, self._all.dtype)[0] if follows and len(end) == width else None for end in ends]

    def __call__(self, offsets: Index, mask: Mask) -> None:
        start, stop = int(offsets[0]), int(offsets[-1])
        first, last = start // self._width, stop // self._width
        self._mark(first, last)
        found = _ROOM.marked(last - first)
        if len(found):
            found += first
            units, at = self._all[found], found * self._width - self._at
            for shift, unit in enumerate(self._units):
                at -= (units == unit) * shift
            at = at[np.searchsorted(at, start) :]
            mask[:] = owners(at[self._blob.verify(at, self._needle)], offsets)

    def _mark(self, first: int, last: int) -> None:
        """Mark in the room which of the units from `first` to `last` are one of the needle."""
        fits, others, follow = _ROOM.take(last - first)
        for at, (unit, next_unit) in enumerate(zip(self._units, self._next, strict=True)):
            marks = others if at else fits
            np.equal(self._all[first:last], unit, out=marks)
            if next_unit is not None:
                np.equal(self._all[first + 1 : last + 1], next_unit, out=follow)
                np.logical_and(marks, follow, out=marks)
            if at:
                np.logical_or(fits, others, out=fits)


class _ByteSearch:
    """Looks for up to three bytes in a row at every position: for what is no longer, or has no three bytes to tell apart."""

    def __init__(self, blob: Blob, needle: bytes) -> None:
        self._blob = blob
        self._needle = needle
        self._crowded = False

    def __call__(self, offsets: Index, mask: Mask) -> None:
        start, stop = int(offsets[0]), int(offsets[-1])
        fits, others, _ = _ROOM.take(stop - start)
        np.equal(self._blob.octets[start:stop], self._needle[0], out=fits)
        for behind, byte in enumerate(self._needle[1:3], 1):
            np.equal(self._blob.octets[start + behind : stop + behind], byte, out=others)
            np.logical_and(fits, others, out=fits)
        if self._crowded and len(self._needle) <= 3:
            np.logical_or.reduceat(fits, offsets[:-1] - start, out=mask)
        else:
            at = _ROOM.marked(len(fits)) + start
            mask[:] = owners(at[self._blob.verify(at, self._needle)] if len(self._needle) > 3 else at, offsets)
        self._crowded = bool(np.count_nonzero(mask) * _CROWDED > len(mask))


class _JumpSearch:
    """Goes from one place of the needle's first byte, which is rare, to the next, as RE2 does; until the needle turns out to be frequent."""

    def __init__(self, blob: Blob, needle: bytes, otherwise: Callable[[Index, Mask], None]) -> None:
        self._blob = blob
        self._places = compile_like(f"%{like_escaped(needle.decode())}%", ignore_case=False).places
        self._otherwise = otherwise
        self._is_frequent = False

    def __call__(self, offsets: Index, mask: Mask) -> None:
        if self._is_frequent:
            return self._otherwise(offsets, mask)
        at = np.fromiter(self._places(self._blob.buffer, int(offsets[0]), int(offsets[-1])), np.int64)
        mask[:] = owners(at, offsets)
        self._is_frequent = len(at) * _RARE_HIT > len(mask)
        return None
