"""From records to columns: per key and kind in C, never value by value in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise, repeat
from operator import is_
from typing import Any

import numpy as np

from whereql.records import Metadata
from whereql_memory.arrays import Array, Index, Rows, Vector, codes_type, dense, offsets_of
from whereql_memory.columns import Arrays, Column, Plain, Raw, Sparse, Strings
from whereql_memory.texts import Texts, distinct


def key_columns(metadatas: Sequence[Metadata | None]) -> dict[str, dict[str, Column]]:
    """Metadata as columns: key, then stored kind, to column. Keys in the order of their first appearance."""
    filled = np.flatnonzero(np.fromiter(map(bool, metadatas), np.bool_, len(metadatas)))
    present = [metadata for metadata in metadatas if metadata]
    counts = np.fromiter(map(len, present), np.int64, len(present))
    names = list(chain.from_iterable(present))
    code_of = {name: code for code, name in enumerate(dict.fromkeys(names))}
    codes = np.fromiter(map(code_of.__getitem__, names), codes_type(len(code_of)), len(names))
    order = np.argsort(codes, kind="stable")
    values = np.fromiter(chain.from_iterable(map(dict.values, present)), np.object_, len(names))[order]
    rows = np.repeat(filled, counts)[order]
    edges = offsets_of(np.bincount(codes, minlength=len(code_of)).astype(np.int64)).tolist()
    cells = [slice(a, b) for a, b in pairwise(edges)]
    return {
        name: {column.kind: column for column in _columns(values[cell], rows[cell], len(metadatas))}
        for name, cell in zip(code_of, cells, strict=True)
    }


def text_column(texts: Sequence[str | None]) -> Raw:
    """Documents or uris as a column."""
    present = [text for text in texts if text is not None]
    return Raw(_present(texts, len(present)), Texts.of(present))


def vector_column(vectors: Sequence[Vector | None]) -> Plain:
    """Embeddings of one dimension as a float32 column of shape (k, dimension); (0, 0) without any."""
    present = [vector for vector in vectors if vector is not None]
    data = np.array(present, np.float32) if present else np.empty((0, 0), np.float32)
    return Plain(_present(vectors, len(present)), data)


def _present(values: Sequence[object], count: int) -> Rows:
    if count == len(values):
        return None
    return np.flatnonzero(~np.fromiter(map(is_, values, repeat(None)), np.bool_, len(values)))


def _columns(values: Array, rows: Index, size: int) -> Iterator[Column]:
    for kind, at in _groups(type, values):
        if kind is not list:
            yield _MAKE[kind](values[at], dense(rows[at], size))
            continue
        arrays, arrays_rows = values[at], rows[at]
        for element, inner in _groups(lambda array: type(array[0]), arrays):
            yield _arrays(element, arrays[inner], dense(arrays_rows[inner], size))


def _groups(classify: Callable[[Any], type], values: Array) -> Iterator[tuple[type, Index | slice]]:
    """Each class among the values, and where its members are."""
    classes = list(map(classify, values))
    found = dict.fromkeys(classes)
    for each in found:
        if len(found) == 1:
            yield each, slice(None)
        else:
            yield each, np.flatnonzero(np.fromiter(map(is_, classes, repeat(each)), np.bool_, len(classes)))


def _arrays(element: type, arrays: Array, rows: Rows) -> Arrays:
    lengths = np.fromiter(map(len, arrays), np.int64, len(arrays))
    flat = np.fromiter(chain.from_iterable(arrays), np.object_, int(lengths.sum()))
    return Arrays(rows, offsets_of(lengths), _MAKE[element](flat, None))


def _strings(values: Array, rows: Rows) -> Strings:
    texts, code_of = distinct(values)
    return Strings(rows, np.fromiter(map(code_of.__getitem__, values), codes_type(len(texts)), len(values)), texts)


_MAKE: dict[type, Callable[[Array, Rows], Plain | Strings]] = {
    int: lambda values, rows: Plain(rows, values.astype(np.int64)),
    float: lambda values, rows: Plain(rows, values.astype(np.float64)),
    bool: lambda values, rows: Plain(rows, values.astype(np.bool_)),
    str: _strings,
    dict: lambda values, rows: Sparse(rows, values),
}
