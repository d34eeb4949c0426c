"""An index of texts by their words: which texts a text operator is about, without a look at the others.

What has no space in it is in a text if and only if it is in one of its words (`coding` says what these are). So a search in the
different words, which are few, and a union of their texts answers for all texts exactly. What has spaces has words, or ends of
words, between them, whose texts are then looked at.

>>> index = WordIndex.of(Texts.of(["neural nets", "old nets", "a neural net", "long " * 1000]))
>>> index.find(Op.CONTAINS, "eur").rows().tolist(), index.find(Op.CONTAINS, "l net").rows().tolist()
([0, 2], [0, 2])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from whereql.like import like_escaped
from whereql.operators import Op
from whereql.regex import compile_like, compile_pattern, needs
from whereql_memory.arrays import Array, Index, Mask, offsets_of, positions
from whereql_memory.blob import Blob
from whereql_memory.coding import SEPARATOR, Coded, Coder
from whereql_memory.texts import SortedTexts, Texts, like_pieces

_PIECE = 1 << 20  # entries that are handled at a time, to bound the memory for it
_PARTS = 8  # parts of an operand that are looked up; texts that have the longest are few
_ENTRY, _CANDIDATE = 20, 2_000  # bytes of text that can be scanned in the time for an entry of the index, and for a test of one text
_SINGLE = 64  # runs of entries up to which each is an operation of its own, however short
_SHORT = 256  # entries of a run below which an operation of its own isn't worth it
_SPARSE = 256  # with one entry for so many texts, sorting the entries costs less than marking all texts
_NARROWS = 64  # how many more entries than candidates are worth reading to have fewer candidates


def build_seconds(size: int) -> float:
    """About how long the index of texts of so many bytes takes to make, in seconds."""
    return 12e-9 * size


class WordIndex:
    """The index of n texts.

    words: all different words, in order, shape (w,); starts: where the entries of each begin, and the end of the last, int64,
    shape (w + 1,); entries: the ascending numbers of the texts that have the word, uint32, shape (starts[-1],).
    """

    __slots__ = ("entries", "starts", "texts", "words")

    def __init__(self, texts: Texts, words: SortedTexts, starts: Index, entries: Array) -> None:
        self.texts = texts
        self.words = words
        self.starts = starts
        self.entries = entries

    @classmethod
    def of(cls, texts: Texts) -> WordIndex | None:
        """The index of these texts; None, after a look at some of them, where most words are different: it would take too much memory."""
        coder = Coder(Blob(texts.blob))
        parts = []
        for part in coder.code(texts.offsets):
            if coder.is_crowded:
                return None
            parts.append(part)
        return cls(texts, *_gathered(coder.words, lambda: parts))

    @classmethod
    def join(cls, texts: Texts, parts: Sequence[tuple[WordIndex, Index]]) -> WordIndex:
        """The index of these texts from those of their parts.

        With each part comes the new number of each of its texts, shape (n,): ascending, and above those of the parts before it, or -1
        for a text that is left out. Every text of `texts` is in one part.
        """
        words = list(dict.fromkeys(chain.from_iterable(part.words.encoded() for part, _ in parts)))
        numbers = dict(zip(words, range(len(words)), strict=True))
        return cls(texts, *_gathered(words, lambda: chain.from_iterable(_renumbered(part, numbers, new) for part, new in parts)))

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def nbytes(self) -> int:
        """The bytes of memory held, the texts left out."""
        return self.words.nbytes + self.starts.nbytes + self.entries.nbytes

    def find(self, op: Op, text: str) -> Finding | None:
        """The texts that pass `op text`; None where the index is of no help: a scan would cost less, or `op` is none on texts.

        Raises CheckError for a malformed pattern.
        """
        wanted = _WANTED[op](text) if op in _WANTED else None
        if wanted is None:
            return None
        parts, is_exact = wanted
        groups = []
        for part in parts[:_PARTS]:
            group = np.flatnonzero(part(self.words))
            groups.append((int((self.starts[group + 1] - self.starts[group]).sum()), group))
            if groups[-1][0] * _CANDIDATE < len(self.words.blob):
                break  # to test these texts costs less than to look for another part in the words
        groups.sort(key=lambda counted: counted[0])
        entries = groups[0][0]
        if entries * _ENTRY + (not is_exact) * min(entries, len(self)) * _CANDIDATE > int(self.texts.offsets[-1] - self.texts.offsets[0]):
            return None
        test = None if is_exact else lambda at: _TESTS[op](self.texts, text, at)
        return Finding(self, tuple(group for _, group in groups), min(entries, len(self)), test)

    def rows(self, words: Index) -> Array:
        """The numbers of the texts that have one of the words of these numbers, both ascending; uint32."""
        begins, ends = self._runs(words)
        if len(words) == 1:
            return self.entries[begins[0] : ends[0]]
        if (ends - begins).sum() * _SPARSE < len(self):
            return np.unique(self.entries[positions(begins, ends - begins)])
        return np.flatnonzero(self.mask(words)).astype(np.uint32)

    def mask(self, words: Index) -> Mask:
        """Which texts have one of the words of these ascending numbers, shape (n,)."""
        mask = np.zeros(len(self), np.bool_)
        begins, ends = self._runs(words)
        is_long = (ends - begins >= _SHORT) | (len(begins) <= _SINGLE)
        for begin, end in zip(begins[is_long].tolist(), ends[is_long].tolist(), strict=True):
            mask[self.entries[begin:end]] = True
        begins, ends = begins[~is_long], ends[~is_long]
        for at in range(0, len(begins), _PIECE // _SHORT):
            some = slice(at, at + _PIECE // _SHORT)
            mask[self.entries[positions(begins[some], ends[some] - begins[some])]] = True
        return mask

    def _runs(self, words: Index) -> tuple[Index, Index]:
        """Where the entries of the words begin and end; words in a row make one run."""
        if len(words) == 1:
            return self.starts[words], self.starts[words + 1]
        is_first = np.diff(words, prepend=-2) != 1
        return self.starts[words[is_first]], self.starts[words[np.roll(is_first, -1)] + 1]


@dataclass(frozen=True, slots=True)
class Finding:
    """What an index says of an operator: the texts that pass, or, where they must be tested, those that may.

    groups: word numbers, ascending; a text that passes has a word of each group. The first has the fewest texts. count: no more
    texts pass. test: which of the texts of these numbers pass; None where all that have a word of the only group do.
    """

    index: WordIndex
    groups: tuple[Index, ...]
    count: int
    test: Callable[[Index], Mask] | None

    def candidates(self) -> Array:
        """The ascending numbers of the texts that may pass, and if there is no test do; uint32."""
        rows = self.index.rows(self.groups[0])
        for group in self.groups[1:]:
            if int((self.index.starts[group + 1] - self.index.starts[group]).sum()) > _NARROWS * len(rows):
                break
            rows = rows[self.index.mask(group)[rows]]
        return rows

    def rows(self) -> Array:
        """The ascending numbers of the texts that pass; uint32."""
        rows = self.candidates()
        return rows if self.test is None else rows[self.test(rows.astype(np.int64))]

    def mask(self) -> Mask:
        """Which texts pass, shape (n,)."""
        if self.test is None:
            return self.index.mask(self.groups[0])
        mask = np.zeros(len(self.index), np.bool_)
        mask[self.rows()] = True
        return mask


# What the operators look for.

_Part = Callable[[SortedTexts], Mask]
"""The words of which a text must have one."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A string without the separator that a text must have, where a word starts or ends as said."""

    text: str
    starts: bool
    ends: bool

    def __call__(self, words: SortedTexts) -> Mask:
        match self.starts, self.ends:
            case True, True:
                return words.equals(self.text)
            case True, False:
                return words.starts(self.text)
            case False, True:
                return words.ends(self.text)
        return words.contains(self.text)


