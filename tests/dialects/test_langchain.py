"""LangChain's structured queries, written and read, through its own parser and translators and the stores that these drive."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from foreign import worker
from injection import check_injection
from lark import Lark
from proving import COUNT, prove, prove_reading

import whereql
from whereql.dialect import Dialect
from whereql.dialects.frameworks.langchain import DIALECT, STORES
from whereql.dialects.text.literals import moment
from whereql.errors import (
    BackendError,
    LimitError,
    ParseError,
    TranslateError,
    UnsupportedError,
    WhereError,
    WhereqlError,
)
from whereql.records import Record, make_record, stored_kind
from whereql.semantics import holds
from whereql.testing import DialectContract
from whereql.values import literal

# A collection of Chroma holds no sparse vector of another kind beside, and no key that begins with # or $, or is empty.
CHROMA_LACKS = ("sparse vectors", "odd keys")
DECODE, ENCODE = DIALECT.decode, DIALECT.encode


def declared(records: Sequence[Record]) -> dict[str, Any]:
    """The kinds of the keys of some records."""
    kinds: dict[str, set[str]] = {}
    for record in records:
        for name, value in (record.metadata or {}).items():
            kinds.setdefault(name, set()).add(stored_kind(value))
    return {name: sorted(found) for name, found in kinds.items()}


class TestLangChain(DialectContract):
    examples: ClassVar[Sequence[tuple[Any, str]]] = (
        ('and(or(eq("artist", "Taylor Swift"), eq("artist", "Katy Perry")), lt("length", 180), eq("genre", "pop"))', "(artist = 'Taylor Swift' OR artist = 'Katy Perry') AND length < 180 AND genre = 'pop'"),
        ('ne("a", 1)', "a != 1"), ('nin("a", ["x", 2, true])', "a NOT IN ('x', 2, TRUE)"), ('in("a", "x")', "a = 'x'"), ("NO_FILTER", "TRUE"), (None, "TRUE"),
        ("and(eq('a', 1.5e2))", "a = 150.0"), ('not(gte("a", -5))', "NOT a >= -5"), ('eq("a", "it\'s")', "a = 'it''s'"), ('eq("2024-01-01", "x\\"y")', "`2024-01-01` = 'x\\\"y'"),
        ('gt("d", "2024-01-01")', "d > DATE('2024-01-01')"), ("lt('d', 2024-01-01T10:00:00)", "d < TIMESTAMP('2024-01-01T10:00:00Z')"), ("in('a', [])", "FALSE"),
        ('{"query": "songs", "filter": "eq(\\"a\\", True)"}', "a"), ('```json\n{"query": "", "filter": "NO_FILTER"}\n```', "TRUE"),
        ({"operator": "not", "arguments": [{"comparator": "eq", "attribute": "a", "value": "x"}]}, "a != 'x'"),
        ({"query": "", "filter": {"comparator": "lt", "attribute": "d", "value": {"type": "date", "date": "2024-01-01"}}, "limit": None}, "d < DATE('2024-01-01')"),
        (SimpleNamespace(operator="or", arguments=[SimpleNamespace(comparator="lte", attribute="a", value=1), SimpleNamespace(comparator="eq", attribute="b", value=True)]), "a <= 1 OR b"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Dialect:
        return DIALECT


class TestLangChainForChroma(TestLangChain):
    filters = 40

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"store": "chroma", "form": "dict"}


class TestLangChainForQdrant(TestLangChain):
    filters = 40

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"store": "qdrant", "schema": declared(records)}


class TestLangChainForPinecone(TestLangChain):
    filters = 40

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"store": "pinecone", "form": "dict", "schema": declared(records)}


@pytest.mark.engines
@pytest.mark.parametrize("form", ["text", "dict"])
def test_chroma_finds_what_is_written(form: str) -> None:
    with worker("langchain_chroma", own=True) as engine:
        proof = prove("langchain", DIALECT, engine, lacks=CHROMA_LACKS, options=lambda records: {"store": "chroma", "form": form}, variant=f"as {form}")
    assert proof.exact > proof.filters / 6


@pytest.mark.engines
@pytest.mark.parametrize("form", ["text", "dict"])
def test_qdrant_finds_what_is_written(form: str) -> None:
    with worker("langchain_qdrant", own=True) as engine:
        proof = prove("langchain", DIALECT, engine, options=lambda records: {"store": "qdrant", "form": form, "schema": declared(records)}, variant=f"as {form}")
    assert proof.exact > proof.filters / 6


TEXTS = ["apple", "Banana", "", "a'b", "5", "x y"]
VALUES: Mapping[str, Sequence[Any]] = {"s": TEXTS, "n": [-3, 0, 5, 7, 2**53], "f": [-0.5, 0.0, 1.5, 2.25, 5.0], "b": [True, False], "t": [["x", "y"], ["apple"], ["5", ""]]}

SCHEMA = {"s": "string", "n": "int", "f": "float", "b": "bool", "t": "string[]"}


class Sources:
    """Random texts of LangChain's, such as a translator takes."""

    def __init__(self, seed: int, comparators: Sequence[str], operators: Sequence[str]) -> None:
        self.random, self.comparators, self.operators = random.Random(seed), comparators, operators

    def records(self) -> list[Record]:
        return [
            make_record(str(number), metadata={key: self.random.choice(values) for key, values in VALUES.items() if self.random.random() < 0.7})
            for number in range(20)
        ]

    def source(self, levels: int) -> str:
        if levels == 0:
            return self.comparison()
        operator = self.random.choice(self.operators)
        count = 1 if operator == "not" else self.random.randint(2, 3)
        return f"{operator}({', '.join(self.source(self.random.randrange(levels)) for _ in range(count))})"

    def comparison(self) -> str:
        key = self.random.choice([*VALUES])
        # An order of other things than numbers is an error in Chroma, a float to be equal to in Qdrant.
        orders = [each for each in self.comparators if each.startswith(("lt", "gt"))]
        comparator = self.random.choice(orders) if key == "f" else self.random.choice(self.comparators if key == "n" else [each for each in self.comparators if each not in orders])
        value = self.random.choice(TEXTS if key == "t" else VALUES[key])
        text = str(value).lower() if isinstance(value, bool) else repr(value) if not isinstance(value, str) else f'"{value}"'
        return f'{comparator}("{key}", {text})'


