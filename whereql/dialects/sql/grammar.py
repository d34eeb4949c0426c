"""The reading of a condition of SQL into a tree, by the tables of `syntax`: a recursive descent over a flavour's precedences.

>>> from whereql.dialects.sql.syntax import SQLITE
>>> read_condition("NOT a = 'it''s' AND b->>'k' IN (1, 2)", SQLITE, ()).sign
'AND'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from whereql.ast import Literal
from whereql.dialects.reading import END, Token, Tokens
from whereql.dialects.sql.syntax import (
    ARITHMETIC,
    CLAUSES,
    REFUSED_WORDS,
    WORDS,
    Apply,
    Call,
    Cast,
    Exists,
    Items,
    Name,
    Node,
    Syntax,
    Value,
)
from whereql.dialects.text import literals
from whereql.errors import CheckError, LimitError, ParseError, WhereqlError
from whereql.limits import check_depth, check_items
from whereql.source import quote
from whereql.values import literal


def read_condition(source: Any, syntax: Syntax, params: Sequence[Any] | Mapping[str, Any], *, halves_percent: bool = False) -> Node:
    """The tree of a condition. halves_percent: whether `%%` in the text stands for one.

    Raises ParseError for what is no condition, UnsupportedError for what is none on one row, CheckError for a parameter without a
    value, LimitError.
    """
    tokens = syntax.lexer.tokens(source)
    try:
        if tokens.is_("select", "with"):
            tokens.refuse("a whole query", tokens.next, "pass what stands behind WHERE alone")
        reader = _Reader(syntax, tokens, params, halves_percent)
        node = reader.disjunction(1)
        if not tokens.is_(END):
            reader.refuse_stray()
            tokens.fail("AND, OR or the end")
        reader.check_used()
    except WhereqlError as error:
        error.source = error.source or tokens.source
        raise
    except RecursionError:
        raise LimitError("WQ401", "the condition is nested too deeply", source=tokens.source, hint="a list of values says IN (…) in one level") from None
    return node


class _Reader:
    """A recursive descent over the precedences of a flavour."""

    def __init__(self, syntax: Syntax, tokens: Tokens, params: Sequence[Any] | Mapping[str, Any], halves_percent: bool) -> None:
        self._syntax = syntax
        self._tokens = tokens
        self._params = params
        self._used = 0
        self._halves_percent = halves_percent
        self._levels = {sign: level for level, signs in enumerate(syntax.levels) for sign in signs}
        if syntax.arrow:
            self._levels[syntax.arrow] = -1

    def disjunction(self, depth: int) -> Node:
        """Conditions joined by OR. Few frames for each level of parentheses, since Python's stack is as deep as the limit allows."""
        check_depth(depth, self._tokens.next.span)
        parts = [self._conjunction(depth)]
        token = self._tokens.next
        while self._tokens.skip("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else Apply(token, "OR", tuple(parts))

    def _conjunction(self, depth: int) -> Node:
        parts = [self._negation(depth)]
        token = self._tokens.next
        while self._tokens.skip("and"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else Apply(token, "AND", tuple(parts))

    def _negation(self, depth: int) -> Node:
        negations: list[Token] = []
        while token := self._tokens.skip("not"):
            negations.append(token)
            check_depth(depth + len(negations), token.span)
        found = self._level(-1, depth + len(negations))
        for token in reversed(negations):
            found = Apply(token, "NOT", (found,))
        return found

    def _level(self, least: int, depth: int) -> Node:
        """An operand, and the operators behind it that bind at least so tight."""
        left = self._postfix(depth)
        while True:
            token = self._tokens.next
            is_negated = token.kind == "word" and token.text.lower() == "not"
            operator = self._tokens.ahead() if is_negated else token
            level = self._levels.get(operator.text.lower()) if operator.kind in (("word",) if is_negated else ("word", "sign")) else None
            if level is None or level < least:
                return left
            if is_negated:
                self._tokens.advance()
            left = self._arrow(left, depth) if level == -1 else self._test(left, level, depth)
            if is_negated:
                left = Apply(token, "NOT", (left,))

    def _arrow(self, left: Node, depth: int) -> Node:
        """An arrow that binds looser than a comparison, as one of DuckDB does."""
        token = self._tokens.advance()
        match self._level(0, depth):
            case Value() | Apply(_, "||") as right:
                return Apply(token, "->", (left, right))
            case Apply(inner, "->>", (Value() | Apply(_, "||") as first, Value() as second)):
                return Apply(inner, "->>", (Apply(token, "->", (left, first)), second))
        return self._tokens.refuse("an arrow that takes all that follows", token, "put the arrow in parentheses: (metadata->'key')")

    def _test(self, left: Node, level: int, depth: int) -> Node:
        token = self._tokens.advance()
        sign = token.text.lower()
        match sign:
            case "in":
                return Apply(token, "IN", (left, self._in_list(depth)))
            case "between":
                low = self._level(level + 1, depth)
                self._tokens.take("and", "AND")
                return Apply(token, "BETWEEN", (left, low, self._level(level + 1, depth)))
            case "is":
                return self._is(token, left, level, depth)
            case "isnull" | "notnull":
                found = Apply(token, "IS", (left, Value(token, None)))
                return found if sign == "isnull" else Apply(token, "NOT", (found,))
            case "similar" | "match":
                self._tokens.refuse(sign.upper(), token, "write it with LIKE")
        right = self._any(depth) if self._tokens.is_("any") and sign in ("=", "==") else self._level(level + 1, depth)
        if sign in ARITHMETIC:
            self._tokens.refuse(f"the arithmetic {sign}", token, "compare a column with a value")
        if sign in ("like", "ilike") and self._tokens.skip("escape"):
            return Apply(token, sign.upper(), (left, right, self._level(level + 1, depth)))
        return Apply(token, sign.upper(), (left, right))

    def _is(self, token: Token, left: Node, level: int, depth: int) -> Node:
        """IS with what may stand behind it: NULL, TRUE, FALSE, DISTINCT FROM; in SQLite any value."""
        negated = self._tokens.skip("not") is not None
        if self._tokens.skip("distinct"):
            self._tokens.take("from", "FROM")
            right = self._level(level + 1, depth)
            # SQLite reads these words before TRUE and FALSE as IS NOT and IS: a test of the truth of any number.
            is_truth = self._syntax.has_json_each and right.token.text.lower() in ("true", "false")
            found = Apply(token, "IS TRUTH" if is_truth else "IS", (left, right))
            return found if negated else Apply(token, "NOT", (found,))
        right = self._level(level + 1, depth)
        is_value = isinstance(right, Value) and (right.value is None or right.token.text.lower() in ("true", "false"))
        if not (is_value or self._syntax.has_json_each):
            self._tokens.fail("NULL, TRUE, FALSE or DISTINCT FROM", right.token)
        sign = "IS" if right.token.text.lower() not in ("true", "false") else "IS TRUTH"
        found = Apply(token, sign, (left, right))
        return Apply(token, "NOT", (found,)) if negated else found

    def _any(self, depth: int) -> Node:
        """The array of an `= ANY(…)`."""
        token = self._tokens.advance()
        self._tokens.take("(", "'('")
        self._refuse_select()
        array = self.disjunction(depth + 1)
        self._tokens.take(")", "')'")
        return Call(token, "any", (array,))

    def _in_list(self, depth: int) -> Node:
        token = self._tokens.next
        if not self._tokens.is_("("):
            return self._level(len(self._syntax.levels) - 1, depth)
        self._tokens.advance()
        self._refuse_select()
        return Items(token, self._items(")", depth))

    def _items(self, closing: str, depth: int) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._tokens.skip(closing):
            if items:
                self._tokens.take(",", f"',' or '{closing}'")
            check_items(len(items) + 1, self._tokens.next.span)
            items.append(self.disjunction(depth + 1))
        return tuple(items)

    def _postfix(self, depth: int) -> Node:
        found = self._primary(depth)
        while True:
            if token := self._tokens.skip("collate"):
                name = self._tokens.take(("word", "quoted"), "a collation")
                found = Apply(token, "COLLATE", (found, Name(name, _unquoted(name))))
            elif token := self._tokens.skip("::"):
                found = Cast(token, found, self._type())
            elif self._tokens.next.text in ARITHMETIC and self._tokens.next.kind == "sign" and not self._is_operator(self._tokens.next.text):
                sign = self._tokens.advance()
                self._primary(depth + 1)
                self._tokens.refuse(f"the arithmetic {sign.text}", sign, "compare a column with a value")
            elif self._tokens.is_("[") and self._tokens.next.kind == "sign":
                self._tokens.refuse("an index into a value", self._tokens.next, "name the key: metadata->>'key'")
            else:
                return found

    def _is_operator(self, sign: str) -> bool:
        return any(sign in level for level in self._syntax.levels)

    def _primary(self, depth: int) -> Node:
        check_depth(depth, self._tokens.next.span)
        token = self._tokens.next
        match token.kind:
            case "text":
                self._tokens.advance()
                if self._tokens.next.kind == "text":
                    self._tokens.fail("an operator")
                return Value(token, self._literal(self._text(token), token))
            case "number":
                self._tokens.advance()
                return Value(token, _number(token.text, token))
            case "param":
                self._tokens.advance()
                return self._parameter(token)
            case "quoted":
                return self._name()
            case "word":
                return self._word(token, depth)
        if token.text in ("-", "+") and self._tokens.ahead().kind == "number":
            self._tokens.advance()
            number = self._tokens.advance()
            return Value(token, _number(f"{token.text.replace('+', '')}{number.text}", number))
        if self._tokens.skip("("):
            self._refuse_select()
            found = self.disjunction(depth + 1)
            if not self._tokens.skip(")"):
                self.refuse_stray()
                self._tokens.fail("')'", hint=f"it closes the '(' at character {token.start + 1}")
            return found
        if self._tokens.is_("[") and self._syntax.arrow:
            self._tokens.advance()
            return Items(token, self._items("]", depth), is_array=True)
        self.refuse_stray()
        return self._tokens.fail("a column or a value")

    def _word(self, token: Token, depth: int) -> Node:
        word = token.text.lower()
        ahead = self._tokens.ahead()
        if ahead.kind == "text" and word not in WORDS:
            self._tokens.refuse(f"a string marked {token.text}", token, "write it in single quotes alone")
        match word:
            case "null":
                self._tokens.advance()
                return Value(token, None)
            case "true" | "false":
                self._tokens.advance()
                return Value(token, literal(word == "true", token.span))
            case "cast" | "try_cast" if ahead.text == "(":
                return self._cast(token, depth)
            case "array" if ahead.text == "[":
                self._tokens.advance()
                self._tokens.advance()
                return Items(token, self._items("]", depth), is_array=True)
            case "exists":
                return self._exists(token, depth)
        if word in REFUSED_WORDS and (word in ("case", "select") or ahead.text == "("):
            self._tokens.refuse(REFUSED_WORDS[word], token, "write it with comparisons, AND, OR and NOT")
        if word in WORDS:
            self._tokens.fail("a column or a value")
        if ahead.text == "(" and ahead.kind == "sign":
            self._tokens.advance()
            self._tokens.advance()
            self._refuse_select()
            return Call(token, word, self._items(")", depth))
        return self._name()

    def _name(self) -> Node:
        token = self._tokens.advance()
        name, table = self._spelled(token), ""
        while self._tokens.is_(".") and self._tokens.next.kind == "sign":
            self._tokens.advance()
            part = self._tokens.take(("word", "quoted"), "a column")
            name, table = self._spelled(part), name
        return Name(token, name, table)

    def _spelled(self, token: Token) -> str:
        text = self._syntax.folds(token.text) if token.kind == "word" else _unquoted(token)
        return text.replace("%%", "%") if self._halves_percent else text

    def _cast(self, token: Token, depth: int) -> Node:
        self._tokens.advance()
        self._tokens.take("(", "'('")
        inner = self.disjunction(depth + 1)
        self._tokens.take("as", "AS")
        type = self._type()
        self._tokens.take(")", "')'")
        return Cast(token, inner, type, is_safe=token.text.lower() == "try_cast")

    def _type(self) -> str:
        words = [self._tokens.take("word", "a type").text.lower()]
        while self._tokens.is_("precision", "varying"):
            words.append(self._tokens.advance().text.lower())
        if self._tokens.is_("("):
            self._tokens.refuse("a type with a size", self._tokens.next, "leave the size out")
        while self._tokens.is_("[") and self._tokens.next.kind == "sign":
            self._tokens.advance()
            self._tokens.take("]", "']'")
            words.append("[]")
        return " ".join(words).replace(" []", "[]")

    def _exists(self, token: Token, depth: int) -> Node:
        """`EXISTS (SELECT 1 FROM json_each(…) AS name WHERE …)`."""
        self._tokens.advance()
        self._tokens.take("(", "'('")
        if not self._syntax.has_json_each or self._tokens.ahead(3).text.lower() != "json_each":
            self._tokens.refuse("a sub-query", token, "a filter is a condition on the columns of one row")
        for due in ("select", "1", "from", "json_each", "("):
            self._tokens.take(due, due.upper())
        args = self._items(")", depth)
        self._tokens.skip("as")
        alias = self._tokens.skip("word") if not self._tokens.is_("where") else None
        self._tokens.take("where", "WHERE")
        condition = self.disjunction(depth + 1)
        self._tokens.take(")", "')'")
        return Exists(token, args, alias.text if alias else "json_each", condition)

    def _refuse_select(self) -> None:
        if self._tokens.is_("select", "with", "values") and self._tokens.next.kind == "word":
            self._tokens.refuse("a sub-query", self._tokens.next, "a filter is a condition on the columns of one row")

    def refuse_stray(self) -> None:
        """Refuse what is never a part of a condition, by its name."""
        token = self._tokens.next
        if token.kind == "comment":
            self._tokens.refuse("a comment", token, "leave it out")
        if token.text == ";":
            self._tokens.refuse("a second statement", token, "pass the condition alone, without a semicolon")
        if token.kind == "word" and token.text.lower() in CLAUSES:
            self._tokens.refuse(f"{token.text.upper()}, which is no part of a condition,", token, "pass what stands behind WHERE alone")

    def _text(self, token: Token) -> str:
        text = token.text[1:-1].replace("''", "'")
        return text.replace("%%", "%") if self._halves_percent else text

    def _literal(self, value: Any, token: Token) -> Literal:
        return literal(value, token.span)

    def _parameter(self, token: Token) -> Node:
        """The value of a parameter, by its number or name, or the next of them."""
        name = token.text.lstrip("?:@$%")
        if isinstance(self._params, Mapping):
            found = self._params.get(name, self._params)
            if found is self._params:
                raise CheckError("WQ308", f"the parameter {quote(token.text)} has no value", span=token.span, hint="pass Sql(text, params)")
        else:
            number = int(name) if name.isdigit() else self._used + 1
            if not 1 <= number <= len(self._params):
                raise CheckError("WQ308", f"the parameter {quote(token.text)} has no value", span=token.span, hint="pass Sql(text, params), with as many values as there are places")
            self._used = max(self._used, number)
            found = self._params[number - 1]
        if found is None:
            return Value(token, None)
        if isinstance(found, (list, tuple)):
            check_items(len(found), token.span)
            return Value(token, [None if item is None else literal(item, token.span) for item in found])
        return Value(token, literal(found, token.span))

    def check_used(self) -> None:
        """Raise CheckError for values without a place."""
        if not isinstance(self._params, Mapping) and self._used < len(self._params):
            raise CheckError("WQ308", f"there are {len(self._params):,} values for {self._used:,} places", hint="pass as many values as there are places")


def _unquoted(token: Token) -> str:
    if token.kind == "word":
        return token.text
    quote, inner = token.text[0], token.text[1:-1]
    return inner if quote == "[" else inner.replace(quote * 2, quote)


def _number(text: str, token: Token) -> Literal:
    """A number of SQL: without a point or exponent an int, else the nearest double."""
    try:
        return literals.number(text, token.span)
    except WhereqlError as error:
        raise ParseError("WQ119", error.message, span=token.span, hint=error.hint or "write a number of int64 or a double") from None
