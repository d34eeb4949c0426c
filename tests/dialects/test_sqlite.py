"""SQLite's conditions, written and read, by SQLite itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from foreign import Run, Worker, worker
from injection import check_injection
from native_sql import (
    ColumnsContract,
    check_hostile_by_running,
    native_sets,
    schema_of,
    text_literal,
    tokens,
    without_nul,
)
from proving import prove, prove_reading

import whereql
from whereql.dialect import Sql
from whereql.dialects.sql.sqlite import DIALECT
from whereql.errors import TranslateError, UnsupportedError, WhereqlError
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.testing import DialectContract

LACKS = ("nul",)  # SQLite's functions on JSON and its GLOB end at a NUL
READ_OPTIONS = {"regexp": True}


def path(key: str) -> str:
    return text_literal(f'$."{key}"') if not re.search(r'["\\\x00-\x1f]', key) else "'$.missing'"


PLACES = {"t": lambda key: f"metadata->>{path(key)}", "type": lambda key: f"json_type(metadata, {path(key)})", "x": lambda key: f"json_extract(metadata, {path(key)})", "path": path}
SAYINGS = [
    "{t} = {s}", "{t} = {n}", "{t} = {b}", "{t} <> {v}", "{t} != {v}", "{t} IN ({v}, {v}, {v})", "{t} NOT IN ({s}, {n})", "{t} IN ()", "{t} NOT IN ()", "{t} IN ({s}, NULL)", "{t} NOT IN ({s}, NULL)",
    "{t} IS {v}", "{t} IS NOT {v}", "{t} IS DISTINCT FROM {s}", "{t} IS NULL", "{t} IS NOT NULL", "{t} NOTNULL", "{t} {op} {n}", "{t} {op} {s}", "{t} {op} {b}", "{n} {op} {t}", "{t} BETWEEN {n} AND {n}",
    "{t} NOT BETWEEN {s} AND {s}", "{x} = {v}", "{x} {op} {n}", "{type} = 'text'", "{type} IN ('integer', 'real')", "{type} IN ('true', 'false')", "{type} = 'true'",
    "{type} = 'text' AND {t} LIKE {p}", "{type} = 'text' AND {t} LIKE {letters}", "{type} = 'text' AND {t} NOT LIKE {letters}", "{type} = 'text' AND {t} GLOB {g}", "{type} = 'text' AND instr({t}, {s}) > 0",
    "{type} = 'text' AND {t} REGEXP {re}", "{type} = 'text' AND NOT {t} GLOB {g}", "{type} = 'text' AND {t} < {s}", "({type} = 'text') IS NOT TRUE", "{type} <> 'text'", "{type} IN ('integer', 'real') AND {t} = 1",
    "document LIKE {p}", "document LIKE {letters}", "document NOT LIKE {p}", "document GLOB {g}", "document NOT GLOB {g}", "id = {s}", "id IN ({s}, {s})", "uri IS NULL", "uri <> {s}", "document {op} {s}",
    "instr(document, {s}) > 0", "document == {s}", "document LIKE 'a!%%' ESCAPE '!'", "document REGEXP {re}",
    "{type} = 'array' AND EXISTS (SELECT 1 FROM json_each(metadata, {path}) AS e WHERE e.value = {s})", "EXISTS (SELECT 1 FROM json_each(metadata, {path}) WHERE json_each.value = {n} AND json_each.type <> 'true') AND {type} = 'array'",
    "{type} = 'array' AND EXISTS (SELECT 1 FROM json_each(metadata, {path}) e WHERE e.type = 'text' AND e.value IN ({s}, {s}))",
    "{t} = NULL", "NULL", "TRUE", "{t} IS NULL OR {t} = {n}",
]  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_sqlite", regexp=True) as started:
        yield started


@pytest.fixture(scope="module")
def columns() -> Iterator[Worker]:
    with worker("sql_sqlite", layout="columns", regexp=True) as started:
        yield started


class TestSqlite(DialectContract):
    lacks = frozenset(LACKS)
    examples = (
        ("metadata->>'lang' = 'en'", "lang = 'en'"),
        ("metadata->>'lang' = 'it''s'", 'lang = "it\'s"'),
        ("NOT metadata->>'lang' = 'en'", "lang IS NOT NULL AND lang != 'en'"),
        ("metadata->>'n' < 5", "n < 5 OR n IN (TRUE, FALSE)"),
        ("json_type(metadata, '$.t') = 'text' AND metadata->>'t' LIKE '%Art%'", "t ILIKE '%art%'"),
        ("document LIKE 'k%'", "#document MATCHES '(?s)\\A[kK].*\\z'"),
        ("EXISTS (SELECT 1 FROM json_each(metadata) AS m WHERE m.key = 'a\"b' AND m.value = 'x')", "`a\"b` = 'x'"),
        (Sql("metadata->>'n' = ? AND id IN (?, ?)", (5, "a", "b")), "n = 5 AND #id IN ('a', 'b')"),
        (Sql("metadata->>'n' = :n", {"n": 2.5}), "n = 2.5"),
    )

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, engine: Worker) -> Run:
        return engine.run

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"regexp": True}


class TestColumns(ColumnsContract):
    lacks = frozenset({*LACKS, "odd keys", "mixed kinds"})

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, columns: Worker) -> Run:
        return columns.run

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {**super().options(records), "regexp": True}


def test_it_finds_what_the_filter_means(engine: Worker) -> None:
    prove("sqlite", DIALECT, engine, lacks=LACKS, options=lambda records: {"regexp": True}, variant="JSON")


@pytest.mark.parametrize("text", ["#document STARTS WITH '\uffff'", "NOT #document LIKE '%\ufffd'", "#document ILIKE 'a\ufffe'", "#document CONTAINS '\uffff'", "#document = '\uffff'"])
def test_characters_that_glob_takes_for_one_are_told_apart(engine: Worker, text: str) -> None:
    records = [make_record(f"{number}{tail}", document=f"{start}{character}") for number, character in enumerate("\ufffd\ufffe\uffff") for start, tail in (("", ""), ("a", "a"))]
    translation = DIALECT.encode(whereql.parse(text), allow_residual=True)
    found = engine.run(translation.native, records)
    residual = whereql.parse("TRUE") if translation.residual is None else translation.residual
    assert [record.id for record in records if record.id in found and holds(residual, record)] == [record.id for record in records if holds(whereql.parse(text), record)]


@pytest.mark.parametrize("word", ["", " NOT"])
def test_a_truth_is_tested_whatever_the_words(engine: Worker, word: str) -> None:
    assert engine.run(f"2 IS{word} DISTINCT FROM TRUE", [make_record("1")]) == engine.run(f"2 IS{'' if word else ' NOT'} TRUE", [make_record("1")])
    with pytest.raises(UnsupportedError):  # 2 is true there, and does not equal TRUE
        DIALECT.decode(f"metadata->>'k' IS{word} DISTINCT FROM TRUE")


@pytest.mark.parametrize("source", ["document LIKE 'a\ufffd'", "document NOT LIKE '\uffff'", "document GLOB '\ufffe*'"])
def test_characters_that_are_one_in_a_pattern_are_refused(source: str) -> None:
    with pytest.raises(UnsupportedError, match="which are one"):
        DIALECT.decode(source)


def test_so_it_does_in_columns(columns: Worker) -> None:
    prove("sqlite", DIALECT, columns, lacks=(*LACKS, "odd keys", "mixed kinds"), options=lambda records: schema_of(records) | {"regexp": True}, variant="typed columns")


def test_what_is_read_means_what_sqlite_makes_of_it() -> None:
    with worker("sql_sqlite", regexp=True, plain=True) as engine:  # before 3.45 a path finds no key that is written with an escape
        prove_reading("sqlite", DIALECT, engine, native_sets(DIALECT, SAYINGS, PLACES, LACKS, **READ_OPTIONS), variant="JSON", **READ_OPTIONS)


def test_hostile_keys_and_values_stay_one_name_and_one_string() -> None:
    columns = {"layout": "columns", "schema": {}, "literals": True}
    assert check_injection(without_nul(DIALECT), tokens, takes_key=lambda key: key not in ("", "id", "document", "uri") and "\0" not in key, **columns) > 500


def test_so_they_do_in_json(engine: Worker) -> None:
    assert check_hostile_by_running(DIALECT, engine, LACKS) >= 200


def test_values_are_parameters() -> None:
    hostile = Sql("metadata->>'s' = ?", ("x' OR 1=1 --",))
    assert DIALECT.encode(whereql.parse("s = \"x' OR 1=1 --\"")).native == hostile


ROWS = [
    make_record(f"{number}", metadata=metadata)
    for number, metadata in enumerate([{"s": "apple", "n": 5, "b": True}, {"s": "Banana", "n": -3, "b": False}, {}, {"s": 5, "n": "5", "b": 1, "t": ["apple"]}, {"n": 1.5, "t": [5]}])
]


def found(engine: Worker, text: str, **options: Any) -> list[str]:
    return engine.run(DIALECT.encode(whereql.parse(text), **options).native, ROWS)


def test_not_finds_records_without_the_key(engine: Worker) -> None:
    assert found(engine, "s != 'apple'") == ["1", "2", "3", "4"]
    assert engine.run("metadata->>'s' <> 'apple'", ROWS) == ["1", "3"]  # the tempting way
    assert found(engine, "NOT n > 0") == ["1", "2", "3"]
    assert engine.run("NOT metadata->>'n' > 0", ROWS) == ["1"]  # and a text is above any number


def test_a_text_is_no_number_and_true_is_not_1(engine: Worker) -> None:
    assert found(engine, "n >= 5") == ["0"]
    assert engine.run("metadata->>'n' >= 5", ROWS) == ["0", "3"]
    assert found(engine, "b = 1") == ["3"]
    assert engine.run("metadata->>'b' = 1", ROWS) == ["0", "3"]
    assert found(engine, "t HAS 'apple'") == ["3"]
    assert found(engine, "s HAS 'apple'") == []


def test_defect_24_a_like_that_ignores_case_is_not_taken_for_one_that_heeds_it(engine: Worker) -> None:
    assert found(engine, "s LIKE 'APP%'") == []
    assert engine.run("metadata->>'s' LIKE 'APP%'", ROWS) == ["0"]
    read = whereql.translate("json_type(metadata, '$.s') = 'text' AND metadata->>'s' LIKE 'APP%'", "sqlite", "duckdb").native
    assert "regexp_matches" in read.text


def test_what_sqlite_can_not_say_is_refused_with_a_way_out() -> None:
    with pytest.raises(TranslateError) as caught:
        DIALECT.encode(whereql.parse("s MATCHES 'a+'"))
    assert caught.value.hint is not None
    assert "regexp=True" in caught.value.hint
    assert DIALECT.encode(whereql.parse("s MATCHES 'a+'"), regexp=True).notes[0].reason == "the function regexp is whereql's"


def test_wide_and_deep_filters_stay_within_the_limits(engine: Worker) -> None:
    wide = " OR ".join(f"s = 'x{number}' AND n > {number}" for number in range(2500))
    deep = "n = 5"
    for number in range(40):
        deep = f"({deep} OR s = 'a{number}') AND NOT (b = FALSE AND n = {number})" if number % 2 else f"({deep} OR `é` HAS 'a')"
    for text in (wide, deep):
        translation = DIALECT.encode(whereql.parse(text), allow_residual=True)
        assert isinstance(engine.run(translation.native, ROWS), list)


@pytest.mark.parametrize(
    ("source", "code", "place"),
    [
        ("year >>", "WQ119", (7, 7)), ("k = (SELECT 1)", "WQ504", (5, 11)), ("id = 'a' -- b", "WQ504", (9, 11)), ("id = 'a'; DROP TABLE t", "WQ504", (8, 9)), ("id = 'a' /* b */", "WQ504", (9, 11)),
        ("id = 'a", "WQ119", (5, 6)), ("id || 'x' = 'ax'", "WQ504", (3, 5)), ("lower(id) = 'a'", "WQ504", (0, 5)), ("CASE WHEN id = 'a' THEN 1 END", "WQ504", (0, 4)), ("id = 'a' ORDER BY id", "WQ504", (9, 14)),
        ("id = uri", "WQ504", (5, 8)), ("SELECT id FROM t WHERE id = 'a'", "WQ504", (0, 6)), ("other = 1 AND metadata->>'other' = 'a'", "WQ504", (22, 25)), ("metadata->>'$.a.b' = 1", "WQ504", (8, 11)), ("id COLLATE NOCASE = 'a'", "WQ504", (3, 10)), ("id = ?", "WQ308", (5, 6)), ("n + 1 = 2", "WQ504", (2, 3)),
        ("metadata->>'s' LIKE 'a%'", "WQ504", (8, 11)), ("id IN (SELECT id FROM t)", "WQ504", (7, 13)),
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused_by_name_and_place(source: str, code: str, place: tuple[int, int]) -> None:
    with pytest.raises(WhereqlError) as caught:
        DIALECT.decode(source, **({"layout": "columns"} if source[0] in "ny" else {}))
    assert caught.value.code == code
    span = caught.value.span
    assert span is not None
    assert (span.start, span.end) == place


@pytest.mark.parametrize("source", ["(" * 5000 + "id = 'a'" + ")" * 5000, "NOT " * 5000 + "id = 'a'", "coalesce(" * 3000, "id = 'a' AND NOT (" * 3000, "metadata->" * 5000])
def test_deep_sources_are_refused(source: str) -> None:
    with pytest.raises(WhereqlError):
        DIALECT.decode(source)


def test_inferred_says_that_a_key_has_one_kind() -> None:
    def read(source: str, **options: Any) -> str:
        return whereql.to_text(DIALECT.decode(source, **options))

    assert read("metadata->>'year' >= 2020 AND metadata->>'t' LIKE 'a%'", schema="inferred") == "year >= 2020 AND t ILIKE 'a%'"
    assert read("metadata->>'year' >= 2020", schema={"year": "int"}) == "year >= 2020"
    assert read("metadata->>'n' < 5") == "n < 5 OR n IN (TRUE, FALSE)"


def test_the_wildcards_of_glob_are_characters(engine: Worker) -> None:
    records = [make_record(f"{number}", metadata={"s": text}) for number, text in enumerate(["a*b", "axb", "a?b", "a[x]b", "A*B", "a]b"])]
    for text in ("s STARTS WITH 'a*'", "s ENDS WITH '?b'", "s LIKE 'a[x]_'", "s ILIKE 'A*b'", "s LIKE '%]%'", "s ILIKE '%[X%'"):
        expr = whereql.parse(text)
        assert engine.run(DIALECT.encode(expr).native, records) == [record.id for record in records if holds(expr, record)], text
