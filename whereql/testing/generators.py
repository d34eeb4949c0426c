"""Random records and filters for tests: adversarial values, and filters drawn from the values of given records.

Seeded and fast, so that thousands of pairs cost seconds, and any of them comes back by its seed.

>>> generator = Generator(seed=1)
>>> records = generator.records(20)
>>> expr = FilterMaker(generator.random, records).filter()
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Op, Or, Predicate, Subject, Uri
from whereql.kinds import Kind
from whereql.operators import OPERATORS, TEXT, Operand
from whereql.records import Record, make_record
from whereql.values import INT_MAX, INT_MIN, Literal, literal

TEXTS = [
    "", " ", "a", "b", "ab", "abc", "A", "AB", "k", "K", "\u212a", "s", "S", "ſ", "ß", "ss", "İ", "i", "ı", "σ", "ς", "Σ",
    "%", "_", "\\", "100%", "a_c", "a\\b", "%%", "\\%", "'", '"', "it's", '"x"', "`", "\0", "a\0b", "\0\0", "\n", "a\nb", "\r\n", "\t",
    "é", "e\u0301", "É", "日本語", "日本", "本", "한", "\u1112\u1161\u11ab", "नमस्ते", "😀", "a😀b", "👩‍👩‍👧", "\ud7ff", "\ue000", "\uffff", "\U00010000",
    "\U0010ffff", "\x7f", "\x80", "\xff", "ÿ", "1", "1.0", "true", "null", "neural", "neural nets", "Neural Nets", "x" * 70, "net",
]  # fmt: skip
INTS = [
    0, 1, -1, 2, 3, 5, 2020, 2021, 10**15, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**62, INT_MAX, INT_MAX - 1, INT_MAX - 511, INT_MIN, INT_MIN + 1,
]  # fmt: skip
FLOATS = [
    0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 1.5, -1.5, 2.5, 0.1, 0.1 + 0.2, 2020.0, 2020.5, 2.0**53, 2.0**53 + 2, -(2.0**53), 2.0**62, 2.0**63, -(2.0**63),
    2.0**63 - 1024, 1e18, 1e300, -1e300, 5e-324, -5e-324, math.ulp(1.0), 1.7976931348623157e308,
]  # fmt: skip
KEYS = ["year", "title", "a.b", "", "ключ", "x y`z", "AND", "#id", "é", "e\u0301", "k\0", "Year"]
PATTERNS = [
    "", "a", "^a", "b$", "^$", "a.b", "(?s)a.b", "[a-c]+", r"\d", r"\w+ \w+", r"\bnet", "(?i)neural", "(?i)k", "(?i)^s+$", "é", r"\x00", r"^\W*$",
    "日.語", r"\p{Lu}", r"[^\x00-\x7f]", "a|b|^1", "x{5,}", r"\s", r"\\", "%|_", "(?m)^b", "😀", r"\.0$", "n(e|u)+", r"\z",
]  # fmt: skip
SPARSE = {"#type": "sparse_vector", "indices": [1, 5], "values": [0.5, 2.0]}

POOLS: dict[Kind, Sequence[Any]] = {Kind.STRING: TEXTS, Kind.INT: INTS, Kind.FLOAT: FLOATS, Kind.BOOL: [True, False]}
SUBJECTS: list[type[Subject]] = [Field, Document, Id, Uri]

Combination = tuple[Op, Kind | None, bool, type[Subject]]
"""An operator, the kind of its operand (None for EXISTS), whether it stands under NOT, and the type of its subject."""

COMBINATIONS: list[Combination] = [
    (op, kind, negated, subject)
    for op in Op
    for kind in (*sorted(OPERATORS[op].kinds, key=lambda kind: kind.value), *([] if OPERATORS[op].kinds else [None]))
    for negated in (False, True)
    for subject in SUBJECTS
]
# Those that can tell records apart: a number or HAS on #id, #document or #uri is false whatever the record.
TELLING = [each for each in COMBINATIONS if each[3] is Field or (each[0] is not Op.HAS and each[1] in (Kind.STRING, None))]


def combinations(expr: Expr, negated: bool = False) -> Iterator[Combination]:
    """What a filter is made of, one for each predicate; a list counts as the kind of its first element."""
    match expr:
        case Not(arg):
            yield from combinations(arg, not negated if isinstance(arg, Predicate) else False)
        case And(args) | Or(args):
            for arg in args:
                yield from combinations(arg)
        case Predicate(subject, op, operand):
            first = operand[0] if isinstance(operand, tuple) and operand else operand
            yield op, first.kind if isinstance(first, Literal) else None, negated, type(subject)


class Generator:
    """Random records from a seed. Few different values in one list of records, so that they meet in filters."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pool(self) -> dict[Kind, list[Any]]:
        """A few values of each kind: from the pools, and made of them."""
        rng = self.random
        texts = [rng.choice(TEXTS) for _ in range(3)] + ["".join(rng.choices(TEXTS, k=rng.randint(2, 4))) for _ in range(4)]
        ints = [rng.choice(INTS) for _ in range(3)] + [rng.randint(-3, 3)]
        ints += [min(ints[0] + 1, INT_MAX), rng.randint(INT_MIN, INT_MAX)]
        floats = [rng.choice(FLOATS) for _ in range(3)] + [float(rng.choice(ints)), rng.random()]
        return {Kind.STRING: texts, Kind.INT: ints, Kind.FLOAT: floats, Kind.BOOL: [True, False]}

    def records(self, size: int, *, embeddings: bool = False) -> list[Record]:
        """Records with different ids."""
        rng, pool = self.random, self.pool()
        # Each key has its own mix of kinds: one kind, two, or all of them, as scalars, arrays or both.
        keys = {
            key: (rng.sample(list(Kind), rng.choice([1, 1, 2, 4])), rng.choice([0.0, 0.0, 0.5, 1.0]), rng.choice([0.2, 0.6, 0.9, 1.0]))
            for key in rng.sample(KEYS, rng.randint(3, 6))
        }
        ids: dict[str, None] = {}
        while len(ids) < size:
            text = rng.choice(pool[Kind.STRING]) + rng.choice(["", "", rng.choice(TEXTS), str(len(ids))])
            ids.setdefault(text or f"r{len(ids)}")
        return [self._record(id, keys, pool, embeddings) for id in ids]

    def _record(self, id: str, keys: dict[str, tuple[list[Kind], float, float]], pool: dict[Kind, list[Any]], embeddings: bool) -> Record:
        rng = self.random
        metadata = {
            key: self._array(pool[rng.choice(kinds)]) if rng.random() < arrays else self._scalar(pool[rng.choice(kinds)])
            for key, (kinds, arrays, presence) in keys.items()
            if rng.random() < presence
        }
        texts = pool[Kind.STRING]
        return make_record(
            id,
            document="".join(rng.choices(texts, k=rng.randint(1, 3))) if rng.random() < 0.8 else None,
            uri=rng.choice(texts) if rng.random() < 0.6 else None,
            embedding=np.array([rng.random(), rng.random()], np.float32) if embeddings and rng.random() < 0.8 else None,
            metadata=metadata,
        )

    def _scalar(self, values: list[Any]) -> Any:
        return SPARSE if self.random.random() < 0.02 else self.random.choice(values)

    def _array(self, values: list[Any]) -> list[Any]:
        return self.random.choices(values, k=self.random.choice([0, 1, 1, 2, 2, 3, 5]))


