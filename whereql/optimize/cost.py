"""Cost order: in an AND the cheap tests that few records pass come first, in an OR those that many pass.

Law: a AND b = b AND a; a OR b = b OR a. The order decides how much work is saved by the first test, never what matches.

>>> from whereql.records import KeyInfo
>>> schema = Schema(100, {"lang": KeyInfo({"string": 100}), "doi": KeyInfo({"string": 2})})
>>> whereql.to_text(order_by_cost(whereql.parse("lang = 'en' AND title MATCHES 'x' AND doi IS NOT NULL"), schema))
"doi IS NOT NULL AND lang = 'en' AND title MATCHES 'x'"
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import NamedTuple

from whereql.ast import Const, Expr, Field, Literal, Not, Op, Or, Predicate
from whereql.kinds import Kind
from whereql.optimize.order import COSTS
from whereql.optimize.tree import CONNECTIVES, rebuild
from whereql.records import Schema

# Relative to one comparison: a look into an array, a search in a text, a pattern.
_WEIGHTS = {0: 1.0, 1: 4.0, 2: 10.0, 3: 100.0}
# The share of the values of its kind that a test lets pass: the defaults of System R (Selinger et al., 1979), where nothing
# better is known.
_EQUAL, _RANGE, _TEXT = 0.1, 1 / 3, 0.25
_LINES = {Kind.STRING: "string", Kind.INT: "number", Kind.FLOAT: "number", Kind.BOOL: "bool"}
_LINE_OF_KIND = {kind.value: line for kind, line in _LINES.items()}


class Estimate(NamedTuple):
    """fraction: of the records that pass, from 0 to 1; cost: of the test of one record, 1 for a comparison."""

    fraction: float
    cost: float


def order_by_cost(expr: Expr, schema: Schema) -> Expr:
    """The filter with the arguments of every AND and OR in the order that costs least; expr: in negation normal form."""
    return _ordered(expr, schema)[0]


def _ordered(expr: Expr, schema: Schema) -> tuple[Expr, Estimate]:
    if not isinstance(expr, CONNECTIVES):
        return expr, estimate(expr, schema)
    is_or = isinstance(expr, Or)
    pairs = [_ordered(arg, schema) for arg in expr.args]
    # The share of records that a test settles, for what it costs: the best first is optimal for independent tests.
    pairs.sort(key=lambda pair: -(pair[1].fraction if is_or else 1 - pair[1].fraction) / pair[1].cost)
    estimates = [one for _, one in pairs]
    passing = 1 - prod(1 - one.fraction for one in estimates) if is_or else prod(one.fraction for one in estimates)
    return rebuild(expr, [arg for arg, _ in pairs]), Estimate(passing, sum(one.cost for one in estimates))


def estimate(leaf: Expr, schema: Schema) -> Estimate:
    """How many records a predicate, its negation or a constant lets pass, by the counts of a schema, and what it costs."""
    if isinstance(leaf, Predicate):
        op, operand = leaf.op, leaf.operand
        cost = _WEIGHTS[COSTS[op]] * (len(operand) ** 0.5 if op is Op.HAS and isinstance(operand, tuple) else 1)
        return Estimate(min(1.0, _held(leaf, schema) / max(1, schema.records) * _share(op, operand)), max(cost, 1.0))
    match leaf:
        case Not(Predicate() as predicate):
            fraction, cost = estimate(predicate, schema)
            return Estimate(1 - fraction, cost)
        case Const(value):
            return Estimate(float(value), 1.0)
    raise TypeError(f"no predicate: {leaf!r}")


def _held(predicate: Predicate, schema: Schema) -> int:
    """How many records have a value of a kind for which the operator can be true."""
    subject, operand = predicate.subject, predicate.operand
    if not isinstance(subject, Field):
        kinds: Mapping[str, int] = {"string": schema.records}
    elif (info := schema.keys.get(subject.name)) is not None:
        kinds = info.kinds
    else:
        return 0
    if predicate.op is Op.EXISTS:
        return sum(kinds.values())
    lines = {_LINES[item.kind] for item in (operand if isinstance(operand, tuple) else (operand,)) if isinstance(item, Literal)}
    is_has = predicate.op is Op.HAS
    held = 0
    for kind, count in kinds.items():
        if kind.endswith("[]") is is_has and _LINE_OF_KIND.get(kind.removesuffix("[]")) in lines:
            held += count
    return held


def _share(op: Op, operand: object) -> float:
    if op is Op.EXISTS:
        return 1.0
    if isinstance(operand, tuple):
        return 1 - (1 - _EQUAL) ** len(operand)
    if op is Op.EQ:
        return 0.5 if isinstance(operand, Literal) and operand.kind is Kind.BOOL else _EQUAL
    return _RANGE if COSTS[op] == 0 else _TEXT
