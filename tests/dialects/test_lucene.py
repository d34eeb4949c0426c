"""Lucene's query strings, on Lucene itself (`pytest -m engines`); what is written is also held against a strict lexer of the classic grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from foreign import Worker
from injection import check_injection
from lucene_engine import lucene
from proving import COUNT, Proof, prove, prove_set
from search_records import by_line, declared

import whereql
from whereql.dialect import Dialect
from whereql.dialects.search.lucene import DIALECT, bound, field, pattern, phrase
from whereql.errors import TranslateError, UnsupportedError
from whereql.records import Record
from whereql.testing import DialectContract
from whereql.testing.dialects import Run
from whereql.testing.generators import COMBINATIONS, FilterMaker, Generator

SCHEMA = {"s": "string", "t": "string[]", "b": "bool", "n": "int", "x": "float", "m": ["int", "float"]}


def native(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), schema=SCHEMA, **options).native


def options(records: Sequence[Record], parser: str) -> dict[str, Any]:
    return {"schema": declared(records), "parser": parser, "id": "_id"}


class TestClassic(DialectContract):
    lacks = frozenset({"mixed kinds"})  # a field has one type

    @pytest.fixture
    def dialect(self) -> Dialect:
        return DIALECT

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return options(records, "classic")


class TestStandard(TestClassic):
    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return options(records, "standard")


def test_and_and_or_never_meet() -> None:
    """The tempting wrong answer: in `a OR b AND c` the clause a is dropped, and `a OR NOT b` is a AND NOT b."""
    assert native("s = 'a' OR s = 'b' AND b") == 's:"a" OR (+s:"b" +b:true)'
    assert native("s = 'a' OR NOT s = 'b'") == 's:"a" OR (+*:* -s:"b")'
    assert native("(s = 'a' OR t HAS 'b') AND NOT (s = 'c' OR b)") == '+(s:"a" OR t:"b") -s:"c" -b:true'


def test_what_is_only_negative_finds_something() -> None:
    assert native("s != 'a'") == '+*:* -s:"a"'
    assert native("s != 'a' AND NOT b") == '+*:* -s:"a" -b:true'
    assert native("FALSE") == "+*:* -*:*" and native("TRUE") == "*:*"


def test_operators() -> None:
    assert native("s IN ('a', 'it\"s\\')") == 's:("a" OR "it\\"s\\\\")'
    assert native("s > 'a b' AND s <= 'TO'") == r"+s:{a\u0020b TO *] +s:[* TO \u0054\u004f]"
    assert native("s > ''") == '(+s:[* TO *] -s:"")' and native("s <= ''") == 's:""'
    assert native("s STARTS WITH 'a/b' AND t IS NULL") == r"+s:/a\/b.*/ -t:[* TO *]"
    assert native("s CONTAINS '\\'") == r"s:/.*[\\].*/"
    assert native("s ILIKE 'k_'") == "s:/[Kk\u212a]./"
    assert native("n > 5 AND x = 0 AND n != -5 AND m < 2.5", parser="standard") == "+n:[6 TO *] +(x:[0.0 TO 0.0] OR x:[-0.0 TO -0.0]) -n:[-5 TO -5] +m:[* TO 2.5}"
    assert native("x = 1e300 OR x = 5e-324", parser="standard") == "x:[1E300 TO 1E300] OR x:[5E-324 TO 5E-324]"


def test_numbers_need_a_parser_that_knows_them() -> None:
    with pytest.raises(TranslateError, match="only a field of terms"):
        DIALECT.encode(whereql.parse("k IS NOT NULL"))
    for text in ("n = 5", "n > 5", "n IS NULL"):
        with pytest.raises(TranslateError, match="takes a number for text"):
            native(text)
    with pytest.raises(TranslateError, match="takes a number for text"):
        DIALECT.encode(whereql.parse("k = 5"), parser="standard")  # nothing says that it has points


def test_arrays_and_undeclared_keys() -> None:
    more = DIALECT.encode(whereql.parse("k = 'a'"), allow_residual=True)
    assert (more.native, more.exact) == ('k:"a"', False)
    assert DIALECT.encode(whereql.parse("k != 'a'"), allow_residual=True).native == "*:*"
    assert native("t = 'a'") == "+*:* -*:*"


def test_names_and_values_are_escaped() -> None:
    assert [field(key) for key in ("a.b", "a b", "a:b", "AND", "a\u3000b", "*", "é", "u0041")] == ["a.b", "a\\ b", "a\\:b", "\\AND", "a\\\u3000b", "\\*", "é", "u0041"]
    assert phrase('"\\') == '"\\"\\\\"' and bound("😀*]") == r"\ud83d\ude00\u002a\u005d"
    assert pattern(r"a\\") == r"/a[\\]/" and pattern(r"[\\a]\/") == r"/[\\a]\//"
    with pytest.raises(TranslateError, match="a field has a name"):
        DIALECT.encode(whereql.F("") == "a")
    with pytest.raises(UnsupportedError, match="written only"):
        DIALECT.decode("a:b")


def test_it_stays_within_the_limits() -> None:
    translation = DIALECT.encode(whereql.F("s").is_in([f"{n}" for n in range(1200)]), schema=SCHEMA, allow_residual=True)
    assert not translation.exact
    assert DIALECT.encode(whereql.F("s").is_in([f"{n}" for n in range(1000)]), schema=SCHEMA).exact


_TOKEN = re.compile(r'[ \t\n\r\u3000]*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<regexp>/(?:[^/\\]|\\.)*/)|(?P<term>(?:[^ \t\n\r\u3000+\-!():^\[\]"{}~*?\\/]|\\.)(?:[^ \t\n\r\u3000!():^\[\]"{}~*?\\/]|\\.)*)|(?P<sign>[-+():*]))', re.DOTALL)


def tokenize(source: str) -> list[tuple[str, str]]:
    """The tokens of the classic grammar, as far as equality needs them; a field's name and a string as they are meant."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise ValueError(f"no token at {at}: {source!r}")
        kind, text = str(match.lastgroup), match.group(str(match.lastgroup))
        if kind == "term" and text not in ("AND", "OR", "NOT"):
            kind = "name"
        value = re.sub(r"\\(.)", r"\1", text[1:-1] if kind == "quoted" else text, flags=re.DOTALL)
        found.append(("string" if kind == "quoted" else kind, value))
        at = match.end()
    return found


