"""Faults on the way to a Chroma server: the right result or one clear error, in time, and no write lost or done twice."""

from __future__ import annotations

import gzip
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import faulty_proxy as faults
import httpx
import pytest
from faulty_proxy import FaultyProxy

import whereql

_numbers = itertools.count()
SECRET = "s3cret-t0ken"
TIMEOUT = 1.5


@pytest.fixture(scope="module")
def proxy(chroma_url: str) -> Iterator[FaultyProxy]:
    with FaultyProxy(chroma_url) as running:
        yield running


@pytest.fixture
def papers(proxy: FaultyProxy, chroma_url: str) -> Iterator[whereql.Collection]:
    """Two records, over the proxy."""
    proxy.do(None)
    name = f"faults-{next(_numbers)}"
    with whereql.open(proxy.url, name, create=True, token=SECRET, timeout=TIMEOUT, connect_timeout=1, retries=2, max_answer=1 << 20) as collection:
        collection.add(ids=["a", "b"], embeddings=[[1.0], [2.0]], metadatas=[{"k": 1}, {"k": 2}], documents=["x", None], uris=["u", None])
        yield collection
    proxy.do(None)


def held(proxy: FaultyProxy, chroma_url: str, papers: whereql.Collection) -> list[whereql.Record]:
    """What the server has, asked without the proxy."""
    proxy.do(None)
    backend: Any = papers.backend
    with whereql.open(chroma_url, backend._path.rpartition("/")[2]) as direct:
        return list(direct.get(include=["documents", "metadatas", "uris"]))


def error_of(call: Callable[[], Any]) -> whereql.BackendError:
    """The error of a call, which comes in time and tells no secret and nothing of the inside."""
    start = time.monotonic()
    with pytest.raises(whereql.BackendError) as caught:
        call()
    assert time.monotonic() - start < TIMEOUT + 1.2  # a read that only timed each byte would take twice the time-out
    error = caught.value
    assert error.hint and "\n" not in str(error)
    for forbidden in (SECRET, "Traceback", "httpx", "object at 0x"):
        assert forbidden not in error.render()
    return error


