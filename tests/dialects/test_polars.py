"""Filters as expressions of Polars, on tables of typed columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from foreign import Worker, worker
from frames import LACKS, fits, options, tokens_of
from injection import check_injection
from proving import prove

import whereql
from whereql.dialects.frames.polars import DIALECT
from whereql.records import Record, make_record
from whereql.testing import DialectContract


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("polars_frame", own=True) as started:
        yield started


class TestPolars(DialectContract):
    lacks = LACKS

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return options(records)


@pytest.mark.engines
class TestPolarsExecuted(TestPolars):
    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


@pytest.mark.engines
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("polars", DIALECT, engine, lacks=LACKS, options=options, variant="declared")
    assert proof.exact > 0.7 * proof.filters  # the rest looks into lists


@pytest.mark.engines
def test_without_a_schema_the_literals_say_the_types(engine: Worker) -> None:
    # keep: a column of strings that is compared with a number is an error to Arrow, and the note says what is taken for granted.
    proof = prove("polars", DIALECT, engine, lacks=LACKS, keep=fits, seed=7, variant="not declared")
    assert proof.exact > 0.5 * proof.filters


RECORDS = [
    make_record("1", metadata={"n_int": 2**53 + 1, "s_string": "apple"}), make_record("2", metadata={"n_int": 2**53, "s_string": "a.b"}),
    make_record("3", metadata={"n_int": -3, "f_float": 2.0**53}), make_record("4"),
]  # fmt: skip


@pytest.mark.engines
@pytest.mark.parametrize(("text", "found", "tempting", "wrong"), [
    ("s_string != 'apple'", ["2", "3", "4"], "pl.col('s_string') != 'apple'", ["2"]),
    ("NOT n_int > 0", ["3", "4"], "~(pl.col('n_int') > 0)", ["3"]),
    ("s_string NOT IN ('apple', 'x')", ["2", "3", "4"], "~pl.col('s_string').is_in(['apple', 'x'])", ["2"]),
    ("n_int = 9007199254740992.0", ["2"], "pl.col('n_int') == 2.0**53", ["1", "2"]),
    ("f_float < 9007199254740993", ["3"], "pl.col('f_float') < 9007199254740993", []),
    ("NOT s_string LIKE '%pp%'", ["2", "3", "4"], "~pl.col('s_string').str.contains('pp')", ["2"]),
    ("s_string CONTAINS '.'", ["2"], "pl.col('s_string').str.contains('.')", ["1", "2"]),
])  # fmt: skip
def test_traps(engine: Worker, text: str, found: list[str], tempting: str, wrong: list[str]) -> None:
    schema = {"n_int": "int", "s_string": "string", "f_float": "float"}
    assert engine.run(DIALECT.encode(whereql.parse(text), schema=schema).native, RECORDS) == found
    assert engine.run(tempting, RECORDS) == wrong


def test_defect_20_a_dot_in_like_is_a_dot(engine: Worker) -> None:
    assert engine.run(DIALECT.encode(whereql.parse("s_string LIKE '%.%'")).native, RECORDS) == ["2"]


def test_names_are_no_patterns() -> None:
    # pl.col("^k.*$") is every column that begins with k.
    assert DIALECT.encode(whereql.parse('`^k$` = 1 AND `*` = 2')).native == (
        "(pl.selectors.by_name('^k$').cast(pl.Float64) == 1.0) & (pl.selectors.by_name('*').cast(pl.Float64) == 2.0)"
    )


def test_a_nan_is_no_number() -> None:
    native = DIALECT.encode(whereql.parse("f > 1"), schema={"f": "float"}).native
    assert native == "(pl.col('f') > 1.0) & pl.col('f').is_not_nan()"  # alone, the comparison finds a NaN


def test_defect_25_there_is_no_modulo_whose_sign_would_differ() -> None:
    with pytest.raises(whereql.ParseError):
        whereql.parse("n % 2 = 1")


def test_no_value_is_more_than_a_value() -> None:
    assert check_injection(DIALECT, tokens_of({"col"}), takes_key=lambda key: key != "*" and not (key.startswith("^") and key.endswith("$"))) > 500
