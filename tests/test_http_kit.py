"""The conformance kit on a real Chroma server."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import Any

import pytest
from whereql_http.spelling import is_kept

import whereql
from whereql.kinds import Kind
from whereql.records import Record
from whereql.testing import BackendContract
from whereql.testing.generators import Generator

_numbers = itertools.count(1)


class TestChroma(BackendContract):
    lacks = ("sparse vectors", "missing embeddings", "snapshots", "odd keys")  # no key that begins with # or $, or is empty
    filters = 60 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 12

    @pytest.fixture(autouse=True)
    def _numbers_that_are_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A Chroma server reads one in ten doubles of 17 digits as its neighbour; tests/test_http_differential.py has those."""
        pool = Generator.pool

        def kept(self: Generator) -> dict[Kind, list[Any]]:
            made = pool(self)
            return {**made, Kind.FLOAT: [number for number in made[Kind.FLOAT] if is_kept(number)] or [0.5]}

        monkeypatch.setattr(Generator, "pool", kept)

    @pytest.fixture
    def names(self) -> dict[int, str]:
        """The name of the collection behind each backend, by its identity."""
        return {}

    @pytest.fixture
    def open_backend(self, chroma_url: str, names: dict[int, str]) -> Any:
        def opened(records: Sequence[Record]) -> Any:
            name = f"kit-{next(_numbers)}"
            backend = whereql.open(chroma_url, name, create=True).backend
            names[id(backend)] = name
            if records:
                backend.add(records)  # type: ignore[attr-defined]  # it can be written
            return backend

        return opened

    @pytest.fixture
    def reopen_backend(self, chroma_url: str, names: dict[int, str]) -> Any:
        def reopened(closed: Any) -> Any:
            backend = whereql.open(chroma_url, names[id(closed)]).backend
            names[id(backend)] = names[id(closed)]
            return backend

        return reopened


def test_changes_of_one_record_in_one_call_are_made_in_turn(chroma_url: str) -> None:
    with whereql.open(chroma_url, f"kit-{next(_numbers)}", create=True) as collection:
        collection.add(ids=["a"], embeddings=[[1.0]], metadatas=[{"k": 1, "m": 1, "n": 1}], documents=["old"])
        changes = [{"k": None, "m": None, "x": 1}, {"m": 2, "x": None, "y": 2}, {"n": []}]
        assert collection.upsert(ids=["a", "a", "a"], metadatas=changes, documents=[None, "new", None]) == 3
        found = collection.get(include=["documents", "metadatas", "embeddings"])
        assert (found.documents, found.metadatas, found.to_dict()["embeddings"]) == (["new"], [{"m": 2, "y": 2}], [[1.0]])
