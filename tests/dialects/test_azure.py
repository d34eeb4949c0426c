"""Azure AI Search: no service runs here. By its documented grammar and table of null, and by the lexer of a library that reads OData."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from azure_evaluator import find, tokenize
from foreign import Worker, worker
from injection import check_injection
from proving import Evaluator, prove
from search_records import declared

import whereql
from whereql.ast import Field, Literal, Op, Predicate
from whereql.dialect import Dialect
from whereql.dialects.search.azure import DIALECT, constant
from whereql.errors import ParseError, TranslateError, UnsupportedError, WhereqlError
from whereql.records import Record, make_record
from whereql.testing import DialectContract
from whereql.testing.dialects import Run


def native(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **options).native


def read(source: str) -> str:
    return whereql.to_text(DIALECT.decode(source))


class TestAzure(DialectContract):
    lacks = frozenset({"mixed kinds", "odd keys"})  # a field has one type; its name is a word
    examples = (
        ("Rating ge 3 and Rating le 5", "Rating BETWEEN 3 AND 5"), ("Details/Sku ne null", "`Details/Sku` IS NOT NULL"), ("ParkingIncluded", "ParkingIncluded = TRUE"),
        ("not ParkingIncluded and 3 le Rating", "NOT ParkingIncluded = TRUE AND Rating >= 3"), ("Category eq 'Don''t'", "Category = 'Don''t'"), ("Tags/any()", "Tags IS NOT NULL"),
        ("search.in(HotelName, 'Sea View motel|Budget hotel', '|')", "HotelName IN ('Sea View motel', 'Budget hotel')"), ("search.in(k, 'a, b c')", "k IN ('a', 'b', 'c')"),
        ("Tags/all(tag: not search.in(tag, 'motel, cabin'))", "Tags NOT HAS ANY ('motel', 'cabin')"), ("seasons/all(s: s ne 'winter' and s ne 'fall')", "seasons NOT HAS ANY ('winter', 'fall')"),
        ("seasons/any(s: s eq 'winter' or s eq 'fall')", "seasons HAS ANY ('winter', 'fall')"), ("flags/any(f: not f) or flags/any(f: f)", "flags HAS FALSE OR flags HAS TRUE"),
        ("a eq 1 or b eq 2 and not (c lt 3)", "a = 1 OR (b = 2 AND NOT c < 3)"), ("null eq k or true", "k IS NULL OR TRUE"), ("k eq -1.5e-3", "k = -0.0015"), ("search.in(k, 'a') eq false", "k != 'a'"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Dialect:
        return DIALECT

    @pytest.fixture
    def run(self) -> Run:
        return find

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"schema": declared(records)}


def test_proof_by_documentation() -> None:
    proof = prove("azure", DIALECT, Evaluator(find), lacks=TestAzure.lacks, options=lambda records: {"schema": declared(records)}, seed=500, variant="declared")
    assert proof.exact > proof.filters * 0.35


def test_a_complement_holds_without_the_key() -> None:
    assert native("NOT k < 5 AND k != 'a' AND NOT t HAS 'a'", schema={"k": "string", "t": "string[]"}) == "k ne 'a' and not (t/any(e: e eq 'a'))"
    assert native("NOT k < 5") == "not (k lt 5)" != native("k >= 5")
    records = [make_record("a", metadata={"k": 6}), make_record("b"), make_record("c", metadata={"k": 1})]
    assert find("not (k lt 5)", records) == ["a", "b"] and find("k ge 5", records) == ["a"]


def test_not_stands_before_parentheses() -> None:
    """By the grammar, `not s eq 'a'` is a comparison of `not s`."""
    with pytest.raises(ParseError, match="not binds tighter"):
        read("not s eq 'a'")
    assert read("not (s eq 'a')") == "s != 'a'"
    assert native("NOT (a < 1 OR b < 2)") == "not (a lt 1) and not (b lt 2)"
    assert native("a = 1 AND (b = 2 OR c = 3)") == "a eq 1 and (b eq 2 or c eq 3)"


def test_defect_21_null_is_asked_as_the_table_has_it() -> None:
    assert read("null eq n") == "n IS NULL"
    assert native("n IS NULL") == "n eq null"
    records = [make_record("a", metadata={"n": 1}), make_record("b")]
    assert find(native("n IS NULL"), records) == ["b"] and find(native("n != 1"), records) == ["b"]
    with pytest.raises(TranslateError, match="ismatch is analysed"):  # no pattern that an operand could have wildcards in
        native("s CONTAINS '%'")


def test_defect_22_one_meaning_whatever_reads_it() -> None:
    for source in ("not s eq 'apple' and n ge 0", "n div 2 eq 2", "n mod 2 eq 1"):
        with pytest.raises((ParseError, UnsupportedError)):
            DIALECT.decode(source)
    assert read("not (s eq 'apple') and n ge 0") == "s != 'apple' AND n >= 0"


def test_lists() -> None:
    assert native("k IN ('a', 'b')") == "k eq 'a' or k eq 'b'"
    assert native("k IN ('a', 'b', 'c|', '', ' d', 'it''s')") == "search.in(k, 'a,b,c|,it''s', ',') or k eq '' or k eq ' d'"
    assert native("k NOT IN ('a', 'b', 'c')") == "not (search.in(k, 'a|b|c', '|'))"
    assert native("k IN (1, 2.5)") == "k eq 1 or k eq 2.5"
    assert native("t HAS ANY ('a', 'b', 'c')") == "t/any(e: search.in(e, 'a|b|c', '|'))"
    assert native("e HAS 1") == "e/any(x: x eq 1)"  # the variable is none of the field's name
    with pytest.raises(TranslateError, match="more than 100 comparisons"):
        DIALECT.encode(whereql.F("k").is_in(range(0, 400, 2)))
    assert DIALECT.encode(whereql.F("k").is_in([f"v{n}" for n in range(5000)])).exact


@pytest.mark.parametrize("separator", ["|", "|,;~^\t\x1f"])
def test_a_list_has_a_separator_that_no_value_has(separator: str) -> None:
    values = [f"a{separator}b", "c", "d'e"]
    source = DIALECT.encode(whereql.F("k").is_in(values)).native
    assert DIALECT.decode(source) == whereql.F("k").is_in(values)


def test_types() -> None:
    assert native("k > 1.5", schema={"k": "int"}) == "k ge 2"
    assert native("k = 9007199254740993", schema={"k": "int"}) == "k eq 9007199254740993"
    assert native("k > 9007199254740993", schema={"k": "float"}) == "k ge 9007199254740994.0"
    assert native("k = '5' OR k = TRUE", schema={"k": "int"}) == "false or false" or native("k = '5'", schema={"k": "int"}) == "false"
    assert native("k = 2.0 AND k < 1e300", schema={"k": "float"}) == "k eq 2.0 and k lt 1e+300"
    with pytest.raises(TranslateError, match="the field may be one"):
        native("k = 9007199254740993")
    with pytest.raises(TranslateError, match="a field has one type"):
        native("k = 1 OR k = 'a'")
    with pytest.raises(TranslateError, match="orders numbers and dates only"):
        native("k > 'a'")
    more = DIALECT.encode(whereql.parse("k > 9007199254740992"), allow_residual=True, schema={"k": ["int", "float"]})
    assert (more.native, more.exact) == ("k ge 9007199254740992", False)


@pytest.mark.parametrize("key", ["", "a.b", "é", "a b", "1a", "and", "null", "a/", "a/null", "azureSearch_x", "k" * 129, "a'", "not", "NOT"])
def test_keys_that_name_no_field_are_refused(key: str) -> None:
    with pytest.raises(TranslateError, match="rename the key"):
        DIALECT.encode(whereql.F(key) == 1)


REFUSED = [
    "search.ismatch('a')", "search.ismatchscoring('a', 'k') and a eq 1", "geo.distance(l, geography'POINT(1 2)') lt 2", "d gt 2020-01-01T00:00:00Z", "x eq NaN", "x lt -INF",
    "rooms/any(r: r/type eq 'a')", "k/any(x: x gt 1)", "k/any(x: x eq 1 and x eq 2)", "k/all(x: x eq 1)", "search.in(k, 'a, b', ',')",
]  # fmt: skip


@pytest.mark.parametrize("source", REFUSED)
def test_what_is_no_filter_is_refused_by_name_and_place(source: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        DIALECT.decode(source)
    assert caught.value.code == "WQ504" and caught.value.span and caught.value.hint


@pytest.mark.parametrize("source", ["", "k", "k lt null", "k eq", "k eq b", "(k eq 1", "k eq 'a", "k = 1", "k EQ 1", "5", "k gt true", "any(x: 1)", "k eq 1 AND a eq 2", "x/any(y)", "'a' eq 'b'", "k eq 1 k"])
def test_a_mistake_has_a_place(source: str) -> None:
    if source == "k":
        assert read(source) in ("k", "k = TRUE")
        return
    with pytest.raises(ParseError) as caught:
        DIALECT.decode(source)
    assert caught.value.span and caught.value.hint


@pytest.mark.parametrize("source", ["(" * 5000 + "a" + ")" * 5000, "not (" * 5000 + "a" + ")" * 5000, "k/any(x: " + "(" * 5000, "'" * 100_001, "a eq 1 or " * 20_000 + "a"])
def test_hostile_sources_are_errors(source: str) -> None:
    with pytest.raises(WhereqlError):
        DIALECT.decode(source)


def test_injection() -> None:
    assert check_injection(DIALECT, tokenize) > 500


def test_injection_into_a_list() -> None:
    """Three strings and more go into one."""
    for value in ("', '", "a|b", "'", "''", "');", "|", "x' or true or '"):
        values = (value, "plain1", "plain2")
        source = DIALECT.encode(Predicate(Field("k"), Op.IN, tuple(map(whereql.literal, values)))).native
        tokens = tokenize(source)
        [listed, separator] = [text for kind, text in tokens if kind == "string"][:2]
        assert len(separator) == 1 and set(listed.split(separator)) <= set(values)
        assert [kind for kind, _ in tokens][:8] == ["name", "sign", "name", "sign", "string", "sign", "string", "sign"]


@pytest.fixture(scope="module")
def lexer() -> Iterator[Worker]:
    with worker("odata_lexer", own=True) as started:
        yield started


@pytest.mark.engines
def test_injection_with_the_lexer_of_odata_query(lexer: Worker) -> None:
    records: list[Record] = []

    def tokens(source: str) -> list[tuple[str, Any]]:
        return [tuple(json.loads(token)) for token in lexer.run(source, records)]

    def takes_key(key: str) -> bool:
        return not key.lower().startswith(("true", "false", "null"))  # its lexer cuts `truely` into `true` and `ly`

    assert check_injection(DIALECT, tokens, takes_key=takes_key) > 500


def test_constants() -> None:
    assert [constant(whereql.literal(value)) for value in ("it's", True, 5, -1.5, 5e-324, 1e16)] == ["'it''s'", "true", "5", "-1.5", "5e-324", "1e+16"]
    assert isinstance(whereql.literal(1), Literal)
