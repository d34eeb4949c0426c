"""Fixtures for tests on real engines: one server of each kind per run, and a fresh place in it for whoever asks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import engines
import pytest
from hypothesis import HealthCheck, settings
from whereql_memory.shelf import MODES

_numbers = itertools.count(1)

# A machine that is busy with other tests is slow: nothing here fails for the time that it took.
settings.register_profile("whereql", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("whereql")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with engines.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def chroma_url() -> Iterator[str]:
    """The URL of a real Chroma server. Collections are never deleted there: it would mix up their arrays (upstream issue 7594)."""
    with engines.chroma() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The URL of an empty PostgreSQL database."""
    import sqlalchemy

    name = f"test_{next(_numbers)}"
    engine = sqlalchemy.create_engine(postgres_server, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return postgres_server.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=MODES)
def indexes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The mode of the indexes of every memory collection that is opened: on, off, or where they pay."""
    mode: str = request.param
    monkeypatch.setenv("WHEREQL_INDEXES", mode)
    return mode


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def sql_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, on each of the engines that whereql tests."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"{request.param}:///{tmp_path / 'test.db'}"
