"""`Collection`: every way in and out of it, its order rules, its refusals, its async twins."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import whereql
from whereql import F

IDS = ["a", "b", "c", "d"]
METADATAS: list[dict[str, Any] | None] = [{"year": 2019, "tags": ["x"]}, {"year": 2021, "tags": ["y", "x"]}, {"lang": "en"}, None]


@pytest.fixture
def papers() -> whereql.Collection:
    collection = whereql.open("memory:")
    collection.add(
        ids=IDS, embeddings=[[0.1, 0.2]] * 4, metadatas=METADATAS, documents=["alpha", None, "gamma", "delta"], uris=[None, "u:b", None, "u:d"]
    )
    return collection


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ({}, IDS),
        ({"where": ""}, IDS),
        ({"where": "year >= 2020"}, ["b"]),
        ({"where": {"year": {"$gte": 2020}}}, ["b"]),
        ({"where": F("year") >= 2020}, ["b"]),
        ({"where": "year != 2021"}, ["a", "c", "d"]),
        ({"where": "year >= :y", "params": {"y": np.int64(2020)}}, ["b"]),
        ({"where": "tags HAS ALL :t", "params": {"t": ["x", "y"]}}, ["b"]),
        ({"ids": ["d", "a", "a", "nobody"]}, ["a", "d"]),
        ({"ids": "d"}, ["d"]),
        ({"ids": []}, []),
        ({"ids": ["a", "b"], "where": "year > 2020", "where_document": None}, ["b"]),
        ({"where_document": {"$contains": "a"}}, ["a", "c", "d"]),
        ({"where": "year >= :y", "where_document": whereql.parse("#document CONTAINS :d"), "params": {"y": 0, "d": "alp"}}, ["a"]),
        ({"where": "year = 2019", "where_document": {"$contains": "alp"}}, ["a"]),
        ({"where": "year = 2019", "where_document": {"$not_contains": "alp"}}, []),
        ({"where": {"year": 2019, "tags": {"$contains": "x"}}, "lenient": True}, ["a"]),
        ({"limit": 2}, ["a", "b"]),
        ({"limit": 2, "offset": 1}, ["b", "c"]),
        ({"offset": 3}, ["d"]),
        ({"limit": 0}, []),
        ({"where": "NOT year > 2020", "limit": 1, "offset": 1}, ["c"]),
    ],
)  # fmt: skip
def test_get(papers: whereql.Collection, arguments: dict[str, Any], ids: list[str]) -> None:
    assert papers.get(**arguments).ids == ids
    if "limit" not in arguments and "offset" not in arguments:
        assert papers.count(**arguments) == len(ids)
        assert [id for page in papers.scan(**arguments, batch_size=2) for id in page.ids] == ids


def test_columns_are_those_asked_for(papers: whereql.Collection) -> None:
    response = papers.get(ids=["b", "c"], include=["uris", "embeddings"])
    assert response.to_dict() == {
        "ids": ["b", "c"], "embeddings": [[0.1, 0.2]] * 2, "documents": None, "uris": ["u:b", None], "metadatas": None, "include": ["uris", "embeddings"],
    }  # fmt: skip
    assert response.embeddings is not None
    assert response.embeddings.dtype == np.float32  # type: ignore[union-attr]  # every record has one
    assert papers.get(include=[]).to_dict()["documents"] is None


def test_a_record_with_a_uri_and_no_metadata_shows_an_empty_object(papers: whereql.Collection) -> None:
    assert papers.get(include=["metadatas"]).metadatas == [*METADATAS[:3], {}]


def test_a_response_is_iterable_and_prints_json(papers: whereql.Collection) -> None:
    response = papers.get("year > 0", include=["documents", "metadatas", "embeddings", "uris"])
    assert [(record.id, record.document, record.uri, record.metadata) for record in response] == [
        ("a", "alpha", None, METADATAS[0]), ("b", None, "u:b", METADATAS[1]),
    ]  # fmt: skip
    assert len(response) == 2
    assert json.loads(response.to_json()) == response.to_dict()
    assert '"embeddings":[[0.1,0.2],[0.1,0.2]]' in response.to_json()


def test_a_response_becomes_a_data_frame(papers: whereql.Collection) -> None:
    pytest.importorskip("pandas", reason="needs the pandas extra")
    frame = papers.get().to_pandas()
    assert list(frame.columns) == ["id", "document", "year", "tags", "lang"]
    assert frame["lang"].isna().tolist() == [True, True, False, True]
    assert frame["lang"][2] == "en"


def test_a_data_frame_rounds_nothing() -> None:
    pytest.importorskip("pandas", reason="needs the pandas extra")
    collection = whereql.open("memory:")
    big = 2**53 + 1
    collection.add(ids=["a", "b", "c"], metadatas=[{"n": big, "mixed": big, "f": 0.5, "id": 7}, {"mixed": 0.5}, {"b": True}])
    frame = collection.get().to_pandas()
    assert (frame["n"][0], frame["mixed"][0], frame["f"][0], frame["b"][2], frame["metadata.id"][0]) == (big, big, 0.5, True, 7)
    assert [str(frame[name].dtype) for name in ("n", "mixed", "f", "b")] == ["Int64", "object", "float64", "boolean"]


ORDER_STEPS: list[tuple[str, dict[str, Any], int, list[str]]] = [
    ("add", {"ids": ["a", "e", "e"], "documents": ["new", "first", "second"]}, 1, ["a", "b", "c", "d", "e"]),
    ("upsert", {"ids": ["b", "f"], "documents": ["B", "F"]}, 2, ["a", "b", "c", "d", "e", "f"]),
    ("delete", {"ids": ["a", "nobody"]}, 1, ["b", "c", "d", "e", "f"]),
    ("add", {"ids": ["a"]}, 1, ["b", "c", "d", "e", "f", "a"]),
    ("delete", {"where": "year = 2021 OR #document = 'first'"}, 2, ["c", "d", "f", "a"]),
    ("delete", {"all": True}, 4, []),
]


def test_a_closed_collection_answers_nothing(papers: whereql.Collection) -> None:
    with papers:
        assert papers.count() == 4
    papers.close()
    for use in (papers.count, papers.get, papers.schema, lambda: papers.add(ids=["x"])):
        with pytest.raises(whereql.BackendError, match="closed"):
            use()


def test_a_file_is_never_written(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"id": "a", "n": 1}\n')
    with whereql.open(file) as collection:
        assert collection.get("n = 1").ids == ["a"]
        assert (collection.schema().records, collection.explain("n = 1").native) == (1, "1 records\n  scan for n = 1: 1 rows, about 1 expected")
        assert [page.ids for page in collection.scan()] == [["a"]]
        for write in (lambda: collection.add(ids=["b"]), lambda: collection.upsert(ids=["a"]), lambda: collection.delete(ids=["a"])):
            with pytest.raises(whereql.BackendError, match="can't be written") as caught:
                write()
            assert caught.value.code == "WQ713"


def test_writes_keep_the_order(papers: whereql.Collection) -> None:
    for operation, arguments, count, ids in ORDER_STEPS:
        assert getattr(papers, operation)(**arguments) == count, operation
        assert papers.get().ids == ids, operation
        if operation == "add" and count == 1 and "e" in arguments["ids"]:
            assert papers.get(ids=["a", "e"]).documents == ["alpha", "first"]


def test_upsert_merges_and_drops(papers: whereql.Collection) -> None:
    papers.upsert(ids=["b", "c"], metadatas=[{"year": None, "lang": "de"}, {"lang": []}], documents=[None, "new"])
    response = papers.get(ids=["b", "c"], include=["metadatas", "documents", "uris"])
    assert response.metadatas == [{"tags": ["y", "x"], "lang": "de"}, None]
    assert response.documents == [None, "new"]
    assert response.uris == ["u:b", None]


@pytest.mark.parametrize("where", [None, "", "TRUE", {"$and": []}, "NOT FALSE", "year = 1 OR TRUE", "NOT (year = 1 AND FALSE)", "year = 1 OR year != 1"])
def test_delete_refuses_to_spare_nothing(papers: whereql.Collection, where: Any) -> None:
    with pytest.raises(whereql.CheckError, match="every record") as caught:
        papers.delete(where)
    assert caught.value.code == "WQ315"
    assert papers.count() == 4


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ({"where": 5}, "WQ313", "a filter is a text"),
        ({"where": ["year > 1"]}, "WQ313", "got a list"),
        ({"limit": -1}, "WQ314", "limit is a whole number"),
        ({"limit": 1.0}, "WQ314", "limit is a whole number"),
        ({"limit": True}, "WQ314", "limit is a whole number"),
        ({"offset": "1"}, "WQ314", "offset is a whole number"),
        ({"ids": [1]}, "WQ314", "an id is a string"),
        ({"ids": 5}, "WQ314", "ids is a list of strings, got an int"),
        ({"ids": {"a": 1}}, "WQ314", "ids is a list of strings, got an object"),
        ({"ids": b"a"}, "WQ314", "ids is a list of strings, got bytes"),
        ({"include": None}, "WQ314", "include is a list of strings, got null"),
        ({"where_document": whereql.parse("#document CONTAINS :x")}, "WQ308", "the parameter :x has no value"),
        ({"include": ["documnts"]}, "WQ314", "did you mean documents"),
        ({"include": ["distances"]}, "WQ314", "there is no column"),
        ({"where": "year > :y"}, "WQ308", "has no value"),
        ({"where": "year > :y", "params": {"y": 1, "z": 2}}, "WQ309", "no parameter :z"),
        ({"where": "year > :y", "params": [1]}, "WQ306", "params is an object"),
        ({"where": "year > :y", "params": {"y": True}}, "WQ302", "bools have no order"),
        ({"where": "year > :y", "params": {"y": [1]}}, "WQ306", "not a list"),
        ({"where": "year IN :y", "params": {"y": "abc"}}, "WQ306", "a list of values"),
        ({"where_document": {"$eq": "a"}}, "WQ212", "no operator"),
    ],
)
def test_refuses_what_makes_no_sense(papers: whereql.Collection, arguments: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(whereql.WhereqlError, match=words) as caught:
        papers.get(**arguments)
    assert caught.value.code == code


def test_a_batch_of_nothing_is_refused(papers: whereql.Collection) -> None:
    with pytest.raises(whereql.CheckError, match="at least 1"):
        papers.scan(batch_size=0)


@pytest.mark.parametrize(
    ("columns", "code", "path"),
    [
        ({"ids": ["x", ""]}, "WQ702", "[1].id"),
        ({"ids": 5}, "WQ701", "ids"),
        ({"ids": ["x"], "documents": 5}, "WQ701", "documents"),
        ({"ids": ["x"], "documents": iter(["one"])}, "WQ701", "documents"),
        ({"ids": ["x", 3]}, "WQ702", "[1].id"),
        ({"ids": ["x", "y"], "documents": ["one"]}, "WQ701", "documents"),
        ({"ids": ["x"], "documents": "one"}, "WQ701", "documents"),
        ({"ids": ["x"], "documents": [5]}, "WQ702", "[0].document"),
        ({"ids": ["x"], "metadatas": [[]]}, "WQ703", "[0].metadata"),
        ({"ids": ["x"], "metadatas": [{"a": {"b": 1}}]}, "WQ703", "[0].metadata.a"),
        ({"ids": ["x"], "metadatas": [{"a": [1, "b"]}]}, "WQ703", "[0].metadata.a"),
        ({"ids": ["x"], "metadatas": [{"a": [1, None]}]}, "WQ703", "[0].metadata.a[1]"),
        ({"ids": ["x"], "metadatas": [{"a": float("nan")}]}, "WQ703", "[0].metadata.a"),
        ({"ids": ["x"], "metadatas": [{"a": 10**400}]}, "WQ703", "[0].metadata.a"),
        ({"ids": ["x"], "metadatas": [{1: 1}]}, "WQ703", "[0].metadata"),
        ({"ids": ["x"], "metadatas": [{"a": "\ud800"}]}, "WQ307", "[0].metadata.a"),
        ({"ids": ["x"], "metadatas": [{"\udc00": 1}]}, "WQ307", "[0].metadata"),
        ({"ids": ["x"], "metadatas": [{"a": {"indices": [2, 1], "values": [1.0, 2.0]}}]}, "WQ703", "[0].metadata.a"),
        ({"ids": ["x"], "metadatas": [{"a": {"#type": "dense", "indices": [1], "values": [1.0]}}]}, "WQ703", "[0].metadata.a"),
        ({"ids": ["x"], "embeddings": [[]]}, "WQ704", "[0].embedding"),
        ({"ids": ["x"], "embeddings": [[1.0, float("inf")]]}, "WQ704", "[0].embedding"),
        ({"ids": ["x"], "embeddings": [[1e300, 1.0]]}, "WQ704", "[0].embedding"),
        ({"ids": ["x"], "embeddings": [["a", "b"]]}, "WQ704", "[0].embedding"),
        ({"ids": ["x"], "embeddings": [[1.0]]}, "WQ704", "[0].embedding"),
        ({"ids": ["x"], "embeddings": [[True, False]]}, "WQ704", "[0].embedding"),
        ({"ids": ["x"], "embeddings": [["1", "2"]]}, "WQ704", "[0].embedding"),
        ({"ids": ["x"], "metadatas": [{"a": {"indices": [1], "values": [10**400]}}]}, "WQ703", "[0].metadata.a"),
        ({"ids": ["x"], "metadatas": [{"a": {"indices": [1], "values": [1.0], "tokens": [5]}}]}, "WQ703", "[0].metadata.a"),
        ({"ids": ["x"], "uris": [b"u"]}, "WQ702", "[0].uri"),
    ],
)
def test_a_write_that_is_not_sound_changes_nothing(papers: whereql.Collection, columns: dict[str, Any], code: str, path: str) -> None:
    before = papers.get(include=["documents", "metadatas", "uris", "embeddings"]).to_dict()
    for write in (papers.add, papers.upsert):
        with pytest.raises(whereql.WhereqlError) as caught:
            write(**columns)
        assert (caught.value.code, caught.value.path) == (code, path)
    assert papers.get(include=["documents", "metadatas", "uris", "embeddings"]).to_dict() == before


def test_records_go_from_one_collection_to_another(papers: whereql.Collection) -> None:
    copy = whereql.open("memory:")
    for page in papers.scan(include=["documents", "metadatas", "embeddings", "uris"], batch_size=3):
        assert copy.add_records(page) == len(page)
    assert copy.get(include=["documents", "metadatas", "embeddings", "uris"]).to_dict() == papers.get(include=["documents", "metadatas", "embeddings", "uris"]).to_dict()
    assert copy.add_records(iter([whereql.make_record("a"), whereql.make_record("z"), whereql.make_record("z")])) == 1
    with pytest.raises(whereql.CheckError, match="make_record") as caught:
        copy.add_records([whereql.make_record("y"), {"id": "x"}])  # type: ignore[list-item]
    assert (caught.value.code, caught.value.path) == ("WQ314", "[1]")
    assert copy.get(ids=["y"]).ids == []


def test_stored_values_are_normal() -> None:
    collection = whereql.open("memory:")
    sparse = {"indices": [1, 5], "values": [0.5, 1.0]}
    metadata = {"mixed": [1, 2.5], "none": None, "empty": [], "big": 2**63, "zero": -0.0, "np": np.float32(0.5), "array": np.array([1, 2]), "sparse": sparse}
    collection.add(ids=["a"], metadatas=[metadata])
    stored = collection.get().metadatas
    assert stored == [{"mixed": [1.0, 2.5], "big": float(2**63), "zero": 0.0, "np": 0.5, "array": [1, 2], "sparse": {"#type": "sparse_vector", **sparse}}]
    assert collection.get("sparse IS NOT NULL AND empty IS NULL").ids == ["a"]
    with pytest.warns(whereql.WhereqlWarning, match="sparse holds sparse_vector"):
        assert collection.get("sparse != 1 AND NOT sparse HAS 1").ids == ["a"]


def test_findings_warn_in_get_and_are_told_by_check(papers: whereql.Collection) -> None:
    with pytest.warns(whereql.WhereqlWarning, match="write tags HAS 'x'"):
        assert papers.get("tags CONTAINS 'x'").ids == []
    with pytest.warns(whereql.WhereqlWarning, match="did you mean year"):
        assert papers.count("yaer > 2000") == 0
    assert [finding.code for finding in papers.check("tags = 'x' AND unrelated = 1")] == ["WQ312", "WQ311"]
    assert papers.check("year > :y", params={"y": 2020}) == []
    assert papers.get("unrelated = 1").ids == []  # nothing like it is there: no guess, no warning


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("tags = 'x'", "write tags HAS 'x'"),
        ("tags IN ('x', 'y')", "write tags HAS 'x'"),
        ("year = '2020'", "without quotes"),
        ("year > '2020'", "a date as TIMESTAMP"),
        ("lang = 5", "write '5' in quotes"),
        ("lang HAS 'en'", "write lang = 'en', or lang CONTAINS 'en'"),
        ("year HAS 2020", "write year = 2020"),
        ("year CONTAINS '20'", "text operators look into strings only"),
        ("year = TRUE", "compare it with a number"),
        ("#document = 5", "write '5' in quotes"),
        ("#id HAS 'a'", "write #id = 'a'"),
    ],
)
def test_findings_say_what_was_meant(papers: whereql.Collection, where: str, hint: str) -> None:
    (finding,) = papers.check(where)
    assert hint in (finding.hint or "")
    assert finding.span is not None
    assert where in finding.render()


@pytest.mark.parametrize("where", ["year = 2020", "year != 2020.5", "tags HAS 'z'", "tags IS NULL", "lang IN (5, 'en')", "TRUE", "FALSE", "#id > 'a'"])
def test_sound_filters_have_no_findings(papers: whereql.Collection, where: str) -> None:
    assert papers.check(where) == []


@pytest.mark.parametrize(
    ("where", "code", "hint"),
    [
        ("year > 5 AND lang = 'en' AND year < 3", "WQ317", "no value of year satisfies 5 < year < 3"),
        ("tags HAS ANY ()", "WQ317", "its conditions contradict each other"),
        ("(year = 1 OR lang = 'x') AND NOT year = 1 AND NOT lang = 'x'", "WQ317", "its conditions contradict each other"),
        ("year > 5 OR NOT year > 5", "WQ318", "leave it out"),
    ],
)
def test_a_filter_that_says_nothing_is_a_finding(papers: whereql.Collection, where: str, code: str, hint: str) -> None:
    (finding,) = papers.check(where)
    assert finding.code == code
    assert hint in (finding.hint or "")


def test_a_filter_with_parameters_may_still_say_something(papers: whereql.Collection) -> None:
    assert papers.check("year > :low AND year < 3") == []
    assert [finding.code for finding in papers.check("year > :low AND year < 3", params={"low": 5})] == ["WQ317"]


def test_delete_sees_through_a_filter_that_spares_nothing(papers: whereql.Collection) -> None:
    with pytest.raises(whereql.CheckError, match="would delete every record"):
        papers.delete("year > 5 OR year IS NULL OR year <= 5 OR NOT year < 9000")
    assert papers.delete("year > 5 OR year <= 5") == 2  # the tempting spelling of everything spares records without the key


def test_explain_tells_how_a_filter_runs(papers: whereql.Collection) -> None:
    explanation = papers.explain("not (year<2020 or year < 2015) and tags = 'x' and #id in ('c', 'a')")
    assert explanation.filter == "NOT (year < 2020 OR year < 2015) AND tags = 'x' AND #id IN ('c', 'a')"
    assert [name for name, _ in explanation.steps] == ["negation", "shortening", "merging", "order"]
    assert (explanation.ids, explanation.pushed) == (("a", "c"), "tags = 'x' AND NOT year < 2020")
    assert (explanation.residual, explanation.rows) == (None, 0)
    assert "write tags HAS 'x'" in str(explanation)
    assert json.loads(json.dumps(explanation.to_dict()))["findings"][0]["code"] == "WQ312"


def test_schema(papers: whereql.Collection) -> None:
    schema = papers.schema()
    assert schema.records == 4
    assert {key: (dict(info.kinds), info.count) for key, info in schema.keys.items()} == {
        "year": ({"int": 2}, 2), "tags": ({"string[]": 2}, 2), "lang": ({"string": 1}, 1),
    }  # fmt: skip
    assert schema.keys["year"].examples == (2019, 2021)


def test_execute_answers_requests(papers: whereql.Collection) -> None:
    body = {"where": {"year": {"$gte": 2020}}, "include": ["distances", "documents", "documents"], "unknown": 1}
    assert papers.execute(whereql.GetRequest.from_json(body)).to_dict() == {
        "ids": ["b"], "embeddings": None, "documents": [None], "uris": None, "metadatas": None, "include": ["distances", "documents", "documents"],
    }  # fmt: skip
    assert papers.execute(whereql.GetRequest()).ids == IDS
    assert papers.execute({"limit": 1}).ids == papers.execute('{"limit": 1}').ids == ["a"]


def test_async_twins(papers: whereql.Collection) -> None:
    async def use() -> list[Any]:
        assert await papers.aadd(ids=["e"]) == 1
        assert await papers.aupsert(ids=["e"], metadatas=[{"year": 3000}]) == 1
        pages = [page.ids async for page in papers.ascan("year > 0", batch_size=2)]
        found = await papers.aget("year > 2020")
        answered = await papers.aexecute(whereql.GetRequest(ids=["a"]))
        explained = await papers.aexplain("year > 2020")
        schema = await papers.aschema()
        return [pages, found.ids, await papers.acount(), answered.ids, explained.rows, schema.records, await papers.adelete(ids=["e"])]

    assert asyncio.run(use()) == [[["a", "b"], ["e"]], ["b", "e"], 5, ["a"], 2, 5, 1]
    assert whereql.Collection.aget.__name__ == "aget"
    assert "async" in (whereql.Collection.aget.__doc__ or "")


def test_limits_hold_in_threads_of_async_twins(papers: whereql.Collection) -> None:
    async def use() -> None:
        with whereql.use_limits(predicates=1):
            await papers.aget("year > 1 AND year < 2")

    with pytest.raises(whereql.LimitError):
        asyncio.run(use())


class Reader(whereql.ScanBackend):
    """A store that can be read only, and says of one operator that it can't."""

    def records(self) -> Iterator[whereql.Record]:
        return (whereql.make_record(str(n), metadata={"n": n, "t": ["x"] * (n % 2)}) for n in range(5))

    def support(self, predicate: whereql.Predicate, negated: bool) -> whereql.Support:
        return whereql.Support.NONE if predicate.op is whereql.Op.ILIKE or (negated and predicate.op is whereql.Op.HAS) else whereql.Support.EXACT


