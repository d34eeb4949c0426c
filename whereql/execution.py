"""Running a plan: the store's pages, tested by the residual, until there are as many records as were asked for.

Under a limit, pages grow as they come: the first is small, so that a limit of ten does not read ten thousand records; the last
are large. A store's generator may hold a connection or a transaction, so each is closed as soon as it has said enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import repeat
from typing import TypeVar

from whereql.ast import Expr, Id, predicates
from whereql.backend import Backend, Query, WritableBackend
from whereql.matcher import compile_matcher
from whereql.planning import Plan, columns_of
from whereql.response import GetResponse, records_of

_FIRST, _LARGEST = 64, 8192
_Found = tuple[GetResponse, list[int]]  # a page, and those of its rows that match: at least one
T = TypeVar("T")


class Tally:
    """How many records the store returned for a plan, and how many of them passed the residual."""

    def __init__(self) -> None:
        self.fetched = 0
        self.kept = 0


def page_sizes(first: int = _FIRST) -> Iterator[int]:
    """Sizes of pages: from `first` on doubled, up to 8,192 records."""
    size = min(first, _LARGEST)
    while size < _LARGEST:
        yield size
        size = min(2 * size, _LARGEST)
    yield from repeat(_LARGEST)


def run_get(backend: Backend, plan: Plan) -> GetResponse:
    """The records of a plan, with the columns of its query."""
    query = plan.query
    if plan.is_empty:
        return GetResponse.concatenate([], query.include)
    if plan.is_exact:
        return backend.get(plan.pushed)
    parts: list[GetResponse] = []
    skip, wanted = query.offset, query.limit
    with _closing(_kept(backend, plan, _LARGEST if wanted is None else max(_FIRST, skip + wanted))) as found:
        for page, rows in found:
            some = rows[skip : None if wanted is None else skip + wanted]
            skip = max(0, skip - len(rows))
            if some:
                parts.append(page.take(some, query.include))
            if wanted is not None and (wanted := wanted - len(some)) == 0:
                break
    return GetResponse.concatenate(parts, query.include)


def run_count(backend: Backend, plan: Plan, tally: Tally | None = None) -> int:
    """How many records a plan has; limit and offset have no meaning here."""
    if plan.is_empty:
        return 0
    if plan.is_exact:
        found = backend.count(plan.pushed)
        if tally is not None:
            tally.fetched = tally.kept = found
        return found
    tested = replace(plan, pushed=replace(plan.pushed, include=columns_of(plan.residual)))  # `explain` comes with those of a get
    return sum(len(rows) for _, rows in _kept(backend, tested, _LARGEST, tally))


def run_scan(backend: Backend, plan: Plan, batch_size: int) -> Iterator[GetResponse]:
    """The records of a plan in pages of `batch_size`, the last of at most so many."""
    if plan.is_empty:
        return iter(())
    if plan.is_exact:
        return backend.scan(plan.pushed, repeat(batch_size))
    return _rebatched(_kept(backend, plan, max(_FIRST, batch_size)), batch_size, plan.query.include)


def _rebatched(found: Iterator[_Found], batch_size: int, include: tuple[str, ...]) -> Iterator[GetResponse]:
    """The rows found, in pages of `batch_size`, with the columns of `include` only."""
    waiting: list[GetResponse] = []
    room = batch_size
    with _closing(found):
        for page, rows in found:
            start = 0
            while start < len(rows):
                some = rows[start : start + room]
                waiting.append(page.take(some, include))
                start, room = start + len(some), room - len(some)
                if not room:
                    yield GetResponse.concatenate(waiting, include)
                    waiting, room = [], batch_size
    if waiting:
        yield GetResponse.concatenate(waiting, include)


def run_delete(backend: WritableBackend, reader: Backend, plan: Plan) -> int:
    """Delete the records of a plan; how many there were.

    Where there is a residual, the store is told the ids that passed it, with the pushed filter beside them: a record that was
    changed meanwhile so that the store sees it no longer matches is spared.
    """
    if plan.is_empty:
        return 0  # and no store takes an empty list of ids for none
    if plan.is_exact:
        return backend.delete(plan.pushed)
    ids = tuple(id for page, rows in _kept(reader, plan, _LARGEST) for id in page.take(rows, ()).ids)
    return backend.delete(Query(plan.pushed.where, ids)) if ids else 0


def _kept(backend: Backend, plan: Plan, first: int, tally: Tally | None = None) -> Iterator[_Found]:
    """What the residual leaves of each page of the store."""
    return _tested(backend.scan(plan.pushed, page_sizes(first)), plan.residual, Tally() if tally is None else tally)


def _tested(pages: Iterator[GetResponse], residual: Expr, tally: Tally) -> Iterator[_Found]:
    """Only the columns that the residual reads are read."""
    matches = compile_matcher(residual)
    columns = (*columns_of(residual), *(("ids",) if any(isinstance(predicate.subject, Id) for predicate in predicates(residual)) else ()))
    with _closing(pages):
        for page in pages:
            rows = [row for row, record in enumerate(records_of(page, columns)) if matches(record)]
            tally.fetched += len(page)
            tally.kept += len(rows)
            if rows:
                yield page, rows


@contextmanager
def _closing(pages: Iterator[T]) -> Iterator[Iterator[T]]:
    """contextlib.closing for pages of a store, which may come from an iterator that can't be closed."""
    try:
        yield pages
    finally:
        if (close := getattr(pages, "close", None)) is not None:
            close()
