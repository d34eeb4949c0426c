"""Filters for LanceDB's `where`, on columns of types."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from foreign import Worker, worker
from injection import check_injection
from proving import prove
from sql_tokens import check_values, tokens
from typed_columns import COLUMN_LACKS, ColumnsContract, schema_options

import whereql
from whereql.dialects.sql.lancedb import DIALECT, LancedbWriter
from whereql.records import make_record

ENGINE = pytest.mark.engines


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_lancedb", own=True) as started:
        yield started


class TestLancedb(ColumnsContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def takes(self, key: str) -> bool:
        return bool(key) and not set(key) & {"`", ".", "\0"} and key not in ("id", "document")


@ENGINE
class TestOnLancedb(TestLancedb):
    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


@ENGINE
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("lancedb", DIALECT, engine, lacks=COLUMN_LACKS, options=schema_options, variant="typed columns")
    assert proof.exact == proof.filters


@ENGINE
def test_random_filters_on_indexed_columns() -> None:
    with worker("sql_lancedb", own=True, indexed=True) as engine:
        assert prove("lancedb", DIALECT, engine, lacks=COLUMN_LACKS, options=schema_options, seed=100, variant="typed columns, indexed").exact > 0


RECORDS = [
    make_record("1", metadata={"s": "apple", "n": 5, "f": 1.5, "b": True, "t": ["x", "y"]}), make_record("2", metadata={"s": "Banana", "n": -3, "f": 2.0, "b": False, "t": ["y"]}),
    make_record("3"), make_record("4", metadata={"s": "", "n": 0, "f": 0.0, "b": True}), replace(make_record("5"), metadata={"s": "5", "n": 2**53 + 1, "f": -0.0, "b": False, "t": ["X", "x y"], "z": [-0.0]}),
    make_record("6", metadata={"s": "%", "n": 2**53, "f": 2.0**53}), replace(make_record("7"), metadata={"f": math.nan}),
]  # fmt: skip


@ENGINE
@pytest.mark.parametrize(("text", "found", "tempting", "wrong"), [
    ("s != 'apple'", ["2", "3", "4", "5", "6", "7"], "s <> 'apple'", ["2", "4", "5", "6"]),
    ("NOT n > 0", ["2", "3", "4", "7"], "n <= 0", ["2", "4"]),
    ("n = 9007199254740992.0", ["6"], "CAST(n AS DOUBLE) = 9007199254740992.0", ["5", "6"]),
    ("s MATCHES '\\\\'", [], "regexp_like(s, '\\\\')", ["6"]),
    ("f > 1.5", ["2", "6"], "f > 1.5", ["2", "6", "7"]), ("f = 0.0 AND z HAS 0.0", ["5"], "f = 0.0 AND array_has(z, 0.0)", []),
    ("NOT (s = 'apple' OR n = 0)", ["2", "3", "5", "6", "7"], "NOT (s = 'apple' OR n = 0)", ["2", "5", "6"]),
])  # fmt: skip
def test_traps(engine: Worker, text: str, found: list[str], tempting: str, wrong: list[str]) -> None:
    schema = {"s": "string", "n": "int", "f": "float", "z": "float[]"}
    assert engine.run(DIALECT.encode(whereql.parse(text), schema=schema).native, RECORDS) == found
    assert engine.run(tempting, RECORDS) == wrong


@ENGINE
@pytest.mark.parametrize(("text", "found"), [
    ("NOT s = 'apple'", ["2", "3", "4", "5", "6", "7"]),
    ("s != 'app'", ["1", "2", "3", "4", "5", "6", "7"]), ("n != 5", ["2", "3", "4", "5", "6", "7"]),
    ("s = 'x'' OR 1=1 OR ''a''=''a'", []), ("n IN ()", []), ("(s = 'apple' OR n = 0) AND b", ["1", "4"]),
])  # fmt: skip
def test_defects_10_11_12_not_is_kept_and_equality_is_no_search(engine: Worker, text: str, found: list[str]) -> None:
    assert engine.run(DIALECT.encode(whereql.parse(text)).native, RECORDS) == found


def test_what_is_taken_for_granted_is_noted() -> None:
    def reasons(text: str, **schema: str) -> list[str]:
        return [note.reason for note in DIALECT.encode(whereql.parse(text), schema=schema).notes]

    assert reasons("year > 5") == ["where the column holds numbers, none of them NaN"]
    assert reasons("year > 5.5 AND tags HAS 'a'") == ["where the column holds doubles, none of them NaN", "where the column holds lists of strings"]
    assert reasons("year > 5 AND tags HAS 'a'", year="int", tags="string[]") == []
    assert DIALECT.encode(whereql.parse("f > 1.5"), schema={"f": "float"}).native == "f > 1.5 AND NOT isnan(f)"
    assert DIALECT.encode(whereql.parse("f = 2.0")).native == "f = 2"  # a column of ints takes no 2.0
    with pytest.raises(whereql.TranslateError, match="a column has one type"):
        DIALECT.encode(whereql.parse("k = 5 OR k = '5'"))


def test_a_complement_is_one_is_not_true_deep_as_it_may_be() -> None:
    deep = whereql.parse("NOT (" * 20 + "n = 0" + " AND s = 'a')" * 20)
    assert DIALECT.encode(deep).native.count("NOT (") == 0
    tower = whereql.parse("a = 0")
    for level in range(60):
        tower = (tower & whereql.F(f"k{level}").has("x")) if level % 2 else (tower | whereql.F(f"k{level}").has("x"))
    assert DIALECT.encode(tower, allow_residual=True).residual is not None


@pytest.mark.parametrize("key", ["a.b", "a`b", "k\0", "", "id", "document"])
def test_a_name_that_no_column_has_is_refused(key: str) -> None:
    with pytest.raises(whereql.TranslateError):
        DIALECT.encode(whereql.F(key) == 1)


def test_no_value_is_more_than_a_value() -> None:
    assert check_injection(DIALECT, tokens, takes_key=lambda key: "." not in key and "`" not in key) > 500


@ENGINE
def test_no_value_is_more_than_a_value_to_its_parser(engine: Worker) -> None:
    engine.run("TRUE", RECORDS)
    assert check_values(engine, LancedbWriter({"schema": None, **_COLUMNS}, whereql.Const(True)).literal, lambda texts: {"list": f"[{texts}]"}, RECORDS) >= 1_000


_COLUMNS = {"id": "id", "document": "document", "uri": "uri", "nullable": True}


@ENGINE
def test_a_filter_as_large_as_it_may_be_is_taken(engine: Worker) -> None:
    tower = ~(whereql.F("f") > 1)
    for level in range(40):
        part = whereql.F("s").like(f"q{level}%")
        tower = part & tower if level % 2 else part | tower
    options = {"schema": {"f": "float", "s": "string", "n": "int", "t": "string[]"}}
    wide = [whereql.F("n") != n for n in range(600)] + [~whereql.F("t").has(f"x{n}") for n in range(600)]
    for expr in (tower, whereql.And(wide), whereql.Or([~part for part in wide]), whereql.F("s").is_in([f"v{n}" for n in range(20_000)])):
        engine.run(DIALECT.encode(expr, allow_residual=True, **options).native, RECORDS)
