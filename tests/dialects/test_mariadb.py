"""Filters in the SQL of MariaDB, on metadata in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from foreign import Worker, worker
from injection import Token, hostile_pairs
from proving import prove
from sql_tokens import check_pairs, tokens

import whereql
from whereql.dialect import Sql
from whereql.dialects.sql.mariadb import DIALECT
from whereql.records import make_record
from whereql.semantics import holds
from whereql.testing import DialectContract

ENGINE = pytest.mark.engines


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_mariadb", own=True) as started:
        yield started


class TestMariadb(DialectContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT


@ENGINE
class TestOnMariadb(TestMariadb):
    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


@ENGINE
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("mariadb", DIALECT, engine, variant="JSON")
    assert proof.exact > 0.9 * proof.filters


RECORDS = [
    make_record("1", document="apple", metadata={"s": "apple", "n": 5, "b": True, "t": ["x"]}), make_record("2", document="APPLE", metadata={"s": "APPLE", "n": 1e300, "b": 1}), make_record("3"),
    make_record("4", metadata={"s": "apple ", "n": 2**53 + 1, "t": "x"}), make_record("5", metadata={"s": "5", "n": "5"}), make_record("6", metadata={"s": 5, "n": 2**53, "é": "ü"}),
    make_record("7", metadata={"é": "ü", "n": 2.0**53}),
]  # fmt: skip


@ENGINE
@pytest.mark.parametrize(("text", "found", "tempting", "wrong"), [
    ("s = 'apple'", ["1"], "JSON_VALUE(metadata, '$.s') = 'apple'", ["1", "4"]),
    ("s = '5'", ["5"], "JSON_UNQUOTE(JSON_EXTRACT(metadata, '$.s')) = '5'", ["5", "6"]),
    ("b = TRUE", ["1"], "JSON_VALUE(metadata, '$.b') = 1", ["1", "2"]),
    ("#document = 'apple'", ["1"], "document = 'apple'", ["1", "2"]), ("#document LIKE 'app%'", ["1"], "document LIKE 'app%%'", ["1", "2"]),
    ("n = 9007199254740993", ["4"], "JSON_EXTRACT(metadata, '$.n') = 9007199254740993e0", ["4", "6", "7"]),
    ("t HAS 'x'", ["1"], "JSON_CONTAINS(metadata, '\"x\"', '$.t')", ["1", "4"]),
    ("é = 'ü'", ["6", "7"], "JSON_UNQUOTE(JSON_EXTRACT(metadata, '$.é')) = 'ü'", ["6"]),
    ("NOT s = 'apple'", ["2", "3", "4", "5", "6", "7"], "NOT JSON_EXTRACT(metadata, '$.s') = 'apple'", ["2", "5", "6"]),
])  # fmt: skip
def test_traps(engine: Worker, text: str, found: list[str], tempting: str, wrong: list[str]) -> None:
    assert engine.run(DIALECT.encode(whereql.parse(text)).native, RECORDS) == found
    assert engine.run(Sql(tempting), RECORDS) == wrong


@ENGINE
def test_whatever_the_sql_mode(engine: Worker) -> None:
    for mode in ("NO_BACKSLASH_ESCAPES", "ANSI,PIPES_AS_CONCAT", ""):
        engine.run({"text": "SET SESSION sql_mode = %s", "params": [mode]}, RECORDS)
        for text in ("s = '\\\\' OR s LIKE '%\\\\\\\\%' OR `k\\\\'` = 'a' OR s STARTS WITH 'appl'", "NOT (s ENDS WITH '|' OR s CONTAINS '%')"):
            expr = whereql.parse(text)
            assert engine.run(DIALECT.encode(expr).native, RECORDS) == [record.id for record in RECORDS if holds(expr, record)]


def test_a_pattern_that_pcre_may_give_up_is_refused() -> None:
    with pytest.raises(whereql.TranslateError, match="give the search up"):
        DIALECT.encode(whereql.parse("s MATCHES '(a|aa)*[bc]'"))


def test_a_collation_is_a_name() -> None:
    assert "utf8mb4_0900_bin" in DIALECT.encode(whereql.parse("s = 'a'"), collation="utf8mb4_0900_bin").native.text
    with pytest.raises(whereql.CheckError, match="is no collation"):
        DIALECT.encode(whereql.parse("s = 'a'"), collation="binary; DROP TABLE t")


def test_no_value_is_more_than_a_value() -> None:
    def lexed(native: Any) -> list[Token]:
        return tokens(native, place=r"(?P<place>%s)", holder="metadata", path=True)

    assert check_pairs(DIALECT, lexed, takes=lambda key: key.isascii() and "\x7f" not in key) > 500


def test_a_key_of_another_alphabet_is_looked_for_in_two_spellings() -> None:
    texts = {DIALECT.encode(whereql.F(key) == "plain").native.text for key, _ in hostile_pairs(5) if not key.isascii()}
    assert len(texts) == 1


@ENGINE
def test_a_filter_as_large_as_it_may_be_is_taken(engine: Worker) -> None:
    tower = ~(whereql.F("f") > 1)
    for level in range(40):
        part = whereql.F("s").like(f"q{level}%")
        tower = part & tower if level % 2 else part | tower
    wide = [whereql.F("n") != n for n in range(600)] + [~whereql.F("t").has(f"x{n}") for n in range(600)]
    for expr in (tower, whereql.And(wide), whereql.Or([~part for part in wide]), whereql.F("s").is_in([f"v{n}" for n in range(20_000)])):
        engine.run(DIALECT.encode(expr, allow_residual=True).native, RECORDS)


def test_what_no_number_passes_is_false() -> None:
    assert DIALECT.encode(whereql.parse("k > 1.7976931348623157e308")).native.text == "FALSE"
