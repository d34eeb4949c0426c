"""From the text encoding of CQL2."""

from __future__ import annotations

from typing import Any

from whereql.ast import Const, Expr, Literal, Not, Op, Predicate, Subject
from whereql.dialect import Options
from whereql.dialects.reading import Connectives, Lexer, Token, Tokens, read_filter
from whereql.dialects.standards.cql2_meaning import (
    COMPARISONS,
    MIRRORED,
    is_pattern,
    is_true,
    property_of,
    said,
    what_is,
)
from whereql.dialects.text import literals
from whereql.kinds import Kind
from whereql.limits import check_items
from whereql.values import check_text_value, literal

_LETTERS = "A-Za-z_:\u0080-\U0010ffff"
_LEXER = Lexer("CQL2", {
    "string": r"'(?:[^']|'')*+'",
    "quoted": r'"(?:[^"]|"")*+"',
    "number": r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
    "name": f"[{_LETTERS}][{_LETTERS}0-9.]*",
    "sign": r"<>|<=|>=|[=<>()+\-*/%^,]",
})  # fmt: skip
_WORDS = Connectives(any_of={"or"}, all_of={"and"}, none_of={"not"}, is_three_valued=True)
_SIGNS = tuple(COMPARISONS)
_KEYWORDS = ("and", "or", "not", "like", "in", "between", "is", "null", "true", "false")
_SHAPES = ("point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "bbox")


def read(source: Any, options: Options) -> Expr:
    """The filter of a CQL2 text. Raises ParseError, UnsupportedError, LimitError."""
    reader = _Reader(options)
    return read_filter(_LEXER.tokens(source), _WORDS, reader.condition)


class _Reader:
    def __init__(self, options: Options) -> None:
        self._options = options

    def condition(self, tokens: Tokens, negated: bool) -> Expr:
        """When one condition is true, or when it is false."""
        if tokens.is_("true", "false") and tokens.ahead().text not in COMPARISONS:
            return Const((tokens.advance().text.lower() == "true") is not negated)
        if tokens.is_("string", "number", "-", "+", "true", "false", "date", "timestamp") and not self._is_property(tokens):
            return self._mirrored(tokens, negated)
        if tokens.is_("name") and tokens.ahead().text == "(":
            return self._function(tokens, negated)
        subject = self._property(tokens)
        return self._said(tokens, subject, "", negated)

    def _is_property(self, tokens: Tokens) -> bool:
        return tokens.is_("date", "timestamp") and tokens.ahead().text != "("

    def _said(self, tokens: Tokens, subject: Subject, casei: str, negated: bool) -> Expr:
        """What is said of a property. casei: the word before each operator where it stands in CASEI."""
        self._no_arithmetic(tokens)
        if tokens.is_(*_SIGNS):
            sign = tokens.advance()
            if casei:
                if sign.text not in ("=", "<>"):
                    tokens.refuse("such a comparison of CASEI", sign, "compare with = or LIKE")
                return said(subject, "casei =", [self._string(tokens, casei)], negated is not (sign.text == "<>"))
            return said(subject, sign.text, [self._value(tokens, sign)], negated)
        turned = negated is not (tokens.skip("not") is not None)
        if tokens.skip("like"):
            return said(subject, f"{casei}like", [self._pattern(tokens, casei)], turned)
        if casei:
            tokens.fail("'=' or LIKE")
        if tokens.skip("in"):
            return said(subject, "in", self._list(tokens), turned)
        if tokens.is_("between"):
            sign = tokens.advance()
            low = self._value(tokens, sign)
            tokens.take("and", "AND")
            return said(subject, "between", [low, self._value(tokens, sign)], turned)
        if turned is not negated:
            tokens.fail("LIKE, IN or BETWEEN")
        if tokens.skip("is"):
            turned = negated is not (tokens.skip("not") is not None)
            tokens.take("null", "NULL")
            present = Predicate(subject, Op.EXISTS)
            return present if turned else Not(present)
        return is_true(subject, negated)

    def _no_arithmetic(self, tokens: Tokens) -> None:
        if tokens.is_("+", "-", "*", "/", "%", "^", "div"):
            tokens.refuse("arithmetic", tokens.next, "compare a property with a value")

    def _property(self, tokens: Tokens) -> Subject:
        token = tokens.take(("name", "quoted"), "a property")
        if token.kind == "name" and token.text.lower() in _KEYWORDS:
            tokens.fail("a property", token, hint="a property named as a word of the language stands in double quotes")
        if token.kind == "name" and token.text.lower() in (*_SHAPES, "interval"):
            tokens.refuse(f"a value of the type {token.text}", token, "whereql's values are no geometries")
        name = token.text[1:-1].replace('""', '"') if token.kind == "quoted" else token.text
        check_text_value(name, span=token.span)
        return property_of(name, self._options)

    def _function(self, tokens: Tokens, negated: bool) -> Expr:
        name = tokens.advance()
        lower = name.text.lower()
        if lower not in ("casei", "a_overlaps", "a_contains"):
            what, hint = what_is(name.text)
            tokens.refuse(what, name, hint)
        tokens.take("(", "'('")
        self._no_function(tokens)
        subject = self._property(tokens)
        if lower == "casei":
            tokens.take(")", "')'")
            return self._said(tokens, subject, "casei ", negated)
        tokens.take(",", "','")
        items = self._list(tokens)
        tokens.take(")", "')'")
        if not items:
            tokens.fail("an array of values", name, hint="write one value at least")
        return said(subject, lower, items, negated)

    def _no_function(self, tokens: Tokens) -> None:
        if tokens.is_("name") and tokens.ahead().text == "(":
            what, hint = what_is(tokens.next.text)
            tokens.refuse(what, tokens.next, hint)

    def _mirrored(self, tokens: Tokens, negated: bool) -> Expr:
        item = self._literal(tokens)
        self._no_arithmetic(tokens)
        sign = tokens.take(_SIGNS, "a comparison")
        self._no_function(tokens)
        subject = self._property(tokens)
        self._no_arithmetic(tokens)
        return said(subject, MIRRORED[sign.text], [self._ordered(tokens, sign, item)], negated)

    def _value(self, tokens: Tokens, sign: Token) -> Literal:
        if tokens.is_("null"):
            tokens.refuse("a comparison with NULL", tokens.next, "write IS NULL")
        self._no_value(tokens)
        item = self._literal(tokens)
        self._no_arithmetic(tokens)
        return self._ordered(tokens, sign, item)

    def _ordered(self, tokens: Tokens, sign: Token, item: Literal) -> Literal:
        if item.kind is Kind.BOOL and sign.text not in ("=", "<>"):
            tokens.refuse("an order of bools", sign, "compare with =")
        return item

    def _no_value(self, tokens: Tokens) -> None:
        """What may stand in the place of a value and is none."""
        if tokens.is_("date", "timestamp", "true", "false"):
            return
        if tokens.is_("quoted", "name"):
            self._no_function(tokens)
            if tokens.next.text.lower() in _SHAPES:
                tokens.refuse(f"a value of the type {tokens.next.text}", tokens.next, "whereql's values are no geometries")
            tokens.refuse("a comparison of two properties", tokens.next, "compare a property with a value; a string stands in single quotes")

    def _literal(self, tokens: Tokens) -> Literal:
        if tokens.is_("true", "false"):
            token = tokens.advance()
            return literal(token.text.lower() == "true", token.span)
        if tokens.is_("date", "timestamp"):
            function = tokens.advance()
            tokens.take("(", "'('")
            text = self._text(tokens)
            tokens.take(")", "')'")
            return literals.moment(function.text.upper(), text, function.span)
        if tokens.is_("string"):
            return self._text(tokens)
        sign = tokens.skip("-", "+")
        token = tokens.take("number", "a value")
        return literals.number(f"{'-' if sign is not None and sign.text == '-' else ''}{token.text}", token.span)

    def _text(self, tokens: Tokens) -> Literal:
        token = tokens.take("string", "a string")
        if "\\'" in token.text:
            tokens.refuse("a backslash before a quote", token, "servers read it in two ways: write '' for a quote, or use the JSON encoding")
        return literals.single_quoted(token.text, token.span)

    def _string(self, tokens: Tokens, casei: str) -> Literal:
        if casei:
            tokens.take("casei", "CASEI")
            tokens.take("(", "'('")
        item = self._text(tokens)
        if casei:
            tokens.take(")", "')'")
        return item

    def _pattern(self, tokens: Tokens, casei: str) -> Literal:
        token = tokens.next
        item = self._string(tokens, casei)
        if not is_pattern(item):
            tokens.fail("a pattern that does not end in half an escape", token, hint=r"write \\ for a backslash")
        return item

    def _list(self, tokens: Tokens) -> list[Literal]:
        opening = tokens.take("(", "'('")
        items: list[Literal] = []
        while not tokens.is_(")"):
            self._no_value(tokens)
            items.append(self._literal(tokens))
            if not tokens.skip(","):
                break
        tokens.take(")", "')'")
        check_items(len(items), opening.span)
        return items
