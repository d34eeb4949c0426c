r"""The words of a Milvus expression: strings, numbers, keys and joined conditions, each written in one place.

>>> string('say "hi"\n'), number(0.5), path("metadata", "a b")
('"say \\"hi\\"\\n"', '0.5', 'metadata["a b"]')
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from itertools import count

from whereql.values import INT_MIN, Scalar

KEYWORDS = frozenset({
    "and", "or", "not", "in", "like", "exists", "is", "null", "true", "false", "json_contains", "json_contains_all", "json_contains_any",
    "array_contains", "array_contains_all", "array_contains_any", "array_length", "element_filter", "text_match", "phrase_match", "random_sample",
    "match_all", "match_any", "match_least", "match_most", "match_exact", "interval", "iso", "minimum_should_match", "threshold", "st_equals",
    "st_touches", "st_overlaps", "st_crosses", "st_contains", "st_intersects", "st_within", "st_dwithin", "st_isvalid",
})  # fmt: skip

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*", re.ASCII)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}  # a raw tab is allowed, and one lite doesn't know \t
_HARD_KEY = re.compile(r'[\x00-\x1f"\\]|\]\[')
_FLAT = 40


class Part(str):
    """A condition.

    depth: how deep its tree of two-armed ANDs and ORs is for Milvus, which takes about a hundred levels; is_chain: whether it has
    a connective that parentheses don't enclose.
    """

    depth: int
    is_chain: bool

    def __new__(cls, text: str, depth: int = 0, is_chain: bool = False) -> Part:
        """A text with what is known of it."""
        self = super().__new__(cls, text)
        self.depth = depth
        self.is_chain = is_chain
        return self


def is_name(text: str) -> bool:
    """Whether a field may have this name: an identifier that is no word of the language."""
    return _NAME.fullmatch(text) is not None and text.lower() not in KEYWORDS


def is_plain_key(text: str) -> bool:
    """Whether every version finds this key in JSON: the server compares what stands between the quotes as it stands."""
    return text != "" and _HARD_KEY.search(text) is None


def path(column: str, key: str) -> str:
    """A key of a JSON field."""
    return f"{column}[{string(key)}]"


def string(text: str) -> str:
    """A string literal."""
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'


def number(value: Scalar) -> str:
    """A number or a bool."""
    return "true" if value is True else "false" if value is False else repr(value)


def literal(value: Scalar) -> str:
    """A literal of any kind."""
    return string(value) if isinstance(value, str) else number(value)


def contains(of: str, name: str, items: Sequence[str]) -> Part:
    """Whether an array, or one in JSON, has one of some spelled items, all of one kind.

    Lite 3.2 takes a sign before a number in a list only, and Lite 2.5 no bool in a list.
    """
    if items[0] in ("true", "false") or (len(items) == 1 and not items[0].startswith("-")):
        return joined("or", [f"{of}_contains({name}, {item})" for item in items])
    return Part(f"{of}_contains_any({name}, [{', '.join(items)}])")


def at_least(name: str, low: int) -> str:
    """`name >= low` for an int64 field: the least int has no literal that every version reads."""
    return f"{name} <= 9223372036854775807" if low == INT_MIN else f"{name} >= {low}"


def at_most(name: str, high: int) -> str:
    """`name <= high` for an int64 field."""
    return f"{name} < {INT_MIN + 1}" if high == INT_MIN else f"{name} <= {high}"


def joined(word: str, parts: Sequence[str]) -> Part:
    """Conditions with `and` or `or` between them.

    A long chain is a deep tree for Milvus, since it reads `a or b or c` as `(a or b) or c`: it becomes a balanced one.
    """
    given = [part if isinstance(part, Part) else Part(part) for part in parts]
    if len(given) == 1:
        return given[0]
    depth = max(part.depth for part in given) + len(given) - 1
    if depth <= _FLAT:
        return Part(f" {word} ".join(_enclosed(part) for part in given), depth, True)
    order = count()
    heap = [(part.depth, next(order), part) for part in given]
    heapq.heapify(heap)
    while len(heap) > 1:
        (_, _, first), (_, _, second) = heapq.heappop(heap), heapq.heappop(heap)
        both = Part(f"{_enclosed(first)} {word} {_enclosed(second)}", max(first.depth, second.depth) + 1, True)
        heapq.heappush(heap, (both.depth, next(order), both))
    return heap[0][2]


def negated(part: str) -> Part:
    """The opposite of a condition."""
    return Part(f"not ({part})", getattr(part, "depth", 0) + 1)


def _enclosed(part: Part) -> str:
    return f"({part})" if part.is_chain else str(part)
