"""The memory backend: writes and their order, snapshots, values that come back as they went in, and its columns."""

from __future__ import annotations

import itertools
import random
import threading
import tracemalloc
from collections.abc import Callable
from copy import deepcopy
from itertools import repeat
from typing import Any

import numpy as np
import pytest
import whereql_memory.blob
import whereql_memory.texts
from hypothesis import given, settings
from strategies import TEXTS, Generator, filters, like_escape, record_lists
from whereql_memory.arrays import meet, owners, rows_in
from whereql_memory.backend import MemoryBackend
from whereql_memory.table import Table
from whereql_memory.texts import SortedTexts, Texts

from whereql.ast import Const, Expr, Field, Not, Op, Predicate, literal
from whereql.backend import Backend, Change, Query, WritableBackend
from whereql.errors import BackendError
from whereql.records import KeyInfo, Record, make_record
from whereql.response import GetResponse
from whereql.semantics import holds, like
from whereql.support import Support

ALL = Const(True)
EVERYTHING = ("documents", "metadatas", "uris", "embeddings")


def ids(backend: MemoryBackend, where: Expr = ALL, **options: Any) -> list[str]:
    return backend.get(Query(where, include=(), **options)).ids


def eq(name: str, value: object) -> Predicate:
    return Predicate(Field(name), Op.EQ, literal(value))


def everything(backend: MemoryBackend) -> GetResponse:
    return backend.get(Query(include=EVERYTHING))


def same(left: object, right: object) -> bool:
    """Equality that tells 1 from 1.0 and True, 0.0 from -0.0, and compares arrays with their dtype."""
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return type(left) is type(right) and left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()  # type: ignore[union-attr]
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())  # type: ignore[attr-defined,index]
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))  # type: ignore[arg-type]
    return repr(left) == repr(right)


def same_response(left: GetResponse, right: GetResponse) -> bool:
    names = ("ids", "embeddings", "documents", "uris", "metadatas", "include")
    return all(same(getattr(left, name), getattr(right, name)) for name in names)


# Reading.


def test_it_is_a_backend_that_can_be_written() -> None:
    backend: Backend = MemoryBackend()
    assert isinstance(backend, WritableBackend)
    assert backend.support(eq("a", 1), True) is Support.EXACT
    assert backend.native(Query()) == "no records"


@pytest.mark.parametrize("include", [(), ("documents",), EVERYTHING, ("uris", "uris", "distances")])
def test_an_empty_collection_answers(include: tuple[str, ...]) -> None:
    backend = MemoryBackend()
    assert same_response(backend.get(Query(include=include)), GetResponse.from_records([], include))
    assert list(backend.scan(Query(), repeat(10))) == []
    assert backend.count(Query(Not(eq("a", 1)))) == 0
    assert (backend.schema().records, backend.schema().keys) == (0, {})


@settings(deadline=None, max_examples=200)
@given(record_lists(), filters())
def test_a_response_is_what_from_records_makes_of_the_matching_records(records: list[Record], expr: Expr) -> None:
    backend = MemoryBackend(records)
    matching = [record for record in records if holds(expr, record)]
    expected = GetResponse.from_records(matching, EVERYTHING)
    assert same_response(backend.get(Query(expr, include=EVERYTHING)), expected)
    pages = list(backend.scan(Query(expr, include=("metadatas",)), repeat(2)))
    assert [len(page) for page in pages] == [len(matching[start : start + 2]) for start in range(0, len(matching), 2)]
    assert [m for page in pages for m in page.metadatas or []] == expected.metadatas


@pytest.mark.parametrize("seed", range(5))
def test_values_come_back_as_they_were_written(seed: int) -> None:
    records = Generator(seed).records(300, embeddings=True)
    assert same_response(everything(MemoryBackend(records)), GetResponse.from_records(records, EVERYTHING))


