"""Qdrant's paths to a value in a payload: `year`, `metadata."a.b"`, and with `[]` behind it the elements of an array.

>>> path_of(["metadata", "a.b"]), read_path('metadata."a.b"[]')
('metadata."a.b"', (['metadata', 'a.b'], True))
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from whereql.dialects.writing import Leaf, refused

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")  # a digit in front is taken since 1.13 only
_UNSPEAKABLE = re.compile(r'["\\]')  # there is no escape inside the quotes
_STEP = re.compile(r'"([^"\\]*)"|([\w-]+)')


def path_of(keys: Sequence[str]) -> str | Leaf:
    """The path through objects to a key; a refusal where no path can name one."""
    if any(map(_UNSPEAKABLE.search, keys)):
        return refused('a path of Qdrant can\'t name a key with " or \\ in it', "rename the key")
    return ".".join(key if _PLAIN.fullmatch(key) else f'"{key}"' for key in keys)


def read_path(path: str) -> tuple[list[str], bool] | None:
    """The keys of a path, and whether it goes on to the elements; None for what is no path, or one with an index or brackets elsewhere."""
    keys: list[str] = []
    at = 0
    while found := _STEP.match(path, at):
        keys.append(found[2] if found[1] is None else found[1])
        at = found.end()
        if path[at:] in ("", "[]"):
            return keys, path.endswith("[]") and at < len(path)
        if path[at] != ".":
            return None
        at += 1
    return None
