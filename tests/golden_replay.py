"""Replaying the recorded requests of a real Chroma 1.5.9 server on any collection.

`tests/golden/README.md` says how the cases were made. `exact_ids` stands where whereql is exact and Chroma is not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import whereql
from whereql.records import Record, make_record

GOLDEN = Path(__file__).parent / "golden"
DATASETS = ("typedmix", "arrays", "docs", "catalog")
ALL = ["documents", "metadatas", "embeddings", "uris"]
# Patterns with these constructs are refused by name; no other case may be (see grammar/README.md, "Regular expressions").
REFUSED = {
    "docs/0307-regex": r"\p{Emoji}",
    "docs/0610-not_regex": r"\p{Emoji}",
    # Script_Extensions change with every Unicode version; the server's own are newer than those of the recording's oracle.
    "docs/0579-regex": r"\p{scx=Grek}",
}
# Records with NUL, which PostgreSQL can't hold in a text.
WITH_NUL: dict[str, set[str]] = {"typedmix": {"t60"}, "arrays": set(), "docs": {"nul", "nul2"}, "catalog": set()}


def read_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def golden_records(name: str, left_out: Collection[str] = ()) -> list[Record]:
    """The records of a data set, in their order."""
    lines = [line for line in read_lines(GOLDEN / f"{name}.records.jsonl") if line["id"] not in left_out]
    columns = ("document", "uri", "embedding", "metadata")
    return [make_record(line["id"], **{column: line.get(column) for column in columns}) for line in lines]


def golden_cases(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = read_lines(GOLDEN / f"{name}.cases.jsonl")
    return cases


def in_memory(records: Iterable[Record]) -> whereql.Collection:
    collection = whereql.open("memory:")
    collection.add_records(records)
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


def replay(
    collection: whereql.Collection, name: str, left_out: Collection[str] = (), is_same: Callable[[Any, Any], bool] = same
) -> Counter[str]:
    """Run every case of a data set: how many were answered, rejected, and refused by name. Fails with the cases that differ.

    left_out: records that the store can't hold; the answers expected without them are those that memory gives.
    """
    everything = collection.get(include=ALL)
    memory = in_memory(golden_records(name, left_out))
    assert everything.ids == memory.get(include=[]).ids
    outcomes: Counter[str] = Counter()
    wrong = []
    for case in golden_cases(name):
        body = json.dumps(case["body"], ensure_ascii=False)
        found = outcome(collection, body)
        if "status" in case:
            expected: Any = "rejected"
        elif case["name"] in REFUSED:
            expected = "refused by name"
        else:
            expected = memory.execute(body).to_dict() if left_out else expected_response(case, everything)
        outcomes[found if isinstance(found, str) else "answered"] += 1
        if not is_same(found, expected):
            wrong.append((case["name"], case["body"], differences(found, expected)))
    assert not wrong, f"{len(wrong)} of {outcomes.total()} differ: {wrong[:5]}"
    assert outcomes["answered"] > 250
    return outcomes


def outcome(collection: whereql.Collection, body: str) -> dict[str, Any] | str:
    """The answer to a request, or what became of it."""
    try:
        return collection.execute(whereql.GetRequest.from_json(body)).to_dict()
    except whereql.WhereqlError as error:
        return "refused by name" if error.code == "WQ502" else "rejected"


def differences(found: Any, expected: Any) -> Any:
    if isinstance(found, str) or isinstance(expected, str):
        return found
    return {column: cells for column, cells in found.items() if not same(cells, expected[column])}
