"""Ways to the values of a column: an array with a place for every row of the table, and an index, each made when it pays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from whereql_memory.arrays import Array, Index, Rows, offsets_of
from whereql_memory.columns import Arrays, Plain, Strings
from whereql_memory.indexes import RowIndex, index_codes, index_elements, index_numbers
from whereql_memory.shelf import Shelf, Slot

_SPARSE = 16  # a column with values in fewer than one row of so many is not spread over all of them
_BISECTED = 64  # words of a vocabulary, for each that is looked up, beyond which bisection costs less than a dict of them all
_MOST_CODES = 1 << 17  # words of a vocabulary that gets a dict: of more, it would take too much memory
_COUNTS, _CODES, _WIDE_CODES, _NUMBERS, _ELEMENTS = 1.5, 8.0, 40.0, 120.0, 30.0  # nanoseconds a value that each takes to build


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows have each of few values: `below[v - least]` of them a value below v, shape (most - least + 2,)."""

    below: Index
    least: int

    @property
    def nbytes(self) -> int:
        """The bytes of memory held."""
        return self.below.nbytes

    def count(self, lows: Array, highs: Array) -> int:
        """How many rows have a value in one of these closed intervals."""
        return int((self.below[highs.astype(np.int64) - self.least + 1] - self.below[lows.astype(np.int64) - self.least]).sum())


class Access:
    """The values of a column of strings, numbers or bools, of a table of n rows.

    data: what is compared, shape (n,) or, where `rows` says which rows have one, (k,): numbers as they are, bools as 0 and 1,
    strings as codes; least, most: the least and the greatest value; filler: what stands in `data` for a row without a value, outside
    of least … most or NaN, None where all rows have one or `rows` says which; index: the rows by value; counts: of each value,
    where there can be few, else None.
    """

    def __init__(self, name: str, column: Plain | Strings, size: int, shelf: Shelf) -> None:
        self.name = name
        self.column = column
        self.size = size
        values = _comparable(column)
        self.least, self.most = _bounds(column, values)
        self.filler: Any = None
        self.rows: Rows = column.rows
        self.data = values
        if column.rows is not None and len(column) * _SPARSE > size:
            self.filler = _filler(values, self.least, self.most)
        if self.filler is not None:
            self.data = _spread(values, column.rows, size, self.filler)
            self.rows = None
        self.index: Slot[RowIndex] = Slot(shelf, name, _price(column) * len(column), self._make_index)

        is_narrow = values.dtype.itemsize <= 2 and len(values) > 0
        self.counts: Slot[Counts] | None = Slot(shelf, f"{name} (counts)", _COUNTS * len(column), self._make_counts) if is_narrow else None
        self._codes: dict[str, int] | None = None

    @property
    def count(self) -> int:
        """How many rows have a value."""
        return len(self.column)

    def codes_of(self, words: Iterable[str]) -> list[int]:
        """The codes of those of the words, all different, that a column of strings has."""
        assert isinstance(self.column, Strings)
        texts, wanted = self.column.texts, list(words)
        if self._codes is None and len(wanted) * _BISECTED < len(texts):
            found = map(texts.find, wanted)
            return [code for code in found if code is not None]
        if len(texts) > _MOST_CODES:
            return np.flatnonzero(texts.isin(wanted)).tolist()
        if self._codes is None:
            self._codes = dict(zip(texts.tolist(), range(len(texts)), strict=True))
        return [code for code in map(self._codes.get, wanted) if code is not None]

    def _make_counts(self) -> Counts:
        values = _comparable(self.column)
        shifted = values if self.least == 0 else values.astype(np.int32) - self.least
        return Counts(offsets_of(np.bincount(shifted, minlength=self.most - self.least + 1)), self.least)

    def _make_index(self) -> RowIndex:
        match self.column:
            case Strings(rows, codes, texts):
                return index_codes(codes, len(texts), rows)
            case column:
                return index_numbers(_comparable(column), column.rows)


class ElementAccess:
    """The elements of a column of arrays: `elements` as a table of their own, whose rows are the elements' places.

    rows: those that have an array; offsets: where each array's elements start; index: the rows by element.
    """

    def __init__(self, name: str, column: Arrays, size: int, shelf: Shelf) -> None:
        self.name = name
        self.column = column
        self.size = size
        self.rows = column.rows
        self.offsets = column.offsets
        self.elements = Access(name, column.elements, len(column.elements), Shelf("off"))
        self.index: Slot[RowIndex] = Slot(shelf, name, _ELEMENTS * len(column.elements), self._make_index)

    @property
    def count(self) -> int:
        """How many rows have an array."""
        return len(self.column)

    def _make_index(self) -> RowIndex:
        rows = np.arange(self.size, dtype=np.uint32) if self.rows is None else self.rows
        return index_elements(self.elements._make_index(), np.repeat(rows, np.diff(self.offsets)))


def _comparable(column: Plain | Strings) -> Array:
    if isinstance(column, Strings):
        return column.codes
    return column.data.view(np.uint8) if column.data.dtype == np.bool_ else column.data


def _bounds(column: Plain | Strings, values: Array) -> tuple[Any, Any]:
    if isinstance(column, Strings):
        return 0, len(column.texts) - 1
    if not len(values):
        return 0, -1
    return (0, 1) if column.data.dtype == np.bool_ else (values.min().item(), values.max().item())


def _filler(values: Array, least: Any, most: Any) -> Any:
    """A value that no interval within least … most has, None if the type has room for none."""
    if values.dtype.kind == "f":
        return np.nan
    most_of_type = np.iinfo(values.dtype).max
    if most < most_of_type:
        return most + 1
    if least > np.iinfo(values.dtype).min:
        return least - 1
    return None if values.dtype.itemsize == 8 else most + 1


def _spread(values: Array, rows: Rows, size: int, filler: Any) -> Array:
    dtype = values.dtype
    if dtype.kind in "iu" and filler > np.iinfo(dtype).max:
        dtype = np.dtype(f"{dtype.kind}{2 * dtype.itemsize}")
    spread = np.full(size, filler, dtype)
    spread[rows] = values
    return spread


def _price(column: Plain | Strings) -> float:
    width = _comparable(column).dtype.itemsize
    if isinstance(column, Strings):
        return _CODES if width <= 2 else _WIDE_CODES
    return _CODES if width <= 2 else _NUMBERS


def place_of(rows: Rows, low: int, high: int) -> tuple[int, int]:
    """Which values of a column belong to the rows low … high - 1."""
    if rows is None:
        return low, high
    first, behind = np.searchsorted(rows, np.array((low, high), rows.dtype)).tolist()  # of another type, all rows would be converted
    return first, behind


def rows_of(rows: Rows, at: Index) -> Index:
    """The rows of the values numbered `at`."""
    return at if rows is None else rows[at]
