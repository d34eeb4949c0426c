"""Filters for LanceDB's `where`, on columns of types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from foreign import Worker, worker
from proving import prove
from typed_columns import COLUMN_LACKS, ColumnsContract, schema_options

from whereql.dialects.sql.lancedb import DIALECT

ENGINE = pytest.mark.engines


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_lancedb", own=True) as started:
        yield started


class TestLancedb(ColumnsContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def takes(self, key: str) -> bool:
        return bool(key) and not set(key) & {"`", ".", "\0"} and key not in ("id", "document")


@ENGINE
class TestOnLancedb(TestLancedb):
    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


@ENGINE
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("lancedb", DIALECT, engine, lacks=COLUMN_LACKS, options=schema_options)
    assert proof.exact == proof.filters