def test_any_store_that_lists_its_records_is_a_backend() -> None:
    with whereql.Collection(Reader()) as collection:
        assert collection.get("n >= 1 AND t HAS 'x'", offset=1).ids == ["3"]
        assert collection.get(ids=["4", "0"], limit=1).ids == ["0"]
        assert collection.count("NOT n = 2") == 4
        assert [page.ids for page in collection.scan("n < 3", batch_size=2)] == [["0", "1"], ["2"]]
        assert collection.schema().keys["t"].count == 2
        assert collection.explain("n = 1").native is None


def test_what_a_store_cannot_answer_whereql_evaluates() -> None:
    collection = whereql.Collection(Reader())
    assert collection.get("n ILIKE 'a'").ids == []
    assert collection.get("n = 1 OR NOT (n = 2 AND t HAS 'x')", include=["uris"]).to_dict() == {
        "ids": ["0", "1", "2", "3", "4"], "embeddings": None, "documents": None, "uris": [None] * 5, "metadatas": None, "include": ["uris"],
    }  # fmt: skip
    assert collection.get("n > 0 AND t NOT HAS 'x'", offset=1, limit=1).ids == ["4"]
    assert collection.count("n > 0 AND t NOT HAS 'x'") == 2
    assert [page.ids for page in collection.scan("t NOT HAS 'x'", batch_size=2)] == [["0", "2"], ["4"]]
    explained = collection.explain("n > 0 AND t NOT HAS 'x'")
    assert (explained.pushed, explained.residual, explained.fetched, explained.rows) == ("n > 0", "t NOT HAS 'x'", 4, 2)
    assert "rows:     2 of 4 fetched" in str(explained)


