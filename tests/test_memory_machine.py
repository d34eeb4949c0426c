"""The memory backend against a plain dict of records: random writes and reads in a row, each read as the semantics has it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from strategies import FilterMaker, values
from thresholds import LOW, lowered
from whereql_memory.backend import MemoryBackend
from whereql_memory.shelf import MODES

from whereql.ast import Const, Expr
from whereql.backend import Change, Query
from whereql.batches import batched
from whereql.records import Record, make_record
from whereql.response import GetResponse
from whereql.semantics import holds

IDS = [*"abcdefghijkl", "ä", "😀", "\0"]
KEYS = ["k", "l", "m"]
EVERYTHING = ("documents", "metadatas", "uris", "embeddings")

texts = st.none() | st.sampled_from(["", "a", "neural nets", "Neural", "b\0", "😀"])
records = st.builds(
    make_record,
    st.sampled_from(IDS),
    document=texts,
    uri=texts,
    embedding=st.none() | st.just([1.0, -0.0]),
    metadata=st.none() | st.dictionaries(st.sampled_from(KEYS), values(), max_size=3),
)
changes = st.builds(Change, records, st.frozensets(st.sampled_from(KEYS)))
seeds = st.integers(0, 2**32)
sizes = st.integers(0, 20)


def plain(record: Record) -> object:
    """A record to compare: 1 is not 1.0, nor 0.0 -0.0. Which key comes first in its metadata is no part of it."""
    vector = None if record.embedding is None else record.embedding.tobytes()
    return record.id, record.document, record.uri, vector, repr(sorted((record.metadata or {}).items()))


class Memory(RuleBasedStateMachine):
    """held: what there is to be, in its order; unread: what was asked for and is read later, each with what it has to be then."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, Record] = {}
        self.asked: list[Expr] = [Const(True)]
        self.unread: list[tuple[Callable[[], list[Any]], list[object]]] = []

    @initialize(indexes=st.sampled_from(MODES), budget=st.sampled_from([1 << 30, 400, 0]), first=st.lists(records, max_size=20))
    def open(self, indexes: str, budget: int, first: list[Record]) -> None:
        self.backend = MemoryBackend(first, indexes=indexes, budget=budget)
        self._keep(first)

    def _keep(self, added: Sequence[Record]) -> int:
        before = len(self.held)
        for record in added:
            self.held.setdefault(record.id, record)
        return len(self.held) - before

    @rule(added=st.lists(records, max_size=6))
    def add(self, added: list[Record]) -> None:
        assert self.backend.add(added) == self._keep(added)

    @rule(added=st.lists(records, min_size=3, max_size=8, unique_by=lambda record: record.id))
    def add_columns(self, added: list[Record]) -> None:
        for batch in batched(added):
            assert self.backend.add(batch) == self._keep(list(batch))

    @rule(written=st.lists(changes, max_size=6))
    def upsert(self, written: list[Change]) -> None:
        assert self.backend.upsert(written) == len(written)
        for change in written:
            self.held[change.record.id] = change.apply(self.held.get(change.record.id))

    @rule(seed=seeds)
    def delete(self, seed: int) -> None:
        self._delete(Query(self._filter(seed)))

    @rule(ids=st.lists(st.sampled_from(IDS), unique=True, max_size=4))
    def delete_ids(self, ids: list[str]) -> None:
        self._delete(Query(ids=tuple(ids)))

    def _delete(self, query: Query) -> None:
        gone = self._due(query)
        assert self.backend.delete(query) == len(gone)
        for record in gone:
            del self.held[record.id]

    def _due(self, query: Query) -> list[Record]:
        found = [record for record in self.held.values() if (query.ids is None or record.id in query.ids) and holds(query.where, record)]
        return found[query.offset :][: query.limit]

    def _filter(self, seed: int) -> Expr:
        """A filter on what is held, or one from before: then an index may be there by now."""
        rng = random.Random(seed)
        if rng.random() < 0.5:
            return rng.choice(self.asked)
        self.asked.append(FilterMaker(rng, list(self.held.values())).filter())
        return self.asked[-1]

    @rule(seed=seeds, ids=st.none() | st.lists(st.sampled_from(IDS), unique=True).map(tuple), limit=st.none() | sizes, offset=st.just(0) | sizes)
    def get(self, seed: int, ids: tuple[str, ...] | None, limit: int | None, offset: int) -> None:
        query = Query(self._filter(seed), ids, limit, offset, EVERYTHING)
        assert list(map(plain, self.backend.get(query))) == list(map(plain, self._due(query)))

    @rule(seed=seeds, ids=st.none() | st.lists(st.sampled_from(IDS), unique=True).map(tuple))
    def count(self, seed: int, ids: tuple[str, ...] | None) -> None:
        query = Query(self._filter(seed), ids)
        assert self.backend.count(query) == len(self._due(query))

    @rule()
    def describe(self) -> None:
        schema = self.backend.schema()
        assert schema.records == len(self.held)
        counts: dict[str, int] = {}
        for record in self.held.values():
            for key in record.metadata or {}:
                counts[key] = counts.get(key, 0) + 1
        assert {name: sum(info.kinds.values()) for name, info in schema.keys.items()} == counts

    @rule(seed=seeds, limit=st.none() | sizes)
    def ask(self, seed: int, limit: int | None) -> None:
        """What an answer says is of the moment of the call, whenever it is looked at."""
        query = Query(self._filter(seed), limit=limit, include=EVERYTHING)
        answer = self.backend.get(query)
        self._read_later(lambda: list(answer), query)

    @rule(seed=seeds, size=st.integers(1, 5))
    def scan(self, seed: int, size: int) -> None:
        query = Query(self._filter(seed), include=EVERYTHING)
        pages = self.backend.scan(query, iter(lambda: size, None))
        self._read_later(lambda: _joined(pages), query)

    def _read_later(self, read: Callable[[], list[Any]], query: Query) -> None:
        self.unread.append((read, list(map(plain, self._due(query)))))

    @precondition(lambda self: self.unread)
    @rule()
    def read(self) -> None:
        read, due = self.unread.pop(0)
        assert list(map(plain, read())) == due

    def teardown(self) -> None:
        while self.unread:
            self.read()
        if hasattr(self, "backend"):
            self._delete(Query(limit=3, offset=1))
            assert list(map(plain, self.backend.get(Query(include=EVERYTHING)))) == list(map(plain, self.held.values()))
            self.backend.close()


def _joined(pages: Iterator[GetResponse]) -> list[Record]:
    return [record for page in pages for record in page]


class TestMemory(Memory.TestCase):
    settings = settings(max_examples=100, stateful_step_count=30, deadline=None)

    @pytest.fixture(autouse=True)
    def low(self) -> Iterator[None]:
        with lowered(LOW):
            yield
