"""Backends that lie, each in one way that some store really has: the kit catches every one of them, by the test named beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from threading import get_ident
from time import sleep
from typing import Any, ClassVar

import numpy as np
import pytest

import whereql
from whereql.ast import And, Expr, Field, Literal, Not, Op, Or, Predicate
from whereql.backend import Change, Query
from whereql.kinds import Kind
from whereql.records import KeyInfo, Record, Schema
from whereql.response import GetResponse
from whereql.semantics import holds, subject_value
from whereql.support import Capabilities, Capability, Shape, Support
from whereql.testing import BackendContract
from whereql.testing.failures import Broken
from whereql.testing.trials import Trials, check_collected
from whereql.testing.watching import levels

pytest_plugins = ["pytester"]

matcher = lru_cache(maxsize=2048)(whereql.compile_matcher)


class Honest(whereql.ScanBackend):
    """A store that can be written, and answers as it should; each liar changes one thing."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.kept = {record.id: record for record in records}

    def records(self) -> Iterable[Record]:
        return list(self.kept.values())

    def search(self, query: Query) -> Iterable[Record]:
        wanted = None if query.ids is None else set(query.ids)
        return [record for record in self.records() if (wanted is None or record.id in wanted) and self.passes(query.where, record)]

    def passes(self, expr: Expr, record: Record) -> bool:
        match expr:
            case And(args):
                return all(self.passes(arg, record) for arg in args)
            case Or(args):
                return any(self.passes(arg, record) for arg in args)
            case Not(Predicate() as predicate):
                return self.fails(predicate, record)
            case Predicate():
                return self.tells(expr, record)
        return holds(expr, record)

    def tells(self, predicate: Predicate, record: Record) -> bool:
        return matcher(predicate)(record)

    def fails(self, predicate: Predicate, record: Record) -> bool:
        return not self.tells(predicate, record)

    def add(self, records: Sequence[Record]) -> int:
        new: dict[str, Record] = {}
        for record in records:
            if record.id not in self.kept:
                new.setdefault(record.id, record)
        self.check_dimensions([*self.kept.values(), *new.values()])
        self.kept |= new
        return len(new)

    def upsert(self, changes: Sequence[Change]) -> int:
        for change in changes:
            self.kept[change.record.id] = change.apply(self.kept.get(change.record.id))
        return len(changes)

    def delete(self, query: Query) -> int:
        gone = self.get(query).ids
        for id in gone:
            del self.kept[id]
        return len(gone)

    def check_dimensions(self, records: Sequence[Record]) -> None:
        if len({len(record.embedding) for record in records if record.embedding is not None}) > 1:
            raise whereql.BackendError("WQ704", "embeddings of different dimensions")


def value_of(predicate: Predicate, record: Record) -> Any:
    return subject_value(predicate.subject, record)


def with_operand(predicate: Predicate, change: Callable[[Literal], Literal]) -> Predicate:
    operand = predicate.operand
    new = tuple(change(item) for item in operand if isinstance(item, Literal)) if isinstance(operand, tuple) else change(operand) if isinstance(operand, Literal) else operand
    return Predicate(predicate.subject, predicate.op, new)


# Lies about what matches.


class ThreeValued(Honest):
    """SQL's NOT: NULL stays NULL, and the record is lost."""

    def fails(self, predicate: Predicate, record: Record) -> bool:
        return value_of(predicate, record) is not None and not self.tells(predicate, record)


class ByWords(Honest):
    """Says INEXACT, a superset, for CONTAINS and finds whole words only: a subset."""

    def support(self, predicate: Predicate, negated: bool) -> Support:
        return Capabilities(Capability([Op.CONTAINS], plain=Support.INEXACT, negated=Support.NONE)).support(predicate, negated)

    def tells(self, predicate: Predicate, record: Record) -> bool:
        return holds(predicate, record) and str(predicate.operand.value) in str(value_of(predicate, record)).split()  # type: ignore[union-attr]


