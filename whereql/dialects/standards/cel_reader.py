"""From CEL: a filter subset of it, where a key that is missing is an error, and an error passes no record.

`&&` and `||` take an error for a third value, as SQL does its NULL, so that `!(m.k == 5)` finds no record without `k`.
"""

from __future__ import annotations

import re
from typing import Any

from whereql.ast import And, Const, Expr, Field, Id, Literal, Not, Op, Or, Predicate, Subject
from whereql.dialect import Options
from whereql.dialects.places import PLACES, subjects
from whereql.dialects.reading import END, Lexer, Token, Tokens
from whereql.dialects.standards.cel_literals import number, string
from whereql.dialects.standards.cel_numbers import NumberPart
from whereql.dialects.standards.cel_tree import Negation, Node, Test, compiled, joined, otherwise
from whereql.errors import CheckError, WhereqlError
from whereql.kinds import Kind
from whereql.limits import check_depth, check_items, check_pattern
from whereql.operators import MIRRORED, OPPOSITE, ORDERS
from whereql.regex import lower
from whereql.values import FLOAT_MAX, literal

_LEXER = Lexer("CEL", {
    "string": r"""(?:[rR]?)(?:\"(?:[^\"\\\n\r]|\\.)*+\"|'(?:[^'\\\n\r]|\\.)*+')(?![\"'])""",
    "other string": r"""(?s:(?:(?:[bB][rR]?|[rR][bB])["']|[rR]?(?:\"{3}|'{3})).*)""",
    "number": r"0[xX][0-9a-fA-F]+[uU]?|(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[uU]?",
    "name": r"[A-Za-z_][A-Za-z0-9_]*",
    "sign": r"&&|\|\||[=!<>]=|[<>!()\[\].,?:+\-*/%{}]",
}, has_case=True, comment=r"//[^\n\r]*+")  # fmt: skip

_METHODS = {"contains": Op.CONTAINS, "startsWith": Op.STARTS, "endsWith": Op.ENDS, "matches": Op.MATCHES}
_TYPES = ("string", "int", "double", "bool", "list", "map", "null_type", "uint", "bytes")
_ASCII_CLASSES = re.compile(r"\\[dDwWsSbBQEC]|\(\?[a-zA-Z]*[uUx]|\[\[?:")


def read(source: Any, options: Options) -> Expr:
    """The filter of an expression. Raises ParseError, UnsupportedError, LimitError."""
    tokens = _LEXER.tokens(source)
    try:
        node = _Parser(tokens, options).disjunction(1)
        if not tokens.is_(END):
            tokens.fail("a connective or the end")
        return compiled(node, True, tokens)
    except WhereqlError as error:
        error.source = error.source or tokens.source
        raise


