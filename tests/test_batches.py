"""Batches: many records checked column by column are what `make_record` makes of each of them, or the same error."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import repeat
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whereql.batches import Batch
from whereql.cells import Gathering, UnusualError
from whereql.errors import WhereqlError
from whereql.records import Record, make_record, records_from_columns

N = 250  # enough for a batch


class Mood(StrEnum):
    HAPPY = "happy"


class Text(str):
    pass


class Number(int):
    pass


class Thing:
    def __repr__(self) -> str:  # without an address, since it names a test
        return "Thing()"


SCALARS: list[Any] = [
    "", "a", "ä", "\0", "😀", "\ud800", Text("t"), Mood.HAPPY, np.str_("n"),
    0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**400, Number(7), np.int8(3), np.uint64(2**64 - 1),
    0.0, -0.0, 1.0, 1.5, 5e-324, 1e308, math.nan, math.inf, -math.inf, np.float32(0.5), np.float64(2.5),
    True, False, np.bool_(True), None,
]  # fmt: skip
VALUES: list[Any] = [
    *SCALARS, [], (), {}, Thing(), b"x", {"a": 1}, np.array(["a"]), np.array([1, 2]), np.array([]), np.array([[1]]), np.array(1),
    {"#type": "sparse_vector", "indices": [1, 2], "values": [0.5, 1]}, {"indices": [2, 1], "values": [0.5, 1]},
    *([value] for value in SCALARS), *([value, 1] for value in SCALARS), *(["a", value] for value in SCALARS), [0.5, 2**63], [[1]], [[]], [{}],
]  # fmt: skip


def outcome(make: Callable[[], Any]) -> Any:
    """The records with the types of what they hold, or the error in full."""
    try:
        return [(*map(typed, (record.id, record.document, record.uri, record.metadata)), vector(record)) for record in make()]
    except WhereqlError as error:
        return error.code, error.message, error.path, error.hint


def typed(value: Any) -> Any:
    if isinstance(value, dict):
        return dict, {typed(key): typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return list, [typed(inner) for inner in value]
    return type(value), value, repr(value)  # the text tells -0.0 from 0.0


def vector(record: Record) -> Any:
    return None if record.embedding is None else (record.embedding.dtype.str, record.embedding.tolist())


def one_by_one(ids: list[Any], embeddings: Any = None, metadatas: Any = None, documents: Any = None, uris: Any = None) -> list[Record]:
    columns = [column if column is not None else list(repeat(None, len(ids))) for column in (embeddings, metadatas, documents, uris)]
    return [
        make_record(id, embedding=columns[0][i], metadata=columns[1][i], document=columns[2][i], uri=columns[3][i], path=f"[{i}].")
        for i, id in enumerate(ids)
    ]


def check(**columns: Any) -> None:
    ids = columns.pop("ids", [f"r{i}" for i in range(N)])
    assert outcome(lambda: records_from_columns(ids, **columns)) == outcome(lambda: one_by_one(ids, **columns))


def placed(value: Any, usual: Any, at: int = 100) -> list[Any]:
    return [*repeat(usual, at), value, *repeat(usual, N - at - 1)]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("usual", ["text", 7, 0.5, ["x"]], ids=repr)
def test_every_value_among_usual_ones_is_what_it_is_alone(value: Any, usual: Any) -> None:
    check(metadatas=[{"key": each, "year": 1} for each in placed(value, usual)])


@pytest.mark.parametrize("key", ["ä", "\ud800", "", 1, None, Text("t"), Mood.HAPPY, b"x"], ids=repr)
@pytest.mark.parametrize("value", [1, None, []], ids=repr)
def test_every_key(key: Any, value: Any) -> None:
    check(metadatas=placed({key: value, "a": 1}, {"a": 1}))


@pytest.mark.parametrize("metadata", [{}, None, OrderedDict(a=1), MappingProxyType({"a": 1}), [], "text", 1, {"b": None}], ids=repr)
def test_every_metadata(metadata: Any) -> None:
    check(metadatas=placed(metadata, {"a": 1}))


@pytest.mark.parametrize("text", ["", "a", "ä", "\ud800", "\0", Text("t"), np.str_("n"), 1, None, b"x"], ids=repr)
def test_every_text(text: Any) -> None:
    check(documents=placed(text, "text"))
    check(uris=placed(text, None))
    check(ids=[f"r{i}" for i in range(N - 1)] + [text])


@pytest.mark.parametrize(
    "vector",
    [
        [1.0, 2.0], [1, 2], [1, 2.0], [True, False], [], [math.nan, 1.0], [1e300, 1.0], [2**70, 1], ["a", "b"], [None, 1.0], [[1.0, 2.0]], (1.0, 2.0), None, 1.0,
        "text", np.array([1, 2]), np.array([1.0, 2.0], np.float16), np.array([True, False]), np.array([1.0, math.inf]), np.zeros(3), np.zeros((1, 2)), np.array(["a", "b"]),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("usual", [[0.5, 1.5], None, np.array([0.5, 1.5], np.float32)], ids=repr)
def test_every_embedding(vector: Any, usual: Any) -> None:
    check(embeddings=placed(vector, usual))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u8", "?", "O", "U1", "c8"])
@pytest.mark.parametrize("shape", [(N, 2), (N, 0), (N,), (N, 2, 2)])
def test_embeddings_as_one_array(dtype: str, shape: tuple[int, ...]) -> None:
    check(embeddings=np.ones(shape, dtype))
    if dtype[0] == "f":
        check(embeddings=np.full(shape, np.inf, dtype))


class Table:
    """A column as a table gives it: its order is that of `[i]`, not that of its iterator."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, i: int) -> Any:
        return self.values[len(self.values) - 1 - i]


