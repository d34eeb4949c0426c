"""SQLite's conditions, written and read, by SQLite itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from foreign import Run, Worker, worker
from native_sql import ColumnsContract, native_sets, schema_of, text_literal
from proving import prove, prove_reading

from whereql.dialect import Sql
from whereql.dialects.sql.sqlite import DIALECT
from whereql.records import Record
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
        started.versions = {f"{name} (columns)": version for name, version in started.versions.items()}
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
    prove("sqlite", DIALECT, engine, lacks=LACKS, options=lambda records: {"regexp": True})


def test_so_it_does_in_columns(columns: Worker) -> None:
    prove("sqlite", DIALECT, columns, lacks=(*LACKS, "odd keys", "mixed kinds"), options=lambda records: schema_of(records) | {"regexp": True})


def test_what_is_read_means_what_sqlite_makes_of_it() -> None:
    with worker("sql_sqlite", regexp=True, plain=True) as engine:  # before 3.45 a path finds no key that is written with an escape
        prove_reading("sqlite", DIALECT, engine, native_sets(DIALECT, SAYINGS, PLACES, LACKS, **READ_OPTIONS), **READ_OPTIONS)
