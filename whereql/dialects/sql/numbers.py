"""Numbers in JSON, as engines compare them: all as doubles where these are exact, else the ints and the doubles apart.

>>> by_storage([whereql.literal(5), whereql.literal(0.5)])
[('any', [5.0, 0.5])]
>>> [storage for storage, _ in by_storage([whereql.literal(2**53)])], intervals(Op.GT, whereql.literal(2**53))
(['int', 'double'], [('int', 9007199254740993, None), ('double', 9007199254740994.0, None)])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal as OneOf

from whereql.ast import Literal
from whereql.dialects.doubles import is_safe
from whereql.dialects.sql.fragments import Fragment, bound, sql
from whereql.kinds import NUMBERS
from whereql.operators import Op
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, number_test

Storage = OneOf["any", "int", "double"]


def by_storage(items: Sequence[Literal]) -> list[tuple[Storage, list[float]]]:
    """The numbers among some literals, by what they are compared as."""
    numbers = [item for item in items if item.kind in NUMBERS]
    if all(map(is_safe, numbers)):
        found: list[tuple[Storage, list[float]]] = [("any", [float(item.value) for item in numbers])]
    else:
        tests = [number_test(Op.EQ, item) for item in numbers]
        found = [("int", [test.ints[0] for test in tests if test.ints]), ("double", [test.floats[0] for test in tests if test.floats])]
    return [(storage, values) for storage, values in found if values]


def intervals(op: Op, item: Literal) -> list[tuple[Storage, float | None, float | None]]:
    """The ints and the doubles that pass an order, each between two bounds, None for no bound."""
    test = number_test(op, item)
    found: list[tuple[Storage, float | None, float | None]] = []
    if test.ints is not None:
        found.append(("int", _unless(test.ints[0], INT_MIN), _unless(test.ints[1], INT_MAX)))
    if test.floats is not None:
        found.append(("double", _unless(test.floats[0], -FLOAT_MAX), _unless(test.floats[1], FLOAT_MAX)))
    return found


def _unless(value: float, extreme: float) -> float | None:
    return None if value == extreme else value


def within(value: Fragment, low: float | None, high: float | None) -> list[Fragment]:
    """The conditions for a number between two bounds."""
    if low is not None and low == high:
        return [sql("{} = {}", value, bound(low))]
    return [sql(f"{{}} {sign} {{}}", value, bound(limit)) for sign, limit in ((">=", low), ("<=", high)) if limit is not None]
