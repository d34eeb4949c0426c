"""The recorded requests of a real Chroma server, replayed in whereql's own tables: same status, ids in order, columns."""

from __future__ import annotations

import json

import pytest
from golden_replay import DATASETS, WITH_NUL, golden_records, replay

import whereql


@pytest.mark.parametrize("name", DATASETS)
def test_replays_every_recorded_case(name: str, sql_url: str) -> None:
    left_out = WITH_NUL[name] if sql_url.startswith("postgresql") else set()
    with whereql.open(sql_url, name) as collection:
        collection.add_records(golden_records(name, left_out))
        replay(collection, name, left_out)


@pytest.mark.parametrize("name", DATASETS)
def test_no_record_is_left_out_but_for_a_nul(name: str) -> None:
    found = {record.id for record in golden_records(name) if "\\u0000" in json.dumps([record.id, record.document, record.uri, record.metadata])}
    assert found == WITH_NUL[name]
