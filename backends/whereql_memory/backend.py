"""The memory backend: a collection in numpy columns, every filter answered exactly.

>>> from whereql.records import make_record
>>> backend = MemoryBackend([make_record("a", metadata={"year": 2020}), make_record("b")])
>>> backend.get(Query(whereql.parse("year >= 2000"))).ids
['a']
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence, Set

import numpy as np

from whereql.ast import Predicate
from whereql.backend import Change, Query
from whereql.batches import Batch
from whereql.records import Record, Schema, check_dimensions
from whereql.response import GetResponse
from whereql.support import ANY_SHAPE, Support
from whereql_memory.answers import Answer, Joined
from whereql_memory.answers import records as records_at
from whereql_memory.arrays import Vector
from whereql_memory.explaining import describe
from whereql_memory.loading import Loading
from whereql_memory.merging import behind, without
from whereql_memory.segments import Consecutive, Segment
from whereql_memory.shelf import BUDGET, IndexStats, Shelf, Stats
from whereql_memory.table import Table
from whereql_memory.view import Part, View

_MANY = 1_000  # records of a batch that is made into columns as it comes
_WAITING = 20_000  # records that wait for the next read at most, beside those


class MemoryBackend:
    """A collection in memory. Any number of threads may read while one writes: each read sees one moment's view.

    indexes: `adaptive`, the default, builds one once scans have cost as much, `on` at once, `off` none; budget: bytes for them.
    Raises BackendError for embeddings of different dimensions; a write that fails changes nothing.
    """

    cheap_schema = True
    is_ordered = True
    shape = ANY_SHAPE

    def __init__(self, records: Iterable[Record] = (), *, indexes: str | None = None, budget: int = BUDGET) -> None:
        self._lock = threading.RLock()
        self._shelf = Shelf(indexes, budget)
        self._view = View()
        self._next = 0  # the place in the order for the next record
        # What waits for the next read: large batches of new records, with their ids, and behind them by id what was written since, a new
        # record or one in place of an old one. So a thousand small writes in a row cost as much as a large one.
        self._loading: Loading | None = None
        self._ids: set[str] = set()
        self._written: dict[str, Record] = {}
        # Their embeddings, apart: copies, as a caller may use one array again and again.
        self._vectors: dict[str, Vector] = {}
        self.add(list(records))

    @classmethod
    def of(cls, tables: Iterable[Table], *, indexes: str | None = None, budget: int = BUDGET) -> MemoryBackend:
        """A collection of the records of these tables, one behind the other, each a segment; no id stands twice in them."""
        backend, parts = cls(indexes=indexes, budget=budget), []
        for table in tables:
            parts.append(Part(Segment(table, Consecutive(backend._next, len(table)), backend._shelf)))
            backend._next += len(table)
        backend._view = View(part for part in parts if len(part))
        return backend

    # Reading.

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """EXACT, whatever the predicate."""
        return Support.EXACT

    def native(self, query: Query) -> str | None:
        """The plan of a query, step by step, with the rows that each was expected to have and has."""
        return describe(self._current(), query)

    def get(self, query: Query) -> GetResponse:
        """The records of a query, with the columns of `query.include`."""
        return self._current().select(query).respond(query.include)

    def count(self, query: Query) -> int:
        """How many records a query has."""
        return self._current().count(query)

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The records of a query in pages, each of at most `next(sizes)`, all from the moment of this call."""
        return _pages(self._current().select(query), query.include, sizes)

    def schema(self) -> Schema:
        """The keys that the collection holds now, with the counts of their kinds and up to three values."""
        return self._current().schema

    def stats(self) -> Stats:
        """What is held, and which indexes have been built."""
        view, shelf = self._current(), self._shelf
        with shelf.lock:
            indexes = tuple(IndexStats(slot.name, slot.nbytes, slot.uses) for slot in shelf.slots)
        dead = sum(part.dead for part in view.parts)
        nbytes = sum(part.segment.nbytes for part in view.parts)
        return Stats(len(view), len(view.parts), dead, nbytes, indexes, shelf.built, shelf.evicted)

    def close(self) -> None:
        """Let go of the records."""
        with self._lock:
            self._view = without(self._view, {part: part.rows for part in self._view.parts}, self._shelf)
            self._forget()

    # Writing.

    def add(self, records: Sequence[Record]) -> int:
        """Append the records whose id is new, the first of each id; how many those were."""
        with self._lock:
            self._check_dimensions(records)
            if isinstance(records, Batch) and len(records) >= _MANY and self._load(records):
                return len(records)
            fresh: dict[str, Record] = {}
            deque(map(fresh.setdefault, [record.id for record in records], records), maxlen=0)
            for id in self._known(fresh.keys()):
                del fresh[id]
            self._vectors |= _own_vectors(fresh.values())
            self._written |= fresh
            self._relieve()
            return len(fresh)

    def _load(self, batch: Batch) -> bool:
        """Take a batch as it is, if all of its ids are new."""
        if (self._written or self._view.parts) and self._known(frozenset(batch.ids)):
            return False
        self._fold_written()
        size = len(self._ids)
        try:
            self._ids.update(batch.ids)
            if len(self._ids) < size + len(batch):
                self._fold_loading()  # what is among the ids tells no longer what waits
                return False
            self._loading = self._loading or Loading()
            self._loading.add(batch)
        except BaseException:  # too little memory, or Ctrl-C
            self._ids = set(self._loading.ids) if self._loading else set()
            raise
        return True

    def upsert(self, changes: Sequence[Change]) -> int:
        """Write each change in its turn, at the place of the record that has its id, or at the end; how many there were."""
        with self._lock:
            self._check_dimensions([change.record for change in changes])
            self._fold_loading()
            stored: dict[str, Record] = {}
            for part, rows in self._view.locate({change.record.id for change in changes} - self._written.keys()):
                stored |= {record.id: record for record in records_at(part.segment.table, rows)}
            changed: dict[str, Record] = {}
            for change in changes:
                id = change.record.id
                changed[id] = change.apply(changed.get(id) or self._written.get(id) or stored.get(id))
            self._vectors |= _own_vectors(stored.values()) | _own_vectors(change.record for change in changes)
            self._written |= changed
            self._relieve()
            return len(changes)

    def delete(self, query: Query) -> int:
        """Delete the records of a query; how many there were."""
        with self._lock:
            view = self._folded()
            dead = view.rows(query)
            self._view = without(view, dead, self._shelf)
            return sum(map(len, dead.values()))

    def _known(self, ids: Set[str]) -> set[str]:
        """Which of the ids are there already."""
        known = {*(ids & self._ids), *(ids & self._written.keys())}
        return known.union(*(part.segment.table.ids.at(rows) for part, rows in self._view.locate(ids)))

    def _check_dimensions(self, records: Sequence[Record]) -> None:
        loading = self._loading.dimension if self._loading is not None else None
        check_dimensions(records, self._view.dimension or loading or next(map(len, self._vectors.values()), None))

    def _current(self) -> View:
        if self._loading is None and not self._written:
            return self._view
        with self._lock:
            return self._folded()

    def _relieve(self) -> None:
        if len(self._written) >= _WAITING:
            self._fold_written()

    def _folded(self) -> View:
        """The view with all that was written; the lock is held."""
        self._fold_loading()
        self._fold_written()
        return self._view

    def _fold_loading(self) -> None:
        if self._loading is not None:
            table = self._loading.table()
            sequence = Consecutive(self._next, len(table))
            self._next += len(table)
            self._view, self._loading = behind(self._view, table, sequence, self._shelf), None
        self._ids = set()

    def _fold_written(self) -> None:
        if not self._written:
            return
        self._fold_loading()
        old: dict[Part, np.ndarray] = {}
        place: dict[str, int] = {}
        for part, rows in self._view.locate(self._written):
            if len(rows):
                old[part] = rows
                place |= zip(part.segment.table.ids.at(rows), part.segment.sequence[rows].tolist(), strict=True)
        for id in self._written:
            if id not in place:
                place[id], self._next = self._next, self._next + 1
        ids = sorted(self._written, key=place.__getitem__)
        table = Table.of([self._written[id] for id in ids], [self._vectors.get(id) for id in ids])
        view = without(self._view, old, self._shelf)
        self._view = behind(view, table, np.array([place[id] for id in ids], np.int64), self._shelf)
        self._written, self._vectors = {}, {}

    def _forget(self) -> None:
        self._loading, self._ids, self._written, self._vectors = None, set(), {}, {}


def _pages(answer: Answer | Joined, include: Sequence[str], sizes: Iterator[int]) -> Iterator[GetResponse]:
    start, size = 0, len(answer)
    while start < size:
        page = answer.take(range(start, min(start + next(sizes), size)))
        start += len(page)
        yield page.respond(include)


def _own_vectors(records: Iterable[Record]) -> dict[str, Vector]:
    return {record.id: record.embedding.copy() for record in records if record.embedding is not None}
