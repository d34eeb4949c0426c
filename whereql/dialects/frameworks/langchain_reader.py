"""LangChain's structured queries, read: their text, their objects, or JSON-ready data of the same shape.

>>> whereql.to_text(read('and(gte("year", 2020), not(eq("lang", "en")))', {"store": "any", "dates": "seconds", "schema": None}))
"year >= 2020 AND lang != 'en'"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from whereql.ast import And, Const, Expr, Field, Literal, Not, Op, Or, Predicate
from whereql.dialect import Options
from whereql.dialects.frameworks.arrays import in_value_or_array, is_without_arrays
from whereql.dialects.frameworks.objects import entries_of, seconds
from whereql.dialects.reading import END, Lexer, Token, Tokens
from whereql.dialects.reading_json import (
    entries_at,
    fail,
    list_at,
    literal_at,
    read_value,
    refuse,
    unknown,
)
from whereql.dialects.text.literals import number
from whereql.errors import UnsupportedError, WhereqlError
from whereql.json_text import JsonError, parse_json
from whereql.kinds import Kind
from whereql.limits import check_depth, check_items
from whereql.source import Span
from whereql.values import check_text_value, literal, unwrap

TITLE = "LangChain"

LOOKS_LIKE_DATE = re.compile(r"\d{4}-[01]\d-[0-3]\d")
"""How a string begins that LangChain's parser takes for a date, or stumbles over."""

_LEXER = Lexer(
    TITLE,
    {
        "datetime": r"[\"']?[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9][Zz]?[\"']?",
        "date": r"[\"']?[0-9]{4}-[01][0-9]-[0-3][0-9][\"']?",
        "number": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
        "bool": r"(?:true|True|TRUE|false|False|FALSE)(?![A-Za-z0-9_])",
        "name": r"[A-Za-z_][A-Za-z0-9_]*",
        "string": r"'[^']*'|\"(?:[^\"\\\n]|\\[^\n])*+\"",
        "sign": r"[(),\[\]]",
    },
    has_case=True,
)

_SHAPES = (("comparator", "attribute", "value"), ("operator", "arguments"), ("query", "filter", "limit"))
_OPERATORS = ("and", "or", "not")
_ORDERS = {"lt": Op.LT, "lte": Op.LE, "gt": Op.GT, "gte": Op.GE}
_KNOWN = ("eq", "ne", *_ORDERS, "in", "nin")
_BEYOND = {"contain": "each store has its own meaning for it", "like": "each store has patterns of its own"}
_INTO_ARRAYS = {"pinecone": (Kind.STRING,), "qdrant": tuple(Kind)}


def read(source: Any, options: Options) -> Expr:
    """The filter of a text, an object or data. Raises as `Dialect.decode` does."""
    if isinstance(source, str):
        return _read_answer(source, options) if source.lstrip()[:1] in ("{", "`") else _read_text(source, options)
    return read_value(lambda value, path, depth: _read_data(value, path, depth, options), source)


def _read_answer(source: str, options: Options) -> Expr:
    """What a query constructor answers: JSON with the filter in it as text, fenced or not."""
    text = source.strip().removeprefix("```").removeprefix("json").removesuffix("```")
    try:
        data = parse_json(text)
    except JsonError as error:
        fail(f"this is no JSON: {error.message}", "$", error.hint)
    return read_value(lambda value, path, depth: _read_data(value, path, depth, options), data)


def _read_text(source: str, options: Options) -> Expr:
    tokens = _LEXER.tokens(source)
    try:
        if tokens.next.text == "NO_FILTER" and tokens.ahead().kind == END:
            return Const(True)
        expr = _call(tokens, options, 1)
        if not tokens.is_(END):
            tokens.fail("the end")
    except WhereqlError as error:
        error.source = error.source or tokens.source
        raise
    return expr


