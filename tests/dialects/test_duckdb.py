"""DuckDB's conditions, written and read, by DuckDB itself."""

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
from whereql.dialects.sql.duckdb import DIALECT
from whereql.errors import UnsupportedError
from whereql.records import make_record
from whereql.testing import DialectContract

LACKS = ("nul",)  # of the natives, not of DuckDB: a text of SQL holds no NUL
READ_OPTIONS: dict[str, Any] = {}


def pointer(key: str) -> str:
    return text_literal("/" + key.replace("~", "~0").replace("/", "~1"))


def elements(key: str) -> str:
    return f"metadata->{pointer(key)}->>'$[*]'"


PLACES = {
    "t": lambda key: f"(metadata->>{pointer(key)})", "type": lambda key: f"json_type(metadata, {pointer(key)})", "x": lambda key: f"json_extract_string(metadata, {pointer(key)})",
    "first": lambda key: f"json_type(metadata, {text_literal(pointer(key)[1:-1].replace(chr(39) * 2, chr(39)) + '/0')})", "e": elements,
}  # fmt: skip
SAYINGS = [
    "{t} = {s}", "{t} <> {s}", "{t} != {s}", "{t} IN ({s}, {s}, {s})", "{t} NOT IN ({s}, {s})", "{t} IN ({s}, NULL)", "{t} NOT IN ({s}, NULL)", "{t} IS NOT DISTINCT FROM {s}", "{t} IS DISTINCT FROM {s}",
    "{t} IS NULL", "{t} IS NOT NULL", "{x} = {s}", "{s} = {t}", "{type} = 'VARCHAR'", "{type} IN ('BIGINT', 'UBIGINT', 'DOUBLE')", "{type} = 'BOOLEAN'", "({type} = 'VARCHAR') IS NOT TRUE", "{type} <> 'VARCHAR'",
    "{type} = 'VARCHAR' AND {t} {op} {s}", "{type} = 'VARCHAR' AND {t} LIKE {p}", "{type} = 'VARCHAR' AND {t} NOT LIKE {p}", "{type} = 'VARCHAR' AND {t} ILIKE {letters}", "{type} = 'VARCHAR' AND contains({t}, {s})",
    "{type} = 'VARCHAR' AND starts_with({t}, {s})", "{type} = 'VARCHAR' AND NOT suffix({t}, {s})", "{type} = 'VARCHAR' AND regexp_matches({t}, {re})", "{type} = 'VARCHAR' AND {t} BETWEEN {s} AND {s}",
    "{type} IN ('BIGINT', 'UBIGINT', 'DOUBLE') AND TRY_CAST({t} AS DOUBLE) {op} {small}", "{type} IN ('BIGINT', 'UBIGINT', 'DOUBLE') AND TRY_CAST({t} AS DOUBLE) = {small}", "{type} <> 'VARCHAR' AND TRY_CAST({t} AS DOUBLE) > {small} AND {type} IN ('DOUBLE', 'UBIGINT', 'BIGINT')",
    "{type} IN ('BIGINT', 'UBIGINT', 'DOUBLE') AND TRY_CAST({t} AS DOUBLE) IN ({small}, {small})", "list_contains({e}, {s})", "NOT (list_contains({e}, {s}) IS TRUE)", "list_has_any({e}, [{s}, {s}])", "list_has_all({e}, [{s}, {s}])",
    "{first} = 'VARCHAR' AND list_contains({e}, {s})", "{first} IN ('BIGINT', 'UBIGINT', 'DOUBLE') AND list_contains(TRY_CAST({e} AS DOUBLE[]), {small})", "{first} = 'VARCHAR' AND NOT list_contains({e}, {s})",
    "document LIKE {p}", "document LIKE 'a!%%' ESCAPE '!'", "document ILIKE {letters}", "document NOT LIKE {p}", "id = {s}", "id IN ({s}, {s})", "uri IS NULL", "uri <> {s}", "document {op} {s}", "contains(document, {s})",
    "instr(document, {s}) > 0", "regexp_matches(document, {re})", "document ^@ {s}", "document ~~ {p}", "id IN ()", "id NOT IN ()", "{t} = NULL", "TRUE", "{t} IS NULL OR {t} = {s}",
]  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_duckdb") as started:
        yield started


@pytest.fixture(scope="module")
def columns() -> Iterator[Worker]:
    with worker("sql_duckdb", layout="columns") as started:
        yield started


class TestDuckdb(DialectContract):
    filters = 50
    examples = (
        ("metadata->>'lang' = 'en'", "lang = 'en'"),
        ("(metadata->>'n') = 'true'", "n IN ('true', TRUE)"),
        ("NOT (metadata->>'lang') = 'en'", "lang IS NOT NULL AND lang != 'en'"),
        ("json_type(metadata, 'n') IN ('BIGINT', 'UBIGINT') AND TRY_CAST(metadata->>'n' AS BIGINT) > 5 OR json_type(metadata, 'n') = 'DOUBLE' AND TRY_CAST(metadata->>'n' AS DOUBLE) > 5", "n > 5"),
        ("list_contains(metadata->>'$.tags[*]', 'ml')", "tags HAS 'ml'"),
        (Sql("(metadata->>'lang') IN (?, $2)", ("en", "de")), "lang IN ('en', 'de')"),
    )

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, engine: Worker) -> Run:
        return engine.run


