"""Filters for DataFusion, on columns of types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from foreign import Worker, worker
from proving import prove
from typed_columns import ColumnsContract, schema_options

from whereql.dialects.sql.datafusion import DIALECT

ENGINE = pytest.mark.engines


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_datafusion", own=True) as started:
        yield started


class TestDatafusion(ColumnsContract):
    lacks: ClassVar[Any] = frozenset({"mixed kinds"})

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def takes(self, key: str) -> bool:
        return "\0" not in key and key not in ("id", "document")


@ENGINE
class TestOnDatafusion(TestDatafusion):
    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


@ENGINE
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("datafusion", DIALECT, engine, lacks={"mixed kinds"}, options=schema_options)
    assert proof.exact > 0.95 * proof.filters  # but for names with a NUL
