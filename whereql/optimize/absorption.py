"""Absorption: what one argument of an AND or OR already says is not said again inside another.

Law: a AND (a OR b) = a; a OR (a AND b) = a; a AND (NOT a OR b) = a AND b; a OR (NOT a AND b) = a OR b. The arguments need not
be the same predicate: `k > 5` says `k > 3`, and denies `k < 3`.

>>> whereql.to_text(absorb(whereql.parse("k > 5 AND (k > 3 OR a = 1) AND (k < 3 OR b = 2)")))
'k > 5 AND b = 2'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from whereql.ast import And, Const, Expr, Not, Or, Subject
from whereql.optimize.constants import fold_constants
from whereql.optimize.domain import EMPTY, ValueSet, combine, complement, universe_of, value_set
from whereql.optimize.subjects import Subjects
from whereql.optimize.tree import CONNECTIVES, NodeRule, bottom_up, rebuild, until_stable

Fact = Callable[[Subject], ValueSet | None]


def absorb(expr: Expr) -> Expr:
    """The filter without what is said twice at different depths; expr: in negation normal form."""
    return until_stable(expr, lambda whole: bottom_up(whole, _absorb_with(Subjects())))


def _absorb_with(subjects: Subjects) -> NodeRule:
    def rule(node: And | Or) -> Expr:
        mixed = [arg for arg in node.args if isinstance(arg, CONNECTIVES) and subjects.one(arg) is None]
        if not mixed:
            return node
        gone = _covered(mixed, Or if isinstance(node, And) else And)
        simple = [arg for arg in node.args if not any(arg is other for other in mixed)]
        fact = _facts(node, simple, subjects)
        known = _known(simple, isinstance(node, And))
        args = [_assume(arg, known, fact, subjects) if any(arg is other for other in mixed) else arg for arg in node.args if id(arg) not in gone]
        return fold_constants(rebuild(node, args)) if any(isinstance(arg, Const) for arg in args) else rebuild(node, args)

    return rule


def _known(simple: list[Expr], value: bool) -> dict[Expr, bool]:
    """What each simple argument is inside the others, and its complement."""
    return {side: is_it for arg in simple for side, is_it in ((arg, value), (arg.arg if isinstance(arg, Not) else Not(arg), not value))}


def _facts(node: And | Or, simple: list[Expr], subjects: Subjects) -> Fact:
    """What may be assumed of a subject inside the other arguments: that the simple ones hold, or in an OR that they don't."""
    known: dict[Subject, ValueSet | None] = {}

    def fact(subject: Subject) -> ValueSet | None:
        if subject not in known:
            universe = universe_of(subject)
            own = [value_set(arg, universe) for arg in simple if subjects.one(arg) == subject]
            values = combine(own, universe, union=isinstance(node, Or)) if own else None
            known[subject] = complement(values, universe) if values is not None and isinstance(node, Or) else values
        return known[subject]

    return fact


def _assume(expr: Expr, known: dict[Expr, bool], fact: Fact, subjects: Subjects) -> Expr:
    """An argument as it reads where the facts hold, folded to a constant where they decide it."""
    if expr in known:
        return Const(known[expr])
    subject = subjects.one(expr)
    if subject is not None:
        return _decided(expr, subject, fact(subject))
    if isinstance(expr, CONNECTIVES):
        args = [_assume(arg, known, fact, subjects) for arg in expr.args]
        return fold_constants(rebuild(expr, args)) if any(isinstance(arg, Const) for arg in args) else rebuild(expr, args)
    return expr


def _decided(expr: Expr, subject: Subject, assumed: ValueSet | None) -> Expr:
    if assumed is None:
        return expr
    universe = universe_of(subject)
    both = combine([assumed, value_set(expr, universe)], universe, union=False)
    return Const(both == assumed) if both in (assumed, EMPTY) else expr


def _covered(mixed: Sequence[And | Or], kind: type[And] | type[Or]) -> set[int]:
    """The ids of those arguments of the other kind whose parts include all parts of another: (a AND b) covers (a AND b AND c)."""
    parts = [(arg, frozenset(arg.args)) for arg in mixed if type(arg) is kind]
    holders: dict[Expr, list[int]] = {}
    for i, (_, own) in enumerate(parts):
        for part in own:
            holders.setdefault(part, []).append(i)
    gone: set[int] = set()
    for i, (arg, own) in enumerate(parts):
        for j in min((holders[part] for part in own), key=len):
            if j != i and own < parts[j][1] and id(arg) not in gone:
                gone.add(id(parts[j][0]))
    return gone
