"""turbopuffer's filters: the shape by the types of its client, the meaning by an evaluator of what is documented. Nothing here runs turbopuffer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from foreign import Run, worker
from proving import COUNT, DOCUMENTED, Proof, record

import whereql
from whereql.dialect import Dialect
from whereql.dialects.vectors.turbopuffer import DIALECT
from whereql.errors import TranslateError
from whereql.records import Record, make_record
from whereql.regex import compile_pattern
from whereql.semantics import holds
from whereql.testing import DialectContract
from whereql.testing.generators import COMBINATIONS, FilterMaker, Generator
from whereql.testing.holding import fit_all
from whereql.testing.hostile import HOSTILE_TEXTS

PLACES = {"document": "the_document", "uri": "the_uri"}
LACKS = ("mixed kinds", "sparse vectors")  # an attribute has one type


def declared(records: Sequence[Record]) -> dict[str, Any]:
    found = {name: whereql.records.stored_kind(value) for record in records for name, value in (record.metadata or {}).items()}
    return {"schema": found, "regex": [*found, *PLACES.values()]}


class Documents:
    """What the documentation says of filters, by documentation, not executed; of null, whose part it leaves open, in two ways."""

    def __init__(self, records: Sequence[Record], *, null_is_least: bool) -> None:
        self.rows = {record.id: {**(record.metadata or {}), "id": record.id, "the_document": record.document, "the_uri": record.uri} for record in records}
        self.null_is_least = null_is_least

    def find(self, native: list[Any]) -> list[str]:
        return [id for id, row in self.rows.items() if self.passes(native, row) is True]

    def passes(self, native: list[Any], row: Mapping[str, Any]) -> bool | None:
        match native:
            case ["And", [*parts]]:
                found = [self.passes(part, row) for part in parts]
                return False if False in found else None if None in found else True
            case ["Or", [*parts]]:
                found = [self.passes(part, row) for part in parts]
                return True if True in found else None if None in found else False
            case ["Not", part]:
                inner = self.passes(part, row)
                return None if inner is None else not inner
            case [str() as name, op, operand]:
                return self.test(row.get(name), op, operand)
        raise AssertionError(native)

    def test(self, value: Any, op: str, operand: Any) -> bool | None:
        if operand is None:
            return (value is None) is (op == "Eq")
        if value is None:
            return op in ("Lt", "Lte") or op.startswith("Not") if self.null_is_least else None
        elements = operand if isinstance(operand, list) else [operand]
        held = value if isinstance(value, list) else [value]
        if op not in ("Glob", "NotGlob", "Regex"):
            assert all(type(element) is type(each) for element in elements for each in held), (value, op, operand)  # or else the server refuses
        assert isinstance(value, list) is ("Contains" in op)
        return _TESTS[op](value, operand)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "Eq": lambda value, operand: value == operand, "NotEq": lambda value, operand: value != operand, "In": lambda value, operand: value in operand,
    "NotIn": lambda value, operand: value not in operand, "Lt": lambda value, operand: value < operand, "Lte": lambda value, operand: value <= operand,
    "Gt": lambda value, operand: value > operand, "Gte": lambda value, operand: value >= operand, "Contains": lambda value, operand: operand in value,
    "NotContains": lambda value, operand: operand not in value, "ContainsAny": lambda value, operand: any(item in value for item in operand),
    "NotContainsAny": lambda value, operand: not any(item in value for item in operand), "Glob": lambda value, operand: globs(value, operand),
    "NotGlob": lambda value, operand: not globs(value, operand), "Regex": lambda value, operand: compile_pattern(operand).search(value),
}  # fmt: skip


def globs(value: str, glob: str) -> bool:
    """Of a glob: * and a class of one character; whatever else has a meaning in some of them must not be there."""
    pieces, at = [], 0
    while at < len(glob):
        size = 3 if glob[at] == "[" else 1
        piece = glob[at : at + size]
        assert piece[0] not in "?]{}!\\"
        assert size == 1 or piece[2] == "]"
        pieces.append("%" if piece == "*" else whereql.testing.generators.like_escape(piece[size // 2]))
        at += size
    return whereql.semantics.like(value, "".join(pieces))


class TestTurbopuffer(DialectContract):
    """Both ways of null, one after the other."""

    lacks = LACKS

    @pytest.fixture
    def dialect(self) -> Dialect:
        return DIALECT

    @pytest.fixture(params=[True, False])
    def run(self, request: pytest.FixtureRequest) -> Run:
        return lambda native, records: Documents(records, null_is_least=request.param).find(native)

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return PLACES | declared(records)


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **options).native


PEOPLE = [
    make_record("1", metadata={"s": "apple", "n": 5, "f": 1.5, "b": True, "t": ["x", "y"]}),
    make_record("2", metadata={"s": "Banana", "n": -3, "f": 2.0, "b": False, "t": ["y"]}),
    make_record("3"),
    make_record("5", metadata={"s": "", "n": 0, "f": 5.0, "b": True}),
]


@pytest.mark.parametrize("null_is_least", [True, False])
def test_nothing_rests_on_what_null_is(null_is_least: bool) -> None:
    documents = Documents(PEOPLE, null_is_least=null_is_least)
    assert documents.find(written("s != 'apple'")) == documents.find(written("NOT s IN ('apple')")) == ["2", "3", "5"]
    assert documents.find(written("NOT n > 0")) == ["2", "3", "5"]
    assert documents.find(written("n <= 0")) == ["2", "5"]
    assert documents.find(written("NOT (n < 1 OR b)")) == ["3"]
    assert documents.find(written("t NOT HAS 'x'")) == ["2", "3", "5"]
    tempting = ["n", "Lte", 0], ["s", "NotEq", "apple"]
    assert [documents.find(native) for native in tempting] == ([["2", "3", "5"]] * 2 if null_is_least else [["2", "5"]] * 2)


def test_what_is_written() -> None:
    assert written("k IS NULL") == ["k", "Eq", None]
    assert written("k IN ('a', 'b') AND k2 > 1 AND k3 = 1") == ["And", [["k", "In", ["a", "b"]], ["k2", "Gt", 1], ["k3", "Eq", 1]]]
    assert written("tags HAS ANY ('a', 'b')") == ["tags", "ContainsAny", ["a", "b"]]
    assert written("k IN ()") == ["id", "Eq", None]
    assert written("k NOT IN ()") == ["id", "NotEq", None]
    assert written("k CONTAINS '50%*'") == ["k", "Glob", "*50%[*]*"]
    assert written("k CONTAINS 'a[b]'") == ["k", "Glob", "*a[[]b[]]*"]
    assert written("k < 5", schema={"k": "int!"}) == ["k", "Lt", 5]
    assert written("k != 5", schema={"k": "int!"}) == ["k", "NotEq", 5]
    assert written("#id = 'a' OR #id IN ('b', 'c')") in (["id", "In", ["a", "b", "c"]], ["Or", [["id", "Eq", "a"], ["id", "In", ["b", "c"]]]])
    assert written("#document CONTAINS 'a'", document="text") == ["text", "Glob", "*a*"]
    assert written("k MATCHES '^a.b'", regex=["k"]) == ["k", "Regex", "^(?s:.*)(?:^a.b)(?s:.*)$"]


def test_a_literal_is_of_the_type_of_the_attribute() -> None:
    assert written("k > 1.5", schema={"k": "int!"}) == ["k", "Gte", 2]
    assert written("k = 2", schema={"k": "float"}) == ["k", "Eq", 2.0]
    assert type(written("k = 2", schema={"k": "float"})[2]) is float
    assert written("k = 1.5", schema={"k": "int"}) == written("k = '5'", schema={"k": "int"}) == written("k HAS 5", schema={"k": "int"}) == ["id", "Eq", None]
    assert written("k IN (1, 'a', TRUE)", schema={"k": "bool"}) == ["k", "Eq", True]
    assert written(f"k > {2**53}", schema={"k": "float"})[2] == 2.0**53
    translation = DIALECT.encode(whereql.parse("k = 'a'"))
    assert [note.reason for note in translation.notes] == ["if the type of the key is string"]
    assert DIALECT.encode(whereql.parse("k = 'a'"), schema={"k": "string"}).notes == ()


def test_what_it_can_not_say_is_refused_with_a_hint() -> None:
    for text in ("k = 1 OR k = 'a'", "k = 1 OR k HAS 1", "id = 1", "`$k` = 1", "`` = 1", "`And` = 1", "k MATCHES 'a.b'", "k ILIKE 'a%'", "#document CONTAINS 'a'", "#id CONTAINS 'a'", "k NOT LIKE 'a_%'"):
        with pytest.raises(TranslateError) as caught:
            DIALECT.encode(whereql.parse(text))
        assert caught.value.hint, text


def test_defect_17_an_empty_list_finds_nothing() -> None:
    assert Documents(PEOPLE, null_is_least=True).find(written("s IN () AND n = 5")) == []


def test_defect_18_not_of_several_is_not_all_of_them() -> None:
    documents = Documents(PEOPLE, null_is_least=True)
    assert documents.find(written("NOT (s = 'apple' AND n = 0)")) == ["1", "2", "3", "5"]
    assert documents.find(written("NOT (s = 'apple' OR n = 0)")) == ["2", "3"]


def test_a_hostile_value_is_never_structure() -> None:
    for text in HOSTILE_TEXTS:
        assert DIALECT.encode(whereql.F("k").is_in([text, "plain"]) | (whereql.F("k2") == text)).native == ["Or", [["k", "In", [text, "plain"]] if text != "plain" else None, ["k2", "Eq", text]]]


def test_proof_by_documentation() -> None:
    proof = Proof()
    for null_is_least in (True, False):
        seed = 0 if null_is_least else 10_000  # other filters for the other reading
        while proof.filters < COUNT * (1 if null_is_least else 2):
            seed += 1
            generator = Generator(seed)
            records = fit_all(generator.records(25), LACKS)
            maker, documents = FilterMaker(generator.random, records), Documents(records, null_is_least=null_is_least)
            for turn in range(50):
                expr = maker.filter(COMBINATIONS[(seed * 50 + turn) * 7 % len(COMBINATIONS)])
                translation = DIALECT.encode(expr, allow_residual=True, **PLACES, **declared(records))
                residual = whereql.parse("TRUE") if translation.residual is None else translation.residual
                found = documents.find(translation.native)
                assert {each.id for each in records if each.id in found and holds(residual, each)} == {each.id for each in records if holds(expr, each)}
                proof.filters += 1
                proof.exact += translation.exact
    assert proof.exact > proof.filters * 0.6
    record("turbopuffer", "written", DOCUMENTED, proof)


@pytest.mark.engines
def test_the_shape_is_that_of_the_types_of_the_client() -> None:
    with worker("turbopuffer_types", own=True) as types:
        for wrong in (["k", "Equals", 1], ["And", ["k", "Eq", 1]], ["k", "In", "a"], ["k", "Glob", 5], ["Not", []], {"k": 1}):
            with pytest.raises(Exception, match="shape"):
                types.run(wrong, [])
        for seed in range(COUNT // 50):
            generator = Generator(seed)
            records = fit_all(generator.records(20), LACKS)
            maker = FilterMaker(generator.random, records)
            filters = [maker.filter(COMBINATIONS[(seed * 50 + turn) * 7 % len(COMBINATIONS)]) for turn in range(50)]
            types.run_all([DIALECT.encode(expr, allow_residual=True, **PLACES, **declared(records)).native for expr in filters], [])
            record("turbopuffer", "shaped", types.versions, Proof(len(filters)))
