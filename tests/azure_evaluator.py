"""What the documentation of Azure AI Search says that its `$filter` finds: its grammar and its table of null, not executed.

A parser of its own, apart from whereql's: recursive descent over a strict lexer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from whereql.records import Record

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*(?:[/.][A-Za-z_][A-Za-z_0-9]*)*)|(?P<sign>[(),:]))"
)

Test = Callable[[dict[str, Any]], bool]


def tokenize(source: str) -> list[tuple[str, str]]:
    """The tokens of a `$filter`; a string's value as it is meant. Raises ValueError for what is none."""
    found: list[tuple[str, str]] = []
    at = 0
    while source[at:].strip():
        match = _TOKEN.match(source, at)
        if match is None:
            raise ValueError(f"no token at {at}: {source!r}")
        kind = str(match.lastgroup)
        text = match.group(kind)
        words = ("and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "true", "false", "null")
        found.append(("string", text[1:-1].replace("''", "'")) if kind == "string" else ("word", text) if text in words else (kind, text))
        at = match.end()
    return found


def find(source: str, records: Sequence[Record]) -> list[str]:
    """The ids of the records that a `$filter` finds."""
    parser = _Parser(tokenize(source))
    test = parser.disjunction()
    assert parser.at == len(parser.tokens), source
    return [record.id for record in records if test(_fields(record))]


def _fields(record: Record) -> dict[str, Any]:
    return {"id": record.id, "document": record.document, "uri": record.uri, **(record.metadata or {})}


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ("end", "")

    def take(self, text: str | None = None) -> tuple[str, str]:
        token = self.peek()
        assert text is None or token[1] == text, (text, token)
        self.at += 1
        return token

    def disjunction(self) -> Test:
        parts = [self.conjunction()]
        while self.peek() == ("word", "or"):
            self.take()
            parts.append(self.conjunction())
        return lambda row: any(part(row) for part in parts)

    def conjunction(self) -> Test:
        parts = [self.one()]
        while self.peek() == ("word", "and"):
            self.take()
            parts.append(self.one())
        return lambda row: all(part(row) for part in parts)

    def one(self) -> Test:
        if self.peek() == ("word", "not"):
            self.take()
            assert self.peek()[1] == "(" or self.peek()[0] == "name", "not binds tighter than a comparison"
            inner = self.one()
            return lambda row: not inner(row)
        if self.peek() == ("sign", "("):
            self.take()
            test = self.disjunction()
            self.take(")")
            return test
        kind, text = self.take()
        if kind == "word":
            assert text in ("true", "false"), text
            return lambda row: text == "true"
        assert kind == "name", (kind, text)
        if text == "search.in":
            return self.search_in()
        if self.peek() == ("sign", "("):
            return self.any(text.removesuffix("/any"))
        word = self.take()[1]
        value = self.constant()
        return lambda row: _compare(row.get(text), word, value)

    def any(self, name: str) -> Test:
        self.take("(")
        if self.peek() == ("sign", ")"):
            self.take()
            return lambda row: bool(row.get(name))
        variable = self.take()[1]
        self.take(":")
        test = self.disjunction()
        self.take(")")

        def some(row: dict[str, Any]) -> bool:
            assert isinstance(row.get(name, []), list), f"{name} is no collection"
            return any(test({**row, variable: item}) for item in row.get(name, []))

        return some

    def search_in(self) -> Test:
        self.take("(")
        name = self.take()[1]
        self.take(",")
        listed = self.take()[1]
        separators = " ,"
        if self.peek() == ("sign", ","):
            self.take()
            separators = self.take()[1]
        self.take(")")
        parts = set(re.split(f"[{re.escape(separators)}]", listed)) - {""}
        return lambda row: row.get(name) in parts

    def constant(self) -> Any:
        kind, text = self.take()
        if kind == "string":
            return text
        return {"true": True, "false": False, "null": None}[text] if kind == "word" else int(text) if text.lstrip("-").isdigit() else float(text)


def _compare(field: Any, word: str, value: Any) -> bool:
    assert not isinstance(field, (list, dict)), "a collection is no scalar"
    if field is None or value is None:
        assert word in ("eq", "ne") or value is not None, "HTTP 400"
        return {"eq": field is value, "ne": field is not value}.get(word, False)
    lines = [str if isinstance(each, str) else bool if isinstance(each, bool) else float for each in (field, value)]
    assert lines[0] is lines[1], f"HTTP 400: {field!r} {word} {value!r}"
    assert word in ("eq", "ne") or lines[0] is float, "only numbers have an order"
    if isinstance(field, float):
        value = float(value)
    return bool({"eq": field == value, "ne": field != value, "lt": field < value, "le": field <= value, "gt": field > value, "ge": field >= value}[word])
