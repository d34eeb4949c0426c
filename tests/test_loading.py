"""Loading: the table of a batch, or of several, is that of the records in it."""

from __future__ import annotations

from contextlib import suppress
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import whereql_memory.loading
from hypothesis import given
from hypothesis import strategies as st
from whereql_memory.columns import Column
from whereql_memory.loading import Loading, table_of
from whereql_memory.table import Table

import whereql
from whereql.batches import Batch
from whereql.errors import BackendError
from whereql.records import Record


def held(table: Table) -> list[Any]:
    """All that a table holds, as Python objects, with their types."""
    texts = [(column.rows is None or column.rows.tolist(), column.texts.tolist()) for column in (table.documents, table.uris)]
    vectors = (table.vectors.rows is None or table.vectors.rows.tolist(), table.vectors.data.tolist(), table.dimension)
    keys = {name: {kind: cells(column) for kind, column in kinds.items()} for name, kinds in table.keys.items()}
    return [table.ids.listed, texts, vectors, keys, [*keys]]


def cells(column: Column) -> Any:
    return column.rows is None or column.rows.tolist(), [repr(value) for value in column.values(np.arange(len(column)))], column.kind


def check(batches: list[Batch]) -> None:
    loading = Loading()
    for batch in batches:
        loading.add(batch)
    assert held(loading.table()) == held(Table.of([record for batch in batches for record in batch]))


IDS = [f"r{i}" for i in range(40)]


