"""Qdrant's filter JSON as a dialect.

>>> DIALECT.encode(whereql.parse("year > 2020 AND NOT lang = 'en'"), arrays=False).native
{'must': [{'key': 'year', 'range': {'gt': 2020}}], 'must_not': [{'key': 'lang', 'match': {'value': 'en'}}]}

Its conditions look into arrays, too: `k` is a value or has it. Where a key may hold either, `k[]`, the elements, tells them
apart: it is empty for what is no array. Its numbers are doubles, and its `match` of an int passes over a float of the same value.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from whereql.ast import And, Expr, Field, Id, Literal, Or, Predicate
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.doubles import ROUNDED, SMALLER, Range, doubles
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.places import places, role, taken, unplaced
from whereql.dialects.vectors.qdrant_path import path_of, read_path
from whereql.dialects.vectors.qdrant_reader import Names, read
from whereql.dialects.writing import AS_NUMBER, Leaf, Writer, exact, items_of, refused, superset, write
from whereql.errors import CheckError
from whereql.kinds import NUMBERS, Kind
from whereql.like import like_parts
from whereql.operators import ORDER, TEXT, Op
from whereql.source import quote
from whereql.support import Shape
from whereql.values import INT_MAX, INT_MIN

Json = dict[str, Any]

NOTHING: Json = {"has_id": []}
_BOUNDS = {Op.GE: "gte", Op.LE: "lte", Op.GT: "gt", Op.LT: "lt"}


@dataclass(frozen=True, slots=True)
class Test:
    """What Qdrant says of a value at a path: possible, for a superset of those that pass; sure, for a subset, None for none."""

    possible: Json
    sure: Json | None


class QdrantWriter(Writer):
    """Writes a Filter; a part is a condition, which a Filter is, too."""

    # A server reads JSON of 128 levels, two of which each AND or OR takes, and a condition up to eight.
    shape = Shape(depth=50)

    def __init__(self, expr: Expr, options: Options) -> None:
        self._fields = Fields(expr, options["schema"])
        self._names = names_of(options)
        self._options = options
        self.schema = self._fields.schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """The subject first, since it may be one that has no place in the payload, then what is asked of it."""
        subject, op = predicate.subject, predicate.op
        if isinstance(subject, Id) and not self._names.id:
            return _point_id(predicate, negated)
        keys = self._names.keys_of(subject)
        if keys is None:
            return unplaced(subject, "path")
        if isinstance(subject, Field) and not isinstance(other := self._names.subject_of(keys), Field | None):
            return taken(role(other))
        path = path_of(keys)
        if isinstance(path, Leaf):
            return path
        if op is Op.EXISTS:
            empty: Json = {"is_empty": {"key": path}}
            return exact(empty if negated else _none_of([empty]))
        return self._tested(predicate, negated, path)

    def _tested(self, predicate: Predicate, negated: bool, path: str) -> Leaf:
        name = predicate.subject.name if isinstance(predicate.subject, Field) else None
        if predicate.op in TEXT:
            found = self._text(predicate, path, name)
        elif predicate.op is Op.HAS and not self._is(name, arrays=True):
            found = _values(f"{path}[]", items_of(predicate), self._has_floats(name))
        elif predicate.op in ORDER:
            found = _order(path, predicate)
        else:
            found = _values(path, items_of(predicate), self._has_floats(name))
        if isinstance(found, Leaf):
            return found
        said = found.sure if negated else found.possible
        if said is None:
            return refused(ROUNDED, SMALLER)
        if predicate.op is not Op.HAS and not self._is(name, arrays=False):
            said = _all_of([said, {"is_empty": {"key": f"{path}[]"}}])
        if negated:
            said = _none_of([said])
        if found.possible == found.sure:
            return exact(said, _condition(predicate, self._options["version"]))
        return superset(said, _loose(predicate), _hint(predicate))

    def _is(self, name: str | None, *, arrays: bool) -> bool:
        """Whether all values of a key are arrays, or none is; None is the document's, the uri's or the id's."""
        if name is None:
            return not arrays
        if self._fields.is_declared(name):
            return all(kind.endswith("[]") is arrays for kind in self._fields.kinds(name))
        return not (arrays or self._options["arrays"])

    def _has_floats(self, name: str | None) -> bool:
        return name is not None and (not self._fields.is_declared(name) or not self._fields.kinds(name).isdisjoint({"float", "float[]"}))

    def _text(self, predicate: Predicate, path: str, name: str | None) -> Test | Leaf:
        op, text = predicate.op, str(items_of(predicate)[0].value)
        prefix, part, is_whole = _literal_parts(op, text)
        version = self._options["version"]
        if (prefix or (is_whole and not part)) and version != "1.18":
            return _match(path, "prefix", prefix, is_whole)
        if part and version == "1.20":
            return _match(path, "substring", part, is_whole)
        if (part or prefix) and version == "1.18" and (self._options["indexed"] or {}).get(name) != "text":
            return _match(path, "text", part or prefix, is_whole and not prefix)
        if version == "1.18":
            return refused("Qdrant 1.18 finds a part of a text in a key without a text index only", "compare the whole value, or say version='1.20'")
        hint = "write STARTS WITH" if version == "1.19" else "write CONTAINS or STARTS WITH"
        return refused(f"Qdrant {version} has no such pattern", f"{hint}, or compare the whole value")

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """The parts in one Filter; conjunctions and negations within a conjunction, and disjunctions within one, taken apart."""
        return _all_of(parts) if connective is And else _any_of(parts)

    def constant(self, value: bool) -> Leaf:
        """An empty Filter, or the points of no id."""
        return exact({} if value else NOTHING)

    def finish(self, native: Json) -> Json:
        """A Filter at least."""
        return native if native.keys() <= {"must", "should", "must_not"} else {"must": [native]}


