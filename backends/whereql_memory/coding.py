"""The words of a blob as numbers: the first step of a word index.

A word is a longest run of bytes that are neither the separator (a space) nor the end of a text; no word is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from whereql_memory.arrays import Array, Index
from whereql_memory.blob import END, Blob, steps

SEPARATOR = " "
_BLOCK = 1 << 19  # bytes whose words are numbered at once: their arrays stay in the second cache
_BITS = 20  # of the hash, by which most words find their number without becoming a Python object
_FACTORS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)  # odd, about half of the bits set
_ONES = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)
_WORD_COST = 150  # bytes of memory that a word takes while the index is made, beside its own
_ROOM = 32 << 20  # bytes that the words of any collection may take


class _Numbers(dict[bytes, int]):
    """The number of each word: the next one for a new word."""

    def __missing__(self, word: bytes) -> int:
        number = self[word] = len(self)
        return number


class Coded(NamedTuple):
    """The distinct words of each of some texts, ascending by word and then by text.

    words: different word numbers, shape (w,); counts: how many texts have each, shape (w,); texts: these, uint32, shape (counts.sum(),).
    """

    words: Array
    counts: Index
    texts: Array


class Coder:
    """Numbers the words of one blob from 0 in the order in which they are met.

    A table finds the words that are met again and again: from a hash to the number of the first word that had it. What stands in
    the blob is compared with that word in full; where they differ, and for a new word, a dict has the last say.
    """

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._numbers = _Numbers()
        self._table = np.zeros(1 << _BITS, np.uint32)
        # Of each word by its number: its first bytes, where it stands in the blob, and its length.
        self._heads = np.zeros(1 << 16, np.uint64)
        self._places = np.zeros(1 << 16, np.int64)
        self._lengths = np.zeros(1 << 16, np.int64)
        self._seen = self._taken = 0

    @property
    def words(self) -> list[bytes]:
        """All words so far, by number."""
        return list(self._numbers)

    @property
    def is_crowded(self) -> bool:
        """Whether the words so far take too much memory, for the bytes that were looked at, for an index to be of use."""
        return self._taken > _ROOM + self._seen // 2

    def code(self, offsets: Index) -> Iterator[Coded]:
        """The words of the texts that start at these offsets in the blob (and the end, shape (n + 1,)), some texts at a time."""
        for low, high in pairwise(steps(offsets, _BLOCK)):
            self._seen += int(offsets[high] - offsets[low])
            yield self._block(offsets[low : high + 1], low)

    def _block(self, offsets: Index, first: int) -> Coded:
        start, stop = int(offsets[0]), int(offsets[-1])
        octets = self._blob.octets[start:stop]
        ends = np.flatnonzero((octets == ord(SEPARATOR)) | (octets == END[0])) + start
        starts = np.append(start, ends[:-1] + 1)
        lengths = ends - starts
        # How many words, the empty ones included, come before the end of each text.
        counts = np.diff(np.searchsorted(ends, offsets[1:]), prepend=0)
        texts = np.repeat(np.arange(first, first + len(counts), dtype=np.uint32), counts)
        if not lengths.all():
            filled = np.flatnonzero(lengths)
            starts, lengths, texts = starts[filled], lengths[filled], texts[filled]
        return _grouped(self._number(starts, lengths), texts)

    def _number(self, starts: Index, lengths: Index) -> Array:
        """The number of each word, uint32."""
        heads = self._blob.words[starts] & _ONES[np.minimum(lengths, 8)]
        long = np.flatnonzero(lengths > 8)
        hashes = heads * _FACTORS[0]
        hashes[long] ^= self._blob.words[starts[long] + lengths[long] - 8] * _FACTORS[1]
        hashes ^= hashes >> np.uint64(32)
        hashes += lengths.view(np.uint64)
        slots = (hashes * _FACTORS[0] >> np.uint64(64 - _BITS)).view(np.int64)
        numbers = self._table[slots]
        known = self._heads[numbers] == heads
        known &= self._lengths[numbers] == lengths
        self._compare(long[known[long]], starts, lengths, numbers, known)
        missed = np.flatnonzero(~known)
        if len(missed):
            numbers[missed] = self._look_up(starts[missed], lengths[missed], heads[missed], slots[missed])
        return numbers

    def _compare(self, at: Index, starts: Index, lengths: Index, numbers: Array, known: Array) -> None:
        """Take back what is known of the words `at`, longer than eight bytes, that differ from those of their number further on."""
        words = self._blob.words
        done = 8
        while len(at):
            differ = (words[starts[at] + done] ^ words[self._places[numbers[at]] + done]) & _ONES[np.minimum(lengths[at] - done, 8)]
            known[at[differ != 0]] = False
            done += 8
            at = at[(differ == 0) & (lengths[at] > done)]

    def _look_up(self, starts: Index, lengths: Index, heads: Array, slots: Index) -> Array:
        old = len(self._numbers)
        words = map(self._blob.cut, map(slice, starts.tolist(), (starts + lengths).tolist()))
        numbers = np.fromiter(map(self._numbers.__getitem__, words), np.uint32, len(starts))
        new, at = np.unique(numbers, return_index=True)
        at = at[new >= old]
        self._taken += len(at) * _WORD_COST + int(lengths[at].sum())
        while len(self._numbers) > len(self._heads):
            size = 2 * len(self._heads)
            self._heads, self._places, self._lengths = np.resize(self._heads, size), np.resize(self._places, size), np.resize(self._lengths, size)
        self._heads[numbers[at]], self._places[numbers[at]], self._lengths[numbers[at]] = heads[at], starts[at], lengths[at]
        # Frequent words are met first, and keep their slots.
        at = at[self._table[slots[at]] == 0]
        self._table[slots[at]] = numbers[at]
        return numbers


def _grouped(words: Array, texts: Array) -> Coded:
    """The words of texts, which ascend, by word."""
    order = np.argsort(words.astype(np.uint16), kind="stable")  # a radix sort, as it is for no wider type
    if len(words) and words.max() >> 16:
        order = order[np.argsort((words[order] >> 16).astype(np.uint16), kind="stable")]
    words, texts = words[order], texts[order]
    changes = words[1:] != words[:-1]
    fresh = np.append(np.ones(min(len(words), 1), np.bool_), changes | (texts[1:] != texts[:-1]))
    words, texts = words[fresh], texts[fresh]
    starts = np.flatnonzero(np.append(np.ones(min(len(words), 1), np.bool_), words[1:] != words[:-1]))
    return Coded(words[starts], np.diff(starts, append=len(words)), texts)
