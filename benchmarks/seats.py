"""The processes of `benchmarks.filters`: in each sits a contender, which is loaded once and then asked in turns."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import json
import os
import pickle
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

import whereql
from benchmarks.contenders import CONTENDERS, Source, Whereql
from benchmarks.floor import seconds_of_lists
from benchmarks.stores import reason
from benchmarks.workload import FILTERS, Batch, Filter, Variant, batches, variants

CHUNK = 100_000  # records that a contender is given at once
_FEW = 200  # records of a rehearsal
_SLOW = 0.1  # seconds from which on a single run tells which way is fastest
_DIMENSION = 8  # of embeddings
_LISTS = 3  # variants whose lists are made by themselves: with ten million records, those of each fill half a gigabyte


@dataclass(frozen=True)
class Loaded:
    """How long loading took, in seconds without the making of the records, and the bytes that are resident then."""

    seconds: float
    memory: int


@dataclass(frozen=True)
class Checked:
    """What a contender answered to the variants of a filter: how many records, and a digest of each answer in its order."""

    rows: list[int]
    digests: list[str]


def chunks(n: int, folder: Path) -> Iterator[Batch]:
    """The first `n` records as users have them: lists of Python values, many at once; embeddings only for those who must have them.

    folder: where they are kept for the next contender, since making them takes longer than most take to load them.
    """
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        path = folder / f"records-{start}-{size}.pickle"
        if not path.exists():
            made = _joined(list(batches(size, _DIMENSION, start)))
            path.with_suffix(".part").write_bytes(pickle.dumps(made, protocol=5))
            path.with_suffix(".part").rename(path)
        yield pickle.loads(path.read_bytes())


def _joined(held: Sequence[Batch]) -> Batch:
    ids, documents, metadatas = (list(chain.from_iterable(columns)) for columns in zip(*((batch.ids, batch.documents, batch.metadatas) for batch in held), strict=True))
    return Batch(ids, documents, metadatas, np.concatenate([batch.embeddings for batch in held]))


def fill(contender: Any, records: Iterable[Batch]) -> float:
    """Give a contender its records: the seconds that it takes, without the making of them."""
    taken = 0.0
    for batch in records:
        started = time.perf_counter()
        contender.add(batch)
        taken += time.perf_counter() - started
    started = time.perf_counter()
    contender.finish()
    return taken + time.perf_counter() - started


def load(contender: Any, source: Source) -> Loaded:
    """Give a contender its records, or its file."""
    started = time.perf_counter()
    if source.parquet and hasattr(contender, "open"):
        contender.open(source.parquet)
        taken = time.perf_counter() - started
    else:
        taken = 0.0 if source.snapshot else fill(contender, chunks(source.n, source.folder))
    return Loaded(taken, resident())


def resident() -> int:
    """The bytes of this process in memory, after what is free was given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def serve(name: str, connection: Connection) -> None:
    """A contender's process. First comes its Source, then any number of orders, each a method of `Worker` with its arguments.

    Each is answered by ("done", result) or ("failed", reason).
    """
    warnings.simplefilter("ignore")
    worker = Worker(name, connection.recv())
    while True:
        order, *arguments = connection.recv()
        try:
            connection.send(("done", getattr(worker, order)(*arguments)))
        except Exception as error:  # whatever it raises: the others go on
            connection.send(("failed", reason(error)))


