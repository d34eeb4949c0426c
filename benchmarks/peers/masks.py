"""Filters as Python functions that make a mask over the rows, for the peers that work column by column.

A peer says how one predicate becomes such a function; what stands between predicates is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import and_, invert, or_
from typing import Any

import whereql
from benchmarks.workload import Variant
from whereql.ast import And, Expr, Field, Not, Or, Predicate

Mask = Callable[[], Any]


def filter_of(variant: Variant) -> Expr:
    """The filter of a variant, ids and all."""
    return whereql.parse(variant.text)


def subject_of(predicate: Predicate) -> str:
    """The column that a predicate reads: a key, `id` or `document`."""
    return predicate.subject.name if isinstance(predicate.subject, Field) else type(predicate.subject).__name__.lower()


def values_of(predicate: Predicate) -> Any:
    """The operand as Python values: one, or a list of them."""
    operand: Any = predicate.operand
    return [literal.value for literal in operand] if isinstance(operand, tuple) else operand.value


def fold(expr: Expr, leaf: Callable[[Predicate], Any], both: Callable[[Any, Any], Any] = and_, either: Callable[[Any, Any], Any] = or_, negate: Callable[[Any], Any] = invert) -> Any:
    """The filter in another language, from its leaves up."""
    match expr:
        case Predicate():
            return leaf(expr)
        case Not():
            return negate(fold(expr.arg, leaf, both, either, negate))
        case And() | Or():
            join = both if isinstance(expr, And) else either
            return reduce(join, [fold(arg, leaf, both, either, negate) for arg in expr.args])
    raise NotImplementedError(expr)


def mask_of(expr: Expr, leaf: Callable[[Predicate], Mask], both: Callable[[Any, Any], Any] = and_, either: Callable[[Any, Any], Any] = or_, negate: Callable[[Any], Any] = invert) -> Mask:
    """A function that makes the mask of a filter, from the functions that make those of its predicates."""

    def joined(join: Callable[[Any, Any], Any]) -> Callable[[Mask, Mask], Mask]:
        return lambda left, right: lambda: join(left(), right())

    def negated(part: Mask) -> Mask:
        return lambda: negate(part())

    mask: Mask = fold(expr, leaf, joined(both), joined(either), negated)
    return mask