def test_columns_of_other_types() -> None:
    texts = [f"text {i}" for i in range(N)]
    metadatas: list[Any] = [{"i": i} for i in range(N)]
    vectors = [[float(i)] for i in range(N)]
    for column in (tuple, Table, lambda values: np.array(values, object)):
        check(documents=column(texts), metadatas=column(metadatas), uris=column(texts))
    check(embeddings=tuple(vectors))
    check(embeddings=Table(vectors))
    check(ids=tuple(texts))


def test_what_a_caller_changes_afterwards_is_not_stored() -> None:
    tags, metadata, vector = ["a"], {"year": 1}, np.ones(2, np.float32)
    sparse = {"#type": "sparse_vector", "indices": [1], "values": [0.5]}
    matrix, metadatas = np.ones((N, 2), np.float32), [{"tags": tags, **metadata, "sparse": sparse} for _ in range(N)]
    documents, ids = ["text"] * N, [f"r{i}" for i in range(N)]
    batch = records_from_columns(ids, matrix, metadatas, documents)
    listed = records_from_columns(ids, [vector] * N)
    assert isinstance(batch, Batch) and isinstance(listed, Batch)
    tags.append("b")
    sparse["values"].append(1)  # type: ignore[attr-defined]  # a list, as above
    metadatas[0]["year"] = 2
    documents[0] = ids[0] = "changed"
    matrix[:] = vector[:] = 7
    expected = make_record("r0", document="text", metadata={"tags": ["a"], "year": 1, "sparse": {"#type": "sparse_vector", "indices": [1], "values": [0.5]}})
    assert batch[0] == expected
    assert batch[0].embedding.tolist() == listed[0].embedding.tolist() == [1, 1]  # type: ignore[union-attr]  # it has one


def test_a_batch_is_a_sequence_of_records() -> None:
    metadatas: list[Any] = [None if i % 3 == 0 else {"i": i} | ({"odd": [i]} if i % 2 else {}) for i in range(3000)]
    vectors = [None if i % 5 else [float(i)] for i in range(3000)]
    ids = [f"r{i}" for i in range(3000)]
    records = one_by_one(ids, vectors, metadatas)
    batch = Batch.of(ids, vectors, metadatas)
    assert outcome(lambda: batch) == outcome(lambda: records)
    assert len(batch) == 3000 and batch.dimension == 1
    for at in (slice(10, 20), slice(None), slice(20, 10), slice(-5, None), slice(None, None, 7), slice(None, None, -1), slice(5, 5)):
        assert outcome(lambda at=at: batch[at]) == outcome(lambda at=at: records[at])  # type: ignore[misc]  # mypy sees no type of a default
    assert batch[-1] == records[-1] and batch[2999] == records[2999]
    with pytest.raises(IndexError):
        batch[3000]
    assert records[7] in batch and batch.index(records[7]) == 7


def test_a_batch_without_columns() -> None:
    batch = Batch.of(["a", "b"])
    assert [*batch] == [Record("a"), Record("b")] and batch.dimension is None
    assert len(Batch.of([])) == 0


def test_keys_are_in_the_order_of_their_first_values() -> None:
    def order(metadatas: list[Any]) -> list[str]:
        gathering = Gathering()
        gathering.add(metadatas)
        return [*gathering.cells()]

    assert order([{"a": None, "b": None}, {"b": 1, "a": 1}]) == ["b", "a"]
    assert order([{"a": [], "b": 1}, {"a": [1]}]) == ["b", "a"]
    assert order([{"b": 1}, {"c": 1, "a": 1}]) == ["b", "c", "a"]
    many = [{f"k{i}": i, "all": 1} for i in range(9000)]
    assert order(many) == ["k0", "all", *(f"k{i}" for i in range(1, 9000))]


def test_many_keys_that_occur_once_cost_no_pass_each() -> None:
    check(metadatas=[{f"k{i}": i, f"j{i % 7}": "x", "none": None} for i in range(N)])
    metadatas = [{f"k{i % 5000}": i, "all": str(i)} for i in range(20_000)]
    check(ids=[f"r{i}" for i in range(20_000)], metadatas=metadatas)


def test_columns_that_begin_late_or_end_early() -> None:
    ids = [f"r{i}" for i in range(10_000)]
    check(ids=ids, metadatas=[{"a": i} if i < 4096 else {"b": [i]} if i < 8192 else {} for i in range(10_000)])
    check(ids=ids, metadatas=[{"a": i if i < 5000 else str(i)} for i in range(10_000)])


KEYS = st.sampled_from(["a", "b", "ä", "c.d"])
VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**64), 2**64), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=3),
    st.lists(st.integers(-3, 3), max_size=3), st.lists(st.one_of(st.integers(), st.floats(-9, 9)), max_size=3), st.lists(st.text(max_size=2), max_size=3),
    st.lists(st.booleans(), max_size=2), st.just({"#type": "sparse_vector", "indices": [1], "values": [0.5]}),
)  # fmt: skip


@given(st.lists(st.one_of(st.none(), st.dictionaries(KEYS, VALUE, max_size=4)), max_size=12))
def test_any_metadata(metadatas: list[Mapping[str, Any] | None]) -> None:
    ids = [f"r{i}" for i in range(len(metadatas))]
    assert outcome(lambda: Batch.of(ids, metadatas=metadatas)) == outcome(lambda: one_by_one(ids, metadatas=metadatas))


def test_what_only_single_records_can_be_judged_by_is_no_batch() -> None:
    with pytest.raises(UnusualError):
        Batch.of(["a", ""])
    assert isinstance(records_from_columns([f"r{i}" for i in range(N)], [[1, 2]] * N), list)
