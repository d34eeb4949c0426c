"""Random ASTs for tests of the dialects: every shape that a printer or a parser could get wrong, rather than rows that tell.

Beside `tests/strategies.py`, whose filters are made to match records: here are parameters, ranges and HAS ALL (which print
as one), constants, every literal edge, keys that need quotes, written dates, and trees as deep as the limits allow.

>>> generator = Expressions(seed=1)
>>> expr = generator.expression()
"""

from __future__ import annotations

import random
from typing import Any

from strategies import FLOATS, INTS, KEYS, PATTERNS, TEXTS, like_escape

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Op, Or, Param, Predicate, Subject, Uri, predicates
from whereql.dialects.text.literals import moment
from whereql.kinds import Kind
from whereql.operators import OPERATORS, ORDER, PATTERN, Operand
from whereql.values import Literal, literal

ODD_KEYS = [
    *KEYS, "and", "Not", "in", "IS", "like", "null", "TRUE", "between", "has", "notes", "android", "inn", "is_ok", "hash", "in.x", "x.in", "date", "DATE",
    "timestamp", "any", "ALL", "exists", "starts", "with", "ends", "li\u212ae", "2nd", "-1", "a-b", "a b", "``", "`", "'", '"', "--", "-- x", " a", "a ",
    "a.", ".a", "a..b", "a.2", "_", "__x", "\n", "\r\n", "\x7f", "\x1b[31m", "#document", "#uri", "chroma:document", "chroma:uri", "$and", "$x", ":p", "(", "😀",
    "नाम", "naïve", "nai\u0308ve", "日本", "a\u00a0b", "\ufeffa", "ａ", "²", "x" * 300,
]  # fmt: skip
ODD_TEXTS = [*TEXTS, "''", "\\", "\\n", "\u2028", "\u0085", "\x1b", "a -- b", "(", "DATE('2024-05-01')", "\r", "{", "x" * 2000]
ODD_INTS = [*INTS, 7, -7, 10**18, 9007199254740993]
ODD_FLOATS = [*FLOATS, 1e308, 1e-308, 2.2250738585072014e-308, 1e16, 1e15, 123456789.123, 1e-5, 1e22, 0.3, 9.007199254740993e15, -1e-7]
MOMENTS = [
    moment(function, literal(text))
    for function, text in [
        ("DATE", "1970-01-01"), ("DATE", "0001-01-01"), ("DATE", "9999-12-31"), ("DATE", "2024-02-29"), ("TIMESTAMP", "2024-05-01T00:00:00Z"),
        ("TIMESTAMP", "1969-12-31t23:59:59.999z"), ("TIMESTAMP", "2024-05-01 09:30:00.5+05:30"), ("TIMESTAMP", "2016-12-31T23:59:59-23:59"),
    ]
]  # fmt: skip
PARAMS = ["p", "_", "a1", "AND", "Year"]


class Expressions:
    """Random filters from a seed. closed: without parameters."""

    def __init__(self, seed: int, *, closed: bool = False) -> None:
        self.random = random.Random(seed)
        self.closed = closed

    def expression(self, levels: int | None = None) -> Expr:
        """A filter of at most this many levels of connectives; mostly few, now and then a hundred."""
        rng = self.random
        if levels is None:
            levels = rng.choice([0, 1, 1, 2, 2, 3, 4]) if rng.random() < 0.995 else 100
        if levels == 0:
            return self.leaf()
        if levels > 10:  # one long stem, or the tree would grow without bound
            return rng.choice([Not, self._joined(And), self._joined(Or)])(self.expression(levels - 1))
        shape = rng.random()
        if shape < 0.25:
            return Not(self.expression(levels - 1))
        parts: list[Expr] = []
        while len(parts) < rng.choice([0, 1, 2, 2, 2, 3, 4]):
            parts += self.group() if rng.random() < 0.3 else [self.expression(levels - 1)]
        return (And if shape < 0.65 else Or)(parts)

    def _joined(self, connective: Any) -> Any:
        return lambda inner: connective([self.leaf(), inner])

    def group(self) -> list[Expr]:
        """Predicates of one subject that print as one: a range, a chain, HAS ALL; or that nearly do."""
        rng, subject = self.random, self.subject()
        if rng.random() < 0.4:
            return [Predicate(subject, Op.HAS, (self.item(),)) for _ in range(rng.randint(1, 4))]
        other = subject if rng.random() < 0.9 else self.subject()
        first, second = (Predicate(each, rng.choice(sorted(ORDER, key=str)), self.ordered()) for each in (subject, other))
        return [first, second] if rng.random() < 0.9 else [Not(And([first, second]))]

    def leaf(self) -> Expr:
        """One predicate, under NOT or not, or a constant."""
        rng = self.random
        if rng.random() < 0.05:
            return Const(rng.random() < 0.5)
        op = rng.choice(list(Op))
        predicate = Predicate(self.subject(), op, self.operand(op))
        return Not(predicate) if rng.random() < 0.35 else predicate

    def subject(self) -> Subject:
        rng = self.random
        return Field(rng.choice(ODD_KEYS)) if rng.random() < 0.75 else rng.choice([Document(), Id(), Uri()])

    def operand(self, op: Op) -> Any:
        """An operand that the operator takes: of any of its kinds, a list of any length, a parameter."""
        rng, takes = self.random, OPERATORS[op].operand
        if takes is Operand.NONE:
            return None
        if not self.closed and rng.random() < 0.15:
            return Param(rng.choice(PARAMS), each=op is Op.HAS and rng.random() < 0.5)
        if takes is Operand.MANY:
            return tuple(self.item() for _ in range(rng.choice([0, 1, 1, 2, 3, 5])))
        if op is Op.MATCHES:
            return literal(rng.choice(PATTERNS))
        if op in PATTERN:
            parts = (rng.choice(["%", "_", like_escape(rng.choice(TEXTS))]) for _ in range(rng.randint(0, 4)))
            return literal("".join(parts))
        kinds = OPERATORS[op].kinds
        return self.value(rng.choice([kind for kind in Kind if kind in kinds]))

    def item(self) -> Literal | Param:
        """One element of a list."""
        if not self.closed and self.random.random() < 0.1:
            return Param(self.random.choice(PARAMS))
        return self.value(self.random.choice(list(Kind)))

    def ordered(self) -> Literal:
        return self.value(self.random.choice([Kind.STRING, Kind.INT, Kind.FLOAT]))

    def value(self, kind: Kind) -> Literal:
        """A literal of the kind: an edge, or a random one; a number now and then written as a date."""
        rng = self.random
        if kind in (Kind.INT, Kind.FLOAT) and rng.random() < 0.1:
            return rng.choice([each for each in MOMENTS if each.kind is kind])
        if kind is Kind.STRING:
            return literal(rng.choice(ODD_TEXTS) if rng.random() < 0.8 else "".join(rng.choices(ODD_TEXTS[:-1], k=3)))
        if kind is Kind.INT:
            return literal(rng.choice(ODD_INTS) if rng.random() < 0.7 else rng.randint(-(2**63), 2**63 - 1))
        if kind is Kind.FLOAT:
            return literal(rng.choice(ODD_FLOATS) if rng.random() < 0.7 else rng.uniform(-1, 1) * 10.0 ** rng.randint(-320, 307))
        return literal(rng.random() < 0.5)


def forms(expr: Expr) -> list[str | None]:
    """How each literal of a filter was written, where that says more than its value: what equality does not compare."""
    operands = [p.operand if isinstance(p.operand, tuple) else (p.operand,) for p in predicates(expr)]
    return [item.form for operand in operands for item in operand if isinstance(item, Literal)]
