"""Membership: lists of array elements that are joined by OR become one list, each element once.

Law: k HAS ANY (a) OR k HAS ANY (b) = k HAS ANY (a, b); NOT k HAS ANY (a) AND NOT k HAS ANY (b) = NOT k HAS ANY (a, b).
Value sets do more with up to 6 elements; this holds for any number.

>>> whereql.to_text(join_lists(whereql.parse("tags HAS ANY ('c', 'a', 'c') OR tags HAS 'b'")))
"tags HAS ANY ('a', 'b', 'c')"
"""

from __future__ import annotations

from collections.abc import Iterable

from whereql.ast import And, Expr, Literal, Not, Op, Or, Predicate, Subject
from whereql.optimize.domain import element_of
from whereql.optimize.spelling import literal_of
from whereql.optimize.tree import bottom_up, map_leaves, rebuild


def join_lists(expr: Expr) -> Expr:
    """The filter with one list of elements per key in each OR, and one negated list in each AND; expr: in negation normal form."""
    return bottom_up(map_leaves(expr, _sort), _join)


def _sort(leaf: Expr) -> Expr:
    predicate = leaf.arg if isinstance(leaf, Not) else leaf
    if not isinstance(predicate, Predicate) or predicate.op is not Op.HAS:
        return leaf
    joined = _list(predicate.subject, _items(predicate))
    return leaf if joined.operand == predicate.operand else Not(joined) if leaf is not predicate else joined


def _join(node: And | Or) -> Expr:
    groups: dict[Subject, list[int]] = {}
    for i, arg in enumerate(node.args):
        predicate = arg.arg if isinstance(node, And) and isinstance(arg, Not) else arg if isinstance(node, Or) else None
        if isinstance(predicate, Predicate) and predicate.op is Op.HAS:
            groups.setdefault(predicate.subject, []).append(i)
    args = dict(enumerate(node.args))
    for subject, where in groups.items():
        args[where[0]] = _joined(subject, [args.pop(i) for i in where]) if len(where) > 1 else args[where[0]]
    return rebuild(node, [args[i] for i in sorted(args)])


def _joined(subject: Subject, args: list[Expr]) -> Expr:
    joined = _list(subject, [item for arg in args for item in _items(arg.arg if isinstance(arg, Not) else arg)])
    return Not(joined) if isinstance(args[0], Not) else joined


def _items(expr: Expr) -> tuple[Literal, ...]:
    assert isinstance(expr, Predicate) and isinstance(expr.operand, tuple)
    return tuple([item for item in expr.operand if isinstance(item, Literal)])


def _list(subject: Subject, items: Iterable[Literal]) -> Predicate:
    return Predicate(subject, Op.HAS, tuple([literal_of(element) for element in sorted({element_of(item) for item in items})]))
