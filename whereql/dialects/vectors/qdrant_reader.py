"""From Qdrant's filter JSON to the AST.

>>> names = Names([], [], ["text"], [])
>>> read({"must": [{"key": "tags[]", "match": {"any": ["a", "b"]}}]}, names, {"schema": None, "arrays": True, "indexed": None, "version": "1.20"})
Predicate(subject=Field(name='tags'), op=<Op.HAS: 'HAS'>, operand=(Literal(kind=<Kind.STRING: 'string'>, value='a'), Literal(kind=<Kind.STRING: 'string'>, value='b')))

A condition on `k` finds a value and an array that has it. Of the conditions on an element whereql has equality only; the others
are read where the key holds no array: by the schema, by the option `arrays`, or since the filter says so, `is_empty` of `k[]`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whereql.ast import And, Const, Document, Expr, Field, Id, Literal, Not, Or, Predicate, Subject, Uri
from whereql.dialect import Options
from whereql.dialects.fields import Fields
from whereql.dialects.reading import one_of
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
from whereql.dialects.vectors.qdrant_path import read_path
from whereql.dialects.vectors.qdrant_words import filter_of_words, is_sayable
from whereql.kinds import NUMBERS, Kind
from whereql.limits import check_predicates
from whereql.operators import Op
from whereql.source import quote
from whereql.values import describe_type

TITLE = "Qdrant"
_CLAUSES = ("must", "should", "must_not", "min_should")
_CONDITIONS = ("key", "is_empty", "is_null", "has_id", "nested", "has_vector", "slice")
_TESTS = ("match", "range", "is_empty", "is_null", "values_count", "geo_bounding_box", "geo_radius", "geo_polygon")
_MATCHES = ("value", "any", "except", "text", "text_any", "phrase", "prefix", "substring")
_RANGE: dict[str, Op] = {"gt": Op.GT, "gte": Op.GE, "lt": Op.LT, "lte": Op.LE}
_COUNTS = {("gte", 1): True, ("gt", 0): True, ("lt", 1): False, ("lte", 0): False}
_NO_ARRAYS = "if the key holds no arrays, say so: schema={'key': 'int'} or arrays=False"


@dataclass(frozen=True, slots=True)
class Names:
    """Where subjects are in a payload, as the keys on the way; none of them for what is not there. metadata: of the object that holds the fields."""

    metadata: list[str]
    id: list[str]
    document: list[str]
    uri: list[str]

    def keys_of(self, subject: Subject) -> list[str] | None:
        """The keys on the way to a subject; None where it is not in the payload."""
        match subject:
            case Field(name):
                return [*self.metadata, name]
            case Document():
                return self.document or None
            case Uri():
                return self.uri or None
        return self.id or None

    def subject_of(self, keys: list[str]) -> Subject | None:
        """What is at the end of a way; None for a place that is no subject."""
        for place, subject in ((self.document, Document()), (self.uri, Uri()), (self.id, Id())):
            if place == keys:
                return subject
        return Field(keys[-1]) if keys[:-1] == self.metadata else None


@dataclass(frozen=True, slots=True)
class _Place:
    """A key of a condition: its subject, and whether it is the elements that are meant, any value, or one that is no array."""

    subject: Subject
    elements: bool
    is_scalar: bool


def read(source: Any, names: Names, options: Options) -> Expr:
    """The filter that a Filter says. Raises as `Dialect.decode` does."""
    return read_value(_Reader(names, options).filter, source)


class _Reader:
    def __init__(self, names: Names, options: Options) -> None:
        self._names = names
        self._fields = Fields(Const(True), options["schema"])
        self._arrays = options["arrays"]
        self._indexed = options["indexed"] or {}
        self._version = options["version"]
        self._guarded: frozenset[Subject] = frozenset()

    def filter(self, source: Any, path: str, depth: int) -> Expr:
        entries = entries_at(source, path, depth, "a Filter")
        for name in entries:
            if name not in _CLAUSES:
                unknown(TITLE, "clause", name, path, _CLAUSES)
        outer = self._guarded
        own = self._guards(entries.get("must"))
        self._guarded = outer | own
        parts = list(self._clauses(entries, path, depth))
        self._guarded = outer
        for subject in own - outer:
            if not any(_has_value(part, subject) for part in parts):
                refuse(TITLE, "asking alone whether a key is an array", path, "write it beside a condition on the key")
        return And(parts)

    def _guards(self, must: Any) -> frozenset[Subject]:
        """The subjects that a conjunction says to be no arrays."""
        found = [self._guard(condition) for condition in (must if isinstance(must, (list, tuple)) else [must])]
        return frozenset(subject for subject in found if subject is not None)

    def _guard(self, condition: Any) -> Subject | None:
        match condition:
            case {"is_empty": {"key": str() as key}} if len(condition) == 1:
                place = read_path(key)
                return self._names.subject_of(place[0]) if place is not None and place[1] else None
        return None

    def _clauses(self, entries: Mapping[str, Any], path: str, depth: int) -> Iterator[Expr]:
        """A clause that is null or has no conditions asks nothing."""
        for name, value in entries.items():
            if value is None:
                continue
            place = f"{path}.{name}"
            if name == "min_should":
                yield self._some_of(value, place, depth)
                continue
            parts = self._conditions(value, place, depth)
            if name == "must":
                yield from parts
            elif name == "must_not":
                yield from map(Not, parts)
            elif parts:
                yield Or(parts)

    def _conditions(self, value: Any, path: str, depth: int) -> list[Expr]:
        if isinstance(value, Mapping):
            return self._condition(value, path, depth)
        parts: list[Expr] = []
        size = 0
        for number, condition in enumerate(list_at(value, path, "a list of conditions")):
            parts += self._condition(condition, f"{path}[{number}]", depth)
            size += sum(part.size for part in parts[-1:])
            check_predicates(size)
        return parts

    def _some_of(self, value: Any, path: str, depth: int) -> Expr:
        entries = entries_at(value, path, depth + 1, "an object")
        if set(entries) != {"conditions", "min_count"}:
            fail("min_should has conditions and min_count", path, 'write {"conditions": […], "min_count": 2}')
        due = entries["min_count"]
        if type(due) is not int or due < 0:
            fail(f"min_count is an int that is not negative, got {describe_type(due)}", f"{path}.min_count", "write how many are to hold")
        parts = self._conditions(entries["conditions"], f"{path}.conditions", depth)
        if due == 0 or due > len(parts):
            return Const(due == 0)
        if len(parts) * due > 200:
            refuse(TITLE, f"min_should of {due} in {len(parts)} conditions", path, "write the combinations that are meant")
        return _at_least(due, parts)

    def _condition(self, source: Any, path: str, depth: int) -> list[Expr]:
        """One condition; none for what is said by the others of a conjunction."""
        entries = entries_at(source, path, depth + 1, "a condition")
        if not entries or entries.keys() & set(_CLAUSES):
            return [self.filter(source, path, depth + 1)]
        if "key" in entries:
            return [self._field(entries, path)]
        name, value = next(iter(entries.items()))
        if name not in _CONDITIONS:
            unknown(TITLE, "condition", name, path, (*_CONDITIONS, *_CLAUSES))
        if len(entries) > 1:
            fail(f"{quote(name)} stands alone in a condition", path, "write one condition in an object")
        if name in ("nested", "has_vector", "slice"):
            hints = {"nested": "whereql's records have no objects in arrays", "has_vector": "ask for it beside the filter"}
            refuse(TITLE, f"the condition {name}", path, hints.get(name, "leave it out"))
        if name == "has_id":
            return [Predicate(Id(), Op.IN, self._ids(value, f"{path}.has_id"))]
        return self._presence(name, entries_at(value, f"{path}.{name}", depth + 2, "an object with a key"), f"{path}.{name}", source)

    def _presence(self, name: str, entries: Mapping[str, Any], path: str, source: Any) -> list[Expr]:
        if set(entries) != {"key"}:
            fail(f"{name} has a key and nothing else", path, 'write {"key": "…"}')
        if (guarded := self._guard(source)) is not None and guarded in self._guarded:
            return []
        place = self._place(entries["key"], f"{path}.key")
        if name == "is_null":
            refuse(TITLE, "a null beside a missing key", path, "is_empty finds both")
        return [self._exists(place, f"{path}.key", False)]

    def _exists(self, place: _Place, path: str, is_there: bool) -> Expr:
        if place.elements:
            refuse(TITLE, "asking alone whether a key is an array", path, "write it beside a condition on the key")
        expr = Predicate(place.subject, Op.EXISTS)
        return expr if is_there else Not(expr)

    def _ids(self, value: Any, path: str) -> tuple[Literal, ...]:
        """The ids of points as whereql has them: the decimals of a number, a UUID in its usual spelling."""
        if self._names.id and value != []:
            refuse(TITLE, "has_id beside an id in the payload", path, "leave the option id out, or compare that key")
        found = []
        for number, item in enumerate(list_at(value, path, "a list of ids")):
            place = f"{path}[{number}]"
            read = literal_at(item, place, "an id")
            if read.kind is Kind.INT and 0 <= int(read.value) < 2**64:
                found.append(Literal(Kind.STRING, str(read.value)))
                continue
            try:
                found.append(Literal(Kind.STRING, str(uuid.UUID(str(read.value)))))
            except ValueError:
                fail("an id is a number that is not negative, or a UUID", place, "write 5 or '550e8400-e29b-41d4-a716-446655440000'")
        return tuple(found)

    def _place(self, key: Any, path: str) -> _Place:
        if not isinstance(key, str):
            fail(f"a key is a path, got {describe_type(key)}", path, "write it as a string")
        found = read_path(key)
        subject = None if found is None else self._names.subject_of(found[0])
        if found is None or subject is None:
            prefix = ".".join(found[0][:-1]) if found is not None else ""
            hint = f'if the keys stand in {prefix}, say so: metadata="{prefix}"' if prefix else 'write key, "a key" or key[]; a prefix goes without'
            refuse(TITLE, f"the path {quote(key)}", path, hint)
        return _Place(subject, found[1], subject in self._guarded or self._is_scalar(subject))

    def _is_scalar(self, subject: Subject) -> bool:
        if not isinstance(subject, Field):
            return True
        if self._fields.is_declared(subject.name):
            return not any(kind.endswith("[]") for kind in self._fields.kinds(subject.name))
        return not self._arrays

    def _field(self, entries: Mapping[str, Any], path: str) -> Expr:
        place = self._place(entries["key"], f"{path}.key")
        given = {name: value for name, value in entries.items() if name != "key" and value is not None}
        for name in given:
            if name not in _TESTS:
                unknown(TITLE, "condition on a key", name, path, _TESTS)
        if len(given) != 1:
            fail(f"{len(given)} conditions on a key in one object, where one is due", path, "write one object for each")
        name, value = next(iter(given.items()))
        at = f"{path}.{name}"
        if name.startswith("geo_"):
            refuse(TITLE, f"the condition {name}", at, "whereql's values are no places on the earth")
        if name == "is_null":
            refuse(TITLE, "a null beside a missing key", at, "is_empty: true finds both")
        match name:
            case "match":
                return self._match(place, value, at)
            case "range":
                return self._range(place, value, at)
            case "values_count":
                return self._count(place, value, at)
        if not isinstance(value, bool):
            fail(f"is_empty is true or false, got {describe_type(value)}", at, "write true or false")
        return self._exists(place, at, not value)

    def _count(self, place: _Place, value: Any, path: str) -> Expr:
        entries = {name: count for name, count in entries_at(value, path, 1, "an object").items() if count is not None}
        found = _COUNTS.get(next(iter(entries.items()))) if len(entries) == 1 and _is_int(entries) else None
        if found is None or place.elements:
            refuse(TITLE, "counting values", path, "at least one, and none, have a counterpart")
        return self._exists(place, path, found)

    def _match(self, place: _Place, value: Any, path: str) -> Expr:
        entries = entries_at(value, path, 1, "a match")
        if len(entries) != 1:
            fail(f"a match has one entry, got {len(entries)}", path, 'write {"value": …} or {"any": […]}')
        name, operand = next(iter(entries.items()))
        at = f"{path}{step(name)}"
        if name not in _MATCHES:
            unknown(TITLE, "match", name, path, _MATCHES)
        match name:
            case "value":
                return self._equal(place, (_matchable(literal_at(operand, at), at),))
            case "any":
                return self._equal(place, _listed(operand, at))
            case "except":
                return self._other(place, _listed(operand, at), at)
        return self._text(place, name, operand, at)

    def _equal(self, place: _Place, items: tuple[Literal, ...]) -> Expr:
        has, equal = Predicate(place.subject, Op.HAS, items), one_of(place.subject, items)
        if place.elements:
            return has
        return equal if place.is_scalar else Or([equal, has])

    def _other(self, place: _Place, items: tuple[Literal, ...], path: str) -> Expr:
        """A value that is none of these; where an index of strings answers, only a string."""
        self._check_scalar(place, "match.except", path)
        name = place.subject.name if isinstance(place.subject, Field) else ""
        index = self._indexed.get(name)
        if index == "integer" and any(item.kind is Kind.INT for item in items):
            refuse(TITLE, "match.except by an index of ints", path, "write must_not with match.any, and must_not is_empty")
        is_there = Predicate(place.subject, Op.EXISTS)
        if index == "keyword" and (not items or items[0].kind is Kind.STRING):
            is_there = Predicate(place.subject, Op.LIKE, Literal(Kind.STRING, "%"))
        return And([is_there, Not(one_of(place.subject, items))])

    def _text(self, place: _Place, name: str, operand: Any, path: str) -> Expr:
        item = literal_at(operand, path, "a text")
        if item.kind is not Kind.STRING:
            fail(f"match.{name} takes a string", path, "write it in quotes")
        key = place.subject.name if isinstance(place.subject, Field) else ""
        if name in ("text", "text_any", "phrase"):
            return self._words(place, name, str(item.value), path, self._indexed.get(key) == "text")
        self._check_scalar(place, f"match.{name}", path)
        return Predicate(place.subject, Op.STARTS if name == "prefix" else Op.CONTAINS, item)

    def _words(self, place: _Place, name: str, text: str, path: str, is_indexed: bool) -> Expr:
        """A match of words; before 1.19.1, where no index did it, of a part of the text."""
        is_part = self._version == "1.18" and name != "text_any"
        if is_indexed or self._version == "1.19" or (self._version == "1.18" and not is_part) or not (is_part or is_sayable(text)):
            refuse(TITLE, f"match.{name} by {'the words of an index' if is_indexed else 'such words'}", path, "match.substring finds a part of a text")
        self._check_scalar(place, f"match.{name}", path)
        return Predicate(place.subject, Op.CONTAINS, Literal(Kind.STRING, text)) if is_part else filter_of_words(name, place.subject, text)

    def _range(self, place: _Place, value: Any, path: str) -> Expr:
        entries = entries_at(value, path, 1, "a range")
        bounds = {}
        for name, bound in entries.items():
            if name not in _RANGE:
                unknown(TITLE, "bound", name, path, tuple(_RANGE))
            if bound is not None:
                bounds[name] = literal_at(bound, f"{path}.{name}", "a number")
        for name, bound in bounds.items():
            if bound.kind is Kind.STRING:
                refuse(TITLE, "a range of times", f"{path}.{name}", "store the time as epoch seconds, and write a number")
            if bound.kind not in NUMBERS:
                fail("a bound is a number", f"{path}.{name}", "write a number")
        if not bounds:
            refuse(TITLE, "a range without bounds, any number,", path, "write a bound")
        if set(bounds) == {"gte", "lte"} and bounds["gte"].value == bounds["lte"].value:
            return self._equal(place, (bounds["gte"],))
        self._check_scalar(place, "a range", path)
        return And([Predicate(place.subject, _RANGE[name], bound) for name, bound in bounds.items()])

    def _check_scalar(self, place: _Place, what: str, path: str) -> None:
        if place.elements or not place.is_scalar:
            refuse(TITLE, f"{what} of an element of an array", path, _NO_ARRAYS)


def _has_value(expr: Expr, subject: Subject) -> bool:
    """Whether the filter holds only where a subject has a value that is no array."""
    match expr:
        case Predicate():
            return expr.subject == subject and expr.op not in (Op.HAS, Op.EXISTS)
        case And(args):
            return any(_has_value(arg, subject) for arg in args)
        case Or(args):
            return all(_has_value(arg, subject) for arg in args)
    return expr == Const(False)


def _at_least(due: int, parts: Sequence[Expr]) -> Expr:
    """At least `due` of the parts: one of those that leave enough behind it, and the others among the rest."""
    if due == 1:
        return Or(parts)
    if due == len(parts):
        return And(parts)
    found: list[Expr] = []
    for at in range(len(parts) - due + 1):
        found.append(And([parts[at], _at_least(due - 1, parts[at + 1 :])]))
        check_predicates(sum(part.size for part in found))
    return Or(found)


def _listed(value: Any, path: str) -> tuple[Literal, ...]:
    items = literals_at(value, path)
    if len({item.kind for item in items}) > 1:
        fail("a list of strings or of ints is due", path, "write a list for each kind")
    return tuple(_matchable(item, f"{path}[{number}]", is_list=True) for number, item in enumerate(items))


def _matchable(item: Literal, path: str, *, is_list: bool = False) -> Literal:
    if item.kind is Kind.FLOAT:
        fail("a match takes no float", path, "write a closed range: gte and lte")
    if is_list and item.kind is Kind.BOOL:
        fail("a list of strings or of ints is due", path, "match.value takes a bool")
    return item


def _is_int(entries: Mapping[str, Any]) -> bool:
    return all(type(value) is int for value in entries.values())
