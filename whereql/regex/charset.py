"""Sets of code points, and the Unicode properties and case folds that patterns name, for `whereql.regex`.

A `CharSet` is an inversion list: the ascending code points at which membership changes, so `(48, 58)` is `0` to `9`.
Surrogates are no characters. `EDGE` stands for "there is no character here", one past the last code point.

>>> union(span("0", "9"), span(":")) == span("0", ":")
True
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache

from whereql.regex import tables as unicode_tables

CharSet = tuple[int, ...]

EDGE = 0x110000
NONE: CharSet = ()
CHARS: CharSet = (0, 0xD800, 0xE000, EDGE)
ANYWHERE: CharSet = (0, 0xD800, 0xE000, EDGE + 1)
AT_EDGE: CharSet = (EDGE, EDGE + 1)


class UnknownProperty(Exception):
    """A property, or a value of one, that Unicode (as Rust's engine knows it) doesn't have."""


class RefusedProperty(Exception):
    """A property that exists and for which there is no table here."""


def span(first: str, last: str | None = None) -> CharSet:
    """The characters from `first` to `last`, or `first` alone."""
    return intersect((ord(first), ord(last or first) + 1), CHARS)


def _combine(a: CharSet, b: CharSet, keep: Callable[[bool, bool], bool]) -> CharSet:
    out: list[int] = []
    in_a = in_b = inside = False
    members_a, members_b = set(a), set(b)
    for point in sorted(members_a | members_b):
        in_a ^= point in members_a
        in_b ^= point in members_b
        if keep(in_a, in_b) is not inside:
            inside = not inside
            out.append(point)
    return tuple(out)


@lru_cache(1024)
def _both(a: CharSet, b: CharSet) -> CharSet:
    return _combine(a, b, operator.and_)


def intersect(a: CharSet, b: CharSet) -> CharSet:
    """What is in both sets."""
    if a is b or b is ANYWHERE:
        return a
    return b if a is ANYWHERE else _both(a, b)


@lru_cache(1024)
def union(*sets: CharSet) -> CharSet:
    """What is in any of the sets."""
    out: list[int] = []
    for low, high in sorted(pair for a in sets for pair in zip(a[::2], a[1::2], strict=True)):
        if not out or low > out[-1]:
            out += low, high
        elif high > out[-1]:
            out[-1] = high
    return tuple(out)


@lru_cache(1024)
def subtract(a: CharSet, b: CharSet) -> CharSet:
    """What is in `a` and not in `b`."""
    return _combine(a, b, operator.gt)


def symmetric_difference(a: CharSet, b: CharSet) -> CharSet:
    """What is in exactly one of the sets."""
    return _combine(a, b, operator.xor)


def complement(a: CharSet) -> CharSet:
    """The characters that are not in `a`."""
    return subtract(CHARS, a)


def contains(a: CharSet, b: CharSet) -> bool:
    """Whether all of `b` is in `a`."""
    return a is ANYWHERE or a is b or not subtract(b, a)


def decode(text: str) -> CharSet:
    """A set as it is written in `whereql.regex.tables`."""
    out, at = [], 0
    for word in text.split():
        gap, _, length = word.partition(".")
        at += int(gap, 36)
        out.append(at)
        at += int(length or "0", 36) + 1
        out.append(at)
    return tuple(out)


def characters(a: CharSet) -> list[str]:
    """The members of a set."""
    return [chr(point) for low, high in zip(a[::2], a[1::2], strict=True) for point in range(low, high)]


@lru_cache(1)
def _orbits() -> tuple[CharSet, dict[int, tuple[int, ...]]]:
    members: dict[int, list[int]] = {}
    at = 0
    for run in unicode_tables.FOLDS.split():
        gap, count, stride, shift = (int(number, 36) for number in run.split(","))
        at += gap
        for point in range(at, at + count * stride, stride):
            members.setdefault(point - shift, [point - shift]).append(point)
    orbits = {point: tuple(orbit) for orbit in members.values() for point in orbit}
    return _points(sorted(orbits)), orbits


def _points(points: list[int]) -> CharSet:
    starts = [point for n, point in enumerate(points) if not n or points[n - 1] != point - 1]
    ends = [point + 1 for n, point in enumerate(points) if n + 1 == len(points) or points[n + 1] != point + 1]
    return tuple(edge for pair in zip(starts, ends, strict=True) for edge in pair)


@lru_cache(512)
def fold(a: CharSet) -> CharSet:
    """`a` and every character that folds like one in it (Unicode simple case folding)."""
    folding, orbits = _orbits()
    hits = characters(intersect(a, folding))
    return union(a, _points(sorted({other for char in hits for other in orbits[ord(char)]})))


@lru_cache(1)
def _tables() -> dict[str, dict[str, str]]:
    split = {
        kind: dict(entry.split(": ") for entry in text.split("; "))
        for kind, text in (
            ("gc", unicode_tables.CATEGORIES),
            ("sc", unicode_tables.SCRIPTS),
            ("bool", unicode_tables.BOOLEANS),
        )
    }
    return {kind: {n: text for key, text in table.items() for n in key.split()} for kind, table in split.items()}


_LETTER = "lu ll lt lm lo"
_GROUPS = {
    "letter l": _LETTER,
    "casedletter lc": "lu ll lt",
    "mark m combiningmark": "mn mc me",
    "number n": "nd nl no",
    "punctuation p punct": "pc pd ps pe pi pf po",
    "symbol s": "sm sc sk so",
    "separator z": "zs zl zp",
    "other c": "cc cf co unassigned",
    "any": "assigned unassigned",
}
_CATEGORY_GROUPS = {name: members for names, members in _GROUPS.items() for name in names.split()}
_DERIVED = {
    "alphabetic alpha": (_LETTER + " nl", "otheralphabetic otherlowercase otheruppercase"),
    "lowercase lower": ("ll", "otherlowercase"),
    "uppercase upper": ("lu", "otheruppercase"),
}
_DERIVED_BOOLEANS = {name: parts for names, parts in _DERIVED.items() for name in names.split()}
_VALUED = {
    **dict.fromkeys(("gc", "generalcategory"), "gc"),
    **dict.fromkeys(("sc", "script"), "sc"),
}
# Script_Extensions, alone of the properties of a script, change for old characters with every version of Unicode: what two
# releases of one engine answer differently can't be said exactly.
_REFUSED_VALUED = frozenset(
    {"age", "gcb", "graphemeclusterbreak", "sb", "sentencebreak", "wb", "wordbreak", "scx", "scriptextensions"}
)


def _loose(name: str) -> str:
    lowered = "".join(c for c in name if c.isascii() and c not in " _-")
    lowered = lowered.lower() if lowered.isascii() else lowered
    if name[:2].lower() == "is":
        rest = lowered[2:]
        return "isc" if rest == "c" else rest
    return lowered


def property_set(name: str, value: str | None = None) -> CharSet:
    """The characters of `\\p{name}` or `\\p{name=value}`, names matched as loosely as Rust's engine does.

    Raises UnknownProperty, or RefusedProperty for one that exists without a table here (Emoji, Age and others).

    >>> property_set("Script", "Greek") == property_set("isGreek")
    True
    """
    return _named(_loose(name)) if value is None else _valued(_loose(name), _loose(value))


@lru_cache(256)
def _named(name: str) -> CharSet:
    tables = _tables()
    if name in unicode_tables.REFUSED.split():
        raise RefusedProperty(name)
    if name in _DERIVED_BOOLEANS:
        categories, extras = _DERIVED_BOOLEANS[name]
        return union(*map(category, categories.split()), *(decode(tables["bool"][extra]) for extra in extras.split()))
    if name in tables["bool"]:
        return decode(tables["bool"][name])
    try:
        return category(name)
    except UnknownProperty:
        return _script(name)


def _valued(name: str, value: str) -> CharSet:
    if name in _REFUSED_VALUED:
        raise RefusedProperty(name)
    match _VALUED.get(name):
        case "gc":
            return category(value)
        case "sc":
            return _script(value)
    raise UnknownProperty(name)


@lru_cache(64)
def category(name: str) -> CharSet:
    """The characters of a general category or a group of them, by its loose name."""
    table = _tables()["gc"]
    if name in table:
        return decode(table[name])
    if name in _CATEGORY_GROUPS:
        return union(*map(category, _CATEGORY_GROUPS[name].split()))
    match name:
        case "assigned":
            return union(*map(decode, set(table.values())))
        case "unassigned" | "cn":
            return complement(category("assigned"))
        case "ascii":
            return (0, 0x80)
    raise UnknownProperty(name)


def _script(name: str) -> CharSet:
    table = _tables()["sc"]
    if name not in table:
        raise UnknownProperty(name)
    return decode(table[name])


@lru_cache(8)
def perl(letter: str) -> CharSet:
    r"""What `\d`, `\s` or `\w` matches, by its letter; a capital is the complement."""
    match letter:
        case "d":
            return category("nd")
        case "s":
            return property_set("space")
        case "w":
            parts = ("alphabetic", "mark", "nd", "pc", "joincontrol")
            return union(*map(property_set, parts))
    return complement(perl(letter.lower()))


def _ascii(*ranges: str) -> CharSet:
    return union(*(span(ends[0], ends[1]) for ends in ranges))


POSIX = {
    "alnum": _ascii("09", "AZ", "az"),
    "alpha": _ascii("AZ", "az"),
    "ascii": (0, 0x80),
    "blank": _ascii("\t\t", "  "),
    "cntrl": _ascii("\0\x1f", "\x7f\x7f"),
    "digit": _ascii("09"),
    "graph": _ascii("!~"),
    "lower": _ascii("az"),
    "print": _ascii(" ~"),
    "punct": _ascii("!/", ":@", "[`", "{~"),
    "space": _ascii("\t\r", "  "),
    "upper": _ascii("AZ"),
    "word": _ascii("09", "AZ", "__", "az"),
    "xdigit": _ascii("09", "AF", "af"),
}
