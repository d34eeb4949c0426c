"""From another language to the AST: what readers of texts share. Those of JSON share `reading_json`.

A language is a table of tokens and one of connectives; its own part is how it says one condition.

>>> from whereql.dialects.text import literals
>>> lexer = Lexer("Mini", {"name": r"[a-z]+", "number": r"[0-9]+", "sign": r"[=()]"})
>>> def condition(tokens, negated):
...     name = tokens.take("name", "a key")
...     tokens.take("=", "'='")
...     value = tokens.take("number", "a number")
...     return Predicate(Field(name.text), Op.EQ, literals.number(value.text, value.span))
>>> words = Connectives(any_of={"or"}, all_of={"and"}, none_of={"not"})
>>> whereql.to_text(read_filter(lexer.tokens("not (a = 1 or b = 2) and c = 3"), words, condition))
'NOT (a = 1 OR b = 2) AND c = 3'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from whereql.ast import And, Expr, Field, Literal, Not, Op, Or, Param, Predicate, Subject
from whereql.errors import ParseError, UnsupportedError, WhereqlError
from whereql.limits import check_depth, check_text
from whereql.source import Span, quote
from whereql.values import check_text_value, describe_type

END = "end"
"""The kind of the token behind the last."""


class Token(NamedTuple):
    """A word of a source: its kind in the table of the language, its text, and where it stands."""

    kind: str
    text: str
    start: int

    @property
    def span(self) -> Span:
        """Its place."""
        return Span(self.start, self.start + len(self.text))


class Lexer:
    """Cuts the sources of a language into tokens.

    title: of the language; table: kind to a regular expression of Python's that takes linear time, tried in this order; white
    space between tokens is skipped. has_case: whether `AND` and `and` are two words; comment: what is skipped like white space.
    """

    def __init__(self, title: str, table: Mapping[str, str], *, has_case: bool = False, comment: str = "") -> None:
        self.title = title
        self._has_case = has_case
        self._kinds = list(table)
        groups = "|".join(f"(?P<g{number}>{pattern})" for number, pattern in enumerate(table.values()))
        between = rf"(?:[ \t\r\n]|{comment})*+" if comment else r"[ \t\r\n]*+"
        self._pattern = re.compile(rf"{between}(?:{groups}|(?P<wrong>[^ \t\r\n])|\Z)", re.ASCII)

    def tokens(self, source: object) -> Tokens:
        """The tokens of a source. Raises ParseError for a character that the language has no use for, LimitError."""
        if not isinstance(source, str):
            raise ParseError("WQ119", f"a filter of {self.title} is a text, got {describe_type(source)}", hint="pass a string")
        check_text(len(source))
        check_text_value(source)
        check_text(len(source.encode()))
        found: list[Token] = []
        position = 0
        while match := self._pattern.match(source, position):
            group = match.lastgroup
            if group is None:
                break
            text, position = match.group(group), match.end()
            start = match.start(group)
            if group == "wrong":
                hint = "a string stands in quotes, and is closed by the quote that opened it"
                raise ParseError("WQ119", f"{self.title} has no {quote(text)} here", span=Span(start, start + 1), source=source, hint=hint)
            found.append(Token(self._kinds[int(group[1:])], text, start))
        found.append(Token(END, "", len(source)))
        return Tokens(self.title, source, found, self._has_case)


class Tokens:
    """A place in the tokens of a source."""

    def __init__(self, title: str, source: str, tokens: list[Token], has_case: bool) -> None:
        self.title = title
        self.source = source
        self._tokens = tokens
        self._has_case = has_case
        self._at = 0

    @property
    def next(self) -> Token:
        """The token at this place."""
        return self._tokens[self._at]

    def ahead(self, count: int = 1) -> Token:
        """A token further on; the end where there is none."""
        return self._tokens[min(self._at + count, len(self._tokens) - 1)]

    def is_(self, *what: str) -> bool:
        """Whether the next token is one of these: kinds, or texts, in any case of ASCII letters where the language has none."""
        token = self.next
        text = token.text if self._has_case or not token.text.isascii() else token.text.lower()
        return any(token.kind == each or text == (each if self._has_case else each.lower()) for each in what)

    def skip(self, *what: str) -> Token | None:
        """The next token, taken if it is one of these, else None."""
        return self.advance() if self.is_(*what) else None

    def take(self, what: str | Collection[str], due: str) -> Token:
        """The next token, taken. due: what should stand here, in words. Raises ParseError if it is something else."""
        if not self.is_(*([what] if isinstance(what, str) else what)):
            self.fail(due)
        return self.advance()

    def advance(self) -> Token:
        """The next token, taken whatever it is."""
        token = self.next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def fail(self, due: str, token: Token | None = None, hint: str | None = None) -> NoReturn:
        """Raise ParseError: something else is due here."""
        token = token or self.next
        got = "the filter ends" if token.kind == END else f"there is {quote(token.text)}"
        raise ParseError("WQ119", f"{due} is due, and {got}", span=token.span, source=self.source, hint=hint or f"this is read as {self.title}")

    def refuse(self, what: str, token: Token, hint: str) -> NoReturn:
        """Raise UnsupportedError: the language has it, but it is no filter of whereql's."""
        raise UnsupportedError("WQ504", f"{self.title}: no counterpart for {what.removesuffix(',')}", span=token.span, source=self.source, hint=hint)


