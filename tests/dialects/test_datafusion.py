"""Filters for DataFusion, on columns of types."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from foreign import Worker, worker
from injection import check_injection
from proving import prove
from sql_tokens import check_names, check_values, tokens
from typed_columns import ColumnsContract, schema_options

import whereql
from whereql.dialect import Sql
from whereql.dialects.sql.datafusion import DIALECT, DatafusionWriter
from whereql.records import make_record

ENGINE = pytest.mark.engines


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_datafusion", own=True) as started:
        yield started


class TestDatafusion(ColumnsContract):
    lacks: ClassVar[Any] = frozenset({"mixed kinds"})

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def takes(self, key: str) -> bool:
        return bool(key) and "\0" not in key and key not in ("id", "document")


@ENGINE
class TestOnDatafusion(TestDatafusion):
    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


@ENGINE
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("datafusion", DIALECT, engine, lacks={"mixed kinds"}, options=schema_options, variant="typed columns")
    assert proof.exact > 0.95 * proof.filters  # but for names with a NUL


@ENGINE
def test_random_filters_with_values_in_the_text(engine: Worker) -> None:
    assert prove("datafusion", DIALECT, engine, lacks={"mixed kinds"}, options=lambda records: {**schema_options(records), "literals": True}, seed=200, variant="typed columns, values in the text").exact > 0


RECORDS = [
    make_record("1", metadata={"s": "apple", "n": 2**53 + 1, "t": [0.0]}), replace(make_record("2"), metadata={"s": "a", "n": 2**53, "t": [-0.0, 1.5]}), make_record("3"),
    replace(make_record("4"), metadata={"s": "%", "f": math.nan}),
]  # fmt: skip


@ENGINE
@pytest.mark.parametrize(("text", "found", "tempting", "wrong"), [
    ("s != 'apple'", ["2", "3", "4"], "s <> 'apple'", ["2", "4"]),
    ("n = 9007199254740992.0", ["2"], "n = 9007199254740992.0", ["1", "2"]),
    ("NOT f > 1.5", ["1", "2", "3", "4"], "f > 1.5", ["4"]), ("t HAS 0.0", ["1", "2"], "array_has(t, 0.0)", ["1"]),
    ("s MATCHES '\\\\'", [], "regexp_like(s, '\\\\')", ["4"]),
    ("NOT s MATCHES '^a.*e$'", ["2", "3", "4"], "NOT regexp_like(s, '^a.*e$')", ["2", "4"]),
])  # fmt: skip
def test_traps(engine: Worker, text: str, found: list[str], tempting: str, wrong: list[str]) -> None:
    schema = {"s": "string", "n": "int", "t": "float[]", "f": "float"}
    assert engine.run(DIALECT.encode(whereql.parse(text), schema=schema).native, RECORDS) == found
    assert engine.run(Sql(tempting), RECORDS) == wrong


def test_is_distinct_from_would_swallow_what_follows() -> None:
    assert DIALECT.encode(whereql.parse("a != 'x' AND b != 'y'"), literals=True).native == "(a = 'x') IS NOT TRUE AND (b = 'y') IS NOT TRUE"


def test_no_value_is_more_than_a_value() -> None:
    assert check_injection(DIALECT, lambda native: tokens(native, quote='"'), literals=True) > 500
    assert check_injection(DIALECT, lambda native: tokens(native, quote='"', place=r"\$(?P<place>p[0-9]+)")) > 500


@ENGINE
def test_no_value_is_more_than_a_value_to_its_parser(engine: Worker) -> None:
    writer = DatafusionWriter(dict.fromkeys(DIALECT.options), whereql.Const(True))
    assert check_values(engine, writer.literal, lambda texts: {"text": f"SELECT unnest([{texts}]) AS x"}) >= 1_000
    assert check_names(engine, writer.name, lambda key: "\0" not in key) > 300


@ENGINE
def test_a_filter_as_large_as_it_may_be_is_taken(engine: Worker) -> None:
    tower = ~(whereql.F("f") > 1)
    for level in range(40):
        part = whereql.F("s").like(f"q{level}%")
        tower = part & tower if level % 2 else part | tower
    options = {"schema": {"f": "float", "s": "string", "n": "int", "t": "float[]"}}
    wide = [whereql.F("n") != n for n in range(600)] + [~whereql.F("t").has(float(n)) for n in range(600)]
    for expr in (tower, whereql.And(wide), whereql.Or([~part for part in wide]), whereql.F("s").is_in([f"v{n}" for n in range(5_000)])):
        engine.run(DIALECT.encode(expr, allow_residual=True, **options).native, RECORDS)
