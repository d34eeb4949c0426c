"""Negation normal form: NOT stands before predicates only.

Law: NOT (a AND b) = NOT a OR NOT b; NOT (a OR b) = NOT a AND NOT b; NOT NOT a = a.

>>> whereql.to_text(push_negation(whereql.parse("NOT (a = 1 AND (b = 2 OR NOT c))")))
'a != 1 OR b != 2 AND c = TRUE'
"""

from __future__ import annotations

from whereql.ast import And, Const, Expr, Not, Or
from whereql.optimize.tree import rebuild


def push_negation(expr: Expr) -> Expr:
    """The filter with every NOT pushed down to a predicate."""
    match expr:
        case Not(And() | Or() | Not() | Const() as arg):
            return negate(arg)
        case And(args) | Or(args):
            return rebuild(expr, [push_negation(arg) for arg in args])
    return expr


def negate(expr: Expr) -> Expr:
    """The complement of a filter, in negation normal form."""
    match expr:
        case Not(arg):
            return push_negation(arg)
        case And(args):
            return Or([negate(arg) for arg in args])
        case Or(args):
            return And([negate(arg) for arg in args])
        case Const(value):
            return Const(not value)
    return Not(expr)