class _Parser:
    """A recursive descent; CEL's `!` binds tighter than a comparison."""

    def __init__(self, tokens: Tokens, options: Options) -> None:
        self._tokens = tokens
        self._options = options

    def disjunction(self, depth: int) -> Node:
        """Conditions joined by `||`."""
        parts = [self._conjunction(depth)]
        while self._tokens.skip("||"):
            parts.append(self._conjunction(depth))
        node = joined(False, parts)
        return self._list_or_none(node) if self._tokens.is_("?") else node

    def _list_or_none(self, node: Node) -> Node:
        """`type(m.k) == list ? m.k : []`, the elements of what may be no list."""
        tokens = self._tokens
        token = tokens.advance()
        is_list = isinstance(node, Test) and node.key is not None and node.key[0] == "list" and tokens.is_(str(self._options["metadata"]))
        if not (is_list and isinstance(node, Test) and node.key is not None and self._access() == node.key[1] and tokens.skip(":") and tokens.skip("[") and tokens.skip("]")):
            tokens.refuse("a conditional", token, "write && and ||")
        return Test(None, None, token, ("elements", node.key[1]))

    def _conjunction(self, depth: int) -> Node:
        parts = [self._relation(depth)]
        while self._tokens.skip("&&"):
            parts.append(self._relation(depth))
        return joined(True, parts)

    def _relation(self, depth: int) -> Node:
        return self._negated(depth) if self._tokens.is_("!") else self._primary(depth, False)

    def _negated(self, depth: int) -> Node:
        tokens = self._tokens
        check_depth(depth, tokens.next.span)
        token = tokens.advance()
        if tokens.is_("!"):
            return Negation(self._negated(depth + 1))
        is_bare = not tokens.is_("string", "number", "-") and not (tokens.is_("type") and tokens.ahead().text == "(")
        node = self._primary(depth + 1, True) if is_bare else None
        if node is None or tokens.is_("==", "!=", "<", "<=", ">", ">=", "in"):
            tokens.refuse("a comparison of a negation", token, "! binds tighter than a comparison: write !(…)")
        return Negation(node)

    def _primary(self, depth: int, is_negated: bool) -> Node:
        tokens = self._tokens
        check_depth(depth, tokens.next.span)
        if tokens.is_("("):
            tokens.advance()
            node = self.disjunction(depth + 1)
            tokens.take(")", "')'")
            if isinstance(node, Test) and node.key is not None and node.key[0] == "elements":
                tokens.take(".", "'.exists'")
                return self._exists(node.key[1], tokens.take("exists", "exists"), is_list=False)
            return node
        token = tokens.next
        if tokens.is_("true", "false") and tokens.ahead().text not in ("==", "!="):
            value = tokens.advance().text == "true"
            return Test(Const(value), Const(not value), token)
        if tokens.is_("has") and tokens.ahead().text == "(":
            return self._has()
        if tokens.is_("type") and tokens.ahead().text == "(":
            return self._type()
        if token.kind in ("string", "number", "other string") or tokens.is_("-", "true", "false", "null", "["):
            return self._literal_first()
        subject = self._access()
        if tokens.is_("."):
            return self._method(subject)
        if is_negated or not tokens.is_("==", "!=", "<", "<=", ">", ">=", "in"):
            self._no_arithmetic()
            return Test(Predicate(subject, Op.EQ, literal(True)), Predicate(subject, Op.EQ, literal(False)), token)
        return self._compared(subject)

    def _no_arithmetic(self) -> None:
        if self._tokens.is_("+", "-", "*", "/", "%", "{"):
            self._tokens.refuse("arithmetic", self._tokens.next, "compare a key with a value")

    def _has(self) -> Node:
        tokens = self._tokens
        token = tokens.advance()
        tokens.take("(", "'('")
        subject = self._access()
        tokens.take(")", "')'")
        return _present(subject, token)

    def _access(self) -> Subject:
        """A variable, or a key of the one that holds the keys."""
        tokens = self._tokens
        token = tokens.take("name", "a key")
        if tokens.is_("("):
            tokens.refuse(f"the function {token.text}", token, "compare a key with a value")
        own = subjects(self._options).get(token.text)
        if own is not None:
            return own
        if token.text != self._options["metadata"]:
            names = ", ".join(str(self._options[name]) for name in ("metadata", *PLACES))
            tokens.fail(f"one of the variables {names}", token, hint="the options of the dialect name them: metadata='…'")
        return Field(self._key())

    def _key(self) -> str:
        tokens = self._tokens
        if tokens.skip("["):
            key = string(tokens.take("string", "a key in quotes"))
            tokens.take("]", "']'")
        else:
            tokens.take(".", "'.' or '['")
            if tokens.is_("?"):
                tokens.refuse("an optional key", tokens.next, "write has(…)")
            key = tokens.take("name", "a key").text
        if tokens.is_("[") or (tokens.is_(".") and tokens.ahead(2).text != "("):
            tokens.refuse("a step into a value", tokens.next, 'whereql\'s keys are flat: metadata["a.b"]')
        return key

    def _type(self) -> Node:
        tokens = self._tokens
        token = tokens.advance()
        tokens.take("(", "'('")
        subject = self._access()
        tokens.take(")", "')'")
        sign = tokens.take(("==", "!="), "'==' or '!='")
        name = tokens.take(_TYPES, "the name of a type")
        return self._typed(subject, sign.text == "!=", name, token)

    def _typed(self, subject: Subject, is_turned: bool, name: Token, token: Token) -> Node:
        if name.text in ("int", "double") and not is_turned:
            return NumberPart.of(subject, Kind.INT if name.text == "int" else Kind.FLOAT, token)
        if name.text == "null_type" and is_turned:
            return Test(Predicate(subject, Op.EXISTS), None if isinstance(subject, Field) else Not(Predicate(subject, Op.EXISTS)), token, ("not null", subject))
        expr = _of_type(subject, name.text)
        if expr is None:
            self._tokens.refuse(f"a test for the type {name.text}", name, "compare the value, or write has(…)")
        others = otherwise(subject, expr)
        return Test(others, expr, token) if is_turned else Test(expr, others, token, ("list", subject) if name.text == "list" else None)

    def _literal(self) -> Literal:
        tokens = self._tokens
        if tokens.is_("other string"):
            tokens.refuse("such a string", tokens.next, "write it in one pair of quotes")
        if tokens.is_("string"):
            token = tokens.advance()
            return literal(string(token), token.span)
        if tokens.is_("true", "false"):
            token = tokens.advance()
            return literal(token.text == "true", token.span)
        sign = tokens.skip("-")
        return number(tokens.take("number", "a value"), sign is not None)

    def _list(self) -> tuple[Literal, ...]:
        tokens = self._tokens
        opening = tokens.take("[", "'['")
        items: list[Literal] = []
        while not tokens.is_("]"):
            items.append(self._literal())
            if not tokens.skip(","):
                break
        tokens.take("]", "']'")
        check_items(len(items), opening.span)
        return tuple(items)

    def _literal_first(self) -> Node:
        """`5 < m.k`, or `"a" in m.tags`, or `"k" in m`."""
        tokens = self._tokens
        token = tokens.next
        if tokens.is_("null", "["):
            tokens.fail("a key", token, hint="the key stands on the left")
        item = self._literal()
        if tokens.skip("in"):
            if tokens.is_(str(self._options["metadata"])) and tokens.ahead().text not in (".", "["):
                tokens.advance()
                if item.kind is not Kind.STRING:
                    tokens.refuse("such a key", token, "keys are strings")
                return _present(Field(str(item.value)), token)
            return _element(self._access(), (item,), token)
        sign = tokens.take(("==", "!=", "<", "<=", ">", ">="), "a comparison")
        subject = self._access()
        self._no_arithmetic()
        return self._said(subject, sign, item, mirrored=True)

    def _compared(self, subject: Subject) -> Node:
        tokens = self._tokens
        sign = tokens.advance()
        if sign.text == "in":
            items = self._list()
            found = Predicate(subject, Op.IN, items)
            return Test(found, otherwise(subject, found), sign)
        if tokens.is_("null"):
            if sign.text not in ("==", "!="):
                tokens.refuse("an order of null", sign, "nothing is less or greater than null: write has(…)")
            tokens.advance()
            return _null(subject, sign)
        if tokens.is_("name") and not tokens.is_("true", "false"):
            tokens.refuse("a comparison of two keys" if tokens.ahead().text != "(" else f"the function {tokens.next.text}", tokens.next, "compare a key with a value")
        item = self._literal()
        self._no_arithmetic()
        return self._said(subject, sign, item, mirrored=False)

    def _said(self, subject: Subject, sign: Token, item: Literal, *, mirrored: bool) -> Node:
        if sign.text in ("==", "!="):
            found = Predicate(subject, Op.EQ, item)
            other = otherwise(subject, found)
            return Test(found, other, sign) if sign.text == "==" else Test(other, found, sign)
        op = MIRRORED[ORDERS[sign.text]] if mirrored else ORDERS[sign.text]
        if item.kind is Kind.BOOL:
            self._tokens.refuse("an order of bools", sign, "compare with ==")
        # Values of two types have no order: that is an error, neither true nor false.
        return Test(Predicate(subject, op, item), Predicate(subject, OPPOSITE[op], item), sign)

    def _method(self, subject: Subject) -> Node:
        tokens = self._tokens
        tokens.advance()
        name = tokens.take("name", "a method")
        if name.text == "exists":
            return self._exists(subject, name)
        op = _METHODS.get(name.text)
        if op is None:
            tokens.refuse(f"the method {name.text}", name, f"known are {', '.join([*_METHODS, 'exists'])}")
        tokens.take("(", "'('")
        token = tokens.take("string", "a string")
        tokens.take(")", "')'")
        if op is Op.MATCHES:
            self._check_pattern(string(token), token)
        found = Predicate(subject, op, literal(string(token), token.span))
        return Test(found, And([Predicate(subject, Op.GE, literal("")), Not(found)]), name)

    def _check_pattern(self, pattern: str, token: Token) -> None:
        if _ASCII_CLASSES.search(pattern.replace("\\\\", "")):
            self._tokens.refuse("such a pattern", token, r"implementations differ on \d, \w, \s and \b: write [0-9], [0-9A-Za-z_] …")
        check_pattern(pattern, token.span)
        try:
            lower(pattern)
        except CheckError as error:
            raise CheckError("WQ303", error.message, span=token.span, hint=error.hint) from None

    def _exists(self, subject: Subject, token: Token, *, is_list: bool = True) -> Node:
        """`m.tags.exists(e, e == "a")`. is_list: it is an error where the value is no list."""
        tokens = self._tokens
        tokens.take("(", "'('")
        name = tokens.take("name", "a variable").text
        tokens.take(",", "','")
        options = {**dict.fromkeys(PLACES, ""), "metadata": "", "id": name}
        inner = compiled(_Parser(tokens, options).disjunction(1), True, tokens)
        tokens.take(")", "')'")
        items = _items(inner)
        if items is None:
            tokens.refuse("such a condition on an element", token, f"write {name} == value, or {name} in [values]")
        if not is_list:
            found = Predicate(subject, Op.HAS, items)
            return Test(found, otherwise(subject, found), token)
        return _element(subject, items, token)


