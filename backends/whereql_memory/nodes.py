"""The nodes of a plan: each knows about how many rows it has, and finds them by a scan of a block, by a test of given rows, or by an index.

Rows ascend everywhere. Costs are nanoseconds a row, as measured on large tables; only their ratios matter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from whereql.ast import Expr
from whereql.operators import Op
from whereql_memory.access import Access, ElementAccess, place_of, rows_of
from whereql_memory.arrays import Index, Mask, Rows, locate, meet, owners, rows_in, runs
from whereql_memory.conditions import TEXT_TESTS, Condition, tester
from whereql_memory.indexes import RowIndex
from whereql_memory.shelf import Slot
from whereql_memory.texts import Texts

if TYPE_CHECKING:
    from whereql_memory.words import WordIndex

_ONE, _SEVERAL = 4, 32  # one row in so many, up to which an index lists the rows of one value, and of several, faster than a scan
LISTING = 0.3  # nanoseconds a row that it takes to turn a mask into rows
_SAMPLE = 1024
_NONE: Index = np.empty(0, np.int64)

Exprs = tuple[Expr, ...]
"""A part of a filter, or several that are joined by AND."""


class Node(ABC):
    """A part of a plan, over a table of `size` rows.

    estimate: about how many rows it has; is_exact: whether it has just so many; is_listed: whether `rows` finds them without a scan;
    scan_cost, test_cost: of `mask` and of `test`; exprs: the part of the filter, or several that are joined by AND.
    """

    is_listed = False
    scan_cost = 0.1
    test_cost = 2.0

    def __init__(self, exprs: Exprs, size: int, estimate: float, is_exact: bool = False) -> None:
        self.exprs = exprs
        self.size = size
        self.estimate = estimate
        self.is_exact = is_exact

    @property
    def parts(self) -> Sequence[Node]:
        """The nodes that it is made of."""
        return ()

    @abstractmethod
    def mask(self, low: int, high: int) -> Mask:
        """Which of the rows low … high - 1 it has: a mask that belongs to the caller."""

    @abstractmethod
    def test(self, rows: Index) -> Mask:
        """Which of these rows it has: a mask that belongs to the caller."""

    def rows(self) -> Index:
        """All of its rows; only a node that is listed knows them without a scan, and is asked."""
        raise NotImplementedError  # a complement is never listed

    def settled(self) -> Node:
        """The same for a scan from end to end: what is better looked up than scanned has been looked up."""
        return self


class Constant(Node):
    """All rows, or none."""

    def __init__(self, exprs: Exprs, size: int, value: bool) -> None:
        super().__init__(exprs, size, size if value else 0, is_exact=True)
        self.value = value
        self.is_listed = not value
        self.scan_cost = self.test_cost = 0.02

    def mask(self, low: int, high: int) -> Mask:
        """See Node."""
        return np.full(high - low, self.value, np.bool_)

    def test(self, rows: Index) -> Mask:
        """See Node."""
        return np.full(len(rows), self.value, np.bool_)

    def rows(self) -> Index:
        """See Node."""
        return np.arange(self.size) if self.value else _NONE


class Listed(Node):
    """Rows that are known already."""

    is_listed = True
    test_cost = 20.0

    def __init__(self, exprs: Exprs, size: int, rows: Index) -> None:
        super().__init__(exprs, size, len(rows), is_exact=True)
        self._rows = rows

    def mask(self, low: int, high: int) -> Mask:
        """See Node."""
        first, behind = place_of(self._rows, low, high)
        mask = np.zeros(high - low, np.bool_)
        mask[self._rows[first:behind].astype(np.int64) - low] = True
        return mask

    def test(self, rows: Index) -> Mask:
        """See Node."""
        mask = np.zeros(len(rows), np.bool_)
        mask[meet(self._rows, rows)[1]] = True
        return mask

    def rows(self) -> Index:
        """See Node."""
        return self._rows


class Looked(Node):
    """A node with an index that may be there: what values, elements and documents share.

    slot: of the index; selective: one row in so many, up to which the index would be used.
    """

    slot: Slot[RowIndex] | Slot[WordIndex]
    selective = _SEVERAL

    def charge(self, rows: int) -> None:
        """So many rows were scanned, though few were to be found."""
        if self.estimate * self.selective <= self.size:
            self.slot.charge(rows * (self.scan_cost + LISTING))

    def marked(self, rows: Index) -> Mask:
        """A test of rows by the list of all that there are."""
        marks = np.zeros(self.size, np.bool_)
        marks[self.rows()] = True
        return marks[rows]


class ByIndex(Looked):
    """A condition on values or elements. Its places in the index, where there is one, give the exact count."""

    def __init__(self, exprs: Exprs, access: Access | ElementAccess, condition: Condition) -> None:
        super().__init__(exprs, access.size, 0)
        self.slot: Slot[RowIndex] = access.index
        self._index = access.index.get()
        is_point = len(condition.lows) == 1 and condition.is_points
        self.selective = _ONE if is_point else _SEVERAL
        self._rows: Index | None = None  # of one value, which lie side by side in the index
        if self._index is not None:
            self._places = self._index.places(*condition)
            self.estimate = self._index.count(*self._places)
            self.is_exact = is_point or not self._index.is_multi
            self.is_listed = self.estimate * self.selective <= self.size
            self._rows = self._index.rows(*self._places, self.size) if is_point else None

    def rows(self) -> Index:
        """See Node."""
        assert self._index is not None  # is_listed says so
        self.slot.touch()
        if self._rows is not None:
            return self._rows
        return self._index.rows(*self._places, self.size)


class Values(ByIndex):
    """A condition on strings, numbers or bools."""

    def __init__(self, exprs: Exprs, access: Access, condition: Condition) -> None:
        super().__init__(exprs, access, condition)
        self._access = access
        self._holds = tester(condition, access.least, access.most, access.filler, access.data.dtype)
        self.scan_cost = 0.05 * access.data.itemsize * (1 if len(condition.lows) == 1 else 2 * len(condition.lows))
        self.scan_cost = min(self.scan_cost, 20.0 if access.data.itemsize > 4 else 1.5)
        if access.rows is not None:
            self.scan_cost, self.test_cost = 0.3, 30.0
        counts = None if access.counts is None or self._index is not None else access.counts.get()
        if counts is not None:
            self.estimate, self.is_exact = counts.count(*condition), True
        elif self._index is None:
            sample = access.data[:: max(1, len(access.data) // _SAMPLE)]
            self.estimate = len(access.data) * np.count_nonzero(self._holds(np.ascontiguousarray(sample))) / max(1, len(sample))

    def mask(self, low: int, high: int) -> Mask:
        """See Node."""
        access = self._access
        self.charge(high - low)
        if access.counts is not None:
            access.counts.charge((high - low) * self.scan_cost)
        if access.rows is None:
            return self._holds(access.data[low:high])
        first, behind = place_of(access.rows, low, high)
        mask = np.zeros(high - low, np.bool_)
        mask[access.rows[first:behind] - low] = self._holds(access.data[first:behind])
        return mask

    def test(self, rows: Index) -> Mask:
        """See Node."""
        access = self._access
        if access.rows is None:
            return self._holds(access.data[rows])
        at, places = locate(access.rows, rows)
        return _placed(self._holds(access.data[at]), places, len(rows))

    def settled(self) -> Node:
        """See Node. A scan of few values, or of an array without gaps, is as cheap as it gets."""
        return self


class Elements(ByIndex):
    """A condition on one element of arrays at least."""

    test_cost = 60.0

    def __init__(self, exprs: Exprs, access: ElementAccess, condition: Condition) -> None:
        super().__init__(exprs, access, condition)
        self._access, self._data = access, access.elements.data
        self._holds = tester(condition, access.elements.least, access.elements.most, None, self._data.dtype)
        self.scan_cost = 1.5 * len(self._data) / max(1, self.size)
        if self._index is None:
            sample = self._data[:: max(1, len(self._data) // _SAMPLE)]
            hits = len(self._data) * np.count_nonzero(self._holds(np.ascontiguousarray(sample))) / max(1, len(sample))
            self.estimate = min(hits, access.count)
        self.is_listed = self._index is not None

    def mask(self, low: int, high: int) -> Mask:
        """See Node."""
        access = self._access
        self.charge(high - low)
        first, behind = place_of(access.rows, low, high)
        edges = access.offsets[first : behind + 1]
        held = self._holds(self._data[edges[0] : edges[-1]])
        hits = rows_in(held, int(np.count_nonzero(held)))
        having = owners(hits, edges - edges[0])
        return having if access.rows is None else _placed(having, access.rows[first:behind] - low, high - low)

    def test(self, rows: Index) -> Mask:
        """See Node."""
        if self.is_listed:
            return self.marked(rows)
        at, places = locate(self._access.rows, rows)
        offsets, inner = runs(self._access.offsets, at)
        having = owners(np.flatnonzero(self._holds(self._data[inner])), offsets)
        return _placed(having, places, len(rows))

    def settled(self) -> Node:
        """See Node."""
        return Listed(self.exprs, self.size, self.rows()) if self.is_listed else self


class InText(Looked):
    """A text operator on strings that are mostly different: documents, uris, ids. rows: of the texts, None for all."""

    scan_cost, test_cost = 60.0, 400.0

    def __init__(self, exprs: Exprs, size: int, texts: Texts, rows: Rows, op: Op, text: str | tuple[str, ...], slot: Slot[WordIndex]) -> None:
        super().__init__(exprs, size, len(texts) / 16)
        self.slot: Slot[WordIndex] = slot
        self._texts, self._rows, self._op, self._text = texts, rows, op, text
        index = slot.get()
        self._is_indexed = index is not None
        self._finding = None if index is None or not isinstance(text, str) else index.find(op, text)
        if self._finding is not None:
            is_one = self._finding.test is None and len(self._finding.groups[0]) <= 1  # of several words, a text may have two
            self.is_listed, self.estimate, self.is_exact = True, self._finding.count, is_one

    def charge(self, rows: int) -> None:
        """See Looked. Documents are so long that an index spares most of a scan whatever there is to be found."""
        if not self._is_indexed:
            self.slot.charge(rows * self.scan_cost)

    def mask(self, low: int, high: int) -> Mask:
        """See Node."""
        if self._finding is not None and (low, high) == (0, self.size):
            self.slot.touch()
            return _placed(self._finding.mask(), self._rows, self.size)
        first, behind = place_of(self._rows, low, high)
        self.charge(behind - first)
        hits = TEXT_TESTS[self._op](self._texts.span(first, behind), self._text)
        return hits if self._rows is None else _placed(hits, self._rows[first:behind] - low, high - low)

    def test(self, rows: Index) -> Mask:
        """See Node."""
        if self.is_listed and len(rows) > self.estimate:
            return self.marked(rows)
        at, places = locate(self._rows, rows)
        return _placed(TEXT_TESTS[self._op](self._texts, self._text, at), places, len(rows))

    def rows(self) -> Index:
        """See Node."""
        assert self._finding is not None  # is_listed says so
        self.slot.touch()
        return rows_of(self._rows, self._finding.rows())

    def settled(self) -> Node:
        """See Node."""
        return Listed(self.exprs, self.size, self.rows()) if self.is_listed else self


def _placed(hits: Mask, places: Rows, size: int) -> Mask:
    if places is None:
        return hits
    mask = np.zeros(size, np.bool_)
    mask[places] = hits
    return mask
