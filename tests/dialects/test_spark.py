"""Filters in Spark's SQL, on columns of types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from foreign import Worker, worker
from proving import prove
from typed_columns import COLUMN_LACKS, ColumnsContract, schema_options

from whereql.dialects.sql.spark import DIALECT

ENGINE = pytest.mark.engines


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_spark", own=True) as started:
        yield started


class TestSpark(ColumnsContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def takes(self, key: str) -> bool:
        return key not in ("", "id", "document")


@ENGINE
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("spark", DIALECT, engine, lacks=COLUMN_LACKS, options=schema_options)
    assert proof.exact > 0.9 * proof.filters
