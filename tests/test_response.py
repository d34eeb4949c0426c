"""A response: its columns are made when someone reads them, each once, and its JSON comes in pieces."""

from __future__ import annotations

import copy
import dataclasses
import gc
import math
import pickle
import threading
import weakref
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from stores import Store, without

import whereql
from whereql import Op, Query
from whereql.records import COLUMNS, Record, make_record
from whereql.response import Columns, GetResponse, json_text_of, records_of

SIZE = 10_000
RECORDS = [
    make_record(
        f"é{n}",
        document=None if n % 3 else f'"text" {n}\n',
        uri=f"u{n}" if n % 2 else None,
        embedding=[n / 7, 0.1, -n],
        metadata={"n": n, "x": n / 3, "tags": ["a", f"t{n % 5}"]} if n % 4 else None,
    )
    for n in range(SIZE)
]


class Counted:
    """Columns that note which of them were made, and how many records of each."""

    def __init__(self, records: Sequence[Record], made: Counter[str]) -> None:
        self.records, self.made = records, made

    def __len__(self) -> int:
        return len(self.records)

    def column(self, name: str) -> Any:
        self.made[name] += len(self.records)
        return getattr(GetResponse.from_records(self.records, COLUMNS), name)

    def take(self, rows: Sequence[int]) -> Columns:
        return Counted([self.records[row] for row in rows], self.made)


def lazy(records: Sequence[Record] = RECORDS[:9], include: Sequence[str] = COLUMNS) -> tuple[GetResponse, Counter[str]]:
    made: Counter[str] = Counter()
    return GetResponse.lazily(Counted(records, made), include), made


def eager(records: Sequence[Record] = RECORDS[:9], include: Sequence[str] = COLUMNS) -> GetResponse:
    return GetResponse.from_records(records, include)


def same(one: GetResponse, other: GetResponse) -> bool:
    return type(one.embeddings) is type(other.embeddings) and one.to_dict() == other.to_dict()


def test_a_column_is_made_when_it_is_read_and_only_once() -> None:
    response, made = lazy()
    assert len(response) == 9 and response.include == list(COLUMNS) and not made
    assert response.ids is response.ids and made == {"ids": 9}
    assert response.metadatas is response.metadatas and made == {"ids": 9, "metadatas": 9}
    assert len(response) == 9 and same(response, eager()) and set(made.values()) == {9}


@pytest.mark.parametrize("include", [(), ("documents",), ("metadatas", "uris"), ("embeddings", "documents")])
def test_a_column_that_was_not_asked_for_is_none(include: tuple[str, ...]) -> None:
    response, made = lazy(include=include)
    assert same(response, eager(include=include))
    assert made.keys() == {"ids", *include}


class Idle(Store):
    """A store that knows no LIKE, and makes no column before that is read."""

    def __init__(self, records: Sequence[Record]) -> None:
        super().__init__(records, without(Op.LIKE))
        self.made: Counter[str] = Counter()

    def scan(self, query: Query, sizes: Any) -> Any:
        for page in super().scan(query, sizes):
            yield GetResponse.lazily(Counted(list(page), self.made), query.include)

    def get(self, query: Query) -> GetResponse:
        return GetResponse.lazily(Counted(list(super().get(query)), self.made), query.include)


TEXTS = [make_record(f"r{n:05}", document=f"d{n}", metadata={"n": n, "s": "yes" if n % 100 == 7 else "no"}) for n in range(20_000)]
FOUND = [record.id for record in TEXTS[7::100]]


def test_only_what_the_residual_reads_is_made() -> None:
    store = Idle(TEXTS)
    collection = whereql.Collection(store)
    assert collection.count("s LIKE 'y_s'") == 200
    assert store.made == {"metadatas": 20_000}
    store.made.clear()
    response = collection.get("s LIKE 'y_s'", include=["documents", "metadatas", "uris"])
    assert len(response) == 200 and store.made == {"metadatas": 20_000}
    assert response.ids == FOUND and response.documents == [record.document for record in TEXTS[7::100]]
    assert store.made == {"metadatas": 20_000, "ids": 200, "documents": 200}
    assert response.metadatas == [record.metadata for record in TEXTS[7::100]] and store.made["metadatas"] == 20_000
    store.made.clear()
    assert collection.get("#id LIKE '%_7' AND n < 100", include=["documents"], limit=3).ids == ["r00007", "r00017", "r00027"]
    assert "documents" not in store.made and store.made["ids"] < 200
    store.made.clear()
    assert collection.delete("s LIKE 'y_s' AND n >= 10000") == 100
    assert store.made == {"metadatas": 10_000, "ids": 100}


