"""`whereql.open` and `Collection`: filters of any form in, records out, whatever the store.

>>> papers = open("memory:")
>>> papers.add(ids=["a", "b"], metadatas=[{"year": 2017}, {"year": 2021}])
2
>>> papers.get("year >= 2020").ids
['b']
"""

from __future__ import annotations

import os
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from whereql.ast import Const, Expr
from whereql.backend import DEFAULT_INCLUDE, Backend, Change, Query, WritableBackend
from whereql.binding import bind
from whereql.check import check_all
from whereql.decide import implies
from whereql.dialects.text.printer import print_filter
from whereql.errors import BackendError, CheckError, WhereqlWarning
from whereql.execution import Tally, run_count, run_delete, run_get, run_scan
from whereql.explanation import Explanation
from whereql.guard import Guard
from whereql.limits import check_items
from whereql.optimize.pipeline import Step
from whereql.planning import make_plan
from whereql.plugins import registry
from whereql.prepared import Known, Prepared, Where, closed, decode
from whereql.records import COLUMNS, Record, Schema, records_from_columns
from whereql.response import GetResponse
from whereql.source import quote
from whereql.suggest import did_you_mean
from whereql.values import check_text_value, describe_type
from whereql.wire import GetRequest

P = ParamSpec("P")
R = TypeVar("R")


def open(url: str | os.PathLike[str], collection: str | None = None, **options: Any) -> Collection:
    """Open a collection: `memory:`, a file (`papers.jsonl`, `.json`, `.csv`, `.parquet`; `.wql`, see `pack`), or whatever a plugin opens.

    collection: its name, where the store has several; options: the backend's own.
    A file is read whole (but for a `.wql`), once, and never written. Raises PluginError where no backend fits, BackendError where the store or
    the file can't be read.
    """
    name = os.fspath(url)
    return Collection(registry().opener(name).open(name, collection, options))


def _twin(method: Callable[Concatenate[Collection, P], R]) -> Callable[Concatenate[Collection, P], Coroutine[Any, Any, R]]:
    """The async form of a method: it runs in a thread, and so do the limits in force."""

    @wraps(method)
    async def run(self: Collection, /, *args: P.args, **kwargs: P.kwargs) -> R:
        import asyncio  # a quarter of the start of a program that may never need it

        return await asyncio.to_thread(method, self, *args, **kwargs)

    run.__name__ = f"a{method.__name__}"
    run.__doc__ = f"`{method.__name__}` for async programs, in a thread of its own."
    return run


