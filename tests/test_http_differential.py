"""Random records and filters: a real Chroma server through the HTTP backend against the executable truth."""

from __future__ import annotations

import doctest
import itertools
import math
import os
import random
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from strategies import COMBINATIONS, FLOATS, INTS, FilterMaker, Generator
from whereql_http import encoding, patterns, spelling
from whereql_http.encoding import condition
from whereql_http.spelling import is_kept, spell

import whereql
from whereql import chroma_numbers as numbers
from whereql.ast import Expr, Field, Not, Predicate
from whereql.operators import Op
from whereql.planning import make_plan
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.values import INT_MAX, INT_MIN, literal, number_test

_numbers = itertools.count()
ROUNDS = 60 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 6
FILTERS = 100


def open_new(url: str) -> whereql.Collection:
    return whereql.open(url, f"differential-{next(_numbers)}", create=True, nearest=True)


def storable(record: Record) -> Record:
    """The record as a Chroma server can hold it: with an embedding, without keys and values that it refuses."""
    metadata = {key: value for key, value in (record.metadata or {}).items() if key and key[0] not in "#$" and not isinstance(value, dict)}
    return replace(record, metadata=metadata or None, embedding=np.array([1.0, 0.5], np.float32))


def add(collection: whereql.Collection, records: list[Record]) -> None:
    added = collection.add(
        ids=[record.id for record in records],
        embeddings=[record.embedding for record in records],
        metadatas=[record.metadata for record in records],
        documents=[record.document for record in records],
        uris=[record.uri for record in records],
    )
    assert added == len(records)


EVERYTHING = ["documents", "metadatas", "uris", "embeddings"]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_random_filters_find_what_they_mean(seed: int, chroma_url: str) -> None:
    generator = Generator(seed)
    with open_new(chroma_url) as collection:
        add(collection, [storable(record) for record in generator.records(40)])
        held = list(collection.get(include=EVERYTHING))
        maker = FilterMaker(generator.random, held)
        wrong = []
        exact: Counter[bool] = Counter()
        for number in range(FILTERS):
            expr = maker.filter(COMBINATIONS[(seed * FILTERS + number) % len(COMBINATIONS)])
            try:
                expected = [record.id for record in held if holds(expr, record)]
            except whereql.WhereqlError:
                continue  # a pattern that is refused by name
            exact[make_plan(collection.backend, whereql.Query(expr)).is_exact] += 1
            if (found := collection.get(expr).ids) != expected:
                wrong.append((whereql.to_text(expr), found, expected))
        assert not wrong, wrong[:3]
        assert exact[True] > FILTERS / 4 < exact[False] * 2


def test_records_come_back_as_they_were_written(chroma_url: str) -> None:
    records = [storable(record) for record in Generator(99).records(60)]
    with open_new(chroma_url) as collection:
        add(collection, records)
        for written, read in zip(records, collection.get(include=EVERYTHING), strict=True):
            assert in_order(read) == in_order(written) or _has_lost_float(written)


def in_order(record: Record) -> str:
    """All of a record as text, in which 1 is not 1.0; the server tells keys in any order."""
    return repr((record.id, record.document, record.uri, sorted((record.metadata or {}).items()), None if record.embedding is None else record.embedding.tolist()))


def _has_lost_float(record: Record) -> bool:
    values = itertools.chain.from_iterable(value if isinstance(value, list) else [value] for value in (record.metadata or {}).values())
    return any(isinstance(value, float) and not is_kept(value) for value in values)


# Numbers: Chroma's own rule as a model, on which the encoding is proved; and the same grid on the server.

EDGES = [2**53, 2**62, 2**63 - 1024, INT_MAX, -(2**53), INT_MIN]


def adversarial_numbers() -> list[float]:
    ints = {edge + step for edge in (*INTS, *EDGES, 0) for step in range(-3, 4)} | {2**63 - 1024 + step for step in (511, 512, 513, 1023)}
    floats = {*FLOATS, 0.0, *(float(edge) for edge in (*INTS, *EDGES)), 0.5, -0.5, 1.5, -1.5, 1e300, -1e300, 2.0**64, -(2.0**64)}
    near = {math.nextafter(number, to) for number in floats for to in (math.inf, -math.inf)}
    return [*(n for n in sorted(ints) if INT_MIN <= n <= INT_MAX), *(f + 0.0 for f in sorted(floats | near) if math.isfinite(f))]


def chroma_says(op: str, operand: object, stored: float) -> bool:
    """Whether a stored number passes one of Chroma's conditions."""
    if isinstance(operand, list):
        found = any(chroma_says("$eq", one, stored) for one in operand)
        return found if op == "$in" else not found
    assert isinstance(operand, (int, float))
    if isinstance(stored, int) and isinstance(operand, float):
        operand = INT_MAX if operand >= 2.0**63 else max(INT_MIN, int(operand))
    elif isinstance(stored, float) and isinstance(operand, int):
        operand = float(operand)
    match op:
        case "$eq":
            return stored == operand
        case "$ne":
            return stored != operand
        case "$gt":
            return stored > operand
        case "$gte":
            return stored >= operand
        case "$lt":
            return stored < operand
    assert op == "$lte"
    return stored <= operand


