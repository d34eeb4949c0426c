"""To JSON Logic, as its reference in JavaScript evaluates it.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND tags HAS 'ml'")).native["and"][1]
{'some': [{'var': 'tags'}, {'===': [{'var': ''}, 'ml']}]}
>>> whereql.to_text(DIALECT.decode({"and": [{"===": [{"var": "lang"}, "en"]}, {"!": {"missing": ["doi"]}}]}))
"lang = 'en' AND NOT (doi IS NULL OR doi = '')"
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Literal, Or, Predicate
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.doubles import ROUNDED, doubles, is_safe, nearest
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.places import PLACES, place
from whereql.dialects.standards.jsonlogic_reader import read
from whereql.dialects.writing import Leaf, Writer, exact, items_of, refused, superset, write
from whereql.kinds import NUMBERS, Kind
from whereql.like import like_parts
from whereql.operators import OPPOSITE, ORDER, ORDER_SIGNS, TEXT, Op
from whereql.support import Shape, Support

Json = Any

_SURROGATES = "\ud800"
# What every object of JavaScript has by inheritance: `var` finds it in a record without such a key.
INHERITED = frozenset({
    "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
    "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__",
})  # fmt: skip


class JsonLogicWriter(Writer):
    """Writes with the strict operators; before one that converts its arguments stands a test of the type."""

    shape = Shape(depth=100)

    def __init__(self, expr: Expr, options: Options) -> None:
        self._options = options
        self.schema = Fields(expr, options["schema"]).schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A rule that is true or false of any data; a missing key is null."""
        name = self._name(predicate)
        if isinstance(name, Leaf):
            return name
        value: Json = {"var": name}
        if predicate.op is Op.EXISTS:
            if name.rpartition(".")[2] in INHERITED:
                return refused("every object of JavaScript has such a key by inheritance", "compare it with the values that it may have")
            return exact({"===" if negated else "!==": [value, None]})
        said = _said(predicate, value, negated)
        if negated and said.support is Support.EXACT:
            return Leaf(_complement(said.native), said.support, said.reason)
        return said

    def _name(self, predicate: Predicate) -> str | Leaf:
        prefix = str(self._options["metadata"])
        subject = predicate.subject
        if not isinstance(subject, Field):
            return place(subject, self._options)
        if not prefix and isinstance(taken := place(subject, self._options), Leaf):
            return taken
        if "." in subject.name and not self._options["nested"]:
            return refused("a dot in the name of a var is a step into an object", "nested=True, if that is how the data has it, or rename the key")
        if not subject.name and not prefix:
            return refused("the var without a name is the whole of the data", "rename the key")
        return f"{prefix}.{subject.name}" if prefix else subject.name

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """A list of rules."""
        return {"and" if connective is And else "or": list(parts)}

    def constant(self, value: bool) -> Leaf:
        """The constant itself is a rule."""
        return exact(value)


def _complement(rule: Json) -> Json:
    match rule:
        case bool():
            return not rule
        case {"===": arguments}:
            return {"!==": arguments}
    return {"!": [rule]}


def _said(predicate: Predicate, value: Json, negated: bool) -> Leaf:
    op, items = predicate.op, items_of(predicate)
    if op in (Op.EQ, Op.IN, Op.HAS):
        return _member(op, value, items, negated)
    if op in ORDER:
        return _order(op, value, items[0], negated)
    if op in TEXT:
        return _text(op, value, str(items[0].value), negated)
    raise TypeError(f"no such operator: {op}")