class Collection:
    """An open collection of records. Close it, or use it in a `with` block.

    Everywhere, `where` is a text (`"year >= :since"`), a where JSON object, or an `Expr`; `params` are the values of its
    `:names`; `ids` and `where_document` filter further; `lenient` reads JSON as people expect it.
    Errors in a filter are ParseError, WhereError, CheckError or LimitError; those of the store BackendError.
    """

    def __init__(self, backend: Backend) -> None:
        self._guard: Guard | None = Guard(backend)
        self._filters: Known | None = None

    @property
    def backend(self) -> Backend:
        """The backend behind the collection. Raises BackendError once it is closed."""
        return self._store.backend

    @property
    def _store(self) -> Guard:
        """The backend as it is asked here: behind its guard."""
        if self._guard is None:
            raise BackendError("WQ714", "the collection is closed", hint="open it again")
        return self._guard

    def get(
        self,
        where: Where | None = None,
        *,
        ids: Sequence[str] | str | None = None,
        where_document: Mapping[str, Any] | Expr | None = None,
        params: Mapping[str, Any] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        include: Sequence[str] = DEFAULT_INCLUDE,
        strict: bool = False,
        lenient: bool = False,
    ) -> GetResponse:
        """The records that match, in the collection's order, with the columns of `include`.

        include: of documents, metadatas, embeddings, uris; strict: refuse what the store can't answer by itself.
        Warns (WhereqlWarning) where the kinds of a key make a predicate match nothing.
        """
        filter = self._prepared(where, where_document, params, lenient)
        wanted = _ids(ids)
        most, start = None if limit is None else _count(limit, "limit"), _count(offset, "offset") if offset else 0
        columns = _include(include)
        if filter.warnings:
            _warn(filter.warnings)
        return run_get(filter.backend, filter.plan(wanted, most, start, columns, strict))

    def count(
        self,
        where: Where | None = None,
        *,
        ids: Sequence[str] | str | None = None,
        where_document: Mapping[str, Any] | Expr | None = None,
        params: Mapping[str, Any] | None = None,
        strict: bool = False,
        lenient: bool = False,
    ) -> int:
        """How many records match."""
        filter = self._prepared(where, where_document, params, lenient)
        wanted = _ids(ids)
        if filter.warnings:
            _warn(filter.warnings)
        return run_count(filter.backend, filter.plan(wanted, None, 0, (), strict))

    def scan(
        self,
        where: Where | None = None,
        *,
        ids: Sequence[str] | str | None = None,
        where_document: Mapping[str, Any] | Expr | None = None,
        params: Mapping[str, Any] | None = None,
        include: Sequence[str] = DEFAULT_INCLUDE,
        batch_size: int = 1000,
        strict: bool = False,
        lenient: bool = False,
    ) -> Iterator[GetResponse]:
        """The matching records in pages of at most `batch_size`, of one moment where the store has snapshots."""
        filter = self._prepared(where, where_document, params, lenient)
        wanted, columns = _ids(ids), _include(include)
        if _count(batch_size, "batch_size") == 0:
            raise CheckError("WQ314", "batch_size is at least 1", hint="leave it out for 1,000")
        return run_scan(self._store, filter.plan(wanted, None, 0, columns, strict=strict), batch_size)

    def execute(self, request: GetRequest | Mapping[str, Any] | str | bytes) -> GetResponse:
        """The answer to a request in wire form, decoded or not yet, just as a Chroma server gives it, without warnings."""
        decoded = request if isinstance(request, GetRequest) else GetRequest.from_json(request)
        query = decoded.to_query()
        return run_get(self._store, self._of_filter(query.where).plan(query.ids, query.limit, query.offset, query.include))

    def explain(
        self,
        where: Where | None = None,
        *,
        ids: Sequence[str] | str | None = None,
        where_document: Mapping[str, Any] | Expr | None = None,
        params: Mapping[str, Any] | None = None,
        lenient: bool = False,
    ) -> Explanation:
        """How a filter is run: what the store answers by itself, what whereql does, and how many records there are."""
        query = Query(closed(where, where_document, params, lenient), _ids(ids))
        steps: list[Step] = []
        plan = make_plan(self._store, query, trace=steps)
        query, pushed, tally = plan.query, plan.pushed, Tally()
        rows = run_count(self._store, plan, tally)
        return Explanation(
            filter=print_filter(query.where),
            steps=tuple((step.name, print_filter(step.after)) for step in steps),
            ids=None if pushed.ids == query.ids else pushed.ids,
            pushed=print_filter(pushed.where),
            residual=None if plan.is_exact else print_filter(plan.residual),
            native=self._store.native(pushed),
            fetched=tally.fetched,
            rows=rows,
            findings=tuple(check_all(query.where, self._store.schema())),
        )

    def check(self, where: Where | None, *, params: Mapping[str, Any] | None = None, lenient: bool = False) -> list[CheckError]:
        """What speaks against a filter: unknown keys, predicates that match nothing here, and a filter that can match nothing, or all.

        Nothing is raised for them.
        """
        expr = decode(where, lenient=lenient)
        expr = expr if params is None else bind(expr, params)
        findings = check_all(expr, self._store.schema())
        for finding in findings:
            finding.source = where if isinstance(where, str) else None
        return findings

    def schema(self) -> Schema:
        """The keys that the collection holds now, with kinds, counts and examples."""
        return self._store.schema()

    def add(
        self,
        ids: Sequence[str] | str,
        embeddings: Any = None,
        metadatas: Sequence[Mapping[str, Any] | None] | None = None,
        documents: Sequence[str | None] | None = None,
        uris: Sequence[str | None] | None = None,
    ) -> int:
        """Append records, column by column, and say how many were new: as in Chroma, a record whose id is there stays as it is.

        embeddings: rows of float32 of one dimension. Raises BackendError, and adds nothing, if any record is not sound.
        """
        records = records_from_columns(ids, embeddings, metadatas, documents, uris)
        return self._writable("add").add(records)

    def add_records(self, records: Iterable[Record]) -> int:
        """Append records as `add` does: those of `make_record`, of a file, or of another collection, without a way through columns.

        `for page in old.scan(include=["documents", "metadatas", "embeddings", "uris"]): new.add_records(page)` copies one.
        """
        given = [*records] if isinstance(records, Iterable) else [records]
        for i, record in enumerate(given):
            if not isinstance(record, Record):
                raise CheckError("WQ314", f"a record is a Record, got {describe_type(record)}", path=f"[{i}]", hint="make one: whereql.make_record(id, metadata={…})")
        return self._writable("add").add(given)

    def upsert(
        self,
        ids: Sequence[str] | str,
        embeddings: Any = None,
        metadatas: Sequence[Mapping[str, Any] | None] | None = None,
        documents: Sequence[str | None] | None = None,
        uris: Sequence[str | None] | None = None,
    ) -> int:
        """Write records, column by column: new ones at the end, others in their place, and say how many.

        A column that is left out, or null, keeps its value; metadata merges key by key, and a null (or `[]`) drops the key.
        """
        records = records_from_columns(ids, embeddings, metadatas, documents, uris)
        changes = [Change(record, _removed_keys(metadatas[i] if metadatas else None)) for i, record in enumerate(records)]
        return self._writable("upsert").upsert(changes)

    def delete(
        self,
        where: Where | None = None,
        *,
        ids: Sequence[str] | str | None = None,
        where_document: Mapping[str, Any] | Expr | None = None,
        params: Mapping[str, Any] | None = None,
        all: bool = False,
        lenient: bool = False,
    ) -> int:
        """Delete the records that match, and say how many. Raises CheckError for a filter that spares nothing, unless `all`."""
        filter = self._prepared(where, where_document, params, lenient)
        wanted = _ids(ids)
        if wanted is None and not all and implies(Const(True), filter.where).is_yes:
            raise CheckError("WQ315", "this would delete every record", hint="say so with all=True, or pass a filter or ids")
        writable = self._writable("delete")
        return run_delete(writable, self._store, filter.plan(wanted, None, 0, ()))

    def close(self) -> None:
        """Let go of files and connections; a closed collection answers nothing more. Closing it again is fine."""
        if self._guard is not None:
            self._guard.close()
            self._guard = self._filters = None

    def __enter__(self) -> Collection:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    aget, acount, aexecute, aexplain, aschema = _twin(get), _twin(count), _twin(execute), _twin(explain), _twin(schema)
    aadd, aadd_records, aupsert, adelete = _twin(add), _twin(add_records), _twin(upsert), _twin(delete)

    async def ascan(self, where: Where | None = None, **arguments: Any) -> AsyncIterator[GetResponse]:
        """`scan` for async programs; arguments: as there."""
        import asyncio  # see _twin

        pages = await asyncio.to_thread(lambda: self.scan(where, **arguments))
        try:
            while (page := await asyncio.to_thread(next, pages, None)) is not None:
                yield page
        finally:
            await asyncio.to_thread(getattr(pages, "close", lambda: None))

    def _prepared(self, where: Where | None, where_document: Mapping[str, Any] | Expr | None, params: Mapping[str, Any] | None, lenient: bool) -> Prepared:
        """The filter of a call, ready to be asked."""
        if where_document is None and params is None and (known := self._known()) is not None:
            if where is None or type(where) is str:
                return known.of_text(where)
            if isinstance(where, Expr):
                return known.of_filter(where, is_closed=False)
        return self._of_filter(closed(where, where_document, params, lenient))

    def _of_filter(self, where: Expr) -> Prepared:
        known = self._known()
        return Prepared(self._store, None, where) if known is None else known.of_filter(where)

    def _known(self) -> Known | None:
        """What is known of filters on the backend as it is now; None where finding out how it is would cost too much."""
        store, known = self._guard or self._store, self._filters  # where it is closed, the latter says so
        if known is None and not store.cheap_schema:
            return None
        schema = store.schema()
        if known is None or known.schema is not schema:  # a cheap one is the same object until something changes
            known = self._filters = Known(store, schema)
        return known

    def _writable(self, operation: str) -> WritableBackend:
        backend = self.backend
        if isinstance(backend, WritableBackend):
            return self._store
        has = [name for name in ("add", "upsert", "delete") if hasattr(backend, name)]
        lacks = [name for name in ("add", "upsert", "delete") if name not in has]
        hint = "a file is read only; records that change live in memory:, or in a store"
        if has:
            hint = f"{type(backend).__name__} has {' and '.join(has)}, but lacks {' and '.join(lacks)}"
        raise BackendError("WQ713", f"this collection can't be written, so {operation} is not possible", hint=hint)


