"""The contract of a backend that can be written: what add, upsert and delete leave behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec

from whereql.ast import Const, Expr, Field, Not, Op, Predicate
from whereql.backend import Change, Query, WritableBackend
from whereql.collection import Collection
from whereql.dialects.text.printer import print_filter
from whereql.errors import WhereqlError
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.testing.failures import Broken, calling, show_change, show_ids, show_record
from whereql.testing.generators import FilterMaker, Generator
from whereql.testing.holding import fit_all
from whereql.testing.shapes import check_response
from whereql.testing.trials import Trial, Trials, check_collected, quietly, show_query
from whereql.testing.watching import Watched
from whereql.values import literal

P = ParamSpec("P")

_SHOWN = 3  # records of a write in a message
_EVERYTHING = ("documents", "metadatas", "uris", "embeddings")


class Ledger:
    """A backend that is written, and the records that it should hold then."""

    def __init__(self, trial: Trial, writable: WritableBackend) -> None:
        self.trial, self.writable = trial, writable
        self.kept = {record.id: record for record in trial.records}

    @property
    def records(self) -> list[Record]:
        """The records that should be there, in their order."""
        return list(self.kept.values())

    def add(self, records: Sequence[Record]) -> None:
        """Add on both sides."""
        before = dict(self.kept)
        new: dict[str, Record] = {}
        for record in records:
            if record.id not in self.kept:
                new.setdefault(record.id, record)
        self.kept |= new
        given = [("added", show_record(record)) for record in records]
        self._check(f"add of {len(records)} records", given, before, len(new), self.writable.add, records)

    def upsert(self, changes: Sequence[Change]) -> None:
        """Upsert on both sides."""
        before = dict(self.kept)
        for change in changes:
            self.kept[change.record.id] = change.apply(self.kept.get(change.record.id))
        given = [("changed", show_change(change)) for change in changes]
        self._check(f"upsert of {len(changes)} records", given, before, len(changes), self.writable.upsert, changes)

    def delete(self, expr: Expr, ids: tuple[str, ...] | None = None) -> None:
        """Delete through a collection, which splits the filter, on both sides."""
        before, watched = dict(self.kept), Watched(self.trial.backend)
        gone = [record.id for record in self.records if (ids is None or record.id in ids) and holds(expr, record)]
        for id in gone:
            del self.kept[id]
        given = [("deleted", print_filter(expr)), *([] if ids is None else [("ids", show_ids(ids))])]
        self._check("Collection(backend).delete(filter)", given, before, len(gone), quietly, Collection(watched).delete, expr, ids=ids, all=True)

    def _check(
        self, asked: str, given: Sequence[tuple[str, str]], before: Mapping[str, Record], due: int, call: Callable[P, int], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Call, and look at the whole collection. given: lines that say what was written; before: the records as they were."""
        query = Query(include=_EVERYTHING)
        earlier = self.trial.response(query)
        got = calling(asked, None, call, *args, **kwargs)
        if type(got) is not int or got != due:
            raise Broken("a write answers how many records it wrote", details=[("asked", asked), *given[:_SHOWN], ("expected", due), ("got", repr(got))])
        check_response(earlier, list(before.values()), _EVERYTHING, f"backend.get({show_query(query)}) before {asked}, and its columns read after that")
        try:
            check_response(self.trial.response(query), self.records, _EVERYTHING, f"backend.get({show_query(query)}) after {asked}")
        except Broken as broken:
            about = [line for id in broken.ids[:1] for line in _before_and_after(before.get(id), self.kept.get(id))]
            raise broken.more(*given[:_SHOWN], *about) from None


def _before_and_after(before: Record | None, after: Record | None) -> list[tuple[str, str]]:
    return [(name, "no record" if record is None else show_record(record)) for name, record in (("before", before), ("due after", after))]


