"""Filters as rules of JSON Logic, and rules as filters, on its reference in JavaScript."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from foreign import Worker, worker
from injection import hostile_pairs
from proving import prove, prove_reading

import whereql
from whereql.dialects.standards.jsonlogic import DIALECT
from whereql.records import Record, make_record
from whereql.testing import DialectContract
from whereql.testing.generators import Generator


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("json_logic", own=True) as started:
        yield started


class TestJsonLogic(DialectContract):
    examples = (
        ({"and": [{"===": [{"var": "lang"}, "en"]}, {"in": [{"var": "year"}, [2020, 2021]]}]}, "lang = 'en' AND year IN (2020, 2021)"),
        ({"!": {"var": "draft"}}, "NOT (draft IS NOT NULL AND draft NOT IN (FALSE, 0, ''))"),
        ({"missing": ["a", "b"]}, "a IS NULL OR a = '' OR b IS NULL OR b = ''"),
        ({"in": ["ml", {"var": "tags"}]}, "tags CONTAINS 'ml' OR tags HAS 'ml'"),
        ({"none": [{"var": "tags"}, {"in": [{"var": ""}, ["a", "b"]]}]}, "NOT tags HAS ANY ('a', 'b')"),
        ({"!==": [{"var": "id"}, "x"]}, "#id != 'x'"), ({"==": [{"var": ["k"]}, None]}, "k IS NULL"), ({"!=": [None, {"var": "k"}]}, "k IS NOT NULL"),
        ({"in": [{"var": "k"}, ["a", None]]}, "k = 'a' OR k IS NULL"), ({"or": [True, {"var": "k"}]}, "TRUE"), ({"some": [{"var": "t"}, {"===": [5, {"var": ""}]}]}, "t HAS 5"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT


@pytest.mark.engines
class TestJsonLogicExecuted(TestJsonLogic):
    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run


@pytest.mark.engines
def test_random_filters_mean_what_the_semantics_say(engine: Worker) -> None:
    proof = prove("jsonlogic", DIALECT, engine)
    assert proof.exact > 0.3 * proof.filters


RECORDS = [
    make_record("1", metadata={"n": 1, "s": "apple", "b": True}), make_record("2", metadata={"n": -3, "s": "Banana", "t": ["y"]}), make_record("3"),
    make_record("4", metadata={"n": "5", "s": "5", "b": 1}), make_record("5", metadata={"n": [1], "s": ["apple"]}), make_record("6", metadata={"s": ""}),
]  # fmt: skip


@pytest.mark.engines
@pytest.mark.parametrize(("text", "found", "tempting", "wrong"), [
    ("n < 3", ["1", "2"], {"<": [{"var": "n"}, 3]}, ["1", "2", "3", "5", "6"]),
    ("b = 1", ["4"], {"==": [{"var": "b"}, 1]}, ["1", "4"]),
    ("s = 'apple'", ["1"], {"==": [{"var": "s"}, "apple"]}, ["1", "5"]),
    ("s CONTAINS 'apple'", ["1"], {"in": ["apple", {"var": "s"}]}, ["1", "5"]),
    ("s CONTAINS ''", ["1", "2", "4", "6"], {"in": ["", {"var": "s"}]}, ["1", "2", "4"]),
    ("s IS NULL", ["3"], {"missing": ["s"]}, ["3", "6"]),
    ("s STARTS WITH 'app'", ["1"], {"===": [{"substr": [{"var": "s"}, 0, 3]}, "app"]}, ["1", "5"]),
    ("s > 'A'", ["1", "2"], {">": [{"var": "s"}, "A"]}, ["1", "2", "5"]),
    ("NOT n >= 3", ["1", "2", "3", "4", "5", "6"], {"<": [{"var": "n"}, 3]}, ["1", "2", "3", "5", "6"]),
])  # fmt: skip
def test_traps(engine: Worker, text: str, found: list[str], tempting: Any, wrong: list[str]) -> None:
    assert engine.run(DIALECT.encode(whereql.parse(text)).native, RECORDS) == found
    assert engine.run(tempting, RECORDS) == wrong != found


@pytest.mark.parametrize(("text", "reason", "hint"), [
    ("`a.b` = 1", "a step into an object", "nested=True"), ("`` = 1", "whole of the data", "rename"), ("constructor IS NULL", "by inheritance", "compare it"),
    ("`id` = 'a'", "has its id", "id='…'"), ("k ILIKE 'a'", "ignores case", "CONTAINS"), ("k > '\ue000'", "by their halves", "CONTAINS"),
    ("k = 9007199254740993", "nearest doubles", "a string"), ("k LIKE 'a%b'", "no word for such a pattern", "STARTS WITH"),
])  # fmt: skip
def test_what_it_does_not_say_is_refused(text: str, reason: str, hint: str) -> None:
    with pytest.raises(whereql.TranslateError, match=reason) as caught:
        DIALECT.encode(whereql.parse(text))
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(("rule", "schema", "text"), [
    ({"==": [{"var": "k"}, "a"]}, "inferred", "k = 'a'"), ({"==": [{"var": "k"}, 1]}, {"k": "int"}, "k = 1"), ({"!=": [{"var": "k"}, 1.5]}, {"k": ["int", "float"]}, "k != 1.5"),
    ({"<": [{"var": "k"}, 1]}, {"k": "float"}, "k < 1 OR k IS NULL"), ({"<": [{"var": "k"}, 1]}, {"k": "float!"}, "k < 1"), ({"==": [{"var": "id"}, "a"]}, None, "#id = 'a'"),
])  # fmt: skip
def test_a_schema_says_that_nothing_is_converted(rule: Any, schema: Any, text: str) -> None:
    assert DIALECT.decode(rule, schema=schema) == whereql.parse(text)


@pytest.mark.parametrize("schema", [None, {"other": "int"}, {"k": "string"}, {"k": ["int", "string"]}, {"k": "int[]"}])
def test_what_may_hold_another_kind_is_converted(schema: Any) -> None:
    for rule in ({"==": [{"var": "k"}, 1]}, {"<": [{"var": "k"}, 1]}):
        with pytest.raises(whereql.UnsupportedError, match="which converts what it compares"):
            DIALECT.decode(rule, schema=schema)


def test_keys_may_stand_in_an_object_of_their_own() -> None:
    assert DIALECT.encode(whereql.parse("k = 1 AND `id` = 2"), metadata="metadata").native == {"and": [{"===": [{"var": "metadata.k"}, 1]}, {"===": [{"var": "metadata.id"}, 2]}]}
    assert DIALECT.decode({"===": [{"var": "metadata.k"}, 1]}, metadata="metadata") == whereql.parse("k = 1")
    assert DIALECT.decode({"===": [{"var": "a.b"}, 1]}, nested=True) == whereql.parse("`a.b` = 1")
    assert DIALECT.encode(whereql.parse("`a.b` = 1"), nested=True).native == {"===": [{"var": "a.b"}, 1]}


@pytest.mark.parametrize(("rule", "message", "path"), [
    ({"==": [{"var": "k"}, 1]}, "which converts what it compares", "$.=="), ({"and": [{"<": [{"var": "k"}, 1]}]}, "which converts", '$.and[0]["<"]'),
    ({"if": [True, False]}, "the operator if", "$.if"), ({"===": [{"var": "a.b"}, 1]}, "a step into an object", '$.===[0].var'), ({"===": [{"var": ["k", 1]}, 1]}, "a var with a default", "$.===[0].var.var[1]"),
    ({"all": [{"var": "k"}, True]}, "the operator all", "$.all"), ({"missing_some": [1, ["a"]]}, "the operator missing_some", "$.missing_some"),
    ({"===": [{"+": [{"var": "k"}, 1]}, 2]}, "", ""),
])  # fmt: skip
def test_what_is_no_filter_is_refused_by_name_and_place(rule: Any, message: str, path: str) -> None:
    with pytest.raises((whereql.UnsupportedError, whereql.WhereError)) as caught:
        DIALECT.decode(rule)
    assert message in caught.value.message and caught.value.hint
    assert not path or path.split("[")[0].split(".")[1] in str(caught.value.path)


@pytest.mark.parametrize("rule", [{}, {"and": []}, [], None, 5, "a", {"nope": 1}, {"!": []}, {"===": [1]}, {"===": [{"var": "k"}, {}]}, {"in": [1, 2]}, {"var": {}}, {"a": 1, "b": 2}, {"some": []}])
def test_what_is_no_rule_is_refused(rule: Any) -> None:
    with pytest.raises(whereql.WhereqlError) as caught:
        DIALECT.decode(rule)
    assert caught.value.path and caught.value.hint


def test_a_rule_nested_deeply_is_no_crash() -> None:
    rule: Any = {"var": "k"}
    for _ in range(5000):
        rule = {"!": [rule]}
    with pytest.raises(whereql.LimitError):
        DIALECT.decode(rule)


def shape(rule: Any) -> Any:
    """The structure of a rule, its strings left out."""
    if isinstance(rule, Mapping):
        return {name: shape(value) if name != "var" else "" for name, value in rule.items()}
    return [shape(each) for each in rule] if isinstance(rule, list) else "" if isinstance(rule, str) else rule


def test_no_value_is_more_than_a_value() -> None:
    plain = shape(DIALECT.encode(whereql.parse("k = 'plain' AND k NOT IN ('a', 'b') AND s HAS 'a'"), nested=True).native)
    for key, value in hostile_pairs(5):
        field = whereql.F(key or "k")
        found = DIALECT.encode((field == value) & ~field.is_in([f"{value}1", f"{value}2"]) & whereql.F('s').has(value), allow_residual=True, nested=True)
        assert not found.exact or shape(found.native) == plain, (key, value)
        if found.exact:
            assert found.native["and"][0] == {"===": [{"var": key or "k"}, value]}


SETS = 50 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 6


def native_rules(rng: random.Random, records: Sequence[Record]) -> list[Any]:
    values = [value for record in records for value in (record.metadata or {}).values()]
    scalars: list[Any] = [*[v for v in values if isinstance(v, (str, int, float))], *[e for v in values if isinstance(v, list) for e in v], "", 0, 1, "1", True, "a", -1]
    # Below 2^53, from where JavaScript reads other numbers than the data has.
    scalars = [v for v in scalars if isinstance(v, (str, bool)) or abs(v) < 2**53]
    keys = [key for key in sorted({key for record in records for key in record.metadata or {}}) if key and "." not in key and key not in ("id", "document", "uri")] + ["missing", "id", "document"]

    def leaf() -> Any:
        var, value = {"var": rng.choice(keys)}, rng.choice(scalars)
        text = rng.choice([v for v in scalars if isinstance(v, str)])
        return rng.choice([
            {rng.choice(["===", "!=="]): rng.choice([[var, value], [value, var], [var, None]])}, {rng.choice(["==", "!="]): [var, None]}, {"missing": [rng.choice(keys), rng.choice(keys)]}, var, {"!!": [var]},
            {"in": [var, [*rng.choices(scalars, k=rng.randint(0, 3)), *([None] if rng.random() < 0.2 else [])]]}, {"in": [text, var]}, {rng.choice(["some", "none"]): [var, {"===": [{"var": ""}, value]}]},
            {"and": [{"===": [var, {"cat": [var]}]}, {rng.choice(["<", "<=", ">", ">="]): [var, "".join(c for c in text if c < "\ud800")]}]},
            {"and": [{"===": [var, {"+": [var]}]}, {"<=": [-5, var, 2.5]}]}, {"in": [rng.choice([1, 5, 2020]), var]},
        ])  # fmt: skip

    def rule(depth: int) -> Any:
        if depth == 0 or rng.random() < 0.3:
            return leaf()
        if rng.random() < 0.3:
            return {"!": rule(depth - 1) if rng.random() < 0.5 else [rule(depth - 1)]}
        return {rng.choice(["and", "or"]): [rule(depth - 1) for _ in range(rng.randint(1, 3))]}

    return [rule(3) for _ in range(25)]


def small(records: Sequence[Record]) -> list[Record]:
    """Records without numbers that JavaScript reads as others."""
    def kept(value: Any) -> bool:
        items = value if isinstance(value, list) else [value]
        return not isinstance(value, dict) and all(isinstance(v, (str, bool)) or abs(v) < 2**53 for v in items)

    return [make_record(r.id, document=r.document, uri=r.uri, metadata={k: v for k, v in (r.metadata or {}).items() if kept(v)}) for r in records]


@pytest.mark.engines
def test_rules_mean_what_the_reference_says(engine: Worker) -> None:
    def sets() -> Iterator[tuple[Sequence[Record], Sequence[Any]]]:
        for seed in range(SETS):
            generator = Generator(1000 + seed)
            records = small(generator.records(25))
            yield records, native_rules(generator.random, records)

    assert prove_reading("jsonlogic", DIALECT, engine, sets()).filters == 25 * SETS


@pytest.mark.engines
def test_rules_on_keys_of_one_kind_mean_what_the_reference_says(engine: Worker) -> None:
    def sets() -> Iterator[tuple[Sequence[Record], Sequence[Any]]]:
        rng = random.Random(5)
        for _ in range(SETS):
            records = [make_record(f"{i}", metadata={**({"n": rng.choice([-2, 0, 1.5, 3])} if rng.random() < 0.7 else {}), **({"s": rng.choice(["", "a", "5", "b"])} if rng.random() < 0.7 else {})}) for i in range(20)]
            numbers = [{rng.choice(["<", "<=", ">", ">=", "==", "!="]): rng.choice([[{"var": "n"}, v], [v, {"var": "n"}]])} for v in (-2, -1, 0, 1.5, 3, 4)]
            strings = [{rng.choice(["<", "<=", ">", ">=", "==", "!="]): [{"var": "s"}, v]} for v in ("", "a", "5", "-1", "b", " ", "1e400", "Infinity")]
            yield records, [*numbers, *strings, {"!": numbers[0]}, {"<": [0, {"var": "n"}, 3]}, {"and": [numbers[1], {"!": [strings[2]]}]}]

    prove_reading("jsonlogic", DIALECT, engine, sets(), variant="schema=inferred", schema="inferred")


@pytest.mark.parametrize("rule", [
    {"===": [{"var": "k"}, {"cat": [{"var": "k"}], "or": []}]}, {"===": [{"var": "k"}, {"+": [{"var": "k"}], "x": 1}]},
    {"and": [{"===": [{"var": "k"}, {"cat": [{"var": "k"}]}]}, {"===": [{"substr": [{"var": "k"}, -2, {"var": "a"}]}, "bb"]}]},
    {"and": [{"===": [{"var": "k"}, {"cat": [{"var": "k"}]}]}, {"===": [{"substr": [{"var": "k"}, -2], "+": []}, "bb"]}]}, {"some": [{"var": "k"}, {"===": [{"var": ""}, 1], "and": []}]},
])  # fmt: skip
def test_what_only_looks_like_a_test_of_a_type_or_a_part_is_refused(rule: Any) -> None:
    # An object of two keys is no operation, but a value, which nothing is identical with.
    with pytest.raises(whereql.WhereqlError):
        DIALECT.decode(rule)
