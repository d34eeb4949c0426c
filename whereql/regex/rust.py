r"""Text operators as regular expressions in Rust's syntax, for the systems that search by them.

>>> to_rust(Op.LIKE, "50\\%_%"), to_rust(Op.ENDS, "a\0.")
('(?s)\\A50%..*\\z', 'a\\x00\\.\\z')
"""

from __future__ import annotations

import re

from whereql.like import like_parts
from whereql.operators import Op

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$#&\-~]")
_WILDCARDS = {"%": ".*", "_": "."}


def to_rust(op: Op, text: str) -> str:
    """The pattern that finds what a text operator does with this operand; that of MATCHES is one already."""
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


def _wildcards(pattern: str) -> str:
    return "".join(_WILDCARDS[part] if part in _WILDCARDS else _escape(part[1:]) for part in like_parts(pattern))


def _escape(text: str) -> str:
    # A NUL in a pattern would get through, and is hard to see wherever one is shown.
    return _SPECIAL.sub(r"\\\g<0>", text).replace("\0", r"\x00")
