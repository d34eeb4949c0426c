"""From rows back to records: the columns of a response, value for value and type for type as they were written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from whereql.records import Metadata, Record
from whereql.response import GetResponse
from whereql_memory.arrays import Index, Vector, locate
from whereql_memory.columns import Plain, Raw
from whereql_memory.table import Table


def response(table: Table, rows: Index, include: Sequence[str]) -> GetResponse:
    """What `GetResponse.from_records` makes of the records at these rows, which ascend."""
    columns: dict[str, Any] = {name: _COLUMNS[name](table, rows) for name in _COLUMNS if name in include}
    return GetResponse(ids=_ids(table, rows), include=list(include), **columns)


def records(table: Table, rows: Index) -> list[Record]:
    """The records at these rows, which ascend."""
    columns = (_ids(table, rows), _texts(table.documents, rows), _texts(table.uris, rows), _vectors(table.vectors, rows))
    return list(map(Record, *columns, _metadatas(table, rows)))


def _ids(table: Table, rows: Index) -> list[str]:
    return table.ids.at(rows)


def _texts(column: Raw, rows: Index) -> list[str | None]:
    at, places = locate(column.rows, rows)
    return _placed(column.values(at), places, len(rows))


def _vectors(column: Plain, rows: Index) -> list[Vector | None]:
    at, places = locate(column.rows, rows)
    return _placed(column.data[at], places, len(rows))


def _placed(values: Iterable[Any], places: Index | None, size: int) -> list[Any]:
    """A list with the values at their places, and None elsewhere."""
    if places is None:
        return list(values)
    placed: list[Any] = [None] * size
    _drain(map(placed.__setitem__, places.tolist(), values))
    return placed


def _stacked(table: Table, rows: Index) -> Vector | list[Vector | None]:
    if not len(rows):
        return np.empty((0, 0), np.float32)
    at, places = locate(table.vectors.rows, rows)
    return _vectors(table.vectors, rows) if places is not None else table.vectors.data[at]


def _metadatas(table: Table, rows: Index) -> list[Metadata | None]:
    """One dict per row, filled key by key; None where it stays empty."""
    dicts: list[Metadata] = [{} for _ in range(len(rows))]
    for name, columns in table.keys.items():
        for column in columns.values():
            at, places = locate(column.rows, rows)
            if len(at):
                having = dicts if places is None else map(dicts.__getitem__, places.tolist())
                _drain(map(dict.__setitem__, having, repeat(name), column.values(at)))
    return [metadata or None for metadata in dicts]


def _shown_metadatas(table: Table, rows: Index) -> list[Metadata | None]:
    """As `_metadatas`, but `{}` for a record that has a uri and no metadata, as Chroma has it."""
    metadatas = _metadatas(table, rows)
    _, with_uri = locate(table.uris.rows, rows)
    for row in range(len(rows)) if with_uri is None else with_uri.tolist():
        if metadatas[row] is None:
            metadatas[row] = {}
    return metadatas


def _drain(steps: Iterable[Any]) -> None:
    """Run an iterator of calls to its end, without a step of Python for each."""
    deque(steps, maxlen=0)


_COLUMNS: dict[str, Callable[[Table, Index], Any]] = {
    "documents": lambda table, rows: _texts(table.documents, rows),
    "embeddings": _stacked,
    "metadatas": _shown_metadatas,
    "uris": lambda table, rows: _texts(table.uris, rows),
}
