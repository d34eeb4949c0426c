"""Collections in whereql's own tables answer as the semantics, on every engine, and by the portable subset alone."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat

import pytest
import sqlalchemy as sa
from sql_records import storable
from strategies import COMBINATIONS, FilterMaker, Generator
from whereql_sql.backend import SqlBackend
from whereql_sql.capability import PORTABLE
from whereql_sql.engine import Database

import whereql
from whereql.ast import Expr, Field, Not, Op, Predicate, literal
from whereql.backend import Query
from whereql.collection import Collection
from whereql.planning import make_plan
from whereql.records import make_record
from whereql.semantics import holds

EXHAUSTIVE = os.environ.get("WHEREQL_EXHAUSTIVE") == "1"
COLLECTIONS, FILTERS = (60, 200) if EXHAUSTIVE else (8, 70)


@pytest.fixture
def database(sql_url: str) -> Iterator[Database]:
    opened = Database(sql_url)
    yield opened
    opened.close()


def check(database: Database, seed: int, collections: int, filters: int) -> int:
    """Random filters on random collections; how many of them the database answered whole."""
    generator, exact = Generator(seed), 0
    for number in range(collections):
        records = storable(generator.records(generator.random.choice([6, 12, 24, 40]), embeddings=True), database)
        backend = SqlBackend(database, f"records {number}")
        backend.add(records)
        collection = Collection(backend)
        maker = FilterMaker(generator.random, records)
        for turn in range(filters):
            expr = maker.filter(COMBINATIONS[(number * filters + turn) % len(COMBINATIONS)])
            expected = [record.id for record in records if holds(expr, record)]
            assert collection.get(expr, include=[]).ids == expected, expr
            exact += make_plan(backend, Query(expr)).is_exact
            if turn % 5 == 0:
                check_ways(collection, expr, expected, generator.random)
    return exact


def check_ways(collection: Collection, expr: Expr, expected: list[str], rng: random.Random) -> None:
    """The other ways to the same records: pages, limits, counts, ids, the complement."""
    assert collection.count(expr) == len(expected)
    assert [id for page in collection.scan(expr, include=[], batch_size=3) for id in page.ids] == expected
    limit, offset = rng.randint(0, 5), rng.randint(0, 3)
    assert collection.get(expr, include=[], limit=limit, offset=offset).ids == expected[offset : offset + limit]
    assert collection.get(expr, include=[], offset=offset).ids == expected[offset:]
    wanted = [*expected[::2], "nobody"]
    assert collection.get(expr, ids=wanted[::-1], include=[]).ids == expected[::2]
    rest = collection.get(Not(expr), include=[]).ids
    assert sorted([*rest, *expected]) == sorted(collection.get(include=[]).ids)


@pytest.mark.parametrize("few", [0, 3, 1000])
def test_answers_are_those_of_the_semantics(database: Database, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the records are tested one by one, as few are, or found by sets, as many are."""
    monkeypatch.setattr("whereql_sql.candidates.FEW", few)
    collections = COLLECTIONS // 2
    exact = check(database, few, collections, FILTERS)
    assert exact == collections * FILTERS or database.name == "postgresql"
    assert exact > 0.7 * collections * FILTERS


def test_limits_are_met_wherever_the_records_are(database: Database) -> None:
    """From the start in pages, by the index, or by sets: one or many, early or late, dense or rare."""
    records = [make_record(f"r{number}", document=f"text {number % 50}", metadata={"n": number, "half": number % 2 == 0, "rare": number % 701, "late": number > 1600}) for number in range(2000)]
    backend = SqlBackend(database)
    backend.add(records)
    collection = Collection(backend)
    collection.delete("n >= 100 AND n < 180")
    kept = records[:100] + records[180:]
    for text in ("half", "NOT half", "half AND n >= 90", "rare = 3", "late AND half", "rare != 3 AND NOT late", "#document CONTAINS '7' AND half", "n > 1990 OR rare = 500", "rare = 3 AND NOT half", "n >= 0"):
        expected = [record.id for record in kept if holds(whereql.parse(text), record)]
        for limit, offset in ((1, 0), (10, 0), (10, 45), (300, 0), (7, len(expected) - 3), (5000, 0)):
            assert collection.get(text, limit=limit, offset=max(0, offset), include=[]).ids == expected[max(0, offset) :][:limit], (text, limit, offset)


def test_the_portable_subset_answers_alike(database: Database) -> None:
    database.abilities = replace(PORTABLE, nul=database.abilities.nul, code_points=True, variables=80)  # in the place of those it found
    check(database, 2, 2, FILTERS)


def test_a_database_without_an_order_of_texts(database: Database) -> None:
    database.abilities = replace(database.abilities, code_points=False)
    check(database, 3, 2, FILTERS)


