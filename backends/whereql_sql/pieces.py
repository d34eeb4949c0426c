"""What a pattern needs to be in a text: the literal pieces of LIKE, ILIKE and MATCHES, which a database finds faster than a match.

>>> of_pattern("^ab[0-9]c+")
Pieces(texts=('ab', 'c'), starts=True, ends=False, is_whole=False)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from whereql.errors import WhereqlError
from whereql.like import like_parts
from whereql.regex import charset
from whereql.regex.sides import TooEntangled, resolve
from whereql.regex.syntax import parse
from whereql.regex.tree import Cat, Chars, Node, Repeat, Side


@dataclass(frozen=True, slots=True)
class Pieces:
    """The literal pieces of a pattern, in their order; each is in every text that it matches.

    starts, ends: whether the first stands at the start of the text, and the last at its end; is_whole: whether they say all
    that the pattern says (a single piece, that is, or none).
    """

    texts: tuple[str, ...]
    starts: bool
    ends: bool
    is_whole: bool


def of_like(pattern: str, *, ignore_case: bool) -> Pieces:
    """The pieces of a LIKE pattern; of an ILIKE pattern, those of characters without case."""
    texts, run, simple = [], "", True
    parts = like_parts(pattern)
    for part in parts:
        if part[0] == "\\" and not (ignore_case and has_case(part[1])):
            run += part[1]
        else:
            simple = simple and part == "%"
            texts.append(run)
            run = ""
    texts.append(run)
    starts, ends = bool(texts[0]), bool(texts[-1])
    found = tuple(filter(None, texts))
    is_whole = simple and len(found) <= 1 and (len(texts) > 1 or not parts or bool(found))
    if not parts:
        return Pieces(("",), True, True, True)
    return Pieces(found, starts, ends, is_whole)


def has_case(char: str) -> bool:
    """Whether ILIKE takes another character for this one."""
    single = charset.span(char)
    return charset.fold(single) != single


def of_pattern(pattern: str) -> Pieces:
    """The pieces of a regular expression."""
    try:
        tree = resolve(parse(pattern))
    except (TooEntangled, WhereqlError):
        return Pieces((), False, False, False)
    parts = tree.parts if isinstance(tree, Cat) else (tree,)
    start, end = _is_side(parts[:1], "before"), _is_side(parts[-1:], "after")
    runs = list(_runs(parts))
    inner = parts[start : len(parts) - end]
    is_whole = all(_literal(part) is not None for part in inner)
    if is_whole:
        return Pieces((runs[0],) if runs else ("",) if start and end else (), start, end, True)
    return Pieces(tuple(runs), start and _literal(parts[1]) is not None, end and _literal(parts[-2]) is not None, False)


def _is_side(parts: tuple[Node, ...], where: str) -> bool:
    """Whether the part is the very start of a text, or its very end."""
    edge = {"before": (charset.AT_EDGE, charset.ANYWHERE), "after": (charset.ANYWHERE, charset.AT_EDGE)}[where]
    return bool(parts) and isinstance(parts[0], Side) and (parts[0].before, parts[0].after) == edge


def _runs(parts: tuple[Node, ...]) -> Iterator[str]:
    """The literal texts that stand side by side among the parts of a sequence, each of which every match has."""
    run = ""
    for part in parts:
        char = _literal(part)
        if char is not None:
            run += char
            continue
        if run:
            yield run
        run = ""
        if isinstance(part, Repeat) and part.least:
            yield from _runs(part.node.parts if isinstance(part.node, Cat) else (part.node,))
    if run:
        yield run


def _literal(part: Node) -> str | None:
    """The character that a part is, if it is a single one."""
    if isinstance(part, Chars) and len(part.chars) == 2 and part.chars[1] - part.chars[0] == 1 and part.chars[0] < 0x110000:
        return chr(part.chars[0])
    return None