def _items(expr: Expr) -> tuple[Literal, ...] | None:
    """The values that a condition on an element finds, None for another condition; the element stands in for the id."""
    match expr:
        case Predicate(Id(), Op.EQ, Literal() as item):
            return (item,)
        case Predicate(Id(), Op.IN, tuple() as items):
            return tuple(item for item in items if isinstance(item, Literal))
        case And((guard, other)):
            of_other = _items(other)
            return of_other if of_other is not None and all(guard == _of_type(Id(), item.kind.value) for item in of_other) else None
        case Or(args):
            each = [_items(arg) for arg in args]
            found = [items for items in each if items is not None]
            return tuple(item for items in found for item in items) if len(found) == len(args) else None
        case Const(False):
            return ()
    return None


def _of_type(subject: Subject, name: str) -> Expr | None:
    match name:
        case "string":
            return Predicate(subject, Op.GE, literal(""))
        case "bool":
            return Predicate(subject, Op.IN, (literal(True), literal(False)))
        case "list":
            return And([Predicate(subject, Op.EXISTS), Not(_scalar(subject))])
    return None


def _scalar(subject: Subject) -> Expr:
    return Or([Predicate(subject, Op.GE, literal("")), Predicate(subject, Op.GE, literal(-FLOAT_MAX)), Predicate(subject, Op.IN, (literal(True), literal(False)))])


def _present(subject: Subject, token: Token) -> Test:
    found = Predicate(subject, Op.EXISTS)
    return Test(found, Not(found), token, ("present", subject))


def _null(subject: Subject, sign: Token) -> Test:
    found = Predicate(subject, Op.EXISTS)
    if not isinstance(subject, Field):  # a variable is there, and null where the record has none
        return Test(Not(found), found, sign) if sign.text == "==" else Test(found, Not(found), sign)
    return Test(None, found, sign) if sign.text == "==" else Test(found, None, sign, ("not null", subject))


def _element(subject: Subject, items: tuple[Literal, ...], token: Token) -> Test:
    found = Predicate(subject, Op.HAS, items)
    return Test(found, And([Predicate(subject, Op.EXISTS), Not(_scalar(subject)), Not(found)]), token)
