"""The tree of a pattern, and the constructors that keep it small, for `whereql.regex`.

There are five nodes: what a pattern means as a verdict needs neither captures nor greediness. Every assertion is a
`Side`, a condition on the characters before and after a position, so that `^`, `\\b` and `\\b{end}` need no names.
"""

from __future__ import annotations

from dataclasses import dataclass

from whereql.regex.charset import ANYWHERE, CharSet, union
from whereql.source import Span


@dataclass(frozen=True, slots=True, eq=False)
class Chars:
    """One character of a set; `fault` is where the pattern wrote a set that Chroma refuses as one of bytes."""

    chars: CharSet
    fault: Span | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The empty string, where the character before is in one set and the one after in the other (or `EDGE`)."""

    before: CharSet = ANYWHERE
    after: CharSet = ANYWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Cat:
    """One part after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Alt:
    """Any of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """`node` from `least` to `most` times, without an upper bound when that is None."""

    node: Node
    least: int
    most: int | None


Node = Chars | Side | Cat | Alt | Repeat

MAX_WEIGHT = 400_000
EMPTY = Cat(())
NEVER = Alt(())


def cat(*parts: Node) -> Node:
    """The parts in a row, flattened; NEVER if one of them is."""
    flat: list[Node] = []
    for part in parts:
        if part is NEVER:
            return NEVER
        flat.extend(part.parts if isinstance(part, Cat) else (part,))
    return flat[0] if len(flat) == 1 else Cat(tuple(flat)) if flat else EMPTY


def alt(*parts: Node) -> Node:
    """Any of the parts, flattened and each once; sets of characters become one set."""
    flat: dict[int, Node] = {}
    for part in parts:
        for choice in part.parts if isinstance(part, Alt) else (part,):
            flat[id(choice)] = choice
    choices = tuple(flat.values())
    if len(choices) < 2:
        return choices[0] if choices else NEVER
    sets = [choice.chars for choice in choices if isinstance(choice, Chars) and choice.fault is None]
    return Chars(union(*sets)) if len(sets) == len(choices) else Alt(choices)


def repeat(node: Node, least: int, most: int | None) -> Node:
    """`node` so many times, without the cases that need no repetition."""
    if (least, most) == (1, 1):
        return node
    if most == 0 or node is EMPTY:
        return EMPTY
    if node is NEVER:
        return EMPTY if least == 0 else NEVER
    return Repeat(node, least, most)


def weight(node: Node, known: dict[Node, int]) -> int:
    """About the number of instructions that RE2 will need; parts that occur in several places are computed once."""
    if node in known:
        return known[node]
    match node:
        case Chars(chars):
            total = _set_weight(chars)
        case Side():
            total = 1
        case Cat(parts) | Alt(parts):
            total = 1 + sum(weight(part, known) for part in parts)
        case Repeat(inner, least, most):
            total = 1 + weight(inner, known) * max(least + (most is None), most or 0)
    known[node] = total
    return total


def _set_weight(chars: CharSet) -> int:
    ascii_edges = sum(edge <= 0x80 for edge in chars[:256])
    return max(1, len(chars) - ascii_edges // 2)
