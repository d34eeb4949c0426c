"""The textual filter language as a dialect: `decode` reads it, `encode` prints it. Its reference is `grammar/README.md`.

>>> encode(decode("year >= 2020 and not topics has 'ml'"))
"year >= 2020 AND topics NOT HAS 'ml'"
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

from whereql.ast import Expr, Predicate, predicates
from whereql.binding import check_patterns
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.text.size import check_size
from whereql.errors import ParseError, WhereqlError
from whereql.limits import Limits, check_text, current_limits
from whereql.operators import PATTERN
from whereql.source import Span
from whereql.values import Literal, check_text_value, describe_type


def decode(text: str) -> Expr:
    """The filter that a text says, its parameters unbound. An empty text matches every record.

    Raises ParseError for what is not in the language, CheckError for an operand of the wrong kind or a malformed pattern,
    LimitError for too large a text. Results are cached by text.
    """
    if not isinstance(text, str):
        raise TypeError(f"a text is needed, not {type(text).__name__}")
    check_text(len(text))
    read = _decode if len(text) <= _CACHED else _decode.__wrapped__
    return read(text, current_limits())


_CACHED = 32_000  # characters; larger texts and their trees would fill the memory


@lru_cache(maxsize=256)
def _decode(text: str, limits: Limits) -> Expr:
    """limits: those in force, a part of the key since a cached filter may be larger than lower limits allow."""
    if not text.isascii():
        check_text_value(text)
        check_text(len(text.encode()))
    try:
        if text.lstrip()[:1] == "{":
            start = len(text) - len(text.lstrip())
            hint = "pass where=json.loads(…), or --where-json on the command line"
            raise ParseError("WQ118", "this is JSON, not the text of a filter", span=Span(start, start + 1), hint=hint)
        check_size(text, limits)
        expr: Expr = _parser().parse(text)
        if _may_have_pattern(text):  # else a walk over the tree is saved
            for predicate in predicates(expr):
                if predicate.op in PATTERN and isinstance(predicate.operand, Literal):
                    _check_pattern(predicate, predicate.operand, text)
    except WhereqlError as error:
        error.source = error.source or text
        raise
    return expr


def _may_have_pattern(text: str) -> bool:
    lowered = text.lower()
    return "~" in lowered or "like" in lowered or "matches" in lowered


@lru_cache(maxsize=1)
def _parser() -> ModuleType:
    return import_module("whereql.dialects.text.parser")  # lark loads with the first text, not with whereql


def _check_pattern(predicate: Predicate, pattern: Literal, text: str) -> None:
    """`check_patterns`, with the place of a mistake in the filter and not in the pattern alone."""
    try:
        check_patterns(predicate)
    except WhereqlError as error:
        inside, whole = error.span, pattern.span
        if error.source is None or whole is None:
            raise
        as_written = text[whole.start + 1 : whole.end - 1] == pattern.value
        error.source = text
        error.span = Span(whole.start + 1 + inside.start, whole.start + 1 + inside.end) if inside and as_written else whole
        raise


def encode(expr: Expr) -> str:
    """The text of a filter, with the fewest parentheses; `decode` reads it back as the same filter."""
    from whereql.dialects.text.printer import print_filter

    return print_filter(expr)


def _read(source: Any, options: Options) -> Expr:
    if not isinstance(source, str):
        raise ParseError("WQ119", f"a filter of whereql's is a text, got {describe_type(source)}", hint="pass a string")
    return decode(source)


def _write(expr: Expr, options: Options) -> Translation:
    return Translation(encode(expr))


DIALECT = Dialect("whereql's text", _read, _write)