@dataclass(frozen=True)
class Connectives:
    """The words of a language that join conditions, NOT binding tightest, then AND, then OR.

    is_three_valued: NOT of a condition that is neither true nor false is neither, as in SQL: a record passes only what is true.
    has_one_level: AND and OR bind alike, from left to right. has_wide_not: NOT reaches as far as it can, to the end or a `)`.
    """

    any_of: Collection[str]
    all_of: Collection[str]
    none_of: Collection[str]
    is_three_valued: bool = False
    has_one_level: bool = False
    has_wide_not: bool = False


Condition = Callable[[Tokens, bool], Expr]


def read_filter(tokens: Tokens, words: Connectives, condition: Condition) -> Expr:
    """The filter that a whole source says.

    condition: reads one condition, everything but connectives and parentheses; told whether the filter asks when it is false, which
    only happens in a language with three values (elsewhere NOT is put around it). Raises ParseError, UnsupportedError, LimitError.
    """
    try:
        expr = _Reader(words, condition).disjunction(tokens, False, 1)
        if not tokens.is_(END):
            tokens.fail("a connective or the end")
    except WhereqlError as error:
        error.source = error.source or tokens.source
        raise
    return expr


class _Reader:
    """A recursive descent over the connectives."""

    def __init__(self, words: Connectives, condition: Condition) -> None:
        self._words = words
        self._condition = condition

    def disjunction(self, tokens: Tokens, negated: bool, depth: int) -> Expr:
        """Conditions joined by OR; negated: when it is false."""
        if self._words.has_one_level:
            return self._mixed(tokens, negated, depth)
        parts = [self._conjunction(tokens, negated, depth)]
        while tokens.skip(*self._words.any_of):
            parts.append(self._conjunction(tokens, negated, depth))
        return _join(Or, parts, negated)

    def _conjunction(self, tokens: Tokens, negated: bool, depth: int) -> Expr:
        parts = [self._one(tokens, negated, depth)]
        while tokens.skip(*self._words.all_of):
            parts.append(self._one(tokens, negated, depth))
        return _join(And, parts, negated)

    def _mixed(self, tokens: Tokens, negated: bool, depth: int) -> Expr:
        parts = [self._one(tokens, negated, depth)]
        connective: type[And] | type[Or] = And
        while tokens.is_(*self._words.any_of, *self._words.all_of):
            following = Or if tokens.is_(*self._words.any_of) else And
            if following is not connective:  # a row of one word is joined once: each join copies what it joins
                parts = [_join(connective, parts, negated)]
                connective = following
            tokens.advance()
            parts.append(self._one(tokens, negated, depth))
        return _join(connective, parts, negated)

    def _one(self, tokens: Tokens, negated: bool, depth: int) -> Expr:
        check_depth(depth, tokens.next.span)
        if tokens.skip(*self._words.none_of):
            if self._words.has_wide_not:
                return Not(self.disjunction(tokens, False, depth + 1))
            if self._words.is_three_valued:
                return self._one(tokens, not negated, depth + 1)
            return Not(self._one(tokens, False, depth + 1))
        if tokens.is_("("):
            opening = tokens.advance()
            expr = self.disjunction(tokens, negated, depth + 1)
            if not tokens.skip(")"):
                tokens.fail("')'", hint=f"it closes the '(' at character {opening.start + 1}")
            return expr
        return self._condition(tokens, negated)


def _join(connective: type[And] | type[Or], parts: list[Expr], negated: bool) -> Expr:
    if len(parts) == 1:
        return parts[0]
    return (Or if connective is And else And)(parts) if negated else connective(parts)


def known(predicate: Predicate, negated: bool) -> Expr:
    """A condition of a language with three values: when it is true, or when it is false, which it never is on a missing key."""
    if not negated:
        return predicate
    return And([Predicate(predicate.subject, Op.EXISTS), Not(predicate)])


def signed(expr: Expr, negated: bool) -> Expr:
    """A condition of a language with two values, or its complement."""
    return Not(expr) if negated else expr


def one_of(subject: Subject, items: Sequence[Literal | Param]) -> Predicate:
    """Equality with one of some values."""
    return Predicate(subject, Op.EQ, items[0]) if len(items) == 1 else Predicate(subject, Op.IN, tuple(items))


def key(name: str, token: Token) -> Subject:
    """A key that a source names. Raises CheckError for a lone surrogate in it."""
    check_text_value(name, span=token.span)
    return Field(name, span=token.span)
