"""How large a filter is, for the promise that normalizing never makes it larger.

>>> measure(whereql.parse("k IN (1, 2, 3) AND NOT (j > 1 AND j IS NOT NULL)"))
Measure(units=5, predicates=3)
"""

from __future__ import annotations

from typing import NamedTuple

from whereql.ast import Expr, Predicate, predicates


class Measure(NamedTuple):
    """units: list literals, and one for each predicate without a list; predicates: how many there are."""

    units: int
    predicates: int


def measure(expr: Expr) -> Measure:
    """The size of a filter."""
    units = count = 0
    for predicate in predicates(expr):
        units += units_of(predicate)
        count += 1
    return Measure(units, count)


def units_of(predicate: Predicate) -> int:
    """What one predicate counts for: the literals of its list, or one."""
    return max(1, len(predicate.operand)) if isinstance(predicate.operand, tuple) else 1