def test_keys_of_metadata_come_in_the_order_of_their_first_appearance() -> None:
    backend = MemoryBackend([make_record("a", metadata={"x": 1, "y": 2}), make_record("b", metadata={"z": 1, "y": 2, "x": 3})])
    assert [list(metadata or ()) for metadata in everything(backend).metadatas or ()] == [["x", "y"], ["x", "y", "z"]]
    assert list(backend.schema().keys) == ["x", "y", "z"]


def test_a_uri_alone_shows_as_empty_metadata() -> None:
    backend = MemoryBackend([make_record("a", uri="u"), make_record("b"), make_record("c", uri="", metadata={"k": 1})])
    assert everything(backend).metadatas == [{}, None, {"k": 1}]


def test_a_response_belongs_to_its_reader() -> None:
    sparse = {"indices": [1], "values": [0.5]}
    backend = MemoryBackend([make_record("a", embedding=[1, 2], metadata={"tags": ["x"], "v": deepcopy(sparse)}), make_record("b", embedding=[3, 4])])
    first = everything(backend)
    assert first.metadatas is not None and first.metadatas[0] is not None and isinstance(first.embeddings, np.ndarray)
    first.metadatas[0]["tags"].append("y")  # type: ignore[union-attr]
    first.metadatas[0]["v"]["indices"].append(2)  # type: ignore[index,call-overload,union-attr]
    first.metadatas[0]["new"] = 1
    first.embeddings[0, 0] = 9
    first.ids.append("z")
    second = everything(backend)
    assert second.metadatas == [{"tags": ["x"], "v": {"#type": "sparse_vector", **sparse}}, None]
    assert second.ids == ["a", "b"]
    assert np.array_equal(second.embeddings, [[1, 2], [3, 4]])  # type: ignore[arg-type]


def test_ids_filter_and_never_order() -> None:
    backend = MemoryBackend([make_record(id, metadata={"n": n}) for n, id in enumerate("cab")])
    assert ids(backend, ids=("b", "c", "c", "unknown", "")) == ["c", "b"]
    assert ids(backend, Not(eq("n", 0)), ids=("b", "c")) == ["b"]
    assert ids(backend, ids=()) == []
    assert ids(backend, ids=("unknown",)) == []


def test_limit_and_offset_come_after_the_filter() -> None:
    backend = MemoryBackend([make_record(str(n), metadata={"odd": n % 2 == 1}) for n in range(10)])
    odd = eq("odd", True)
    assert ids(backend, odd, limit=2, offset=1) == ["3", "5"]
    assert ids(backend, odd, limit=0) == []
    assert ids(backend, odd, offset=2**32) == []
    assert ids(backend, limit=2**32 - 1, offset=8) == ["8", "9"]
    assert backend.count(Query(odd, limit=2, offset=4)) == 1


# Writing.


def test_add_keeps_the_first_of_each_id() -> None:
    backend = MemoryBackend([make_record("a", document="old")])
    assert backend.add([make_record("b", document="1"), make_record("a", document="new"), make_record("b", document="2")]) == 1
    assert backend.add([make_record("b", document="3"), make_record("c")]) == 1
    assert (everything(backend).ids, everything(backend).documents) == (["a", "b", "c"], ["old", "1", None])


def test_upsert_merges_and_keeps_the_place() -> None:
    backend = MemoryBackend([make_record("a", document="d", uri="u", embedding=[1], metadata={"x": 1, "y": 2}), make_record("b")])
    changes = [
        Change(make_record("c", document="c")),
        Change(make_record("a", metadata={"x": "one"}), frozenset({"y"})),
        Change(make_record("a", document="e", metadata={"z": [1]})),
        Change(make_record("c", embedding=[3])),
    ]
    assert backend.upsert(changes) == 4
    expected = [
        make_record("a", document="e", uri="u", embedding=[1], metadata={"x": "one", "z": [1]}),
        make_record("b"),
        make_record("c", document="c", embedding=[3]),
    ]
    assert same_response(everything(backend), GetResponse.from_records(expected, EVERYTHING))


