r"""The literals of CEL, from their spelling to a value.

>>> string(Token("string", r'"a\n\u00e9\"\x41\101"', 0)), string(Token("string", r"r'\n'", 0))
('a\né"AA', '\\n')
"""

from __future__ import annotations

import re

from whereql.ast import Literal
from whereql.dialects.reading import Token
from whereql.dialects.text import literals
from whereql.errors import CheckError, ParseError
from whereql.values import INT_MAX, INT_MIN, check_text_value, literal

_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?"}
_ESCAPE = re.compile(r"\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)


def string(token: Token) -> str:
    """The text of a string. Raises ParseError for an escape that there is none of."""
    text = token.text
    if text[0] in "rR":
        return text[2:-1]

    def unescaped(found: re.Match[str]) -> str:
        hexadecimal = found[1] or found[2] or found[3]
        code = int(hexadecimal, 16) if hexadecimal else int(found[4], 8) if found[4] else -1
        char = chr(code) if 0 <= code <= 0x10FFFF else _PLAIN.get(found[5] or "", "")
        if not char:
            raise ParseError("WQ119", f"a string of CEL has no {found[0]}", span=token.span, hint=r"write \\ for a backslash")
        return char

    value = _ESCAPE.sub(unescaped, text[1:-1])
    check_text_value(value, span=token.span)
    return value


def number(token: Token, is_negative: bool) -> Literal:
    """An int or a double. Raises ParseError for an unsigned int, CheckError for one outside int64."""
    text = token.text
    if text[-1] in "uU":
        raise ParseError("WQ119", "an unsigned int is no value of a key", span=token.span, hint=f"write {text[:-1]}")
    if text[:2] in ("0x", "0X"):
        value = int(text, 16) * (-1 if is_negative else 1) if len(text) <= 20 else INT_MAX + 1
        if not INT_MIN <= value <= INT_MAX:
            raise CheckError("WQ305", "the number is outside the range of int64", span=token.span, hint="write it as a double")
        return literal(value, token.span)
    return literals.number(f"-{text}" if is_negative else text, token.span)
