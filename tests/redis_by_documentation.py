"""RediSearch's query language as its documentation and its published lexer have it: by documentation, not executed on Redis.

A strict lexer and a parser of what a filter may be made of, and what such a query finds in records indexed by a schema.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from whereql.records import Record

_PUNCT = r"!-/:-@\[-`{-~"
_SPACE = r" \t\n\v\f\r"
_TERM = rf"(?:\\[{_PUNCT}{_SPACE}]|_|[^{_PUNCT}{_SPACE}\x00-\x1f\x7f])+"
_LEXER = re.compile(
    rf"""[ \t\n\v\f\r]*(?:(?P<modifier>@{_TERM})|(?P<contains>\*{_TERM}\*)|(?P<suffix>\*{_TERM})|(?P<prefix>{_TERM}\*)|(?P<wildcard>w'(?:[^'\\]|\\.)+')"""
    rf"""|(?P<number>[+-]?inf(?!{_TERM})|-?[0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?(?!{_TERM}))|(?P<term>{_TERM})|(?P<sign>[|(){{}}:\-*\[\]"]))""",
    re.DOTALL,
)
_UNESCAPE = re.compile(rf"\\([{_PUNCT}{_SPACE}])")

Token = tuple[str, str]
Test = Callable[[Record], bool]


def tokens(query: str) -> list[Token]:
    """The tokens, of which modifiers and terms have their escapes taken away. Raises ValueError for what the lexer would drop in silence."""
    found, position = [], 0
    while position < len(query.rstrip(" ")):
        match = _LEXER.match(query, position)
        if match is None or match.end() == position:
            raise ValueError(f"the lexer drops {query[position:][:20]!r}")
        kind, position = str(match.lastgroup), match.end()
        text = match.group(kind)
        found.append((kind, _UNESCAPE.sub(r"\1", text) if kind != "sign" else text))
    return found


class Index:
    """What a query finds. schema: field to its kind, as whereql's schemas have them; case_sensitive: of the TAG fields."""

    def __init__(self, schema: Mapping[str, str], *, case_sensitive: bool, index_missing: bool) -> None:
        self._schema = {name: kind.removesuffix("!") for name, kind in schema.items()}
        self._case_sensitive = case_sensitive
        self._index_missing = index_missing

    def find(self, query: str, records: Sequence[Record]) -> list[str]:
        """The ids of the records."""
        test = _Parser(tokens(query), self).query()
        return [record.id for record in records if test(record)]

    def is_number(self, field: str) -> bool:
        return self._schema[field].removesuffix("[]") in ("int", "float")

    def values(self, record: Record, field: str) -> list[Any]:
        """What is indexed: doubles, or tags, without white space around them; an empty string is not."""
        value = (record.metadata or {}).get(field)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if self.is_number(field):
            return [float(item) for item in items]
        tags = [str(item).lower() if isinstance(item, bool) else self.folded(item).strip(" \t\n\v\f\r") for item in items]
        return [tag for tag in tags if tag]

    def folded(self, text: str) -> str:
        return text if self._case_sensitive else text.lower()

    def is_missing(self, record: Record, field: str) -> bool:
        assert self._index_missing, "ismissing needs INDEXMISSING"
        return (record.metadata or {}).get(field) in (None, [])


class _Parser:
    def __init__(self, found: Sequence[Token], index: Index) -> None:
        self._tokens = [*found, ("end", "")]
        self._at = 0
        self._index = index

    def query(self) -> Test:
        if self._tokens[0] == ("sign", "*"):
            assert len(self._tokens) == 2, "* stands alone"
            return lambda record: True
        test = self._all()
        assert self._next[0] == "end", f"left over: {self._tokens[self._at :]}"
        return test

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self, *what: str) -> Token:
        token = self._next
        assert not what or token[1] in what or token[0] in what, f"{what} is due, got {token}"
        self._at += 1
        return token

    def _all(self) -> Test:
        tests = [self._one()]
        while self._next[0] != "end" and self._next[1] not in (")", "|"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def _one(self) -> Test:
        if self._next == ("sign", "-"):
            self._take()
            test = self._one()
            return lambda record: not test(record)
        if self._next == ("sign", "("):
            self._take()
            tests = [self._all()]
            while self._next == ("sign", "|"):
                self._take()
                tests.append(self._all())
            self._take(")")
            return lambda record: any(test(record) for test in tests)
        if self._next == ("term", "ismissing"):
            self._take()
            self._take("(")
            field = self._take("modifier")[1][1:]
            self._take(")")
            return lambda record: self._index.is_missing(record, field)
        return self._field()

    def _field(self) -> Test:
        field = self._take("modifier")[1][1:]
        self._take(":")
        if self._take("{", "[")[1] == "[":
            return self._range(field)
        assert not self._index.is_number(field), f"{field} is NUMERIC"
        tests = [self._tag(field)]
        while self._next == ("sign", "|"):
            self._take()
            tests.append(self._tag(field))
        self._take("}")
        return lambda record: any(test(value) for value in self._index.values(record, field) for test in tests)

    def _range(self, field: str) -> Test:
        assert self._index.is_number(field), f"{field} is a TAG"
        (is_open_low, low), (is_open_high, high) = self._bound(), self._bound()
        self._take("]")
        return lambda record: any(
            (low < value if is_open_low else low <= value) and (value < high if is_open_high else value <= high) for value in self._index.values(record, field)
        )

    def _bound(self) -> tuple[bool, float]:
        is_open = self._next == ("sign", "(")
        if is_open:
            self._take()
        text = self._take("number")[1]
        return is_open, (-math.inf if text[0] == "-" else math.inf) if text.endswith("inf") else float(text)

    def _tag(self, field: str) -> Callable[[Any], bool]:
        kind, text = self._take("term", "number", "prefix", "suffix", "contains", "wildcard")
        text = self._index.folded(text)
        match kind:
            case "prefix":
                return lambda value: value.startswith(text[:-1])
            case "suffix":
                return lambda value: value.endswith(text[1:])
            case "contains":
                return lambda value: text[1:-1] in value
            case "wildcard":
                assert not any(character in text[2:-1] for character in "?*\\"), text
                return lambda value: value == text[2:-1]
        assert kind == "number" or text not in ("as", "isempty", "inf"), text  # these are words of the lexer
        return lambda value: value == text
