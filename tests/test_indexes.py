"""Indexes of the memory engine: when one is built, what it is good for, what it costs, and when it goes."""

from __future__ import annotations

import itertools
import random
import sys
import threading
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from whereql_memory.access import Access
from whereql_memory.backend import MemoryBackend
from whereql_memory.ids import Ids
from whereql_memory.indexes import ascending, index_codes, index_elements, index_numbers
from whereql_memory.segments import Consecutive, Segment
from whereql_memory.shelf import Shelf, Slot
from whereql_memory.table import Table
from whereql_memory.texts import Texts
from whereql_memory.words import WordIndex

import whereql
from whereql.backend import Query
from whereql.errors import BackendError
from whereql.records import Record, make_record

MODES = ("on", "off", "adaptive")


def records(count: int) -> list[Record]:
    rng = random.Random(5)
    languages = ["en", "de", "fr", "日本"]
    return [
        make_record(
            f"id {n}",
            document=f"word{n % 50} common text {n}" if n % 7 else None,
            metadata={"n": n % 40, "f": rng.random(), "lang": rng.choice(languages), "rare": "x" if n % 97 == 0 else None, "tags": rng.sample(range(30), n % 4), "big": 2**40 + n},
        )
        for n in range(count)
    ]


FILTERS = [
    "n = 3", "n >= 37", "n IN (1, 5, 39, 77)", "n != 3", "f < 0.02", "f >= 0.5 AND n = 7", "lang = 'de'", "lang > 'en'", "lang IN ('fr', '日本')",
    "rare = 'x'", "rare IS NULL", "tags HAS 4", "tags HAS ANY (4, 5)", "tags HAS ALL (4, 5)", "NOT tags HAS 4", "big = 1099511627780",
    "#document CONTAINS 'word3'", "#document CONTAINS 'word3 common'", "#document MATCHES 'word[12] '", "NOT #document CONTAINS 'word3'",
    "#document CONTAINS 'omm'", "#document CONTAINS 'common te'", "NOT #document CONTAINS 'common'", "n < 30 AND #document CONTAINS 'common'",
    "lang = 'de' AND #document CONTAINS 'word3'", "n = 3 OR tags HAS 4 OR #document ENDS WITH ' 99'", "NOT (n = 3 AND f < 0.5) AND lang != 'de'", "#id IN ('id 5', 'id 6') OR n = 1",
]  # fmt: skip


def answers(backend: MemoryBackend, text: str) -> tuple[list[str], int, list[str], list[str]]:
    where = whereql.parse(text)
    ids = backend.get(Query(where, include=())).ids
    return ids, backend.count(Query(where)), backend.get(Query(where, limit=5, offset=2, include=())).ids, backend.get(Query(where, ids=("id 5", "id 97", "no"), include=())).ids


@pytest.mark.parametrize("text", FILTERS)
def test_every_mode_answers_alike(text: str) -> None:
    rows = records(3_000)
    backends = {mode: MemoryBackend(rows, indexes=mode) for mode in MODES}
    expected = answers(backends["off"], text)
    assert expected[1] == len(expected[0]) and expected[2] == expected[0][2:7]
    assert answers(backends["on"], text) == expected
    for _ in range(30):
        assert answers(backends["adaptive"], text) == expected
    assert backends["off"].stats().indexes == ()


def test_an_index_is_built_once_scans_have_cost_as_much() -> None:
    backend = MemoryBackend(records(3_000))
    where = whereql.parse("n = 3")
    runs = 0
    while "n" not in {index.name for index in backend.stats().indexes}:
        backend.get(Query(where))
        runs += 1
        assert runs < 1_000
    assert runs > 5  # a first query must not wait for it
    (built,) = (index for index in backend.stats().indexes if index.name == "n")
    assert built.nbytes >= 3_000 * 4
    backend.get(Query(where))
    assert next(index.uses for index in backend.stats().indexes if index.name == "n") > built.uses


def test_on_builds_at_once_and_off_never_does() -> None:
    for mode, names in (("on", {"lang"}), ("off", set())):
        backend = MemoryBackend(records(500), indexes=mode)
        backend.get(Query(whereql.parse("lang = 'de'")))
        assert {index.name for index in backend.stats().indexes} == names


def test_the_index_that_was_not_used_for_longest_goes_first() -> None:
    backend = MemoryBackend(records(3_000), indexes="on", budget=40_000)
    for text in ("n = 3", "lang = '日本'", "n = 4", "tags HAS 4"):
        backend.get(Query(whereql.parse(text)))
    stats = backend.stats()
    assert stats.evicted >= 1 and stats.built >= 3
    assert sum(index.nbytes for index in stats.indexes) <= 40_000
    assert "lang" not in {index.name for index in stats.indexes}
    for text in FILTERS:
        assert answers(backend, text) == answers(MemoryBackend(records(3_000), indexes="off"), text)