def test_delete_and_add_again_moves_to_the_end() -> None:
    backend = MemoryBackend([make_record(id) for id in "abc"])
    assert backend.delete(Query(ids=("a", "unknown"))) == 1
    assert ids(backend) == ["b", "c"]
    assert backend.add([make_record("a", document="again")]) == 1
    assert ids(backend) == ["b", "c", "a"]
    assert backend.delete(Query(limit=1, offset=1)) == 1
    assert ids(backend) == ["b", "a"]
    assert backend.delete(Query()) == 2
    assert ids(backend) == []


def test_keys_that_no_record_has_any_more_leave_the_schema() -> None:
    backend = MemoryBackend([make_record("a", metadata={"x": 1, "y": 2}), make_record("b", metadata={"y": "s"})])
    assert backend.schema().keys == {"x": KeyInfo({"int": 1}, (1,)), "y": KeyInfo({"int": 1, "string": 1}, (2, "s"))}
    backend.delete(Query(ids=("a",)))
    assert backend.schema().keys == {"y": KeyInfo({"string": 1}, ("s",))}


def test_a_schema_counts_every_kind() -> None:
    sparse = {"indices": [1], "values": [0.5]}
    values = [1, 1.5, True, "s", [1], [1.5], [True], ["s"], sparse]
    info = MemoryBackend([make_record(str(n), metadata={"k": value}) for n, value in enumerate(values)]).schema().keys["k"]
    assert set(info.kinds) == {"int", "float", "bool", "string", "int[]", "float[]", "bool[]", "string[]", "sparse_vector"}
    assert (info.count, set(info.kinds.values()), len(info.examples)) == (9, {1}, 3)


def upsert(backend: MemoryBackend, records: list[Record]) -> int:
    return backend.upsert([Change(record) for record in records])


@pytest.mark.parametrize("write", [MemoryBackend.add, upsert])
@pytest.mark.parametrize("fold", [True, False])
def test_a_write_that_fails_changes_nothing(write: Callable[[MemoryBackend, list[Record]], int], fold: bool) -> None:
    backend = MemoryBackend([make_record("a", embedding=[1, 2]), make_record("b")])
    if fold:
        everything(backend)
    with pytest.raises(BackendError) as caught:
        write(backend, [make_record("c", embedding=[3, 4]), make_record("b", document="x"), make_record("d", embedding=[1, 2, 3])])
    assert (caught.value.code, caught.value.path) == ("WQ704", "[2].embedding")
    assert caught.value.hint
    assert same_response(everything(backend), GetResponse.from_records([make_record("a", embedding=[1, 2]), make_record("b")], EVERYTHING))


def test_dimensions_are_checked_within_one_batch_and_between_unread_ones() -> None:
    backend = MemoryBackend()
    with pytest.raises(BackendError):
        backend.add([make_record("a", embedding=[1]), make_record("b", embedding=[1, 2])])
    assert ids(backend) == []
    backend.add([make_record("a", embedding=[1])])
    with pytest.raises(BackendError):
        backend.add([make_record("b", embedding=[1, 2])])
    with pytest.raises(BackendError):
        MemoryBackend([make_record("a", embedding=[1]), make_record("b", embedding=[1, 2])])
    backend.delete(Query())
    assert backend.add([make_record("b", embedding=[1, 2])]) == 1


def test_a_caller_may_use_one_array_for_all_embeddings() -> None:
    backend = MemoryBackend()
    vector = np.zeros(2, np.float32)
    for number in range(4):
        vector[0] = number
        write = backend.add if number % 2 else lambda records: upsert(backend, records)
        write([make_record(str(number), embedding=vector)])
    assert np.array_equal(everything(backend).embeddings, [[0, 0], [1, 0], [2, 0], [3, 0]])  # type: ignore[arg-type]


