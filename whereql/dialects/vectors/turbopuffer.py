"""turbopuffer's filters as a dialect, as JSON: `["And", [["year", "Gt", 2020], …]]`.

>>> DIALECT.encode(whereql.parse("lang != 'en' AND year > 2020"), schema={"lang": "string", "year": "int!"}).native
['And', [['Or', [['lang', 'Eq', None], ['lang', 'NotEq', 'en']]], ['year', 'Gt', 2020]]]

An attribute has one type, and is null where a document lacks it. What an order, or a negative operator, makes of null is said
beside it each time, so that nothing rests on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Id, Literal, Or, Predicate
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.fields import SCHEMA
from whereql.dialects.places import places, role, unplaced
from whereql.dialects.vectors.properties import Properties, Property, bound, equal_values
from whereql.dialects.writing import Leaf, Writer, exact, items_of, refused, superset, write
from whereql.kinds import Kind
from whereql.like import as_like, like_parts
from whereql.operators import ORDER, TEXT, Op
from whereql.regex.rust import to_rust

Filter = list[Any]

ALL: Filter = ["id", "NotEq", None]
NONE: Filter = ["id", "Eq", None]
_ORDER = {Op.GT: "Gt", Op.GE: "Gte", Op.LT: "Lt", Op.LE: "Lte"}
_OPPOSITE = {"Gt": "Lte", "Gte": "Lt", "Lt": "Gte", "Lte": "Gt"}
_CONNECTIVES = ("And", "Or", "Not")
_GLOB = {"%": "*", "_": "?", **{f"\\{special}": f"[{special}]" for special in "*?[]{}!"}}


class TurbopufferWriter(Writer):
    """Writes lists, as they are in JSON."""

    def __init__(self, expr: Expr, options: Options) -> None:
        self._properties = Properties(expr, options["schema"])
        self._options = options
        self.schema = self._properties.fields.schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """The attribute first, then what is asked of its type."""
        attribute = self._attribute(predicate)
        if isinstance(attribute, Leaf):
            return attribute
        name, column = attribute
        if predicate.op is Op.EXISTS:
            if isinstance(predicate.subject, Id):
                return exact(NONE if negated else ALL)
            return exact([name, "Eq" if negated else "NotEq", None])
        if predicate.op in TEXT:
            return self._text(predicate, negated, name, column)
        plain, other = _sides(predicate, name, column)
        if plain is None or other is None:
            return exact(ALL if negated else NONE, column.condition)
        return exact(_complement(other, name, column) if negated else _guarded(plain, name, column), column.condition)

    def _attribute(self, predicate: Predicate) -> tuple[str, Property] | Leaf:
        subject = predicate.subject
        if isinstance(subject, Id):
            if predicate.op in TEXT:
                return refused("turbopuffer's ids are compared, not searched", "compare #id with = or IN, or keep the id in an attribute, too")
            return "id", Property(Kind.STRING, is_declared=True, is_required=True)
        if not isinstance(subject, Field):
            name = self._options[role(subject)]
            if not name:
                return unplaced(subject, "attribute")
            return str(name), Property(Kind.STRING, is_declared=True)
        taken = ("id", "vector", *_CONNECTIVES, *(self._options[option] for option in ("document", "uri")))
        if subject.name in taken or not 1 <= len(subject.name.encode()) <= 128 or subject.name.startswith("$"):
            return refused("turbopuffer takes no such name for an attribute of yours", "rename the key: up to 128 bytes, no $ in front, not id, vector, And, Or or Not")
        column = self._properties.of(subject.name)
        if column is None:
            return refused("an attribute of turbopuffer has one type", "say what the key holds: schema={'key': 'int'}")
        return subject.name, column

    def _text(self, predicate: Predicate, negated: bool, name: str, column: Property) -> Leaf:
        if column.is_array or column.kind is not Kind.STRING:
            return exact(ALL if negated else NONE, column.condition)
        text = str(items_of(predicate)[0].value)
        if predicate.op in (Op.ILIKE, Op.MATCHES):
            return self._pattern(predicate, negated, name, column, text)
        glob, is_exact = _glob(predicate.op, text)
        if is_exact:
            return exact(_complement([name, "NotGlob", glob], name, column) if negated else [name, "Glob", glob], column.condition)
        if negated:
            return refused("Glob has no certain way to say _ or a backslash", "compare the whole value, or without them")
        return superset([name, "Glob", glob], "Glob has no certain way to say _ or a backslash", "compare the whole value, or without them")

    def _pattern(self, predicate: Predicate, negated: bool, name: str, column: Property, text: str) -> Leaf:
        if name not in (self._options["regex"] or ()):
            return refused("Regex asks for an index of its own", "say which attributes have one: regex=['k']")
        # Whether it searches or matches the whole is not said: this pattern does both alike.
        said: Filter = [name, "Regex", f"^(?s:.*)(?:{to_rust(predicate.op, text)})(?s:.*)$"]
        return exact(_complement(["Not", said], name, column) if negated else said, column.condition)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Filter]) -> Filter:
        """The parts in one list, those that are joined so themselves taken apart."""
        return _joined("And" if connective is And else "Or", parts)

    def constant(self, value: bool) -> Leaf:
        """By the id, which every document has."""
        return exact(ALL if value else NONE)


def _sides(predicate: Predicate, name: str, column: Property) -> tuple[Filter | None, Filter | None]:
    """A comparison, and what is said of the other values there are; None where no value of the type passes."""
    items = items_of(predicate)
    if (predicate.op is Op.HAS) is not column.is_array:
        return None, None
    if predicate.op in ORDER:
        return _order(predicate.op, items[0], name, column)
    values = equal_values(column.kind, items)
    if not values:
        return None, None
    if column.is_array:
        several, one = ("ContainsAny", "NotContainsAny"), ("Contains", "NotContains")
    else:
        several, one = ("In", "NotIn"), ("Eq", "NotEq")
    (plain, other), value = (one, values[0]) if len(values) == 1 else (several, values)
    return [name, plain, value], [name, other, value]


def _order(op: Op, item: Literal, name: str, column: Property) -> tuple[Filter | None, Filter | None]:
    found = bound(column.kind, op, item)
    if found is None:
        return None, None
    word = _ORDER[found[0]]
    return [name, word, found[1]], [name, _OPPOSITE[word], found[1]]


def _guarded(plain: Filter, name: str, column: Property) -> Filter:
    """A comparison; null may count as less than anything."""
    if plain[1] in ("Lt", "Lte") and not column.is_required:
        return ["And", [[name, "NotEq", None], plain]]
    return plain


def _complement(other: Filter, name: str, column: Property) -> Filter:
    return other if column.is_required else ["Or", [[name, "Eq", None], other]]


def _glob(op: Op, text: str) -> tuple[str, bool]:
    """A glob, and whether it says just the operator: a backslash may escape in it, and ? be a byte, so that * stands for both."""
    parts = like_parts(as_like(op, text))
    doubtful = {"_", "\\\\"}
    words = ["*" if part in doubtful else _GLOB.get(part, part[1:]) for part in parts]
    merged = [word for place, word in enumerate(words) if word != "*" or words[place - 1 : place] != ["*"]]
    return "".join(merged), doubtful.isdisjoint(parts)


def _joined(word: str, parts: Sequence[Filter]) -> Filter:
    return [word, [inner for part in parts for inner in (part[1] if part[0] == word else [part])]]


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, TurbopufferWriter(expr, options))


_PLACES = places("attribute")

_OPTIONS = {
    "schema": SCHEMA,
    "document": _PLACES["document"],
    "uri": _PLACES["uri"],
    "regex": Option("the attributes that have a regex index, as a list"),
}

DIALECT = Dialect("turbopuffer", None, _write, _OPTIONS, form="json")