@pytest.mark.engines
@pytest.mark.parametrize(
    ("store", "comparators", "operators"),
    [("chroma", ["eq", "ne", "lt", "lte", "gt", "gte"], ["and", "or"]), ("qdrant", ["eq", "lt", "lte", "gt", "gte"], ["and", "or", "not"])],
)
def test_it_is_read_as_the_store_takes_it(store: str, comparators: Sequence[str], operators: Sequence[str]) -> None:
    def sets() -> Iterator[tuple[list[Record], list[str]]]:
        for seed in range(max(3, COUNT // 50)):
            sources = Sources(seed, comparators, operators)
            yield sources.records(), [sources.source(sources.random.choice([0, 1, 2, 3])) for _ in range(50)]

    with worker(f"langchain_{store}", own=True) as engine:
        prove_reading("langchain", DIALECT, engine, sets(), variant="as text", store=store, schema=SCHEMA)


def test_presence_is_never_assumed() -> None:
    different, schema = whereql.parse("NOT lang = 'en'"), {"lang": "string"}
    for store, native in [("chroma", "ne('lang', 'en')"), ("qdrant", "not(eq('lang', 'en'))")]:
        assert ENCODE(different, store=store, schema=schema).native == native
    for store in ("any", "pinecone"):  # for all that is known, the store's ne loses records without the key
        with pytest.raises(TranslateError, match="records without the key") as caught:
            ENCODE(different, store=store, schema=schema)
        assert "schema=" in str(caught.value.hint)
        assert ENCODE(different, store=store, schema={"lang": "string!"}).native == "ne('lang', 'en')"
    assert ENCODE(whereql.parse("NOT n > 5"), schema={"n": "int!"}).native == "lte('n', 5)"
    assert ENCODE(whereql.parse("NOT n > 5"), store="qdrant", schema={"n": "int"}).native == "not(gt('n', 5))"  # and not lte, which loses them
    with pytest.raises(TranslateError, match="complement of an order"):
        ENCODE(whereql.parse("NOT n > 5"), store="chroma")
    with pytest.raises(TranslateError, match="complement of an order"):  # of FALSE, say, n <= 5 is no more true than n > 5
        ENCODE(whereql.parse("NOT n > 5"), store="chroma", schema={"n": ["int", "string!"]})


def test_kinds_are_never_assumed() -> None:
    equal = whereql.parse("lang = 'en'")
    assert ENCODE(equal, store="chroma").native == "eq('lang', 'en')"
    for store in ("any", "pinecone", "qdrant"):
        with pytest.raises(TranslateError, match="looks into arrays, too") as caught:
            ENCODE(equal, store=store)
        assert "schema='inferred'" in str(caught.value.hint)
        assert ENCODE(equal, store=store, allow_residual=True) == whereql.Translation("eq('lang', 'en')", equal, ENCODE(equal, store=store, allow_residual=True).notes)
        assert ENCODE(equal, store=store, schema={"lang": "string"}).native == ENCODE(equal, store=store, schema="inferred").native == "eq('lang', 'en')"
        with pytest.raises(TranslateError, match="looks into arrays, too"):
            ENCODE(equal, store=store, schema={"lang": ["string", "string[]"]})
    with pytest.raises(TranslateError, match="takes TRUE for 1"):
        ENCODE(whereql.parse("k IN (TRUE, 1)"), schema="inferred")
    with pytest.raises(TranslateError, match="a value and an array of it alike"):
        ENCODE(whereql.parse("k HAS 'a'"), store="qdrant")
    for store in ("qdrant", "pinecone"):
        assert ENCODE(whereql.parse("k HAS 'a'"), store=store, schema={"k": "string[]"}).native == "eq('k', 'a')"
    with pytest.raises(TranslateError, match="into such an array"):  # in Pinecone they are of strings
        ENCODE(whereql.parse("k HAS 5"), store="pinecone", schema={"k": "int[]"})
    assert ENCODE(whereql.parse("k = 5"), store="pinecone").exact
    assert whereql.to_text(DECODE('in("k", ["a", 5])', store="pinecone")) == "k IN ('a', 5) OR k HAS 'a'"


def test_numbers_are_said_as_a_store_compares_them() -> None:
    for store, native in [("chroma", "or(lt('n', 2.5), eq('n', 2))"), ("qdrant", "lt('n', 2.5)"), ("any", "lt('n', 2.5)")]:
        assert ENCODE(whereql.parse("n < 2.5"), store=store, schema="inferred").native == native  # to Chroma 2.5 is 2 beside an int
    assert ENCODE(whereql.parse("n >= -2.5 AND n = 0.5"), store="chroma").native == "and(gte('n', -2.5), eq('n', 0.5), ne('n', 0))"
    assert ENCODE(whereql.parse("n = 5"), store="qdrant", schema="inferred").native == "and(gte('n', 5), lte('n', 5))"  # 5.0, too
    assert ENCODE(whereql.parse("n = 5"), store="qdrant", schema={"n": "int"}).native == "eq('n', 5)"
    for store in ("chroma", "pinecone"):
        with pytest.raises(TranslateError, match="beyond 2\\^53"):
            ENCODE(whereql.parse("n = 9007199254740993"), store=store, schema={"n": "int"})
    with pytest.raises(TranslateError, match="more than 15 digits"):  # Chroma reads 2022.0
        ENCODE(whereql.parse("n != 2021.9999999999998"), store="chroma")
    with pytest.raises(TranslateError, match="no float in an array"):
        ENCODE(whereql.parse("n HAS 0.5"), store="qdrant", schema="inferred")


def test_a_missing_key_is_read_as_the_store_means_it() -> None:
    missing, other = make_record("1", metadata={}), make_record("2", metadata={"a": 2})
    for store in STORES:
        expr = DECODE('ne("a", 1)', store=store)
        assert (holds(expr, missing), holds(expr, other)) == (store != "pinecone", True)
    assert whereql.to_text(DECODE('eq("a", 1)', store="qdrant")) == "a = 1 OR a HAS 1"
    assert whereql.to_text(DECODE('eq("a", 1)', store="qdrant", schema={"a": "int"})) == "a = 1"
    for source in ('gt("a", 1)', {"comparator": "gt", "attribute": "a", "value": 1}):
        with pytest.raises(UnsupportedError, match=r"WQ504 at .*looks into arrays"):
            DECODE(source, store="qdrant")
        assert DECODE(source, store="qdrant", schema="inferred") == whereql.parse("a > 1")


def test_a_quoted_date_is_a_date_and_no_string() -> None:
    assert DECODE('eq("d", "2024-01-01")') == whereql.parse("d = DATE('2024-01-01')")
    assert DECODE('eq("d", "2024-01-01")', dates="text") == whereql.parse("d = '2024-01-01'")
    for text in ("2024-01-01", "2024-01-01 and more", "2024-01-01T10:00:00"):  # each would be read as something else
        with pytest.raises(TranslateError, match="for a date"):
            ENCODE(whereql.F("d") == text, store="chroma")
        assert ENCODE(whereql.F("d") == text, form="dict", store="chroma").native == {"comparator": "eq", "attribute": "d", "value": text}
    assert ENCODE(whereql.Predicate(whereql.Field("d"), whereql.Op.GE, moment("DATE", literal("2024-01-01"))), store="chroma").native == "gte('d', 1704067200)"


def test_what_the_text_has_no_escape_for_is_refused() -> None:
    for value, native in [("it's", 'eq(\'k\', "it\'s")'), ('say "hi" now', "eq('k', 'say \"hi\" now')"), ("a\\", "eq('k', 'a\\')"), ("a\nb", "eq('k', 'a\nb')")]:
        assert ENCODE(whereql.F("k") == value, store="chroma").native == native
        assert DECODE(native) == (whereql.F("k") == value)
    for value in ("it's \"it\"", "'", '"a', "a'", "it's\n", "it's \\"):  # LangChain strips quotes, and undoes no escapes
        with pytest.raises(TranslateError, match="no escapes"):
            ENCODE(whereql.F("k") == value)
        with pytest.raises(TranslateError, match="no escapes"):
            ENCODE(whereql.F(value) == 1)
    assert DECODE('eq("k", "\'a\'")') == whereql.parse("k = 'a'")


@pytest.mark.parametrize(
    ("source", "place", "said"),
    [
        ("and()", 4, "a function"), ("eq(a, 1)", 3, "an attribute"), ('eq("a")', 6, "','"), ('eq("a", 1, 2)', 9, "'\\)'"), ('eq("a", null)', 8, "a value|a string in quotes"),
        ('foo("a", 1)', 0, "a function, one of"), ('eq("a", [1])', 0, "one value"), ('gt("a", 1', 9, "'\\)'"), ('eq("a", 1) x', 11, "the end"), ("", 0, "a function"), ('eq("a", 1e)', 9, "'\\)'"), ("eq(\"a\", 'x)", 8, "no '''"),
    ],
)  # fmt: skip
def test_a_mistake_has_a_place(source: str, place: int, said: str) -> None:
    with pytest.raises(ParseError, match=said) as caught:
        DECODE(source)
    assert caught.value.span is not None
    assert (caught.value.code, caught.value.span.start) == ("WQ119", place)


@pytest.mark.parametrize(
    ("source", "code", "path"),
    [
        ({}, "WQ215", "$.comparator"), ({"operator": "xor", "arguments": []}, "WQ215", "$.operator"), ({"operator": "and", "arguments": []}, "WQ215", "$.arguments"), (5, "WQ215", "$"),
        ({"comparator": "eq", "attribute": "a", "value": None}, "WQ215", "$.value"), ({"comparator": "gt", "attribute": "a", "value": [1]}, "WQ215", "$.value"),
        ({"comparator": "like", "attribute": "a", "value": "x"}, "WQ504", "$.comparator"), ({"query": "", "filter": 'eq("a"', "limit": None}, "WQ119", "$.filter"),
        ({"query": "", "filter": None, "limit": 5}, "WQ504", "$.limit"), ('{"query": ', "WQ215", "$"),
        ({"operator": "and", "arguments": [{"operator": "not", "arguments": [{"comparator": "eq", "attribute": "a", "value": 1}] * 2}]}, "WQ504", "$.arguments[0].arguments"),
    ],
)  # fmt: skip
def test_a_mistake_in_data_has_a_path(source: Any, code: str, path: str) -> None:
    with pytest.raises(WhereqlError) as caught:
        DECODE(source)
    assert (caught.value.code, caught.value.path) == (code, path)


@pytest.mark.parametrize("name", ["like", "contain"])
def test_what_stores_disagree_on_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnsupportedError, match=rf"WQ504 at 1:5: LangChain: no counterpart for {name}, each store has") as caught:
        DECODE(f'and({name}("a", "x"), eq("b", 1))')
    assert caught.value.span is not None


def test_limits_hold() -> None:
    deep: Any = {"comparator": "eq", "attribute": "a", "value": 1}
    for _ in range(5000):
        deep = {"operator": "not", "arguments": [deep]}
    for source in ("not(" * 5000 + 'eq("a", 1)' + ")" * 5000, deep, f'eq("a", "{"x" * 2_000_000}")', f'in("a", [{"1," * 101_000}1])'):
        with pytest.raises(LimitError):
            DECODE(source)
    wide = ENCODE(whereql.F("k").is_in(list(range(2000))), store="chroma", allow_residual=True)
    assert wide.residual is not None  # Chroma fails on a disjunction of a thousand parts


def test_objects_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    words = SimpleNamespace(Operator=str, Comparator=str, Operation=SimpleNamespace, Comparison=SimpleNamespace)
    monkeypatch.setitem(sys.modules, "langchain_core", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "langchain_core.structured_query", words)
    native = ENCODE(whereql.parse("a = 1 AND b < 2.5"), form="object", schema="inferred").native
    assert (native.operator, [each.comparator for each in native.arguments]) == ("and", ["eq", "lt"])
    assert DECODE(native) == whereql.parse("a = 1 AND b < 2.5")
    assert ENCODE(whereql.parse("TRUE"), form="object").native is None
    monkeypatch.setitem(sys.modules, "langchain_core.structured_query", None)
    with pytest.raises(BackendError, match="WQ711") as caught:
        ENCODE(whereql.parse("a = 1"), form="object", store="chroma")
    assert "pip install langchain-core" in str(caught.value.hint)


_TOKENS = Lark(
    r"""start: (WORD | STRING | NUMBER | SIGN | DATE)*
    STRING.2: /'[^']*'/ | /"(?:.*?)(?<!\\)(?:\\\\)*?"/
    DATE.3: /["']?\d{4}-[01]\d-[0-3]\d["']?/
    WORD: /[A-Za-z_]+/
    NUMBER: /-?[0-9.]+/
    SIGN: /[(),\[\]]/
    %ignore /\s+/
    """,
    parser=None,
    lexer="basic",
)


def tokenize(native: str) -> list[tuple[str, Any]]:
    """LangChain's tokens: a string ends at the next quote of its kind and loses all quotes at its ends; the first of a comparison is a name."""
    found: list[tuple[str, Any]] = []
    for token in _TOKENS.lex(native):
        kind = token.type.lower()
        is_name = kind == "string" and len(found) > 1 and found[-1] == ("sign", "(") and found[-2][0] == "word"
        found.append(("name" if is_name else kind, str(token).strip("\"'") if kind == "string" else str(token)))
    return found


def test_no_key_and_no_value_is_more_than_that() -> None:
    assert check_injection(DIALECT, tokenize, store="qdrant", schema="inferred", takes_key=lambda key: key.isalpha()) > 300
    assert check_injection(DIALECT, tokenize, store="chroma", seed=2) > 300


def test_defect_1_not_is_never_dropped() -> None:
    assert ENCODE(whereql.parse("NOT s = 'apple'"), store="qdrant", schema="inferred").native == "not(eq('s', 'apple'))"
    assert DECODE('not(eq("s", "apple"))') == whereql.parse("NOT s = 'apple'")


def test_defect_2_groups_keep_their_parentheses() -> None:
    expr = whereql.parse("(n = 5 OR n = 0) AND b = FALSE")
    assert ENCODE(expr, store="chroma").native == "and(or(eq('n', 5), eq('n', 0)), eq('b', false))"
    assert DECODE("and(or(eq('n', 5), eq('n', 0)), eq('b', false))") == expr


def test_defect_5_a_float_to_be_equal_to_is_a_range_for_qdrant() -> None:
    assert ENCODE(whereql.parse("f = 1.5"), store="qdrant", schema="inferred").native == "and(gte('f', 1.5), lte('f', 1.5))"
    with pytest.raises(TranslateError):
        ENCODE(whereql.parse("s LIKE '%an%'"), store="qdrant")  # not MatchText("%an%"), which finds nothing


def test_defect_6_ne_is_the_complement_or_refused() -> None:
    different = DECODE('ne("s", "apple")')
    assert different == whereql.parse("s != 'apple'")
    with pytest.raises(TranslateError):
        ENCODE(different)
    with pytest.raises(WhereqlError):
        ENCODE(different, store="pgvector")  # no store that LangChain's translator writes for in vain


def test_defect_8_one_condition_needs_no_and_and_lists_are_said() -> None:
    assert DECODE('and(eq("n", 5))') == whereql.parse("n = 5")
    assert ENCODE(DECODE('and(eq("n", 5))'), store="chroma").native == "eq('n', 5)"
    assert ENCODE(whereql.parse("n IN (5, 7)"), store="chroma").native == "or(eq('n', 5), eq('n', 7))"
    assert ENCODE(whereql.parse("NOT (n = 5 OR m IN (1, 2))"), store="chroma").native == "and(ne('n', 5), ne('m', 1), ne('m', 2))"
    assert whereql.translate('and(eq("n", 5))', "langchain", "chroma").native == {"n": 5}
    assert whereql.translate('not(in("n", [5, 7]))', "langchain", "chroma").native == {"n": {"$nin": [5, 7]}}


def test_the_error_of_a_number_that_is_too_large_has_a_place() -> None:
    with pytest.raises(WhereqlError, match="WQ305 at 1:9"):
        DECODE('eq("a", 99999999999999999999)')
    with pytest.raises(WhereError, match=r"\$\.value"):
        DECODE({"comparator": "eq", "attribute": "a", "value": float("nan")})
