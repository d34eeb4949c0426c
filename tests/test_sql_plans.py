"""Plans: equality, IN, range, prefix and membership on any key are searches in an index, on every engine that has one."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from whereql_sql.backend import SqlBackend
from whereql_sql.engine import Database
from whereql_sql.rows import columns_of

import whereql
from whereql.backend import Query
from whereql.binding import bind
from whereql.planning import make_plan
from whereql.records import make_record

RECORDS = 20_000


def plan_of(database: Database, backend: SqlBackend, text: str, **params: object) -> str:
    """How the database says that it runs the SQL of a filter."""
    pushed = make_plan(backend, Query(bind(whereql.parse(text), params), include=())).pushed
    with database.reading() as connection:
        selection = backend._selection(connection)
        assert selection is not None
        compiled = selection.page(pushed, columns_of(selection.tables, ())).compile(dialect=database.engine.dialect, compile_kwargs={"render_postcompile": True})
        values = dict(compiled.params) if compiled.positiontup is None else tuple(compiled.params[name] for name in compiled.positiontup)
        word = "EXPLAIN QUERY PLAN" if database.name == "sqlite" else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{word} {compiled}", values).all()
    return "\n".join(str(row[-1]) for row in rows)


@pytest.fixture(scope="module", params=["sqlite", "duckdb", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, SqlBackend]]:
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server")
    else:
        url = f"{request.param}:///{tmp_path_factory.mktemp('plans') / 'test.db'}"
    database = Database(url)
    backend = SqlBackend(database, "plans")
    rng = random.Random(1)
    backend.add(
        [
            make_record(f"r{number}", metadata={"user": f"user{rng.randrange(5000)}", "year": rng.randint(1900, 2025), "score": rng.random(), "tags": [f"tag{rng.randrange(500)}"], "done": rng.random() < 0.5})
            for number in range(RECORDS)
        ]
    )
    yield database, backend
    backend.delete(Query())
    database.close()


FILTERS = {
    "equality": "user = 'user77'",
    "equality of numbers": "year = 1999",
    "IN": "user IN ('user1', 'user2', 'user3')",
    "range": "1950 <= year < 1952",
    "range of floats": "score >= 0.999",
    "prefix": "user STARTS WITH 'user77'",
    "prefix of LIKE": "user LIKE 'user77%5'",
    "prefix of a pattern": "user MATCHES '^user77'",
    "membership": "tags HAS 'tag3'",
    "membership of several": "tags HAS ANY ('tag3', 'tag4')",
}


@pytest.mark.parametrize("name", FILTERS)
def test_an_index_is_searched(filled: tuple[Database, SqlBackend], name: str) -> None:
    database, backend = filled
    plan = plan_of(database, backend, FILTERS[name])
    table = "numbers" if "year" in FILTERS[name] or "score" in FILTERS[name] else "strings"
    if database.name == "sqlite":
        searched = [line for line in plan.splitlines() if f"whereql_{table}" in line]
        assert searched and all("SEARCH" in line and "USING PRIMARY KEY (slot=? AND value" in line for line in searched), plan
    elif database.name == "postgresql":
        assert f"whereql_{table}_value" in plan and "Seq Scan on whereql_" + table not in plan, plan
        assert "(value" in plan.split("Index Cond", 1)[1].splitlines()[0] or "Recheck" in plan, plan
    else:
        assert "Filters" in plan or "Filter" in plan, plan


def test_a_long_list_is_searched_for_too(filled: tuple[Database, SqlBackend]) -> None:
    database, backend = filled
    plan = plan_of(database, backend, "user IN :users", users=[f"user{number}" for number in range(200)])
    if database.name == "sqlite":
        assert "USING PRIMARY KEY (slot=? AND value=?)" in plan, plan
    if database.name == "postgresql":
        assert "whereql_strings_value" in plan, plan


def test_ids_are_looked_up(filled: tuple[Database, SqlBackend]) -> None:
    database, backend = filled
    with database.reading() as connection:
        selection = backend._selection(connection)
        assert selection is not None
        compiled = selection.page(Query(ids=("r1", "r77")), columns_of(selection.tables, ())).compile(dialect=database.engine.dialect, compile_kwargs={"render_postcompile": True})
        values = dict(compiled.params) if compiled.positiontup is None else tuple(compiled.params[name] for name in compiled.positiontup)
        if database.name != "duckdb":
            rows = connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN' if database.name == 'sqlite' else ''} {compiled}", values).all()
            assert "whereql_records_id" in "\n".join(str(row[-1]) for row in rows)


def test_a_condition_on_the_value_alone_would_not_be_a_search(filled: tuple[Database, SqlBackend]) -> None:
    """The tempting table, with an index of values without slots, would read all of them: so would this."""
    database, _ = filled
    if database.name == "sqlite":
        assert "SCAN whereql_strings" in "\n".join(str(row[-1]) for row in _explained(database, "SELECT seq FROM whereql_strings WHERE value = 'user77'"))


def _explained(database: Database, sql: str) -> list[tuple[object, ...]]:
    with database.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()]


def test_a_single_value_comes_in_order(filled: tuple[Database, SqlBackend]) -> None:
    """So that a limit ends the search: nothing is sorted, and no set is made."""
    database, backend = filled
    plan = plan_of(database, backend, "user = 'user77'")
    if database.name == "sqlite":
        assert "TEMP B-TREE" not in plan and "LIST SUBQUERY" not in plan, plan


@pytest.mark.parametrize("is_kept_up", [True, False])
def test_duckdb_skips_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_kept_up: bool) -> None:
    """Those whose least and largest slot or value rule them out, once the values are in order; before that, it reads them all."""
    monkeypatch.setattr("whereql_sql.backend.MANY", 1 if is_kept_up else 1_000_000)
    database = Database(f"duckdb:///{tmp_path / 'test.db'}")
    backend = SqlBackend(database)
    for batch in range(10):
        backend.add([make_record(f"r{batch}-{number}", metadata={"tags": [f"tag{number + tag}" for tag in range(100)], "user": f"user{number}"}) for number in range(300)])
    with database.reading() as connection:
        slot = connection.exec_driver_sql("SELECT id FROM whereql_slots WHERE name = 'user'").scalar()
        told = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT json) SELECT seq FROM whereql_strings WHERE slot = {slot} AND value = 'user7'").all()[0][1]
    scan = next(node for node in nodes(json.loads(told)) if node.get("type") == "TABLE_SCAN")
    assert scan["intermediate_rows"] == 10
    assert (scan["row_groups_scanned"] < scan["total_row_groups_to_scan"]) is is_kept_up, scan
    database.close()


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """All objects in a JSON value."""
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from nodes(child)
    if isinstance(tree, dict):
        yield tree
