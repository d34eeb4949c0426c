"""Filters as expressions of CEL, and expressions as filters, on an implementation in Rust and one in Python."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from foreign import EngineError, Worker, worker
from injection import COUNT as PAIRS
from injection import check_injection
from proving import COUNT, prove, prove_reading

import whereql
from whereql.dialects.standards.cel import DIALECT
from whereql.records import Record, make_record
from whereql.testing import DialectContract
from whereql.testing.generators import Generator


@pytest.fixture(scope="module")
def rust() -> Iterator[Worker]:
    with worker("cel_engines", engine="rust") as started:
        yield started


@pytest.fixture(scope="module")
def python() -> Iterator[Worker]:
    with worker("cel_engines", engine="python") as started:
        yield started


class TestCel(DialectContract):
    examples = (
        ("metadata.year >= 2020", "year >= 2020"), ('!(metadata.lang == "en")', "lang != 'en' AND lang IS NOT NULL"), ("!(metadata.n < 5)", "n >= 5"),
        ("has(metadata.doi) || metadata['odd key'] in [1, 2.5, 'a']", "doi IS NOT NULL OR `odd key` IN (1, 2.5, 'a')"), ("metadata.draft && !metadata.old", "draft = TRUE AND old = FALSE"),
        ("'ml' in metadata.tags && metadata.tags.exists(t, t == 'db' || t in ['x', 'y'])", "tags HAS 'ml' AND tags HAS ANY ('db', 'x', 'y')"),
        ("metadata.t.startsWith('a') && !metadata.t.endsWith(r'\\n')", "t STARTS WITH 'a' AND t NOT ENDS WITH '\\n' AND t >= ''"), ("document == null && id != 'a'", "#document IS NULL AND #id != 'a'"),
        ("5 < metadata.n && -1.5e3 != metadata.n", "n > 5 AND n != -1500.0"), ("!('k' in metadata)", "k IS NULL"), ("type(metadata.k) == int && metadata.k >= 3 || type(metadata.k) == double && metadata.k >= 3.0", "k >= 3"),
        ("true", "TRUE"), ("metadata.k != null", "k IS NOT NULL"), ("metadata.k.matches('^a[0-9]+$')", "k MATCHES '^a[0-9]+$'"), ("metadata.k in []", "FALSE"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, rust: Worker) -> Any:
        return rust.run


def test_random_filters_on_rust(rust: Worker) -> None:
    rust.versions = {"common-expression-language": rust.versions["common-expression-language"]}
    proof = prove("cel", DIALECT, rust)
    assert proof.exact > 0.9 * proof.filters  # the rest are patterns with \\w, too long when spelled out


def test_random_filters_on_python(python: Worker) -> None:
    python.versions = {"cel-python": python.versions["cel-python"]}
    # It walks through a tree for each record, so there are few.
    proof = prove("cel", DIALECT, python, count=COUNT // 10 if COUNT < 1000 else COUNT, per_set=25, rows=10)
    assert proof.exact > 0.9 * proof.filters


RECORDS = [make_record("1", metadata={"k": 5, "b": True, "t": ["a"]}), make_record("2", metadata={"k": 5.0, "b": 1}), make_record("3", metadata={"k": "5"}), make_record("4")]


@pytest.mark.parametrize(("text", "found", "tempting"), [
    ("k = 5", ["1", "2"], "metadata.k == 5"), ("k >= 5", ["1", "2"], "metadata.k >= 5"), ("k != 5", ["3", "4"], "metadata.k != 5"),
    ("t HAS 'a'", ["1"], "metadata.t.exists(e, e == 'a')"), ("k LIKE '5%'", ["3"], "has(metadata.k) && metadata.k.startsWith('5')"),
])  # fmt: skip
def test_traps(rust: Worker, python: Worker, text: str, found: list[str], tempting: str) -> None:
    native = DIALECT.encode(whereql.parse(text)).native
    assert rust.run(native, RECORDS) == python.run(native, RECORDS) == found
    for engine in (rust, python):
        with pytest.raises(EngineError):  # without the guards an error in one record is an error of all
            engine.run(tempting, RECORDS)


def test_the_engines_differ_where_nothing_is_guarded(rust: Worker, python: Worker) -> None:
    records = RECORDS[:2]
    assert rust.run("metadata.k == 5", records) == ["1", "2"]
    with pytest.raises(EngineError, match="relation_eq"):
        python.run("metadata.k == 5", records)


def test_wide_and_deep_filters_stay_within_the_engines(rust: Worker, python: Worker) -> None:
    expr: Any = whereql.parse("k = 5")
    for level in range(60):
        expr = (whereql.And if level % 2 else whereql.Or)([expr, whereql.parse(f"a{level} != {level}")])
    wide = whereql.Or([whereql.parse(f"k{n} = {n}") for n in range(250)])
    for each in (expr, wide, whereql.F("k").is_in([*range(1000), "a"])):
        native = DIALECT.encode(each, allow_residual=True).native
        assert rust.run(native, RECORDS) == python.run(native, RECORDS)


@pytest.mark.parametrize(("source", "message"), [
    ("metadata.k == 5 ? true : false", "a conditional"), ("size(metadata.k) > 1", "the function size"), ("metadata.k + 1 == 2", "arithmetic"), ("metadata.k == 1 + 1", "arithmetic"),
    ("metadata.a.b == 1", "a step into a value"), ("metadata.k == null", "a null beside a missing key"), ("metadata.k == metadata.j", "a comparison of two keys"), ("!metadata.k == 5", "a comparison of a negation"),
    ("metadata.k.map(x, x)", "the method map"), ("metadata.k.matches('\\\\d')", "such a pattern"), ("metadata.k == b'a'", "such a string"), ("metadata.k < timestamp('2020-01-01T00:00:00Z')", "the function timestamp"),
    ("type(metadata.k) == int", "a test for ints or doubles alone"), ("metadata.t.exists(e, e > 1)", "such a condition on an element"), ("!type(metadata.k) == int", "a comparison of a negation"), ("metadata.k < true", "an order of bools"),
])  # fmt: skip
def test_what_is_no_filter_is_refused_by_name_and_place(source: str, message: str) -> None:
    with pytest.raises(whereql.UnsupportedError, match=message) as caught:
        DIALECT.decode(source)
    assert caught.value.span is not None and caught.value.hint


@pytest.mark.parametrize("source", ["", "metadata", "metadata.", "metadata.k ==", "(metadata.k == 1", "metadata.k == 'a", "other.k == 1", "metadata.k == 1 metadata.j == 2", "metadata.k in [1", "1 == 1", "null == metadata.k",
                                    "metadata['k' == 1", "metadata.k == '\\q'", "has(metadata)", "metadata.k == 5u", "metadata.k == 99999999999999999999", "&&", "metadata.k == 0xfffffffffffffffff"])  # fmt: skip
def test_what_is_no_expression_is_refused(source: str) -> None:
    with pytest.raises(whereql.WhereqlError) as caught:
        DIALECT.decode(source)
    assert caught.value.hint


@pytest.mark.parametrize("source", ["(" * 10_000, "!" * 10_000 + "metadata.k", "(" * 500 + "true" + ")" * 500, "metadata.k == " + '"' + "\\" * 9_999])
def test_hostile_sources_are_no_crash(source: str) -> None:
    with pytest.raises(whereql.WhereqlError):
        DIALECT.decode(source)


def test_the_lowest_int_is_said_by_the_one_above_it(rust: Worker, python: Worker) -> None:
    records = [make_record("1", metadata={"k": -(2**63)}), make_record("2", metadata={"k": -(2**63) + 1})]
    for text, found in [("k = -9223372036854775808", ["1"]), ("k <= -9223372036854775808", ["1"]), ("k IN (-9223372036854775808, -9223372036854775807)", ["1", "2"])]:
        native = DIALECT.encode(whereql.parse(text)).native
        assert rust.run(native, records) == python.run(native, records) == found
        assert "9223372036854775808" not in native


def test_variables_have_other_names() -> None:
    assert DIALECT.encode(whereql.parse("k = 'a' AND #document = 'b'"), metadata="m", document="text").native.startswith('("k" in m && type(m["k"])')
    assert DIALECT.decode("m.k == 'a'", metadata="m") == whereql.parse("k = 'a'")
    with pytest.raises(whereql.CheckError, match="no name of a variable"):
        DIALECT.encode(whereql.parse("k = 1"), metadata="m || true || m")


def tokens_of(native: str) -> list[tuple[str, Any]]:
    """The tokens of cel-python's own grammar, strings as it evaluates them."""
    import celpy
    from celpy.evaluation import celstr

    row: list[tuple[str, Any]] = []
    tree = celpy.Environment().compile(native)
    for token in tree.scan_values(lambda value: True):
        if token.type in ("STRING_LIT", "MLSTRING_LIT"):
            row.append(("string", str(celstr(token))))
        else:
            row.append((token.type, str(token)))
    keys = {index for index, (kind, _) in enumerate(row) if kind == "string" and ("IDENT", "metadata") in row[max(0, index - 1) : index + 2 : 2 if index else 1]}
    return [("name" if index in keys else kind, text) for index, (kind, text) in enumerate(row)]


