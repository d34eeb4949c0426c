"""Many strings as one UTF-8 blob, so that a text operator is a scan in C over contiguous memory, not a loop over objects.

Behind each text stands the byte 0xFF, which UTF-8 never has: a needle found in the blob lies within one text.

>>> Texts.of(["neural nets", "", "networks"]).contains("net").tolist()
[True, False, True]
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import Self

import numpy as np

from whereql.like import like_parts
from whereql.regex import Searcher, compile_like, compile_loose, compile_pattern, needs
from whereql_memory.arrays import Index, Mask, join_offsets, offsets_of, owners
from whereql_memory.blob import END, PAD, Blob, Buffer, marks, steps

_CHUNK = 4096  # texts that are cut out of the blob at a time, where an operator needs each as an object
_GATHERED = 4  # to copy a text costs as much as to scan so many
_SEARCHED = 1 << 20  # bytes of texts that a regular expression is searched in at once
_TELLING = 3  # characters of a literal, with which a scan for it leaves few texts to search in


class Texts:
    """An immutable sequence of n strings.

    Every operator returns a bool array of shape (n,), or, given the numbers of some texts as `at`, one of shape (len(at),).
    """

    __slots__ = ("_blob", "offsets")

    def __init__(self, blob: Buffer | Blob, offsets: Index) -> None:
        """From the blob (each text, then 0xFF; eight more at the end) and where each text starts, and the end: shape (n + 1,).

        The first need not start at 0, and neither array is written to.
        """
        self._blob = blob if isinstance(blob, Blob) else Blob(blob)
        self.offsets = offsets

    @classmethod
    def of(cls, strings: Iterable[str]) -> Self:
        """From Python strings. Raises UnicodeEncodeError for a lone surrogate."""
        return cls.of_encoded(list(map(str.encode, strings)))

    @classmethod
    def of_encoded(cls, encoded: list[bytes]) -> Self:
        """From UTF-8."""
        offsets = offsets_of(np.fromiter(map(len, encoded), np.int64, len(encoded)) + 1)
        return cls(END.join([*encoded, PAD]), offsets)

    @classmethod
    def join(cls, parts: Sequence[Texts]) -> Self:
        """Several sequences, one behind the other."""
        blobs = [memoryview(part._blob.buffer)[part.offsets[0] : part.offsets[-1]] for part in parts]
        return cls(b"".join([*blobs, PAD]), join_offsets([part.offsets for part in parts]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def blob(self) -> Buffer:
        """The buffer in which the texts lie; that of `span` has others before and behind them."""
        return self._blob.buffer

    @property
    def lengths(self) -> Index:
        """The length of each text in bytes, shape (n,)."""
        return np.diff(self.offsets) - 1

    @property
    def nbytes(self) -> int:
        """The bytes of memory held."""
        return len(self._blob) + self.offsets.nbytes

    def span(self, low: int, high: int) -> Texts:
        """The texts from number `low` up to `high`, without a copy."""
        return Texts(self._blob, self.offsets[low : high + 1])

    def pick(self, at: Index) -> Self:
        """The texts numbered `at`, in that order."""
        return self.of_encoded(list(self.encoded(at)))

    def tolist(self, at: Index | None = None) -> list[str]:
        """Python strings: those numbered `at`, or all."""
        return list(map(bytes.decode, self.encoded(None if at is not None and len(at) == len(self) and _counts(at) else at)))

    def encoded(self, at: Index | None = None) -> Iterator[bytes]:
        """The texts numbered `at`, or all, as UTF-8."""
        if at is not None:
            return map(self._blob.cut, map(slice, self.offsets[at].tolist(), (self.offsets[at + 1] - 1).tolist()))
        edges = [*self.offsets[:-1:_CHUNK].tolist(), int(self.offsets[-1])]
        return chain.from_iterable(self._blob.cut(slice(a, b - 1)).split(END) for a, b in pairwise(edges))

    # The operators.

    def equals(self, text: str, at: Index | None = None) -> Mask:
        """Which texts are `text`."""
        whole = text.encode() + END
        fits: Mask = self._sizes(at) == len(whole)
        fits[fits] = self._standing(self._starts(np.flatnonzero(fits) if at is None else at[fits]), whole)
        return fits

    def isin(self, wanted: Collection[str], at: Index | None = None) -> Mask:
        """Which texts are among `wanted`."""
        known = frozenset(map(str.encode, wanted))
        fits = np.isin(self._sizes(at), np.array([len(text) + 1 for text in known], np.int64))
        fits[fits] = self._tested(known.__contains__, np.flatnonzero(fits) if at is None else at[fits])
        return fits

    def before(self, text: str, or_equal: bool, at: Index | None = None) -> Mask:
        """Which texts sort before `text` by code point (which is the order of UTF-8 bytes), or are equal to it."""
        bound = text.encode()
        return self._tested(bound.__ge__ if or_equal else bound.__gt__, at)

    def contains(self, part: str, at: Index | None = None) -> Mask:
        """Which texts have `part` in them."""
        needle = part.encode()
        if not needle:
            return np.ones(len(self) if at is None else len(at), np.bool_)
        return self._scanned(lambda texts: marks(texts._blob, texts.offsets, needle), at)

    def starts(self, part: str, at: Index | None = None) -> Mask:
        """Which texts start with `part`."""
        return self._standing(self._starts(at), part.encode())

    def ends(self, part: str, at: Index | None = None) -> Mask:
        """Which texts end with `part`."""
        needle = part.encode()
        ends = self.offsets[1:] if at is None else self.offsets[at + 1]
        # Where a text is too short, an end or the beginning of the blob is in the way.
        return self._standing(np.maximum(ends - 1 - len(needle), 0), needle + END)

    def like(self, pattern: str, at: Index | None = None) -> Mask:
        """Which texts match a LIKE pattern as a whole. Raises CheckError for a malformed one."""
        searcher = compile_like(pattern, ignore_case=False)
        pieces, only_runs = like_pieces(pattern)
        match pieces:
            case [whole] if only_runs:
                return self.equals(whole, at)
            case ["", tail] if only_runs:
                return self.ends(tail, at)
            case [head, ""] if only_runs:
                return self.starts(head, at)
            case ["", part, ""] if only_runs:
                return self.contains(part, at)
        # A match has every literal piece in it, so only texts with the longest are looked at.
        return self._filtered(self.contains(max(pieces, key=len), at), searcher, at)

    def ilike(self, pattern: str, at: Index | None = None) -> Mask:
        """Which texts match an ILIKE pattern as a whole. Raises CheckError for a malformed one."""
        searcher = compile_like(pattern, ignore_case=True)
        if searcher.is_local:
            return self._searched(searcher, at)
        return self._filtered(self._searched(compile_like(f"%{pattern}%", ignore_case=True), at), searcher, at)

    def matches(self, pattern: str, at: Index | None = None) -> Mask:
        """In which texts a regular expression is found. Raises CheckError for a malformed one."""
        searcher, needed = compile_pattern(pattern), needs(pattern)
        if at is None and needed.literals and len(needed.literals[0]) >= _TELLING:
            return self._filtered(self.contains(needed.literals[0]), searcher, at)
        if searcher.is_local or needed.is_empty:
            return self._searched(searcher, at)
        return self._filtered(self._searched(compile_loose(pattern), at), searcher, at)

    def _sizes(self, at: Index | None) -> Index:
        """The bytes of each text and its end."""
        return np.diff(self.offsets) if at is None else self.offsets[at + 1] - self.offsets[at]

    def _starts(self, at: Index | None) -> Index:
        return self.offsets[:-1] if at is None else self.offsets[at]

    def _standing(self, places: Index, needle: bytes) -> Mask:
        """At which places of the blob the needle stands. Where it reaches beyond a text, an end in the text is in its way."""
        mask = np.zeros(len(places), np.bool_)
        mask[self._blob.verify(places, needle)] = True
        return mask

    def _scanned(self, scan: Callable[[Texts], Mask], at: Index | None) -> Mask:
        """What a scan says of all texts, or of those numbered `at`: of copies of these, unless there are few others."""
        if at is None:
            return scan(self)
        if not len(at):
            return np.zeros(0, np.bool_)
        low, high = int(at.min()), int(at.max()) + 1
        if len(at) * _GATHERED > high - low:
            return scan(self.span(low, high))[at - low]
        return np.concatenate([scan(self.pick(at[start : start + _CHUNK])) for start in range(0, len(at), _CHUNK)])

    def _searched(self, searcher: Searcher, at: Index | None) -> Mask:
        """Which texts are found by the searcher: many in one call, where that may be, since a call takes longer than its search."""
        return self._scanned(lambda texts: texts._found(searcher), at) if searcher.is_local else self._tested(searcher.search, at)

    def _found(self, searcher: Searcher) -> Mask:
        mask = np.zeros(len(self), np.bool_)
        for low, high in pairwise(steps(self.offsets, _SEARCHED)):
            offsets = self.offsets[low : high + 1]
            mask[low:high] = owners(np.fromiter(searcher.places(self._blob.buffer, offsets[0], offsets[-1]), np.int64), offsets)
        return mask

    def _tested(self, test: Callable[[bytes], bool], at: Index | None) -> Mask:
        return np.fromiter(map(test, self.encoded(at)), np.bool_, len(self) if at is None else len(at))

    def _filtered(self, fits: Mask, searcher: Searcher, at: Index | None) -> Mask:
        """Which of the texts that fit are found by the searcher."""
        fits[fits] = self._searched(searcher, np.flatnonzero(fits) if at is None else at[fits])
        return fits


def _counts(at: Index) -> bool:
    return len(at) == 0 or (at[0] == 0 and at[-1] == len(at) - 1 and bool((np.diff(at) == 1).all()))


def like_pieces(pattern: str) -> tuple[list[str], bool]:
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
        return self._blob.cut(slice(int(self.offsets[number]), int(self.offsets[number + 1]) - 1))

    def _below(self, text: bytes) -> int:
        return bisect_left(range(len(self)), text, key=self._text)

    def _place(self, text: str) -> slice:
        """Where `text` stands: a slice of one, or an empty one."""
        encoded = text.encode()
        low = self._below(encoded)
        return slice(low, low + (low < len(self) and self._text(low) == encoded))

    def find(self, text: str) -> int | None:
        """The number of `text`, None if it is not there."""
        place = self._place(text)
        return place.start if place.start < place.stop else None

    def below(self, text: str, or_equal: bool) -> int:
        """How many texts sort before `text`, or are equal to it."""
        bound = text.encode()
        return bisect_right(range(len(self)), bound, key=self._text) if or_equal else self._below(bound)

    def _interval(self, at: Index | None, *places: slice) -> Mask:
        mask = np.zeros(len(self), np.bool_)
        for place in places:
            mask[place] = True
        return mask if at is None else mask[at]

    def equals(self, text: str, at: Index | None = None) -> Mask:
        """Which text is `text`."""
        return self._interval(at, self._place(text))

    def isin(self, wanted: Collection[str], at: Index | None = None) -> Mask:
        """Which texts are among `wanted`."""
        return super().isin(wanted, at) if len(wanted) * 16 > len(self) else self._interval(at, *map(self._place, wanted))

    def before(self, text: str, or_equal: bool, at: Index | None = None) -> Mask:
        """Which texts sort before `text`, or are equal to it."""
        return self._interval(at, slice(self.below(text, or_equal)))

    def starts(self, part: str, at: Index | None = None) -> Mask:
        """Which texts start with `part`: those up to `part` followed by a byte above all of UTF-8."""
        needle = part.encode()
        return self._interval(at, slice(self._below(needle), self._below(needle + END)))


def distinct(strings: Iterable[str]) -> tuple[SortedTexts, dict[str, int]]:
    """The different strings, sorted, and the code of each."""
    vocabulary = sorted(dict.fromkeys(strings))
    return SortedTexts.of(vocabulary), dict(zip(vocabulary, range(len(vocabulary)), strict=True))


