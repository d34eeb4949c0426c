"""The limits of a Chroma server, each gone over: none of them reaches who asks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from whereql_http import backend as http_backend
from whereql_http import writing
from whereql_http.search import size_of

import whereql
from whereql import F
from whereql.ast import And, Document, Expr, Field, Not, Or, Predicate
from whereql.operators import Op
from whereql.planning import make_plan
from whereql.semantics import holds
from whereql.values import literal

SIZE = 100_000
_numbers = itertools.count()


def open_new(url: str) -> whereql.Collection:
    return whereql.open(url, f"limits-{next(_numbers)}", create=True)


@pytest.fixture(scope="module")
def large(chroma_url: str) -> Iterator[whereql.Collection]:
    with open_new(chroma_url) as collection:
        added = collection.add(ids=[f"r{n}" for n in range(SIZE)], embeddings=[[1.0]] * SIZE, metadatas=[{"n": n} for n in range(SIZE)])
        assert added == SIZE
        yield collection


@pytest.fixture(scope="module")
def small(chroma_url: str) -> Iterator[whereql.Collection]:
    """Under keys of its own: the server searches the keys of all collections at once."""
    with open_new(chroma_url) as collection:
        metadatas = [{"m": n, "text": f"t{n}", "tags": [n, n + 0.5]} if n % 5 else None for n in range(50)]
        collection.add(ids=[f"r{n}" for n in range(50)], embeddings=[[1.0]] * 50, metadatas=metadatas, documents=["ab" * n for n in range(50)])
        yield collection


def raw(collection: whereql.Collection, **body: Any) -> httpx.Response:
    """What the server itself says to a request."""
    backend: Any = collection.backend
    return httpx.post(f"{backend._client.base}{backend._path}/get", json=body, timeout=60)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The bodies of the requests that are sent."""
    sent = []
    post = http_backend.HttpBackend._post

    def noted(self: Any, body: dict[str, Any]) -> Any:
        sent.append(body)
        return post(self, body)

    monkeypatch.setattr(http_backend.HttpBackend, "_post", noted)
    return sent


def test_a_hundred_thousand_records_with_metadata_come_in_order(large: whereql.Collection, requests: list[Any]) -> None:
    found = large.get()
    assert found.ids == [f"r{n}" for n in range(SIZE)]
    assert [(metadata or {})["n"] for metadata in found.metadatas or []] == list(range(SIZE))
    assert len([body for body in requests if body["include"] == []]) == 1  # the ids, from one moment
    assert max(len(body.get("ids") or ()) for body in requests) <= 2000
    assert raw(large).status_code == 500  # the server itself can't