def _call(tokens: Tokens, options: Options, depth: int) -> Expr:
    check_depth(depth, tokens.next.span)
    name = tokens.take("name", "a function such as eq, in or and")
    tokens.take("(", "'('")
    if name.text in _OPERATORS:
        args = [_call(tokens, options, depth + 1)]
        while tokens.skip(","):
            args.append(_call(tokens, options, depth + 1))
        tokens.take(")", "',' or ')'")
        return _joined(name.text, args, lambda what, hint: tokens.refuse(what, name, hint))
    if name.text in _BEYOND:
        tokens.refuse(f"{name.text}, {_BEYOND[name.text]},", name, "write eq, in or an order")
    if name.text not in _KNOWN:
        tokens.fail(f"a function, one of {', '.join([*_OPERATORS, *_KNOWN])},", name)
    attribute = tokens.take(("string", "date", "datetime"), "the name of an attribute, in quotes")
    tokens.take(",", "','")
    value = _values(tokens, options) if tokens.is_("[") else _value(tokens, options)
    tokens.take(")", "')'")
    expr = _compared(name.text, _unquoted(attribute), value, options)
    return expr if expr is not None else tokens.fail("one value" if isinstance(value, tuple) else "a list", name)


def _joined(operator: str, args: Sequence[Expr], refused: Callable[[str, str], NoReturn]) -> Expr:
    if operator != "not":
        return And(args) if operator == "and" else Or(args)
    if len(args) != 1:
        refused("not of several conditions, which some stores take for none of them and others for not all,", "write not(and(…)) or not(or(…))")
    return Not(args[0])


def _unquoted(token: Token) -> str:
    """As LangChain does it: without any quotes at the ends, and its escapes left as they are."""
    text = token.text.strip("\"'")
    check_text_value(text, span=token.span)
    return text


def _values(tokens: Tokens, options: Options) -> tuple[Literal, ...]:
    tokens.take("[", "'['")
    values: list[Literal] = []
    while not tokens.skip("]"):
        if values:
            tokens.take(",", "',' or ']'")
        values.append(_value(tokens, options))
        check_items(len(values), values[-1].span)
    return tuple(values)


def _value(tokens: Tokens, options: Options) -> Literal:
    token = tokens.take(("string", "number", "bool", "date", "datetime"), "a string in quotes, a number, true, false or a date")
    match token.kind:
        case "string":
            return literal(_unquoted(token), token.span)
        case "number":
            return number(token.text, token.span)
        case "bool":
            return literal(token.text.lower() == "true", token.span)
    return _date(token.kind, _unquoted(token), options, token.span)


def _date(kind: str, text: str, options: Options, span: Span | None = None) -> Literal:
    """A date, or a time, which is UTC where it does not say."""
    if options["dates"] == "text":
        return literal(text, span)
    return seconds(text, kind == "date", span)


def _compared(comparator: str, attribute: str, value: Literal | tuple[Literal, ...], options: Options) -> Expr | None:
    """A comparison as the store means it; None for a list where a value is due, or the other way round."""
    subject, store = Field(attribute), options["store"]
    if comparator in _ORDERS:
        return _ordered(Predicate(subject, _ORDERS[comparator], value), options) if isinstance(value, Literal) else None
    is_list = comparator in ("in", "nin")
    if isinstance(value, tuple) and not is_list:
        return None
    items = value if isinstance(value, tuple) else (value,)
    plain = Predicate(subject, Op.IN, items) if is_list else Predicate(subject, Op.EQ, items[0])
    found: Expr = in_value_or_array(plain, options["schema"], _INTO_ARRAYS[store]) if store in _INTO_ARRAYS else plain
    if comparator not in ("ne", "nin"):
        return found
    return And([Predicate(subject, Op.EXISTS), Not(found)]) if store == "pinecone" else Not(found)


