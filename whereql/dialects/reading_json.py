"""From JSON-ready data to the AST: what readers of JSON share. A place in the data is a path, such as `$.must[1].key`.

>>> literal_at(2.5, "$.k").value, step("a b")
(2.5, '["a b"]')
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from whereql.ast import Expr, Literal
from whereql.errors import UnsupportedError, WhereError, WhereqlError
from whereql.limits import check_depth, check_items
from whereql.source import quote, visible
from whereql.suggest import did_you_mean
from whereql.values import check_text_value, describe_type, literal, unwrap

_PLAIN_STEP = re.compile(r"[#$A-Za-z_0-9][A-Za-z_0-9:-]{0,40}")

Read = Callable[[Any, str, int], Expr]


def step(name: str) -> str:
    """A key as a step of a path: plain where it can be, else in brackets, cut and with nothing in it that a terminal obeys."""
    if _PLAIN_STEP.fullmatch(name):
        return f".{name}"
    shown = visible(name[:40]) + ("…" if len(name) > 40 else "")
    return f"[{json.dumps(shown, ensure_ascii=False)}]"


def read_value(read: Read, source: Any, path: str = "$") -> Expr:
    """The filter of a whole value. read: gets a value, its path and its depth. An error without a place gets the path of the whole."""
    try:
        return read(source, path, 1)
    except WhereqlError as error:
        error.path = error.path or path
        raise


def entries_at(value: Any, path: str, depth: int, due: str = "an object") -> Mapping[str, Any]:
    """An object whose keys are strings. Raises WhereError for anything else, LimitError where it is nested too deeply."""
    check_depth(depth)
    if not isinstance(value, Mapping):
        hint = "JSON text goes through json.loads first" if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") else f"write {due}"
        raise WhereError("WQ215", f"{due} is due, got {describe_type(value)}", path=path, hint=hint)
    check_items(len(value), path=path)
    for name in value:
        if not isinstance(name, str):
            raise WhereError("WQ215", f"a key is a string, got {describe_type(name)}", path=path, hint="convert the key to a string")
        check_text_value(name, path=path)
    return value


def list_at(value: Any, path: str, due: str = "a list") -> Sequence[Any]:
    """A list. Raises WhereError for anything else, LimitError for too long a one."""
    if not isinstance(value, (list, tuple)):
        raise WhereError("WQ215", f"{due} is due, got {describe_type(value)}", path=path, hint=f"write {due}: […]")
    check_items(len(value), path=path)
    return value


def literal_at(value: Any, path: str, due: str = "a string, a number or a bool") -> Literal:
    """A scalar as a literal. Raises WhereError for anything else, and for NaN, an infinity or an int outside int64."""
    value = unwrap(value)
    if not isinstance(value, (str, int, float)):
        raise WhereError("WQ215", f"{due} is due, got {describe_type(value)}", path=path, hint=f"write {due}")
    if isinstance(value, float) and not math.isfinite(value):
        raise WhereError("WQ215", "a number is finite", path=path, hint="write a finite number")
    try:
        return literal(value)
    except WhereqlError as error:
        raise WhereError("WQ215", error.message, path=path, hint=error.hint) from None


def literals_at(value: Any, path: str, due: str = "a list of values") -> tuple[Literal, ...]:
    """A list of scalars as literals. Raises as `list_at` and `literal_at` do."""
    return tuple(literal_at(item, f"{path}[{number}]") for number, item in enumerate(list_at(value, path, due)))


def fail(message: str, path: str, hint: str) -> NoReturn:
    """Raise WhereError: this is not the language."""
    raise WhereError("WQ215", message, path=path, hint=hint)


def refuse(title: str, what: str, path: str, hint: str) -> NoReturn:
    """Raise UnsupportedError: the language has it, but it is no filter of whereql's."""
    raise UnsupportedError("WQ504", f"{title}: no counterpart for {what.removesuffix(',')}", path=path, hint=hint)


def unknown(title: str, what: str, name: str, path: str, known: Sequence[str]) -> NoReturn:
    """Raise WhereError for a name that the language does not have. what: an operator, a clause …"""
    hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
    raise WhereError("WQ215", f"{title} has no {what} {quote(name)}", path=path, hint=hint)