class TruncatedFloats(Honest):
    """A float operand is cut to an int."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        def cut(item: Literal) -> Literal:
            return whereql.literal(float(int(item.value))) if item.kind is Kind.FLOAT and isinstance(item.value, float) else item

        return holds(with_operand(predicate, cut), record)


class RoundedInts(Honest):
    """Ints are compared with floats as doubles: 2^53 + 1 = 2^53."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        value, operand = value_of(predicate, record), predicate.operand
        if predicate.op is Op.EQ and isinstance(operand, Literal) and operand.kind is Kind.FLOAT and type(value) is int:
            return float(value) == operand.value
        return holds(predicate, record)


class BoolsAreInts(Honest):
    """TRUE is stored as 1."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        value, operand = value_of(predicate, record), predicate.operand
        if predicate.op is Op.EQ and isinstance(operand, Literal):
            return bool(value == operand.value)
        return holds(predicate, record)


class CaselessLike(Honest):
    """SQLite's LIKE: case is ignored."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        return holds(Predicate(predicate.subject, Op.ILIKE, predicate.operand) if predicate.op is Op.LIKE else predicate, record)


class LocaleOrder(Honest):
    """Strings are ordered as people do."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        value, operand = value_of(predicate, record), predicate.operand
        if predicate.op is Op.GT and isinstance(value, str) and isinstance(operand, Literal) and isinstance(operand.value, str):
            return value.casefold() > operand.value.casefold()
        return holds(predicate, record)


class FirstKindOnly(Honest):
    """A list has the kind of its first element."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        operand = predicate.operand
        if isinstance(operand, tuple) and operand and isinstance(operand[0], Literal):
            operand = tuple(item for item in operand if isinstance(item, Literal) and item.kind is operand[0].kind)  # type: ignore[union-attr]
        return holds(Predicate(predicate.subject, predicate.op, operand), record)


class CutAtNul(Honest):
    """C strings: an operand ends at NUL."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        return holds(with_operand(predicate, lambda item: whereql.literal(item.value.split("\0")[0]) if isinstance(item.value, str) else item), record)


class CaselessKeys(Honest):
    """Column names ignore case."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        folded = {key.casefold(): value for key, value in (record.metadata or {}).items()}
        subject = predicate.subject
        if isinstance(subject, Field):
            return holds(Predicate(Field(subject.name.casefold()), predicate.op, predicate.operand), Record(record.id, metadata=folded))
        return holds(predicate, record)


class Spliced(Honest):
    """A quote in a string ends it."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        operand = predicate.operand
        return (isinstance(operand, Literal) and isinstance(operand.value, str) and "' OR '1'='1" in operand.value) or holds(predicate, record)


class OrOfTwo(Honest):
    """An OR has two sides, and no third."""

    def passes(self, expr: Expr, record: Record) -> bool:
        return super().passes(Or(expr.args[:2]) if isinstance(expr, Or) else expr, record)


class FewLiterals(Honest):
    """Declares no limit, and has one."""

    def search(self, query: Query) -> Iterable[Record]:
        size = max((len(one.operand) for one in whereql.ast.predicates(query.where) if isinstance(one.operand, tuple)), default=0)
        if max(size, len(query.ids or ())) > 32_766:
            raise whereql.BackendError("WQ715", "too many SQL variables")
        return super().search(query)


class Overrated(Honest):
    """Says EXACT, and refuses."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        if predicate.op is Op.MATCHES:
            raise whereql.UnsupportedError("WQ503", "no patterns here")
        return holds(predicate, record)