class WritingContract:
    """The tests of writing. A backend that can only be read passes them; one with some of the methods only does not."""

    def _ledger(self, trials: Trials, records: Sequence[Record]) -> Ledger | None:
        trial = trials.open(records)
        if "writes" in trials.lacks:
            return None
        has = [name for name in ("add", "upsert", "delete") if hasattr(trial.backend, name)]
        if not isinstance(trial.backend, WritableBackend):
            if has:
                missing = sorted({"add", "upsert", "delete"} - set(has))
                raise Broken("a backend that can be written has add, upsert and delete", details=[("it has", ", ".join(has)), ("it lacks", ", ".join(missing))])
            return None
        return Ledger(trial, trial.backend)

    def test_add_appends_what_is_new(self, trials: Trials) -> None:
        """The first of each id, at the end; a record that is there stays as it is."""
        generator = Generator(61)
        ledger = self._ledger(trials, generator.records(12, embeddings=True))
        if ledger is not None:
            more = fit_all([*generator.records(8, embeddings=True)], trials.lacks)
            ledger.add(more)
            ledger.add([])
            ledger.add([*fit_all(generator.records(5, embeddings=True), trials.lacks), *more[:2]])
            ledger.add(_twice(trials))
            ledger.add([make_record(record.id) for record in fit_all(ledger.records, {"embeddings"})][:3] if "missing embeddings" not in trials.lacks else [])

    def test_upsert_merges_in_place(self, trials: Trials) -> None:
        """A record keeps its place, a column that the change leaves out its value; metadata merges key by key."""
        ledger = self._ledger(trials, [make_record(f"r{n}", document=f"d{n}", uri=f"u{n}", embedding=[n, 1], metadata={"n": n, "s": "x"}) for n in range(5)])
        if ledger is not None:
            keys = {key[0]: key for record in ledger.records for key in record.metadata or {}}
            vector = [9, 9] if "missing embeddings" in trials.lacks else None
            for changed, removed in (
                (make_record("r3", metadata={keys["n"]: 30}, embedding=vector), frozenset()),
                (make_record("r1", document="new", embedding=vector), frozenset()),
                (make_record("r2", metadata={"t": "y"}, embedding=[7, 7]), frozenset({keys["s"], "unknown"})),
                (make_record("r0", embedding=vector), frozenset(keys.values())),
                (make_record("new", uri="u", embedding=vector), frozenset({keys["n"]})),
            ):
                (fitted,) = fit_all([changed], trials.lacks)
                ledger.upsert([Change(fitted, removed)])
            twice = fit_all([make_record("r4", metadata={"a": 1}, embedding=vector)], trials.lacks) + fit_all([make_record("r4", metadata={"b": 2}, embedding=vector)], trials.lacks)
            ledger.upsert([Change(record) for record in twice])
            ledger.upsert([])

    def test_delete_takes_what_matches(self, trials: Trials) -> None:
        """What the filter and the ids say, and nothing else; places of the others stay, and a new record comes last."""
        generator = Generator(62)
        ledger = self._ledger(trials, generator.records(40))
        if ledger is not None:
            maker = FilterMaker(generator.random, ledger.records)
            ledger.delete(Const(True), (ledger.records[3].id, "none", ledger.records[0].id))
            ledger.delete(Const(True), ())
            ledger.delete(Const(False))
            for _ in range(6):
                ledger.delete(maker.filter(more=2), tuple(record.id for record in ledger.records[::2]))
            ledger.add(_twice(trials))
            ledger.delete(Const(True))
            ledger.add(_twice(trials))

    def test_what_was_written_is_found(self, trials: Trials) -> None:
        """A filter sees the new value, and no longer the old one."""
        trial = trials.open([])
        if "writes" not in trials.lacks and isinstance(trial.backend, WritableBackend):
            first = fit_all([make_record(f"r{n}", metadata={"n": n}) for n in range(4)], trials.lacks)
            calling("add of 4 records", None, trial.backend.add, first)
            (key,) = (first[1].metadata or {}).keys()
            change = Change(make_record("r1", metadata={key: 100}, embedding=first[1].embedding))
            calling("upsert of one record", None, trial.backend.upsert, [change])
            written = Trial(trial.backend, [first[0], change.apply(first[1]), *first[2:]])
            for value in (1, 100, 2):
                equal = Predicate(Field(key), Op.EQ, literal(value))
                for expr in (equal, Not(equal)):
                    try:
                        check_collected(written, expr)
                    except Broken as broken:
                        shown = _before_and_after(first[1], written.records[1])
                        raise broken.more(("after", f"backend.upsert of {show_change(change)}"), *shown) from None

    def test_a_write_that_fails_changes_nothing(self, trials: Trials) -> None:
        """Embeddings of another dimension are refused with a WhereqlError, and no record of that call is kept."""
        if "embeddings" in trials.lacks:
            return
        ledger = self._ledger(trials, [make_record("a", embedding=[1, 2])])
        if ledger is not None:
            before, after, rule = ledger.records, "an add that failed", "an embedding of another dimension is refused with a WhereqlError"
            given = [make_record("b", embedding=[3, 4]), make_record("c", embedding=[5, 6, 7])]
            raised = _raised(ledger.writable.add, given)
            if not isinstance(raised, WhereqlError):
                shown = "nothing" if raised is None else f"{type(raised).__name__}: {raised}"
                raise Broken(rule, details=[("asked", "backend.add of an embedding of 2 numbers, as there are, and one of 3"), ("it raised", shown)])
            query = Query(include=_EVERYTHING)
            check_response(ledger.trial.response(query), before, _EVERYTHING, f"backend.get({show_query(query)}) after {after}")


def _raised(call: Callable[[Sequence[Record]], int], given: Sequence[Record]) -> Exception | None:
    try:
        call(given)
    except Exception as error:  # whatever a stranger's store raises
        return error
    return None


def _twice(trials: Trials) -> list[Record]:
    """Two records of one id, the first of which counts, and another."""
    embedding = [1, 2]
    first = fit_all([make_record("twice", metadata={"first": 1}, embedding=embedding), make_record("once", embedding=embedding)], trials.lacks)
    second = fit_all([make_record("twice", metadata={"second": 2}, embedding=embedding)], trials.lacks)
    return [*first, *second]
