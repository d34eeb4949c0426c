"""The recorded requests of a real Chroma server, replayed on one mapped table with a JSON column: same status, ids in order, columns.

PostgreSQL can't hold NUL in a text, nor in jsonb: the records that have one are left out there, and the answers are those that
memory gives without them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from golden_replay import DATASETS, GOLDEN, WITH_NUL, read_lines, replay, same
from mapped_tables import engine_of, insert, run, writer

import whereql

JSON = {"postgresql": "jsonb", "duckdb": "json", "sqlite": "text"}
VECTOR = {"postgresql": "real[]", "duckdb": "float[]", "sqlite": "text"}


def written(record: dict[str, Any], place: int, engine: str) -> dict[str, Any]:
    vector, metadata = record.get("embedding"), record.get("metadata")
    return {
        "place": place, "id": record["id"], "body": record.get("document"), "link": record.get("uri"),
        "attrs": None if metadata is None else json.dumps(metadata),
        "vec": json.dumps(vector) if engine == "sqlite" and vector is not None else vector,
    }  # fmt: skip


@pytest.mark.parametrize("name", DATASETS)
def test_replays_every_recorded_case(sql_url: str, name: str) -> None:
    engine, records = engine_of(sql_url), read_lines(GOLDEN / f"{name}.records.jsonl")
    left_out = WITH_NUL[name] if engine == "postgresql" else set()
    kept = [each for each in records if each["id"] not in left_out]
    run(sql_url, f"CREATE TABLE {name} (place integer, id varchar(200), body varchar, link varchar, attrs {JSON[engine]}, vec {VECTOR[engine]})")
    with writer(sql_url) as connection:
        casts = {"attrs": JSON[engine], **({} if engine == "sqlite" else {"vec": VECTOR[engine]})}
        insert(connection, name, [written(record, place, engine) for place, record in enumerate(kept)], casts)
    options = {"id": "id", "document": "body", "uri": "link", "metadata": "attrs", "embedding": "vec", "order": "place", "keys": []}
    with whereql.open(sql_url, table=name, **options) as collection:
        # jsonb writes 1e18 as an int: the same number, of another type.
        replay(collection, name, left_out, is_equal if engine == "postgresql" else same)


def is_equal(found: Any, expected: Any) -> bool:
    return bool(found == expected)
