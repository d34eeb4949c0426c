"""Numbers that are kept as decimals, as jsonb does: an int as itself, a double as the shortest decimal that reads back as it.

Beyond 2**53 that of a double may be an int of another value: then equality or an order of decimals is not that of the numbers.

>>> decimal(0.1), decimal(2**62), decimal(2.0**62), is_equality_plain(2**62), is_equality_plain(5)
('0.1', '4611686018427387904', '4611686018427387904', False, True)
"""

from __future__ import annotations

import math
from decimal import Decimal

from whereql.operators import ORDER_TESTS, Op
from whereql.values import INT_MAX, INT_MIN


def _is_small(value: float) -> bool:
    """Whether ints and doubles of this size surely have decimals that are in the order of the numbers."""
    return abs(value) < 2**53 or abs(value) > 2**63


def decimal(value: float) -> str:
    """The decimal of a number in a filter."""
    return repr(value) if _is_small(value) else str(int(value))


def is_equality_plain(value: float) -> bool:
    """Whether the numbers that are equal to this one, and no others, have its decimal."""
    if _is_small(value):
        return True
    whole, double = int(value), float(value)
    spelled = Decimal(repr(double))
    is_int, is_double = INT_MIN <= whole <= INT_MAX, int(double) == whole
    if is_double:
        return spelled == whole
    return is_int and spelled != whole


def is_order_plain(op: Op, value: float) -> bool:
    """Whether the numbers in an order to this one, and no others, have decimals in that order to its own."""
    limit, nearest = Decimal(decimal(value)), float(value)
    beside = (math.nextafter(nearest, -math.inf), nearest, math.nextafter(nearest, math.inf))
    return all(ORDER_TESTS[op](each, value) is ORDER_TESTS[op](Decimal(repr(each)), limit) for each in beside if math.isfinite(each) and not _is_small(each))
