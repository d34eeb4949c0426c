"""What a collection knows of a filter that comes again: as much as before, for as long as nothing it depends on has changed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import whereql
from whereql.backend import Query
from whereql.optimize.pipeline import use_passes
from whereql.prepared import Known, Prepared, closed
from whereql.records import KeyInfo, Record, Schema
from whereql.response import GetResponse
from whereql.scanning import ScanBackend, schema_of
from whereql.support import Support

F = whereql.F


class Watched(ScanBackend):
    """A store with a cheap schema that notes what it is asked."""

    cheap_schema = True

    def __init__(self, support: Support = Support.EXACT) -> None:
        self.held = [whereql.make_record(f"r{n}", metadata={"n": n, "tags": ["a"], "s": str(n)}) for n in range(10)]
        self.asked: list[Query] = []
        self.supported = 0
        self.answer = support
        self.changed()

    def changed(self, schema: Schema | None = None) -> None:
        self.known = schema_of(self.held) if schema is None else schema

    def schema(self) -> Schema:
        return self.known

    def records(self) -> Iterable[Record]:
        return self.held

    def support(self, predicate: whereql.Predicate, negated: bool) -> Support:
        self.supported += 1
        return self.answer

    def get(self, query: Query) -> GetResponse:
        self.asked.append(query)
        return super().get(query)

    def count(self, query: Query) -> int:
        self.asked.append(query)
        return super().count(query)

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        self.asked.append(query)
        return super().scan(query, sizes)


def told(call: Callable[[], Any]) -> list[str]:
    """The warnings of a call, which are as if nobody had seen one before."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert all(warning.filename == __file__ and warning.category is whereql.WhereqlWarning for warning in caught)
    return [str(warning.message) for warning in caught]


CALLS: dict[str, Callable[[whereql.Collection, Any], Any]] = {
    "get": lambda c, where: c.get(where).ids,
    "limit": lambda c, where: c.get(where, limit=3, offset=1, include=["metadatas"]).ids,
    "ids": lambda c, where: c.get(where, ids=["r9", "r7", "r9", "r1"], include=[]).ids,
    "count": lambda c, where: c.count(where),
    "scan": lambda c, where: [id for page in c.scan(where, batch_size=2) for id in page.ids],
    "execute": lambda c, where: c.execute(whereql.GetRequest(where=closed(where))).ids,
}
EXPECTED = {"get": ["r5", "r6", "r7", "r8"], "limit": ["r6", "r7", "r8"], "ids": ["r7"], "count": 4, "scan": ["r5", "r6", "r7", "r8"], "execute": ["r5", "r6", "r7", "r8"]}
SPELLINGS: dict[str, Any] = {
    "text": "NOT (n < 5 OR n > 8)",
    "expression": ~((F("n") < 5) | (F("n") > 8)),
    "json": {"$and": [{"n": {"$gte": 5}}, {"n": {"$lte": 8}}]},
}


@pytest.mark.parametrize("support", Support)
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("call", CALLS)
def test_a_filter_is_planned_once(call: str, spelling: str, support: Support) -> None:
    if call == "execute" and spelling == "json":
        pytest.skip("a wire request has it decoded already")
    store, where = Watched(support), SPELLINGS[spelling]
    collection = whereql.Collection(store)
    assert CALLS[call](collection, where) == EXPECTED[call]
    planned = store.supported
    assert planned
    again = where if spelling != "text" else "".join(list(where))
    for _ in range(3):
        assert CALLS[call](collection, again) == EXPECTED[call]
    if spelling != "json" or support is Support.EXACT:
        assert store.supported == planned
        assert len({id(query.where) for query in store.asked}) == 1, "a store may know a filter by its identity"


def test_the_calls_share_what_is_known() -> None:
    store = Watched()
    collection = whereql.Collection(store)
    for text in (SPELLINGS["text"], None):
        for call in CALLS:
            if call != "execute":
                CALLS[call](collection, text)
    assert store.supported == 2 and len({id(query.where) for query in store.asked}) == 2


def test_values_of_parameters_are_a_filter_like_another() -> None:
    store = Watched()
    collection = whereql.Collection(store)
    for low in (5, 6, 5, 6, 5.0):
        assert collection.count("n >= :low", params={"low": low}) == 10 - low
    assert store.supported == 3
    assert collection.count("n >= 5", where_document={"$contains": "x"}) == 0
    assert collection.count("n >= 5") == 5
    for _ in range(2):
        with pytest.raises(whereql.CheckError, match="the parameter :low has no value") as caught:
            collection.count("n >= :low")
        assert caught.value.source == "n >= :low"
        with pytest.raises(whereql.CheckError, match="no parameter :low"):
            collection.count("n >= 5", params={"low": 1})