class FilterMaker:
    """Random closed filters whose operands come, mostly, from the values of given records, or lie beside them."""

    def __init__(self, rng: random.Random, records: Sequence[Record]) -> None:
        self.random = rng
        self._scalars: dict[type[Subject], dict[Kind, list[tuple[Subject, Any]]]] = {}
        self._elements: dict[Kind, list[tuple[Subject, Any]]] = {}
        for record in records:
            own: list[tuple[Subject, Any]] = [(Id(), record.id), (Document(), record.document), (Uri(), record.uri)]
            fields: list[tuple[Subject, Any]] = [(Field(key), value) for key, value in (record.metadata or {}).items()]
            for subject, value in [*own, *fields]:
                self._note(subject, value)
        self._names = sorted({key for record in records for key in record.metadata or {}} | {"missing"})

    def _note(self, subject: Subject, value: Any) -> None:
        if isinstance(value, list):
            for element in value:
                self._elements.setdefault(literal(element).kind, []).append((subject, element))
        elif value is not None and not isinstance(value, dict):
            self._scalars.setdefault(type(subject), {}).setdefault(literal(value).kind, []).append((subject, value))

    def filter(self, combination: Combination | None = None, more: int | None = None) -> Expr:
        """A filter with the combination, or any, somewhere in it, and `more` further predicates, by default 0 to 4."""
        rng = self.random
        parts = [self.leaf(combination or rng.choice(COMBINATIONS))]
        parts += [self.leaf(rng.choice(TELLING)) for _ in range(rng.choice([0, 0, 1, 1, 2, 4]) if more is None else more)]
        if rng.random() < 0.02:
            parts.append(Const(rng.random() < 0.5))
        while len(parts) > 1:
            rng.shuffle(parts)
            node: Expr = rng.choice([And, Or])([parts.pop() for _ in range(rng.randint(2, len(parts)))])
            parts.append(Not(node) if rng.random() < 0.2 else node)
        return parts[0]

    def leaf(self, combination: Combination) -> Expr:
        """One predicate, under NOT where the combination says so."""
        op, kind, negated, subject_type = combination
        subject, value = self._drawn(subject_type, op, kind)
        predicate = Predicate(subject, op, self._operand(op, kind, value))
        return Not(predicate) if negated else predicate

    def _drawn(self, subject_type: type[Subject], op: Op, kind: Kind | None) -> tuple[Subject, Any]:
        """A subject, and a value that it has in some record: of the kind, or of the other kind of number, where there is one."""
        rng = self.random
        if kind is None:
            return self._subject(subject_type), None
        wanted = _other_number(kind) if rng.random() < 0.25 else kind
        held = self._elements if op is Op.HAS and subject_type is Field else self._scalars.get(subject_type, {})
        if held.get(wanted) and rng.random() < 0.95:
            subject, value = rng.choice(held[wanted])
            if wanted is not kind:
                value = _as_kind(value, kind)
        else:
            subject = self._subject(subject_type)
            value = rng.choice(POOLS[kind])
        return subject, value

    def _subject(self, subject_type: type[Subject]) -> Subject:
        return Field(self.random.choice(self._names)) if subject_type is Field else subject_type()  # type: ignore[call-arg]  # the others take nothing

    def _operand(self, op: Op, kind: Kind | None, value: Any) -> Any:
        takes = OPERATORS[op].operand
        if kind is None or takes is Operand.NONE:
            return None
        if op in TEXT:
            return literal(_TEXT_OPERANDS[op](self.random, value))
        if takes is Operand.MANY and self.random.random() < 0.02:
            return ()
        first = literal(self._beside(kind, value))
        return first if takes is Operand.ONE else (first, *self._further())

    def _beside(self, kind: Kind, value: Any) -> Any:
        """The value, or now and then its neighbour."""
        if self.random.random() < 0.8 or kind is Kind.BOOL:
            return value
        up = self.random.random() < 0.5
        if kind is Kind.STRING:
            return value + "\0" if up else value[:-1]
        if kind is Kind.INT:
            return max(INT_MIN, min(INT_MAX, value + (1 if up else -1)))
        near = math.nextafter(value, math.inf if up else -math.inf)
        return near if math.isfinite(near) else value

    def _further(self) -> Iterator[Literal]:
        for _ in range(self.random.choice([0, 0, 1, 2, 3])):
            kind = self.random.choice(list(Kind))
            held = self._elements.get(kind, []) + self._scalars.get(Field, {}).get(kind, [])
            yield literal(self.random.choice(held)[1] if held else self.random.choice(POOLS[kind]))


