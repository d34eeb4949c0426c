"""The text operators as the patterns of SQL: LIKE, GLOB, and regular expressions that name each letter in all its cases.

What a database calls equal without regard to case depends on its version and its language. So it is never asked: a pattern that
ignores case names every character that folds to the same one.

>>> as_glob(Op.ILIKE, "50*%k")
'50[*]*[Kk\\u212a]'
"""

from __future__ import annotations

import re
from functools import lru_cache

from whereql.like import like_parts
from whereql.operators import Op
from whereql.regex import charset

MERGED = frozenset("\ufffd\ufffe\uffff")
"""What is one character to SQLite's GLOB and LIKE."""


def cases(char: str) -> str:
    """The characters that are the same as this one without regard to case, itself among them."""
    return _cases(char)


@lru_cache(4096)
def _cases(char: str) -> str:
    folded = charset.fold(charset.span(char))
    return "".join(chr(code) for low, high in zip(folded[::2], folded[1::2], strict=True) for code in range(low, high))


def is_caseless(pattern: str) -> bool:
    """Whether a pattern of LIKE has no letter that has another case."""
    return all(part in "%_" or len(cases(part[1])) == 1 for part in like_parts(pattern))


def as_glob(op: Op, text: str) -> str:
    """A text operator as a pattern of GLOB, which heeds case."""
    match op:
        case Op.CONTAINS:
            return f"*{_glob_escaped(text)}*"
        case Op.STARTS:
            return f"{_glob_escaped(text)}*"
        case Op.ENDS:
            return f"*{_glob_escaped(text)}"
    wildcards = {"%": "*", "_": "?"}
    return "".join(wildcards.get(part) or (_glob_set(part[1]) if op is Op.ILIKE else _glob_escaped(part[1])) for part in like_parts(text))


def _glob_escaped(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)


def _glob_set(char: str) -> str:
    same = cases(char)
    return f"[{same}]" if len(same) > 1 else _glob_escaped(char)


def ignoring_case(pattern: str, start: str = "^", end: str = "$") -> str:
    """A pattern of LIKE as a regular expression of PostgreSQL, or any in which `.` is any character. start, end: how it says the ends."""
    parts = [".*" if part == "%" else "." if part == "_" else _regex_set(part[1]) for part in like_parts(pattern)]
    while parts and parts[0] == ".*":
        del parts[0]
        start = ""
    while parts and parts[-1] == ".*":
        del parts[-1]
        end = ""
    return f"{start}{''.join(parts)}{end}"


def _regex_set(char: str) -> str:
    same = cases(char)
    return f"[{same}]" if len(same) > 1 else re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", char)


def re2_pattern(op: Op, text: str) -> str | None:
    """MATCHES, LIKE or ILIKE as a pattern of RE2, None where a database's own RE2 may refuse it.

    It surely compiles with a quarter of the memory that RE2 takes by default.
    """
    import re2  # loads with the first pattern

    from whereql.regex import like_pattern, lower

    lowered = lower(text) if op is Op.MATCHES else like_pattern(text, ignore_case=op is Op.ILIKE)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 2 << 20
    try:
        re2.compile(lowered, options)
    except re2.error:
        return None
    return lowered