@dataclass(frozen=True, slots=True)
class _Folded(_Piece):
    """The same, whatever the case of its letters."""

    def __call__(self, words: SortedTexts) -> Mask:
        return words.ilike("%" * (not self.starts) + like_escaped(self.text) + "%" * (not self.ends))


_Wanted = tuple[Sequence[_Part], bool]
"""Parts that a text must have, the longest first and at least one, and whether a text that has them all passes."""


def _parts(strings: Iterable[tuple[str, bool, bool]], kind: type[_Piece] = _Piece) -> list[_Piece]:
    """The pieces of strings that a text must have, each with whether the text must start, or end, with it."""
    pieces = []
    for string, at_start, at_end in strings:
        found = string.split(SEPARATOR)
        pieces += [kind(text, at_start or at > 0, at_end or at < len(found) - 1) for at, text in enumerate(found) if text]
    return sorted(pieces, key=lambda piece: len(piece.text), reverse=True)


def _fixed(at_start: bool, at_end: bool) -> Callable[[str], _Wanted | None]:
    def wanted(text: str) -> _Wanted | None:
        parts = _parts([(text, at_start, at_end)])
        return (parts, parts[0] == _Piece(text, False, False)) if parts else None

    return wanted


def _pattern(kind: type[_Piece]) -> Callable[[str], _Wanted | None]:
    def wanted(pattern: str) -> _Wanted | None:
        compile_like(pattern, ignore_case=kind is _Folded)  # a pattern that is refused is refused, even if no text is tested
        pieces, only_runs = like_pieces(pattern)
        last = len(pieces) - 1
        parts = _parts(((piece, at == 0, at == last) for at, piece in enumerate(pieces)), kind)
        return (parts, only_runs and pieces == ["", parts[0].text, ""]) if parts else None

    return wanted


