"""The memory backend, and the matcher, against the executable semantics: the same records for every filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from strategies import COMBINATIONS, FilterMaker, Generator, combinations, filters, record_lists
from whereql_memory.backend import MemoryBackend
from whereql_memory.shelf import MODES

from whereql.ast import And, Expr, Not, Or
from whereql.backend import Change, Query
from whereql.matcher import compile_matcher
from whereql.records import Record, make_record
from whereql.semantics import holds

SEEDS = range(8)
COLLECTIONS = 14
FILTERS = 192  # per collection; with the other two, 21,504 pairs
MIN_SELECTIVE = 0.4
MIN_OF_EACH = 50


class Tally:
    """What the pairs of one run were like."""

    def __init__(self) -> None:
        self.pairs = 0
        self.selective = 0
        self.of_each: Counter[object] = Counter()

    def count(self, expr: Expr, found: int, size: int) -> None:
        self.pairs += 1
        self.selective += 0 < found < size
        self.of_each.update(combinations(expr))


TALLY = Tally()


def ids_of(backend: MemoryBackend, expr: Expr) -> list[str]:
    return backend.get(Query(expr, include=())).ids


def check(expr: Expr, records: list[Record], backends: Sequence[MemoryBackend]) -> list[str]:
    expected = [record.id for record in records if holds(expr, record)]
    for mode, backend in zip(MODES, backends, strict=True):
        assert ids_of(backend, expr) == expected, (mode, expr)
    matches = compile_matcher(expr)
    assert [record.id for record in records if matches(record)] == expected, expr
    return expected


def written_in_steps(generator: Generator, records: list[Record], indexes: str) -> MemoryBackend:
    """A backend that holds the records, after appends, replacements and deletions that left other columns behind."""
    rng = generator.random
    backend = MemoryBackend(indexes=indexes)
    for number, record in enumerate(records):
        decoy = generator.records(1)[0]
        other = make_record(record.id, metadata=decoy.metadata)
        backend.add([make_record(f"decoy {number}", document=decoy.document, metadata=decoy.metadata), rng.choice([record, other])])
        if rng.random() < 0.2:
            backend.count(Query())
    backend.delete(Query(ids=tuple(f"decoy {number}" for number in range(len(records)))))
    everything = {key for found in backend.get(Query()).metadatas or () for key in found or ()}
    backend.upsert([Change(record, frozenset(everything)) for record in rng.sample(records, k=len(records))])
    assert backend.get(Query(include=())).ids == [record.id for record in records]
    return backend


@pytest.mark.parametrize("seed", SEEDS)
def test_memory_answers_as_the_semantics(seed: int) -> None:
    generator = Generator(seed)
    for number in range(COLLECTIONS):
        records = generator.records(generator.random.choice([6, 12, 24, 40]))
        backends = [MemoryBackend(records, indexes=mode) if number % 2 else written_in_steps(generator, records, mode) for mode in MODES]
        maker = FilterMaker(generator.random, records)
        previous, previous_ids = None, None
        for turn in range(FILTERS):
            combination = COMBINATIONS[(seed * COLLECTIONS * FILTERS + number * FILTERS + turn) % len(COMBINATIONS)]
            expr = maker.filter(combination)
            found = check(expr, records, backends)
            TALLY.count(expr, len(found), len(records))
            check_metamorphic(expr, found, previous, previous_ids, records, backends[turn % len(MODES)])
            previous, previous_ids = expr, found


def check_metamorphic(
    expr: Expr, found: list[str], previous: Expr | None, previous_ids: list[str] | None, records: list[Record], backend: MemoryBackend
) -> None:
    """A filter and its complement share all records out; AND and OR of two filters are intersection and union."""
    kept = set(found)
    everyone = [record.id for record in records]
    assert ids_of(backend, Not(expr)) == [id for id in everyone if id not in kept], expr
    if previous is not None and previous_ids is not None:
        assert ids_of(backend, And([expr, previous])) == [id for id in previous_ids if id in kept]
        assert ids_of(backend, Or([expr, previous])) == [id for id in everyone if id in kept.union(previous_ids)]
    step = len(everyone) // 2 + 1
    pages = [backend.get(Query(expr, limit=step, offset=offset, include=())).ids for offset in (0, step)]
    assert [id for page in pages for id in page] == found
    assert backend.count(Query(expr)) == len(found)


def test_the_pairs_were_many_and_telling() -> None:
    if TALLY.pairs < len(SEEDS) * COLLECTIONS * FILTERS:
        pytest.skip("only part of the pairs was run")
    print(f"{TALLY.pairs:,} pairs, {TALLY.selective / TALLY.pairs:.1%} selective, each combination at least {min(TALLY.of_each[each] for each in COMBINATIONS)} times")  # noqa: T201
    assert TALLY.pairs >= 20_000
    assert TALLY.selective >= MIN_SELECTIVE * TALLY.pairs
    rare = [combination for combination in COMBINATIONS if TALLY.of_each[combination] < MIN_OF_EACH]
    assert not rare


@settings(deadline=None, max_examples=150)
@given(record_lists(), filters())
def test_memory_answers_as_the_semantics_on_small_cases(records: list[Record], expr: Expr) -> None:
    check(expr, records, [MemoryBackend(records, indexes=mode) for mode in MODES])