def test_plans_differ_by_everything_else_of_a_call() -> None:
    store = Watched()
    collection = whereql.Collection(store)
    for limit in (1, 2, 3, 2**60, None, 1, 0, 5, 6, 7, 8, 9, 10, 1):
        for offset in (None, 0, 1, 2):
            for include in ([], ["metadatas"], ["uris", "metadatas"], ("metadatas",)):
                found = collection.get("n >= 2", limit=limit, offset=offset, include=include)
                assert found.ids == [f"r{n}" for n in range(2, 10)][offset or 0 :][:limit]
                assert found.include == list(include)
                assert (found.metadatas is None) is ("metadatas" not in include)


@pytest.mark.parametrize("where", ["yaer = 1 AND tags = 'a'", (F("yaer") == 1) & (F("tags") == "a"), {"$and": [{"yaer": 1}, {"tags": "a"}]}])
@pytest.mark.parametrize("read", [lambda c, where: c.count(where), lambda c, where: c.get(where, ids=["r1"])])
def test_a_warning_comes_with_every_call(where: Any, read: Any) -> None:
    store = Watched()
    store.held[0] = whereql.make_record("r0", metadata={"year": 1, "tags": ["a"]})
    store.changed()
    collection = whereql.Collection(store)
    expected = ["no record here has the key yaer (did you mean year?)", "tags = 'a' matches no record here: tags holds string[] (write tags HAS 'a')"]
    for _ in range(3):
        assert told(lambda: [read(collection, where) for _ in range(1)]) == expected
    assert told(lambda: list(collection.scan(where))) == []


def test_a_warning_shows_the_filter_as_it_was_written() -> None:
    store = Watched()
    collection = whereql.Collection(store)
    for _ in range(2):
        for literal in ("1704067200", "DATE('2024-01-01')"):
            for where in (f"s > {literal}", whereql.parse(f"s > {literal}")):
                (message,) = told(lambda where=where: collection.count(where))  # type: ignore[misc]
                assert f"s > {literal} matches no record here" in message


def test_a_refusal_points_into_the_filter_as_it_was_written() -> None:
    collection = whereql.Collection(Watched(Support.NONE))
    for _ in range(2):
        for lead in ("", "   "):
            where = whereql.parse(f"{lead}n >= 5")
            assert collection.count(where) == 5
            with pytest.raises(whereql.UnsupportedError, match="can't answer n >= 5 exactly") as caught:
                collection.count(where, strict=True)
            assert caught.value.span == (len(lead), len(lead) + 6)


def test_a_write_changes_what_is_known() -> None:
    collection = whereql.open("memory:")
    collection.add(ids=["a"], metadatas=[{"year": 1}])
    ask = lambda: told(lambda: collection.count("yaer = 1"))  # noqa: E731
    assert len(ask()) == len(ask()) == 1
    collection.add(ids=["b"], metadatas=[{"yaer": 1}])
    assert ask() == ask() == [] and collection.count("yaer = 1") == 1
    collection.upsert(ids=["b"], metadatas=[{"yaer": "1"}])
    assert "yaer = 1 matches no record here: yaer holds string" in ask()[0]
    collection.delete(ids=["b"])
    assert "did you mean year" in ask()[0]
    collection.delete(all=True)
    assert ask() == []


def test_what_a_schema_declares_is_known_anew() -> None:
    store = Watched()
    collection = whereql.Collection(store)
    store.changed(Schema(0, store.known.keys))  # of nothing, there is nothing to warn
    assert collection.count("n > 2.5 OR n = 'x'") == 7
    assert store.asked[-1].where.size == 2
    store.changed(Schema(0, {"n": KeyInfo({}, declared=("int",))}))
    assert collection.count("n > 2.5 OR n = 'x'") == 7
    assert store.asked[-1].where == whereql.parse("n > 2.5")


def test_a_file_has_one_schema(tmp_path: Path) -> None:
    path = tmp_path / "zips.csv"
    path.write_text("id,zip\na,01234\n", encoding="utf-8")
    for options in ({}, {"kinds": {"zip": "string"}}):
        with whereql.open(path, **options) as collection:
            assert collection.schema() is collection.schema()
            assert collection.schema().keys["zip"].declared == (("string",) if options else None)


def test_a_schema_that_is_made_anew_is_believed_each_time() -> None:
    class Restless(Watched):
        def schema(self) -> Schema:
            return schema_of(self.held)

    store = Restless()
    collection = whereql.Collection(store)
    assert len(told(lambda: collection.count("m = 1"))) == 0
    store.held.append(whereql.make_record("new", metadata={"Id": 1}))
    assert told(lambda: collection.count("id = 1")) == ["no record here has the key id (the record's own field is #id)"]


