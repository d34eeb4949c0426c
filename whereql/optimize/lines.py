"""The two lines on which values are ordered, numbers and strings, and sets of their points.

A line is discrete: between 5 and 5.000000000000001 there is nothing, and after `'a'` comes `'a\\0'`. So every set that
comparisons can say is a union of half-open intervals, kept as `Edges`: the ascending points at which membership changes.
Equal sets are equal tuples, and every operation is one sweep.

>>> at_most_5 = NUMBERS.interval(Op.LE, 5)
>>> at_most_5
(-1.7976931348623157e+308, 5.000000000000001)
>>> overlap([at_most_5, NUMBERS.interval(Op.GT, 5)], 2)
()
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from whereql.kinds import Kind
from whereql.operators import Op
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, Literal, Scalar, number_test

Point = Any  # an int, a float that is no int64, or a string; points of one line are comparable
Edges = tuple[Point, ...]

_SMALL = 2.0**52  # below it, the doubles are denser than the ints


class Line(ABC):
    """An ordered, discrete set of points with a first one."""

    first: Point

    @abstractmethod
    def at_least(self, value: Scalar) -> Point | None:
        """The first point that is not below the value, None beyond the end of the line."""

    @abstractmethod
    def above(self, value: Scalar) -> Point | None:
        """The first point above the value, None beyond the end of the line."""

    @abstractmethod
    def below(self, point: Point) -> Point | None:
        """The last point below a point; None if there is no last one, as with most strings."""

    def interval(self, op: Op, value: Scalar) -> Edges:
        """The points that pass `op value`; op: a comparison. The value need not be a point."""
        low = self.first
        high: Point | None = None
        match op:
            case Op.EQ:
                low, high = self.at_least(value), self.above(value)
            case Op.GE:
                low = self.at_least(value)
            case Op.GT:
                low = self.above(value)
            case Op.LT:
                high = self.at_least(value)
            case Op.LE:
                high = self.above(value)
        if low is None or low == high:
            return ()
        return (low,) if high is None else (low, high)

    def complement(self, edges: Edges) -> Edges:
        """The points of the line that are not in the set."""
        return edges[1:] if edges and edges[0] == self.first else (self.first, *edges)


class _Numbers(Line):
    """int64 and the finite doubles on one line; each of the two may be left out, for a key of which it is known."""

    def __init__(self, *, ints: bool, floats: bool) -> None:
        self._ints, self._floats = ints, floats
        self.first = canonical(-FLOAT_MAX) if floats else INT_MIN

    def at_least(self, value: Scalar) -> Point | None:
        assert not isinstance(value, str)
        if self._ints and self._floats and (isinstance(value, float) or INT_MIN <= value <= INT_MAX):
            return canonical(value)
        return self._pick(Op.GE, value, 0)

    def above(self, value: Scalar) -> Point | None:
        assert not isinstance(value, str)
        if self._floats and -_SMALL < value < _SMALL:
            return canonical(math.nextafter(value, math.inf))
        return self._pick(Op.GT, value, 0)

    def below(self, point: Point) -> Point | None:
        if self._floats and -_SMALL < point < _SMALL:
            return canonical(math.nextafter(point, -math.inf))
        return self._pick(Op.LT, point, 1)

    def _pick(self, op: Op, value: Scalar, side: int) -> Point | None:
        test = number_test(op, Literal(Kind.INT if isinstance(value, int) else Kind.FLOAT, value))
        ends = [interval[side] for interval, used in ((test.ints, self._ints), (test.floats, self._floats)) if interval and used]
        return canonical(max(ends) if side else min(ends)) if ends else None


class _Strings(Line):
    """All strings, by code point; the next one after `s` is `s + '\\0'`."""

    first = ""

    def at_least(self, value: Scalar) -> Point:
        return value

    def above(self, value: Scalar) -> Point:
        assert isinstance(value, str)
        return value + "\0"

    def below(self, point: Point) -> Point | None:
        return point[:-1] if point.endswith("\0") else None


def canonical(number: Any) -> int | float:
    """A number of the line as the one Python value that stands for it: an int wherever int64 has it."""
    if isinstance(number, float) and number.is_integer() and INT_MIN <= number <= INT_MAX:
        return int(number)
    return number  # type: ignore[no-any-return]  # an int or a float, as it came


NUMBERS: Line = _Numbers(ints=True, floats=True)
INTS: Line = _Numbers(ints=True, floats=False)
FLOATS: Line = _Numbers(ints=False, floats=True)
STRINGS: Line = _Strings()


def prefix_end(prefix: str) -> str | None:
    """The first string behind all those that start with the prefix: its last code point counted up, None if there is none.

    A trailing U+10FFFF has no next and is dropped; the surrogates, which no string holds, are skipped.
    """
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    code = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if code == 0xD800 else code)


def prefixed(prefix: str) -> Edges:
    """The strings that start with the prefix."""
    end = prefix_end(prefix)
    return (prefix,) if end is None else (prefix, end)


def points(values: Iterable[Point], line: Line) -> Edges:
    """The set of some values, those of them that are points. For long lists: one pass, where `overlap` would make many sets."""
    edges: list[Point | None] = []
    for value in sorted(set(values)):
        low, high = line.at_least(value), line.above(value)
        if edges and edges[-1] == low:
            edges[-1] = high  # neighbours with nothing between them
        elif low is not None and low != high:
            edges += low, high
    return tuple(edges[:-1] if edges and edges[-1] is None else edges)


def overlap(sets: Iterable[Edges], least: int) -> Edges:
    """The points that lie in at least so many of the sets: their union for 1, their intersection for all of them."""
    steps: dict[Point, int] = {}
    for edges in sets:
        step = 1
        for edge in edges:
            steps[edge] = steps.get(edge, 0) + step
            step = -step
    result = []
    depth = 0
    for edge in sorted(steps):
        was = depth >= least
        depth += steps[edge]
        if (depth >= least) is not was:
            result.append(edge)
    return tuple(result)


def contains(edges: Edges, point: Point) -> bool:
    """Whether a point is in the set."""
    return bool(bisect_right(edges, point) % 2)


__all__ = [
    "FLOATS", "INTS", "NUMBERS", "STRINGS", "Edges", "Line", "Point", "canonical", "contains", "overlap", "points",
    "prefix_end", "prefixed",
]  # fmt: skip
