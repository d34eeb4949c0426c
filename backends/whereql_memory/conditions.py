"""What a predicate asks of the values of one column: closed intervals in the order of its values, and how to test them fast.

>>> condition_on_numbers(Op.GT, whereql.literal(3), np.array([1, 5], np.int8), 1, 5).intervals()
(array([4], dtype=int8), array([5], dtype=int8))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from whereql.ast import Literal
from whereql.kinds import NUMBERS, Kind
from whereql.operators import COMPARISON, Op
from whereql.values import number_test
from whereql_memory.arrays import Array, Mask
from whereql_memory.texts import SortedTexts

_FEW = 4  # points that are compared one by one; beyond that a table is cheaper
_TABLE = 1 << 16  # values between the least and the greatest point, up to which a table of them all is


class Condition(NamedTuple):
    """Closed intervals that are apart from each other and within least … most of the column: lows, highs, ascending, shape (m,)."""

    lows: Array
    highs: Array

    def intervals(self) -> tuple[Array, Array]:
        """Both, as a plain tuple."""
        return self.lows, self.highs

    @property
    def is_points(self) -> bool:
        """Whether each interval is one value."""
        return self.lows is self.highs


def points(values: Array) -> Condition:
    """The condition of being one of these values, which ascend and are all different."""
    return Condition(values, values)


def all_of(conditions: Iterable[Condition | None]) -> Condition | None:
    """The condition of meeting all of these on the same column; None: no value can pass."""
    common, *others = conditions
    for other in others:
        if common is None or other is None:
            return None
        common = _common(common, other)
    return common


def _common(first: Condition, second: Condition) -> Condition | None:
    # Where two intervals overlap, one of them begins within the other, or where that does, and one ends within the other.
    lows = np.union1d(first.lows[_within(second, first.lows)], second.lows[_within(first, second.lows)])
    highs = np.union1d(first.highs[_within(second, first.highs)], second.highs[_within(first, second.highs)])
    if not len(lows):
        return None
    return points(lows) if (lows == highs).all() else Condition(lows, highs)


def _within(condition: Condition, values: Array) -> Mask:
    """Which values a condition has."""
    at = np.searchsorted(condition.lows, values, "right") - 1
    return np.asarray((at >= 0) & (values <= condition.highs[at]))


def _interval(low: Any, high: Any, dtype: np.dtype[Any]) -> Condition:
    if low == high:
        return points(np.array([low], dtype))
    return Condition(np.array([low], dtype), np.array([high], dtype))


# By kind of column. None: no value can pass.


def condition_on_numbers(op: Op, operand: object, data: Array, least: Any, most: Any) -> Condition | None:
    """The condition on ints or floats: each against the interval of its own kind, since numpy would round an int to compare it with a float."""
    kind = 1 if data.dtype.kind == "f" else 0
    match operand:
        case tuple() if op is Op.IN:
            own = Kind.FLOAT if kind else Kind.INT
            same = {item.value for item in operand if item.kind is own and least <= item.value <= most}
            exact = (number_test(Op.EQ, item)[kind] for item in operand if item.kind in NUMBERS and item.kind is not own)
            wanted = sorted(same.union(point[0] for point in exact if point is not None and least <= point[0] <= most))
            return points(np.array(wanted, data.dtype)) if wanted else None
        case Literal(Kind.INT | Kind.FLOAT) if op in COMPARISON:
            interval = number_test(op, operand)[kind]
            if interval is None or interval[0] > most or interval[1] < least:
                return None
            return _interval(max(interval[0], least), min(interval[1], most), data.dtype)
        case Literal() | tuple():
            return None
    raise _unbound(op, operand)


def condition_on_bools(op: Op, operand: object) -> Condition | None:
    """The condition on bools as 0 and 1."""
    if op is not Op.EQ and op is not Op.IN:
        return None
    wanted = sorted({int(item.value) for item in _items(operand) if item.kind is Kind.BOOL})
    return points(np.array(wanted, np.uint8)) if wanted else None


def condition_on_words(op: Op, operand: object, words: SortedTexts, code_of: Callable[[Iterable[str]], list[int]]) -> Condition | None:
    """The condition on codes into a vocabulary; code_of: the codes of those strings that are in it."""
    last = len(words) - 1
    match operand:
        case tuple() if op is Op.IN:
            codes = sorted(code_of({item.value for item in operand if isinstance(item.value, str)}))
            return points(np.array(codes, np.int64)) if codes else None
        case Literal(Kind.STRING, str() as text) if op is Op.EQ:
            codes = code_of((text,))
            return points(np.array(codes, np.int64)) if codes else None
        case Literal(Kind.STRING, str() as text) if op in _BELOW:
            low, high = _BELOW[op](words, text, last)
            return _interval(low, high, np.dtype(np.int64)) if low <= high else None
        case Literal(Kind.STRING, str() as text) if op is not Op.IN and op in TEXT_TESTS:
            return _stretches(TEXT_TESTS[op](words, text))
        case Literal() | tuple():
            return None
    raise _unbound(op, operand)


_BELOW: dict[Op, Callable[[SortedTexts, str, int], tuple[int, int]]] = {
    Op.LT: lambda words, text, last: (0, words.below(text, False) - 1),
    Op.LE: lambda words, text, last: (0, words.below(text, True) - 1),
    Op.GT: lambda words, text, last: (words.below(text, True), last),
    Op.GE: lambda words, text, last: (words.below(text, False), last),
}

TEXT_TESTS: dict[Op, Callable[..., Mask]] = {
    Op.IN: lambda texts, wanted, at=None: texts.isin(wanted, at),
    Op.EQ: lambda texts, text, at=None: texts.equals(text, at),
    Op.LT: lambda texts, text, at=None: texts.before(text, False, at),
    Op.LE: lambda texts, text, at=None: texts.before(text, True, at),
    Op.GT: lambda texts, text, at=None: ~texts.before(text, True, at),
    Op.GE: lambda texts, text, at=None: ~texts.before(text, False, at),
    Op.CONTAINS: lambda texts, text, at=None: texts.contains(text, at),
    Op.STARTS: lambda texts, text, at=None: texts.starts(text, at),
    Op.ENDS: lambda texts, text, at=None: texts.ends(text, at),
    Op.LIKE: lambda texts, text, at=None: texts.like(text, at),
    Op.ILIKE: lambda texts, text, at=None: texts.ilike(text, at),
    Op.MATCHES: lambda texts, text, at=None: texts.matches(text, at),
}


def _stretches(words: Mask) -> Condition | None:
    """Marked words as intervals of codes."""
    edges = np.flatnonzero(np.diff(words, prepend=False, append=False))
    if not len(edges):
        return None
    lows, highs = edges[::2], edges[1::2] - 1
    return points(lows) if (lows == highs).all() else Condition(lows, highs)


# Testing values.


def tester(condition: Condition, least: Any, most: Any, filler: Any, dtype: np.dtype[Any]) -> Callable[[Array], Mask]:
    """What tests an array of the column's data; filler: as in Access, most: the greatest value."""
    lows, highs = condition
    if len(lows) == 1:
        low, high = dtype.type(lows[0]), dtype.type(highs[0])
        if low == high:
            return lambda data: data == low
        is_open_below = low <= least and (filler is None or not filler < least)
        is_open_above = high >= most and (filler is None or not filler > most)
        if is_open_below and is_open_above:
            return lambda data: data == data  # NaN, the filler of floats, is not
        if is_open_below:
            return lambda data: data <= high
        if is_open_above:
            return lambda data: data >= low
        return lambda data: _both(data >= low, data <= high)
    if condition.is_points and len(lows) <= _FEW:
        return _any_of([dtype.type(low) for low in lows])
    if dtype.kind == "u" or (dtype.kind == "i" and int(highs[-1]) - int(lows[0]) < _TABLE):
        return _tabled(condition, dtype)
    return _searched(condition, dtype)


