"""A fixed order: cheap tests first, those of one key side by side, so that the same filter has the same text.

Law: a AND b = b AND a; a OR b = b OR a.

>>> whereql.to_text(arrange(whereql.parse("#document CONTAINS 'x' AND year <= 5 AND lang = 'en' AND year >= 2")))
"lang = 'en' AND year BETWEEN 2 AND 5 AND #document CONTAINS 'x'"
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from whereql.ast import Const, Document, Expr, Field, Id, Literal, Not, Op, Or, Predicate, Subject, Uri
from whereql.kinds import Kind
from whereql.optimize.tree import CONNECTIVES, rebuild

# What a test costs, about: a comparison of a value, a look into an array, a search in a text, a pattern; then all else.
# In this order within a cost, so that the lower bound of a range stands before the upper one.
COSTS = {
    Op.EQ: 0, Op.IN: 0, Op.GT: 0, Op.GE: 0, Op.LT: 0, Op.LE: 0, Op.EXISTS: 0, Op.HAS: 1, Op.STARTS: 2, Op.ENDS: 2, Op.CONTAINS: 2,
    Op.LIKE: 3, Op.ILIKE: 3, Op.MATCHES: 3,
}  # fmt: skip
_RANKS = {op: rank for rank, op in enumerate(COSTS)}
_KINDS = {Kind.BOOL: 0, Kind.INT: 1, Kind.FLOAT: 1, Kind.STRING: 2}
_OWN = {Id: 0, Uri: 2, Document: 3}

Key = tuple[Any, ...]


def arrange(expr: Expr) -> Expr:
    """The filter with the arguments of every AND and OR in order; expr: in negation normal form."""
    return _arranged(expr)[0]


def _arranged(expr: Expr) -> tuple[Expr, Key]:
    if not isinstance(expr, CONNECTIVES):
        return expr, _leaf_key(expr)
    pairs = [_arranged(arg) for arg in expr.args]
    keys = [key for _, key in pairs]
    if any(a > b for a, b in pairwise(keys)):
        pairs.sort(key=lambda pair: pair[1])
        keys = [key for _, key in pairs]
    ordered = rebuild(expr, [arg for arg, _ in pairs])
    return ordered, (4 + isinstance(expr, Or), len(keys), *keys)


def sort_key(expr: Expr) -> Key:
    """Where a filter stands among the arguments of an AND or OR."""
    return _arranged(expr)[1]


def _leaf_key(expr: Expr) -> Key:
    """Where a predicate, its negation or a constant stands: by cost, subject, operator and operand."""
    negated = isinstance(expr, Not)
    predicate = expr.arg if isinstance(expr, Not) else expr
    if not isinstance(predicate, Predicate):
        return (-1, isinstance(predicate, Const) and predicate.value)
    cost = COSTS[predicate.op]
    return (cost, *_subject_key(predicate.subject), negated, _RANKS[predicate.op], _operand_key(predicate.operand))


def _subject_key(subject: Subject) -> tuple[int, str]:
    return (1, subject.name) if isinstance(subject, Field) else (_OWN[type(subject)], "")


def _operand_key(operand: object) -> Key:
    match operand:
        case Literal(kind, value):
            return (_KINDS[kind], value)
        case tuple():
            return (len(operand), *[(_KINDS[item.kind], item.value) for item in operand])
    return ()
