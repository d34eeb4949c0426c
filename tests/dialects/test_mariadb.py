"""Filters in the SQL of MariaDB, on metadata in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from foreign import Worker, worker
from proving import prove

from whereql.dialects.sql.mariadb import DIALECT
from whereql.testing import DialectContract

ENGINE = pytest.mark.engines


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("sql_mariadb", own=True) as started:
        yield started


class TestMariadb(DialectContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT


@ENGINE
class TestOnMariadb(TestMariadb):
    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


@ENGINE
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("mariadb", DIALECT, engine)
    assert proof.exact > 0.9 * proof.filters
