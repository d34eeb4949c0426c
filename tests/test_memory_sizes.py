"""Memory at the sizes and on the values at which it goes another way: the edges of types and blocks, keys of all records, of few, of one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import pytest
from thresholds import lowered
from whereql_memory.backend import MemoryBackend
from whereql_memory.shelf import MODES

from whereql.ast import And, Expr, Field, Id, Not, Op, Or, Predicate
from whereql.backend import Query
from whereql.batches import batched
from whereql.kinds import Kind
from whereql.matcher import compile_matcher
from whereql.operators import OPERATORS, Operand
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.values import INT_MAX, INT_MIN, literal

EDGES = [edge + more for edge in (0, 1 << 7, 1 << 8, 1 << 15, 1 << 16, 1 << 31, 1 << 32, 1 << 53) for more in (-1, 0, 1)]
INTS = [*EDGES, *(-edge for edge in EDGES), 1 << 62, INT_MAX, INT_MAX - 1, INT_MAX - 511, INT_MIN, INT_MIN + 1]
FLOATS = [0.0, -0.0, 0.5, -1.5, 127.5, 2.0**53, 2.0**53 + 2, 2.0**62, 2.0**63, -(2.0**63), 2.0**63 - 1024, 5e-324, 1.7976931348623157e308]
TEXTS = ["", "a", "ab", "b", "B", "a\0", "\0", "é", "e\u0301", "\ud7ff", "\ue000", "\uffff", "😀", "\U0010ffff", "x" * 40, "x" * 41]

Draw = Callable[[random.Random], Any]
VALUES: Mapping[str, Draw] = {
    "byte": lambda rng: rng.randint(0, 255),
    "signed byte": lambda rng: rng.randint(-128, 127),
    "beyond a byte": lambda rng: rng.randint(-3, 256),
    "two bytes": lambda rng: rng.choice([-(1 << 15), (1 << 15) - 1, rng.randint(-300, 300)]),
    "four bytes": lambda rng: rng.choice([1 << 16, 1 << 31, (1 << 32) - 1, rng.randint(0, 99)]),
    "int": lambda rng: rng.choice(INTS),
    "one int": lambda rng: 7,
    "float": lambda rng: rng.choice(FLOATS),
    "number": lambda rng: rng.choice([rng.choice(INTS), rng.choice(FLOATS), rng.randint(0, 9), rng.randint(0, 9) + 0.5]),
    "bool": lambda rng: rng.random() < 0.1,
    "few texts": lambda rng: rng.choice(TEXTS),
    "many texts": lambda rng: rng.choice(TEXTS) + str(rng.randint(0, 500)),
    "anything": lambda rng: rng.choice([rng.choice(INTS[:9]), rng.choice(FLOATS[:4]), rng.choice(TEXTS[:4]), rng.random() < 0.5]),
    "numbers": lambda rng: rng.choices(INTS[:12], k=rng.choice([0, 1, 2, 5])),
    "texts": lambda rng: rng.choices(TEXTS[:8], k=rng.choice([0, 1, 2, 5])),
    "anything, or a list": lambda rng: rng.choice([rng.randint(0, 3), [rng.randint(0, 3)] * 2, [True], ["a", "a"], "a", 0.5, [0.5, -0.0]]),
}
PRESENCE: Mapping[str, Callable[[random.Random, int, int], bool]] = {
    "of all": lambda rng, row, size: True,
    "of most": lambda rng, row, size: rng.random() < 0.95,
    "of half": lambda rng, row, size: rng.random() < 0.5,
    "of few": lambda rng, row, size: row % 17 == 3,
    "of one": lambda rng, row, size: row == size - 1,
}
OPS = [op for op in Op if OPERATORS[op].operand is not Operand.NONE and op not in (Op.MATCHES, Op.LIKE, Op.ILIKE)]


def make_records(rng: random.Random, size: int) -> list[Record]:
    keys = [(f"{values} {presence}", VALUES[values], PRESENCE[presence]) for values, presence in zip(rng.sample(list(VALUES), 6), rng.choices(list(PRESENCE), k=6), strict=True)]
    return [make_record(f"r{row}", metadata={name: draw(rng) for name, draw, is_there in keys if is_there(rng, row, size)}) for row in range(size)]


class Filters:
    """Filters on what the records hold, and on what lies beside it."""

    def __init__(self, rng: random.Random, records: Sequence[Record]) -> None:
        self._rng = rng
        self._held: dict[str, list[Any]] = {"missing": [0]}
        for record in rng.sample(records, min(len(records), 200)) + list(records[-1:]):
            for name, value in (record.metadata or {}).items():
                self._held.setdefault(name, []).extend(value if isinstance(value, list) else [value])

    def filter(self) -> Expr:
        rng = self._rng
        leaves = [self._leaf() for _ in range(rng.choice([1, 1, 2, 3]))]
        expr: Expr = leaves[0] if len(leaves) == 1 else rng.choice([And, Or])(leaves)
        return Not(expr) if rng.random() < 0.3 else expr

    def _leaf(self) -> Expr:
        rng, op = self._rng, self._rng.choice(OPS)
        name = rng.choice(list(self._held))
        if rng.random() < 0.1:
            return Predicate(Id(), Op.GE, literal(f"r{rng.randint(0, 99)}"))
        if rng.random() < 0.1:
            return Predicate(Field(name), Op.EXISTS)
        kinds = OPERATORS[op].kinds
        if OPERATORS[op].operand is Operand.MANY:
            drawn = [self._value(name) for _ in range(rng.choice([0, 1, 2, 5, 60, 700]))]
            return Predicate(Field(name), op, tuple(literal(value) for value in drawn))
        fitting = [value for _ in range(9) if literal(value := self._value(name)).kind in kinds]
        return Predicate(Field(name), op, literal(fitting[0] if fitting else "a" if Kind.STRING in kinds else 0))

    def _value(self, name: str) -> Any:
        rng = self._rng
        value = rng.choice(self._held[name] or [0]) if rng.random() < 0.9 else rng.choice([*INTS, *FLOATS, *TEXTS])
        if type(value) is int and rng.random() < 0.4:
            return rng.choice([min(value + 1, INT_MAX), max(value - 1, INT_MIN), float(value)])
        return value


def opened(rng: random.Random, records: list[Record], indexes: str) -> MemoryBackend:
    """The records, given at once, in columns, or with others between them that are deleted again."""
    backend = MemoryBackend(indexes=indexes)
    match rng.randrange(3):
        case 0:
            backend.add(records)
        case 1:
            for batch in batched(records):
                backend.add(batch)
        case _:
            others = [make_record(f"other {number}", metadata=record.metadata) for number, record in enumerate(records[::3])]
            step = len(records) // 5 + 1
            for start in range(0, len(records), step):
                backend.add(records[start : start + step])
                backend.add(others[start // 3 : (start + step) // 3 + 1])
                backend.count(Query())
            backend.delete(Query(Predicate(Id(), Op.STARTS, literal("other"))))
    return backend


def questions(rng: random.Random, due: list[str]) -> Iterator[tuple[Query, list[str]]]:
    """Pages and ids beside the whole answer, each with what it has to be."""
    limit, offset = rng.choice([0, 1, 3, len(due), len(due) + 1]), rng.choice([0, 0, 1, len(due) // 2, len(due)])
    some = (*rng.sample(due, min(len(due), 3)), "r0", "nobody")
    yield Query(), due
    yield Query(limit=limit, offset=offset), due[offset : offset + limit]
    yield Query(ids=tuple(dict.fromkeys(some))), [id for id in due if id in some]


def check(seed: int, size: int, count: int, passes: Callable[[Expr], Callable[[Record], bool]]) -> None:
    rng = random.Random(seed)
    records = make_records(rng, size)
    backends = {indexes: opened(rng, records, indexes) for indexes in MODES}
    filters = Filters(rng, records)
    for _ in range(count):
        expr = filters.filter()
        is_due = passes(expr)
        due = [record.id for record in records if is_due(record)]
        for indexes, backend in backends.items():
            assert backend.count(Query(expr)) == len(due), (indexes, expr)
            for query, ids in questions(rng, due):
                assert backend.get(Query(expr, query.ids, query.limit, query.offset, ())).ids == ids, (indexes, expr, query)


@pytest.mark.parametrize("thresholds", ["low", "usual"])
@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65])
def test_small_collections(size: int, thresholds: str) -> None:
    with lowered() if thresholds == "low" else nullcontext():
        for seed in range(4):
            check(100 * size + seed, size, 40, lambda expr: lambda record: holds(expr, record))


@pytest.mark.parametrize("size", [255, 256, 257, 1023, 1024, 1025, 3000])
def test_larger_ones(size: int) -> None:
    check(size, size, 40, lambda expr: lambda record: holds(expr, record))


def test_one_of_a_row_more_than_a_block() -> None:
    check(2, 65_537, 12, compile_matcher)
