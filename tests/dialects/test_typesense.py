"""Typesense: no server runs here. By its documentation and its open source, with an evaluator of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from injection import check_injection
from proving import COUNT, Evaluator, prove
from search_records import by_line, declared
from typesense_evaluator import find, parts, tokenize

import whereql
from whereql.dialect import Dialect
from whereql.dialects.search.typesense import DIALECT
from whereql.errors import ParseError, TranslateError, UnsupportedError, WhereqlError
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.testing import DialectContract
from whereql.testing.dialects import Run
from whereql.testing.generators import COMBINATIONS, FilterMaker, Generator

SCHEMA = {"n": "int", "r": "int!", "x": "float", "b": "bool", "q": "bool!", "s": "string", "t": "string[]", "i": "int[]"}


def native(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **{"schema": SCHEMA, **options}).native


def superset(text: str, **options: Any) -> Any:
    translation = DIALECT.encode(whereql.parse(text), allow_residual=True, **{"schema": SCHEMA, **options})
    assert not translation.exact
    return translation.native


def read(source: Any, **options: Any) -> str:
    return whereql.to_text(DIALECT.decode(source, **options))


def required(records: Sequence[Record]) -> dict[str, list[str]]:
    """The schema, with `!` where every record has the key."""
    return {key: [*kinds[:-1], f"{kinds[-1]}!"] if all(key in (record.metadata or {}) for record in records) else kinds for key, kinds in declared(records).items()}


class TestTypesense(DialectContract):
    lacks = frozenset({"mixed kinds"})  # a field has one type
    examples = (
        ("rating:<=10", "rating <= 10"), ("num_employees:[10..100, 140]", "num_employees = 140 OR num_employees HAS 140 OR num_employees BETWEEN 10 AND 100"),
        ("country:=[USA, `Ca,na`] && n:>40", "(country IN ('USA', 'Ca,na') OR country HAS ANY ('USA', 'Ca,na')) AND n > 40"), ("n:>40 || n:<10 && m:>1", "(n > 40 OR n < 10) AND m > 1"),
        ("n:>40 || (n:<10 && m:>1)", "n > 40 OR n < 10 AND m > 1"), ("author:!=`it's`", "NOT (author = 'it''s' OR author HAS 'it''s')"), ("id:=[a, b]", "#id IN ('a', 'b')"), ("id: a", "#id = 'a'"),
        ("k:=true", "k OR k HAS TRUE"), ("title:= `a (b) && c:d`", "title = 'a (b) && c:d' OR title HAS 'a (b) && c:d'"), ("", "TRUE"), ("k:=[>5, <-1.5]", "k > 5 OR k < -1.5"), ("a:=Jo*", "a STARTS WITH 'Jo'"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Dialect:
        return DIALECT

    @pytest.fixture(params=[True, False], ids=["finds missing", "loses missing"])
    def run(self, request: pytest.FixtureRequest) -> Run:
        """Either way, since it is not documented whether != finds documents without the field."""
        return lambda native, records: find(native, records, finds_missing=request.param)

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"schema": required(records)}


def test_proof_by_documentation() -> None:
    """By either way to read what isn't documented."""
    for seed, finds_missing in enumerate((True, False)):
        prove("typesense", DIALECT, Evaluator(partial(find, finds_missing=finds_missing)), lacks=TestTypesense.lacks, options=lambda records: {"schema": required(records)}, seed=seed * 10_000, variant="declared")


