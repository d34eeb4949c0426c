"""What a stranger's backend raises, or answers, that makes no sense: one clear error that names it, whoever asked."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

import whereql
from whereql.ast import Predicate
from whereql.backend import Query
from whereql.records import Record
from whereql.response import GetResponse
from whereql.support import Support


class Ledger(whereql.ScanBackend):
    """Answers as it should; each test breaks one method."""

    def __init__(self, **methods: Any) -> None:
        self.kept = [whereql.make_record(f"r{n}", metadata={"k": n}) for n in range(3)]
        self.closed = False
        vars(self).update(methods)

    def records(self) -> Iterable[Record]:
        return self.kept


class Writable(Ledger):
    def add(self, records: Any) -> int:
        raise KeyError("table")

    upsert = delete = add


def torn(*arguments: Any) -> Any:
    raise ConnectionResetError("sqlite://me:hidden@host is gone\nline 2")


ASKED: dict[str, Callable[[whereql.Collection], Any]] = {
    "support": lambda ledger: ledger.get("k = 1"),
    "get": lambda ledger: ledger.get("k = 1"),
    "count": lambda ledger: ledger.count("k = 1"),
    "scan": lambda ledger: list(ledger.scan("k = 1")),
    "schema": lambda ledger: ledger.schema(),
    "native": lambda ledger: ledger.explain("k = 1"),
    "close": lambda ledger: ledger.close(),
}


@pytest.mark.parametrize("method", ASKED)
def test_what_a_stranger_raises_is_one_clear_error(method: str) -> None:
    with pytest.raises(whereql.BackendError) as caught:
        ASKED[method](whereql.Collection(Ledger(**{method: torn})))
    assert caught.value.code == "WQ715"
    assert caught.value.message == f"the backend Ledger failed in {method}: ConnectionResetError: sqlite://me:…@host is gone line 2"
    assert f"tell the author of {Ledger.__module__}" in (caught.value.hint or "")
    assert isinstance(caught.value.__cause__, ConnectionResetError)


@pytest.mark.parametrize("method", ["add", "upsert", "delete"])
def test_a_write_that_fails_is_told_too(method: str) -> None:
    ledger = whereql.Collection(Writable())
    with pytest.raises(whereql.BackendError, match=f"WQ715: the backend Writable failed in {method}: KeyError: 'table'"):
        getattr(ledger, method)(ids=["a"])


def test_a_page_that_fails_is_told_and_the_pages_are_closed() -> None:
    closed: list[bool] = []

    def scan(query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        try:
            yield GetResponse(["a"])
            yield torn()
        finally:
            closed.append(True)

    ledger = whereql.Collection(Ledger(scan=scan))
    pages = ledger.scan()
    assert next(pages).ids == ["a"]
    with pytest.raises(whereql.BackendError, match="failed in scan: ConnectionResetError"):
        next(pages)
    abandoned = ledger.scan()
    next(abandoned)
    abandoned.close()  # type: ignore[attr-defined]  # as a generator has it
    assert closed == [True, True]

    async def read() -> list[str]:
        return [id async for page in whereql.Collection(Ledger()).ascan() for id in page.ids]

    assert asyncio.run(read()) == ["r0", "r1", "r2"]


@pytest.mark.parametrize(
    ("method", "answer", "words"),
    [
        ("support", True, "WQ716: the backend Ledger answered True to support of k = 1 (hint: it answers a Support: EXACT, INEXACT or NONE)"),
        ("support", None, "answered None to support of k = 1"),
        ("get", None, "answered None to get (hint: it answers a GetResponse"),
        ("scan", None, "answered None to scan"),
        ("scan", [None], "answered None to scan (hint: it answers GetResponses)"),
        ("search", None, "WQ716: search of Ledger answered None (hint: it answers records: whereql.make_record makes them)"),
        ("search", [{"id": "a"}], "WQ716: search of Ledger answered {'id': 'a'} for a record"),
    ],
)
def test_an_answer_that_makes_no_sense_is_told(method: str, answer: Any, words: str) -> None:
    with pytest.raises(whereql.BackendError) as caught:
        ASKED.get(method, ASKED["get"])(whereql.Collection(Ledger(**{method: lambda *arguments: answer})))
    assert words in str(caught.value)


def test_what_is_no_fault_of_the_backend_passes() -> None:
    def stopped(query: Query) -> GetResponse:
        raise KeyboardInterrupt

    def refused(query: Query) -> GetResponse:
        raise whereql.BackendError("WQ717", "the door is shut")

    def warned(query: Query) -> GetResponse:
        warnings.warn("a wind is coming", UserWarning, stacklevel=1)
        return GetResponse([])

    with pytest.raises(KeyboardInterrupt):
        whereql.Collection(Ledger(get=stopped)).get()
    with pytest.raises(whereql.BackendError, match="WQ717: the door is shut"):
        whereql.Collection(Ledger(get=refused)).get()
    with warnings.catch_warnings(), pytest.raises(UserWarning, match="a wind"):
        warnings.simplefilter("error")
        whereql.Collection(Ledger(get=warned)).get()


class Torn:
    """Columns that can't be made when they are read."""

    def __init__(self, **methods: Any) -> None:
        vars(self).update(methods)

    def __len__(self) -> int:
        return 3

    def column(self, name: str) -> Any:
        return torn() if name == "metadatas" else ["a", "b", "c"]

    def take(self, rows: Any) -> Any:
        return self


