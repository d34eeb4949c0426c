"""Walking and rebuilding filters, for the passes: what stays the same stays the same object.

That is how a pass says that it had nothing to do, and how the next round knows what to leave alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from whereql.ast import And, Expr, Or

Rule = Callable[[Expr], Expr]
NodeRule = Callable[[And | Or], Expr]

CONNECTIVES = (And, Or)


def rebuild(expr: And | Or, args: Sequence[Expr]) -> Expr:
    """The connective with other arguments; itself, if they are the ones it has."""
    if len(args) == len(expr.args):
        for new, old in zip(args, expr.args, strict=True):
            if new is not old:
                break
        else:
            return expr
    return type(expr)(args)


def bottom_up(expr: Expr, rule: NodeRule) -> Expr:
    """Apply a rule to every connective, innermost first; expr: in negation normal form, so that predicates are its leaves."""
    if not isinstance(expr, CONNECTIVES):
        return expr
    changed: list[Expr] | None = None
    for i, arg in enumerate(expr.args):
        if isinstance(arg, CONNECTIVES) and (new := bottom_up(arg, rule)) is not arg:
            changed = changed or list(expr.args)
            changed[i] = new
    rebuilt = expr if changed is None else type(expr)(changed)
    return rule(rebuilt) if isinstance(rebuilt, CONNECTIVES) else rebuilt


def map_leaves(expr: Expr, rule: Rule) -> Expr:
    """Apply a rule to every leaf: a constant, a predicate, or the negation of one."""
    if not isinstance(expr, CONNECTIVES):
        return rule(expr)
    changed: list[Expr] | None = None
    for i, arg in enumerate(expr.args):
        if (new := map_leaves(arg, rule)) is not arg:
            changed = changed or list(expr.args)
            changed[i] = new
    return expr if changed is None else type(expr)(changed)


def until_stable(expr: Expr, rewrite: Rule) -> Expr:
    """Rewrite a filter until that changes nothing more, for passes whose result may give them more to do."""
    while (rewritten := rewrite(expr)) is not expr:
        expr = rewritten
    return expr