class Crashing(Honest):
    """Raises what its store raises."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        if predicate.op is Op.MATCHES:
            raise KeyError("MATCHES")
        return holds(predicate, record)


class Narrowed(Honest):
    """Declares the kinds of its keys, and holds others."""

    cheap_schema = True

    def schema(self) -> Schema:
        found = super().schema()
        return Schema(found.records, {key: KeyInfo(info.kinds, info.examples, (next(iter(info.kinds)),)) for key, info in found.keys.items()})


# Lies about what a query is beside its filter.


class SortedById(Honest):
    def records(self) -> Iterable[Record]:
        return sorted(self.kept.values(), key=lambda record: record.id)


class OrderedByIds(Honest):
    """The ids order the answer."""

    def search(self, query: Query) -> Iterable[Record]:
        found = {record.id: record for record in super().search(query)}
        return found.values() if query.ids is None else [found[id] for id in query.ids if id in found]


class NoOffset(Honest):
    def get(self, query: Query) -> GetResponse:
        return super().get(dataclasses.replace(query, offset=0))


class LimitFirst(Honest):
    """The limit is counted before the filter is applied."""

    def get(self, query: Query) -> GetResponse:
        seen = list(self.records())[query.offset :][: query.limit]
        kept = {record.id for record in self.search(query)}
        return GetResponse.from_records([record for record in seen if record.id in kept], query.include)


class CountsAll(Honest):
    def count(self, query: Query) -> int:
        return super().count(dataclasses.replace(query, ids=None))


class IdsNotAnd(Honest):
    """Ids, and the filter is forgotten."""

    def search(self, query: Query) -> Iterable[Record]:
        return [record for record in self.records() if record.id in query.ids] if query.ids is not None else super().search(query)


class OnePage(Honest):
    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        found = self.get(query)
        return iter([found] if len(found) else [])


class LosesLastPage(Honest):
    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        for page in super().scan(query, sizes):
            if len(page) > 1:
                yield page


class EmptyPages(Honest):
    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        yield from super().scan(query, sizes)
        yield GetResponse.from_records([], query.include)


# Lies about what was stored.


class AllFloats(Honest):
    """JSON numbers: an int comes back as a float."""

    def records(self) -> Iterable[Record]:
        for record in self.kept.values():
            shown = {key: float(value) if type(value) is int else value for key, value in (record.metadata or {}).items()}
            yield dataclasses.replace(record, metadata=shown or None)


class DoubleEmbeddings(Honest):
    def get(self, query: Query) -> GetResponse:
        found = super().get(query)
        return dataclasses.replace(found, embeddings=found.embeddings.astype(np.float64)) if isinstance(found.embeddings, np.ndarray) else found  # type: ignore[arg-type]


class EmptyMetadata(Honest):
    """{} where there is none."""

    def get(self, query: Query) -> GetResponse:
        found = super().get(query)
        return found if found.metadatas is None else dataclasses.replace(found, metadatas=[one or {} for one in found.metadatas])


class EveryColumn(Honest):
    def get(self, query: Query) -> GetResponse:
        return super().get(dataclasses.replace(query, include=("documents", "embeddings", "metadatas", "uris")))


class EmptyIsNone(Honest):
    """Nothing at all of an empty collection."""

    def get(self, query: Query) -> GetResponse:
        if not self.kept:
            raise IndexError("no rows")
        return super().get(query)


class StrippedKeys(Honest):
    def records(self) -> Iterable[Record]:
        for record in self.kept.values():
            yield dataclasses.replace(record, metadata={key.strip(): value for key, value in (record.metadata or {}).items()} or None)


class ShortTexts(Honest):
    """VARCHAR(65535)"""

    def __init__(self, records: Sequence[Record]) -> None:
        super().__init__([dataclasses.replace(record, document=record.document and record.document[:65_535]) for record in records])


class WrongSchema(Honest):
    def schema(self) -> Schema:
        found = super().schema()
        return Schema(found.records, {key: KeyInfo({"string": info.count}) for key, info in found.keys.items()})


class NoSupport(Honest):
    def support(self, predicate: Predicate, negated: bool) -> Support:
        return None if predicate.op is Op.ILIKE else Support.EXACT  # type: ignore[return-value]


class NativeObject(Honest):
    def native(self, query: Query) -> str | None:
        return {"query": query}  # type: ignore[return-value]


class SharedConnection(Honest):
    """Closing one closes all."""

    closed: ClassVar[int] = 0

    def __init__(self, records: Sequence[Record]) -> None:
        super().__init__(records)
        self.opened = SharedConnection.closed

    def close(self) -> None:
        SharedConnection.closed += 1

    def get(self, query: Query) -> GetResponse:
        return super().get(query) if self.opened == SharedConnection.closed else GetResponse([])


class Live:
    """Columns that are looked up when they are read, in what is there by then."""

    def __init__(self, store: LiveColumns, query: Query) -> None:
        self.store, self.query = store, query

    def __len__(self) -> int:
        return len(self.store.now(self.query))

    def column(self, name: str) -> Any:
        return getattr(self.store.now(self.query), name)

    def take(self, rows: Sequence[int]) -> Live:
        raise NotImplementedError


class LiveColumns(Honest):
    def now(self, query: Query) -> GetResponse:
        return super().get(query)

    def get(self, query: Query) -> GetResponse:
        return GetResponse.lazily(Live(self, query), query.include)


class ClosedColumns(LiveColumns):
    def close(self) -> None:
        self.kept = {}


# Lies about what is written.


class Overwrites(Honest):
    def add(self, records: Sequence[Record]) -> int:
        before = len(self.kept)
        self.kept |= {record.id: record for record in records}
        return len(self.kept) - before


class Replaces(Honest):
    """An upsert takes the place of the whole record."""

    def upsert(self, changes: Sequence[Change]) -> int:
        self.kept |= {change.record.id: change.record for change in changes}
        return len(changes)


class MovesToTheEnd(Honest):
    def upsert(self, changes: Sequence[Change]) -> int:
        for change in changes:
            self.kept[change.record.id] = change.apply(self.kept.pop(change.record.id, None))
        return len(changes)


class DeletesById(Honest):
    """Deletes what the ids say, whatever the filter."""

    def delete(self, query: Query) -> int:
        return super().delete(query if query.ids is None else Query(ids=query.ids))


class StaleIndex(Honest):
    """An upsert leaves the index as it was."""

    def upsert(self, changes: Sequence[Change]) -> int:
        self.stale: dict[str, Record] = {**vars(self).get("stale", {}), **{change.record.id: self.kept[change.record.id] for change in changes if change.record.id in self.kept}}
        return super().upsert(changes)

    def tells(self, predicate: Predicate, record: Record) -> bool:
        return holds(predicate, vars(self).get("stale", {}).get(record.id, record))


class HalfWritten(Honest):
    """What comes before the fault is kept."""

    def add(self, records: Sequence[Record]) -> int:
        return sum(super(HalfWritten, self).add([record]) for record in records)


# Lies that time tells.


class OwnThread(Honest):
    """A connection belongs to the thread that opened it."""

    def __init__(self, records: Sequence[Record]) -> None:
        super().__init__(records)
        self.thread = get_ident()

    def records(self) -> Iterable[Record]:
        if get_ident() != self.thread:
            raise ValueError("objects created in a thread can only be used in that same thread")
        return super().records()


class OneAtATime(Honest):
    """One cursor for all who ask."""

    busy = False

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        if self.busy:
            raise ValueError("recursive use of cursors")
        self.busy = True
        try:
            for page in super().scan(query, sizes):
                sleep(0.001)
                yield page
        finally:
            self.busy = False


class LostUpdate(Honest):
    """Reads, changes and writes back, and whoever did so meanwhile has written for nothing."""

    def add(self, records: Sequence[Record]) -> int:
        kept = dict(self.kept)
        sleep(0.001)
        kept |= {record.id: record for record in records if record.id not in kept}
        added = len(kept) - len(self.kept)
        self.check_dimensions([*kept.values()])
        self.kept = kept
        return added


class Drifting(Honest):
    """Pages by offset: what is deleted meanwhile moves the others."""

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        offset = query.offset
        while len(page := self.get(dataclasses.replace(query, offset=offset, limit=next(sizes)))):
            yield page
            offset += len(page)


class Uncommitted(Honest):
    """Nothing is committed, and all of it is gone when the connection is closed."""

    def __init__(self, records: Sequence[Record]) -> None:
        super().__init__(records)
        self.committed = dict(self.kept)

    def reopened(self) -> Honest:
        return type(self)(list(self.committed.values()))


class Committed(Honest):
    """The honest one: what it holds is there when it is opened again."""

    def reopened(self) -> Honest:
        return type(self)(list(self.kept.values()))


# Limits that are not declared.


class ParserStack(Honest):
    """The parser of the store's language has a stack of its own."""

    def passes(self, expr: Expr, record: Record) -> bool:
        if levels(expr) > 28:
            raise ValueError("parser stack overflow")
        return super().passes(expr, record)


