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

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from whereql.ast import And, Const, Expr, Literal, Not, Or, Predicate, predicates
from whereql.errors import LimitError
from whereql.support import ANY_SHAPE, Shape, Support

Supports = Callable[[Predicate, bool], Support]

TRUE, FALSE = Const(True), Const(False)


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
    no more conjuncts, the first that fit are pushed. Raises TypeError for a NOT before anything but a predicate.
    """
    if shape is ANY_SHAPE and _is_answered(expr, support):
        return Split(expr, TRUE)  # as would come out below, at a fifth of the price
    limits = (math.inf if limit is None else limit for limit in (shape.depth, shape.predicates, shape.literals))
    return _Splitter(support, shape).split(_with_short_lists(expr, shape.items), _Room(*limits))


def _is_answered(expr: Expr, support: Supports) -> bool:
    """Whether the store answers each leaf, whatever is around it."""
    if isinstance(expr, Predicate):
        return support(expr, False) is Support.EXACT
    if isinstance(expr, Not):
        return isinstance(expr.arg, Predicate) and support(expr.arg, True) is Support.EXACT
    return isinstance(expr, (And, Or)) and all(_is_answered(arg, support) for arg in expr.args)


class _Room(NamedTuple):
    """How much a store still takes: levels of AND and OR, predicates, literals."""

    levels: float
    predicates: float
    literals: float

    @property
    def is_counted(self) -> bool:
        return self.predicates < math.inf or self.literals < math.inf

    def below(self) -> _Room:
        """What is left for the arguments of an AND or OR."""
        return self._replace(levels=self.levels - 1)

    def less(self, predicates: int, literals: int) -> _Room:
        return _Room(self.levels, self.predicates - predicates, self.literals - literals)

    def beside(self, pushed: Expr) -> _Room:
        """What is left next to a filter."""
        return self.less(pushed.size, sum(map(_literals, predicates(pushed)))) if self.is_counted else self

    def takes(self, predicate: Predicate) -> bool:
        return self.predicates >= 1 and self.literals >= _literals(predicate)


class _Splitter:
    """A store, and the parts of what was split for it.

    An AND may be tried in two rooms, and so may each AND in it; since the parts are kept, that costs no power of the depth.
    """

    def __init__(self, support: Supports, shape: Shape) -> None:
        self._support = support
        self._shape = shape
        self._width = math.inf if shape.width is None else shape.width
        self._known: dict[tuple[int, _Room], Split] = {}

    def split(self, expr: Expr, room: _Room) -> Split:
        match expr:
            case Const():
                return Split(expr, TRUE)
            case Predicate():
                return self._leaf(expr, expr, False, room)
            case Not(Predicate() as predicate):
                return self._leaf(expr, predicate, True, room)
            case And(args) | Or(args):
                key = id(expr), room
                if key not in self._known:
                    self._known[key] = self._and(args, room) if isinstance(expr, And) else self._or(expr, room)
                return self._known[key]
        raise TypeError(f"not in negation normal form: {expr!r}")

    def _leaf(self, leaf: Expr, predicate: Predicate, negated: bool, room: _Room) -> Split:
        if not room.takes(predicate) or _is_long(predicate, self._shape.items):
            return Split(TRUE, leaf)
        match self._support(predicate, negated):
            case Support.EXACT:
                return Split(leaf, TRUE)
            case Support.INEXACT:
                return Split(leaf, leaf)
            case Support.NONE:
                return Split(TRUE, leaf)

    def _and(self, args: Sequence[Expr], room: _Room) -> Split:
        """As many conjuncts as there is room for; where there is none for an AND, one of them alone."""
        if self._shape.conjunction and room.levels >= 1:
            parts = self._conjuncts(args, room.below(), self._width)
            if parts.pushed != TRUE or room.levels == math.inf:
                return parts
        return self._conjuncts(args, room, 1)

    def _conjuncts(self, args: Sequence[Expr], room: _Room, most: float) -> Split:
        """Each conjunct by itself; those that find no more room are residual as they are."""
        pushed: list[Expr] = []
        residual: list[Expr] = []
        for arg in args:
            part = self.split(arg, room) if len(pushed) < most else Split(TRUE, arg)
            residual.append(part.residual)
            if part.pushed != TRUE:
                pushed.append(part.pushed)
                room = room.beside(part.pushed)
        return Split(And(pushed), And([each for each in residual if each != TRUE]))

    def _or(self, expr: Or, room: _Room) -> Split:
        """All branches or none: a record of a branch that the store can't look for would be lost."""
        nothing = Split(TRUE, expr)
        if not self._shape.disjunction or room.levels < 1:
            return nothing
        parts = self._branches(expr.args, room.below(), 0)
        if not parts and room.is_counted:
            parts = self._branches(expr.args, room.below(), 1)
        pushed = Or([part.pushed for part in parts])  # flat, and so perhaps wider than the filter was
        if not isinstance(pushed, Or) or len(pushed.args) > self._width:
            return nothing
        return Split(pushed, TRUE if all(part.is_exact for part in parts) else expr)

    def _branches(self, args: Sequence[Expr], room: _Room, spared: int) -> list[Split]:
        """The parts of all branches, or none of them; spared: predicates and literals that each leaves for each that follows."""
        parts: list[Split] = []
        for number, arg in enumerate(args, 1):
            left = spared * (len(args) - number)
            part = self.split(arg, room.less(left, left))
            if part.pushed == TRUE:
                return []
            parts.append(part)
            room = room.beside(part.pushed)
        return parts


def _literals(predicate: Predicate) -> int:
    operand = predicate.operand
    return len(operand) if isinstance(operand, tuple) else int(isinstance(operand, Literal))


def _is_long(predicate: Predicate, items: int | None) -> bool:
    return items is not None and isinstance(predicate.operand, tuple) and len(predicate.operand) > items


def _with_short_lists(expr: Expr, items: int | None) -> Expr:
    """The filter with each list that is longer than `items` said as several: `k IN (1, 2, 3)` as `k IN (1, 2) OR k IN (3)`."""
    if not items or not any(_is_long(predicate, items) for predicate in predicates(expr)):
        return expr
    try:
        return _cut(expr, items)
    except LimitError:  # a filter that is as large as may be stays as it is, and such a list is left to the residual
        return expr


def _cut(expr: Expr, items: int) -> Expr:
    match expr:
        case And(args):
            return And([_cut(arg, items) for arg in args])
        case Or(args):
            return Or([_cut(arg, items) for arg in args])
        case Not(Predicate() as predicate):
            return And([Not(part) for part in _pieces(predicate, items)])
        case Predicate():
            return Or(_pieces(expr, items))
    return expr


def _pieces(predicate: Predicate, items: int) -> list[Predicate]:
    operand = predicate.operand
    if not isinstance(operand, tuple) or len(operand) <= items:
        return [predicate]
    return [replace(predicate, operand=operand[start : start + items]) for start in range(0, len(operand), items)]
