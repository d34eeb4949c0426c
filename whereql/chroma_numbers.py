"""Comparisons of numbers, written so that a Chroma server answers by the number line.

Chroma compares an int with stored doubles by rounding it, and a float with stored ints by cutting it off: `k >= 1.5` finds
1, and `k = 9007199254740993` finds 9007199254740992.0. What stands for a number there is its image. Where the image is another number,
the comparison with the neighbour on the other side of it says what was meant: `k >= 1.5` is `k > 1.4999999999999998`,
whose image is 1.

>>> compare(Op.GE, 1.5), compare(Op.GE, 2)
([[('$gt', 1.4999999999999998)]], [[('$gte', 2)]])
>>> one_of([1.5, 2.0])
[[('$in', [2])], [('$in', [1.5]), ('$nin', [1])]]

A condition here is alternatives of conjunctions of an operator with its operand, all for one key.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from whereql.operators import Op
from whereql.values import INT_MAX, INT_MIN

Condition = list[list[tuple[str, Any]]]

_PLAIN = {Op.GT: "$gt", Op.GE: "$gte", Op.LT: "$lt", Op.LE: "$lte"}
# The operator that stands with the neighbour: below for an image that lies below, above for one that lies above.
_FROM_BELOW = {Op.GE: "$gt", Op.LT: "$lte"}
_FROM_ABOVE = {Op.GT: "$gte", Op.LE: "$lt"}

# Between the last int64 and the double after it, 2**63, there is no neighbour. The two ints whose image is 2**63 tell it from
# themselves: together they are equal to it alone.
_EDGE = float(2**63)
_ONLY_LAST_INT = [("$eq", INT_MAX), ("$ne", INT_MAX - 1)]
_ONLY_EDGE = [("$eq", INT_MAX), ("$eq", INT_MAX - 1)]
_FROM_EDGE: Condition = [[("$gt", INT_MAX)], _ONLY_EDGE]
_UP_TO_LAST_INT: Condition = [[("$lt", INT_MAX)], _ONLY_LAST_INT]
_AT_THE_EDGE = {
    (Op.GT, INT_MAX): _FROM_EDGE,
    (Op.GE, _EDGE): _FROM_EDGE,
    (Op.LE, INT_MAX): _UP_TO_LAST_INT,
    (Op.LT, _EDGE): _UP_TO_LAST_INT,
}


def image(number: float) -> float:
    """What a Chroma server compares stored numbers of the other kind with: an int as a double, a double cut off to an int64."""
    if isinstance(number, int):
        return float(number)
    return INT_MIN if number < INT_MIN else INT_MAX if number >= _EDGE else int(number)


def compare(op: Op, bound: float) -> Condition:
    """The condition for `key op bound`; op: GT, GE, LT or LE."""
    if (op, bound) in _AT_THE_EDGE:
        return _AT_THE_EDGE[op, bound]
    seen = image(bound)
    if seen < bound and op in _FROM_BELOW:
        return [[(_FROM_BELOW[op], _neighbour(bound, -1))]]
    if seen > bound and op in _FROM_ABOVE:
        return [[(_FROM_ABOVE[op], _neighbour(bound, 1))]]
    return [[(_PLAIN[op], bound)]]


def _neighbour(number: float, step: int) -> float:
    return number + step if isinstance(number, int) else math.nextafter(number, step * math.inf) + 0.0


def one_of(numbers: Iterable[float]) -> Condition:
    """The condition for `key IN numbers`: those that are their own image together, of the others each kind beside its images."""
    same: dict[float, None] = {}
    ints: dict[float, None] = {}
    floats: dict[float, None] = {}
    edges = []
    for number in numbers:
        seen = image(number)
        if seen == number:
            same[number if isinstance(number, int) else seen] = None
        elif isinstance(number, int):
            ints[number] = None
        else:
            floats[number] = None
    if INT_MAX in ints:
        del ints[INT_MAX]
        edges.append(_ONLY_LAST_INT)
    if _EDGE in floats:
        del floats[_EDGE]
        edges.append(_ONLY_EDGE)
    apart = [[("$in", [*group]), ("$nin", [*dict.fromkeys(map(image, group))])] for group in (ints, floats) if group]
    return [*([[("$in", [*same])]] if same else []), *apart, *edges]


def elements(numbers: Iterable[float]) -> Condition:
    """The condition for `key HAS numbers`: the elements of an int array are equal to ints only, those of a float array to floats."""
    wanted: dict[tuple[type, float], None] = {}
    for number in numbers:
        wanted[type(number), number] = None
        twin = image(number)
        if twin == number:
            wanted[type(twin), twin] = None
    return [[("$contains", number)] for _, number in wanted]


_POWERS = [float(f"1e{exponent}") for exponent in range(309)]


def is_read(number: float) -> bool:
    """Whether a server reads the shortest decimal of a double, which is what JSON has of it, as this double."""
    plain = repr(number)
    return (len(plain) < 16 and "e" not in plain) or reads_as(plain) == number


def reads_as(text: str) -> float:
    """What a Chroma server makes of a decimal of at most 19 digits: they are rounded to a double, which is then divided by a power of ten."""
    mantissa, _, power = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    value, exponent = float(int(whole + fraction)), int(power or 0) - len(fraction)
    while exponent < -308 and value:
        value, exponent = value / _POWERS[308], exponent + 308
    value = value * _POWERS[exponent] if exponent >= 0 else value / _POWERS[-exponent]
    return -value if text.startswith("-") else value
