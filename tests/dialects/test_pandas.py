"""Filters as masks of pandas, on columns of anything, and on typed ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from foreign import Worker, worker
from frames import LACKS, options, tokens_of
from injection import check_injection
from proving import prove

import whereql
from whereql.dialects.frames.pandas import DIALECT
from whereql.records import make_record
from whereql.testing import DialectContract


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("pandas_frame") as started:
        yield started


class TestPandas(DialectContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


def test_random_filters_on_columns_of_anything(engine: Worker) -> None:
    proof = prove("pandas", DIALECT, engine, variant="columns of anything")
    assert proof.exact > 0.9 * proof.filters  # the rest are patterns that a backtracking search could take too long for


@pytest.mark.parametrize("columns", ["inferred", "nullable", "arrow"])
def test_random_filters_on_declared_columns(columns: str) -> None:
    with worker("pandas_frame", columns=columns) as engine:
        proof = prove("pandas", DIALECT, engine, lacks=LACKS, options=options, variant=f"{columns} columns")
    assert proof.exact > 0.9 * proof.filters


RECORDS = [
    make_record("1", metadata={"n_int": 2**53 + 1, "s_string": "apple", "t_strings": ["ml"]}), make_record("2", metadata={"n_int": 2**53, "s_string": "a.b"}),
    make_record("3", metadata={"n_int": 1, "b_bool": True}), make_record("4"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found", "tempting", "wrong"), [
    ("n_int = 9007199254740993", ["1"], "pd.to_numeric(df['n_int']) == 9007199254740993", ["1", "2"]),
    ("b_bool = 1", [], "df['b_bool'] == 1", ["3"]),
    ("NOT n_int > 1", ["3", "4"], "pd.to_numeric(df['n_int']) <= 1", ["3"]),
    ("s_string CONTAINS '.'", ["2"], "df['s_string'].str.contains('.', na=False)", ["1", "2"]),
    ("t_strings HAS 'm'", [], "df['t_strings'].astype(str).str.contains('m')", ["1"]),
    ("n_int IN (TRUE)", [], "df['n_int'].isin([True])", ["3"]),
])  # fmt: skip
def test_traps(engine: Worker, text: str, found: list[str], tempting: str, wrong: list[str]) -> None:
    expr = whereql.parse(text)
    schema = {"n_int": "int", "s_string": "string", "b_bool": "bool", "t_strings": "string[]"}
    assert engine.run(DIALECT.encode(expr).native, RECORDS) == found
    with worker("pandas_frame", columns="inferred") as typed:
        assert typed.run(DIALECT.encode(expr, schema=schema).native, RECORDS) == found
    assert engine.run(tempting, RECORDS) == wrong


def test_defect_20_a_dot_in_like_is_a_dot(engine: Worker) -> None:
    assert engine.run(DIALECT.encode(whereql.parse("s_string LIKE '%.%'")).native, RECORDS) == ["2"]


def test_an_empty_frame_has_a_mask() -> None:
    import pandas as pd

    frame = pd.DataFrame({"k": []})
    assert frame[eval(DIALECT.encode(whereql.parse("NOT k = 'a' AND k IS NULL")).native, {"df": frame, "pd": pd})].empty


def test_no_value_is_more_than_a_value() -> None:
    assert check_injection(DIALECT, tokens_of({"no call"})) > 500
    assert check_injection(DIALECT, tokens_of({"no call"}), seed=2, schema={"k": "string"}, takes_key=lambda key: key == "k") > 100
