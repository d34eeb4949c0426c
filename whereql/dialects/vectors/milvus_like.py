r"""Text operators as a `like` pattern of Milvus.

>>> pattern(Op.STARTS, "a_b")
Like(pattern='a%b%', is_exact=False)

Escapes of `%`, `_` and backslash mean different things to different versions, and `_` is a byte to some: such a character becomes
`%`, which finds more in each of them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from whereql.like import like_parts
from whereql.operators import Op


class Like(NamedTuple):
    """A pattern that finds what the operator finds, or more."""

    pattern: str
    is_exact: bool


_RUNS = re.compile(r"%+")


def pattern(op: Op, text: str, unsayable: str = "") -> Like | None:
    """The pattern for CONTAINS, STARTS, ENDS or LIKE; None for the operators that it can't approach. unsayable: further characters to leave out."""
    if op is Op.LIKE:
        parts = like_parts(text)
        kept = "".join("%" if part in "%_" or _is_hard(part[1:], unsayable) else part[1:] for part in parts)
        return Like(_RUNS.sub("%", kept), not any(part == "_" or (part != "%" and _is_hard(part[1:], unsayable)) for part in parts))
    if op not in (Op.CONTAINS, Op.STARTS, Op.ENDS):
        return None
    kept = "".join("%" if _is_hard(character, unsayable) else character for character in text)
    around = ("%" if op is not Op.STARTS else "") + kept + ("%" if op is not Op.ENDS else "")
    return Like(_RUNS.sub("%", around), not any(_is_hard(character, unsayable) for character in text))


def _is_hard(character: str, unsayable: str) -> bool:
    return character in unsayable or character in "%_\\"