def _expression(pattern: str) -> _Wanted | None:
    compile_pattern(pattern)  # see above
    needed = needs(pattern)
    if needed.stays_within(SEPARATOR):
        return [lambda words: words.matches(pattern)], True
    parts = _parts((literal, False, False) for literal in needed.literals)
    return (parts, False) if parts else None


_WANTED: dict[Op, Callable[[str], _Wanted | None]] = {
    Op.EQ: _fixed(True, True),
    Op.CONTAINS: _fixed(False, False),
    Op.STARTS: _fixed(True, False),
    Op.ENDS: _fixed(False, True),
    Op.LIKE: _pattern(_Piece),
    Op.ILIKE: _pattern(_Folded),
    Op.MATCHES: _expression,
}
_TESTS: dict[Op, Callable[[Texts, str, Index], Mask]] = {
    Op.EQ: lambda texts, text, at: texts.equals(text, at),
    Op.CONTAINS: lambda texts, text, at: texts.contains(text, at),
    Op.STARTS: lambda texts, text, at: texts.starts(text, at),
    Op.ENDS: lambda texts, text, at: texts.ends(text, at),
    Op.LIKE: lambda texts, text, at: texts.like(text, at),
    Op.ILIKE: lambda texts, text, at: texts.ilike(text, at),
    Op.MATCHES: lambda texts, text, at: texts.matches(text, at),
}


# Making an index.


def _renumbered(index: WordIndex, numbers: dict[bytes, int], new: Index) -> Iterator[Coded]:
    """The entries of an index by the new numbers of its words and texts, some words at a time."""
    words = np.fromiter(map(numbers.__getitem__, index.words.encoded()), np.int64, len(index.words))
    edges = np.unique(np.searchsorted(index.starts[:-1], np.arange(0, int(index.starts[-1]), _PIECE), "right") - 1).tolist()
    for low, high in pairwise([*edges, len(words)]):
        begin, end = int(index.starts[low]), int(index.starts[high])
        texts = new[index.entries[begin:end]]
        kept = offsets_of((texts >= 0).astype(np.int64))[index.starts[low : high + 1] - begin]
        yield Coded(words[low:high], np.diff(kept), texts[texts >= 0].astype(np.uint32))


def _gathered(words: Sequence[bytes], parts: Callable[[], Iterable[Coded]]) -> tuple[SortedTexts, Index, Array]:
    """Words, starts and entries of an index, of the words that occur. Each part has later texts of a word than those before it.

    The parts are asked for twice, since to keep them would take as much memory as the index.
    """
    counts = np.zeros(len(words), np.int64)
    for part in parts():
        counts[part.words] += part.counts
    order = np.array(sorted(np.flatnonzero(counts).tolist(), key=words.__getitem__), np.int64)
    starts = offsets_of(counts[order])
    free = np.zeros(len(words), np.int64)
    free[order] = starts[:-1]
    entries = np.empty(int(starts[-1]), np.uint32)
    for part in parts():
        entries[positions(free[part.words], part.counts)] = part.texts
        free[part.words] += part.counts
    return SortedTexts.of_encoded([words[number] for number in order.tolist()]), starts, entries
