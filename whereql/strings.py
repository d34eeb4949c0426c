"""Many strings: a code for each different one, and whether all are different.

>>> words = Words()
>>> words.codes(["b", "a", "b"]).tolist(), words
([0, 1, 0], ['b', 'a'])
"""

from __future__ import annotations

import threading
from array import array
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import count, filterfalse
from operator import itemgetter
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

_CACHED = 5_000  # strings that stay, with their codes, in the cache of a core
SHARED = 100_000  # words of a key up to which the next batch shares them: where there are more, few come again


class Words(list[str]):
    """Strings by their codes, each once, without lone surrogates; they grow."""

    def __init__(self) -> None:
        super().__init__()
        self._codes: dict[str, int] = {}

    def codes(self, strings: Sequence[str]) -> NDArray[Any]:
        """The codes of strings, shape (n,). Raises UnicodeEncodeError for a lone surrogate, and keeps no new string then."""
        if len(self) > _CACHED:
            deque(map(hash, strings), maxlen=0)  # a string keeps its hash: to look them up then waits for one place in memory less
        try:
            return codes(strings, self._codes)
        except KeyError:
            self._learn(dict.fromkeys(filterfalse(self._codes.__contains__, strings)))
            return codes(strings, self._codes)

    def _learn(self, strings: Iterable[str]) -> None:
        """Add new strings: copies, side by side in memory, where those of a caller would be all over it, and keep it from being freed."""
        copies, size = list(map(bytes.decode, map(str.encode, strings))), len(self)
        self += copies  # before they get codes: whatever interrupts this, no code is without its string
        self._codes.update(zip(copies, count(size), strict=False))


def codes(strings: Sequence[str], code_of: Mapping[str, int]) -> NDArray[Any]:
    """The codes of strings, uint32 of shape (n,). Raises KeyError where one has none."""
    found = itemgetter(*strings)(code_of) if len(strings) > 1 else [code_of[string] for string in strings]  # half the time of a map
    return np.frombuffer(array("I", found), np.uint32)


class _Recent(threading.local):
    """By key and kind the words that this thread asked for last, for as long as anyone keeps them."""

    def __init__(self) -> None:
        self.words: WeakValueDictionary[tuple[str, str], Words] = WeakValueDictionary()


_recent = _Recent()


def recent_words(name: str, kind: str) -> Words:
    """The words for the strings of a key and kind: a load keeps those of its last batch, so that they are those of the next one, too."""
    words = _recent.words.get((name, kind))
    if words is None or len(words) > SHARED:
        words = _recent.words[name, kind] = Words()
    return words


class Distinct:
    """Whether strings are all different, by eight bytes of each: of ten million, two may seem equal once in 300,000 times."""

    def __init__(self) -> None:
        self._hashes: list[NDArray[np.int64]] = []

    def add(self, strings: Sequence[str]) -> None:
        """Add some."""
        self._hashes.append(np.fromiter(map(hash, strings), np.int64, len(strings)))

    @property
    def is_distinct(self) -> bool:
        """Whether all that were added are surely different."""
        hashes = np.concatenate([np.empty(0, np.int64), *self._hashes])
        hashes.sort()
        return not (hashes[1:] == hashes[:-1]).any()
