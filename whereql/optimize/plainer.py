"""The plainest operator that says what a text operator with some operand says, for the pass `patterns`.

>>> plainer(Op.MATCHES, "^a[.]b"), plainer(Op.LIKE, "%x"), plainer(Op.ILIKE, "50%%")
((<Op.STARTS: 'STARTS'>, 'a.b'), (<Op.ENDS: 'ENDS'>, 'x'), (<Op.STARTS: 'STARTS'>, '50'))
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby

from whereql.like import like_parts
from whereql.operators import Op

# By whether the text must begin, and end, where the value does.
_ANCHORED = {(False, False): Op.CONTAINS, (True, False): Op.STARTS, (False, True): Op.ENDS, (True, True): Op.EQ}


@lru_cache(4096)
def plainer(op: Op, text: str) -> tuple[Op, str]:
    """The plainest operator, with its operand, that says what a text operator says."""
    match op:
        case Op.MATCHES:
            return _of_tree(text)
        case Op.ILIKE if _has_case(text):
            return op, _shortest(text)
        case Op.LIKE | Op.ILIKE:
            return _of_like(_shortest(text))
    return (op, text) if text else (Op.STARTS, "")


def _shortest(pattern: str) -> str:
    """A run of wildcards as its `_` and then one `%`, if it had any; a backslash only where it is needed."""
    text = ""
    for is_wild, run in groupby(like_parts(pattern), key=lambda part: part in "%_"):
        parts = list(run)
        if is_wild:
            text += "_" * parts.count("_") + "%" * ("%" in parts)
        else:
            text += "".join(part if part[1] in "%_\\" else part[1] for part in parts)
    return text


def _of_like(pattern: str) -> tuple[Op, str]:
    parts = like_parts(pattern)
    starts, ends = parts[:1] != ["%"], parts[-1:] != ["%"]
    inner = parts[not starts : len(parts) - (not ends and len(parts) > 1)]
    if any(part in "%_" for part in inner):
        return Op.LIKE, pattern
    text = "".join(part[1:] for part in inner)
    return (_ANCHORED[starts, ends], text) if text or (starts and ends) else (Op.STARTS, "")


def _has_case(pattern: str) -> bool:
    from whereql.regex.charset import fold, span  # the tables of Unicode load with the first pattern

    return any(fold(span(part[1:])) != span(part[1:]) for part in like_parts(pattern) if part not in "%_")


def _of_tree(pattern: str) -> tuple[Op, str]:
    """A regular expression that is a plain text, perhaps anchored, perhaps with something optional on a side that is not."""
    from whereql.regex.charset import ANYWHERE, AT_EDGE
    from whereql.regex.syntax import parse
    from whereql.regex.tree import Cat, Chars, Repeat, Side

    tree = parse(pattern)
    parts = list(tree.parts if isinstance(tree, Cat) else (tree,))
    starts = ends = False
    while parts and isinstance(first := parts[0], Side) and (first.before, first.after) == (AT_EDGE, ANYWHERE):
        starts, _ = True, parts.pop(0)
    while parts and isinstance(last := parts[-1], Side) and (last.before, last.after) == (ANYWHERE, AT_EDGE):
        ends, _ = True, parts.pop()
    while parts and not starts and isinstance(first := parts[0], Repeat) and first.least == 0:
        parts.pop(0)
    while parts and not ends and isinstance(last := parts[-1], Repeat) and last.least == 0:
        parts.pop()
    text = ""
    for part in parts:
        if not (isinstance(part, Chars) and len(part.chars) == 2 and part.chars[1] == part.chars[0] + 1):
            return Op.MATCHES, pattern
        text += chr(part.chars[0])
    return (_ANCHORED[starts, ends], text) if text or (starts and ends) else (Op.STARTS, "")