def test_an_index_too_large_for_all_the_room_is_not_kept() -> None:
    backend = MemoryBackend(records(3_000), indexes="on", budget=100)
    assert backend.count(Query(whereql.parse("n = 3"))) == 75
    assert backend.stats().indexes == ()


def test_indexes_follow_what_is_written() -> None:
    rows = records(4_000)
    backend = MemoryBackend(rows[:2_000], indexes="on")
    for text in FILTERS:
        answers(backend, text)
    backend.add(rows[2_000:])
    backend.delete(Query(whereql.parse("n = 5")))
    fresh = MemoryBackend([row for row in rows if (row.metadata or {})["n"] != 5], indexes="off")
    for text in FILTERS:
        assert answers(backend, text) == answers(fresh, text)


def test_merged_segments_build_again_what_their_parts_had() -> None:
    rows = records(4_000)
    backend = MemoryBackend(rows[:1_500])
    while "n" not in {index.name for index in backend.stats().indexes}:
        backend.count(Query(whereql.parse("n = 3")))
    backend.add(rows[1_500:])
    backend.count(Query(whereql.parse("n = 3")))
    assert backend.stats().segments == 1
    assert "n" in {index.name for index in backend.stats().indexes}


def test_the_words_of_merged_segments_are_joined_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = records(4_000)
    where = whereql.parse("#document CONTAINS 'word3'")
    backend = MemoryBackend(rows[:2_500], indexes="on")
    backend.count(Query(where))
    backend.delete(Query(ids=("id 3", "id 4", "id 700")))
    read: list[int] = []
    original = WordIndex.of
    monkeypatch.setattr(WordIndex, "of", lambda texts: (read.append(len(texts)), original(texts))[1])
    backend.add(rows[2_500:])
    expected = MemoryBackend([row for row in rows if row.id not in ("id 3", "id 4", "id 700")], indexes="off")
    for text in FILTERS:
        assert answers(backend, text) == answers(expected, text)
    assert read == [1_286]  # the documents that came


def test_what_is_given_up_is_not_built_again() -> None:
    shelf = Shelf("on")
    slot: Slot[Access] = Slot(shelf, "k", 1.0, lambda: pytest.fail("built"))  # type: ignore[arg-type, return-value]  # never called
    slot.retire()
    assert slot.get() is None and shelf.slots == []


@pytest.mark.parametrize(("option", "value"), [("indexes", "always"), ("index_memory", -1), ("index_memory", "1 GB"), ("index_memory", True)])
def test_options_are_checked(option: str, value: object) -> None:
    with pytest.raises(BackendError) as caught:
        whereql.open("memory:", **{option: value})
    assert caught.value.code == "WQ712" and caught.value.hint
    assert whereql.open("memory:", indexes="off", index_memory=10).count() == 0


# The indexes by themselves.


def expected_rows(values: Sequence[object], rows: Sequence[int], low: object, high: object) -> list[int]:
    return [row for row, value in zip(rows, values, strict=True) if low <= value <= high]  # type: ignore[operator]  # of one kind


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_codes_are_found_by_interval(dtype: type) -> None:
    rng = np.random.default_rng(1)
    count = {np.uint8: 200, np.uint16: 40_000, np.uint32: 100_000}[dtype]
    codes = rng.integers(count, size=3_000).astype(dtype)
    rows = np.sort(rng.choice(9_000, 3_000, replace=False))
    for own, numbers in ((None, np.arange(3_000)), (rows, rows)):
        index = index_codes(codes, count, own)
        for low, high in [(0, 0), (5, 5), (3, count // 2), (0, count - 1), (int(codes[7]), int(codes[7]))]:
            places = index.places(np.array([low]), np.array([high]))
            found = index.rows(*places, 9_000)
            assert found.tolist() == expected_rows(codes.tolist(), numbers.tolist(), low, high)
            assert index.count(*places) == len(found)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float64])
def test_numbers_are_found_by_interval(dtype: type) -> None:
    values = np.random.default_rng(2).integers(-100, 100, 2_000).astype(dtype)
    index = index_numbers(values, None)
    assert index.keys is not None and all(a < b for a, b in pairwise(index.keys.tolist()))
    for low, high in [(-100, 99), (3, 3), (-5, 17), (99, 99), (50, 40)]:
        places = index.places(np.array([low], dtype), np.array([high], dtype))
        assert index.rows(*places, 2_000).tolist() == expected_rows(values.tolist(), range(2_000), low, high)
    several = index.places(np.array([-50, 3, 90], dtype), np.array([-49, 3, 95], dtype))
    assert index.rows(*several, 2_000).tolist() == [row for row, value in enumerate(values.tolist()) if value in {-50, -49, 3, *range(90, 96)}]


