"""The table: an immutable snapshot of a collection, column by column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import numpy as np

from whereql.records import KeyInfo, Record, Schema, add_example
from whereql_memory.arrays import Index, Mask, Vector, dense, locate
from whereql_memory.columns import Column, Plain, Raw
from whereql_memory.ids import Ids
from whereql_memory.ingest import key_columns, text_column, vector_column

ColumnT = TypeVar("ColumnT", bound=Column)
_LOOKED_AT = 20  # values of a column, to find examples that differ


class Table:
    """n records, numbered by their rows 0 … n - 1, in the order of the collection.

    documents, uris: texts of the rows that have one; vectors: float32 of shape (k, dimension) of the k rows that have one;
    keys: metadata key, then stored kind, to column; indexes: those that came with it, by key and kind, or `#document` and `words`.
    """

    def __init__(
        self, ids: Ids, documents: Raw, uris: Raw, vectors: Plain, keys: Mapping[str, Mapping[str, Column]], indexes: Mapping[tuple[str, str], Any] | None = None
    ) -> None:
        self.ids = ids
        self.documents = documents
        self.uris = uris
        self.vectors = vectors
        self.keys = keys
        self.indexes = indexes or {}

    @classmethod
    def of(cls, records: Sequence[Record], vectors: Sequence[Vector | None] | None = None) -> Table:
        """The table of these records; `vectors`, of one dimension, stand in for the records' own if given."""
        return cls(
            Ids.of([record.id for record in records]),
            text_column([record.document for record in records]),
            text_column([record.uri for record in records]),
            vector_column([record.embedding for record in records] if vectors is None else vectors),
            key_columns([record.metadata for record in records]),
        )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dimension(self) -> int | None:
        """The length of the embeddings, None without any."""
        return self.vectors.data.shape[1] if len(self.vectors) else None

    def take(self, rows: Index) -> Table:
        """The table of these rows, which ascend."""
        keys = {name: {kind: _take(column, rows) for kind, column in columns.items()} for name, columns in self.keys.items()}
        return Table(
            self.ids.take(rows), _take(self.documents, rows), _take(self.uris, rows), _take(self.vectors, rows), _without_empty(keys)
        )

    @cached_property
    def schema(self) -> Schema:
        """The keys, with the counts of their kinds and the first values that differ."""
        return describe(self)

    @property
    def nbytes(self) -> int:
        """The bytes of memory held, Python strings and dicts not counted."""
        columns = (self.documents, self.uris, self.vectors, *(column for kinds in self.keys.values() for column in kinds.values()))
        return self.ids.nbytes + sum(column.nbytes for column in columns)


def describe(table: Table, alive: Mask | None = None) -> Schema:
    """What a table's keys are, with the counts of their kinds and the first values that differ; alive: the rows that count, None for all."""
    size = len(table) if alive is None else int(np.count_nonzero(alive))
    infos = ((name, _describe(columns.values(), alive)) for name, columns in table.keys.items())
    return Schema(size, {name: info for name, info in infos if info.kinds})


def _describe(columns: Iterable[Column], alive: Mask | None) -> KeyInfo:
    kinds: dict[str, int] = {}
    examples: list[Any] = []
    for column in columns:
        lives = None if alive is None else alive if column.rows is None else alive[column.rows]
        count = len(column) if lives is None else int(np.count_nonzero(lives))
        if count:
            kinds[column.kind] = count
            at = np.arange(min(count, _LOOKED_AT)) if lives is None else _first(lives, _LOOKED_AT)
            for value in column.values(at):
                add_example(examples, value)
    return KeyInfo(kinds, tuple(examples))


def _first(marks: Mask, most: int) -> Index:
    """The first places that are marked, without a look at all the others."""
    size = 16 * most
    while (found := np.flatnonzero(marks[:size])).size < most and size < len(marks):
        size *= 16
    return found[:most]


def _take(column: ColumnT, rows: Index) -> ColumnT:
    return column.pick(*locate(column.rows, rows))


def _without_empty(keys: Mapping[str, Mapping[str, Column]]) -> dict[str, dict[str, Column]]:
    filled = {name: {kind: column for kind, column in columns.items() if len(column)} for name, columns in keys.items()}
    return {name: columns for name, columns in filled.items() if columns}


def merge(parts: Sequence[tuple[Table, Index]]) -> Table:
    """One table of several. Each comes with the ascending rows that its records get in the result; all rows are given once."""
    size = sum(len(table) for table, _ in parts)
    names = dict.fromkeys(chain.from_iterable(table.keys for table, _ in parts))
    keys: dict[str, dict[str, Column]] = {}
    for name in names:
        held = [(table.keys.get(name, {}), rows) for table, rows in parts]
        kinds = dict.fromkeys(chain.from_iterable(columns for columns, _ in held))
        keys[name] = {kind: _join([(columns[kind], rows) for columns, rows in held if kind in columns], size) for kind in kinds}
    return Table(
        _join_ids([(table.ids, rows) for table, rows in parts]),
        _join([(table.documents, rows) for table, rows in parts], size),
        _join([(table.uris, rows) for table, rows in parts], size),
        _join([(table.vectors, rows) for table, rows in parts], size),
        keys,
    )


def _join(parts: Sequence[tuple[ColumnT, Index]], size: int) -> ColumnT:
    rows = np.concatenate([places if column.rows is None else places[column.rows] for column, places in parts])
    joined = parts[0][0].join([column for column, _ in parts], dense(rows, size))
    if (rows[1:] > rows[:-1]).all():
        return joined
    order = np.argsort(rows)
    return joined.pick(order, dense(rows[order], size))


def _join_ids(parts: Sequence[tuple[Ids, Index]]) -> Ids:
    rows = np.concatenate([rows for _, rows in parts])
    joined = Ids.join([ids for ids, _ in parts])
    return joined if (rows[1:] > rows[:-1]).all() else joined.take(np.argsort(rows))
