r"""Lucene's regular expressions and wildcards, which test a whole term, as whereql's patterns.

>>> from_lucene("a.[b-d]+", False, "$", "Lucene"), from_wildcard("a*b?\\*")
('(?s)\\A(?:a.[b-d]+)\\z', 'a%b_*')
"""

from __future__ import annotations

import re

from whereql.dialects.reading_json import fail, refuse
from whereql.errors import WhereqlError
from whereql.regex import lower

_BRACES = re.compile(r"\{[0-9]{1,9}(?:,[0-9]{0,9})?\}")


def from_lucene(pattern: str, has_flags: bool, path: str, title: str) -> str:
    """A pattern of Rust's syntax that finds what a pattern of Lucene is. has_flags: whether ~ & < > @ # " have a meaning.

    Raises WhereError for what is none, UnsupportedError for what Rust's syntax has no counterpart for.
    """
    out: list[str] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
            out.append(_escaped(_literal(pattern, at, path, title)))
        elif character == '"':
            end = pattern.find('"', at + 1)
            if end < 0:
                fail("a quoted string has no end", path, "close it, or write \\\" for a quote")
            out.append(f"(?:{''.join(map(_escaped, pattern[at + 1 : end]))})")
            at = end
        elif character == "[":
            text, at = _class(pattern, at, path, title)
            out.append(text)
        elif character == "{":
            braces = _BRACES.match(pattern, at)
            if not braces:
                fail("a { stands before a number of repetitions", path, "write \\{ for the character")
            out.append(braces.group())
            at = braces.end() - 1
        elif has_flags and character in "~&<>@#":
            if character == "@":
                out.append("(?:.*)")
            else:
                refuse(title, f"{character} in a regexp", path, "write the pattern without it, or flags: NONE")
        elif character == "(":
            out.append("(?:")
        else:
            out.append(character if character in ".?*+|)" else _escaped(character))
        at += 1
    found = rf"(?s)\A(?:{''.join(out)})\z"
    try:
        lower(found)
    except WhereqlError as error:
        fail(f"the pattern can't be read: {error.message}", path, "write a simpler one")
    return found


def _literal(pattern: str, at: int, path: str, title: str) -> str:
    if at >= len(pattern):
        fail("a pattern ends in \\", path, "write \\\\ for a backslash")
    if pattern[at].isascii() and pattern[at].isalnum():
        refuse(title, f"\\{pattern[at]} in a regexp", path, "it means different things to its versions: write the characters")
    return pattern[at]


def _class(pattern: str, at: int, path: str, title: str) -> tuple[str, int]:
    """A class from its bracket on, and where it ends."""
    out = ["["]
    at += 1
    if pattern[at : at + 1] == "^":
        out.append("^")
        at += 1
    start = at
    while at < len(pattern) and (pattern[at] != "]" or at == start):
        if pattern[at] == "-" and out[-1] not in ("[", "^") and pattern[at + 1 : at + 2] not in ("]", ""):
            out.append("-")
        elif pattern[at] == "\\":
            at += 1
            out.append(_escaped(_literal(pattern, at, path, title)))
        else:
            out.append(_escaped(pattern[at]))
        at += 1
    if at >= len(pattern):
        fail("a class has no ]", path, "close it, or write \\[ for the character")
    return f"{''.join(out)}]", at


def _escaped(character: str) -> str:
    if character == "\0":
        return r"\x00"
    return f"\\{character}" if character in r"\.+*?()|[]{}^$#&-~" else character


def from_wildcard(pattern: str) -> str:
    """The pattern of LIKE for one with `*`, `?` and a backslash before what is meant as it is."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\" and at + 1 < len(pattern):
            at += 1
            out.append(_like(pattern[at]))
        else:
            out.append("%" if character == "*" else "_" if character == "?" else _like(character))
        at += 1
    return "".join(out)


def _like(character: str) -> str:
    return f"\\{character}" if character in "%_\\" else character


def ignoring_case(text: str, path: str, title: str, is_prefix: bool) -> str:
    """The pattern of a text whose letters of ASCII are in either case, as `case_insensitive` has it."""
    if any(character.lower() != character.upper() and not character.isascii() for character in text):
        refuse(title, "case_insensitive of letters beyond ASCII", path, "write ILIKE in whereql's text")
    parts = (f"[{character.lower()}{character.upper()}]" if character.isalpha() and character.isascii() else _escaped(character) for character in text)
    return rf"(?s)\A{''.join(parts)}{'.*' if is_prefix else ''}\z"
