"""Filter expressions of Spring AI, as text: read only, since Java programs build them, too.

>>> whereql.to_text(DIALECT.decode("genre == 'drama' && NOT year >= 2020 OR city NIN ['Sofia']"))
"genre = 'drama' AND NOT (year >= 2020 OR city NOT IN ('Sofia'))"

NOT reaches as far as it can, as that example shows: the grammar lists it last. What a missing key means is left to the store.
"""

from __future__ import annotations

import re
from functools import partial

from whereql.ast import Expr, Literal, Not, Or, Predicate, Subject
from whereql.dialect import Dialect, Option, Options
from whereql.dialects.doubles import EXACT
from whereql.dialects.reading import END, Connectives, Lexer, Token, Tokens, key, read_filter, signed
from whereql.dialects.text.literals import boolean, number
from whereql.kinds import Kind
from whereql.limits import check_items
from whereql.operators import ORDER, ORDERS, Op
from whereql.source import Span

_WORD = r"(?![A-Za-z0-9_])"
# Words are written in one of two ways, `and` or `AND`; anything else, such as `And`, is a name.
_LEXER = Lexer(
    "Spring AI",
    {
        "and": rf"&&|(?:AND|and){_WORD}",
        "or": rf"\|\||(?:OR|or){_WORD}",
        "not": rf"(?:NOT|not){_WORD}",
        "in": rf"(?:IN|in){_WORD}",
        "nin": rf"(?:NIN|nin){_WORD}",
        "is": rf"(?:IS|is){_WORD}",
        "null": rf"(?:NULL|null){_WORD}",
        "where": rf"(?:WHERE|where){_WORD}",
        "bool": rf"(?:TRUE|true|FALSE|false){_WORD}",
        "suffix": rf"[lL]{_WORD}",
        "name": r"[A-Za-z_][A-Za-z0-9_]*",
        "string": r"'(?:[^'\\]|\\[\s\S])*+'|\"(?:[^\"\\]|\\[\s\S])*+\"",
        "decimal": r"[0-9]++\.[0-9]*|\.[0-9]+",
        "integer": r"[0-9]+",
        "compare": r"==|!=|>=|<=|>|<",
        "sign": r"[-+.,()\[\]]",
    },
    has_case=True,
)
_WORDS = Connectives(any_of={"or"}, all_of={"and"}, none_of={"not"}, has_wide_not=True)
_COMPARISONS = {"==": (Op.EQ, False), "!=": (Op.EQ, True), **{sign: (op, False) for sign, op in ORDERS.items()}}


def _read(source: object, options: Options) -> Expr:
    tokens = _LEXER.tokens(source)
    if not tokens.skip("where") and tokens.next.text.upper().startswith("WHERE") and tokens.next.kind == "name":
        tokens.fail("the word WHERE alone", hint="Spring AI takes a filter that begins with these five letters for one with WHERE in front: write the key in quotes")
    if tokens.is_(END):
        tokens.fail("a condition", hint="for every record pass no filter")
    return read_filter(tokens, _WORDS, partial(_condition, store=options["store"]))


def _condition(tokens: Tokens, negated: bool, store: str) -> Expr:
    subject = _key(tokens)
    if tokens.skip("is"):
        is_null = not tokens.skip("not")
        tokens.take("null", "NULL")
        return signed(Predicate(subject, Op.EXISTS), is_null)
    is_complement = tokens.is_("nin") or (tokens.is_("not") and tokens.ahead().kind == "in" and bool(tokens.advance()))
    if tokens.skip("in", "nin"):
        return signed(Predicate(subject, Op.IN, _values(tokens, store)), is_complement)
    op, is_complement = _COMPARISONS[tokens.take("compare", "an operator such as == or IN").text]
    operand = tokens.next
    value = _value(tokens, store)
    if op in ORDER and value.kind is Kind.BOOL:
        tokens.refuse("the order of bools", operand, "compare bools with == or !=")
    if op in ORDER and store == "simple" and isinstance(value.value, str) and max(value.value, default="") >= "\ue000":
        tokens.refuse("the order of characters from U+E000 on", operand, "SimpleVectorStore orders by UTF-16: compare with == or !=")
    predicate = Predicate(subject, op, value)
    if store == "simple" and op in (Op.LT, Op.LE):  # there a missing key is less than any value
        return Or([predicate, Not(Predicate(subject, Op.EXISTS))])
    return signed(predicate, is_complement)


def _key(tokens: Tokens) -> Subject:
    """A name, two with a dot between them, which are one key, or any key in quotes."""
    if text := tokens.skip("string"):
        return key(_unquoted(text), text)
    first = tokens.take("name", "a key") if not tokens.is_("suffix") else tokens.fail("a key", hint="Spring AI takes a lone L for the end of a number: write the key in quotes")
    if not tokens.skip("."):
        return key(first.text, first)
    second = tokens.take("name", "the rest of the key")
    if tokens.is_("."):
        tokens.fail("an operator such as == or IN", hint=f"a bare key has one dot: write '{first.text}.{second.text}.…' in quotes")
    return key(f"{first.text}.{second.text}", first)


def _unquoted(token: Token) -> str:
    """The text in quotes: a backslash escapes the quote and itself, and stands for itself before anything else."""
    inner = token.text[1:-1]
    return re.sub(rf"\\([{token.text[0]}\\])", r"\1", inner) if "\\" in inner else inner


def _values(tokens: Tokens, store: str) -> tuple[Literal, ...]:
    tokens.take("[", "a list: ['a', 'b']")
    values = [_value(tokens, store)]
    while tokens.skip(","):
        values.append(_value(tokens, store))
        check_items(len(values), values[-1].span)
    tokens.take("]", "',' or ']'")
    return tuple(values)


def _value(tokens: Tokens, store: str) -> Literal:
    token = tokens.next
    value = _literal(tokens)
    if store == "simple" and value.kind is Kind.INT and abs(value.value) > EXACT:  # type: ignore[arg-type]  # an int, as its kind says
        tokens.refuse("an int beyond 2^53", token, "SimpleVectorStore rounds numbers to doubles: write the double that is meant")
    return value


def _literal(tokens: Tokens) -> Literal:
    if token := tokens.skip("string"):
        return Literal(Kind.STRING, _unquoted(token), span=token.span)
    if token := tokens.skip("bool"):
        return boolean(token.text, token.span)
    sign = tokens.skip("-", "+")
    token = tokens.take(("integer", "decimal"), "a value: a string in quotes, a number, TRUE or FALSE")
    if token.kind == "integer":
        tokens.skip("suffix")
    span = Span(token.start if sign is None else sign.start, token.span.end)
    return number(f"{sign.text if sign else ''}{token.text}", span)


DIALECT = Dialect(
    "Spring AI",
    _read,
    options={
        "store": Option("whose meaning is meant: any, where a missing key passes != and NOT and nothing else, or simple, SimpleVectorStore, where it is less than any value, too", "any", ("any", "simple"))
    },
)
