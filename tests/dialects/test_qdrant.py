"""Qdrant's filters, written and read, on Qdrant's own engine."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from foreign import Run, Worker, worker
from proving import COUNT, prove, prove_reading

import whereql
from whereql.dialect import Dialect
from whereql.dialects.doubles import doubles
from whereql.dialects.vectors.qdrant import DIALECT
from whereql.dialects.vectors.qdrant_path import path_of, read_path
from whereql.errors import CheckError, TranslateError, UnsupportedError, WhereError, WhereqlError
from whereql.operators import Op
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.testing import DialectContract
from whereql.testing.generators import FilterMaker, Generator
from whereql.testing.hostile import HOSTILE_KEYS, HOSTILE_TEXTS

PLACES = {"id": "_id", "document": "page_content", "uri": "_uri"}
# The store reads floats back from JSON, of more than 15 digits or far exponents perhaps not the same ones.
LACKS = ("long floats", "far floats")


@pytest.fixture(scope="module")
def edge() -> Iterator[Worker]:
    with worker("edge_qdrant", places=PLACES) as started:
        yield started


def declared(records: Sequence[Record]) -> dict[str, Any]:
    """The schema of some records."""
    kinds: dict[str, set[str]] = {}
    for record in records:
        for name, value in (record.metadata or {}).items():
            kinds.setdefault(name, set()).add(whereql.records.stored_kind(value))
    return {"schema": {name: sorted(found) for name, found in kinds.items()}}


class TestQdrant(DialectContract):
    lacks = LACKS
    examples: ClassVar[Sequence[tuple[Any, str]]] = (
        ({}, "TRUE"),
        ({"must": [], "should": [], "must_not": None}, "TRUE"),
        ({"must": {"key": "tags[]", "match": {"value": "a"}}}, "tags HAS 'a'"),
        ({"must": [{"key": "k", "match": {"any": ["a", "b"]}}]}, "k IN ('a', 'b') OR k HAS ANY ('a', 'b')"),
        ({"must": [{"key": "k", "match": {"value": True}}, {"is_empty": {"key": "k[]"}}]}, "k = TRUE"),
        ({"must": [{"key": "k", "range": {"gt": 1, "lte": 2.5}}, {"is_empty": {"key": "k[]"}}]}, "k > 1 AND k <= 2.5"),
        ({"must": [{"key": "k", "range": {"gte": 1.5, "lte": 1.5}}]}, "k = 1.5 OR k HAS 1.5"),
        ({"must_not": [{"is_empty": {"key": "k"}}]}, "k IS NOT NULL"),
        ({"must": [{"key": "k", "is_empty": False}], "should": [{"is_empty": {"key": "a"}}, {"must": [{"is_empty": {"key": "b"}}]}]}, "k IS NOT NULL AND (a IS NULL OR b IS NULL)"),
        ({"must": [{"key": "k", "values_count": {"gte": 1}}]}, "k IS NOT NULL"),
        ({"must": [{"has_id": [5, "550E8400-E29B-41D4-A716-446655440000"]}]}, "#id IN ('5', '550e8400-e29b-41d4-a716-446655440000')"),
        ({"min_should": {"conditions": [{"is_empty": {"key": key}} for key in "abc"], "min_count": 2}}, "(a IS NULL AND (b IS NULL OR c IS NULL)) OR (b IS NULL AND c IS NULL)"),
        ({"must": [{"must": [{"key": "k", "match": {"prefix": "a"}}]}, {"is_empty": {"key": "k[]"}}]}, "k STARTS WITH 'a'"),
    )  # fmt: skip

    @pytest.fixture
    def dialect(self) -> Dialect:
        return DIALECT

    @pytest.fixture
    def run(self, edge: Worker) -> Run:
        return edge.run

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return PLACES


@pytest.mark.parametrize("seed", range(4))
def test_what_a_schema_makes_shorter_reads_back(seed: int) -> None:
    generator = Generator(seed)
    records = generator.records(20)
    maker = FilterMaker(generator.random, records)
    for _ in range(50):
        expr = maker.filter()
        options = PLACES | declared(records)
        translation = DIALECT.encode(expr, allow_residual=True, **options)
        read = DIALECT.decode(translation.native, **options)
        for each in records:
            kept = translation.residual is None or holds(translation.residual, each)
            assert (holds(read, each) and kept) is holds(expr, each)


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **options).native


PEOPLE = [
    make_record("1", metadata={"s": "apple", "n": 5, "f": 1.5, "b": True, "t": ["x", "y"]}),
    make_record("2", metadata={"s": "Banana", "n": -3, "f": 2.0, "b": False, "t": ["y"]}),
    make_record("3"),
    make_record("5", metadata={"s": "", "n": 0, "f": 5.0, "b": True}),
    make_record("6", metadata={"s": "5", "n": 7, "f": 0.0, "b": False, "t": ["X", "x y"]}),
    make_record("7", metadata={"s": 5, "n": "5", "f": 3, "b": 1, "t": "x"}),
    make_record("8", metadata={"s": "Apple pie", "n": 5.0, "f": 1}),
]


class TestWriting:
    def test_a_key_that_holds_no_arrays_is_said_plainly(self) -> None:
        plain = {"must": [{"key": "year", "range": {"gt": 2020}}]}
        assert written("year > 2020", arrays=False) == written("year > 2020", schema={"year": "int"}) == plain
        assert written("year > 2020") == {"must": [*plain["must"], {"is_empty": {"key": "year[]"}}]}

    def test_a_list_of_strings_is_one_condition(self) -> None:
        assert written("k IN ('a', 'b')", arrays=False) == {"must": [{"key": "k", "match": {"any": ["a", "b"]}}]}
        assert written("k IN (1, 2)", schema={"k": "int"}) == {"must": [{"key": "k", "match": {"any": [1, 2]}}]}

    def test_an_array_key_is_asked_without_brackets_where_it_is_declared(self) -> None:
        assert written("tags HAS 'ml'", schema={"tags": "string[]"}) == {"must": [{"key": "tags", "match": {"value": "ml"}}]}
        assert written("tags HAS 'ml'") == {"must": [{"key": "tags[]", "match": {"value": "ml"}}]}

    def test_connectives_are_taken_apart_and_arrays_asked_for_once(self) -> None:
        assert written("k > 1 AND k < 5 AND NOT (a = 'x' OR b IS NULL)") == {
            "must": [{"key": "k", "range": {"gt": 1}}, {"is_empty": {"key": "k[]"}}, {"key": "k", "range": {"lt": 5}}],
            "must_not": [{"must": [{"key": "a", "match": {"value": "x"}}, {"is_empty": {"key": "a[]"}}]}, {"is_empty": {"key": "b"}}],
        }

    def test_a_complement_has_the_records_without_the_key(self, edge: Worker) -> None:
        assert set(edge.run(written("NOT n > 4"), PEOPLE)) == {"2", "3", "5", "7"}
        assert set(edge.run(written("n <= 4"), PEOPLE)) == {"2", "5"}
        tempting = {"must": [{"key": "s", "match": {"except": ["apple"]}}]}  # present and different
        assert set(edge.run(tempting, PEOPLE)) != set(edge.run(written("s != 'apple'"), PEOPLE)) == {"2", "3", "5", "6", "7", "8"}

    def test_kinds_are_kept_apart(self, edge: Worker) -> None:
        assert set(edge.run(written("n = 5"), PEOPLE)) == {"1", "8"}
        assert set(edge.run({"must": [{"key": "n", "match": {"value": 5}}]}, PEOPLE)) == {"1"}  # the tempting one misses 5.0
        assert set(edge.run(written("b"), PEOPLE)) == {"1", "5"}
        assert set(edge.run(written("b = 1"), PEOPLE)) == {"7"}
        assert set(edge.run(written("s IN ('apple', 5)"), PEOPLE)) == {"1", "7"}
        assert set(edge.run(written("t = 'x'"), PEOPLE)) == {"7"}
        assert set(edge.run(written("t HAS 'x'"), PEOPLE)) == {"1"}
        assert set(edge.run({"must": [{"key": "t", "match": {"value": "x"}}]}, PEOPLE)) == {"1", "7"}  # merges the two

    def test_numbers_beyond_the_doubles(self, edge: Worker) -> None:
        big = [make_record(str(n), metadata={"k": n}) for n in (2**53 - 1, 2**53, 2**53 + 1, 2**53 + 2, 2**63 - 1)]
        assert edge.run(written(f"k = {2**53 + 1}"), big) == [str(2**53 + 1)]
        translation = DIALECT.encode(whereql.parse(f"k > {2**53}"), allow_residual=True)
        assert set(edge.run(translation.native, big)) >= {str(2**53 + 1), str(2**53 + 2), str(2**63 - 1)}
        assert set(edge.run({"must": [{"key": "k", "range": {"gt": 2**53}}]}, big)) == {str(2**53 + 2), str(2**63 - 1)}  # the tempting one loses one
        with pytest.raises(TranslateError, match="nearest doubles"):
            written(f"k >= {2**53 + 1}")

    def test_texts_by_version(self) -> None:
        assert written("k CONTAINS 'a'", arrays=False) == {"must": [{"key": "k", "match": {"substring": "a"}}]}
        assert written("k LIKE 'a\\%%'", arrays=False, version="1.19") == {"must": [{"key": "k", "match": {"prefix": "a%"}}]}
        old = DIALECT.encode(whereql.parse("k CONTAINS 'a'"), arrays=False, version="1.18")
        assert old.native == {"must": [{"key": "k", "match": {"text": "a"}}]}
        assert [note.reason for note in old.notes] == ["if the key has no text index"]
        for refused in ({"version": "1.19"}, {"version": "1.18", "indexed": {"k": "text"}}):
            with pytest.raises(TranslateError, match="k CONTAINS 'a'"):
                written("k CONTAINS 'a'", **refused)
        for text in ("k STARTS WITH 'a'", "k LIKE 'a%'"):
            prefix = DIALECT.encode(whereql.parse(text), arrays=False, version="1.18", allow_residual=True)
            assert prefix.native == old.native
            assert not prefix.exact
        for text in ("k LIKE '%a%b'", "k LIKE 'b%a%'", "k LIKE '%a_'", "k LIKE '_a%'"):
            assert not DIALECT.encode(whereql.parse(text), allow_residual=True).exact
        assert DIALECT.encode(whereql.parse("k ENDS WITH 'a'"), arrays=False, allow_residual=True).native == {"must": [{"key": "k", "match": {"substring": "a"}}]}

    def test_subjects_have_their_places(self) -> None:
        places = {"metadata": "metadata", "document": "page_content", "uri": 'metadata."the uri"'}
        assert written("a = 'x' AND #document CONTAINS 'y' AND #uri = 'z'", arrays=False, **places) == {
            "must": [
                {"key": "metadata.a", "match": {"value": "x"}},
                {"key": "page_content", "match": {"substring": "y"}},
                {"key": 'metadata."the uri"', "match": {"value": "z"}},
            ]
        }
        with pytest.raises(TranslateError, match="document='…'"):
            written("#document CONTAINS 'y'")
        with pytest.raises(TranslateError, match="has its document"):
            written("page_content = 'y'", document="page_content")
        with pytest.raises(CheckError, match="metadata is no path"):
            written("a = 1", metadata="a b")

    def test_ids_are_those_of_points(self, edge: Worker) -> None:
        uuid = "550e8400-e29b-41d4-a716-446655440000"
        assert written(f"#id IN ('5', '{uuid}', '{uuid.upper()}', '05', 'x')") == {"must": [{"has_id": [5, uuid]}]}
        assert set(edge.run(written("#id NOT IN ('0', '2')"), PEOPLE)) == {"2", "5", "6", "7", "8"}  # points are numbered from 0

    def test_what_it_can_not_say_is_refused_with_a_hint(self) -> None:
        for text in ("k > 'a'", "k MATCHES 'a.b'", "k ILIKE 'a%'", "`a\"b` = 1", "`a\\b` = 1", "#id STARTS WITH 'a'", "#uri = 'a'"):
            with pytest.raises(TranslateError) as caught:
                DIALECT.encode(whereql.parse(text))
            assert caught.value.hint, text

    def test_a_deep_filter_stays_within_the_json_of_a_server(self) -> None:
        text = "k = 1"
        for level in range(120):
            text = f"({text} {'OR' if level % 2 else 'AND'} k{level} = 'x')"
        translation = DIALECT.encode(whereql.parse(text), allow_residual=True)
        assert json_depth({"filter": translation.native}) < 128


def json_depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(json_depth, inner), default=0) if isinstance(value, (dict, list)) else 0


class TestDefects:
    """What other translators into Qdrant get wrong."""

    def test_defect_5_floats_and_patterns(self, edge: Worker) -> None:
        assert edge.run(written("f = 1.5"), PEOPLE) == ["1"]
        like = DIALECT.encode(whereql.parse("s LIKE '%an%'"))
        assert edge.run(like.native, PEOPLE) == ["2"]
        assert edge.run({"must": [{"key": "s", "match": {"text": "%an%"}}]}, PEOPLE) == []  # the wrong one

    def test_defect_16_one_meaning_of_not_equal(self, edge: Worker) -> None:
        assert written("s != 'apple'") == written("NOT s = 'apple'") == written("s NOT IN ('apple')")
        assert len(edge.run(written("s NOT IN ()"), PEOPLE)) == len(PEOPLE)

    def test_defect_17_an_empty_list_finds_nothing(self, edge: Worker) -> None:
        assert edge.run(written("s IN ()"), PEOPLE) == []
        assert edge.run(written("s IN () AND n = 5"), PEOPLE) == []
        assert edge.run(written("s HAS ANY () OR n = 7"), PEOPLE) == ["6"]

    def test_defect_18_not_of_several_is_not_all_of_them(self, edge: Worker) -> None:
        assert len(edge.run(written("NOT (s = 'apple' AND n = 0)"), PEOPLE)) == len(PEOPLE)
        assert set(edge.run(written("NOT (s = 'apple' OR n = 0)"), PEOPLE)) == {"2", "3", "6", "7", "8"}


class TestReading:
    @pytest.mark.parametrize(
        ("native", "said"),
        [
            ({"must": [{"key": "k", "range": {"gt": 1}}]}, "a range of an element"),
            ({"must": [{"key": "k[]", "range": {"gt": 1}}]}, "a range of an element"),
            ({"must": [{"key": "k", "match": {"except": ["a"]}}]}, "match.except of an element"),
            ({"must": [{"key": "k", "range": {"gt": "2024-01-01T00:00:00Z"}}]}, "a range of times"),
            ({"must": [{"key": "k", "geo_radius": {"center": {"lat": 1, "lon": 1}, "radius": 1}}]}, "geo_radius"),
            ({"must": [{"nested": {"key": "k", "filter": {}}}]}, "nested"),
            ({"must": [{"has_vector": "v"}]}, "has_vector"),
            ({"must": [{"is_null": {"key": "k"}}]}, "a null"),
            ({"must": [{"key": "k", "match": {"text": "a"}}]}, "match.text of an element"),
            ({"must": [{"key": "k", "match": {"phrase": "Σ"}}, {"is_empty": {"key": "k[]"}}]}, "such words"),
            ({"must": [{"key": "k", "values_count": {"gt": 2}}]}, "counting"),
            ({"must": [{"key": "k[0]", "match": {"value": 1}}]}, "the path"),
            ({"must": [{"key": "a.b", "match": {"value": 1}}]}, 'metadata="a"'),
            ({"must": [{"is_empty": {"key": "k[]"}}]}, "whether a key is an array"),
            ({"must": [{"is_empty": {"key": "k[]"}}, {"should": [{"key": "k", "match": {"value": 1}}, {"is_empty": {"key": "b"}}]}]}, "whether a key is an array"),
            ({"must": [{"is_empty": {"key": "k[]"}}], "must_not": [{"key": "k", "match": {"value": 1}}]}, "whether a key is an array"),
        ],
    )
    def test_what_is_no_filter_of_whereqls_is_refused_by_name(self, native: Any, said: str) -> None:
        with pytest.raises(UnsupportedError) as caught:
            DIALECT.decode(native)
        assert said in str(caught.value)
        assert caught.value.path

    @pytest.mark.parametrize(
        "native",
        [
            {"mus": []}, {"must": [{"key": "k"}]}, {"must": [{"key": "k", "match": {"value": 1}, "range": {"gt": 1}}]}, {"must": [{"key": "k", "match": {"value": 1.5}}]},
            {"must": [{"key": "k", "match": {"any": ["a", 1]}}]}, {"must": [{"key": 1}]}, {"must": "k"}, {"must": [{"has_id": ["x"]}]}, {"must": [{"key": "k", "match": {}}]},
            {"must": [{"key": "k", "range": {"ge": 1}}]}, {"min_should": {"conditions": []}}, "k = 1", [], {"must": [{"key": "k", "match": {"value": [1]}}]},
        ],
    )  # fmt: skip
    def test_what_is_no_filter_of_qdrants_is_an_error_with_its_path(self, native: Any) -> None:
        with pytest.raises(WhereError) as caught:
            DIALECT.decode(native)
        assert caught.value.code == "WQ215"
        assert caught.value.path.startswith("$")
        assert caught.value.hint

    def test_a_schema_or_an_index_says_what_a_condition_means(self) -> None:
        other = {"must": [{"key": "k", "match": {"except": ["a"]}}]}
        assert whereql.to_text(DIALECT.decode(other, arrays=False)) == "k IS NOT NULL AND k != 'a'"
        assert whereql.to_text(DIALECT.decode(other, arrays=False, indexed={"k": "keyword"})) == "k LIKE '%' AND k != 'a'"
        assert whereql.to_text(DIALECT.decode({"must": [{"key": "k", "range": {"lt": 2}}]}, schema={"k": "int"})) == "k < 2"
        text = {"must": [{"key": "k", "match": {"text": "a"}}]}
        assert whereql.to_text(DIALECT.decode(text, arrays=False, version="1.18")) == "k CONTAINS 'a'"
        for options in ({"version": "1.19"}, {"indexed": {"k": "text"}}, {"indexed": {"k": "text"}, "version": "1.18"}):
            with pytest.raises(UnsupportedError, match="words"):
                DIALECT.decode(text, arrays=False, **options)

    def test_an_index_changes_what_the_engine_finds(self) -> None:
        values: list[Any] = ["a", "b", 5, 5.0, 7.5, True]
        records = [make_record(str(number), metadata={"k": value}) for number, value in enumerate(values)]
        for kind, natives in (
            ("keyword", [{"except": ["a"]}, {"except": []}, {"value": "a"}, {"any": ["a", "b"]}, {"prefix": "a"}]),
            ("integer", [{"value": 5}, {"any": [5, 7]}, {"except": ["a"]}]),
        ):
            with worker("edge_qdrant", indexes={"k": kind.title()}) as engine:
                for match in natives:
                    native = {"must": [{"key": "k", "match": match}]}
                    expr = DIALECT.decode(native, arrays=False, indexed={"k": kind})
                    assert sorted(engine.run(native, records)) == sorted(each.id for each in records if holds(expr, each)), match

    def test_words_are_of_letters_and_digits(self, edge: Worker) -> None:
        texts = ["Neural nets", "nets: neural", "neuralnets", "STOP", "\u017ftop", "\u212a", "k", "a_b", "don't", "\u65e5\u672c\u8a9e x", "a\u0301b", "\u0130x", "ix", "\xdf", "SS", "\u1e9e", "\u01c4", "\u01c5", "\u01c6"]
        records = [make_record(str(number), metadata={"k": text}) for number, text in enumerate(texts)]
        for name in ("text", "text_any", "phrase"):
            for text in [*texts, "nets neural", "neural  NETS", "a b", "t", "", "-", "K x"]:
                if text == "\u0130x":
                    continue  # its small letter is two
                native = {"must": [{"key": "k", "match": {name: text}}]}
                expr = DIALECT.decode(native, arrays=False)
                assert sorted(edge.run(native, records)) == sorted(each.id for each in records if holds(expr, each)), (name, text)

    def test_hostile_depth_and_width_are_refused(self) -> None:
        deep: Any = {}
        for _ in range(5_000):
            deep = {"must": [deep]}
        with pytest.raises(WhereqlError):
            DIALECT.decode(deep)
        with pytest.raises(WhereqlError):
            DIALECT.decode({"min_should": {"conditions": [{"is_empty": {"key": f"k{n}"}} for n in range(1000)], "min_count": 500}})

    def test_keys_are_paths(self) -> None:
        for key in HOSTILE_KEYS:
            path = path_of([key])
            if not isinstance(path, str):  # there is none
                assert '"' in key or "\\" in key
                continue
            assert read_path(path) == ([key], False)
            assert read_path(f"{path_of(['m', key])}[]") == (["m", key], True)
        for wrong in ("", ".", "a.", "a..b", "a b", '"a', "a[", "a[]b", "a[].b", "a[0]"):
            assert read_path(wrong) is None

    def test_a_hostile_value_is_never_structure(self) -> None:
        for text in HOSTILE_TEXTS:
            expr = whereql.F("k").is_in([text, "b"]) & ~(whereql.F("k") == text)
            assert DIALECT.encode(expr, arrays=False).native == {
                "must": [{"key": "k", "match": {"any": [text, "b"]}}], "must_not": [{"key": "k", "match": {"value": text}}]
            }  # fmt: skip


@pytest.mark.parametrize("op", [Op.EQ, Op.LT, Op.LE, Op.GT, Op.GE])
def test_doubles_hold_for_rounded_and_for_exact_ints(op: Op) -> None:
    edges = [sign * (2**power + step) for power in (52, 53, 54, 62, 63) for step in range(-1025, 1026, 205) for sign in (1, -1)]
    ints = [number + step for number in edges for step in (-2, -1, 0, 1, 2)]
    stored: list[float] = [number for number in ints if -(2**63) <= number < 2**63] + [float(number) for number in ints]
    rng = random.Random(op.value)
    for bound in rng.sample(stored, 400 if COUNT > 250 else 15):
        found = doubles(op, bound)
        for value in stored:
            due = whereql.semantics.test(value, op, whereql.literal(bound))
            for compared in (value, float(value)):
                assert not due or lies(compared, found.possible)
                assert due or found.sure is None or not lies(compared, found.sure)


def lies(value: float, ends: Any) -> bool:
    return not (
        (ends.low is not None and value < ends.low) or (ends.high is not None and value > ends.high)
        or (ends.above is not None and value <= ends.above) or (ends.below is not None and value >= ends.below)
    )  # fmt: skip


WHOLE = {"metadata": "metadata", **PLACES}


def test_proof_on_the_engine() -> None:
    with worker("edge_qdrant", prefix="metadata", places=PLACES) as engine:
        assert prove("qdrant", DIALECT, engine, lacks=LACKS, options=lambda records: WHOLE).exact > COUNT // 2


def test_proof_with_payload_indexes_and_a_schema() -> None:
    with worker("edge_qdrant", prefix="metadata", places=PLACES, indexed=True) as engine:
        prove("qdrant", DIALECT, engine, lacks=LACKS, options=lambda records: WHOLE | declared(records), seed=100_000, variant="indexed, declared")
        prove("qdrant", DIALECT, engine, lacks=LACKS, options=lambda records: WHOLE, seed=200_000, variant="indexed")


def test_proof_of_reading(edge: Worker) -> None:
    for arrays in (True, False):
        prove_reading("qdrant", DIALECT, edge, native_sets(arrays), variant="" if arrays else "arrays=False", arrays=arrays, **PLACES)


def native_sets(arrays: bool) -> Iterator[tuple[list[Record], list[Any]]]:
    """Records, and filters of Qdrant's that have a counterpart on them; whether some of their keys hold arrays."""
    for seed in range(max(2, COUNT // 125)):
        maker = NativeMaker(seed, arrays)
        records = [maker.record(number) for number in range(25)]
        natives = [maker.filter(2) for _ in range(60)]
        yield records, [native for native in natives if is_read(native, arrays)]


def is_read(native: Any, arrays: bool) -> bool:
    try:
        DIALECT.decode(native, arrays=arrays, **PLACES)
    except UnsupportedError:
        return False
    return True


class NativeMaker:
    """Random filters of Qdrant's own, of all that it has on values.

    Its floats are never whole: `match` of 5 passes over 5.0 where there is no index, and whereql can't ask how a number is stored.
    """

    def __init__(self, seed: int, arrays: bool) -> None:
        self.rng = random.Random(seed)
        self.arrays = arrays
        self.texts = [*self.rng.sample([text for text in HOSTILE_TEXTS if len(text) < 20], 5), "a", "ab"]
        self.ints = [-1, 0, 1, 5, 2**53 - 1]
        self.floats = [-0.5, 0.25, 1.5, 5.5]
        self.keys = ["k", "a.b", "é", "0", "x y"]

    def record(self, number: int) -> Record:
        rng = self.rng
        metadata: dict[str, Any] = {}
        for key in self.keys:
            pool = rng.choice([self.texts, self.ints, self.floats, [True, False]])
            if rng.random() < 0.8:
                metadata[key] = rng.choices(pool, k=rng.randint(1, 3)) if self.arrays and rng.random() < 0.4 else rng.choice(pool)
        return make_record(f"r{number}", document=rng.choice([None, *self.texts]), uri=rng.choice([None, "a"]), metadata=metadata)

    def filter(self, depth: int) -> dict[str, Any]:
        rng = self.rng
        made: dict[str, Any] = {name: [self.condition(depth) for _ in range(rng.choice([0, 1, 1, 2]))] for name in ("must", "should", "must_not") if rng.random() < 0.5}
        if rng.random() < 0.15:
            made["min_should"] = {"conditions": [self.condition(depth) for _ in range(rng.randint(0, 4))], "min_count": rng.randint(0, 4)}
        return made

    def condition(self, depth: int) -> dict[str, Any]:
        rng = self.rng
        if depth and rng.random() < 0.3:
            return self.filter(depth - 1)
        key = rng.choice(["page_content", "_uri", "_id", *(path_of([key]) for key in self.keys)])
        elements = rng.random() < (0.3 if self.arrays else 0.05)
        match rng.randrange(8):
            case 0:
                return {"is_empty": {"key": key}}
            case 1:
                return {"key": key, "is_empty": rng.random() < 0.5} if rng.random() < 0.5 else {"key": key, "values_count": rng.choice([{"gt": 0}, {"lt": 1}, {"gte": 1}, {"lte": 0}])}
            case 2 | 3:
                bounds = {name: rng.choice(self.ints + self.floats) for name in rng.sample(["gt", "gte", "lt", "lte"], rng.randint(1, 2))}
                test: dict[str, Any] = {"range": bounds} if rng.random() < 0.7 else {"range": dict.fromkeys(("gte", "lte"), rng.choice(self.floats))}
            case 4:
                test = {"match": {rng.choice(["any", "except"]): rng.choices(rng.choice([self.texts, self.ints]), k=rng.randint(0, 3))}}
            case 5:
                test = {"match": {rng.choice(["prefix", "substring", "text", "text_any", "phrase"]): rng.choice(self.texts)[:3]}}
            case _:
                test = {"match": {"value": rng.choice([*self.texts, *self.ints, True, False])}}
        said = {"key": f"{key}[]" if elements else key, **test}
        if self.arrays and not elements and rng.random() < 0.5:
            return {"must": [said, {"is_empty": {"key": f"{key}[]"}}]}
        return said


@pytest.mark.engines
@pytest.mark.parametrize("version", ["1.18", "1.19"])
def test_proof_on_older_engines(version: str) -> None:
    with worker({"1.18": "edge_qdrant_07", "1.19": "edge_qdrant_08"}[version], own=True, prefix="metadata", places=PLACES) as engine:
        prove("qdrant", DIALECT, engine, lacks=LACKS, options=lambda records: WHOLE | {"version": version})


@pytest.mark.engines
def test_proof_on_the_local_mode_of_the_client() -> None:
    with worker("local_qdrant", own=True, places=PLACES) as engine:
        prove("qdrant", DIALECT, engine, options=lambda records: PLACES)
