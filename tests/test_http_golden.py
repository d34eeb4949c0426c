"""Every recorded request, answered by a real Chroma server through the HTTP backend, by the exact ids where the server alone is not."""

from __future__ import annotations

import itertools
from functools import lru_cache

import httpx
import pytest
from golden_replay import DATASETS, GOLDEN, golden_cases, read_lines, replay

import whereql

_numbers = itertools.count()


@lru_cache
def open_dataset(url: str, name: str) -> whereql.Collection:
    """The dataset in a new collection, as the recording's was loaded: by one request."""
    records = read_lines(GOLDEN / f"{name}.records.jsonl")
    home = f"{url}/api/v2/tenants/default_tenant/databases/default_database/collections"
    made = httpx.post(home, json={"name": f"golden-{name}-{next(_numbers)}"}).json()
    columns = {"ids": "id", "embeddings": "embedding", "documents": "document", "metadatas": "metadata", "uris": "uri"}
    body = {column: [record.get(key) for record in records] for column, key in columns.items()}
    assert httpx.post(f"{home}/{made['id']}/add", json=body).status_code == 201
    return whereql.open(url, made["id"])


@pytest.mark.parametrize("name", DATASETS)
def test_replays_every_recorded_case(name: str, chroma_url: str) -> None:
    replay(open_dataset(chroma_url, name), name)


def test_the_server_alone_would_answer_otherwise(chroma_url: str) -> None:
    """Were the cases sent as they are, the answers with exact ids would be wrong: the rewriting is what the replay tests."""
    differing = 0
    for name in DATASETS:
        path = open_dataset(chroma_url, name).backend._path  # type: ignore[attr-defined]  # this one has it
        for case in golden_cases(name):
            if "exact_ids" in case:
                answer = httpx.post(f"{chroma_url}{path}/get", json={**case["body"], "include": []}).json()
                differing += answer["ids"] != case["exact_ids"]
    assert differing == 158
