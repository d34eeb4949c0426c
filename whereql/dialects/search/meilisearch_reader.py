"""From the filter expressions of Meilisearch to the AST: a text, or a list of texts and of lists of them (AND of OR).

>>> options = {"schema": {"genres": "string[]", "year": "int"}, "fold": False, "id": "id", "document": "document", "uri": "uri"}
>>> whereql.to_text(read("genres = horror AND (year 1990 TO 1999 OR year NOT EXISTS)", options))
"genres HAS 'horror' AND (year BETWEEN 1990 AND 1999 OR year IS NULL)"
"""

from __future__ import annotations

import re
from typing import Any

from whereql.ast import And, Const, Expr, Field, Literal, Not, Op, Or, Predicate, Subject
from whereql.dialect import Option, Options
from whereql.dialects.fields import Fields
from whereql.dialects.places import subjects
from whereql.dialects.reading import Connectives, Lexer, Token, Tokens, key, one_of, read_filter
from whereql.errors import CheckError, ParseError
from whereql.like import like_escaped
from whereql.limits import check_items
from whereql.operators import ORDERS
from whereql.values import describe_type, literal

FOLD = Option("whether strings are read as ILIKE, since case makes no difference there; arrays then are not looked into", False)
KEYWORDS = frozenset({"AND", "OR", "IN", "NOT", "TO", "EXISTS", "IS", "NULL", "EMPTY", "CONTAINS", "STARTS", "WITH", "_geoRadius", "_geoBoundingBox"})

_TITLE = "Meilisearch"
_LEXER = Lexer(
    _TITLE,
    {"double": r'"(?:[^"\\]|\\[\s\S])*+"', "single": r"'(?:[^'\\]|\\[\s\S])*+'", "word": r"(?u:[\w.-])++", "sign": r"!=|[<>]=?|[=()\[\],]"},
    has_case=True,
)
_WORDS = Connectives(any_of={"OR"}, all_of={"AND"}, none_of={"NOT"})
_COMPARISONS = {"=": Op.EQ, "!=": Op.EQ, **ORDERS}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ESCAPE = re.compile(r"\\(u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|[\s\S])")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\", "0": "\0"}


def read(source: Any, options: Options) -> Expr:
    """The filter that an expression says. Raises ParseError, UnsupportedError, LimitError."""
    reader = _Reader(options)
    if not isinstance(source, (list, tuple)):
        return reader.text(source)
    check_items(len(source))
    return And([Or([reader.text(text) for text in part]) if isinstance(part, (list, tuple)) and part else reader.text(part) for part in source if part != []])