PASSING = {
    "drop": faults.drop,
    "drop after work": faults.drop_after_work,
    "half an answer": faults.half,
    "429 with Retry-After": faults.status(429, retry_after="0"),
    "502": faults.status(502, b"<html>bad gateway</html>"),
    "503": faults.status(503),
    "504": faults.status(504),
    "delay": faults.delay(0.3),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_not_noticed_by_a_read(name: str, proxy: FaultyProxy, papers: whereql.Collection) -> None:
    proxy.do(PASSING[name], times=1 if name == "delay" else 2)
    assert papers.get("k >= 0.5").ids == ["a", "b"]
    assert proxy.plan.count("/get") == (1 if name == "delay" else 3)


LASTING: dict[str, tuple[faults.Fault, str, str]] = {
    "drop": (faults.drop, "WQ715", "broke"),
    "half an answer": (faults.half, "WQ715", "broke"),
    "silence": (faults.silence(4), "WQ715", "in time"),
    "slow drip": (faults.drip(4), "WQ715", "in time"),
    "drip, then silence": (faults.drip(5, most=26), "WQ715", "in time"),
    "429, much later": (faults.status(429, retry_after="3600"), "WQ715", "429"),
    "429, at a date": (faults.status(429, retry_after="Fri, 01 Jan 2100 00:00:00 GMT"), "WQ715", "429"),
    "500": (faults.refusal(500, "InternalError", "too many\nSQL variables"), "WQ715", "500: too many SQL variables"),
    "501": (faults.refusal(501, "ChromaError", "Unimplemented"), "WQ719", "501"),
    "502": (faults.status(502, b"<html>"), "WQ715", "502"),
    "503": (faults.status(503), "WQ715", "503"),
    "400": (faults.refusal(400, "InvalidArgumentError", "Invalid where clause"), "WQ716", "Invalid where clause"),
    "401": (faults.status(401), "WQ717", "401"),
    "403": (faults.refusal(403, "ChromaError", "Permission denied."), "WQ717", "Permission denied"),
    "404, gone": (faults.refusal(404, "NotFoundError", "Collection [x] does not exist."), "WQ718", "does not exist"),
    "404, another server": (faults.status(404, b"nothing here"), "WQ716", "404"),
    "410, another version": (faults.refusal(410, "Unimplemented", "The v1 API is deprecated"), "WQ716", "v1"),
    "413": (faults.status(413), "WQ719", "413"),
    "422": (faults.refusal(422, "ChromaError", "missing field"), "WQ716", "422"),
    "redirect": (faults.status(307, location=f"http://user:{SECRET}@evil.example/x?token={SECRET}"), "WQ716", "redirect to evil.example/x"),
    "not JSON": (faults.text(b"<html>welcome</html>"), "WQ716", "not JSON"),
    "empty": (faults.text(b""), "WQ716", "empty"),
    "cut": (faults.cut, "WQ716", "not JSON"),
    "NaN": (faults.text(b'{"ids": [NaN]}'), "WQ716", "not JSON"),
    "not UTF-8": (faults.text(b'{"ids": ["\xff"]}'), "WQ716", "not JSON"),
    "deep": (faults.text(b"[" * 100_000), "WQ716", "not JSON"),
    "endless": (faults.endless, "WQ716", "more than 1,048,576 bytes"),
    "compressed": (faults.text(gzip.compress(b"{}"), content_encoding="gzip"), "WQ716", "compressed"),
    "a list": (faults.text(b"[]"), "WQ716", "list of ids"),
    "ids null": (faults.changed(lambda body: {**body, "ids": None}), "WQ716", "list of ids"),
    "ids numbers": (faults.changed(lambda body: {**body, "ids": [1, 2]}), "WQ716", "list of ids"),
    "an id twice": (faults.changed(lambda body: {**body, "ids": ["a", "a"]}), "WQ716", "twice"),
    "a column missing": (faults.changed(lambda body: {**body, "metadatas": None}), "WQ716", "metadatas"),
    "a column too short": (faults.changed(lambda body: {**body, "documents": ["x"]}), "WQ716", "documents"),
    "a document that is a number": (faults.changed(lambda body: {**body, "documents": ["x", 1]}), "WQ716", "documents"),
    "metadata that is a list": (faults.changed(lambda body: {**body, "metadatas": [[], None]}), "WQ716", "metadatas"),
    "metadata that is nested": (faults.changed(lambda body: {**body, "metadatas": [{"k": {"a": 1}}, None]}), "WQ716", "metadatas"),
    "a list of two kinds": (faults.changed(lambda body: {**body, "metadatas": [{"k": [1, "a"]}, None]}), "WQ716", "metadatas"),
    "an embedding of texts": (faults.changed(lambda body: {**body, "embeddings": [["x"], [1.0]]}), "WQ716", "embeddings"),
    "embeddings of two lengths": (faults.changed(lambda body: {**body, "embeddings": [[1.0], [1.0, 2.0]]}), "WQ716", "embeddings"),
}


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_one_clear_error(name: str, proxy: FaultyProxy, papers: whereql.Collection) -> None:
    fault, code, words = LASTING[name]
    proxy.do(fault, times=float("inf"))
    error = error_of(lambda: papers.get("k >= 0.5", include=["documents", "metadatas", "embeddings"]))
    assert error.code == code, str(error)
    assert words in error.message and proxy.url in error.message
    proxy.do(None)
    assert papers.get("k >= 0.5").ids == ["a", "b"]  # and the collection is as good as before


def test_records_that_were_not_asked_for_are_refused(proxy: FaultyProxy, papers: whereql.Collection) -> None:
    proxy.do(faults.changed(lambda body: {**body, "ids": ["a", "z"]}), times=float("inf"))
    pages = papers.scan(batch_size=1)
    assert error_of(lambda: list(pages)).code == "WQ716"


def test_pauses_are_as_long_as_the_server_says(proxy: FaultyProxy, papers: whereql.Collection) -> None:
    proxy.do(faults.status(429, retry_after="1"))
    start = time.monotonic()
    assert papers.get("k = 1").ids == ["a"]
    assert time.monotonic() - start >= 1


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_read_is_tried_as_often_as_is_said(retries: int, proxy: FaultyProxy, papers: whereql.Collection) -> None:
    backend: Any = papers.backend
    with whereql.open(proxy.url, backend._path.rpartition("/")[2], retries=retries) as again:
        proxy.do(faults.status(503), times=float("inf"))
        error_of(lambda: again.get("k = 1"))
        assert proxy.plan.count("/get") == retries + 1


# Writes: sent once, whatever happens; what the error says is what the server has.

WRITES: dict[str, tuple[str, Callable[[whereql.Collection], Any]]] = {
    "add": ("/add", lambda papers: papers.add(ids=["c"], embeddings=[[3.0]], metadatas=[{"k": 3}])),
    "upsert": ("/upsert", lambda papers: papers.upsert(ids=["a"], embeddings=[[3.0]], metadatas=[{"k": 3}])),
    "update": ("/update", lambda papers: papers.upsert(ids=["a"], metadatas=[{"k": 3}])),
    "delete": ("/delete", lambda papers: papers.delete("k = 1")),
}
BEFORE = [("a", 1), ("b", 2)]
AFTER = {"add": [*BEFORE, ("c", 3)], "upsert": [("a", 3), ("b", 2)], "update": [("a", 3), ("b", 2)], "delete": [("b", 2)]}
UNDONE = {"drop": faults.drop, "503": faults.status(503), "429": faults.status(429, retry_after="0"), "500": faults.status(500), "silence": faults.silence(3)}
DONE = {"drop after work": faults.drop_after_work, "half an answer": faults.half, "cut": faults.cut, "drip": faults.drip(3, most=10)}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("name", [*UNDONE, *DONE])
def test_a_write_is_sent_once(name: str, write: str, proxy: FaultyProxy, chroma_url: str, papers: whereql.Collection) -> None:
    ending, call = WRITES[write]
    proxy.do((UNDONE | DONE)[name], ending, times=float("inf"))
    if name == "drip" and write != "delete":
        call(papers)  # its answer is {}, which ends before the silence
    else:
        error = error_of(lambda: call(papers))
        assert "0 of 1 records were" in error.message
        if name in ("drop", "drop after work", "half an answer", "silence"):
            assert "may have been written" in error.message
    assert proxy.plan.count(ending) == 1
    records = held(proxy, chroma_url, papers)
    assert [(record.id, (record.metadata or {})["k"]) for record in records] == (BEFORE if name in UNDONE else AFTER[write])


def test_a_write_in_the_middle_says_how_far_it_came(proxy: FaultyProxy, chroma_url: str, papers: whereql.Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy.do(faults.changed(lambda body: {**body, "max_batch_size": 10}), "/pre-flight-checks", times=float("inf"))
    batches = itertools.count()

    def third_fails(handler: faults.Handler, body: bytes) -> None:
        if next(batches) == 2:
            handler.reset()
        else:
            handler.answer(*handler.ask(body))

    due = proxy.plan.due
    monkeypatch.setattr(proxy.plan, "due", lambda path: third_fails if path.endswith("/add") else due(path))
    ids = [f"r{n}" for n in range(35)]
    error = error_of(lambda: papers.add(ids=ids, embeddings=[[1.0]] * 35))
    assert "20 of 35 records were written before" in error.message
    monkeypatch.undo()
    assert [record.id for record in held(proxy, chroma_url, papers)] == ["a", "b", *ids[:20]]
    assert papers.add(ids=ids, embeddings=[[1.0]] * 35) == 15  # again, and all are there, once
    assert papers.get(include=[]).ids == ["a", "b", *ids]


def test_a_write_is_tried_again_if_no_connection_came_about(chroma_url: str, monkeypatch: pytest.MonkeyPatch, papers: whereql.Collection) -> None:
    tries = itertools.count()
    stream = httpx.Client.stream

    def refused_at_first(self: httpx.Client, method: str, url: str, **arguments: Any) -> Any:
        if url.endswith("/add") and next(tries) < 2:
            raise httpx.ConnectError("refused")
        return stream(self, method, url, **arguments)

    monkeypatch.setattr(httpx.Client, "stream", refused_at_first)
    assert papers.add(ids=["c"], embeddings=[[3.0]]) == 1
    assert next(tries) == 3


def test_records_that_vanish_meanwhile_are_left_out_and_counted(proxy: FaultyProxy, chroma_url: str, papers: whereql.Collection) -> None:
    papers.add(ids=[f"r{n}" for n in range(6)], embeddings=[[1.0]] * 6)
    backend: Any = papers.backend
    pages = papers.scan(batch_size=4)
    first = next(pages)
    assert first.ids == ["a", "b", "r0", "r1"]
    with whereql.open(chroma_url, backend._path.rpartition("/")[2]) as other:
        other.delete(ids=["r2", "r4"])
    assert [page.ids for page in pages] == [["r3", "r5"]]
    assert backend.vanished == 2


# Opening.


def test_headers_reach_the_server_and_no_message(proxy: FaultyProxy, papers: whereql.Collection) -> None:
    name = f"faults-{next(_numbers)}"
    proxy.do(faults.status(401), ending="", times=1)
    error = error_of(lambda: whereql.open(proxy.url, name, bearer=SECRET, headers={"x-more": SECRET}))
    assert error.code == "WQ717"
    headers = proxy.plan.seen[0][2]
    assert (headers["authorization"], headers["x-more"], headers["accept-encoding"]) == (f"Bearer {SECRET}", SECRET, "identity")
    address = proxy.url.replace("http://", f"http://user:{SECRET}@")
    proxy.do(faults.status(401), ending="", times=1)
    assert error_of(lambda: whereql.open(address, name)).code == "WQ717"
    assert proxy.plan.seen[0][2]["authorization"].startswith("Basic ")


def test_a_collection_is_found_by_name_and_by_id(chroma_url: str, papers: whereql.Collection) -> None:
    backend: Any = papers.backend
    id = backend._path.rpartition("/")[2]
    for name in (id, id.upper()):
        with whereql.open(f"{chroma_url}/api/v2/", name) as found:
            assert found.count() == 2


OPENINGS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "no such collection": ("WQ718", lambda url: whereql.open(url, "no-such-name"), "known are"),
    "no such id": ("WQ718", lambda url: whereql.open(url, "00000000-0000-4000-8000-000000000000"), "known are"),
    "no name": ("WQ712", lambda url: whereql.open(url), "known are"),
    "a name of dots": ("WQ718", lambda url: whereql.open(url, ".."), "letters"),
    "a path as a name": ("WQ718", lambda url: whereql.open(url, "../../x"), "known are"),
    "no such option": ("WQ712", lambda url: whereql.open(url, "papers", tokn="x"), "token"),
    "an option of another type": ("WQ712", lambda url: whereql.open(url, "papers", timeout="5"), "docs"),
    "a time-out of none": ("WQ712", lambda url: whereql.open(url, "papers", timeout=0), "docs"),
    "a token of two lines": ("WQ712", lambda url: whereql.open(url, "papers", token=f"{SECRET}\n"), "line end"),
    "certificates that are none": ("WQ712", lambda url: whereql.open(url, "papers", ca=__file__), "PEM"),
    "an address with a query": ("WQ712", lambda url: whereql.open(f"{url}?x=1", "papers"), "write"),
    "an address without a host": ("WQ712", lambda url: whereql.open("http://", "papers"), "write"),
    "nobody there": ("WQ715", lambda url: whereql.open("http://127.0.0.1:9", "papers", retries=0), "running"),
    "a host that is none": ("WQ715", lambda url: whereql.open("http://no-such-host.invalid", "papers", retries=0), "running"),
    "a name that can't be made": ("WQ716", lambda url: whereql.open(url, "a b c", create=True), "Chroma"),
}


@pytest.mark.parametrize("name", OPENINGS)
def test_what_can_not_be_opened_is_told(name: str, chroma_url: str, papers: whereql.Collection) -> None:
    code, call, hint = OPENINGS[name]
    error = error_of(lambda: call(chroma_url))
    assert error.code == code, str(error)
    assert hint in (error.hint or ""), str(error)


def test_what_the_server_can_not_hold_is_refused_before_anything_is_sent(proxy: FaultyProxy, papers: whereql.Collection) -> None:
    proxy.do(None)
    for key in ("", "#k", "$k", "chroma:document", "chroma:k"):
        error = error_of(lambda key=key: papers.add(ids=["c", "d"], embeddings=[[1.0], [1.0]], metadatas=[{"k": 1}, {key: 1}]))
        assert (error.code, error.path) == ("WQ719", "[1].metadata")
        assert error_of(lambda key=key: papers.upsert(ids=["a"], metadatas=[{key: 1}])).code == "WQ719"
    assert error_of(lambda: papers.add(ids=["c", "d"], embeddings=[[1.0], None])).code == "WQ719"
    assert error_of(lambda: papers.upsert(ids=["new"], metadatas=[{"k": 1}])).code == "WQ719"
    assert error_of(lambda: papers.add(ids=["c"], embeddings=[[1.0, 2.0]])).code == "WQ704"
    assert not any(path.endswith(("/add", "/upsert", "/update")) for _, path, _ in proxy.plan.seen)
