"""Vespa: written by its documentation and its published grammar; no Vespa runs here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from foreign import Run, worker
from injection import check_injection
from proving import Evaluator, Proof, prove, record
from vespa_by_documentation import Attributes, tokens

import whereql
from whereql.ast import Field, Op, Predicate
from whereql.dialects.search.vespa import DIALECT
from whereql.errors import TranslateError
from whereql.records import Record, make_record, stored_kind
from whereql.testing import DialectContract
from whereql.values import INT_MIN

KNOWN = {"lang": "string", "year": "int", "size": "float", "tags": "string[]", "sizes": "int[]", "draft": "bool", "open": "bool!"}


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **{"schema": KNOWN, "cased": True, **options}).native


def left(text: str, **options: Any) -> tuple[Any, str]:
    translation = DIALECT.encode(whereql.parse(text), allow_residual=True, **{"schema": KNOWN, "cased": True, **options})
    return translation.native, "TRUE" if translation.residual is None else whereql.to_text(translation.residual)


def schema_of(records: Sequence[Record]) -> dict[str, str]:
    kinds: dict[str, set[str]] = {}
    for each in records:
        for key, value in (each.metadata or {}).items():
            kinds.setdefault(key, set()).add(stored_kind(value))
    return {key: next(iter(found - {"[]"}), "int[]") for key, found in kinds.items()} or {"nothing": "int"}


class TestVespa(DialectContract):
    """Run by the documentation: see `vespa_by_documentation`."""

    lacks = ("mixed kinds", "odd keys", "sparse vectors", "nul")
    is_cased = True

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"schema": schema_of(storable(records)), "cased": self.is_cased}

    @pytest.fixture
    def run(self) -> Run | None:
        def run(native: str, records: Sequence[Record]) -> list[str]:
            return Attributes(schema_of(records), is_cased=self.is_cased).find(native, records)

        return run

    def _random(self, seed: int) -> Any:
        records, filters = super()._random(seed)
        return storable(records), filters


class TestVespaByDefault(TestVespa):
    """String attributes that ignore case."""

    is_cased = False


@pytest.mark.parametrize("is_cased", [True, False])
def test_proof_by_documentation(is_cased: bool) -> None:
    def run(native: Any, records: Sequence[Record]) -> list[str]:
        return Attributes(schema_of(records), is_cased=is_cased).find(native, records)

    prove("vespa", DIALECT, Evaluator(run), lacks=TestVespa.lacks, fit=storable, options=lambda records: {"schema": schema_of(records), "cased": is_cased}, variant="cased" if is_cased else "not cased")


def storable(records: Sequence[Record]) -> list[Record]:
    """The records as Vespa can hold them: the least int is that of a field that isn't set, as the notes say."""

    def fitted(value: Any) -> Any:
        return INT_MIN + 1 if isinstance(value, int) and value == INT_MIN else value

    metadata = [{key: [fitted(item) for item in value] if isinstance(value, list) else fitted(value) for key, value in (each.metadata or {}).items()} for each in records]
    return [make_record(each.id, document=each.document, uri=each.uri, metadata=held) for each, held in zip(records, metadata, strict=True)]


def test_complements_find_documents_without_the_field() -> None:
    assert written("lang != 'en'") == 'true and !(lang contains "en")'
    assert written("NOT year > 5") == "true and !(year > 5)"  # `year <= 5` would lose documents without the field
    assert written("year IS NOT NULL") == "range(year, -Infinity, Infinity)" and written("size IS NULL") == "true and !(range(size, -Infinity, Infinity))"
    assert left("lang IS NOT NULL") == ("true", "lang IS NOT NULL")
    assert left("lang IS NULL") == ('true and !(lang matches ".")', "lang IS NULL")  # the empty string looks unset
    assert left("sizes IS NOT NULL")[0] == "true"


def test_a_bool_that_is_not_set_is_false() -> None:
    assert written("draft") == "draft = true" and written("NOT draft") == "true and !(draft = true)"
    assert left("draft = FALSE") == ("draft = false", "draft = FALSE")
    assert left("draft != FALSE") == ("true", "draft != FALSE")  # `!(draft = false)` would lose documents without the field
    assert written("open = FALSE") == "open = false"


def test_case_is_ignored_unless_declared() -> None:
    assert left("lang = 'en'", cased=False) == ('lang contains "en"', "lang = 'en'")
    assert left("lang != 'en'", cased=False) == ("true", "lang != 'en'")
    assert DIALECT.encode(whereql.parse("lang = 'en'"), schema=KNOWN, cased=True).notes[0].reason == "if the field is an attribute with match: word"


