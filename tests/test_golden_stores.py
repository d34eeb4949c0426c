"""The recorded requests of a real Chroma server, replayed on SQL databases: same status, ids in order, columns.

`test_golden.py` has the cases and replays them in memory. PostgreSQL can't hold NUL in a text, so that the records which
have one are left out there: of a recorded answer the others are expected, and where a page was asked for, which would now
begin or end elsewhere, the page that memory gives.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from typing import Any

import pytest
from test_golden import DATASETS, GOLDEN, REFUSED, expected_response, read_lines, same

import whereql
from whereql.records import Record, make_record

LEFT_OUT = {  # on PostgreSQL: the records with NUL, by data set
    "typedmix": {"t60"},
    "arrays": set(),
    "docs": {"nul", "nul2"},
    "catalog": set(),
}
ALL = ["documents", "metadatas", "embeddings", "uris"]


def golden_records(name: str) -> list[Record]:
    return [
        make_record(line["id"], document=line.get("document"), uri=line.get("uri"), embedding=line.get("embedding"), metadata=line.get("metadata"))
        for line in read_lines(GOLDEN / f"{name}.records.jsonl")
    ]


def has_nul(record: Record) -> bool:
    return "\\u0000" in json.dumps([record.id, record.document, record.uri, record.metadata])


def replay(collection: whereql.Collection, name: str, left_out: set[str]) -> Counter[str]:
    everything = collection.get(include=ALL)
    memory = whereql.open("memory:")
    memory.add_records(record for record in golden_records(name) if record.id not in left_out)
    outcomes: Counter[str] = Counter()
    wrong = []
    for case in read_lines(GOLDEN / f"{name}.cases.jsonl"):
        outcome, difference = outcome_of(collection, memory, case, everything, left_out)
        outcomes[outcome] += 1
        if difference is not None:
            wrong.append((case["name"], case["body"], difference))
    assert not wrong, f"{len(wrong)} of {outcomes.total()} differ: {wrong[:5]}"
    return outcomes


def outcome_of(
    collection: whereql.Collection, memory: whereql.Collection, case: dict[str, Any], everything: whereql.GetResponse, left_out: set[str]
) -> tuple[str, Any]:
    """What a case came to, and what is wrong with it, if anything is."""
    try:
        request = whereql.GetRequest.from_json(json.dumps(case["body"], ensure_ascii=False))
        response = collection.execute(request).to_dict()
    except whereql.WhereqlError as error:
        if case["name"] in REFUSED:
            return "refused by name", None if error.code == "WQ502" else str(error)
        return "rejected", None if "status" in case else str(error)
    if "status" in case:
        return "answered", "accepted"
    if left_out and (case["body"].get("limit") is not None or case["body"].get("offset")):
        return "answered", differences(response, memory.execute(request).to_dict())
    return "answered", differences(response, expected_response(without(case, left_out), everything))


def without(case: dict[str, Any], left_out: set[str]) -> dict[str, Any]:
    """A case whose answer has no record that the store can't hold."""
    if not left_out:
        return case
    response = dict(case["response"])
    rows = [row for row, id in enumerate(response["ids"]) if id not in left_out]
    for column, cells in response.items():
        if column != "include" and cells is not None:
            response[column] = [cells[row] for row in rows]
    exact = {"exact_ids": [id for id in case["exact_ids"] if id not in left_out]} if "exact_ids" in case else {}
    return case | {"response": response} | exact


def differences(response: dict[str, Any], expected: dict[str, Any]) -> Any:
    return None if same(response, expected) else {key: value for key, value in response.items() if not same(value, expected[key])}


@pytest.mark.parametrize("name", DATASETS)
def test_replays_every_recorded_case_in_tables_of_its_own(name: str, sql_url: str) -> None:
    records = golden_records(name)
    left_out = {record.id for record in records if has_nul(record)} if sql_url.startswith("postgresql") else set()
    with ExitStack() as stack:
        collection = stack.enter_context(whereql.open(sql_url, name))
        collection.add_records(record for record in records if record.id not in left_out)
        outcomes = replay(collection, name, left_out)
    assert outcomes["answered"] > 250
    assert left_out in (set(), LEFT_OUT[name])
