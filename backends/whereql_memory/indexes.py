"""Indexes of a column: its rows by value, so that a value is looked up and its count known without a scan.

>>> index = index_codes(np.array([1, 0, 1], np.uint8), 2, None)
>>> index.rows(*index.places(np.array([1]), np.array([1])), 3).tolist(), index.starts.tolist()
([0, 2], [0, 1, 3])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whereql_memory.arrays import Array, Index, Rows, positions, rows_in

Counted = NDArray[np.uint32]
_MARKED = 80  # one row in so many: from here on rows are put in order faster by marking them than by sorting
_FEW = 16  # intervals up to which it is faster to cut their rows out one by one


@dataclass(frozen=True, slots=True, eq=False)
class RowIndex:
    """Rows by value.

    order: the rows of the least value, ascending, then those of the next …, uint32; starts: where each value's begin, and the end,
    uint32 of shape (d + 1,); keys: the d values, ascending, or None where they are the codes 0 … d - 1; is_multi: whether a row may
    stand under several values, as those of arrays do.
    """

    order: Counted
    starts: Counted
    keys: Array | None = None
    is_multi: bool = False

    @property
    def nbytes(self) -> int:
        """The bytes of memory held."""
        return self.order.nbytes + self.starts.nbytes + (0 if self.keys is None else self.keys.nbytes)

    def places(self, lows: Array, highs: Array) -> tuple[Index, Index]:
        """Which values lie in closed intervals: the first place of each interval and the place behind its last. Shapes (m,)."""
        if self.keys is None:
            return lows.astype(np.int64), highs.astype(np.int64) + 1
        return np.searchsorted(self.keys, lows), np.searchsorted(self.keys, highs, "right")

    def count(self, first: Index, behind: Index) -> int:
        """How many rows stand at these places; a row of several counts as often."""
        return int((self.starts[behind].astype(np.int64) - self.starts[first]).sum())

    def rows(self, first: Index, behind: Index, size: int) -> NDArray[Any]:
        """The rows at these places, ascending and each once; size: of the table."""
        if len(first) == 1:
            found = self.order[self.starts[first[0]] : self.starts[behind[0]]]
            return found if behind[0] - first[0] <= 1 else ascending(found, size, self.is_multi)
        if len(first) <= _FEW:
            edges = zip(self.starts[first].tolist(), self.starts[behind].tolist(), strict=True)
            return ascending(np.concatenate([self.order[low:high] for low, high in edges]), size, self.is_multi)
        begins = self.starts[first].astype(np.int64)
        return ascending(self.order[positions(begins, self.starts[behind] - begins)], size, self.is_multi)


def ascending(rows: NDArray[Any], size: int, is_multi: bool) -> NDArray[Any]:
    """Row numbers below `size` in order; is_multi: some may be there twice, and are wanted once."""
    if len(rows) * _MARKED > size:
        marks = np.zeros(size, np.bool_)
        marks[rows] = True
        return rows_in(marks, len(rows))
    return np.unique(rows) if is_multi else np.sort(rows)


def index_codes(codes: Array, count: int, rows: Rows) -> RowIndex:
    """The index of codes below `count`, shape (k,); rows: of each code, None for 0 … k - 1."""
    starts = np.zeros(count + 1, np.uint32)
    np.cumsum(np.bincount(codes, minlength=count), out=starts[1:])
    return RowIndex(_rows_at(_order_of_codes(codes), rows), starts)


def index_numbers(values: Array, rows: Rows) -> RowIndex:
    """The index of ints, floats or bools, shape (k,)."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(values) else np.empty(0, np.int64)
    starts = np.append(first, len(values)).astype(np.uint32)
    return RowIndex(_rows_at(order, rows), starts, ordered[first])


def index_elements(elements: RowIndex, owners: Index) -> RowIndex:
    """The index of arrays, by that of their elements; owners: the row of each element, ascending."""
    rows = owners.astype(np.uint32)[elements.order]
    fresh = np.ones(len(rows), np.bool_)
    np.not_equal(rows[1:], rows[:-1], out=fresh[1:])
    fresh[elements.starts[:-1]] = True  # a value's first row is no repeat of the last row of the value before
    starts = np.zeros(len(rows) + 1, np.uint32)
    np.cumsum(fresh, out=starts[1:])
    return RowIndex(rows[fresh], starts[elements.starts], elements.keys, is_multi=True)


def _order_of_codes(codes: Array) -> Index:
    """A stable order. Two passes of 16 bits sort wide codes: numpy's sort of those is by radix, and far faster than that of 32."""
    if codes.dtype.itemsize <= 2:
        return np.argsort(codes, kind="stable")
    low = np.argsort(codes.astype(np.uint16), kind="stable")
    return low[np.argsort((codes >> 16).astype(np.uint16)[low], kind="stable")]


def _rows_at(order: Index, rows: Rows) -> Counted:
    return (order if rows is None else rows[order]).astype(np.uint32)
