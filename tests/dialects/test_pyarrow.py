"""Filters as expressions of PyArrow, on tables of typed columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from foreign import Worker, worker
from frames import LACKS, fits, options, tokens_of
from injection import check_injection
from proving import prove

import whereql
from whereql.dialects.frames.pyarrow import DIALECT
from whereql.records import Record, make_record
from whereql.support import Support
from whereql.testing import DialectContract


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("pyarrow_table") as started:
        yield started


class TestPyArrow(DialectContract):
    lacks = LACKS

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return options(records)


def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("pyarrow", DIALECT, engine, lacks=LACKS, options=options, variant="declared")
    assert proof.exact > 0.7 * proof.filters  # the rest looks into lists


def test_without_a_schema_the_literals_say_the_types(engine: Worker) -> None:
    # keep: a column of strings that is compared with a number is an error to Arrow, and the note says what is taken for granted.
    proof = prove("pyarrow", DIALECT, engine, lacks=LACKS, keep=fits, seed=7, variant="not declared")
    assert proof.exact > 0.5 * proof.filters


RECORDS = [
    make_record("1", metadata={"n_int": 2**53 + 1, "s_string": "apple"}), make_record("2", metadata={"n_int": 2**53, "s_string": "a.b"}),
    make_record("3", metadata={"n_int": -3, "f_float": 2.0**53}), make_record("4"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found", "tempting", "wrong"), [
    ("s_string != 'apple'", ["2", "3", "4"], "pc.field('s_string') != 'apple'", ["2"]),
    ("NOT n_int > 0", ["3", "4"], "~(pc.field('n_int') > 0)", ["3"]),
    ("s_string NOT IN ('apple', 'x')", ["2", "3", "4"], "pc.field('s_string').isin(['apple', 'x']) == False", ["2", "3", "4"]),
    ("n_int = 9007199254740992.0", ["2"], "pc.field('n_int').cast(pa.float64(), safe=False) == 2.0**53", ["1", "2"]),
    ("f_float < 9007199254740993", ["3"], "pc.field('f_float') < pa.scalar(9007199254740993.0)", []),
    ("s_string IS NULL", ["3", "4"], "pc.field('s_string') == None", []),
    ("s_string = 5", [], "pc.field('s_string') == '5'", []),
])  # fmt: skip
def test_traps(engine: Worker, text: str, found: list[str], tempting: str, wrong: list[str]) -> None:
    schema = {"n_int": "int", "s_string": "string", "f_float": "float"}
    assert engine.run(DIALECT.encode(whereql.parse(text), schema=schema).native, RECORDS) == found
    assert engine.run(tempting, RECORDS) == wrong


def test_defect_20_a_dot_in_like_is_a_dot(engine: Worker) -> None:
    assert engine.run(DIALECT.encode(whereql.parse("s_string LIKE '%.%'")).native, RECORDS) == ["2"]


def test_what_is_taken_for_granted_is_noted() -> None:
    note = DIALECT.encode(whereql.parse("year > 5")).notes[0]
    assert (note.support, note.reason) == (Support.EXACT, "where the column holds numbers")
    assert DIALECT.encode(whereql.parse("year > 5"), schema={"year": "int"}).notes == ()
    with pytest.raises(whereql.TranslateError, match="a column holds values of one kind") as caught:
        DIALECT.encode(whereql.parse("k = 5 OR k = '5'"))
    assert "schema={'k': 'string'}" in str(caught.value.hint)
    assert DIALECT.encode(whereql.parse("k = 5 OR k = '5'"), schema={"k": "string"}).native == "pc.field('k') == '5'"


def test_no_value_is_more_than_a_value() -> None:
    assert check_injection(DIALECT, tokens_of({"field"})) > 500
