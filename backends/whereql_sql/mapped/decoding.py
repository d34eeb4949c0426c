"""Foreign values as values of a record: one rule for each, on which what is asked in SQL agrees.

>>> json_value([1, None, 2.5]), json_value([None]), json_value({"a": 1}), json_value([1, "a"])
([1.0, 2.5], None, {'a': 1}, (1, 'a'))

Two values that no record of whereql's own has may appear: NaN, for whatever is no finite double, and what is present but
equal to nothing: an object stays a dict, and an array of several kinds is a tuple, since a list is what `HAS` looks into.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from whereql.errors import BackendError
from whereql.records import SPARSE, Value, stored_kind
from whereql.values import INT_MAX, INT_MIN

OTHER = "other"
_LONGEST_INT = 400  # digits; more are beyond the doubles, and int() would refuse some
_SURROGATE = re.compile("[\ud800-\udfff]")


def kind_of(value: Any) -> str:
    """The kind of a value as a schema names it: those of `stored_kind`, and `other`."""
    if isinstance(value, tuple) or (isinstance(value, dict) and value.get("#type") != SPARSE):
        return OTHER
    return stored_kind(value)


def finite(number: float) -> float:
    """A double, and NaN for an infinity: what is no finite double equals and orders to nothing."""
    return number if math.isfinite(number) else math.nan


def int_or_double(number: int) -> int | float:
    """An int in int64, and the nearest double beyond."""
    if INT_MIN <= number <= INT_MAX:
        return number
    try:
        return float(number)
    except OverflowError:
        return math.nan


def _json_int(token: str) -> int | float:
    return int_or_double(int(token)) if len(token) < _LONGEST_INT else math.nan


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        made.setdefault(key, value)
    return made


def _decoder(hook: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> Callable[[str], Any]:
    return json.JSONDecoder(
        object_pairs_hook=hook, parse_int=_json_int, parse_float=lambda token: finite(float(token)), parse_constant=lambda name: math.nan, strict=False
    ).decode


# Of two equal keys in an object that one counts which the database's own functions find.
DECODERS: dict[str, Callable[[str], Any]] = {"first": _decoder(_first_wins), "last": _decoder(dict)}


def parse_json(stored: Any, decode: Callable[[str], Any]) -> Any:
    """What a JSON column holds, as Python data; None for what is no JSON. SQLite may hold a number or bytes there, as they are."""
    if isinstance(stored, bytes):
        try:
            stored = stored.decode()
        except UnicodeDecodeError:
            return None
    if not isinstance(stored, str):
        return stored
    try:
        found = decode(stored)
    except RecursionError:
        raise BackendError("WQ716", "a JSON value is nested deeper than can be read", hint="leave its column out, or store it flatter") from None
    except ValueError:
        return None
    return _without_surrogates(found) if "\\u" in stored else found


def _without_surrogates(value: Any) -> Any:
    """The value with U+FFFD for each lone surrogate, which is half a character and has no UTF-8 form."""
    match value:
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case list():
            return [_without_surrogates(each) for each in value]
        case dict():
            return {_without_surrogates(key): _without_surrogates(each) for key, each in value.items()}
    return value


def json_value(value: Any) -> Any:
    """A JSON value under a key, as a record has it; None for a missing one."""
    if isinstance(value, float):
        return finite(value)
    return array_value(value) if isinstance(value, list) else value


def array_value(elements: Iterable[Any]) -> Any:
    """An array: NULL left out, ints beside doubles made doubles, None where nothing is left, a tuple for several kinds."""
    present = [each for each in elements if each is not None]
    kinds = {type(each) for each in present}
    if kinds == {int, float}:
        return [float(each) for each in present]
    if len(kinds) == 1 and not kinds & {dict, list}:
        return present
    return tuple(present) or None


def json_keys(found: Any) -> dict[str, Value]:
    """The keys of a JSON object; of anything else, none."""
    if not isinstance(found, dict):
        return {}
    kept = ((key, json_value(value)) for key, value in found.items())
    return {key: value for key, value in kept if value is not None}
