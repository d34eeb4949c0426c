"""Every language that can be read, in every language that can be written: exact, with a residual, or refused, and never wrong.

A source is what its language writes for a filter of the pool, or one of its own examples. What a target writes of it is read
back, where it can be, and must mean the same on every record, with the residual. (What a target's engine makes of what is written
is proved language by language.) `python tests/test_all_pairs.py` prints the matrix.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import pytest

import whereql
from whereql.ast import And, Expr
from whereql.dialect import Dialect
from whereql.errors import WhereqlError
from whereql.plugins import registry
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.translation import dialect

POOL = 300 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 37  # each of LEAVES

# Each key has one kind, as it has in most stores, and some records lack it.
SCHEMA = {"s": "string", "lang": "string", "n": "int", "f": "float", "b": "bool", "tags": "string[]"}
VALUES: dict[str, list[Any]] = {
    "s": ["apple", "Apple", "it's", 'a "b"', "", "5", "x%_", "a\\b", "日本"], "lang": ["en", "de"], "n": [0, 1, 5, -3, 2020], "f": [0.0, 0.5, 1.0, -2.25], "b": [True, False],
    "tags": [["ml"], ["ml", "nlp"], ["it's"]],
}  # fmt: skip
LEAVES = [
    "s = 'apple'", "s != 'it''s'", "s IN ('apple', 'a \"b\"', '')", "s NOT IN ('5', 'x%_')", "lang = 'en'", "lang != 'de'", "n = 5", "n != 5", "n > 1", "n <= 2020", "NOT n > 1", "n IN (1, 5)",
    "n NOT IN (1, 5)", "n BETWEEN 0 AND 5", "NOT n BETWEEN 0 AND 5", "f = 0.5", "f < 0.5", "f >= -2.25", "NOT f < 0.5", "b = TRUE", "b != TRUE", "b = FALSE", "tags HAS 'ml'", "tags NOT HAS 'ml'",
    "tags HAS ANY ('ml', 'it''s')", "tags HAS ALL ('ml', 'nlp')", "s IS NULL", "n IS NOT NULL", "s STARTS WITH 'a'", "s CONTAINS 'pp'", "NOT s CONTAINS 'pp'", "s ENDS WITH 'e'", "s LIKE 'a%e'",
    "s ILIKE 'APPLE'", "s MATCHES '^[aA]'", "s > 'a'", "NOT s >= 'b'",
]  # fmt: skip


@cache
def records() -> tuple[Record, ...]:
    rng = random.Random(5)
    return tuple(
        make_record(f"r{number}", metadata={key: rng.choice(values) for key, values in VALUES.items() if rng.random() < 0.75}) for number in range(60)
    )


def pool() -> Iterator[Expr]:
    rng = random.Random(7)
    for leaf in LEAVES[:POOL]:
        yield whereql.parse(leaf)
    for _ in range(POOL - min(POOL, len(LEAVES))):
        parts = [f"({leaf})" for leaf in rng.sample(LEAVES, rng.randint(2, 5))]
        text = parts[0]
        for part in parts[1:]:
            text = f"{rng.choice(['', 'NOT '])}({text} {rng.choice(['AND', 'OR'])} {part})"
        yield whereql.parse(text)


def options(language: Dialect) -> Mapping[str, Any]:
    return {"schema": SCHEMA} if "schema" in language.options else {}


def readable() -> list[str]:
    return [name for name in sorted(registry().dialects) if dialect(name).reads is not None]


def writable() -> list[str]:
    return [name for name in sorted(registry().dialects) if dialect(name).writes is not None]


@cache
def read_from(name: str) -> Sequence[Expr]:
    """The pool in a language, read: what it can say of each filter."""
    language = dialect(name)
    if language.writes is None:
        return list(pool())
    natives = [language.encode(expr, allow_residual=True, **options(language)).native for expr in pool()]
    return [language.decode(native, **options(language)) for native in natives]


def matching(expr: Expr) -> list[bool]:
    return [holds(expr, record) for record in records()]


def try_pair(source: str, target: str) -> Counter[str]:
    """How often a target says what a source means: exactly, with a residual, or refused."""
    language = dialect(target)
    found: Counter[str] = Counter()
    for expr in read_from(source):
        try:
            translation = language.encode(expr, allow_residual=True, **options(language))
        except WhereqlError as error:
            assert error.hint, error
            found["refused"] += 1
            continue
        found["exact" if translation.exact else "residual"] += 1
        if language.reads is not None:
            read = language.decode(translation.native, **options(language))
            both = read if translation.residual is None else And([read, translation.residual])
            assert both == expr or matching(both) == matching(expr), (source, target, whereql.to_text(expr), translation.native, whereql.to_text(read))
    return found


def test_each_language_reads_what_it_writes_of_the_pool() -> None:
    for name in readable():
        language = dialect(name)
        for expr in pool() if language.writes is not None else ():
            translation = language.encode(expr, allow_residual=True, **options(language))
            read = language.decode(translation.native, **options(language))
            both = read if translation.residual is None else And([read, translation.residual])
            assert matching(both) == matching(expr), (name, whereql.to_text(expr), translation.native)


@pytest.mark.parametrize("target", writable())
def test_every_source_is_written_in_this_language_or_refused(target: str) -> None:
    for source in readable():
        found = try_pair(source, target)
        assert found.total() == POOL
        assert found["exact"], f"nothing of {source} can be said in {target}"


def print_matrix() -> None:
    """The share of the pool that each target says exactly, for each source."""
    from rich.console import Console
    from rich.table import Table

    sources = readable()
    table = Table("to \\ from", *sources, box=None, pad_edge=False)
    for target in writable():
        cells = []
        for source in sources:
            found = try_pair(source, target)
            cells.append(f"{100 * found['exact'] // found.total()}%" + (f" ({found['refused']})" if found["refused"] else ""))
        table.add_row(target, *cells)
    Console(width=None).print(table)
    print(f"exact share of {POOL} filters (refused in brackets); the rest is said with a residual")  # noqa: T201 - this prints


if __name__ == "__main__":
    print_matrix()
