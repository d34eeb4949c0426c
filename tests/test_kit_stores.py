"""The conformance kit on real engines: whereql's own tables in SQLite, DuckDB and PostgreSQL, and a table of somebody's in each. Chroma's is test_http_kit.py."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from mapped_tables import insert, run, writer

import whereql
from whereql.records import Record, stored_kind
from whereql.testing import BackendContract

_numbers = itertools.count(1)

# What a store loses as it is written, by the engine, the class and the test: the records that come back are others than the kit's, and
# are answered as what they are. Not strict, as it takes a float of that size among the drawn ones.
KNOWN = {
    "jsonb writes the float 1e18 as an int, as docs/mapping.md says": ("postgresql", "TestMapped", "test_responses_have_the_columns_of_include"),
    "… and 9.223372036854775e18 as an int that is not the double": ("postgresql", "TestMapped", "test_answers_as_the_semantics"),
}


EXHAUSTIVE = os.environ.get("WHEREQL_EXHAUSTIVE") == "1"


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the engine that is the parameter. On PostgreSQL it is the same for all: to shut down a server with a hundred takes minutes."""
    return str(request.getfixturevalue("postgres_server")) if request.param == "postgresql" else f"{request.param}:///{tmp_path / 'kit.db'}"


def on(*engines: str) -> pytest.MarkDecorator:
    """The engines on which a contract is held by default; in the exhaustive profile all of them."""
    return pytest.mark.parametrize("url", ["sqlite", "duckdb", "postgresql"] if EXHAUSTIVE else engines, indirect=True)


def own_file(url: str) -> str:
    """The URL; on DuckDB of a file of its own, since that takes no writer while somebody else reads."""
    return f"{url}.{next(_numbers)}" if url.startswith("duckdb") else url


_places: dict[int, tuple[str, str]] = {}
"""The URL and the collection of each backend that a test has opened, by its identity: the kit keeps it until the test is done."""


def opener(url: str) -> Callable[[Sequence[Record]], Any]:
    """Opens a new collection of a store with some records."""

    def opened(records: Sequence[Record]) -> Any:
        name = f"kit-{next(_numbers)}"
        backend = whereql.open(url, name, create=True).backend
        _places[id(backend)] = url, name
        if records:
            backend.add(records)  # type: ignore[attr-defined]  # it can be written
        return backend

    return opened


class StoreContract(BackendContract):
    """Fewer random filters by default: the differential tests have more, and a query of a server costs milliseconds."""

    filters = 60 if EXHAUSTIVE else 12

    @pytest.fixture(autouse=True)
    def known(self, request: pytest.FixtureRequest) -> None:
        for reason, (engine, contract, test) in KNOWN.items():
            if type(self).__name__ == contract and request.node.name.startswith(test) and engine in request.node.name:
                request.node.add_marker(pytest.mark.xfail(reason=reason, strict=False))


class OwnContract(StoreContract):
    """Tables of whereql's own, which are written."""

    @pytest.fixture
    def reopen_backend(self) -> Any:
        def reopened(closed: Any) -> Any:
            url, name = _places[id(closed)]
            backend = whereql.open(url, name).backend
            _places[id(backend)] = url, name
            return backend

        return reopened


@pytest.mark.parametrize("url", ["sqlite", "duckdb"], indirect=True)
class TestOwnTables(OwnContract):
    """whereql's own tables, where a string may have NUL."""

    @pytest.fixture
    def open_backend(self, url: str) -> Any:
        return opener(url)


class TestOwnTablesInPostgresql(OwnContract):
    lacks = ("nul",)

    @pytest.fixture
    def open_backend(self, postgres_server: str) -> Any:
        return opener(postgres_server)


@on("postgresql")
class TestMapped(StoreContract):
    """A table with a JSON column that another program writes."""

    lacks = ("nul", "sparse vectors", "embeddings")

    @pytest.fixture
    def open_backend(self, url: str) -> Any:
        def opened(records: Sequence[Record]) -> Any:
            place = own_file(url)
            is_postgres = url.startswith("postgresql")
            table, text = f"items_{next(_numbers)}", 'TEXT COLLATE "C"' if is_postgres else "TEXT"
            # JSON and not JSONB: that would make the float 1e18 the int 10^18.
            run(place, f"CREATE TABLE {table} (sku {text} PRIMARY KEY, place INTEGER, body {text}, link {text}, attrs JSON)")
            rows = [
                {"sku": record.id, "place": number, "body": record.document, "link": record.uri, "attrs": None if record.metadata is None else json.dumps(record.metadata)}
                for number, record in enumerate(records)
            ]
            with writer(place) as connection:
                insert(connection, table, rows, {"attrs": "JSON"} if is_postgres else None)
            return whereql.open(place, table=table, id="sku", document="body", uri="link", metadata="attrs", keys=[], order="place").backend

        return opened


@on("sqlite")
class TestMappedColumns(StoreContract):
    """A table with a column per key, each of one type."""

    lacks = ("nul", "odd keys", "mixed kinds", "arrays", "sparse vectors", "embeddings")

    @pytest.fixture
    def open_backend(self, url: str) -> Any:
        def opened(records: Sequence[Record]) -> Any:
            place = own_file(url)
            table, text = f"items_{next(_numbers)}", 'TEXT COLLATE "C"' if url.startswith("postgresql") else "TEXT"
            types = {"string": text, "int": "BIGINT", "float": "DOUBLE PRECISION", "bool": "BOOLEAN"}
            keys = {key: types[stored_kind(value)] for record in records for key, value in (record.metadata or {}).items()}
            columns = "".join(f', "{key}" {type_}' for key, type_ in keys.items())
            run(place, f"CREATE TABLE {table} (sku {text} PRIMARY KEY, place INTEGER, body {text}, link {text}{columns})")
            rows = [
                {"sku": record.id, "place": number, "body": record.document, "link": record.uri, **{key: (record.metadata or {}).get(key) for key in keys}}
                for number, record in enumerate(records)
            ]
            with writer(place) as connection:
                insert(connection, table, rows)
            return whereql.open(place, table=table, id="sku", document="body", uri="link", keys=list(keys), order="place").backend

        return opened
