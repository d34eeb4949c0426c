"""The memory backend: a collection in numpy columns, every filter answered exactly.

>>> from whereql.records import make_record
>>> backend = MemoryBackend([make_record("a", metadata={"year": 2020}), make_record("b")])
>>> backend.get(Query(whereql.parse("year >= 2000"))).ids
['a']
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from whereql.ast import Const, Predicate
from whereql.backend import Change, Query
from whereql.records import Record, Schema, check_dimensions
from whereql.response import GetResponse
from whereql.support import ANY_SHAPE, Support
from whereql_memory.answers import records as records_at
from whereql_memory.answers import response
from whereql_memory.arrays import Index, Vector
from whereql_memory.evaluator import evaluate
from whereql_memory.table import Table


class MemoryBackend:
    """A collection in memory. Any number of threads may read while one writes: each read sees one moment's snapshot.

    Raises BackendError for embeddings of different dimensions; a write that fails changes nothing.
    """

    cheap_schema = True
    is_ordered = True
    shape = ANY_SHAPE

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._lock = threading.Lock()
        self._table = Table.of([])
        # What was written since the table was made: by id, a new record or one in place of the table's. The next read folds
        # it in, so that a thousand small writes in a row cost as much as a large one.
        self._written: dict[str, Record] = {}
        # Their embeddings, apart: copies, as a caller may use one array again and again.
        self._vectors: dict[str, Vector] = {}
        self.add(list(records))

    # Reading.

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """EXACT, whatever the predicate."""
        return Support.EXACT

    def native(self, query: Query) -> str | None:
        """None: there is no other language behind this backend."""
        return None

    def get(self, query: Query) -> GetResponse:
        """The records of a query, with the columns of `query.include`."""
        table = self._snapshot()
        return response(table, _select(table, query), query.include)

    def count(self, query: Query) -> int:
        """How many records a query has."""
        return len(_select(self._snapshot(), query))

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The records of a query in pages, each of at most `next(sizes)`, all from the moment of this call."""
        table = self._snapshot()
        rows = _select(table, query)
        return _pages(table, rows, query.include, sizes)

    def schema(self) -> Schema:
        """The keys that the collection holds now, with the counts of their kinds and up to three values."""
        return self._snapshot().schema

    def close(self) -> None:
        """Let go of the records."""
        with self._lock:
            self._table = Table.of([])
            self._written, self._vectors = {}, {}

    # Writing.

    def add(self, records: Sequence[Record]) -> int:
        """Append the records whose id is new, the first of each id; how many those were."""
        with self._lock:
            self._check_dimensions(records)
            fresh: dict[str, Record] = {}
            deque(map(fresh.setdefault, [record.id for record in records], records), maxlen=0)
            for id in {*self._table.ids.at(self._table.ids.find(fresh)), *(fresh.keys() & self._written.keys())}:
                del fresh[id]
            self._vectors |= _own_vectors(fresh.values())
            self._written |= fresh
            return len(fresh)

    def upsert(self, changes: Sequence[Change]) -> int:
        """Write each change in its turn, at the place of the record that has its id, or at the end; how many there were."""
        with self._lock:
            self._check_dimensions([change.record for change in changes])
            rows = self._table.ids.find({change.record.id for change in changes} - self._written.keys())
            stored = {record.id: record for record in records_at(self._table, rows)}
            changed: dict[str, Record] = {}
            for change in changes:
                id = change.record.id
                changed[id] = change.apply(changed.get(id) or self._written.get(id) or stored.get(id))
            self._vectors |= _own_vectors(stored.values()) | _own_vectors(change.record for change in changes)
            self._written |= changed
            return len(changes)

    def delete(self, query: Query) -> int:
        """Delete the records of a query; how many there were."""
        with self._lock:
            table = self._folded()
            rows = _select(table, query)
            if len(rows):
                self._table = table.take(np.flatnonzero(~table.mark(rows)))
            return len(rows)

    def _check_dimensions(self, records: Sequence[Record]) -> None:
        check_dimensions(records, self._table.dimension or next(map(len, self._vectors.values()), None))

    def _snapshot(self) -> Table:
        with self._lock:
            return self._folded()

    def _folded(self) -> Table:
        """The table with all that was written; the lock is held."""
        if self._written:
            table = self._table
            rows = table.ids.find(self._written)
            known = table.ids.at(rows)
            old = frozenset(known)
            if known:
                table = table.put(rows, self._written_table(known))
            if len(known) < len(self._written):
                table = table.append(self._written_table([id for id in self._written if id not in old]))
            self._table, self._written, self._vectors = table, {}, {}
        return self._table

    def _written_table(self, ids: Sequence[str]) -> Table:
        return Table.of([self._written[id] for id in ids], [self._vectors.get(id) for id in ids])


def _pages(table: Table, rows: Index, include: Sequence[str], sizes: Iterator[int]) -> Iterator[GetResponse]:
    while len(rows):
        size = next(sizes)
        yield response(table, rows[:size], include)
        rows = rows[size:]


def _own_vectors(records: Iterable[Record]) -> dict[str, Vector]:
    return {record.id: record.embedding.copy() for record in records if record.embedding is not None}


def _select(table: Table, query: Query) -> Index:
    """The ascending rows of a query."""
    match query.where, query.ids:
        case Const(True), None:
            rows = np.arange(len(table))
        case where, None:
            rows = np.flatnonzero(evaluate(where, table))
        case where, ids:
            rows = table.ids.find(ids)
            rows = rows[evaluate(where, table)[rows]] if len(rows) else rows
    return rows[query.offset : None if query.limit is None else query.offset + query.limit]
