"""The array types of the memory backend, and the few operations on them that texts, columns and tables share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_]
Index = NDArray[np.int64]
Vector = NDArray[np.float32]
Rows = Index | None
"""The ascending row numbers that have a value, or None where every row has one."""

_LARGE = 1 << 17  # rows of a mask from which on `rows_in` looks at eight at a time …
_OFTEN = 0.1  # … where fewer than so many of them are marked
_HARD = 0.006, 0.0135  # shares of which as much holds for the eights that have a row


def rows_in(mask: Mask, about: float) -> Index:
    """The rows of a mask, ascending: what `flatnonzero` says, in a third to a half of its time where one to ten in a hundred are marked.

    about: how many are, or nearly. numpy has a branch for each row, which a processor can't foresee, unless more than a tenth are marked. Of
    eight rows at a time, most have none or some of them.
    """
    share = about / max(1, len(mask))
    if len(mask) < _LARGE or share > _OFTEN:
        return np.flatnonzero(mask)
    eights = np.packbits(mask, bitorder="little")
    filled = eights != 0
    least, most = _HARD
    if least < share < most:  # more than a tenth, with as many behind the end
        filled = np.concatenate([filled, np.ones(len(filled) // 8 + 1, np.bool_)])
    at = np.flatnonzero(filled)
    at = at[: len(at) - (len(filled) - len(eights))]
    bits = np.flatnonzero(np.unpackbits(eights[at], bitorder="little").view(np.bool_))
    rows = (at << 3).take(bits >> 3)
    bits &= 7
    rows += bits
    return rows


def owners(hits: Index, offsets: Index) -> Mask:
    """Which runs of a flat sequence hold a hit.

    hits: ascending positions, shape (h,); offsets: where each run starts, and the end, shape (n + 1,). Shape (n,).
    """
    if len(hits) >= len(offsets):
        return np.diff(np.searchsorted(hits, offsets)) > 0
    mask = np.zeros(len(offsets) - 1, np.bool_)
    mask[np.searchsorted(offsets, hits, "right") - 1] = True
    return mask


def runs(offsets: Index, at: Index) -> tuple[Index, Index]:
    """The runs numbered `at`, gathered: their new offsets, shape (len(at) + 1,), and the old position of each element."""
    lengths = offsets[at + 1] - offsets[at]
    new = offsets_of(lengths)
    return new, positions(offsets[at], lengths)


def runs_at(starts: Array, at: Index) -> tuple[Index, Index]:
    """The runs numbered `at` of a flat sequence: how long each is, shape (len(at),), and the positions of all of their elements."""
    first = starts[at].astype(np.int64)
    lengths = starts[at + 1] - first
    return lengths, positions(first, lengths)


def positions(first: Index, lengths: Index) -> Index:
    """All positions of runs that begin at `first`, one run behind the other."""
    shifts = first + lengths
    shifts -= lengths.cumsum(dtype=np.int64)
    found = shifts.repeat(lengths)
    found += np.arange(len(found))
    return found


def offsets_of(lengths: Index) -> Index:
    """Where runs of these lengths start, and the end of the last. Shape (n + 1,)."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def join_offsets(parts: Sequence[Index]) -> Index:
    """The offsets of several flat sequences put one behind the other."""
    return offsets_of(np.concatenate([np.diff(part) for part in parts]))


def meet(rows: Index, wanted: Index) -> tuple[Index, Index]:
    """The positions, in each of two ascending arrays without duplicates, of the values that both have."""
    if len(rows) < len(wanted):
        in_wanted, in_rows = meet(wanted, rows)
        return in_rows, in_wanted
    at = np.searchsorted(rows, wanted)
    at[at == len(rows)] = 0
    both = np.flatnonzero(rows[at] == wanted)
    return at[both], both


def locate(rows: Rows, wanted: Index) -> tuple[Index, Rows]:
    """Where the values of the rows `wanted` (ascending) stand in a column, and which of `wanted` have one (None: all)."""
    if rows is None:
        return wanted, None
    at, places = meet(rows, wanted)
    return at, dense(places, len(wanted))


def dense(rows: Index, size: int) -> Rows:
    """`rows`, or None if these are all of `size` rows."""
    return None if len(rows) == size else rows


def codes_type(count: int) -> np.dtype[Any]:
    """The smallest unsigned type for `count` codes."""
    return np.min_scalar_type(max(count - 1, 0))
