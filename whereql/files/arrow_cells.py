"""From Arrow's columns to checked ones, in C++ and numpy: strings, ints, floats, bools, lists of them, texts and embeddings.

Whatever is not plain raises UnusualError: the exact readers judge it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whereql.cells import Array, Cells, Index, UnusualError, Utf8
from whereql.strings import SHARED

_SEPARATOR = b"\xff"
_EXACT = 2**53  # up to here the doubles have every int


def release() -> None:
    """Give back the memory that Arrow keeps for what it may read next: of a large file a tenth of what its records take."""
    pa.default_memory_pool().release_unused()


def whole(column: Any) -> Any:
    """A column of several chunks as one array. Raises UnusualError for a text that has no UTF-8 form."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else whole(column.combine_chunks())  # which would copy a single one, too


def is_text(type: Any) -> bool:
    """Whether a type is one of those for strings."""
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type))


def is_listed(type: Any) -> bool:
    """Whether a type is one of those for lists of any length."""
    return bool(pa.types.is_list(type) or pa.types.is_large_list(type))


def is_number(type: Any) -> bool:
    """Whether a type is one of ints that int64 holds, or of floats."""
    return bool((pa.types.is_integer(type) and not pa.types.is_uint64(type)) or pa.types.is_floating(type))


def rows_of(array: Any) -> Index | None:
    """The ascending rows that have a value, None where all have."""
    return np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False)) if array.null_count else None


def kept(rows: Index | None, at: Index | slice, size: int) -> Index | None:
    """Those of the rows with these numbers, None where they are all of `size` rows."""
    some = (np.arange(size) if rows is None else rows)[at]
    return None if len(some) == size else some


class ArrowWords:
    """The strings of a column so far, by their codes: most come in one part of a file after the other. After 100,000 they begin anew."""

    def __init__(self) -> None:
        self._array: Any = None
        self._list: list[str] = []

    def codes(self, strings: Any) -> tuple[Array, list[str]]:
        """The codes of strings, and the words, whose list grows with what comes."""
        if self._array is None or len(self._list) > SHARED:
            self._array, self._list = strings[:0], []
        coded = pa.chunked_array([self._array, strings]).dictionary_encode().chunks[-1]  # what is known comes first, and keeps its codes
        self._array = coded.dictionary
        self._list += self._array[len(self._list) :].to_pylist()
        return coded.indices.to_numpy().astype(np.uint32), self._list


def cells_of(array: Any, words: ArrowWords) -> Cells | None:
    """The values of an array of scalars or lists; None without any, for null and the empty list are no values.

    words: those of the column, where it has strings.
    """
    rows = rows_of(array)
    if array.null_count == len(array):
        return None
    if not is_listed(array.type):
        return Cells(*_plain(array.drop_null() if array.null_count else array, rows, words))
    lengths = pc.list_value_length(array.drop_null()).to_numpy().astype(np.int64)
    elements = array.flatten()
    if elements.null_count:
        raise UnusualError
    if not len(elements):
        return None
    if not lengths.all():
        rows = kept(rows, lengths > 0, len(array))
        lengths = lengths[lengths > 0]
    kind, rows, data, known = _plain(elements, rows, words)
    return Cells(f"{kind}[]", rows, data, known, np.concatenate([np.zeros(1, np.int64), lengths.cumsum()]))


def _plain(array: Any, rows: Index | None, words: ArrowWords) -> tuple[str, Index | None, Array, list[str] | None]:
    """The kind of an array without nulls, the rows, its values or their codes, and the words behind those."""
    types = pa.types
    if is_text(array.type):
        return "string", rows, *words.codes(array)
    if types.is_boolean(array.type):
        return "bool", rows, array.to_numpy(zero_copy_only=False), None
    if types.is_integer(array.type) and not types.is_uint64(array.type):
        return "int", rows, array.to_numpy().astype(np.int64), None
    if types.is_floating(array.type):
        data = array.to_numpy().astype(np.float64) + 0.0  # no -0.0
        if not np.isfinite(data).all():
            raise UnusualError
        return "float", rows, data, None
    raise UnusualError


def texts_of(array: Any) -> Utf8 | None:
    """Documents or uris."""
    if array.null_count == len(array):
        return None
    if not is_text(array.type):
        raise UnusualError
    rows, present = rows_of(array), array.drop_null() if array.null_count else array
    is_large = pa.types.is_large_string(array.type)
    offsets = np.zeros(len(present) + 1, np.int64)
    np.cumsum(pc.binary_length(present).to_numpy() + 1, out=offsets[1:])
    type, lists = (pa.large_binary(), pa.LargeListArray) if is_large else (pa.binary(), pa.ListArray)
    listed = lists.from_arrays([0, len(present)], present.cast(type))
    return Utf8(pc.binary_join(listed, pa.scalar(_SEPARATOR, type))[0].as_buffer(), offsets, rows)


def ids_of(array: Any) -> list[str]:
    """Ids: strings, or ints as their texts."""
    if array.null_count or not len(array):
        raise UnusualError
    if pa.types.is_integer(array.type):
        return list(map(str, array.to_pylist()))
    if not is_text(array.type):
        raise UnusualError
    ids: list[str] = array.to_pylist()
    if not all(ids):
        raise UnusualError
    return ids


def vectors_of(array: Any, *, perhaps_ints: bool = False) -> tuple[Array, Index | None]:
    """Embeddings of one dimension, float32 of shape (k, dimension), and the rows that have one.

    perhaps_ints: whether a double may have been written as an int, which is rounded once, not twice.
    """
    if array.null_count == len(array):
        return np.empty((0, 0), np.float32), np.empty(0, np.int64)
    if not (is_listed(array.type) or pa.types.is_fixed_size_list(array.type)) or not is_number(array.type.value_type):
        raise UnusualError
    present = array.drop_null()
    lengths, elements = pc.list_value_length(present), present.flatten()
    dimension = lengths[0].as_py()
    if elements.null_count or not dimension or pc.count_distinct(lengths).as_py() > 1:
        raise UnusualError
    given = elements.to_numpy()
    with np.errstate(over="ignore"):
        vectors = given.astype(np.float32).reshape(-1, dimension)
    if not np.isfinite(vectors).all() or (perhaps_ints and (np.abs(given) > _EXACT).any()):
        raise UnusualError
    return vectors, rows_of(array)