def test_text_is_a_superset() -> None:
    assert left("lang STARTS WITH 'a.b\"'") == ('lang matches "^a\\\\.b\\""', "lang STARTS WITH 'a.b\"'")
    assert left("lang LIKE 'ab%abcd_e'") == ('lang matches "abcd"', "lang LIKE 'ab%abcd_e'")
    assert left("lang NOT CONTAINS 'a'") == ("true", "lang NOT CONTAINS 'a'")
    for text in ("lang MATCHES 'a'", "lang ILIKE 'a'", "lang > 'a'", "lang = ''", "#id = '1'", "#document CONTAINS 'a'"):
        assert left(text)[0] == "true"
    assert written("#id = '1'", id="key") == 'key contains "1"'


def test_numbers_have_the_type_of_the_field() -> None:
    assert written("year = 5000000000 AND year < 2.5") == "year = 5000000000L and year <= 2"
    assert written("year IN (1, 2.0, 2.5)") == "year in (1, 2)" and written("size IN (1, 2.5)") == "size = 1.0 or size = 2.5"
    assert written("year = 2.5") == "false" and written("year != 2.5") == "true"
    assert written("size > 9007199254740993") == "size >= 9007199254740994.0"
    assert written("year > -9223372036854775808") == "year > -9223372036854775808L" or "range" in written("year >= -9223372036854775808")
    assert left("k > 2.5", schema=None) == ("k > 2", "k > 2.5") and left("k = 3", schema=None) == ("k = 3", "k = 3")


def test_arrays_are_found_by_their_elements() -> None:
    assert written("tags HAS ANY ('a', 'b')") == 'tags in ("a", "b")' and written("sizes HAS 1") == "sizes = 1"
    assert left("lang = 'en'", schema=None) == ('lang contains "en"', "lang = 'en'")
    assert written("lang = 'en'", schema="inferred") == 'lang contains "en"'
    with pytest.raises(TranslateError, match="one type"):
        written("k = 1 OR k = 'x'", schema=None)


def test_negations_stand_beside_something_positive() -> None:
    assert written("year = 1 AND NOT draft") == "year = 1 and !(draft = true)"
    assert written("lang != 'en' OR NOT draft") == '(true and !(lang contains "en")) or (true and !(draft = true))'
    assert written("year = 1 AND (lang != 'en' OR draft)") == 'year = 1 and ((true and !(lang contains "en")) or draft = true)'
    assert written("year NOT IN ()") == "true" and written("year IN ()") == "false"


def test_what_vespa_can_not_hold_or_name_is_refused() -> None:
    for key in ("a b", "and", "1a", "", "é", "k) or true or (k"):
        with pytest.raises(TranslateError):
            DIALECT.encode(Predicate(Field(key), Op.EQ, whereql.literal(1)), schema="inferred")
    with pytest.raises(TranslateError, match="no string of Vespa"):
        written("lang = '\x01'")


def tokenize(native: str) -> list[tuple[str, Any]]:
    return tokens(native)


def test_hostile_keys_and_values_stay_one_token() -> None:
    assert check_injection(DIALECT, tokenize, cased=True, schema="inferred") > 100


@pytest.mark.engines
def test_conditions_look_as_those_of_pyvespa() -> None:
    values: list[Any] = ["en", "é x", 5, -5, 0.5, 2.0**60]
    with worker("pyvespa_conditions", own=True) as pyvespa:
        for value in values:
            for op, sign in (("=", "contains" if isinstance(value, str) else "="), *(() if isinstance(value, str) else (("<", "<"), (">=", ">="), (">", ">"), ("<=", "<=")))):
                predicate = whereql.bind(whereql.parse(f"k {op} :v"), {"v": value})
                kind = {"k": whereql.literal(value).kind.value}
                ours = DIALECT.encode(predicate, schema=kind, cased=True).native
                assert tokens(ours) == tokens(pyvespa.run(["k", sign, value], [])[0])
                negated = DIALECT.encode(~predicate, schema=kind, cased=True).native
                assert tokens(negated) == tokens("true and " + pyvespa.run(["not", ["k", sign, value]], [])[0])
                record("vespa", "shaped", pyvespa.versions, Proof(2))
        for items in (["a", "b"], [1, 2]):
            ours = DIALECT.encode(whereql.bind(whereql.parse("k IN :v"), {"v": items}), schema="inferred" if isinstance(items[0], str) else {"k": "int"}, cased=True).native
            assert tokens(ours) == tokens(pyvespa.run(["k", "in", items], [])[0])
            record("vespa", "shaped", pyvespa.versions, Proof(1))
