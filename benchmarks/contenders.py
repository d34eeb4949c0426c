"""The contenders of `benchmarks.filters`: whereql and its peers, as each is made, loaded and asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import whereql
from benchmarks import stores
from benchmarks.stores import WANTED
from benchmarks.workload import Batch, Variant

Ways = list[Callable[[], Any]]


@dataclass(frozen=True)
class Source:
    """Where the records come from: the first `n` of the workload, or files with them.

    folder: where the records, once made, and Chroma's files are found again; snapshot: what whereql opens; parquet: what the others read, if there is one.
    """

    n: int
    folder: Path
    snapshot: Path | None = None
    parquet: Path | None = None


class Contender(Protocol):
    """A system as its process sees it."""

    def add(self, batch: Batch) -> object:
        """Append records."""

    def finish(self) -> object:
        """Do what is left to do when all records are there."""

    def prepare(self, variant: Variant, wants: str) -> Ways:
        """The ways to what the filter wants: all that a user does for every request is in them."""


class Whereql:
    """A collection of whereql, asked with the text of the filter, which it may have met before.

    is_fresh: each time a text that it has never met: the same filter, with other blanks at its end.
    """

    def __init__(self, collection: whereql.Collection, is_fresh: bool = False) -> None:
        self.collection = collection
        self.is_fresh = is_fresh
        self.numbers = count()

    def add(self, batch: Batch) -> object:
        """Append records."""
        return self.collection.add(ids=batch.ids, metadatas=batch.metadatas, documents=batch.documents)

    def finish(self) -> None:
        """Count the records: what was added is put together when someone reads, and that is a part of loading."""
        self.collection.count()

    def prepare(self, variant: Variant, wants: str) -> Ways:
        """From the text of the filter, with ids beside it, to its answer."""
        text = Variant(variant.where, variant.document).text
        run = partial(_ask, self.collection, wants, list(variant.ids) or None)
        if self.is_fresh and text:
            return [lambda: run(text + f"{next(self.numbers):b}".translate(_BLANKS))]
        return [lambda: run(text or None)]


_BLANKS = {ord("0"): " ", ord("1"): "\t"}


def _ask(collection: whereql.Collection, wants: str, ids: list[str] | None, text: str | None) -> Any:
    match wants:
        case "count":
            return collection.count(text, ids=ids)
        case "records":
            found = collection.get(text, ids=ids, limit=WANTED[wants])
            return found.ids, found.documents, found.metadatas
    return collection.get(text, ids=ids, limit=WANTED[wants], include=[]).ids


class Chroma:
    """Chroma, embedded, in a folder that may be filled already: it takes one or two thousand records a second."""

    def __init__(self, folder: Path, n: int) -> None:
        self.official = stores.embedded(folder)
        self.is_filled = self.official.collection.count() == n

    def add(self, batch: Batch) -> None:
        """Append records."""
        for start in range(0, 0 if self.is_filled else len(batch.ids), 5_000):
            part = slice(start, start + 5_000)
            self.official.add(Batch(batch.ids[part], batch.documents[part], batch.metadatas[part], batch.embeddings[part]))

    def finish(self) -> None:
        """Nothing."""

    def prepare(self, variant: Variant, wants: str) -> Ways:
        """Its own client's `get`."""
        return [partial(self.official.prepare(variant), wants)]


@dataclass(frozen=True)
class Kind:
    """A contender: how its process makes it, and the package with its version.

    most: records beyond which it is left out; is_file: whether it asks a Parquet file; learns: whether what it was asked before
    makes it faster, so that a first question takes a collection of its own.
    """

    make: Callable[[Source], Any]
    package: str
    most: int | None = None
    is_file: bool = False
    learns: bool = False


def _peer(module: str, name: str) -> Callable[[Source], Any]:
    return lambda source: getattr(import_module(f"benchmarks.peers.{module}"), name)()


CONTENDERS = {
    "whereql": Kind(lambda source: Whereql(whereql.open(source.snapshot or "memory:")), "whereql", learns=True),
    "numpy": Kind(_peer("numpy_masks", "NumpyMasks"), "numpy"),
    "polars": Kind(_peer("polars_frame", "PolarsFrame"), "polars"),
    "duckdb": Kind(_peer("sql_tables", "DuckTable"), "duckdb"),
    "pyarrow": Kind(_peer("arrow_table", "ArrowTable"), "pyarrow"),
    "pandas": Kind(_peer("pandas_frame", "PandasFrame"), "pandas"),
    "sqlite": Kind(_peer("sql_tables", "SqliteTable"), "sqlite"),
    "chroma": Kind(lambda source: Chroma(source.folder / f"chroma-{source.n}", source.n), "chromadb", most=100_000),
    "polars-file": Kind(_peer("polars_frame", "PolarsFile"), "polars", is_file=True),
    "duckdb-file": Kind(_peer("sql_tables", "DuckFile"), "duckdb", is_file=True),
}  # fmt: skip
