"""What Meilisearch's documentation and its open source say that a filter finds: by documentation, not executed.

A parser of its own, apart from whereql's, of the grammar that the source states.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from whereql.records import Record

_TOKEN = re.compile(r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[\w.-]+)|(?P<sign>!=|[<>]=?|[=()\[\],]))""", re.DOTALL)

Test = Callable[[dict[str, Any]], bool]


def tokenize(source: str) -> list[tuple[str, str]]:
    """The tokens: keywords and signs as they are, a word or what is in quotes as `value`. Raises ValueError for what is none."""
    found: list[tuple[str, str]] = []
    at = 0
    while source[at:].strip():
        match = _TOKEN.match(source, at)
        if match is None:
            raise ValueError(f"no token at {at}: {source!r}")
        kind = str(match.lastgroup)
        text = match.group(kind)
        words = ("AND", "OR", "IN", "NOT", "TO", "EXISTS", "IS", "NULL", "EMPTY", "CONTAINS", "STARTS", "WITH")
        if kind == "quoted":
            found.append(("value", re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)))
        else:
            found.append(("keyword", text) if text in words else ("value", text) if kind == "word" else (kind, text))
        at = match.end()
    return found


def find(source: str, records: Sequence[Record]) -> list[str]:
    """The ids of the records that a filter finds."""
    parser = _Parser(tokenize(source))
    test: Test = parser.disjunction() if parser.tokens else lambda row: True
    assert parser.at == len(parser.tokens), source
    return [record.id for record in records if test(_fields(record))]


def _fields(record: Record) -> dict[str, Any]:
    own = {"id": record.id, "document": record.document, "uri": record.uri}
    return {**(record.metadata or {}), **{name: value for name, value in own.items() if value is not None}}


def normalized(text: str) -> str:
    """Without case and accents, and cut to what a key of the index holds."""
    plain = "".join(character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character))
    return plain.lower().encode()[:468].decode(errors="ignore")


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0

    def is_next(self, *texts: str) -> bool:
        following = self.tokens[self.at : self.at + len(texts)]
        return [text for kind, text in following if kind != "value"] == list(texts)

    def skip(self, *texts: str) -> bool:
        if self.is_next(*texts):
            self.at += len(texts)
            return True
        return False

    def value(self) -> str:
        kind, text = self.tokens[self.at]
        assert kind == "value", text
        self.at += 1
        return text

    def disjunction(self) -> Test:
        parts = [self.conjunction()]
        while self.skip("OR"):
            parts.append(self.conjunction())
        return lambda row: any(part(row) for part in parts)

    def conjunction(self) -> Test:
        parts = [self.negation()]
        while self.skip("AND"):
            parts.append(self.negation())
        return lambda row: all(part(row) for part in parts)

    def negation(self) -> Test:
        if self.skip("NOT"):
            inner = self.negation()
            return lambda row: not inner(row)
        if self.skip("("):
            test = self.disjunction()
            assert self.skip(")")
            return test
        return self.condition()

    def condition(self) -> Test:
        name = self.value()
        if self.skip("EXISTS"):
            return lambda row: name in row
        if self.skip("NOT", "EXISTS"):
            return lambda row: name not in row
        if self.skip("IS", "NULL") or self.skip("IS", "NOT", "NULL"):
            is_not = self.tokens[self.at - 2][1] == "NOT"
            return lambda row: is_not  # no record here stores null
        if self.skip("IS", "EMPTY") or self.skip("IS", "NOT", "EMPTY"):
            is_not = self.tokens[self.at - 2][1] == "NOT"
            return lambda row: (row.get(name) in ("", [], {})) is not is_not
        if self.skip("STARTS", "WITH"):
            start = normalized(self.value())
            return lambda row: any(isinstance(item, str) and normalized(item).startswith(start) for item in _items(row, name))
        if self.skip("CONTAINS"):
            part = normalized(self.value())
            return lambda row: any(isinstance(item, str) and part in normalized(item) for item in _items(row, name))
        if self.is_next("IN") or self.is_next("NOT", "IN"):
            is_not = self.skip("NOT")
            assert self.skip("IN") and self.skip("[")
            values = []
            while not self.skip("]"):
                values.append(self.value())
                self.skip(",")
            return lambda row: any(_equal(item, value) for item in _items(row, name) for value in values) is not is_not
        sign = self.tokens[self.at][1]
        self.at += 1
        value = self.value()
        if sign in ("=", "!="):
            return lambda row: any(_equal(item, value) for item in _items(row, name)) is (sign == "=")
        return lambda row: any(_in_order(item, sign, value) for item in _items(row, name))


def _items(row: dict[str, Any], name: str) -> list[Any]:
    value = row.get(name, [])
    return value if isinstance(value, list) else [] if isinstance(value, dict) else [value]


def _number(text: str) -> float | None:
    try:
        return float(text) if text.isascii() and text.strip() == text and "_" not in text else None
    except ValueError:
        return None


def _equal(item: Any, value: str) -> bool:
    if isinstance(item, (str, bool)):
        # whether an empty string is in the index of strings is nowhere said; here it is not
        return item != "" and normalized(str(item).lower() if isinstance(item, bool) else item) == normalized(value)
    return _number(value) is not None and float(item) == _number(value)


def _in_order(item: Any, sign: str, value: str) -> bool:
    if isinstance(item, (str, bool)) or (bound := _number(value)) is None:
        return False
    return {"<": float(item) < bound, "<=": float(item) <= bound, ">": float(item) > bound, ">=": float(item) >= bound}[sign]