def _ordered(found: Predicate, options: Options) -> Expr:
    if options["store"] == "qdrant" and not is_without_arrays(found, options["schema"]):
        hint = "say that the key holds none: schema={'key': 'int'}, or schema='inferred'"
        raise UnsupportedError("WQ504", f"{TITLE}: no counterpart for an order, for which Qdrant looks into arrays", span=getattr(found.operand, "span", None), hint=hint)
    return found


def _read_data(value: Any, path: str, depth: int, options: Options) -> Expr:
    """A filter, a whole query, or none."""
    if value is None:
        return Const(True)
    if depth == 1 and isinstance(value, str):
        return _read_text(value, options)
    entries = entries_at(entries_of(value, *_SHAPES), path, depth, "a comparison, an operation or a structured query")
    if "filter" in entries and depth == 1:
        if entries.get("limit") is not None:
            refuse(TITLE, "a limit", f"{path}.limit", "pass the limit to the store")
        inner = entries["filter"]
        if isinstance(inner, str) or inner is None:
            with _at(f"{path}.filter"):
                return _read_text(inner or "NO_FILTER", options)
        return _read_data(inner, f"{path}.filter", depth + 1, options)
    if "operator" in entries:
        return _operation(entries, path, depth, options)
    return _comparison(entries, path, options)


@contextmanager
def _at(path: str) -> Iterator[None]:
    try:
        yield
    except WhereqlError as error:
        error.path = error.path or path
        raise


def _word(entries: Mapping[str, Any], name: str, path: str) -> str:
    value = unwrap(entries.get(name))
    if not isinstance(value, str):
        fail(f"{name} is a string", f"{path}.{name}", 'write {"comparator": "eq", "attribute": "k", "value": 1}, or {"operator": "and", "arguments": […]}')
    check_text_value(value, path=f"{path}.{name}")
    return value


def _operation(entries: Mapping[str, Any], path: str, depth: int, options: Options) -> Expr:
    operator = _word(entries, "operator", path)
    if operator not in _OPERATORS:
        unknown(TITLE, "operator", operator, f"{path}.operator", [*_OPERATORS])
    at = f"{path}.arguments"
    arguments = list_at(entries.get("arguments"), at)
    if not arguments:
        fail(f"{operator} takes a condition at least", at, "drop it, or pass no filter")
    args = [_read_data(argument, f"{at}[{place}]", depth + 1, options) for place, argument in enumerate(arguments)]
    return _joined(operator, args, lambda what, hint: refuse(TITLE, what, at, hint))


def _comparison(entries: Mapping[str, Any], path: str, options: Options) -> Expr:
    comparator, attribute = _word(entries, "comparator", path), _word(entries, "attribute", path)
    if comparator in _BEYOND:
        refuse(TITLE, f"{comparator}, {_BEYOND[comparator]},", f"{path}.comparator", "write eq, in or an order")
    if comparator not in _KNOWN:
        unknown(TITLE, "comparator", comparator, f"{path}.comparator", _KNOWN)
    at, given = f"{path}.value", entries.get("value")
    if isinstance(given, (list, tuple)):
        value: Literal | tuple[Literal, ...] = tuple(_literal(item, f"{at}[{place}]", options) for place, item in enumerate(list_at(given, at)))
    else:
        value = _literal(given, at, options)
    if comparator in _ORDERS and isinstance(value, Literal) and value.kind is Kind.BOOL:
        fail(f"{comparator} takes a number or a string", at, "compare bools with eq or ne")
    with _at(f"{path}.comparator"):
        expr = _compared(comparator, attribute, value, options)
    return expr if expr is not None else fail(f"{comparator} takes one value", at, "several values go with in or nin")


def _literal(value: Any, path: str, options: Options) -> Literal:
    if isinstance(value, Mapping) and isinstance(kind := value.get("type"), str) and kind in ("date", "datetime") and isinstance(value.get(kind), str):
        with _at(path):
            return _date(kind, value[kind], options)
    return literal_at(value, path, "a string, a number, a bool or a date")
