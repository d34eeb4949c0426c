"""Filters in the SQL of ClickHouse, on metadata as JSON text and in columns of types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from foreign import Worker, worker
from proving import prove
from typed_columns import COLUMN_LACKS, column_options

from whereql.dialects.sql.clickhouse import DIALECT
from whereql.testing import DialectContract

ENGINE = pytest.mark.engines


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_clickhouse", own=True) as started:
        yield started


@pytest.fixture(scope="module")
def in_columns() -> Iterator[Worker]:
    with worker("sql_clickhouse", own=True, layout="columns") as started:
        yield started


class TestClickhouse(DialectContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT


@ENGINE
class TestOnClickhouse(TestClickhouse):
    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


@ENGINE
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("clickhouse", DIALECT, engine)
    assert proof.exact == proof.filters
    assert prove("clickhouse", DIALECT, engine, options=lambda records: {"literals": True}, seed=300).exact > 0


@ENGINE
def test_random_filters_on_columns(in_columns: Worker) -> None:
    proof = prove("clickhouse", DIALECT, in_columns, lacks=COLUMN_LACKS, options=column_options)
    assert proof.exact == proof.filters