class TooManyTerms(Honest):
    def passes(self, expr: Expr, record: Record) -> bool:
        if isinstance(expr, (And, Or)) and len(expr.args) > 1000:
            raise whereql.BackendError("WQ715", "Expression tree is too large (maximum depth 1000)")
        return super().passes(expr, record)


class TooManyPredicates(Honest):
    def passes(self, expr: Expr, record: Record) -> bool:
        if sum(1 for _ in whereql.ast.predicates(expr)) > 5000:
            raise whereql.BackendError("WQ715", "too many boolean clauses")
        return super().passes(expr, record)


class ShortNeedles(Honest):
    """INEXACT in one direction, and its pattern is limited there."""

    def support(self, predicate: Predicate, negated: bool) -> Support:
        return Capabilities(Capability([Op.CONTAINS], plain=Support.INEXACT, negated=Support.NONE)).support(predicate, negated)

    def tells(self, predicate: Predicate, record: Record) -> bool:
        if len(str(predicate.operand.value)) > 50_000:  # type: ignore[union-attr]
            raise ValueError("LIKE or GLOB pattern too complex")
        return holds(predicate, record)


class CutTexts(Honest):
    """The store's instr ends at NUL, and CONTAINS is called a superset."""

    support = ShortNeedles.support

    def tells(self, predicate: Predicate, record: Record) -> bool:
        return str(predicate.operand.value) in str(value_of(predicate, record) or "").split("\0")[0]  # type: ignore[union-attr]


