"""The pre-filter of `$vectorSearch`: a part of MQL, which montydb runs; Atlas itself does not run here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from foreign import Run, Worker, worker
from injection import hostile_pairs
from merging_evaluator import check_structure, schema_of
from proving import prove

import whereql
from whereql.dialects.mongo.atlas import DIALECT
from whereql.errors import TranslateError
from whereql.records import Record
from whereql.testing import DialectContract

PLACES = {"document": "text", "uri": "uri"}
OPERATORS = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$and", "$or", "$nor"}


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("mongo_python") as started:
        yield started


class TestAtlas(DialectContract):
    filters = 60

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, engine: Worker) -> Run:
        def run(native: Any, records: Sequence[Record]) -> list[str]:
            assert operators(native) <= OPERATORS
            return engine.run(native, records)

        return run

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {**PLACES, "schema": schema_of(records)}


class TestUndeclared(TestAtlas):
    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return PLACES


def operators(native: Any) -> set[str]:
    if isinstance(native, dict):
        return {key for key in native if key.startswith("$")}.union(*map(operators, native.values()))
    return set().union(*map(operators, native)) if isinstance(native, list) else set()


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **options).native


def test_complements_are_those_of_mql() -> None:
    known = {"schema": {"year": "int", "lang": "string", "tags": "string[]"}}
    assert written("NOT year > 5", **known) == {"$nor": [{"year": {"$gt": 5}}]}
    assert written("lang NOT IN ('a', 'b')", **known) == {"lang": {"$nin": ["a", "b"]}}
    assert written("tags NOT HAS 'a'", **known) == {"tags": {"$ne": "a"}}
    assert written("lang >= 'a'", **known) == {"lang": {"$gte": "a"}}


def test_what_may_be_an_array_is_a_superset_and_its_complement_refused() -> None:
    assert DIALECT.encode(whereql.parse("lang = 'a'"), allow_residual=True).native == {"lang": {"$eq": "a"}}
    for text in ("lang = 'a'", "lang != 'a'", "NOT year > 5", "tags HAS 'a'"):
        with pytest.raises(TranslateError) as caught:
            DIALECT.encode(whereql.parse(text))
        assert "arrays=False" in (caught.value.hint or "")
        assert DIALECT.encode(whereql.parse(text), arrays=False).exact


@pytest.mark.parametrize("text", ["k IS NULL", "k LIKE 'a%'", f"k > {2**53 + 1}", "`$k` = 1", "`k.0` = 1"])
def test_what_it_lacks_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(TranslateError) as caught:
        DIALECT.encode(whereql.parse(text), arrays=False)
    assert caught.value.hint


def test_hostile_keys_and_values_are_data() -> None:
    assert check_structure(DIALECT, [pair for pair in hostile_pairs(3) if "." not in pair[0]], arrays=False, metadata="metadata") > 800


def test_proof_as_mql(engine: Worker) -> None:
    prove("atlas", DIALECT, engine, options=lambda records: {**PLACES, "schema": schema_of(records)})
