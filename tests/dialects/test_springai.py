"""Spring AI's filter expressions: read as its own parser and its own evaluator took them, whose answers are in `tests/data/springai.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import proving
import pytest

import whereql
from whereql.dialects.frameworks import springai
from whereql.errors import LimitError, ParseError, UnsupportedError
from whereql.records import make_record
from whereql.semantics import holds
from whereql.testing import DialectContract

ANSWERS = Path(__file__).parent.parent / "data" / "springai.json"
DECODE = springai.DIALECT.decode


class TestSpringAI(DialectContract):
    # What the documentation of Spring AI and the tests of its parser show.
    examples = (
        ("country == 'BG'", "country = 'BG'"), ("genre == 'drama' && year >= 2020", "genre = 'drama' AND year >= 2020"),
        ("genre in ['comedy', 'documentary', 'drama']", "genre IN ('comedy', 'documentary', 'drama')"),
        ("year >= 2020 OR country == \"BG\" AND city != \"Sofia\"", "year >= 2020 OR (country = 'BG' AND city != 'Sofia')"),
        ("(year >= 2020 || country == \"BG\") && city NOT IN ['Sofia', \"Plovdiv\"]", "(year >= 2020 OR country = 'BG') AND city NOT IN ('Sofia', 'Plovdiv')"),
        ("city nin ['Sofia']", "city NOT IN ('Sofia')"), ("isOpen == true AND year >= 2020", "isOpen AND year >= 2020"), ("price >= 15.6 && price <= +20.13", "price BETWEEN 15.6 AND 20.13"),
        ("not(isOpen == true AND NOT(country IN [\"BG\"]))", "NOT (isOpen AND country NOT IN ('BG'))"), ("NOT country NOT IN ['BG']", "country IN ('BG')"),
        ("temperature >= -15.6", "temperature >= -15.6"), ("biz_id == -5L", "biz_id = -5"), ("'country.1' == 'BG'", "`country.1` = 'BG'"),
        ("\"country \\\"1 2\" == 'BG'", "`country \"1 2` = 'BG'"), ("author.name == 'Knuth'", "author.name = 'Knuth'"), ("doi is null OR doi IS NOT NULL", "TRUE"),
        ("stuff == \"he'd say \\\"hello\\\"\"", "stuff = 'he''d say \"hello\"'"), ("stuff == 'one backslash: \\\\'", "stuff = 'one backslash: \\'"), ("WHERE a == 1", "a = 1"), ("where a == .5", "a = 0.5"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Any:
        return springai.DIALECT


def test_reads_as_the_real_parser_and_evaluator_do() -> None:
    recorded = json.loads(ANSWERS.read_text(encoding="utf-8"))
    records = [make_record(str(number), metadata=metadata) for number, metadata in enumerate(recorded["records"])]
    compared = 0
    for source, answers in recorded["answers"]:
        try:
            expr = DECODE(source, store="simple")
        except UnsupportedError as error:
            assert "U+E000" in error.message, source
        except ParseError:
            assert answers is None or source in SKIPS
        else:
            assert answers is not None, source
            compared += 1
            for record, answer in zip(records, answers, strict=True):
                assert answer in ("x", "01"[holds(expr, record)]), (source, record)  # x: it raises, on kinds that it can't compare
    assert compared > 1000
    proving.record("springai", "read", {"Spring AI": "of August 2026, answers recorded"}, proving.Proof(compared, compared))


# Spring AI's lexer drops what it does not know, and goes on: here a quote that is never closed, or a letter.
SKIPS = (
    "NOT n < +5l && \"b\" >+21474'3648L", "k_1 !=\"apple\" && a.b == '\\\\where ''",
    "a IS NOT NULL OR \"it's\" != +5l || 'x y' IS NULL && not a is NULL AND a <= 'a\n) OR 'Привет' != +5",
)  # fmt: skip


def test_not_reaches_as_far_as_it_can() -> None:
    assert DECODE("NOT a == 1 AND b == 2") == whereql.parse("NOT (a = 1 AND b = 2)")
    assert DECODE("NOT a == 1 AND b == 2") != whereql.parse("NOT a = 1 AND b = 2")  # as in SQL
    assert DECODE("a == 1 AND NOT b == 2 OR c == 3") == whereql.parse("a = 1 AND NOT (b = 2 OR c = 3)")
    assert DECODE("(NOT a == 1) AND b == 2") == whereql.parse("NOT a = 1 AND b = 2")


def test_a_missing_key_is_less_than_any_value_in_the_simple_store() -> None:
    missing = make_record("1", metadata={})
    for source, simple in [("k < 5", True), ("k <= 5", True), ("k > 5", False), ("NOT k < 5", False), ("k != 5", True), ("k NIN [5]", True)]:
        assert holds(DECODE(source, store="simple"), missing) is simple, source
    assert not holds(DECODE("k < 5"), missing)


@pytest.mark.parametrize(
    ("source", "place", "said"),
    [
        ("", 0, "a condition is due"), ("a == ", 5, "a value"), ("a = 1", 2, "'='"), ("l == 1", 0, "a key"), ("whereabouts == 'x'", 0, "WHERE alone"), ("a.b.c == 1", 3, "an operator"),
        ("a == 1 And b == 2", 7, "a connective"), ("a in []", 6, "a value"), ("a == 1e5", 6, "a connective"), ("a == 'x", 5, "no '''"), ("(a == 1", 7, "')'"), ("null == 1", 0, "a key"), ("- a == 1", 0, "a key"),
        ("a == 1 ;", 7, "';'"), ("a is 1", 5, "NULL"),
    ],
)  # fmt: skip
def test_a_mistake_has_a_place(source: str, place: int, said: str) -> None:
    with pytest.raises(ParseError) as caught:
        DECODE(source)
    assert caught.value.span is not None
    assert (caught.value.code, caught.value.span.start) == ("WQ119", place)
    assert said in caught.value.message


@pytest.mark.parametrize(("source", "store"), [("a > true", "any"), ("a > '😀'", "simple"), ("a == 9007199254740993", "simple"), ("a in [9007199254740993L]", "simple")])
def test_what_has_no_counterpart_is_refused(source: str, store: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        DECODE(source, store=store)
    assert caught.value.code == "WQ504"


def test_limits_hold() -> None:
    for source in ("(" * 5000 + "a == 1", "NOT " * 5000 + "a == 1", f"a == '{'x' * 2_000_000}'"):
        with pytest.raises(LimitError):
            DECODE(source)
    assert DECODE("a == '" + "\\\\" * 100_000 + "'").size == 1
