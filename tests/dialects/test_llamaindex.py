"""LlamaIndex's metadata filters, written and read, on its own store and those of Chroma and Qdrant."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from foreign import worker
from injection import hostile_pairs
from proving import COUNT, prove, prove_reading

import whereql
from whereql.dialect import Dialect
from whereql.dialects.frameworks.llamaindex import DIALECT, STORES
from whereql.errors import BackendError, LimitError, TranslateError, UnsupportedError, WhereqlError
from whereql.records import Record, make_record, stored_kind
from whereql.semantics import holds
from whereql.testing import DialectContract

DECODE, ENCODE = DIALECT.decode, DIALECT.encode
# LlamaIndex refuses lists for Chroma; a collection holds no key that begins with # or $, or is empty.
LACKS = {"simple": (), "qdrant": (), "chroma": ("sparse vectors", "odd keys", "arrays")}


def declared(records: Sequence[Record]) -> dict[str, Any]:
    """The kinds of the keys of some records."""
    kinds: dict[str, set[str]] = {}
    for record in records:
        for name, value in (record.metadata or {}).items():
            kinds.setdefault(name, set()).add(stored_kind(value))
    return {name: sorted(found) for name, found in kinds.items()}


def one(key: str, operator: str, value: Any) -> dict[str, Any]:
    return {"key": key, "value": value, "operator": operator}


def group(condition: str, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"filters": [*filters], "condition": condition}


class TestLlamaIndex(DialectContract):
    examples: ClassVar[Sequence[tuple[Any, str]]] = (
        (group("and", one("theme", "==", "Mafia"), group("or", one("year", ">", 1990), one("year", "<=", 1950.5))), "theme = 'Mafia' AND (year > 1990 OR year <= 1950.5)"),
        ({"filters": [{"key": "a", "value": 1}]}, "a = 1"), ([one("a", "!=", "x"), one("b", ">=", "y")], "a != 'x' AND b >= 'y'"), (one("a", "in", ["x", "y"]), "a IN ('x', 'y')"), (one("a", "nin", [1, 2]), "a NOT IN (1, 2)"),
        (group("not", one("a", "==", 1), one("b", "==", 2)), "NOT (a = 1 OR b = 2)"), (one("t", "any", ["x", "y"]), "t HAS ANY ('x', 'y')"), (one("t", "all", ["x", "y"]), "t HAS 'x' AND t HAS 'y'"), (one("t", "contains", 5), "t HAS 5"),
        (one("a", "is_empty", None), "a IS NULL"), (group("and"), "TRUE"), (None, "TRUE"), (one("a", "in", []), "FALSE"), (group("or", group("and"), one("a", "==", 1)), "TRUE"), ({"filters": [one("a", "<", 1)], "condition": None}, "a < 1"),
        (SimpleNamespace(filters=[SimpleNamespace(key="a", value="x", operator="!=")], condition="and"), "a != 'x'"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Dialect:
        return DIALECT


class TestLlamaIndexForChroma(TestLlamaIndex):
    filters = 40

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"store": "chroma"}


class TestLlamaIndexForQdrant(TestLlamaIndex):
    filters = 40
    examples: ClassVar[Sequence[tuple[Any, str]]] = ()

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"store": "qdrant", "schema": declared(records)}


class TestLlamaIndexForItsOwnStore(TestLlamaIndex):
    filters = 40
    examples: ClassVar[Sequence[tuple[Any, str]]] = ()

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"store": "simple", "schema": declared(records)}


@pytest.mark.engines
@pytest.mark.parametrize("store", ["simple", "chroma", "qdrant"])
def test_a_store_finds_what_is_written(store: str) -> None:
    with worker(f"llamaindex_{store}", own=True) as engine:
        proof = prove("llamaindex", DIALECT, engine, lacks=LACKS[store], options=lambda records: {"store": store, "schema": declared(records)})
    assert proof.exact > proof.filters / 6


TEXTS = ["apple", "Banana", "an", "a'b", "5", "x y", "ANNA"]
VALUES: Mapping[str, Sequence[Any]] = {"s": TEXTS, "n": [-3, 0, 5, 7, 2**53], "f": [-0.5, 0.0, 1.5, 2.25, 5.0], "t": [["x", "y"], ["apple"], ["5", "an"]]}

SCHEMA = {"s": "string", "n": "int", "f": "float", "t": "string[]"}


class Sources:
    """Random filters of LlamaIndex's, such as a store takes: its own takes one level, Chroma's no NOT."""

    def __init__(self, seed: int, store: str) -> None:
        self.random, self.store = random.Random(seed), store

    def records(self) -> list[Record]:
        keys = [key for key in VALUES if key != "t" or self.store != "chroma"]
        return [make_record(str(number), metadata={key: self.random.choice(VALUES[key]) for key in keys if self.random.random() < 0.7}) for number in range(20)]

    def source(self, levels: int) -> dict[str, Any]:
        count = self.random.randint(1, 3)
        deepest = levels == 0 or self.store == "simple"
        filters = [self.filter() if deepest or self.random.random() < 0.5 else self.source(levels - 1) for _ in range(count)]
        return group(self.random.choice(["and", "or"] if self.store == "chroma" else ["and", "or", "not"]), *filters)

    def filter(self) -> dict[str, Any]:
        key = self.random.choice([key for key in VALUES if key != "t" or self.store != "chroma"])
        values = TEXTS if key == "t" else VALUES[key]
        value = self.random.choice(values)
        some = self.random.sample(values, self.random.randint(1, 3))
        if key == "t":  # != of Qdrant's is true of an array with another element, too
            return self.random.choice([one(key, "any", some), one(key, "all", some), one(key, "contains", value)] if self.store == "simple" else [one(key, "==", value), one(key, "in", some)])
        found = [one(key, "==", value)]
        if key != "f" or self.store == "simple":
            found += [one(key, "!=", value), one(key, "in", some), one(key, "nin", some)]
        if key in ("n", "f"):
            found += [one(key, operator, value) for operator in ("<", "<=", ">", ">=")]
        if key == "s" and self.store == "simple":
            found += [one(key, operator, value) for operator in ("<", "<=", ">", ">=", "text_match", "text_match_insensitive", "contains")]
            found.append(one(key, "any", some))
        if self.store != "chroma":
            found.append(one(key, "is_empty", None))
        return self.random.choice(found)


@pytest.mark.engines
@pytest.mark.parametrize("store", ["simple", "chroma", "qdrant"])
def test_it_is_read_as_the_store_takes_it(store: str) -> None:
    def sets() -> Iterator[tuple[list[Record], list[dict[str, Any]]]]:
        for seed in range(max(3, COUNT // 50)):
            sources = Sources(seed, store)
            yield sources.records(), [sources.source(sources.random.choice([0, 1, 2])) for _ in range(50)]

    with worker(f"llamaindex_{store}", own=True) as engine:
        prove_reading("llamaindex", DIALECT, engine, sets(), store=store, schema=SCHEMA)


def test_presence_is_never_assumed() -> None:
    different, schema = whereql.parse("NOT lang = 'en'"), {"lang": "string"}
    for store, native in [("chroma", one("lang", "!=", "en")), ("simple", one("lang", "!=", "en")), ("qdrant", group("not", one("lang", "==", "en")))]:
        assert ENCODE(different, store=store, schema=schema).native == (native if "filters" in native else group("and", native))
    with pytest.raises(TranslateError, match="up to the store") as caught:
        ENCODE(different, schema=schema)
    assert "store='chroma'" in str(caught.value.hint)
    assert ENCODE(different, schema={"lang": "string!"}).native == group("and", one("lang", "!=", "en"))
    assert ENCODE(whereql.parse("NOT n > 5"), schema={"n": "int!"}).native == group("and", one("n", "<=", 5))
    assert ENCODE(whereql.parse("NOT n > 5"), store="qdrant", schema={"n": "int"}).native == group("not", one("n", ">", 5))
    for store in ("chroma", "simple"):
        with pytest.raises(TranslateError, match="complement of an order"):
            ENCODE(whereql.parse("NOT n > 5"), store=store)


def test_kinds_are_never_assumed() -> None:
    for store in ("any", "qdrant"):
        with pytest.raises(TranslateError, match="looks into arrays, too"):
            ENCODE(whereql.parse("lang = 'en'"), store=store)
        assert ENCODE(whereql.parse("lang = 'en'"), store=store, schema="inferred").native == group("and", one("lang", "==", "en"))
    assert ENCODE(whereql.parse("lang = 'en'"), store="simple").notes == ()
    with pytest.raises(TranslateError, match="takes TRUE for 1"):
        ENCODE(whereql.parse("n = 1"), store="simple")
    assert [note.reason for note in ENCODE(whereql.parse("n > 5"), store="simple").notes] == ["an error where a record holds what has no order with that"]
    with pytest.raises(TranslateError, match="fails on a record"):
        ENCODE(whereql.parse("n > 5"), store="simple", schema={"n": ["int", "string"]})
    with pytest.raises(TranslateError, match="can't hold a bool"):
        ENCODE(whereql.parse("flag"), store="chroma")
    assert ENCODE(whereql.parse("n = 5"), store="qdrant", schema={"n": ["int", "float"]}).native == group("and", one("n", "==", 5.0))  # a range, which finds 5 and 5.0
    assert ENCODE(whereql.parse("n = 5"), store="qdrant", schema={"n": "int"}).native == group("and", one("n", "==", 5))
    with pytest.raises(UnsupportedError, match="looks into arrays"):
        DECODE(one("n", ">", 5), store="qdrant")
    assert DECODE(one("n", "==", 5), store="qdrant", schema={"n": "int[]"}) == whereql.parse("n HAS 5")


def test_its_own_store_takes_one_level() -> None:
    with pytest.raises(TranslateError):
        ENCODE(whereql.parse("a = 'x' AND (b = 'y' OR c = 'z')"), store="simple")
    found = ENCODE(whereql.parse("a = 'x' AND (b = 'y' OR c = 'z')"), store="simple", allow_residual=True)
    assert found.native == group("and", one("a", "==", "x"))
    with pytest.raises(TranslateError, match="no group in a group"):
        ENCODE(whereql.parse("a = 'x' AND b IN (1, 'y')"), store="simple")
    for text, native in [("t HAS ANY ('x', 'y')", one("t", "any", ["x", "y"])), ("t HAS 'x'", one("t", "contains", "x")), ("s CONTAINS 'x'", one("s", "text_match", "x"))]:
        assert ENCODE(whereql.parse(text), store="simple", schema="inferred").native == group("and", native)
        with pytest.raises(TranslateError, match="fails on a record"):
            ENCODE(whereql.parse(text), store="simple")
    assert ENCODE(whereql.parse("k IS NULL"), store="simple", schema={"k": "int"}).native == group("and", one("k", "is_empty", None))
    with pytest.raises(TranslateError, match="empty string for a missing key"):
        ENCODE(whereql.parse("k IS NULL"), store="simple")


def test_a_missing_key_is_read_as_the_store_means_it() -> None:
    missing, other = make_record("1", metadata={}), make_record("2", metadata={"a": 2})
    for store in STORES:
        for native in (one("a", "!=", 1), one("a", "nin", [1, 3])):
            expr = DECODE(native, store=store)
            assert (holds(expr, missing), holds(expr, other)) == (store != "qdrant", True)


def test_a_match_of_text_is_read_for_its_own_store_only() -> None:
    for operator in ("text_match", "text_match_insensitive"):
        for store in ("any", "chroma", "qdrant"):
            with pytest.raises(UnsupportedError, match=rf"WQ504 at \$\.operator: LlamaIndex: no counterpart for {operator}, which each store"):
                DECODE(one("s", operator, "x"), store=store)
    kelvin = DECODE(one("s", "text_match_insensitive", "Ki.si"), store="simple")
    texts = ["ki.si", "aKI.SIb", "\u212ai.s\u0130", "ki.\u017fi", "kixsi", "k\u0130.si"]
    assert [holds(kelvin, make_record("1", metadata={"s": text})) for text in texts] == ["ki.si" in text.lower() for text in texts] == [True, True, True, False, False, False]
    with pytest.raises(UnsupportedError, match="other letters than ASCII"):
        DECODE(one("s", "text_match_insensitive", "é"), store="simple")


@pytest.mark.parametrize(
    ("source", "code", "path"),
    [
        ("x", "WQ215", "$"), (5, "WQ215", "$"), ({}, "WQ215", "$.key"), ({"filters": 5}, "WQ215", "$.filters"), (group("xor", one("a", "==", 1)), "WQ215", "$.condition"), (one("a", "=", 1), "WQ215", "$.operator"),
        (one("a", "==", True), "WQ215", "$.value"), (one("a", "in", [True]), "WQ215", "$.value[0]"), (one("a", "in", "x,y"), "WQ504", "$.value"), (one("a", "==", None), "WQ215", "$.value"), (one("a", "==", ["x"]), "WQ215", "$.value"),
        (group("and", group("or", one("a", ">", float("inf")))), "WQ215", "$.filters[0].filters[0].value"), (one("a", "any", "x"), "WQ215", "$.value"), (one(5, "==", 1), "WQ215", "$.key"),  # type: ignore[arg-type]  # nonsense
    ],
)  # fmt: skip
def test_a_mistake_has_a_path(source: Any, code: str, path: str) -> None:
    with pytest.raises(WhereqlError) as caught:
        DECODE(source)
    assert (caught.value.code, caught.value.path) == (code, path)


def test_limits_hold() -> None:
    deep: Any = one("a", "==", 1)
    for _ in range(5000):
        deep = group("not", deep)
    for source in (deep, one("a", "in", [1] * 200_000)):
        with pytest.raises(LimitError):
            DECODE(source)


def test_objects_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    types = SimpleNamespace(MetadataFilters=SimpleNamespace(model_validate=lambda group: SimpleNamespace(**group)))
    for name, module in [("llama_index", SimpleNamespace()), ("llama_index.core", SimpleNamespace()), ("llama_index.core.vector_stores", SimpleNamespace()), ("llama_index.core.vector_stores.types", types)]:
        monkeypatch.setitem(sys.modules, name, module)
    native = ENCODE(whereql.parse("a = 1 AND b <= 2.5"), form="object", store="chroma").native
    assert DECODE(native) == whereql.parse("a = 1 AND b <= 2.5")
    monkeypatch.setitem(sys.modules, "llama_index.core.vector_stores.types", None)
    with pytest.raises(BackendError, match="WQ711") as caught:
        ENCODE(whereql.parse("a = 1"), form="object", store="chroma")
    assert "pip install llama-index-core" in str(caught.value.hint)


def test_no_key_and_no_value_is_more_than_that() -> None:
    for key, value in hostile_pairs(1):
        found = ENCODE(~whereql.F(key).is_in([value, f"{value}2"]), store="chroma", allow_residual=True)
        assert not found.exact or found.native == group("and", one(key, "nin", [value, f"{value}2"]))
        found = ENCODE(whereql.F(key) == value, store="simple")
        assert found.native == group("and", one(key, "==", value))


def test_defect_10_not_is_never_for_a_store_that_may_drop_it() -> None:
    for text in ("NOT s = 'apple'", "NOT n > 5", "s NOT IN ('a', 'b')", "NOT (s = 'apple' AND n >= 0)"):
        for store in ("any", "chroma", "simple"):
            found = ENCODE(whereql.parse(text), store=store, allow_residual=True)
            assert "'not'" not in str(found.native)
    assert DECODE(group("not", one("s", "==", "apple"))) == whereql.parse("NOT s = 'apple'")


def test_defect_11_different_is_not_unlike() -> None:
    expr = DECODE(one("s", "!=", "app"))
    assert holds(expr, make_record("1", metadata={"s": "apple"}))
    assert expr == whereql.parse("s != 'app'")
    assert DECODE(one("n", "!=", 5)) == whereql.parse("n != 5")


def test_defect_12_groups_empty_lists_and_quotes_are_what_they_say() -> None:
    assert DECODE(one("s", "in", [])) == whereql.parse("s IN ()")
    assert ENCODE(whereql.F("s") == "x' OR 1=1 OR 'a'='a", store="chroma").native == group("and", one("s", "==", "x' OR 1=1 OR 'a'='a"))
    nested = group("and", group("or", one("a", "==", 1), one("b", "==", 2)), one("c", "==", 3))
    assert DECODE(nested) == whereql.parse("(a = 1 OR b = 2) AND c = 3")
    assert ENCODE(DECODE(nested), store="chroma").native == nested


def test_defect_13_a_condition_is_said_or_refused_and_never_lost() -> None:
    assert DECODE(one("n", "is_empty", None)) == whereql.parse("n IS NULL")
    assert DECODE(group("and", group("not", one("s", "==", "apple")), one("n", ">=", 0))) == whereql.parse("NOT s = 'apple' AND n >= 0")
    with pytest.raises(TranslateError):
        ENCODE(whereql.parse("n IS NULL"))
    assert ENCODE(whereql.parse("n IS NULL"), store="qdrant").native == group("and", one("n", "is_empty", None))


def test_defect_16_different_and_not_equal_are_one_thing_where_it_is_written() -> None:
    for text in ("s != 'apple'", "NOT s = 'apple'"):
        assert ENCODE(whereql.parse(text), store="qdrant", schema="inferred").native == group("not", one("s", "==", "apple"))
    assert ENCODE(whereql.parse("s NOT IN ()"), store="qdrant").native == group("and")
    assert DECODE(one("s", "nin", [])) == whereql.parse("s NOT IN ()")
