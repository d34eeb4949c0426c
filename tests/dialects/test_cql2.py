"""Filters as CQL2, in text and in JSON, and CQL2 as filters: parsed by the cql2 package, its SQL answered by DuckDB."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from foreign import Worker, worker
from frames import fits, options, schema
from injection import check_injection, hostile_pairs
from proving import prove, prove_reading

import whereql
from whereql.dialect import Dialect
from whereql.dialects.standards import cql2, cql2_json
from whereql.records import Record, make_record
from whereql.testing import DialectContract
from whereql.testing.generators import Generator

# A property has one type, and DuckDB takes no heed of the case of a column's name.
LACKS = ["mixed kinds", "odd keys"]
TEXT, JSON = cql2.DIALECT, cql2_json.DIALECT


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("cql2_duckdb") as started:
        yield started


class TestCql2(DialectContract):
    lacks = LACKS
    examples = (
        ("lang = 'en' AND year >= 2020", "lang = 'en' AND year >= 2020"), ("NOT (lang = 'it''s' or year < 5)", "lang IS NOT NULL AND lang != 'it''s' AND year IS NOT NULL AND NOT year < 5"),
        ('"odd key" <> 5 AND eo:cloud.cover NOT BETWEEN 1 and 2.5', "`odd key` IS NOT NULL AND `odd key` != 5 AND `eo:cloud.cover` IS NOT NULL AND (NOT `eo:cloud.cover` >= 1 OR NOT `eo:cloud.cover` <= 2.5)"),
        ("k NOT IN ('a', -5)", "k IS NOT NULL AND k NOT IN ('a', -5)"), ("title LIKE '50\\%%'", "title LIKE '50\\%%'"), ("CASEI(t) LIKE casei('a%') OR CASEI(t) = CASEI('%')", "t ILIKE 'a%' OR t ILIKE '\\%'"),
        ("NOT k IS NULL", "k IS NOT NULL"), ("A_OVERLAPS(tags, ('ml', 'db')) AND NOT A_CONTAINS(tags, ('a'))", "tags HAS ANY ('ml', 'db') AND tags IS NOT NULL AND NOT tags HAS 'a'"), ("k IN ()", "FALSE"),
        ("5 < k", "k > 5"), ("day > DATE('2024-05-01') AND at <= TIMESTAMP('2024-05-01T09:30:00Z')", "day > DATE('2024-05-01') AND at <= TIMESTAMP('2024-05-01T09:30:00Z')"), ("NOT draft AND TRUE", "draft = FALSE"), ("FALSE", "FALSE"),
        ("document LIKE '%a%' AND id <> 'x'", "#document CONTAINS 'a' AND #id != 'x'"), ("date = 5 AND t LIKE 'a\\bc'", "date = 5 AND t LIKE 'abc'"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Dialect:
        return TEXT

    @pytest.fixture
    def run(self, engine: Worker) -> Any:
        return engine.run

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return options(records)


def prop(name: str) -> dict[str, str]:
    return {"property": name}


class TestCql2Json(TestCql2):
    examples = (
        ({"op": "and", "args": [{"op": "=", "args": [prop("lang"), "en"]}, {"op": ">=", "args": [prop("year"), 2020]}]}, "lang = 'en' AND year >= 2020"), ({"op": "not", "args": [{"op": "in", "args": [prop("k"), ["a", 1]]}]}, "k IS NOT NULL AND k NOT IN ('a', 1)"),
        ({"op": "<", "args": [5, prop("k")]}, "k > 5"), ({"op": "between", "args": [prop("k"), 1, 2]}, "k BETWEEN 1 AND 2"), ({"op": "not", "args": [{"op": "isNull", "args": [prop("k")]}]}, "k IS NOT NULL"),
        ({"op": "like", "args": [{"op": "casei", "args": [prop("t")]}, {"op": "casei", "args": ["a%"]}]}, "t ILIKE 'a%'"), ({"op": "a_contains", "args": [prop("t"), ["a", "b"]]}, "t HAS ALL ('a', 'b')"), (True, "TRUE"),
        ({"op": ">", "args": [prop("day"), {"date": "2024-05-01"}]}, "day > DATE('2024-05-01')"), ({"op": "<>", "args": [prop("id"), "x"]}, "#id != 'x'"), ({"op": "or", "args": [prop("draft"), False]}, "draft"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Dialect:
        return JSON


@pytest.mark.parametrize(("name", "dialect"), [("cql2", TEXT), ("cql2-json", JSON)])
def test_random_filters_mean_what_the_semantics_say(engine: Worker, name: str, dialect: Dialect) -> None:
    proof = prove(name, dialect, engine, lacks=LACKS, options=options, variant="declared")
    assert proof.exact > 0.6 * proof.filters


def test_without_a_schema_the_literals_say_the_types(engine: Worker) -> None:
    # keep: a property of strings that is compared with a number is an error, and the note says what is taken for granted.
    prove("cql2", TEXT, engine, lacks=LACKS, keep=fits, seed=7, variant="not declared")


RECORDS = [
    make_record("1", metadata={"s_string": "apple", "n_int": 5, "t_strings": ["x", "y"]}), make_record("2", metadata={"s_string": "it's", "n_int": -3, "t_strings": ["X"]}),
    make_record("3"), make_record("4", metadata={"s_string": "a.c", "n_int": 0}), make_record("5", metadata={"s_string": "Apple pie"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found", "tempting", "wrong"), [
    ("s_string != 'apple'", ["2", "3", "4", "5"], "s_string <> 'apple'", ["2", "4", "5"]), ("NOT n_int > 0", ["2", "3", "4", "5"], "NOT (n_int > 0)", ["2", "4"]),
    ("s_string NOT IN ('apple', 'b')", ["2", "3", "4", "5"], "s_string NOT IN ('apple', 'b')", ["2", "4", "5"]), ("t_strings NOT HAS 'x'", ["2", "3", "4", "5"], "NOT A_OVERLAPS(t_strings, ('x'))", ["2"]),
    ("s_string CONTAINS '.'", ["4"], "s_string LIKE '%_%'", ["1", "2", "4", "5"]), ("NOT s_string LIKE 'a%'", ["2", "3", "5"], "s_string NOT LIKE 'a%'", ["2", "5"]),
])  # fmt: skip
def test_traps(engine: Worker, text: str, found: list[str], tempting: str, wrong: list[str]) -> None:
    expr = whereql.parse(text)
    assert engine.run(TEXT.encode(expr).native, RECORDS) == engine.run(JSON.encode(expr).native, RECORDS) == found
    assert engine.run(tempting, RECORDS) == wrong != found


def test_defect_19_not_of_a_group_and_a_doubled_quote_and_a_short_name(engine: Worker) -> None:
    for text, found in [("NOT (s_string = 'apple' OR n_int = 0)", ["2", "3", "5"]), ("s_string = 'it''s'", ["2"]), ("s = 'a'", [])]:
        native = TEXT.encode(whereql.parse(text)).native
        assert engine.run(native, RECORDS) == found
    assert whereql.to_text(TEXT.decode("NOT (s = 'apple' OR n = 0)")) == "s IS NOT NULL AND s != 'apple' AND n IS NOT NULL AND n != 0"
    assert TEXT.decode("s = 'it''s'") == whereql.parse("s = 'it''s'")


def test_defect_20_a_dot_in_like_is_a_dot(engine: Worker) -> None:
    assert engine.run(TEXT.encode(whereql.parse("s_string LIKE '%.%'")).native, RECORDS) == ["4"]
    assert TEXT.decode("s LIKE '%.%'") == whereql.parse("s LIKE '%.%'")


def test_defect_23_overlap_of_arrays_is_overlap(engine: Worker) -> None:
    native = TEXT.encode(whereql.parse("t_strings HAS ANY ('x', 'X')")).native
    assert native == """A_OVERLAPS("t_strings", ('x', 'X'))"""
    assert engine.run(native, RECORDS) == ["1", "2"]


def test_defect_25_modulo_is_refused() -> None:
    for source in ("n % 2 = 1", "n div 2 = 1"):
        with pytest.raises(whereql.UnsupportedError, match="arithmetic"):
            TEXT.decode(source)
    with pytest.raises(whereql.UnsupportedError, match="the arithmetic %"):
        JSON.decode({"op": "=", "args": [{"op": "%", "args": [prop("n"), 2]}, 1]})


@pytest.mark.parametrize(("value", "is_said"), [("a\\'b", False), ("a\\", False), ("a\\b", True), ("\\\\", False), ("'", True)])
def test_a_backslash_before_a_quote_is_left_to_json(engine: Worker, value: str, is_said: bool) -> None:
    expr = whereql.F("s_string") == value
    records = [make_record("1", metadata={"s_string": value}), make_record("2", metadata={"s_string": "x"})]
    assert engine.run(JSON.encode(expr).native, records) == ["1"]
    translation = TEXT.encode(expr, allow_residual=True)
    assert translation.exact is is_said
    assert "1" in engine.run(translation.native, records)


def test_case_is_said_where_the_strings_are_ascii() -> None:
    expr = whereql.parse("k ILIKE 'a%'")
    assert TEXT.encode(expr, ascii=True).native == """CASEI("k") LIKE CASEI('a%')"""
    with pytest.raises(whereql.TranslateError, match="CASEI folds") as caught:
        TEXT.encode(expr)
    assert "ascii=True" in str(caught.value.hint)


@pytest.mark.parametrize(("source", "message"), [
    ("S_INTERSECTS(geom, POINT(0 0))", "the spatial predicate S_INTERSECTS"), ("T_AFTER(k, DATE('2020-01-01'))", "the temporal predicate T_AFTER"), ("a = 1 AND f(a) = 1", "the function f"), ("a + 1 = 2", "arithmetic"),
    ("a = 2 * 3", "arithmetic"), ("a = b", "a comparison of two properties"), ("a = NULL", "a comparison with NULL"), ("A_EQUALS(t, ('a'))", "the array predicate A_EQUALS"), ("ACCENTI(a) = 'b'", "the function ACCENTI"),
    ("CASEI(a) < CASEI('b')", "such a comparison of CASEI"), ("a > TRUE", "an order of bools"), ("a = POINT(0 0)", "the function POINT"), ("5 = f(a)", "the function f"), ("A_OVERLAPS(f(a), (1))", "the function f"), ("a = 'x\\'", "a backslash before a quote"),
])  # fmt: skip
def test_what_is_no_filter_is_refused_by_name_and_place(source: str, message: str) -> None:
    with pytest.raises(whereql.UnsupportedError, match=message) as caught:
        TEXT.decode(source)
    assert caught.value.span is not None and caught.value.hint


@pytest.mark.parametrize(("source", "message", "path"), [
    ({"op": "s_intersects", "args": [prop("g"), {"type": "Point", "coordinates": [0, 0]}]}, "the spatial predicate", "$.op"), ({"op": "=", "args": [{"op": "f", "args": []}, 1]}, "the function f", "$.args[0].op"),
    ({"op": "and", "args": [{"op": "t_after", "args": []}]}, "the temporal predicate", "$.args[0].op"), ({"op": "=", "args": [prop("a"), prop("b")]}, "two properties", "$.args[1]"), ({"op": "=", "args": [prop("a"), None]}, "with null", "$.args[1]"),
    ({"op": "in", "args": [prop("a"), [{"interval": ["..", ".."]}]]}, "the type interval", "$.args[1][0].interval"),
])  # fmt: skip
def test_what_is_no_filter_in_json_is_refused_by_name_and_place(source: Any, message: str, path: str) -> None:
    with pytest.raises(whereql.UnsupportedError, match=message) as caught:
        JSON.decode(source)
    assert caught.value.path == path and caught.value.hint


@pytest.mark.parametrize("source", ["", "a =", "a = 'b", "(a = 1", "a = 1 b = 2", "a LIKE 5", "a LIKE 'b\\'", "a NOT = 1", "a BETWEEN 1", "IN (1)", "a IN (1", "a IS 5", "= 1", "CASEI(a) LIKE 'b'", "a = DATE('x')", "a = 99e999", "NOT", "a ? 1", "A_OVERLAPS(t, ())"])
def test_what_is_no_cql2_is_refused(source: str) -> None:
    with pytest.raises(whereql.WhereqlError) as caught:
        TEXT.decode(source)
    assert caught.value.hint


@pytest.mark.parametrize("source", [{}, [], None, 5, "a", {"op": "="}, {"op": "=", "args": [1]}, {"op": "and", "args": []}, {"op": 5, "args": []}, {"property": 5}, {"op": "like", "args": [prop("a"), 5]}, {"op": "=", "args": [prop(""), 1]}, {"op": "between", "args": [prop("a"), 1]}])
def test_what_is_no_cql2_json_is_refused(source: Any) -> None:
    with pytest.raises(whereql.WhereqlError) as caught:
        JSON.decode(source)
    assert caught.value.path and caught.value.hint


@pytest.mark.parametrize("source", ["(" * 10_000, "NOT " * 10_000 + "a = 1", "a = '" + "''" * 10_000, '"' * 9_999])
def test_hostile_texts_are_no_crash(source: str) -> None:
    with pytest.raises(whereql.WhereqlError):
        TEXT.decode(source)


def tokens_of(native: Any) -> list[tuple[str, Any]]:
    """The tree that the cql2 package makes of a text, as a row."""
    import cql2 as engine

    def row(node: Any) -> Iterator[tuple[str, Any]]:
        match node:
            case {"property": name}:
                yield "name", name
            case {"op": name, "args": args}:
                yield from [("op", name), *[token for each in args for token in row(each)], ("end", "")]
            case list():
                yield from [("list", ""), *[token for each in node for token in row(each)], ("end", "")]
            case str():
                yield "string", node
            case _:
                yield "value", node

    return list(row(engine.Expr(native).to_json()))


def test_no_value_is_more_than_a_value() -> None:
    assert check_injection(TEXT, tokens_of) > 300
    assert check_injection(JSON, tokens_of, seed=2) > 300


def test_data_that_is_hostile_is_data_in_json() -> None:
    for key, value in hostile_pairs(3, 300):
        if key and key not in ("id", "document", "uri"):
            assert JSON.encode(whereql.F(key) == value).native == {"op": "=", "args": [{"property": key}, value]}


SETS = 44 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 3


def native_filters(rng: random.Random, records: Sequence[Record]) -> list[str]:
    kinds = schema(records)
    held: dict[str, list[Any]] = {}
    for record in records:
        for key, value in (record.metadata or {}).items():
            held.setdefault(key, []).extend(value if isinstance(value, list) else [value])

    # Below 2^53 and of few digits, as the cql2 package holds numbers as doubles and DuckDB reads them as decimals.
    def spelled(kind: str) -> str:
        value = rng.choice([v for k in held for v in held[k] if kinds[k].removesuffix("[]") == kind] or {"string": [""], "int": [1], "float": [0.5], "bool": [True]}[kind])
        if kind in ("int", "float") and (abs(value) >= 2**53 or (value and abs(value) < 1e-9)):
            value = rng.choice([0, 1, -3, 2.5])
        return cql2.spelled("a" if isinstance(value, str) and ("\\" in value or "\0" in value) else value)

    def leaf() -> str:
        key = rng.choice([key for key in kinds if kinds[key] not in ("sparse_vector", "bool[]")])
        kind, name = kinds[key], cql2.quoted(key)
        if kind.endswith("[]"):
            inner = kind.removesuffix("[]")
            return f"{rng.choice(['A_OVERLAPS', 'A_CONTAINS'])}({name}, ({', '.join(spelled(inner) for _ in range(rng.randint(1, 2)))}))"
        if kind == "bool":
            return rng.choice([name, f"{name} {rng.choice(['=', '<>'])} {spelled(kind)}", f"{name} IS NULL"])
        sign = rng.choice(["=", "<>", "<", "<=", ">", ">="])
        forms = [f"{name} {sign} {spelled(kind)}", f"{spelled(kind)} {sign} {name}", f"{name} {rng.choice(['', 'NOT '])}IN ({spelled(kind)}, {spelled(kind)})", f"{name} {rng.choice(['', 'NOT '])}BETWEEN {spelled(kind)} AND {spelled(kind)}", f"{name} IS {rng.choice(['', 'NOT '])}NULL"]
        if kind == "string":
            forms.append(f"{name} {rng.choice(['', 'NOT '])}LIKE '{rng.choice(['a%', '%b', '_', '%a%', 'n_ural%', '%', ''])}'")
        return rng.choice(forms)

    def expression(depth: int) -> str:
        if depth == 0 or rng.random() < 0.3:
            return leaf()
        if rng.random() < 0.3:
            return f"NOT ({expression(depth - 1)})"
        return f"({rng.choice([' AND ', ' or ']).join(expression(depth - 1) for _ in range(rng.randint(2, 3)))})"

    return [expression(3) for _ in range(25)]


def test_texts_mean_what_the_engine_says(engine: Worker) -> None:
    def sets(as_json: bool) -> Iterator[tuple[Sequence[Record], Sequence[Any]]]:
        import cql2 as package

        from whereql.testing.holding import fit_all

        for seed in range(SETS):
            generator = Generator(3000 + seed)
            records = fit_all(generator.records(20), LACKS)
            natives = native_filters(generator.random, records)
            yield records, [package.Expr(native).to_json() for native in natives] if as_json else natives

    assert prove_reading("cql2", TEXT, engine, sets(False)).filters == 25 * SETS
    assert prove_reading("cql2-json", JSON, engine, sets(True)).filters == 25 * SETS