def _values(path: str, items: Sequence[Literal], has_floats: bool) -> Test:
    """One of some values: strings and ints in one condition each, where no float may equal an int."""
    if not items:
        return Test(NOTHING, NOTHING)
    texts = [item.value for item in items if item.kind is Kind.STRING]
    ints = [item.value for item in items if item.kind is Kind.INT and not has_floats]
    wholes = [_matched(path, values) for values in (texts, ints) if values]
    tests = [Test(whole, whole) for whole in wholes] + [
        _bool(path, item) if item.kind is Kind.BOOL else _number(path, item, has_floats)
        for item in items if item.kind is not Kind.STRING and not (item.kind is Kind.INT and not has_floats)
    ]  # fmt: skip
    sure = [test.sure for test in tests if test.sure is not None]
    return Test(_any_of([test.possible for test in tests]), _any_of(sure) if sure else None)


def _matched(path: str, values: Sequence[Any]) -> Json:
    return {"key": path, "match": {"value": values[0]} if len(values) == 1 else {"any": [*values]}}


def _bool(path: str, item: Literal) -> Test:
    said = _matched(path, [item.value])
    return Test(said, said)


def _number(path: str, item: Literal, has_floats: bool) -> Test:
    """A number that may be stored as an int or as a float: a range, which finds either, or a match of an int that no double is."""
    value = item.value
    assert isinstance(value, (int, float))
    is_int = INT_MIN <= value <= INT_MAX and int(value) == value
    matched = _matched(path, [int(value)]) if is_int else None
    if matched is not None and float(value) != value:
        return Test(matched, matched)
    found = doubles(Op.EQ, value)
    possible = _range(path, found.possible)
    if not has_floats and matched is not None:
        return Test(matched, matched)
    return Test(possible, possible if found.is_exact else matched)


def _order(path: str, predicate: Predicate) -> Test | Leaf:
    item = items_of(predicate)[0]
    if item.kind not in NUMBERS:
        return refused("Qdrant orders numbers only", AS_NUMBER)
    assert isinstance(item.value, (int, float))
    found = doubles(predicate.op, item.value)
    return Test(_range(path, found.possible), None if found.sure is None else _range(path, found.sure))


def _range(path: str, ends: Range) -> Json:
    return {"key": path, "range": {_BOUNDS[op]: value for op, value in ends.bounds}}


def _match(path: str, name: str, text: str, is_whole: bool) -> Test:
    said: Json = {"key": path, "match": {name: text}}
    return Test(said, said if is_whole else None)


def _literal_parts(op: Op, text: str) -> tuple[str, str, bool]:
    """The text that a match begins with, the longest within it, and whether one of them, the first if any, says all of the operator."""
    match op:
        case Op.CONTAINS:
            return "", text, True
        case Op.STARTS:
            return text, "", True
        case Op.ENDS:
            return "", text, text == ""
        case Op.LIKE:
            return _like_parts(text)
    return "", "", False


