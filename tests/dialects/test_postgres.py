"""PostgreSQL's conditions, written and read, by PostgreSQL itself."""

from __future__ import annotations

from collections.abc import Iterator
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
from whereql.dialects.sql.postgres import DIALECT
from whereql.errors import TranslateError, UnsupportedError
from whereql.records import make_record
from whereql.testing import DialectContract

LACKS = ("nul",)  # no text of PostgreSQL holds U+0000
READ_OPTIONS: dict[str, Any] = {}

PLACES = {"t": lambda key: f"metadata->>{text_literal(key)}", "j": lambda key: f"metadata->{text_literal(key)}", "k": text_literal, "inner": lambda key: __import__("json").dumps(key, ensure_ascii=False).replace("'", "''")}
SAYINGS = [
    "{t} = {s}", "{t} <> {s}", "{t} != {s}", "{t} IN ({s}, {s}, {s})", "{t} NOT IN ({s}, {s})", "{t} IN ({s}, NULL)", "{t} NOT IN ({s}, NULL)", "{t} IS NOT DISTINCT FROM {s}", "{t} IS DISTINCT FROM {s}",
    "{t} IS NULL", "{t} IS NOT NULL", "{t} ISNULL", "{s} = {t}", "{t} = 'true'", "{t} = ANY(ARRAY[{s}, {s}])", "jsonb_typeof({j}) = 'string'", "jsonb_typeof({j}) IN ('number', 'boolean')", "jsonb_typeof({j}) <> 'string'",
    "(jsonb_typeof({j}) = 'number') IS NOT TRUE", "jsonb_typeof({j}) = 'string' AND ({t}) COLLATE \"C\" {op} {s}", "jsonb_typeof({j}) = 'string' AND {t} LIKE {p}", "jsonb_typeof({j}) = 'string' AND {t} NOT LIKE {p}",
    "jsonb_typeof({j}) = 'string' AND {t} ILIKE {letters}", "jsonb_typeof({j}) = 'string' AND {t} ~ {re}", "jsonb_typeof({j}) = 'string' AND {t} !~ {re}", "jsonb_typeof({j}) = 'string' AND starts_with({t}, {s})",
    "jsonb_typeof({j}) = 'string' AND strpos({t}, {s}) > 0", "{j} = {js}", "{j} <> {js}", "{j} IN ({js}, {js})", "{j} NOT IN ({js}, {js})", "{j} IS DISTINCT FROM {js}", "{j} {op} '{small}'", "NOT {j} {op} '{small}'",
    "jsonb_typeof({j}) = 'number' AND {j} BETWEEN '{small}' AND '{small}'", "metadata @> '{{inner}: {small}}'", "metadata @> '{{inner}: [{small}]}'", "(metadata @> '{{inner}: {small}}') IS NOT TRUE", "metadata @> '{{inner}: true}'",
    "{j} @> '[{small}]'", "{j} @> '{small}'", "NOT {j} @> '[true]'", "{j} @> '[true, false]'", "jsonb_typeof({j}) <> 'object' AND {j} ? {s}", "jsonb_typeof({j}) = 'array' AND {j} ?| array[{s}, {s}]", "jsonb_typeof({j}) = 'array' AND {j} ?& array[{s}, {s}]",
    "metadata ? {k}", "(metadata ? {k}) IS NOT TRUE", "document LIKE {p}", "document ILIKE {letters}", "document NOT LIKE {p}", "document LIKE 'a!%%' ESCAPE '!'", "id = {s}", "id IN ({s}, {s})", "uri IS NULL", "uri <> {s}",
    "document COLLATE \"C\" {op} {s}", "starts_with(document, {s})", "document ^@ {s}", "document ~ {re}", "document ~~ {p}", "uri::text = {s}", "jsonb_extract_path_text(metadata, {k}) = {s}", "{t} = NULL", "TRUE", "{t} IS NULL OR {t} = {s}",
]  # fmt: skip


@pytest.fixture(scope="module")
def url(postgres_server: str) -> str:
    return postgres_server.replace("+psycopg", "")


