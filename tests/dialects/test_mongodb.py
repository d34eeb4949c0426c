"""MongoDB's query language, by several evaluators of it, and its patterns by PCRE2."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from foreign import Run, Worker, worker
from injection import hostile_pairs
from merging_evaluator import check_structure
from proving import COUNT, prove, prove_reading

import whereql
from whereql.ast import Expr, predicates
from whereql.dialects.mongo.mongodb import DIALECT
from whereql.errors import TranslateError, UnsupportedError, WhereError
from whereql.operators import ORDER
from whereql.records import Record
from whereql.regex import compile_pattern
from whereql.testing import DialectContract
from whereql.testing.generators import Generator
from whereql.testing.holding import fit_all

PLACES = {"document": "text", "uri": "uri"}
TAKEN = frozenset({"_id", "text", "uri"})


@pytest.fixture(scope="module")
def engine() -> Iterator[Worker]:
    with worker("mongo_python") as started:
        yield started


class TestMongodb(DialectContract):
    examples = (
        ({"year": 5}, "year = 5 OR year HAS 5"),
        ({"lang": {"$in": ["en", None]}}, "lang = 'en' OR lang HAS 'en' OR lang IS NULL"),
        ({"$nor": [{"a": {"$exists": True}}, {"b": {"$eq": 1, "$not": {"$type": "array"}}}]}, "a IS NULL AND b != 1"),
        ({"tags": {"$elemMatch": {"$in": ["a", "b"]}}, "_id": "x"}, "tags HAS ANY ('a', 'b') AND #id = 'x'"),
        ({"tags": {"$in": ["a", "b"], "$type": "array"}}, "tags HAS ANY ('a', 'b')"),
        ({"tags": {"$all": ["a", "b"]}}, "(tags = 'a' OR tags HAS 'a') AND (tags = 'b' OR tags HAS 'b')"),
        ({}, "TRUE"),
    )

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, engine: Worker) -> Run:
        return engine.run

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return PLACES


class TestWithoutArrays(DialectContract):
    """The plain forms, for keys that are known to hold no array."""

    lacks = frozenset({"arrays"})
    filters = 60

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self, engine: Worker) -> Run:
        return lambda native, records: engine.run(native, records)

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {**PLACES, "arrays": False}


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **options).native


def read(source: Any, **options: Any) -> str:
    return whereql.to_text(DIALECT.decode(source, **options))


def ids(engine: Worker, native: Any, *metadata: Mapping[str, Any] | None) -> list[int]:
    records = [whereql.make_record(f"{number}", metadata=each) for number, each in enumerate(metadata)]
    return [int(id) for id in engine.run(native, records)]


# -- what is written --------------------------------------------------------------------------------------------------


def test_what_is_known_of_a_key_leaves_the_guard_out() -> None:
    assert written("year >= 2020") == {"year": {"$gte": 2020, "$not": {"$type": "array"}}}
    assert written("year >= 2020", schema={"year": "int"}) == {"year": {"$gte": 2020}}
    assert written("tags HAS 'a'") == {"tags": {"$eq": "a", "$type": "array"}}
    assert written("tags HAS 'a'", schema={"tags": "string[]"}) == {"tags": "a"}


def test_ruling_arrays_out_is_a_condition_that_is_said() -> None:
    translation = DIALECT.encode(whereql.parse("year >= 2020"), arrays=False)
    assert translation.native == {"year": {"$gte": 2020}}
    assert [note.reason for note in translation.notes] == ["as long as the key holds no array"]


def test_a_key_that_has_tests_is_guarded_even_where_arrays_are_ruled_out() -> None:
    assert written("tags = 'a' OR tags HAS 'a'", arrays=False)["$or"][0] == {"tags": {"$eq": "a", "$not": {"$type": "array"}}}


def test_a_complement_finds_what_lacks_the_key(engine: Worker) -> None:
    rows = ({"k": 3}, {"k": 7}, None, {"k": "a"}, {"k": [7]})
    assert ids(engine, written("NOT k > 5"), *rows) == [0, 2, 3, 4]
    assert ids(engine, {"k": {"$lte": 5}}, *rows) == [0]  # the tempting answer


def test_a_scalar_test_finds_no_array(engine: Worker) -> None:
    rows = ({"k": "a"}, {"k": ["a"]}, None)
    assert ids(engine, written("k = 'a'"), *rows) == [0]
    assert ids(engine, {"k": "a"}, *rows) == [0, 1]  # the tempting answer
    assert ids(engine, written("NOT k = 'a'"), *rows) == [1, 2]
    assert ids(engine, {"k": {"$ne": "a"}}, *rows) == [2]


def test_null_and_an_empty_array_are_missing(engine: Worker) -> None:
    native = written("k IS NOT NULL")
    assert ids(engine, native, {"k": "a"}, None, {"k": ["a"]}) == [0, 2]
    with worker("mongo_python") as other:
        held = other._ask({"records": [{"id": "0", "document": None, "uri": None, "metadata": {"k": None}}, {"id": "1", "document": None, "uri": None, "metadata": {"k": []}}]})
        assert held == {}
        assert other._ask({"filters": [native, {"k": {"$exists": True}}]})["answers"] == [[], ["0", "1"]]


def test_kinds_and_large_ints_stay_apart(engine: Worker) -> None:
    rows = ({"k": 1}, {"k": 1.0}, {"k": True}, {"k": "1"}, {"k": 2**53 + 1}, {"k": 2.0**53})
    assert ids(engine, written("k = 1"), *rows) == [0, 1]
    assert ids(engine, written("k IN (1, TRUE, '1')"), *rows) == [0, 1, 2, 3]
    assert ids(engine, written(f"k = {2**53 + 1}"), *rows) == [4]
    assert ids(engine, written(f"k > {2**53}"), *rows) == [4]


def test_a_pattern_holds_no_nul_which_bson_has_no_room_for() -> None:
    assert DIALECT.encode(whereql.F("k").contains("a\0b"), arrays=False).native == {"k": {"$regex": "a\\x00b"}}
    assert DIALECT.encode(whereql.F("k").like("é%_"), arrays=False).native == {"k": {"$regex": "\\Aé(?s:.)*(?s:.)\\z"}}


def test_a_line_starts_behind_the_last_newline_too() -> None:
    pcre2 = pytest.importorskip("pcre2")
    native = DIALECT.encode(whereql.F("k").matches("(?m)^$"), arrays=False).native
    assert bool(pcre2.compile(native["k"]["$regex"]).search("a\n")) is compile_pattern("(?m)^$").search("a\n") is True
    assert not pcre2.compile("(?m)^$").search("a\n")  # the tempting answer
    with pytest.raises(UnsupportedError, match="option m"):
        DIALECT.decode({"k": {"$regex": "^$", "$options": "m"}}, arrays=False)
    assert read({"k": {"$regex": "^a$", "$options": "m"}}, arrays=False) == "k MATCHES '(?m)^a$'"


def test_a_dollar_stands_before_a_last_newline_too() -> None:
    matches = whereql.compile_matcher(DIALECT.decode({"k": {"$regex": "a$|b$"}}, arrays=False))
    assert [matches(whereql.make_record("a", metadata={"k": text})) for text in ("a", "a\n", "b\n", "a\nc", "a\n\n")] == [True, True, True, False, False]


def test_a_prefix_stands_before_keys_only() -> None:
    assert written("a = 1 AND #id = 'x'", metadata="metadata", arrays=False) == {"$and": [{"metadata.a": 1}, {"_id": "x"}]}
    assert read({"metadata.a": 1, "_id": "x"}, metadata="metadata", arrays=False) == "a = 1 AND #id = 'x'"
    with pytest.raises(UnsupportedError, match="outside of metadata"):
        DIALECT.decode({"a": 1}, metadata="metadata")


@pytest.mark.parametrize("key", ["", "$a", "a.$b", "a..b", ".a", "k\0", "tags.0", "_id"])
def test_keys_that_no_path_names_are_refused(key: str) -> None:
    translation = DIALECT.encode(whereql.F(key) == 1, allow_residual=True)
    assert translation.native == {} and translation.residual is not None
    with pytest.raises(TranslateError, match="rename the key"):
        DIALECT.encode(whereql.F(key) == 1)


def test_a_dot_is_a_path_and_that_is_said() -> None:
    assert DIALECT.encode(whereql.parse("author.name = 'a'")).notes[0].reason == "a dot leads into an object within the document"


def test_documents_stay_within_mongodbs_levels() -> None:
    expr: Expr = whereql.parse("a = 1")
    for number in range(100):
        expr = (whereql.F("b") == number) | expr if number % 2 else (whereql.F("b") == number) & expr
    native = DIALECT.encode(expr, allow_residual=True).native
    assert levels(native) <= 100


def levels(native: Any) -> int:
    inner = native.values() if isinstance(native, dict) else native if isinstance(native, list) else ()
    return 1 + max(map(levels, inner)) if isinstance(native, (dict, list)) and inner else 1


def test_hostile_keys_and_values_are_data() -> None:
    pairs = [pair for pair in hostile_pairs(5) if "." not in pair[0]]  # a dot is a step, see above
    assert check_structure(DIALECT, pairs) > 800
    assert check_structure(DIALECT, pairs[:500], arrays=False, metadata="metadata") > 400


# -- defects of others ------------------------------------------------------------------------------------------------


def test_defect_7_one_rule_for_a_missing_key(engine: Worker) -> None:
    rows = ({"s": "apple"}, {"s": "Banana"}, None, {"s": ""})
    for text in ("s != 'apple'", "NOT s = 'apple'", "s NOT IN ('apple')"):
        assert ids(engine, written(text), *rows) == [1, 2, 3]
    assert ids(engine, written("s NOT IN ('apple', 5)"), *rows) == [1, 2, 3]


def test_defect_11_a_pattern_is_no_part_of_an_equality(engine: Worker) -> None:
    rows = ({"s": "apple"}, {"s": "app"})
    assert ids(engine, written("s != 'app'"), *rows) == [0]
    assert ids(engine, written("s CONTAINS '.'"), *rows) == []


def test_defect_17_an_empty_list_finds_nothing(engine: Worker) -> None:
    assert ids(engine, written("s IN ()"), {"s": "a"}, None) == []
    assert ids(engine, written("NOT s IN ()"), {"s": "a"}, None) == [0, 1]


def test_defect_18_not_of_several_is_not_all_of_them(engine: Worker) -> None:
    rows = ({"s": "apple", "n": 0}, {"s": "apple"}, {"n": 0}, None)
    assert ids(engine, written("NOT (s = 'apple' AND n = 0)"), *rows) == [1, 2, 3]


# -- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"a": 1, "b": {"$gt": 1, "$lte": 5}}, "a = 1 AND b > 1 AND b <= 5"),
        ({"a": {"$not": {"$gt": 5}}}, "NOT a > 5"),
        ({"a": {"$ne": None}, "$comment": "why"}, "a IS NOT NULL"),
        ({"a": {"$regex": "^ab", "$options": "i"}}, "a MATCHES '(?i)^ab'"),
        ({"a": {"$type": "string"}}, "a >= ''"),
        ({"a": {"$in": []}}, "FALSE"),
        ({"a": {"$all": []}}, "FALSE"),
        ({"$or": [{"a": True}, {"b.c": "x"}]}, "a OR b.c = 'x'"),
    ],
)
def test_reads(source: Any, text: str) -> None:
    assert whereql.equivalent(DIALECT.decode(source, arrays=False), whereql.parse(text)).verdict == "yes"


def test_what_looks_into_arrays_is_refused_unless_there_are_none() -> None:
    with pytest.raises(UnsupportedError, match="looks into arrays") as caught:
        DIALECT.decode({"$or": [{"a": 1}, {"year": {"$gte": 2020}}]})
    assert caught.value.path == "$.$or[1].year.$gte" and "arrays=False" in (caught.value.hint or "")
    assert read({"year": {"$gte": 2020}}, schema={"year": "int"}) == "year >= 2020"


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ({"$where": "sleep(1000)"}, "$.$where"), ({"$expr": {"$gt": ["$a", "$b"]}}, "$.$expr"), ({"a": {"$near": [1, 2]}}, "$.a.$near"),
        ({"a": {"$mod": [4, 0]}}, "$.a.$mod"), ({"a": {"$size": 2}}, "$.a.$size"), ({"a": [1]}, "$.a"), ({"a": {"b": 1}}, "$.a"), ({"a.0": 1}, '$["a.0"]'),
        ({"a": {"$elemMatch": {"$gt": 1}}}, "$.a.$elemMatch"), ({"a": {"$regex": "(?=b)"}}, "$.a.$regex"), ({"a": {"$type": "array"}}, "$.a.$type"), ({"$text": {"$search": "a"}}, "$.$text"),
    ],
)  # fmt: skip
def test_refuses_what_is_no_filter_by_name_and_place(source: Any, path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        DIALECT.decode(source, arrays=False)
    assert (caught.value.code, caught.value.path) == ("WQ504", path)


@pytest.mark.parametrize(
    "source", [{"$and": []}, {"$and": {}}, {"$nope": 1}, {"a": {"$gte_": 1}}, {"a": {"$gt": None}}, {"a": {"$in": 5}}, {"a": {"$not": 5}}, [], "{}", {"a": {"$regex": 5}}, {"a": {"$gt": 1, "$options": "i"}}, {1: 2}, {"a": float("nan")}]
)  # fmt: skip
def test_refuses_what_is_no_query(source: Any) -> None:
    with pytest.raises(WhereError) as caught:
        DIALECT.decode(source, arrays=False)
    assert caught.value.code == "WQ215" and caught.value.path and caught.value.hint


def test_depth_ends_in_a_limit() -> None:
    source: Any = {"a": 1}
    for _ in range(5_000):
        source = {"$and": [source]}
    with pytest.raises(whereql.LimitError):
        DIALECT.decode(source)
    source = {"$gt": 1}
    for _ in range(5_000):
        source = {"$not": source}
    with pytest.raises(whereql.LimitError):
        DIALECT.decode({"a": source})


# -- proofs -----------------------------------------------------------------------------------------------------------


def test_proof_by_montydb_of_the_plain_forms(engine: Worker) -> None:
    prove("mongodb", DIALECT, engine, options=lambda records: {**PLACES, "arrays": False}, lacks={"arrays"}, seed=1000, variant="arrays=False")


def test_an_array_that_is_none_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="beside the type of an array"):  # read as `k HAS 5`, it would find what MongoDB doesn't
        DIALECT.decode({"k": {"$type": "array", "$eq": 5, "$not": {"$type": "array"}}})


def test_proof_by_montydb(engine: Worker) -> None:
    prove("mongodb", DIALECT, engine, options=lambda records: PLACES)


@pytest.mark.engines
def test_proof_by_mongomock() -> None:
    with worker("mongo_mock", own=True) as started:
        prove("mongodb", DIALECT, started, options=lambda records: PLACES, seed=2000)


@pytest.mark.engines
@pytest.mark.parametrize("name", ["mingo", "sift"])
def test_proof_by_javascript(name: str) -> None:
    """JavaScript orders strings by UTF-16, and has no ints beyond 2^53: limits of the engine."""
    with worker("mongo_js", own=True, engine=name) as started:
        started.versions = {name: started.versions[name]}
        prove("mongodb", DIALECT, started, options=lambda records: PLACES, seed=3000, lacks={"long ints"}, keep=is_for_javascript)


def is_for_javascript(expr: Expr) -> bool:
    for predicate in predicates(expr):
        operand = predicate.operand if isinstance(predicate.operand, tuple) else (predicate.operand,)
        values = [item.value for item in operand if item is not None]  # type: ignore[union-attr]  # literals
        if any(type(value) is int and abs(value) > 2**53 for value in values):
            return False
        if predicate.op in ORDER and any(isinstance(value, str) for value in values):
            return False
    return True


def sources(seed: int, records: Sequence[Record], count: int, *, javascript: bool = False) -> list[Any]:
    """Random queries of MongoDB, their values from the records; for JavaScript without what it does in its own way, see above."""
    rng = random.Random(seed)
    held = [(key, item) for record in records for key, value in (record.metadata or {}).items() for item in (value if isinstance(value, list) else [value]) if not isinstance(value, dict)]
    keys = [*sorted({key for key, _ in held if all(key.split(".")) and "\0" not in key and not key.startswith("$")}), "missing"]
    held = [pair for pair in held if pair[0] in keys] or [("missing", 1)]

    def value(key: str) -> Any:
        return rng.choice([item for name, item in held if name == key] or [1, "a"]) if rng.random() < 0.8 else rng.choice(held)[1]

    def test(key: str) -> dict[str, Any]:
        item = value(key)
        tests: list[Any] = [
            {"$eq": item}, {"$ne": item}, {"$in": [item, value(key)]}, {"$nin": [item, value(key), None]}, {"$exists": rng.random() < 0.5},
            {"$eq": item, "$type": "array"}, {"$in": [item, value(key)], "$type": "array"}, {"$ne": None}, {"$not": {"$in": [item]}}, {"$in": [None, item]},
            {"$eq": item, "$not": {"$type": "array"}}, {"$in": [item, value(key)], "$ne": value(key), "$not": {"$type": "array"}},
        ]  # fmt: skip
        if not javascript:  # mingo takes $all to ask for an array, where MongoDB documents it as an AND of equalities
            tests += [{"$all": [item, value(key)]}]
        if javascript or not isinstance(item, str):  # montydb takes the characters of a string for elements
            tests += [{"$elemMatch": {"$eq": item}}, {"$not": {"$elemMatch": {"$in": [item, 5]}}}]
        if not isinstance(item, bool) and not (javascript and isinstance(item, str)):
            tests += [{operator: item, "$not": {"$type": "array"}} for operator in ("$gt", "$gte", "$lt", "$lte")]
        if isinstance(item, str) and not javascript:
            pattern = rng.choice(["^a", "b$", "a.b", "[a-c]+", r"\d", r"\w\s", "(ab|n)e?", "^a$", r"[^\d\s]", "x{2,}", "é", r"\.", "日.語"])
            tests += [{"$regex": pattern, "$options": rng.choice(["", "i", "s", "m", "is"]), "$not": {"$type": "array"}}]
        return rng.choice(tests)  # type: ignore[no-any-return]  # a query is of any type

    def document(depth: int) -> dict[str, Any]:
        if depth and rng.random() < 0.5:
            return {rng.choice(["$and", "$or", "$nor"]): [document(depth - 1) for _ in range(rng.randint(1, 3))]}
        made: dict[str, Any] = {}
        for key in rng.sample(keys, min(len(keys), rng.choice([1, 1, 2]))):
            made[key] = value(key) if rng.random() < 0.2 else test(key)
        return made

    return [document(rng.randint(0, 3)) for _ in range(count)]


def test_proof_of_reading(engine: Worker) -> None:
    sets = []
    for seed in range(max(3, COUNT // 100)):
        records = fit_all(Generator(seed).records(25), ())
        sets.append((records, sources(seed, records, 50)))
    proof = prove_reading("mongodb", DIALECT, engine, sets, **PLACES)
    assert proof.filters >= 150


@pytest.mark.engines
@pytest.mark.parametrize("name", ["mingo", "sift"])
def test_proof_of_reading_by_javascript(name: str) -> None:
    with worker("mongo_js", own=True, engine=name) as started:
        started.versions = {name: started.versions[name]}
        sets = []
        for seed in range(1000, 1000 + max(3, COUNT // 100)):
            records = fit_all(Generator(seed).records(25), {"long ints"})
            sets.append((records, sources(seed, records, 50, javascript=True)))
        prove_reading("mongodb", DIALECT, started, sets, **PLACES)


@pytest.mark.parametrize("seed", range(max(3, COUNT // 100)))
def test_patterns_written_mean_to_pcre2_what_they_mean_to_whereql(seed: int) -> None:
    pcre2 = pytest.importorskip("pcre2")
    from whereql.testing.generators import PATTERNS, TEXTS

    rng = random.Random(seed)
    for _ in range(20):
        pattern = rng.choice([*PATTERNS, "(?m)^$", "(?m)$^", "(?m)b$"]) + rng.choice(["", "", rng.choice(PATTERNS)])
        native = DIALECT.encode(whereql.F("k").matches(pattern), arrays=False, allow_residual=True).native
        if "k" not in native:
            continue
        compiled = pcre2.compile(native["k"]["$regex"], pcre2.ASCII)
        for text in [*TEXTS, "b\n", "\n", "".join(rng.choices(TEXTS, k=4))]:
            assert bool(compiled.search(text)) is compile_pattern(pattern).search(text), (pattern, text)


@pytest.mark.parametrize("seed", range(max(3, COUNT // 100)))
def test_patterns_read_mean_what_pcre2_finds(seed: int) -> None:
    pcre2 = pytest.importorskip("pcre2")
    from whereql.testing.generators import TEXTS

    pieces = ["a", "b", ".", "^", "$", "\\d", "\\w", "\\s", "\\S", "[a-c]", "[^a]", "[\\w-]", "[&~^]", "(", ")", "(?:", "|", "*", "+", "?", "{2}", "é", "#", "-", "\\.", "\\-", "\\/", "\\n", "&&", "\\x41", "n", " ", "k", "s", "\\W", "]"]  # fmt: skip
    rng = random.Random(seed)
    tried = 0
    while tried < 40:
        pattern, flags = "".join(rng.choices(pieces, k=rng.randint(1, 5))), rng.choice(["", "", "i", "m", "s"])
        try:
            compiled = pcre2.compile(pattern, sum({"i": int(pcre2.I), "m": int(pcre2.M), "s": int(pcre2.S)}[flag] for flag in flags) | int(pcre2.ASCII))
            expr = DIALECT.decode({"k": {"$regex": pattern, "$options": flags}}, arrays=False)
        except (pcre2.error, pcre2.LibraryError, whereql.WhereqlError):
            continue
        tried += 1
        for text in [*TEXTS, "a\n", "ab\n\n", "k\u212a", "-a&", "".join(rng.choices(TEXTS, k=4))]:
            if "\0" in text:
                continue
            assert bool(compiled.search(text)) is whereql.compile_matcher(expr)(whereql.make_record("a", metadata={"k": text})), (pattern, flags, text)
