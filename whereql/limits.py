"""How large a filter may be: limits that hold in every decoder and constructor, and how to change them.

>>> with use_limits(predicates=2):
...     try:
...         whereql.parse("a = 1 AND b = 2 AND c = 3")
...     except whereql.LimitError as error:
...         print(error.message)
the filter has 3 predicates, more than the limit of 2
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from whereql.errors import LimitError
from whereql.source import Span

MAX_DEPTH = 200  # deeper trees would make hash, repr and == meet the interpreter's recursion limit


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: the parse cache is keyed by it, and must be fast
class Limits:
    """The limits in force.

    depth: levels of AND, OR and NOT (at most 200); predicates: in one filter; text: bytes of UTF-8 of a filter's source;
    items: literals in one list, and ids in one request; pattern: bytes of UTF-8 in one LIKE or MATCHES pattern;
    body: bytes of a JSON request (a Chroma server takes 40 MiB).
    """

    depth: int = 128
    predicates: int = 10_000
    text: int = 1 << 20
    items: int = 100_000
    pattern: int = 16 * 1024
    body: int = 40 << 20


_current: ContextVar[Limits] = ContextVar("whereql_limits", default=Limits())  # noqa: B039 - Limits is immutable


current_limits: Callable[[], Limits] = _current.get  # no function around it: every call of a collection asks
"""The limits in force in this thread or task."""


@contextmanager
def use_limits(**changes: int) -> Iterator[Limits]:
    """Change limits within a `with` block, in this thread or task only.

    changes: fields of `Limits`. Raises ValueError for a negative limit or a depth over 200.
    """
    changed = replace(_current.get(), **changes)
    if changed.depth > MAX_DEPTH:
        raise ValueError(f"depth is at most {MAX_DEPTH}")
    if min(changes.values(), default=0) < 0:
        raise ValueError("a limit is not negative")
    token = _current.set(changed)
    try:
        yield changed
    finally:
        _current.reset(token)


def check_depth(depth: int, span: Span | None = None) -> None:
    """Raise LimitError if a filter has more levels than the limit."""
    if depth > (limit := _current.get().depth):
        raise LimitError(
            "WQ401",
            f"the filter is nested deeper than {limit} levels",
            span=span,
            hint="a list of values says IN (…) in one level",
        )


def check_predicates(count: int, span: Span | None = None) -> None:
    """Raise LimitError if a filter has more predicates than the limit."""
    if count > (limit := _current.get().predicates):
        raise LimitError(
            "WQ402",
            f"the filter has {count:,} predicates, more than the limit of {limit:,}",
            span=span,
            hint="many values of one key are one predicate: key IN (…)",
        )


def check_items(count: int, span: Span | None = None, path: str | None = None) -> None:
    """Raise LimitError if a list has more items than the limit."""
    if count > (limit := _current.get().items):
        raise LimitError(
            "WQ403",
            f"the list has {count:,} values, more than the limit of {limit:,}",
            span=span,
            path=path,
            hint="run it in parts, or raise the limit: with whereql.use_limits(items=…)",
        )


def check_text(size: int) -> None:
    """Raise LimitError if a filter's source is longer than the limit (bytes; code points serve as a lower bound)."""
    if size > (limit := _current.get().text):
        raise LimitError(
            "WQ404",
            f"the filter has {size:,} bytes, more than the limit of {limit:,}",
            hint="pass long lists as parameters: key IN :values",
        )


def check_pattern(pattern: str, span: Span | None = None) -> None:
    """Raise LimitError if a LIKE or MATCHES pattern is longer than the limit."""
    limit = _current.get().pattern
    if len(pattern) > limit or (len(pattern) * 4 > limit and len(pattern.encode()) > limit):
        raise LimitError(
            "WQ406",
            f"the pattern is longer than {limit:,} bytes",
            span=span,
            hint="search for a shorter part with CONTAINS",
        )


def check_body(size: int) -> None:
    """Raise LimitError if a request body is longer than the limit (bytes)."""
    if size > (limit := _current.get().body):
        raise LimitError("WQ407", f"the request has {size:,} bytes, more than the limit of {limit:,}", hint="send it in parts")