def test_pages_of_a_scan_make_their_columns_when_they_are_read() -> None:
    store = Idle(TEXTS)
    collection = whereql.Collection(store)
    pages = list(collection.scan(include=["documents"], batch_size=7000))
    assert list(map(len, pages)) == [7000, 7000, 6000] and not store.made
    assert pages[1].documents == [record.document for record in TEXTS[7000:14_000]] and store.made == {"documents": 7000}
    store.made.clear()
    pages = list(collection.scan("s LIKE 'y_s'", include=["documents", "metadatas"], batch_size=90))
    assert list(map(len, pages)) == [90, 90, 20] and store.made == {"metadatas": 20_000}
    assert [id for page in pages for id in page.ids] == FOUND and store.made == {"metadatas": 20_000, "ids": 200}
    assert pages[2].metadatas == [record.metadata for record in TEXTS[7::100]][180:]


def test_ids_may_be_there_already() -> None:
    made: Counter[str] = Counter()
    ids = [record.id for record in RECORDS[:9]]
    response = GetResponse.lazily(Counted(RECORDS[:9], made), ["uris"], ids)
    assert response.ids is ids and len(response) == 9 and not made
    assert same(response, eager(include=["uris"])) and made == {"uris": 9}
    columns = Counted(RECORDS[:9], made)
    alive = weakref.ref(columns)
    response = GetResponse.lazily(columns, (), ids)
    del columns
    assert len(response) == 9 and response == eager(include=()) and made == {"uris": 9} and alive() is None


def test_what_reads_everything_makes_everything() -> None:
    without = ("documents", "uris", "metadatas")  # arrays have no one equality
    assert lazy(include=without)[0] == eager(include=without) != lazy(RECORDS[:8], without)[0]
    assert repr(lazy()[0]) == repr(eager())
    assert list(lazy()[0]) == list(eager()) == RECORDS[:9]
    assert lazy()[0].to_pandas().equals(eager().to_pandas())
    changed = dataclasses.replace(lazy(include=without)[0], uris=None)
    assert changed == dataclasses.replace(eager(include=without), uris=None)


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda response: pickle.loads(pickle.dumps(response))])
def test_a_copy_holds_the_columns_themselves(twin: Any) -> None:
    response, made = lazy()
    other = twin(response)
    assert same(other, eager()) and set(made.values()) == {9} and len(made) == 5
    assert same(twin(eager()), eager())


def test_it_stays_frozen_and_has_no_other_attributes() -> None:
    response, made = lazy()
    with pytest.raises(dataclasses.FrozenInstanceError):
        response.ids = []  # type: ignore[misc]
    with pytest.raises(AttributeError, match="'GetResponse' object has no attribute 'id'"):
        response.id  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(response, "__array__") and not made
    assert all(hasattr(GetResponse, name) for name in ("ids", *COLUMNS))  # whoever inspects the class finds them


def test_once_all_columns_are_there_nothing_else_is_held() -> None:
    columns = Counted(RECORDS[:9], Counter())
    alive = weakref.ref(columns)
    response = GetResponse.lazily(columns, ["documents"])
    taken = response.take([1, 2], ["documents"])
    del columns
    assert (response.ids, response.documents) == (eager().ids, eager().documents)
    whole = GetResponse.lazily(columns := Counted(RECORDS[:9], Counter()), ["documents", "uris"])
    assert whole.ids and whole.documents
    part = whole.take([1, 2], ["documents"])  # all of it is made
    alive_too = weakref.ref(part._columns or columns)
    del whole, columns
    gc.collect()
    assert alive() is alive_too() is None and part == taken
    assert response.take([1], ["documents"]) == taken.take([0], ["documents"]) == eager(RECORDS[1:2], ["documents"])


def test_taking_makes_nothing_and_uses_what_is_made() -> None:
    response, made = lazy()
    metadatas = response.metadatas
    taken = response.take([5, 1, 5], ("metadatas", "documents"))
    assert made == {"metadatas": 9} and len(taken) == 3
    assert metadatas is not None and taken.metadatas is not None and taken.metadatas[1] is metadatas[1]
    assert same(taken, eager().take([5, 1, 5], ["metadatas", "documents"])) and made == {"metadatas": 9, "ids": 3, "documents": 3}
    for rows in ([], [8, 0], range(2, 6), range(8, -1, -3), range(0)):
        assert same(lazy()[0].take(rows, COLUMNS), eager().take(rows, COLUMNS)), rows
        assert same(lazy()[0].take(range(9), COLUMNS).take(rows, COLUMNS), eager([RECORDS[row] for row in rows])), rows


