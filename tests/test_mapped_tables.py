"""Somebody's own table: each rule on foreign data with its tempting wrong answer, names and values that want to be SQL, what is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mapped_tables import engine_of, insert, run, writer

import whereql
from whereql.records import Record

pytestmark = pytest.mark.filterwarnings("ignore::whereql.errors.WhereqlWarning")


@contextmanager
def table(url: str, columns: str, *rows: str, **options: Any) -> Iterator[whereql.Collection]:
    """A table `t` of an id and some columns; each row is the SQL of its values, the ids count from 1."""
    run(url, f"CREATE TABLE t (id integer primary key, {columns})", *[f"INSERT INTO t VALUES ({number}, {row})" for number, row in enumerate(rows, 1)])
    with whereql.open(url, table="t", **options) as collection:
        yield collection


def metadatas(collection: whereql.Collection) -> list[Any]:
    return list(collection.get().metadatas or ())


def ids(collection: whereql.Collection, where: str) -> str:
    """The ids that a filter finds, run together; the database answers the whole of it."""
    assert collection.explain(where).residual is None
    return "".join(collection.get(where).ids)


def only(url: str, *engines: str) -> None:
    if engine_of(url) not in engines:
        pytest.skip(f"{engine_of(url)} has no such type")


# The rules.


def test_null_is_a_missing_key(sql_url: str) -> None:
    with table(sql_url, "k integer, s varchar(9)", "3, 'a'", "NULL, NULL", "4, ''") as t:
        assert metadatas(t) == [{"k": 3, "s": "a"}, None, {"k": 4, "s": ""}]
        assert ids(t, "k != 3") == "23"  # and not "3", as in SQL
        assert ids(t, "NOT k > 3") == "12" and ids(t, "k <= 3") == "1"
        assert ids(t, "k IS NULL") == "2" and ids(t, "s IS NOT NULL") == "13"
        assert ids(t, "s != 'a'") == "23" and ids(t, "s NOT CONTAINS 'a'") == "23"
        assert ids(t, "NOT k IN (3, 4)") == "2" and ids(t, "nowhere != 1") == "123"


def test_a_column_hides_a_json_key(sql_url: str) -> None:
    kind = {"postgresql": "jsonb", "duckdb": "json", "sqlite": "text"}[engine_of(sql_url)]
    with table(sql_url, f"k integer, attrs {kind}", """1, '{"k": 2, "id": 9, "attrs": 8}'""", """NULL, '{"k": 2}'""", metadata="attrs") as t:
        assert metadatas(t) == [{"id": 9, "attrs": 8, "k": 1}, None]
        assert ids(t, "k = 2") == "" and ids(t, "k = 1") == "1" and ids(t, "k IS NULL") == "2"
        assert ids(t, "id = 9") == "1" and ids(t, "attrs = 8") == "1"  # these columns are no keys


def test_objects_and_mixed_arrays_are_there_and_equal_nothing(sql_url: str) -> None:
    rows = ["""'{"k": {"a": 1}}'""", """'{"k": [1, "a"]}'""", """'{"k": [[1]]}'""", """'{"k": [true, 1]}'""", """'{"k": [1, null]}'"""]
    kind = {"postgresql": "jsonb", "duckdb": "json", "sqlite": "text"}[engine_of(sql_url)]
    with table(sql_url, f"attrs {kind}", *rows, metadata="attrs") as t:
        assert metadatas(t) == [{"k": {"a": 1}}, {"k": (1, "a")}, {"k": ([1],)}, {"k": (True, 1)}, {"k": [1]}]
        assert ids(t, "k IS NOT NULL") == "12345"
        assert ids(t, "k HAS 1") == "5"  # and not those that have a 1 beside something else
        assert ids(t, "k HAS 'a'") == "" and ids(t, "k HAS TRUE") == "" and ids(t, "k NOT HAS 1") == "1234"
        assert ids(t, "k = 1 OR k CONTAINS 'a' OR k > 0") == ""
        assert t.schema().keys["k"].kinds == {"other": 4, "int[]": 1}
        assert '"k":{"a":1}' in t.get().to_json() and '"k":[1,"a"]' in t.get().to_json()


def test_null_in_an_array_is_dropped(sql_url: str) -> None:
    rows = ["""'{"k": [1, null, 2]}'""", """'{"k": [null]}'""", """'{"k": []}'""", """'{"k": null}'""", """'{"k": [null, 1.5, 1]}'"""]
    kind = {"postgresql": "jsonb", "duckdb": "json", "sqlite": "text"}[engine_of(sql_url)]
    with table(sql_url, f"attrs {kind}", *rows, metadata="attrs") as t:
        assert metadatas(t) == [{"k": [1, 2]}, None, None, None, {"k": [1.5, 1.0]}]
        assert ids(t, "k IS NULL") == "234"  # and not "4" or ""
        assert ids(t, "k HAS 1") == "15"


def test_null_in_an_array_column_is_dropped(sql_url: str) -> None:
    only(sql_url, "duckdb", "postgresql")
    kind = {"postgresql": "text[]", "duckdb": "varchar[]"}[engine_of(sql_url)]
    with table(sql_url, f"k {kind}", "ARRAY['a', NULL]", f"CAST(ARRAY[NULL] AS {kind})", f"CAST(ARRAY[] AS {kind})", "NULL") as t:
        assert metadatas(t) == [{"k": ["a"]}, None, None, None]
        assert ids(t, "k IS NULL") == "234" and ids(t, "k HAS 'a'") == "1" and ids(t, "k NOT HAS 'a'") == "234"


def test_json_that_is_no_object_has_no_keys(sql_url: str) -> None:
    kind = {"postgresql": "jsonb", "duckdb": "json", "sqlite": "text"}[engine_of(sql_url)]
    with table(sql_url, f"attrs {kind}", "'[1, 2]'", """'"k"'""", "'null'", "'5'", "NULL", """'{"0": 1, "k": 1}'""", metadata="attrs") as t:
        assert metadatas(t) == [None] * 5 + [{"0": 1, "k": 1}]
        assert ids(t, "k IS NOT NULL") == "6"
        assert ids(t, "`0` = 1") == "6"  # and not the first element of the array


def test_text_that_is_no_json_has_no_keys(sql_url: str) -> None:
    with table(sql_url, "attrs text", "'{'", "''", """'{"k": 1}'""", metadata="attrs") as t:
        assert metadatas(t) == [None, None, {"k": 1}]
        assert t.get("k = 1").ids == ["3"] and t.get("k != 1").ids == ["1", "2"]


def test_json_numbers_are_int64_or_the_nearest_double(sql_url: str) -> None:
    tokens = ["9007199254740993", "9007199254740993.0", "0.1000000000000000055", "9223372036854775808", "1" + "0" * 300, "1e400", "1.0", "1.7976931348623157e308"]
    kind = {"postgresql": "jsonb", "duckdb": "json", "sqlite": "text"}[engine_of(sql_url)]
    with table(sql_url, f"attrs {kind}", *[f"""'{{"k": {token}}}'""" for token in tokens], metadata="attrs") as t:
        read = [row["k"] for row in metadatas(t)]
        assert read[:5] == [9007199254740993, 9007199254740992.0, 0.1, 2.0**63, 1e300] and math.isnan(read[5]) and read[6] == 1.0
        assert [type(value) for value in read][:7] == [int, float, float, float, float, float, float]
        assert ids(t, "k = 9007199254740993") == "1" and ids(t, "k = 9007199254740992.0") == "2"
        assert ids(t, "k = 0.1") == "3" and ids(t, "k IN (0.1, 7)") == "3" and ids(t, "NOT k > 0.1") == "36"
        largest = "1.7976931348623157e308"
        assert ids(t, f"k = {largest}") == "8" == ids(t, f"k >= {largest}") and ids(t, f"k < {largest}") == "123457" and ids(t, f"k <= -{largest}") == ""
        assert ids(t, "k = 9223372036854775808.0") == "4" and ids(t, "k = 1e300") == "5" and ids(t, "k = 1") == "7"
        assert ids(t, "k > 1.7e308") == "8" and ids(t, "k IS NOT NULL") == "12345678"


def test_halves_between_doubles_go_to_the_even_one(postgres_url: str) -> None:
    doubles = [0.1, math.nextafter(0.1, 1), -0.1, 1.0, 5e-324, 2.0**52 + 1]
    with localcontext() as context:
        context.prec = 1200
        halves = [(Decimal(each) + Decimal(math.nextafter(each, math.inf))) / 2 for each in doubles]
    with table(postgres_url, "attrs jsonb", *[f"""'{{"k": {half:f}}}'""" for half in halves], metadata="attrs") as t:
        read = [row["k"] for row in metadatas(t)]
        assert read == [float(half) for half in halves] and {each == value for each, value in zip(doubles, read, strict=True)} == {True, False}
        for value in {*read, *doubles}:
            for op in ("=", "<", "<=", ">", ">="):
                expected = "".join(str(number) for number, each in enumerate(read, 1) if whereql.holds(whereql.parse(f"k {op} {value!r}"), Record("x", metadata={"k": each})))
                assert ids(t, f"k {op} {value!r}") == expected, (op, value)


def test_texts_of_postgresql_are_compared_in_the_collation_c(postgres_url: str) -> None:
    """The engine of the tests has no other collation to show it by."""
    with table(postgres_url, "s text, attrs jsonb", """'a', '{"k": "a"}'""", metadata="attrs", document="s") as t:
        for where in ("k < 'b'", "k STARTS WITH 'a'", "#document >= 'a'", "#id > '0'"):
            assert 'COLLATE "C"' in (t.explain(where).native or ""), where
        assert "COLLATE" not in (t.explain("#document = 'a'").native or "")  # where the column's own index serves


def test_ints_beside_doubles_are_doubles(sql_url: str) -> None:
    kind = {"postgresql": "jsonb", "duckdb": "json", "sqlite": "text"}[engine_of(sql_url)]
    arrays = ["[9007199254740993, 0.5]", "[9007199254740993]", "[9223372036854775808, 9007199254740993]", "[9007199254740993, null]"]
    with table(sql_url, f"attrs {kind}", *[f"""'{{"k": {each}}}'""" for each in arrays], metadata="attrs") as t:
        assert [row["k"] for row in metadatas(t)] == [[2.0**53, 0.5], [2**53 + 1], [2.0**63, 2.0**53], [2**53 + 1]]
        assert ids(t, "k HAS 9007199254740993") == "24"  # and not "1", where the int stands in the text of the JSON
        assert ids(t, "k HAS 9007199254740992") == "13" and ids(t, "k HAS 0.5") == "1" and ids(t, "k HAS 9223372036854775808.0") == "3"


def test_of_two_equal_keys_the_same_one_is_read_and_asked(sql_url: str) -> None:
    kind = {"postgresql": "jsonb", "duckdb": "json", "sqlite": "text"}[engine_of(sql_url)]
    value = 2 if engine_of(sql_url) == "postgresql" else 1
    with table(sql_url, f"attrs {kind}", """'{"k": 1, "k": 2}'""", metadata="attrs") as t:
        assert metadatas(t) == [{"k": value}]
        assert [n for n in (1, 2) if ids(t, f"k = {n}")] == [value]


def test_numeric_is_the_nearest_double(sql_url: str) -> None:
    only(sql_url, "duckdb", "postgresql")
    with table(sql_url, "k numeric(38, 20)", "0.1", "0.10000000000000000555", "2.5", "NULL") as t:
        assert metadatas(t) == [{"k": 0.1}, {"k": 0.1}, {"k": 2.5}, None]
        assert ids(t, "k = 0.1") == "12"  # and not "1"
        assert ids(t, "NOT k <= 0.1") == "34" and ids(t, "k IN (0.1, 2.5)") == "123"
        assert t.schema().keys["k"].declared == ("float", "other")


def test_numeric_beyond_the_doubles_is_no_error(postgres_url: str) -> None:
    with table(postgres_url, "k numeric", "'NaN'", "1e400", "-1e400", "1e-400", "'Infinity'", "5e-324") as t:
        read = [row["k"] for row in metadatas(t)]
        assert [value if value == value else "NaN" for value in read] == ["NaN", "NaN", "NaN", 0.0, "NaN", 5e-324]
        assert ids(t, "k > 0") == "6" and ids(t, "k = 0") == "4" and ids(t, "k != 0") == "12356"


def test_nan_and_infinities_are_there_and_equal_nothing(sql_url: str) -> None:
    inf = "9e999" if engine_of(sql_url) == "sqlite" else "'Infinity'"
    nan = inf if engine_of(sql_url) == "sqlite" else "'NaN'"  # SQLite has no NaN
    with table(sql_url, "k double precision", "1.5", nan, inf, f"-CAST({inf} AS double precision)") as t:
        assert [row["k"] == row["k"] for row in metadatas(t)] == [True, False, False, False]
        assert ids(t, "k IS NOT NULL") == "1234"
        assert ids(t, "k > 0") == "1" and ids(t, "NOT k > 0") == "234"  # and not "13", "24"
        # A declared kind is taken at its word, so it has to allow for them: this must not become `k <= 1`.
        assert t.get("NOT k > 1", strict=True).ids == ["2", "3", "4"]


def test_times_are_epoch_seconds(sql_url: str) -> None:
    only(sql_url, "duckdb", "postgresql")
    columns = "ts timestamp, tz timestamptz, d date"
    rows = ["'2024-05-01 00:00:00', '2024-05-01 02:00:00+02', '2024-05-01'", "'2024-05-01 00:00:00.123457', '2024-05-01 00:00:00.5Z', '1969-12-31'", "'infinity', NULL, 'infinity'"]
    with table(sql_url, columns, *rows) as t:
        first, second, third = metadatas(t)
        assert first == {"ts": 1714521600, "tz": 1714521600, "d": 1714521600} and {type(value) for value in first.values()} == {int}
        assert second == {"ts": 1714521600.123457, "tz": 1714521600.5, "d": -86400}
        assert math.isnan(third["ts"]) and math.isnan(third["d"])
        assert ids(t, "ts = DATE('2024-05-01')") == "1" and ids(t, "d = DATE('2024-05-01')") == "1"
        assert ids(t, "ts = TIMESTAMP('2024-05-01T00:00:00.123457Z')") == "2"
        assert ids(t, "tz <= TIMESTAMP('2024-05-01T02:00:00+02:00')") == "1"
        assert ids(t, "d < 0") == "2" and ids(t, "ts > 0") == "12" and ids(t, "NOT ts > 0") == "3"


def test_times_of_sqlite_are_the_texts_that_they_are(tmp_path: Path) -> None:
    with table(f"sqlite:///{tmp_path / 'a.db'}", "ts datetime", "'2024-05-01 00:00:00'", "1714521600") as t:
        assert metatypes(t, "ts") == [str, int]
        assert ids(t, "ts STARTS WITH '2024-05'") == "1" and ids(t, "ts = DATE('2024-05-01')") == "2"


def metatypes(collection: whereql.Collection, key: str) -> list[type]:
    return [type((row or {}).get(key)) for row in metadatas(collection)]


def test_uuid_and_enum_are_strings(sql_url: str) -> None:
    only(sql_url, "duckdb", "postgresql")
    run(sql_url, "CREATE TYPE mood AS ENUM ('sad', 'happy')")
    value = "b3bd4dde-4d0a-4b3c-9c2b-0c5f1e6c4a11"
    with table(sql_url, "u uuid, m mood", f"'{value}', 'happy'", "NULL, 'sad'") as t:
        assert metadatas(t) == [{"u": value, "m": "happy"}, {"m": "sad"}]
        assert ids(t, f"u = '{value}'") == "1" and ids(t, f"u = '{value.upper()}'") == ""  # as a uuid they would be equal
        assert ids(t, "u STARTS WITH 'b3bd'") == "1" and ids(t, "m CONTAINS 'app'") == "1"
        assert ids(t, "m > 'happy'") == "2" and ids(t, "m < 'sad'") == "1"  # by its text, not by its place
        assert ids(t, "m = 'no such mood'") == ""  # which would be an error of the database


def test_char_is_read_without_its_padding(postgres_url: str) -> None:
    with table(postgres_url, "k char(5)", "'ab'", "'ab  '", "''") as t:
        assert metadatas(t) == [{"k": "ab"}, {"k": "ab"}, {"k": ""}]
        assert ids(t, "k = 'ab'") == "12" and ids(t, "k = 'ab '") == ""  # which char itself takes for equal
        assert ids(t, "k ENDS WITH 'b'") == "12" and ids(t, "k LIKE '__'") == "12" and ids(t, "k = ''") == "3"


def test_collations_do_not_count(sql_url: str) -> None:
    if engine_of(sql_url) == "postgresql":
        run(sql_url, "CREATE COLLATION IF NOT EXISTS whatever (provider = libc, locale = 'C.UTF-8')")
    collation = {"sqlite": "NOCASE", "duckdb": "NOCASE", "postgresql": "whatever"}[engine_of(sql_url)]
    with table(sql_url, f"k varchar(9) COLLATE {collation}", "'Ab'", "'ab'", "'Z'", "'é'", "'\U0001f600'", "'\uffff'") as t:
        assert ids(t, "k = 'ab'") == "2" and ids(t, "k != 'ab'") == "13456" and ids(t, "k IN ('ab', 'z')") == "2"
        assert ids(t, "k < 'a'") == "13" and ids(t, "k > '\uffff'") == "5" and ids(t, "k STARTS WITH 'a'") == "2"
    with whereql.open(sql_url, table="t", id="id", document="k") as t:
        assert ids(t, "#document = 'AB'") == "" and ids(t, "#document CONTAINS 'b'") == "12"


def test_an_id_in_a_collation_is_the_very_text(sql_url: str) -> None:
    collation = {"sqlite": "NOCASE", "duckdb": "NOCASE", "postgresql": '"C"'}[engine_of(sql_url)]
    run(sql_url, f"CREATE TABLE t (k varchar(9) COLLATE {collation})", "INSERT INTO t VALUES ('a'), ('B')")
    with whereql.open(sql_url, table="t", id="k") as t:
        assert t.get(ids=["A", "B"]).ids == ["B"]


def test_bytes_and_vectors_are_no_keys(sql_url: str) -> None:
    kind = "bytea" if engine_of(sql_url) == "postgresql" else "blob"
    value = "'abc'" if engine_of(sql_url) != "sqlite" else "x'616263'"
    with table(sql_url, f"k {kind}, n integer", f"{value}, 1") as t:
        assert metadatas(t) == [{"n": 1}]
        assert ids(t, "k IS NOT NULL OR k = 'abc'") == ""


def test_unknown_types_are_their_text(postgres_url: str) -> None:
    with table(postgres_url, "k inet, r int4range, b bit(3), m money", "'10.0.0.1', '[1,5)', B'101', 5", "NULL, NULL, NULL, NULL") as t:
        assert metadatas(t)[0] == {"k": "10.0.0.1/32", "r": "[1,5)", "b": "101", "m": "$5.00"}
        assert ids(t, "k = '10.0.0.1/32'") == "1" and ids(t, "r CONTAINS ',5'") == "1" and ids(t, "b != '101'") == "2"


def test_nested_types_of_duckdb_are_json(tmp_path: Path) -> None:
    columns = "s struct(a integer), m map(varchar, integer), l integer[][], u union(n integer, t varchar)"
    with table(f"duckdb:///{tmp_path / 'a.db'}", columns, "{'a': 1}, MAP {'k': 2}, [[1, 2]], 5", "NULL, NULL, NULL, 'x'") as t:
        assert metadatas(t) == [{"s": {"a": 1}, "m": {"k": 2}, "l": ([1, 2],), "u": {"n": 5}}, {"u": {"t": "x"}}]
        assert ids(t, "s IS NOT NULL AND m IS NOT NULL AND l IS NOT NULL") == "1" and ids(t, "l HAS 1") == ""
        assert ids(t, "u IS NOT NULL") == "12" and ids(t, "u = 5") == ""


def test_sqlite_values_are_what_they_are_stored_as(tmp_path: Path) -> None:
    rows = ["1", "'1'", "'a'", "1.5", "x'61'", "NULL", "2.0"]
    with table(f"sqlite:///{tmp_path / 'a.db'}", "k, n numeric, t text, b boolean", *[f"{row}, {row}, {row}, {row}" for row in rows]) as t:
        assert [(row or {}).get("k") for row in metadatas(t)] == [1, "1", "a", 1.5, None, None, 2.0]
        assert [(row or {}).get("t") for row in metadatas(t)] == ["1", "1", "a", "1.5", None, None, "2.0"]
        assert [(row or {}).get("b") for row in metadatas(t)] == [True, True, "a", 1.5, None, None, 2]
        assert ids(t, "k = 1") == "1" and ids(t, "k = '1'") == "2" and ids(t, "n = 1") == "12" and ids(t, "n = '1'") == ""
        assert ids(t, "t = '1'") == "12" and ids(t, "t = 1") == "" and ids(t, "k IS NULL") == "56"
        assert ids(t, "b") == "12" and ids(t, "b = 1") == "" and ids(t, "b = 2") == "7" and ids(t, "b IN (TRUE, 1.5)") == "124"
        assert t.schema().keys["n"].declared is None  # SQLite enforces no type


def test_ids_of_any_type_are_their_text(sql_url: str) -> None:
    with table(sql_url, "n smallint", "1", "2", "3", document="n") as t:
        assert t.get(ids=["2", "02", " 2", "2.0", "x", "9" * 30]).ids == ["2"]
        assert t.get().documents == ["1", "2", "3"]
        assert ids(t, "#id > '1'") == "23" and ids(t, "#id = '3' OR #document = '1'") == "13" and ids(t, "#id != '1'") == "23"
        assert ids(t, "#document LIKE '_'") == "123" and t.get(ids=[]).ids == []


def test_ids_that_are_uuids_are_looked_up_as_such(sql_url: str) -> None:
    only(sql_url, "duckdb", "postgresql")
    values = [f"00000000-0000-0000-000a-{number:012}" for number in range(100)]
    run(sql_url, "CREATE TABLE t (id uuid primary key)", *[f"INSERT INTO t VALUES ('{value}')" for value in values])
    with whereql.open(sql_url, table="t") as t:
        assert t.get(ids=[*values[:3], "no uuid", values[4].upper(), "{" + values[5] + "}"]).ids == values[:3]
        assert t.get(ids=values[10:60]).ids == values[10:60]
        assert t.count("#id ENDS WITH '7'", strict=True) == 10


def test_ids_of_sqlite_may_be_mixed(tmp_path: Path) -> None:
    run(f"sqlite:///{tmp_path / 'a.db'}", "CREATE TABLE t (k, n integer)", "INSERT INTO t VALUES (1, 1), ('a', 2), (2.5, 3), ('3', 4), (NULL, 5), (x'00', 6)")
    with whereql.open(f"sqlite:///{tmp_path / 'a.db'}", table="t", id="k", order="n") as t:
        assert t.get().ids == ["1", "a", "2.5", "3"]  # a row without an id is no record
        assert t.get(ids=["1", "2.5", "3", "01", "2.50"]).ids == ["1", "2.5", "3"]
    run(f"sqlite:///{tmp_path / 'a.db'}", "CREATE TABLE u (k text, n integer)", "INSERT INTO u VALUES ('a', 1), (x'00', 2), (NULL, 3), (7, 4)")
    with whereql.open(f"sqlite:///{tmp_path / 'a.db'}", table="u", id="k", order="n") as u:
        assert u.get().ids == ["a", "7"] and u.count("n >= 2") == 1 and u.get(ids=["7"]).ids == ["7"]


def test_100_000_ids(sql_url: str) -> None:
    run(sql_url, "CREATE TABLE t (id integer primary key, s varchar(20))")
    with writer(sql_url) as connection:
        insert(connection, "t", [{"id": number, "s": f"s{number}"} for number in range(300)])
    wanted = [str(number) for number in range(0, 200_000, 2)]
    with whereql.open(sql_url, table="t") as t:
        assert t.count(ids=wanted) == 150
        assert t.count("s IN :wanted", params={"wanted": [f"s{number}" for number in range(100_000)]}, strict=True) == 300
    with whereql.open(sql_url, table="t", id="s") as t:
        assert t.count(ids=[f"s{number}" for number in range(0, 200_000, 2)]) == 150


# Order, pages, views.


def test_keys_are_those_columns_that_are_named(sql_url: str) -> None:
    with table(sql_url, "a integer, b integer, c integer", "1, 2, 3", keys=["c", "a"]) as t:
        assert metadatas(t) == [{"c": 3, "a": 1}] and ids(t, "b IS NOT NULL") == ""
    with whereql.open(sql_url, table="t", keys=[], order="b") as t:
        assert metadatas(t) == [None]


def test_order_is_asked_for_or_that_of_the_primary_key(sql_url: str) -> None:
    with table(sql_url, "n integer, s varchar(9)", "2, 'x'", "1, 'y'", "2, 'z'") as t:
        assert t.get().ids == ["1", "2", "3"] and t.get(limit=1, offset=1).ids == ["2"]
    with whereql.open(sql_url, table="t", order="n") as t:
        assert t.get().ids == ["2", "1", "3"]  # and by id where that is equal
        assert [page.ids for page in t.scan(batch_size=2)] == [["2", "1"], ["3"]]
    with whereql.open(sql_url, table="t", order=["s", "n"]) as t:
        assert t.get("n = 2", limit=1, offset=1).ids == ["3"]


def test_without_an_order_there_is_no_limit(sql_url: str) -> None:
    run(sql_url, "CREATE TABLE t (k varchar(9), n integer)", "INSERT INTO t VALUES ('a', 1), ('b', 2), ('c', 3)")
    with whereql.open(sql_url, table="t", id="k") as t:
        assert sorted(t.get().ids) == ["a", "b", "c"] and t.count("n > 1") == 2
        assert sorted(id for page in t.scan(batch_size=2) for id in page.ids) == ["a", "b", "c"]  # one cursor, no order needed
        for asked in ({"limit": 1}, {"offset": 1}):
            with pytest.raises(whereql.BackendError, match=r"WQ720.*order"):
                t.get(**asked)  # type: ignore[arg-type]  # an int
            with pytest.raises(whereql.BackendError, match=r"WQ720.*order"):
                t.get("k MATCHES '[ab]+?'", **asked)  # type: ignore[arg-type]  # an int; the page of a residual would be any records, too


def test_views_are_read_as_tables(sql_url: str) -> None:
    run(sql_url, "CREATE TABLE a (k varchar(9), n integer)", "INSERT INTO a VALUES ('x', 1), ('y', NULL)", "CREATE VIEW v AS SELECT k, n + 1 AS more FROM a")
    with pytest.raises(whereql.BackendError, match=r"WQ720.*no primary key.*id="):
        whereql.open(sql_url, table="v")
    with whereql.open(sql_url, table="v", id="k", order="k") as v:
        assert v.get().metadatas == [{"more": 2}, None] and ids(v, "more != 2") == "y"


def test_a_scan_sees_one_moment(sql_url: str) -> None:
    only(sql_url, "sqlite", "postgresql")  # DuckDB lets in one program at a time
    run(sql_url, "CREATE TABLE t (id integer primary key, n integer)", "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    if engine_of(sql_url) == "sqlite":
        run(sql_url, "PRAGMA journal_mode = WAL")
    with whereql.open(sql_url, table="t") as t:
        pages = t.scan(batch_size=1)
        assert next(pages).ids == ["1"]
        run(sql_url, "DELETE FROM t WHERE id = 2", "INSERT INTO t VALUES (4, 4)")
        assert [page.ids for page in pages] == [["2"], ["3"]]
        assert t.get().ids == ["1", "3", "4"]


def test_schemas_have_their_tables(sql_url: str) -> None:
    only(sql_url, "duckdb", "postgresql")
    schema = "a.b; --" if engine_of(sql_url) == "postgresql" else 'a"b; --'  # DuckDB's driver can't say a dot
    name = '"' + schema.replace('"', '""') + '"'
    run(sql_url, f"CREATE SCHEMA {name}", f'CREATE TABLE {name}."t""x" (id integer primary key, n integer)', f'INSERT INTO {name}."t""x" VALUES (1, 5)')
    with whereql.open(sql_url, table='t"x', schema=schema) as t:
        assert t.get("n = 5").ids == ["1"]
    with pytest.raises(whereql.BackendError, match=r"WQ718"):
        whereql.open(sql_url, table='t"x')


# Embeddings.


def test_embeddings_of_any_form(sql_url: str) -> None:
    forms = {
        "sqlite": {"blob": "x'0000803f00002040'", "text": "'[1, 2.5]'"},
        "duckdb": {"float[2]": "[1, 2.5]", "double[]": "[1, 2.5]", "blob": r"'\x00\x00\x80\x3f\x00\x00\x20\x40'", "json": "'[1, 2.5]'"},
        "postgresql": {"vector(2)": "'[1, 2.5]'", "halfvec(2)": "'[1, 2.5]'", "real[]": "'{1, 2.5}'", "jsonb": "'[1, 2.5]'", "bytea": r"'\x0000803f00002040'"},
    }[engine_of(sql_url)]
    if engine_of(sql_url) == "postgresql":
        run(sql_url, "CREATE EXTENSION IF NOT EXISTS vector")
    for number, (kind, value) in enumerate(forms.items()):
        run(sql_url, f"CREATE TABLE e{number} (id integer primary key, v {kind})", f"INSERT INTO e{number} VALUES (1, {value}), (2, {value})")
        with whereql.open(sql_url, table=f"e{number}", embedding="v") as t:
            found = t.get(include=["embeddings", "metadatas"])
            assert isinstance(found.embeddings, np.ndarray) and found.embeddings.dtype == np.float32, kind
            assert np.array_equal(found.embeddings, np.array([[1, 2.5]] * 2, np.float32)), kind
            assert found.metadatas == [None, None]


def test_an_embedding_that_is_none_is_told(tmp_path: Path) -> None:
    with table(f"sqlite:///{tmp_path / 'a.db'}", "v text", "'x'", "NULL", embedding="v") as t, pytest.raises(whereql.BackendError, match=r"WQ716"):
        t.get(include=["embeddings"])


# Names and values that want to be SQL.

HOSTILE = ["a.b", "", "x'; DROP TABLE t; --", 'quo"te', "back`tick", "[0]", "$.k", "/k", "~0", "a\\b", "ключ", "\U0001f600", "%s", ":p", "k?", "{}", "*", "#", "k]", "$", "null", " ", "k\n", "é", "e\u0301", "->", "-1"]


def test_hostile_keys_of_json(sql_url: str) -> None:
    import json

    kind = {"postgresql": "jsonb", "duckdb": "json", "sqlite": "text"}[engine_of(sql_url)]
    run(sql_url, f"CREATE TABLE t (id integer primary key, attrs {kind})")
    keys = HOSTILE if engine_of(sql_url) == "postgresql" else [*HOSTILE, "k\0", "\0"]
    with writer(sql_url) as connection:
        insert(connection, "t", [{"id": n, "attrs": json.dumps({key: n, "text": key}, ensure_ascii=n % 2 == 0)} for n, key in enumerate(keys)], {"attrs": kind})
    with whereql.open(sql_url, table="t", metadata="attrs") as t:
        for n, key in enumerate(keys):
            assert t.get(whereql.F(key) == n, strict=True).ids == [str(n)], key
            assert t.get(whereql.F(key).exists(), strict=True).ids == [str(n)], key
            assert t.get(whereql.F("text") == key, strict=True).ids == [str(n)], key
        assert t.get(whereql.F("k\0") == 5).ids == ([] if len(keys) == len(HOSTILE) else t.get(whereql.F("k\0") == 5).ids)
        assert t.count() == len(keys)


def test_hostile_columns_and_tables(sql_url: str) -> None:
    names = [name for name in HOSTILE if name and name not in ("é", "e\u0301")]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    # The drivers read %s and :p in a statement; a program that made such a column wrote it through them.
    with writer(sql_url) as connection:
        for statement in (f'CREATE TABLE "t; --" (id integer primary key, {", ".join(f"{name} integer" for name in quoted)})', f'INSERT INTO "t; --" VALUES (1, {", ".join(map(str, range(len(names))))})'):
            raw = connection.connection.cursor()
            raw.execute(statement)
            raw.close()
    with whereql.open(sql_url, table="t; --") as t:
        assert metadatas(t) == [{name: n for n, name in enumerate(names)}]
        for n, name in enumerate(names):
            assert t.count(whereql.F(name) == n, strict=True) == 1 and t.count(whereql.F(name) != n, strict=True) == 0, name


# What is refused.

REFUSED = [
    ({"table": "nope"}, "WQ718.*no table 'nope'"),
    ({"table": "papers"}, "WQ718.*did you mean paper"),
    ({"table": "paper", "id": "SKU"}, "WQ718.*case counts"),
    ({"table": "paper", "id": "sku", "document": "bdy"}, "WQ718.*did you mean body"),
    ({"table": "paper"}, "WQ720.*several columns.*id="),
    ({"table": "paper", "id": "sku", "document": "sku"}, "WQ720.*both id and document"),
    ({"table": "paper", "id": "sku", "metdata": "x"}, "WQ712.*did you mean metadata"),
    ({"table": "paper", "id": "sku", "order": ["nope"]}, "WQ718.*order"),
    ({"table": "paper", "id": "sku", "order": 5}, "WQ712.*order"),
    ({"table": "paper", "id": 5}, "WQ712.*id"),
    ({"table": "paper", "id": "sku", "keys": "n"}, "WQ712.*keys"),
    ({"table": "paper", "id": "sku", "keys": ["x"]}, "WQ718.*keys"),
    ({"table": "paper", "id": "sku", "keys": ["sku"]}, "WQ720.*both id and a key"),
    ({"table": 5}, "WQ712.*table"),
    ({"table": "paper", "id": "sku", "writable": True}, "WQ713"),
    ({"table": "paper", "id": "sku", "collection": "x"}, "WQ712.*one collection"),
    ({"preset": "nope"}, "WQ712.*known are"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_what_can_not_be_opened_says_why(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    run(url, "CREATE TABLE paper (sku text, body text, n integer, PRIMARY KEY (sku, n))")
    with pytest.raises(whereql.BackendError, match=message):
        whereql.open(url, **options)


def test_a_mapped_table_is_not_written(sql_url: str) -> None:
    with table(sql_url, "n integer", "1") as t:
        for write in (lambda: t.add(ids=["2"]), lambda: t.upsert(ids=["1"]), lambda: t.delete(ids=["1"])):
            with pytest.raises(whereql.BackendError, match=r"WQ713"):
                write()
        assert t.get().ids == ["1"]


def test_a_column_that_is_gone_is_told(sql_url: str) -> None:
    with table(sql_url, "n integer", "1") as t:
        if engine_of(sql_url) == "duckdb":
            return  # no other program gets in
        run(sql_url, "ALTER TABLE t DROP COLUMN n")
        with pytest.raises(whereql.BackendError, match=r"WQ71[58]"):
            t.get("n = 1")


# The portable subset, for databases that whereql has no special knowledge of.


def test_portable_subset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite under another name, as a database of which nothing is known but SQL: whatever it can't surely say, whereql tests."""
    import whereql_sql.mapped.json_columns as json_columns
    import whereql_sql.mapped.reflection as reflection
    from whereql_sql.capability import PORTABLE
    from whereql_sql.engine import Database
    from whereql_sql.mapped import columns
    from whereql_sql.mapped.backend import MappedBackend
    from whereql_sql.mapped.roles import map_table

    url = f"sqlite:///{tmp_path / 'a.db'}"
    run(url, "CREATE TABLE t (id integer primary key, n integer, s varchar(9), attrs json, body text)")
    with writer(url) as connection:
        insert(connection, "t", [{"id": n, "n": n % 3 or None, "s": "aBa"[n % 3], "attrs": f'{{"k": {n}}}', "body": f"text {n}"} for n in range(2000)])
    monkeypatch.setattr(reflection, "_READERS", {})
    monkeypatch.setattr(json_columns, "_BUILDERS", {})
    database = Database(url, read_only=True)
    monkeypatch.setattr(database.engine.dialect, "name", "unknown")
    vars(database)["abilities"] = PORTABLE
    with database.reading() as connection:
        mapping = map_table(connection, PORTABLE, {"table": "t", "document": "body", "metadata": "attrs"})
    assert columns.family_of(reflection.ColumnType("uuid"), "unknown") is None
    with whereql.Collection(MappedBackend(database, mapping)) as t:
        records = list(t.get())
        assert len(records) == 2000 and records[5].metadata == {"k": 5, "n": 2, "s": "a"}
        for where in ("n != 1", "n IN (1, 2.0)", "s = 'a'", "s != 'a'", "s < 'a'", "k >= 1500", "#document ENDS WITH '7'", "#id = '7'", "#id > '7'", "#id != '1' AND n = 1", "k = 3 OR n = 2"):
            assert t.get(where).ids == [each.id for each in records if whereql.holds(whereql.parse(where), each)], where
        assert t.explain("n > 1").residual is None and t.explain("s = 'a'").residual is not None
        wanted = [str(n) for n in range(0, 4000, 2)]
        assert t.count("n = 1", ids=wanted) == len([each for each in records if each.id in wanted and each.metadata and each.metadata.get("n") == 1])
        assert t.get(ids=wanted, limit=3, offset=1).ids == ["2", "4", "6"]
