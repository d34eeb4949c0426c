"""Haystack's filters, read.

>>> whereql.to_text(read({"operator": "NOT", "conditions": [{"field": "meta.a", "operator": "==", "value": 1}, {"field": "meta.b", "operator": ">", "value": 2}]}, _DEFAULTS))
'NOT (a = 1 AND b > 2)'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whereql.ast import And, Const, Document, Expr, Field, Id, Literal, Not, Op, Or, Predicate, Subject
from whereql.dialect import Options
from whereql.dialects.frameworks.arrays import in_value_or_array, is_without_arrays
from whereql.dialects.frameworks.objects import seconds
from whereql.dialects.reading import one_of
from whereql.dialects.reading_json import entries_at, fail, list_at, literal_at, read_value, refuse, unknown
from whereql.dialects.vectors.qdrant_path import read_path
from whereql.errors import WhereqlError
from whereql.kinds import Kind
from whereql.operators import ORDERS
from whereql.values import unwrap

TITLE = "Haystack"

_DEFAULTS: Options = {"store": "memory", "dates": "refused", "schema": None}
_CONNECTIVES = ("AND", "OR", "NOT")
_COMPARISONS = ("==", "!=", *ORDERS, "in", "not in")
_NO_KEYS = frozenset({"blob", "meta", "score", "embedding", "sparse_embedding", "dataframe"})
_SHAPE = 'write {"field": "meta.k", "operator": "==", "value": 1}, or {"operator": "AND", "conditions": […]}'


def read(source: Any, options: Options) -> Expr:
    """The filter of an object; of none, or an empty one, every document."""
    if source is None:
        return Const(True)
    return read_value(lambda value, path, depth: _read(value, path, depth, options), source)


def _read(value: Any, path: str, depth: int, options: Options) -> Expr:
    entries = entries_at(value, path, depth, "a comparison or a logical condition")
    if not entries and depth == 1:
        return Const(True)
    operator = unwrap(entries.get("operator"))
    if not isinstance(operator, str):
        fail("a condition has an operator, a string", f"{path}.operator", _SHAPE)
    if "field" in entries:
        return _comparison(entries, operator, path, options)
    if operator not in _CONNECTIVES:
        what = "field" if operator in _COMPARISONS else "operator"
        fail("a comparison has a field", f"{path}.field", _SHAPE) if what == "field" else unknown(TITLE, "logical operator", operator, f"{path}.operator", _CONNECTIVES)
    at = f"{path}.conditions"
    args = [_read(condition, f"{at}[{place}]", depth + 1, options) for place, condition in enumerate(list_at(entries.get("conditions"), at, "a list of conditions"))]
    if operator == "NOT":
        return Not(Or(args) if options["store"] == "qdrant" else And(args))
    return And(args) if operator == "AND" else Or(args)


def _comparison(entries: Mapping[str, Any], operator: str, path: str, options: Options) -> Expr:
    if operator not in _COMPARISONS:
        unknown(TITLE, "operator", operator, f"{path}.operator", _COMPARISONS)
    if "value" not in entries:
        fail("a comparison has a value", f"{path}.value", _SHAPE)
    subject = _subject(unwrap(entries["field"]), f"{path}.field", options)
    value, at = entries["value"], f"{path}.value"
    if operator in ORDERS:
        return _order(subject, ORDERS[operator], value, at, options)
    if operator in ("in", "not in"):
        found: Expr = Or([_equal(subject, items, options) for items in _items(value, at)])
    else:
        found = _absent(subject) if value is None else _equal(subject, (_scalar(value, at),), options)
    return found if operator in ("==", "in") else Not(found)


def _subject(field: Any, path: str, options: Options) -> Subject:
    if not isinstance(field, str):
        fail("a field is a string", path, _SHAPE)
    if field in ("id", "content"):
        return Id() if field == "id" else Document()
    root, dot, name = field.partition(".")
    if field in _NO_KEYS or (dot and root in _NO_KEYS - {"meta"}):
        refuse(TITLE, f"the field {field}", path, "a filter sees the id, the content and the meta of a document")
    if dot and root != "meta":
        fail("a dotted field begins with meta", path, f'write "meta.{field}"')
    if dot and options["store"] == "qdrant" and '"' in name:
        keys = read_path(name)
        if keys is None or keys[1]:
            refuse(TITLE, "this path of Qdrant", path, 'a key in quotes is named whole: meta."a b"')
        name = ".".join(keys[0])
    return Field(name if dot else field)


def _absent(subject: Subject) -> Expr:
    return Not(Predicate(subject, Op.EXISTS))


def _equal(subject: Subject, items: tuple[Literal, ...] | None, options: Options) -> Expr:
    """Equal to one of some values; None for being absent."""
    if items is None:
        return _absent(subject)
    found = one_of(subject, items)
    return in_value_or_array(found, options["schema"]) if options["store"] == "qdrant" else found


def _items(value: Any, path: str) -> list[tuple[Literal, ...] | None]:
    """The values of a list in one tuple, and None where it holds that."""
    given = list_at(value, path, "a list of values")
    items = tuple(_scalar(item, f"{path}[{place}]") for place, item in enumerate(given) if item is not None)
    return ([items] if items else []) + ([None] if any(item is None for item in given) else [])


def _scalar(value: Any, path: str) -> Literal:
    if isinstance(value, (list, tuple)):
        refuse(TITLE, "equality with a whole list", path, "a comparison takes one value")
    return literal_at(value, path, "a string, a number, a bool or None")


def _order(subject: Subject, op: Op, value: Any, path: str, options: Options) -> Expr:
    """An order of numbers; with None nothing passes, and strings are dates."""
    if value is None:
        return Const(False)
    item = _scalar(value, path)
    if item.kind is Kind.BOOL:
        fail("an order takes a number or a date", path, "compare bools with == or !=")
    if options["store"] == "qdrant" and not is_without_arrays(Predicate(subject, op, item), options["schema"]):
        refuse(TITLE, "an order, for which Qdrant looks into arrays,", path, "say that the key holds none: schema={'key': 'int'}, or schema='inferred'")
    if item.kind is not Kind.STRING:
        return Predicate(subject, op, item)
    if options["dates"] == "refused":
        refuse(TITLE, "an order of dates", path, "dates='text', if all are spelled alike, or dates='seconds', if they are numbers where the filter goes")
    return Predicate(subject, op, item if options["dates"] == "text" else _seconds(str(item.value), path))


def _seconds(text: str, path: str) -> Literal:
    try:
        return seconds(text, len(text) == 10)
    except WhereqlError as error:
        error.path = error.path or path
        raise
