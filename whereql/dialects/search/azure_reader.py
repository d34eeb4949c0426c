"""From the `$filter` of Azure AI Search to the AST.

>>> whereql.to_text(read("Rating ge 4 and not Tags/any(t: t eq 'pool') and Address/City ne null", {"id": "id", "document": "document", "uri": "uri"}))
"Rating >= 4 AND Tags NOT HAS 'pool' AND `Address/City` IS NOT NULL"
"""

from __future__ import annotations

from typing import Any

from whereql.ast import Const, Expr, Field, Literal, Not, Op, Predicate, Subject
from whereql.dialect import Options
from whereql.dialects.places import subjects
from whereql.dialects.reading import Connectives, Lexer, Token, Tokens, key, read_filter
from whereql.dialects.text import literals
from whereql.limits import check_depth, check_items
from whereql.values import literal

RESERVED = frozenset({"and", "or", "not", "eq", "ne", "gt", "lt", "ge", "le", "true", "false", "null", "NaN", "INF", "any", "all", "search", "geo", "geography"})

_TITLE = "Azure AI Search"
_LEXER = Lexer(
    _TITLE,
    {
        "string": r"'(?:[^']|'')*+'",
        "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]*+(?:Z|[+-][0-9]{2}:[0-9]{2})?",
        "number": r"[+-]?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?",
        "infinity": r"-INF\b",
        "name": r"[A-Za-z_][A-Za-z_0-9]*+(?:[/.][A-Za-z_][A-Za-z_0-9]*+)*+",
        "sign": r"[(),:]",
    },
    has_case=True,
)
_WORDS = Connectives(any_of={"or"}, all_of={"and"}, none_of={"not"})
_COMPARISONS = {"eq": Op.EQ, "ne": None, "gt": Op.GT, "lt": Op.LT, "ge": Op.GE, "le": Op.LE}
_MIRRORED = {"gt": "lt", "lt": "gt", "ge": "le", "le": "ge"}
_NO_FIELD = RESERVED - {"search", "geo", "geography", "any", "all"}


def read(source: Any, options: Options) -> Expr:
    """The filter that a `$filter` says. Raises ParseError, UnsupportedError, LimitError."""
    return read_filter(_LEXER.tokens(source), _WORDS, _Reader(subjects(options)).condition)


