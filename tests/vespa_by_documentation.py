"""Vespa's conditions as its documentation and its published grammar have them: by documentation, not executed on Vespa.

A strict lexer and parser of what a filter may be made of, and what such a condition finds in records whose keys are attributes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from whereql.records import Record
from whereql.values import INT_MIN

_ESCAPE = r"\\(?:[btnfr\"'\\/]|u[0-9a-fA-F]{4})"
_LEXER = re.compile(
    rf"""[ \t\r\n]*(?:(?P<string>"(?:{_ESCAPE}|[^\\"])*")|(?P<name>[A-Za-z_][A-Za-z0-9_:-]*)|(?P<long>-?[0-9]+[Ll])"""
    r"""|(?P<float>-?[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?|-?[0-9]+[eE][+-]?[0-9]+)|(?P<int>-?[0-9]+)|(?P<sign><=|>=|!=|[<>=!(),]|-(?=Infinity)))""",
    re.ASCII,
)
_KEYWORDS = frozenset({"and", "or", "in", "contains", "matches", "true", "false", "range", "Infinity"})

Token = tuple[str, Any]
Test = Callable[[Record], bool]


def tokens(condition: str) -> list[Token]:
    """The tokens; of a string its value. Raises ValueError for what is none."""
    found: list[Token] = []
    position = 0
    while position < len(condition):
        match = _LEXER.match(condition, position)
        if match is None:
            raise ValueError(f"no token at {condition[position:][:20]!r}")
        kind, position = str(match.lastgroup), match.end()
        text = match.group(kind)
        if kind == "string":
            found.append((kind, re.sub(_ESCAPE, lambda escape: _unescaped(escape.group()[1:]), text[1:-1])))
        else:
            found.append(("word" if text in _KEYWORDS else kind, text))
    return found


def _unescaped(escape: str) -> str:
    return chr(int(escape[1:], 16)) if escape[0] == "u" else {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}.get(escape, escape)


class Attributes:
    """What a condition finds. schema: field to its kind, as whereql's schemas have them; is_cased: of the strings."""

    def __init__(self, schema: Mapping[str, str], *, is_cased: bool) -> None:
        self.kinds = {name: kind.removesuffix("!") for name, kind in schema.items()}
        self._is_cased = is_cased

    def find(self, condition: str, records: Sequence[Record]) -> list[str]:
        test = _Parser(tokens(condition), self).condition()
        return [record.id for record in records if test(record)]

    def values(self, record: Record, field: str) -> list[Any]:
        """What the attribute holds: of a single value that isn't set the undefined one, which no query of numbers finds."""
        kind = self.kinds[field]
        value = (record.metadata or {}).get(field)
        if kind.endswith("[]"):
            return list(value or [])
        if value is None:
            return [False] if kind == "bool" else [""] if kind == "string" else []
        return [] if value == INT_MIN and kind == "int" else [value]

    def folded(self, text: str) -> str:
        return text if self._is_cased else text.lower()

    def pattern(self, text: str) -> re.Pattern[str]:
        return re.compile(text, re.NOFLAG if self._is_cased else re.IGNORECASE)


class _Parser:
    def __init__(self, found: Sequence[Token], attributes: Attributes) -> None:
        self._tokens = [*found, ("end", "")]
        self._at = 0
        self._attributes = attributes

    def condition(self) -> Test:
        test = self._any()
        assert self._next[0] == "end", self._tokens[self._at :]
        return test

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self, *what: str) -> Token:
        token = self._next
        assert not what or token[1] in what or token[0] in what, f"{what} is due, got {token}"
        self._at += 1
        return token

    def _any(self) -> Test:
        tests = [self._all()]
        while self._next == ("word", "or"):
            self._take()
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def _all(self) -> Test:
        tests, positive = [], 0
        while True:
            positive += self._next != ("sign", "!")
            tests.append(self._one())
            if self._next != ("word", "and"):
                break
            self._take()
        assert positive, "a negation stands beside something positive"
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def _one(self) -> Test:
        if self._next == ("sign", "!"):
            self._take()
            assert self._next == ("sign", "(")
            test = self._one()
            return lambda record: not test(record)
        if self._next == ("sign", "("):
            self._take()
            test = self._any()
            self._take(")")
            return test
        if self._next[0] == "word" and self._next[1] in ("true", "false"):
            value = self._take()[1] == "true"
            return lambda record: value
        if self._next == ("word", "range"):
            self._take()
            self._take("(")
            field = self._take("name")[1]
            assert [self._take()[1] for _ in range(6)] == [",", "-", "Infinity", ",", "Infinity", ")"]
            return lambda record: bool(self._attributes.values(record, field))
        return self._comparison()

    def _comparison(self) -> Test:
        field = self._take("name")[1]
        word = self._take("in", "contains", "matches", "=", "<", "<=", ">", ">=")[1]
        kind = self._attributes.kinds[field].removesuffix("[]")
        if word in ("contains", "matches"):
            text = self._take("string")[1]
            assert kind == "string" and text, (field, text)
            pattern = self._attributes.pattern(text) if word == "matches" else None
            if pattern is not None:
                return lambda record: any(pattern.search(value) for value in self._attributes.values(record, field))
            return lambda record: any(self._attributes.folded(value) == self._attributes.folded(text) for value in self._attributes.values(record, field))
        if word == "in":
            items = self._list()
            assert kind in ("string", "int"), field
            if kind == "string":
                return lambda record: any(self._attributes.folded(value) in {self._attributes.folded(item) for item in items} for value in self._attributes.values(record, field))
            return lambda record: any(value in items for value in self._attributes.values(record, field))
        return self._order(field, kind, word)

    def _list(self) -> list[Any]:
        self._take("(")
        items = [self._literal()]
        while self._next == ("sign", ","):
            self._take()
            items.append(self._literal())
        self._take(")")
        return items

    def _literal(self) -> Any:
        kind, text = self._take("string", "int", "long", "float", "true", "false")
        if kind == "int":
            assert -(2**31) <= int(text) < 2**31, "a number outside 32 bits has the suffix L"
        return text if kind == "string" else text == "true" if kind == "word" else float(text) if kind == "float" else int(text.rstrip("L"))

    def _order(self, field: str, kind: str, word: str) -> Test:
        bound = self._literal()
        assert isinstance(bound, bool) is (kind == "bool") and not isinstance(bound, str), field
        assert kind != "int" or isinstance(bound, int), "a field of ints is compared with ints"
        tests: dict[str, Callable[[Any], bool]] = {
            "=": lambda value: value == bound, "<": lambda value: value < bound, "<=": lambda value: value <= bound, ">": lambda value: value > bound, ">=": lambda value: value >= bound,
        }  # fmt: skip
        return lambda record: any(tests[word](value) for value in self._attributes.values(record, field))
