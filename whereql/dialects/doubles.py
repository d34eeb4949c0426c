"""Comparisons for targets that compare numbers as doubles, their ints too: sure and possible bounds around an exact one.

An int64 is rounded before it is compared, so beyond 2^53 several ints are one double. Where an index of ints answers instead, it
compares exactly. The bounds hold for both.

>>> doubles(Op.GT, 2020)
Doubles(possible=Range(above=2020), sure=Range(above=2020))
>>> doubles(Op.GE, 2**53 + 1)
Doubles(possible=Range(low=9007199254740992.0), sure=Range(low=9007199254740994.0))
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from whereql.operators import Op
from whereql.values import Literal

EXACT = 2**53
"""The doubles below it, and their neighbours among the ints, are all different."""

ROUNDED = "numbers from 2^53 on are compared as the nearest doubles"
SMALLER = "compare with a number below 2^53"


def is_safe(item: Literal) -> bool:
    """Whether a number compares with every int64 and every double as with the nearest double of each."""
    return abs(item.value) < EXACT  # type: ignore[arg-type]  # a number


def nearest(item: Literal) -> tuple[float, float]:
    """The doubles on both sides of a number, the same one twice where it is a double itself."""
    return floor(item.value), ceil(item.value)  # type: ignore[arg-type]  # a number


@dataclass(frozen=True, slots=True, repr=False)
class Range:
    """An interval of doubles: its ends, closed (low, high) or open (above, below)."""

    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None

    @property
    def bounds(self) -> list[tuple[Op, float]]:
        """The orders that just the doubles in it pass."""
        ends = {Op.GE: self.low, Op.LE: self.high, Op.GT: self.above, Op.LT: self.below}
        return [(op, value) for op, value in ends.items() if value is not None]

    def __repr__(self) -> str:
        ends = {"low": self.low, "high": self.high, "above": self.above, "below": self.below}
        return f"Range({', '.join(f'{name}={value!r}' for name, value in ends.items() if value is not None)})"


@dataclass(frozen=True, slots=True)
class Doubles:
    """possible: a range in which all lie that pass; sure: one in which only such lie, None where there is none."""

    possible: Range
    sure: Range | None

    @property
    def is_exact(self) -> bool:
        """Whether the engine tells those that pass from all others."""
        return self.possible == self.sure


_SMALL = {
    Op.EQ: lambda value: Range(low=value, high=value), Op.LT: lambda value: Range(below=value), Op.LE: lambda value: Range(high=value),
    Op.GT: lambda value: Range(above=value), Op.GE: lambda value: Range(low=value),
}  # fmt: skip


def doubles(op: Op, value: float) -> Doubles:
    """The ranges for `x op value`, an int64 or a double; op: EQ, LT, LE, GT or GE."""
    if abs(value) < EXACT:
        small = _SMALL[op](value)
        return Doubles(small, small)
    match op:
        case Op.EQ:
            return _equal(value)
        case Op.GE | Op.GT:
            low = math.ceil(value) if op is Op.GE else math.floor(value) + 1
            return _from(low, value, op is Op.GT)
    high = math.floor(value) if op is Op.LE else math.ceil(value) - 1
    mirrored = _from(-high, -value, op is Op.LT)
    return Doubles(_mirror(mirrored.possible), mirrored.sure and _mirror(mirrored.sure))


def _equal(value: float) -> Doubles:
    at, near = Range(low=floor(value), high=ceil(value)), int(value)
    is_alone = float(value) == value and all(float(near + step) != value for step in (-1, 1))
    return Doubles(at, at if is_alone or not _meets_ints(near) else None)


def _from(low: int, value: float, is_open: bool) -> Doubles:
    """low: the least int that passes. The least double that passes lies beside it, as ints and doubles of this size do."""
    if not _meets_ints(low):
        exact = Range(above=value) if is_open else Range(low=value)
        return Doubles(exact, exact)
    least = ceil(value)
    if is_open and least == value:
        least = math.nextafter(least, math.inf)
    possible, sure = min(floor(low), least), max(math.nextafter(float(low - 1), math.inf), least)
    return Doubles(Range(low=possible), Range(low=sure))


def _meets_ints(number: int) -> bool:
    """Whether some int64 may be rounded to a double near this number."""
    return abs(number) <= 2**63 + 2048


def floor(number: float) -> float:
    """The largest double that is no larger than a number."""
    near = float(number)
    return near if near <= number else math.nextafter(near, -math.inf)


def ceil(number: float) -> float:
    """The least double that is no less."""
    near = float(number)
    return near if near >= number else math.nextafter(near, math.inf)


def _mirror(found: Range) -> Range:
    return Range(high=None if found.low is None else -found.low, below=None if found.above is None else -found.above)
