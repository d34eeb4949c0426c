"""Filters in the SQL of ClickHouse, on metadata as JSON text and in columns of types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from foreign import Worker, worker
from injection import Token, check_injection
from proving import prove
from sql_tokens import check_names, check_pairs, check_values, tokens
from typed_columns import COLUMN_LACKS, column_options

import whereql
from whereql.dialect import Sql
from whereql.dialects.sql.clickhouse import DIALECT, ClickhouseWriter
from whereql.records import make_record
from whereql.testing import DialectContract

ENGINE = pytest.mark.engines


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_clickhouse", own=True) as started:
        yield started


@pytest.fixture(scope="module")
def in_columns() -> Iterator[Worker]:
    with worker("sql_clickhouse", own=True, layout="columns") as started:
        yield started


class TestClickhouse(DialectContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT


@ENGINE
class TestOnClickhouse(TestClickhouse):
    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


@ENGINE
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("clickhouse", DIALECT, engine, variant="JSON")
    assert proof.exact == proof.filters
    assert prove("clickhouse", DIALECT, engine, options=lambda records: {"literals": True}, seed=300, variant="JSON, values in the text").exact > 0


@ENGINE
def test_random_filters_on_columns(in_columns: Worker) -> None:
    proof = prove("clickhouse", DIALECT, in_columns, lacks=COLUMN_LACKS, options=column_options, variant="typed columns")
    assert proof.exact == proof.filters


RECORDS = [
    make_record("1", metadata={"s": "apple", "n": 5, "f": 1.5, "b": True, "t": ["x", "y"]}), make_record("2", metadata={"s": "Banana", "n": -3, "b": False, "t": ["y"]}),
    make_record("3"), make_record("4", metadata={"s": "", "n": 0, "f": 5.0, "b": True, "big": [1e16]}), replace(make_record("5"), metadata={"s": "5", "n": 7, "f": -0.0, "b": False, "t": ["5"]}),
    make_record("6", metadata={"s": 5, "n": "5", "t": "x", "b": 1, "big": [10**16]}), make_record("7", metadata={"s": "a\nb"}),
]  # fmt: skip


@ENGINE
@pytest.mark.parametrize(("text", "found", "tempting", "wrong"), [
    ("s = ''", ["4"], "JSONExtractString(metadata, 's') = ''", ["4"]),
    ("n < 5", ["2", "4"], "JSONExtractFloat(metadata, 'n') < 5", ["2", "4", "7"]),
    ("s = '5'", ["5"], "JSONExtractString(metadata, 's') = '5'", ["5", "6"]),
    ("s != 'apple'", ["2", "3", "4", "5", "6", "7"], "JSONExtract(metadata, 's', 'Nullable(String)') != 'apple'", ["2", "4", "5", "6", "7"]),
    ("NOT n > 0", ["2", "3", "4", "6", "7"], "JSONExtractFloat(metadata, 'n') <= 0", ["2", "4", "7"]),
    ("f IN (0.0, 9.5)", ["5"], "toFloat64OrNull(JSONExtractRaw(metadata, 'f')) IN (0.0, 9.5)", []),
    ("b = TRUE", ["1", "4"], "JSONExtractBool(metadata, 'b')", ["1", "4", "6"]),
    ("s MATCHES 'a.b'", [], "match(JSONExtractString(metadata, 's'), 'a.b')", ["7"]),
    ("big HAS 10000000000000001.0", ["4", "6"], "JSONExtractFloat(metadata, 'big') = 1e16", []),
])  # fmt: skip
def test_traps(engine: Worker, text: str, found: list[str], tempting: str, wrong: list[str]) -> None:
    assert engine.run(DIALECT.encode(whereql.parse(text)).native, RECORDS) == found
    assert engine.run(Sql(tempting, {}), RECORDS) == wrong


@ENGINE
@pytest.mark.parametrize(("text", "found"), [
    ("NOT s = 'apple'", ["2", "3", "4", "5", "6", "7"]),
    ("(n = 5 OR n = 0) AND b = FALSE", []),
    ("s = 'it''s'", []), ("s = 'x'' OR 1=1 OR s=''y'", []),
])  # fmt: skip
def test_defects_1_2_3_not_is_kept_groups_are_kept_and_values_are_values(engine: Worker, text: str, found: list[str]) -> None:
    for literals in (False, True):
        assert engine.run(DIALECT.encode(whereql.parse(text), literals=literals).native, RECORDS) == found


@ENGINE
def test_a_filter_as_large_as_it_may_be_is_taken(engine: Worker) -> None:
    for part in ("big HAS 10000000000000{}.5", "s = '{}' OR n = {}"):
        expr = whereql.Or([whereql.parse(part.replace("{}", str(n + 100))) for n in range(1_000)])
        engine.run(DIALECT.encode(expr, allow_residual=True).native, RECORDS)
        wide = whereql.And([whereql.parse(part.replace("{}", str(n + 100))) for n in range(1_000)])
        engine.run(DIALECT.encode(wide, allow_residual=True).native, RECORDS)
    tower = whereql.parse("a = '1'")
    for level in range(60):
        tower = (tower & whereql.parse(f"k{level} HAS 1.5")) if level % 2 else (tower | whereql.parse(f"NOT k{level} HAS ANY (1.5, 'x', TRUE)"))
    engine.run(DIALECT.encode(tower, allow_residual=True).native, RECORDS)
    many = whereql.F("s").is_in([f"value {n}" for n in range(4_000)])
    engine.run(DIALECT.encode(many).native, RECORDS)


def test_columns_that_are_not_nullable_need_no_bridge() -> None:
    assert DIALECT.encode(whereql.parse("s != 'a'"), nullable=False, literals=True).native == "JSONExtractString(metadata, 's') != 'a'"
    assert DIALECT.encode(whereql.parse("s != 'a'"), literals=True).native == "ifNull(JSONExtractString(metadata, 's') != 'a', TRUE)"


def test_an_array_is_never_null() -> None:
    options = {"layout": "columns", "literals": True}
    assert DIALECT.encode(whereql.parse("t IS NULL"), schema={"t": "string[]"}, **options).native == "NOT (notEmpty(t))"
    assert "never NULL" in DIALECT.encode(whereql.parse("t IS NULL"), **options).notes[0].reason


def test_no_value_is_more_than_a_value() -> None:
    def lexed(native: Any) -> list[Token]:
        return tokens(native, text="escaped", names="escaped", place=r"\{(?P<place>p[0-9]+):(?:String|Float64|Int64)\}", holder="metadata")

    assert check_pairs(DIALECT, lexed) > 500
    assert check_pairs(DIALECT, lexed, literals=True) > 500
    assert check_injection(DIALECT, lexed, literals=True, layout="columns") > 500


@ENGINE
def test_no_value_is_more_than_a_value_to_its_parser(engine: Worker) -> None:
    writer = ClickhouseWriter({**dict.fromkeys(DIALECT.options), "metadata": "metadata"}, whereql.Const(True))
    assert check_values(engine, writer.literal, lambda texts: {"text": f"SELECT arrayJoin([{texts}])"}) >= 1_000
    assert check_names(engine, writer.name, bool) > 300


def test_what_no_number_passes_is_false() -> None:
    assert DIALECT.encode(whereql.parse("k > 1.7976931348623157e308")).native.text == "FALSE"
