"""Running plans on a store that can do little: the right records, no more of them read than needed, nothing left open."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from stores import Store, without
from strategies import FilterMaker, Generator

import whereql
from whereql import Collection, Op, Query, Record, Shape, Support, make_record
from whereql.execution import page_sizes

ANYTHING = ["documents", "metadatas", "embeddings", "uris"]


def numbered(count: int) -> list[Record]:
    return [make_record(f"r{n}", document=f"d{n}", metadata={"n": n, "half": n // 2, "odd": "y" if n % 2 else "n"}) for n in range(count)]


def deaf(count: int) -> Store:
    """A store that knows no LIKE; that is evaluated by whereql."""
    return Store(numbered(count), without(Op.LIKE))


ONE_IN_TEN = "#id LIKE 'r%_7'"


@pytest.mark.parametrize(
    ("where", "limit", "offset", "most"),
    [
        ("#id LIKE 'r_'", 10, 0, 64),
        ("#id LIKE 'r%_7'", 10, 0, 64 + 128),
        ("#id LIKE 'r%_7'", 10, 5, 64 + 128),
        ("#id LIKE 'r%_7'", 10, 30, 64 + 128 + 256),
        ("#id LIKE 'r%_'", 100, 0, 100),
        ("#id LIKE 'r%_'", 100, 50, 150),
        ("n < 100 AND #id LIKE 'r%_7'", 100, 0, 100),
        ("#id LIKE 'r%_'", 0, 0, 0),
    ],
)
def test_a_limit_reads_no_further_than_it_needs(where: str, limit: int, offset: int, most: int) -> None:
    store = deaf(20_000)
    expr = whereql.parse(where)
    wanted = [each.id for each in store.kept if whereql.holds(expr, each)][offset : offset + limit]
    assert Collection(store).get(where, limit=limit, offset=offset).ids == wanted
    assert sum(store.fetched) <= most
    assert not store.is_open


def test_pages_grow_until_they_are_large() -> None:
    assert list(itertools.islice(page_sizes(), 10)) == [64, 128, 256, 512, 1024, 2048, 4096, 8192, 8192, 8192]
    assert list(itertools.islice(page_sizes(5000), 3)) == [5000, 8192, 8192]
    assert list(itertools.islice(page_sizes(10**9), 2)) == [8192, 8192]
    store = deaf(20_000)
    assert Collection(store).get("#id LIKE '%_x'", limit=1).ids == []
    assert store.fetched == [64, 128, 256, 512, 1024, 2048, 4096, 8192, 20_000 - 16_320]


def test_all_of_them_come_in_large_pages() -> None:
    store = deaf(20_000)
    collection = Collection(store)
    assert len(collection.get("#id LIKE 'r%_7'")) == 1999
    assert collection.count("#id LIKE 'r%_7'") == 1999
    assert collection.explain("#id LIKE 'r%_7'").rows == 1999
    assert store.fetched == [8192, 8192, 3616] * 3


@pytest.mark.parametrize("where", ["n < 50 AND #id LIKE 'r%_7'", "#id LIKE 'r%_7' OR n = 3", "n < 50", "n < 0 AND odd LIKE '_'", "odd LIKE '_x'"])
@pytest.mark.parametrize("limit", [None, 0, 1, 2, 3, 100, 10**20])
@pytest.mark.parametrize("offset", [0, 1, 4, 5, 100, 10**20])
def test_limit_and_offset(where: str, limit: int | None, offset: int) -> None:
    store = deaf(60)
    expr = whereql.parse(where)
    matching = [each.id for each in store.kept if whereql.holds(expr, each)]
    assert Collection(store).get(where, limit=limit, offset=offset).ids == matching[offset:][:limit]


def test_limit_and_offset_are_the_stores_when_nothing_is_left() -> None:
    store = deaf(200)
    assert Collection(store).get("n >= 10", limit=2, offset=5).ids == ["r15", "r16"]
    assert store.fetched == [2]
    assert [(name, query.limit, query.offset) for name, query in store.queries] == [("get", 2, 5)]


# Columns.

SHELF = [
    make_record("a", document="one", uri="u:a", embedding=[1.0, 2.0], metadata={"k": "x", "n": 1}),
    make_record("b", document="two", uri="u:b", embedding=[3.0, 4.0], metadata=None),
    make_record("c", document=None, uri=None, embedding=None, metadata=None),
    make_record("d", document="four", uri=None, embedding=[5.0, 6.0], metadata={"k": "xy", "s": {"indices": [1], "values": [2.0]}}),
    make_record("e", document="five", uri="u:e", embedding=None, metadata={"k": "xyz"}),
]
INCLUDES = [
    *itertools.chain.from_iterable(itertools.combinations(ANYTHING, size) for size in range(5)),
    ("uris", "documents"), ("metadatas", "metadatas"), ("embeddings", "uris", "embeddings"),
]  # fmt: skip
FILTERS = ["k LIKE 'x_%'", "#document LIKE '%_o%'", "#uri LIKE 'u%_' OR k LIKE 'x_%'", "k NOT LIKE '_%'", "#id LIKE '%' AND n != 1", "#id LIKE '_' AND #id < 'c'", "#id LIKE '_x'"]


@pytest.mark.parametrize("where", FILTERS)
@pytest.mark.parametrize("include", INCLUDES, ids="-".join)
def test_a_response_is_the_same_whoever_tests(where: str, include: tuple[str, ...]) -> None:
    """Also where some records have no embedding, or a uri and no metadata: as if the store had answered it whole."""
    able, unable = Collection(Store(SHELF)), Collection(Store(SHELF, without(Op.LIKE, Op.EXISTS, Op.LT, Op.EQ)))
    memory = whereql.open("memory:")
    memory.add_records(SHELF)
    for limit, offset in [(None, 0), (1, 1), (2, 0)]:
        expected = able.get(where, include=include, limit=limit, offset=offset)
        for collection in (unable, memory):
            response = collection.get(where, include=include, limit=limit, offset=offset)
            assert response.to_dict() == expected.to_dict()
            assert type(response.embeddings) is type(expected.embeddings)
            assert getattr(response.embeddings, "shape", None) == getattr(expected.embeddings, "shape", None)


def test_a_page_without_gaps_is_an_array_though_the_store_returned_some_with_gaps() -> None:
    collection = Collection(Store(SHELF, without(Op.LIKE)))
    vectors = collection.get("k LIKE 'x_'", include=["embeddings"]).embeddings
    assert isinstance(vectors, np.ndarray)
    assert (vectors.dtype, vectors.tolist()) == (np.float32, [[5.0, 6.0]])
    assert isinstance(collection.get("k LIKE 'x%_'", include=["embeddings"]).embeddings, list)
    nothing = collection.get("k LIKE '_%_q'", include=["embeddings"]).embeddings
    assert isinstance(nothing, np.ndarray) and nothing.shape == (0, 0)


def test_rows_of_a_response() -> None:
    response = Collection(Store(SHELF[:2])).get(include=ANYTHING)
    assert np.shape(response.take([1, 0], ["embeddings"]).embeddings) == (2, 2)  # type: ignore[arg-type]
    assert np.shape(response.take([], ["embeddings"]).embeddings) == (0, 0)  # type: ignore[arg-type]  # as in an answer without records
    assert response.take([1], []).to_dict() == {"ids": ["b"], "embeddings": None, "documents": None, "uris": None, "metadatas": None, "include": []}


def test_columns_are_fetched_for_the_residual_and_no_others() -> None:
    store = Store(SHELF, without(Op.LIKE))
    collection = Collection(store)
    collection.get("k LIKE 'x_'", include=["uris"])
    collection.count("k LIKE 'x_'")
    collection.explain("#id LIKE 'x_'")
    collection.delete("#document LIKE '%_q'")
    list(collection.scan("k LIKE 'x_'", include=[]))
    assert [(name, query.include) for name, query in store.queries] == [
        ("scan", ("uris", "metadatas")), ("scan", ("metadatas",)), ("scan", ()), ("scan", ("documents",)), ("scan", ("metadatas",)),
    ]  # fmt: skip


# Ids.


def test_ids_filter_beside_a_residual() -> None:
    store = deaf(100)
    collection = Collection(store)
    assert collection.get("#id LIKE 'r%_7'", ids=["r97", "r5", "r17", "nobody", "r17"]).ids == ["r17", "r97"]
    assert collection.get("#id LIKE 'r%_7'", ids=[]).ids == []
    assert collection.get("#id IN ('r27', 'r17', 'r5') AND #id LIKE 'r%_7'", ids=["r17", "r97"]).ids == ["r17"]
    assert collection.count("#id LIKE 'r%_7'", ids=["r17", "r5"]) == 1
    assert sum(store.fetched) <= 4 + 1 + 2  # only the records of those ids are looked at
    assert collection.execute({"ids": ["r5", "r5", "r1"], "limit": 5}).ids == ["r1", "r5"]
    assert store.queries[-1][1].ids == ("r5", "r1")


@pytest.mark.parametrize("arguments", [{"ids": []}, {"where": "FALSE"}, {"where": "n > 5 AND n < 3"}, {"where": "#id IN ('a', 'b')", "ids": ["c"]}, {"where": "odd LIKE '_'", "ids": []}])
def test_a_store_is_not_asked_for_nothing(arguments: dict[str, Any]) -> None:
    """Nor can it take an empty list of ids for all records, which would be the end of them in a delete."""
    store = deaf(10)
    collection = Collection(store)
    assert collection.get(**arguments, include=ANYTHING).to_dict() == {"ids": [], "embeddings": [], "documents": [], "uris": [], "metadatas": [], "include": ANYTHING}
    assert (collection.count(**arguments), list(collection.scan(**arguments)), collection.delete(**arguments)) == (0, [], 0)
    assert (collection.explain(**arguments).fetched, collection.explain(**arguments).rows) == (0, 0)
    assert collection.get(limit=0).ids == []
    assert store.queries == []
    assert len(store.kept) == 10


# Scans.


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 130, 1000])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 64, 100, 10_000])
@pytest.mark.parametrize("where", ["odd LIKE 'y_' OR odd LIKE '_'", "n >= 0", ONE_IN_TEN])
def test_every_page_of_a_scan_is_full_but_the_last(count: int, batch_size: int, where: str) -> None:
    store = deaf(count)
    expr = whereql.parse(where)
    matching = [each.id for each in store.kept if whereql.holds(expr, each)]
    pages = list(Collection(store).scan(where, batch_size=batch_size, include=["uris"]))
    assert [page.ids for page in pages] == [matching[start : start + batch_size] for start in range(0, len(matching), batch_size)]
    assert all(page.include == ["uris"] and page.metadatas is None and page.uris is not None for page in pages)


def test_a_scan_reads_as_it_is_asked() -> None:
    store = deaf(20_000)
    pages = Collection(store).scan("odd LIKE '_'", batch_size=10)
    assert store.queries[0][0] == "scan"  # of the moment of the call
    assert store.fetched == []
    next(pages)
    assert store.fetched == [64]


@pytest.mark.parametrize("where", ["odd LIKE '_'", "n >= 0"])
def test_a_scan_that_is_closed_closes_the_stores(where: str) -> None:
    store = deaf(20_000)
    with closing(Collection(store).scan(where, batch_size=10)) as pages:  # type: ignore[type-var]  # a generator
        next(pages)
        assert store.is_open
    assert not store.is_open


def test_an_async_scan_that_is_left_closes_the_stores() -> None:
    store = deaf(20_000)

    async def use() -> None:
        pages = Collection(store).ascan("odd LIKE '_'", batch_size=10)
        async for page in pages:
            assert len(page) == 10 and store.is_open
            break
        await pages.aclose()  # type: ignore[attr-defined]  # a generator

    asyncio.run(use())
    assert not store.is_open


class Failing(Store):
    """A store whose second record breaks the filter that is tested on it."""

    def records(self) -> Iterator[Record]:
        yield make_record("a", metadata={"odd": "y"})
        yield Record("b", metadata=["x"])  # type: ignore[arg-type]  # no record at all


def test_nothing_stays_open_where_something_fails() -> None:
    """Not even while somebody looks at the error, which holds the frames."""
    store = Failing([], without(Op.LIKE))
    gc.disable()
    try:
        for use in (lambda: Collection(store).get("odd LIKE '_'"), lambda: Collection(store).count("odd LIKE '_'"), lambda: list(Collection(store).scan("odd LIKE '_'"))):
            with pytest.raises(Exception, match="list") as caught:
                use()
            assert not store.is_open
            del caught
    finally:
        gc.enable()


def test_pages_may_come_from_an_iterator_that_cannot_be_closed() -> None:
    class Listed(Store):
        def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[whereql.GetResponse]:
            return iter(list(super().scan(query, sizes)))

    assert Collection(Listed(numbered(100), without(Op.LIKE))).get("odd LIKE 'y_' OR odd LIKE '_'", limit=1).ids == ["r0"]


# Deleting.


def test_a_delete_with_a_residual_deletes_just_what_matches() -> None:
    store = deaf(1000)
    collection = Collection(store)
    assert collection.delete("n < 500 AND #id LIKE 'r%_7'", ids=[f"r{n}" for n in range(100, 200)]) == 10
    assert [each.id for each in numbered(1000) if each not in store.kept] == [f"r1{n}7" for n in range(10)]
    assert [name for name, _ in store.queries] == ["scan", "delete"]
    asked = store.queries[-1][1]
    assert (asked.where, asked.ids) == (whereql.parse("n < 500"), tuple(f"r1{n}7" for n in range(10)))


def test_a_delete_of_nothing_asks_nothing() -> None:
    store = deaf(100)
    assert Collection(store).delete("odd LIKE '_x'") == 0
    assert [name for name, _ in store.queries] == ["scan"]


def test_a_delete_that_the_store_answers_whole_is_its_own() -> None:
    store = deaf(100)
    assert Collection(store).delete("n < 10") == 10
    assert [name for name, _ in store.queries] == ["delete"]


def test_a_record_that_changed_meanwhile_is_spared() -> None:
    class Changing(Store):
        def delete(self, query: Query) -> int:
            self.kept[7] = make_record("r7", metadata={"n": 700})
            return super().delete(query)

    store = Changing(numbered(20), without(Op.LIKE))
    assert Collection(store).delete("n < 20 AND #id LIKE '%_7'") == 1
    assert [each.id for each in store.kept] == [f"r{n}" for n in range(20) if n != 17]


# What is told.


def test_explain_tells_what_is_pushed_and_what_is_left() -> None:
    explained = Collection(deaf(1000)).explain("n < 100 AND #id LIKE 'r_%7' AND n >= 0", ids=["r7", "r17", "r7"])
    told = explained.to_dict()
    assert [step["pass"] for step in told.pop("steps")] == [name for name, _ in explained.steps] == ["order"]
    assert told == {
        "filter": "n < 100 AND #id LIKE 'r_%7' AND n >= 0", "ids": None, "pushed": "0 <= n < 100", "residual": "#id LIKE 'r_%7'",
        "native": None, "fetched": 2, "rows": 1, "findings": [],
    }  # fmt: skip
    shown = str(explained).splitlines()
    assert "pushed:   0 <= n < 100" in shown
    assert "residual: #id LIKE 'r_%7'" in shown
    assert "rows:     1 of 2 fetched" in shown


def test_explain_of_what_the_store_answers_whole() -> None:
    explained = Collection(deaf(1000)).explain("n < 100")
    assert (explained.residual, explained.fetched, explained.rows) == (None, 100, 100)
    assert "rows:     100" in str(explained).splitlines()
    assert "residual" not in str(explained)


def test_explain_shows_a_few_of_many_ids() -> None:
    ids = [f"i{n:04}" for n in range(1000)]
    explained = Collection(deaf(10)).explain("#id IN :ids", params={"ids": ids})
    assert explained.ids == tuple(ids)
    assert "ids:      i0000, i0001, i0002, i0003, i0004, i0005, i0006, i0007, i0008, i0009 and 990 more" in str(explained)


@pytest.mark.parametrize("use", ["get", "count", "scan"])
def test_strict_refuses_before_anything_is_asked(use: str) -> None:
    store = deaf(10)
    with pytest.raises(whereql.UnsupportedError, match="WQ503"):
        getattr(Collection(store), use)("odd LIKE '_x_'", strict=True)
    assert store.queries == []
    assert Collection(store).get("n > 5", strict=True).ids == ["r6", "r7", "r8", "r9"]


# Any filter on any store.


def random_store(rng: random.Random, records: list[Record]) -> Store:
    weights = rng.choice([(1, 1, 1), (6, 1, 1), (0, 1, 1), (0, 0, 1)])
    drawn: dict[Any, Support] = {}

    def support(predicate: whereql.Predicate, negated: bool) -> Support:
        return drawn.setdefault((predicate, negated), rng.choices(list(Support), weights)[0])

    shape = Shape(depth=rng.choice([None, 1]), predicates=rng.choice([None, 2]), items=rng.choice([None, 1]))
    return Store(records, support, shape)


@pytest.mark.parametrize("enabled", [True, False], ids=["normalized", "as said"])
def test_any_filter_on_any_store(enabled: bool) -> None:
    for seed in range(15):
        generator = Generator(seed)
        rng, records = generator.random, generator.records(40, embeddings=True)
        maker = FilterMaker(rng, records)
        for _ in range(30):
            expr, store = maker.filter(), random_store(rng, records)
            matching = [each for each in records if whereql.holds(expr, each)]
            offset, limit, include = rng.choice([0, 0, 1, 3]), rng.choice([None, 0, 1, 2, 50]), rng.sample(ANYTHING, rng.randint(0, 4))
            some = rng.choice([None, [each.id for each in rng.sample(records, 20)]])
            wanted = [each for each in matching if some is None or each.id in some]
            collection = Collection(store)
            with whereql.use_passes(enabled=enabled):
                response = collection.get(expr, ids=some, limit=limit, offset=offset, include=include)
                expected = whereql.GetResponse.from_records(wanted[offset:][:limit], include)
                assert response.to_dict() == expected.to_dict(), expr
                assert collection.count(expr, ids=some) == len(wanted), expr
                assert [id for page in collection.scan(expr, ids=some, batch_size=3) for id in page.ids] == [each.id for each in wanted], expr
                assert collection.delete(expr, ids=some, all=True) == len(wanted), expr
                assert store.kept == [each for each in records if each not in wanted]
            assert not store.is_open
