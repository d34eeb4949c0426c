"""The lines of a file in blocks of some megabytes, for the readers that look at many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from whereql.cells import Array, Index, UnusualError
from whereql.files.content import BOM

FIRST = 1 << 16  # bytes of the first block, about, from which a reader learns what the file is like …
SIZE = 1 << 23  # … and of the others at most
_LEAST = 1 << 20
_BLOCKS = 32  # of a file, so that a small one takes little memory
_SPACE = b" \t\r"
_PART = 1 << 19
_DEEPEST = 500  # brackets that open in one line: Arrow's time grows with the square of the depth, and beyond 10,000 it crashes
_LOOK = 1 << 12  # bytes in which the end of a line is looked for
_NEWLINE, _OPENING, _CLOSING = b"\n{}"

Block = tuple[int, int | None]  # where it begins and ends in the file; None: with the file


class Source:
    """A file that can be read again, `total` bytes long, of which several threads read blocks."""

    def __init__(self, stream: BinaryIO, total: int) -> None:
        self._stream = stream
        self._total = total
        self._lock = threading.Lock()

    def read(self, block: Block) -> bytes:
        """The bytes of a block."""
        start, stop = block
        with self._lock:
            self._stream.seek(start)
            return self._stream.read(-1 if stop is None else stop - start)

    def blocks(self) -> Iterator[Block]:
        """The blocks of the file, without a byte order mark; each ends behind a line break, the last with the file."""
        usual = min(max(self._total // _BLOCKS, _LEAST), SIZE)
        size, start = FIRST, len(BOM) if self.read((0, len(BOM))) == BOM else 0
        while (stop := self._line_end(start + size)) is not None:
            yield start, stop
            size, start = usual, stop
        yield start, None

    def _line_end(self, place: int) -> int | None:
        """Where the first line ends that does not end before a place; None in the last line."""
        while place < self._total and (data := self.read((place, place + _LOOK))):
            at = data.find(b"\n")
            if at >= 0:
                return place + at + 1
            place += len(data)
        return None


def lines(data: bytes) -> list[bytes]:
    """The lines of a block that are not blank."""
    return [line for line in data.split(b"\n") if line.strip()]


def objects(data: bytes) -> tuple[bytes, Index]:
    """A block without blank lines and spaces around lines, and where each line begins.

    Raises UnusualError unless each line begins with `{`, ends with `}`, and can't be nested deep. Between such lines no JSON value can
    go on: so there are as many objects as lines only if each line is one.
    """
    ends = _ends(data)
    if ends is None:
        data = b"\n".join(filter(None, (line.strip(_SPACE) for line in lines(data))))
        ends = _ends(data)
    if ends is None or np.diff(np.searchsorted(_places(data, _opens), ends), prepend=0).max() > _DEEPEST:
        raise UnusualError
    return data, np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])


def _ends(data: bytes) -> Index | None:
    """The end of each line if there may be an object between any two of them, else None."""
    array = np.frombuffer(data, np.uint8)
    ends = _places(data, lambda some: some == _NEWLINE)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    begins = data[:1] == b"{" and bool((array[ends[:-1] + 1] == _OPENING).all())
    return ends if begins and bool((array[ends - 1] == _CLOSING).all()) else None


def _opens(some: Array) -> Array:
    return np.asarray(some | 0x20 == _OPENING)  # `[` and `{` differ by this bit


def _places(data: bytes, test: Callable[[Array], Array]) -> Index:
    """Where the bytes of a block pass a test, part by part, so that what the test makes stays in the cache."""
    array = np.frombuffer(data, np.uint8)
    found = [np.flatnonzero(test(array[start : start + _PART])) + start for start in range(0, len(array), _PART)]
    return np.concatenate([np.empty(0, np.int64), *found])
