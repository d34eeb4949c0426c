"""Real databases made to know less than they do: whatever is pushed and whatever is left to whereql, the records are the same."""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from strategies import FilterMaker, Generator

import whereql
from whereql import Backend, Collection, Predicate, Query, Record, Shape, Support

ANYTHING = ["documents", "metadatas", "embeddings", "uris"]
ROUNDS = 60 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 3
FILTERS = 20


class Degraded:
    """A backend that leaves out some of what it can, leaf by leaf, and takes smaller filters."""

    cheap_schema = False
    is_ordered = True

    def __init__(self, backend: Backend, rng: random.Random) -> None:
        self._backend, self._random = backend, rng
        self._known: dict[tuple[Predicate, bool], Support] = {}
        self._share = rng.choice([0.0, 0.3, 0.7, 1.0])
        self.shape = Shape(depth=rng.choice([None, 1, 2]), width=rng.choice([None, 2]), predicates=rng.choice([None, 1, 3]), items=rng.choice([None, 1, 2]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def support(self, predicate: Predicate, negated: bool) -> Support:
        if (predicate, negated) not in self._known:
            is_known = self._random.random() < self._share
            self._known[predicate, negated] = self._backend.support(predicate, negated) if is_known else Support.NONE
        return self._known[predicate, negated]

    def delete(self, query: Query) -> int:
        return self._backend.delete(query)  # type: ignore[attr-defined]  # one that can be written

    def add(self, records: Any) -> int:
        raise NotImplementedError

    upsert = add


def has_nul(record: Record) -> bool:
    """Whether PostgreSQL can't hold it."""
    return "\0" in f"{record.id}{record.document}{record.uri}" or "\\x00" in repr(record.metadata)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A random filter asks for kinds that a key has not, and is warned of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", whereql.WhereqlWarning)
        yield


def test_what_is_pushed_makes_no_difference(sql_url: str) -> None:
    with_residual = 0
    for seed in range(ROUNDS):
        generator = Generator(seed)
        rng = generator.random
        records = [record for record in generator.records(30, embeddings=True) if not (sql_url.startswith("postgresql") and has_nul(record))]
        maker = FilterMaker(rng, records)
        with whereql.open(sql_url, f"round{seed}", create=True) as able:
            able.add_records(records)
            for _ in range(FILTERS):
                expr, include = maker.filter(), rng.sample(ANYTHING, rng.randint(0, 4))
                limit, offset = rng.choice([None, 1, 3, 50]), rng.choice([0, 0, 2])
                matching = [record for record in records if whereql.holds(expr, record)]
                expected = whereql.GetResponse.from_records(matching[offset:][:limit], include).to_dict()
                degraded = Collection(Degraded(able.backend, rng))
                with_residual += degraded.explain(expr).residual is not None
                for collection in (able, degraded):
                    assert collection.get(expr, limit=limit, offset=offset, include=include).to_dict() == expected, expr
                    assert collection.count(expr) == len(matching), expr
                    assert [page.ids for page in collection.scan(expr, batch_size=4)] == [[record.id for record in matching[i : i + 4]] for i in range(0, len(matching), 4)], expr
            expr = maker.filter()
            rest = [record.id for record in records if not whereql.holds(expr, record)]
            assert Collection(Degraded(able.backend, rng)).delete(expr, all=True) == len(records) - len(rest)
            assert able.get().ids == rest
    assert with_residual > ROUNDS * FILTERS / 4
