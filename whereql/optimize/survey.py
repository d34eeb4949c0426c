"""A look over a filter that tells which passes could have work in it."""

from __future__ import annotations

from dataclasses import dataclass

from whereql.ast import And, Const, Expr, Field, Literal, Not, Op, Or, Predicate
from whereql.errors import CheckError
from whereql.values import describe_type


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is in a filter.

    operators: those of its predicates; repeats: whether two predicates speak of one subject; has_negation: whether a NOT
    stands before anything but a predicate; has_constants: whether there are constants, or predicates that may be one.
    """

    operators: frozenset[Op]
    repeats: bool
    has_negation: bool
    has_constants: bool


def take_survey(expr: Expr) -> Survey:
    """The survey of a filter. Raises CheckError if a parameter in it is left to bind."""
    operators: set[Op] = set()
    names: set[object] = set()
    count = 0
    has_negation = has_constants = False
    if not isinstance(expr, Expr):
        raise CheckError("WQ313", f"a filter is an Expr here, got {describe_type(expr)}", hint="parse a text first: whereql.parse(…)")
    open_parts = [expr]
    while open_parts:
        part = open_parts.pop()
        kind = type(part)
        if kind is And or kind is Or:
            open_parts += part.args  # type: ignore[attr-defined]  # a connective
            continue
        if kind is Not:
            part = part.arg  # type: ignore[attr-defined]  # a negation
            if type(part) is not Predicate:
                has_negation = True
                open_parts.append(part)
                continue
        if not isinstance(part, Predicate):
            has_constants = has_constants or isinstance(part, Const)
            continue
        subject, operand = part.subject, part.operand
        count += 1
        operators.add(part.op)
        names.add(subject.name if isinstance(subject, Field) else type(subject))
        has_constants = has_constants or operand == () or not isinstance(subject, Field)
        if operand is not None and not isinstance(operand, Literal):
            _check_bound(part)
    return Survey(frozenset(operators), len(names) < count, has_negation, has_constants)


def _check_bound(predicate: Predicate) -> None:
    operand = predicate.operand
    if not isinstance(operand, tuple) or not all(isinstance(item, Literal) for item in operand):
        raise CheckError("WQ308", "the filter has a parameter without a value", span=predicate.span, hint="bind the filter first")
