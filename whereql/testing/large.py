"""The contract of a backend where filters are large: what its shape leaves open, it takes up to whereql's own limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, cycle, islice

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Op, Or, Predicate
from whereql.backend import Query
from whereql.records import make_record
from whereql.support import Shape, Support
from whereql.testing.failures import Broken
from whereql.testing.generators import COMBINATIONS, FilterMaker, Generator
from whereql.testing.trials import Trial, Trials, check_pushed, compare, compare_collected
from whereql.testing.watching import Watched, beyond
from whereql.values import Literal, literal

_DEEP, _WIDE, _MANY = 100, 3000, 10_000  # levels, arguments, predicates: as many as whereql takes, or nearly so


class LargeContract:
    """The tests of large filters."""

    def test_long_lists_are_answered(self, trials: Trials) -> None:
        """100,000 ids, and 100,000 values in one list."""
        trial = trials.open([make_record(f"r{n}", metadata={"n": n * 1000 + 1, "s": f"s{n}"}) for n in range(120)])
        ids = tuple(f"r{n}" for n in range(0, 200_000, 2))
        compare("100,000 ids are answered exactly", Const(True), [f"r{n}" for n in range(0, 120, 2)], trial.answered(Query(ids=ids, include=())))
        names = {key for record in trial.records for key in record.metadata or {}}
        for key in sorted(names):
            values: list[str] | list[int] = [f"s{n}" for n in range(60, 100_060)] if key.startswith("s") else list(range(50_000, 150_000))
            wanted = set(values)
            due = [record.id for record in trial.records if (record.metadata or {}).get(key) in wanted]
            compare_collected(trial, "100,000 values in one list are answered exactly", Predicate(Field(key), Op.IN, tuple(map(literal, values))), due)

    def test_filters_beyond_the_shape_never_reach_the_store(self, trials: Trials) -> None:
        """Wide, deep and long filters: what the declared shape leaves out is whereql's work, and the answer stays right."""
        trial = trials.open(Generator(77).records(30))
        for expr in _large_filters(trial):
            trials.check(trial, expr, check_shape)

    def test_without_a_limit_a_filter_is_as_large_as_whereql_takes(self, trials: Trials) -> None:
        """For each part of the shape that is None: 100 levels of AND and OR, thousands of arguments, 10,000 predicates, pushed as they are."""
        trial = trials.open([make_record(f"r{n}", document="ab" * n, metadata={f"k{key}": (n + key) % 3 for key in range(10)}) for n in range(9)])
        leaves = _pushable(trial)
        for name, expr in _largest(trial.backend.shape, leaves) if leaves else ():
            try:
                check_pushed(trial, expr)
            except Broken as broken:
                rule = f"a shape that says no {name} takes filters as large as whereql does: declare Shape({name}=…) if the store can't"
                raise broken.more(("due", rule)).about(trial.records) from None


def check_shape(trial: Trial, expr: Expr) -> None:
    """Through a collection, which asks for nothing that is beyond the shape."""
    watched = Watched(trial.backend)
    got = trial.collected(expr, watched)
    for query in watched.asked:
        if (excess := beyond(query.where, trial.backend.shape)) is not None:
            raise Broken("a query is within the backend's shape", where=expr, details=[("it has", excess)])
    compare("a large filter is answered as a small one", expr, trial.expected(expr), got, ("asked", "Collection(backend).get(filter)"), ("pushed", watched.pushed))


def _pushable(trial: Trial) -> list[Predicate]:
    """Different predicates, next to each other on different keys, of the first operators that the backend answers by itself."""
    keys = sorted({key for record in trial.records for key in record.metadata or {}})
    candidates: list[list[Predicate]] = [
        *([Predicate(Field(key), op, literal(number % 4 + number // 40)) for number, key in zip(range(400), cycle(keys), strict=False)] for op in (Op.EQ, Op.GE)),
        [Predicate(Field(key), Op.IN, (literal(number % 3), literal(number))) for number, key in zip(range(400), cycle(keys), strict=False)],
        [Predicate(Document(), Op.CONTAINS, literal("ab" * (number % 8) + "b" * (number // 8))) for number in range(400)],
        [Predicate(Id(), Op.EQ, literal(f"r{number}")) for number in range(400)],
        [Predicate(Field(key), Op.EXISTS) for key in keys],
    ]
    return next((some for some in candidates if some and all(trial.support(leaf, False) is not Support.NONE for leaf in some)), [])


def _largest(shape: Shape, leaves: Sequence[Predicate]) -> Iterator[tuple[str, Expr]]:
    """What of a shape is None, and a filter that is as large in that respect as whereql takes it."""
    endless = cycle(leaves)
    if shape.depth is None and shape.conjunction and shape.disjunction:
        expr: Expr = next(endless)
        for level in range(min(_DEEP, (shape.predicates or _DEEP) - 1)):
            expr = (And if level % 2 else Or)([expr, next(endless)])
        yield "depth", expr
    most = min(_WIDE, shape.predicates or _WIDE, shape.literals or _WIDE)
    if shape.width is None:
        for has, connective in ((shape.disjunction, Or), (shape.conjunction, And)):
            if has and shape.depth != 0:
                yield "width", connective(list(islice(endless, most)))
    if shape.predicates is None and shape.disjunction and shape.conjunction and (shape.depth is None or shape.depth > 1):
        width = min(100, shape.width or 100)
        yield "predicates", And([Or(list(islice(endless, width))) for _ in range(min(_MANY // width, shape.width or _MANY))])


def _large_filters(trial: Trial) -> Iterator[Expr]:
    """Filters a little, and much, larger than each limit of the backend's shape; where it has none, large ones."""
    shape, leaves = trial.backend.shape, _rare_leaves(trial)
    limits = (limit + 1 for limit in (shape.width, shape.predicates, shape.literals) if limit is not None)
    for width in sorted({width for width in (*limits, 40, 400) if 1 < width <= len(leaves)}):
        some, half = leaves[:width], width // 2
        yield Or(some)
        yield And([Not(leaf) for leaf in some])
        yield And([Or(some[:half]), Or([*some[half:], *some[: half // 2]])])
    for depth in sorted({min((shape.depth or 0) + 1, 60), 60}):
        expr = leaves[0]
        for level in range(depth):
            one, other = leaves[(2 * level + 1) % len(leaves)], leaves[(2 * level + 2) % len(leaves)]
            expr = Or([And([expr, Not(one)]), other]) if level % 2 else And([Or([expr, one]), Not(other)])
        yield expr
    for size in sorted({min((shape.items or 0) + 1, 10_000), 2000}):
        items: tuple[Literal, ...] = tuple(literal(value) for value in chain(range(size), map(str, range(size))))
        yield Predicate(Field("year"), Op.IN, items)
        yield Not(Predicate(Field("title"), Op.HAS, items))


def _rare_leaves(trial: Trial) -> list[Expr]:
    """Different predicates, each of which holds for one or two records: an OR that loses one of them loses a record."""
    maker = FilterMaker(Generator(77).random, trial.records)
    telling = [combination for combination in COMBINATIONS if not combination[2]]
    drawn = dict.fromkeys(maker.leaf(telling[turn % len(telling)]) for turn in range(2500))
    rare = [leaf for leaf in drawn if 1 <= len(trial.expected(leaf)) <= 2]
    return rare or list(drawn)
