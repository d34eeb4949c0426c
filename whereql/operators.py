"""The operators of a predicate, and what each takes: one table that every dialect, check and backend reads.

>>> OPERATORS[Op.CONTAINS].kinds == frozenset({Kind.STRING})
True
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from whereql.kinds import Kind


class Op(Enum):
    """What a predicate says of its subject. Negative operators are `Not(Predicate(…))`."""

    EQ = "EQ"
    """The value equals the operand, of the same kind; an int and a float compare by value."""
    LT = "LT"
    """The value is below the operand: numbers by value, strings by code point. So do LE, GT and GE."""
    LE = "LE"
    """… or equal."""
    GT = "GT"
    """… above."""
    GE = "GE"
    """… above, or equal."""
    IN = "IN"
    """The value equals one of a tuple of literals, which may be of several kinds."""
    HAS = "HAS"
    """The value is a list that has one of a tuple of literals; a scalar has nothing."""
    CONTAINS = "CONTAINS"
    """The string contains the operand, case and all; a list contains nothing."""
    STARTS = "STARTS"
    """The string begins with the operand."""
    ENDS = "ENDS"
    """The string ends with the operand."""
    LIKE = "LIKE"
    """The whole string matches a pattern: `%` any characters, `_` one, `\\` escapes."""
    ILIKE = "ILIKE"
    """LIKE that ignores case."""
    MATCHES = "MATCHES"
    """A regular expression of RE2 finds something in the string."""
    EXISTS = "EXISTS"
    """The key is there, whatever its value, a list and a sparse vector too; there is no operand."""

    __hash__ = object.__hash__  # Enum's own hashes the name in Python, on every table look-up


class Operand(Enum):
    """The shape of what stands to the right of an operator."""

    NONE = "nothing"
    ONE = "one value"
    MANY = "a list"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: its symbol in the textual language, that of its complement if it has one, and what it takes."""

    symbol: str
    negated: str | None
    operand: Operand
    kinds: frozenset[Kind]


_ANY = frozenset(Kind)
_ORDERED = frozenset({Kind.STRING, Kind.INT, Kind.FLOAT})
_TEXT = frozenset({Kind.STRING})

OPERATORS: dict[Op, Operator] = {
    Op.EQ: Operator("=", "!=", Operand.ONE, _ANY),
    Op.LT: Operator("<", None, Operand.ONE, _ORDERED),
    Op.LE: Operator("<=", None, Operand.ONE, _ORDERED),
    Op.GT: Operator(">", None, Operand.ONE, _ORDERED),
    Op.GE: Operator(">=", None, Operand.ONE, _ORDERED),
    Op.IN: Operator("IN", "NOT IN", Operand.MANY, _ANY),
    Op.HAS: Operator("HAS", "NOT HAS", Operand.MANY, _ANY),
    Op.CONTAINS: Operator("CONTAINS", "NOT CONTAINS", Operand.ONE, _TEXT),
    Op.STARTS: Operator("STARTS WITH", "NOT STARTS WITH", Operand.ONE, _TEXT),
    Op.ENDS: Operator("ENDS WITH", "NOT ENDS WITH", Operand.ONE, _TEXT),
    Op.LIKE: Operator("LIKE", "NOT LIKE", Operand.ONE, _TEXT),
    Op.ILIKE: Operator("ILIKE", "NOT ILIKE", Operand.ONE, _TEXT),
    Op.MATCHES: Operator("MATCHES", "NOT MATCHES", Operand.ONE, _TEXT),
    Op.EXISTS: Operator("IS NOT NULL", "IS NULL", Operand.NONE, frozenset()),
}

LISTS = frozenset(op for op, info in OPERATORS.items() if info.operand is Operand.MANY)
ORDER = frozenset({Op.LT, Op.LE, Op.GT, Op.GE})
COMPARISON = ORDER | {Op.EQ}
PATTERN = frozenset({Op.LIKE, Op.ILIKE, Op.MATCHES})
TEXT = PATTERN | {Op.CONTAINS, Op.STARTS, Op.ENDS}

ORDER_SIGNS: dict[Op, str] = {op: OPERATORS[op].symbol for op in (Op.LT, Op.LE, Op.GT, Op.GE)}
"""The orders as nearly every language writes them; ORDERS is the way back."""

ORDERS: dict[str, Op] = {sign: op for op, sign in ORDER_SIGNS.items()}

ORDER_TESTS: dict[Op, Callable[[Any, Any], bool]] = {Op.LT: operator.lt, Op.LE: operator.le, Op.GT: operator.gt, Op.GE: operator.ge}
"""The orders of Python, of values that have one."""

OPPOSITE: dict[Op, Op] = {Op.LT: Op.GE, Op.LE: Op.GT, Op.GT: Op.LE, Op.GE: Op.LT}
"""The order that holds of just those values on the operand's line of which another does not."""

MIRRORED: dict[Op, Op] = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE}
"""The order with its sides changed: `5 < k` is `k > 5`."""

MIRRORED_SIGNS: dict[str, str] = {sign: ORDER_SIGNS[MIRRORED[op]] for sign, op in ORDERS.items()}