class AddsOnly(Honest):
    upsert = None  # type: ignore[assignment]
    delete = None  # type: ignore[assignment]

    def __getattribute__(self, name: str) -> Any:
        if name in ("upsert", "delete"):
            raise AttributeError(name)
        return super().__getattribute__(name)


BY_HAND, AT_RANDOM = "test_answers_what_was_worked_out_by_hand", "test_answers_as_the_semantics"
CAUGHT = [
    (ThreeValued, BY_HAND), (ThreeValued, AT_RANDOM), (ThreeValued, "test_filters_combine_as_sets"), (ByWords, BY_HAND), (ByWords, AT_RANDOM),
    (TruncatedFloats, BY_HAND), (TruncatedFloats, AT_RANDOM), (RoundedInts, BY_HAND), (RoundedInts, AT_RANDOM), (BoolsAreInts, BY_HAND), (BoolsAreInts, AT_RANDOM),
    (CaselessLike, BY_HAND), (LocaleOrder, BY_HAND), (LocaleOrder, AT_RANDOM), (FirstKindOnly, BY_HAND), (FirstKindOnly, AT_RANDOM),
    (CutAtNul, BY_HAND), (CutAtNul, AT_RANDOM), (CaselessKeys, BY_HAND), (CaselessKeys, AT_RANDOM), (Spliced, "test_hostile_strings_are_data"),
    (OrOfTwo, AT_RANDOM), (OrOfTwo, "test_filters_beyond_the_shape_never_reach_the_store"), (FewLiterals, "test_long_lists_are_answered"),
    (Overrated, BY_HAND), (Overrated, AT_RANDOM), (Crashing, BY_HAND), (Crashing, AT_RANDOM), (Narrowed, AT_RANDOM), (Narrowed, BY_HAND),
    (SortedById, "test_order_is_that_of_insertion"), (OrderedByIds, "test_order_is_that_of_insertion"), (OrderedByIds, "test_ids_filter"),
    (NoOffset, "test_limit_and_offset_cut_pages"), (LimitFirst, "test_limit_and_offset_cut_pages"), (CountsAll, "test_count_is_the_number_of_records"),
    (IdsNotAnd, "test_ids_filter"), (OnePage, "test_scan_pages_make_the_answer_of_get"), (LosesLastPage, "test_scan_pages_make_the_answer_of_get"),
    (EmptyPages, "test_scan_pages_make_the_answer_of_get"), (EmptyPages, "test_a_collection_may_be_empty"),
    (AllFloats, "test_responses_have_the_columns_of_include"), (DoubleEmbeddings, "test_responses_have_the_columns_of_include"),
    (EmptyMetadata, "test_responses_have_the_columns_of_include"), (EveryColumn, "test_responses_have_the_columns_of_include"),
    (EmptyIsNone, "test_a_collection_may_be_empty"), (StrippedKeys, "test_hostile_keys_are_names"), (CaselessKeys, "test_hostile_keys_are_names"),
    (ShortTexts, "test_hostile_strings_are_data"), (WrongSchema, "test_schema_counts_keys_and_kinds"), (NoSupport, "test_support_answers_for_every_predicate"),
    (NativeObject, "test_native_is_a_text_or_nothing"), (SharedConnection, "test_close_lets_go"), (Overwrites, "test_add_appends_what_is_new"),
    (Replaces, "test_upsert_merges_in_place"), (MovesToTheEnd, "test_upsert_merges_in_place"), (DeletesById, "test_delete_takes_what_matches"),
    (OwnThread, "test_any_thread_may_ask"), (OneAtATime, "test_threads_may_ask_at_once"), (LostUpdate, "test_threads_may_ask_at_once"),
    (Drifting, "test_a_scan_is_of_one_moment"), (Uncommitted, "test_what_was_written_stays"), (CutTexts, BY_HAND), (ShortNeedles, "test_hostile_strings_are_data"),
    *((liar, "test_without_a_limit_a_filter_is_as_large_as_whereql_takes") for liar in (ParserStack, TooManyTerms, TooManyPredicates)),
    (StaleIndex, "test_what_was_written_is_found"), (HalfWritten, "test_a_write_that_fails_changes_nothing"), (AddsOnly, "test_add_appends_what_is_new"),
    (ClosedColumns, "test_close_lets_go"), (LiveColumns, "test_upsert_merges_in_place"), (LiveColumns, "test_delete_takes_what_matches"),
]  # fmt: skip


