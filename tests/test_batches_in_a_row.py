"""Batches in a row, as a load brings them: the collection is the one that gets record by record, and so is each error."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
import whereql_memory.backend
from hypothesis import example, given, settings
from hypothesis import strategies as st

import whereql
import whereql.records
from whereql import cells, strings
from whereql.batches import Batch
from whereql.cells import UnusualError
from whereql.collection import Collection
from whereql.errors import WhereqlError
from whereql.records import Record, make_record

INCLUDE = ["documents", "metadatas", "embeddings", "uris"]


class Text(str):
    pass


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few records are many here: each batch takes the way of columns, in blocks of a few, and words are soon too many to be shared."""
    monkeypatch.setattr(whereql.records, "_BATCH", 1)
    monkeypatch.setattr(whereql_memory.backend, "_MANY", 1)
    monkeypatch.setattr(strings, "SHARED", 4)
    monkeypatch.setattr(cells, "_BLOCK", 3)


def add_all(batches: Sequence[dict[str, Any]], one_by_one: bool) -> Any:
    """What a collection holds after these batches, with the types of what it holds and the order of keys, and what each call answered."""
    collection = whereql.open("memory:")
    answers: list[Any] = []
    for batch in batches:
        try:
            answers.append(collection.add_records(made(batch)) if one_by_one else collection.add(**batch))
        except WhereqlError as error:
            answers.append((error.code, error.message, error.path, error.hint))
    return answers, contents(collection)


def made(batch: dict[str, Any]) -> list[Record]:
    columns = [batch.get(name) or [None] * len(batch["ids"]) for name in ("documents", "metadatas", "uris")]
    return [
        make_record(id, document=document, metadata=metadata, uri=uri, path=f"[{i}].")
        for i, (id, document, metadata, uri) in enumerate(zip(batch["ids"], *columns, strict=True))
    ]


def contents(collection: Collection) -> Any:
    found = collection.get(include=INCLUDE)
    assert found.metadatas is not None
    metadatas = [None if metadata is None else [(key, repr(value)) for key, value in sorted(metadata.items())] for metadata in found.metadatas]
    schema = collection.schema()
    keys = [(name, info.kinds) for name, info in schema.keys.items()]
    return found.ids, found.documents, found.uris, metadatas, schema.records, keys


def check(*batches: dict[str, Any]) -> None:
    assert add_all(batches, one_by_one=False) == add_all(batches, one_by_one=True)


def rows(start: int, metadatas: Sequence[Any]) -> dict[str, Any]:
    return {"ids": [f"r{start + i}" for i in range(len(metadatas))], "metadatas": list(metadatas)}


@pytest.mark.parametrize(
    "values",
    [
        ["a", "b", "a", "c"], [1, True, 1.0, "1"], [True, 1, 0.0, False], [0.0, -0.0, 0, False], ["a", 1, "a", ["a"]], [["a"], "a", ["b", "a"], "b"],
        ["a", "\ud800", "a", "b"], [["a"], ["b", "\udfff"], ["b"], ["c"]], ["a", Text("a"), "b", Text("b")], ["ä", "a", "ä", "😀"], ["a", None, [], "a"],
        [2**63 - 1, 2**63, 1, -(2**63)], [[1], [True], [1.0], ["1"]], ["", "\0", "", "\0"], [chr(i) for i in range(97, 110)],
    ],
    ids=repr,
)  # fmt: skip
def test_one_value_a_batch(values: list[Any]) -> None:
    check(*(rows(i, [{"key": value, "other": "x"}]) for i, value in enumerate(values)))
    check(*(rows(2 * i, [{"key": value}, {"key": values[0]}]) for i, value in enumerate(values)))
    check(rows(0, [{"key": value} for value in values]), rows(100, [{"key": value} for value in reversed(values)]))