def test_a_column_that_fails_when_it_is_read_is_told() -> None:
    ledger = Ledger(get=lambda query: GetResponse.lazily(Torn(), query.include))
    for _ in range(2):  # and is not guarded twice
        found = whereql.Collection(ledger).get()
        assert len(found) == 3 and found.ids == found.documents == ["a", "b", "c"]
        for response in (found, found.take([1, 2], ["metadatas"]), GetResponse.concatenate([found, found], ["metadatas"])):
            with pytest.raises(whereql.BackendError, match="WQ715: the backend Ledger failed in get: ConnectionResetError"):
                response.metadatas  # noqa: B018

    (page,) = whereql.Collection(Ledger(scan=lambda query, sizes: iter([GetResponse.lazily(Torn(), ["metadatas"])]))).scan()
    with pytest.raises(whereql.BackendError, match="WQ715: the backend Ledger failed in get: ConnectionResetError"):
        page.to_json()
    unable = GetResponse.lazily(Torn(take=torn), ["documents"])
    with pytest.raises(whereql.BackendError, match="WQ715"):
        whereql.Collection(Ledger(get=lambda query: unable)).get().take([0], [])
    sizeless = type("Sizeless", (Torn,), {"__len__": torn})()
    with pytest.raises(whereql.BackendError, match="WQ715"):
        len(whereql.Collection(Ledger(get=lambda query: GetResponse.lazily(sizeless, []))).get())


def test_an_answer_that_is_given_again_is_guarded_once() -> None:
    whole = type("Whole", (Torn,), {"column": lambda self, name: [name]})()
    answer = GetResponse.lazily(whole, ["uris"])
    ledger = whereql.Collection(Ledger(get=lambda query: answer))
    for _ in range(2000):
        ledger.get()
    assert ledger.get().uris == ["uris"]  # guards within guards would fill the stack


def test_what_a_column_raises_itself_passes() -> None:
    def refused(name: str) -> Any:
        raise whereql.BackendError("WQ717", "the door is shut")

    ledger = whereql.Collection(Ledger(get=lambda query: GetResponse.lazily(Torn(column=refused), query.include)))
    with pytest.raises(whereql.BackendError, match="WQ717: the door is shut"):
        ledger.get().ids  # noqa: B018


def test_the_shape_is_read_when_a_query_is_planned() -> None:
    ledger = Ledger()
    papers = whereql.Collection(ledger)
    assert papers.explain("k = 1 OR k = 2 AND k > 0").residual is None
    ledger.shape = whereql.Shape(predicates=0)
    assert papers.explain("k = 1 OR k = 2 AND k > 0").residual is not None
    assert papers.backend is ledger
    del ledger.shape
    ledger.__class__.shape  # noqa: B018 - the class has one still
    with pytest.raises(AttributeError):
        papers._store.unknown  # noqa: B018 - a guard has what a backend has, and nothing else


def test_a_store_that_only_adds_is_told_what_it_lacks() -> None:
    class Log(Ledger):
        def add(self, records: Any) -> int:
            return 0

    with pytest.raises(whereql.BackendError, match=r"WQ713.*Log has add, but lacks upsert and delete"):
        whereql.Collection(Log()).add(ids=["a"])


def test_support_is_asked_by_its_own_name() -> None:
    asked: list[tuple[Predicate, bool]] = []

    def support(predicate: Predicate, negated: bool) -> Support:
        asked.append((predicate, negated))
        return Support.NONE

    assert whereql.Collection(Ledger(support=support)).get("k != 1").ids == ["r0", "r2"]
    assert asked[0][1] is True
