"""One open backend with known records, and what each way of asking it a filter must answer."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeVar

from whereql.ast import And, Expr, Field, Not, Or, Predicate, predicates
from whereql.backend import DEFAULT_INCLUDE, Backend, Query
from whereql.collection import Collection
from whereql.errors import UnsupportedError, WhereqlWarning
from whereql.optimize.constants import fold_constants
from whereql.optimize.negation import push_negation
from whereql.records import Record
from whereql.response import GetResponse
from whereql.semantics import holds
from whereql.split import split
from whereql.support import Support
from whereql.testing.failures import Broken, calling, show_ids
from whereql.testing.holding import fit_all
from whereql.testing.watching import Watched, beyond, leaves, no_support, said_by

P = ParamSpec("P")
T = TypeVar("T")

Opener = Callable[[Sequence[Record]], Backend]
Reopener = Callable[[Any], Backend]  # of a backend that is closed: the author's own class

_ATTEMPTS = 40  # backends that are opened to make a failure smaller


@dataclass(frozen=True)
class Trial:
    """A backend that holds these records, in this order."""

    backend: Backend
    records: Sequence[Record]

    @property
    def everyone(self) -> list[str]:
        """The ids of all records."""
        return [record.id for record in self.records]

    def expected(self, expr: Expr) -> list[str]:
        """The ids that a filter is due, as `whereql.semantics` has it."""
        return [record.id for record in self.records if holds(expr, record)]

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """What the backend says of a predicate."""
        return said_by(self.backend, predicate, negated)

    def collected(self, expr: Expr, watched: Watched | None = None, ids: Sequence[str] | None = None) -> list[str]:
        """The ids through a collection, which splits the filter as `support` says."""
        backend = Watched(self.backend) if watched is None else watched
        return calling("Collection(backend).get(filter)", expr, quietly, Collection(backend).get, expr, ids=ids, include=()).ids

    def response(self, query: Query) -> GetResponse:
        """What the backend itself returns."""
        return calling(f"backend.get({show_query(query)})", query.where, self.backend.get, query)

    def answered(self, query: Query) -> list[str]:
        """The ids that the backend itself returns."""
        return list(self.response(query).ids)


def quietly(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A call without whereql's warnings, which adversarial filters deserve and which are not the backend's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WhereqlWarning)
        return call(*args, **kwargs)


def show_query(query: Query) -> str:
    """A query for a message, without what has its default."""
    parts = ["where=filter"]
    parts += [] if query.ids is None else [f"ids={show_ids(query.ids)}"]
    parts += [] if query.limit is None else [f"limit={query.limit}"]
    parts += [f"offset={query.offset}"] if query.offset else []
    parts += [] if query.include == DEFAULT_INCLUDE else [f"include={query.include}"]
    return f"Query({', '.join(parts)})"


def plain_form(expr: Expr) -> Expr:
    """A filter as backends get it: negation normal form, without constants inside."""
    return fold_constants(push_negation(expr))


def compare(rule: str, expr: Expr, expected: Sequence[str], got: Sequence[str], *details: tuple[str, object]) -> None:
    """Raise Broken unless the ids are the expected ones, in their order."""
    if list(got) == list(expected):
        return
    lost = [id for id in expected if id not in set(got)]
    extra = [id for id in got if id not in set(expected)]
    found = [("lost", show_ids(lost))] if lost else []
    found += [("too many", show_ids(extra))] if extra else []
    if not found:
        found = [("order", "the ids are the right ones, in another order or more than once")]
    shown = [*details, ("expected", show_ids(expected)), ("got", show_ids(got)), *found]
    raise Broken(rule, where=expr, ids=[*lost, *extra], details=shown)


def compare_superset(trial: Trial, expr: Expr, got: Sequence[str], *details: tuple[str, object]) -> None:
    """Raise Broken unless all ids that are due are among these, which stand in the order of the collection, each once."""
    expected = trial.expected(expr)
    wanted = set(got)
    lost = [id for id in expected if id not in wanted]
    if lost:
        shown = [*details, ("expected", f"at least {show_ids(expected)}"), ("got", show_ids(got)), ("lost", show_ids(lost))]
        raise Broken("what is INEXACT answers a superset: no record is lost", where=expr, ids=lost, details=shown)
    compare("a superset, too, stands in the order of the collection", expr, [id for id in trial.everyone if id in wanted], got, *details)


# The ways to ask. Each raises Broken.


def compare_collected(trial: Trial, rule: str, expr: Expr, due: Sequence[str], *details: tuple[str, object], ids: Sequence[str] | None = None) -> None:
    """Raise Broken unless a collection answers these ids. The message tells what was pushed, since whereql says filters in its own way."""
    watched = Watched(trial.backend)
    got = trial.collected(expr, watched, ids)
    compare(rule, expr, due, got, ("asked", "Collection(backend).get(filter)"), *details, ("pushed", watched.pushed))


def check_collected(trial: Trial, expr: Expr) -> None:
    """Through a collection: whatever the backend can't say is evaluated on what it returns."""
    compare_collected(trial, "a Collection over the backend answers as whereql.semantics", expr, trial.expected(expr))


