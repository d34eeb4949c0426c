"""PostgreSQL's conditions, written and read, by PostgreSQL itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from foreign import Run, Worker, worker
from native_sql import ColumnsContract, native_sets, schema_of, text_literal
from proving import prove, prove_reading

from whereql.dialect import Sql
from whereql.dialects.sql.postgres import DIALECT
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
        started.versions = {f"{name} (columns)": each for name, each in version.items()}
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
        return lambda native, records: columns.run(native.text, records)  # without parameters a % is itself

    def is_name(self, key: str) -> bool:
        return super().is_name(key) and len(key.encode()) <= 63


def test_it_finds_what_the_filter_means(engine: Worker) -> None:
    prove("postgres", DIALECT, engine, lacks=LACKS)


def test_so_it_does_in_columns(columns: Worker) -> None:
    prove("postgres", DIALECT, columns, lacks=(*LACKS, "odd keys", "mixed kinds"), options=schema_of)


def test_what_is_read_means_what_postgres_makes_of_it(engine: Worker) -> None:
    prove_reading("postgres", DIALECT, engine, native_sets(DIALECT, SAYINGS, PLACES, LACKS))