class TestColumns(ColumnsContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, columns: Worker) -> Run:
        return columns.run


def test_it_finds_what_the_filter_means(engine: Worker) -> None:
    prove("duckdb", DIALECT, engine, variant="JSON")


def test_so_it_does_in_columns(columns: Worker) -> None:
    prove("duckdb", DIALECT, columns, lacks=("odd keys", "mixed kinds"), options=schema_of, variant="typed columns")


def test_what_is_read_means_what_duckdb_makes_of_it(engine: Worker) -> None:
    prove_reading("duckdb", DIALECT, engine, native_sets(DIALECT, SAYINGS, PLACES, LACKS), variant="JSON")


def real_tokens(native: object) -> list[tuple[str, Any]]:
    """The tokens as DuckDB cuts them, strings and names as it sees them."""
    import duckdb

    sql = str(native)
    found = duckdb.tokenize(sql)
    ends = [start for start, _ in found[1:]] + [len(sql.encode())]
    texts = [sql.encode()[start:end].decode().strip() for (start, _), end in zip(found, ends, strict=True)]
    return [token for text in texts for token in tokens(Sql(text))]


def test_hostile_keys_and_values_stay_one_name_and_one_string() -> None:
    columns = {"layout": "columns", "schema": {}, "literals": True}
    assert check_injection(without_nul(DIALECT), real_tokens, takes_key=lambda key: key not in ("", "id", "document", "uri") and "\0" not in key, **columns) > 500


def test_so_they_do_in_json(engine: Worker) -> None:
    assert check_hostile_by_running(DIALECT, engine) >= 200


def test_values_are_parameters() -> None:
    hostile = Sql("(metadata->>'s') = ?", ("x' OR 1=1 --",))
    assert DIALECT.encode(whereql.parse("s = \"x' OR 1=1 --\"")).native == hostile


ROWS = [
    make_record(f"{number}", metadata=metadata)
    for number, metadata in enumerate([{"s": "apple", "n": 5, "b": True}, {"s": "Banana", "n": -3, "b": False}, {}, {"s": 5, "n": "5", "b": 1, "t": ["apple"]}, {"n": 2**53 + 1, "t": [5]}])
]


def found(engine: Worker, text: str, **options: Any) -> list[str]:
    return engine.run(DIALECT.encode(whereql.parse(text), **options).native, ROWS)


def test_not_finds_records_without_the_key(engine: Worker) -> None:
    assert found(engine, "s != 'apple'") == ["1", "2", "3", "4"]
    assert engine.run("(metadata->>'s') <> 'apple'", ROWS) == ["1", "3"]  # the tempting way


def test_texts_are_no_numbers(engine: Worker) -> None:
    assert [found(engine, text) for text in ("n = 5", "n = '5'", "s = '5'", "b = 1", "t HAS '5'", "t HAS 5")] == [["0"], ["3"], [], ["3"], [], ["4"]]
    assert engine.run("(metadata->>'n') = '5'", ROWS) == ["0", "3"]  # the tempting way


def test_an_int_is_not_the_double_beside_it(engine: Worker) -> None:
    assert found(engine, "n = 9007199254740992.0") == []
    assert found(engine, "n = 9007199254740993") == ["4"]
    assert engine.run("TRY_CAST(metadata->>'n' AS DOUBLE) = 9007199254740992.0", ROWS) == ["4"]  # the tempting way


def test_an_arrow_without_parentheses_takes_what_follows() -> None:
    with pytest.raises(UnsupportedError, match="parentheses"):
        DIALECT.decode("metadata->'s' = '\"apple\"'")


def test_words_of_re2_that_mean_more_elsewhere_are_refused() -> None:
    assert whereql.to_text(DIALECT.decode("regexp_matches(document, '^a[0-9]+')")) == "#document MATCHES '^a[0-9]+'"
    for pattern in (r"\d", r"\bnet", "(?i)a[[:alpha:]]", "[a-c&&b]"):
        with pytest.raises(UnsupportedError):
            DIALECT.decode(f"regexp_matches(document, '{pattern}')")


@pytest.mark.parametrize(("source", "what"), [
    ("(metadata->>'') IS NULL", "an empty path"), ("id IN 'abc'", "IN without parentheses"),  # finds a: contains('abc', id)
    ("document NOT IN 'abc'", "IN without parentheses"),
    ("json_type(metadata, 'k') IN ('UBIGINT', 'DOUBLE')", "the sign of an int"), ("json_type(metadata, 'k') = 'BIGINT'", "the sign of an int"),
])  # fmt: skip
def test_what_means_something_else_to_duckdb_is_refused(source: str, what: str) -> None:
    with pytest.raises(UnsupportedError, match=what):
        DIALECT.decode(source)
    assert DIALECT.decode("id IN ['a', 'b']") == DIALECT.decode("id IN ('a', 'b')")