def check_leaves(trial: Trial, expr: Expr) -> None:
    """Each predicate by itself, as the backend's `support` says."""
    for leaf, predicate, negated in leaves(plain_form(expr)):
        said = trial.support(predicate, negated)
        if said is Support.NONE or beyond(leaf, trial.backend.shape):
            continue
        got = trial.answered(Query(leaf, include=()))
        asked = ("asked", f"backend.get(Query(filter)); support(predicate, negated={negated}) says {said.name}")
        if said is Support.EXACT:
            compare("what is EXACT answers just the records that match", leaf, trial.expected(leaf), got, asked)
        else:
            compare_superset(trial, leaf, got, asked)


def check_pushed(trial: Trial, expr: Expr) -> None:
    """What is pushed of the filter as it stands, without the optimizer."""
    parts = split(plain_form(expr), trial.support, trial.backend.shape)
    got = trial.answered(Query(parts.pushed, include=()))
    if parts.is_exact:
        compare("the backend answers ANDs and ORs of what is EXACT exactly", parts.pushed, trial.expected(parts.pushed), got, ("asked", "backend.get(Query(filter))"))
    else:
        compare_superset(trial, parts.pushed, got, ("asked", "backend.get(Query(filter))"))


def check_residual(trial: Trial, expr: Expr) -> None:
    """Everything evaluated by whereql, on what `scan` returns."""
    got = trial.collected(expr, Watched(trial.backend, no_support))
    compare("scan returns every record as it was stored", expr, trial.expected(expr), got, ("asked", "a Collection that pushes nothing: backend.scan(Query()), and whereql tests each record"))


def check_strict(trial: Trial, expr: Expr) -> None:
    """With `strict=True`: the exact answer, or UnsupportedError."""
    watched = Watched(trial.backend)
    try:
        got = quietly(Collection(watched).get, expr, include=(), strict=True).ids
    except UnsupportedError as error:
        if error.code != "WQ503" or watched.asked:
            raise Broken("what is not EXACT is refused before the store is asked", where=expr, details=[("it raised", error)]) from error
        return
    compare("strict=True answers exactly, or refuses", expr, trial.expected(expr), got, ("asked", "Collection(backend).get(filter, strict=True)"), ("pushed", watched.pushed))


WAYS: tuple[Callable[[Trial, Expr], None], ...] = (check_leaves, check_pushed, check_collected)
ONE_LEAF_WAYS: tuple[Callable[[Trial, Expr], None], ...] = (check_leaves, check_collected)
RARER_WAYS: tuple[Callable[[Trial, Expr], None], ...] = (check_residual, check_strict)


