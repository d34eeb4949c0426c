r"""What every match of a pattern must have, so that a search can skip texts without it.

Everything here errs to one side: what is said to be required is in every match, but not all that is required is said.

>>> needs(r"zephyr k[a-z]+n\d").literals
('zephyr k', 'n')
>>> needs(r"\bk[a-z]+n\b").stays_within(" "), needs(r"^k[a-z]+n").stays_within(" "), needs(r"a.n").stays_within(" ")
(True, False, False)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from whereql.regex.charset import EDGE, CharSet, union
from whereql.regex.syntax import parse
from whereql.regex.tree import Alt, Cat, Chars, Node, Repeat, Side

_LONGEST = 256  # characters of a literal that repetition makes; more would tell no more texts apart
_CACHED = 128


@dataclass(frozen=True, slots=True)
class Needs:
    """What is known of all matches of a pattern.

    literals: strings that are in every match, the longest first, none of them in another; chars: all the characters that a match may have;
    sides: the assertions of the pattern; is_empty: whether a match may be the empty string.
    """

    literals: tuple[str, ...]
    chars: CharSet
    sides: tuple[Side, ...]
    is_empty: bool

    def stays_within(self, separator: str) -> bool:
        """Whether the pattern is found in a text if and only if it is found in one of the pieces between separators.

        So it is where no match has the separator in it or is empty, and no assertion can tell a separator from the edge of the text.
        """
        point = ord(separator)
        return (
            not self.is_empty
            and not _has(self.chars, point)
            and all(_has(chars, point) == _has(chars, EDGE) for side in self.sides for chars in (side.before, side.after))
        )


def _has(chars: CharSet, point: int) -> bool:
    return any(low <= point < high for low, high in zip(chars[::2], chars[1::2], strict=True))


@lru_cache(_CACHED)
def needs(pattern: str) -> Needs:
    """What every match of `pattern` must have. Raises as `parse` does."""
    root = parse(pattern)
    nodes = list(_nodes(root))
    return Needs(
        _apart(_literals(root).inside),
        union(*dict.fromkeys(node.chars for node in nodes if isinstance(node, Chars))),
        tuple(node for node in nodes if isinstance(node, Side)),
        _is_empty(root),
    )


def _nodes(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        match node:
            case Cat(parts) | Alt(parts):
                stack.extend(parts)
            case Repeat(inner):
                stack.append(inner)


def _is_empty(node: Node) -> bool:
    match node:
        case Chars():
            return False
        case Side():
            return True
        case Cat(parts):
            return all(map(_is_empty, parts))
        case Alt(parts):
            return any(map(_is_empty, parts))
        case Repeat(inner, least):
            return not least or _is_empty(inner)


@dataclass(frozen=True, slots=True)
class _Literals:
    """What all matches of a node have: how they begin and end, and the strings in them; is_all: `first` is every match as a whole."""

    first: str = ""
    last: str = ""
    inside: tuple[str, ...] = ()
    is_all: bool = False


_NOTHING = _Literals()


def _literals(node: Node) -> _Literals:
    match node:
        case Chars((low, high)) if high == low + 1:
            return _whole(chr(low))
        case Chars():
            return _NOTHING
        case Side():
            return _whole("")
        case Cat(parts):
            return _row(list(map(_literals, parts)))
        case Alt(parts):
            return _choice(list(map(_literals, parts)))
        case Repeat(inner, least, most):
            return _times(_literals(inner), least, most)


def _whole(text: str) -> _Literals:
    return _Literals(text, text, (text,), True)


def _row(parts: Sequence[_Literals]) -> _Literals:
    """One part after the other: what ends one part and what begins the next stand side by side."""
    inside: list[str] = []
    first: str | None = None
    run: list[str] = []
    for part in parts:
        run.append(part.first)
        if not part.is_all:
            inside += "".join(run), *part.inside
            first = "".join(run) if first is None else first
            run = [part.last]
    last = "".join(run)
    return _whole(last) if first is None else _Literals(first, last, _apart([*inside, last]))


def _choice(parts: Sequence[_Literals]) -> _Literals:
    """Any of the parts: what all of them have."""
    if not parts:
        return _NOTHING
    if all(part.is_all and part.first == parts[0].first for part in parts):
        return parts[0]
    first = _common([part.first for part in parts])
    last = _common([part.last[::-1] for part in parts])[::-1]
    shared = [text for text in parts[0].inside if all(any(text in other for other in part.inside) for part in parts)]
    return _Literals(first, last, _apart([first, last, *shared]))


def _common(texts: Sequence[str]) -> str:
    """What all of the texts begin with."""
    return "".join(chars[0] for chars in takewhile(lambda chars: len(set(chars)) == 1, zip(*texts, strict=False)))


def _times(once: _Literals, least: int, most: int | None) -> _Literals:
    if not least:
        return _NOTHING
    if not once.is_all:
        return _Literals(once.first, once.last, _apart([*once.inside, once.last + once.first * (least > 1)]))
    text = once.first * min(least, 1 + _LONGEST // max(len(once.first), 1))
    return _whole(text) if least == most and text == once.first * least else _Literals(text, text, (text,))


def _apart(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts, the longest first, without those that are in another."""
    ranked = sorted(dict.fromkeys(filter(None, texts)), key=len, reverse=True)
    return tuple(text for at, text in enumerate(ranked) if not any(text in longer for longer in ranked[:at]))
