"""To the bool queries of Elasticsearch and OpenSearch, for a filter context.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND lang != 'en'"), schema={"year": "int", "lang": "string"}).native
{'bool': {'filter': [{'range': {'year': {'gte': 2020}}}], 'must_not': [{'term': {'lang': 'en'}}]}}

A field holds an array as it holds its elements, and what it makes of a value is its mapping's business. So a comparison is exact on
the keys that the option `schema` declares; on others it finds more, and its complement would find less, which is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Id, Literal, Or, Predicate, Subject
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.doubles import EXACT, ROUNDED, SMALLER
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.places import places, role, unplaced
from whereql.dialects.search.elasticsearch_reader import read
from whereql.dialects.search.keys import MIXED, NUMBER, STRING, Fit, fit_of
from whereql.dialects.search.lucene_regex import Unsayable, to_lucene
from whereql.dialects.search.lucene_terms import LONGEST_TERM, is_too_long, stored, zero
from whereql.dialects.writing import Leaf, Writer, exact, items_of, refused, superset, write
from whereql.errors import UnsupportedError
from whereql.kinds import Kind
from whereql.like import like_parts
from whereql.operators import ORDER, TEXT, Op
from whereql.source import quote
from whereql.support import Shape
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, number_test

Json = dict[str, Any]

ALL: Json = {"match_all": {}}
NONE: Json = {"match_none": {}}

_WORDS = {Op.GT: "gt", Op.GE: "gte", Op.LT: "lt", Op.LE: "lte"}
_OWN_FIELDS = frozenset({
    "_id", "_index", "_source", "_routing", "_field_names", "_ignored", "_nested_path", "_doc_count", "_size", "_tier", "_seq_no",
    "_primary_term", "_version", "_type", "_feature", "_data_stream_timestamp", "_ignored_source", "_tsid", "_ts_routing_hash",
})  # fmt: skip
_LONGEST_WILDCARD = 400  # of one character repeated, Lucene's effort to make an automaton grows with the square
_MOST_BLANKS = 8  # … and by powers of two with each `?` behind a `*`

OPTIONS = {
    "schema": SCHEMA,
    "keyword": Option("what is put behind a key to name the field that holds its strings whole: '.keyword' where they are mapped dynamically", ""),
    "ignore_above": Option("the length over which the field of a string leaves it out, 0 for none; by default 256 behind '.keyword', else none"),
    **places("keyword or wildcard field", id="_id"),
}


class ElasticWriter(Writer):
    """Writes queries; fields: what is known of the mapping."""

    def __init__(self, fields: Fields, options: Options, shape: Shape) -> None:
        self._fields = fields
        self._options = options
        self._keyword = str(options["keyword"])
        limit = options["ignore_above"]
        self._longest = (256 if self._keyword == ".keyword" else 0) if limit is None else int(limit)
        self.schema = fields.schema
        self.shape = shape

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate as a query of one clause."""
        subject = predicate.subject
        if isinstance(subject, Id) and self._options["id"] == "_id":
            return _id(predicate, negated)
        field = self._field(subject)
        if isinstance(field, Leaf):
            return field
        if predicate.op is Op.EXISTS:
            return exact(_signed({"exists": {"field": field}}, negated))
        known = fit_of(predicate, self._fields)
        if not isinstance(subject, Field):
            return self._condition(field, predicate, known, negated)
        if known.is_mixed:
            hint = f"say what the key holds: schema={{{subject.name!r}: 'string'}}"
            return refused(MIXED, hint)
        on_strings = known.lines == {STRING}
        return self._condition(f"{field}{self._keyword}" if on_strings else field, predicate, known, negated)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """The parts in one bool query, the complements among those that all have to hold as its must_not."""
        decisive, idle = (NONE, ALL) if connective is And else (ALL, NONE)
        parts = [decisive] if decisive in parts else [part for part in parts if part != idle]
        if len(parts) < 2:
            return parts[0] if parts else idle
        if connective is Or:
            return {"bool": {"should": parts, "minimum_should_match": 1}}
        absent = [query for part in parts if _is_complement(part) for query in part["bool"]["must_not"]]
        present = [part for part in parts if not _is_complement(part)]
        return {"bool": ({"filter": present} if present else {}) | ({"must_not": absent} if absent else {})}

    def constant(self, value: bool) -> Leaf:
        """Every record or none."""
        return exact(ALL if value else NONE)

    def _field(self, subject: Subject) -> str | Leaf:
        if isinstance(subject, Field):
            why = _why_no_field(subject.name)
            return refused(why, "rename the key") if why else subject.name
        field = self._options[role(subject)]
        return str(field) if field else unplaced(subject)

    def _condition(self, field: str, predicate: Predicate, known: Fit, negated: bool) -> Leaf:
        if not known.items:
            return exact(ALL if negated else NONE)
        if not known.is_declared and known.lines == {NUMBER} and any(not INT_MIN <= item.value <= INT_MAX for item in known.items):  # type: ignore[operator]  # numbers
            return refused("a field of type long takes no number so large", f"if it holds floats, say schema={{{field!r}: 'float'}}")
        texts = [str(item.value) for item in known.items if item.kind is Kind.STRING]
        longest = max((len(text.encode("utf-16-le")) // 2 for text in texts), default=0)
        if is_too_long(known.items):
            return refused(f"Lucene has no strings of more than {LONGEST_TERM:,} bytes", "store a hash of the text in a field of its own")
        is_whole = predicate.op in (Op.EQ, Op.IN, Op.HAS)
        if self._longest and STRING in known.lines and (longest > self._longest or not is_whole):
            hint = "ask a field without ignore_above, and say ignore_above=0"
            return refused(f"strings of more than {self._longest} characters are not in the index", hint)
        try:
            query, is_exact = _query(field, predicate, known)
        except (Unsayable, UnsupportedError) as error:
            return refused(f"Lucene can't say it: {error}", "use CONTAINS, STARTS WITH or LIKE, or a simpler pattern")
        if known.is_sure and is_exact:
            return exact(_signed(query, negated), f"{quote(field)} is mapped as {_mapping(known)}")
        reason = _why_more(known)
        hint = f"say what the key holds: schema={{{field.removesuffix(self._keyword)!r}: …}}" if not known.is_declared else "keep arrays and scalars under different keys" if known.is_merged else SMALLER
        return refused(reason, hint) if negated else superset(query, reason, hint)


def _why_more(known: Fit) -> str:
    if not known.is_declared:
        return "the mapping isn't known, and an array matches by its elements"
    return "an array matches by its elements, and the key may hold both" if known.is_merged else ROUNDED


def _mapping(known: Fit) -> str:
    if known.lines == {NUMBER}:
        return "long" if known.kinds == {"int"} else "double"
    return "keyword" if known.lines == {STRING} else "boolean"


def _why_no_field(name: str) -> str:
    """Why a key names no field, empty if it does."""
    if name in _OWN_FIELDS:
        return "it is a field of the engine's own"
    if "*" in name:
        return "a field with * in its name is taken for a pattern of names"
    if not all(part.strip() for part in name.split(".")):
        return "a dot in the name of a field stands between two names"
    return "" if "\0" not in name else "a field's name has no NUL"


def _is_complement(query: Json) -> bool:
    return list(query) == ["bool"] and list(query["bool"]) == ["must_not"]


def _signed(query: Json, negated: bool) -> Json:
    return {"bool": {"must_not": [query]}} if negated else query


def _id(predicate: Predicate, negated: bool) -> Leaf:
    if predicate.op is Op.EXISTS:
        return exact(NONE if negated else ALL)
    if predicate.op in (Op.EQ, Op.IN):
        values = [item.value for item in items_of(predicate) if item.kind is Kind.STRING and item.value]
        return exact(_signed({"ids": {"values": values}}, negated) if values else ALL if negated else NONE)
    if predicate.op in TEXT or (predicate.op in ORDER and items_of(predicate)[0].kind is Kind.STRING):
        return refused("_id is compared as a whole only", "store the id in a keyword field, too: id='…'")
    return exact(ALL if negated else NONE)


def _query(field: str, predicate: Predicate, known: Fit) -> tuple[Json, bool]:
    """A query for the items that fit, and whether it says just that, array or not."""
    op, items = predicate.op, known.items
    if op in TEXT:
        return _text(field, op, str(items[0].value)), True
    if op in ORDER:
        if known.lines != {NUMBER}:
            return {"range": {field: {_WORDS[op]: items[0].value}}}, True
        return _range(field, op, items[0], known)
    values = [value for item in items for value in _values(item, known)]
    if not values:
        return NONE, True
    is_exact = known.lines != {NUMBER} or len(known.kinds) == 1 or all(abs(value) < EXACT for value in values)
    values = list({repr(value): value for value in values}.values())  # a zero of each sign stays
    return ({"term": {field: values[0]}} if len(values) == 1 else {"terms": {field: values}}), is_exact


def _values(item: Literal, known: Fit) -> list[Any]:
    """What a field of these kinds holds for a literal."""
    if known.lines != {NUMBER}:
        return [item.value]
    values = stored(item, known.kinds)
    return values if len(known.kinds) == 1 or 0 in values else list(map(_plain, values))


def _plain(value: Any) -> Any:
    """A whole number as an int, which every type of field takes."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else value


def _range(field: str, op: Op, bound: Literal, known: Fit) -> tuple[Json, bool]:
    value: Any = bound.value
    if known.kinds == {"int", "float"}:
        if abs(value) >= EXACT or not known.is_declared:  # a field that rounds keeps the order, but what is below may become equal
            return {"range": {field: {"gte" if op in (Op.GT, Op.GE) else "lte": zero(op, _plain(value))}}}, False
        return {"range": {field: {_WORDS[op]: zero(op, _plain(value))}}}, True
    if bound.kind is Kind.INT and (known.kinds == {"int"} or abs(value) < EXACT):
        return {"range": {field: {_WORDS[op]: zero(op, value) if "float" in known.kinds else value}}}, True
    if bound.kind is Kind.FLOAT and known.kinds == {"float"}:
        return {"range": {field: {_WORDS[op]: zero(op, value)}}}, True
    test = number_test(op, bound)
    found: tuple[float, float] | None = test.ints if known.kinds == {"int"} else test.floats
    if found is None:
        return NONE, True
    low, high = (INT_MIN, INT_MAX) if known.kinds == {"int"} else (-FLOAT_MAX, FLOAT_MAX)
    sides = ({"gte": found[0]} if found[0] != low else {}) | ({"lte": found[1]} if found[1] != high else {})
    return {"range": {field: sides or {"gte": low}}}, True


def _text(field: str, op: Op, text: str) -> Json:
    if op is Op.STARTS:
        return {"prefix": {field: {"value": text}}} if text else {"exists": {"field": field}}
    if op in (Op.CONTAINS, Op.ENDS, Op.LIKE):
        return _wildcard(field, op, text)
    pattern = to_lucene(op, text)
    return NONE if pattern is None else {"regexp": {field: {"value": pattern, "flags": "NONE"}}}


def _wildcard(field: str, op: Op, text: str) -> Json:
    if op is Op.LIKE:
        parts = ["*" if part == "%" else "?" if part == "_" else _escaped(part[1]) for part in like_parts(text)]
    else:
        parts = ["*", *map(_escaped, text), *(["*"] if op is Op.CONTAINS else [])]
    pattern = "".join(part for at, part in enumerate(parts) if (part, parts[at - 1] if at else "") != ("*", "*"))
    if not pattern:
        return {"term": {field: ""}}
    if "*" in parts and (len(parts) > _LONGEST_WILDCARD or parts.count("?") > _MOST_BLANKS or parts.count("*") > _MOST_BLANKS):
        raise Unsayable("a pattern so long may be too much for it")
    return {"wildcard": {field: {"value": pattern}}}


def _escaped(character: str) -> str:
    return f"\\{character}" if character in "*?\\" else character


def _writes(shape: Shape) -> Any:
    def writes(expr: Expr, options: Options) -> Translation:
        return write(expr, ElasticWriter(Fields(expr, options["schema"]), options, shape))

    return writes


# A complement is a level of its own; and a filter stands within a bool query of its user's.
DIALECT = Dialect("Elasticsearch", read("Elasticsearch"), _writes(Shape(depth=28, predicates=1000, items=65_536)), OPTIONS, "json")
OPENSEARCH = Dialect("OpenSearch", read("OpenSearch"), _writes(Shape(depth=18, predicates=1000, items=65_536)), OPTIONS, "json")