def test_joining_makes_nothing() -> None:
    pages = [lazy(RECORDS[:4]), lazy([]), lazy(RECORDS[4:5]), lazy(RECORDS[5:9])]
    joined = GetResponse.concatenate([page for page, _ in pages], COLUMNS)
    taken = joined.take([8, 0, 1, 4, 4, 3], ("documents", "embeddings"))
    assert len(joined) == 9 and not any(made for _, made in pages)
    assert same(joined, eager())
    assert same(taken, eager().take([8, 0, 1, 4, 4, 3], ["documents", "embeddings"]))
    assert GetResponse.concatenate([pages[0][0]], COLUMNS) is pages[0][0]
    assert same(GetResponse.concatenate([], COLUMNS), eager([]))


def test_embeddings_are_joined_as_arrays_unless_one_is_missing() -> None:
    bare = [make_record("x")]
    for parts in ([RECORDS[:2], RECORDS[2:5]], [RECORDS[:2], bare], [bare, bare], [[], RECORDS[:2]], [bare, RECORDS[:1], []]):
        whole = [record for part in parts for record in part]
        for make in (eager, lambda records: lazy(records)[0]):
            joined = GetResponse.concatenate([make(part) for part in parts], COLUMNS)
            assert same(joined, eager(whole))
            assert np.shape(joined.embeddings) == np.shape(eager(whole).embeddings) if isinstance(joined.embeddings, np.ndarray) else True


def test_records_read_the_columns_that_are_named() -> None:
    response, made = lazy()
    assert [record.metadata for record in records_of(response, {"metadatas"})] == [record.metadata for record in RECORDS[:9]]
    assert made == {"metadatas": 9}
    assert list(records_of(response, ["ids", "uris"])) == [Record(record.id, uri=record.uri) for record in RECORDS[:9]]
    assert made.keys() == {"ids", "uris", "metadatas"}


def test_readers_in_threads_see_one_column() -> None:
    for _ in range(50):
        response, _ = lazy(include=("metadatas",))
        seen: list[Any] = []
        start = threading.Barrier(4)

        def read(response: GetResponse = response, seen: list[Any] = seen, start: threading.Barrier = start) -> None:
            start.wait()
            seen.append((response.ids, response.metadatas))

        threads = [threading.Thread(target=read) for _ in range(4)]
        [thread.start() for thread in threads]  # type: ignore[func-returns-value]
        [thread.join() for thread in threads]  # type: ignore[func-returns-value]
        assert all(pair == (eager().ids, eager().metadatas) for pair in seen) and len(seen) == 4


def test_an_error_is_raised_again_when_the_column_is_read_again() -> None:
    class Torn(Counted):
        def column(self, name: str) -> Any:
            raise ConnectionResetError(name)

    response = GetResponse.lazily(Torn(RECORDS[:2], Counter()), ["uris"])
    for _ in range(2):
        with pytest.raises(ConnectionResetError, match="uris"):
            response.uris  # noqa: B018
    assert len(response) == 2


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, SIZE])
@pytest.mark.parametrize("include", [(), COLUMNS, ("metadatas", "documents")])
def test_json_in_pieces_is_the_json_of_the_whole(size: int, include: tuple[str, ...]) -> None:
    whole = json_text_of(eager(RECORDS[:size], include).to_dict(), separators=(",", ":"))
    for response in (eager(RECORDS[:size], include), lazy(RECORDS[:size], include)[0]):
        pieces = list(response.iter_json())
        assert "".join(pieces) == response.to_json() == whole
        assert max(map(len, pieces)) <= max(len(whole) // 2, 1000) or size < SIZE


def test_json_keeps_no_column_that_nobody_has_read() -> None:
    response, made = lazy(RECORDS)
    documents = response.documents
    sum(map(len, response.iter_json()))
    assert made == dict.fromkeys(("ids", *COLUMNS), SIZE)
    assert response.documents is documents
    assert response.uris and made["uris"] == 2 * SIZE


def test_json_of_what_only_a_table_or_a_caller_may_hold() -> None:
    odd = GetResponse(["a"] * 5000, metadatas=[{"k": 1.0}] * 4999 + [{"k": math.nan, "l": [1.5, math.inf]}], include=["metadatas"])
    assert odd.to_json() == json_text_of(odd.to_dict(), separators=(",", ":"))
    assert odd.to_json().endswith('{"k":1.0},{"k":null,"l":[1.5,null]}],"include":["metadatas"]}')
    uneven = GetResponse(["a"], documents=["x", None, "y"], embeddings=[None, np.array([0.1], np.float32)])
    assert uneven.to_json() == '{"ids":["a"],"embeddings":[null,[0.1]],"documents":["x",null,"y"],"uris":null,"metadatas":null,"include":[]}'
    flat = GetResponse(["a", "b"], embeddings=np.empty((2, 0), np.float32))
    assert flat.to_json() == json_text_of(flat.to_dict(), separators=(",", ":"))
