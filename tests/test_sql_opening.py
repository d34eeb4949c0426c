"""Opening a database, and what is told when it can't be opened, read or written: one clear error, without secrets."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from whereql_sql.backend import SqlBackend
from whereql_sql.engine import Database
from whereql_sql.failures import failure

import whereql
from whereql.backend import Query
from whereql.errors import BackendError
from whereql.records import make_record


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"tabel": "items"}, "did you mean"),
        ({"id": "sku"}, "table="),
        ({"read_only": 1}, "default"),
        ({"timeout": 0}, "300"),
        ({"timeout": True}, "300"),
    ],
)
def test_options_are_checked(options: dict[str, Any], hint: str) -> None:
    with pytest.raises(BackendError, match="WQ712") as told:
        whereql.open("sqlite://", **options)
    assert hint in str(told.value)


@pytest.mark.parametrize("name", ["", "x" * 401, "a\0b"])
def test_names_of_collections_are_checked(name: str) -> None:
    with pytest.raises(BackendError, match="WQ712"):
        whereql.open("sqlite://", name)


@pytest.mark.parametrize(
    ("module", "url", "extra"),
    [("psycopg", "postgresql://localhost/papers", "postgres"), ("duckdb_engine", "duckdb:///papers.duckdb", "duckdb"), ("whereql_sql.engine", "sqlite://", "sql")],
)
def test_a_missing_package_is_named(module: str, url: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    if module == "duckdb_engine":
        sa.dialects.registry.impls.pop("duckdb", None)
    with pytest.raises(BackendError, match="WQ711") as told:
        whereql.open(url)
    assert f"whereql[{extra}]" in str(told.value)


@pytest.mark.parametrize("url", ["postgresql://user:secret@127.0.0.1:1/papers", "postgresql://user@127.0.0.1:1/papers?password=secret", "postgresql://user:se%40cret@127.0.0.1:1/papers"])
def test_a_server_that_does_not_answer_is_told_without_secrets(url: str) -> None:
    with pytest.raises(BackendError, match="WQ715") as told:
        whereql.open(url)
    for text in (str(told.value), told.value.render(), repr(told.value.to_dict())):
        assert "secret" not in text and "se@cret" not in text and "se%40cret" not in text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('connection failed: FATAL:  password authentication failed for user "ann"', "WQ717"),
        ('permission denied for table whereql_records\nDETAIL: more\nLINE 1: SELECT', "WQ717"),
        ("attempt to write a readonly database", "WQ713"),
        ("database disk image is malformed", "WQ716"),
        ("canceling statement due to statement timeout", "WQ715"),
        ('FATAL:  database "papers" does not exist', "WQ718"),
        ("anything else, with hunter2 in it", "WQ715"),
    ],
)
def test_failures_are_sorted_by_what_to_do(text: str, code: str) -> None:
    error = failure(sa.make_url("postgresql://ann:hunter2@host/papers"), RuntimeError(text))
    assert error.code == code and error.hint
    assert "hunter2" not in str(error) and "\n" not in str(error) and "LINE 1" not in str(error) and "ann" in str(error)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, but a text that is long enough" * 100)
    for url, code in ((f"sqlite:///{tmp_path}/no/such/folder.db", "WQ718"), (f"sqlite:///{tmp_path}/text.db", "WQ716"), (f"duckdb:///{tmp_path}/text.db", "WQ71[56]")):
        with pytest.raises(BackendError, match=code):
            whereql.open(url).count()
    with pytest.raises(BackendError, match="WQ712"):
        whereql.open("sqlite:papers.db")
    for url in (f"sqlite:///{tmp_path}/missing.db", f"duckdb:///{tmp_path}/missing.db"):
        with pytest.raises(BackendError, match="WQ718"):
            whereql.open(url, read_only=True).count()
    assert not (tmp_path / "missing.db").exists()


def test_a_database_that_does_not_exist(postgres_url: str) -> None:
    with pytest.raises(BackendError, match="WQ718"):
        whereql.open(postgres_url.replace("/test_", "/no_such_"))


def test_a_statement_that_takes_too_long(postgres_url: str) -> None:
    database = Database(postgres_url, timeout=0.2)
    with pytest.raises(BackendError, match="WQ715") as told, database.reading() as connection:
        connection.execute(sa.text("SELECT pg_sleep(20)"))
    assert "timeout" in str(told.value.hint)
    database.close()


def test_waiting_for_another_writer_ends(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    first, second = Database(url), Database(url, timeout=0.2)
    SqlBackend(first).add([make_record("a")])
    with first.writing():
        with pytest.raises(BackendError, match=r"WQ715.*locked"):
            SqlBackend(second).add([make_record("b")])
        assert SqlBackend(second).get(Query()).ids == ["a"]  # who only reads needs not wait
    assert SqlBackend(second).add([make_record("b")]) == 1
    first.close()
    second.close()


def test_a_file_that_another_program_has_open(tmp_path: Path) -> None:
    path = tmp_path / "test.duckdb"
    script = "import duckdb, sys; connection = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.readline() == "open\n"
    with pytest.raises(BackendError, match="WQ715") as told:
        whereql.open(f"duckdb:///{path}")
    assert "another program" in str(told.value.hint)
    process.communicate()


def test_a_layout_of_another_version_is_refused(sql_url: str) -> None:
    database = Database(sql_url)
    backend = SqlBackend(database)
    backend.add([make_record("a")])
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE whereql_collections SET layout = 2"))
    calls: list[Callable[[], Any]] = [lambda: backend.get(Query()), lambda: backend.add([make_record("b")]), lambda: backend.delete(Query()), backend.schema]
    for call in calls:
        with pytest.raises(BackendError, match="WQ716"):
            call()
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "duckdb:///:memory:"])
def test_a_collection_in_memory_is_one_for_all_threads(url: str) -> None:
    backend = SqlBackend(Database(url), create=True)
    backend.add([make_record(str(number), metadata={"n": number}) for number in range(100)])
    pages = backend.scan(Query(include=()), iter([10] * 20))
    assert len(next(pages)) == 10
    threads = [threading.Thread(target=backend.add, args=([make_record(f"t{number}")],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert backend.count(Query()) == 108
    assert sum(len(page) for page in pages) == 90
    backend.close()