def test_a_hundred_thousand_ids_are_looked_up(large: whereql.Collection) -> None:
    wanted = [f"r{n}" for n in range(SIZE - 1, 0, -2)] + [f"none{n}" for n in range(SIZE // 2)]
    assert large.get(ids=wanted, include=[]).ids == [f"r{n}" for n in range(1, SIZE, 2)]
    assert large.get("n < 10", ids=wanted).ids == ["r1", "r3", "r5", "r7", "r9"]
    assert raw(large, ids=wanted, include=[]).status_code == 500


@pytest.mark.parametrize("kind", [int, float, str])
def test_lists_of_a_hundred_thousand_values_are_asked_for(large: whereql.Collection, kind: Callable[[int], Any]) -> None:
    values = [kind(n) for n in range(0, 2 * SIZE, 2)]
    expected = [] if kind is str else [f"r{n}" for n in range(0, SIZE, 2)]
    assert large.get("n IN :values", params={"values": values}, include=[]).ids == expected
    if kind is int:
        assert large.count("n NOT IN :values", params={"values": values}) == SIZE // 2
        assert large.count("n < 10 AND n NOT IN :values", params={"values": values}) == 5


def test_pages_and_limits_of_large_answers(large: whereql.Collection) -> None:
    pages = [page.ids for page in large.scan("n >= 0.5", batch_size=30_000)]
    assert [len(page) for page in pages] == [30_000, 30_000, 30_000, 9_999]
    assert [id for page in pages for id in page] == [f"r{n}" for n in range(1, SIZE)]
    assert large.get("n >= 1.5", limit=5000, offset=90_000).ids == [f"r{n}" for n in range(90_002, 95_002)]
    assert large.get("n >= 1.5", limit=3, offset=2**40).ids == []


def wide(joined: type[And] | type[Or], size: int) -> Expr:
    """A filter of so many arguments that nothing simplifies."""
    other = Or if joined is And else And
    return joined([other([Predicate(Field("m"), Op.GE if joined is Or else Op.LT, literal(n)), Not(Predicate(Field("text"), Op.EQ, literal(f"t{n + 1}")))]) for n in range(size)])


def deep(levels: int) -> Expr:
    expr: Expr = F("m") >= 0
    for level in range(levels):
        expr = (F("m") >= -level) & expr if level % 2 else (F("text") == f"t{level}") | expr
    return expr


@pytest.mark.parametrize("expr", [wide(And, 1000), wide(Or, 1000), wide(And, 40), deep(100), deep(50), Not(deep(100))], ids=["and", "or", "some", "deep", "less deep", "not deep"])
def test_wide_and_deep_filters_mean_what_they_say(small: whereql.Collection, expr: Expr) -> None:
    with whereql.use_passes(enabled=False):  # as they are, whatever an optimizer makes of them
        assert small.get(expr, include=[]).ids == [record.id for record in small.get() if holds(expr, record)]


def test_what_is_too_wide_or_deep_is_asked_in_parts(small: whereql.Collection, requests: list[Any]) -> None:
    for expr, parts in [(wide(Or, 1000), 4), (deep(100), 2), (deep(40), 1)]:
        requests.clear()
        with whereql.use_passes(enabled=False):
            assert make_plan(small.backend, whereql.Query(expr)).is_exact
            small.get(expr, include=[])
        assert len(requests) >= parts
        assert all(size_of(body["where"]).fits() for body in requests)


def test_conditions_on_ids_are_joined_with_those_of_the_server(small: whereql.Collection, requests: list[Any]) -> None:
    for text in ["#id LIKE 'r1%' AND m > 12.5", "#id LIKE 'r1%' OR m > 12.5", "NOT (#id LIKE 'r1%') AND (m > 12.5 OR #id ENDS WITH '3')", "#id > 'r4'", "#id = 'r3' OR m = 4"]:
        expr = whereql.parse(text)
        assert make_plan(small.backend, whereql.Query(expr)).is_exact
        assert small.get(expr).ids == [record.id for record in small.get() if holds(expr, record)], text
    assert not any("#id" in str(body.get("where")) for body in requests)


@pytest.mark.parametrize("op", [Op.CONTAINS, Op.STARTS, Op.ENDS, Op.EQ])
@pytest.mark.parametrize("length", [1000, 50_000, 200_000])
def test_long_texts_are_looked_for(chroma_url: str, op: Op, length: int) -> None:
    text = "x%_\\ü" * (length // 5)
    with open_new(chroma_url) as collection:
        documents = [text, text + "y", "y" + text, text[:-1], text[1:], text[:60_000], None]
        collection.add(ids=list("abcdefg"), embeddings=[[1.0]] * 7, documents=documents)
        expr = Predicate(Document(), op, literal(text))
        for each in (expr, Not(expr)):
            assert collection.get(each, include=[]).ids == [record.id for record in collection.get() if holds(each, record)]


@pytest.mark.parametrize("pattern", [r"\w{100}", r"\w{250}", r"(?i)a{50000}", r"\pL{230}b"])
def test_patterns_too_large_for_the_server_are_searched_here(small: whereql.Collection, pattern: str) -> None:
    expr = Predicate(Document(), Op.MATCHES, literal(pattern))
    assert small.get(expr, include=[]).ids == [record.id for record in small.get() if holds(expr, record)]


@pytest.mark.parametrize("size", [99, 300])
def test_many_elements_are_tested(small: whereql.Collection, size: int) -> None:
    expr = Predicate(Field("tags"), Op.HAS, tuple(literal(n * 1.5) for n in range(size)))
    for each in (expr, Not(expr)):
        assert small.get(each, include=[]).ids == [record.id for record in small.get() if holds(each, record)]
    assert make_plan(small.backend, whereql.Query(expr)).is_exact is (size < 100)


def test_a_batch_that_is_too_large_is_halved(chroma_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "LARGEST_BODY", 10_000)
    with open_new(chroma_url) as collection:
        assert collection.add(ids=list("abcdefgh"), embeddings=[[1.0]] * 8, documents=["ü" * 2000] * 8) == 8
        assert collection.get("#document STARTS WITH 'ü'").ids == list("abcdefgh")
        with pytest.raises(whereql.BackendError, match="1 of 2 records were written") as caught:
            collection.upsert(ids=["i", "j"], embeddings=[[1.0]] * 2, documents=["u", "ü" * 6000])
        assert caught.value.code == "WQ719"
