"""Factoring: what several alternatives have in common is said once.

Law: (a AND b) OR (a AND c) = a AND (b OR c); (a OR b) AND (a OR c) = a OR (b AND c).

>>> whereql.to_text(factor(whereql.parse("t = 'x' AND k = 1 OR t = 'x' AND k > 5 OR j = 2")))
"t = 'x' AND (k = 1 OR k > 5) OR j = 2"
"""

from __future__ import annotations

from whereql.ast import And, Expr, Or
from whereql.errors import LimitError
from whereql.optimize.measure import measure
from whereql.optimize.order import sort_key
from whereql.optimize.subjects import Subjects
from whereql.optimize.tree import bottom_up, rebuild, until_stable


def factor(expr: Expr) -> Expr:
    """The filter with common parts taken out of the arguments of AND and OR; expr: in negation normal form."""
    subjects = Subjects()
    try:
        return until_stable(expr, lambda whole: bottom_up(whole, lambda node: _factor(node, subjects)))
    except LimitError:  # what is taken out of two levels may make three, and a filter may already be as deep as they go
        return expr


def _factor(node: And | Or, subjects: Subjects) -> Expr:
    if subjects.one(node) is not None:
        return node  # merged into its shortest form, which must not be taken apart
    inner = Or if isinstance(node, And) else And
    if sum(type(arg) is inner for arg in node.args) < 2:
        return node
    parts = [arg.args if type(arg) is inner else (arg,) for arg in node.args]
    known = [frozenset(own) for own in parts]
    holders: dict[Expr, list[int]] = {}
    for i, own in enumerate(parts):
        for part in dict.fromkeys(own):
            holders.setdefault(part, []).append(i)
    shared = [part for part, where in holders.items() if len(where) > 1]
    if not shared:
        return node
    shared.sort(key=lambda part: (-measure(part).units * (len(holders[part]) - 1), sort_key(part)))
    args: dict[int, Expr] = dict(enumerate(node.args))
    free = set(args)
    for part in shared:
        where = [i for i in holders[part] if i in free]
        if len(where) > 1:
            free.difference_update(where)
            common = [other for other in dict.fromkeys(parts[where[0]]) if all(other in known[i] for i in where)]
            rests = [inner([other for other in parts[i] if other not in common]) for i in where]
            args[where[0]] = inner([*common, type(node)(rests)])
            for i in where[1:]:
                del args[i]
    return rebuild(node, list(args.values()))