def test_a_strict_get_refuses_what_a_store_cannot_answer_by_name() -> None:
    collection = whereql.Collection(Reader())
    with pytest.raises(whereql.UnsupportedError, match="can't answer n ILIKE 'a' exactly"):
        collection.get("n ILIKE 'a'", strict=True)
    with pytest.raises(whereql.UnsupportedError, match="t NOT HAS 'x'"):
        collection.count("n = 1 OR NOT (n = 2 AND t HAS 'x')", strict=True)
    with pytest.raises(whereql.UnsupportedError, match="t NOT HAS 'x'"):
        collection.scan("t NOT HAS 'x'", strict=True)
    assert collection.get("NOT (n < 4 OR t NOT HAS 'x')", strict=True).ids == []
    with pytest.raises(whereql.BackendError, match="can't be written, so add"):
        collection.add(ids=["x"])


class Literal(Reader):
    """A store that knows ILIKE and LIKE, and none of the plainer operators on texts."""

    def support(self, predicate: whereql.Predicate, negated: bool) -> whereql.Support:
        plain = (whereql.Op.STARTS, whereql.Op.ENDS, whereql.Op.CONTAINS, whereql.Op.IN)
        return whereql.Support.NONE if predicate.op in plain else whereql.Support.EXACT


def test_a_store_is_asked_in_normal_form_or_as_it_was_said() -> None:
    collection = whereql.Collection(Literal())
    assert collection.explain("#id LIKE '1%' AND n > 0 AND n >= 0").pushed == "#id LIKE '1%' AND n > 0 AND n >= 0"
    assert collection.explain("n >= 1 AND n > 0 AND #id LIKE '%'").pushed == "n >= 1"
    assert collection.get("#id LIKE '1%' AND n > 0").ids == ["1"]
    assert collection.get("NOT (t NOT HAS 'x' OR n = 1)").ids == ["3"]
    assert collection.get("n = 1 OR n = 3").ids == ["1", "3"]  # IN, in normal form
    with pytest.raises(whereql.UnsupportedError, match="#id STARTS WITH '1'"):
        collection.get("#id STARTS WITH '1'", strict=True)


