"""The connection to a database: one engine for all, transactions that read one snapshot, failures told in whereql's words.

>>> database = Database("sqlite://")
>>> with database.reading() as connection:
...     connection.exec_driver_sql("SELECT 1").scalar()
1
>>> database.close()
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.pool import StaticPool

from whereql.errors import BackendError
from whereql.source import quote
from whereql_sql import sqlite
from whereql_sql.capability import Abilities, find_abilities
from whereql_sql.failures import failures_told, shown

TIMEOUT = 300.0  # seconds
_CONNECT_TIMEOUT = 15
_DRIVERS = {"postgresql": "postgresql+psycopg"}  # where the URL names none: psycopg 3, not its predecessor
_TURNS: dict[str, threading.Lock] = {}  # by file
_EXTRAS = {"postgresql": "postgres", "duckdb": "duckdb"}


class Database:
    """An open database.

    url: as SQLAlchemy takes it; read_only: nothing is written, whatever is asked; timeout: seconds that a statement, or waiting
    for another writer, may take (DuckDB has no such limit).
    Raises BackendError: WQ711 without the driver, WQ712 for a URL that is none, WQ715 and WQ717 where the database can't be reached.
    """

    def __init__(self, url: str, *, read_only: bool = False, timeout: float = TIMEOUT) -> None:
        self.url = _checked_url(url)
        self.name = self.url.get_backend_name()
        self.read_only = read_only
        # A database in memory lives in one connection, which all share in turn.
        self.is_shared = self.name in ("sqlite", "duckdb") and self.url.database in (None, "", ":memory:")
        self._lock = threading.RLock() if self.is_shared else nullcontext()
        # DuckDB lets one program write, and fails the second of two threads at once instead of letting it wait.
        self._turn = _TURNS.setdefault(str(self.url.database), threading.Lock()) if self.name == "duckdb" and not self.is_shared else nullcontext()
        self.engine = _make_engine(self.url, read_only, timeout, self.is_shared)
        try:
            self.abilities  # noqa: B018  # finds out, now, whether the database can be reached
        except BaseException:
            self.close()
            raise

    @property
    def is_missing(self) -> bool:
        """Whether the database is a file that is not there: the first write makes it, and nothing else does."""
        path = self.url.database or ""
        return self.name in ("sqlite", "duckdb") and not self.is_shared and not path.startswith("file:") and not Path(path).exists()

    @cached_property
    def abilities(self) -> Abilities:
        """What the database can do, found by asking it, or another of its kind while it is missing."""
        with self._failures_told():
            if not self.is_missing:
                return find_abilities(self.engine)
            stand_in = _make_engine(self.url.set(database=":memory:", query={}), False, TIMEOUT, True)
            try:
                return find_abilities(stand_in)
            finally:
                stand_in.dispose()

    def _failures_told(self) -> AbstractContextManager[None]:
        return failures_told(self.url, self.engine.dialect.loaded_dbapi.Error)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database. Raises BackendError WQ718 if there is none."""
        if self.is_missing:
            raise BackendError("WQ718", f"{shown(self.url)} is not there", hint="check the path; adding records makes it, and so does create=True")
        options: dict[str, Any] = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"} if self.name == "postgresql" else {}
        with self._lock, self._failures_told(), self.engine.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it, or nothing if an error leaves the block. Raises BackendError WQ713 if read only."""
        if self.read_only:
            raise BackendError("WQ713", f"{shown(self.url)} was opened to be read only", hint="open it without read_only")
        with self._lock, self._turn, self._failures_told(), self.engine.connect().execution_options(whereql_writes=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _checked_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError):
        raise BackendError("WQ712", "this is no URL of a database", hint="such as sqlite:///papers.db or postgresql://user:password@host/name") from None
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def _make_engine(url: URL, read_only: bool, timeout: float, shared: bool) -> Engine:
    name = url.get_backend_name()
    arguments: dict[str, Any] = {}
    if name == "sqlite":
        arguments = {"timeout": timeout, "check_same_thread": False}
        if read_only and not shared:
            url = url.set(database=_read_only_file(url.database or ""), query={**url.query, "mode": "ro", "uri": "true"})
    elif name == "postgresql":
        # Without server-side statements, each query is planned for its own values: keys differ in what they hold.
        arguments = {"connect_timeout": _CONNECT_TIMEOUT, "prepare_threshold": None}
    elif name == "duckdb":
        arguments = {"read_only": read_only and not shared}
    try:
        engine = sa.create_engine(url, connect_args=arguments, **({"poolclass": StaticPool} if shared else {"pool_timeout": _CONNECT_TIMEOUT}))
    except (exc.NoSuchModuleError, ModuleNotFoundError) as error:
        extra = _EXTRAS.get(name)
        missing = getattr(error, "name", None) or url.drivername
        hint = f"pip install 'whereql[{extra}]'" if extra else f"install the driver of SQLAlchemy for {name}"
        raise BackendError("WQ711", f"{quote(str(missing))} is not installed, which {name}: URLs need", hint=hint) from None
    except exc.SQLAlchemyError as error:
        raise BackendError("WQ712", f"{shown(url)} can't be opened: {' '.join(str(error).split())[:200]}", hint="check the URL") from None
    _listen(engine, name, read_only and not shared, timeout)
    return engine


def _read_only_file(path: str) -> str:
    from urllib.parse import quote as quote_url

    return path if path.startswith("file:") else f"file:{quote_url(path)}"


def _listen(engine: Engine, name: str, read_only: bool, timeout: float) -> None:
    """Prepare each new connection, and begin each transaction, as the database needs it."""
    if name == "sqlite":

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _: Any) -> None:
            sqlite.prepare(connection, read_only=read_only)

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            # At once as a writer: a reader that becomes one fails if another was faster, however long it may wait.
            connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("whereql_writes") else "BEGIN")

    if name == "postgresql":

        @event.listens_for(engine, "connect")
        def settings(connection: Any, _: Any) -> None:
            milliseconds = int(timeout * 1000)
            with connection.cursor() as cursor:
                cursor.execute(f"SET statement_timeout = {milliseconds}")
                cursor.execute(f"SET lock_timeout = {milliseconds}")
                cursor.execute("SET jit = off")  # compiling a query takes longer than running it
                cursor.execute("SET work_mem = '256MB'")
            connection.commit()