def test_no_value_is_more_than_a_value() -> None:
    assert check_injection(DIALECT, tokens_of, count=PAIRS if PAIRS > 1_000 else 300) > 300  # its parser is slow


SETS = 44 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 6


def native_filters(rng: random.Random, records: Sequence[Record]) -> list[str]:
    from whereql.dialects.standards.cel import spelled

    values = [value for record in records for value in (record.metadata or {}).values() if not isinstance(value, dict)]
    scalars: list[Any] = [*[v for v in values if not isinstance(v, list)], *[e for v in values if isinstance(v, list) for e in v], "", 0, 1.0, True, "a"]
    # The implementation in Rust rounds an int from 2^53 on where it meets a double.
    scalars = [value for value in scalars if isinstance(value, (str, bool)) or abs(value) < 2**53]
    keys = [*sorted({key for record in records for key in record.metadata or {}}), "missing"]

    def leaf() -> str:
        key, value, text = rng.choice(keys), rng.choice(scalars), rng.choice([v for v in scalars if isinstance(v, str)])
        access = f"metadata[{spelled(key)}]"
        if rng.random() < 0.15:
            access = rng.choice(["document", "id", "uri"])
        some = ", ".join(spelled(rng.choice(scalars)) for _ in range(rng.randint(0, 3)))
        sign = rng.choice(["==", "!="] if isinstance(value, bool) else ["==", "!=", "<", "<=", ">", ">="])
        return rng.choice([
            f"{access} {sign} {spelled(value)}", f"{spelled(value)} {sign} {access}", f"{spelled(key)} in metadata", f"{access} in [{some}]", f"{access}.{rng.choice(['contains', 'startsWith', 'endsWith'])}({spelled(text)})",
            f"type({access}) {rng.choice(['==', '!='])} {rng.choice(['string', 'bool'])}", f"{access}.exists(e, e == {spelled(value)})", f"{access}.matches({spelled(rng.choice(['^a', 'b$', '[a-c]+', 'é', '(?i)k', '^$']))})",
            f"(type({access}) == int && {access} > 2 || type({access}) == double && {access} > 2.0)", rng.choice(["true", "false"]), f"{access} == true",
        ])  # fmt: skip

    def expression(depth: int) -> str:
        if depth == 0 or rng.random() < 0.3:
            return leaf()
        if rng.random() < 0.3:
            return f"!({expression(depth - 1)})"
        return f"({rng.choice([' && ', ' || ']).join(expression(depth - 1) for _ in range(rng.randint(2, 3)))})"

    return [expression(3) for _ in range(25)]


def test_expressions_mean_what_the_engine_says() -> None:
    def sets() -> Iterator[tuple[Sequence[Record], Sequence[Any]]]:
        for seed in range(SETS):
            generator = Generator(2000 + seed)
            records = [make_record(r.id, document=r.document, uri=r.uri, metadata={k: v for k, v in (r.metadata or {}).items() if not isinstance(v, dict)}) for r in generator.records(20)]
            yield records, native_filters(generator.random, records)

    with worker("cel_engines", engine="rust", errors=True) as engine:
        engine.versions = {"common-expression-language": engine.versions["common-expression-language"]}
        assert prove_reading("cel", DIALECT, engine, sets()).filters == 25 * SETS


def test_comments_are_skipped() -> None:
    assert whereql.to_text(DIALECT.decode('// of the year\nmetadata.a == 1 // && metadata.b == 2\r&& metadata.c == "//" //')) == "a = 1 AND c = '//'"


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
def test_an_order_of_null_is_refused(sign: str) -> None:
    for name in ("metadata.k", "document"):
        with pytest.raises(whereql.UnsupportedError, match="an order of null"):  # an error in CEL, and no test of presence
            DIALECT.decode(f"{name} {sign} null")

