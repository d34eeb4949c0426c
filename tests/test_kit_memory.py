"""The conformance kit on the memory backend, and on one that lists its records only: both keep every rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from whereql_memory.backend import MemoryBackend

import whereql
from whereql.records import Record
from whereql.testing import BackendContract
from whereql.testing.trials import Opener


class Listed(whereql.ScanBackend):
    """The least that a backend can be."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.kept = list(records)

    def records(self) -> Iterable[Record]:
        return self.kept


@pytest.mark.usefixtures("indexes")
class TestMemory(BackendContract):
    lacks = ("reopening",)

    @pytest.fixture
    def open_backend(self) -> Opener:
        return MemoryBackend


class TestListed(BackendContract):
    @pytest.fixture
    def open_backend(self) -> Opener:
        return Listed
