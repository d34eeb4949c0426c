"""From the patterns of SQL to whereql's: LIKE, GLOB, and what of regular expressions means the same here and there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from whereql.ast import Op
from whereql.dialects.sql.patterns import cases
from whereql.like import like_escaped
from whereql.limits import check_pattern

if TYPE_CHECKING:
    from whereql.dialects.sql.reader import SqlReader
    from whereql.dialects.sql.syntax import Node

Pattern = tuple[Op, str]

SAME_LETTERS = frozenset("abcdefghjlmnopqrtuvwxyz")
"""The letters that are the same in both cases to every engine and language: not i, k and s, which others fold to, here or there."""

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$#&\-~]")


def like_parts(pattern: str, escape: str) -> Iterator[tuple[str, bool]] | None:
    """The characters of a pattern of LIKE, and whether each is a wildcard; None where it ends with what escapes."""
    found: list[tuple[str, bool]] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == escape:
            at += 1
            if at == len(pattern):
                return None
            found.append((pattern[at], False))
        else:
            found.append((char, char in "%_"))
        at += 1
    return iter(found)


def _parts(reader: SqlReader, pattern: str, escape: str, node: Node) -> list[tuple[str, bool]]:
    found = like_parts(pattern, escape)
    if found is None:
        reader.refuse("a pattern that ends with what escapes", node, "double it to mean itself")
    return list(found)


def from_like(reader: SqlReader, pattern: str, escape: str, node: Node) -> Pattern:
    """A pattern that heeds case: by the operator that says it without wildcards, where there is one."""
    parts = _parts(reader, pattern, escape, node)
    wild = [number for number, part in enumerate(parts) if part[1]]
    text = "".join(char for char, is_wild in parts if not is_wild)
    ends = [parts[number] == ("%", True) and number in (0, len(parts) - 1) for number in wild]
    if text and wild and all(ends):
        return Op.CONTAINS if len(wild) == 2 else Op.ENDS if wild == [0] else Op.STARTS, text
    return Op.LIKE, "".join(char if is_wild else like_escaped(char) for char, is_wild in parts)


def from_ilike(reader: SqlReader, pattern: str, escape: str, node: Node, letters: frozenset[str]) -> Pattern:
    """A pattern without regard to case, whose letters are only those that all engines and languages take for the same in both cases."""
    parts = _parts(reader, pattern, escape, node)
    strange = [char for char, is_wild in parts if not is_wild and len(cases(char)) > 1 and char.lower() not in letters]
    if strange:
        reader.refuse(f"ILIKE with the letter {strange[0]}", node, "its cases depend on the database: search by lower-case text, or by a regular expression")
    return Op.ILIKE, "".join(char if is_wild else like_escaped(char) for char, is_wild in parts)


def from_ascii_like(reader: SqlReader, pattern: str, escape: str, node: Node) -> Pattern:
    """A pattern that takes ASCII letters in both cases, and heeds the case of others, as SQLite's LIKE does."""
    parts = _parts(reader, pattern, escape, node)
    letters = {char for char, is_wild in parts if not is_wild and len(cases(char)) > 1}
    if not letters:
        return from_like(reader, pattern, escape, node)
    if all(char.isascii() and len(cases(char)) == 2 for char in letters):
        return Op.ILIKE, "".join(char if is_wild else like_escaped(char) for char, is_wild in parts)
    wild = {"%": ".*", "_": "."}
    sets = (wild[char] if is_wild else f"[{char.lower()}{char.upper()}]" if char.isascii() and char.isalpha() else _SPECIAL.sub(r"\\\g<0>", char) for char, is_wild in parts)
    return Op.MATCHES, rf"(?s)\A{''.join(sets)}\z"


_GLOB = re.compile(r"\[\^?\]?[^\]]*\]|.", re.DOTALL)


def from_glob(reader: SqlReader, pattern: str, node: Node) -> Pattern:
    """A pattern of GLOB: as one of LIKE, if its sets are of one character each."""
    check_pattern(pattern, node.token.span)
    pieces = _GLOB.findall(pattern)
    if "[" in pieces:
        reader.refuse("a set that is not closed", node, "write [[] for a bracket")
    if all(len(piece) == 1 or (len(piece) == 3 and piece[1] != "^") for piece in pieces):
        wild = {"*": "%", "?": "_"}
        return Op.LIKE, "".join(wild.get(piece) or like_escaped(piece[1] if len(piece) == 3 else piece) for piece in pieces)
    folded = [piece[1:-1] for piece in pieces if len(piece) > 3]
    singles = [piece[len(piece) // 2] for piece in pieces if len(piece) in (1, 3) and piece not in ("*", "?")]
    if all(set(inner) == set(cases(inner[0])) for inner in folded) and all(len(cases(char)) == 1 for char in singles):
        wild = {"*": "%", "?": "_"}
        return Op.ILIKE, "".join(wild.get(piece) or like_escaped(piece[1] if len(piece) > 1 else piece) for piece in pieces)
    return Op.MATCHES, rf"(?s)\A{''.join(map(_glob_piece, pieces))}\z"


def _glob_piece(piece: str) -> str:
    if len(piece) == 1:
        return {"*": ".*", "?": "."}.get(piece) or _SPECIAL.sub(r"\\\g<0>", piece)
    negation = "^" if piece[1] == "^" else ""
    inner = re.sub(r"[\\\[\]^&~]", r"\\\g<0>", piece[1 + len(negation) : -1])
    return f"[{negation}{inner}]"


_ARE = re.compile(r"\\[^A-Za-z0-9\s]|\[\^?[^\[\]\\^&~-]+\]|\((?!\?)|[^\\\[\]{}(]", re.DOTALL)


def from_regex(reader: SqlReader, pattern: str, node: Node) -> Pattern:
    """A regular expression of PostgreSQL, of the parts that mean the same in whereql's: there, `.` is a line end, too."""
    pieces = _ARE.findall(pattern)
    if "".join(pieces) != pattern or pattern.startswith("*") or "^*" in pattern or "(*" in pattern or "|*" in pattern:
        reader.refuse("a regular expression with more than characters, sets, groups and repetitions", node, "the syntaxes differ: write it with LIKE")
    return Op.MATCHES, f"(?s){pattern}" if "." in pattern else pattern


_RE2 = re.compile(r"\\x\{[0-9a-fA-F]+\}|\\[Az]|\\[^A-Za-z0-9\s]|\[\^?(?:\\x\{[0-9a-fA-F]+\}|\\[^A-Za-z0-9\s]|[^\[\]\\^&~-]|-)+\]|\(\?[ism]*:|\((?!\?)|\{[0-9]+(?:,[0-9]*)?\}|[^\\\[\]{}(]", re.DOTALL)


def from_re2(reader: SqlReader, pattern: str, node: Node) -> Pattern:
    """A regular expression of RE2, of the parts that mean the same in whereql's, whose classes are Unicode's."""
    body = re.sub(r"\A\(\?[ism]+\)", "", pattern)
    if "".join(_RE2.findall(body)) != body or "&&" in body or "--" in body or "~~" in body:
        reader.refuse("a regular expression with classes or other things that mean more in whereql's", node, "write sets for classes: [0-9] for \\d")
    return Op.MATCHES, pattern