def test_many_small_writes_make_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = MemoryBackend([make_record("first", metadata={"n": -1})])
    made: list[int] = []
    original = Table.of
    monkeypatch.setattr(Table, "of", lambda records, vectors=None: (made.append(len(records)), original(records, vectors))[1])
    for number in range(500):
        backend.add([make_record(str(number), metadata={"n": number})])
        upsert(backend, [make_record(str(number // 2), metadata={"m": number})])
    assert (backend.count(Query(eq("n", 7))), made) == (1, [501])


def apply_to_model(rng: random.Random, model: dict[str, Record], backend: MemoryBackend, pool: list[Record]) -> None:
    """One random write, to the backend and to a dict."""
    batch = rng.choices(pool, k=rng.randint(0, 6))
    match rng.choice(["add", "upsert", "delete", "read"]):
        case "add":
            new = [record for record in batch if record.id not in model]
            assert backend.add(batch) == len({record.id for record in new})
            for record in new:
                model.setdefault(record.id, record)
        case "upsert":
            changes = [Change(record, frozenset(rng.sample(sorted(record.metadata or {}), k=min(1, len(record.metadata or {}))))) for record in batch]
            assert backend.upsert(changes) == len(batch)
            for change in changes:
                model[change.record.id] = change.apply(model.get(change.record.id))
        case "delete":
            gone = {record.id for record in batch[:2]} & model.keys()
            assert backend.delete(Query(ids=tuple(record.id for record in batch[:2]))) == len(gone)
            for id in gone:
                del model[id]
        case "read":
            assert backend.count(Query()) == len(model)


@pytest.mark.parametrize("seed", range(12))
def test_random_writes_give_what_a_dict_gives(seed: int) -> None:
    generator = Generator(seed)
    rng = generator.random
    first, second = generator.records(12, embeddings=True), generator.records(12, embeddings=True)
    pool = first + [make_record(a.id, document=b.document, uri=b.uri, embedding=b.embedding, metadata=b.metadata) for a, b in zip(first, second, strict=True)]
    model: dict[str, Record] = {}
    backend = MemoryBackend()
    for _ in range(80):
        apply_to_model(rng, model, backend, pool)
        if rng.random() < 0.3:
            assert same_response(everything(backend), GetResponse.from_records(model.values(), EVERYTHING))


# Snapshots.


def test_a_scan_sees_one_moment() -> None:
    backend = MemoryBackend([make_record(str(n), metadata={"n": n}) for n in range(6)])
    pages = backend.scan(Query(), repeat(2))
    assert next(pages).ids == ["0", "1"]
    backend.delete(Query(ids=("2",)))
    backend.add([make_record("new")])
    upsert(backend, [make_record("3", metadata={"n": 99})])
    rest = list(pages)
    assert [page.ids for page in rest] == [["2", "3"], ["4", "5"]]
    assert rest[0].metadatas == [{"n": 2}, {"n": 3}]
    assert ids(backend) == ["0", "1", "3", "4", "5", "new"]


def test_threads_read_whole_batches_while_one_writes() -> None:
    backend = MemoryBackend()
    torn: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            answer = backend.get(Query(include=("metadatas",)))
            numbers = [metadata["n"] for metadata in answer.metadatas or [] if metadata]
            if len(numbers) % 3 or numbers != sorted(numbers) or numbers[::3] != numbers[2::3]:
                torn.append(numbers)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for n in range(150):
        backend.add([make_record(f"{n}-{part}", metadata={"n": n}) for part in range(3)])
        if n % 10 == 9:
            backend.delete(Query(eq("n", n - 5)))
    done.set()
    for reader in readers:
        reader.join()
    assert not torn
    assert backend.count(Query()) == 3 * 150 - 3 * 15


# Columns.


def test_keys_that_occur_once_take_no_room_in_other_rows() -> None:
    size = 10_000
    records = [make_record(str(n), metadata={f"key{n}": n if n % 2 else f"text{n}"}) for n in range(size)]
    tracemalloc.start()
    backend = MemoryBackend(records)
    assert ids(backend, eq("key77", 77)) == ["77"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60e6  # one byte per row and key would be 100 MB
    assert everything(backend).metadatas == [record.metadata for record in records]


NEAR = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63 - 2, -(2**63), 2.0**53, 2.0**63, -(2.0**63), 1, 1.0, True, 0.0, -0.0, 0, "1"]


@pytest.mark.parametrize("op", [Op.EQ, Op.IN, Op.LT, Op.LE, Op.GT, Op.GE, Op.HAS])
def test_numbers_are_never_rounded(op: Op) -> None:
    values = [[value] for value in NEAR] if op is Op.HAS else NEAR
    records = [make_record(str(n), metadata={"k": value}) for n, value in enumerate(values)]
    backend = MemoryBackend(records)
    for bound in NEAR:
        if op in (Op.EQ, Op.IN, Op.HAS) or not isinstance(bound, (bool, str)):
            operand = (literal(bound),) if op in (Op.IN, Op.HAS) else literal(bound)
            expr = Predicate(Field("k"), op, operand)
            assert ids(backend, expr) == [record.id for record in records if holds(expr, record)], expr


def test_parameters_must_be_bound() -> None:
    from whereql.ast import Param

    backend = MemoryBackend([make_record("a", metadata={"k": 1, "s": "x"})])
    for name in "ks":
        with pytest.raises(TypeError, match="bind"):
            ids(backend, Predicate(Field(name), Op.LE, Param("p")))


# Texts.


def corpus(seed: int, size: int) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices(rng.choice([TEXTS, ["a", "b"], ["日", "本", "a"]]), k=rng.randint(0, 12))) for _ in range(size)]


@pytest.fixture(params=[None, 64], ids=["whole", "small blocks"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr(whereql_memory.blob, "_BLOCK", request.param)
        monkeypatch.setattr(whereql_memory.texts, "_CHUNK", 7)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.usefixtures("blocks")
def test_text_operators_are_those_of_python(seed: int) -> None:
    strings = corpus(seed, 400)
    distinct = sorted(set(strings))
    rng = random.Random(seed)
    for _ in range(150):
        text = rng.choice(strings)
        start = rng.randint(0, len(text))
        part = text[start : start + rng.choice([0, 1, 2, 3, 9, 99])]
        for texts, plain in ((Texts.of(strings), strings), (SortedTexts.of(distinct), distinct)):
            assert texts.contains(part).tolist() == [part in each for each in plain]
            assert texts.starts(part).tolist() == [each.startswith(part) for each in plain]
            assert texts.ends(part).tolist() == [each.endswith(part) for each in plain]
            assert texts.equals(part).tolist() == [each == part for each in plain]
            assert texts.before(part, False).tolist() == [each < part for each in plain]
            assert texts.before(part, True).tolist() == [each <= part for each in plain]
        wanted = [*rng.choices(strings, k=rng.choice([0, 1, 5, 50])), part]
        for texts, plain in ((Texts.of(strings), strings), (SortedTexts.of(distinct), distinct)):
            assert texts.isin(wanted).tolist() == [each in wanted for each in plain]


@pytest.mark.parametrize("shape", ["{0}", "{0}%", "%{0}", "%{0}%", "{0}%{1}", "{0}%%{1}", "%", "%%", "_", "_%", "{0}_{1}", "%{0}%{1}%", "{0}_", "", "%{0}_"])
def test_like_in_every_shape(shape: str) -> None:
    strings = corpus(5, 120)
    texts = Texts.of(strings)
    rng = random.Random(shape)
    for _ in range(25):
        text = rng.choice(strings)
        cut = rng.randint(0, len(text))
        pattern = shape.format(like_escape(text[: cut + rng.randint(0, 1)]), like_escape(text[cut:]))
        assert texts.like(pattern).tolist() == [like(each, pattern) for each in strings], pattern


def test_a_needle_never_straddles_two_texts() -> None:
    texts = Texts.of(["neural", "nets", "", "ne", "ts"])
    assert not texts.contains("alne").any()
    assert not texts.contains("lnets").any()
    assert texts.contains("ne").tolist() == [True, True, False, True, False]
    assert texts.starts("nets").tolist() == [False, True, False, False, False]
    assert texts.ends("ts").tolist() == [False, True, False, False, True]
    assert not texts.ends("nets" * 3).any()
    assert texts.equals("").tolist() == [False, False, True, False, False]


def test_texts_longer_than_a_block_and_hits_everywhere() -> None:
    long = "ab" * 400_000
    texts = Texts.of(["b", long, "", long + "c", "a"] + ["ab"] * 1000)
    assert texts.contains("ab").tolist() == [False, True, False, True, False] + [True] * 1000
    assert texts.contains("abc").nonzero()[0].tolist() == [3]
    assert texts.contains("ab" * 100).nonzero()[0].tolist() == [1, 3]
    assert texts.contains("a" * 2).sum() == 0
    assert texts.contains(long).nonzero()[0].tolist() == [1, 3]


def test_long_needles_are_compared_to_their_ends() -> None:
    head = "x" * 45
    texts = Texts.of([head, head + "a", "-" + head + "ab", head + "abc", head[:31], head[:32]])
    for part in (head, head + "a", head + "ab", head + "b", head[:31], head[:32], head[:33]):
        assert texts.contains(part).tolist() == [part in each for each in texts.tolist()]
        assert texts.starts(part).tolist() == [each.startswith(part) for each in texts.tolist()]
        assert texts.ends(part).tolist() == [each.endswith(part) for each in texts.tolist()]
        assert texts.equals(part).tolist() == [each == part for each in texts.tolist()]


def test_texts_are_picked_joined_and_listed() -> None:
    strings = corpus(7, 9000)
    texts = Texts.of(strings)
    assert texts.tolist() == strings
    at = np.array([8999, 0, 0, 4096])
    assert texts.pick(at).tolist() == texts.tolist(at) == [strings[i] for i in at]
    assert Texts.join([texts, Texts.of([]), texts.pick(at)]).tolist() == strings + [strings[i] for i in at]
    assert Texts.of([]).contains("a").tolist() == Texts.of([]).matches("a").tolist() == Texts.of([]).tolist() == []
    with pytest.raises(UnicodeEncodeError):
        Texts.of(["\ud800"])


def test_array_helpers() -> None:
    rng = np.random.default_rng(0)
    for size in (0, 1, 5, 40):
        a, b = (np.unique(rng.integers(0, 30, size)) for _ in range(2))
        at_a, at_b = meet(a, b)
        assert a[at_a].tolist() == b[at_b].tolist() == np.intersect1d(a, b).tolist()
    offsets = np.array([0, 2, 2, 5, 5])
    for hits in ([], [0], [1, 2], [4], [0, 1, 2, 3, 4]):
        expected = [any(low <= hit < high for hit in hits) for low, high in itertools.pairwise(offsets)]
        assert owners(np.array(hits, np.int64), offsets).tolist() == expected


@pytest.mark.parametrize("share", [0, 0.001, 0.004, 0.01, 0.03, 0.08, 0.099, 0.101, 0.2, 0.9, 1])
def test_the_rows_of_a_mask_are_those_that_are_marked_whatever_their_share(share: float) -> None:
    drawn = np.random.default_rng(5)
    for size in (0, 1, 131_071, 131_072, 131_075, 200_003):
        mask = drawn.random(size) < share
        rows = rows_in(mask, int(mask.sum()))
        assert rows.dtype == np.int64
        assert rows.tolist() == [row for row, marked in enumerate(mask.tolist()) if marked]
        assert rows_in(mask[::2], int(mask[::2].sum())).tolist() == np.flatnonzero(mask[::2]).tolist()
