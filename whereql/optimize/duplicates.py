"""Duplicates: what is said twice is said once, and what is said with its opposite is a constant.

Law: a AND a = a; a OR a = a; a AND NOT a = FALSE; a OR NOT a = TRUE.

>>> whereql.to_text(drop_duplicates(whereql.parse("(a MATCHES 'x' OR b = 2) AND (a MATCHES 'x' OR b = 2)")))
"a MATCHES 'x' OR b = 2"
"""

from __future__ import annotations

from whereql.ast import And, Const, Expr, Not, Or
from whereql.optimize.tree import bottom_up, rebuild


def drop_duplicates(expr: Expr) -> Expr:
    """The filter with each argument of an AND or OR once; expr: in negation normal form."""
    return bottom_up(expr, _drop)


def _drop(expr: And | Or) -> Expr:
    args = dict.fromkeys(expr.args)
    if any(isinstance(arg, Not) and arg.arg in args for arg in args):
        return Const(isinstance(expr, Or))
    return expr if len(args) == len(expr.args) else rebuild(expr, list(args))
