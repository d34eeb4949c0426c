"""Weaviate's `where` as a dialect: as GraphQL has it, or as the JSON of its gRPC message, which its client of version 4 builds.

>>> DIALECT.encode(whereql.parse("lang = 'en' AND NOT year > 2020")).native
{'operator': 'And', 'operands': [{'path': ['lang'], 'operator': 'Equal', 'valueText': 'en'}, {'operator': 'Not', 'operands': [{'path': ['year'], 'operator': 'GreaterThan', 'valueInt': 2020}]}]}

A property has one type; those of text are compared by their tokens. Only with the tokenization `field` is a text one token, itself.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Id, Or, Predicate
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.fields import SCHEMA
from whereql.dialects.places import places, role, unplaced
from whereql.dialects.vectors.properties import Properties, Property, bound, equal_values
from whereql.dialects.writing import AS_NUMBER, Leaf, Writer, exact, items_of, refused, superset, write
from whereql.kinds import Kind
from whereql.like import as_like, like_parts
from whereql.operators import ORDER, TEXT, Op

Json = dict[str, Any]

_NAME = re.compile(r"[_a-z][_0-9A-Za-z]{0,230}")  # Weaviate makes a capital in front a small letter
_TAKEN = frozenset({"id", "_id", "_additional", "vector"})
_VALUES = {Kind.STRING: "valueText", Kind.INT: "valueInt", Kind.FLOAT: "valueNumber", Kind.BOOL: "valueBoolean"}
_ORDER = {Op.GT: "GreaterThan", Op.GE: "GreaterThanEqual", Op.LT: "LessThan", Op.LE: "LessThanEqual"}
_OPPOSITE = {"GreaterThan": "LessThanEqual", "GreaterThanEqual": "LessThan", "LessThan": "GreaterThanEqual", "LessThanEqual": "GreaterThan"}
_PLAIN = re.compile(r"[^\\.+*?()|\[\]{}^$\n\r\x85\u2028\u2029]")  # of a Like, that stands for itself: the rest of a pattern goes to a regular expression
_MAX_GRAPHQL_INT = 2**31 - 1

_TRIMMED = "if no text has white space at its ends"
_TIDY = "if no text has white space at its ends, or a line break"
_TOKENS = "Weaviate compares the tokens of a text"
_FIELD = "let the property have the tokenization field, and say so: tokenization='field'"


def _condition(name: str, operator: str, kind: Kind, value: Any) -> Json:
    return {"path": [name], "operator": operator, _VALUES[kind]: value}


def _group(operator: str, operands: Sequence[Json]) -> Json:
    return {"operator": operator, "operands": [*operands]}


_NIL = str(uuid.UUID(int=0))
ALL, NONE = (_group(operator, [_condition("id", each, Kind.STRING, _NIL) for each in ("Equal", "NotEqual")]) for operator in ("Or", "And"))


class WeaviateWriter(Writer):
    """Writes the form of GraphQL; `finish` makes the other of it."""

    def __init__(self, expr: Expr, options: Options) -> None:
        self._properties = Properties(expr, options["schema"])
        self._options = options
        self.schema = self._properties.fields.schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """The property first, then what is asked of its type."""
        if isinstance(predicate.subject, Id):
            return self._id(predicate, negated)
        named = self._property(predicate)
        if isinstance(named, Leaf):
            return named
        name, column = named
        if predicate.op is Op.EXISTS:
            return self._presence(name, column, negated)
        if column.is_array is not (predicate.op is Op.HAS):
            return exact(ALL if negated else NONE, column.condition)
        if predicate.op in TEXT:
            return self._like(predicate, negated, name, column)
        if predicate.op in ORDER:
            return self._order(predicate, negated, name, column)
        return self._equal(predicate, negated, name, column)

    def _property(self, predicate: Predicate) -> tuple[str, Property] | Leaf:
        subject = predicate.subject
        if not isinstance(subject, Field):
            name = self._options[role(subject)]
            return (str(name), Property(Kind.STRING, is_declared=True)) if name else unplaced(subject, "property")
        if not _NAME.fullmatch(subject.name) or subject.name in _TAKEN or subject.name in (self._options["document"], self._options["uri"]):
            return refused("Weaviate takes no such name for a property of yours", "rename the key: letters, digits and _, a small letter in front, not id or vector")
        column = self._properties.of(subject.name)
        if column is None:
            return refused("a property of Weaviate has one type", "say what the key holds: schema={'key': 'int'}")
        return subject.name, column

    def _presence(self, name: str, column: Property, negated: bool) -> Leaf:
        if not self._options["null_state"]:
            return refused("Weaviate knows what is missing by an index of its own only", "let the collection have indexNullState, and say so: null_state=True")
        is_null = _condition(name, "IsNull", Kind.BOOL, negated)
        if column.is_array or column.kind not in (Kind.STRING, None):
            return exact(is_null, column.condition)
        if negated:
            return superset(is_null, "IsNull finds empty texts, too", "compare the key with the values it may have")
        return refused("IsNull takes an empty text for a missing one", "compare the key with the values it may have")

    def _equal(self, predicate: Predicate, negated: bool, name: str, column: Property) -> Leaf:
        values = equal_values(column.kind, items_of(predicate))
        if column.kind is None or not values:
            return exact(ALL if negated else NONE, column.condition)
        if (wide := self._wide(values)) is not None:
            return wide
        said = _any_of(name, column, values)
        if column.kind is not Kind.STRING:
            return self._signed(said, negated, column.condition)
        return self._tokens(said, values, negated, name, column)

    def _tokens(self, said: Json, values: Sequence[str], negated: bool, name: str, column: Property) -> Leaf:
        """Texts by the tokens that they have; what has none may be an error, or nothing."""
        tokenization = self._tokenization(name)
        if not all(any(character.isalnum() if tokenization == "word" else not character.isspace() for character in value) for value in values):
            return refused("Weaviate can't look for a text without a token", "compare with texts that have a letter or a digit")
        if tokenization == "field" and all(value == value.strip() for value in values):
            return self._signed(said, negated, " and ".join(filter(None, [column.condition, _TRIMMED])))
        if negated:
            return refused(_TOKENS, _FIELD if tokenization != "field" else "compare with texts without white space at their ends")
        return superset(said, _TOKENS, _FIELD if tokenization != "field" else "compare with texts without white space at their ends")

    def _tokenization(self, name: str) -> str:
        given = self._options["tokenization"]
        return str(given.get(name, "field") if isinstance(given, Mapping) else given)

    def _wide(self, values: Sequence[Any]) -> Leaf | None:
        if self._options["form"] == "graphql" and any(type(value) is int and abs(value) > _MAX_GRAPHQL_INT for value in values):
            return refused("an int of GraphQL has 32 bits", "write form='grpc'")
        return None

    def _order(self, predicate: Predicate, negated: bool, name: str, column: Property) -> Leaf:
        found = bound(column.kind, predicate.op, items_of(predicate)[0])
        if column.kind is None or found is None:
            return exact(ALL if negated else NONE, column.condition)
        if column.kind is Kind.STRING:
            return refused("Weaviate orders numbers only", AS_NUMBER)
        if (wide := self._wide([found[1]])) is not None:
            return wide
        operator = _ORDER[found[0]]
        if not negated or self._has_not:
            return self._signed(_condition(name, operator, column.kind, found[1]), negated, column.condition)
        opposite = _condition(name, _OPPOSITE[operator], column.kind, found[1])
        if column.is_required:
            return exact(opposite, column.condition)
        if self._options["null_state"]:
            return exact(_group("Or", [_condition(name, "IsNull", Kind.BOOL, True), opposite]), column.condition)
        return refused("Weaviate has Not since 1.33 only", "say version='1.33', or null_state=True")

    def _like(self, predicate: Predicate, negated: bool, name: str, column: Property) -> Leaf:
        if column.kind is not Kind.STRING:
            return exact(ALL if negated else NONE, column.condition)
        if predicate.op in (Op.ILIKE, Op.MATCHES):
            return refused("Weaviate has no such pattern", "write CONTAINS or LIKE")
        if self._tokenization(name) != "field":
            return refused(_TOKENS, _FIELD)
        pattern, is_exact = _like_pattern(predicate.op, str(items_of(predicate)[0].value))
        if not pattern.strip("*"):
            return refused("Weaviate can't look for a text without a token", "search for a part that is not empty")
        said = _condition(name, "Like", Kind.STRING, pattern)
        if is_exact:
            return self._signed(said, negated, " and ".join(filter(None, [column.condition, _TIDY])))
        if negated:
            return refused("Like has no escape for its wildcards", "search for letters, digits and spaces")
        return superset(said, "Like has no escape for its wildcards", "search for letters, digits and spaces")

    def _id(self, predicate: Predicate, negated: bool) -> Leaf:
        if predicate.op is Op.EXISTS:
            return exact(NONE if negated else ALL)
        if predicate.op not in (Op.EQ, Op.IN):
            return exact(ALL if negated else NONE) if predicate.op is Op.HAS else refused("Weaviate looks for whole ids", "compare #id with = or IN")
        values = [value for value in equal_values(Kind.STRING, items_of(predicate)) if _is_uuid(value)]
        if not values:
            return exact(ALL if negated else NONE, "if ids are Weaviate's own, UUIDs")
        return self._signed(_any_of("id", Property(Kind.STRING), values), negated, "if ids are Weaviate's own, UUIDs")

    @property
    def _has_not(self) -> bool:
        return bool(self._options["version"] != "1.32")

    def _signed(self, said: Json, negated: bool, condition: str) -> Leaf:
        """A condition or its complement; before there was Not, the complement of an equality only."""
        if not negated:
            return exact(said, condition)
        if self._has_not:
            return exact(_group("Not", [said]), condition)
        parts = [said] if said["operator"] == "Equal" else [each for each in said.get("operands", []) if each["operator"] == "Equal"]
        if not parts:
            return refused("Weaviate has Not since 1.33 only", "say version='1.33'")
        unequal = [each | {"operator": "NotEqual"} for each in parts]
        return exact(unequal[0] if len(unequal) == 1 else _group("And", unequal), condition)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """The parts in one group, those of the same kind taken apart."""
        operator = "And" if connective is And else "Or"
        return _group(operator, [inner for part in parts for inner in (part["operands"] if part["operator"] == operator else [part])])

    def constant(self, value: bool) -> Leaf:
        """By the id, which every object has."""
        return exact(ALL if value else NONE)

    def finish(self, native: Json) -> Any:
        """The form that is asked for; None for what filters nothing."""
        if native == ALL:
            return None
        return _message(native) if self._options["form"] == "grpc" else native


def _any_of(name: str, column: Property, values: Sequence[Any]) -> Json:
    """One of some values: of an array, or of several texts, by the operator that there is for it."""
    assert column.kind is not None
    if column.is_array or (column.kind is Kind.STRING and len(values) > 1 and name != "id"):
        return _condition(name, "ContainsAny", column.kind, [*values])
    parts = [_condition(name, "Equal", column.kind, value) for value in values]
    return parts[0] if len(parts) == 1 else _group("Or", parts)


def _like_pattern(op: Op, text: str) -> tuple[str, bool]:
    """A pattern of Like, and whether it says just the operator: what is special, to it or to a regular expression, is any one character."""
    parts = like_parts(as_like(op, text))
    wild = {"%": "*", "_": "?"}
    words = [wild.get(part) or (part[1:] if _PLAIN.fullmatch(part[1:]) else "?") for part in parts]
    return "".join(words), all(part in wild or _PLAIN.fullmatch(part[1:]) for part in parts)


def _message(native: Json) -> Json:
    """A part as the JSON of `weaviate.v1.Filters`: 64-bit ints as strings, as that has them."""
    operator = "OPERATOR_" + re.sub(r"(?<!^)(?=[A-Z])", "_", native["operator"]).upper()
    if "operands" in native:
        return {"operator": operator, "filters": [_message(part) for part in native["operands"]]}
    key, value = next((key, native[key]) for key in _VALUES.values() if key in native)
    name = native["path"][0]
    target = {"property": "_id" if name == "id" else name}
    if isinstance(value, list):
        return {"operator": operator, "target": target, f"{key}Array": {"values": [_wired(item) for item in value]}}
    return {"operator": operator, "target": target, key: _wired(value)}


def _wired(value: Any) -> Any:
    return str(value) if type(value) is int else value


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, WeaviateWriter(expr, options))


_PLACES = places("property")

_OPTIONS = {
    "form": Option("the JSON of GraphQL's where, or of the message of gRPC", "graphql", ("graphql", "grpc")),
    "schema": SCHEMA,
    "tokenization": Option("of the text properties: field, word, lowercase or whitespace; or of each: {'k': 'word'}", "field"),
    "null_state": Option("whether the collection has indexNullState", False, (True, False)),
    "document": _PLACES["document"],
    "uri": _PLACES["uri"],
    "version": Option("of Weaviate: Not is new in 1.33", "1.33", ("1.32", "1.33")),
}

DIALECT = Dialect("Weaviate", None, _write, _OPTIONS, form="json")
