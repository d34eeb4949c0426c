"""Many strings as one UTF-8 blob, so that a text operator is a scan in C over contiguous memory, not a loop over objects.

Behind each text stands the byte 0xFF, which UTF-8 never has: a needle found in the blob lies within one text.

>>> Texts.of(["neural nets", "", "networks"]).contains("net").tolist()
[True, False, True]
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, pairwise, repeat
from typing import Self

import numpy as np

from whereql.like import like_parts
from whereql.regex import Searcher, compile_like, compile_pattern
from whereql_memory.arrays import Array, Index, Mask, join_offsets, offsets_of, owners

_END = b"\xff"
_PAD = 8 * _END  # behind the last text, so that eight bytes can be read from any position of a text
_BLOCK = 1 << 18  # bytes that one step of a scan looks at: they and their marks stay in the cache
_CHUNK = 4096  # texts that are cut out of the blob at a time, where an operator needs each as an object
_SAMPLE = 1 << 16
_HEAD = 32  # bytes of a needle that are compared for all candidates at once; few are left after these


class Texts:
    """An immutable sequence of n strings. Every operator returns a bool array of shape (n,)."""

    __slots__ = ("_blob", "offsets")

    def __init__(self, blob: bytes, offsets: Index) -> None:
        """From the blob (each text, then 0xFF; eight more at the end) and where each text starts, and the end: shape (n + 1,)."""
        self._blob = blob
        self.offsets = offsets

    @classmethod
    def of(cls, strings: Iterable[str]) -> Self:
        """From Python strings. Raises UnicodeEncodeError for a lone surrogate."""
        return cls._of_encoded(list(map(str.encode, strings)))

    @classmethod
    def _of_encoded(cls, encoded: list[bytes]) -> Self:
        offsets = offsets_of(np.fromiter(map(len, encoded), np.int64, len(encoded)) + 1)
        encoded.append(_PAD)
        return cls(_END.join(encoded), offsets)

    @classmethod
    def join(cls, parts: Sequence[Texts]) -> Self:
        """Several sequences, one behind the other."""
        blobs = [memoryview(part._blob)[: part.offsets[-1]] for part in parts]
        return cls(b"".join([*blobs, _PAD]), join_offsets([part.offsets for part in parts]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Index:
        """The length of each text in bytes, shape (n,)."""
        return np.diff(self.offsets) - 1

    @property
    def nbytes(self) -> int:
        """The bytes of memory held."""
        return len(self._blob) + self.offsets.nbytes

    def pick(self, at: Index) -> Self:
        """The texts numbered `at`, in that order."""
        return self._of_encoded(list(self.encoded(at)))

    def tolist(self, at: Index | None = None) -> list[str]:
        """Python strings: those numbered `at`, or all."""
        return list(map(bytes.decode, self.encoded(None if at is not None and len(at) == len(self) and _counts(at) else at)))

    def encoded(self, at: Index | None = None) -> Iterator[bytes]:
        """The texts numbered `at`, or all, as UTF-8."""
        if at is not None:
            return map(self._blob.__getitem__, map(slice, self.offsets[at].tolist(), (self.offsets[at + 1] - 1).tolist()))
        edges = [*self.offsets[:-1:_CHUNK].tolist(), int(self.offsets[-1])]
        return chain.from_iterable(self._blob[a : b - 1].split(_END) for a, b in pairwise(edges))

    # The operators.

    def equals(self, text: str) -> Mask:
        """Which texts are `text`."""
        whole = text.encode() + _END
        return self._standing(self.offsets[:-1], whole, self.lengths == len(whole) - 1)

    def isin(self, wanted: Collection[str]) -> Mask:
        """Which texts are among `wanted`."""
        known = frozenset(map(str.encode, wanted))
        at = np.flatnonzero(np.isin(self.lengths, np.array([*map(len, known)], np.int64)))
        return self._filled(at, map(known.__contains__, self.encoded(at)))

    def before(self, text: str, or_equal: bool) -> Mask:
        """Which texts sort before `text` by code point (which is the order of UTF-8 bytes), or are equal to it."""
        bound = text.encode()
        return np.fromiter(map(bound.__ge__ if or_equal else bound.__gt__, self.encoded()), np.bool_, len(self))

    def contains(self, part: str) -> Mask:
        """Which texts have `part` in them."""
        needle = part.encode()
        if not needle:
            return np.ones(len(self), np.bool_)
        mask = np.zeros(len(self), np.bool_)
        edges = [*self._block_edges(), len(self)]
        probes = self._probes(needle)
        for low, high in pairwise(edges):
            hits = self._find(needle, probes, int(self.offsets[low]), int(self.offsets[high]))
            mask[low:high] = owners(hits, self.offsets[low : high + 1])
        return mask

    def starts(self, part: str) -> Mask:
        """Which texts start with `part`."""
        needle = part.encode()
        return self._standing(self.offsets[:-1], needle, self.lengths >= len(needle))

    def ends(self, part: str) -> Mask:
        """Which texts end with `part`."""
        needle = part.encode()
        return self._standing(self.offsets[1:] - 1 - len(needle), needle, self.lengths >= len(needle))

    def like(self, pattern: str) -> Mask:
        """Which texts match a LIKE pattern as a whole. Raises CheckError for a malformed one."""
        searcher = compile_like(pattern, ignore_case=False)
        pieces, only_runs = _like_pieces(pattern)
        match pieces:
            case [whole] if only_runs:
                return self.equals(whole)
            case [head, tail] if only_runs:
                return self.starts(head) & self.ends(tail) & (self.lengths >= len((head + tail).encode()))
            case ["", part, ""] if only_runs:
                return self.contains(part)
        # A match has every literal piece in it, so only texts with the longest are looked at.
        return self._searched(searcher, np.flatnonzero(self.contains(max(pieces, key=len))))

    def ilike(self, pattern: str) -> Mask:
        """Which texts match an ILIKE pattern as a whole. Raises CheckError for a malformed one."""
        return self._searched(compile_like(pattern, ignore_case=True))

    def matches(self, pattern: str) -> Mask:
        """In which texts a regular expression is found. Raises CheckError for a malformed one."""
        return self._searched(compile_pattern(pattern))

    def _searched(self, searcher: Searcher, at: Index | None = None) -> Mask:
        found = map(searcher.search, self.encoded(at))
        return np.fromiter(found, np.bool_, len(self)) if at is None else self._filled(at, found)

    def _filled(self, at: Index, hits: Iterable[bool]) -> Mask:
        mask = np.zeros(len(self), np.bool_)
        mask[at] = np.fromiter(hits, np.bool_, len(at))
        return mask

    # The scan.

    @property
    def _bytes(self) -> Array:
        return np.frombuffer(self._blob, np.uint8)

    @property
    def _words(self) -> Array:
        """The eight bytes from each position on, as a view: overlapping and unaligned. Index it; np.take would copy it whole."""
        return np.ndarray((len(self._blob) - 7,), np.dtype("<u8"), self._blob, 0, (1,))

    def _standing(self, at: Index, needle: bytes, fits: Mask) -> Mask:
        """In which texts, of those that `fits` marks, the needle stands at the position `at`, shape (n,)."""
        mask = np.zeros(len(self), np.bool_)
        texts = np.flatnonzero(fits)
        mask[texts[self._verify(at[texts], needle)]] = True
        return mask

    def _verify(self, at: Index, needle: bytes) -> Index:
        """At which of the positions `at` the needle stands: ascending numbers into `at`."""
        alive = np.arange(len(at))
        for start in range(0, min(len(needle), _HEAD), 8):
            part = needle[start : start + 8]
            ones, word = np.uint64((1 << 8 * len(part)) - 1), np.uint64(int.from_bytes(part, "little"))
            alive = alive[(self._words[at[alive] + start] & ones) == word]
        if len(needle) > _HEAD and len(alive):
            whole = map(self._blob.startswith, repeat(needle), at[alive].tolist())
            alive = alive[np.fromiter(whole, np.bool_, len(alive))]
        return alive

    def _block_edges(self) -> list[int]:
        """The first text of each step of a scan; a step ends with a text."""
        edges: list[int] = np.unique(np.searchsorted(self.offsets[:-1], np.arange(0, int(self.offsets[-1]), _BLOCK))).tolist()
        return [edge for edge in edges if edge < len(self)]

    def _probes(self, needle: bytes) -> list[int]:
        """The positions of the needle's two rarest bytes, judged by a sample of the blob."""
        frequency = np.bincount(self._bytes[:_SAMPLE], minlength=256)
        position = {byte: at for at, byte in enumerate(needle[:64])}
        rarest = sorted(position.values(), key=lambda at: int(frequency[needle[at]]))
        return rarest[:2]

    def _find(self, needle: bytes, probes: list[int], start: int, stop: int) -> Index:
        """The positions of the needle between two positions of the blob, ascending.

        Two bytes are compared everywhere, the others only where both fit. Unlike bytes.find and re, this costs the same
        whether hits are rare or everywhere, and it is faster than either: it makes no object per hit.
        """
        span = stop - start - len(needle)
        if span <= 0:
            return np.empty(0, np.int64)
        window = self._bytes[start:stop]
        fits = np.ones(span, np.bool_)
        for probe in probes:
            fits &= window[probe : probe + span] == needle[probe]
        at = np.flatnonzero(fits) + start
        return at[self._verify(at, needle)] if len(needle) > len(probes) else at