class _Reader:
    def __init__(self, subjects: dict[str, Subject]) -> None:
        self._subjects = subjects

    def condition(self, tokens: Tokens, negated: bool) -> Expr:
        """One condition: a comparison, a function, a lambda, or a field of bools."""
        token = tokens.next
        if token.kind in ("string", "number", "date", "infinity") or (token.text in ("true", "false", "null", "NaN", "INF") and token.kind == "name"):
            return self._mirrored(tokens)
        if token.kind != "name" or token.text in _NO_FIELD:
            tokens.fail("a condition")
        if "." in token.text:
            return self._function(tokens)
        if tokens.ahead().text == "(":
            return self._lambda(tokens)
        after_not = tokens.ahead(-1)  # before the first token stands none, and the last is the end
        name = tokens.advance()
        if not tokens.is_(*_COMPARISONS):
            return Predicate(self._subject(name), Op.EQ, literal(True))
        if after_not.text == "not" and after_not.start < name.start:
            tokens.fail("'(' before a comparison under not", name, "not binds tighter than eq: write not (… eq …)")
        word = tokens.advance().text
        return self._compared(self._subject(name), word, tokens.next, self._constant(tokens), tokens)

    def _mirrored(self, tokens: Tokens) -> Expr:
        """A constant alone, or before the operator."""
        token = tokens.next
        value = self._constant(tokens)
        if not tokens.is_(*_COMPARISONS):
            if isinstance(value, Literal) and isinstance(value.value, bool):
                return Const(value.value)
            tokens.fail("a condition", token)
        word = tokens.advance().text
        name = tokens.take("name", "a field")
        if "." in name.text or tokens.is_("("):
            tokens.refuse("a comparison with a function", name, "write the condition for the field")
        if name.text in _NO_FIELD:
            tokens.fail("a field", name)
        return self._compared(self._subject(name), _MIRRORED.get(word, word), token, value, tokens)

    def _compared(self, subject: Subject, word: str, token: Token, value: Literal | None, tokens: Tokens) -> Expr:
        if value is None:
            if word not in ("eq", "ne"):
                tokens.fail("a number", token, "nothing is less or greater than null: Azure answers with an error")
            exists = Predicate(subject, Op.EXISTS)
            return Not(exists) if word == "eq" else exists
        op = _COMPARISONS[word]
        if op is None:
            return Not(Predicate(subject, Op.EQ, value))
        if op is not Op.EQ and isinstance(value.value, bool):
            tokens.fail("a number", token, "bools have no order")
        return Predicate(subject, op, value)

    def _constant(self, tokens: Tokens) -> Literal | None:
        """A constant; None for null."""
        token = tokens.advance()
        if token.kind == "string":
            return literals.single_quoted(token.text, token.span)
        if token.kind == "number":
            return literals.number(token.text, token.span)
        if token.text in ("true", "false") and token.kind == "name":
            return literals.boolean(token.text, token.span)
        if token.kind == "date":
            tokens.refuse("a date", token, "compare a number, such as epoch seconds")
        if token.kind == "infinity" or token.text in ("NaN", "INF"):
            tokens.refuse(token.text, token, "write a finite number")
        if token.kind != "name" or token.text != "null":
            tokens.fail("a constant", token, "a field is compared with a constant only: 'text', 1, 2.5, true or null")
        return None

    def _function(self, tokens: Tokens) -> Expr:
        name = tokens.next
        if name.text != "search.in":
            tokens.refuse(name.text, name, "it searches analysed text, or measures distances: leave it to a query beside the filter")
        subject, items = self._search_in(tokens)
        found = Predicate(subject, Op.IN, items)
        if not tokens.is_("eq", "ne"):
            return found
        word = tokens.advance().text
        value = self._constant(tokens)
        if value not in (literal(True), literal(False)):
            tokens.fail("true or false")
        return found if (value == literal(True)) is (word == "eq") else Not(found)

    def _search_in(self, tokens: Tokens) -> tuple[Subject, tuple[Literal, ...]]:
        function = tokens.advance()
        tokens.take("(", "'('")
        name = tokens.take("name", "a field")
        tokens.take(",", "','")
        listed = tokens.take("string", "a string of values")
        separators = " ,"
        if tokens.skip(","):
            separators = str(literals.single_quoted((token := tokens.take("string", "a string of separators")).text, token.span).value)
        tokens.take(")", "')'")
        text = str(literals.single_quoted(listed.text, listed.span).value)
        for separator in separators[1:]:
            text = text.replace(separator, separators[0])
        parts = [part for part in (text.split(separators[0]) if separators else [text]) if part]
        check_items(len(parts), listed.span)
        if any(part != part.strip() for part in parts):
            tokens.refuse("a list with blanks around its values", function, "write them with eq and or")
        return self._subject(name), tuple(literal(part, listed.span) for part in parts)

    def _lambda(self, tokens: Tokens) -> Expr:
        """`path/any(…)` or `path/all(…)` over a collection of scalars."""
        name = tokens.advance()
        path, _, word = name.text.rpartition("/")
        if word not in ("any", "all") or not path:
            tokens.fail("a field, search.in, …/any or …/all", name)
        subject = self._subject(Token("name", path, name.start))
        tokens.take("(", "'('")
        if word == "any" and tokens.skip(")"):
            return Predicate(subject, Op.EXISTS)
        variable = tokens.take("name", "a variable").text
        tokens.take(":", "':'")
        items = self._elements(tokens, variable, word == "all", 1)
        tokens.take(")", "')'")
        has = Predicate(subject, Op.HAS, tuple(items))
        return Not(has) if word == "all" else has

    def _elements(self, tokens: Tokens, variable: str, is_all: bool, depth: int) -> list[Literal]:
        """What an element is, one of these (any), or is none of (all)."""
        check_depth(depth, tokens.next.span)
        items = self._element(tokens, variable, is_all, depth)
        word = "and" if is_all else "or"
        while tokens.skip(word):
            items += self._element(tokens, variable, is_all, depth)
        if tokens.is_("or", "and"):
            tokens.refuse(f"{tokens.next.text} in {'all' if is_all else 'any'}", tokens.next, "write several any, joined outside")
        return items

    def _element(self, tokens: Tokens, variable: str, is_all: bool, depth: int) -> list[Literal]:
        token = tokens.next
        if tokens.skip("("):
            items = self._elements(tokens, variable, is_all, depth + 1)
            tokens.take(")", "')'")
            return items
        has_not = tokens.skip("not") is not None
        if has_not and tokens.is_("("):
            tokens.advance()
            items = self._elements(tokens, variable, not is_all, depth + 1)
            tokens.take(")", "')'")
            if len(items) > 1:
                tokens.refuse("not of several conditions in a lambda", token, "write it outside of the lambda")
            return items
        if tokens.is_("search.in") and has_not is is_all:
            subject, found = self._search_in(tokens)
            if subject != Field(variable):
                tokens.refuse("another field in a lambda", token, "compare the variable only")
            return list(found)
        name = tokens.next
        if name.text != variable:
            tokens.refuse("such a condition in a lambda", token, "write … eq constant in any, … ne constant in all")
        tokens.advance()
        if not tokens.is_(*_COMPARISONS):
            return [literal(is_all is has_not)]
        if has_not or not tokens.is_("ne" if is_all else "eq"):
            tokens.refuse("such a condition in a lambda", token, "write … eq constant in any, … ne constant in all")
        tokens.advance()
        place = tokens.next
        value = self._constant(tokens)
        if value is None:
            tokens.fail("a constant", place, "a collection has no nulls")
        return [value]

    def _subject(self, name: Token) -> Subject:
        return self._subjects.get(name.text) or key(name.text, name)


