"""The contract of a backend in time: asked from several threads, written while it is read, closed and opened again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, repeat
from threading import Barrier

import pytest

from whereql.ast import Const, Field, Op, Predicate
from whereql.backend import Change, Query, WritableBackend
from whereql.records import Record, make_record
from whereql.response import GetResponse
from whereql.testing.failures import Broken, calling, show_ids
from whereql.testing.holding import fit_all
from whereql.testing.shapes import check_response
from whereql.testing.trials import Trial, Trials, compare, show_query
from whereql.values import literal

_EVERYTHING = ("documents", "metadatas", "uris", "embeddings")
_THREADS = 4


class LastingContract:
    """The tests of threads, of writing while reading, and of opening again."""

    def test_any_thread_may_ask(self, trials: Trials) -> None:
        """A `Collection` runs aget, ascan, aadd … in threads of their own, never in the one that opened the backend."""
        trial = trials.open(_numbered(40))
        with ThreadPoolExecutor(1) as other:
            other.submit(_ask, trial, "in another thread than that which opened the backend").result()
        if isinstance(trial.backend, WritableBackend) and "writes" not in trials.lacks:
            more = fit_all(_numbered(3, "later"), trials.lacks)
            with ThreadPoolExecutor(1) as third:
                third.submit(_write, trial.backend, more, "in another thread than that which opened the backend").result()
            _ask(Trial(trial.backend, [*trial.records, *more]), "after an add in another thread")

    def test_threads_may_ask_at_once(self, trials: Trials) -> None:
        """Four threads that read, and then four of which each adds records of its own while it reads: nothing is lost or half there."""
        trial = trials.open(_numbered(40))
        with _switching(), ThreadPoolExecutor(_THREADS) as pool:
            _all_at_once(pool, lambda number: _ask(trial, f"while {_THREADS} threads read"))
            if not isinstance(trial.backend, WritableBackend) or "writes" in trials.lacks:
                return
            backend, own = trial.backend, [fit_all(_numbered(4, f"thread{number} "), trials.lacks) for number in range(_THREADS)]

            def write(number: int) -> None:
                for record in own[number]:
                    _write(backend, [record], f"while {_THREADS} threads write")
                    seen = trial.answered(Query(include=()))
                    compare("what was there is seen whole while others write", Const(True), trial.everyone, seen[: len(trial.records)])

            _all_at_once(pool, write)
        found = trial.answered(Query(include=()))
        missing = [record.id for record in chain(*own) if record.id not in set(found)]
        if missing or len(found) != len(trial.records) + sum(map(len, own)):
            raise Broken("records that several threads add are all there, each once", details=[("asked", f"{_THREADS} threads that add 4 records each, one by one"), ("missing", show_ids(missing)), ("got", show_ids(found))])

    def test_a_scan_is_of_one_moment(self, trials: Trials) -> None:
        """What is written after the first page changes nothing of those that follow; without snapshots, nothing of other records."""
        trial = trials.open(_numbered(40))
        if not isinstance(trial.backend, WritableBackend) or "writes" in trials.lacks:
            return
        asked = "backend.scan(Query(), sizes 5, 5, …), with a delete, an upsert and an add after the first page"
        pages = calling(asked, None, trial.backend.scan, Query(), repeat(5))
        first = calling(asked, None, next, pages)
        gone, changed = trial.records[30].id, replaced(trial.records[20], trials.lacks)
        for what, call, given in (
            ("delete", trial.backend.delete, Query(ids=(gone,))),
            ("upsert", trial.backend.upsert, [Change(changed)]),
            ("add", trial.backend.add, fit_all([make_record("last", embedding=[1, 1])], trials.lacks)),
        ):
            _called(f"backend.{what} while pages of a scan are open", call, given)
        rest = calling(asked, None, _listed, pages)
        seen = [id for page in (first, *rest) for id in page.ids]
        if "snapshots" in trials.lacks:
            kept = [id for id in trial.everyone if id != gone]
            compare("what is written meanwhile takes no other record from a scan", Const(True), kept, [id for id in seen if id in set(kept)], ("asked", asked))
        else:
            compare("the pages of a scan are of the moment when it began", Const(True), trial.everyone, seen, ("asked", asked))
            start = 0
            for page in (first, *rest):
                check_response(page, trial.records[start : start + len(page)], Query().include, asked)
                start += len(page)

    def test_what_was_written_stays(self, trials: Trials) -> None:
        """Closed and opened again, a store holds what add, upsert and delete left there: for this, override `reopen_backend`."""
        trial = trials.open(_numbered(6))
        writable = isinstance(trial.backend, WritableBackend) and "writes" not in trials.lacks
        if not trials.can_reopen:
            if writable and "reopening" not in trials.lacks:
                pytest.skip('override the fixture reopen_backend, or say lacks = {"reopening"} of a store that keeps nothing')
            return
        held, asked = list(trial.records), "the backend was closed and opened again"
        if writable:
            held = _written(trial, trials, held)
            asked = f"after an add, an upsert and a delete, {asked}"
        again = trials.reopen(trial)
        check_response(again.response(Query(include=_EVERYTHING)), held, _EVERYTHING, asked)
        if writable and isinstance(again.backend, WritableBackend):
            more = fit_all(_numbered(2, "again"), trials.lacks)
            _write(again.backend, more, "after the backend was opened again")
            check_response(trials.reopen(again).response(Query(include=_EVERYTHING)), [*held, *more], _EVERYTHING, f"after a further add, {asked}")


def _written(trial: Trial, trials: Trials, held: list[Record]) -> list[Record]:
    """The records after an add, an upsert and a delete."""
    assert isinstance(trial.backend, WritableBackend)
    more, changed = fit_all(_numbered(3, "more"), trials.lacks), replaced(held[1], trials.lacks)
    _write(trial.backend, more, "before the backend is closed")
    _called("backend.upsert before the backend is closed", trial.backend.upsert, [Change(changed)])
    _called("backend.delete before the backend is closed", trial.backend.delete, Query(ids=(held[0].id,)))
    return [Change(changed).apply(held[1]), *held[2:], *more]


def _numbered(count: int, name: str = "r") -> list[Record]:
    return [make_record(f"{name}{n}", document=f"d{n}", embedding=[n, 1], metadata={"n": n % 4}) for n in range(count)]


def replaced(record: Record, lacks: frozenset[str]) -> Record:
    """A change of a record: its document, or what the store can hold of that, and a number."""
    (fitted,) = fit_all([make_record(record.id, document="new", embedding=record.embedding, metadata={"n": 99})], lacks)
    return fitted


def _ask(trial: Trial, when: str) -> None:
    """Read in each way."""
    query = Query(include=())
    compare("a backend answers whichever thread asks", Const(True), trial.everyone, trial.answered(query), ("asked", f"backend.get({show_query(query)}) {when}"))
    pages = calling(f"backend.scan(Query(), sizes) {when}", None, trial.backend.scan, query, repeat(7))
    seen = [id for page in calling(f"the pages of a scan {when}", None, _listed, pages) for id in page.ids]
    compare("a backend answers whichever thread asks", Const(True), trial.everyone, seen, ("asked", f"backend.scan(Query(), sizes) {when}"))
    first = next(iter({key for record in trial.records for key in record.metadata or {}}), None)
    leaf = None if first is None else Predicate(Field(first), Op.EQ, literal(1))
    if leaf is not None:
        compare("a backend answers whichever thread asks", leaf, trial.expected(leaf), trial.collected(leaf), ("asked", f"Collection(backend).get(filter) {when}"))


def _write(backend: WritableBackend, records: Sequence[Record], when: str) -> None:
    _called(f"backend.add of {len(records)} records {when}", backend.add, records)


def _called(what: str, call: Callable[..., int], given: object) -> None:
    calling(what, None, call, given)


def _listed(pages: Iterable[GetResponse]) -> list[GetResponse]:
    return list(pages)


def _all_at_once(pool: ThreadPoolExecutor, task: Callable[[int], object]) -> None:
    """Run a task in each thread of the pool, all of which begin together. Raises what the first of them raises."""
    barrier = Barrier(_THREADS)

    def begun(number: int) -> None:
        barrier.wait(timeout=60)
        task(number)

    for done in [pool.submit(begun, number) for number in range(_THREADS)]:
        done.result()


@contextmanager
def _switching() -> Iterator[None]:
    """Threads take turns often, so that a race which is seldom lost is lost here."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