def _other_number(kind: Kind) -> Kind:
    return {Kind.INT: Kind.FLOAT, Kind.FLOAT: Kind.INT}.get(kind, kind)


def _as_kind(value: Any, kind: Kind) -> Any:
    return float(value) if kind is Kind.FLOAT else max(INT_MIN, min(INT_MAX, int(value)))


def _slice(rng: random.Random, text: str) -> str:
    start = rng.randint(0, max(0, len(text) - 1))
    return text[start : start + rng.randint(1, 4)]


def _like(rng: random.Random, text: str) -> str:
    """A LIKE pattern that matches the text, mostly: characters escaped, some replaced by wildcards."""
    if rng.random() < 0.6:  # one of the shapes that have a way of their own
        part = like_escape(_slice(rng, text))
        return rng.choice([like_escape(text), f"{like_escape(text[:2])}%", f"%{like_escape(text[-2:])}", f"%{part}%", f"{like_escape(text[:1])}%{like_escape(text[-1:])}"])
    wild = (rng.choice(["_", "%", "%%", "", "_%"]) if rng.random() < 0.4 else like_escape(character) for character in text)
    return "".join(wild) + rng.choice(["", "", "%", "_"])


def like_escape(text: str) -> str:
    """The LIKE pattern that matches just this text."""
    return re.sub(r"([%_\\])", r"\\\1", text)


def pattern_escape(text: str) -> str:
    """The regular expression that finds just this text, in Rust's syntax as in Python's."""
    return re.sub(r"([\\.+*?()|\[\]{}^$#&~-])", r"\\\1", text)


def _pattern(rng: random.Random, text: str) -> str:
    if rng.random() < 0.6:
        return rng.choice(PATTERNS)
    part = pattern_escape(_slice(rng, text))
    return rng.choice([part, f"^{part}", f"{part}$", f"(?i){part}", f"{part}.+", f"(?s){part}.*$"])


_TEXT_OPERANDS: dict[Op, Callable[[random.Random, str], str]] = {
    Op.CONTAINS: _slice,
    Op.STARTS: lambda rng, text: text[: rng.randint(0, 3)] if rng.random() < 0.9 else text + "a",
    Op.ENDS: lambda rng, text: text[len(text) - rng.randint(0, min(3, len(text))) :] if rng.random() < 0.9 else "a" + text,
    Op.LIKE: _like,
    Op.ILIKE: lambda rng, text: _like(rng, rng.choice([text, text.swapcase(), text.upper(), text.lower()])),
    Op.MATCHES: _pattern,
}
