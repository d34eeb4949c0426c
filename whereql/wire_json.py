"""JSON text as a strict server reads it: standard syntax only, every number kept in the kind of its spelling.

>>> read_json('{"a": 1, "b": 1.0, "c": -0}')
{'a': 1, 'b': 1.0, 'c': -0.0}
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from whereql.errors import LimitError, WhereError
from whereql.json_text import in_words
from whereql.limits import check_body
from whereql.source import line_and_column

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
        hint = "a list of values says $in in one level"
        raise LimitError("WQ401", f"{what} is nested deeper than {_DEEPEST} levels", path="$", hint=hint) from None
    except json.JSONDecodeError as error:
        found = in_words(error, decoded)
        line, column = line_and_column(decoded, found.position or 0)
        raise _error(what, f"is not JSON: {found.message} at line {line}, column {column}", hint=found.hint) from None
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


def _error(what: str, reason: str, hint: str) -> WhereError:
    return WhereError("WQ213", f"{what} {reason}", path="$", hint=hint)


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
