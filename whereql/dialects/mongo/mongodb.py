"""From the AST to MongoDB's query language (MQL), and the dialect `mongodb`.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND NOT lang = 'en'"), arrays=False).native
{'$and': [{'year': {'$gte': 2020}}, {'lang': {'$ne': 'en'}}]}
>>> DIALECT.encode(whereql.parse("lang = 'en'")).native
{'lang': {'$eq': 'en', '$not': {'$type': 'array'}}}

MongoDB is two-valued as whereql is, and compares within a type: what it adds is that every operator looks into arrays, too.
Only forms are written on which independent evaluators of MQL agree.
"""

from __future__ import annotations

import re
from typing import Any

from whereql.ast import Expr, Field, Literal, Predicate, Subject
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.mongo.mongodb_reader import read
from whereql.dialects.mongo.mql import ORDERS, TYPING, Json, JsonWriter, Keys
from whereql.dialects.mongo.patterns import LINE_START
from whereql.dialects.mongo.places import PLACES, Place, place_of
from whereql.dialects.writing import Leaf, exact, items_of, refused, write
from whereql.errors import UnsupportedError, WhereqlError
from whereql.kinds import Kind
from whereql.operators import ORDER, TEXT, Op
from whereql.regex import like_pattern, lower
from whereql.regex.rust import to_rust
from whereql.support import Shape

_AN_ARRAY: Json = {"$type": "array"}
_ESCAPE = re.compile(r"\\(?:x\{([0-9a-f]+)\}|.)", re.DOTALL)
_BRACKETS = re.compile(r"\[[^\]]*+\]")
_REPEATS = re.compile(r"\)?(?:[*+]|\{[0-9]+,\})")
_PATTERN_BYTES = 32_000  # MongoDB refuses patterns from 32,764 bytes on


class MongoWriter(JsonWriter):
    """Writes a filter of `find` and `$match`."""

    shape = Shape(depth=40)  # MongoDB takes documents of 100 levels, and a list in an object is two

    def __init__(self, expr: Expr, options: Options) -> None:
        self._keys = Keys(expr, options)
        self._options = options
        self.schema = self._keys.schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate as MongoDB says it."""
        place = place_of(predicate.subject, self._options)
        if isinstance(place, Leaf):
            return place
        items = _comparable(predicate)
        if predicate.op in TEXT:
            try:
                return self._said(predicate, place, {"$regex": _pattern(predicate)}, negated)
            except WhereqlError as error:  # what Rust's engine takes and RE2 can't
                return refused(error.message, error.hint or "write a simpler pattern")
        if predicate.op is Op.HAS:
            return self._has(predicate.subject, place, items, negated)
        if predicate.op is Op.EXISTS:
            return _exists(place, negated, not isinstance(predicate.subject, Field) or not self._keys.may_be_array(predicate.subject.name))
        if predicate.op in ORDER:
            return self._said(predicate, place, {ORDERS[predicate.op]: items[0].value}, negated)
        values = [item.value for item in items]
        return self._said(predicate, place, {"$eq": values[0]} if predicate.op is Op.EQ and values else {"$in": values}, negated)

    def constant(self, value: bool) -> Leaf:
        """No record has an id that is one of none."""
        return super().constant(value) if value or not self._options["id"] else exact({self._options["id"]: {"$in": []}})

    def _said(self, predicate: Predicate, place: Place, test: Json, negated: bool) -> Leaf:
        """A test of a scalar: with a guard where the key may hold an array."""
        key, condition = place
        subject = predicate.subject
        if isinstance(subject, Field) and self._keys.may_be_array(subject.name):
            guarded = {key: {**test, "$not": _AN_ARRAY}}
            return exact({"$nor": [guarded]} if negated else guarded, condition)
        if isinstance(subject, Field):
            condition = "; ".join(filter(None, [condition, self._keys.condition(subject.name)]))
        return exact({key: _negated(test) if negated else _plain(test)}, condition)

    def _has(self, subject: Subject, place: Place, items: list[Literal], negated: bool) -> Leaf:
        key, condition = place
        values: list[Any] = [item.value for item in items] if isinstance(subject, Field) else []
        test: Json = {"$eq": values[0]} if len(values) == 1 else {"$in": values}
        if isinstance(subject, Field) and not self._keys.are_arrays(subject.name):
            guarded = {key: {**test, **_AN_ARRAY}}  # not $elemMatch: montydb takes the elements of its strings for those of the array
            return exact({"$nor": [guarded]} if negated else guarded, condition)
        return exact({key: _negated(test) if negated else _plain(test)}, condition)


def _comparable(predicate: Predicate) -> list[Literal]:
    """The literals that the subject can equal at all: ids, documents and uris are strings."""
    return [item for item in items_of(predicate) if isinstance(predicate.subject, Field) or item.kind is Kind.STRING or predicate.op in ORDER]


_COMPLEMENTS = {"$eq": "$ne", "$in": "$nin"}


def _plain(test: Json) -> Any:
    return test.get("$eq", test)


def _negated(test: Json) -> Json:
    ((operator, operand),) = test.items()
    return {_COMPLEMENTS[operator]: operand} if operator in _COMPLEMENTS else {"$not": test}


def _exists(place: Place, negated: bool, is_scalar: bool) -> Leaf:
    """A null or an empty array is no value of a record: both count as missing."""
    key, condition = place
    if is_scalar:
        return exact({key: None if negated else {"$ne": None}}, condition)
    test: Json = {key: {"$ne": None, "$not": {"$size": 0}}}
    return exact({"$nor": [test]} if negated else test, condition)


def _pattern(predicate: Predicate) -> str:
    """The regular expression of a text operator as PCRE2 reads it: explicit sets of characters, no flags.

    Raises WhereqlError for a pattern that is too much for RE2, or too long for MongoDB.
    """
    text = str(items_of(predicate)[0].value)
    match predicate.op:
        case Op.LIKE | Op.ILIKE:
            pattern = like_pattern(text, ignore_case=predicate.op is Op.ILIKE)
        case _:
            pattern = lower(to_rust(predicate.op, text))
    pattern = _ESCAPE.sub(lambda found: _character(int(found[1], 16)) if found[1] else found[0], pattern)
    pattern = pattern.replace("(?m:^)", LINE_START)
    if _backtracking(pattern) > 3:
        raise UnsupportedError("WQ502", "MongoDB gives up on a pattern with so many repetitions", hint="write fewer wildcards, or none within a repeated group")
    if len(pattern.encode()) > _PATTERN_BYTES:
        raise UnsupportedError("WQ502", "the pattern is too long for MongoDB", hint="write a shorter one, or [0-9], [a-z] for the classes of Unicode")
    return pattern


def _backtracking(pattern: str) -> int:
    """How many repetitions without an end PCRE2 may have to try against each other; one of a group counts as three."""
    bare = _BRACKETS.sub("a", _ESCAPE.sub("a", pattern.replace("(?s:.)", "a").replace(LINE_START, "")))
    return sum(3 if found[0].startswith(")") else 1 for found in _REPEATS.finditer(bare))


def _character(code: int) -> str:
    """A character as every engine reads it; BSON has no NUL in a pattern."""
    return f"\\x{code:02x}" if code < 0xA0 else chr(code)


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, MongoWriter(expr, options))


OPTIONS: dict[str, Option] = {**TYPING, **PLACES}

DIALECT = Dialect("MongoDB", read, _write, OPTIONS, form="json")

