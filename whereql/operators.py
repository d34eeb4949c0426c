"""The operators of a predicate, and what each takes: one table that every dialect, check and backend reads.

>>> OPERATORS[Op.CONTAINS].kinds == frozenset({Kind.STRING})
True
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from whereql.kinds import Kind


class Op(Enum):
    """What a predicate says of its subject. Negative operators are `Not(Predicate(…))`."""

    EQ = "EQ"
    LT = "LT"
    LE = "LE"
    GT = "GT"
    GE = "GE"
    IN = "IN"
    HAS = "HAS"
    CONTAINS = "CONTAINS"
    STARTS = "STARTS"
    ENDS = "ENDS"
    LIKE = "LIKE"
    ILIKE = "ILIKE"
    MATCHES = "MATCHES"
    EXISTS = "EXISTS"

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

ORDER = frozenset({Op.LT, Op.LE, Op.GT, Op.GE})
COMPARISON = ORDER | {Op.EQ}
PATTERN = frozenset({Op.LIKE, Op.ILIKE, Op.MATCHES})
TEXT = PATTERN | {Op.CONTAINS, Op.STARTS, Op.ENDS}
