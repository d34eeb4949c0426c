"""Splitting a filter: what the store answers, and the residual that whereql evaluates on the records that come back.

Laws, for every record: expr implies pushed, so nothing is lost; pushed AND residual = expr, so nothing is left over.

>>> likes = lambda predicate, negated: Support.NONE if predicate.op is whereql.Op.LIKE else Support.EXACT
>>> parts = split(whereql.parse("year > 2020 AND (title LIKE 'A%' OR lang = 'en') AND NOT doi"), likes)
>>> whereql.to_text(parts.pushed), whereql.to_text(parts.residual)
('year > 2020 AND doi != TRUE', "title LIKE 'A%' OR lang = 'en'")

The filter comes in negation normal form: there a superset of each leaf makes a superset of the whole. Under a NOT that is
still to be pushed down, a superset would become a subset, and records would be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whereql.ast import And, Const, Expr, Literal, Not, Or, Predicate, predicates
from whereql.support import ANY_SHAPE, Shape, Support

Supports = Callable[[Predicate, bool], Support]

TRUE = Const(True)


@dataclass(frozen=True, slots=True)
class Split:
    """The two parts of a filter.

    pushed: what the store is asked, at least the records of the filter; residual: what is left to test, TRUE for nothing.
    """

    pushed: Expr
    residual: Expr

    @property
    def is_exact(self) -> bool:
        """Whether the store answers all of it."""
        return self.residual == TRUE


def split(expr: Expr, support: Supports, shape: Shape = ANY_SHAPE) -> Split:
    """The parts of a closed filter in negation normal form, without constants but for the filter itself.

    support: how well the store answers a predicate, or its complement; shape: which filters it takes as a whole. Where it takes
    no more conjuncts, the first are pushed. Raises TypeError for a NOT before anything but a predicate.
    """
    parts = _split(expr, support, shape, shape.depth)
    if shape.predicates is None and shape.literals is None:
        return parts
    return _within_counts(expr, parts, support, shape)


def _split(expr: Expr, support: Supports, shape: Shape, levels: int | None) -> Split:
    match expr:
        case Const():
            return Split(expr, TRUE)
        case Predicate():
            return _split_leaf(expr, expr, False, support, shape)
        case Not(Predicate() as predicate):
            return _split_leaf(expr, predicate, True, support, shape)
        case And(args):
            return _split_and(args, support, shape, levels)
        case Or(args):
            return _split_or(expr, args, support, shape, levels)
    raise TypeError(f"not in negation normal form: {expr!r}")


def _split_leaf(leaf: Expr, predicate: Predicate, negated: bool, support: Supports, shape: Shape) -> Split:
    if shape.items is not None and isinstance(predicate.operand, tuple) and len(predicate.operand) > shape.items:
        return Split(TRUE, leaf)
    match support(predicate, negated):
        case Support.EXACT:
            return Split(leaf, TRUE)
        case Support.INEXACT:
            return Split(leaf, leaf)
        case Support.NONE:
            return Split(TRUE, leaf)


def _split_and(args: Sequence[Expr], support: Supports, shape: Shape, levels: int | None) -> Split:
    """Each conjunct by itself; those that find no more room are residual as they are."""
    parts = [_split(arg, support, shape, _below(levels)) for arg in args]
    room = 1 if levels == 0 or not shape.conjunction else shape.width
    pushed: list[Expr] = []
    residual: list[Expr] = []
    for arg, part in zip(args, parts, strict=True):
        flat = _conjuncts(part.pushed)
        if room is not None and len(pushed) + len(flat) > room:
            part, flat = Split(TRUE, arg), []
        pushed += flat
        residual += _conjuncts(part.residual)
    return Split(And(pushed), And(residual))


def _split_or(expr: Or, args: Sequence[Expr], support: Supports, shape: Shape, levels: int | None) -> Split:
    """All branches or none: a record of a branch that the store can't look for would be lost."""
    if not shape.disjunction or levels == 0 or (shape.width is not None and len(args) > shape.width):
        return Split(TRUE, expr)
    parts = [_split(arg, support, shape, _below(levels)) for arg in args]
    if any(part.pushed == TRUE for part in parts):
        return Split(TRUE, expr)
    return Split(Or([part.pushed for part in parts]), TRUE if all(part.is_exact for part in parts) else expr)


def _below(levels: int | None) -> int | None:
    return None if levels is None else max(0, levels - 1)


def _conjuncts(expr: Expr) -> Sequence[Expr]:
    match expr:
        case Const(True):
            return ()
        case And(args):
            return args
    return (expr,)


def _within_counts(expr: Expr, parts: Split, support: Supports, shape: Shape) -> Split:
    """The split with as many of the first conjuncts as the store's limits on the whole filter allow."""
    if _fits([parts.pushed], shape):
        return parts
    pushed: list[Expr] = []
    residual: list[Expr] = []
    for arg in expr.args if isinstance(expr, And) else (expr,):
        part = _split(arg, support, shape, _below(shape.depth) if isinstance(expr, And) else shape.depth)
        if not _fits([*pushed, part.pushed], shape):
            part = Split(TRUE, arg)
        pushed += _conjuncts(part.pushed)
        residual += _conjuncts(part.residual)
    return Split(And(pushed), And(residual))


def _fits(pushed: Sequence[Expr], shape: Shape) -> bool:
    leaves = [predicate for expr in pushed for predicate in predicates(expr)]
    literals = sum(len(leaf.operand) if isinstance(leaf.operand, tuple) else isinstance(leaf.operand, Literal) for leaf in leaves)
    return (shape.predicates is None or len(leaves) <= shape.predicates) and (shape.literals is None or literals <= shape.literals)
