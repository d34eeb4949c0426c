"""Tests for ints and for doubles, apart in CEL, as the one number line that whereql has.

>>> ints = NumberPart.of(whereql.Field("k"), Kind.INT, Token("name", "int", 0)).narrowed(whereql.parse("k >= 3"))
>>> doubles = NumberPart.of(whereql.Field("k"), Kind.FLOAT, Token("name", "double", 0)).narrowed(whereql.parse("k >= 2.5"))
>>> whereql.to_text(merged([ints, doubles]))
'k >= 2.5'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from whereql.ast import Expr, Literal, Op, Predicate, Subject
from whereql.dialects.reading import Token, one_of
from whereql.kinds import NUMBERS, Kind
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, NumberTest, literal, number_test

Interval = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class NumberPart:
    """The ints, or the doubles, of a subject that lie in some intervals."""

    subject: Subject
    kind: Kind
    intervals: tuple[Interval, ...]
    token: Token

    @classmethod
    def of(cls, subject: Subject, kind: Kind, token: Token) -> NumberPart:
        """All ints, or all doubles."""
        return cls(subject, kind, ((INT_MIN, INT_MAX) if kind is Kind.INT else (-FLOAT_MAX, FLOAT_MAX),), token)

    def narrowed(self, predicate: Predicate) -> NumberPart | None:
        """Those of them that pass a comparison, too; None where it is no comparison of numbers."""
        operand = predicate.operand
        items = operand if isinstance(operand, tuple) else (operand,)
        if predicate.op not in _COMPARED or not all(isinstance(item, Literal) and item.kind in NUMBERS for item in items):
            return None
        tests = [number_test(Op.EQ if predicate.op is Op.IN else predicate.op, item) for item in items if isinstance(item, Literal)]
        found = [test.ints if self.kind is Kind.INT else test.floats for test in tests]
        met = [(max(low, each[0]), min(high, each[1])) for low, high in self.intervals for each in found if each is not None]
        return replace(self, intervals=tuple(dict.fromkeys((low, high) for low, high in met if low <= high)))


_COMPARED = {Op.EQ, Op.LT, Op.LE, Op.GT, Op.GE, Op.IN}


def merged(parts: Sequence[NumberPart]) -> Expr | None:
    """The predicate that one or two parts of a subject say together, if there is one: it finds ints and doubles alike."""
    kinds = [part.kind for part in parts]
    if len(set(kinds)) != len(kinds):
        return None
    ints = next((part.intervals for part in parts if part.kind is Kind.INT), ())
    floats = next((part.intervals for part in parts if part.kind is Kind.FLOAT), ())
    subject = parts[0].subject
    return _as_list(subject, ints, floats) if all(low == high for low, high in (*ints, *floats)) else _as_order(subject, ints, floats)


def _as_list(subject: Subject, ints: Sequence[Interval], floats: Sequence[Interval]) -> Expr | None:
    values: dict[Any, None] = dict.fromkeys(low for low, _ in (*ints, *floats))  # an int and the double that equals it are one key
    items = tuple(literal(value) for value in values)
    tests = [number_test(Op.EQ, item) for item in items]
    same = {test.ints for test in tests if test.ints} == set(ints) and {test.floats for test in tests if test.floats} == set(floats)
    if not same:
        return None
    return one_of(subject, items)


def _as_order(subject: Subject, ints: Sequence[Interval], floats: Sequence[Interval]) -> Expr | None:
    if len(ints) > 1 or len(floats) > 1:
        return None
    due = NumberTest(ints[0] if ints else None, floats[0] if floats else None)
    for value in [bound for interval in (*floats, *ints) for bound in interval]:
        for op in (Op.GE, Op.LE, Op.GT, Op.LT):
            item = literal(value)
            if number_test(op, item) == due:
                return Predicate(subject, op, item)
    return None