def _counts(at: Index) -> bool:
    return len(at) == 0 or (at[0] == 0 and at[-1] == len(at) - 1 and bool((np.diff(at) == 1).all()))


def _like_pieces(pattern: str) -> tuple[list[str], bool]:
    """A LIKE pattern cut at its wildcards: the literal pieces, inner empty ones left out; and whether `%` is the only wildcard."""
    pieces, only_runs = [""], True
    for part in like_parts(pattern):
        if part in ("%", "_"):
            pieces.append("")
            only_runs = only_runs and part == "%"
        else:
            pieces[-1] += part[1:]
    inner = [piece for piece in pieces[1:-1] if piece]
    return [pieces[0], *inner, *pieces[-1:]] if len(pieces) > 1 else pieces, only_runs


class SortedTexts(Texts):
    """Distinct texts in ascending order: what is an interval of them is found by bisection."""

    __slots__ = ()

    def _text(self, number: int) -> bytes:
        return self._blob[self.offsets[number] : self.offsets[number + 1] - 1]

    def _below(self, text: bytes) -> int:
        return bisect_left(range(len(self)), text, key=self._text)

    def _place(self, text: str) -> slice:
        """Where `text` stands: a slice of one, or an empty one."""
        encoded = text.encode()
        low = self._below(encoded)
        return slice(low, low + (low < len(self) and self._text(low) == encoded))

    def _interval(self, *places: slice) -> Mask:
        mask = np.zeros(len(self), np.bool_)
        for place in places:
            mask[place] = True
        return mask

    def equals(self, text: str) -> Mask:
        """Which text is `text`."""
        return self._interval(self._place(text))

    def isin(self, wanted: Collection[str]) -> Mask:
        """Which texts are among `wanted`."""
        return super().isin(wanted) if len(wanted) * 16 > len(self) else self._interval(*map(self._place, wanted))

    def before(self, text: str, or_equal: bool) -> Mask:
        """Which texts sort before `text`, or are equal to it."""
        bound = text.encode()
        return self._interval(slice(bisect_right(range(len(self)), bound, key=self._text) if or_equal else self._below(bound)))

    def starts(self, part: str) -> Mask:
        """Which texts start with `part`: those up to `part` followed by a byte above all of UTF-8."""
        needle = part.encode()
        return self._interval(slice(self._below(needle), self._below(needle + _END)))


def distinct(strings: Iterable[str]) -> tuple[SortedTexts, dict[str, int]]:
    """The different strings, sorted, and the code of each."""
    vocabulary = sorted(dict.fromkeys(strings))
    return SortedTexts.of(vocabulary), dict(zip(vocabulary, range(len(vocabulary)), strict=True))


