"""From the bool queries of Elasticsearch and OpenSearch to the AST: of a query, what decides whether a document is found.

>>> whereql.to_text(read("Elasticsearch")({"bool": {"must": {"term": {"lang": "en"}}, "must_not": {"exists": {"field": "draft"}}}}, DEFAULTS))
"(lang = 'en' OR lang HAS 'en') AND draft IS NULL"

A term finds the elements of arrays, too; where the option `schema` says that the key holds no arrays, it is just `=`. An array of
numbers is in no order, so that range, prefix, wildcard and regexp are read as tests of scalars.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import comb
from typing import Any

from whereql.ast import And, Const, Document, Expr, Field, Id, Literal, Not, Op, Or, Predicate, Subject, Uri
from whereql.dialect import Options
from whereql.dialects.fields import INFERRED, Fields
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
from whereql.dialects.search.lucene_regex_reader import from_lucene, from_wildcard, ignoring_case
from whereql.errors import CheckError
from whereql.kinds import Kind
from whereql.values import describe_type, literal

DEFAULTS: Options = {"schema": None, "keyword": "", "ignore_above": None, "id": "_id", "document": None, "uri": None}

TWIN = ".keyword"
"""What dynamic mapping puts behind a key to name the field that holds its strings whole."""

_MOST_CHOICES = 256
_DATE = re.compile(r"now\b.*|[0-9]{4}-[0-9]{2}.*|.*\|\|.*", re.DOTALL)
_BOUNDS = {"gt": Op.GT, "gte": Op.GE, "lt": Op.LT, "lte": Op.LE}
_IGNORED = frozenset({"boost", "_name"})  # no filter's business
_REFUSED = {
    **dict.fromkeys(("match", "match_phrase", "match_phrase_prefix", "match_bool_prefix", "multi_match", "query_string", "simple_query_string", "combined_fields", "intervals"), "it is analysed; ask a keyword field with term"),
    **dict.fromkeys(("script", "script_score"), "a script is a program: write its condition as range, term …"),
    **dict.fromkeys(("geo_distance", "geo_bounding_box", "geo_polygon", "geo_shape", "geo_grid", "shape", "xy_shape"), "whereql has no geography"),
    **dict.fromkeys(("nested", "has_child", "has_parent", "parent_id"), "a filter looks at one flat record: join before"),
    **dict.fromkeys(("function_score", "boosting", "dis_max", "rank_feature", "distance_feature", "pinned", "more_like_this", "percolate", "knn", "neural", "semantic", "sparse_vector", "weighted_tokens"), "it scores; a filter says yes or no: keep its filter"),
    **dict.fromkeys(("fuzzy", "terms_set", "span_term", "span_near", "span_or", "wrapper", "template"), "say what it finds with term, wildcard or regexp"),
}  # fmt: skip


def read(title: str) -> Callable[[Any, Options], Expr]:
    """The reader of a dialect of this title."""

    def reads(source: Any, options: Options) -> Expr:
        return read_value(_Reader(title, options).query, source)

    return reads


class _Reader:
    def __init__(self, title: str, options: Options) -> None:
        self._title = title
        self._fields = Fields(Const(True), options["schema"])
        self._keyword = str(options["keyword"])
        self._is_inferred = options["schema"] == INFERRED
        self._place = "$"
        subjects: dict[Any, Subject] = {options["uri"]: Uri(), options["document"]: Document(), options["id"]: Id()}
        self._subjects = {str(name): subject for name, subject in subjects.items() if name}
        self._queries: dict[str, Callable[[Any, str, int], Expr]] = {
            "bool": self._bool, "constant_score": self._constant_score, "match_all": self._match_all, "match_none": self._match_none, "ids": self._ids,
            "exists": self._exists, "term": self._term, "terms": self._terms, "range": self._range, "prefix": self._prefix, "wildcard": self._wildcard, "regexp": self._regexp,
        }  # fmt: skip

    def query(self, source: Any, path: str, depth: int) -> Expr:
        """One query: an object with its name as the only key; on the outside also the body of a search that has nothing else."""
        entries = entries_at(source, path, depth, "a query")
        if path == "$" and "query" in entries:
            others = [name for name in entries if name != "query"]
            if others:
                fail(f"a filter is a query alone, and {others[0]} stands beside it", path + step(others[0]), "give what stands under query")
            return self.query(entries["query"], "$.query", depth)
        if len(entries) != 1:
            fail(f"a query has one name, and this has {len(entries)}", path, 'put several into {"bool": {"filter": […]}}')
        [(name, body)] = entries.items()
        place = path + step(name)
        if name in _REFUSED:
            refuse(self._title, name, place, _REFUSED[name])
        if name not in self._queries:
            unknown(self._title, "query", name, place, list(self._queries))
        self._place = place
        return self._queries[name](body, place, depth)

    def _bool(self, body: Any, path: str, depth: int) -> Expr:
        entries = entries_at(body, path, depth)
        for name in entries:
            if name not in ("filter", "must", "must_not", "should", "minimum_should_match", *_IGNORED):
                unknown(self._title, "clause", name, path + step(name), ["filter", "must", "must_not", "should", "minimum_should_match"])
        parts = [*self._clauses(entries, "filter", path, depth), *self._clauses(entries, "must", path, depth)]
        should = self._clauses(entries, "should", path, depth)
        unwanted = self._clauses(entries, "must_not", path, depth)
        if not (parts or should or unwanted):
            return Const(True)  # whatever minimum_should_match says
        least = 0 if parts or not should else 1
        if (asked := entries.get("minimum_should_match")) is not None:
            # `least` is a lower bound: with nothing else that has to hold, Lucene wants one of them even where 0 would do.
            least = max(least, _least(asked, len(should), f"{path}.minimum_should_match", self._title))
        parts.append(_at_least(least, should, f"{path}.minimum_should_match", self._title))
        parts += [Not(query) for query in unwanted]
        return And([part for part in parts if part != Const(True)])

    def _clauses(self, entries: Mapping[str, Any], name: str, path: str, depth: int) -> list[Expr]:
        if name not in entries:
            return []
        place = f"{path}.{name}"
        clauses = entries[name]
        if isinstance(clauses, Mapping):
            return [self.query(clauses, place, depth + 1)]
        return [self.query(clause, f"{place}[{number}]", depth + 1) for number, clause in enumerate(list_at(clauses, place, "a list of queries"))]

    def _constant_score(self, body: Any, path: str, depth: int) -> Expr:
        entries = self._parameters(body, path, depth, ["filter"])
        return self.query(entries.get("filter"), f"{path}.filter", depth + 1)

    def _match_all(self, body: Any, path: str, depth: int) -> Expr:
        self._parameters(body, path, depth, [])
        return Const(True)

    def _match_none(self, body: Any, path: str, depth: int) -> Expr:
        self._parameters(body, path, depth, [])
        return Const(False)

    def _ids(self, body: Any, path: str, depth: int) -> Expr:
        entries = self._parameters(body, path, depth, ["values"])
        return Predicate(Id(), Op.IN, tuple(map(_as_string, literals_at(entries.get("values"), f"{path}.values", "a list of ids"))))

    def _exists(self, body: Any, path: str, depth: int) -> Expr:
        entries = self._parameters(body, path, depth, ["field"])
        name = entries.get("field")
        if not isinstance(name, str):
            fail("exists has a field, a string", path, 'write {"exists": {"field": "…"}}')
        if "*" in name:
            refuse(self._title, "exists with a pattern of fields", f"{path}.field", "name the fields one by one")
        return Predicate(self._subject(name), Op.EXISTS)

    def _term(self, body: Any, path: str, depth: int) -> Expr:
        name, given, place = self._value(body, path, depth, "value", ["case_insensitive"])
        if self._ignores_case(given, place):
            return self._text(name, ignoring_case(self._string(given["value"], place), place, self._title, False), place)
        return self._equal(name, (self._literal(name, given["value"], place),))

    def _terms(self, body: Any, path: str, depth: int) -> Expr:
        entries = {name: value for name, value in entries_at(body, path, depth).items() if name not in _IGNORED}
        if len(entries) != 1:
            fail("terms has one field", path, 'write {"terms": {"field": […]}}')
        [(name, values)] = entries.items()
        place = path + step(name)
        if isinstance(values, Mapping):
            refuse(self._title, "a look-up of terms", place, "write the values into the filter")
        return self._equal(name, tuple(self._literal(name, value, f"{place}[{number}]") for number, value in enumerate(list_at(values, place, "a list of values"))))

    def _range(self, body: Any, path: str, depth: int) -> Expr:
        name, given, place = self._object(body, path, depth)
        tests: list[Expr] = []
        for word, value in given.items():
            if word in ("format", "time_zone", "relation", "from", "to", "include_lower", "include_upper"):
                refuse(self._title, f"{word} of a range", place + step(word), "write gt, gte, lt, lte, and dates as numbers")
            if word in _IGNORED or value is None:
                continue
            if word not in _BOUNDS:
                unknown(self._title, "bound", word, place + step(word), list(_BOUNDS))
            bound = self._literal(name, value, place + step(word))
            if bound.kind is Kind.STRING and not self._is_named(name) and _DATE.fullmatch(str(bound.value)):
                refuse(self._title, "a range of dates", place + step(word), "compare numbers, such as epoch seconds; or say that it is text: schema={…: 'string'}")
            if bound.kind is Kind.BOOL:
                fail("a range is of numbers or strings", place + step(word), "ask a bool with term")
            self._refuse_elements(name, place)
            tests.append(Predicate(self._subject(name), _BOUNDS[word], bound))
        return And(tests) if tests else Predicate(self._subject(name), Op.EXISTS)

    def _prefix(self, body: Any, path: str, depth: int) -> Expr:
        name, given, place = self._value(body, path, depth, "value", ["case_insensitive", "rewrite"])
        text = self._string(given["value"], place)
        if self._ignores_case(given, place):
            return self._text(name, ignoring_case(text, place, self._title, True), place)
        self._refuse_elements(name, place)
        return Predicate(self._subject(name), Op.STARTS, literal(text))

    def _wildcard(self, body: Any, path: str, depth: int) -> Expr:
        name, given, place = self._value(body, path, depth, "value", ["case_insensitive", "rewrite", "wildcard"])
        text = self._string(given["value"] if "value" in given else given.get("wildcard"), place)
        self._refuse_elements(name, place)
        if self._ignores_case(given, place):
            refuse(self._title, "a wildcard that ignores case", place, "write ILIKE in whereql's text, which folds more than ASCII")
        return Predicate(self._subject(name), Op.LIKE, literal(from_wildcard(text)))

    def _regexp(self, body: Any, path: str, depth: int) -> Expr:
        name, given, place = self._value(body, path, depth, "value", ["flags", "case_insensitive", "max_determinized_states", "rewrite"])
        if self._ignores_case(given, place):
            refuse(self._title, "a regexp that ignores case", place, "write MATCHES '(?i)…' in whereql's text")
        flags = given.get("flags", "ALL")
        return self._text(name, from_lucene(self._string(given["value"], place), flags != "NONE", place, self._title), place)

    def _object(self, body: Any, path: str, depth: int) -> tuple[str, Mapping[str, Any], str]:
        """The one field of a query, and what is said of it."""
        entries = {name: value for name, value in entries_at(body, path, depth).items() if name not in _IGNORED}
        if len(entries) != 1:
            fail(f"there is one field in it, got {len(entries)}", path, 'put one query for each into {"bool": {"filter": […]}}')
        [(name, given)] = entries.items()
        return name, entries_at(given, path + step(name), depth), path + step(name)

    def _value(self, body: Any, path: str, depth: int, due: str, others: Sequence[str]) -> tuple[str, Mapping[str, Any], str]:
        """The one field of a query, and its value: `{"k": 1}`, or `{"k": {"value": 1}}` with parameters beside it."""
        entries = {name: value for name, value in entries_at(body, path, depth).items() if name not in _IGNORED}
        if len(entries) == 1 and not isinstance(next(iter(entries.values())), Mapping):
            [(name, value)] = entries.items()
            return name, {due: value}, path + step(name)
        name, given, place = self._object(body, path, depth)
        given = self._parameters(given, place, depth, [due, *others])
        if due not in given and "wildcard" not in given:
            fail("the value is missing", place, 'write {"value": …}')
        return name, given, place

    def _parameters(self, body: Any, path: str, depth: int, known: Sequence[str]) -> Mapping[str, Any]:
        entries = entries_at(body, path, depth)
        for name in entries:
            if name not in known and name not in _IGNORED:
                unknown(self._title, "parameter", name, path + step(name), [*known, *_IGNORED])
        return entries

    def _key(self, name: str) -> str:
        return name.removesuffix(self._keyword) if self._keyword else name

    def _is_named(self, name: str) -> bool:
        """Whether the schema names a key, rather than leaving it to the filter."""
        return self._fields.is_declared(self._key(name)) and not self._is_inferred

    def _subject(self, name: str) -> Subject:
        if name.endswith(TWIN) and not self._keyword and not self._is_named(name) and name not in self._subjects:
            # Read as a key it would find nothing anywhere else: no record has one of that name.
            hint = f"say keyword='{TWIN}', which stands behind keys under dynamic mapping; or schema={{'{name}': 'string'}}, if the key has that name"
            refuse(self._title, f"a field {name} beside {name.removesuffix(TWIN)}", self._place, hint)
        return self._subjects.get(name) or self._subjects.get(self._key(name)) or Field(self._key(name))

    def _ignores_case(self, given: Mapping[str, Any], path: str) -> bool:
        asked = given.get("case_insensitive", False)
        if asked not in (True, False, "true", "false") or isinstance(asked, int) is not isinstance(asked, bool):
            fail(f"case_insensitive is true or false, got {describe_type(asked)}", f"{path}.case_insensitive", "write true or false")
        return asked in (True, "true")

    def _refuse_elements(self, name: str, path: str) -> None:
        """Refuse what asks of an element of an array more than equality."""
        kinds = self._kinds(name)
        if kinds and all(kind.endswith("[]") for kind in kinds):
            refuse(self._title, f"such a test of the elements of {name}", path, "of an element whereql asks what it equals: term, terms")

    def _text(self, name: str, pattern: str, path: str) -> Expr:
        self._refuse_elements(name, path)
        return Predicate(self._subject(name), Op.MATCHES, literal(pattern))

    def _string(self, value: Any, path: str) -> str:
        if not isinstance(value, str):
            fail("a string is due", path, "write a string")
        return value

    def _literal(self, name: str, value: Any, path: str) -> Literal:
        """A value as a field of this mapping takes it: a number, say, for the text of one."""
        found = literal_at(value, path)
        kinds = {kind.removesuffix("[]") for kind in self._kinds(name)}
        if found.kind is Kind.STRING and kinds and kinds <= {"int", "float"}:
            return _number(str(found.value), path)
        if found.kind is Kind.STRING and kinds == {"bool"} and found.value in ("true", "false", ""):
            return literal(found.value == "true")
        return _as_string(found) if kinds == {"string"} else found

    def _kinds(self, name: str) -> frozenset[str]:
        """The kinds that a field is known to hold, none where nothing is known."""
        if not isinstance(self._subject(name), Field):
            return frozenset({"string"})
        return self._fields.kinds(self._key(name)) if self._fields.is_declared(self._key(name)) else frozenset()

    def _equal(self, name: str, items: tuple[Literal, ...]) -> Expr:
        subject = self._subject(name)
        found = one_of(subject, items)
        if not isinstance(subject, Field):
            return found
        kinds = self._fields.kinds(subject.name) if self._fields.is_declared(subject.name) else {"", "[]"}
        has = Predicate(subject, Op.HAS, items)
        return Or([test for test, wanted in ((found, False), (has, True)) if any(kind.endswith("[]") is wanted for kind in kinds)])


def _as_string(item: Literal) -> Literal:
    """A value as a keyword field has it."""
    if item.kind is Kind.STRING:
        return item
    return literal(str(item.value).lower() if item.kind is Kind.BOOL else str(item.value))


def _number(text: str, path: str) -> Literal:
    try:
        return literal(int(text) if re.fullmatch(r"[+-]?[0-9]{1,19}", text) else float(text))
    except (ValueError, CheckError):
        fail("the field holds numbers, and this is none", path, "write a number")


def _least(asked: Any, count: int, path: str, title: str) -> int:
    """How many of the should clauses have to hold."""
    text = str(asked).strip()
    if isinstance(asked, bool) or not re.fullmatch(r"-?[0-9]{1,9}%?", text):
        refuse(title, "such a minimum_should_match", path, "write a number, or a percentage")
    number = int(text.rstrip("%"))
    if text.endswith("%"):
        number = int(count * number / 100)
        return count + number if text.startswith("-") else number
    return count + number if number < 0 else number


def _at_least(least: int, parts: Sequence[Expr], path: str, title: str) -> Expr:
    if least <= 0:
        return Const(True)
    if least > len(parts):
        return Const(False)
    if comb(len(parts), least) > _MOST_CHOICES:
        refuse(title, f"{least} of {len(parts)}", path, "write 1, or all of them")
    return Or([And(chosen) for chosen in combinations(parts, least)])
