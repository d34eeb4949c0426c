"""Filters in Spark's SQL, on columns of types."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from foreign import EngineError, Worker, worker
from injection import check_injection
from proving import prove
from sql_tokens import check_names, check_values, tokens
from typed_columns import COLUMN_LACKS, ColumnsContract, schema_options

import whereql
from whereql.dialect import Sql
from whereql.dialects.sql.spark import DIALECT, SparkWriter
from whereql.records import make_record
from whereql.semantics import holds

ENGINE = pytest.mark.engines


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_spark", own=True) as started:
        yield started


class TestSpark(ColumnsContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def takes(self, key: str) -> bool:
        return bool(key) and "\0" not in key and "${" not in key and key not in ("id", "document")


@ENGINE
class TestOnSpark(TestSpark):
    filters = 20  # each is a job of its own

    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


@ENGINE
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("spark", DIALECT, engine, lacks=COLUMN_LACKS, options=schema_options, variant="typed columns")
    assert proof.exact > 0.9 * proof.filters


RECORDS = [
    make_record("1", metadata={"s": "apple", "n": 2**53 + 1, "b": True}), make_record("2", metadata={"s": "a\n", "n": 2**53, "f": 1.5}), make_record("3"),
    make_record("4", metadata={"s": "b\u2028c", "b": False, "t": ["x"]}), replace(make_record("5"), metadata={"s": "a\nb", "f": math.nan}),
]  # fmt: skip


@ENGINE
@pytest.mark.parametrize(("text", "found", "tempting", "wrong"), [
    ("s != 'apple'", ["2", "3", "4", "5"], "s <> 'apple'", ["2", "4", "5"]),
    ("n = 9007199254740992.0", ["2"], "n = 9007199254740992.0D", ["1", "2"]),
    ("f > 1.0", ["2"], "f > 1.0D", ["2", "5"]), ("s MATCHES '^a$'", [], "s RLIKE '^a$'", ["2"]),
    ("s MATCHES 'b.c'", ["4"], "s RLIKE 'b.c'", []),
    ("s MATCHES '(?m)^$'", ["2"], "s RLIKE '(?m)^$'", []),
    ("t NOT HAS 'x'", ["1", "2", "3", "5"], "NOT array_contains(t, 'x')", []),
])  # fmt: skip
def test_traps(engine: Worker, text: str, found: list[str], tempting: str, wrong: list[str]) -> None:
    schema = {"s": "string", "n": "int", "t": "string[]", "f": "float"}
    assert engine.run(DIALECT.encode(whereql.parse(text), schema=schema).native, RECORDS) == found
    assert engine.run(Sql(tempting), RECORDS) == wrong


@ENGINE
def test_ansi_mode_refuses_what_is_never_written(engine: Worker) -> None:
    for text in ("b = 1", "n = 'x'", "s IN ()"):
        with pytest.raises(EngineError):
            engine.run(Sql(text), RECORDS)
    for text in ("b = 1", "n = 'x'", "s IN ()"):
        assert engine.run(DIALECT.encode(whereql.parse(text), schema={"b": "bool", "n": "int"}).native, RECORDS) == []


@ENGINE
def test_values_in_the_text(engine: Worker) -> None:
    for text in ("s = 'it''s' OR n = -9223372036854775807 OR f = 1.5", "n = -9223372036854775808", "f IN (1.5, 5e-324)", "s LIKE 'a\\\\_%' OR s ENDS WITH 'e'"):
        expr = whereql.parse(text)
        assert engine.run(DIALECT.encode(expr, literals=True, schema={"n": "int"}).native, RECORDS) == [record.id for record in RECORDS if holds(expr, record)]


def test_a_like_that_java_may_not_finish_is_refused() -> None:
    """Spark makes `.*` of each %, and tries."""
    assert DIALECT.encode(whereql.parse(r"s LIKE '%%a%%%b\%c%%'"), literals=True).native == r"s LIKE '%a%b\\%c%'"
    for text in ("%a%b%c%", "a%b%c%d"):
        with pytest.raises(whereql.TranslateError, match="might take too long"):
            DIALECT.encode(whereql.F("s").like(text))


def test_no_variable_is_put_into_a_text() -> None:
    """Spark replaces `${env:HOME}` before it parses, within quotes, too."""
    assert DIALECT.encode(whereql.F("s") == "${env:HOME}", literals=True).native == "s = '$\\{env:HOME}'"
    with pytest.raises(whereql.TranslateError, match="the value of a variable"):
        DIALECT.encode(whereql.F("${env:HOME}") == 1)


@ENGINE
def test_the_engine_keeps_what_looks_like_a_variable(engine: Worker) -> None:
    assert engine.run({"text": "SELECT '${x}'"}, RECORDS) == [""]
    assert engine.run({"text": "SELECT '$\\{x}'"}, RECORDS) == ["${x}"]
    assert engine.run({"names": "1 AS `${x}y`"}, RECORDS) == ["y"]


def test_a_pattern_that_java_may_not_finish_is_refused() -> None:
    with pytest.raises(whereql.TranslateError, match="might take too long"):
        DIALECT.encode(whereql.parse("s MATCHES '(a|aa)+b'"))


def test_no_value_is_more_than_a_value() -> None:
    assert check_injection(DIALECT, lambda native: tokens(native, text="escaped"), literals=True) > 500
    assert check_injection(DIALECT, lambda native: tokens(native, place=":(?P<place>p[0-9]+)")) > 500


@ENGINE
def test_no_value_is_more_than_a_value_to_its_parser(engine: Worker) -> None:
    writer = SparkWriter(dict.fromkeys(DIALECT.options), whereql.Const(True))
    assert check_values(engine, writer.literal, lambda texts: {"text": f"SELECT explode(array({texts}))"}) >= 1_000
    assert check_names(engine, writer.name, lambda key: bool(key) and "${" not in key) > 300


@ENGINE
def test_a_filter_as_large_as_it_may_be_is_taken(engine: Worker) -> None:
    tower = ~(whereql.F("f") > 1)
    for level in range(40):
        part = whereql.F("s").like(f"q{level}%")
        tower = part & tower if level % 2 else part | tower
    options = {"schema": {"f": "float", "s": "string", "n": "int", "t": "string[]"}}
    wide = [whereql.F("n") != n for n in range(600)] + [~whereql.F("t").has(f"x{n}") for n in range(600)]
    for expr in (tower, whereql.And(wide), whereql.Or([~part for part in wide]), whereql.F("s").is_in([f"v{n}" for n in range(5_000)])):
        engine.run(DIALECT.encode(expr, allow_residual=True, **options).native, RECORDS)
