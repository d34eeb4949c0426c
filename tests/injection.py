"""Hostile keys and values fuzzed against the real parser of a language, or a strict lexer of its grammar.

Whatever a key or a value says, what is written has the shape of what is written for a plain one: the same tokens, of which just
one is the value, and one the key.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import whereql
from whereql.ast import Expr, Field, Not, Op, Predicate
from whereql.dialect import Dialect
from whereql.testing.hostile import HOSTILE_KEYS, HOSTILE_TEXTS

COUNT = 20_000 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 1_000

Token = tuple[str, Any]
"""A kind and a value: of `"string"` and `"name"` the value is that which the target would see, of others their text."""

Tokenize = Callable[[Any], Sequence[Token]]

_PIECES = [
    "'", '"', "`", "\\", "\n", "\r", "\t", "\0", " ", "(", ")", "[", "]", "{", "}", ",", ";", ":", "--", "/*", "*/", "#", "$", "@", "%", "_", "*", "?", "|", "&", "&&",
    "||", "!", "=", "==", "<", ">", "~", "^", "+", "-", ".", "..", "OR", "AND", "NOT", "or", "and", "not", "null", "true", "1", "0", "a", "k", "x", "é", "\u2028", "\u00a0",
    "\ufeff", "\u200b", "😀", "''", '""', "\\'", '\\"', "\\\\", "' OR '1'='1", '" || true || "', "`; DROP TABLE t; --", "${x}", "{{x}}", "\\u0027", "\\x27", "%27", "&#39;",
]  # fmt: skip


def hostile_pairs(seed: int, count: int = COUNT) -> Iterator[tuple[str, str]]:
    """Keys and values that try to be more than that."""
    rng = random.Random(seed)
    for number in range(count):
        value = rng.choice(HOSTILE_TEXTS)[:300] if number % 4 == 0 else "".join(rng.choices(_PIECES, k=rng.randint(1, 8)))
        key = rng.choice(HOSTILE_KEYS)[:100] if number % 3 == 0 else "k" if number % 3 == 1 else "".join(rng.choices(_PIECES, k=rng.randint(1, 5)))
        yield key, value


def check_injection(dialect: Dialect, tokenize: Tokenize, *, seed: int = 1, count: int = COUNT, takes_key: Callable[[str], bool] = lambda key: True, **options: Any) -> int:
    """Fuzz a dialect; answers how many pairs were written exactly (the others it refused).

    tokenize: the tokens of a native filter, as the target itself has them; count: fewer pairs where that is slow; takes_key: which keys the language can name at all.
    """
    written = 0
    models = [list(tokenize(dialect.encode(make(Field("k"), "plain"), **options).native)) for make in _SHAPES]
    for key, value in hostile_pairs(seed, count):
        for make, model in zip(_SHAPES, models, strict=True) if takes_key(key) else ():
            translation = dialect.encode(make(Field(key), value), allow_residual=True, **options)
            if not translation.exact:
                continue
            written += 1
            due = [(kind, text.replace("plain", value) if kind == "string" else key if (kind, text) == ("name", "k") else text) for kind, text in model]
            assert list(tokenize(translation.native)) == due, (key, value, translation.native)
    return written


_SHAPES: list[Callable[[Field, str], Expr]] = [
    lambda subject, value: Predicate(subject, Op.EQ, whereql.literal(value)),
    lambda subject, value: Not(Predicate(subject, Op.IN, (whereql.literal(value), whereql.literal(f"{value}2")))),
]
