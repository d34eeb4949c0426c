"""Qdrant's paths to a value in a payload: `year`, `metadata."a.b"`, and with `[]` behind it the elements of an array.

>>> path_of(["metadata", "a.b"]), read_path('metadata."a.b"[]')
('metadata."a.b"', (['metadata', 'a.b'], True))
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")  # a digit in front is taken since 1.13 only
_UNSPEAKABLE = re.compile(r'["\\]')  # there is no escape inside the quotes
_STEP = re.compile(r'"([^"\\]*)"|([\w-]+)')


def is_speakable(key: str) -> bool:
    """Whether a path can name a key at all."""
    return not _UNSPEAKABLE.search(key)


def path_of(keys: Sequence[str]) -> str:
    """The path through objects to a key; each must be speakable."""
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
