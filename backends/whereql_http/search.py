"""The ids of a query, in order: one request where one can say it, else several whose ids are combined.

A request has limits: variables of SQL, conditions, levels, bytes. What is beyond them is asked in parts; the ids of the parts are
united or intersected here, and so are those of conditions on ids, which no `where` can name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from whereql.ast import And, Expr, Id, Not, Or, Predicate, predicates
from whereql.matcher import compile_matcher
from whereql.records import Record
from whereql_http.encoding import EVERY, NO, Json, encode
from whereql_http.faults import too_large
from whereql_http.spelling import write

# A Chroma server refuses more than 32,766 variables, about 986 conditions side by side, 62 levels and 40 MiB. The time that it
# takes to read a filter grows with the square of the conditions: 0.15 s for 500, 2 s for 2,000.
VARIABLES = 32_000
_CONDITIONS = 500
_LEVELS = 55
_BYTES = 36 << 20

Ask = Callable[[Json], list[str]]
"""The ids that pass a `where`, in the collection's order."""


class Size(NamedTuple):
    """What a `where` costs the server: conditions, variables of SQL, levels of $and and $or, bytes."""

    conditions: int = 0
    variables: int = 0
    levels: int = 0
    bytes: int = 0

    def beside(self, other: Size) -> Size:
        """The size of both together."""
        levels = max(self.levels, other.levels)
        return Size(self.conditions + other.conditions, self.variables + other.variables, levels, self.bytes + other.bytes)

    def fits(self) -> bool:
        """Whether one request holds it."""
        return self.conditions <= _CONDITIONS and self.variables <= VARIABLES and self.levels <= _LEVELS and self.bytes <= _BYTES


def size_of(where: Json) -> Size:
    """The size of a `where`."""
    conditions, variables, levels = _counted(where)
    return Size(conditions, variables, levels, len(write(where).encode()))


def _counted(where: Json) -> tuple[int, int, int]:
    ((key, inner),) = where.items()
    if key in ("$and", "$or"):
        parts = [_counted(part) for part in inner]
        return sum(part[0] for part in parts), sum(part[1] for part in parts), 1 + max((part[2] for part in parts), default=0)
    (operand,) = inner.values()
    values: list[Any] = operand if isinstance(operand, list) else [operand]
    return 1, 4 + sum(1 if isinstance(value, (str, bool)) else 2 for value in values), 0


def as_one(where: Expr, ids: Sequence[str] | None = None) -> Json | None:
    """The `where` of a filter, if it and the ids beside it fit into one request."""
    if _has_id(where):
        return None
    encoded = encode(where)
    return encoded if size_of(encoded).beside(_size_of_ids(ids or ())).fits() else None


def _size_of_ids(ids: Sequence[str]) -> Size:
    return Size(variables=len(ids), bytes=sum(6 * len(id) + 3 for id in ids))


def narrowed(where: Json, ids: Sequence[str] | None) -> Json:
    """The part of a request that says which records.

    Beside ids the server would evaluate each condition once for each of them: a minute for a thousand in a collection of 100,000
    records. As one branch of an $or, whose other branch is empty, it is evaluated once.
    """
    if ids is None:
        return {"where": where}
    return {"ids": list(ids), "where": where if where == EVERY else {"$or": [where, NO]}}


def portions(ids: Sequence[str], most: int) -> Iterator[list[str]]:
    """The ids in lists of at most `most`, each of which one request holds."""
    portion: list[str] = []
    total = Size()
    for id in ids:
        size = _size_of_ids([id])
        if portion and (len(portion) == most or not total.beside(size).fits()):
            yield portion
            portion, total = [], Size()
        portion.append(id)
        total = total.beside(size)
    if portion:
        yield portion


class Search:
    """One search, made of as many requests as it needs."""

    def __init__(self, base: str, ask: Ask) -> None:
        self._base = base
        self._ask = ask
        self._all: list[str] | None = None

    def find(self, where: Expr, ids: Sequence[str] | None) -> list[str]:
        """The ids that pass a filter, in order; ids: the only ones wanted, or None for all."""
        found = self._found(where)
        return found if ids is None else _common(found, ids)

    def _everything(self) -> list[str]:
        if self._all is None:
            self._all = self._ask(EVERY)
        return self._all

    def _found(self, expr: Expr) -> list[str]:
        if _is_local(expr):
            return _passing(self._everything(), expr)
        if (encoded := as_one(expr)) is not None:
            return self._ask(encoded)
        match _in_parts(expr):
            case And(args):
                return self._intersected(args)
            case Or(args):
                return self._united(args)
        raise too_large(self._base, size_of(encode(expr)).bytes)

    def _intersected(self, args: Sequence[Expr]) -> list[str]:
        found: list[str] | None = None
        for group in _packed(And, [arg for arg in args if not _is_local(arg)]):
            more = self._found(group)
            found = more if found is None else _common(found, more)
            if not found:
                return []
        return _passing(self._everything() if found is None else found, And([arg for arg in args if _is_local(arg)]))

    def _united(self, args: Sequence[Expr]) -> list[str]:
        found: set[str] = set()
        for group in _packed(Or, args):
            found.update(self._found(group))
        return _common(self._everything(), found)


def _has_id(expr: Expr) -> bool:
    return any(isinstance(predicate.subject, Id) for predicate in predicates(expr))


def _is_local(expr: Expr) -> bool:
    """Whether a filter can be evaluated on ids alone."""
    return all(isinstance(predicate.subject, Id) for predicate in predicates(expr))


def _common(first: list[str], second: Sequence[str] | set[str]) -> list[str]:
    held = frozenset(second)
    return [id for id in first if id in held]


def _passing(ids: list[str], expr: Expr) -> list[str]:
    matches = compile_matcher(expr)
    return [id for id in ids if matches(Record(id))]


_JOINT = Size(bytes=16)


def _packed(connective: type[And] | type[Or], args: Sequence[Expr]) -> Iterator[Expr]:
    """The arguments in as few groups as fit into one request each; one that does not fit stands alone."""
    group: list[Expr] = []
    total = _JOINT
    for arg in args:
        size = _size_within(arg)
        if group and not total.beside(size).fits():
            yield connective(group)
            group, total = [], _JOINT
        group.append(arg)
        total = total.beside(size)
    if group:
        yield connective(group)


def _size_within(arg: Expr) -> Size:
    """The size of an argument below a connective; too large for any company, if no `where` can say it."""
    if _has_id(arg):
        return Size(_CONDITIONS + 1)
    size = size_of(encode(arg))
    return size._replace(levels=size.levels + 1, bytes=size.bytes + 1)


def _in_parts(expr: Expr) -> Expr:
    """The filter as a connective: a long list is halved."""
    match expr:
        case Not(Predicate(subject, op, tuple() as items)) if len(items) > 1:
            return And([Not(Predicate(subject, op, half)) for half in _halves(items)])
        case Predicate(subject, op, tuple() as items) if len(items) > 1:
            return Or([Predicate(subject, op, half) for half in _halves(items)])
    return expr


def _halves(items: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    return items[: len(items) // 2], items[len(items) // 2 :]
