"""Every recorded request of a real Chroma 1.5.9 server, replayed in memory over the wire form: same status, ids in order, columns."""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np
import pytest
from golden_replay import DATASETS, REFUSED, golden_cases, golden_records, in_memory, replay

import whereql
from whereql.optimize import ORDER, PASSES


def open_dataset(name: str) -> whereql.Collection:
    return in_memory(golden_records(name))


@pytest.mark.parametrize("name", DATASETS)
def test_replays_every_recorded_case(name: str, indexes: str) -> None:
    replay(open_dataset(name), name)


@lru_cache(1)
def answered() -> list[tuple[whereql.Collection, whereql.GetRequest, list[str]]]:
    """The recorded cases that have an answer: the collection, the request, and the ids."""
    cases = []
    for name in DATASETS:
        collection = open_dataset(name)
        for case in golden_cases(name):
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
    assert sum(len(golden_cases(name)) for name in DATASETS) == 2283
    assert len(REFUSED) <= 22


def test_truncating_floats_would_be_caught() -> None:
    collection = open_dataset("typedmix")
    assert np.all([id not in collection.get({"v": {"$eq": 1.5}}).ids for id in ("t01",)])
    assert collection.get({"v": {"$eq": 1.5}}).ids != collection.get({"v": {"$eq": 1}}).ids