@pytest.mark.parametrize("is_declared", [True, False])
def test_scalars_and_arrays_under_one_key_lose_nothing(is_declared: bool) -> None:
    for seed in range(COUNT // 50):
        generator = Generator(seed + 4000)
        records = by_line(generator.records(25))
        maker = FilterMaker(generator.random, records)
        for turn in range(50):
            expr = maker.filter(COMBINATIONS[(seed * 50 + turn) * 7 % len(COMBINATIONS)])
            translation = DIALECT.encode(expr, allow_residual=True, **({"schema": required(records)} if is_declared else {}))
            for finds_missing in (True, False):
                found = set(find(translation.native, records, finds_missing=finds_missing))
                got = {record.id for record in records if record.id in found and (translation.residual is None or holds(translation.residual, record))}
                assert got == {record.id for record in records if holds(expr, record)}, (whereql.to_text(expr), translation.native)


def test_and_and_or_bind_alike() -> None:
    """The tempting wrong answer: `a || b && c` without parentheses is `(a || b) && c` there."""
    assert native("n > 1 OR r > 2 AND b") == "n:>1 || (r:>2 && b:=true)"
    assert native("(n > 1 OR r > 2) AND b") == "(n:>1 || r:>2) && b:=true"
    record = make_record("a", metadata={"n": 5, "b": False})
    assert find("n:>1 || r:>2 && b:=true", [record], finds_missing=True) == [] and find("n:>1 || (r:>2 && b:=true)", [record], finds_missing=True) == ["a"]


def test_ints_and_bools_are_exact() -> None:
    assert native("n > 1.5 AND n <= 10 AND n IN (1, 2.0, 2.5)") == "n:>=2 && n:<=10 && n:=[1,2]"
    assert native("n = 9007199254740993 OR i HAS ANY (1, 2)") == "n:=9007199254740993 || i:=[1,2]"


def test_a_complement_needs_a_key_that_is_always_there() -> None:
    assert native("NOT r > 5 AND r NOT IN (1, 30) AND q != TRUE") == "r:<=5 && r:!=[1,30] && q:!=true"
    assert native("r != 1") == "r:!=1"
    for text in ("NOT n > 5", "n != 1", "b != TRUE", "i NOT HAS 1"):
        with pytest.raises(TranslateError, match="is not the same for all values") as caught:
            native(text)
        assert "!'" in str(caught.value.hint)
    with pytest.raises(TranslateError, match="nothing asks whether a field is there"):
        native("n IS NULL")


def test_strings_and_floats_are_a_superset() -> None:
    record = make_record("a", metadata={"s": "E.N", "x": 0.1 + 1e-10})
    assert find("s:=`en`", [record], finds_missing=True) == ["a"] and not holds(whereql.parse("s = 'en'"), record)
    assert superset("s = 'en'") == "s:=`en`" and superset("s IN ('a', 'b,c')") == "s:=[`a`,`b,c`]" and superset("s != 'en'") == ""
    assert superset("x > 0.1") == "x:>=0.1" and superset("NOT x > 0.1") == "" and superset("x = 1e300") == ""
    assert superset("k = 5", schema=None) == "k:=5" and superset("k = TRUE", schema=None) == "k:=true"
    assert superset("k = 5", schema={"k": ["int", "int[]"]}) == "k:=5" and superset("k != 5", schema={"k": ["int!", "int[]!"]}) == ""
    for text in ("", "'", "a`b", "a\\", "a*", "\n", "x" * 101, "日本"):
        assert DIALECT.encode(whereql.F("s") == text, schema=SCHEMA, allow_residual=True).native == ""


def test_ids_are_looked_up() -> None:
    assert native("#id IN ('a,b', 'c')") == "id:=[`a,b`,`c`]"
    for text in ("#id != 'a'", "#id > 'a'", "#id = 'a`b'", "#id = ' a'"):
        with pytest.raises(TranslateError):
            native(text)


@pytest.mark.parametrize("key", ["", "id", "a b", "a:b", "$a", "a(b", "a`", "é", "1a", "a&&b"])
def test_keys_that_name_no_field_are_refused(key: str) -> None:
    with pytest.raises(TranslateError, match="rename the key"):
        DIALECT.encode(whereql.F(key) == 1, schema={key: "int"})


def test_it_stays_within_the_limits() -> None:
    deep = whereql.F("k") > 0
    for level in range(60):
        deep = (deep & (whereql.F(f"a{level}") > level)) | (whereql.F(f"b{level}") > level)
    assert len(tokenize(DIALECT.encode(deep, allow_residual=True).native)) <= 100
    wide = whereql.And([whereql.F(f"k{n}") > n for n in range(25)])
    assert len(tokenize(DIALECT.encode(wide, schema={f"k{n}": "int" for n in range(25)}).native)) == 49


def test_reading_by_the_schema() -> None:
    schema = {"n": "int", "s": "string", "t": "string[]", "b": "bool"}
    assert read("n:5 && s:=5 && t:=[a,5] && b:true", schema=schema) in ("n = 5 AND s = '5' AND t HAS ANY ('a', '5') AND b", "n = 5 AND s = '5' AND t HAS ANY ('a', '5') AND b = TRUE")


REFUSED = ["country:USA", "country:!USA", "country:[USA, UK]", "loc:(48.9, 2.3, 5 km)", "$Customers(id:=1)", "a:=1 && $b(c:=2)"]


@pytest.mark.parametrize("source", REFUSED)
def test_what_is_no_filter_is_refused_by_name_and_place(source: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        DIALECT.decode(source)
    assert caught.value.code == "WQ504" and caught.value.span and caught.value.hint


@pytest.mark.parametrize("source", ["a", "a:", "a b:=1", "(a:=1", "a:=1 b", "a:=1 && ", "a:>x", "a:=[1", "a:=1]", "a & b", "a:=`x", 5, "a:=1 AND b:=2"])
def test_a_mistake_is_an_error(source: Any) -> None:
    if source in ("a:=1 b", "a:=1 AND b:=2"):  # a value may have blanks: this is one string
        assert "'" in read(source)
        return
    with pytest.raises(ParseError) as caught:
        DIALECT.decode(source)
    assert caught.value.hint


@pytest.mark.parametrize("source", ["(" * 5000 + "a:=1" + ")" * 5000, "`" * 100_001, "a:=[" + "1," * 200_000 + "1]", "a:=1 || " * 12_000 + "a:=1"])
def test_hostile_sources_are_errors(source: str) -> None:
    with pytest.raises(WhereqlError):
        DIALECT.decode(source)


def test_injection() -> None:
    """Strings are a superset: each pair that is written has a residual; the native part is looked at all the same."""

    class Knowing:
        @staticmethod
        def encode(expr: whereql.Expr, **options: Any) -> Any:
            whole = expr.arg if isinstance(expr, whereql.Not) else expr
            translation = DIALECT.encode(whole, allow_residual=True)
            return type("Shown", (), {"native": translation.native, "exact": translation.native != ""})

    def tokens(source: str) -> list[tuple[str, str]]:
        [token] = tokenize(source)
        name, sign, values = parts(token)
        return [("name", name), ("sign", sign), *(("string", value) for value in values)]

    assert check_injection(Knowing, tokens) > 100

@pytest.mark.parametrize("source", ["k:>3", "k:[1..3]", "k:!=[a, 1..3]", "k:=a*"])
def test_a_test_of_the_elements_of_a_declared_array_is_refused(source: str) -> None:
    DIALECT.decode(source)
    with pytest.raises(UnsupportedError, match="a test of elements"):  # it would be no element's, and find nothing
        DIALECT.decode(source, schema={"k": ["int[]", "string[]"]})