def test_an_array_that_has_an_element_twice_is_one_row() -> None:
    arrays = [[1, 1], [2], [2, 1], [3, 3, 3]]
    flat = np.array([value for array in arrays for value in array], np.int8)
    owners = np.repeat(np.arange(4), [len(array) for array in arrays])
    index = index_elements(index_numbers(flat, None), owners)
    for value in (1, 2, 3):
        places = index.places(np.array([value], np.int8), np.array([value], np.int8))
        expected = [row for row, array in enumerate(arrays) if value in array]
        assert index.rows(*places, 4).tolist() == expected
        assert index.count(*places) == len(expected) != sum(array.count(value) for array in arrays) or value == 2
    assert index.rows(*index.places(np.array([1], np.int8), np.array([3], np.int8)), 4).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("count", [2, 16, 17, 300])
def test_a_row_with_several_of_the_values_is_there_once(count: int) -> None:
    rng = np.random.default_rng(3)
    owners = np.sort(rng.choice(100_000, 1_000))
    elements = rng.integers(400, size=1_000).astype(np.int16)
    values = np.sort(rng.choice(400, count, replace=False)).astype(np.int16)
    owners[:2], elements[:2] = 7, values[:2]
    found = index_elements(index_numbers(elements, None), owners)
    rows = found.rows(*found.places(values, values), 100_000).tolist()
    assert rows == sorted({row for row, value in zip(owners.tolist(), elements.tolist(), strict=True) if value in values})


def test_a_row_may_end_one_element_and_begin_the_next() -> None:
    index = index_elements(index_numbers(np.array([1, 1, 2], np.int8), None), np.array([0, 1, 1]))
    found = [index.rows(*index.places(np.array([value], np.int8), np.array([value], np.int8)), 2).tolist() for value in (1, 2)]
    assert found == [[0, 1], [1]] != [[0, 1], []]


@pytest.mark.parametrize("count", [1, 2, 3, 32, 33, 300])
@pytest.mark.parametrize("way", ["places", "index of strings", "index of a blob"])
def test_ids_are_looked_up_by_hash(count: int, way: str) -> None:
    names = [f"é{n}" for n in range(6_000)]
    known = Ids(texts=Texts.of(np.array(names, np.object_))) if way == "index of a blob" else Ids.of(names)
    if way == "places":
        assert [known.find(["é7", "é5", "é"]).tolist() for _ in range(7)] == [[5, 7]] * 7  # after so many passes over all
        assert known.nbytes > 6_000 * 32
    else:
        assert len(known.index.order) == 6_000  # it is there from now on
    rows = random.Random(count).sample(range(6_000), count)
    wanted = [*(names[row] for row in rows), "é", "é6000"]
    assert known.find(wanted).tolist() == sorted(rows)
    assert known.at(known.look_up(wanted)) == [names[row] for row in sorted(rows)]
    assert known.find(wanted[count:]).tolist() == known.at(known.look_up(wanted[count:])) == []


def test_what_was_deleted_from_a_large_segment_is_not_found_by_id() -> None:
    backend = MemoryBackend(records(3_000))
    backend.delete(Query(ids=("id 5", "id 2999")))
    assert backend.stats().deleted == 2  # they are still in their segment
    assert backend.get(Query(ids=("id 5", "id 6", "id 2999"))).ids == ["id 6"]
    assert backend.add([record for record in records(6) if record.id == "id 5"]) == 1
    assert backend.get(Query(ids=("id 5",), include=())).ids == ["id 5"]


@pytest.mark.parametrize("mode", MODES)
def test_a_plan_counts_what_is_alive(mode: str) -> None:
    backend = MemoryBackend(records(3_000), indexes=mode)
    backend.delete(Query(whereql.parse("n = 3 AND f < 0.5")))
    assert backend.stats().deleted
    query = Query(whereql.parse("n = 3"))
    assert f" n = 3: {backend.count(query)} rows, " in (backend.native(query) or "")


def test_the_environment_can_choose_no_mode_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEREQL_INDEXES", "always")
    with pytest.raises(BackendError, match="WQ712"):
        whereql.open("memory:")
    monkeypatch.setenv("WHEREQL_INDEXES", "off")
    assert whereql.open("memory:").count() == 0


@pytest.mark.parametrize("size", [10, 100_000])
def test_rows_come_in_order_and_once(size: int) -> None:
    rows = np.array([7, 3, 3, 9, 0], np.uint32)
    assert ascending(rows, size, is_multi=True).tolist() == [0, 3, 7, 9]


def test_the_indexes_of_a_segment_are_listed_while_readers_find_new_ones() -> None:
    segment = Segment(Table.of([]), Consecutive(0, 0), Shelf())
    ended = threading.Event()

    def find() -> None:
        for number in itertools.count():
            if ended.is_set():
                return
            segment._accesses[str(number % 5_000), "int"] = None
            if number % 5_000 == 0:
                segment._accesses.clear()

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    reader = threading.Thread(target=find)
    reader.start()
    try:
        assert all(segment.slots == [] for _ in range(3_000))
    finally:
        ended.set()
        reader.join()
        sys.setswitchinterval(usual)
