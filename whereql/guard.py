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
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from whereql.ast import Predicate
from whereql.backend import Backend, Change, Query
from whereql.errors import BackendError, WhereqlError
from whereql.records import Record, Schema
from whereql.response import GetResponse
from whereql.source import visible
from whereql.support import Shape, Support

_OWN = (WhereqlError, Warning)  # a warning is raised where the program asked for that
_PASSWORD = re.compile(r"(://[^\s/@:]*):[^\s/@]*@")


class Guard:
    """A backend whose failures are WhereqlErrors: those that it raises itself as they are, others as a BackendError, with the cause chained.

    The methods of a store that can be written are here whether it has them or not: who calls them has looked.
    """

    cheap_schema: bool
    is_ordered: bool
    shape: Shape

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._backend: Any = backend  # which a stranger wrote: it may have, and answer, anything

    def __getattr__(self, name: str) -> Any:
        if name not in ("cheap_schema", "is_ordered", "shape"):  # read anew each time: a backend may know them only when it is connected
            raise AttributeError(name)
        try:
            return getattr(self._backend, name)
        except Exception as error:  # see _call
            raise self.failure(name, error) from error

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """The backend's answer. Raises BackendError where that is no Support."""
        said: Support = self._call("support", predicate, negated)
        if type(said) is not Support:
            from whereql.dialects.text.printer import print_filter  # a layer above: only to say it

            raise self._senseless(f"support of {print_filter(predicate)[:120]}", said, "a Support: EXACT, INEXACT or NONE")
        return said

    def get(self, query: Query) -> GetResponse:
        """The backend's answer."""
        found = self._call("get", query)
        if not isinstance(found, GetResponse):
            raise self._senseless("get", found, "a GetResponse: GetResponse.from_records makes one")
        return found

    def count(self, query: Query) -> int:
        """The backend's count."""
        found: int = self._call("count", query)
        return found

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The backend's pages."""
        pages = self._call("scan", query, sizes)
        if not isinstance(pages, Iterable):
            raise self._senseless("scan", pages, "an iterator of GetResponses")
        return _Pages(self, iter(pages))

    def schema(self) -> Schema:
        """The backend's schema."""
        found: Schema = self._call("schema")
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

    def failure(self, what: str, error: Exception) -> BackendError:
        """What a stranger's exception is to who asked."""
        kind = type(self._backend)
        reason = _PASSWORD.sub(r"\1:…@", " ".join(str(error).split()))
        message = visible(f"the backend {kind.__name__} failed in {what}: {type(error).__name__}: {reason}"[:500])
        return BackendError("WQ715", message, hint=f"a backend raises WhereqlErrors only: tell the author of {kind.__module__}")

    def _senseless(self, what: str, answer: object, due: str) -> BackendError:
        shown = visible(f"the backend {type(self._backend).__name__} answered {repr(answer)[:80]} to {what}")
        return BackendError("WQ716", shown, hint=f"it answers {due}")


class _Pages:
    """The pages of a backend, behind its guard."""

    def __init__(self, guard: Guard, pages: Iterator[GetResponse]) -> None:
        self._guard, self._pages = guard, pages

    def __iter__(self) -> Iterator[GetResponse]:
        return self

    def __next__(self) -> GetResponse:
        try:
            return next(self._pages)
        except (StopIteration, *_OWN):
            raise
        except Exception as error:  # see _call
            raise self._guard.failure("scan", error) from error

    def close(self) -> None:
        """Let the backend know that there are pages enough."""
        if (close := getattr(self._pages, "close", None)) is not None:
            close()