def test_a_backend_without_records_says_so() -> None:
    with pytest.raises(whereql.BackendError, match=r"WQ715: the backend ScanBackend failed in get: .*has no records"):
        whereql.Collection(whereql.ScanBackend()).get()


def test_a_declared_kind_is_taken_at_its_word_and_an_inferred_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("id,zip,year\na,01234,2020\nb,,2021\n", encoding="utf-8")
    declared = whereql.open(path, kinds={"zip": "string", "year": "int"})
    with pytest.warns(whereql.WhereqlWarning, match="zip is declared string .*write '1234' in quotes"):
        assert declared.get("zip = 1234 OR year > 2020 AND year < 2022").ids == ["b"]
    assert declared.explain("zip = 1234 OR year > 2020 AND year < 2022").pushed == "year = 2021"
    inferred = whereql.open(path)
    assert inferred.explain("year = 'x' OR year > 2020 AND year < 2022").pushed == "2020 < year < 2022 OR year = 'x'"


def test_json_has_null_where_a_table_has_nan() -> None:
    response = whereql.GetResponse(ids=["a", "b"], metadatas=[{"k": math.nan, "l": [1.5, math.inf]}, {"k": 1.0}], include=["metadatas"])
    assert json.loads(response.to_json())["metadatas"] == [{"k": None, "l": [1.5, None]}, {"k": 1.0}]
    assert "NaN" not in response.to_json()
