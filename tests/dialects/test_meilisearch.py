"""Meilisearch: no server runs here. By its documentation and the grammar of its open source, with an evaluator of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from injection import check_injection
from meilisearch_evaluator import find, tokenize
from proving import COUNT, Evaluator, prove
from search_records import by_line, declared

import whereql
from whereql.dialect import Dialect
from whereql.dialects.search.meilisearch import DIALECT, quoted
from whereql.errors import ParseError, TranslateError, UnsupportedError, WhereqlError
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.testing import DialectContract
from whereql.testing.dialects import Run
from whereql.testing.generators import COMBINATIONS, FilterMaker, Generator

SCHEMA = {"n": "int", "x": "float", "m": ["int", "float"], "b": "bool", "s": "string", "t": "string[]", "i": "int[]", "st": ["string", "string[]"]}


def native(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), schema=SCHEMA, **options).native


def superset(text: str, **options: Any) -> Any:
    translation = DIALECT.encode(whereql.parse(text), allow_residual=True, **{"schema": SCHEMA, **options})
    assert not translation.exact
    return translation.native


def read(source: Any, **options: Any) -> str:
    return whereql.to_text(DIALECT.decode(source, **{"schema": SCHEMA, **options}))


class TestMeilisearch(DialectContract):
    lacks = frozenset({"mixed kinds"})
    examples = (
        ("rating.users > 85", "rating.users > 85"), ("rating.users 80 TO 89", "rating.users BETWEEN 80 AND 89"), ("release_date NOT EXISTS", "release_date IS NULL"),
        ("NOT release_date EXISTS", "release_date IS NULL"), ("genres IN [horror, comedy]", "genres IN ('horror', 'comedy') OR genres HAS ANY ('horror', 'comedy')"),
        ("NOT genres = horror", "NOT (genres = 'horror' OR genres HAS 'horror')"), ("genres != 'it\\'s'", "NOT (genres = 'it''s' OR genres HAS 'it''s')"),
        ("genres = horror OR genres = comedy AND release_date > 795484800", "genres = 'horror' OR genres HAS 'horror' OR (genres = 'comedy' OR genres HAS 'comedy') AND release_date > 795484800"),
        (["a EXISTS", ["b EXISTS", "c EXISTS"]], "a IS NOT NULL AND (b IS NOT NULL OR c IS NOT NULL)"), ("k NOT STARTS WITH kef", "k NOT STARTS WITH 'kef'"), ("k = 1", "k IN ('1', 1) OR k HAS ANY ('1', 1)"),
        ("k CONTAINS kef", "k CONTAINS 'kef'"), ("k IS NOT EMPTY", "k != ''"), ("k IS NULL", "k IS NULL"), ("", "TRUE"), ('"NOT" > 1 AND k NOT IN []', "`NOT` > 1"), ("d > 2004-01-01", "d > '2004-01-01'"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Dialect:
        return DIALECT

    @pytest.fixture
    def run(self) -> Run:
        return find

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"schema": declared(records)}


class TestUndeclared(TestMeilisearch):
    lacks = frozenset()
    filters = 40

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {}


def test_proof_by_documentation() -> None:
    prove("meilisearch", DIALECT, Evaluator(find), lacks=TestMeilisearch.lacks, options=lambda records: {"schema": declared(records)}, variant="declared")
    prove("meilisearch", DIALECT, Evaluator(find), seed=10_000, variant="not declared")


@pytest.mark.parametrize("is_declared", [True, False])
def test_scalars_and_arrays_under_one_key_lose_nothing(is_declared: bool) -> None:
    for seed in range(COUNT // 50):
        generator = Generator(seed + 3000)
        records = by_line(generator.records(25))
        maker = FilterMaker(generator.random, records)
        for turn in range(50):
            expr = maker.filter(COMBINATIONS[(seed * 50 + turn) * 7 % len(COMBINATIONS)])
            translation = DIALECT.encode(expr, allow_residual=True, **({"schema": declared(records), "contains": True} if is_declared else {}))
            found = set(find(translation.native, records))
            got = {record.id for record in records if record.id in found and (translation.residual is None or holds(translation.residual, record))}
            assert got == {record.id for record in records if holds(expr, record)}, (whereql.to_text(expr), translation.native)


def test_numbers_and_bools_of_declared_keys_are_exact() -> None:
    assert native("n > 5 AND NOT n > 7 AND (n = 1 OR n IN (2, 30)) AND b AND n != 4") == "n > 5 AND NOT n > 7 AND (n = 1 OR n IN [2, 30]) AND b = true AND n != 4"
    assert native("NOT n > 5 OR b != TRUE") == "NOT n > 5 OR b != true" != native("n <= 5 OR b = FALSE")
    assert native("i HAS ANY (1, 2) AND n NOT IN (1, 3)") == "i IN [1, 2] AND n NOT IN [1, 3]"
    assert native("x = 1e300 AND x > -2.5") == "x = 1e300 AND x > -2.5"
    assert native("n = 'a'") == "n IN []" and native("n != 'a'") == "n NOT IN []"
    records = [make_record("a", metadata={"n": 6}), make_record("b")]
    assert find("NOT n > 5", records) == ["b"] and find("n <= 5", records) == []


def test_strings_are_a_superset() -> None:
    """The tempting wrong answer: `lang = en` finds 'EN', and `!=` loses it."""
    record = make_record("a", metadata={"s": "EN"})
    assert find("s = en", [record]) == ["a"] and not holds(whereql.parse("s = 'en'"), record)
    assert superset("s = 'en'") == "s = en" and superset("s != 'en'") == ""
    assert superset("s = ''") == 's IN [""] OR s IS EMPTY' and superset("t HAS ''") == ""
    assert superset("s STARTS WITH 'ab'") == "s STARTS WITH ab" and superset("s STARTS WITH 'ß'") == ""
    assert superset("s CONTAINS 'ab'") == "" and superset("s CONTAINS 'ab'", contains=True) == "s CONTAINS ab"
    assert superset(f"s = '{'x' * 200}'") == ""  # longer strings are cut
    assert superset("k = 5", schema=None) == "k = 5" and superset("k != 5", schema=None) == ""
    with pytest.raises(TranslateError, match="strings are ordered after"):
        native("s > 'a'")


def test_large_numbers_are_doubles() -> None:
    assert superset("n = 9007199254740993") == "n = 9007199254740993" and superset("n > 9007199254740993") == "n >= 9007199254740993"
    assert superset("NOT n > 9007199254740993") == ""
    assert native("x > 9007199254740993") == "x >= 9007199254740994.0"


def test_a_stored_null_or_empty_array_is_a_missing_key() -> None:
    assert native("s IS NOT NULL") == "s EXISTS AND s IS NOT NULL"
    assert native("t IS NOT NULL") == "t EXISTS AND t IS NOT NULL AND t IS NOT EMPTY"
    assert native("n IS NULL AND b") == "(n NOT EXISTS OR n IS NULL) AND b = true"
    assert superset("st IS NULL") == "st NOT EXISTS OR st IS NULL OR st IS EMPTY"


def test_it_stays_within_the_limits() -> None:
    deep = whereql.F("k") > 0
    for level in range(60):
        deep = (deep & (whereql.F(f"a{level}") > level)) | (whereql.F(f"b{level}") > level)
    source = DIALECT.encode(deep, allow_residual=True).native
    depth = most = 0
    for character in source:
        depth += (character == "(") - (character == ")")
        most = max(most, depth)
    assert most <= 30


@pytest.mark.parametrize("key", ["", "_geo", "_vectors.x", "a\0"])
def test_keys_that_name_no_attribute_are_refused(key: str) -> None:
    with pytest.raises(TranslateError, match="rename the key"):
        DIALECT.encode(whereql.F(key) == 1, schema={key: "int"})


def test_reading_by_the_schema() -> None:
    assert read("n = 5 AND s = 5 AND t = 5") == "n = 5 AND s = '5' AND t HAS '5'"
    assert read("b = true OR n != '5'") in ("b OR n != 5", "b = TRUE OR n != 5")
    assert read("s = Horror", fold=True) == "s ILIKE 'Horror'"


REFUSED = ["_geoRadius(1, 2, 3)", "_geoBoundingBox([1,2],[3,4])", "_foreign(company, id = 1)", "a = 1 AND _vectors EXISTS", "s > Apple"]


@pytest.mark.parametrize("source", REFUSED)
def test_what_is_no_filter_is_refused_by_name_and_place(source: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        DIALECT.decode(source)
    assert caught.value.code == "WQ504" and caught.value.span and caught.value.hint


@pytest.mark.parametrize("source", ["a", "a =", "a = AND", "a = 'x", "(a = 1", "a IN [1", "a IN (1)", "a IS 5", "a and b", "a = 1 b = 2", "a NOT 5", "a 1 TO", 5, ["a = 1", 5], [["a = 1", ["b = 2"]]], 'a = "\\q"', "a == 1"])
def test_a_mistake_is_an_error(source: Any) -> None:
    with pytest.raises(ParseError) as caught:
        DIALECT.decode(source)
    assert caught.value.hint


@pytest.mark.parametrize("source", ["(" * 5000 + "a = 1" + ")" * 5000, "NOT " * 5000 + "a = 1", "'" * 100_001, "a = 1 OR " * 6_000 + "a = 1"])
def test_hostile_sources_are_errors(source: str) -> None:
    with pytest.raises(WhereqlError):
        DIALECT.decode(source)


def test_injection() -> None:
    """Strings are never exact, so that each pair is written with a residual; the native part is looked at all the same."""
    assert [quoted(text) for text in ("en", "AND", "it's", '"\\', "", "5", "a b")] == ["en", '"AND"', '"it\'s"', '"\\"\\\\"', '""', '"5"', '"a b"']

    class Knowing:
        @staticmethod
        def encode(expr: whereql.Expr, **options: Any) -> Any:
            translation = DIALECT.encode(expr, allow_residual=True)
            is_whole = translation.native != "" and "EMPTY" not in translation.native
            return type("Shown", (), {"native": translation.native, "exact": is_whole})

    def tokens(source: str) -> list[tuple[str, str]]:
        found = tokenize(source)
        return [("name" if at == 0 else "string" if kind == "value" else kind, text) for at, (kind, text) in enumerate(found)]

    assert check_injection(Knowing, tokens) > 500

@pytest.mark.parametrize("source", ["k > 3", "k 1 TO 3", "k CONTAINS a", "NOT k STARTS WITH a"])
def test_a_test_of_the_elements_of_a_declared_array_is_refused(source: str) -> None:
    DIALECT.decode(source)
    with pytest.raises(UnsupportedError, match="a test of elements"):  # it would be no element's, and find nothing
        DIALECT.decode(source, schema={"k": ["int[]", "string[]"]})


def test_the_json_of_a_list_is_told_from_a_filter() -> None:
    with pytest.raises(ParseError, match="got its JSON") as caught:
        DIALECT.decode('["k = 1", ["k = 2"]]')
    assert "json.loads" in str(caught.value.hint)