@pytest.fixture(scope="module")
def version(url: str) -> dict[str, str]:
    import psycopg

    with psycopg.connect(url) as connection:
        return {"PostgreSQL": str(connection.execute("SHOW server_version").fetchall()[0][0])}


@pytest.fixture(scope="module")
def engine(url: str, version: dict[str, str]) -> Iterator[Worker]:
    with worker("sql_postgres", url=url) as started:
        started.versions = version
        yield started


@pytest.fixture(scope="module")
def columns(url: str, version: dict[str, str]) -> Iterator[Worker]:
    with worker("sql_postgres", url=url, layout="columns") as started:
        started.versions = version
        yield started


class TestPostgres(DialectContract):
    lacks = frozenset(LACKS)
    examples = (
        ("metadata->>'lang' = 'en'", "lang = 'en'"),
        ("metadata->>'n' = 'true'", "n IN ('true', TRUE)"),
        ("NOT metadata->>'lang' = 'en'", "lang IS NOT NULL AND lang != 'en'"),
        ("metadata->>'lang' IS DISTINCT FROM 'en'", "lang != 'en'"),
        ("""metadata @> '{"lang": "en", "tags": ["ml", "db"]}'""", "lang = 'en' AND tags HAS 'ml' AND tags HAS 'db'"),
        ("metadata->'n' = '5.0'", "n = 5"),
        ("metadata->'tags' ?| array['ml', 'db'] AND jsonb_typeof(metadata->'tags') = 'array'", "tags HAS ANY ('ml', 'db')"),
        ("jsonb_typeof(metadata->'n') = 'number' AND (metadata->>'n')::numeric >= 5", "n >= 5"),
        (Sql("metadata->>'lang' = %s AND metadata->>'title' = '100%%'", ("en",)), "lang = 'en' AND title = '100%'"),
        (Sql("metadata->>'lang' = ANY(%s)", (["en", "de"],)), "lang IN ('en', 'de')"),
    )

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, engine: Worker) -> Run:
        return engine.run


class TestColumns(ColumnsContract):
    lacks = frozenset({*LACKS, "odd keys", "mixed kinds"})

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, columns: Worker) -> Run:
        return columns.run

    def is_name(self, key: str) -> bool:
        return super().is_name(key) and len(key.encode()) <= 63


def test_it_finds_what_the_filter_means(engine: Worker) -> None:
    prove("postgres", DIALECT, engine, lacks=LACKS, variant="JSON")


def test_so_it_does_in_columns(columns: Worker) -> None:
    prove("postgres", DIALECT, columns, lacks=(*LACKS, "odd keys", "mixed kinds"), options=schema_of, variant="typed columns")


def test_what_is_read_means_what_postgres_makes_of_it(engine: Worker) -> None:
    prove_reading("postgres", DIALECT, engine, native_sets(DIALECT, SAYINGS, PLACES, LACKS), variant="JSON")


def test_hostile_keys_and_values_stay_one_name_and_one_string() -> None:
    columns = {"layout": "columns", "schema": {}, "literals": True}
    assert check_injection(without_nul(DIALECT), tokens, takes_key=lambda key: key not in ("", "id", "document", "uri") and "\0" not in key, **columns) > 500


def test_so_they_do_in_json(engine: Worker) -> None:
    assert check_hostile_by_running(DIALECT, engine, LACKS) >= 200


def test_values_are_parameters() -> None:
    assert DIALECT.encode(whereql.parse("s = \"x' OR 1=1 --\"")).native == Sql("metadata @> %s", ('{"s": "x\' OR 1=1 --"}',))


ROWS = [
    make_record(f"{number}", metadata=metadata)
    for number, metadata in enumerate([{"s": "apple", "n": 5, "b": True}, {"s": "Banana", "n": -3, "b": False}, {}, {"s": 5, "n": "5", "b": 1, "t": ["apple"]}, {"n": 5.0, "s": "Zoo"}])
]


