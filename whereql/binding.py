"""Binding: the values of a filter's parameters put in their places, and the checks that wait for the values.

>>> expr = whereql.parse("year >= :since AND lang IN :langs")
>>> whereql.to_text(bind(expr, {"since": 2020, "langs": ["en", "de"]}))
"year >= 2020 AND lang IN ('en', 'de')"
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import is_not
from typing import Any

from whereql.ast import And, Expr, Not, Or, Param, Predicate, predicates
from whereql.errors import CheckError, WhereqlError
from whereql.limits import check_items, check_pattern
from whereql.operators import LISTS, PATTERN, Op
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
    if any([hasattr(value, "__next__") for value in given.values()]):  # noqa: C419 - a list is faster than a generator
        _check_names(expr, given)  # nothing is read of what can be read only once
    used: set[str] = set()
    try:
        bound = _bind(expr, given, used)
    except (KeyError, WhereqlError):
        _check_names(expr, given)  # a wrong name is told before a wrong value
        raise
    if len(used) < len(given):
        _check_names(expr, given)
    return bound


def _check_names(expr: Expr, given: Mapping[str, Any]) -> None:
    wanted = parameter_names(expr)
    for name in wanted:
        if name not in given:
            hint = did_you_mean(name, given) or f"pass params={{{name!r}: …}}"
            raise CheckError("WQ308", f"the parameter :{name} has no value", span=_span_of(expr, name), hint=hint)
    for name in given:
        if name not in wanted:
            hint = did_you_mean(str(name), wanted, prefix=":") or "leave it out, or use it in the filter"
            raise CheckError("WQ309", f"the filter has no parameter :{quote(str(name))[1:-1]}", hint=hint)


def _span_of(expr: Expr, name: str) -> Any:
    return next(param.span for predicate in predicates(expr) for param in _params(predicate) if param.name == name)


def _bind(expr: Expr, given: Mapping[str, Any], used: set[str]) -> Expr:
    """The filter with these values in it; parts without parameters are the same objects. Raises KeyError for a missing value.

    used: takes the names that were met.
    """
    if isinstance(expr, Predicate):
        operand = expr.operand
        if type(operand) is Param:
            used.add(operand.name)
            return _bind_param(expr, operand, given[operand.name])
        if type(operand) is tuple and Param in map(type, operand):
            return Predicate(expr.subject, expr.op, tuple([_item(item, given, used) for item in operand]), expr.span)
    elif isinstance(expr, (And, Or)):
        args = tuple([_bind(arg, given, used) for arg in expr.args])
        return type(expr)(args, expr.span) if any(map(is_not, args, expr.args)) else expr
    elif isinstance(expr, Not):
        arg = _bind(expr.arg, given, used)
        return expr if arg is expr.arg else Not(arg, expr.span)
    return expr


def _bind_param(expr: Predicate, param: Param, value: Any) -> Expr:
    try:
        if expr.op not in LISTS:
            bound = Predicate(expr.subject, expr.op, _value(value, param.span), expr.span)
            return check_patterns(bound) if expr.op in PATTERN else bound
        values = _values(value, param.span)
    except WhereqlError as error:
        error.message = f":{param.name}: {error.message}"
        raise
    if param.each:
        return And([Predicate(expr.subject, expr.op, (value,), expr.span) for value in values], expr.span)
    return Predicate(expr.subject, expr.op, values, expr.span)


def _item(item: Literal | Param, given: Mapping[str, Any], used: set[str]) -> Literal:
    if isinstance(item, Literal):
        return item
    used.add(item.name)
    try:
        return _value(given[item.name], item.span)
    except WhereqlError as error:
        error.message = f":{item.name}: {error.message}"
        raise


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


