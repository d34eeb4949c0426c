"""What must hold of the arrays of a file before they are used: a sound checksum doesn't make a sound table.

A file may have been written by someone who means harm. Each check is a pass of numpy over an array, when it is first used.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from whereql_memory.arrays import Array, Index
from whereql_memory.snapshot.reader import Section
from whereql_memory.texts import Texts

_END = 0xFF
_PADDING = 8  # bytes of 0xFF behind the last text
_ASCII = 0x80
_WORDS = 8  # steps of eight bytes in which neighbours are compared at once; those that are still alike are compared one by one


_ORDERS = {0: np.greater_equal, 1: np.greater}  # a difference of unsigned numbers is never below 0


def stretches(numbers: Index, most: int) -> Iterator[tuple[int, int]]:
    """Ascending numbers as ranges of at most so many: the first of each, and the one behind its last."""
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
        for start in range(0, len(run), most):
            yield int(run[start]), int(run[start : start + most][-1]) + 1


def check_rows(section: Section, size: int) -> Index:
    """Row numbers: ascending, each once, of a table of `size` rows."""
    rows = section.array
    if len(rows) and (rows[0] < 0 or rows[-1] >= size or not (rows[1:] > rows[:-1]).all()):
        raise section.damaged(f"the rows don't ascend below {size:,}")
    return rows


def check_below(section: Section, bound: int) -> Array:
    """Numbers from 0 on, below `bound`."""
    numbers = section.array
    if len(numbers) and (int(numbers.max()) >= bound or int(numbers.min()) < 0):
        raise section.damaged(f"a number is not below {bound:,}")
    return numbers


def check_offsets(section: Section, end: int, least: int = 0) -> Index:
    """Where runs start: from 0 to `end`, none shorter than `least`, which is 0 or 1."""
    offsets = section.array
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != end or not (_ORDERS[least](offsets[1:], offsets[:-1])).all():
        raise section.damaged(f"the offsets don't lead from 0 to {end:,}")
    return offsets


def check_numbers(section: Section) -> Array:
    """Numbers and bools as a record can hold them: finite, and true or false."""
    numbers = section.array
    if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
        raise section.damaged("a number is not finite")
    if numbers.dtype.kind == "b" and len(numbers) and numbers.view(np.uint8).max() > 1:
        raise section.damaged("a bool is neither true nor false")
    return numbers


def is_ascending_in_runs(numbers: Array, starts: Array) -> bool:
    """Whether each number is above the one before it, but at the starts of runs; starts: these, and the end."""
    rises = numbers[1:] > numbers[:-1]
    inner = starts[(starts > 0) & (starts < len(numbers))].astype(np.int64)
    rises[inner - 1] = True
    return bool(rises.all())


def check_texts(section: Section, offsets: Index, first: int, last: int) -> None:
    """The texts from `first` up to `last`: UTF-8, each with 0xFF behind it and nowhere else, as are all bytes behind the last text."""
    start, stop = int(offsets[first]), int(offsets[last])
    if last == len(offsets) - 1:
        stop += _PADDING
    section.check(start, stop)
    data = section.raw[start:stop]
    high = np.flatnonzero(data >= _ASCII)
    ends = offsets[first + 1 : last + 1] - (start + 1)
    if last == len(offsets) - 1:
        ends = np.append(ends, np.arange(len(data) - _PADDING, len(data)))
    is_ascii = len(high) == len(ends)
    marks = high if is_ascii else high[data[high] == _END]
    if not np.array_equal(marks, ends) or not (data[ends] == _END).all():
        raise section.damaged("the texts don't end where they should")
    if not is_ascii:
        try:
            data.tobytes().replace(b"\xff", b"\0").decode()
        except UnicodeDecodeError:
            raise section.damaged("a text is not UTF-8") from None


def is_ascending(texts: Texts, blob: Array) -> bool:
    """Whether texts are all different, and in code point order. blob: their bytes, with eight more behind the last."""
    left, right = np.arange(len(texts) - 1), np.arange(1, len(texts))
    lengths = texts.offsets[1:] - 1 - texts.offsets[:-1]
    words = np.ndarray((max(len(blob) - 7, 0),), ">u8", blob, 0, (1,))
    for step in range(_WORDS):
        if not len(left):
            return True
        one, other = (_word(words, texts.offsets[at], lengths[at], 8 * step) for at in (left, right))
        if (one > other).any():
            return False
        alike = one == other
        left, right = left[alike], right[alike]
    return all(a < b for a, b in zip(texts.encoded(left), texts.encoded(right), strict=True))


def _word(words: Array, starts: Index, lengths: Index, skipped: int) -> Array:
    """Eight bytes of each text as one number, those behind its end zero: its order is theirs."""
    left = np.clip(lengths - skipped, 0, 8).astype(np.uint64)
    numbers = words[starts + np.minimum(skipped, lengths)].astype(np.uint64)
    return np.where(left > 0, numbers >> (8 * (8 - left)) % 64 << (8 * (8 - left)) % 64, 0)
