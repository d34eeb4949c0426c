"""A backend seen from outside: what it is asked is noted, and how much it may answer by itself is up to the kit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from whereql.ast import And, Const, Expr, Literal, Not, Or, Predicate, predicates
from whereql.backend import Backend, Change, Query
from whereql.dialects.text.printer import print_filter
from whereql.records import Record, Schema
from whereql.response import GetResponse
from whereql.support import ANY_SHAPE, Shape, Support
from whereql.testing.failures import Broken, calling, show_ids

_SCAN = "backend.scan(Query(filter), sizes), by a Collection"

Supports = Callable[[Predicate, bool], Support]


def no_support(predicate: Predicate, negated: bool) -> Support:
    """NONE: whereql evaluates every filter on what `scan` returns."""
    return Support.NONE


def said_by(backend: Backend, predicate: Predicate, negated: bool) -> Support:
    """What a backend says of a predicate. Raises Broken where that is no Support."""
    leaf, asked = Not(predicate) if negated else predicate, f"backend.support(predicate, negated={negated})"
    said: object = calling(asked, leaf, backend.support, predicate, negated)
    if not isinstance(said, Support):
        raise Broken("support answers EXACT, INEXACT or NONE", where=leaf, details=[("asked", asked), ("got", repr(said))])
    return said


class Watched:
    """A backend that notes the queries it gets. support: in the place of the backend's own, with any shape.

    What the backend raises breaks a rule here, and never reaches the collection that asks.
    """

    def __init__(self, backend: Backend, support: Supports | None = None) -> None:
        self._backend = backend
        self._support = support or (lambda predicate, negated: said_by(backend, predicate, negated))
        self.cheap_schema = backend.cheap_schema
        self.is_ordered = backend.is_ordered
        self.shape = ANY_SHAPE if support else backend.shape
        self.asked: list[Query] = []
        for name in ("add", "upsert", "delete"):
            if hasattr(backend, name):
                setattr(self, name, partial(self._write, name))

    @property
    def pushed(self) -> str:
        """What the backend was asked so far, for a message."""
        shown = [print_filter(query.where) + ("" if query.ids is None else f" with ids {show_ids(query.ids)}") for query in self.asked]
        return "; ".join(dict.fromkeys(shown)) or "nothing"

    def _write(self, name: str, given: Query | Sequence[Record] | Sequence[Change]) -> int:
        where = given.where if isinstance(given, Query) else None
        written: int = calling(f"backend.{name}, by a Collection", where, getattr(self._backend, name), given)
        return written

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """The support that was given, or the backend's."""
        return self._support(predicate, negated)

    def get(self, query: Query) -> GetResponse:
        """The backend's answer."""
        self.asked.append(query)
        return calling("backend.get(Query(filter)), by a Collection", query.where, self._backend.get, query)

    def count(self, query: Query) -> int:
        """The backend's count."""
        self.asked.append(query)
        return calling("backend.count(Query(filter)), by a Collection", query.where, self._backend.count, query)

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The backend's pages."""
        self.asked.append(query)
        return _watched_pages(query, calling(_SCAN, query.where, self._backend.scan, query, sizes))

    def schema(self) -> Schema:
        """The backend's schema."""
        return calling("backend.schema(), by a Collection", None, self._backend.schema)

    def native(self, query: Query) -> str | None:
        """The backend's own language."""
        return calling("backend.native(Query(filter)), by a Collection", query.where, self._backend.native, query)

    def close(self) -> None:
        """Nothing: the backend is the kit's to close."""


def _watched_pages(query: Query, pages: Iterator[GetResponse]) -> Iterator[GetResponse]:
    try:
        while (page := calling(_SCAN, query.where, next, pages, None)) is not None:
            yield page
    finally:
        if (close := getattr(pages, "close", None)) is not None:
            close()


def beyond(expr: Expr, shape: Shape) -> str | None:
    """In which respect a filter is beyond a shape, None if it is within."""
    leaves = list(predicates(expr))
    lists = [len(leaf.operand) if isinstance(leaf.operand, tuple) else int(isinstance(leaf.operand, Literal)) for leaf in leaves]
    counts = {
        "predicates": len(leaves),
        "literals": sum(lists),
        "items": max((len(leaf.operand) for leaf in leaves if isinstance(leaf.operand, tuple)), default=0),
        "depth": levels(expr),
        "width": max((len(node.args) for node in connectives(expr)), default=0),
    }
    for name, count in counts.items():
        limit = getattr(shape, name)
        if limit is not None and count > limit:
            return f"{name} = {count}, the limit is {limit}"
    if not shape.conjunction and any(isinstance(node, And) for node in connectives(expr)):
        return "an AND, which it has not"
    if not shape.disjunction and any(isinstance(node, Or) for node in connectives(expr)):
        return "an OR, which it has not"
    return None


def connectives(expr: Expr) -> Iterator[And | Or]:
    """The ANDs and ORs of a filter."""
    match expr:
        case And(args) | Or(args):
            yield expr
            for arg in args:
                yield from connectives(arg)
        case Not(arg):
            yield from connectives(arg)


def levels(expr: Expr) -> int:
    """Levels of AND and OR, one within the other."""
    match expr:
        case And(args) | Or(args):
            return 1 + max(map(levels, args))
        case Not(arg):
            return levels(arg)
    return 0


def leaves(expr: Expr) -> Iterator[tuple[Expr, Predicate, bool]]:
    """Each leaf of a filter in negation normal form: itself, its predicate, and whether that is negated."""
    match expr:
        case Predicate():
            yield expr, expr, False
        case Not(Predicate() as predicate):
            yield expr, predicate, True
        case And(args) | Or(args):
            for arg in args:
                yield from leaves(arg)
        case Const() | _:
            return
