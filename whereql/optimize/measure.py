"""How large a filter is, for the promise that normalizing never makes it larger.

>>> measure(whereql.parse("k IN (1, 2, 3) AND NOT (j > 1 AND j IS NOT NULL)"))
Measure(units=5, predicates=3)
"""

from __future__ import annotations

from typing import NamedTuple

from whereql.ast import Expr, Not, Predicate
from whereql.optimize.tree import CONNECTIVES


class Measure(NamedTuple):
    """units: list literals, and one for each predicate without a list; predicates: how many there are."""

    units: int
    predicates: int


def measure(expr: Expr) -> Measure:
    """The size of a filter."""
    units = 0
    parts = [expr]
    while parts:  # a stack, since this runs after every pass and a generator would cost several times as much
        part = parts.pop()
        if isinstance(part, CONNECTIVES):
            parts += part.args
        elif isinstance(part, Predicate):
            units += len(part.operand) or 1 if isinstance(part.operand, tuple) else 1
        elif isinstance(part, Not):
            parts.append(part.arg)
    return Measure(units, expr.size)
