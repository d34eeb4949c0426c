"""Which patterns a Chroma server is asked to search documents with: it compiles them, and has room and time for small ones only.

>>> is_small("neural nets?"), is_small("(neural){100000}")
(True, False)
"""

from __future__ import annotations

from whereql.operators import Op
from whereql.regex.syntax import parse
from whereql.regex.tree import Alt, Cat, Chars, Node, Repeat

# Its `$contains` would be no faster than a pattern, and takes a document for ended at the first NUL.
# The server compiles a pattern to at most 10 MiB, and answers 500 for a larger one as soon as there is a document to search. A
# text of 50,000 characters takes it a minute for a long document.
_ROOM = 8 << 20
_LONGEST = 1000
_LONGEST_PATTERN = 2000


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
