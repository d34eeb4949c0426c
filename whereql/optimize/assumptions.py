"""What may be assumed inside one argument of an AND or OR because of the others, for the pass `absorption`.

In `a AND (…)` the rest is asked of records with a only, in `a OR (…)` of those without.
"""

from __future__ import annotations

from whereql.ast import And, Const, Expr, Not, Or, Subject
from whereql.optimize.constants import fold_constants
from whereql.optimize.domain import EMPTY, ValueSet, combine, complement, universe_of, value_set
from whereql.optimize.subjects import Subjects
from whereql.optimize.tree import CONNECTIVES, Rule, rebuild


def assuming(node: And | Or, simple: list[Expr], subjects: Subjects) -> Rule:
    """The rule that rewrites an argument of a connective, given the predicates among its other arguments, and their likes."""
    holds = isinstance(node, And)
    known = {side: value for arg in simple for side, value in ((arg, holds), (arg.arg if isinstance(arg, Not) else Not(arg), not holds))}
    facts: dict[Subject, ValueSet | None] = {}

    def fact(subject: Subject) -> ValueSet | None:
        """The values that a subject is known to have one of."""
        if subject not in facts:
            universe = universe_of(subject)
            own = [value_set(arg, universe) for arg in simple if subjects.one(arg) == subject]
            values = combine(own, universe, union=not holds) if own else None
            facts[subject] = values if values is None or holds else complement(values, universe)
        return facts[subject]

    def assume(expr: Expr) -> Expr:
        if expr in known:
            return Const(known[expr])
        subject = subjects.one(expr)
        if subject is not None:
            return _decided(expr, subject, fact(subject))
        if not isinstance(expr, CONNECTIVES):
            return expr
        args = [assume(arg) for arg in expr.args]
        rebuilt = rebuild(expr, args)
        return fold_constants(rebuilt) if any(isinstance(arg, Const) for arg in args) else rebuilt

    return assume


def _decided(expr: Expr, subject: Subject, assumed: ValueSet | None) -> Expr:
    """TRUE or FALSE where the values of a subject that are left decide an expression on it."""
    if assumed is None:
        return expr
    universe = universe_of(subject)
    both = combine([assumed, value_set(expr, universe)], universe, union=False)
    return Const(both == assumed) if both in (assumed, EMPTY) else expr
