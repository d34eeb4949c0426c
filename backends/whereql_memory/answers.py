"""From rows back to records: the columns of a response, value for value and type for type as they were written.

Columns are made when someone reads them; what was found is kept as rows of immutable tables until then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np

from whereql.records import Metadata, Record
from whereql.response import GetResponse, stack_vectors
from whereql_memory.arrays import Index, Vector, locate
from whereql_memory.columns import Plain, Raw
from whereql_memory.running import Found
from whereql_memory.table import Table

_SMALL = 256  # records whose ids cost less to make at once than to put off


class Answer:
    """Rows of a table, as the columns of a response."""

    __slots__ = ("_found", "_table")

    def __init__(self, table: Table, found: Found) -> None:
        self._table = table
        self._found = found

    def __len__(self) -> int:
        return self._found.count

    def column(self, name: str) -> Any:
        """See whereql.response.Columns."""
        return _COLUMNS[name](self._table, self._found)

    def take(self, rows: Sequence[int]) -> Answer | Joined:
        """See whereql.response.Columns."""
        wanted = _row_numbers(rows)
        if len(wanted) < 2 or bool((wanted[1:] > wanted[:-1]).all()):
            return Answer(self._table, Found(self._found.size, None, self._found.rows[wanted]))
        return Joined([self], wanted)

    def respond(self, include: Iterable[str]) -> GetResponse:
        """The response with these columns."""
        rows = self._found.listed
        is_small = rows is not None and len(rows) <= _SMALL
        return GetResponse.lazily(self, include, _ids(self._table, self._found) if is_small else None)


class Joined:
    """The rows of several answers, as the columns of a response; order: what puts them in order, shape (records,), None where they are."""

    def __init__(self, parts: Sequence[Answer], order: Index | None = None) -> None:
        self._parts = parts
        self._order = order

    def __len__(self) -> int:
        return sum(map(len, self._parts)) if self._order is None else len(self._order)

    def column(self, name: str) -> Any:
        """See whereql.response.Columns."""
        values = list(chain.from_iterable(part.column(name) for part in self._parts))
        if self._order is not None:
            values = list(map(values.__getitem__, self._order.tolist()))
        return stack_vectors(values) if name == "embeddings" else values

    def take(self, rows: Sequence[int]) -> Joined:
        """See whereql.response.Columns."""
        wanted = _row_numbers(rows)
        return Joined(self._parts, wanted if self._order is None else self._order[wanted])

    def respond(self, include: Iterable[str]) -> GetResponse:
        """The response with these columns."""
        return GetResponse.lazily(self, include)


def _row_numbers(rows: Sequence[int]) -> Index:
    return np.arange(rows.start, rows.stop, rows.step) if isinstance(rows, range) else np.asarray(rows, np.int64)


def records(table: Table, rows: Index) -> list[Record]:
    """The records at these rows, which ascend."""
    columns = (table.ids.at(rows), _texts(table.documents, rows), _texts(table.uris, rows), _vectors(table.vectors, rows))
    return list(map(Record, *columns, _metadatas(table, rows)))


def _ids(table: Table, found: Found) -> list[str]:
    rows, mask = found.listed, found.mask
    if rows is None:
        assert mask is not None  # or they would be listed
        return table.ids.marked(mask, found.about)
    return table.ids.listed.copy() if len(rows) == found.size else table.ids.at(rows)


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


_COLUMNS: dict[str, Callable[[Table, Found], Any]] = {
    "ids": _ids,
    "documents": lambda table, found: _texts(table.documents, found.rows),
    "embeddings": lambda table, found: _stacked(table, found.rows),
    "metadatas": lambda table, found: _shown_metadatas(table, found.rows),
    "uris": lambda table, found: _texts(table.uris, found.rows),
}
