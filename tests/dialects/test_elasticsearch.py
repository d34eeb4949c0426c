"""Elasticsearch and OpenSearch: no server runs here. Proved on Lucene itself, on which both stand, and by their documentation."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from elastic_evaluator import find
from foreign import EngineError, Worker, worker
from lucene_engine import lucene
from proving import COUNT, Proof, prove, prove_reading, prove_set, record
from search_records import DOCUMENT, URI, by_line, declared

import whereql
from whereql.ast import Expr, Field, predicates
from whereql.dialect import Dialect
from whereql.dialects.fields import Fields
from whereql.dialects.search.elasticsearch import DIALECT, OPENSEARCH
from whereql.dialects.search.keys import fit, line
from whereql.dialects.search.lucene_regex import escaped as escaped_for_lucene
from whereql.dialects.writing import items_of
from whereql.errors import TranslateError, UnsupportedError, WhereError, WhereqlError
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.testing import DialectContract
from whereql.testing.dialects import Run
from whereql.testing.generators import COMBINATIONS, FilterMaker, Generator
from whereql.testing.holding import fit_all
from whereql.testing.hostile import HOSTILE_KEYS, HOSTILE_TEXTS

FIELDS = {"document": DOCUMENT, "uri": URI}


def options(records: Sequence[Record]) -> dict[str, Any]:
    return {"schema": declared(records), **FIELDS}


def native(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **options).native


def superset(text: str, **options: Any) -> Any:
    translation = DIALECT.encode(whereql.parse(text), allow_residual=True, **options)
    assert not translation.exact
    return translation.native


class TestElasticsearch(DialectContract):
    """On an evaluator of the documented semantics."""

    lacks = frozenset({"mixed kinds"})  # a field has one type
    examples = (
        ({"bool": {"must": [{"match_all": {}}], "must_not": {"exists": {"field": "k"}}}}, "k IS NULL"),
        ({"term": {"user": "kim"}}, "user = 'kim' OR user HAS 'kim'"),
        ({"term": {"user.id": {"value": "kim", "boost": 1.0}}}, "user.id = 'kim' OR user.id HAS 'kim'"),
        ({"terms": {"user": ["kim", "el"], "boost": 1.0}}, "user IN ('kim', 'el') OR user HAS ANY ('kim', 'el')"),
        ({"range": {"age": {"gte": 10, "lte": 20, "boost": 2.0}}}, "age BETWEEN 10 AND 20"),
        ({"bool": {"should": [{"range": {"a": {"gt": 1}}}, {"range": {"b": {"gt": 1}}}]}}, "a > 1 OR b > 1"),
        ({"bool": {"filter": {"range": {"a": {"gt": 1}}}, "should": [{"range": {"b": {"gt": 1}}}]}}, "a > 1"),
        ({"bool": {"filter": [], "should": [{"exists": {"field": "a"}}], "minimum_should_match": 0}}, "EXISTS(a)"),  # Lucene wants one of them
        ({"bool": {"filter": {"match_all": {}}, "should": [{"exists": {"field": "a"}}], "minimum_should_match": 0}}, "TRUE"),
        ({"bool": {"should": [{"exists": {"field": key}} for key in "abc"], "minimum_should_match": 2}}, "EXISTS(a) AND EXISTS(b) OR EXISTS(a) AND EXISTS(c) OR EXISTS(b) AND EXISTS(c)"),
        ({"bool": {"should": [{"exists": {"field": key}} for key in "abcd"], "minimum_should_match": "-50%"}}, "(EXISTS(a) OR EXISTS(b)) AND (EXISTS(c) OR EXISTS(d)) OR EXISTS(a) AND EXISTS(b) OR EXISTS(c) AND EXISTS(d)"),
        ({"bool": {}}, "TRUE"), ({"bool": {"should": [], "minimum_should_match": 1}}, "TRUE"), ({"match_none": {}}, "FALSE"), ({"ids": {"values": ["1", "4"]}}, "#id IN ('1', '4')"),
        ({"prefix": {"user": "ki"}}, "user STARTS WITH 'ki'"), ({"prefix": {"user": {"value": "k1", "case_insensitive": True}}}, r"user MATCHES '(?s)\A[kK]1.*\z'"),
        ({"wildcard": {"user": {"value": r"ki*y?\*%"}}}, r"user LIKE 'ki%y_*\%'"), ({"regexp": {"user": "k.*y{1,2}"}}, r"user MATCHES '(?s)\A(?:k.*y{1,2})\z'"),
        ({"constant_score": {"filter": {"exists": {"field": "k"}}, "boost": 1.2}}, "k IS NOT NULL"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Dialect:
        return DIALECT

    @pytest.fixture
    def run(self) -> Run:
        return find

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return options(records)


class TestOpenSearch(TestElasticsearch):
    filters = 20

    @pytest.fixture
    def dialect(self) -> Dialect:
        return OPENSEARCH


class TestUndeclared(TestElasticsearch):
    """Without a schema: the values of a key decide, and its kinds are not known."""

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return FIELDS


def test_a_comparison_is_exact_where_the_key_is_declared() -> None:
    schema = {"year": "int", "lang": "string", "tags": "string[]", "x": "float", "n": ["int", "float"], "b": "bool"}
    assert native("year > 1.5 AND year <= 2020", schema=schema) == {"bool": {"filter": [{"range": {"year": {"gte": 2}}}, {"range": {"year": {"lte": 2020}}}]}}
    assert native("lang != 'en' AND tags HAS ANY ('a', 'b') AND b", schema=schema) == {
        "bool": {"filter": [{"terms": {"tags": ["a", "b"]}}, {"term": {"b": True}}], "must_not": [{"term": {"lang": "en"}}]}
    }
    assert native("x = 1 OR NOT n < 2", schema=schema) == {
        "bool": {"should": [{"term": {"x": 1.0}}, {"bool": {"must_not": [{"range": {"n": {"lt": 2}}}]}}], "minimum_should_match": 1}
    }
    assert native("lang LIKE 'a*%_\\%?\\\\'", schema=schema) == {"wildcard": {"lang": {"value": "a\\**?%\\?\\\\"}}}
    assert native("lang ILIKE 'K%'", schema=schema) == {"regexp": {"lang": {"value": "[Kk\u212a].*", "flags": "NONE"}}}
    assert native("lang = 'en'", schema={"lang": "string"}, keyword=".keyword") == {"term": {"lang.keyword": "en"}}


def test_what_is_no_value_of_the_key_is_never_asked() -> None:
    """A field of type long takes '5' for 5, and a keyword 5 for '5'."""
    assert native("k = '5'", schema={"k": "int"}) == {"match_none": {}}
    assert native("k != '5'", schema={"k": "int"}) == {"match_all": {}}
    assert native("k IN ('5', 5, TRUE, 1.5)", schema={"k": "int"}) == {"term": {"k": 5}}
    assert native("k HAS 'a' OR j CONTAINS 'a'", schema={"k": "string", "j": "string[]"}) == {"match_none": {}}


def test_an_array_is_found_by_its_elements() -> None:
    """The tempting wrong answer: `term` for `=`, and `must_not` of it for `!=`, on a key that may hold arrays."""
    record = make_record("a", metadata={"k": ["x"]})
    assert find({"term": {"k": "x"}}, [record]) == ["a"] and not holds(whereql.parse("k = 'x'"), record)
    assert superset("k = 'x'") == {"term": {"k": "x"}}
    assert superset("k != 'x'") == {"match_all": {}}
    assert superset("k = 'x'", schema={"k": ["string", "string[]"]}) == {"term": {"k": "x"}}
    assert superset("k > 2020") == {"range": {"k": {"gte": 2020}}}  # as a float of 32 bits it may be rounded down to it
    with pytest.raises(TranslateError, match="the mapping isn't known") as caught:
        native("k = 'x'")
    assert "schema={'k'" in str(caught.value.hint)


def test_a_complement_holds_without_the_key() -> None:
    schema = {"k": "int"}
    assert native("NOT k > 5", schema=schema) == {"bool": {"must_not": [{"range": {"k": {"gt": 5}}}]}} != native("k <= 5", schema=schema)
    records = [make_record("a", metadata={"k": 6}), make_record("b")]
    assert find(native("NOT k > 5", schema=schema), records) == ["b"]
    assert find(native("k <= 5", schema=schema), records) == []


def test_large_ints_are_exact_in_a_long_and_a_superset_in_a_double() -> None:
    assert native("k = 9007199254740993", schema={"k": "int"}) == {"term": {"k": 2**53 + 1}}
    assert native("k > 9007199254740993", schema={"k": "float"}) == {"range": {"k": {"gte": 2.0**53 + 2}}}
    assert superset("k > 9007199254740992", schema={"k": ["int", "float"]}) == {"range": {"k": {"gte": 2**53}}}
    assert superset("NOT k > 9007199254740992", schema={"k": ["int", "float"]}) == {"match_all": {}}


def test_zeros_of_either_sign_are_equal() -> None:
    schema = {"k": "float"}
    assert repr(native("k = 0", schema=schema)) == "{'terms': {'k': [0.0, -0.0]}}"
    assert [repr(native(f"k {op} 0", schema=schema)) for op in ("<", "<=", ">", ">=")] == [
        "{'range': {'k': {'lt': -0.0}}}", "{'range': {'k': {'lte': 0}}}", "{'range': {'k': {'gt': 0}}}", "{'range': {'k': {'gte': -0.0}}}"
    ]  # fmt: skip


def test_ids_are_compared_as_a_whole() -> None:
    assert native("#id IN ('a', 'b')") == {"ids": {"values": ["a", "b"]}}
    assert native("#id != 'a' AND #id = 5") == {"match_none": {}}
    with pytest.raises(TranslateError, match="_id is compared as a whole only"):
        native("#id STARTS WITH 'a'")
    assert native("#id STARTS WITH 'a'", id="sku") == {"prefix": {"sku": {"value": "a"}}}
    with pytest.raises(TranslateError, match="no field is known to hold #document"):
        native("#document CONTAINS 'a'")


def test_strings_beyond_ignore_above_are_not_in_the_index() -> None:
    schema = {"k": "string"}
    assert native(f"k = '{'x' * 256}'", schema=schema, keyword=".keyword") == {"term": {"k.keyword": "x" * 256}}
    for text in (f"k = '{'x' * 257}'", "k > 'a'", "NOT k LIKE '%a'"):
        with pytest.raises(TranslateError, match="more than 256 characters are not in the index"):
            native(text, schema=schema, keyword=".keyword")
        assert native(text, schema=schema, keyword=".keyword", ignore_above=0)


@pytest.mark.parametrize("key", ["", "a.", ".a", "a..b", " ", "_id", "_source", "k*", "a\0"])
def test_keys_that_name_no_field_are_refused(key: str) -> None:
    with pytest.raises(TranslateError, match="rename the key"):
        DIALECT.encode(whereql.F(key) == 1, schema={key: "int"})


def test_it_stays_within_the_limits() -> None:
    schema = {"k": "int", "s": "string"}
    many = DIALECT.encode(whereql.F("k").is_in(range(0, 140_000, 2)), schema=schema).native
    assert [len(query["terms"]["k"]) for query in many["bool"]["should"]] == [65_536, 70_000 - 65_536]
    deep = whereql.F("k") == 0
    for level in range(60):
        deep = (deep & (whereql.F("k") == level)) | (whereql.F("k") == -level)
    assert _levels(DIALECT.encode(deep, schema=schema, allow_residual=True).native) <= 30
    assert _levels(OPENSEARCH.encode(deep, schema=schema, allow_residual=True).native) <= 20
    for text in (f"s CONTAINS '{'a' * 500}'", f"s MATCHES '{'a' * 2000}'", "s LIKE '%a__________%'", r"s MATCHES '\w'"):
        with pytest.raises(TranslateError):
            native(text, schema=schema)


def _levels(query: Any) -> int:
    if isinstance(query, dict):
        return ("bool" in query) + max(map(_levels, query.values()), default=0)
    return max(map(_levels, query), default=0) if isinstance(query, list) else 0


REFUSED = [
    ({"match": {"title": "a b"}}, "$.match"), ({"bool": {"filter": [{"query_string": {"query": "a"}}]}}, "$.bool.filter[0].query_string"),
    ({"bool": {"must": {"script": {"script": "1"}}}}, "$.bool.must.script"), ({"geo_distance": {"distance": "1km"}}, "$.geo_distance"), ({"nested": {"path": "a"}}, "$.nested"),
    ({"function_score": {}}, "$.function_score"), ({"has_child": {}}, "$.has_child"), ({"fuzzy": {"k": "a"}}, "$.fuzzy"), ({"terms": {"k": {"index": "i", "id": "1", "path": "p"}}}, "$.terms.k"),
    ({"range": {"k": {"gte": "now-1d"}}}, "$.range.k.gte"), ({"range": {"k": {"gte": "2020-01-01", "format": "yyyy"}}}, "$.range.k.gte"), ({"exists": {"field": "a*"}}, "$.exists.field"),
    ({"regexp": {"k": "a~b"}}, "$.regexp.k"), ({"wildcard": {"k": {"value": "a", "case_insensitive": True}}}, "$.wildcard.k"), ({"knn": {"field": "v"}}, "$.knn"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "path"), REFUSED, ids=str)
def test_what_is_no_filter_is_refused_by_name_and_place(source: Any, path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        DIALECT.decode(source)
    assert caught.value.code == "WQ504" and caught.value.path == path and caught.value.hint


@pytest.mark.parametrize("schema", [None, "inferred"])
def test_a_date_is_a_text_only_where_the_schema_says_so(schema: str | None) -> None:
    source = {"range": {"created": {"gte": "2024-01-01", "lt": "now-1d"}}}
    with pytest.raises(UnsupportedError, match="a range of dates"):
        DIALECT.decode(source, schema=schema)
    assert whereql.to_text(DIALECT.decode(source, schema={"created": "string"})) == "'2024-01-01' <= created < 'now-1d'"


def test_the_twin_of_a_field_is_the_key_or_asked_for() -> None:
    source = {"bool": {"must_not": [{"term": {"genre.keyword": "drama"}}]}}
    with pytest.raises(UnsupportedError, match=r"a field genre\.keyword beside genre") as caught:
        DIALECT.decode(source, schema="inferred")
    assert caught.value.path == "$.bool.must_not[0].term" and "keyword='.keyword'" in str(caught.value.hint)
    assert whereql.to_text(DIALECT.decode(source, schema="inferred", keyword=".keyword")) == "genre != 'drama'"
    assert whereql.to_text(DIALECT.decode(source, schema={"genre.keyword": "string"})) == "genre.keyword != 'drama'"


def test_the_body_of_a_search_is_its_query() -> None:
    assert DIALECT.decode({"query": {"exists": {"field": "a"}}}) == DIALECT.decode({"exists": {"field": "a"}})
    for source, path in (({"query": {"exists": {"field": "a"}}, "size": 5}, "$.size"), ({"query": {"trem": {}}}, "$.query.trem"), ({"bool": {"must": {"query": {}}}}, "$.bool.must.query")):
        with pytest.raises(WhereError) as caught:
            DIALECT.decode(source)
        assert caught.value.path == path


MISTAKES = [
    (5, "$"), ({}, "$"), ({"term": {"a": 1}, "range": {"b": {}}}, "$"), ({"trem": {"a": 1}}, "$.trem"), ({"bool": {"musst": []}}, "$.bool.musst"), ({"bool": {"must": 5}}, "$.bool.must"),
    ({"term": {"a": None}}, "$.term.a"), ({"term": {"a": {"vlaue": 1}}}, "$.term.a.vlaue"), ({"range": {"a": {"gte": True}}}, "$.range.a.gte"), ({"range": {"a": 5}}, "$.range.a"),
    ({"terms": {"a": 5}}, "$.terms.a"), ({"terms": {"a": [1, [2]]}}, "$.terms.a[1]"), ({"ids": {"values": "a"}}, "$.ids.values"), ({"exists": {}}, "$.exists"), ({"regexp": {"k": "a["}}, "$.regexp.k"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "path"), MISTAKES, ids=str)
def test_a_mistake_has_a_place(source: Any, path: str) -> None:
    with pytest.raises(WhereError) as caught:
        DIALECT.decode(source)
    assert caught.value.path == path and caught.value.hint


def test_hostile_depth_is_an_error() -> None:
    source: Any = {"match_all": {}}
    for _ in range(3000):
        source = {"bool": {"must_not": [source]}}
    with pytest.raises(WhereqlError, match="nested deeper"):
        DIALECT.decode(source)


def test_values_are_read_as_the_mapping_has_them() -> None:
    assert whereql.to_text(DIALECT.decode({"term": {"k": "5"}}, schema={"k": "int"})) == "k = 5"
    assert whereql.to_text(DIALECT.decode({"term": {"k": 5}}, schema={"k": "string"})) == "k = '5'"
    assert whereql.to_text(DIALECT.decode({"term": {"k": "true"}}, schema={"k": "bool"})) in ("k", "k = TRUE")
    assert whereql.to_text(DIALECT.decode({"terms": {"k": ["a"]}}, schema={"k": "string[]"})) == "k HAS 'a'"
    assert whereql.to_text(DIALECT.decode({"term": {"k.keyword": "a"}}, schema={"k": "string"}, keyword=".keyword")) == "k = 'a'"


def test_ids_and_documents_are_strings_whatever_they_are_compared_with() -> None:
    assert whereql.to_text(DIALECT.decode({"term": {"_id": 5}})) == "#id = '5'"
    assert whereql.to_text(DIALECT.decode({"ids": {"values": [5, "a"]}})) == "#id IN ('5', 'a')"
    assert whereql.to_text(DIALECT.decode({"term": {"body": True}}, document="body")) == "#document = 'true'"


def test_case_is_ignored_where_a_text_says_so() -> None:
    said = DIALECT.decode({"term": {"k": {"value": "x", "case_insensitive": True}}})
    assert DIALECT.decode({"term": {"k": {"value": "x", "case_insensitive": "true"}}}) == said != DIALECT.decode({"term": {"k": {"value": "x", "case_insensitive": "false"}}})
    for asked in (1, "yes", None, []):
        with pytest.raises(WhereError, match="true or false"):
            DIALECT.decode({"term": {"k": {"value": "x", "case_insensitive": asked}}})


@pytest.mark.parametrize("source", [{"range": {"k": {"gt": 3}}}, {"prefix": {"k": "a"}}, {"wildcard": {"k": "a*"}}, {"regexp": {"k": "a.*"}}, {"term": {"k": {"value": "a", "case_insensitive": True}}}], ids=str)
def test_a_test_of_the_elements_of_a_declared_array_is_refused(source: Any) -> None:
    DIALECT.decode(source)
    with pytest.raises(UnsupportedError, match="the elements of k") as caught:  # it would be no element's, and find nothing
        DIALECT.decode(source, schema={"k": ["int[]", "string[]"]})
    assert caught.value.path == f"$.{next(iter(source))}.k"


def test_hostile_keys_and_values_change_no_structure() -> None:
    """JSON is data: a value stands where a plain one does, and nothing else is there."""
    for text in HOSTILE_TEXTS:
        if len(text) < 10_000:
            assert native_of(whereql.F("k") == text) == {"term": {"k": text}}
            [(name, body)] = native_of(whereql.F("k").contains(text)).items()
            assert name == "wildcard" and list(body) == ["k"] and list(body["k"]) == ["value"] if len(text) <= 390 else name == "match_all"
    for key in HOSTILE_KEYS:
        translation = DIALECT.encode(whereql.F(key) == 1, schema={key: "int"}, allow_residual=True)
        assert translation.native == {"term": {key: 1}} if translation.exact else {"match_all": {}}


def native_of(expr: whereql.Expr) -> Any:
    return DIALECT.encode(expr, schema={"k": "string"}, allow_residual=True).native


def merged_sets(count: int) -> Iterator[tuple[list[Record], list[whereql.Expr]]]:
    """Records in which ints and floats, scalars and arrays meet under one key, with filters for them."""
    for seed in range(1000, 1000 + count // 50):
        generator = Generator(seed)
        records = by_line(generator.records(25))
        maker = FilterMaker(generator.random, records)
        yield records, [maker.filter(COMBINATIONS[(seed * 50 + turn) * 7 % len(COMBINATIONS)]) for turn in range(50)]


def is_typed(expr: Expr, records: Sequence[Record]) -> bool:
    """Whether keys are compared with what their fields can hold: a field of numbers says an error of a string, where there is no schema to keep it away."""
    fields = Fields(expr, declared(records))
    return all(len(fit(fields, each.subject.name, items_of(each)).lines | set(map(line, items_of(each)))) < 2 for each in predicates(expr) if isinstance(each.subject, Field))


@pytest.mark.parametrize("is_declared", [True, False])
def test_scalars_and_arrays_under_one_key_lose_nothing(is_declared: bool) -> None:
    for records, filters in merged_sets(COUNT):
        for expr in filters:
            translation = DIALECT.encode(expr, allow_residual=True, **(options(records) if is_declared else FIELDS))
            found = set(find(translation.native, records))
            got = {record.id for record in records if record.id in found and (translation.residual is None or holds(translation.residual, record))}
            assert got == {record.id for record in records if holds(expr, record)}, (whereql.to_text(expr), translation.native)


def natives(rng: random.Random, records: Sequence[Record], count: int) -> list[Any]:
    """Queries as a user of Elasticsearch writes them, with values of the records."""
    held = [(key, item) for record in records for key, value in (record.metadata or {}).items() if not isinstance(value, dict) for item in (value if isinstance(value, list) else [value])]
    held += [(DOCUMENT, record.document) for record in records if record.document is not None]
    scalars = [(key, value) for key, value in held if not key.endswith("s")]  # of an array, a range finds what whereql has no word for
    return [native_query(rng, held, scalars, [record.id for record in records], 0) for _ in range(count)]


def native_sets(mapping: dict[str, Any]) -> Iterator[tuple[list[Record], list[Any]]]:
    """Records and queries for them; mapping: gets the options with which these queries are read."""
    for seed in range(max(3, COUNT // 100)):
        generator = Generator(seed)
        records = fit_all(generator.records(20), {"mixed kinds"})
        mapping.update(options(records))
        yield records, natives(generator.random, records, 50)


def native_query(rng: random.Random, held: Any, scalars: Any, ids: list[str], depth: int) -> Any:
    again = lambda: native_query(rng, held, scalars, ids, depth + 1)  # noqa: E731 - it has the four arguments of its place
    if depth < 3 and rng.random() < 0.45:
        made: dict[str, Any] = {name: [again() for _ in range(rng.choice([0, 1, 1, 2, 3]))] for name in rng.sample(["filter", "must", "must_not", "should"], rng.randint(1, 3))}
        if "should" in made and rng.random() < 0.5:
            made["minimum_should_match"] = rng.choice([0, 1, 2, -1, "1", "50%", "-30%", "100%"])
        return {"bool": {name: found[0] if name != "minimum_should_match" and len(found) == 1 and rng.random() < 0.3 else found for name, found in made.items()}}
    key, value = rng.choice(held)
    others = [item for name, item in held if name == key]
    texts = [(name, item) for name, item in scalars if isinstance(item, str)]
    match rng.choice(["term", "term", "terms", "exists", "range", "range", "ids", "text", "text", "all"]):
        case "term":
            return {"term": {key: value if rng.random() < 0.5 else {"value": value, "boost": 2}}}
        case "terms":
            return {"terms": {key: rng.choices(others, k=rng.randint(0, 3))}}
        case "exists":
            return {"exists": {"field": rng.choice([key, "missing"])}}
        case "ids":
            return {"ids": {"values": rng.choices(ids, k=2)}}
        case "range" if ordered := [(name, item) for name, item in scalars if not isinstance(item, bool)]:
            key, value = rng.choice(ordered)
            return {"range": {key: {rng.choice(["gt", "gte"]): value, **({"lt": rng.choice([item for name, item in ordered if name == key])} if rng.random() < 0.4 else {})}}}
        case "text" if texts:
            key, text = rng.choice(texts)
            return native_text(rng, key, text[:20])
    return {rng.choice(["match_all", "match_none"]): {}}


def native_text(rng: random.Random, key: str, text: str) -> Any:
    at = rng.randint(0, len(text))
    escaped = "".join(f"\\{character}" if character in "*?\\" else character for character in text)
    pattern = "".join(escaped_for_lucene(character) for character in text)
    match rng.choice(["prefix", "wildcard", "regexp"]):
        case "prefix":
            return {"prefix": {key: {"value": text[:at], **({"case_insensitive": True} if text.isascii() and rng.random() < 0.3 else {})}}}
        case "wildcard":
            return {"wildcard": {key: rng.choice([f"{escaped}*", f"*{escaped}", "?*" + escaped, "*", escaped.replace("a", "?")])}}
    return {"regexp": {key: {"value": rng.choice([f"{pattern}.*", f".*{pattern}", ".+", "[^a-c\\]]*", f"({pattern}|a{{2,3}})", '"a".?', "@" if rng.random() < 0.5 else "a+b*", ""])}}}


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with lucene("elasticsearch", **FIELDS) as started:
        yield started


@pytest.mark.engines
class TestOnLucene:
    def test_proof(self, engine: Worker) -> None:
        for name, dialect in (("elasticsearch", DIALECT), ("opensearch", OPENSEARCH)):
            proof = prove(name, dialect, engine, lacks={"mixed kinds"}, options=options)  # a field has one type
            assert proof.exact > proof.filters * 0.6

    def test_reading(self, engine: Worker) -> None:
        for name, dialect in (("elasticsearch", DIALECT), ("opensearch", OPENSEARCH)):
            mapping: dict[str, Any] = {}
            knowing = Dialect(name, lambda source, _, dialect=dialect, mapping=mapping: dialect.decode(source, **mapping))
            assert prove_reading(name, knowing, engine, native_sets(mapping)).filters >= 150

    def test_scalars_and_arrays_under_one_key(self, engine: Worker) -> None:
        for records, filters in merged_sets(COUNT):
            prove_set(DIALECT, engine, records, filters, options(records), Proof())
            prove_set(DIALECT, engine, records, [expr for expr in filters if is_typed(expr, records)], FIELDS, Proof())

    def test_the_evaluator_agrees(self, engine: Worker) -> None:
        for records, filters in merged_sets(COUNT):
            for expr in filters:
                native = DIALECT.encode(expr, allow_residual=True, **options(records)).native
                assert sorted(engine.run(native, records)) == sorted(find(native, records)), native


@pytest.fixture(scope="module")
def clients() -> Iterator[Worker]:
    with worker("elastic_clients", own=True) as started:
        yield started


@pytest.mark.engines
def test_the_clients_models_take_what_is_written(clients: Worker) -> None:
    """Each builds its own objects of a query, which it refuses if it doesn't know it, and writes them again."""
    nothing: list[Record] = []
    tried = 0
    with pytest.raises(EngineError, match="nope"):
        clients.run({"nope": {"k": 1}}, nothing)
    for records, filters in merged_sets(COUNT):
        for expr in filters:
            native = DIALECT.encode(expr, allow_residual=True, **options(records)).native
            tried += 1
            for again in clients.run(native, nothing):
                assert as_lists(json.loads(again)) == as_lists(native)
    for name, client in (("elasticsearch", "elasticsearch"), ("opensearch", "opensearch-py")):
        record(name, "shaped", {client: clients.versions[client]}, Proof(tried))


def as_lists(query: Any) -> Any:
    """A query with each clause as a list, as the models have it."""
    if isinstance(query, dict):
        return {name: as_lists(body if isinstance(body, list) or name not in ("filter", "must", "must_not", "should") else [body]) for name, body in query.items()}
    return [as_lists(item) for item in query] if isinstance(query, list) else query