def _both(first: Mask, second: Mask) -> Mask:
    first &= second
    return first


def _any_of(values: list[Any]) -> Callable[[Array], Mask]:
    def test(data: Array) -> Mask:
        mask = data == values[0]
        for value in values[1:]:
            mask |= data == value
        return np.asarray(mask)

    return test


def _tabled(condition: Condition, dtype: np.dtype[Any]) -> Callable[[Array], Mask]:
    """By a table with a place for each value between the least and the greatest wanted; what is outside ends up at the last place."""
    start, size = int(condition.lows[0]), int(condition.highs[-1]) - int(condition.lows[0]) + 1
    table = np.zeros(size + 1, np.bool_)
    steps = np.zeros(size + 1, np.int64)
    steps[condition.lows.astype(np.int64) - start] += 1
    steps[condition.highs.astype(np.int64) - start + 1] -= 1
    table[:] = np.cumsum(steps) > 0
    if dtype.kind == "u" and start == 0 and dtype.itemsize <= 2:
        return lambda data: table.take(data, mode="clip")
    unsigned = np.dtype(f"u{dtype.itemsize}")
    offset, last = np.array(start, dtype).view(unsigned), unsigned.type(min(size, np.iinfo(unsigned).max))

    def test(data: Array) -> Mask:
        at = data.view(unsigned) - offset  # below the start wraps around to beyond the end
        np.minimum(at, last, out=at)
        return np.asarray(table.take(at, mode="clip"))

    return test


def _searched(condition: Condition, dtype: np.dtype[Any]) -> Callable[[Array], Mask]:
    own = Condition(condition.lows.astype(dtype), condition.highs.astype(dtype))
    return lambda data: _within(own, data)


def _items(operand: object) -> tuple[Literal, ...]:
    return operand if isinstance(operand, tuple) else (operand,)  # closed, so literals only


def _unbound(op: Op, operand: object) -> TypeError:
    return TypeError(f"bind the parameters first: {op.name} {operand!r}")
