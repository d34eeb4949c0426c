"""Haystack's filters, written and read, on its own evaluator and its store of Qdrant."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from foreign import worker
from injection import hostile_pairs
from proving import COUNT, prove, prove_reading

import whereql
from whereql.dialect import Dialect
from whereql.dialects.frameworks.haystack import DIALECT
from whereql.errors import LimitError, TranslateError, UnsupportedError, WhereError, WhereqlError
from whereql.records import Record, make_record, stored_kind
from whereql.semantics import holds
from whereql.testing import DialectContract

DECODE, ENCODE = DIALECT.decode, DIALECT.encode


def declared(records: Sequence[Record]) -> dict[str, Any]:
    """The kinds of the keys of some records."""
    kinds: dict[str, set[str]] = {}
    for record in records:
        for name, value in (record.metadata or {}).items():
            kinds.setdefault(name, set()).add(stored_kind(value))
    return {name: sorted(found) for name, found in kinds.items()}


def condition(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


class TestHaystack(DialectContract):
    examples: ClassVar[Sequence[tuple[Any, str]]] = (
        ({"operator": "AND", "conditions": [
            condition("meta.type", "==", "article"), condition("meta.rating", ">=", 3), condition("meta.year", "<", 2021),
            {"operator": "OR", "conditions": [condition("meta.genre", "in", ["economy", "politics"]), condition("meta.publisher", "==", "nytimes")]},
        ]}, "type = 'article' AND rating >= 3 AND year < 2021 AND (genre IN ('economy', 'politics') OR publisher = 'nytimes')"),
        (condition("meta.a", "!=", 1), "a != 1"), (condition("meta.a", "not in", ["x", 2.5]), "a NOT IN ('x', 2.5)"), (condition("meta.a", "==", None), "a IS NULL"), (condition("meta.a", "!=", None), "a IS NOT NULL"),
        (condition("meta.a", "in", [None, "x"]), "a IS NULL OR a = 'x'"), (condition("meta.a", "not in", [None, "x"]), "a IS NOT NULL AND a != 'x'"), (condition("meta.a", "in", []), "FALSE"),
        (condition("id", "==", "x"), "#id = 'x'"), (condition("content", "!=", "x"), "NOT #document = 'x'"), (condition("a", "==", True), "a"), (condition("meta.author.name", "==", "x"), "author.name = 'x'"),
        ({"operator": "NOT", "conditions": [condition("meta.a", "==", 1), condition("meta.b", ">", 2)]}, "NOT (a = 1 AND b > 2)"), ({}, "TRUE"), (None, "TRUE"), (condition("meta.a", ">", None), "FALSE"),
        ({"operator": "OR", "conditions": []}, "FALSE"), ({"operator": "AND", "conditions": []}, "TRUE"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Dialect:
        return DIALECT


class TestHaystackForQdrant(TestHaystack):
    filters = 40
    examples: ClassVar[Sequence[tuple[Any, str]]] = ()

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"store": "qdrant", "schema": declared(records)}


@pytest.mark.engines
@pytest.mark.parametrize("store", ["memory", "qdrant"])
def test_a_store_finds_what_is_written(store: str) -> None:
    with worker(f"haystack_{store}", own=True) as engine:
        proof = prove("haystack", DIALECT, engine, options=lambda records: {"store": store, "schema": declared(records)})
    assert proof.exact > proof.filters / 3


TEXTS = ["apple", "Banana", "", "a'b", "5", "x y"]
VALUES: Mapping[str, Sequence[Any]] = {"s": TEXTS, "n": [-3, 0, 5, 7, 2**53], "f": [-0.5, 0.0, 1.5, 2.25, 5.0], "b": [True, False], "t": [["x", "y"], ["apple"], ["5", ""]]}

SCHEMA = {"s": "string", "n": "int", "f": "float", "b": "bool", "t": "string[]"}


class Sources:
    """Random filters of Haystack's, such as a store takes: Qdrant's takes no None, no float to be equal to, and no empty list."""

    def __init__(self, seed: int, store: str) -> None:
        self.random, self.is_memory = random.Random(seed), store == "memory"

    def records(self) -> list[Record]:
        return [
            make_record(str(number), document=self.random.choice([None, *TEXTS]), metadata={key: self.random.choice(values) for key, values in VALUES.items() if self.random.random() < 0.7})
            for number in range(20)
        ]  # fmt: skip

    def source(self, levels: int) -> dict[str, Any]:
        if levels == 0:
            return self.comparison()
        least = 0 if self.is_memory else 1
        conditions = [self.source(self.random.randrange(levels)) for _ in range(self.random.randint(least, 3))]
        return {"operator": self.random.choice(["AND", "OR", "NOT"]), "conditions": conditions}

    def comparison(self) -> dict[str, Any]:
        key = self.random.choice([*VALUES, "content", "id"])
        values = TEXTS if key in ("t", "content") else ["1", "2", "3", "x"] if key == "id" else VALUES[key]
        operators = ["==", "!=", "in", "not in"] if self.is_memory or key != "f" else []
        operator = self.random.choice(operators + (["<", "<=", ">", ">="] if key in ("n", "f") else []))
        value: Any = self.random.choice(values)
        if operator.endswith("in"):
            value = self.random.sample(values, self.random.randint(0 if self.is_memory else 1, min(3, len(values))))
        if self.is_memory and self.random.random() < 0.1:
            value = [*value, None] if isinstance(value, list) else None
        return condition(key if key in ("content", "id") else f"meta.{key}", operator, value)


@pytest.mark.engines
@pytest.mark.parametrize("store", ["memory", "qdrant"])
def test_it_is_read_as_the_store_takes_it(store: str) -> None:
    def sets() -> Iterator[tuple[list[Record], list[dict[str, Any]]]]:
        for seed in range(max(3, COUNT // 50)):
            sources = Sources(seed, store)
            yield sources.records(), [sources.source(sources.random.choice([0, 1, 2, 3])) for _ in range(50)]

    with worker(f"haystack_{store}", own=True) as engine:
        prove_reading("haystack", DIALECT, engine, sets(), store=store, schema=SCHEMA)


def test_a_missing_key_passes_what_is_negated() -> None:
    missing = make_record("1", metadata={})
    for text, native in [("NOT k = 'a'", condition("meta.k", "!=", "a")), ("NOT k > 5", {"operator": "NOT", "conditions": [condition("meta.k", ">", 5)]}), ("k NOT IN ('a', 'b')", condition("meta.k", "not in", ["a", "b"]))]:
        assert ENCODE(whereql.parse(text)).native == native
        assert holds(DECODE(native), missing)
    assert not holds(DECODE(condition("meta.k", "<=", 5)), missing)  # which is no way to say the second


def test_kinds_are_never_assumed() -> None:
    assert ENCODE(whereql.parse("lang = 'en'")).notes == ()
    for text in ("n = 1", "n = 0.0", "flag", "n < 5", "n >= 1", "n IN (5, 1)"):
        with pytest.raises(TranslateError, match="takes TRUE for 1") as caught:
            ENCODE(whereql.parse(text))
        assert "schema='inferred'" in str(caught.value.hint)
        assert ENCODE(whereql.parse(text), schema="inferred").notes == ()
    assert ENCODE(whereql.parse("n = 5")).native == condition("meta.n", "==", 5)
    assert [note.reason for note in ENCODE(whereql.parse("n > 5")).notes] == ["an error where a record holds what has no order with that"]
    assert ENCODE(whereql.parse("n > 5"), schema={"n": "int"}).notes == ()
    for schema in ({"n": ["int", "string"]}, {"n": ["int", "int[]"]}):
        with pytest.raises(TranslateError, match="fails on a record"):
            ENCODE(whereql.parse("n > 1"), schema=schema)
    with pytest.raises(TranslateError, match="fails on a record"):
        ENCODE(whereql.parse("n > 1 OR n = 'x'"), schema="inferred")
    with pytest.raises(TranslateError, match="looks into arrays"):
        ENCODE(whereql.parse("n = 'x'"), store="qdrant")
    with pytest.raises(UnsupportedError, match=r"WQ504 at \$\.value: Haystack: no counterpart for an order, for which Qdrant looks into arrays"):
        DECODE(condition("meta.n", ">", 5), store="qdrant")
    assert DECODE(condition("meta.n", ">", 5), store="qdrant", schema={"n": "int"}) == whereql.parse("n > 5")


def test_what_is_a_date_to_haystack_only_is_not_equal_to_a_text() -> None:
    with pytest.raises(TranslateError, match="two spellings of one date"):
        ENCODE(whereql.parse("d = '2024-01-01'"))
    found = ENCODE(whereql.parse("d = '2024-01-01'"), allow_residual=True)
    assert (found.native, found.residual) == (condition("meta.d", "==", "2024-01-01"), whereql.parse("d = '2024-01-01'"))
    assert ENCODE(whereql.parse("d = '2024-01-01'"), store="qdrant", schema="inferred").exact
    assert ENCODE(whereql.parse("d = '2024-99'")).exact
    with pytest.raises(TranslateError, match="orders numbers only"):
        ENCODE(whereql.parse("d > '2024-01-01'"))


def test_an_order_of_dates_is_read_as_its_user_says() -> None:
    later = condition("meta.d", ">", "2024-01-01")
    with pytest.raises(UnsupportedError, match=r"WQ504 at \$\.value: Haystack: no counterpart for an order of dates") as caught:
        DECODE(later)
    assert "dates='text'" in str(caught.value.hint)
    assert DECODE(later, dates="text") == whereql.parse("d > '2024-01-01'")
    assert DECODE(later, dates="seconds") == whereql.parse("d > DATE('2024-01-01')")
    for text in ("2024-01-01T00:00:00", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00"):
        assert DECODE(condition("meta.d", "<", text), dates="seconds") == whereql.parse("d < DATE('2024-01-01')")
    with pytest.raises(WhereqlError, match=r"WQ310 at \$\.value"):
        DECODE(condition("meta.d", ">", "yesterday"), dates="seconds")


def test_a_dot_is_a_step_into_an_object() -> None:
    with pytest.raises(TranslateError, match="a step into an object"):
        ENCODE(whereql.parse("author.name = 'x'"))
    assert ENCODE(whereql.parse("author.name = 'x'"), nested=True).native == condition("meta.author.name", "==", "x")
    assert ENCODE(whereql.parse("author.name = 'x'"), store="qdrant", schema="inferred").native == condition('meta."author.name"', "==", "x")
    assert DECODE(condition('meta."author.name"', "==", "x"), store="qdrant") == whereql.parse("author.name = 'x' OR author.name HAS 'x'")
    with pytest.raises(TranslateError, match="no uri"):
        ENCODE(whereql.parse("#uri = 'x'"))
    assert ENCODE(whereql.parse("#document = 'x' OR #id IN ('a', 'b')")).native["conditions"] == [condition("content", "==", "x"), condition("id", "in", ["a", "b"])]


def test_nothing_and_everything_are_said_without_an_empty_list() -> None:
    assert ENCODE(whereql.parse("TRUE")).native == {}
    assert ENCODE(whereql.parse("FALSE")).native == {"operator": "AND", "conditions": [condition("id", "==", ""), condition("id", "!=", "")]}


@pytest.mark.parametrize(
    ("source", "code", "path"),
    [
        ([], "WQ215", "$"), ("{}", "WQ215", "$"), ({"field": "meta.a"}, "WQ215", "$.operator"), ({"field": "meta.a", "operator": "=="}, "WQ215", "$.value"), (condition("meta.a", "$eq", 1), "WQ215", "$.operator"),
        ({"operator": "XOR", "conditions": []}, "WQ215", "$.operator"), ({"operator": "=="}, "WQ215", "$.field"), ({"operator": "AND", "conditions": [{}]}, "WQ215", "$.conditions[0].operator"),
        ({"operator": "AND"}, "WQ215", "$.conditions"), (condition("meta.a", "in", "x"), "WQ215", "$.value"), (condition("meta.a", "==", ["x"]), "WQ504", "$.value"), (condition("meta.a", "in", [["x"]]), "WQ504", "$.value[0]"),
        (condition("meta.a", ">", True), "WQ215", "$.value"), (condition("embedding", "==", 1), "WQ504", "$.field"), (condition("author.name", "==", 1), "WQ215", "$.field"), (condition(5, "==", 1), "WQ215", "$.field"),  # type: ignore[arg-type]  # nonsense
        (condition("meta.a", "==", float("nan")), "WQ215", "$.value"), (condition("meta.a", "==", 2**70), "WQ215", "$.value"),
    ],
)  # fmt: skip
def test_a_mistake_has_a_path(source: Any, code: str, path: str) -> None:
    with pytest.raises(WhereqlError) as caught:
        DECODE(source)
    assert (caught.value.code, caught.value.path) == (code, path)


def test_limits_hold() -> None:
    deep: Any = condition("meta.a", "==", 1)
    for _ in range(5000):
        deep = {"operator": "NOT", "conditions": [deep]}
    for source in (deep, condition("meta.a", "in", [1] * 200_000)):
        with pytest.raises(LimitError):
            DECODE(source)


def test_no_key_and_no_value_is_more_than_that() -> None:
    for key, value in hostile_pairs(1):
        for store in ("memory", "qdrant"):
            found = ENCODE(~whereql.F(key).is_in([value, f"{value}2"]), store=store, schema="inferred", allow_residual=True)
            if found.exact:
                name = "meta." + key if store == "memory" else found.native["conditions"][0]["field"]
                due = ENCODE(~whereql.F("k").is_in(["plain", "plain2"]), store=store, schema="inferred").native
                assert found.native == _replaced(due, name, value)


def _replaced(part: Any, key: str, value: str) -> Any:
    match part:
        case dict():
            return {name: key if name == "field" else _replaced(inner, key, value) for name, inner in part.items()}
        case list():
            return [_replaced(inner, key, value) for inner in part]
        case str():
            return part.replace("plain", value)
    return part


def test_a_source_stays_as_it_was() -> None:
    source = condition("meta.a", "in", ["x", None])
    before = copy.deepcopy(source)
    DECODE(source)
    assert source == before


def test_defect_17_an_empty_list_finds_nothing_and_a_float_is_a_range() -> None:
    for store in ("memory", "qdrant"):
        assert DECODE(condition("meta.s", "in", []), store=store) == whereql.parse("FALSE")
        assert ENCODE(whereql.parse("s IN ()"), store=store).native != {}
    assert ENCODE(whereql.parse("f = 1.5"), store="qdrant", schema="inferred").native == {"operator": "AND", "conditions": [condition("meta.f", ">=", 1.5), condition("meta.f", "<=", 1.5)]}
    assert whereql.translate(condition("meta.s", "in", []), "haystack", "qdrant").native == {"must": [{"has_id": []}]}


def test_defect_18_not_of_several_is_what_the_evaluator_makes_of_it() -> None:
    source = {"operator": "NOT", "conditions": [condition("meta.s", "==", "apple"), condition("meta.n", "==", 0)]}
    assert DECODE(source) == whereql.parse("NOT (s = 'apple' AND n = 0)")
    assert DECODE(source, store="qdrant") == whereql.parse("NOT (s = 'apple' OR s HAS 'apple' OR n = 0 OR n HAS 0)")
    for store in ("memory", "qdrant"):  # what is written means the same to both
        assert ENCODE(whereql.parse("NOT (s = 'apple' AND n = 7)"), store="memory").native == {"operator": "OR", "conditions": [condition("meta.s", "!=", "apple"), condition("meta.n", "!=", 7)]}
        for part in _negations(ENCODE(whereql.parse("NOT (s > 5 AND n > 6) AND NOT m < 1"), store=store, schema="inferred").native):
            assert len(part["conditions"]) == 1


def _negations(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if part["operator"] == "NOT":
        yield part
    for inner in part.get("conditions", ()):
        yield from _negations(inner)


def test_an_error_in_data_is_no_traceback() -> None:
    with pytest.raises(WhereError, match="a key is a string"):
        DECODE({1: "AND"})