class _Reader:
    def __init__(self, options: Options) -> None:
        self._fields = Fields(Const(True), options["schema"])
        self._folds = bool(options["fold"])
        self._subjects = subjects(options)

    def text(self, source: Any) -> Expr:
        if not isinstance(source, str):
            raise ParseError("WQ119", f"a filter of {_TITLE} is a text, or a list of texts, got {describe_type(source)}", hint="write a string")
        if source.lstrip()[:1] == "[":
            raise ParseError("WQ119", "a list of filters is due, got its JSON", source=source, hint="json.loads makes the list of it; or join the filters by AND")
        return read_filter(_LEXER.tokens(source), _WORDS, self._condition) if source.strip() else Const(True)

    def _condition(self, tokens: Tokens, negated: bool) -> Expr:
        token = tokens.next
        if token.kind == "word" and (token.text.startswith("_geo") or token.text in ("_foreign", "_vectors") or token.text.startswith("_vectors.")):
            tokens.refuse(token.text, token, "whereql filters on plain keys")
        name = self._word(tokens, "an attribute")
        subject = self._subjects.get(name) or key(name, token)
        if tokens.is_(*_COMPARISONS) and tokens.next.kind == "sign":
            return self._comparison(tokens, subject)
        is_not = tokens.skip("NOT") is not None
        found = self._worded(tokens, subject, is_not)
        return Not(found) if is_not else found

    def _worded(self, tokens: Tokens, subject: Subject, is_not: bool) -> Expr:
        """What a word says behind the attribute."""
        if tokens.skip("EXISTS"):
            return Predicate(subject, Op.EXISTS)
        if tokens.skip("IN"):
            return self._equal(subject, self._list(tokens))
        if tokens.is_("CONTAINS", "STARTS"):
            self._refuse_elements(tokens, subject)
            op = Op.CONTAINS if tokens.advance().text == "CONTAINS" else Op.STARTS
            if op is Op.STARTS:
                tokens.take("WITH", "WITH")
            return Predicate(subject, op, literal(self._word(tokens, "a value")))
        if not is_not and tokens.skip("IS"):
            has_not = tokens.skip("NOT") is not None
            if not tokens.is_("NULL", "EMPTY"):
                tokens.fail("NULL or EMPTY")
            found: Expr = Not(Predicate(subject, Op.EXISTS)) if tokens.advance().text == "NULL" else Predicate(subject, Op.EQ, literal(""))
            return Not(found) if has_not else found
        if is_not or tokens.next.kind not in ("word", "single", "double") or tokens.ahead().text != "TO":
            tokens.fail("an operator")
        low = self._bound(tokens, subject)
        tokens.take("TO", "TO")
        return And([Predicate(subject, Op.GE, low), Predicate(subject, Op.LE, self._bound(tokens, subject))])

    def _comparison(self, tokens: Tokens, subject: Subject) -> Expr:
        sign = tokens.advance().text
        op = _COMPARISONS[sign]
        if op is not Op.EQ:
            return Predicate(subject, op, self._bound(tokens, subject))
        found = self._equal(subject, [self._word(tokens, "a value")])
        return Not(found) if sign == "!=" else found

    def _list(self, tokens: Tokens) -> list[str]:
        tokens.take("[", "'['")
        words: list[str] = []
        while not tokens.is_("]"):
            words.append(self._word(tokens, "a value or ']'"))
            if not tokens.skip(","):
                break
        tokens.take("]", "']'")
        check_items(len(words))
        return words

    def _word(self, tokens: Tokens, due: str) -> str:
        token = tokens.next
        if token.kind not in ("word", "single", "double") or (token.kind == "word" and token.text in KEYWORDS):
            tokens.fail(due, hint="a word of the language stands in quotes where it is none")
        tokens.advance()
        return token.text if token.kind == "word" else _unescaped(token, tokens)

    def _refuse_elements(self, tokens: Tokens, subject: Subject) -> None:
        if isinstance(subject, Field) and self._fields.are_arrays(subject.name):
            tokens.refuse("such a test of elements", tokens.next, "of the elements of an array whereql asks what they equal: =, IN")

    def _bound(self, tokens: Tokens, subject: Subject) -> Literal:
        self._refuse_elements(tokens, subject)
        token = tokens.next
        text = self._word(tokens, "a value")
        if (number := _number(text)) is not None:
            return number
        if any(character.isalpha() or not character.isascii() for character in text):
            tokens.refuse("the order of such strings", token, "it takes case and accents away before: compare numbers")
        return literal(text)

    def _equal(self, subject: Subject, words: list[str]) -> Expr:
        """What equals one of the words: each is a string, the number that it spells, and the bool."""
        if self._folds and isinstance(subject, Field):
            return Or([Predicate(subject, Op.ILIKE, literal(like_escaped(word))) for word in words])
        if not isinstance(subject, Field):
            return _one_of(subject, Op.IN, [literal(word) for word in words])
        kinds = self._fields.kinds(subject.name) if self._fields.is_declared(subject.name) else None
        tests = []
        for op, suffix in ((Op.IN, ""), (Op.HAS, "[]")):
            items = [item for word in words for item in _readings(word) if kinds is None or _kinds(item, suffix) & kinds]
            if kinds is None or any(kind.endswith("[]") is bool(suffix) for kind in kinds):
                tests.append(_one_of(subject, op, items))
        return Or(tests)


def _one_of(subject: Subject, op: Op, items: list[Literal]) -> Expr:
    if not items:
        return Const(False)
    return one_of(subject, items) if op is Op.IN else Predicate(subject, op, tuple(items))


def _readings(word: str) -> list[Literal]:
    number = _number(word)
    return [literal(word), *([] if number is None else [number]), *([literal(word == "true")] if word in ("true", "false") else [])]


def _kinds(item: Literal, suffix: str) -> set[str]:
    kinds = {"int", "float"} if item.kind.value in ("int", "float") else {item.kind.value}
    return {f"{kind}{suffix}" for kind in kinds}


def _number(text: str) -> Literal | None:
    """The number that a text spells, a double there."""
    if len(text) > 400 or not _NUMBER.fullmatch(text):
        return None
    try:
        # Beyond 53 bits it is a double there; what is written is the number itself.
        return literal(int(text) if re.fullmatch(r"[+-]?[0-9]{1,19}", text) else float(text))
    except CheckError:
        return None


def _unescaped(token: Token, tokens: Tokens) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[2] or match[3] or match[4]
        if code is None:
            if match[1] not in _ESCAPED:
                tokens.fail("a character that a backslash escapes", token, "write two backslashes for one")
            return _ESCAPED[match[1]]
        if int(code, 16) > 0x10FFFF:
            tokens.fail("a code point", token)
        return chr(int(code, 16))

    return _ESCAPE.sub(character, token.text[1:-1])
