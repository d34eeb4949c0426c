"""From the `filter_by` of Typesense to the AST. `&&` and `||` bind alike there, from left to right.

>>> options = {"schema": {"tags": "string[]", "year": "int"}, "document": "document", "uri": "uri"}
>>> whereql.to_text(read("tags:=[`ml`, ai] || year:>2020 && year:!=[2022]", options))
"(tags HAS ANY ('ml', 'ai') OR year > 2020) AND year != 2022"
"""

from __future__ import annotations

import re
from typing import Any

from whereql.ast import And, Const, Expr, Field, Id, Literal, Not, Op, Or, Predicate, Subject, predicates
from whereql.dialect import Options
from whereql.dialects.fields import Fields
from whereql.dialects.places import subjects
from whereql.dialects.reading import Connectives, Lexer, Token, Tokens, key, one_of, read_filter
from whereql.errors import CheckError
from whereql.limits import check_items
from whereql.operators import ORDERS
from whereql.source import quote
from whereql.values import literal

_NAME = r"[^\s():&|`$][^():`&|]*+:"
_LEXER = Lexer(
    "Typesense",
    {
        "reference": r"\$[^(]*+\(",
        "geo": rf"{_NAME}[ ]*+\([^)]*+\)?",
        "condition": rf"{_NAME}(?:`[^`]*+`|[^`()&|]|&(?!&)|\|(?!\|))*+",
        "sign": r"&&|\|\||[()]",
    },
    has_case=True,
)
_WORDS = Connectives(any_of={"||"}, all_of={"&&"}, none_of=(), has_one_level=True)
_OPERATOR = re.compile(r"\s*(!=|>=|<=|=|!|>|<|)\s*")
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?")
_VALUE = re.compile(r"\s*((?:`[^`]*+`|[^`,])*+)(,|\Z)")


def read(source: Any, options: Options) -> Expr:
    """The filter that a `filter_by` says. Raises ParseError, UnsupportedError, LimitError."""
    if isinstance(source, str) and not source.strip():
        return Const(True)
    return read_filter(_LEXER.tokens(source), _WORDS, _Reader(options).condition)


class _Reader:
    def __init__(self, options: Options) -> None:
        self._fields = Fields(Const(True), options["schema"])
        self._subjects = subjects({**options, "id": "id"})

    def condition(self, tokens: Tokens, negated: bool) -> Expr:
        """One condition: a field, an operator, and a value or a list."""
        token = tokens.next
        if token.kind == "reference":
            tokens.refuse("a join", token, "a filter looks at one flat record: join before")
        if token.kind == "geo":
            tokens.refuse("a distance", token, "whereql has no geography")
        if token.kind != "condition":
            tokens.fail("a condition", hint="write field:=value")
        tokens.advance()
        name, _, rest = token.text.partition(":")
        name = name.strip()
        if not name or any(character.isspace() for character in name):
            tokens.fail("the name of a field", token)
        subject = self._subjects.get(name) or key(name, token)
        match = _OPERATOR.match(rest)
        assert match is not None  # it may be empty
        return self._said(tokens, token, subject, match[1], rest[match.end() :].strip())

    def _said(self, tokens: Tokens, token: Token, subject: Subject, sign: str, text: str) -> Expr:
        if not text:
            tokens.fail("a value", token)
        found = self._read(tokens, token, subject, sign, text)
        if isinstance(subject, Field) and self._fields.are_arrays(subject.name) and any(each.op is not Op.HAS for each in predicates(found)):
            tokens.refuse("such a test of elements", token, "of the elements of an array whereql asks what they equal: field:=value")
        return found

    def _read(self, tokens: Tokens, token: Token, subject: Subject, sign: str, text: str) -> Expr:
        if sign in ORDERS:
            number = _number(text)
            if number is None:
                tokens.fail("a number", token, "only numbers have an order")
            return Predicate(subject, ORDERS[sign], number)
        if text.startswith("[") != text.endswith("]"):
            tokens.fail("a list from [ to ]", token)
        values = _values(text[1:-1], tokens, token) if text.startswith("[") else [text]
        kinds = self._kinds(subject)
        read = [self._one(tokens, token, subject, sign, value, kinds) for value in values]
        items = tuple(each for each in read if isinstance(each, Literal))
        found = Or([*(_equal(subject, items, kinds) if items else []), *(each for each in read if isinstance(each, Expr))])
        return Not(found) if sign in ("!=", "!") else found

    def _one(self, tokens: Tokens, token: Token, subject: Subject, sign: str, text: str, kinds: frozenset[str] | None) -> Expr | Literal:
        """What one value of a list says: a range, a beginning, or what is equalled."""
        low, dots, high = text.partition("..")
        if dots and (least := _number(low.strip())) is not None and (most := _number(high.strip())) is not None:
            return And([Predicate(subject, Op.GE, least), Predicate(subject, Op.LE, most)])
        for bound in (">=", "<=", ">", "<"):
            if text.startswith(bound) and (number := _number(text[len(bound) :].strip())) is not None:
                return Predicate(subject, ORDERS[bound], number)
        is_quoted = len(text) > 1 and text[0] == text[-1] == "`"
        plain = text[1:-1] if is_quoted else text
        if "`" in plain:
            tokens.fail("a value in one pair of backticks", token)
        value = self._literal(plain, is_quoted, kinds)
        if isinstance(value.value, str):
            if sign in ("", "!") and not isinstance(subject, Id):
                tokens.refuse("a search for words", token, f"{quote(plain)} may be one of several words there: write := for the whole string")
            if not is_quoted and plain.endswith("*"):
                return Predicate(subject, Op.STARTS, literal(plain[:-1]))
        return value

    def _kinds(self, subject: Subject) -> frozenset[str] | None:
        """The declared kinds, None for an unknown key."""
        if not isinstance(subject, Field):
            return frozenset({"string"})
        return self._fields.kinds(subject.name) if self._fields.is_declared(subject.name) else None

    def _literal(self, text: str, is_quoted: bool, kinds: frozenset[str] | None) -> Literal:
        """A value of the field's type; where that is unknown, a number or a bool if it looks like one and stands in no backticks."""
        lines = {kind.removesuffix("[]") for kind in kinds} if kinds is not None else set() if is_quoted else {"int", "float", "bool"}
        if lines & {"int", "float"} and (number := _number(text)) is not None:
            return number
        return literal(text == "true") if "bool" in lines and text in ("true", "false") else literal(text)


def _equal(subject: Subject, items: tuple[Literal, ...], kinds: frozenset[str] | None) -> list[Expr]:
    """The tests for values that a scalar equals, or an array has."""
    found = one_of(subject, items)
    if kinds is None:
        return [found, Predicate(subject, Op.HAS, items)]
    tests = ((found, False), (Predicate(subject, Op.HAS, items), True))
    return [test for test, is_array in tests if any(kind.endswith("[]") is is_array for kind in kinds)]


def _values(text: str, tokens: Tokens, token: Token) -> list[str]:
    """The values of a list; a comma in backticks separates nothing."""
    values: list[str] = []
    at = 0
    while at < len(text):
        match = _VALUE.match(text, at)
        if match is None:
            tokens.fail("a value in backticks", token, "a backtick is closed by another one")
        values.append(match[1].strip())
        at = match.end()
    check_items(len(values), token.span)
    return [value for value in values if value]


def _number(text: str) -> Literal | None:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return literal(int(text) if text.lstrip("-").isdigit() else float(text))
    except CheckError:
        return None
