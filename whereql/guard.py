"""Between a collection and its backend: whatever a stranger's code raises, or answers, that makes no sense is told as one clear error.

>>> class Torn:
...     def count(self, query):
...         return {}["total"]
>>> try:
...     Guard(Torn()).count(Query())
... except BackendError as error:
...     print(error.code, error.message)
WQ715 the backend Torn failed in count: KeyError: 'total'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from whereql.ast import Predicate
from whereql.backend import Backend, Change, Query
from whereql.errors import BackendError, WhereqlError
from whereql.records import Record, Schema
from whereql.response import Columns, GetResponse
from whereql.source import visible
from whereql.support import Shape, Support

_OWN = (WhereqlError, Warning)  # a warning is raised where the program asked for that
_PASSWORD = re.compile(r"(://[^\s/@:]*):[^\s/@]*@")


def _attribute(name: str) -> Any:
    def read(guard: Guard) -> Any:
        try:
            return getattr(guard._backend, name)
        except Exception as error:  # see _call
            raise guard.failure(name, error) from error

    return property(read)


class Guard:
    """A backend whose failures are WhereqlErrors: those that it raises itself as they are, others as a BackendError, with the cause chained.

    The methods of a store that can be written are here whether it has them or not: who calls them has looked.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._backend: Any = backend  # which a stranger wrote: it may have, and answer, anything

    # Read anew each time: a backend may know them only when it is connected.

    cheap_schema: bool = _attribute("cheap_schema")
    is_ordered: bool = _attribute("is_ordered")
    shape: Shape = _attribute("shape")

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """The backend's answer. Raises BackendError where that is no Support."""
        said: Support = self._call("support", predicate, negated)
        if type(said) is not Support:
            from whereql.dialects.text.printer import print_filter  # a layer above: only to say it

            raise self.senseless(f"support of {print_filter(predicate)[:120]}", said, "a Support: EXACT, INEXACT or NONE")
        return said

    def get(self, query: Query) -> GetResponse:
        """The backend's answer."""
        try:  # what is asked most goes without _call
            found = self._backend.get(query)
        except _OWN:
            raise
        except Exception as error:
            raise self.failure("get", error) from error
        if type(found) is not GetResponse and not isinstance(found, GetResponse):
            raise self.senseless("get", found, "a GetResponse: GetResponse.from_records makes one")
        return self.guarded(found)

    def count(self, query: Query) -> int:
        """The backend's count."""
        try:  # see get
            found: int = self._backend.count(query)
        except _OWN:
            raise
        except Exception as error:
            raise self.failure("count", error) from error
        return found

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The backend's pages."""
        pages = self._call("scan", query, sizes)
        if not isinstance(pages, Iterable):
            raise self.senseless("scan", pages, "an iterator of GetResponses")
        return _Pages(self, iter(pages))

    def schema(self) -> Schema:
        """The backend's schema."""
        try:  # see get
            found: Schema = self._backend.schema()
        except _OWN:
            raise
        except Exception as error:
            raise self.failure("schema", error) from error
        return found

    def native(self, query: Query) -> str | None:
        """The backend's own language."""
        found: str | None = self._call("native", query)
        return found

    def close(self) -> None:
        """Close the backend."""
        self._call("close")

    def add(self, records: Sequence[Record]) -> int:
        """Add to the backend."""
        found: int = self._call("add", records)
        return found

    def upsert(self, changes: Sequence[Change]) -> int:
        """Change what the backend holds."""
        found: int = self._call("upsert", changes)
        return found

    def delete(self, query: Query) -> int:
        """Delete from the backend."""
        found: int = self._call("delete", query)
        return found

    def _call(self, method: str, *args: Any) -> Any:
        try:
            return getattr(self._backend, method)(*args)
        except _OWN:
            raise
        except Exception as error:  # not KeyboardInterrupt and its like
            raise self.failure(method, error) from error

    def guarded(self, response: GetResponse) -> GetResponse:
        """A response of the backend; where its columns are made later, they are made behind the guard."""
        columns = response._columns
        if columns is not None and type(columns) is not _Columns:
            object.__setattr__(response, "_columns", _Columns(self, columns))
        return response

    def failure(self, what: str, error: Exception) -> BackendError:
        """What a stranger's exception is to who asked."""
        kind = type(self._backend)
        reason = _PASSWORD.sub(r"\1:…@", " ".join(str(error).split()))
        message = visible(f"the backend {kind.__name__} failed in {what}: {type(error).__name__}: {reason}"[:500])
        return BackendError("WQ715", message, hint=f"a backend raises WhereqlErrors only: tell the author of {kind.__module__}")

    def senseless(self, what: str, answer: object, due: str) -> BackendError:
        """What an answer that is none is to who asked."""
        shown = visible(f"the backend {type(self._backend).__name__} answered {repr(answer)[:80]} to {what}")
        return BackendError("WQ716", shown, hint=f"it answers {due}")


class _Columns:
    """The columns that a backend makes when they are read, behind its guard."""

    __slots__ = ("_columns", "_guard")

    def __init__(self, guard: Guard, columns: Columns) -> None:
        self._guard, self._columns = guard, columns

    def __len__(self) -> int:
        size: int = self._answer("get", self._columns.__len__)
        return size

    def column(self, name: str) -> Any:
        """See Columns."""
        try:  # see Guard.get
            return self._columns.column(name)
        except _OWN:
            raise
        except Exception as error:
            raise self._guard.failure("get", error) from error

    def take(self, rows: Sequence[int]) -> _Columns:
        """See Columns."""
        return _Columns(self._guard, self._answer("get", self._columns.take, rows))

    def _answer(self, what: str, method: Callable[..., Any], *args: Any) -> Any:
        try:
            return method(*args)
        except _OWN:
            raise
        except Exception as error:  # see Guard._call
            raise self._guard.failure(what, error) from error


class _Pages:
    """The pages of a backend, behind its guard."""

    def __init__(self, guard: Guard, pages: Iterator[GetResponse]) -> None:
        self._guard, self._pages = guard, pages

    def __iter__(self) -> Iterator[GetResponse]:
        return self

    def __next__(self) -> GetResponse:
        try:
            page = next(self._pages)
        except (StopIteration, *_OWN):
            raise
        except Exception as error:  # see _call
            raise self._guard.failure("scan", error) from error
        if not isinstance(page, GetResponse):
            raise self._guard.senseless("scan", page, "GetResponses")
        return self._guard.guarded(page)

    def close(self) -> None:
        """Let the backend know that there are pages enough."""
        if (close := getattr(self._pages, "close", None)) is not None:
            close()
