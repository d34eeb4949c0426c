"""Mapped tables against the reference: whatever a table holds, a filter finds what it says of the records as they are read."""

from __future__ import annotations

import os
import random

import pytest
from mapped_tables import Tally, compare, dirty_json, engine_of, insert, run, writer

import whereql
from whereql.records import Record
from whereql.testing.generators import Generator

pytestmark = pytest.mark.filterwarnings("ignore::whereql.errors.WhereqlWarning")

TIMES = 20 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 1
JSON_TYPES = {"sqlite": ["text"], "duckdb": ["json", "varchar"], "postgresql": ["jsonb", "json", "text"]}


def has_nul(text: str | None) -> bool:
    return text is not None and ("\0" in text or "\\u0000" in text)


def storable(url: str, records: list[Record]) -> list[Record]:
    """The records whose texts the engine takes."""
    return records if engine_of(url) != "postgresql" else [each for each in records if not has_nul(each.id) and not has_nul(each.document)]


def test_json_columns(sql_url: str) -> None:
    tally = Tally()
    for type_number, json_type in enumerate(JSON_TYPES[engine_of(sql_url)]):
        for round in range(4 * TIMES):
            generator = Generator(seed=round * 10 + type_number)
            table = f"items_{json_type}_{round}"
            rows = []
            for place, record in enumerate(storable(sql_url, generator.records(40))):
                attrs = dirty_json(generator.random, record.metadata)
                if json_type == "jsonb" and has_nul(attrs):
                    continue
                attrs_or_not = generator.random.choice([attrs] * 12 + [None, "[1]", '"x"', "null", "5"] + ([] if json_type.startswith("json") else ["", "{"]))
                rows.append({"place": place, "id": record.id, "body": record.document, "attrs": attrs_or_not})
            run(sql_url, f"CREATE TABLE {table} (place integer primary key, id varchar not null, body varchar, attrs {json_type})")
            with writer(sql_url) as connection:
                insert(connection, table, rows, {"attrs": json_type})
            with whereql.open(sql_url, table=table, id="id", document="body", metadata="attrs") as collection:
                assert len(collection.get()) == len(rows)
                compare(collection, round, 80, tally)
    assert tally.tried >= 300 and tally.telling > tally.tried / 4, vars(tally)


COLUMNS = {
    "sqlite": {"i": "integer", "r": "real", "n": "numeric", "t": "text", "v": "varchar(9)", "c": "text collate nocase", "w": "text collate rtrim", "b": "boolean", "x": "", "ts": "datetime"},
    "duckdb": {
        "i": "bigint", "s": "smallint", "r": "double", "f": "float", "n": "decimal(38,10)", "n2": "decimal(9,2)", "t": "varchar", "c": "varchar collate nocase", "b": "boolean",
        "h": "hugeint", "ts": "timestamp", "tz": "timestamptz", "d": "date", "e": "enum('x', 'a', '')", "u": "uuid",
    },
    "postgresql": {
        "i": "bigint", "s": "smallint", "r": "double precision", "f": "real", "n": "numeric", "n2": "numeric(9,2)", "t": "text", "v": "varchar(70)", "c": "char(5)",
        "b": "boolean", "ts": "timestamp", "tz": "timestamptz", "d": "date", "u": "uuid", "e": "mood", "p": "positive",
    },
}  # fmt: skip
VALUES = {
    "i": [0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63), 5], "s": [0, 1, -5, 32767], "r": [0.0, 1.0, 0.1, 1.5, -2.5, 1e300, float("inf"), float("nan"), float("-inf"), 5e-324],
    "f": [0.1, 1.5, 2.0, float("nan")], "n": ["0.1000000000000000055", "1", "9007199254740993", "2.5", "-1.5", "123456789.123456789"], "n2": ["0.10", "2.50", "1"], "t": None, "v": None,
    "c": ["a", "A", "ab ", "ab", "x", "Ab", "k", "é"], "w": ["a", "a ", "a  "], "b": [True, False],
    "h": [0, 1, 2**64, -(2**100), 2**53 + 1], "ts": ["2024-05-01 01:02:03", "2024-05-01 01:02:03.123457", "1969-12-31 23:59:59.999999", "1000-01-01 00:00:00", "9999-12-31 23:59:59.999999", "2024-05-01 00:00:00"],
    "tz": ["2024-05-01 01:02:03+02", "2024-05-01 01:02:03.5+00"], "d": ["2024-05-01", "1970-01-01", "0001-01-01"], "e": ["x", "a", ""],
    "u": ["b3bd4dde-4d0a-4b3c-9c2b-0c5f1e6c4a11", "00000000-0000-0000-0000-000000000000"], "p": [1, 2, 7],
}  # fmt: skip
DYNAMIC = [0, 1, 2, -5, 1.0, 1.5, 0.1, 2**62, 2**53 + 1, float("inf"), "1", "1.0", "a", "A", "a ", "", "abc", "5", b"a", b"\xff", True]
POSTGRES_ONLY = {"n": ["NaN", "Infinity", "1e400", "-1e400", "1e-400"], "ts": ["infinity", "4000-01-01 BC", "20000-01-01"], "d": ["infinity", "-infinity", "0044-03-15 BC"]}
DUCKDB_ONLY = {"ts": ["infinity", "20000-01-01", "290000-01-01"], "d": ["infinity"], "t": ["a\0b", "\0"]}


