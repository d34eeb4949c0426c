r"""Milvus's boolean expressions, read as what a server, or a Milvus Lite, makes of them.

>>> from whereql.dialects.vectors.milvus import DIALECT
>>> whereql.to_text(DIALECT.decode('not (metadata["lang"] == "en") and 2019 < metadata["year"] <= 2024', metadata="metadata"))
"lang != 'en' AND 2019 < year <= 2024"

On a key of JSON a server's `not` and `!=` are true where the key is missing; on a field that is null they are not, and nothing of
Milvus Lite 3.2 is. In Lite 3.2, true is also 1, and false 0, but of a key that the option `schema` says to hold one kind.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from whereql.ast import And, Const, Expr, Field, Id, Literal, Not, Op, Or, Param, Predicate, Subject
from whereql.dialect import Options
from whereql.dialects.fields import INFERRED, Fields
from whereql.dialects.places import subjects
from whereql.dialects.reading import Connectives, Lexer, Token, Tokens, key, one_of, read_filter, signed
from whereql.dialects.text.literals import number
from whereql.errors import CheckError
from whereql.kinds import NUMBERS, Kind
from whereql.like import like
from whereql.limits import check_items
from whereql.operators import MIRRORED_SIGNS, OPPOSITE, ORDER_TESTS, ORDERS
from whereql.values import check_text_value

_LEXER = Lexer(
    "Milvus",
    {
        "radix": r"0[xXbB][0-9a-fA-F.pP]+|0[0-9]+(?![0-9.eE])",
        "number": r"(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+(?![A-Za-z_0-9.])",
        "string": r'"(?:[^"\\\r\n]|\\[^\r\n])*+"|' + r"'(?:[^'\\\r\n]|\\[^\r\n])*+'",
        "meta": r"\$meta(?![A-Za-z_0-9])",
        "name": r"[A-Za-z_][A-Za-z_0-9]*",
        "sign": r"==|!=|<=|>=|&&|\|\||=~|!~|\*\*|<<|>>|[<>!()\[\]{},+\-*/%&|^~$=]",
    },
    has_case=True,
)
_WORDS = Connectives(any_of={"or", "OR", "||"}, all_of={"and", "AND", "&&"}, none_of={"not", "NOT", "!"}, is_three_valued=True)
_SIGNS = {"==": Op.EQ, "!=": Op.EQ, **ORDERS}
_TURNED = {"==": "==", "!=": "!=", **MIRRORED_SIGNS}
_MEMBERS = {f"{of}_contains{mode}": mode for of in ("json", "array") for mode in ("", "_any", "_all")}
_FUNCTIONS = {
    "text_match", "phrase_match", "random_sample", "array_length", "element_filter", "match_all", "match_any", "match_least", "match_most", "match_exact",
    "st_equals", "st_touches", "st_overlaps", "st_crosses", "st_contains", "st_intersects", "st_within", "st_dwithin", "st_isvalid", "iso", "interval",
}  # fmt: skip
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_ARITHMETIC = ("+", "-", "*", "/", "%", "**", "<<", ">>", "&", "|", "^", "~")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", '"': '"', "'": "'", "?": "?"}
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)

Operand = Literal | Param


def decode(source: Any, options: Options) -> Expr:
    """The filter that an expression says; nothing says every record."""
    if isinstance(source, str) and not source.strip(" \t\r\n"):
        return Const(True)
    reader = _Reader(options)
    return read_filter(_LEXER.tokens(source), _WORDS, reader.condition)


class _Place:
    """What stands on the left: a subject, and whether it is a key of JSON."""

    def __init__(self, subject: Subject, is_json: bool) -> None:
        self.subject = subject
        self.is_json = is_json


class _Reader:
    def __init__(self, options: Options) -> None:
        self._json: str | None = options["metadata"]
        self._is_lite_32 = options["version"] == "lite-3.2"
        self._own = subjects(options)
        self._fields = Fields(Const(True), options["schema"])
        self._is_inferred = options["schema"] == INFERRED

    def condition(self, tokens: Tokens, negated: bool) -> Expr:
        """One condition; negated: when it is false."""
        token = tokens.next
        word = token.text.lower() if token.text in (token.text.lower(), token.text.upper()) else token.text
        self._refuse_others(tokens, word)
        if token.text in _BOOLS and not _is_sign(tokens.ahead()):
            tokens.advance()
            return Const(_BOOLS[token.text] is not negated)
        if word == "exists" and token.kind == "name":
            tokens.advance()
            place = self._place(tokens)
            return signed(Predicate(place.subject, Op.EXISTS), negated)
        if word in _MEMBERS and tokens.ahead().text == "(":
            return self._members(tokens, _MEMBERS[word], negated)
        if token.kind in ("number", "radix", "string") or token.text in ("-", "{", *_BOOLS):
            return self._turned(tokens, negated)
        return self._straight(tokens, negated)

    def _refuse_others(self, tokens: Tokens, word: str) -> None:
        token = tokens.next
        if token.kind == "name" and word in _FUNCTIONS:
            tokens.refuse(word, token, "filter with comparisons, in, like and contains; search by other means beside the filter")
        if token.kind == "name" and tokens.ahead().text == "(" and word not in _MEMBERS and word != "exists":
            tokens.refuse(f"the function {word}", token, "filter with comparisons, in, like and contains")
        if token.text == "[":
            tokens.fail("a condition", hint="a list stands on the right of in")

    def _straight(self, tokens: Tokens, negated: bool) -> Expr:
        place = self._place(tokens)
        self._refuse_arithmetic(tokens)
        sign = tokens.next
        if sign.text in _SIGNS:
            tokens.advance()
            item = self._operand(tokens)
            self._refuse_arithmetic(tokens)
            return self._compared(place, sign.text, item, negated)
        if sign.text in ("in", "IN"):
            tokens.advance()
            return self._listed(place, self._list(tokens), False, negated)
        if sign.text in ("not", "NOT") and tokens.ahead().text in ("in", "IN"):
            tokens.advance()
            tokens.advance()
            return self._listed(place, self._list(tokens), True, negated)
        if sign.text in ("like", "LIKE"):
            tokens.advance()
            return self._like(tokens, place, negated)
        if sign.text in ("is", "IS"):
            tokens.advance()
            has_not = tokens.skip("not", "NOT") is not None
            tokens.take({"null", "NULL"}, "null")
            return signed(Predicate(place.subject, Op.EXISTS), has_not is negated)
        if sign.text in ("=~", "!~"):
            tokens.refuse("a regular expression", sign, "write like, or MATCHES in a filter of whereql")
        return self._compared(place, "==", Literal(Kind.BOOL, True, span=sign.span), negated)

    def _turned(self, tokens: Tokens, negated: bool) -> Expr:
        """`5 < k`, and `1 < k <= 5`."""
        low = self._operand(tokens)
        self._refuse_arithmetic(tokens)
        sign = tokens.take(set(_SIGNS), "a comparison")
        place = self._place(tokens)
        self._refuse_arithmetic(tokens)
        first = self._compared(place, _TURNED[sign.text], low, negated)
        if tokens.next.text not in _SIGNS:
            return first
        other = tokens.advance()
        if sign.text[0] != other.text[0] or sign.text[0] not in "<>":
            tokens.fail("a connective or the end", other, "a range has two < or two >: 1 < k <= 5")
        second = self._compared(place, other.text, self._operand(tokens), negated)
        return Or([first, second]) if negated else And([first, second])

    def _members(self, tokens: Tokens, mode: str, negated: bool) -> Expr:
        tokens.advance()
        tokens.take("(", "'('")
        place = self._place(tokens)
        tokens.take(",", "','")
        if tokens.is_("[") and not mode:
            tokens.refuse("a list as an element", tokens.next, "json_contains_any and json_contains_all take lists")
        items = self._list(tokens) if mode else self._operand(tokens)
        tokens.take(")", "')'")
        if isinstance(items, Param):
            given = Predicate(place.subject, Op.HAS, Param(items.name, each=mode == "_all", span=items.span) if mode else (items,))
            return self._known(place, given, negated)
        held = items if isinstance(items, tuple) else (items,)
        if mode == "_all":
            parts: list[Expr] = [self._known(place, Predicate(place.subject, Op.HAS, self._merged(place, (item,))), negated) for item in held]
            return (Or if negated else And)(parts)
        return self._known(place, Predicate(place.subject, Op.HAS, self._merged(place, held)), negated)

    def _compared(self, place: _Place, sign: str, item: Operand, negated: bool) -> Expr:
        op = _SIGNS[sign]
        if op is Op.EQ:
            return self._listed(place, (item,), sign == "!=", negated)
        if isinstance(item, Param):
            return self._known(place, Predicate(place.subject, op, item), negated)
        if item.kind is Kind.BOOL:
            raise CheckError("WQ302", "an order takes a string or a number, not a bool", span=item.span, hint="compare with == or !=")
        if self._is_lite_32 and negated:  # of another kind it is neither true nor false
            return self._ordered(place, OPPOSITE[op], item)
        return self._ordered(place, op, item) if not negated else self._known(place, Predicate(place.subject, op, item), True)

    def _ordered(self, place: _Place, op: Op, item: Literal) -> Expr:
        predicate = Predicate(place.subject, op, item)
        if not (self._is_lite_32 and place.is_json and item.kind in NUMBERS):
            return predicate
        bits = tuple(Literal(Kind.BOOL, bit) for bit in (True, False) if self._may_hold(place, "bool") and ORDER_TESTS[op](bit, item.value))
        return Or([predicate, Predicate(place.subject, Op.IN, bits)]) if bits else predicate

    def _listed(self, place: _Place, items: tuple[Operand, ...] | Param, is_unequal: bool, negated: bool) -> Expr:
        merged = items if isinstance(items, Param) else self._merged(place, items)
        predicate = one_of(place.subject, merged) if isinstance(merged, tuple) else Predicate(place.subject, Op.IN, merged)
        return self._known(place, predicate, is_unequal is not negated)

    def _merged(self, place: _Place, items: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """The items, with those that Lite 3.2 takes for the same."""
        if not (self._is_lite_32 and place.is_json):
            return items
        return tuple(each for item in items for each in (item, *(same for same in _same_in_python(item) if self._may_hold(place, *(("int", "float") if same.kind is Kind.INT else ("bool",))))))

    def _may_hold(self, place: _Place, *kinds: str) -> bool:
        """Whether a key may have values of some other kinds than it is compared with."""
        if self._is_inferred or not isinstance(place.subject, Field):
            return False
        return not self._fields.is_declared(place.subject.name) or any({kind, f"{kind}[]"} & self._fields.kinds(place.subject.name) for kind in kinds)

    def _like(self, tokens: Tokens, place: _Place, negated: bool) -> Expr:
        if tokens.is_("name") and tokens.ahead().kind == "string":
            tokens.refuse("a prefix of a string", tokens.next, "write it in quotes, each backslash doubled")
        token = tokens.take("string", "a pattern in quotes")
        pattern = str(self._string(tokens, token).value)
        if self._is_lite_32 and place.is_json:  # it knows no escape, and a line break may follow what a pattern ends with
            pattern = pattern.replace("\\", "\\\\")
            ends = [pattern] if pattern.endswith("%") else [pattern, f"{pattern}\n"]
        else:
            ends = [_with_sure_escapes(pattern)]
        parts = [Predicate(place.subject, Op.LIKE, Literal(Kind.STRING, each, span=token.span)) for each in ends]
        for part in parts:
            like("", str(part.operand.value))  # type: ignore[union-attr]  # a literal, as made above; raises for a stray escape
        return self._known(place, parts[0], negated) if len(parts) == 1 else (And if negated else Or)([self._known(place, part, negated) for part in parts])

    def _known(self, place: _Place, predicate: Predicate, negated: bool) -> Expr:
        """When it is true, or when it is false: of what is missing that is so on JSON in a server, else never."""
        if not negated:
            return predicate
        is_two_valued = predicate.op is Op.HAS if self._is_lite_32 else place.is_json
        if is_two_valued or isinstance(place.subject, Id):
            return Not(predicate)
        return And([Predicate(place.subject, Op.EXISTS), Not(predicate)])

    def _place(self, tokens: Tokens) -> _Place:
        token = tokens.take({"name", "meta"}, "the name of a field")
        if token.text.lower() in ("not", "and", "or", "in", "like", "is", "exists") or token.text in _BOOLS:
            tokens.fail("the name of a field", token)
        if tokens.is_("["):
            return _Place(self._keyed(tokens, token), True)
        if token.kind == "meta" or token.text == self._json:
            tokens.fail("a key in brackets", hint=f'a key of it is named so: {token.text}["key"]')
        own = self._own.get(token.text)
        if own is not None:
            return _Place(replace(own, span=token.span), False)
        return _Place(key(token.text, token), self._json == "$meta")

    def _keyed(self, tokens: Tokens, column: Token) -> Subject:
        if column.text != (self._json or "$meta"):
            tokens.refuse(f"a key of the field {column.text}", column, f"say that it holds the keys: metadata='{column.text}'")
        tokens.advance()
        token = tokens.next
        if token.kind != "string":
            tokens.refuse("an element of an array by its number", token, "ask whether it is among the elements: json_contains")
        tokens.advance()
        name = str(self._string(tokens, token).value)
        tokens.take("]", "']'")
        if tokens.is_("["):
            tokens.refuse("a nested key", tokens.next, "store it as a key of its own")
        return key(name, token)

    def _list(self, tokens: Tokens) -> tuple[Operand, ...] | Param:
        if tokens.is_("{"):
            operand = self._operand(tokens)
            assert isinstance(operand, Param)
            return operand
        tokens.take("[", "'['")
        items: list[Operand] = []
        while not tokens.is_("]"):
            items.append(self._operand(tokens))
            check_items(len(items))
            if not tokens.skip(","):
                break
        tokens.take("]", "',' or ']'")
        return tuple(items)

    def _operand(self, tokens: Tokens) -> Operand:
        token = tokens.advance()
        if token.text == "{":
            name = tokens.take("name", "the name of a parameter")
            tokens.take("}", "'}'")
            return Param(name.text, span=name.span)
        if token.text in ("-", "+"):
            digits = tokens.take("number", "a number")
            return number(f"{token.text.replace('+', '')}{digits.text}", digits.span)
        if token.kind == "number":
            return number(token.text, token.span)
        if token.kind == "radix":
            tokens.refuse("a number that is not decimal", token, "a zero in front makes it octal: write it without")
        if token.kind == "string":
            return self._string(tokens, token)
        if token.text in _BOOLS:
            return Literal(Kind.BOOL, _BOOLS[token.text], span=token.span)
        if token.kind not in ("name", "meta"):
            tokens.fail("a string, a number or a bool", token)
        what = f"the function {token.text}" if tokens.is_("(") else "a prefix of a string" if tokens.is_("string") else "a field compared with a field"
        return tokens.refuse(what, token, "compare with a value")

    def _string(self, tokens: Tokens, token: Token) -> Literal:
        body = token.text[1:-1]
        if "\\" in body:
            body = _ESCAPE.sub(lambda match: _unescaped(match, tokens, token), body)
            check_text_value(body, span=token.span)
        return Literal(Kind.STRING, body, span=token.span)

    def _refuse_arithmetic(self, tokens: Tokens) -> None:
        if tokens.next.text in _ARITHMETIC:
            tokens.refuse("arithmetic", tokens.next, "store the result as a key, and compare that")


def _is_sign(token: Token) -> bool:
    return token.text in _SIGNS


def _same_in_python(item: Operand) -> tuple[Literal, ...]:
    if isinstance(item, Param):
        return ()
    if item.kind is Kind.BOOL:
        return (Literal(Kind.INT, int(item.value)),)
    return (Literal(Kind.BOOL, item.value == 1),) if item.kind in NUMBERS and item.value in (0, 1) else ()


def _unescaped(match: re.Match[str], tokens: Tokens, token: Token) -> str:
    octal, *codes, character = match.groups()
    if octal is not None:
        return chr(int(octal, 8))
    for code in codes:
        if code is not None and int(code, 16) <= 0x10FFFF:
            return chr(int(code, 16))
    if character in _ESCAPES:
        return _ESCAPES[character]
    return tokens.fail("an escape that Milvus knows", token, r"in a string \ stands before a quote, \, n, r, t, or the number of a character")


def _with_sure_escapes(pattern: str) -> str:
    r"""The pattern with a backslash doubled that escapes nothing: `\d` is a d behind a backslash."""
    return re.sub(r"\\([%_\\])|\\", lambda match: match.group(0) if match.group(1) else "\\\\", pattern)
