"""A backend seen from outside: what it is asked is noted, and how much it may answer by itself is up to the kit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from whereql.ast import And, Const, Expr, Literal, Not, Or, Predicate, predicates
from whereql.backend import Backend, Query
from whereql.records import Schema
from whereql.response import GetResponse
from whereql.support import ANY_SHAPE, Shape, Support

Supports = Callable[[Predicate, bool], Support]


def no_support(predicate: Predicate, negated: bool) -> Support:
    """NONE: whereql evaluates every filter on what `scan` returns."""
    return Support.NONE


class Watched:
    """A backend that notes the queries it gets. support: in the place of the backend's own, with any shape."""

    def __init__(self, backend: Backend, support: Supports | None = None) -> None:
        self._backend = backend
        self._support = support or backend.support
        self.cheap_schema = backend.cheap_schema
        self.shape = ANY_SHAPE if support else backend.shape
        self.asked: list[Query] = []

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """The support that was given, or the backend's."""
        return self._support(predicate, negated)

    def get(self, query: Query) -> GetResponse:
        """The backend's answer."""
        self.asked.append(query)
        return self._backend.get(query)

    def count(self, query: Query) -> int:
        """The backend's count."""
        self.asked.append(query)
        return self._backend.count(query)

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The backend's pages."""
        self.asked.append(query)
        return self._backend.scan(query, sizes)

    def schema(self) -> Schema:
        """The backend's schema."""
        return self._backend.schema()

    def native(self, query: Query) -> str | None:
        """The backend's own language."""
        return self._backend.native(query)

    def close(self) -> None:
        """Nothing: the backend is the kit's to close."""


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
