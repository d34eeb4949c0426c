"""From the JSON encoding of CQL2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from whereql.ast import And, Const, Expr, Literal, Not, Op, Or, Predicate, Subject
from whereql.dialect import Options
from whereql.dialects.reading_json import (
    entries_at,
    fail,
    list_at,
    literal_at,
    literals_at,
    read_value,
    refuse,
    step,
    unknown,
)
from whereql.dialects.standards.cql2_meaning import (
    ARITHMETIC,
    COMPARISONS,
    MIRRORED,
    SPATIAL,
    TEMPORAL,
    TITLE,
    is_pattern,
    is_true,
    property_of,
    said,
    what_is,
)  # fmt: skip
from whereql.dialects.text.literals import moment
from whereql.errors import CheckError
from whereql.kinds import Kind

_MOMENTS = {"date": "DATE", "timestamp": "TIMESTAMP"}
_OPERATORS = ["and", "or", "not", "=", "<>", "<", "<=", ">", ">=", "like", "between", "in", "isNull", "a_overlaps", "a_contains"]


def read(source: Any, options: Options) -> Expr:
    """The filter of a CQL2 expression in JSON. Raises WhereError, UnsupportedError, LimitError."""
    return read_value(lambda value, path, depth: _Reader(options).condition(value, path, depth, False), source)


class _Reader:
    def __init__(self, options: Options) -> None:
        self._options = options

    def condition(self, value: Any, path: str, depth: int, negated: bool) -> Expr:
        """When a condition is true, or when it is false."""
        if isinstance(value, bool):
            return Const(value is not negated)
        entries = entries_at(value, path, depth, "a condition")
        if set(entries) == {"property"}:
            return is_true(self._property(entries, path), negated)
        if set(entries) != {"op", "args"} or not isinstance(entries["op"], str):
            fail("a condition has an op and its args", path, 'write {"op": "=", "args": [{"property": "key"}, value]}')
        name, at = entries["op"], f"{path}.args"
        args = list_at(entries["args"], at)
        match name:
            case "and" | "or":
                return self._joined(name, args, at, depth, negated)
            case "not":
                return self.condition(_of(args, 1, at)[0], f"{at}[0]", depth + 1, not negated)
            case "isNull":
                present = Predicate(self._property(_of(args, 1, at)[0], f"{at}[0]"), Op.EXISTS)
                return present if negated else Not(present)
            case "in" | "a_overlaps" | "a_contains":
                items = self._literals(_of(args, 2, at)[1], f"{at}[1]")
                if not items and name != "in":
                    fail("an array of values is due", f"{at}[1]", "write one value at least")
                return said(self._property(args[0], f"{at}[0]"), name, items, negated)
            case "between":
                _of(args, 3, at)
                return said(self._property(args[0], f"{at}[0]"), name, [self._ordered(each, f"{at}[{number}]") for number, each in enumerate(args) if number], negated)
            case "like":
                return self._like(_of(args, 2, at), at, negated)
            case _ if name in COMPARISONS:
                return self._compared(name, _of(args, 2, at), at, negated)
        return self._no_filter(name, f"{path}.op")

    def _no_filter(self, name: str, path: str) -> Expr:
        what, hint = what_is(name)
        lower = name.lower()
        if lower in SPATIAL | TEMPORAL | ARITHMETIC or lower.startswith("a_") or lower not in [each.lower() for each in _OPERATORS]:
            return refuse(TITLE, what, path, hint)
        return unknown(TITLE, "operator", name, path, _OPERATORS)

    def _joined(self, name: str, args: Sequence[Any], path: str, depth: int, negated: bool) -> Expr:
        if not args:
            fail(f"{name} has no conditions", path, "write two or more")
        parts = [self.condition(each, f"{path}[{number}]", depth + 1, negated) for number, each in enumerate(args)]
        return (And if (name == "and") is not negated else Or)(parts)

    def _property(self, value: Any, path: str) -> Subject:
        if isinstance(value, Mapping) and set(value) == {"property"}:
            name = value["property"]
            if not isinstance(name, str) or not name:
                fail("a property has a name", f"{path}.property", "write the name of a key")
            return property_of(str(literal_at(name, f"{path}.property").value), self._options)
        self._refuse_function(value, path)
        return fail("a property is due", path, 'write {"property": "key"}')

    def _refuse_function(self, value: Any, path: str) -> None:
        """A function has the shape of a condition, and stands where a value should."""
        if isinstance(value, Mapping) and isinstance(value.get("op"), str):
            refuse(TITLE, what_is(value["op"])[0], f"{path}.op", what_is(value["op"])[1])
        if isinstance(value, Mapping) and "property" in value:
            refuse(TITLE, "a comparison of two properties", path, "compare a property with a value")
        if isinstance(value, Mapping):
            for name in ("interval", "bbox", "coordinates", "geometries"):
                if name in value:
                    refuse(TITLE, f"a value of the type {name}", f"{path}{step(name)}", "whereql's values are strings, numbers and bools")

    def _literal(self, value: Any, path: str) -> Literal:
        if isinstance(value, Mapping) and len(value) == 1 and (name := next(iter(value))) in _MOMENTS:
            text = literal_at(value[name], f"{path}.{name}")
            if text.kind is not Kind.STRING:
                fail(f"a {name} in a string is due", f"{path}.{name}", "write it in ISO 8601")
            try:
                return moment(_MOMENTS[name], text)
            except CheckError as error:
                fail(error.message, f"{path}.{name}", error.hint or "write it in ISO 8601")
        self._refuse_function(value, path)
        if value is None:
            refuse(TITLE, "a comparison with null", path, "write isNull")
        return literal_at(value, path)

    def _ordered(self, value: Any, path: str) -> Literal:
        item = self._literal(value, path)
        if item.kind is Kind.BOOL:
            refuse(TITLE, "an order of bools", path, "compare with =")
        return item

    def _literals(self, value: Any, path: str) -> tuple[Literal, ...]:
        items = list_at(value, path)
        if any(isinstance(item, Mapping) for item in items):
            return tuple(self._literal(item, f"{path}[{number}]") for number, item in enumerate(items))
        return literals_at(items, path)

    def _compared(self, name: str, args: Sequence[Any], path: str, negated: bool) -> Expr:
        left, right, places = args[0], args[1], (0, 1)
        if not _is_term(left) and _is_term(right):
            left, right, places, name = right, left, (1, 0), MIRRORED[name]
        value_path = f"{path}[{places[1]}]"
        inner = _casei(left)
        if inner is not None:
            item = literal_at(_casei(right), value_path, "CASEI of a string")
            if name not in ("=", "<>") or item.kind is not Kind.STRING:
                refuse(TITLE, "such a comparison of CASEI", path, "compare with = or LIKE")
            return said(self._property(inner, f"{path}[{places[0]}].args[0]"), "casei =", [item], negated is not (name == "<>"))
        subject = self._property(left, f"{path}[{places[0]}]")
        return said(subject, name, [self._literal(right, value_path) if name in ("=", "<>") else self._ordered(right, value_path)], negated)

    def _like(self, args: Sequence[Any], path: str, negated: bool) -> Expr:
        inner = _casei(args[0])
        value, pattern = (args[0], args[1]) if inner is None else (inner, _casei(args[1]))
        item = literal_at(pattern, f"{path}[1]", "a pattern" if inner is None else "CASEI of a pattern")
        if not is_pattern(item):
            fail("a pattern is a string that does not end in half an escape", f"{path}[1]", r"write \\ for a backslash")
        return said(self._property(value, f"{path}[0]"), "like" if inner is None else "casei like", [item], negated)


def _is_term(value: Any) -> bool:
    return isinstance(value, Mapping) and ("property" in value or "op" in value)


def _casei(value: Any) -> Any:
    """What stands in a CASEI, None where it is none."""
    match value:
        case {"op": str(name), "args": [inner]} if name.lower() == "casei":
            return inner
    return None


def _of(args: Sequence[Any], count: int, path: str) -> Sequence[Any]:
    if len(args) != count:
        fail(f"{count} args are due, got {len(args)}", path, "write as many")
    return args