def _member(op: Op, value: Json, items: Sequence[Literal], negated: bool) -> Leaf:
    if not items:
        return exact(False)
    large = [item for item in items if item.kind in NUMBERS and not is_safe(item)]
    if negated and large:
        return refused(ROUNDED, "keep such a number as a string")
    if op is Op.HAS and any(len(set(nearest(item))) > 1 for item in large):
        return superset({"!==": [value, None]}, ROUNDED, "keep such a number as a string")
    element: Json = {"var": ""} if op is Op.HAS else value
    small = [item.value for item in items if item not in large]
    parts: list[Json] = []
    if small:
        parts.append({"===": [element, small[0]]} if len(small) == 1 else {"in": [element, small]})
    parts += [_widened(Op.EQ, element, item) for item in large]
    found = parts[0] if len(parts) == 1 else {"or": parts}
    rule = {"some": [value, found]} if op is Op.HAS else found
    return superset(rule, ROUNDED, "keep such a number as a string") if large else exact(rule)


def _widened(op: Op, value: Json, item: Literal) -> Json:
    """Bounds that no number misses which passes."""
    low, high = nearest(item)
    if op is Op.EQ and low == high:
        return {"===": [value, low]}
    return {"and": [is_number(value), *({ORDER_SIGNS[each]: [value, bound]} for each, bound in doubles(op, item.value).possible.bounds)]}  # type: ignore[arg-type]  # a number


def is_number(value: Json) -> Json:
    """`+` makes a number of what it gets."""
    return {"===": [value, {"+": [value]}]}


def is_string(value: Json) -> Json:
    """`cat` makes a string of what it gets."""
    return {"===": [value, {"cat": [value]}]}


def _order(op: Op, value: Json, item: Literal, negated: bool) -> Leaf:
    if item.kind is Kind.STRING:
        if str(item.value) and max(str(item.value)) >= _SURROGATES:
            return _strings_only(value, negated, "JavaScript orders characters above U+D7FF by their halves")
        return exact({"and": [is_string(value), {ORDER_SIGNS[op]: [value, item.value]}]})
    if is_safe(item):
        return exact({"and": [is_number(value), {ORDER_SIGNS[op]: [value, item.value]}]})
    found = _widened(OPPOSITE[op] if negated else op, value, item)
    return superset({"or": [found, {"!": [is_number(value)]}]} if negated else found, ROUNDED, "keep such a number as a string")


def _text(op: Op, value: Json, text: str, negated: bool) -> Leaf:
    part, starts, ends = text, op in (Op.STARTS, Op.LIKE), op in (Op.ENDS, Op.LIKE)
    if op is Op.LIKE:
        parts = like_parts(text)
        starts, ends = parts[-1:] == ["%"], parts[:1] == ["%"]
        inner = parts[ends : len(parts) - (starts and len(parts) > 1)]
        if parts and (set(inner) & {"%", "_"}) and parts != ["%"]:
            return _strings_only(value, negated, "it has no word for such a pattern")
        part = "".join(each[1:] for each in inner if each != "%")
        if not starts and not ends:
            return exact({"===": [value, part]})
    elif op in (Op.ILIKE, Op.MATCHES):
        return _strings_only(value, negated, "it has no regular expressions, and none of its operators ignores case")
    if not part:
        return exact(is_string(value))
    return exact({"and": [is_string(value), _find(value, part, starts, ends, op)]}, "where a string is counted in UTF-16, as in JavaScript" if max(part) > "\uffff" and op is not Op.CONTAINS else "")


def _find(value: Json, part: str, starts: bool, ends: bool, op: Op) -> Json:
    length = len(part.encode("utf-16-le")) // 2
    if op is Op.CONTAINS or (starts and ends):
        return {"in": [part, value]}
    return {"===": [{"substr": [value, 0, length] if starts else [value, -length]}, part]}


def _strings_only(value: Json, negated: bool, reason: str) -> Leaf:
    hint = "write CONTAINS, STARTS WITH or ENDS WITH"
    return refused(reason, hint) if negated else superset(is_string(value), reason, hint)


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, JsonLogicWriter(expr, options))


OPTIONS = {
    "metadata": Option("the path to the object of the keys; '' where they stand in the data itself", ""),
    "nested": Option("a key with dots is a path into objects", False, (False, True)),
    "schema": SCHEMA,
    **PLACES,
}

DIALECT = Dialect("JSON Logic", read, _write, OPTIONS, form="json")
