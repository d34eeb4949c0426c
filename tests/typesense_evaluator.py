"""What Typesense's documentation and its open source say that a `filter_by` finds: by documentation, not executed.

A parser of its own, apart from whereql's: its lexer goes from character to character as the source's does.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

from whereql.records import Record

Test = Callable[[dict[str, Any]], bool]


def tokenize(source: str) -> list[str]:
    """Conditions, parentheses, && and ||."""
    found: list[str] = []
    at = 0
    while at < len(source):
        if source[at] == " ":
            at += 1
        elif source[at] in "()":
            found.append(source[at])
            at += 1
        elif source[at : at + 2] in ("&&", "||"):
            found.append(source[at : at + 2])
            at += 2
        else:
            start, is_quoted = at, False
            while at < len(source) and (is_quoted or (source[at] not in "()" and source[at : at + 2] not in ("&&", "||"))):
                is_quoted ^= source[at] == "`"
                at += 1
            found.append(source[start:at].strip())
    return found


def find(source: str, records: Sequence[Record], *, finds_missing: bool) -> list[str]:
    """The ids that a filter finds. finds_missing: whether `!=` holds for documents without the field."""
    tokens = tokenize(source)
    if not tokens:
        return [record.id for record in records]
    test, rest = _row(tokens, finds_missing)
    assert not rest and len(tokens) <= 100, source
    return [record.id for record in records if test({**(record.metadata or {}), "id": record.id, "document": record.document, "uri": record.uri})]


def _row(tokens: list[str], finds_missing: bool) -> tuple[Test, list[str]]:
    """Conditions from left to right: && and || bind alike."""
    left, tokens = _one(tokens, finds_missing)
    while tokens and tokens[0] in ("&&", "||"):
        word = tokens[0]
        right, tokens = _one(tokens[1:], finds_missing)
        left = _joined(word, left, right)
    return left, tokens


def _joined(word: str, left: Test, right: Test) -> Test:
    return (lambda row: left(row) and right(row)) if word == "&&" else (lambda row: left(row) or right(row))


def _one(tokens: list[str], finds_missing: bool) -> tuple[Test, list[str]]:
    if tokens[0] == "(":
        test, rest = _row(tokens[1:], finds_missing)
        assert rest[0] == ")"
        return test, rest[1:]
    return condition(tokens[0], finds_missing), tokens[1:]


def parts(token: str) -> tuple[str, str, list[str]]:
    """The field of a condition, its operator, and its values."""
    name, colon, rest = token.partition(":")
    assert colon, token
    match = re.match(r"\s*(!=|>=|<=|=|>|<)\s*", rest)
    assert match, token
    text = rest[match.end() :].strip()
    values = split(text[1:-1]) if text[:1] == "[" and text[-1:] == "]" else split(text)[:1]
    return name.strip(), match[1], values


def split(text: str) -> list[str]:
    """The values of a list, backticks taken away, as the source does it."""
    values, buffer, is_quoted = [], "", False
    for at, character in enumerate(text):
        if character == "`":
            if at and text[at - 1] == "\\":
                buffer += character
            else:
                is_quoted = not (is_quoted and buffer)
        elif character == "," and not is_quoted:
            values.append(buffer.strip())
            buffer = ""
        else:
            buffer += character
    return [*values, buffer.strip()] if buffer else values


def words(text: str) -> list[str]:
    """A string as it is indexed: its words without case and signs."""
    found = ["".join(character for character in word if not character.isascii() or character.isalnum()).lower() for word in re.split(r"[ \n]", text)]
    return [word for word in found if word]


def condition(token: str, finds_missing: bool) -> Test:
    name, sign, values = parts(token)

    def test(row: dict[str, Any]) -> bool:
        value = row.get(name)
        items = value if isinstance(value, list) else [] if value is None or isinstance(value, dict) else [value]
        if sign == "!=":
            return not any(_equal(name, item, text) for item in items for text in values) if items else finds_missing
        if sign == "=":
            return any(_equal(name, item, text) for item in items for text in values)
        return any(_in_order(item, sign, values[0]) for item in items)

    return test


def _equal(name: str, item: Any, text: str) -> bool:
    if name == "id":
        return bool(item == text)
    if isinstance(item, str):
        return bool(words(text)) and words(item) == words(text)
    if isinstance(item, bool):
        return str(item).lower() == text
    low, dots, high = text.partition("..")
    if dots:
        return _in_order(item, ">=", low) and _in_order(item, "<=", high)
    return text not in ("true", "false") and _is_number(text) and _rounded(item, item) == _rounded(_number(text), item)


def _in_order(item: Any, sign: str, text: str) -> bool:
    if isinstance(item, (str, bool)) or not _is_number(text):
        return False
    one, other = _rounded(item, item), _rounded(_number(text), item)
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign]


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) is not None


def _number(text: str) -> Any:
    return float(text) if "." in text else int(text)


def _rounded(number: Any, like: Any) -> Any:
    """A number as a field holds it: int64, or a float of 32 bits."""
    if isinstance(like, int):
        return number
    try:
        return struct.unpack("f", struct.pack("f", float(number)))[0]
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