def test_numbers_meet_on_one_line(database: Database) -> None:
    values = [2**53, 2**53 + 1, 2.0**53, 2**63 - 1, 2.0**63, -(2**63), -(2.0**63), 2**62 + 1, 2.0**62, 0, 0.5, 1, 1.0, True, 2**53 - 1, 5e-324, 1.7976931348623157e308]
    records = [make_record(str(number), metadata={"k": value, "list": [value, 7 if type(value) is int else type(value)(1)]}) for number, value in enumerate(values)]
    backend = SqlBackend(database)
    backend.add(records)
    bounds = [literal(value) for value in (*values, 2.0**53 + 2, 2**53 + 2, -1.7976931348623157e308) if value is not True]
    for bound in bounds:
        tests = [Predicate(Field("k"), op, bound) for op in (Op.EQ, Op.LT, Op.LE, Op.GT, Op.GE)]
        tests += [Predicate(Field("k"), Op.IN, (bound, bounds[0])), Predicate(Field("list"), Op.HAS, (bound, bounds[1]))]
        for expr in tests:
            for either in (expr, Not(expr)):
                assert backend.get(Query(either, include=())).ids == [record.id for record in records if holds(either, record)], either
    assert [record.metadata for record in backend.get(Query())] == [record.metadata for record in records]
    assert [type((record.metadata or {})["k"]) for record in backend.get(Query())] == [type(value) for value in values]


def test_a_key_without_the_record_is_in_the_complement(database: Database) -> None:
    collection = Collection(SqlBackend(database))
    collection.add(ids=["none", "number", "text", "list"], metadatas=[None, {"k": 3}, {"k": "3"}, {"k": [3]}])
    assert collection.get("k != 3").ids == ["none", "text", "list"]
    assert collection.get("k IS NOT NULL AND k != 3").ids == ["text", "list"] != collection.get("k != 3").ids
    assert collection.get("NOT k > 5").ids == ["none", "number", "text", "list"] != collection.get("k <= 5").ids
    assert collection.get("missing != 1 AND NOT missing CONTAINS 'a'").ids == ["none", "number", "text", "list"]


def test_long_texts_are_compared_whole(database: Database) -> None:
    """Only their heads are in the index: those that differ later must not be taken for equal."""
    stem = "x" * 199
    texts = [stem, stem + "a", stem + "ab", stem + "b", stem + "a" * 2000, stem + "a" * 2000 + "b", "x" * 100_000, "x" * 100_000 + "y", stem + "😀" * 100]
    records = [make_record(text, metadata={"k": text, text: 1, "list": [text, text + "!"]}) for text in texts]
    backend = SqlBackend(database)
    backend.add(records)
    for text in texts:
        for op in (Op.EQ, Op.LT, Op.LE, Op.GT, Op.GE, Op.STARTS, Op.ENDS, Op.CONTAINS):
            for subject in (Field("k"), whereql.Id()):
                expr = Predicate(subject, op, literal(text))
                assert backend.get(Query(expr, include=())).ids == [record.id for record in records if holds(expr, record)], (op, len(text))
        for expr in (Predicate(Field("list"), Op.HAS, (literal(text),)), Predicate(Field("k"), Op.IN, (literal(text), literal("y"))), Predicate(Field(text), Op.EXISTS)):
            assert backend.get(Query(expr, include=())).ids == [text], (expr.op, len(text))
        assert backend.get(Query(ids=(text,), include=())).ids == [text]


@pytest.mark.parametrize("size", [100_000])
def test_very_many_ids_and_values(database: Database, size: int) -> None:
    collection = Collection(SqlBackend(database))
    collection.add(ids=[f"r{number}" for number in range(0, 3000, 3)], metadatas=[{"n": number, "s": f"s{number}", "f": number + 0.5, "tags": [f"s{number}"]} for number in range(0, 3000, 3)])
    some = range(0, 2 * size, 2)
    expected = [f"r{number}" for number in range(0, 3000, 6)]
    assert collection.get(ids=[f"r{number}" for number in some], include=[]).ids == expected
    assert collection.get("n >= 600", ids=[f"r{number}" for number in some], include=[], limit=3, offset=1).ids == ["r606", "r612", "r618"]
    for text, values in (("n IN :v", list(some)), ("s IN :v", [f"s{number}" for number in some]), ("f IN :v", [number + 0.5 for number in some]), ("tags HAS ANY :v", [f"s{number}" for number in some])):
        assert collection.get(text, params={"v": values}, include=[]).ids == expected, text
    assert collection.count("s NOT IN :v", params={"v": [f"s{number}" for number in some]}) == 500


def test_a_read_is_one_moment(database: Database) -> None:
    """Whatever is asked within it: the slots of the keys, the records, and more of them where ids are asked for in pieces."""
    backend = SqlBackend(database)
    backend.add([make_record("a", metadata={"n": 1})])
    rows = sa.text("SELECT count(*) FROM whereql_numbers")
    with database.reading() as connection:
        before = connection.execute(rows).scalar()
        thread = threading.Thread(target=backend.add, args=([make_record("b", metadata={"n": 2})],))
        thread.start()
        thread.join()
        assert connection.execute(rows).scalar() == before == 1
    assert backend.count(Query()) == 2


def test_a_scan_is_one_moment(database: Database) -> None:
    backend = SqlBackend(database)
    backend.add([make_record(str(number), metadata={"n": number}) for number in range(50)])
    pages = backend.scan(Query(whereql.parse("n >= 10"), include=()), repeat(7))
    seen = next(pages).ids
    backend.delete(Query(whereql.parse("n < 40")))
    backend.add([make_record("later", metadata={"n": 99})])
    assert [*seen, *(id for page in pages for id in page.ids)] == [str(number) for number in range(10, 50)]
    assert backend.get(Query(include=())).ids == [*map(str, range(40, 50)), "later"]