def test_a_store_without_a_cheap_schema_is_asked_anew() -> None:
    store = Watched()
    store.cheap_schema = False
    collection = whereql.Collection(store)
    for _ in range(2):
        assert collection.count("n >= 5") == collection.count(F("n") >= 5) == 5
    assert store.supported == 4
    store.answer = Support.NONE
    assert collection.explain("n >= 5").residual == "n >= 5"
    assert collection.count("n >= 5") == 5 and store.asked[-1].where == whereql.Const(True)


@pytest.mark.parametrize("where", ["n = 1 OR s = '2' OR s LIKE '%x%'", whereql.parse("n = 1 OR s = '2' OR s LIKE '%x%'")])
def test_limits_are_those_of_the_call(where: Any) -> None:
    collection = whereql.Collection(Watched())
    assert collection.count(where) == 2
    with whereql.use_limits(pattern=2), pytest.raises(whereql.LimitError, match="WQ406"):
        collection.count(where)
    with whereql.use_limits(predicates=2) if isinstance(where, str) else whereql.use_limits(pattern=1), pytest.raises(whereql.LimitError):
        collection.count(where)
    assert collection.count(where) == 2


def test_passes_are_those_of_the_call() -> None:
    store = Watched()
    collection = whereql.Collection(store)
    text = "NOT (n != 1 AND n != 2)"
    for _ in range(2):
        collection.count(text)
        assert store.asked[-1].where == whereql.parse("n IN (1, 2)")
        with use_passes(enabled=False):
            collection.count(text)
            assert store.asked[-1].where == whereql.parse("n = 1 OR n = 2")
        with use_passes(without=["negation", "order"]):
            assert collection.count(text) == 2


def test_memory_is_bounded() -> None:
    store = Watched()
    known = Known(store, store.schema())
    frequent = known.of_text("n = 0")
    for n in range(1000):
        known.of_text(f"n = {n}")
        assert known.of_text("n = 0") is frequent
        known.of_filter(F("s") == str(n))
        assert len(known._new) + len(known._old) <= 256
    longest = "n = 0 AND s != '" + "x" * 31_900 + "'"
    assert known.of_text(longest) is known.of_text(longest)
    for large in (longest + " " * 100, F("n").is_in(range(101)), F("s") == "x" * 1001, whereql.And([F("n") != n for n in range(33)])):
        find: Any = known.of_text if isinstance(large, str) else known.of_filter
        assert find(large) is not find(large)
        assert isinstance(find(large), Prepared)


def test_any_number_of_threads_may_ask() -> None:
    store = Watched()
    collection = whereql.Collection(store)
    texts = [f"n >= {n % 10} OR s = 'x{n}'" for n in range(400)]
    wrong: list[str] = []
    stop = threading.Event()

    def ask(seed: int) -> None:
        for n in np.random.default_rng(seed).integers(0, len(texts), 600).tolist():
            if collection.count(texts[n]) != 10 - n % 10:
                wrong.append(texts[n])

    def change() -> None:
        while not stop.is_set():
            store.changed()

    changing = threading.Thread(target=change)
    asking = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
    for thread in (changing, *asking):
        thread.start()
    for thread in asking:
        thread.join()
    stop.set()
    changing.join()
    assert wrong == []


def test_a_closed_collection_knows_nothing() -> None:
    collection = whereql.open("memory:")
    assert collection.count("n = 1") == 0
    collection.close()
    with pytest.raises(whereql.BackendError, match="WQ714"):
        collection.count("n = 1")


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (["a", 5], "an id is a string, got an int"), (["é", "\ud800"], "lone surrogate (U+D800) at position 0"), (["\ud800", "\udc00"], "ids[0]"),
        (["\udc00x", None], "ids[0]"), ([None, "\udc00x"], "ids[0]"), ("\ud800", "lone surrogate"), ([b"a"], "got bytes"), (5, "ids is a list of strings"),
        (b"a", "ids is a list of strings"), ({"a": 1}, "ids is a list of strings"),
    ],
)  # fmt: skip
def test_ids_that_are_none(ids: Any, words: str) -> None:
    collection = whereql.Collection(Watched())
    for read in (collection.get, collection.count):
        with pytest.raises(whereql.CheckError) as caught:
            read(ids=ids)
        assert words in str(caught.value)


def test_ids_of_any_iterable() -> None:
    collection = whereql.Collection(Watched())
    for ids in (["r1", "r2"], ("r2", "r1"), iter(["r1", "r2"]), np.array(["r1", "r2"]), [np.str_("r1"), "r2", "r2", "é"], dict.fromkeys(["r1", "r2"]).keys()):
        assert collection.get(ids=ids, include=[]).ids == ["r1", "r2"]  # type: ignore[arg-type]  # whatever people pass
    assert collection.get(ids="r1", include="documents").ids == ["r1"]
    with whereql.use_limits(items=1), pytest.raises(whereql.LimitError, match="WQ403"):
        collection.get(ids=["r1", "r2"])
