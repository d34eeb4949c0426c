"""The contract between whereql and a store: what a backend is asked, and what it answers.

A backend is one open collection. Reading needs the methods of `Backend`; a store that can be written has those of
`WritableBackend` too. `backends/README.md` shows how to write and register one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

from whereql.ast import Const, Expr, Predicate
from whereql.records import Metadata, Record, Schema
from whereql.response import GetResponse
from whereql.support import Shape, Support

DEFAULT_INCLUDE = ("documents", "metadatas")


_TRUE = Const(True)


class _QueryDraft:
    """A query while it is made: see `whereql.ast`."""

    __slots__ = ("ids", "include", "limit", "offset", "where")


@dataclass(frozen=True, slots=True, init=False)
class Query:
    """What a backend is asked for: the records that pass `where` and `ids`, in the collection's order, from `offset` on.

    where: a closed filter in negation normal form, of predicates that the backend supports (all of their kinds, if it is asked
    through a `Collection`), or a constant; ids: the only ones wanted, each once, or None for all (they filter and never order;
    an empty tuple is none of them);
    limit: at most so many records, None for all; limit and offset are at most 2^53, and mean nothing to `count`; include: the
    columns wanted, in the request's own order.
    """

    where: Expr = _TRUE
    ids: tuple[str, ...] | None = None
    limit: int | None = None
    offset: int = 0
    include: tuple[str, ...] = DEFAULT_INCLUDE

    def __new__(
        cls, where: Expr = _TRUE, ids: tuple[str, ...] | None = None, limit: int | None = None, offset: int = 0, include: tuple[str, ...] = DEFAULT_INCLUDE
    ) -> Self:
        """The query that asks for this."""
        draft: Any = _QueryDraft()
        draft.where = where
        draft.ids = ids
        draft.limit = limit
        draft.offset = offset
        draft.include = include
        draft.__class__ = cls
        return draft  # type: ignore[no-any-return]  # it is one now


@dataclass(frozen=True, slots=True)
class Change:
    """One upsert: the record to write, merged into the one that has its id, and the metadata keys to drop from that."""

    record: Record
    removed: frozenset[str] = frozenset()

    def apply(self, old: Record | None) -> Record:
        """The record after the change. A column that the change leaves out keeps its old value; metadata merges key by key."""
        new = self.record
        if old is None:
            return new
        metadata: Metadata = {k: v for k, v in (old.metadata or {}).items() if k not in self.removed} | (new.metadata or {})
        return Record(
            new.id,
            old.document if new.document is None else new.document,
            old.uri if new.uri is None else new.uri,
            old.embedding if new.embedding is None else new.embedding,
            metadata or None,
        )


@runtime_checkable
class Backend(Protocol):
    """One open collection that can be read.

    cheap_schema: whether `schema` costs little beside a `get`, so that each filter can be checked against it. What is found out
    about a filter is kept for as long as that answers the same object: a new one says that something has changed, and nothing that
    `support` and `shape` say changes without;
    is_ordered: whether the records have an order; where they have none, a limit or an offset is refused before the store is asked;
    shape: which filters the store takes as a whole. What it can't say, whereql evaluates on the records that come back: to a
    filter these have to be what the store holds. A bool comes as a bool, an int as a Python int, and a value that no record can
    hold as something that is there and equals nothing, such as a dict, but never left out.
    """

    cheap_schema: bool
    is_ordered: bool
    shape: Shape

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """How well the backend answers a closed predicate, or its complement where `negated`: exactly, by a superset, not at all."""

    def get(self, query: Query) -> GetResponse:
        """The records of a query, with the columns of `query.include`."""

    def count(self, query: Query) -> int:
        """How many records pass the filter and the ids of a query, which comes without limit and offset; `include` means nothing here."""

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The records of a query in pages, each of at most `next(sizes)`, none empty, in one snapshot where the store has one.

        Write a generator that lets go in `finally`: it is closed as soon as there are enough records.
        """

    def schema(self) -> Schema:
        """The keys that the collection holds now, with their kinds and counts."""

    def native(self, query: Query) -> str | None:
        """The query in the store's own language, for `explain`, or None where it has none."""

    def close(self) -> None:
        """Let go of files and connections. A closed backend is not used again."""


@runtime_checkable
class WritableBackend(Protocol):
    """What a backend has beside `Backend` if its collection can be written. The order is that of insertion."""

    def add(self, records: Sequence[Record]) -> int:
        """Append the records whose id is new, the first of each id; how many those were. An existing record stays as it is."""

    def upsert(self, changes: Sequence[Change]) -> int:
        """Write each change in its turn, at the place of the record that has its id, or at the end; how many there were."""

    def delete(self, query: Query) -> int:
        """Delete the records of a query; how many there were."""
