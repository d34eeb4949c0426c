r"""Patterns of PCRE2, as MongoDB searches by them, in the syntax of Rust's engine, as `MATCHES` does.

>>> rust_pattern(r"^\d+(foo|bar)$", "s", "$")
'(?s)^[0-9]+(foo|bar)\\n?\\z'

Only what means the same in both, or has a spelling of the same meaning, is taken: PCRE2's classes are ASCII, and its `$` also
stands before a newline at the end.
"""

from __future__ import annotations

import re
from typing import NoReturn

from whereql.dialects.reading_json import fail, refuse

_TITLE = "MongoDB"
_CLASSES = {"d": "0-9", "w": "0-9A-Z_a-z", "s": r"\t\n\x0b\f\r "}
_LETTERS = {"n": r"\n", "r": r"\r", "t": r"\t", "f": r"\f", "A": r"\A", "z": r"\z"}
LINE_START = r"(?<![^\n])"
"""The start of a line, also where the text ends behind a newline: there `^` with the option m finds none."""

_TOKEN = re.compile(
    r"""
    (?P<escape>\\(?:x\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}|[\s\S]))
    | (?P<class>\[\^?+(?:\\(?:x\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}|[\s\S])|[^\[\]\\])++\])
    | (?P<repeat>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})(?P<mode>[?+]?+))
    | (?P<start>\(\?<!\[\^\\n\]\)) | (?P<group>\(\?s:\.\)|\(\?m:\$\)|\(\?:|\((?!\?)|\))
    | (?P<sign>[.^$|])
    | (?P<plain>[^\\\[\](){}*+?.^$|])
    """,
    re.VERBOSE,
)


def rust_pattern(pattern: str, flags: str, path: str) -> str:
    """The pattern for Rust's engine. Raises UnsupportedError for what it can't say, WhereError for unknown flags."""
    for flag in flags:
        if flag not in "imsxu":
            fail(f"$options has no {flag!r}", path, "they are i, m, s, x and u")
    if "x" in flags:
        refuse(_TITLE, "the option x of a pattern", path, "write the pattern without white space and comments")
    kept = "".join(flag for flag in "ims" if flag in flags)
    return (f"(?{kept})" if kept else "") + "".join(_parts(pattern, flags, path))


def _parts(pattern: str, flags: str, path: str) -> list[str]:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None or token["mode"] == "+":
            _refuse(pattern[at : at + 4], path)
        text = token[0]
        at = token.end()
        if token["escape"]:
            text = _escape(text, False, path)
            if "i" in flags and text.startswith("["):
                text = f"(?-i:{text})"  # to PCRE2 the Kelvin sign is no \\w, whatever the case
        elif token["class"]:
            if "i" in flags and "\\w" in text:
                _refuse(f"{text} with the option i", path)
            text = _class(text, path)
        elif text == "$" and "m" not in flags:
            if pattern[at : at + 1] not in ("", ")", "|"):
                _refuse("$ before the end", path)
            text = r"\n?\z"
        elif token["start"]:
            text = "(?m:^)"
        elif text == "^" and "m" in flags and not _takes_one(pattern, at):
            _refuse("^ with the option m, and no character behind it", path)
        elif token["plain"] and text in "#&-~ ":
            text = f"\\{text}" if text != " " else text
        parts.append(text)
    return parts


def _takes_one(pattern: str, at: int) -> bool:
    """Whether what stands here takes a character, whatever follows."""
    token = _TOKEN.match(pattern, at)
    if token is None or token[0] in ("^", "$", "|", r"\A", r"\z") or not (token["escape"] or token["class"] or token["sign"] or token["plain"]):
        return False
    return not re.match(r"[*?]|\{0", pattern[token.end() :])


def _class(text: str, path: str) -> str:
    """A class of characters: its escapes resolved, and what Rust gives a meaning to escaped."""
    inner = re.sub(r"\\(?:x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|[\s\S])|[&~]|(?<!^)\^", lambda part: _in_class(part[0], path), text[1:-1].removeprefix("^"))
    if "--" in inner:
        _refuse("-- in a class", path)
    return f"[{'^' if text[1] == '^' else ''}{inner}]"


def _in_class(part: str, path: str) -> str:
    return _escape(part, True, path) if part.startswith("\\") else f"\\{part}"


def _escape(text: str, in_class: bool, path: str) -> str:
    letter = text[1]
    if len(text) > 2:
        return text
    if not letter.isalnum() or not letter.isascii():
        return f"\\{letter}" if letter.isascii() and not letter.isspace() and letter not in "\"'%,/:;<=>@_`!" else re.escape(letter)
    if letter in _CLASSES:
        return _CLASSES[letter] if in_class else f"[{_CLASSES[letter]}]"
    if not in_class and letter.lower() in _CLASSES:
        return f"[^{_CLASSES[letter.lower()]}]"
    if letter not in _LETTERS or (in_class and letter in "Az"):
        _refuse(text, path)
    return _LETTERS[letter]


def _refuse(what: str, path: str) -> NoReturn:
    refuse(_TITLE, f"{what!r} in a pattern", path, "write groups, classes, repetitions, ^ and $ only")
