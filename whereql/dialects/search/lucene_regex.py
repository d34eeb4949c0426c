r"""Text operators as regular expressions of Lucene, which test a whole term.

>>> to_lucene(Op.MATCHES, "^ab?"), to_lucene(Op.ILIKE, "k%"), to_lucene(Op.ENDS, "a.b")
('ab?.*', '[Kk\u212a].*', '.*a\\.b')

Sets of characters are spelled out, since Lucene folds case in its own way. Its syntax has no assertions: those at the ends of a
pattern become what may stand before and after the match, and others can't be said.
"""

from __future__ import annotations

from collections.abc import Iterator

from whereql.like import like_parts
from whereql.operators import Op
from whereql.regex import charset
from whereql.regex.charset import AT_EDGE, CHARS, CharSet
from whereql.regex.sides import TooEntangled, resolve
from whereql.regex.syntax import parse
from whereql.regex.tree import EMPTY, NEVER, Alt, Cat, Chars, Node, Repeat, Side, alt, cat

MAX_LENGTH = 1000
"""`index.max_regex_length`: code units of UTF-16 that Elasticsearch and OpenSearch take in one pattern."""

_ANY = Repeat(Chars(CHARS), 0, None)
_LINE_FEED = charset.span("\n")
_NEW_LINE = charset.union(_LINE_FEED, AT_EDGE)
_BOUNDS = {(0, None): "*", (1, None): "+", (0, 1): "?"}


class Unsayable(Exception):
    """A pattern that Lucene's syntax has no words for, and why."""


def to_lucene(op: Op, text: str) -> str | None:
    """The pattern of Lucene for a text operator, None for one that finds nothing. Raises Unsayable."""
    node = _anchored(op, text)
    if node is NEVER:
        return None
    written = _write(node, 0)
    if len(written.encode("utf-16-le")) // 2 > MAX_LENGTH:
        raise Unsayable(f"its pattern would be longer than {MAX_LENGTH} characters")
    return written


def _anchored(op: Op, text: str) -> Node:
    """What the whole string must be."""
    match op:
        case Op.CONTAINS:
            return cat(_ANY, *_characters(text), _ANY)
        case Op.STARTS:
            return cat(*_characters(text), _ANY)
        case Op.ENDS:
            return cat(_ANY, *_characters(text))
        case Op.LIKE | Op.ILIKE:
            return cat(*_like(text, op is Op.ILIKE))
    try:
        root = resolve(parse(text))
    except TooEntangled:
        raise Unsayable("its assertions are combined too much") from None
    return alt(*(whole for opened in _edges(root, False) for whole in _edges(opened, True)))


def _characters(text: str) -> list[Node]:
    return [Chars(charset.span(character)) for character in text]


def _like(pattern: str, ignore_case: bool) -> Iterator[Node]:
    for part in like_parts(pattern):
        if part in ("%", "_"):
            yield _ANY if part == "%" else Chars(CHARS)
        else:
            single = charset.span(part[1])
            yield Chars(charset.fold(single) if ignore_case else single)


def _edges(node: Node, at_end: bool) -> Iterator[Node]:
    """The choices for what a match is, from this end of the string on: an assertion there stands for what may lie beyond it."""
    match node:
        case Side(before, after) if (after if at_end else before) in (AT_EDGE, _NEW_LINE) and (before if at_end else after) == charset.ANYWHERE:
            line = Chars(_LINE_FEED)
            beyond = [EMPTY] if (after if at_end else before) == AT_EDGE else [EMPTY, cat(line, _ANY) if at_end else cat(_ANY, line)]
            yield from beyond
        case Alt(parts):
            for part in parts:
                yield from _edges(part, at_end)
        case Cat(parts) if parts and _has_side(parts[-1 if at_end else 0]):
            rest = parts[:-1] if at_end else parts[1:]
            for edge in _edges(parts[-1 if at_end else 0], at_end):
                # Behind an assertion stands another one, or what the match begins or ends with.
                yield cat(*rest, edge) if at_end else cat(edge, *rest)
        case _:
            yield cat(node, _ANY) if at_end else cat(_ANY, node)


def _has_side(node: Node) -> bool:
    match node:
        case Side():
            return True
        case Alt(parts) | Cat(parts):
            return any(map(_has_side, parts))
        case Repeat(inner):
            return _has_side(inner)
    return False


def _write(node: Node, level: int) -> str:
    """level: how tightly the place binds: 0 a choice may stand there, 1 a row, 2 only one thing."""
    match node:
        case Chars(chars):
            return _set(chars)
        case Alt(parts):
            text = "|".join(_write(part, 1) for part in parts)
            return f"({text})" if level else text
        case Cat(()):
            return "()"
        case Cat(parts):
            text = "".join(_write(part, 1) for part in _without_doubles(parts))
            return f"({text})" if level > 1 else text
        case Repeat(inner, least, most):
            bounds = _BOUNDS.get((least, most)) or (f"{{{least}}}" if least == most else f"{{{least},{'' if most is None else most}}}")
            return f"{_write(inner, 2)}{bounds}" if level < 2 else f"({_write(inner, 2)}{bounds})"
    raise Unsayable("it has an assertion in its middle, which Lucene has not")


def _without_doubles(parts: tuple[Node, ...]) -> Iterator[Node]:
    """The parts, `.*` once where it stands twice: Lucene counts what it costs."""
    last: Node | None = None
    for part in parts:
        if not (_is_any(part) and last is not None and _is_any(last)):
            yield part
        last = part


def _is_any(node: Node) -> bool:
    return isinstance(node, Repeat) and (node.least, node.most) == (0, None) and isinstance(node.node, Chars) and node.node.chars == CHARS


def _set(chars: CharSet) -> str:
    if chars == CHARS:
        return "."
    if len(chars) == 2 and chars[1] - chars[0] == 1:
        return escaped(chr(chars[0]))
    others = charset.complement(chars)
    text, sign = (_ranges(chars), "") if len(chars) <= len(others) else (_ranges(others), "^")
    return f"[{sign}{text}]"


def _ranges(chars: CharSet) -> str:
    pairs = zip(chars[::2], chars[1::2], strict=True)
    return "".join(escaped(chr(low)) + ("-" * (high - low > 2) + escaped(chr(high - 1))) * (high - low > 1) for low, high in pairs)


def escaped(character: str) -> str:
    """A character as itself: with flags or without, every sign of ASCII may have a meaning, and a backslash takes it away."""
    return character if not character.isascii() or character.isalnum() or not character.isprintable() or character == " " else f"\\{character}"
