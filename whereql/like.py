"""What LIKE means, spelled out: the truth that the patterns of `regex` and every backend are tested against.

>>> like("50% off", "50\\\\%%"), like("500 off", "50\\\\%%")
(True, False)
"""

from __future__ import annotations

import re

from whereql.errors import CheckError
from whereql.operators import Op
from whereql.source import Span


def like(text: str, pattern: str) -> bool:
    """SQL's LIKE over the whole text, case-sensitive: `%` any run, `_` one code point, `\\` before `%`, `_`, `\\` the character.

    Backtracks to the last `%` only, which is enough, since an earlier `%` need never take more.
    """
    parts = like_parts(pattern)
    at = where = 0
    retry_at, retry_where = -1, 0
    while at < len(text):
        part = parts[where] if where < len(parts) else None
        if part == "%":
            retry_at, retry_where = at, where
            where += 1
        elif part == "_" or part == "\\" + text[at]:
            at, where = at + 1, where + 1
        elif retry_at >= 0:
            retry_at += 1
            at, where = retry_at, retry_where + 1
        else:
            return False
    return all(part == "%" for part in parts[where:])


def like_parts(pattern: str) -> list[str]:
    """A LIKE pattern as wildcards (`%`, `_`) and literal characters, each behind a backslash.

    Raises CheckError WQ304 for a backslash before anything but `%`, `_` or a backslash.
    """
    parts = []
    at = 0
    while at < len(pattern):
        part = pattern[at]
        if part == "\\":
            at += 1
            if pattern[at : at + 1] not in ("%", "_", "\\"):
                message = r"in a LIKE pattern \ stands before %, _ or \ only"
                raise CheckError("WQ304", message, span=Span(at - 1, min(at + 1, len(pattern))), source=pattern, hint=r"write \\ for a backslash")
        parts.append(part if part in "%_" else "\\" + pattern[at])
        at += 1
    return parts


def like_escaped(text: str) -> str:
    r"""The pattern of LIKE that finds just this text, `\` being what escapes."""
    return re.sub(r"([%_\\])", r"\\\1", text)


def as_like(op: Op, text: str) -> str:
    """CONTAINS, STARTS or ENDS as a pattern of LIKE; a pattern as it is."""
    match op:
        case Op.CONTAINS:
            return f"%{like_escaped(text)}%"
        case Op.STARTS:
            return f"{like_escaped(text)}%"
        case Op.ENDS:
            return f"%{like_escaped(text)}"
    return text
