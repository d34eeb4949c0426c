"""Source text, spans and caret excerpts: how every message points at what the user wrote.

>>> print(excerpt("year >= ", Span(8, 8)))
  1 | year >=
    |         ^
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

_WINDOW = 76
_CONTROL_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421", 0x09: " "}


class Span(NamedTuple):  # not a dataclass: a parser makes three for each predicate
    """A half-open range of code points in a source text: `text[start:end]`."""

    start: int
    end: int


make_span: Callable[[tuple[int, int]], Span] = partial(tuple.__new__, Span)  # of a start and an end, at half the time


def line_and_column(text: str, position: int) -> tuple[int, int]:
    """The 1-based line and column (both in code points) of a position in `text`."""
    line = text.count("\n", 0, position) + 1
    return line, position - text.rfind("\n", 0, position)


def excerpt(text: str, span: Span) -> str:
    """The source line on which `span` starts, with carets under all of the span on that line.

    A long line is cut to a window around the span; control characters are shown as one visible character each,
    so that no input can move the cursor or colour the terminal.
    """
    line_number, column = line_and_column(text, span.start)
    begin = span.start - column + 1
    stop = text.find("\n", span.start)
    line = text[begin : len(text) if stop < 0 else stop].rstrip("\r")
    left = column - 1
    right = max(left + 1, min(span.end - begin, len(line)))
    lead = tail = ""
    if len(line) > _WINDOW:
        cut = max(0, min(left - _WINDOW // 3, len(line) - _WINDOW))
        lead = "…" if cut else ""
        tail = "…" if cut + _WINDOW < len(line) else ""
        line, left, right = line[cut : cut + _WINDOW], left - cut, min(right - cut, _WINDOW)
    shown = visible(line)
    indent = _width(lead) + _width(shown[:left])
    carets = "^" * max(1, _width(shown[left:right]))
    margin = f"{line_number:>3} | "
    return f"{margin}{lead}{shown.rstrip()}{tail}\n{' ' * (len(margin) - 2)}| {' ' * indent}{carets}"


def visible(text: str) -> str:
    """`text` with each control, format or surrogate character replaced by one harmless visible character."""
    shown = text.translate(_CONTROL_PICTURES)
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else "\ufffd" for c in shown)


def quote(text: str, limit: int = 40) -> str:
    """`text` in single quotes for a message: harmless, on one line, and cut after `limit` code points."""
    shown = visible(text[: limit + 1])
    return f"'{shown}'" if len(shown) <= limit else f"'{shown[:limit]}…'"


def _width(text: str) -> int:
    """Terminal columns that `text` takes: 2 for a wide character, 0 for a combining one."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