def model(found: numbers.Condition, stored: float) -> bool:
    return any(all(chroma_says(op, operand, stored) for op, operand in conjunction) for conjunction in found)


def leaves() -> Iterator[Predicate]:
    for number in adversarial_numbers():
        for op in (Op.EQ, Op.LT, Op.LE, Op.GT, Op.GE):
            yield Predicate(Field("k"), op, literal(number))


def test_numbers_are_compared_exactly_by_chromas_rule() -> None:
    grid = adversarial_numbers()
    assert len(grid) > 150
    plain_differs = 0
    names = {Op.EQ: "$eq", Op.LT: "$lt", Op.LE: "$lte", Op.GT: "$gt", Op.GE: "$gte"}
    for predicate in leaves():
        bound = predicate.operand
        assert isinstance(bound, whereql.Literal)
        ints, floats = number_test(predicate.op, bound)
        found = condition(predicate)
        for stored in grid:
            interval = ints if isinstance(stored, int) else floats
            expected = interval is not None and interval[0] <= stored <= interval[1]
            assert model(found, stored) is expected, (predicate, stored, found)
            plain_differs += chroma_says(names[predicate.op], bound.value, stored) is not expected
    assert plain_differs > 200


def test_lists_of_numbers_are_compared_exactly_by_chromas_rule() -> None:
    grid, rng = adversarial_numbers(), random.Random(4)
    for size in [1, 2, 3, 5, 20, 100] * 30:
        items = rng.sample(grid, size)
        found = numbers.one_of(items)
        for stored in grid:
            assert model(found, stored) is (stored in items), (items, stored, found)


def test_the_server_compares_numbers_as_the_model_does(chroma_url: str) -> None:
    rng = random.Random(7)
    grid = [number for number in adversarial_numbers() if isinstance(number, int) or spell(number)]
    with open_new(chroma_url) as collection:
        collection.add(
            ids=[str(i) for i in range(len(grid))], embeddings=[[1.0]] * len(grid), metadatas=[{"k": number, "a": [number]} for number in grid]
        )
        held = list(collection.get())
        checked: list[Expr] = [*leaves(), *(Predicate(Field("k"), Op.IN, tuple(map(literal, rng.sample(grid, 9)))) for _ in range(60))]
        checked += [Predicate(Field("a"), Op.HAS, tuple(map(literal, rng.sample(grid, 3)))) for _ in range(60)]
        for expr in rng.sample(checked, 500 if ROUNDS < 50 else len(checked)):
            for each in (expr, Not(expr)):
                assert collection.get(each, include=[]).ids == [record.id for record in held if holds(each, record)], whereql.to_text(each)


def test_doubles_are_spelled_as_the_server_reads_them(chroma_url: str) -> None:
    """The server reads one in ten doubles of 17 digits as a neighbour. Spelled, those that it keeps are found again, by number alone."""
    rng = random.Random(5)
    doubles = [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(400)] + [rng.random() for _ in range(600)]
    doubles = [number for number in doubles if math.isfinite(number) and spell(number)]
    with open_new(chroma_url) as collection:
        collection.add(ids=[str(i) for i in range(len(doubles))], embeddings=[[1.0]] * len(doubles), metadatas=[{"k": number} for number in doubles])
        held = [record.metadata["k"] for record in collection.get() if record.metadata]
        kept = [number for number, stored in zip(doubles, held, strict=True) if number == stored]
        assert kept == [number for number in doubles if is_kept(number)]
        assert len(doubles) * 0.75 < len(kept) < len(doubles)
        assert len(collection.get("k IN :kept", params={"kept": kept}, include=[])) == len(kept)
        for number in rng.sample([number for number in held if spell(number)], 150):  # type: ignore[arg-type]  # all floats
            assert collection.count("k = :number", params={"number": number}) == held.count(number)
            assert collection.count("k > :number", params={"number": number}) == sum(one > number for one in held)  # type: ignore[operator]
    assert sum(repr(number) != spell(number) for number in doubles) > 50


def test_a_number_that_would_become_another_is_refused(chroma_url: str) -> None:
    number = next(number for number in (random.Random(seed).random() for seed in range(100)) if not is_kept(number))
    with whereql.open(chroma_url, f"differential-{next(_numbers)}", create=True) as collection:
        for value in (number, [0.5, number]):
            with pytest.raises(whereql.BackendError, match="nearest=True") as caught:
                collection.add(ids=["a", "b"], embeddings=[[1.0], [2.0]], metadatas=[{"k": 1}, {"k": value}])
            assert (caught.value.code, caught.value.path) == ("WQ719", "[1].metadata.k")
        assert collection.count() == 0


def test_examples_in_the_modules_hold() -> None:
    tested = 0
    for module in (encoding, numbers, patterns, spelling):
        result = doctest.testmod(module, extraglobs={"whereql": whereql})
        assert not result.failed, module
        tested += result.attempted
    assert tested >= 5


def test_a_record_is_made_for_a_server() -> None:
    record = storable(make_record("a", metadata={"#x": 1, "": 2, "k": 3}))
    assert record.metadata == {"k": 3}
