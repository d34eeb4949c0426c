"""From the AST to text: the shortest spelling that reads back as the same filter, with the fewest parentheses.

>>> print_filter(whereql.parse("NOT (a = 1) AND ((b >= 1 AND b <= 5) OR c)"))
'a != 1 AND (b BETWEEN 1 AND 5 OR c = TRUE)'
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from whereql.ast import And, Const, Document, Expr, Field, Id, Literal, Not, Op, Or, Param, Predicate, Subject, Uri
from whereql.kinds import Kind
from whereql.names import is_bare
from whereql.operators import OPERATORS

# How tightly each node binds; a child that binds less tightly than its parent stands in parentheses.
PRECEDENCE: dict[type[Expr], int] = {Or: 1, And: 2, Not: 3, Predicate: 4, Const: 4}

_OWN: dict[type, str] = {Id: "#id", Document: "#document", Uri: "#uri"}
_RISING, _FALLING = frozenset({Op.GT, Op.GE}), frozenset({Op.LT, Op.LE})
_MIRRORED = {Op.GT: "<", Op.GE: "<=", Op.LT: ">", Op.LE: ">="}


def print_filter(expr: Expr) -> str:
    """The text of a filter: `parse(print_filter(expr)) == expr`."""
    match expr:
        case Const(value):
            return "TRUE" if value else "FALSE"
        case Predicate():
            return _print_predicate(expr, negated=False)
        case Not(Predicate() as predicate):
            return _print_predicate(predicate, negated=True)
        case Not(And((first, second))) if (merged := _merge_pair(first, second, negated=True)) is not None:
            return merged
        case Not(And(args)) if (merged := _merge_has_all(args, negated=True)) is not None:
            return merged
        case Not(And((first, second))) if (chain := _merge_pair(first, second, negated=False)) is not None:
            return f"NOT {chain}"
        case Not(arg):
            return f"NOT {_print_child(arg, Not)}"
        case And(args):
            return " AND ".join(_print_conjuncts(args))
        case Or(args):
            return " OR ".join(_print_child(arg, Or) for arg in args)
    raise TypeError(f"not a filter: {expr!r}")


def _print_child(child: Expr, parent: type[Expr]) -> str:
    text = print_filter(child)
    return f"({text})" if PRECEDENCE[type(child)] < PRECEDENCE[parent] else text


def _print_conjuncts(args: tuple[Expr, ...]) -> Iterator[str]:
    """Each conjunct, two neighbours that make a range or several that make HAS ALL as one."""
    at = 0
    while at < len(args):
        run = _has_run(args, at)
        if run > 1:
            yield _merge_has_all(args[at : at + run], negated=False) or ""
            at += run
        elif at + 1 < len(args) and (pair := _merge_pair(args[at], args[at + 1], negated=False)) is not None:
            yield pair
            at += 2
        else:
            yield _print_child(args[at], And)
            at += 1


def _merge_pair(first: Expr, second: Expr, *, negated: bool) -> str | None:
    """`f >= 1 AND f <= 5` as BETWEEN, `f > 1 AND f <= 5` as a chain (which has no negated form), or None."""
    if not (isinstance(first, Predicate) and isinstance(second, Predicate) and first.subject == second.subject):
        return None
    subject = _print_subject(first.subject)
    if (first.op, second.op) == (Op.GE, Op.LE):
        return f"{subject} {'NOT ' if negated else ''}BETWEEN {_print_operand(first)} AND {_print_operand(second)}"
    opposite = (first.op in _RISING and second.op in _FALLING) or (first.op in _FALLING and second.op in _RISING)
    if negated or not opposite:
        return None
    return f"{_print_operand(first)} {_MIRRORED[first.op]} {subject} {OPERATORS[second.op].symbol} {_print_operand(second)}"


def _has_run(args: tuple[Expr, ...], start: int) -> int:
    """How many conjuncts from `start` on say HAS of one value, all of one subject."""
    first = args[start]
    end = start
    while end < len(args) and _is_single_has(arg := args[end]) and arg.subject == first.subject:  # type: ignore[attr-defined]  # both are predicates, says _is_single_has
        end += 1
    return end - start


def _is_single_has(expr: Expr) -> bool:
    return isinstance(expr, Predicate) and expr.op is Op.HAS and isinstance(expr.operand, tuple) and len(expr.operand) == 1


def _merge_has_all(args: tuple[Expr, ...], *, negated: bool) -> str | None:
    if _has_run(args, 0) != len(args):
        return None
    items = ", ".join(_print_items(arg.operand) for arg in args if isinstance(arg, Predicate))
    subject = _print_subject(args[0].subject)  # type: ignore[attr-defined]  # a predicate, as _has_run counted it
    return f"{subject} {'NOT ' if negated else ''}HAS ALL ({items})"


def _print_predicate(predicate: Predicate, *, negated: bool) -> str:
    info = OPERATORS[predicate.op]
    symbol = info.negated if negated else info.symbol
    if symbol is None:
        return f"NOT {_print_predicate(predicate, negated=False)}"
    return " ".join(filter(None, (_print_subject(predicate.subject), symbol, _print_operand(predicate))))


def _print_subject(subject: Subject) -> str:
    if not isinstance(subject, Field):
        return _OWN[type(subject)]
    return subject.name if is_bare(subject.name) else "`" + subject.name.replace("`", "``") + "`"


def _print_operand(predicate: Predicate) -> str:
    operand = predicate.operand
    match operand:
        case None:
            return ""
        case Literal():
            return print_literal(operand)
        case Param(name, each):
            prefix = "" if predicate.op is not Op.HAS else "ALL " if each else "ANY "
            return f"{prefix}:{name}"
        case (single,) if predicate.op is Op.HAS:
            return _print_items((single,))
    return f"{'ANY ' if predicate.op is Op.HAS else ''}({_print_items(operand)})"


def _print_items(items: object) -> str:
    assert isinstance(items, tuple)
    return ", ".join([f":{item.name}" if isinstance(item, Param) else print_literal(item) for item in items])


def print_literal(item: Literal) -> str:
    """A literal as the language spells it; a string with control characters in double quotes, any other in single ones."""
    value = item.value
    if item.form is not None:
        return item.form
    if item.kind is Kind.BOOL:
        return "TRUE" if value else "FALSE"
    if not isinstance(value, str):
        return repr(value)
    if all(c >= " " and c != "\x7f" for c in value):
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)