def found(engine: Worker, text: str, **options: Any) -> list[str]:
    return engine.run(DIALECT.encode(whereql.parse(text), **options).native, ROWS)


def test_defect_7_negations_have_one_rule_for_missing_keys(engine: Worker) -> None:
    for text in ("s != 'apple'", "NOT s = 'apple'", "s NOT IN ('apple', 'x')"):
        assert found(engine, text) == ["1", "2", "3", "4"]
    assert engine.run("metadata->>'s' <> 'apple'", ROWS) == ["1", "3", "4"]  # the tempting way


def test_defect_14_a_text_that_looks_like_a_number_is_a_text(engine: Worker) -> None:
    assert found(engine, "n = 5 OR s = '5'") == ["0", "4"]
    assert found(engine, "n = '5'") == ["3"]
    assert engine.run("metadata->>'n' = '5'", ROWS) == ["0", "3"]  # the tempting way


def test_defect_15_a_value_is_no_structure_and_an_empty_list_finds_nothing(engine: Worker) -> None:
    assert found(engine, "s = \"x' OR 1=1 OR 'a'='a\"") == []
    assert found(engine, "s IN ()") == []
    assert found(engine, "s NOT IN ()") == ["0", "1", "2", "3", "4"]


def test_defect_6_ne_is_read_and_written(engine: Worker) -> None:
    native = whereql.translate({"s": {"$ne": "apple"}}, "chroma", "postgres").native
    assert engine.run(native, ROWS) == ["1", "2", "3", "4"]


def test_jsonb_orders_values_of_other_types_and_a_collation_letters(engine: Worker) -> None:
    assert found(engine, "n < 6") == ["0", "1", "4"]
    assert engine.run("metadata->'n' < '6'", ROWS) == ["0", "1", "3", "4"]  # the tempting way
    assert found(engine, "s > 'Z'") == ["0", "4"]


def test_numbers_that_jsonb_can_not_tell_apart_are_left_to_the_residual() -> None:
    with pytest.raises(TranslateError) as caught:
        DIALECT.encode(whereql.parse("n = 4611686018427387904"))
    assert "layout='columns'" in str(caught.value.hint)
    assert DIALECT.encode(whereql.parse("n = 4611686018427387904"), layout="columns", schema={"n": "int"}).exact


def test_other_styles_of_places() -> None:
    expr = whereql.parse(r"s = 'a' AND t LIKE '50\%%'")
    assert DIALECT.encode(expr, params="numeric").native.text == "metadata @> $1 AND jsonb_typeof(metadata->'t') = 'string' AND metadata->>'t' LIKE $2"
    assert DIALECT.encode(expr, params="named").native.params == {"p1": '{"s": "a"}', "p2": r"50\%%"}
    assert DIALECT.encode(whereql.parse("`100%` IS NULL")).native.text == "metadata->>'100%%' IS NULL"
    assert DIALECT.encode(whereql.parse("`100%` IS NULL"), literals=True).native == "metadata->>'100%' IS NULL"  # a text alone: empty parameters would halve a %%


def test_not_of_a_containment_asks_for_a_fact() -> None:
    source = """NOT metadata @> '{"a": 1}'"""
    with pytest.raises(UnsupportedError) as caught:
        DIALECT.decode(source)
    assert "nullable=False" in str(caught.value.hint)
    assert whereql.to_text(DIALECT.decode(source, nullable=False)) == "a != 1"


def test_casts_are_read_where_the_kind_is_known() -> None:
    with pytest.raises(UnsupportedError):
        DIALECT.decode("(metadata->>'year')::int >= 2020")
    assert whereql.to_text(DIALECT.decode("(metadata->>'year')::int >= 2020", schema={"year": "int"})) == "year >= 2020"
    assert whereql.to_text(DIALECT.decode("(metadata->>'year')::float8 BETWEEN 2020 AND 2024 AND metadata->>'t' LIKE '%net%'", schema="inferred")) == "year BETWEEN 2020 AND 2024 AND t CONTAINS 'net'"
