"""From the text of a filter to the AST: Lark's LALR parser over `grammar/filter.lark`, with nodes made as rules are reduced.

`parse` is the only entry. The parser is built on first use and kept, and its tables are read by `reader.py`, at a fifth of the time;
Lark itself parses only what is wrong, and tells where. Spans come from tokens and nodes, since Lark's own tracking costs a third more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, wraps
from importlib.resources import files
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedInput

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Op, Or, Param, Predicate, Subject, Uri
from whereql.dialects.text import literals
from whereql.dialects.text.errors import explain, foreign_error
from whereql.dialects.text.reader import Reader
from whereql.errors import ParseError, WhereqlError
from whereql.kinds import Kind
from whereql.names import foreign_character
from whereql.source import Span, make_span
from whereql.values import Literal

_COMPARISONS = {"=": Op.EQ, "==": Op.EQ, "<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE}
_MIRRORED = {"<": Op.GT, "<=": Op.GE, ">": Op.LT, ">=": Op.LE}
_TEXT_OPERATORS = {
    "CONTAINS": Op.CONTAINS, "STARTS": Op.STARTS, "ENDS": Op.ENDS, "LIKE": Op.LIKE, "ILIKE": Op.ILIKE, "MATCHES": Op.MATCHES,
}  # fmt: skip
_PARTS = re.compile(r"([^ \t\r\n=<>!]++)[ \t\r\n]*+([=<>!]++)[ \t\r\n]*+(.++)", re.DOTALL)
_READERS = {"'": literals.single_quoted} | dict.fromkeys("tTfF", literals.boolean)
_OWN: dict[str, type[Id | Document | Uri]] = {"#id": Id, "#document": Document, "#uri": Uri}


def parse(text: str) -> Expr:
    """The filter that `text` says, parameters unbound. Raises ParseError, CheckError or LimitError, each with a span."""
    try:
        expr: Any = _reader().read(text)
    except WhereqlError:
        expr = None
    return _parse_by_lark(text) if expr is None else expr


def _parse_by_lark(text: str) -> Expr:
    """The same by Lark alone, for what it says about a text that is wrong."""
    try:
        expr: Any = _parser().parse(text)
    except UnexpectedInput as error:
        raise explain(text, error) from None
    except WhereqlError as error:
        error.source = error.source or text
        raise
    return expr  # type: ignore[no-any-return]  # as above


@lru_cache(maxsize=1)
def _reader() -> Reader:
    return Reader(_parser(), _Builder())


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = files("whereql_grammar").joinpath("filter.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=False, transformer=_Builder())


def _span(first: Any, last: Any) -> Span:
    """From the start of one part (a token, a node or a list) to the end of another."""
    start: Any = first.start_pos if type(first) is Token else first.span[0]
    end: Any = last.end_pos if type(last) is Token else last.span[1]
    return make_span((start, end))


def _field(token: Token, name: str) -> Field:
    """The key whose name stands at the start of a token."""
    if not name.isascii() and (foreign := foreign_character(name)) is not None:
        raise foreign_error(token, foreign)
    start = token.start_pos or 0
    return Field(name, make_span((start, start + len(name))))


def _compare(field: Subject, operator: str, value: Literal | Param, span: Span) -> Expr:
    if operator in _COMPARISONS:
        return Predicate(field, _COMPARISONS[operator], value, span)
    return Not(Predicate(field, Op.EQ, value, span), span)


class _Items(tuple[Literal | Param, ...]):
    """The literals of a list, with the span of its brackets."""

    span: Span


def _plain(values: _Items | Param) -> tuple[Literal | Param, ...] | Param:
    return values if isinstance(values, Param) else tuple(values)


def _negatable(build: Callable[[_Builder, list[Any]], Expr]) -> Callable[[_Builder, list[Any]], Expr]:
    """A rule with an optional NOT among its parts: built without it, and then negated."""

    @wraps(build)
    def build_signed(self: _Builder, parts: list[Any]) -> Expr:
        plain = [part for part in parts if type(part) is not Token or part.type != "NOT"]
        predicate: Any = build(self, plain)
        return predicate if len(plain) == len(parts) else Not(predicate, _span(parts[0], parts[-1]))

    return build_signed


class _Builder:
    """One method per rule or alias of the grammar: its parts in, a node out."""

    def start(self, parts: list[Expr]) -> Expr:
        return parts[0] if parts else Const(True, Span(0, 0))

    def disjunction(self, parts: list[Expr]) -> Any:
        return Or(parts, _span(parts[0], parts[-1]))

    def conjunction(self, parts: list[Expr]) -> Any:
        return And(parts, _span(parts[0], parts[-1]))

    def negation(self, parts: list[Any]) -> Expr:
        return Not(parts[1], _span(parts[0], parts[1]))

    def constant(self, parts: list[Token]) -> Expr:
        return Const(parts[0].upper() == "TRUE", _span(parts[0], parts[0]))

    def bare(self, parts: list[Subject]) -> Expr:
        subject = parts[0]
        if not isinstance(subject, Field):
            raise ParseError(
                "WQ110", "a record's own field is no condition by itself", span=subject.span, hint="to ask whether it is there, write IS NOT NULL"
            )
        return Predicate(subject, Op.EQ, Literal(Kind.BOOL, True, span=subject.span), subject.span)

    def comparison(self, parts: list[Any]) -> Expr:
        field, operator, value = parts
        return _compare(field, operator, value, _span(field, value))

    def COMPARED(self, token: Token) -> Expr:
        name, operator, written = _PARTS.match(token).groups()  # type: ignore[union-attr]  # the terminal has these parts
        span = _span(token, token)
        value = _READERS.get(written[0], literals.number)(written, make_span((span[1] - len(written), span[1])))
        return _compare(_field(token, name), operator, value, span)

    def SINGLES(self, token: Token) -> list[Literal]:
        return literals.single_quoted_run(token, token.start_pos or 0)

    def NUMBERS(self, token: Token) -> list[Literal]:
        return literals.number_run(token, token.start_pos or 0)

    def flipped(self, parts: list[Any]) -> Expr:
        value, operator, field = parts
        predicate = Predicate(field, Op.EQ, value, _span(value, field))
        return Not(predicate, predicate.span) if operator.type == "NE" else predicate

    def chain(self, parts: list[Any]) -> Any:
        value, operator, field = parts[:3]
        first = Predicate(field, _MIRRORED[operator], value, _span(value, field))
        if len(parts) == 3:
            return first
        second = Predicate(field, _COMPARISONS[parts[3]], parts[4], _span(field, parts[4]))
        return And([first, second], _span(value, parts[4]))

    @_negatable
    def between(self, parts: list[Any]) -> Any:
        field, low, high = parts
        span = _span(field, high)
        return And([Predicate(field, Op.GE, low, span), Predicate(field, Op.LE, high, span)], span)

    @_negatable
    def in_list(self, parts: list[Any]) -> Expr:
        return Predicate(parts[0], Op.IN, _plain(parts[1]), _span(*parts))

    @_negatable
    def member_of(self, parts: list[Any]) -> Expr:
        return Predicate(parts[1], Op.HAS, (parts[0],), _span(*parts))

    @_negatable
    def has(self, parts: list[Any]) -> Expr:
        return Predicate(parts[0], Op.HAS, (parts[1],), _span(*parts))

    @_negatable
    def has_any(self, parts: list[Any]) -> Expr:
        return Predicate(parts[0], Op.HAS, _plain(parts[1]), _span(*parts))

    @_negatable
    def has_all(self, parts: list[Any]) -> Any:
        subject, values = parts
        span = _span(*parts)
        if isinstance(values, Param):
            return Predicate(subject, Op.HAS, Param(values.name, each=True, span=values.span), span)
        return And([Predicate(subject, Op.HAS, (value,), span) for value in values], span)

    @_negatable
    def text(self, parts: list[Any]) -> Expr:
        field, operator, value = parts
        return Predicate(field, _TEXT_OPERATORS[operator.split()[0].upper()], value, _span(field, value))

    def regex(self, parts: list[Any]) -> Expr:
        field, operator, value = parts
        predicate = Predicate(field, Op.MATCHES, value, _span(field, value))
        return Not(predicate, predicate.span) if operator.type == "NO_MATCH" else predicate

    def exists(self, parts: list[Any]) -> Expr:
        return Predicate(parts[1], Op.EXISTS, None, _span(parts[0], parts[2]))

    def presence(self, parts: list[Any]) -> Expr:
        span = _span(parts[0], parts[-1])
        predicate = Predicate(parts[0], Op.EXISTS, None, span)
        return predicate if len(parts) == 3 else Not(predicate, span)

    def name(self, parts: list[Token]) -> Subject:
        return _field(parts[0], str(parts[0]))

    def quoted_name(self, parts: list[Token]) -> Subject:
        return Field(parts[0][1:-1].replace("``", "`"), _span(parts[0], parts[0]))

    def own_field(self, parts: list[Token]) -> Subject:
        return _OWN[parts[0]](_span(parts[0], parts[0]))

    def items(self, parts: list[Any]) -> _Items:
        listed = parts[1:-1:2]  # every second part is a comma
        run = len(listed) == 1 and type(listed[0]) is list
        values = _Items(listed[0] if run else [value for item in listed for value in (item if isinstance(item, list) else (item,))])
        values.span = _span(parts[0], parts[-1])
        return values

    def parameter(self, parts: list[Token]) -> Param:
        return Param(parts[0][1:], span=_span(parts[0], parts[0]))

    def number(self, parts: list[Token]) -> Literal:
        return literals.number(str(parts[0]), _span(parts[0], parts[0]))

    def single_quoted(self, parts: list[Token]) -> Literal:
        return literals.single_quoted(str(parts[0]), _span(parts[0], parts[0]))

    def double_quoted(self, parts: list[Token]) -> Literal:
        return literals.double_quoted(str(parts[0]), _span(parts[0], parts[0]))

    def boolean(self, parts: list[Token]) -> Literal:
        return literals.boolean(str(parts[0]), _span(parts[0], parts[0]))

    def moment(self, parts: list[Token]) -> Literal:
        function, string, _ = parts
        read = literals.single_quoted if string.type == "SINGLE" else literals.double_quoted
        return literals.moment(function.type, read(str(string), _span(string, string)), _span(function, parts[2]))

