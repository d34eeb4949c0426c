r"""Texts and patterns as regular expressions in Rust's syntax, which a Chroma server searches documents with.

Its `$contains` would be no faster, and takes a document for ended at the first NUL.

>>> to_regex(Op.LIKE, "50\\%_%"), to_regex(Op.ENDS, "a\0.")
('(?s)\\A50%..*\\z', 'a\\x00\\.\\z')
"""

from __future__ import annotations

import re

from whereql.like import like_parts
from whereql.operators import Op
from whereql.regex.syntax import parse
from whereql.regex.tree import Alt, Cat, Chars, Node, Repeat

# The server compiles a pattern to at most 10 MiB, and answers 500 for a larger one as soon as there is a document to search. A
# text of 50,000 characters takes it a minute for a long document.
_ROOM = 8 << 20
_LONGEST = 1000
_LONGEST_PATTERN = 2000

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$#&\-~]")
_WILDCARDS = {"%": ".*", "_": "."}


def to_regex(op: Op, text: str) -> str:
    """The pattern that finds what a text operator on a document does."""
    match op:
        case Op.CONTAINS:
            return _escape(text)
        case Op.STARTS:
            return rf"\A{_escape(text)}"
        case Op.ENDS:
            return rf"{_escape(text)}\z"
        case Op.LIKE:
            return rf"(?s)\A{_wildcards(text)}\z"
        case Op.ILIKE:
            return rf"(?is)\A{_wildcards(text)}\z"
    return text


def shortened(op: Op, text: str) -> str:
    """As much of a text to look for as a pattern should have; the rest of it is looked for in what was found."""
    match op:
        case Op.CONTAINS | Op.STARTS:
            return text[:_LONGEST]
        case Op.ENDS:
            return text[-_LONGEST:]
    return text


def is_small(pattern: str) -> bool:
    """Whether the server surely has room and time for the pattern. Raises as `whereql.regex.lower` does."""
    if len(pattern) <= 120 and "{" not in pattern:
        return True  # no two characters make more than the 50 kB of a \w
    return len(pattern) <= _LONGEST_PATTERN and _bytes(parse(pattern)) <= _ROOM


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text).replace("\0", r"\x00")


def _wildcards(pattern: str) -> str:
    return "".join(_WILDCARDS[part] if part in _WILDCARDS else _escape(part[1:]) for part in like_parts(pattern))


def _bytes(node: Node) -> int:
    """An upper estimate of a compiled pattern's size, from measurements: `\\w` takes 50 kB, `.` 1 kB, a letter 32 bytes."""
    match node:
        case Chars(chars):
            return 35 * (1 + len(chars)) + (1000 if chars and chars[-1] > 0x80 else 0)
        case Cat(parts) | Alt(parts):
            return 100 + sum(map(_bytes, parts))
        case Repeat(inner, least, most):
            return 200 + _bytes(inner) * max(least + (most is None), most or 0)
    return 100
