"""Absorption: what one argument of an AND or OR already says is not said again inside another.

Law: a AND (a OR b) = a; a OR (a AND b) = a; a AND (NOT a OR b) = a AND b; a OR (NOT a AND b) = a OR b. The arguments need not
be the same predicate: `k > 5` says `k > 3`, and denies `k < 3`.

>>> whereql.to_text(absorb(whereql.parse("k > 5 AND (k > 3 OR a = 1) AND (k < 3 OR b = 2)")))
'k > 5 AND b = 2'
"""

from __future__ import annotations

from collections.abc import Sequence

from whereql.ast import And, Const, Expr, Or
from whereql.optimize.assumptions import assuming
from whereql.optimize.constants import fold_constants
from whereql.optimize.subjects import Subjects
from whereql.optimize.tree import CONNECTIVES, NodeRule, bottom_up, rebuild, until_stable


def absorb(expr: Expr) -> Expr:
    """The filter without what is said twice at different depths; expr: in negation normal form."""
    return until_stable(expr, lambda whole: bottom_up(whole, _absorb_with(Subjects())))


def _absorb_with(subjects: Subjects) -> NodeRule:
    def rule(node: And | Or) -> Expr:
        # What speaks of one subject alone is left to merging.
        mixed = {i: arg for i, arg in enumerate(node.args) if isinstance(arg, CONNECTIVES) and subjects.one(arg) is None}
        if not mixed:
            return node
        gone = _covered(list(mixed.values()), Or if isinstance(node, And) else And) if len(mixed) > 1 else set()
        inside = {subject for arg in mixed.values() for subject in subjects.all(arg)}
        telling = [arg for i, arg in enumerate(node.args) if i not in mixed and inside & subjects.all(arg)]
        if not gone and not telling:
            return node
        assume = assuming(node, telling, subjects)
        args = [assume(arg) if i in mixed else arg for i, arg in enumerate(node.args) if id(arg) not in gone]
        rebuilt = rebuild(node, args)
        return fold_constants(rebuilt) if any(isinstance(arg, Const) for arg in args) else rebuilt

    return rule


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
