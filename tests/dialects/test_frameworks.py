"""What frameworks' translators get wrong, from a framework's filter to the native language of its store: right, or refused.

The rows are those on which the defects were seen. Where a language can be read, what was written is read back and tested on them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import pytest

import whereql
from whereql.ast import And
from whereql.errors import TranslateError
from whereql.plugins import registry
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.translation import dialect

ROWS = [
    make_record("1", metadata={"s": "apple", "n": 5, "f": 1.5, "b": True, "t": ["x", "y"]}),
    make_record("2", metadata={"s": "Banana", "n": -3, "f": 2.0, "b": False, "t": ["y"]}),
    make_record("3"), make_record("4"),
    make_record("5", metadata={"s": "", "n": 0, "f": 5.0, "b": True}),
    make_record("6", metadata={"s": "5", "n": 7, "f": 0.0, "b": False, "t": ["X", "x y"]}),
]  # fmt: skip
SCHEMA = {"s": "string", "n": "int", "f": "float", "b": "bool", "t": "string[]"}
HOSTILE = "x' OR 1=1 OR 'a'='a"


def comparison(key: str, operator: str, value: Any) -> dict[str, Any]:
    return {"key": key, "value": value, "operator": operator}


def negated(*filters: dict[str, Any]) -> dict[str, Any]:
    return {"filters": [*filters], "condition": "not"}


def check(source: Any, source_dialect: str, target_dialect: str, due: str, **options: Any) -> None:
    """The source, in the target, finds just the rows that are due, or what it leaves to test says so; nothing is lost."""
    target = dialect(target_dialect)
    schema = {"schema": SCHEMA} if "schema" in target.options else {}
    expr = dialect(source_dialect).decode(source)
    assert ids(expr) == due
    found = target.encode(expr, allow_residual=True, **schema, **options)
    if target.reads is not None:
        readable: Mapping[str, Any] = {name: value for name, value in {**schema, **options}.items() if name in target.options}
        read = target.decode(found.native, **readable)
        assert set(ids(read)) >= set(due)
        assert ids(read if found.residual is None else And([read, found.residual])) == due


def ids(expr: Any) -> str:
    return "".join(record.id for record in ROWS if holds(expr, record))


SQL_TARGETS = ["clickhouse", "duckdb", "lancedb", "postgres", "sqlite"]


@pytest.mark.parametrize("target", SQL_TARGETS)
def test_defect_1_not_is_not_dropped(target: str) -> None:
    check('not(eq("s", "apple"))', "langchain", target, "23456")


@pytest.mark.parametrize("target", SQL_TARGETS)
def test_defect_2_and_binds_tighter_than_or(target: str) -> None:
    check('and(or(eq("n", 5), eq("n", 0)), eq("b", false))', "langchain", target, "")


@pytest.mark.parametrize("target", SQL_TARGETS)
def test_defect_3_a_quote_is_a_quote(target: str) -> None:
    check('eq("s", "it\'s")', "langchain", target, "")
    check(f'eq("s", "{HOSTILE}")', "langchain", target, "")


def test_defect_4_a_value_ends_where_it_ends() -> None:
    check({"comparator": "eq", "attribute": "s", "value": 'x" or id > 0 or s == "y'}, "langchain", "milvus", "")


def test_defect_5_floats_are_found_in_qdrant() -> None:
    check('eq("f", 1.5)', "langchain", "qdrant", "1")


def test_defect_6_ne_reaches_postgres() -> None:
    check('ne("s", "apple")', "langchain", "postgres", "23456")


@pytest.mark.parametrize(("source", "due"), [('ne("s", "apple")', "23456"), ('not(eq("s", "apple"))', "23456"), ('nin("s", ["apple", "5"])', "2345")])
def test_defect_7_there_is_one_rule_for_missing_keys(source: str, due: str) -> None:
    for target in SQL_TARGETS:
        if target in registry().dialects:
            check(source, "langchain", target, due)


@pytest.mark.parametrize(("source", "due"), [('and(eq("n", 5))', "1"), ('in("n", [5, 7])', "16"), ('not(in("n", [5, 7]))', "2345"), ('not(gt("n", 0))', "2345")])
def test_defect_8_chroma_has_lists_and_complements(source: str, due: str) -> None:
    check(source, "langchain", "chroma", due)


def test_defect_9_weaviate_gets_what_its_client_takes() -> None:
    check('and(eq("s", "apple"), gte("n", 5))', "langchain", "weaviate", "1")


@pytest.mark.parametrize("target", ["lancedb", "milvus", "postgres", "qdrant", "chroma"])
def test_defects_10_13_15_16_not_is_the_complement(target: str) -> None:
    check(negated(comparison("s", "==", "apple")), "llamaindex", target, "23456")
    check(comparison("s", "!=", "apple"), "llamaindex", target, "23456")
    check({"filters": [negated(comparison("s", "==", "apple")), comparison("n", ">=", 0)], "condition": "and"}, "llamaindex", target, "56")
    check(comparison("s", "nin", []), "llamaindex", target, "123456")


@pytest.mark.parametrize("target", ["lancedb", "milvus", "postgres", "qdrant"])
def test_defects_11_12_14_15_values_are_what_they_are(target: str) -> None:
    check(comparison("s", "!=", "app"), "llamaindex", target, "123456")
    check(comparison("n", "!=", 5), "llamaindex", target, "23456")
    check(comparison("s", "==", HOSTILE), "llamaindex", target, "")
    check(comparison("s", "in", []), "llamaindex", target, "")
    check({"filters": [comparison("n", "==", 5), comparison("s", "==", "5")], "condition": "or"}, "llamaindex", target, "16")
    check({"filters": [{"filters": [comparison("n", "==", 5)], "condition": "and"}, comparison("s", "==", "5")], "condition": "or"}, "llamaindex", target, "16")


def test_defect_13_an_empty_key_is_a_missing_one() -> None:
    check(comparison("n", "is_empty", None), "llamaindex", "milvus", "34")


@pytest.mark.parametrize(
    ("source", "due"),
    [
        ({"field": "meta.s", "operator": "in", "value": []}, ""), ({"field": "meta.f", "operator": "==", "value": 1.5}, "1"),
        ({"operator": "NOT", "conditions": [{"field": "meta.s", "operator": "==", "value": "apple"}, {"field": "meta.n", "operator": "==", "value": 0}]}, "123456"),
        ({"field": "meta.s", "operator": "!=", "value": "apple"}, "23456"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("target", ["chroma", "milvus", "pinecone", "postgres", "qdrant"])
def test_defects_17_18_haystack_means_one_thing(source: Any, due: str, target: str) -> None:
    check(source, "haystack", target, due)


def test_an_injection_stays_a_value_in_a_database() -> None:
    import json

    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE docs (id, metadata)")
    connection.executemany("INSERT INTO docs VALUES (?, ?)", [(record.id, json.dumps(record.metadata or {})) for record in ROWS])
    for source, due in [(comparison("s", "==", HOSTILE), []), (comparison("s", "!=", HOSTILE), list("123456")), (comparison(HOSTILE, "==", "x"), []), (negated(comparison("s", "==", "apple")), list("23456"))]:
        native = whereql.translate(source, "llamaindex", "sqlite").native
        assert [row[0] for row in connection.execute(f"SELECT id FROM docs WHERE {native.text} ORDER BY id", native.params)] == due
    connection.close()


def test_what_a_store_would_lose_is_refused() -> None:
    record: Record = ROWS[2]
    for name in ("langchain", "llamaindex"):
        with pytest.raises(TranslateError):
            dialect(name).encode(whereql.parse("s != 'apple'"), schema={"s": "string"})
    assert holds(whereql.parse("s != 'apple'"), record)
