"""Constants: TRUE and FALSE are taken out of AND and OR, and predicates that are one of them are replaced.

Law: a AND TRUE = a; a AND FALSE = FALSE; a OR FALSE = a; a OR TRUE = TRUE; k IN () = FALSE; #id IS NOT NULL = TRUE.

>>> whereql.to_text(fold_constants(whereql.parse("a = 1 AND NOT k IN () AND (b = 2 OR #id IS NULL)")))
'a = 1 AND b = 2'
"""

from __future__ import annotations

from whereql.ast import And, Const, Expr, Field, Id, Literal, Not, Op, Or, Predicate
from whereql.kinds import Kind
from whereql.optimize.tree import rebuild

_FALSE, _TRUE = Const(False), Const(True)


def fold_constants(expr: Expr) -> Expr:
    """The filter without constants, unless it is one; expr: in negation normal form."""
    match expr:
        case Predicate():
            value = _constant(expr)
            return expr if value is None else _TRUE if value else _FALSE
        case Not(Predicate() as predicate):
            value = _constant(predicate)
            return expr if value is None else _FALSE if value else _TRUE
        case And(args) | Or(args):
            return _fold(expr, [fold_constants(arg) for arg in args])
    return expr


def _fold(expr: And | Or, args: list[Expr]) -> Expr:
    decisive = isinstance(expr, Or)
    kept = []
    for arg in args:
        if not isinstance(arg, Const):
            kept.append(arg)
        elif arg.value is decisive:
            return arg
    return rebuild(expr, kept)


def _constant(predicate: Predicate) -> bool | None:
    """What a predicate is for every record, if its operand and the nature of its subject say so."""
    if predicate.operand == ():
        return False
    if isinstance(predicate.subject, Field):
        return None
    if predicate.op is Op.EXISTS:
        return True if isinstance(predicate.subject, Id) else None
    operand = predicate.operand
    items = operand if isinstance(operand, tuple) else (operand,)
    is_said_of_text = any(isinstance(item, Literal) and item.kind is Kind.STRING for item in items)
    return None if is_said_of_text and predicate.op is not Op.HAS else False  # documents, uris and ids are strings
