"""Running a plan on one segment: as few rows as a limit needs, as a mask or as rows, whichever is there at the lesser price."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from whereql_memory.arrays import Index, Mask, rows_in
from whereql_memory.connectives import Both, pieces
from whereql_memory.nodes import Node, Values

_BLOCK = 1 << 16  # rows of a step of a scan: their masks stay in the cache
_FIRST_BLOCK = 1 << 10
_LISTED = 0.3  # of all rows: of more, a mask is made faster than a list, and answered faster


class Found:
    """Rows that were found in a segment of `size` rows: `listed`, their ascending numbers as an array or a list, or a mask, of about so many."""

    __slots__ = ("_count", "about", "listed", "mask", "size")

    def __init__(self, size: int, mask: Mask | None, listed: Index | list[int] | None = None, about: float = 0) -> None:
        self.size = size
        self.mask = mask
        self.listed = listed
        self.about = about
        self._count: int | None = None

    @property
    def count(self) -> int:
        """How many rows; those of a mask are counted when somebody asks."""
        if self.listed is not None:
            return len(self.listed)
        if self._count is None:
            assert self.mask is not None  # or they would be listed
            self._count = int(np.count_nonzero(self.mask))
        return self._count

    @property
    def rows(self) -> Index:
        """The rows, ascending."""
        rows = self.listed
        if rows is None:
            assert self.mask is not None  # see count
            rows = self.listed = rows_in(self.mask, self.about)
        elif isinstance(rows, list):
            rows = self.listed = np.array(rows, np.int64)
        return rows


def find(node: Node, alive: Mask | None, most: int | None = None) -> Found:
    """The rows of a plan that are alive; most: how many of the first are enough, None for all."""
    if most is not None:
        return Found(node.size, None, _first(node, alive, most))
    if node.is_listed and node.estimate <= _LISTED * node.size:
        rows = node.rows()
        return Found(node.size, None, rows if alive is None else rows[alive[rows]])
    mask = scan(node)
    if alive is not None:
        mask &= alive
    # Of values, a sample has said how many; what is said of several conditions together may be far off.
    return Found(node.size, mask, about=node.estimate if isinstance(node, Values) else int(np.count_nonzero(mask)))


def count(node: Node, alive: Mask | None) -> int:
    """How many rows a plan has that are alive. Nothing is put together for it."""
    if alive is not None:
        return find(node, alive).count
    if node.is_exact:
        return int(node.estimate)
    if node.is_listed:
        return len(node.rows())
    settled = node.settled()
    return sum(int(np.count_nonzero(settled.mask(low, high))) for low, high in _blocks(node.size))


def scan(node: Node) -> Mask:
    """The mask of all rows."""
    if not node.parts:
        return node.mask(0, node.size)
    settled = node.settled()
    if node.size <= 2 * _BLOCK:
        return settled.mask(0, node.size)
    mask = np.empty(node.size, np.bool_)
    for low, high in _blocks(node.size):
        mask[low:high] = settled.mask(low, high)
    return mask


def _blocks(size: int) -> Iterator[tuple[int, int]]:
    return ((low, min(low + _BLOCK, size)) for low in range(0, size, _BLOCK))


def _first(node: Node, alive: Mask | None, most: int) -> Index:
    if alive is None and node.is_listed and not node.parts:
        return node.rows()[:most]
    found: list[Index] = []
    for rows in _stream(node, most):
        found.append(rows if alive is None else rows[alive[rows]])
        most -= len(found[-1])
        if most <= 0:
            found[-1] = found[-1][: len(found[-1]) + most]
            break
    if len(found) == 1:
        return found[0]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _stream(node: Node, most: int) -> Iterator[Index]:
    """The rows of a plan, piece by piece: the first is about as large as is needed."""
    if isinstance(node, Both) and node.driver is not None:
        expected = most * node.driver.estimate / max(1.0, node.estimate)
        yield from map(node.tested, pieces(node.driver.rows(), max(64, int(2 * expected))))
    elif node.is_listed:
        yield from pieces(node.rows(), most)
    else:
        yield from _scanned(node, most)


def _scanned(node: Node, most: int) -> Iterator[Index]:
    expected = 1.5 * most * node.size / max(1.0, node.estimate)
    if expected * 4 > node.size:
        node = node.settled()
    low, step = 0, int(min(max(expected, _FIRST_BLOCK), _BLOCK))
    while low < node.size:
        high = min(low + step, node.size)
        mask = node.mask(low, high)
        yield rows_in(mask, int(np.count_nonzero(mask))) + low
        low, step = high, min(step * 4, _BLOCK)

