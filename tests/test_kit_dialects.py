"""The conformance kit on whereql's own dialects, and on some that lie."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import whereql
from whereql.ast import Expr, Not, Predicate
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects import chroma, text
from whereql.operators import Op
from whereql.records import Record
from whereql.testing import DialectContract
from whereql.testing.dialects import Run
from whereql.testing.failures import Broken


def run_text(source: str, records: Sequence[Record]) -> list[str]:
    matches = whereql.compile_matcher(whereql.parse(source))
    return [record.id for record in records if matches(record)]


class TestText(DialectContract):
    examples = (("k>=1 and not tags has 'ml'", "k >= 1 AND tags NOT HAS 'ml'"), ("", "TRUE"), ("1 < k < 5", "k > 1 AND k < 5"),)

    @pytest.fixture
    def dialect(self) -> Any:
        return text.DIALECT

    @pytest.fixture
    def run(self) -> Run:
        return run_text


class TestChroma(DialectContract):
    examples = (({"k": 1}, "k = 1"), ({"k": {"$nin": ["a"]}}, "k NOT IN ('a')"), ({"$or": [{"a": True}, {"b": {"$contains": 1}}]}, "a OR b HAS 1"),)

    @pytest.fixture
    def dialect(self) -> Any:
        return chroma.DIALECT


class TestWriterOnly(DialectContract):
    """A dialect that can't be read."""

    @pytest.fixture
    def dialect(self) -> Any:
        return twisted(decode=None)


class TestReaderOnly(DialectContract):
    """A dialect that can't be written is proved by its examples."""

    examples = TestChroma.examples

    @pytest.fixture
    def dialect(self) -> Any:
        return Dialect("Chroma", reads=chroma.DIALECT.reads, options=chroma.DIALECT.options)


def twisted(*, decode: Callable[[str], Any] | None = text.decode, encode: Callable[[Expr], str] = text.encode) -> Dialect:
    """The textual language with a decode and an encode of its own."""
    reads = None if decode is None else lambda source, options: decode(source)
    return Dialect("twisted", reads, lambda expr, options: Translation(encode(expr)))


def without_not(expr: Expr) -> str:
    return text.encode(expr.arg if isinstance(expr, Not) else expr)


def with_larger(expr: Expr) -> str:
    return text.encode(Predicate(expr.subject, Op.GT, expr.operand) if isinstance(expr, Predicate) and expr.op is Op.GE else expr)


def unescaped(expr: Expr) -> str:
    return text.encode(expr).replace("''", "'")


def crashing(expr: Expr) -> str:
    return {Op.EQ: "="}[expr.op] if isinstance(expr, Predicate) else text.encode(expr)


def leaving(expr: Expr, options: Options) -> Translation:
    """Everything to the residual."""
    return Translation("", expr)


def narrowing(expr: Expr, options: Options) -> Translation:
    """A residual beside a native part that has lost records already."""
    return Translation(text.encode(whereql.And([expr, whereql.F("lost") == 1])), expr)


class Stubborn(Dialect):
    """Answers with a residual that nobody asked for."""

    def encode(self, expr: Expr, *, allow_residual: bool = False, **options: Any) -> Translation:
        return super().encode(expr, allow_residual=True, **options)


def naive(source: str) -> Expr:
    return text.decode(source) if source.count("(") == source.count(")") else 1 / 0  # type: ignore[return-value]


def counting(seen: list[str]) -> Callable[[Expr], str]:
    def encode(expr: Expr) -> str:
        seen.append("-- again")
        return f"{text.encode(expr)} {seen[-1] if len(seen) % 2 else ''}"

    return encode


class Mistaken(DialectContract):
    examples = (("k LIKE 'a%'", "k STARTS WITH 'b'"),)


CAUGHT = [
    (twisted(encode=without_not), "test_reads_back_what_it_writes"), (twisted(encode=with_larger), "test_reads_back_what_it_writes"),
    (twisted(encode=crashing), "test_writes_or_refuses"), (Stubborn("twisted", writes=leaving), "test_writes_or_refuses"), (Dialect("twisted", writes=leaving), "test_says_something"),
    (Dialect("twisted", writes=narrowing), "test_runs_as_the_semantics"), (Dialect("twisted", text.DIALECT.reads, narrowing), "test_reads_back_what_it_writes"),
    (twisted(encode=counting([])), "test_writes_or_refuses"), (twisted(encode=unescaped), "test_hostile_strings_are_data"),
    (twisted(decode=naive), "test_nonsense_is_refused_in_whereqls_words"), (twisted(decode=lambda source: source), "test_nonsense_is_refused_in_whereqls_words"),
    (twisted(encode=without_not), "test_runs_as_the_semantics"), (twisted(), "test_reads_the_examples"), (Dialect("twisted"), "test_has_a_direction"), (text, "test_has_a_direction"),
    (Dialect("twisted", reads=text.DIALECT.reads), "test_has_a_direction"),
]  # fmt: skip


def run(contract: DialectContract, test: str, dialect: Any) -> None:
    method = getattr(contract, test)
    names = method.__code__.co_varnames[1 : method.__code__.co_argcount]
    for seed in range(6 if "seed" in names else 1):
        given = {"dialect": dialect, "run": run_text, "seed": seed}
        method(**{name: given[name] for name in names})


@pytest.mark.parametrize(("dialect", "test"), CAUGHT, ids=lambda value: value if isinstance(value, str) else "")
def test_a_lie_is_caught(dialect: Any, test: str) -> None:
    contract = Mistaken() if test == "test_reads_the_examples" else DialectContract()
    with pytest.raises(Broken, match="rule broken"):
        run(contract, test, dialect)


def test_every_test_of_the_kit_catches_someone() -> None:
    assert sorted({test for _, test in CAUGHT}) == sorted(name for name in dir(DialectContract) if name.startswith("test_"))


def test_the_filter_that_is_shown_is_small() -> None:
    with pytest.raises(Broken) as caught:
        run(DialectContract(), "test_reads_back_what_it_writes", twisted(encode=with_larger))
    assert caught.value.where is not None
    assert caught.value.where.size == 1
    assert ">=" in str(caught.value)


def test_a_filter_that_is_changed_is_seen() -> None:
    def changing(expr: Expr) -> str:
        written = text.encode(expr)
        if isinstance(expr, Predicate):
            object.__setattr__(expr, "op", Op.EXISTS)
            object.__setattr__(expr, "operand", None)
        return written

    with pytest.raises(Broken, match="encode writes a filter in one way"):
        run(DialectContract(), "test_writes_or_refuses", twisted(encode=changing))
    assert copy.deepcopy(whereql.parse("a = 1")) == whereql.parse("a = 1")
