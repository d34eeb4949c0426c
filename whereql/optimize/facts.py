"""What the text predicates of one subject imply about each other, and about the strings that a value set leaves it.

>>> implies(Text(Op.ENDS, "abc", True), Text(Op.CONTAINS, "b", True))
True
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from whereql.ast import Const, Expr, Literal, Op, Subject
from whereql.kinds import Kind
from whereql.like import like_parts
from whereql.optimize.domain import ANY_ID, EMPTY, ValueSet, universe_of
from whereql.optimize.lines import STRINGS, Edges, Point, overlap, points, prefix_end, prefixed
from whereql.optimize.spelling import spell
from whereql.semantics import test


class Text(NamedTuple):
    """One text predicate on a subject that is known: its operator, its operand, and whether it is wanted to hold."""

    op: Op
    text: str
    wanted: bool

    def fits(self, value: str) -> bool:
        """Whether a string makes the predicate what it is wanted to be."""
        return test(value, self.op, Literal(Kind.STRING, self.text)) is self.wanted


class Clash(Exception):
    """No value can be all that is wanted of it."""


_MANY = 100  # texts of one subject, beyond which they are not compared with each other: that grows with the square
_WORK = 100_000  # tests of a text on a listed string, likewise


def relate(subject: Subject, given: ValueSet, texts: list[Text]) -> tuple[Expr | None, list[Text]]:
    """What remains to be said of a subject whose value is in a set and fits the texts: a filter for the set, and texts.

    The filter is None where the set has to be said as it is. Raises Clash where no value is in it and fits.
    """
    universe = universe_of(subject)
    kept = _without_implied(texts) if len(texts) <= _MANY else texts
    wanted = any(text.wanted for text in kept)
    values = EMPTY._replace(strings=given.strings) if wanted else given
    strings = _fitting(given.strings, kept)
    is_settled = not strings or (_are_listed(strings) and len(strings) * len(kept) <= _WORK)
    kept = [] if is_settled else _undecided(strings, kept)
    has_wanted = any(text.wanted for text in kept)
    # Beside a wanted text, an interval is at its shortest, and all other sets may be shorter, since strings need not be said.
    if kept and strings == given.strings and values == given and not (has_wanted and (len(strings) > 2 or strings == STRINGS.complement(()))):
        return None, kept
    if has_wanted:
        universe = ANY_ID
    rest = spell(subject, values._replace(strings=strings), universe)
    if rest == Const(False):
        raise Clash
    return rest, kept


def _without_implied(texts: list[Text]) -> list[Text]:
    kept = list(dict.fromkeys(texts))
    for text in list(kept):
        for other in list(kept):
            if text not in kept or text is other or other not in kept:
                continue
            if text.wanted and other.wanted and excludes(text, other):
                raise Clash
            if text.wanted and not other.wanted and implies(text, other):
                raise Clash
            if (text.wanted and (implies(text, other) if other.wanted else excludes(text, other))) or (not text.wanted and not other.wanted and implies(other, text)):
                kept.remove(other)
    return kept


def implies(text: Text, other: Text) -> bool:
    """Whether every string for which a text predicate holds is one for which the other holds; no is "not surely"."""
    parts, tail = _parts(text)
    match other.op:
        case Op.CONTAINS:
            return any(other.text in part for part in parts)
        case Op.ENDS:
            return tail is not None and tail.endswith(other.text)
    return (text.op, text.text) == (other.op, other.text)


def excludes(text: Text, other: Text) -> bool:
    """Whether two text predicates surely hold for no string together: they ask for different ends."""
    (_, tail), (_, other_tail) = _parts(text), _parts(other)
    return tail is not None and other_tail is not None and not tail.endswith(other_tail) and not other_tail.endswith(tail)


@lru_cache(4096)
def _parts(text: Text) -> tuple[tuple[str, ...], str | None]:
    """The texts that must occur in a string, and the one it must end with, if that is known."""
    match text.op:
        case Op.CONTAINS:
            return (text.text,), None
        case Op.ENDS:
            return (text.text,), text.text
        case Op.LIKE:
            parts = _pieces(text.text)
            return tuple(parts), parts[-1] or None
    return (), None


def _pieces(pattern: str) -> list[str]:
    """What stands before, between and behind the wildcards of a LIKE pattern."""
    pieces = [""]
    for part in like_parts(pattern):
        if part in "%_":
            pieces.append("")
        else:
            pieces[-1] += part[1:]
    return pieces


def _fitting(strings: Edges, texts: list[Text]) -> Edges:
    """A set of strings that differs from the given one at most where the texts don't fit anyway, with fewer edges."""
    if len(strings) * len(texts) > _WORK:
        return strings
    if _are_listed(strings):
        return points([value for value in strings[::2] if all(text.fits(value) for text in texts)], STRINGS)
    strings = _without_points(strings, texts)
    for text in texts:
        head = _pieces(text.text)[0] if text.wanted and text.op is Op.LIKE else ""
        if head:
            within = overlap([strings, prefixed(head)], 2)
            strings = ("",) if within == prefixed(head) else strings if within else ()
    return overlap([part for part in _intervals(strings) if not any(not text.wanted and _surely(part, text) for text in texts)], 1)


def _are_listed(strings: Edges) -> bool:
    return len(strings) % 2 == 0 and all(low + "\0" == high for low, high in _intervals(strings))


def _intervals(strings: Edges) -> list[Edges]:
    return [strings[i : i + 2] for i in range(0, len(strings), 2)]


def _without_points(strings: Edges, texts: list[Text]) -> Edges:
    """The set without the single points, and without the single gaps, that don't fit."""
    kept: list[Point] = []
    i = 0
    while i < len(strings):
        is_point = i + 1 < len(strings) and strings[i] + "\0" == strings[i + 1]
        if is_point and not all(text.fits(strings[i]) for text in texts):
            i += 2
        else:
            kept.append(strings[i])
            i += 1
    return tuple(kept)


def _surely(part: Edges, text: Text) -> bool:
    """Whether a text predicate holds for all strings of an interval, because they share a beginning that says so."""
    return text.op is Op.CONTAINS and text.text in _shared_prefix(part)


def _shared_prefix(part: Edges) -> str:
    """The longest text with which every string of an interval begins."""
    low, high = part[0], part[1] if len(part) > 1 else None
    prefix = low
    while prefix and (high is None or ((end := prefix_end(prefix)) is not None and end < high)):
        prefix = prefix[:-1]
    return str(prefix)


def _undecided(strings: Edges, texts: list[Text]) -> list[Text]:
    parts = _intervals(strings)
    if len(parts) * len(texts) > _WORK:
        return texts
    return [text for text in texts if not all(_surely(part, text) for part in parts)]