def typed_rows(engine: str, rng: random.Random, size: int) -> list[dict[str, object]]:
    texts = [*(text for text in Generator(rng.randrange(1000)).pool()[whereql.Kind.STRING] if "\0" not in text), "a", "ab", "ab "]
    more = {"postgresql": POSTGRES_ONLY, "duckdb": DUCKDB_ONLY, "sqlite": {}}[engine]
    rows: list[dict[str, object]] = []
    for place in range(size):
        row: dict[str, object] = {"id": place}
        for name in COLUMNS[engine]:
            values = [*(VALUES.get(name) or texts), *more.get(name, [])]
            if engine == "sqlite":
                values = [*values, *DYNAMIC] if name != "x" else DYNAMIC
            row[name] = rng.choice([None, *values, *values])
        rows.append(row)
    return rows


def test_typed_columns(sql_url: str) -> None:
    engine, tally = engine_of(sql_url), Tally()
    columns = COLUMNS[engine]
    if engine == "postgresql":
        run(sql_url, "CREATE TYPE mood AS ENUM ('x', 'a', '')", "CREATE DOMAIN positive AS integer CHECK (value > 0)")
    for round in range(4 * TIMES):
        rng = random.Random(round)
        table = f"typed_{round}"
        run(sql_url, f"CREATE TABLE {table} (id integer primary key, {', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        with writer(sql_url) as connection:
            casts = {} if engine == "sqlite" else {name: kind.removesuffix(" collate nocase") for name, kind in columns.items()}
            insert(connection, table, typed_rows(engine, rng, 40), casts)
        with whereql.open(sql_url, table=table, document="t") as collection:
            compare(collection, round, 100, tally)
    assert tally.tried >= 300 and tally.telling > tally.tried / 4, vars(tally)


ARRAYS = {
    "duckdb": {
        "t": "varchar[]", "i": "bigint[]", "r": "double[]", "f": "float[2]", "b": "boolean[]", "n": "decimal(18,4)[]", "tt": "varchar[][]", "st": "struct(a integer, b varchar[])",
        "ts": "timestamp[]", "m": "map(varchar, integer)",
    },
    "postgresql": {"t": "text[]", "i": "bigint[]", "r": "double precision[]", "f": "real[]", "b": "boolean[]", "n": "numeric[]", "e": "mood[]", "ts": "timestamp[]", "c": "char(3)[]"},
}  # fmt: skip
ELEMENTS = {
    "t": ["a", "b", "A", "x y", "é", ""], "i": [0, 1, 2**53 + 1, -1], "r": [0.0, 0.1, 1.0, 2.5, float("nan")], "f": [0.1, 1.5], "b": [True, False], "n": ["0.1", "1", "2.5"],
    "e": ["x", "a"], "ts": ["2024-05-01 01:02:03.5", "2024-05-01 00:00:00"], "c": ["a", "ab"],
}  # fmt: skip


def test_array_columns(sql_url: str) -> None:
    engine, tally = engine_of(sql_url), Tally()
    if engine == "sqlite":
        return  # its arrays are JSON
    columns = ARRAYS[engine]
    if engine == "postgresql":
        run(sql_url, "CREATE TYPE mood AS ENUM ('x', 'a')")
    for round in range(4 * TIMES):
        rng = random.Random(round)
        table = f"arrays_{round}"
        run(sql_url, f"CREATE TABLE {table} (id integer primary key, {', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        with writer(sql_url) as connection:
            for place in range(30):
                row: dict[str, object] = {"id": place}
                for name in columns:
                    size = 2 if name == "f" and engine == "duckdb" else rng.choice([0, 1, 1, 2, 3])
                    values = [rng.choice([None, *ELEMENTS[name], *ELEMENTS[name]]) for _ in range(size)] if name in ELEMENTS else None
                    if name == "tt":
                        values = rng.choice([None, [["a"], ["b", None]], [], [[]]])
                    if name in ("st", "m"):
                        values = rng.choice([None, {"st": "{'a': 1, 'b': ['x']}", "m": "{k=1}"}[name]])
                    row[name] = rng.choice([None, values, values, values])
                if engine == "postgresql" and rng.random() < 0.2:
                    row["t"] = [["a", "b"], ["x y", "A"]]
                insert(connection, table, [row], columns)
        with whereql.open(sql_url, table=table) as collection:
            compare(collection, round, 100, tally)
    assert tally.tried >= 300, vars(tally)
