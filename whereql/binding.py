"""Binding: the values of a filter's parameters put in their places, and the checks that wait for the values.

>>> expr = whereql.parse("year >= :since AND lang IN :langs")
>>> whereql.to_text(bind(expr, {"since": 2020, "langs": ["en", "de"]}))
"year >= 2020 AND lang IN ('en', 'de')"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from whereql.ast import And, Expr, Not, Or, Param, Predicate, predicates
from whereql.errors import CheckError, WhereqlError
from whereql.limits import check_items, check_pattern
from whereql.operators import OPERATORS, PATTERN, Op, Operand
from whereql.source import Span, quote
from whereql.suggest import did_you_mean
from whereql.values import Literal, describe_type, literal, literals


def parameter_names(expr: Expr) -> list[str]:
    """The names of the parameters of a filter, each once, in the order of their first appearance."""
    return list(dict.fromkeys(param.name for predicate in predicates(expr) for param in _params(predicate)))


def _params(predicate: Predicate) -> list[Param]:
    operand = predicate.operand
    return [item for item in (operand if isinstance(operand, tuple) else (operand,)) if isinstance(item, Param)]


def bind(expr: Expr, params: Mapping[str, Any] | None = None) -> Expr:
    """The closed filter: every parameter replaced by its value, never spliced into text.

    params: name to a scalar, or to a list where the filter has a list. A filter without parameters is returned as it is.
    Raises CheckError for a missing or unused name, a value of the wrong kind or a malformed pattern; LimitError for long lists.
    """
    if params is not None and not isinstance(params, Mapping):
        raise CheckError("WQ306", f"params is an object, got {describe_type(params)}", hint='write params={"name": value}')
    given = {} if params is None else dict(params)
    wanted = parameter_names(expr)
    for name in wanted:
        if name not in given:
            hint = did_you_mean(name, given) or f"pass params={{{name!r}: …}}"
            raise CheckError("WQ308", f"the parameter :{name} has no value", span=_span_of(expr, name), hint=hint)
    for name in given:
        if name not in wanted:
            hint = did_you_mean(str(name), wanted, prefix=":") or "leave it out, or use it in the filter"
            raise CheckError("WQ309", f"the filter has no parameter :{quote(str(name))[1:-1]}", hint=hint)
    return _bind(expr, given) if wanted else expr


def _span_of(expr: Expr, name: str) -> Any:
    return next(param.span for predicate in predicates(expr) for param in _params(predicate) if param.name == name)


def _bind(expr: Expr, given: Mapping[str, Any]) -> Expr:
    match expr:
        case And(args, span):
            return And([_bind(arg, given) for arg in args], span)
        case Or(args, span):
            return Or([_bind(arg, given) for arg in args], span)
        case Not(arg, span):
            return Not(_bind(arg, given), span)
        case Predicate():
            return _bind_predicate(expr, given)
    return expr


def _bind_predicate(expr: Predicate, given: Mapping[str, Any]) -> Expr:
    match expr.operand:
        case Param(name, each, span):
            with _named(name):
                if OPERATORS[expr.op].operand is Operand.ONE:
                    return check_patterns(Predicate(expr.subject, expr.op, _value(given[name], span), expr.span))
                values = _values(given[name], span)
            if each:
                return And([Predicate(expr.subject, expr.op, (value,), expr.span) for value in values], expr.span)
            return Predicate(expr.subject, expr.op, values, expr.span)
        case tuple() as items:
            return Predicate(expr.subject, expr.op, tuple(_item(item, given) for item in items), expr.span)
    return expr


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Puts the name of the parameter in front of what is wrong with its value."""
    try:
        yield
    except WhereqlError as error:
        error.message = f":{name}: {error.message}"
        raise


def _item(item: Literal | Param, given: Mapping[str, Any]) -> Literal:
    if isinstance(item, Literal):
        return item
    with _named(item.name):
        return _value(given[item.name], item.span)


def _value(value: Any, span: Span | None) -> Literal:
    return value if isinstance(value, Literal) else literal(value, span)


def _values(value: Any, span: Span | None) -> tuple[Literal, ...]:
    check_items(len(value) if hasattr(value, "__len__") else 0, span)
    return literals(value, span)


def check_patterns(expr: Expr) -> Expr:
    """The same filter, after compiling each LIKE and MATCHES pattern in it: CheckError, LimitError or UnsupportedError if one can't be."""
    for predicate in predicates(expr):
        if predicate.op in PATTERN and isinstance(predicate.operand, Literal):
            _check_pattern(predicate.op, predicate.operand)
    return expr


def _check_pattern(op: Op, operand: Literal) -> None:
    # re2 loads only when there is a pattern, which keeps the start of every other program short.
    from whereql.regex import compile_like, compile_pattern

    pattern = str(operand.value)
    check_pattern(pattern, operand.span)
    if op is Op.MATCHES:
        try:
            compile_pattern(pattern)
        except WhereqlError as error:
            error.hint = error.hint or "patterns have the syntax of Rust's regex; to look for the text itself write CONTAINS"
            raise
    else:
        compile_like(pattern, ignore_case=op is Op.ILIKE)


