"""Tables for the tests of mapped tables: how each engine declares them, and what is written into them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

import whereql
from whereql.ast import Expr
from whereql.planning import make_plan
from whereql.records import Record
from whereql.testing.generators import FilterMaker

EVERYTHING = ("documents", "metadatas", "uris")


@contextmanager
def writer(url: str) -> Iterator[sa.Connection]:
    """A connection that writes, as some other program would."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def run(url: str, *statements: str) -> None:
    """Execute some statements."""
    with writer(url) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def insert(connection: sa.Connection, table: str, rows: Sequence[dict[str, Any]], casts: dict[str, str] | None = None) -> None:
    """Insert rows; casts: the SQL types to which some of the columns are cast."""
    if rows:
        names = list(rows[0])
        bound = [f"CAST(:p{place} AS {(casts or {})[name]})" if name in (casts or {}) else f":p{place}" for place, name in enumerate(names)]
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
        connection.execute(sa.text(f"INSERT INTO {table} ({quoted}) VALUES ({', '.join(bound)})"), [{f"p{i}": row[name] for i, name in enumerate(names)} for row in rows])


def engine_of(url: str) -> str:
    """The name of the engine of a URL."""
    return url.split(":")[0].split("+")[0]


def comparable(value: Any) -> bool:
    """Whether a filter can hold the value, or its elements: no NaN, no `other`."""
    if isinstance(value, list):
        return all(map(comparable, value))
    return isinstance(value, (str, int, bool)) or (isinstance(value, float) and value == value)


def plain(record: Record) -> Record:
    """The record with those values that can stand in a filter; the others as mere presence."""
    metadata = {key: value if comparable(value) else {"#type": "sparse_vector"} for key, value in (record.metadata or {}).items()}
    return Record(record.id, record.document, record.uri, None, metadata or None)


class Tally:
    """How many filters were tried, how many of them the database answered whole, and how many told records apart."""

    def __init__(self) -> None:
        self.tried = self.exact = self.telling = 0


def compare(collection: whereql.Collection, seed: int, filters: int, tally: Tally) -> None:
    """Random filters over the records as they are read: the database's answers are those of the reference semantics."""
    records = list(collection.get(include=EVERYTHING))
    maker = FilterMaker(random.Random(seed), [plain(record) for record in records])
    for _ in range(filters):
        expr = maker.filter()
        assert_same(collection, records, expr, tally)


def assert_same(collection: whereql.Collection, records: Sequence[Record], expr: Expr, tally: Tally) -> None:
    expected = [record.id for record in records if whereql.holds(expr, record)]
    try:
        found = collection.get(expr).ids
    except whereql.UnsupportedError:
        return
    assert found == expected, f"{whereql.to_text(expr)}\n{collection.explain(expr)}\nunexpected {set(found) - set(expected)}, lost {set(expected) - set(found)}"
    tally.tried += 1
    tally.telling += 0 < len(expected) < len(records)
    tally.exact += make_plan(collection.backend, whereql.Query(expr)).is_exact


DIRT: list[Any] = [
    None, {}, {"a": 1}, {"b": {"c": [1, None]}}, [], [None], [None, None], [1, "a"], [True, 1], [True, "x"], [[1], [2]], [{"a": 1}], ["x", {"a": 1}], [1, 2.5, None],
    [9007199254740993, 0.5], [9007199254740993], [None, "ml"], [1.0, None], [None, True], 2**63, 2**64, -(2**63) - 1, 10**30, [2**64, 1], [10**30], 0.1 + 0.2,
    "\\", 'a"b', "null", "true", "1",
]  # fmt: skip
TOKENS = [  # numbers as some other program may write them
    "1.0", "1e2", "1E+2", "100", "0.1000000000000000055", "1e300", "1" + "0" * 300, "1e400", "-1e400", "1e-400", "-0", "-0.0", "5e-324", "3e-324", "2e-324", "2.4703282292062329e-324",
    "9007199254740993", "9007199254740993.0", "9007199254740992.5", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616",
    "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "0.30000000000000004", "0.1234567890123456789", "123456789.123456789123456789", "1e23", "8.5e22",
]  # fmt: skip


def dirty_json(rng: random.Random, metadata: dict[str, Any] | None) -> str:
    """Metadata as JSON text, in one of the ways in which programs write it, with what whereql itself would never write."""
    found = dict(metadata or {})
    for key in list(found) or ["a"]:
        if rng.random() < 0.15:
            found[key] = rng.choice(DIRT)
    marked = {key: "\x01NUMBER\x01" if rng.random() < 0.1 else value for key, value in found.items()}
    text = json.dumps(marked, ensure_ascii=rng.random() < 0.5, separators=rng.choice([(",", ":"), (", ", ": ")]))
    while "\\u0001NUMBER\\u0001" in text:
        text = text.replace('"\\u0001NUMBER\\u0001"', rng.choice([rng.choice(TOKENS), f"[{rng.choice(TOKENS)}, {rng.choice(TOKENS)}]", repr(rng.random())]), 1)
    return text
