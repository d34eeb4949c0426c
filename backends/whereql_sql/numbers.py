"""Comparisons of numbers, exact at any size: each column is compared within its own storage kind, int64 or double.

Databases compare an int with a double by rounding the int: 2**53 + 1 would equal 2.0**53.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from whereql.ast import Literal, Op
from whereql.kinds import NUMBERS
from whereql.values import INT_MAX, INT_MIN, number_test
from whereql_sql.capability import Abilities, Condition
from whereql_sql.lists import DOUBLE, INT, is_in


def int_condition(column: ColumnElement[Any], op: Op, bound: Literal) -> Condition:
    """Whether an int64 column (or one of a smaller integer type) stands in the order or equality `op` to a number."""
    interval = number_test(op, bound).ints
    return sa.false() if interval is None else between(column, *interval, INT, INT_MIN, INT_MAX)


def float_condition(column: ColumnElement[Any], op: Op, bound: Literal) -> Condition:
    """… whether a double column does. A stored NaN or infinity stands in none: both bounds are always asked for."""
    interval = number_test(op, bound).floats
    return sa.false() if interval is None else between(column, *interval, DOUBLE, None, None)


def between(column: ColumnElement[Any], low: Any, high: Any, kind: Any, least: Any, most: Any) -> Condition:
    """Whether a column lies in a closed interval; a bound that no value can miss (`least`, `most`) is left out."""
    if low == high:
        return column == sa.bindparam(None, low, kind)
    tests = []
    if low != least:
        tests.append(column >= sa.bindparam(None, low, kind))
    if high != most:
        tests.append(column <= sa.bindparam(None, high, kind))
    return sa.and_(*tests) if tests else column.is_not(None)


def int_values(items: Iterable[Literal]) -> list[int]:
    """The ints that are equal to one of some literals: `2.0` is 2, `2.5` and a string are none."""
    found = (number_test(Op.EQ, item).ints for item in items if item.kind in NUMBERS)
    return list(dict.fromkeys(interval[0] for interval in found if interval is not None))


def float_values(items: Iterable[Literal]) -> list[float]:
    """The doubles that are equal to one of some literals: 2**53 + 1 is none."""
    found = (number_test(Op.EQ, item).floats for item in items if item.kind in NUMBERS)
    return list(dict.fromkeys(interval[0] for interval in found if interval is not None))


def int_in(column: ColumnElement[Any], items: Sequence[Literal], abilities: Abilities) -> Condition:
    """Whether an int64 column is equal to one of some literals."""
    return is_in(column, int_values(items), INT, abilities)


def float_in(column: ColumnElement[Any], items: Sequence[Literal], abilities: Abilities) -> Condition:
    """Whether a double column is equal to one of some literals."""
    return is_in(column, float_values(items), DOUBLE, abilities)



