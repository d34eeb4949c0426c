"""Chroma's `where`, by Chroma itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from foreign import Run, Worker, worker
from injection import hostile_pairs
from merging_evaluator import check_structure
from proving import prove

import whereql
from whereql.ast import Expr
from whereql.dialects.chroma import DIALECT
from whereql.errors import CheckError, TranslateError
from whereql.testing import DialectContract


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("chroma_embedded") as started:
        yield started


# Chroma refuses keys that are empty or begin with # or $; it stores some floats of more than 15 digits as their neighbours, and takes a
# document for ended at its first NUL; sparse vectors go in by another door of its client.
LACKS = frozenset({"odd keys", "sparse vectors", "long floats", "nul"})


class TestChroma(DialectContract):
    filters = 50
    lacks = LACKS

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, engine: Worker) -> Run:
        return engine.run


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **options).native


def found(engine: Worker, native: Any, *metadata: Mapping[str, Any] | None) -> list[int]:
    return sorted(int(id) for id in engine.run(native, [whereql.make_record(f"{number}", metadata=each) for number, each in enumerate(metadata)]))


def test_numbers_are_written_for_the_rounding_of_the_server(engine: Worker) -> None:
    rows = ({"k": 1}, {"k": 1.5}, {"k": 2}, {"k": 1.0}, None)
    assert found(engine, written("k >= 1.5"), *rows) == [1, 2]
    assert found(engine, {"k": {"$gte": 1.5}}, *rows) == [0, 1, 2]  # the tempting answer: 1.5 is cut off to 1 for ints
    assert found(engine, written("NOT k = 1.5"), *rows) == [0, 2, 3, 4]
    assert found(engine, written("k < 1.5"), *rows) == [0, 3]
    assert found(engine, written("k > -1.5"), {"k": -1}, {"k": -1.5}, {"k": -2}) == [0]
    assert found(engine, written("k <= -1.5"), {"k": -1}, {"k": -1.5}, {"k": -2}) == [1, 2]
    assert written("k >= 1.5", version=None) == {"k": {"$gte": 1.5}}
    assert (written("k = 1"), written("k != 1"), written("k = 1.0")) == ({"k": 1}, {"k": {"$ne": 1}}, {"k": 1})


def test_what_is_written_for_a_server_reads_as_what_was_meant() -> None:
    for text in ("k >= 1.5", "k = 1.5", "k != 0.5", "k IN (1, 2.5, 'a', TRUE)", f"k = {2**53 + 1}", "k HAS 1"):
        assert whereql.equivalent(DIALECT.decode(written(text)), whereql.parse(text)).verdict == "yes"


def test_a_number_that_the_server_misreads_is_refused(engine: Worker) -> None:
    assert found(engine, {"k": 2021.9999999999998}, {"k": 2022.0}) == [0]
    with pytest.raises(TranslateError, match="as its neighbour") as caught:
        DIALECT.encode(whereql.parse("k = 2021.9999999999998"))
    assert caught.value.hint
    assert written("k = 2021.9999999999998", version=None) == {"k": 2021.9999999999998}


def test_defect_8_one_part_is_no_group_and_in_is_there(engine: Worker) -> None:
    assert written("n = 5") == {"n": 5}
    assert found(engine, written("n IN (5, 'a', TRUE)"), {"n": 5}, {"n": "a"}, {"n": True}, {"n": 1}, None) == [0, 1, 2]


def test_filters_stay_within_what_a_server_takes(engine: Worker) -> None:
    rows = [whereql.make_record("a", metadata={"k": 1, "j": 3}), whereql.make_record("b")]
    deep: Expr = whereql.parse("k = 1")
    for number in range(100):
        deep = (whereql.F("j") == number) | deep if number % 2 else (whereql.F("j") != number + 1000) & deep
    for expr in (
        whereql.parse(" OR ".join(f"k = {number} AND j > {number}" for number in range(500))),
        whereql.parse(" AND ".join(f"(k != {number} OR j > {number}.5)" for number in range(500))),
        whereql.parse(f"k IN ({', '.join(map(str, range(30_000)))})"),
        whereql.parse(" AND ".join(f"k{number} NOT IN ({', '.join(f'{value}.5' for value in range(500))})" for number in range(40))),
        whereql.parse(f"k NOT HAS ANY ({', '.join(map(str, range(3_000)))})"),
        whereql.parse(" OR ".join(f"k HAS ANY ({number}, {number}.5, 'a', TRUE)" for number in range(400))),
        deep,
    ):
        translation = DIALECT.encode(expr, allow_residual=True)
        ids = engine.run(translation.native, rows)
        matches = whereql.compile_matcher(expr)
        assert [row.id for row in rows if row.id in ids and (translation.residual is None or whereql.compile_matcher(translation.residual)(row))] == [row.id for row in rows if matches(row)]
    assert DIALECT.encode(whereql.parse(" OR ".join(f"k = {number} AND j = {number}" for number in range(400)))).exact


def test_before_0_5_12_a_negation_lost_records_without_the_key() -> None:
    with pytest.raises(TranslateError, match="lose records without the key") as caught:
        DIALECT.encode(whereql.parse("k != 1"), version="0.5.11")
    assert caught.value.hint
    assert written("k != 1", version="0.5.12") == {"k": {"$ne": 1}}
    assert whereql.to_text(DIALECT.decode({"$or": [{"k": {"$ne": 1}}, {"j": {"$nin": ["a"]}}]}, version="0.5.11")) == "k IS NOT NULL AND k != 1 OR j IS NOT NULL AND j NOT IN ('a')"
    assert whereql.to_text(DIALECT.decode({"k": {"$ne": 1}})) == "k != 1"


def test_older_servers_have_no_arrays_and_no_documents_in_where() -> None:
    for text, version in (("k HAS 'a'", "1.0.0"), ("#document CONTAINS 'a'", "0.6.3")):
        with pytest.raises(TranslateError):
            DIALECT.encode(whereql.parse(text), version=version)


@pytest.mark.parametrize("version", ["", "1.x", "new", 5.5j])
def test_a_version_is_numbers_with_dots(version: Any) -> None:
    with pytest.raises(CheckError, match="no version of Chroma"):
        DIALECT.encode(whereql.parse("k = 1"), version=version)


def test_hostile_keys_and_values_are_data() -> None:
    pairs = [pair for pair in hostile_pairs(6) if not pair[0].startswith("$") and pair[0] != "#document"]  # which are refused
    assert check_structure(DIALECT, pairs) > 800


def test_proof_by_chroma(engine: Worker) -> None:
    prove("chroma", DIALECT, engine, lacks=LACKS)
