"""Records and closed filters for tests: Hypothesis strategies, for small counterexamples, over the pools of the conformance kit.

For the bulk of differential tests there are the kit's `Generator` and `FilterMaker`, which are seeded and faster.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Op, Or, Predicate, Uri
from whereql.kinds import Kind
from whereql.operators import OPERATORS, Operand
from whereql.records import Record, make_record
from whereql.testing.generators import (
    COMBINATIONS,
    FLOATS,
    INTS,
    KEYS,
    PATTERNS,
    POOLS,
    SPARSE,
    SUBJECTS,
    TELLING,
    TEXTS,
    Combination,
    FilterMaker,
    Generator,
    combinations,
    like_escape,
    pattern_escape,
)
from whereql.values import INT_MAX, INT_MIN, literal


def texts() -> st.SearchStrategy[str]:
    """Adversarial strings, without lone surrogates."""
    return st.sampled_from(TEXTS) | st.lists(st.sampled_from(TEXTS), max_size=3).map("".join) | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


def scalars(kind: Kind) -> st.SearchStrategy[Any]:
    """Values of one kind."""
    wide: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.STRING: texts(),
        Kind.INT: st.integers(INT_MIN, INT_MAX),
        Kind.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
        Kind.BOOL: st.booleans(),
    }
    return st.sampled_from(POOLS[kind]) | wide[kind]


def values() -> st.SearchStrategy[Any]:
    """Whatever a metadata value can be when written: empty arrays, mixes of int and float, null and sparse vectors included."""
    any_kind = st.sampled_from(list(Kind))
    arrays = any_kind.flatmap(lambda kind: st.lists(scalars(kind), max_size=4))
    numbers = st.lists(scalars(Kind.INT) | scalars(Kind.FLOAT), max_size=4)
    return any_kind.flatmap(scalars) | arrays | numbers | st.none() | st.just(SPARSE)


@st.composite
def record_lists(draw: st.DrawFn, max_size: int = 6) -> list[Record]:
    """Records with different ids; some have embeddings, of two numbers."""
    ids = draw(st.lists(texts().filter(bool), max_size=max_size, unique=True))
    vectors = st.none() | st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=2)
    return [
        make_record(
            id,
            document=draw(st.none() | texts()),
            uri=draw(st.none() | texts()),
            embedding=draw(vectors),
            metadata=draw(st.none() | st.dictionaries(st.sampled_from(KEYS[:4]), values(), max_size=4)),
        )
        for id in ids
    ]


def operands(op: Op) -> st.SearchStrategy[Any]:
    """Operands that fit an operator."""
    info = OPERATORS[op]
    if info.operand is Operand.NONE:
        return st.none()
    kinds = st.sampled_from(sorted(info.kinds, key=lambda kind: kind.value))
    one = kinds.flatmap(scalars).map(literal)
    if info.operand is Operand.MANY:
        return st.lists(one, max_size=4).map(tuple)
    if op is Op.MATCHES:
        return (st.sampled_from(PATTERNS) | texts().map(pattern_escape)).map(literal)
    if op in (Op.LIKE, Op.ILIKE):
        return st.lists(texts().map(like_escape) | st.sampled_from(["%", "_"]), max_size=4).map("".join).map(literal)
    return one


def leaves() -> st.SearchStrategy[Expr]:
    """Single predicates."""
    subjects = st.sampled_from([*map(Field, KEYS[:4]), Document(), Id(), Uri()])
    return st.sampled_from(list(Op)).flatmap(lambda op: st.builds(Predicate, subjects, st.just(op), operands(op)))


def filters(max_leaves: int = 6) -> st.SearchStrategy[Expr]:
    """Closed filters over all operators, kinds and subjects."""
    return st.recursive(
        leaves() | st.builds(Const, st.booleans()),
        lambda inner: st.builds(Not, inner) | st.lists(inner, max_size=3).map(And) | st.lists(inner, max_size=3).map(Or),
        max_leaves=max_leaves,
    )


__all__ = [
    "COMBINATIONS", "FLOATS", "INTS", "KEYS", "PATTERNS", "POOLS", "SPARSE", "SUBJECTS", "TELLING", "TEXTS", "Combination", "FilterMaker", "Generator",
    "combinations", "filters", "leaves", "like_escape", "operands", "pattern_escape", "record_lists", "scalars", "texts", "values",
]  # fmt: skip