class Trials:
    """Opens backends, and closes them in the end. lacks: what their store can't hold."""

    def __init__(self, opener: Opener, lacks: frozenset[str], reopener: Reopener | None = None) -> None:
        self._opener, self.lacks, self._reopener = opener, lacks, reopener
        self._open: list[Backend] = []

    def open(self, records: Sequence[Record], *, as_they_are: bool = False) -> Trial:
        """A backend with these records, as the store can hold them."""
        held = list(records) if as_they_are else fit_all(records, self.lacks)
        return self._opened("open_backend(records)", calling(f"open_backend(records) with {len(held)} records", None, self._opener, held), held)

    def _opened(self, what: str, backend: Any, held: Sequence[Record]) -> Trial:
        if not isinstance(backend, Backend):
            missing = [name for name in ("cheap_schema", "is_ordered", "shape", "support", "get", "count", "scan", "schema", "native", "close") if not hasattr(backend, name)]
            raise Broken(f"{what} answers a Backend", details=[("got", type(backend).__name__), ("it lacks", ", ".join(missing))])
        self._open.append(backend)
        return Trial(backend, held)

    @property
    def can_reopen(self) -> bool:
        """Whether the author has said how a backend that was closed is opened again."""
        return self._reopener is not None

    def reopen(self, trial: Trial) -> Trial:
        """Close the backend of a trial, and open what it left behind."""
        assert self._reopener is not None
        self.close_one(trial)
        return self._opened("reopen_backend(backend)", calling("reopen_backend(backend)", None, self._reopener, trial.backend), trial.records)

    def close_one(self, trial: Trial) -> None:
        """Close the backend of a trial."""
        self._open.remove(trial.backend)
        calling("backend.close()", None, trial.backend.close)

    def close(self) -> None:
        """Close every backend that is open."""
        while self._open:
            calling("backend.close()", None, self._open.pop().close)

    def check(self, trial: Trial, expr: Expr, *ways: Callable[[Trial, Expr], None]) -> None:
        """Ask a filter in each of these ways. Raises Broken for the smallest filter and records that still fail."""
        for way in ways:
            try:
                way(trial, expr)
            except Broken as broken:
                raise self._smallest(trial, expr, way, broken) from None

    def _smallest(self, trial: Trial, expr: Expr, way: Callable[[Trial, Expr], None], broken: Broken) -> Broken:
        """A failure of the same way with as small a filter, and as few records, as a short search finds."""
        current, shown = expr, broken
        while (found := _first_failure(trial, parts_of(current), way)) is not None:
            current, shown = found
        best = trial.records
        for _, records in zip(range(_ATTEMPTS), _fewer(trial.records, current, shown.ids), strict=False):
            if len(best) == 1 and records[0].id != best[0].id:
                break
            smaller = _failure(self.open(records, as_they_are=True), current, way)
            if smaller is not None and len(records) <= len(best):
                best, shown = records, smaller
        return shown.about(best)


def _first_failure(trial: Trial, filters: Iterator[Expr], way: Callable[[Trial, Expr], None]) -> tuple[Expr, Broken] | None:
    return next(((expr, broken) for expr in filters if (broken := _failure(trial, expr, way)) is not None), None)


def _failure(trial: Trial, expr: Expr, way: Callable[[Trial, Expr], None]) -> Broken | None:
    try:
        way(trial, expr)
    except Broken as broken:
        return broken
    return None


def parts_of(expr: Expr) -> Iterator[Expr]:
    """Smaller filters, made of one: its arguments, itself without one of them, and shorter lists."""
    match expr:
        case Not(arg):
            yield arg
            for part in parts_of(arg):
                yield Not(part)
        case And(args) | Or(args):
            yield from args
            if len(args) > 2:
                for place in range(len(args)):
                    yield type(expr)([*args[:place], *args[place + 1 :]])
            for place, arg in enumerate(args):
                for part in parts_of(arg):
                    yield type(expr)([*args[:place], part, *args[place + 1 :]])
        case Predicate(subject, op, operand) if isinstance(operand, tuple) and len(operand) > 1:
            for item in operand:
                yield Predicate(subject, op, (item,))


def _fewer(records: Sequence[Record], expr: Expr, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Fewer records that may show the same: one of those that differ, with the keys of the filter only, or as it is."""
    names = {one.subject.name for one in predicates(expr) if isinstance(one.subject, Field)}
    chosen = [record for record in records if record.id in set(ids)][:_ATTEMPTS // 2]
    for record in chosen:
        yield [record]
        metadata = {key: value for key, value in (record.metadata or {}).items() if key in names}
        yield [replace(record, metadata=metadata or None)]
    if len(records) > 2:
        yield list(records[: len(records) // 2])
        yield list(records[len(records) // 2 :])
