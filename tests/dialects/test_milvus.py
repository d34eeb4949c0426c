"""Milvus: written for and read from a server and two Milvus Lite, proved on the two."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from foreign import worker
from injection import check_injection
from milvus_sources import Sources
from proving import COUNT, prove, prove_reading

import whereql
from whereql.ast import Const, Expr, Field, Not, Op, Or, Predicate
from whereql.dialects.vectors.milvus import DIALECT
from whereql.dialects.vectors.milvus_words import is_name, is_plain_key
from whereql.errors import TranslateError, UnsupportedError, WhereqlError
from whereql.records import Record, make_record, stored_kind
from whereql.semantics import holds
from whereql.testing import DialectContract
from whereql.testing.generators import Generator
from whereql.testing.holding import fit_all
from whereql.testing.hostile import HOSTILE_KEYS, HOSTILE_TEXTS


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **{"metadata": "m", **options}).native


def left(text: str, **options: Any) -> tuple[Any, str]:
    translation = DIALECT.encode(whereql.parse(text), allow_residual=True, **{"metadata": "m", **options})
    return translation.native, "TRUE" if translation.residual is None else whereql.to_text(translation.residual)


def read(source: str, **options: Any) -> str:
    return whereql.to_text(DIALECT.decode(source, **{"metadata": "m", **options}))


class TestMilvus(DialectContract):
    """The keys in dynamic fields."""

    examples = (
        ('$meta["color"] == "red"', "color = 'red'"),
        ('$meta["color"] != "red"', "color != 'red'"),
        ("$meta['color'] in ['red', \"green\"]", "color IN ('red', 'green')"),
        ('not ($meta["price"] > 5)', "NOT price > 5"),
        ('exists $meta["price"] && !(exists $meta["color"])', "price IS NOT NULL AND color IS NULL"),
        ('json_contains_all($meta["tags"], ["a", "b"]) or JSON_CONTAINS_ANY($meta["tags"], [1, 2.5])', "tags HAS ALL ('a', 'b') OR tags HAS ANY (1, 2.5)"),
        ('10 < $meta["n"] <= 20', "n > 10 AND n <= 20"),
        ('id in ["1", "2"] and text like "%neural%"', "#id IN ('1', '2') AND #document LIKE '%neural%'"),
        ("age > 5 and not (age in [7, 8])", "age > 5 AND age IS NOT NULL AND age NOT IN (7, 8)"),
        ("color is null or color != 'red'", "color IS NULL OR (color IS NOT NULL AND color != 'red')"),
        ("", "TRUE"),
    )

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"metadata": "$meta", "uri": "uri"}


class TestMilvusLite32(DialectContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"metadata": "metadata", "version": "lite-3.2", "uri": "uri"}


class TestMilvusLite25(TestMilvusLite32):
    """It has no null, so no field that some records lack."""

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"metadata": "metadata", "version": "lite-2.5", "document": None}


class TestMilvusFields(DialectContract):
    """A field for each key, as far as the schema of the records goes."""

    lacks = ("mixed kinds", "odd keys", "sparse vectors")

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {"schema": schema_of(records, is_nullable=True)}


def schema_of(records: Sequence[Record], *, is_nullable: bool) -> dict[str, str]:
    """The fields that the worker makes of records. Without null, there is one only for what each record has."""
    kinds: dict[str, set[str]] = {}
    for record in records:
        for key, value in (record.metadata or {}).items():
            kinds.setdefault(key, set()).add(stored_kind(value))
    held = {key: found - {"[]"} for key, found in kinds.items() if is_nullable or all(key in (record.metadata or {}) for record in records)}
    return {key: next(iter(found), "int[]") + ("" if is_nullable else "!") for key, found in held.items()} or {"nothing": "int"}


def test_complements_find_records_without_the_key() -> None:
    assert written("a != 5") == 'not exists m["a"] or m["a"] != 5'
    assert written("NOT a > 5") == 'not exists m["a"] or not (m["a"] > 5)'  # `m["a"] <= 5` would lose records without the key, and strings
    assert written("NOT a > 5", schema={"a": "int"}) == 'not exists m["a"] or m["a"] <= 5'
    assert written("a NOT IN (1, 2)") == 'not exists m["a"] or m["a"] not in [1, 2]'
    assert written("a != 5", metadata=None) == "a is null or not (a == 5)"
    assert written("a != 5", metadata=None, schema={"a": "int!"}) == "not (a == 5)"
    assert written("a != 5", version="lite-2.5") == 'm["a"] != 5'  # which is true where the key is missing, there
    assert left("NOT a > 5", version="lite-2.5") == ("", "NOT a > 5")


def test_kinds_are_not_mixed() -> None:
    assert written("a IN (1, 2.0, 2.5, 'x', TRUE)") == 'm["a"] in [1, 2] or m["a"] == 2.5 or m["a"] == "x" or m["a"] == true'
    assert left("a = TRUE", version="lite-3.2") == ('m["a"] == true', "a = TRUE")  # there, it also finds 1
    assert left("a = 1", version="lite-3.2") == ('m["a"] == 1', "a = 1")
    assert left("a != 1", version="lite-3.2") == ("", "a != 1")  # `m["a"] != 1` would lose true
    assert written("a = 1", version="lite-3.2", schema={"a": "int"}) == 'm["a"] == 1'
    assert written("a = 7", version="lite-3.2") == 'm["a"] == 7'


def test_large_numbers_are_not_trusted_to_doubles() -> None:
    native, residual = left("a = 9007199254740993")
    assert native == 'm["a"] == 9007199254740993' and residual == "a = 9007199254740993"
    assert left("a > 9007199254740993") == ('m["a"] >= 9007199254740991.0', "a > 9007199254740993")
    assert left("a != 9007199254740993") == ("", "a != 9007199254740993")
    assert written("a = 9007199254740993", metadata=None) == "a == 9007199254740993"
    assert written("a > 1.5 AND a < 3", metadata=None, schema={"a": "int"}) == "a >= 2 and a < 3"
    assert written("a > 5", metadata=None) == "a > 5"  # `a >= 6` would lose 5.5, if the field is a DOUBLE
    assert written("a = -9223372036854775808", metadata=None) == "a < -9223372036854775807"  # Lite 2.5 can't read the least int


def test_wildcards_of_the_operand_are_text() -> None:
    assert written("a STARTS WITH 'ab'") == 'm["a"] like "ab%"'
    assert left("a CONTAINS '50%'") == ('m["a"] like "%50%"', "a CONTAINS '50%'")
    assert left("a LIKE 'a_c'") == ('m["a"] like "a%c"', "a LIKE 'a_c'")
    assert left("a NOT CONTAINS '_'") == ("", "a NOT CONTAINS '_'")
    assert left("a ENDS WITH 'x'", version="lite-3.2") == ('m["a"] like "%x"', "a ENDS WITH 'x'")  # there, a line break may follow
    assert written("a LIKE 'abc'") == 'm["a"] == "abc"'
    assert left("a MATCHES 'x+'")[0] == "" and left("a ILIKE 'x'")[0] == ""


def test_an_empty_list_finds_nothing() -> None:
    assert written("a IN ()") == "id in []"
    assert written("a NOT IN ()") == ""
    assert left("a IN ()", version="lite-2.5") == ("", "FALSE")


def test_long_chains_are_balanced_trees() -> None:
    expr = Or([Predicate(Field(f"k{n}"), Op.EQ, whereql.literal(n)) for n in range(1000)])
    native = DIALECT.encode(expr, metadata="m").native
    levels = deepest = 0
    for character in native:
        levels += (character == "(") - (character == ")")
        deepest = max(deepest, levels)
    assert 8 <= deepest <= 12
    assert DIALECT.decode(native, metadata="m").size == 1000
    assert written("a = 1 OR b = 2 OR c = 3") == 'm["a"] == 1 or m["b"] == 2 or m["c"] == 3'


def test_exists_of_a_server_may_not_see_an_empty_list() -> None:
    assert left("a IS NOT NULL") == ("", "a IS NOT NULL")
    assert left("a IS NULL") == ('not exists m["a"]', "a IS NULL")
    assert written("a IS NOT NULL", schema={"a": "int"}) == 'exists m["a"]'
    assert written("a IS NOT NULL", version="lite-3.2") == 'exists m["a"]'


def test_what_a_server_can_not_name_is_refused() -> None:
    for key in ('a"b', "a\\b", "a][b", "", "a\nb"):
        with pytest.raises(TranslateError, match="no such key"):
            DIALECT.encode(Predicate(Field(key), Op.EQ, whereql.literal(1)), metadata="m")
    for key in ("a b", "not", "1a", "LIKE"):
        with pytest.raises(TranslateError, match="no such name"):
            DIALECT.encode(Predicate(Field(key), Op.EQ, whereql.literal(1)))
    with pytest.raises(WhereqlError, match="no name of a field"):
        written("a = 1", metadata='m"] or m["')
    with pytest.raises(TranslateError, match="several"):
        written("a = 1 OR a = 'x'", metadata=None)
    with pytest.raises(TranslateError, match="the schema has no such field"):
        written("a = 1 AND b = 2", metadata=None, schema={"a": "int"})


def test_defect_4_a_value_does_not_become_structure() -> None:
    value = 'x" or id > 0 or s == "y'
    native = DIALECT.encode(Predicate(Field("s"), Op.EQ, whereql.literal(value)), metadata="m").native
    assert native == 'm["s"] == "x\\" or id > 0 or s == \\"y"'
    assert DIALECT.decode(native, metadata="m") == Predicate(Field("s"), Op.EQ, whereql.literal(value))


def test_defect_13_not_is_never_dropped_nor_a_condition() -> None:
    records = [make_record(f"{n}", metadata=metadata) for n, metadata in enumerate([{"s": "apple", "n": 5}, {"s": "Banana", "n": -3}, {}, {"s": "", "n": 0}])]
    for text in ("NOT s = 'apple'", "n IS NULL", "NOT s = 'apple' AND n >= 0"):
        expr = whereql.parse(text)
        for version in ("server", "lite-2.5", "lite-3.2"):
            translation = DIALECT.encode(expr, allow_residual=True, metadata="m", version=version)
            meant = DIALECT.decode(translation.native, metadata="m", version=version)
            for record in records:
                assert (holds(meant, record) and holds(Const(True) if translation.residual is None else translation.residual, record)) is holds(expr, record)


def test_reads_what_not_means_there() -> None:
    assert read('not (m["a"] > 5)') == "NOT a > 5"
    assert read("not (a > 5)") == "a IS NOT NULL AND NOT a > 5"
    assert read('not (m["a"] == 5)', version="lite-3.2") == "a IS NOT NULL AND a != 5"
    assert read('m["a"] == 1', version="lite-3.2", schema={"a": "int"}) == read('m["a"] == 1', version="lite-3.2", schema="inferred") == "a = 1"
    assert read('m["a"] != true', version="lite-3.2", schema={"a": "int"}) == "a IS NOT NULL AND a NOT IN (TRUE, 1)"
    assert read('m["a"] >= 1', version="lite-3.2", schema={"a": "float"}) == "a >= 1"
    assert read('m["a"] == 1', version="lite-3.2") == "a IN (1, TRUE)"
    assert read('m["a"] >= 1', version="lite-3.2") == "a >= 1 OR a IN (TRUE)"
    assert read('not (m["a"] > 5 or m["b"] == 1)') == "NOT a > 5 AND b != 1"
    assert read('m["a"] like "x%"', version="lite-3.2") == "a LIKE 'x%'"
    assert read('m["a"] like "%x"', version="lite-3.2") == "a LIKE '%x' OR a LIKE \"%x\\n\""


def test_reads_strings_as_milvus_writes_them() -> None:
    assert DIALECT.decode(r'm["a"] == "\x41\101\u00e9\n\"\\"', metadata="m") == Predicate(Field("a"), Op.EQ, whereql.literal('AAé\n"\\'))
    assert DIALECT.decode(r"""m['a'] == 'it\'s "so"'""", metadata="m") == Predicate(Field("a"), Op.EQ, whereql.literal('it\'s "so"'))


def test_reads_numbers_as_milvus_writes_them() -> None:
    assert read("a == 0 and b > -1.5e3 and c < .5 and d >= 00.5 and e in [1, 2,]") == "a = 0 AND b > -1500.0 AND c < 0.5 AND d >= 0.5 AND e IN (1, 2)"


def test_reads_parameters() -> None:
    expr = whereql.bind(DIALECT.decode('m["a"] > {low} and m["b"] in {few} and json_contains_all(m["t"], {all})', metadata="m"), {"low": 1, "few": ["x"], "all": [1, 2]})
    assert whereql.to_text(expr) == "a > 1 AND b IN ('x') AND t HAS ALL (1, 2)"


@pytest.mark.parametrize(
    ("source", "name", "at"),
    [
        ('m["a"] == 1 and text_match(text, "x y")', "text_match", 16),
        ("PHRASE_MATCH(text, 'x')", "phrase_match", 0),
        ("random_sample(0.1)", "random_sample", 0),
        ("st_within(geo, 'POINT(1 1)')", "st_within", 0),
        ("array_length(a) == 3", "array_length", 0),
        ('m["a"] + 1 == 2', "arithmetic", 7),
        ('m["a"] ** 2 > 10', "arithmetic", 7),
        ('m["a"]["b"] == 1', "a nested key", 6),
        ('m["a"][0] == 1', "a nested key", 6),
        ("m[0] == 1", "an element of an array by its number", 2),
        ('o["a"] == 1', "a key of the field o", 0),
        ("a == b", "a field compared with a field", 5),
        ('json_contains(m["t"], [1, 2])', "a list as an element", 22),
        ('m["a"] =~ "x+"', "a regular expression", 7),
        ("foo(a)", "the function foo", 0),
        ("a == 010", "a number that is not decimal", 5),
        ("a == 0x1F", "a number that is not decimal", 5),
        ('a like r"x%"', "a prefix of a string", 7),
        ('a == u8"x"', "a prefix of a string", 5),
    ],
)
def test_what_is_no_filter_is_refused_by_name_and_place(source: str, name: str, at: int) -> None:
    with pytest.raises(UnsupportedError, match=re.escape(name)) as caught:
        DIALECT.decode(source, metadata="m")
    assert caught.value.code == "WQ504" and caught.value.span is not None and caught.value.span.start == at and caught.value.hint


@pytest.mark.parametrize("source", ['m["a"] = 1', 'm["a"] == ', "and", 'm["a"] == "x', "m == 1", "1 < 2", 'm["a"] in [1', "(a == 1", '1 < m["a"] > 2', "not", 'm["a"] == "\\q"', "a > true", 'a like 5'])
def test_what_is_no_expression_is_said_so(source: str) -> None:
    with pytest.raises(WhereqlError) as caught:
        DIALECT.decode(source, metadata="m")
    assert caught.value.span is not None and caught.value.hint


def test_hostile_sources_raise_whereqls_errors() -> None:
    for source in ("(" * 5000 + "a == 1" + ")" * 5000, "not " * 5000 + "a == 1", '"' + "\\x" * 5000, "a in [" + "1," * 200_000 + "1]", "a == " + "9" * 5000, "1" * 200_000 + "a", None, 5, "a == '\ud800'"):
        with pytest.raises(WhereqlError):
            DIALECT.decode(source)


# A strict lexer of the grammar that Milvus publishes (Plan.g4), by its documentation, not executed: a key of JSON is one token.
_STRING = r'"(?:[^"\\\r\n]|\\[^\r\n])*"' + r"|'(?:[^'\\\r\n]|\\[^\r\n])*'"
_GRAMMAR = re.compile(
    rf"""\s*(?:(?P<path>(?:[A-Za-z_]\w*|\$meta)\[(?:{_STRING})\])|(?P<string>{_STRING})|(?P<word>[A-Za-z_]\w*)|(?P<number>-?\d[\d.e+-]*)"""
    r"""|(?P<sign>==|!=|<=|>=|[<>()\[\],]))""",
    re.ASCII,
)
_SIMPLE = {'\\"': '"', "\\'": "'", "\\\\": "\\", "\\n": "\n", "\\r": "\r"}


def tokens(native: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while position < len(native):
        match = _GRAMMAR.match(native, position)
        assert match is not None, native[position:]
        position = match.end()
        kind = str(match.lastgroup)
        text = match.group(kind)
        if kind == "path":
            found.append(("name", text[text.index("[") + 2 : -2]))  # the server takes what stands between the quotes as it stands
        elif kind == "string":
            found.append(("string", re.sub(r"\\.", lambda escape: _SIMPLE[escape.group()], text[1:-1])))
        else:
            found.append(("name" if kind == "word" and is_name(text) else kind, text))
    return found


@pytest.mark.parametrize("version", ["server", "lite-2.5", "lite-3.2"])
def test_hostile_keys_and_values_stay_one_token(version: str) -> None:
    assert check_injection(DIALECT, tokens, takes_key=is_plain_key, metadata="$meta", version=version) > 500


def test_hostile_names_of_fields_are_refused() -> None:
    assert check_injection(DIALECT, tokens, takes_key=is_name, seed=2) > 300
    assert check_injection(DIALECT, tokens, seed=3) > 300  # those that are no names are refused, all


WORKERS = {"lite-2.5": "milvus_lite_25", "lite-3.2": "milvus_lite_32"}
LAYOUTS = {"metadata": "keys in JSON", "$meta": "dynamic fields", None: "typed fields"}



# What is written for a server with typed fields is all known to Lite 3.2.
@pytest.mark.engines
@pytest.mark.parametrize(("lite", "json", "version"), [*((lite, json, lite) for lite in WORKERS for json in LAYOUTS), ("lite-3.2", None, "server")])
def test_written_filters_find_what_they_mean(lite: str, json: str | None, version: str) -> None:
    is_new = lite == "lite-3.2"

    def options(records: Sequence[Record]) -> Mapping[str, Any]:
        own = {"document": "text", "uri": "uri"} if is_new else {"document": None}
        return {"version": version, "metadata": json, **own, **({"schema": schema_of(records, is_nullable=is_new)} if json is None else {})}

    lacks = set(TestMilvusFields.lacks if json is None else ())  # a field has one type
    if not is_new:
        lacks |= {"documents", "uris"}  # Lite 2.5 has no null, so no field that some records lack
    with worker(WORKERS[lite], own=True, json=json, nullable=is_new) as engine:
        prove("milvus", DIALECT, engine, lacks=lacks, options=options, variant=LAYOUTS[json] + (", as for a server" if version == "server" else ""))


@pytest.mark.engines
@pytest.mark.parametrize("version", WORKERS)
def test_hostile_strings_are_data_to_the_engine(version: str) -> None:
    is_new = version == "lite-3.2"
    texts = [text for text in HOSTILE_TEXTS if len(text) < 20_000]  # a JSON field takes 64 KiB
    records = [make_record(f"{n}", metadata={"k": text, "tags": [text]}) for n, text in enumerate(texts)]
    records += [make_record(f"key {n}", metadata={key: n}) for n, key in enumerate(HOSTILE_KEYS)]
    options = {"version": version, "metadata": "metadata", "document": None}
    filters: list[Expr] = [Predicate(Field(key), Op.EQ, whereql.literal(n)) for n, key in enumerate(HOSTILE_KEYS)]
    for text in texts:
        item = whereql.literal(text)
        filters += [Predicate(Field("k"), Op.EQ, item), Not(Predicate(Field("k"), Op.IN, (item, whereql.literal("b")))), Predicate(Field("tags"), Op.HAS, (item,)), Predicate(Field("k"), Op.CONTAINS, item)]
    translations = [DIALECT.encode(expr, allow_residual=True, **options) for expr in filters]
    with worker(WORKERS[version], own=True, json="metadata", nullable=is_new) as engine:
        answers = engine.run_all([translation.native for translation in translations], records)
    for expr, translation, ids in zip(filters, translations, answers, strict=True):
        residual = Const(True) if translation.residual is None else translation.residual
        assert {record.id for record in records if record.id in ids and holds(residual, record)} == {record.id for record in records if holds(expr, record)}, translation.native


@pytest.mark.engines
@pytest.mark.parametrize("json", ["metadata", None])
@pytest.mark.parametrize("version", ["lite-2.5", "lite-3.2"])
def test_expressions_are_read_as_the_engine_means_them(version: str, json: str | None) -> None:
    is_new = version == "lite-3.2"
    lacks = {"nul", *(TestMilvusFields.lacks if json is None else ()), *(() if is_new else ("documents", "uris"))}
    sets = []
    for seed in range(max(3, COUNT // 50)):
        records = fit_all(Generator(seed).records(20), lacks)
        sources = Sources(random.Random(seed), records, is_new=is_new, json=json)
        sets.append((records, [sources.expression() for _ in range(50)]))
    with worker(WORKERS[version], own=True, json=json, nullable=is_new) as engine:
        prove_reading("milvus", DIALECT, engine, sets, variant=LAYOUTS[json], version=version, metadata=json, uri="uri")


def test_the_complement_is_a_not_of_whereql() -> None:
    expr: Expr = Not(Predicate(Field("a"), Op.EQ, whereql.literal(1)))
    assert DIALECT.decode(DIALECT.encode(expr, metadata="m").native, metadata="m") == Or([Not(Predicate(Field("a"), Op.EXISTS)), expr])
