"""The conditions of the SQL backend on single columns, against the semantics: whatever a database can do, and whatever it can't."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from strategies import FLOATS, INTS, PATTERNS, SUBJECTS, TEXTS, FilterMaker, Generator
from whereql_sql.capability import PORTABLE, Abilities
from whereql_sql.engine import Database
from whereql_sql.lists import DOUBLE, INT, TEXT, is_in
from whereql_sql.numbers import float_condition, float_in, int_condition, int_in
from whereql_sql.texts import text_test

from whereql.ast import Op, Predicate, literal
from whereql.kinds import Kind
from whereql.operators import ORDER
from whereql.operators import TEXT as TEXT_OPERATORS
from whereql.semantics import test as passes
from whereql.support import Support

OPERATORS = sorted(TEXT_OPERATORS | ORDER | {Op.EQ, Op.IN}, key=lambda op: op.value)


@pytest.fixture
def database(sql_url: str) -> Iterator[Database]:
    opened = Database(sql_url)
    yield opened
    opened.close()


def stored(database: Database, name: str, kind: Any, values: list[Any]) -> sa.Table:
    """A table of one column with these values, and NULL."""
    collation = "C" if database.name == "postgresql" and isinstance(kind, sa.Text) else None
    table = sa.Table(name, sa.MetaData(), sa.Column[Any]("x", sa.Text(collation=collation) if isinstance(kind, sa.Text) else kind))
    with database.writing() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"x": value} for value in [*values, None]])
    return table


def found(database: Database, table: sa.Table, condition: sa.ColumnElement[bool]) -> list[object]:
    with database.reading() as connection:
        return list(connection.execute(sa.select(table.c.x).where(condition)).scalars())


def judged(database: Database, table: sa.Table, conditions: list[sa.ColumnElement[bool]]) -> list[set[object]]:
    """The values that pass each of some conditions, in one query."""
    columns = [sa.case((condition, 1), else_=0) for condition in conditions]
    with database.reading() as connection:
        rows = connection.execute(sa.select(table.c.x, *columns)).all()
    return [{row[0] for row in rows if row[number]} for number in range(1, len(columns) + 1)]


def texts(database: Database) -> list[str]:
    made = {*TEXTS, *(record.document or "" for record in Generator(1).records(40)), "aab", "abab", "a%b", "ſtraße", "STRASSE"}
    return sorted(text for text in made if database.abilities.nul or "\0" not in text)


def operands(op: Op, rng: random.Random) -> list[Any]:
    maker = FilterMaker(rng, Generator(1).records(40))
    drawn = [leaf.operand for leaf in (maker.leaf((op, Kind.STRING, False, subject)) for subject in SUBJECTS * 12) if isinstance(leaf, Predicate)]
    extra = PATTERNS if op is Op.MATCHES else ["", "%", "_", "%_%", "a%", "%b", "%a%b", "a_%", "s%", "100\\%"] if op in (Op.LIKE, Op.ILIKE) else TEXTS
    return [each for each in drawn if each is not None] + [(literal(text), literal(1)) if op is Op.IN else literal(text) for text in extra]


MASKS = ["whole", "portable", "without order", "without search", "without LIKE", "without parts", "without arrays"]


def masked(abilities: Abilities, mask: str) -> Abilities:
    """Abilities of a lesser database."""
    return {
        "whole": abilities,
        "portable": replace(PORTABLE, nul=abilities.nul),
        "without order": replace(abilities, code_points=False),
        "without search": replace(abilities, search=None),
        "without LIKE": replace(abilities, like=False),
        "without parts": replace(abilities, part=None, ends=None),
        "without arrays": replace(abilities, arrays=None),
    }[mask]


@pytest.mark.parametrize("mask", MASKS)
def test_text_operators(database: Database, mask: str) -> None:
    abilities = masked(database.abilities, mask)
    values = texts(database)
    table = stored(database, "texts", sa.Text(), list(values))
    supports = set()
    for op in OPERATORS:
        tests = [(operand, text_test(op, operand, abilities)) for operand in operands(op, random.Random(7))]
        supports |= {(op, test and test.support) for _, test in tests}
        said = [(operand, test) for operand, test in tests if test is not None]
        answers = judged(database, table, [test.condition(table.c.x) for _, test in said])
        for (operand, test), answer in zip(said, answers, strict=True):
            expected = {value for value in values if passes(value, op, operand)}
            assert answer == expected if test.support is Support.EXACT else answer >= expected, (op, operand)
    if mask == "whole":
        inexact = {op for op, support in supports if support is not Support.EXACT}
        assert inexact == ({Op.ILIKE, Op.MATCHES} if database.name == "postgresql" else set())


def test_a_superset_is_not_exact(database: Database) -> None:
    """The tempting answer for a pattern is its literal piece: it must be seen to be more."""
    abilities = replace(database.abilities, search=None)
    test = text_test(Op.MATCHES, literal("ab+c"), abilities)
    assert test is not None and test.support is Support.INEXACT
    table = stored(database, "texts", sa.Text(), ["abc", "a bc", "abd"])
    assert {"abc"} < set(found(database, table, test.condition(table.c.x)))


def test_numbers(database: Database) -> None:
    edges = [value for value in FLOATS if value == value + 0.0]
    ints, floats = stored(database, "ints", sa.BigInteger(), list(INTS)), stored(database, "floats", sa.Double(), list(edges))
    bounds = [literal(value) for value in (*INTS, *FLOATS)]
    for op in (*ORDER, Op.EQ):
        of_ints = judged(database, ints, [int_condition(ints.c.x, op, bound) for bound in bounds])
        of_floats = judged(database, floats, [float_condition(floats.c.x, op, bound) for bound in bounds])
        for bound, some_ints, some_floats in zip(bounds, of_ints, of_floats, strict=True):
            assert some_ints == {value for value in INTS if passes(value, op, bound)}, (op, bound)
            assert some_floats == {value for value in edges if passes(value, op, bound)}, (op, bound)
    for items in (bounds, bounds[:3], bounds[20:30], [literal("a"), literal(True)]):
        assert set(found(database, ints, int_in(ints.c.x, items, database.abilities))) == {value for value in INTS if passes(value, Op.IN, tuple(items))}
        assert set(found(database, floats, float_in(floats.c.x, items, database.abilities))) == {value for value in edges if passes(value, Op.IN, tuple(items))}


def test_an_int_is_not_rounded_to_meet_a_double(database: Database) -> None:
    table = stored(database, "ints", sa.BigInteger(), [2**53, 2**53 + 1])
    assert found(database, table, int_condition(table.c.x, Op.EQ, literal(2.0**53))) == [2**53]
    assert found(database, table, int_condition(table.c.x, Op.GT, literal(2.0**53))) == [2**53 + 1]


@pytest.mark.parametrize("size", [0, 1, 16, 17, 100_000])
def test_lists_of_any_length(database: Database, size: int) -> None:
    values = texts(database)
    table = stored(database, "texts", sa.Text(), list(values))
    rng = random.Random(size)
    wanted = rng.sample(values, min(size, len(values) // 2))
    others = [f"other {number}'\\\"" for number in range(size - len(wanted))]
    assert sorted(map(str, found(database, table, is_in(table.c.x, wanted + others, TEXT, database.abilities)))) == sorted(wanted)
    numbers = stored(database, "numbers", sa.Double(), [0.1 + 0.2, 0.3, 1e300, 5e-324])
    doubles = [0.1 + 0.2, 5e-324, *(rng.random() for _ in range(size))][:size]
    assert set(found(database, numbers, is_in(numbers.c.x, doubles, DOUBLE, database.abilities))) == {0.1 + 0.2, 5e-324} & set(doubles)
    ints = stored(database, "ints", sa.BigInteger(), [2**53, 2**53 + 1, -(2**63)])
    some = [2**53 + 1, -(2**63), *range(size)][:size]
    assert set(found(database, ints, is_in(ints.c.x, some, INT, database.abilities))) == {2**53 + 1, -(2**63)} & set(some)


def test_abilities_are_those_of_the_engines(database: Database) -> None:
    abilities = database.abilities
    assert abilities.code_points and abilities.arrays is not None and abilities.part is not None and abilities.ends is not None
    assert abilities.nul is (database.name != "postgresql")
    assert (abilities.search is not None) == (database.name != "postgresql")


def test_a_database_that_lies_about_case_is_caught(tmp_path: Path) -> None:
    """SQLite's LIKE ignores case, and stops at NUL; with its pragma it would still do the latter."""
    for setting in ("OFF", "ON"):
        opened = Database(f"sqlite:///{tmp_path / 'test.db'}")

        @sa.event.listens_for(opened.engine, "connect")
        def respect_case(connection: object, _: object, setting: str = setting) -> None:
            connection.execute(f"PRAGMA case_sensitive_like = {setting}").close()  # type: ignore[attr-defined]  # a connection of sqlite3

        opened.engine.dispose()
        del opened.abilities
        assert not opened.abilities.like
        opened.close()