@pytest.mark.parametrize(
    "values",
    [
        [1] * 40, [None] * 40, [127, -128] * 20, [128, -128] * 20, [-129] * 40, [2**31 - 1, -(2**31)] * 20, [2**63 - 1, -(2**63)] * 20, [0.5, None] * 20,
        ["b", "a"] * 20, ["a", 1] * 20, [True, "ä", 0.5, 1] * 10, [["a"], ["b", "a"]] * 20, [[1, 300], None] * 20, [[0.5], ["x"], [True], [1]] * 10,
        [{"#type": "sparse_vector", "indices": [1], "values": [0.5]}, None] * 20, [str(i) for i in range(300, 340)],
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("sizes", [(40,), (20, 20), (1, 0, 39), (13, 13, 14)])
def test_every_kind_of_column_in_several_batches(values: list[Any], sizes: tuple[int, ...]) -> None:
    batches, start = [], 0
    for size in sizes:
        cut = slice(start, start + size)
        batches.append(Batch.of(IDS[cut], metadatas=[{"key": value, "other": start} for value in values[cut]]))
        start += size
    check(batches)


@pytest.mark.parametrize("texts", [["a", "bc", ""], ["ä", None, "😀\0"], [None, None, None], [None, "x" * 9000, None], None], ids=repr)
def test_documents_and_uris(texts: Any) -> None:
    check([Batch.of(["a", "b", "c"], documents=texts), Batch.of(["d", "e", "f"], uris=texts)])
    ids = [f"{i}" for i in range(9000)]
    check([Batch.of(ids, documents=[f"{i}ä"[i % 2 : 5] for i in range(9000)])])
    check([Batch.of(ids, documents=[None if i == 4000 or i > 8000 else f"{i}" for i in range(9000)]), Batch.of(["a"], documents=["b"])])


def test_embeddings() -> None:
    check([Batch.of(["a", "b"], [[1.0, 2.0], None]), Batch.of(["c"]), Batch.of(["d"], np.array([[3, 4]], order="F"))])
    check([Batch.of(["a", "b"], np.asfortranarray([[1.0, 2.0], [3.0, 4.0]]))])
    loading = Loading()
    loading.add(Batch.of(["a"], [[1.0, 2.0]]))
    with pytest.raises(BackendError, match="the embedding has 3 numbers, the others of the collection have 2"):
        loading.add(Batch.of(["b"], [[1.0, 2.0, 3.0]]))


def test_ints_are_kept_in_the_smallest_type() -> None:
    limits = {np.int8: (-128, 127), np.int16: (-129, 128), np.int32: (-(2**15) - 1, 2**15), np.int64: (-(2**31) - 1, 2**31)}
    for dtype, pair in limits.items():
        for value in pair:
            assert table_of(Batch.of(["a"], metadatas=[{"n": value}])).keys["n"]["int"].data.dtype == dtype  # type: ignore[attr-defined]  # it is Plain


def test_records_that_are_no_batch() -> None:
    assert held(table_of([Record("a", "text")])) == held(table_of(Batch.of(["a"], documents=["text"])))
    assert len(table_of([])) == len(table_of(Batch.of([]))) == 0


VALUE = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(max_size=3), st.lists(st.sampled_from("abc"), max_size=3))


@given(st.lists(st.lists(st.dictionaries(st.sampled_from("abc"), VALUE.filter(lambda value: value not in (float("inf"), float("-inf"))), max_size=3), max_size=4), max_size=3))
def test_any_batches(parts: list[list[dict[str, Any]]]) -> None:
    numbers = iter(range(100))
    check([Batch.of([f"r{next(numbers)}" for _ in part], metadatas=part) for part in parts])


def test_the_first_of_each_id_is_added() -> None:
    n = 3000
    ids = [f"r{i}" for i in range(n)]
    papers = whereql.open("memory:")
    assert papers.add("r7", documents=["before"]) == 1
    assert papers.add([*ids, "r5", "r8"], metadatas=[{"n": i} for i in range(n + 2)]) == n - 1
    assert papers.add([*ids, "new"], metadatas=[{"n": -1}] * (n + 1)) == 1
    assert papers.add(ids) == 0
    assert papers.get(include=()).ids == ["r7", *ids[:7], *ids[8:], "new"]
    assert papers.get(ids=["r5", "r7", "r8", "new"]).metadatas == [None, {"n": 5}, {"n": 8}, {"n": -1}]
    assert papers.upsert(ids, metadatas=[{"n": i + 1} for i in range(n)]) == n
    assert papers.count("n >= 1") == n and papers.count() == n + 1


LARGE: dict[str, Any] = {
    "documents": ["text", None] * 600,
    "uris": [None, "u", "v"] * 400,
    "embeddings": [[1.0, 2.0]] * 1_200,
    "metadatas": [{"k": i, "tags": ["a", str(i)]} if i % 3 else {"k": str(i), "late": 1.5} for i in range(1_200)],
}


class Interrupted:
    """A function that is interrupted by Ctrl-C when it is called for the nth time."""

    def __init__(self, function: Any, nth: int) -> None:
        self._function, self._left = function, nth

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt
        return self._function(*args, **kwargs)


PLACES = ["_encoded", "codes", "offsets_of", "_ints_type", "check_dimensions", "Arrays", "Ids.of", "SortedTexts.of", "np.diff"]


def add(collection: whereql.Collection, start: int, size: int = 1_200) -> int:
    columns = {name: column[start % 1_200 : start % 1_200 + size] for name, column in LARGE.items()}
    return collection.add([f"id {number}" for number in range(start, start + size)], **columns)


@pytest.mark.parametrize("is_added", [False, True])
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("place", PLACES)
def test_a_load_that_is_interrupted_changes_nothing(place: str, nth: int, is_added: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    collection, unfailed = whereql.open("memory:"), whereql.open("memory:")
    for start in (0, 1_200):
        add(unfailed, start)
    add(collection, 0)
    if is_added:  # and so it is the putting together that is interrupted
        add(collection, 1_200)
    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(f"whereql_memory.loading.{place}", Interrupted(attrgetter(place)(whereql_memory.loading), nth))
        collection.count() if is_added else add(collection, 1_200)
    for start in range(1_200, 2_400, 400):  # so few that each is looked at by itself
        add(collection, start, 400)
    assert collection.count() == 2_400
    found, due = (whichever.get(include=["documents", "metadatas", "uris", "embeddings"]).to_dict() for whichever in (collection, unfailed))
    assert found == due
    assert collection.schema() == unfailed.schema()
