"""Cost order: in an AND the cheap tests that few records pass come first, in an OR those that many pass.

Law: a AND b = b AND a; a OR b = b OR a. The order decides how much work is saved by the first test, never what matches.

>>> schema = Schema(100, {"lang": KeyInfo({"string": 100}), "doi": KeyInfo({"string": 2})})
>>> whereql.to_text(order_by_cost(whereql.parse("lang = 'en' AND title MATCHES 'x' AND doi IS NOT NULL"), schema))
"doi IS NOT NULL AND lang = 'en' AND title MATCHES 'x'"
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from whereql.ast import Const, Expr, Field, Literal, Not, Op, Or, Predicate
from whereql.kinds import Kind
from whereql.optimize.order import COSTS
from whereql.optimize.tree import CONNECTIVES, rebuild
from whereql.records import KeyInfo, Schema

# Relative to one comparison: a look into an array, a search in a text, a pattern.
_WEIGHTS = {0: 1.0, 1: 4.0, 2: 10.0, 3: 100.0}
# The share of the values of its kind that a test lets pass: the defaults of System R (Selinger et al., 1979), where nothing
# better is known.
_EQUAL, _RANGE, _TEXT = 0.1, 1 / 3, 0.25
_LINES = {"int": "number", "float": "number"}


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
    match leaf:
        case Not(Predicate() as predicate):
            fraction, cost = estimate(predicate, schema)
            return Estimate(1 - fraction, cost)
        case Predicate(subject, op, operand):
            cost = _WEIGHTS[COSTS[op]] * (len(operand) ** 0.5 if op is Op.HAS and isinstance(operand, tuple) else 1)
            info = schema.keys.get(subject.name, KeyInfo({})) if isinstance(subject, Field) else KeyInfo({"string": schema.records})
            held = sum(count for kind, count in info.kinds.items() if _is_seen(leaf, kind))
            return Estimate(min(1.0, held / max(1, schema.records) * _share(op, operand)), max(cost, 1.0))
        case Const(value):
            return Estimate(float(value), 1.0)
    raise TypeError(f"no predicate: {leaf!r}")


def _is_seen(predicate: Predicate, kind: str) -> bool:
    """Whether an operator can be true for values of a stored kind."""
    if predicate.op is Op.EXISTS:
        return True
    operand = predicate.operand
    items = operand if isinstance(operand, tuple) else (operand,)
    lines = {_line(item.kind.value) for item in items if isinstance(item, Literal)}
    return (predicate.op is Op.HAS) == kind.endswith("[]") and _line(kind.removesuffix("[]")) in lines


def _line(kind: str) -> str:
    return _LINES.get(kind, kind)


def _share(op: Op, operand: object) -> float:
    if op is Op.EXISTS:
        return 1.0
    if isinstance(operand, tuple):
        return 1 - (1 - _EQUAL) ** len(operand)
    if op is Op.EQ:
        return 0.5 if isinstance(operand, Literal) and operand.kind is Kind.BOOL else _EQUAL
    return _RANGE if COSTS[op] == 0 else _TEXT