class Worker:
    """What a contender's process does when it is told to."""

    def __init__(self, name: str, source: Source) -> None:
        self.kind, self.source = CONTENDERS[name], source
        self.contender: Any = None
        self.runs: dict[tuple[str, bool], list[Callable[[], Any]]] = {}
        self.held: list[Batch] = []  # the records, where they are loaded again and again

    def load(self) -> Loaded:
        """Make the contender and load it."""
        whereql.open("memory:").close()  # so that the opening of a snapshot does not pay for the imports
        started = time.perf_counter()
        self.contender = self.kind.make(self.source)
        made = time.perf_counter() - started if self.source.snapshot else 0.0
        loaded = load(self.contender, self.source)
        gc.freeze()
        return Loaded(made + loaded.seconds, loaded.memory)

    def rehearse(self, filters: Sequence[str]) -> None:
        """Ask all filters of a few records elsewhere, so that first questions find the code loaded, and threads awake."""
        small = replace(self.source, n=_FEW, snapshot=None, parquet=None)
        contender = self.kind.make(small)
        load(contender, small)
        for filter in filters:
            for way in contender.prepare(variants(FILTERS[filter], _FEW)[0], FILTERS[filter].wants):
                way()

    def check(self, filter: str, budget: float) -> Checked:
        """Answer the variants of a filter, as many as there is time for, and choose the fastest way of those there are."""
        made = FILTERS[filter]
        own = variants(made, self.source.n)
        best = self._fastest(made, own[0])
        checked, runs, started = Checked([], []), [], time.perf_counter()
        for variant in own:
            runs.append(self.contender.prepare(variant, made.wants)[best])
            result = runs[-1]()
            checked.rows.append(rows_of(result, made.wants))
            checked.digests.append(digest_of(result, made.wants))
            if time.perf_counter() - started > budget:
                break
        self.runs[filter, False] = runs
        if isinstance(self.contender, Whereql):
            fresh = Whereql(self.contender.collection, is_fresh=True)
            self.runs[filter, True] = [fresh.prepare(variant, made.wants)[0] for variant in own]
        return checked

    def _fastest(self, filter: Filter, variant: Variant) -> int:
        ways = self.contender.prepare(variant, filter.wants)
        taken = [_seconds(way) for way in ways]
        if len(ways) == 1 or min(taken) > _SLOW:
            return taken.index(min(taken))
        taken = [min(_seconds(way) for _ in range(3)) for way in ways]
        return taken.index(min(taken))

    def warm(self, filter: str, rounds: int, budget: float) -> None:
        """Run the variants of a filter, so that what is built on the way is there; no longer than `budget` seconds, though."""
        started = time.perf_counter()
        for _ in range(rounds):
            for run in self.runs[filter, False]:
                run()
                if time.perf_counter() - started > budget:
                    return

    def turn(self, filter: str, seconds: float, is_fresh: bool = False) -> float:
        """Seconds of one run, on average over all variants, which are run for so long at least."""
        runs = self.runs[filter, is_fresh]
        rounds, elapsed = 0, 0.0
        started = time.perf_counter()
        while rounds == 0 or elapsed < seconds:
            for run in runs:
                run()
            rounds += 1
            elapsed = time.perf_counter() - started
        return elapsed / rounds / len(runs)

    def floor(self, filter: str, seconds: float) -> float:
        """Seconds of an answer of ids when its rows are known; of whereql."""
        return seconds_of_lists(self.contender.collection.get(include=[]).ids, (run() for run in self.runs[filter, False][:_LISTS]), seconds)

    def first(self, filter: str) -> float:
        """Seconds of the first run of a filter; of a fresh collection, where it matters what was asked before."""
        made = FILTERS[filter]
        if self.kind.learns and self.source.snapshot is None:
            self.held = self.held or list(chunks(self.source.n, self.source.folder))
            self.contender = None
            self.contender = self.kind.make(self.source)
            fill(self.contender, self.held)
        asked = Whereql(self.contender.collection, is_fresh=True) if isinstance(self.contender, Whereql) else self.contender
        return _seconds(asked.prepare(variants(made, self.source.n)[0], made.wants)[0])

    def memory(self) -> int:
        """The bytes that are resident now."""
        return resident()

    def built(self) -> int:
        """How many indexes whereql has built so far; 0 where its backend doesn't say."""
        stats = getattr(self.contender.collection.backend, "stats", None)
        return int(stats().built) if stats else 0


def _seconds(run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def rows_of(result: Any, wants: str) -> int:
    """How many records an answer has."""
    match wants:
        case "count":
            return int(result)
        case "records" if isinstance(result, tuple):
            return len(result[0])
    return len(result)


def digest_of(result: Any, wants: str) -> str:
    """A digest of an answer, in its order; records are the same as columns and as rows, and a missing key as a null."""
    if wants == "records":
        rows = [{"id": id, "document": document} | metadata for id, document, metadata in zip(*result, strict=True)] if isinstance(result, tuple) else result
        result = [{key: value for key, value in row.items() if value is not None} for row in rows]
    return hashlib.blake2b(json.dumps(result, sort_keys=True).encode(), digest_size=16).hexdigest()
