"""JSON as the standard has it, nothing more: a mistake is told in words, with its position.

Python's decoder takes NaN, keeps the last of two equal keys, and stops at deep nesting and long numbers with errors
of its own. Its speed is kept: only a text that it stumbled over is searched for the reason, by a scan over the tokens.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from whereql.source import line_and_column, quote


class JsonError(Exception):
    """A text that is no JSON: what is wrong and what to do, at a position of the text (None where unknown)."""

    def __init__(self, message: str, hint: str, position: int | None) -> None:
        super().__init__(message)
        self.message, self.hint, self.position = message, hint, position


class _Stumbled(ValueError):
    """Raised in a hook of the decoder, which can't know the position."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Stumbled
    return made


def _constant(name: str) -> object:
    raise _Stumbled


_decode = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant).decode


def parse_json(text: str) -> object:
    """The value of a JSON text. Raises JsonError, also for two equal keys in an object, and for NaN and its like."""
    try:
        return _decode(text)
    except json.JSONDecodeError as error:
        raise in_words(error, text) from None
    except (ValueError, RecursionError):
        raise _stumbling_block(text) from None


class _Words(NamedTuple):
    says: str
    message: str
    hint: str
    found: bool = True


_TRAILING = _Words("Illegal trailing comma", "a comma stands before the end", "leave out the last comma", found=False)
_WORDS = (
    _Words("Expecting value", "expected a value", "values are \"text\", numbers, true, false, null, […] and {…}"),
    _Words("Expecting property name", "expected a key in double quotes", 'write {"key": value, …}'),
    _Words("Expecting ':'", "expected ':' after the key", 'write {"key": value, …}'),
    _Words("Expecting ','", "expected ',' or the end of the list or object", "is a comma, a bracket or the backslash before a quote missing?"),
    _TRAILING,
    _Words("Unterminated string", "a string begins here and never ends", 'close it with "', found=False),
    _Words("Invalid control character", "a string holds a bare control character", "write \\n for a line break, \\t for a tab", found=False),
    _Words("Invalid \\", "this is no escape", 'JSON has \\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four digits'),
    _Words("Unexpected UTF-8 BOM", "the text begins with a byte order mark", "save it without one", found=False),
    _Words("Extra data", "the value ends before this", "join several values with commas in […], or write one per line in a .jsonl file"),
)
_FOUND = re.compile(r"\w{1,20}|\\.|\S")
_UNKNOWN = _Words("", "the text is no JSON", "check it with a JSON tool")


def in_words(error: json.JSONDecodeError, text: str) -> JsonError:
    """What Python's decoder found, in words that need no Python, at the place where a person would look."""
    words = next((words for words in _WORDS if error.msg.startswith(words.says)), _UNKNOWN)
    if not words.found:
        return JsonError(words.message, words.hint, error.pos)
    found = _FOUND.search(text, error.pos)
    start = found.start() if found else len(text)
    before = text[:start].rstrip()
    if before.endswith(",") and text[start : start + 1] in ("}", "]"):  # Python says so itself from 3.13 on
        return JsonError(_TRAILING.message, _TRAILING.hint, len(before) - 1)
    shown = f", found {quote(found[0])}" if found else ", found the end"
    return JsonError(words.message + shown, words.hint, start)


_TOKEN = re.compile(
    r'"(?P<string>(?:[^"\\]++|\\.)*+)(?:"|\Z)(?P<colon>[ \t\n\r]*:)?'
    r"|[{}\[\]]|NaN|-?Infinity|(?<![\d.eE+-])-?\d{400,}+(?![.eE])",
    re.S,
)
_DEEP = 100  # no record needs ten levels


def _stumbling_block(text: str) -> JsonError:
    """What the decoder stumbled over, from the start of the text up to there, where all is well-formed."""
    open_keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        start = token[0]
        if token["colon"] is not None and open_keys:
            key = _unescaped(token["string"])
            if key in open_keys[-1]:
                return JsonError(f"the key {quote(key)} stands twice in one object", "keep one of the two", token.start())
            open_keys[-1].add(key)
        elif start in ("{", "["):
            open_keys.append(set())
            if len(open_keys) > _DEEP:
                return JsonError(f"the value is nested deeper than {_DEEP} levels", "a record takes a few levels only", token.start())
        elif start in ("}", "]"):
            del open_keys[-1:]
        elif token["string"] is None:
            return JsonError(*_number_words(start), token.start())
    return JsonError("the text is no JSON that can be read", "check it with a JSON tool", None)


def _unescaped(string: str) -> str:
    try:
        return str(json.loads(f'"{string}"', strict=False))
    except ValueError:
        return string


def _number_words(token: str) -> tuple[str, str]:
    if token[-1].isdigit():
        return f"a number of {len(token.lstrip('-')):,} digits is beyond the doubles", "write it as a string"
    return f"JSON has no {token}", "write null, or leave the key out"


def place_words(text: str, position: int) -> tuple[int, str]:
    """The line of a position in a text, counted from 1, and its column for the end of a message."""
    line, column = line_and_column(text, position)
    return line, f"(column {column:,})"
