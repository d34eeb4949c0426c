"""A backend in a few lines: whatever can list its records can be filtered by any filter.

>>> class Numbers(ScanBackend):
...     def records(self):
...         return (whereql.make_record(str(n), metadata={"n": n}) for n in range(10))
>>> whereql.Collection(Numbers()).get("n > 6 AND NOT n = 8").ids
['7', '9']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from whereql.ast import Predicate
from whereql.backend import Query
from whereql.errors import BackendError
from whereql.matcher import compile_matcher
from whereql.records import KeyInfo, Record, Schema, add_example, stored_kind
from whereql.response import GetResponse
from whereql.source import visible
from whereql.support import ANY_SHAPE, Support


class ScanBackend:
    """A `Backend` over a store that can list its records: whereql evaluates the filter on each.

    A subclass has `records`, and may override what its store does better: `search` and with it `support` and `shape`, if it can
    look records up by a filter; `count`, `schema`, `close`.
    """

    cheap_schema = False
    is_ordered = True
    shape = ANY_SHAPE

    def records(self) -> Iterable[Record]:
        """The records of the store, in its order; called anew for each query."""
        raise NotImplementedError(f"{type(self).__name__} has no records()")

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """EXACT for everything: the evaluation is whereql's own."""
        return Support.EXACT

    def search(self, query: Query) -> Iterable[Record]:
        """All records that pass `query.where` and `query.ids`, in the store's order, whatever the limit and the offset."""
        matches = compile_matcher(query.where)
        wanted = None if query.ids is None else frozenset(query.ids)
        return (record for record in self.records() if (wanted is None or record.id in wanted) and matches(record))

    def get(self, query: Query) -> GetResponse:
        """The records of a query; the store is read no further than its limit needs."""
        return GetResponse.from_records(_page(self, query), query.include)

    def count(self, query: Query) -> int:
        """How many records pass the filter and the ids of a query."""
        return sum(1 for _ in _found(self, query))

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The records of a query in pages, read as they are asked for."""
        found = _page(self, query)
        while page := list(islice(found, next(sizes))):
            yield GetResponse.from_records(page, query.include)

    def schema(self) -> Schema:
        """The keys of all records, counted by reading them."""
        return schema_of(self.records())

    def native(self, query: Query) -> str | None:
        """None: the store has no language of its own."""
        return None

    def close(self) -> None:
        """Nothing to let go of."""


# Functions, and no methods: a subclass may have any names of its own.


def _page(backend: ScanBackend, query: Query) -> Iterator[Record]:
    return islice(_found(backend, query), query.offset, None if query.limit is None else query.offset + query.limit)


def _found(backend: ScanBackend, query: Query) -> Iterator[Record]:
    """What `search` answers, if these are records."""
    found = backend.search(query)
    if not isinstance(found, Iterable):
        raise _senseless(backend, found, "")
    for record in found:
        if not isinstance(record, Record):
            raise _senseless(backend, record, " for a record")
        yield record


def _senseless(backend: ScanBackend, answer: object, place: str) -> BackendError:
    said = visible(f"search of {type(backend).__name__} answered {repr(answer)[:80]}{place}")
    return BackendError("WQ716", said, hint="it answers records: whereql.make_record makes them")


def schema_of(records: Iterable[Record]) -> Schema:
    """The schema of some records: their keys in the order of first appearance, with kinds, counts and examples."""
    total = 0
    kinds: dict[str, dict[str, int]] = {}
    examples: dict[str, list[Any]] = {}
    for record in records:
        total += 1
        for key, value in (record.metadata or {}).items():
            counts = kinds.setdefault(key, {})
            kind = stored_kind(value)
            counts[kind] = counts.get(kind, 0) + 1
            add_example(examples.setdefault(key, []), value)
    return Schema(total, {key: KeyInfo(counts, tuple(examples[key])) for key, counts in kinds.items()})