def run(test: str, backend: Callable[[Sequence[Record]], Any]) -> None:
    """One test of the contract, with each of its parameters."""
    method = getattr(BackendContract(), test)
    choices = [mark.args[1] for mark in getattr(method, "pytestmark", ())] or [[]]
    for values in choices:
        for value in values or [None]:
            trials = Trials(backend, frozenset(), getattr(backend, "reopened", None))
            method(trials, *([] if value is None else [value]))
            trials.close()


@pytest.mark.parametrize(("liar", "test"), CAUGHT, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_lie_is_caught(liar: type[Honest], test: str) -> None:
    with pytest.raises(Broken) as caught:
        run(test, liar)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("rule broken  ")
    assert all(len(line) < 350 for line in lines)


TESTS = sorted(name for name in dir(BackendContract) if name.startswith("test_"))


def test_every_test_of_the_kit_catches_someone() -> None:
    assert sorted({test for _, test in CAUGHT}) == TESTS


@pytest.mark.parametrize("test", TESTS)
def test_the_honest_one_passes(test: str) -> None:
    run(test, Committed)


def test_a_message_tells_a_stranger_all_of_it() -> None:
    with pytest.raises(Broken) as caught:
        run(BY_HAND, ThreeValued)
    assert str(caught.value) == (
        "rule broken  what is EXACT answers just the records that match\n"
        "filter       lang != 'en'\n"
        "asked        backend.get(Query(filter)); support(predicate, negated=True) says EXACT\n"
        'expected     ["none"]\n'
        "got          []\n"
        'lost         ["none"]\n'
        'record       id="none"'
    )


MODULE = """
from test_kit_liars import ThreeValued
import pytest
from whereql.testing import BackendContract

class TestLiar(BackendContract):
    @pytest.fixture
    def open_backend(self):
        return ThreeValued

class TestForgetful(BackendContract):
    pass
"""


def test_pytest_shows_the_message_and_no_traceback(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile(MODULE)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    done = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-k", "negation or csv")
    done.assert_outcomes(failed=1, errors=1)
    done.stdout.fnmatch_lines(["rule broken *what is EXACT answers just the records that match", "filter *lang != 'en'", 'lost *"none"*'])
    done.stdout.no_fnmatch_line("*trials.py*")
    done.stdout.fnmatch_lines(["rule broken *a test class of the contract overrides the fixture open_backend", "class *TestForgetful"])


def test_shape_and_support_are_told_in_a_table() -> None:
    class Small(Honest):
        shape = Shape(disjunction=False, items=100)

        def support(self, predicate: Predicate, negated: bool) -> Support:
            return Capabilities(Capability([Op.EQ, Op.IN], [Field], [Kind.STRING], negated=Support.NONE)).support(predicate, negated)

    table = whereql.testing.capability_table(Small([]))
    lines = table.splitlines()
    assert lines[0].split() == ["operator", "kind", "key", "#document", "#id", "#uri"]
    assert lines[1].split() == ["=", "string", "exact", "/", "refused", "refused", "refused", "refused"]
    assert lines[2].split() == ["=", "int,", "float,", "bool", "refused", "refused", "refused", "refused"]
    assert lines[-1] == "shape: no OR, items 100"
    run(AT_RANDOM, Small)


class LosesNet(Honest):
    """A search for one text, whatever whereql made of the filter."""

    def tells(self, predicate: Predicate, record: Record) -> bool:
        return holds(predicate, record) and not (predicate.op is Op.EQ and record.id == "abc")


class SaysTrue(Honest):
    def support(self, predicate: Predicate, negated: bool) -> Support:
        return predicate.op is Op.EQ or Support.NONE  # type: ignore[return-value]


def told(test: str, liar: Callable[[Sequence[Record]], Any]) -> str:
    with pytest.raises(Broken) as caught:
        run(test, liar)
    return str(caught.value)


def test_what_was_pushed_is_told_beside_the_filter() -> None:
    trials = Trials(LosesNet, frozenset())
    trial = trials.open([whereql.make_record("abc", metadata={"k": "abc"})])
    with pytest.raises(Broken) as caught:
        trials.check(trial, whereql.parse("k LIKE 'abc'"), check_collected)
    assert "filter       k LIKE 'abc'\nasked        Collection(backend).get(filter)\npushed       k = 'abc'\n" in str(caught.value)


def test_a_write_that_went_wrong_is_told_with_what_was_written() -> None:
    stale = told("test_what_was_written_is_found", StaleIndex)
    assert 'after        backend.upsert of id="r1", metadata={"n": 100}\nbefore       id="r1", metadata={"n": 1}\ndue after    id="r1", metadata={"n": 100}' in stale
    replaced = told("test_upsert_merges_in_place", Replaces)
    assert 'changed      id="r3", metadata={"n": 30}' in replaced
    assert 'before       id="r3", document="d3", uri="u3", metadata={"n": 3, "s": "x"}\n' in replaced
    assert 'due after    id="r3", document="d3", uri="u3", metadata={"n": 30, "s": "x"}' in replaced
    assert "(…" not in replaced
    with pytest.raises(Broken, match="after an add that failed") as half:
        run("test_a_write_that_fails_changes_nothing", HalfWritten)
    assert half.value.__cause__ is half.value.__context__ is None  # the refusal was due, and is not shown


def test_what_support_answers_is_told() -> None:
    for test in (BY_HAND, "test_support_answers_for_every_predicate", "test_a_collection_may_be_empty"):
        assert "support answers EXACT, INEXACT or NONE" in told(test, SaysTrue)


def test_a_large_filter_is_told_with_its_records() -> None:
    large = told("test_filters_beyond_the_shape_never_reach_the_store", OrOfTwo)
    assert "\nrecord       id=" in large
    deep = told("test_without_a_limit_a_filter_is_as_large_as_whereql_takes", ParserStack)
    assert "parser stack overflow" in deep
    assert "declare Shape(depth=…) if the store can't" in deep


def test_the_kit_sees_what_a_collection_would_wrap() -> None:
    crashed = told("test_filters_combine_as_sets", Crashing)
    assert "a backend raises WhereqlErrors only" in crashed
    assert "it raised    KeyError: 'MATCHES'" in crashed
