"""The laws of splitting, on random filters, tables of capabilities and shapes.

A filter is evaluated on all records of a world at once: a set of records is an int with one bit for each. What a store answers
to a leaf that it supports inexactly is any superset, so the laws are tested with the least, with the greatest and with random ones.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import fields

import pytest
from strategies import FilterMaker, Generator

import whereql
from whereql import And, Capabilities, Capability, Const, Expr, Not, Op, Or, Predicate, Shape, Support
from whereql.ast import predicates
from whereql.kinds import Kind
from whereql.optimize.constants import fold_constants
from whereql.optimize.negation import push_negation
from whereql.split import TRUE, Split, Supports, split
from whereql.support import ANY_SHAPE, SUBJECTS

TRIPLES = 200_000 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 20_000
PER_WORLD, TABLES = 100, 5  # filters on the same records; tables and shapes for each filter
SIZE = 12
ALL = (1 << SIZE) - 1
SUPPORTS = list(Support)


class World:
    """A few records, filters about them, and the records that match each leaf."""

    def __init__(self, seed: int) -> None:
        generator = Generator(seed)
        self.random = generator.random
        self.records = generator.records(SIZE)
        self.maker = FilterMaker(self.random, self.records)
        self._masks: dict[Predicate, int] = {}

    def filter(self) -> Expr:
        expr = self.maker.filter(more=self.random.choice([0, 1, 2, 3, 4, 6, 9]))
        if self.random.random() < 0.05:
            return fold_constants(push_negation(whereql.normalize(expr)))
        return fold_constants(push_negation(expr))

    def mask(self, predicate: Predicate) -> int:
        """The records that match."""
        if predicate not in self._masks:
            self._masks[predicate] = sum(whereql.holds(predicate, record) << i for i, record in enumerate(self.records))
        return self._masks[predicate]

    def exactly(self, predicate: Predicate, negated: bool) -> int:
        return ALL ^ self.mask(predicate) if negated else self.mask(predicate)


Answer = Callable[[Predicate, bool], int]


def evaluate(expr: Expr, answer: Answer) -> int:
    """The records of a filter, if the leaves are answered so."""
    match expr:
        case Const(value):
            return ALL if value else 0
        case Predicate():
            return answer(expr, False)
        case Not(Predicate() as predicate):
            return answer(predicate, True)
        case Not(arg):
            return ALL ^ evaluate(arg, answer)
        case And(args):
            result = ALL
            for arg in args:
                result &= evaluate(arg, answer)
            return result
        case Or(args):
            result = 0
            for arg in args:
                result |= evaluate(arg, answer)
            return result
    raise TypeError(expr)


def leaves(expr: Expr) -> Iterator[tuple[Predicate, bool]]:
    match expr:
        case Predicate():
            yield expr, False
        case Not(Predicate() as predicate):
            yield predicate, True
        case And(args) | Or(args):
            for arg in args:
                yield from leaves(arg)


def conjuncts(expr: Expr) -> tuple[Expr, ...]:
    return expr.args if isinstance(expr, And) else () if expr == TRUE else (expr,)


def random_support(rng: random.Random) -> Supports:
    """A table, of a store that answers by operator, subject, kind and polarity; or an answer for each leaf at random."""
    weights = rng.choice([(1, 1, 1), (8, 1, 1), (1, 0, 1), (0, 1, 1), (3, 2, 0), (1, 0, 0)])

    def draw() -> Support:
        return rng.choices(SUPPORTS, weights)[0]

    if rng.random() < 0.5:
        rows = [
            Capability(rng.sample(list(Op), rng.randint(1, 14)), rng.sample(SUBJECTS, rng.randint(1, 4)), rng.sample(list(Kind), rng.randint(1, 4)), draw(), draw())
            for _ in range(rng.randint(1, 4))
        ]
        return Capabilities(Capability(list(Op), plain=draw(), negated=draw()), *rows).support
    drawn: dict[tuple[Predicate, bool], Support] = {}

    def support(predicate: Predicate, negated: bool) -> Support:
        return drawn.setdefault((predicate, negated), draw())

    return support


LIMITS: dict[str, list[int]] = {"depth": [0, 1, 2, 3], "width": [1, 2, 3], "predicates": [0, 1, 2, 3, 5], "items": [0, 1, 2, 3], "literals": [0, 1, 2, 4, 8]}


def random_shape(rng: random.Random) -> Shape:
    chosen = {name: rng.choice(values) for name, values in LIMITS.items() if rng.random() < 0.3}
    return Shape(conjunction=rng.random() < 0.8, disjunction=rng.random() < 0.8, **chosen)


def literals(predicate: Predicate) -> int:
    return len(predicate.operand) if isinstance(predicate.operand, tuple) else predicate.operand is not None


def levels(expr: Expr) -> int:
    return 1 + max(map(levels, expr.args)) if isinstance(expr, (And, Or)) else 0


def connectives(expr: Expr) -> Iterator[And | Or]:
    if isinstance(expr, (And, Or)):
        yield expr
        for arg in expr.args:
            yield from connectives(arg)


def fits(expr: Expr, shape: Shape) -> bool:
    """Whether a store of this shape takes a filter."""
    nodes, parts = list(connectives(expr)), list(predicates(expr))
    lists = [len(part.operand) for part in parts if isinstance(part.operand, tuple)]
    sizes = {
        "depth": levels(expr),
        "width": max((len(node.args) for node in nodes), default=0),
        "predicates": len(parts),
        "items": max(lists, default=0),
        "literals": sum(map(literals, parts)),
    }
    said = (shape.conjunction or not any(isinstance(node, And) for node in nodes)) and (shape.disjunction or not any(isinstance(node, Or) for node in nodes))
    return said and all(limit is None or size <= limit for name, size in sizes.items() for limit in [getattr(shape, name)])


def test_every_limit_of_a_shape_is_tested() -> None:
    assert {each.name for each in fields(Shape)} == {*LIMITS, "conjunction", "disjunction"}


def answers(world: World, support: Supports) -> Iterator[Answer]:
    """What a store may answer to leaves: the least, the greatest, and a random superset where it is inexact."""
    drawn: dict[tuple[Predicate, bool], int] = {}

    def random_superset(predicate: Predicate, negated: bool) -> int:
        if support(predicate, negated) is Support.EXACT:
            return world.exactly(predicate, negated)
        if (predicate, negated) not in drawn:
            drawn[predicate, negated] = world.exactly(predicate, negated) | world.random.getrandbits(SIZE)
        return drawn[predicate, negated]

    yield world.exactly
    yield lambda predicate, negated: world.exactly(predicate, negated) if support(predicate, negated) is Support.EXACT else ALL
    yield random_superset


def check_sound(world: World, expr: Expr, support: Supports, parts: Split, shape: Shape) -> None:
    wanted, residual = evaluate(expr, world.exactly), evaluate(parts.residual, world.exactly)
    for answer in answers(world, support):
        returned = evaluate(parts.pushed, answer)
        assert not wanted & ~returned, (expr, parts, shape)  # nothing is lost
        assert returned & residual == wanted, (expr, parts, shape)  # and nothing is left over
    assert fits(parts.pushed, shape), (expr, parts, shape)
    assert all(support(predicate, negated) is not Support.NONE for predicate, negated in leaves(parts.pushed)), (expr, parts)
    if expr != TRUE:
        assert TRUE not in conjuncts(parts.pushed) + conjuncts(parts.residual)


def check_tight(world: World, expr: Expr, support: Supports, parts: Split) -> None:
    """Without limits: the store returns no more than it has to, and whereql tests no more than it has to."""

    def as_far_as_supported(predicate: Predicate, negated: bool) -> int:
        return ALL if support(predicate, negated) is Support.NONE else world.exactly(predicate, negated)

    assert evaluate(parts.pushed, world.exactly) == evaluate(expr, as_far_as_supported), (expr, parts)
    for conjunct in conjuncts(parts.residual):
        assert any(support(*leaf) is not Support.EXACT for leaf in leaves(conjunct)), (expr, parts)
    for conjunct in conjuncts(expr):
        found = [support(*leaf) for leaf in leaves(conjunct)]
        assert Support.NONE in found or conjunct in conjuncts(parts.pushed), (expr, parts)
    if all(support(*leaf) is Support.EXACT for leaf in leaves(expr)):
        assert parts == Split(expr, TRUE)


def check_full(expr: Expr, support: Supports, parts: Split, shape: Shape) -> None:
    """Under limits: what was left out really found no room, and a filter that the store takes as it is is pushed as it is."""
    if fits(expr, shape) and all(support(*leaf) is not Support.NONE for leaf in leaves(expr)):
        assert parts.pushed == expr, (parts, shape)
    held = conjuncts(parts.pushed)
    for conjunct in conjuncts(expr):
        if isinstance(conjunct, (Predicate, Not)) and conjunct not in held and all(support(*leaf) is not Support.NONE for leaf in leaves(conjunct)):
            assert not fits(And([*held, conjunct]), shape), (expr, parts, shape)


def test_laws() -> None:
    limited = split_up = 0
    for seed in range(TRIPLES // (PER_WORLD * TABLES)):
        world = World(seed)
        for _ in range(PER_WORLD):
            expr = world.filter()
            for _ in range(TABLES):
                support = random_support(world.random)
                shape = random_shape(world.random) if world.random.random() < 0.6 else ANY_SHAPE
                parts = split(expr, support, shape)
                check_sound(world, expr, support, parts, shape)
                if shape == ANY_SHAPE:
                    check_tight(world, expr, support, parts)
                else:
                    check_full(expr, support, parts, shape)
                    limited += parts != split(expr, support)
                split_up += parts.pushed != TRUE and not parts.is_exact
    assert limited > TRIPLES / 8  # the shapes matter,
    assert split_up > TRIPLES / 8  # and so do the tables


def split_anywhere(expr: Expr, support: Supports) -> Expr:
    """The tempting wrong way: what is pushed of a filter that is not in normal form, with each NOT left where it is."""
    match expr:
        case Not(arg):
            return Not(split_anywhere(arg, support))
        case And(args):
            return And([split_anywhere(arg, support) for arg in args])
        case Or(args):
            return Or([split_anywhere(arg, support) for arg in args])
    return expr if isinstance(expr, Const) or support(expr, False) is not Support.NONE else TRUE  # type: ignore[arg-type]  # a predicate


def test_what_is_answered_whole_is_handed_on_as_it_is() -> None:
    expr = whereql.parse("a = 1 AND (NOT b = 2 OR c = 3)")
    asked: list[tuple[Predicate, bool]] = []

    def exact(predicate: Predicate, negated: bool) -> Support:
        asked.append((predicate, negated))
        return Support.EXACT

    assert split(expr, exact).pushed is expr  # a store may know it again
    assert asked == list(leaves(expr))


def test_records_are_lost_without_the_normal_form() -> None:
    lost = 0
    for seed in range(10):
        world = World(seed)
        for _ in range(PER_WORLD):
            expr = Not(world.maker.filter(more=3))
            support = random_support(world.random)
            wanted = evaluate(expr, world.exactly)
            lost += bool(wanted & ~evaluate(split_anywhere(expr, support), world.exactly))
            normal = fold_constants(push_negation(expr))
            check_sound(world, normal, support, split(normal, support), ANY_SHAPE)
    assert lost > 50


def test_a_filter_that_is_not_in_normal_form_is_refused() -> None:
    with pytest.raises(TypeError, match="normal form"):
        split(whereql.parse("a = 1 AND NOT (b = 2 OR c = 3)"), no_like)


def no_like(predicate: Predicate, negated: bool) -> Support:
    if predicate.op is Op.LIKE:
        return Support.NONE
    return Support.INEXACT if predicate.op is Op.HAS and not negated else Support.EXACT


def shape(**limits: int | bool) -> Shape:
    return Shape(**limits)  # type: ignore[arg-type]  # each of its own type


CASES: list[tuple[str, Shape, str, str]] = [
    ("TRUE", ANY_SHAPE, "TRUE", "TRUE"),
    ("FALSE", ANY_SHAPE, "FALSE", "TRUE"),
    ("a LIKE 'x'", ANY_SHAPE, "TRUE", "a LIKE 'x'"),
    ("t HAS 1", ANY_SHAPE, "t HAS 1", "t HAS 1"),
    ("t NOT HAS 1", ANY_SHAPE, "t NOT HAS 1", "TRUE"),
    ("a = 1 AND t HAS 1 AND b LIKE 'x' AND NOT c", ANY_SHAPE, "a = 1 AND t HAS 1 AND c != TRUE", "t HAS 1 AND b LIKE 'x'"),
    # An OR with a branch that can't be looked for is lost as a whole; a branch that is an AND is looked for by what is known of it.
    ("a = 1 OR b LIKE 'x'", ANY_SHAPE, "TRUE", "a = 1 OR b LIKE 'x'"),
    ("a = 1 OR b = 2 AND c LIKE 'x'", ANY_SHAPE, "a = 1 OR b = 2", "a = 1 OR b = 2 AND c LIKE 'x'"),
    ("a = 1 OR t HAS 1", ANY_SHAPE, "a = 1 OR t HAS 1", "a = 1 OR t HAS 1"),
    # A level is used by what is pushed, not by what the filter has.
    ("(a = 1 OR b = 2) AND c LIKE 'x'", shape(depth=1), "a = 1 OR b = 2", "c LIKE 'x'"),
    ("(a = 1 OR b = 2) AND (c = 3 OR d = 4)", shape(depth=1), "a = 1 OR b = 2", "c = 3 OR d = 4"),
    ("(a = 1 OR b = 2) AND c = 3", shape(depth=1), "c = 3", "a = 1 OR b = 2"),
    ("(a = 1 OR b = 2) AND c = 3", shape(depth=0), "c = 3", "a = 1 OR b = 2"),
    ("(a = 1 OR b = 2) AND c = 3", shape(conjunction=False), "a = 1 OR b = 2", "c = 3"),
    ("(a = 1 OR b = 2 AND c = 3) AND d = 4", shape(conjunction=False), "a = 1 OR b = 2", "(a = 1 OR b = 2 AND c = 3) AND d = 4"),
    ("(a = 1 OR b = 2) AND c = 3", shape(disjunction=False), "c = 3", "a = 1 OR b = 2"),
    # The width counts what is flattened.
    ("a = 1 OR (b = 2 OR c = 3) AND d LIKE 'x'", shape(width=2), "TRUE", "a = 1 OR (b = 2 OR c = 3) AND d LIKE 'x'"),
    ("a = 1 OR b = 2", shape(width=2), "a = 1 OR b = 2", "TRUE"),
    ("a = 1 AND b = 2 AND c = 3", shape(width=2), "a = 1 AND b = 2", "c = 3"),
    # What finds no room makes way for what does.
    ("(a = 1 OR b = 2 OR c = 3) AND d = 4", shape(predicates=2), "d = 4", "a = 1 OR b = 2 OR c = 3"),
    ("a IN (1, 2, 3) AND b = 2 AND c IS NULL", shape(literals=2), "b = 2 AND c IS NULL", "a IN (1, 2, 3)"),
    ("a = 1 AND b = 2 OR c = 3 AND d = 4", shape(predicates=2), "a = 1 OR c = 3", "a = 1 AND b = 2 OR c = 3 AND d = 4"),
    ("a = 1 AND b = 2 OR c = 3 AND d = 4", shape(literals=2), "a = 1 OR c = 3", "a = 1 AND b = 2 OR c = 3 AND d = 4"),
    ("a = 1 OR b IS NULL", shape(literals=1), "a = 1 OR b IS NULL", "TRUE"),
    ("a = 1 AND b = 2 OR c = 3 AND d = 4", shape(predicates=3), "a = 1 AND b = 2 OR c = 3", "a = 1 AND b = 2 OR c = 3 AND d = 4"),
    ("a = 1 AND b = 2 OR c = 3 AND d = 4", shape(literals=1), "TRUE", "a = 1 AND b = 2 OR c = 3 AND d = 4"),
    # A long list is several short ones.
    ("a IN (1, 2, 3)", shape(items=2), "a IN (1, 2) OR a IN (3)", "TRUE"),
    ("a NOT IN (1, 2, 3) AND b = 1", shape(items=2), "a NOT IN (1, 2) AND a NOT IN (3) AND b = 1", "TRUE"),
    ("a NOT IN (1, 2, 3)", shape(items=2, predicates=1), "a NOT IN (1, 2)", "a NOT IN (3)"),
    ("a IN (1, 2, 3)", shape(items=2, disjunction=False), "TRUE", "a IN (1, 2) OR a IN (3)"),
    ("a IN (1, 2, 3)", shape(items=0), "TRUE", "a IN (1, 2, 3)"),
    ("t HAS ANY (1, 2, 3) AND b = 1", shape(items=2), "(t HAS ANY (1, 2) OR t HAS 3) AND b = 1", "t HAS ANY (1, 2) OR t HAS 3"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "shape", "pushed", "residual"), CASES)
def test_cases(where: str, shape: Shape, pushed: str, residual: str) -> None:
    parts = split(push_negation(whereql.parse(where)), no_like, shape)
    assert parts == Split(whereql.parse(pushed), whereql.parse(residual))


def test_a_long_list_in_a_filter_as_large_as_may_be_is_left_to_the_residual() -> None:
    with whereql.use_limits(predicates=3):
        parts = split(whereql.parse("a IN (1, 2, 3) AND b = 1 AND c = 1"), no_like, Shape(items=1))
    assert parts == Split(whereql.parse("b = 1 AND c = 1"), whereql.parse("a IN (1, 2, 3)"))


def test_a_deep_filter_under_a_limit_takes_no_power_of_its_depth() -> None:
    asked = 0

    def counted(predicate: Predicate, negated: bool) -> Support:
        nonlocal asked
        asked += 1
        return Support.EXACT

    expr = whereql.parse("z = 0")
    for level in range(60):
        expr = Or([whereql.parse(f"a = {level}"), And([whereql.parse(f"b LIKE '{level}'"), expr])])
    parts = split(expr, lambda predicate, negated: counted(predicate, negated) if predicate.op is not Op.LIKE else Support.NONE, Shape(depth=20))
    assert parts.pushed == TRUE or levels(parts.pushed) <= 20
    assert asked < 60 * 60