def _removed_keys(metadata: Mapping[str, Any] | None) -> frozenset[str]:
    return frozenset(key for key, value in (metadata or {}).items() if value is None or (isinstance(value, (list, tuple)) and not value))


def _warn(messages: tuple[str, ...]) -> None:
    for message in messages:
        warnings.warn(message, WhereqlWarning, stacklevel=3)


def _count(value: object, name: str) -> int:
    if type(value) is not int or value < 0:
        raise CheckError("WQ314", f"{name} is a whole number from 0 on, got {quote(repr(value))}", hint=f"leave {name} out for none")
    return value


def _listed(value: Sequence[str] | str, name: str) -> tuple[str, ...]:
    """The values of an argument that is a list; a string stands for itself."""
    if type(value) is list or type(value) is tuple:
        return tuple(value)
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Iterable) or isinstance(value, (bytes, Mapping)):
        raise CheckError("WQ314", f"{name} is a list of strings, got {describe_type(value)}", path=name, hint=f"write {name}=[…], or leave it out")
    return tuple(value)


def _ids(ids: Sequence[str] | str | None) -> tuple[str, ...] | None:
    if ids is None:
        return None
    wanted = _listed(ids, "ids")
    check_items(len(wanted), path="ids")
    try:
        if "".join(wanted).isascii():  # thirty times as fast as the checks below
            return wanted
    except TypeError:  # told below, with its place
        pass
    for i, id in enumerate(wanted):
        if not isinstance(id, str):
            raise CheckError("WQ314", f"an id is a string, got {describe_type(id)}", path=f"ids[{i}]", hint="convert it with str()")
        check_text_value(id, path=f"ids[{i}]")
    return wanted


def _include(include: Sequence[str]) -> tuple[str, ...]:
    if include is DEFAULT_INCLUDE:
        return DEFAULT_INCLUDE
    names = _listed(include, "include")
    for name in names:
        if name not in COLUMNS:
            hint = did_you_mean(str(name), COLUMNS) or f"the columns are {', '.join(COLUMNS)}"
            raise CheckError("WQ314", f"there is no column {quote(str(name))}", path="include", hint=hint)
    return names
