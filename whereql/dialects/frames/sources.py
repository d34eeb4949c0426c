r"""Python source: the one writer of literals, and conditions joined by its operators.

>>> source("it's é"), source(-0.5), python_pattern(r"\A\x{1f600}\z")
('"it\'s \\xe9"', '-0.5', '\\A\\U0001f600\\Z')
"""

from __future__ import annotations

import re

from whereql.dialects.writing import Joined
from whereql.errors import WhereqlError
from whereql.operators import Op
from whereql.regex import like_pattern, lower
from whereql.regex.rust import to_rust
from whereql.values import Literal, Scalar

_ESCAPE = re.compile(r"\\(?:x\{([0-9a-f]+)\}|(.))", re.DOTALL)


def source(value: Scalar) -> str:
    """A value as a literal of Python, in ASCII, so that no editor, shell or pipe can change it."""
    return ascii(value)


def sources(items: tuple[Literal, ...]) -> str:
    """Several of them, as they stand between brackets."""
    return ", ".join(source(item.value) for item in items)


def negated(text: str, word: str) -> str:
    """The complement of a condition. word: `not ` or `~`."""
    return f"{word}({text})" if isinstance(text, Joined) or word == "not " else f"{word}{text}"


def re2_pattern(op: Op, text: str) -> str | None:
    """A text operator as a pattern of RE2, which Rust's engine takes, too; None for one that can't be said."""
    try:
        if op in (Op.LIKE, Op.ILIKE):
            return like_pattern(text, ignore_case=op is Op.ILIKE)
        return lower(to_rust(op, text))
    except WhereqlError:
        return None


def python_pattern(lowered: str) -> str:
    """A pattern of `re2_pattern` as Python's `re` spells it."""
    return _ESCAPE.sub(lambda found: f"\\U{int(found[1], 16):08x}" if found[1] else r"\Z" if found[2] == "z" else found[0], lowered)