def test_keys_in_another_order() -> None:
    check(rows(0, [{"a": 1, "b": 2}, {"b": 3, "a": 4}]), rows(2, [{"b": "x", "a": "y", "c": 1}, {"c": None, "a": 1}]))
    check(rows(0, [{"b": 1}]), rows(1, [{"a": None, "c": 1, "b": 2}]), rows(2, [{"a": 1}, {"c": "x"}]))


def test_a_key_that_some_have_and_some_have_as_null() -> None:
    for values in ([1, None, 2], ["a", None, "b"], [["a"], [], None], [0.5, None, 1], [None, None, None]):
        check(rows(0, [{"a": 1, "b": 1}, {"a": 2}, {"b": "x"}, *({"a": value} for value in values), {"a": None}, {}, {"a": 7}, {"b": 1}]))
        check(rows(0, [{"a": value} for value in (3, *values)]), rows(9, [{}, *({"a": value} for value in values), {"b": 1}]))


def test_an_id_that_is_there_already() -> None:
    check({"ids": ["a", "b"]}, {"ids": ["b", "c"]}, {"ids": ["c", "d", "a"]}, {"ids": ["e", "e"]}, {"ids": ["e", "f"]}, {"ids": ["f", "g"]})
    check({"ids": ["a", "b"]}, {"ids": ["c", "c", "b"]}, {"ids": ["c", "d"]}, {"ids": ["d"]})


VALUE = st.one_of(
    st.sampled_from(["a", "b", "c", "d", "e", "ä", "\ud800", "", Text("a")]), st.sampled_from([0, 1, 2**63]), st.booleans(), st.sampled_from([0.0, -0.0, 1.0, 0.5]),
    st.none(), st.lists(st.sampled_from(["a", "b", "f"]), max_size=3), st.lists(st.sampled_from([1, True, 1.0]), max_size=2),
)  # fmt: skip
TEXT = st.sampled_from(["a", "ä", "", "a\0", "😀", None, "\ud800", Text("t"), "x" * 300])
ROW = st.tuples(st.sampled_from([f"r{i}" for i in range(60)]), st.one_of(st.none(), st.dictionaries(st.sampled_from("abcd"), VALUE, max_size=4)), TEXT, TEXT)


@settings(max_examples=400)
@given(st.lists(st.lists(ROW, min_size=1, max_size=8), max_size=5))
@example([[("a", {"a": "x"}, None, None)], [("b", {"a": "\ud800"}, None, None)], [("c", {"a": "y"}, None, None), ("a", {"a": "z"}, None, None)]])
def test_any_batches(parts: list[list[Any]]) -> None:
    check(*({name: list(column) for name, column in zip(("ids", "metadatas", "documents", "uris"), zip(*part, strict=True), strict=True)} for part in parts))


def test_words_are_shared_for_as_long_as_they_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "SHARED", 2)

    def batch(*words: str) -> Batch:
        return Batch.of([f"{i}" for i in range(len(words))], metadatas=[{"key": word} for word in words])

    first = batch("b", "a")
    words = first.keys["key"][0].words
    second = batch("a", "c")
    assert second.keys["key"][0].words is words == ["b", "a", "c"]
    assert [record.metadata for record in second] == [{"key": "a"}, {"key": "c"}]
    third = batch("a")  # there are too many by now
    assert third.keys["key"][0].words == ["a"]
    del third
    assert batch("d").keys["key"][0].words == ["d"]
    with pytest.raises(UnusualError):
        batch("e", "\ud800")
    assert [record.metadata for record in first] == [{"key": "b"}, {"key": "a"}]


def test_words_of_one_thread_are_not_those_of_another() -> None:
    def gather(word: str) -> None:
        batches.append(Batch.of(["a"], metadatas=[{"key": word}]))

    batches: list[Batch] = []
    gather("a")
    thread = threading.Thread(target=gather, args="b")
    thread.start()
    thread.join()
    assert [batch.keys["key"][0].words for batch in batches] == [["a"], ["b"]]
