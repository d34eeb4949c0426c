"""A store for tests that can do as little as is asked of it, and tells what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import whereql
from whereql import GetResponse, Predicate, Query, Record, ScanBackend, Shape, Support
from whereql.support import ANY_SHAPE

Supports = Callable[[Predicate, bool], Support]


class Store(ScanBackend):
    """Records in a list. A leaf that it supports inexactly, or not at all, is to it as good as TRUE.

    queries: what it was asked, by the name of the method; fetched: the sizes of the pages that it returned;
    is_open: whether a scan of it is under way.
    """

    def __init__(self, records: Iterable[Record], support: Supports = lambda predicate, negated: Support.EXACT, shape: Shape = ANY_SHAPE) -> None:
        self.kept = list(records)
        self._support = support
        self.shape = shape
        self.queries: list[tuple[str, Query]] = []
        self.fetched: list[int] = []
        self.is_open = False

    def records(self) -> Iterable[Record]:
        return list(self.kept)

    def support(self, predicate: Predicate, negated: bool) -> Support:
        return self._support(predicate, negated)

    def search(self, query: Query) -> Iterable[Record]:
        wanted = None if query.ids is None else frozenset(query.ids)
        return (each for each in self.records() if (wanted is None or each.id in wanted) and self._admits(query.where, each))

    def _admits(self, expr: whereql.Expr, record: Record) -> bool:
        match expr:
            case whereql.And(args):
                return all(self._admits(arg, record) for arg in args)
            case whereql.Or(args):
                return any(self._admits(arg, record) for arg in args)
            case whereql.Not(arg):
                return self._answer(arg, True) is not Support.EXACT or whereql.holds(expr, record)
            case Predicate():
                return self._answer(expr, False) is not Support.EXACT or whereql.holds(expr, record)
        return whereql.holds(expr, record)

    def _answer(self, predicate: Any, negated: bool) -> Support:
        answer = self.support(predicate, negated)
        assert answer is not Support.NONE, f"asked for {predicate}, which it does not support"
        return answer

    def get(self, query: Query) -> GetResponse:
        self.queries.append(("get", query))
        response = super().get(query)
        self.fetched.append(len(response))
        return response

    def count(self, query: Query) -> int:
        self.queries.append(("count", query))
        return super().count(query)

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        self.queries.append(("scan", query))
        self.is_open = True
        return self._pages(query, sizes)

    def _pages(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        try:
            for page in super().scan(query, sizes):
                self.fetched.append(len(page))
                yield page
        finally:
            self.is_open = False

    def add(self, records: Sequence[Record]) -> int:
        raise NotImplementedError

    def upsert(self, changes: Sequence[whereql.Change]) -> int:
        raise NotImplementedError

    def delete(self, query: Query) -> int:
        self.queries.append(("delete", query))
        gone = {each.id for each in self.search(query)}
        self.kept = [each for each in self.kept if each.id not in gone]
        return len(gone)


def without(*operators: whereql.Op) -> Supports:
    """The support of a store that lacks some operators."""
    return lambda predicate, negated: Support.NONE if predicate.op in operators else Support.EXACT
