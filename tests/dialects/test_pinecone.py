"""Pinecone's filters: by its documentation, not executed; their shape by the filter builder of its client."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from foreign import Run, worker
from injection import hostile_pairs
from merging_evaluator import OWN, Reading, check_structure, schema_of
from proving import COUNT, DOCUMENTED, Evaluator, Proof, prove, record

import whereql
from whereql.ast import Expr
from whereql.dialects.mongo.pinecone import DIALECT
from whereql.errors import TranslateError, UnsupportedError, WhereError
from whereql.records import Record
from whereql.semantics import holds
from whereql.testing import DialectContract
from whereql.testing.generators import FilterMaker, Generator
from whereql.testing.holding import fit_all

PINECONE = Reading(ne_needs_key=True)
LACKS = frozenset({"long ints", "sparse vectors"})


def storable(records: Sequence[Record]) -> list[Record]:
    """The records without the arrays that Pinecone doesn't take: those of other things than strings."""
    return [replace(record, metadata={key: value for key, value in (record.metadata or {}).items() if not isinstance(value, list) or isinstance(value[0], str)}) for record in records]


class TestPinecone(DialectContract):
    lacks = LACKS
    examples = (
        ({"genre": "drama"}, "genre = 'drama' OR genre HAS 'drama'"),
        ({"genre": {"$eq": "drama"}, "year": {"$gte": 2020}}, "(genre = 'drama' OR genre HAS 'drama') AND year >= 2020"),
        ({"genre": {"$ne": "drama"}}, "genre IS NOT NULL AND genre != 'drama' AND NOT genre HAS 'drama'"),
        ({"year": {"$gt": 1999, "$lte": 2020}}, "year > 1999 AND year <= 2020"),
        ({"$or": [{"genre": {"$in": ["comedy", "drama"]}}, {"is_jeans": True}]}, "genre IN ('comedy', 'drama') OR genre HAS ANY ('comedy', 'drama') OR is_jeans"),
        ({"year": {"$nin": [2019, 2020]}}, "year IS NOT NULL AND year NOT IN (2019, 2020)"),
        ({"genre": {"$exists": False}}, "genre IS NULL"),
    )

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self) -> Run:
        return PINECONE.run

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return OWN

    def _random(self, seed: int) -> tuple[list[Record], list[Expr]]:
        records, filters = super()._random(seed)
        return storable(records), filters


class TestDeclared(TestPinecone):
    """With a schema more is said exactly."""

    examples = ()

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {**OWN, "schema": schema_of(records)}


@pytest.mark.parametrize("is_declared", [True, False])
def test_proof_by_documentation(is_declared: bool) -> None:
    def options(records: Sequence[Record]) -> Mapping[str, Any]:
        return {**OWN, "schema": schema_of(records)} if is_declared else OWN

    prove("pinecone", DIALECT, Evaluator(PINECONE.run), lacks=LACKS, fit=storable, options=options, variant="declared" if is_declared else "not declared")


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **options).native


def found(native: Any, *metadata: Mapping[str, Any] | None) -> list[int]:
    return [int(id) for id in PINECONE.run(native, [whereql.make_record(f"{number}", metadata=each) for number, each in enumerate(metadata)])]


# -- what is written --------------------------------------------------------------------------------------------------


def test_a_complement_finds_what_lacks_the_key() -> None:
    rows = ({"genre": "drama"}, {"genre": "comedy"}, None)
    assert found(written("genre != 'drama'", schema={"genre": "string"}), *rows) == [1, 2]
    assert found({"genre": {"$ne": "drama"}}, *rows) == [1]  # the tempting answer


def test_a_required_key_needs_no_bridge() -> None:
    assert written("genre != 'drama'", schema={"genre": "string!"}) == {"genre": {"$ne": "drama"}}


def test_numbers_are_in_no_array() -> None:
    assert written("year = 2020") == {"year": {"$eq": 2020}}
    assert written("NOT year = 2020") == {"$or": [{"year": {"$exists": False}}, {"year": {"$ne": 2020}}]}


def test_a_string_may_be_in_an_array() -> None:
    translation = DIALECT.encode(whereql.parse("genre = 'drama'"), allow_residual=True)
    assert (translation.native, translation.residual) == ({"genre": {"$eq": "drama"}}, whereql.parse("genre = 'drama'"))
    with pytest.raises(TranslateError, match="takes an array like each of its elements") as caught:
        DIALECT.encode(whereql.parse("genre != 'drama'"))
    assert "schema=" in (caught.value.hint or "")
    assert written("genre HAS 'drama'", arrays=False) == {"genre": {"$eq": "drama"}}


def test_the_complement_of_an_order_needs_to_know_that_there_are_numbers() -> None:
    assert written("NOT year > 2020", schema={"year": "int"}) == {"$or": [{"year": {"$exists": False}}, {"year": {"$lte": 2020}}]}
    with pytest.raises(TranslateError, match="every other kind"):
        DIALECT.encode(whereql.parse("NOT year > 2020"))


def test_kinds_stand_in_lists_of_their_own() -> None:
    assert written("k IN (1, 'a', TRUE, 2.5)", schema={"k": ["int", "float", "string", "bool"]}) == {
        "$or": [{"k": {"$in": [1, 2.5]}}, {"k": {"$eq": "a"}}, {"k": {"$eq": True}}]
    }


def test_ints_that_are_no_doubles() -> None:
    assert written(f"k > {2**53 + 1}") == {"k": {"$gte": 2.0**53 + 2}}
    assert written(f"k < {2**53 + 1}") == {"k": {"$lte": 2.0**53}}
    assert found(written(f"k = {2**53 + 1}"), {"k": 2.0**53}, {"k": 2.0**53 + 2}, None) == []
    assert found(written(f"NOT k = {2**53 + 1}"), {"k": 2.0**53}, None) == [0, 1]
    assert written(f"k = {2**60}") == {"k": {"$eq": 2**60}}