def _like_parts(pattern: str) -> tuple[str, str, bool]:
    runs = [""]
    parts = like_parts(pattern)
    for part in parts:
        if len(part) == 1:
            runs.append("")
        else:
            runs[-1] += part[1:]
    wild = [part for part in parts if len(part) == 1]
    is_prefix = wild == ["%"] and not runs[1]
    is_part = wild == ["%", "%"] and not runs[0] and not runs[2]
    return runs[0], max(runs, key=len), is_prefix or is_part


def _point_id(predicate: Predicate, negated: bool) -> Leaf:
    """A condition on the ids of Qdrant itself: numbers, and UUIDs in their usual spelling, as whereql's strings."""
    if predicate.op is Op.EXISTS:
        return exact(NOTHING if negated else {})
    if predicate.op not in (Op.EQ, Op.IN):
        return refused("Qdrant looks for whole ids", "compare #id with = or IN, or say under which key of the payload it is: id='…'")
    found = [point for item in items_of(predicate) if (point := point_of(item)) is not None]
    said: Json = {"has_id": found}
    return exact(_none_of([said]) if negated else said, "if ids are Qdrant's own, numbers or UUIDs")


def point_of(item: Literal) -> int | str | None:
    """The id of a point that a string names, None where it names none."""
    text = item.value
    if not isinstance(text, str):
        return None
    if text.isascii() and text.isdigit() and len(text) <= 20:
        return int(text) if str(int(text)) == text and int(text) < 2**64 else None
    try:
        return text if str(uuid.UUID(text)) == text else None
    except ValueError:
        return None


def _condition(predicate: Predicate, version: str) -> str:
    return "if the key has no text index" if version == "1.18" and predicate.op in TEXT else ""


def _loose(predicate: Predicate) -> str:
    return "Qdrant finds prefixes and parts of a text only" if predicate.op in TEXT else ROUNDED


def _hint(predicate: Predicate) -> str:
    return "write CONTAINS or STARTS WITH" if predicate.op in TEXT else SMALLER


def _all_of(parts: Sequence[Json]) -> Json:
    must: list[Json] = []
    must_not: list[Json] = []
    for part in parts:
        if part.keys() <= {"must", "must_not"}:
            must += part.get("must", ())
            must_not += part.get("must_not", ())
        else:
            must.append(part)
    must = list(_once(must))
    if len(must) == 1 and not must_not:
        return must[0]
    return ({"must": must} if must else {}) | ({"must_not": must_not} if must_not else {})


def _any_of(parts: Sequence[Json]) -> Json:
    flat = [inner for part in parts for inner in (part["should"] if part.keys() == {"should"} else [part])]
    return flat[0] if len(flat) == 1 else {"should": flat}


def _none_of(parts: Sequence[Json]) -> Json:
    return {"must_not": [*parts]}


def _once(conditions: Sequence[Json]) -> Iterator[Json]:
    """The conditions, those that ask whether a key is an array once for each key."""
    seen: set[str] = set()
    for condition in conditions:
        key = condition["is_empty"]["key"] if condition.keys() == {"is_empty"} else None
        if key is None or key not in seen:
            yield condition
        if key is not None:
            seen.add(key)


def names_of(options: Options) -> Names:
    """Where subjects are in the payload. Raises CheckError for an option that is no path."""
    names = {name: str(options[name] or "") for name in ("metadata", "id", "document", "uri")}
    paths: dict[str, list[str]] = {}
    for name, text in names.items():
        found = read_path(text.removesuffix(".")) if text else ([], False)
        if found is None or found[1]:
            raise CheckError("WQ314", f"{name} is no path of Qdrant: {quote(text)}", hint='write page_content, metadata or metadata."a b"')
        paths[name] = found[0]
    return Names(**paths)


def _read(source: Any, options: Options) -> Expr:
    return read(source, names_of(options), options)


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, QdrantWriter(expr, options))


_OPTIONS = {
    "metadata": Option("the path to the object that holds the keys, such as metadata; none: the payload itself"),
    **places("path"),
    "schema": SCHEMA,
    "arrays": Option("whether keys that the schema does not name may hold arrays", True, (True, False)),
    "indexed": Option("the kinds of payload indexes: {'k': 'keyword'}, or integer, float, text, bool"),
    "version": Option("of Qdrant: what it finds inside a text changed", "1.20", ("1.18", "1.19", "1.20")),
}

DIALECT = Dialect("Qdrant", _read, _write, _OPTIONS, form="json")

