"""Every recorded request of a real Chroma 1.5.9 server, replayed over the wire form: same status, ids in order, columns.

`tests/golden/README.md` says how the cases were made. `exact_ids` stands where whereql is exact and Chroma is not.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import whereql
from whereql.optimize import ORDER, PASSES

GOLDEN = Path(__file__).parent / "golden"
DATASETS = ("typedmix", "arrays", "docs", "catalog")
# Patterns with these constructs are refused by name; no other case may be (see grammar/README.md, "Regular expressions").
REFUSED = {
    "docs/0307-regex": r"\p{Emoji}",
    "docs/0610-not_regex": r"\p{Emoji}",
    # Script_Extensions change with every Unicode version; the server's own are newer than those of the recording's oracle.
    "docs/0579-regex": r"\p{scx=Grek}",
}


def read_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def open_dataset(name: str) -> whereql.Collection:
    records = read_lines(GOLDEN / f"{name}.records.jsonl")
    collection = whereql.open("memory:")
    columns = {"embeddings": "embedding", "metadatas": "metadata", "documents": "document", "uris": "uri"}
    collection.add(
        ids=[record["id"] for record in records],
        **{column: [record.get(key) for record in records] for column, key in columns.items()},
    )
    return collection


def same(a: Any, b: Any) -> bool:
    """Equality by value and type: 1 is not 1.0 and not true."""
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    return type(a) is type(b) and a == b


def expected_response(case: dict[str, Any], everything: whereql.GetResponse) -> dict[str, Any]:
    """The recorded response; where whereql is exact, the columns that follow from the exact ids."""
    response = {key: case["response"].get(key) for key in ("ids", "embeddings", "documents", "uris", "metadatas", "include")}
    if "exact_ids" in case:
        place = {id: i for i, id in enumerate(everything.ids)}
        rows = [place[id] for id in case["exact_ids"]]
        response["ids"] = case["exact_ids"]
        for column, values in everything.to_dict().items():
            if column in response["include"]:
                response[column] = [values[row] for row in rows]
    return response


@pytest.mark.parametrize("name", DATASETS)
def test_replays_every_recorded_case(name: str) -> None:
    collection = open_dataset(name)
    everything = collection.get(include=["documents", "metadatas", "embeddings", "uris"])
    outcomes: Counter[str] = Counter()
    wrong = []
    for case in read_lines(GOLDEN / f"{name}.cases.jsonl"):
        body = json.dumps(case["body"], ensure_ascii=False)
        try:
            response = collection.execute(whereql.GetRequest.from_json(body)).to_dict()
        except whereql.WhereqlError as error:
            if case["name"] in REFUSED:
                assert error.code == "WQ502"
                outcomes["refused by name"] += 1
            elif "status" in case:
                outcomes["rejected"] += 1
            else:
                wrong.append((case["name"], case["body"], str(error)))
            continue
        if "status" in case:
            wrong.append((case["name"], case["body"], "accepted"))
            continue
        expected = expected_response(case, everything)
        if same(response, expected):
            outcomes["answered"] += 1
        else:
            wrong.append((case["name"], case["body"], {k: v for k, v in response.items() if not same(v, expected[k])}))
    assert not wrong, f"{len(wrong)} of {sum(outcomes.values()) + len(wrong)} differ: {wrong[:5]}"
    assert outcomes["answered"] > 250


@lru_cache(1)
def answered() -> list[tuple[whereql.Collection, whereql.GetRequest, list[str]]]:
    """The recorded cases that have an answer: the collection, the request, and the ids."""
    cases = []
    for name in DATASETS:
        collection = open_dataset(name)
        for case in read_lines(GOLDEN / f"{name}.cases.jsonl"):
            if "status" not in case and case["name"] not in REFUSED:
                request = whereql.GetRequest.from_json(json.dumps(case["body"], ensure_ascii=False))
                cases.append((collection, request, case.get("exact_ids", case["response"]["ids"])))
    return cases


@pytest.mark.parametrize("left_out", ["all", *(one.name for one in (*PASSES, ORDER))])
def test_answers_are_the_same_without_the_optimizer_and_without_any_one_pass(left_out: str) -> None:
    with whereql.use_passes(enabled=left_out != "all", without={left_out} - {"all"}):
        wrong = [request for collection, request, ids in answered() if collection.execute(request).ids != ids]
    assert not wrong
    assert len(answered()) > 1500


def test_cases_are_all_there() -> None:
    assert sum(len(read_lines(GOLDEN / f"{name}.cases.jsonl")) for name in DATASETS) == 2283
    assert len(REFUSED) <= 22


def test_truncating_floats_would_be_caught() -> None:
    collection = open_dataset("typedmix")
    assert np.all([id not in collection.get({"v": {"$eq": 1.5}}).ids for id in ("t01",)])
    assert collection.get({"v": {"$eq": 1.5}}).ids != collection.get({"v": {"$eq": 1}}).ids