def test_long_lists_are_cut() -> None:
    native = written("k IN :values".replace(":values", "(" + ", ".join(map(str, range(25_000))) + ")"))
    assert [len(part["k"]["$in"]) for part in native["$or"]] == [10_000, 10_000, 5_000]


@pytest.mark.parametrize("text", ["k LIKE 'a%'", "k > 'a'", "#id = 'a'", "#document = 'a'", "`$k` = 1", "`` = 1", "k MATCHES 'a'"])
def test_what_it_lacks_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(TranslateError) as caught:
        DIALECT.encode(whereql.parse(text))
    assert caught.value.hint


def test_the_document_has_a_key_where_one_is_named() -> None:
    assert written("#document = 'a'", document="text") == {"text": {"$eq": "a"}}


def test_hostile_keys_and_values_are_data() -> None:
    assert check_structure(DIALECT, list(hostile_pairs(1)), arrays=False) > 800


# -- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "path"),
    [({"$not": {"a": 1}}, "$.$not"), ({"a": {"$not": {"$gt": 5}}}, "$.a.$not"), ({"a": {"$regex": "x"}}, "$.a.$regex"), ({"a": {"$match_all": "x"}}, "$.a.$match_all")],
)  # fmt: skip
def test_refuses_what_is_no_filter(source: Any, path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        DIALECT.decode(source)
    assert (caught.value.code, caught.value.path) == ("WQ504", path)


@pytest.mark.parametrize(
    "source",
    [{"a": None}, {"a": ["x"]}, {"a": {}}, {"a": {"$gt": "x"}}, {"a": {"$gt": True}}, {"a": {"$in": []}}, {"a": {"$in": "x"}}, {"a": {"$exists": 1}}, {"$and": []}, {"$xor": [{}]}, {"a": {"$like": "x"}}, 5, {"a": {"$in": [1] * 10_001}}],
)  # fmt: skip
def test_refuses_what_pinecone_does_not_take(source: Any) -> None:
    with pytest.raises(WhereError) as caught:
        DIALECT.decode(source)
    assert caught.value.code == "WQ215" and caught.value.path and caught.value.hint


def test_numbers_are_read_as_the_doubles_that_they_are_there() -> None:
    assert DIALECT.decode({"k": {"$gt": 2**53 + 1}}) == whereql.parse("k > 9007199254740992.0")
    assert DIALECT.decode({"k": {"$in": [1, 2**53 + 1]}}) == whereql.parse("k IN (1, 9007199254740992.0)")


def test_depth_ends_in_a_limit() -> None:
    source: Any = {"a": 1}
    for _ in range(5_000):
        source = {"$or": [source]}
    with pytest.raises(whereql.LimitError):
        DIALECT.decode(source)


def sources(seed: int, records: Sequence[Record], count: int) -> list[Any]:
    """Random filters of Pinecone, their values from the records."""
    rng = random.Random(seed)
    held = [(key, item) for record in records for key, value in (record.metadata or {}).items() for item in (value if isinstance(value, list) else [value])]
    held = [pair for pair in held if pair[0] and not pair[0].startswith("$")] or [("missing", 1)]

    def condition(depth: int) -> dict[str, Any]:
        if depth and rng.random() < 0.5:
            return {rng.choice(["$and", "$or"]): [condition(depth - 1) for _ in range(rng.randint(1, 3))]}
        key, item = rng.choice(held)
        alike = [value for _, value in held if type(value) is type(item) and not isinstance(value, bool)]
        tests: list[Any] = [item, {"$eq": item}, {"$ne": item}, {"$exists": rng.random() < 0.5}]
        if alike:
            tests += [{"$in": [item, rng.choice(alike)]}, {"$nin": [rng.choice(alike), item]}]
        if type(item) in (int, float):
            tests += [{rng.choice(["$gt", "$gte", "$lt", "$lte"]): item}, {"$gte": item, "$ne": rng.choice(alike)}]
        return {key: rng.choice(tests), **({"missing": {"$ne": 1}} if rng.random() < 0.1 else {})}

    return [condition(rng.randint(0, 3)) for _ in range(count)]


@pytest.mark.parametrize("seed", range(max(4, COUNT // 80)))
def test_reads_what_the_documentation_says(seed: int) -> None:
    """By documentation, not executed."""
    records = storable(fit_all(Generator(seed).records(25), LACKS))
    proof = Proof()
    for source in sources(seed, records, 50):
        expr = DIALECT.decode(source)
        assert [each.id for each in records if holds(expr, each)] == PINECONE.run(source, records), source
        proof.filters, proof.exact = proof.filters + 1, proof.exact + 1
    record("pinecone", "read", DOCUMENTED, proof)


# -- the client of Pinecone -------------------------------------------------------------------------------------------


@pytest.mark.engines
def test_the_clients_filter_builder_makes_the_same() -> None:
    records = storable(fit_all(Generator(3).records(25), LACKS))
    maker = FilterMaker(random.Random(3), records)
    natives = [DIALECT.encode(maker.filter(), allow_residual=True, **OWN, schema=schema_of(records)).native for _ in range(COUNT)]
    natives = [native for native in natives if native]
    with worker("pinecone_client", own=True) as client:
        assert client.run_all(natives, []) == [["the same"]] * len(natives)
        record("pinecone", "shaped", client.versions, Proof(len(natives)))
    assert len(natives) > COUNT // 5
