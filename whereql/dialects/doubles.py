"""Numbers of a target that has doubles only: which comparison can't miss a number, whatever an int64 is rounded to.

>>> widened(Op.GT, whereql.literal(2**53 + 1))
[(<Op.GE: 'GE'>, 9007199254740992.0)]
"""

from __future__ import annotations

import math
from typing import Any

from whereql.operators import Op
from whereql.values import Literal

ROUNDED = "numbers from 2^53 on are compared as the nearest doubles"


def is_safe(item: Literal) -> bool:
    """Whether a number compares with every int64 and every double as with the nearest double of each."""
    return abs(item.value) < 2**53  # type: ignore[arg-type]  # a number


def nearest(item: Literal) -> tuple[float, float]:
    """The doubles on both sides of a number, the same one twice where it is a double itself."""
    value: Any = item.value
    double = float(value)
    return (double if double <= value else math.nextafter(double, -math.inf)), (double if double >= value else math.nextafter(double, math.inf))


def widened(op: Op, item: Literal) -> list[tuple[Op, float]]:
    """Comparisons with doubles, all of which hold of the double of any number that passes `op item`."""
    below, above = nearest(item)
    if op is Op.EQ:
        return [(Op.EQ, below)] if below == above else [(Op.GE, below), (Op.LE, above)]
    return [(Op.GE, below)] if op in (Op.GT, Op.GE) else [(Op.LE, above)]
