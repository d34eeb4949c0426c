r"""Python source: the one writer of literals, and conditions joined by its operators.

>>> source("it's é"), source(-0.5), python_pattern(Op.LIKE, "a%b%c")
('"it\'s \\xe9"', '-0.5', '\\Aa(?>(?s:.)*?b)(?s:.)*c\\Z')
"""

from __future__ import annotations

import math
import re

from whereql.dialects.writing import Joined
from whereql.errors import WhereqlError
from whereql.like import like_escaped, like_parts
from whereql.operators import Op
from whereql.regex import like_pattern, lower
from whereql.regex.rust import to_rust
from whereql.regex.sides import resolve
from whereql.regex.syntax import parse
from whereql.regex.tree import Alt, Cat, Chars, Node, Repeat
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


def python_pattern(op: Op, text: str) -> str | None:
    """A text operator as a pattern of Python's `re`; None for one that can't be said, or could take more than polynomial time."""
    if op in (Op.LIKE, Op.ILIKE):
        return _like(text, op is Op.ILIKE)
    lowered = re2_pattern(op, text)
    return None if lowered is None or not is_calm(resolve(parse(text))) else python_spelling(lowered)


def python_spelling(lowered: str) -> str:
    """A pattern of `re2_pattern` as `re` spells it."""
    return _ESCAPE.sub(lambda found: f"\\U{int(found[1], 16):08x}" if found[1] else r"\Z" if found[2] == "z" else found[0], lowered)


def _like(text: str, ignore_case: bool) -> str | None:
    """What stands between two `%` has one length, so its first place is as good as any: an atomic group never looks for another."""
    pieces = [""]
    for part in like_parts(text):
        if part == "%":
            pieces.append("")
        else:
            pieces[-1] += part if part == "_" else like_escaped(part[1:])
    try:
        first, *others = [python_spelling(like_pattern(piece, ignore_case=ignore_case))[2:-2] for piece in pieces]
    except WhereqlError:
        return None
    if not others:
        return rf"\A{first}\Z"
    middle = "".join(f"(?>(?s:.)*?{piece})" for piece in others[:-1] if piece)
    return rf"\A{first}{middle}" + (rf"(?s:.)*{others[-1]}\Z" if others[-1] else "")


def is_calm(node: Node) -> bool:
    """Whether a backtracking search takes polynomial time: what is repeated is one character, and few things are."""
    return _repeats(node) <= 2


def _repeats(node: Node) -> float:
    """How many repetitions without an end, or with a far one, a pattern has; infinite where one has a choice in it."""
    match node:
        case Repeat(Chars(), least, most):
            return most is None or most - least > 8
        case Repeat():
            return math.inf
        case Cat(parts) | Alt(parts):
            return sum(map(_repeats, parts))
    return 0
