"""RediSearch: written by its documentation and its published lexer; no Redis with a search module runs here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from foreign import Run, worker
from injection import check_injection
from proving import Evaluator, Proof, prove, record
from redis_by_documentation import Index, tokens

import whereql
from whereql.ast import Const, Field, Op, Predicate
from whereql.dialects.search.redis import DIALECT
from whereql.errors import TranslateError, WhereqlError
from whereql.records import Record, make_record, stored_kind
from whereql.testing import DialectContract

KNOWN = {"lang": "string", "year": "int", "tags": "string[]", "sizes": "float[]", "draft": "bool", "note": "string"}


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **{"schema": KNOWN, "casesensitive": True, **options}).native


def left(text: str, **options: Any) -> tuple[Any, str]:
    translation = DIALECT.encode(whereql.parse(text), allow_residual=True, **{"schema": KNOWN, "casesensitive": True, **options})
    return translation.native, "TRUE" if translation.residual is None else whereql.to_text(translation.residual)


def schema_of(records: Sequence[Record]) -> dict[str, str]:
    kinds: dict[str, set[str]] = {}
    for each in records:
        for key, value in (each.metadata or {}).items():
            kinds.setdefault(key, set()).add(stored_kind(value))
    return {key: next(iter(found - {"[]"}), "int[]") for key, found in kinds.items()} or {"nothing": "int"}


class TestRedis(DialectContract):
    """Run by the documentation: see `redis_by_documentation`."""

    lacks = ("mixed kinds", "odd keys", "sparse vectors", "nul")
    is_exact_tag = True

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"schema": schema_of(trimmed(records)), "casesensitive": self.is_exact_tag, "indexmissing": True, "wildcards": True}

    @pytest.fixture
    def run(self) -> Run | None:
        def run(native: str, records: Sequence[Record]) -> list[str]:
            return Index(schema_of(records), case_sensitive=self.is_exact_tag, index_missing=True).find(native, records)

        return run

    def _random(self, seed: int) -> Any:
        records, filters = super()._random(seed)
        return trimmed(records), filters


class TestRedisByDefault(TestRedis):
    """TAG fields that ignore case."""

    is_exact_tag = False


@pytest.mark.parametrize("is_exact_tag", [True, False])
def test_proof_by_documentation(is_exact_tag: bool) -> None:
    def options(records: Sequence[Record]) -> Mapping[str, Any]:
        return {"schema": schema_of(records), "casesensitive": is_exact_tag, "indexmissing": True, "wildcards": True}

    def run(native: Any, records: Sequence[Record]) -> list[str]:
        return Index(schema_of(records), case_sensitive=is_exact_tag, index_missing=True).find(native, records)

    prove("redis", DIALECT, Evaluator(run), lacks=TestRedis.lacks, fit=trimmed, options=options, variant="tags with case" if is_exact_tag else "tags without case")


def trimmed(records: Sequence[Record]) -> list[Record]:
    """The records without white space around strings and without empty strings: on that an exact TAG rests, as its note says."""

    def fitted(value: Any) -> Any:
        return [fitted(item) for item in value] if isinstance(value, list) else value.strip(" \t\n\v\f\r") or "x" if isinstance(value, str) else value

    return [make_record(each.id, document=each.document, uri=each.uri, metadata={key: fitted(value) for key, value in (each.metadata or {}).items()}) for each in records]


def test_complements_find_records_without_the_key() -> None:
    assert written("lang != 'en'") == "-@lang:{en}"
    assert written("NOT year > 5") == "-@year:[(5 +inf]"  # `@year:[-inf 5]` would lose records without the key
    assert written("year IS NOT NULL") == "@year:[-inf +inf]"
    assert left("lang IS NOT NULL") == ("*", "lang IS NOT NULL")
    assert written("lang IS NOT NULL", indexmissing=True) == "-ismissing(@lang)"
    assert left("tags IS NULL", indexmissing=True) == ("ismissing(@tags)", "tags IS NULL")  # an empty array is missing to Redis, too


def test_a_tag_ignores_case_unless_it_is_declared() -> None:
    assert left("lang = 'en'", casesensitive=False) == ("@lang:{en}", "lang = 'en'")
    assert left("lang != 'en'", casesensitive=False) == ("*", "lang != 'en'")  # `-@lang:{en}` would lose EN
    assert written("draft AND lang = 'en'") == "@draft:{true} @lang:{en}"


def test_what_is_not_declared_may_be_an_array() -> None:
    assert left("lang = 'en'", schema=None) == ("@lang:{en}", "lang = 'en'")
    assert written("lang = 'en'", schema="inferred") == "@lang:{en}"
    assert left("tags HAS 'a'", schema={"tags": ["string", "string[]"]}) == ("@tags:{a}", "tags HAS 'a'")
    assert written("tags HAS ANY ('a', 'b')") == "@tags:{a | b}" and written("tags HAS ALL ('a', 'b')") == "@tags:{a} @tags:{b}"
    with pytest.raises(TranslateError, match="TAG or NUMERIC"):
        written("k = 1 OR k = 'x'", schema=None)


def test_white_space_around_a_tag_is_dropped() -> None:
    assert left("lang = ' en '") == ("@lang:{en}", "lang = ' en '")
    assert left("lang = ''") == ("*", "lang = ''") and left("lang = ''", indexempty=True) == ('@lang:{""}', "TRUE")
    assert DIALECT.encode(whereql.parse("lang = 'en'"), schema=KNOWN, casesensitive=True).notes[0].reason == "if no stored string has white space at its ends"


def test_numbers_are_doubles() -> None:
    assert written("sizes HAS 0.5 AND year < 2020") == "@sizes:[0.5 0.5] @year:[-inf (2020]"
    assert left("year > 9007199254740993") == ("@year:[9007199254740992.0 +inf]", "year > 9007199254740993")
    assert left("year = 9007199254740992") == ("@year:[9007199254740992.0 9007199254740992.0]", "year = 9007199254740992")
    assert left("year != 9007199254740993") == ("*", "year != 9007199254740993")
    assert written("year <= 1e300") == "@year:[-inf 1e300]"  # the lexer knows no 1e+300
    assert written("sizes HAS 1e18") == "@sizes:[1e18 1e18]"


def test_parts_are_said_only_where_they_may_be() -> None:
    assert left("lang STARTS WITH 'en'") == ("*", "lang STARTS WITH 'en'")  # Redis stops after 200 different values
    assert written("lang STARTS WITH 'en'", wildcards=True) == "@lang:{en*}"
    assert written("lang CONTAINS 'a*' AND lang ENDS WITH 'b c'", wildcards=True) == "@lang:{*a\\**} @lang:{*b\\ c}"
    assert left("lang STARTS WITH 'e'", wildcards=True)[0] == "*"
    for text in ("lang LIKE 'a%'", "lang MATCHES 'a'", "lang > 'a'", "#document CONTAINS 'a'", "#id = '1'"):
        assert left(text)[0] == "*"
    assert written("#id = '1'", id="key") == "@key:{1}"


def test_or_and_negation_stand_in_parentheses() -> None:
    assert written("lang = 'en' AND (year = 1 OR lang != 'de') AND NOT draft") == "@lang:{en} (@year:[1 1] | (-@lang:{de})) -@draft:{true}"
    assert written("(lang = 'en' AND year = 1) OR draft") == "((@lang:{en} @year:[1 1]) | @draft:{true})"
    assert written("year NOT IN (1, 2)") == "-(@year:[1 1] | @year:[2 2])"


def test_words_of_the_lexer_are_quoted() -> None:
    assert written("lang IN ('as', 'inf', 'isempty')") == "@lang:{w'as' | w'inf' | w'isempty'}"


def test_a_separator_splits_a_value() -> None:
    assert left("lang = 'a,b'", separator=",") == ("*", "lang = 'a,b'")
    assert "separator" in DIALECT.encode(whereql.parse("lang = 'a'"), schema=KNOWN, casesensitive=True, separator=",").notes[0].reason
    with pytest.raises(WhereqlError, match="no separator"):
        written("lang = 'a'", separator="ab")


def test_defect_26_an_empty_list_does_not_find_everything() -> None:
    native = written("lang IN ()")
    assert native != "*"
    expr = Predicate(Field("lang"), Op.IN, ())
    native = DIALECT.encode(expr & Predicate(Field("year"), Op.EQ, whereql.literal(1)), schema=KNOWN).native
    records = [make_record("1", metadata={"lang": "en", "year": 0}), make_record("2")]
    assert Index(KNOWN, case_sensitive=True, index_missing=False).find(native, records) == []
    with pytest.raises(TranslateError):
        DIALECT.encode(Const(False))


def tokenize(native: str) -> list[tuple[str, str]]:
    return [("name", text[1:]) if kind == "modifier" else ("string" if kind in ("term", "number", "wildcard") else kind, text.removeprefix("w'").removesuffix("'") if kind == "wildcard" else text) for kind, text in tokens(native)]


def test_hostile_keys_and_values_stay_one_token() -> None:
    assert check_injection(DIALECT, tokenize, casesensitive=True, schema="inferred") > 100


@pytest.mark.engines
def test_filters_look_as_those_of_redisvl() -> None:
    values: list[Any] = ["en", "a-b c", "$x{y}|z\\w", "a,b.c:d;e'f\"g", "é _*%", "2020", 5, -5, 0.5, 10**15]
    with worker("redisvl_filters", own=True) as redisvl:
        for value in values:
            for op, sign in (("=", "=="), ("!=", "!="), *(() if isinstance(value, str) else (("<", "<"), (">=", ">="), (">", ">"), ("<=", "<=")))):
                predicate = whereql.bind(whereql.parse(f"k {op} :v"), {"v": value})
                ours = DIALECT.encode(predicate, schema="inferred", casesensitive=True).native
                theirs = redisvl.run(["k", sign, value], [])[0]
                if theirs.startswith("(-"):
                    theirs = theirs[1:-1]
                assert tokens(ours) == [(kind, text) for kind, text in tokens(theirs)], (ours, theirs)
                record("redis", "shaped", redisvl.versions, Proof(1))
