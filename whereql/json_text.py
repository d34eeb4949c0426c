"""JSON text as a strict server reads it: standard syntax only, every number kept in the kind of its spelling.

>>> read_json('{"a": 1, "b": 1.0, "c": -0}')
{'a': 1, 'b': 1.0, 'c': -0.0}
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from whereql.errors import WhereError
from whereql.limits import check_body

_DEEPEST = 127  # as in Chroma; and Python's own limit depends on how deep the caller stands
_LONGEST_INT = 20  # digits and sign of the longest int64; a longer one is a double to the server anyway


def read_json(text: str | bytes, *, what: str = "the request", once: frozenset[str] = frozenset()) -> Any:
    """The value of a JSON text; of a key that an object has twice, the last counts.

    once: keys that the outermost object must not have twice.
    Raises WhereError for anything that is not strict JSON, LimitError for too much of it.
    """
    check_body(len(text))
    outermost = _Repeated()
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        value = json.loads(
            decoded, parse_int=_read_int, parse_float=_read_float, parse_constant=_refuse_constant, object_pairs_hook=outermost.read
        )
        if decoded.count("[") + decoded.count("{") > _DEEPEST and _is_deep(value):
            raise RecursionError
        if "\\u" in decoded:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise _error(what, f"is not UTF-8 at byte {error.start}", hint="encode it as UTF-8") from None
    except UnicodeEncodeError:
        hint = "a character above U+FFFF is written as two \\u escapes, never as one of them"
        raise _error(what, "has a lone surrogate, which is half a character", hint=hint) from None
    except RecursionError:
        raise _error(what, f"is nested deeper than {_DEEPEST} levels", code="WQ401", hint="a list of values says $in in one level") from None
    except json.JSONDecodeError as error:
        raise _error(what, f"is not JSON: {_reason(error.msg)} at line {error.lineno}, column {error.colno}") from None
    except _NumberError as error:
        hint = "a number is finite, as in 1.5e9; leave out what has no value"
        raise _error(what, f"is not JSON: {error}", hint=hint) from None
    if isinstance(value, dict) and (repeated := next((key for key in outermost.keys if key in once), None)):
        raise WhereError("WQ214", f"the field {repeated} stands twice", path=f"$.{repeated}", hint="keep one of them")
    return value


def _is_deep(value: Any) -> bool:
    """Whether lists and objects are nested too deeply, found level by level."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


class _Repeated:
    """Makes each object of a JSON text, and knows which keys the last one had twice: that is the outermost."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def read(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        self.keys = []
        if len(fields) < len(pairs):
            seen: set[str] = set()
            self.keys = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]  # add() is None: it only remembers
        return fields


# The parser's messages, in words that need no Python.
_REASONS = {
    "Expecting value": "a value is missing",
    "Expecting property name enclosed in double quotes": "a key in double quotes is missing",
    "Illegal trailing comma before end of object": "a key in double quotes is missing",
    "Illegal trailing comma before end of array": "a value is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting ',' delimiter": "a comma or the end of the object or list is missing",
    "Unterminated string starting at": "a string is not closed that begins",
    "Invalid control character at": "a string has a raw control character",
    "Invalid \\escape": "a string has an unknown escape",
    "Invalid \\uXXXX escape": "a string has a malformed \\u escape",
    "Extra data": "there is something behind the value",
    "Unexpected UTF-8 BOM (decode using utf-8-sig)": "there is a byte order mark",
}


def _reason(message: str) -> str:
    return _REASONS.get(message) or _REASONS.get(message.removesuffix(": "), "it can't be read")


def _error(what: str, reason: str, code: str = "WQ213", hint: str = "write keys and strings in double quotes, and no comma at the end") -> WhereError:
    return WhereError(code, f"{what} {reason}", path="$", hint=hint)


class _NumberError(Exception):
    """A number that JSON or a double does not have."""


def _read_int(text: str) -> int | float:
    if text == "-0":
        return -0.0
    return int(text) if len(text) <= _LONGEST_INT else _read_float(text)


def _read_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _NumberError("a number is beyond the doubles")
    return number


def _refuse_constant(text: str) -> NoReturn:
    raise _NumberError(f"{text} is no number")
