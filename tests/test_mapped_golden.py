"""The recorded requests of a real Chroma server, replayed on one mapped table with a JSON column: same status, ids in order, columns.

PostgreSQL can't hold NUL in a text, nor in jsonb: the records that have one are left out there, and the answers are those that
memory gives without them.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from mapped_tables import engine_of, insert, run, writer
from test_golden import DATASETS, GOLDEN, REFUSED, expected_response, read_lines, same

import whereql

LEFT_OUT = {"typedmix": {"t60"}, "arrays": set(), "docs": {"nul", "nul2"}, "catalog": set()}
JSON = {"postgresql": "jsonb", "duckdb": "json", "sqlite": "text"}
VECTOR = {"postgresql": "real[]", "duckdb": "float[]", "sqlite": "text"}
ALL = ["documents", "metadatas", "embeddings", "uris"]


def written(record: dict[str, Any], place: int, engine: str) -> dict[str, Any]:
    vector, metadata = record.get("embedding"), record.get("metadata")
    return {
        "place": place, "id": record["id"], "body": record.get("document"), "link": record.get("uri"),
        "attrs": None if metadata is None else json.dumps(metadata),
        "vec": json.dumps(vector) if engine == "sqlite" and vector is not None else vector,
    }  # fmt: skip


def memory_of(records: list[dict[str, Any]]) -> whereql.Collection:
    collection = whereql.open("memory:")
    columns = {"embeddings": "embedding", "metadatas": "metadata", "documents": "document", "uris": "uri"}
    collection.add(ids=[each["id"] for each in records], **{column: [each.get(key) for each in records] for column, key in columns.items()})
    return collection


@pytest.mark.parametrize("name", DATASETS)
def test_replays_every_recorded_case(sql_url: str, name: str) -> None:
    engine, records = engine_of(sql_url), read_lines(GOLDEN / f"{name}.records.jsonl")
    left_out = {each["id"] for each in records if engine == "postgresql" and "\\u0000" in json.dumps(each)}
    assert left_out == (LEFT_OUT[name] if engine == "postgresql" else set())
    kept = [each for each in records if each["id"] not in left_out]
    run(sql_url, f"CREATE TABLE {name} (place integer, id varchar(200), body varchar, link varchar, attrs {JSON[engine]}, vec {VECTOR[engine]})")
    with writer(sql_url) as connection:
        casts = {"attrs": JSON[engine], **({} if engine == "sqlite" else {"vec": VECTOR[engine]})}
        insert(connection, name, [written(record, place, engine) for place, record in enumerate(kept)], casts)
    outcomes: Counter[str] = Counter()
    wrong = []
    options = {"id": "id", "document": "body", "uri": "link", "metadata": "attrs", "embedding": "vec", "order": "place", "keys": []}
    with whereql.open(sql_url, table=name, **options) as collection, memory_of(kept) as memory:
        everything = collection.get(include=ALL)
        assert everything.ids == [each["id"] for each in kept]
        for case in read_lines(GOLDEN / f"{name}.cases.jsonl"):
            body = json.dumps(case["body"], ensure_ascii=False)
            try:
                found: Any = collection.execute(body).to_dict()
            except whereql.WhereqlError as error:
                found = "refused" if case["name"] in REFUSED and error.code == "WQ502" else "rejected"
            if "status" in case:
                expected: Any = "rejected"
            elif case["name"] in REFUSED:
                expected = "refused"
            else:
                expected = memory.execute(body).to_dict() if left_out else expected_response(case, everything)
            outcomes[found if isinstance(found, str) else "answered"] += 1
            # jsonb writes 1e18 as an int: the same number, of another type.
            if found != expected or not (engine == "postgresql" or same(found, expected)):
                wrong.append((case["name"], case["body"]))
    assert not wrong, f"{len(wrong)} of {outcomes.total()} differ: {wrong[:5]}"
    assert outcomes["answered"] > 250
