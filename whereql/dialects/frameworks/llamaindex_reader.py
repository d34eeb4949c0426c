"""LlamaIndex's metadata filters, read: its objects, what they dump, or a list of filters.

>>> whereql.to_text(read({"filters": [{"key": "a", "value": 1}, {"key": "b", "value": "x", "operator": "!="}], "condition": "or"}, {"store": "any", "schema": None}))
"a = 1 OR b != 'x'"
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whereql.ast import And, Const, Expr, Field, Literal, Not, Op, Or, Predicate, Subject
from whereql.dialect import Options
from whereql.dialects.frameworks.arrays import in_value_or_array, is_without_arrays
from whereql.dialects.frameworks.objects import entries_of
from whereql.dialects.reading import one_of
from whereql.dialects.reading_json import (
    entries_at,
    fail,
    list_at,
    literal_at,
    literals_at,
    read_value,
    refuse,
    unknown,
)
from whereql.dialects.vectors.qdrant_path import read_path
from whereql.kinds import Kind
from whereql.operators import ORDERS
from whereql.regex.rust import to_rust
from whereql.values import check_text_value, literal, unwrap

TITLE = "LlamaIndex"

_OPERATORS = ("==", "!=", *ORDERS, "in", "nin", "any", "all", "contains", "is_empty", "text_match", "text_match_insensitive")
_CONDITIONS = ("and", "or", "not")
_DUE = "a string or a number"
_SHAPE = 'write {"filters": [{"key": "k", "value": 1, "operator": "=="}], "condition": "and"}'


def read(source: Any, options: Options) -> Expr:
    """The filter of a group, a filter, a list of them, or None."""
    if source is None:
        return Const(True)
    if isinstance(source, (list, tuple)):
        source = {"filters": source}
    return read_value(lambda value, path, depth: _read(value, path, depth, options), source)


def _read(value: Any, path: str, depth: int, options: Options) -> Expr:
    entries = entries_at(entries_of(value, ("filters", "condition"), ("key", "value", "operator")), path, depth, "a filter or a group of filters")
    if "filters" not in entries:
        return _filter(entries, path, options)
    at = f"{path}.filters"
    args = [_read(inner, f"{at}[{place}]", depth + 1, options) for place, inner in enumerate(list_at(entries["filters"], at, "a list of filters"))]
    condition = unwrap(entries.get("condition"))
    if condition not in (None, *_CONDITIONS):
        unknown(TITLE, "condition", str(condition), f"{path}.condition", _CONDITIONS)
    if not args:
        return Const(True)
    if condition == "not":  # of several: none of them
        return Not(Or(args))
    return Or(args) if condition == "or" else And(args)


def _filter(entries: Mapping[str, Any], path: str, options: Options) -> Expr:
    subject = _subject(entries.get("key"), f"{path}.key", options)
    operator = unwrap(entries.get("operator") or "==")
    if operator not in _OPERATORS:
        unknown(TITLE, "operator", str(operator), f"{path}.operator", _OPERATORS)
    store, value, at = options["store"], entries.get("value"), f"{path}.value"
    match operator:
        case "is_empty":
            absent = Not(Predicate(subject, Op.EXISTS))
            return Or([absent, Predicate(subject, Op.EQ, literal(""))]) if store == "simple" else absent
        case "text_match" | "text_match_insensitive":
            return _text(subject, operator, value, path, store)
        case "any" | "all" | "contains":
            return _has(subject, operator, value, at, store)
        case "==" | "!=":
            return _equal(subject, (_scalar(value, at),), operator == "!=", options)
        case "in" | "nin":
            if isinstance(value, str):
                refuse(TITLE, "a list in one string, which stores take apart or look into,", at, "write a list")
            return _equal(subject, _scalars(value, at), operator == "nin", options)
    found = Predicate(subject, ORDERS[operator], _scalar(value, at))
    if store == "qdrant" and not is_without_arrays(found, options["schema"]):
        refuse(TITLE, "an order, for which Qdrant looks into arrays,", path, "say that the key holds none: schema={'key': 'int'}, or schema='inferred'")
    return found


def _subject(key: Any, path: str, options: Options) -> Subject:
    key = unwrap(key)
    if not isinstance(key, str):
        fail("a key is a string", path, _SHAPE)
    check_text_value(key, path=path)
    if options["store"] == "qdrant" and '"' in key:
        keys = read_path(key)
        if keys is None or keys[1]:
            refuse(TITLE, "this path of Qdrant", path, 'a key in quotes is named whole: "a b"')
        key = ".".join(keys[0])
    return Field(key)


def _scalar(value: Any, path: str) -> Literal:
    if isinstance(value, bool):
        fail(f"{_DUE} is due, got a bool", path, "LlamaIndex holds no bools: store it as a string or a number")
    return literal_at(value, path, _DUE)


def _scalars(value: Any, path: str) -> tuple[Literal, ...]:
    items = literals_at(value, path, "a list of strings or numbers")
    for place, item in enumerate(items):
        if item.kind is Kind.BOOL:
            fail(f"{_DUE} is due, got a bool", f"{path}[{place}]", "LlamaIndex holds no bools: store it as a string or a number")
    return items


def _equal(subject: Subject, items: tuple[Literal, ...], negated: bool, options: Options) -> Expr:
    """Equality as the store means it: to Qdrant a value and an array that has it are alike, and `!=` needs the key."""
    plain = one_of(subject, items)
    if options["store"] == "qdrant":
        found = in_value_or_array(plain, options["schema"])
        return And([Predicate(subject, Op.EXISTS), Not(found)]) if negated else found
    return Not(plain) if negated else plain


def _has(subject: Subject, operator: str, value: Any, path: str, store: str) -> Expr:
    """An element of a list; SimpleVectorStore looks for a part of a string, too."""
    items = (_scalar(value, path),) if operator == "contains" else _scalars(value, path)
    parts = [_has_one(subject, item, store) for item in items]
    return And(parts) if operator == "all" else Or(parts)


def _has_one(subject: Subject, item: Literal, store: str) -> Expr:
    found = Predicate(subject, Op.HAS, (item,))
    return Or([found, Predicate(subject, Op.CONTAINS, item)]) if store == "simple" and item.kind is Kind.STRING else found


def _text(subject: Subject, operator: str, value: Any, path: str, store: str) -> Expr:
    """A part of a text, as SimpleVectorStore takes it; in other stores it is words, tokens or a pattern."""
    if store != "simple":
        refuse(TITLE, f"{operator}, which each store takes in its own way,", f"{path}.operator", "store='simple', if a part of the text is meant")
    item = _scalar(value, f"{path}.value")
    if not isinstance(item.value, str):
        fail(f"{operator} takes a string", f"{path}.value", "write the text to look for")
    if operator == "text_match":
        return Predicate(subject, Op.CONTAINS, item)
    if not item.value.isascii():
        refuse(TITLE, "text_match_insensitive of other letters than ASCII", f"{path}.value", "use text_match")
    return Predicate(subject, Op.MATCHES, literal(_lowered(item.value)))


def _lowered(text: str) -> str:
    """A pattern for a part of a text that Python's lower() makes of it, by which two letters of others are ASCII's: K, the Kelvin, and İ at the end."""
    pieces = []
    for place, char in enumerate(text.lower()):
        others = "\u212a" if char == "k" else "\u0130" if char == "i" and place == len(text) - 1 else ""
        pieces.append(f"[{char}{char.upper()}{others}]" if char.isalpha() else to_rust(Op.CONTAINS, char))
    return "".join(pieces)
