"""Shortening: each predicate in its own shortest form.

Law: k IN (a) = k = a; k IN (b, a, a) = k IN (a, b); k >= the number after 5 = k > 5; k = 1.0 = k = 1.

>>> whereql.to_text(shorten_predicates(whereql.parse("a IN (1.0) AND b >= 5.000000000000001 AND c IN ('y', 'x', 'y')")))
"a = 1 AND b > 5 AND c IN ('x', 'y')"
"""

from __future__ import annotations

from whereql.ast import Expr, Id, Literal, Not, Op, Predicate
from whereql.operators import COMPARISON
from whereql.optimize.domain import universe_of, value_set
from whereql.optimize.plain import is_plain, is_plain_list, join_plain
from whereql.optimize.spelling import spell
from whereql.optimize.tree import map_leaves


def shorten_predicates(expr: Expr) -> Expr:
    """The filter with each of its predicates in the shortest form; expr: in negation normal form."""
    return map_leaves(expr, _shorten)


def _shorten(leaf: Expr) -> Expr:
    """A predicate or its negation in its shortest form: `k IN (1)` as `k = 1`, `k >= 5.000000000000001` as `k > 5`."""
    predicate = leaf.arg if isinstance(leaf, Not) else leaf
    if not isinstance(predicate, Predicate) or (_is_short(predicate) and not (leaf is not predicate and isinstance(predicate.subject, Id))):
        return leaf  # the NOT of an order is an order where no value is missing
    if (joined := join_plain(predicate.subject, [leaf], negated=leaf is not predicate)) is not None:
        return leaf if joined == leaf else joined
    universe = universe_of(predicate.subject)
    values = value_set(leaf, universe)
    if values is None:
        return leaf
    short = spell(predicate.subject, values, universe)
    return leaf if short == leaf and not _has_form(predicate) else short


def _is_short(predicate: Predicate) -> bool:
    """Whether a predicate is surely its own shortest form, for a fraction of the price of finding out."""
    operand = predicate.operand
    if predicate.op in COMPARISON:
        return is_plain(operand)
    if predicate.op is Op.IN:
        return is_plain_list(operand)
    if predicate.op is Op.STARTS and isinstance(operand, Literal):
        return operand.value != "" and str(operand.value)[-1] != "\U0010ffff"
    return predicate.op is Op.EXISTS


def _has_form(predicate: Predicate) -> bool:
    """Whether a literal remembers how it was written, which the same filter written otherwise would not."""
    operand = predicate.operand
    items = operand if isinstance(operand, tuple) else (operand,)
    return any(isinstance(item, Literal) and item.form is not None for item in items)
