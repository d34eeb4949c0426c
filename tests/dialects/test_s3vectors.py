"""The filters of S3 Vectors: by its documentation, not executed; their shape by botocore's model of the service."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from foreign import Run, worker
from injection import hostile_pairs
from merging_evaluator import OWN, Reading, check_structure, schema_of
from proving import COUNT, Evaluator, Proof, prove, record

import whereql
from whereql.dialects.mongo.s3vectors import DIALECT
from whereql.errors import TranslateError, UnsupportedError
from whereql.records import Record
from whereql.testing import DialectContract
from whereql.testing.generators import FilterMaker, Generator
from whereql.testing.holding import fit_all

LACKS = frozenset({"long ints", "sparse vectors"})
READINGS = [Reading(ne_needs_key, order_reaches) for ne_needs_key in (True, False) for order_reaches in (True, False)]


class TestS3Vectors(DialectContract):
    lacks = LACKS
    filters = 60

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture(params=READINGS, ids=str)
    def run(self, request: pytest.FixtureRequest) -> Run:
        """By each way to read what isn't documented."""
        run: Run = request.param.run
        return run

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {**OWN, "schema": schema_of(records)}


class TestUndeclared(TestS3Vectors):
    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return OWN


@pytest.mark.parametrize("is_declared", [True, False])
def test_proof_by_documentation(is_declared: bool) -> None:
    """By each way to read what isn't documented."""
    def options(records: Sequence[Record]) -> Mapping[str, Any]:
        return {**OWN, "schema": schema_of(records)} if is_declared else OWN

    for number, reading in enumerate(READINGS):
        prove("s3vectors", DIALECT, Evaluator(reading.run), lacks=LACKS, options=options, seed=number * 10_000, variant="declared" if is_declared else "not declared")


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **options).native


def test_a_number_may_be_in_an_array_here() -> None:
    translation = DIALECT.encode(whereql.parse("year = 2020"), allow_residual=True)
    assert (translation.native, translation.residual) == ({"year": {"$eq": 2020}}, whereql.parse("year = 2020"))
    assert written("year = 2020", schema={"year": "int"}) == {"year": {"$eq": 2020}}


def test_a_missing_key_is_asked_for_by_itself() -> None:
    native = written("genre != 'drama'", schema={"genre": "string"})
    assert native == {"$or": [{"genre": {"$exists": False}}, {"genre": {"$ne": "drama"}}]}
    records = [whereql.make_record("a", metadata={"genre": "drama"}), whereql.make_record("b"), whereql.make_record("c", metadata={"genre": "x"})]
    assert all(reading.run(native, records) == ["b", "c"] for reading in READINGS)
    assert {tuple(reading.run({"genre": {"$ne": "drama"}}, records)) for reading in READINGS} == {("c",), ("b", "c")}


@pytest.mark.parametrize("text", ["k LIKE 'a%'", "k > 'a'", "#id = 'a'", "`$k` = 1", "NOT k > 1", "k != 'a'"])
def test_what_it_lacks_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(TranslateError) as caught:
        DIALECT.encode(whereql.parse(text))
    assert caught.value.hint


def test_it_is_written_only() -> None:
    with pytest.raises(UnsupportedError, match="written only"):
        DIALECT.decode({"a": 1})


def test_hostile_keys_and_values_are_data() -> None:
    assert check_structure(DIALECT, list(hostile_pairs(2)), arrays=False) > 800


@pytest.mark.engines
def test_botocore_takes_the_shape() -> None:
    records = fit_all(Generator(3).records(25), LACKS)
    maker = FilterMaker(random.Random(3), records)
    natives = [DIALECT.encode(maker.filter(), allow_residual=True, **OWN, schema=schema_of(records)).native for _ in range(COUNT)]
    with worker("botocore_models", own=True, service="s3vectors") as model:
        assert model.run_all(natives, []) == [["valid"]] * len(natives)
        record("s3vectors", "shaped", model.versions, Proof(len(natives)))
