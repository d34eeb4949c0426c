"""The same filters over the same records on every store: the same ids, in the same order, as the semantics has them."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack

import pytest
from every_store import Places, open_store, storable_records
from strategies import COMBINATIONS, FilterMaker, Generator

import whereql
from whereql.ast import Expr, Not
from whereql.operators import Op
from whereql.semantics import holds

STORES = ("memory", "memory, indexes on", "memory, indexes off", "sqlite", "duckdb", "postgresql", "chroma", "tantivy")
COLLECTIONS = 40 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 6
FILTERS = 130 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 90  # per collection: 5,200 in all, by default 540
pytestmark = pytest.mark.filterwarnings("ignore::whereql.errors.WhereqlWarning")


@pytest.fixture(scope="module")
def places(postgres_server: str, chroma_url: str) -> Places:
    return Places(postgres_server, chroma_url)


@pytest.mark.parametrize("seed", range(COLLECTIONS))
def test_every_store_gives_the_same_records(seed: int, places: Places) -> None:
    generator = Generator(1000 + seed)
    records = storable_records(generator.records(generator.random.choice([12, 24, 40])))
    maker = FilterMaker(generator.random, records)
    filters = [maker.filter(COMBINATIONS[(seed * FILTERS + turn) % len(COMBINATIONS)]) for turn in range(FILTERS)]
    with ExitStack() as stack:
        stores = {name: open_store(name, records, places, stack) for name in STORES}
        selective: Counter[bool] = Counter()
        for expr in filters:
            expected = [record.id for record in records if holds(expr, record)]
            selective[0 < len(expected) < len(records)] += 1
            for name, collection in stores.items():
                assert answer(collection, expr) == expected, (name, whereql.to_text(expr))
    assert selective[True] > 0.3 * FILTERS


def answer(collection: whereql.Collection, expr: Expr) -> list[str]:
    return collection.get(expr, include=[]).ids


def test_sql_three_valued_logic_would_be_caught(places: Places) -> None:
    """The tempting wrong answer: a record without the key is lost by `<>`."""
    records = storable_records(Generator(7).records(20))
    key = next(key for record in records for key, value in (record.metadata or {}).items() if isinstance(value, str))
    value = next(record.metadata[key] for record in records if record.metadata and isinstance(record.metadata.get(key), str))
    expr = Not(whereql.F(key) == value)
    tempting = [record.id for record in records if isinstance((record.metadata or {}).get(key), str) and holds(expr, record)]
    with ExitStack() as stack:
        for name in STORES:
            assert answer(open_store(name, records, places, stack), expr) != tempting, name


def test_every_operator_is_among_the_filters() -> None:
    drawn = {op for op, _, _, _ in COMBINATIONS[: COLLECTIONS * FILTERS]}
    assert drawn == set(Op)