def test_injection() -> None:
    def encode(expr: whereql.Expr, **options: Any) -> Any:
        keys = {each.subject.name: "string" for each in whereql.ast.predicates(expr) if isinstance(each.subject, whereql.ast.Field)}
        return DIALECT.encode(expr, **options, schema=keys)

    knowing = type("Knowing", (), {"encode": staticmethod(encode)})()
    assert check_injection(knowing, tokenize) > 1000


@pytest.fixture(scope="module")
def classic() -> Iterator[Worker]:
    with lucene("classic", document="document", uri="uri") as started:
        yield started


@pytest.fixture(scope="module")
def standard() -> Iterator[Worker]:
    with lucene("standard", document="document", uri="uri") as started:
        yield started


@pytest.mark.engines
class TestOnLucene:
    @pytest.mark.parametrize("parser", ["classic", "standard"])
    def test_proof(self, classic: Worker, standard: Worker, parser: str) -> None:
        engine = classic if parser == "classic" else standard
        proof = prove("lucene", DIALECT, engine, lacks={"mixed kinds"}, options=partial(options, parser=parser), variant=f"{parser} parser")  # a field has one type
        assert proof.exact > proof.filters * (0.4 if parser == "classic" else 0.6)

    @pytest.mark.parametrize("parser", ["classic", "standard"])
    def test_scalars_and_arrays_under_one_key(self, classic: Worker, standard: Worker, parser: str) -> None:
        for seed in range(2000, 2000 + COUNT // 50):
            generator = Generator(seed)
            records = by_line(generator.records(25))
            maker = FilterMaker(generator.random, records)
            filters = [maker.filter(COMBINATIONS[(seed * 50 + turn) * 7 % len(COMBINATIONS)]) for turn in range(50)]
            engine = classic if parser == "classic" else standard
            prove_set(DIALECT, engine, records, filters, options(records, parser), Proof())
            if parser == "classic":
                prove_set(DIALECT, engine, records, filters, {"id": "_id"}, Proof())


@pytest.mark.engines
class TestClassicOnLucene(TestClassic):
    filters = 30

    @pytest.fixture
    def run(self, classic: Worker) -> Run:
        return classic.run


@pytest.mark.engines
class TestStandardOnLucene(TestStandard):
    filters = 30

    @pytest.fixture
    def run(self, standard: Worker) -> Run:
        return standard.run
