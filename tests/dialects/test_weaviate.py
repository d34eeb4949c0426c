"""Weaviate's filters: the shape by its client's own classes, the meaning by an evaluator of what is documented. Nothing here runs Weaviate."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from foreign import EngineError, Run, worker
from proving import COUNT, DOCUMENTED, Proof, record

import whereql
from whereql.ast import Expr
from whereql.dialect import Dialect
from whereql.dialects.vectors.weaviate import DIALECT
from whereql.errors import TranslateError
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.testing import DialectContract
from whereql.testing.generators import COMBINATIONS, FilterMaker, Generator
from whereql.testing.holding import fit_all
from whereql.testing.hostile import HOSTILE_TEXTS

PLACES = {"document": "the_document", "uri": "the_uri"}
LACKS = ("mixed kinds", "sparse vectors", "odd keys")  # a property has one type, and a name of GraphQL's


def declared(records: Sequence[Record]) -> dict[str, Any]:
    return {"schema": {name: whereql.records.stored_kind(value) for each in records for name, value in (each.metadata or {}).items()}}


def tidied(records: Sequence[Record]) -> list[Record]:
    """Records as Weaviate keeps them: texts without white space at their ends, and for Like, without line breaks; ids are UUIDs."""
    return [
        replace(each, id=str(uuid5(NAMESPACE_URL, each.id)), document=tidy(each.document), uri=tidy(each.uri), metadata={key: tidy(value) for key, value in (each.metadata or {}).items()} or None)
        for each in records
    ]


def tidy(value: Any) -> Any:
    if isinstance(value, list):
        return [tidy(item) for item in value]
    return re.sub(r"[\n\r\x85\u2028\u2029]", " ", value).strip() if isinstance(value, str) else value


class Objects:
    """What the documentation says of filters, by documentation, not executed. tokenization: of all texts."""

    def __init__(self, records: Sequence[Record], tokenization: str = "field") -> None:
        self.rows = {each.id: {**(each.metadata or {}), "id": each.id, "the_document": each.document, "the_uri": each.uri} for each in records}
        self.tokenization = tokenization

    def find(self, native: Any) -> list[str]:
        return [id for id, row in self.rows.items() if native is None or self.passes(native, row)]

    def passes(self, native: Any, row: Mapping[str, Any]) -> bool:
        operator = native["operator"]
        if "operands" in native:
            found = [self.passes(part, row) for part in native["operands"]]
            assert len(found) == 1 if operator == "Not" else len(found) > 1
            return not found[0] if operator == "Not" else all(found) if operator == "And" else any(found)
        ((name,),) = [native["path"]]
        (operand,) = (native[key] for key in native if key.startswith("value"))
        value = row.get(name)
        if operator == "IsNull":
            return (value is None or value in ("", [])) is operand
        if operator == "NotEqual":
            return not self.passes({**native, "operator": "Equal"}, row)  # all objects without those that match
        return value is not None and self.test(value, operator, operand)

    def test(self, value: Any, operator: str, operand: Any) -> bool:
        if operator == "ContainsAny":
            return any(self.test(value, "Equal", item) for item in operand)
        values = value if isinstance(value, list) else [value]
        assert all(type(each) is type(operand) for each in values), (value, operator, operand)  # or else the server refuses
        if operator == "Like":
            assert not re.search(r"[\\.+()|\[\]{}^$]", operand), "it may be a regular expression"
            pattern = operand.replace("*", "[^\n]*").replace("?", "[^\n]")
            return any(re.fullmatch(pattern, token) for each in values for token in self.tokens(each))
        if isinstance(operand, str):
            due = self.tokens(operand)
            assert due, "the server refuses a text without a token"
            return set(due) <= {token for each in values for token in self.tokens(each)}
        tests = {"Equal": lambda each: each == operand, "GreaterThan": lambda each: each > operand, "GreaterThanEqual": lambda each: each >= operand,
                 "LessThan": lambda each: each < operand, "LessThanEqual": lambda each: each <= operand}  # fmt: skip
        return any(tests[operator](each) for each in values)

    def tokens(self, text: str) -> list[str]:
        match self.tokenization:
            case "field":
                return [text.strip()] if text.strip() else []
            case "whitespace":
                return text.split()
            case "lowercase":
                return text.lower().split()
        return [token for token in re.split(r"[^\w]|_", text.lower()) if token]


class TestWeaviate(DialectContract):
    lacks = LACKS

    @pytest.fixture
    def dialect(self) -> Dialect:
        return DIALECT

    @pytest.fixture
    def run(self) -> Run:
        return lambda native, records: Objects(records).find(native)

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return PLACES | declared(records) | {"null_state": True}

    def _random(self, seed: int) -> tuple[list[Record], list[Expr]]:
        return cases(seed)


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **options).native


PEOPLE = [
    make_record("1", metadata={"s": "apple", "n": 5, "f": 1.5, "b": True, "t": ["x", "y"]}),
    make_record("2", metadata={"s": "Banana", "n": -3, "f": 2.0, "b": False, "t": ["y"]}),
    make_record("3"),
    make_record("5", metadata={"s": "", "n": 0, "f": 5.0, "b": True}),
]


def condition(name: str, operator: str, **value: Any) -> dict[str, Any]:
    return {"path": [name], "operator": operator, **value}


def test_what_is_written() -> None:
    assert written("k > 1") == condition("k", "GreaterThan", valueInt=1)
    assert written("k > 1.5") == condition("k", "GreaterThan", valueNumber=1.5)
    assert written("k IN ('a', 'b')") == condition("k", "ContainsAny", valueText=["a", "b"])
    assert written("k IN (1, 2)") == {"operator": "Or", "operands": [condition("k", "Equal", valueInt=1), condition("k", "Equal", valueInt=2)]}
    assert written("tags HAS 'a'") == condition("tags", "ContainsAny", valueText=["a"])
    assert written("k CONTAINS 'a b'") == condition("k", "Like", valueText="*a b*")
    assert written("k LIKE 'a_%'") == condition("k", "Like", valueText="a?*")
    assert written("k", schema={"k": "bool"}) == condition("k", "Equal", valueBoolean=True)
    assert written("k IS NULL", schema={"k": "int"}, null_state=True) == condition("k", "IsNull", valueBoolean=True)
    assert written("TRUE") is None
    assert written("k NOT IN ()") is None


def test_the_message_of_grpc() -> None:
    assert written(f"k = {2**62} AND NOT tags HAS ANY (1, 2)", form="grpc") == {
        "operator": "OPERATOR_AND",
        "filters": [
            {"operator": "OPERATOR_EQUAL", "target": {"property": "k"}, "valueInt": str(2**62)},
            {"operator": "OPERATOR_NOT", "filters": [{"operator": "OPERATOR_CONTAINS_ANY", "target": {"property": "tags"}, "valueIntArray": {"values": ["1", "2"]}}]},
        ],
    }
    with pytest.raises(TranslateError, match="form='grpc'"):
        written(f"k = {2**62}")


def test_ids_are_uuids() -> None:
    uuid = "550e8400-e29b-41d4-a716-446655440000"
    assert written(f"#id = '{uuid}'") == condition("id", "Equal", valueText=uuid)
    assert written(f"#id IN ('{uuid}', 'x', '{uuid.upper()}')", form="grpc") == {"operator": "OPERATOR_EQUAL", "target": {"property": "_id"}, "valueText": uuid}
    assert Objects(PEOPLE).find(written("#id = 'x'")) == []


def test_complements_have_the_objects_without_the_property() -> None:
    objects = Objects(PEOPLE)
    for version in ("1.32", "1.33"):
        options: dict[str, Any] = {"version": version, "null_state": True}
        assert objects.find(written("s != 'apple'", **options)) == ["2", "3", "5"]
        assert objects.find(written("NOT n > 0", **options)) == ["2", "3", "5"]
        assert objects.find(written("n NOT IN (5, -3)", **options)) == ["3", "5"]
        assert objects.find(written("NOT (n = 5 OR b)", **options)) == ["2", "3"]
    assert objects.find(condition("n", "LessThanEqual", valueInt=0)) == ["2", "5"]  # the tempting one loses an object
    assert written("NOT n > 0", version="1.32", schema={"n": "int!"}) == condition("n", "LessThanEqual", valueInt=0)
    for text in ("NOT n > 0", "t NOT HAS 'x'", "s NOT LIKE 'a%'", "s NOT IN ('a', 'b')"):
        with pytest.raises(TranslateError, match=r"1\.33"):
            written(text, version="1.32")


def test_an_empty_text_is_null_and_not_missing() -> None:
    objects, options = Objects(PEOPLE), {"schema": {"s": "string", "n": "int"}, "null_state": True}
    assert objects.find(written("n IS NOT NULL", **options)) == ["1", "2", "5"]
    assert objects.find(condition("s", "IsNull", valueBoolean=False)) == ["1", "2"]  # the tempting one loses an object
    translation = DIALECT.encode(whereql.parse("s IS NULL"), allow_residual=True, **options)
    assert objects.find(translation.native) == ["3", "5"]
    assert not translation.exact
    assert DIALECT.encode(whereql.parse("s IS NOT NULL"), allow_residual=True, **options).native is None


@pytest.mark.parametrize("tokenization", ["word", "lowercase", "whitespace"])
def test_tokens_make_an_equality_a_superset(tokenization: str) -> None:
    records = [make_record(str(number), metadata={"k": text}) for number, text in enumerate(["red car", "car red", "Red Car", "car", "a red, car"])]
    objects = Objects(records, tokenization)
    translation = DIALECT.encode(whereql.parse("k = 'red car'"), allow_residual=True, tokenization=tokenization)
    assert not translation.exact
    assert {"0", "1"} <= set(objects.find(translation.native))
    for text in ("k != 'red car'", "k CONTAINS 'car'", "k = '.'" if tokenization == "word" else "k = ' '"):
        with pytest.raises(TranslateError) as caught:
            written(text, tokenization={"k": tokenization})
        assert caught.value.hint
    assert DIALECT.encode(whereql.parse("k2 != 'red car'"), tokenization={"k": tokenization}).exact


def test_a_field_is_trimmed() -> None:
    translation = DIALECT.encode(whereql.parse("k = 'a'"))
    assert [note.reason for note in translation.notes] == ["if the type of the key is string and if no text has white space at its ends"]
    assert not DIALECT.encode(whereql.parse("k = ' a'"), allow_residual=True).exact
    with pytest.raises(TranslateError):
        written("k != ' a'")


def test_wildcards_and_what_is_special_to_regular_expressions_are_any_character() -> None:
    records = [make_record(str(number), metadata={"k": text}) for number, text in enumerate(["a*b", "aXb", "a.b", "ab", "xa*by"])]
    for text in ("a*b", "a.b", "a?b", "a+b", "a[b", "a\\b"):
        translation = DIALECT.encode(whereql.F("k").contains(text), allow_residual=True)
        assert translation.native == condition("k", "Like", valueText="*a?b*")
        assert not translation.exact
    assert Objects(records).find(condition("k", "Like", valueText="*a?b*")) == ["0", "1", "2", "4"]


def test_what_it_can_not_say_is_refused_with_a_hint() -> None:
    for text in ("k = 1 OR k = 'a'", "k = 1 OR k HAS 1", "id = 1", "Year = 1", "`a b` = 1", "`` = 1", "k MATCHES 'a.b'", "k ILIKE 'a%'", "k > 'a'", "k IS NULL", "k = ''", "#document = 'a'", "#id > 'a'", "k STARTS WITH ''"):
        with pytest.raises(TranslateError) as caught:
            DIALECT.encode(whereql.parse(text))
        assert caught.value.hint, text


def test_defect_9_the_filter_is_one_that_the_client_takes() -> None:
    """Its shape is proved on the client's classes below; here, that the form of GraphQL is never what gRPC is given."""
    assert "operands" in written("a = 1 AND b = 2")
    assert "filters" in written("a = 1 AND b = 2", form="grpc")


def test_defect_17_an_empty_list_finds_nothing() -> None:
    assert Objects(PEOPLE).find(written("s IN () AND n = 5")) == []


def test_defect_18_not_of_several_is_not_all_of_them() -> None:
    assert Objects(PEOPLE).find(written("NOT (s = 'apple' AND n = 0)")) == ["1", "2", "3", "5"]
    assert Objects(PEOPLE).find(written("NOT (s = 'apple' OR n = 0)")) == ["2", "3"]


def test_a_hostile_value_is_never_structure() -> None:
    for text in HOSTILE_TEXTS:
        found = DIALECT.encode(whereql.F("k").is_in([text, "plain"]), allow_residual=True).native
        assert found in (condition("k", "ContainsAny", valueText=[text, "plain"]), None)


def cases(seed: int) -> tuple[list[Record], list[Expr]]:
    generator = Generator(seed)
    records = tidied(fit_all(generator.records(25), LACKS))
    maker = FilterMaker(generator.random, records)
    return records, [maker.filter(COMBINATIONS[(seed * 50 + turn) * 7 % len(COMBINATIONS)]) for turn in range(50)]


@pytest.mark.parametrize("tokenization", ["field", "word", "lowercase", "whitespace"])
@pytest.mark.parametrize("version", ["1.32", "1.33"])
def test_proof_by_documentation(tokenization: str, version: str) -> None:
    proof, seed = Proof(), 0
    while proof.filters < COUNT:
        seed += 1
        records, filters = cases(seed)
        objects = Objects(records, tokenization)
        for expr in filters:
            translation = DIALECT.encode(expr, allow_residual=True, tokenization=tokenization, version=version, null_state=True, **PLACES, **declared(records))
            residual = whereql.parse("TRUE") if translation.residual is None else translation.residual
            found = objects.find(translation.native)
            assert {each.id for each in records if each.id in found and holds(residual, each)} == {each.id for each in records if holds(expr, each)}, (expr, translation)
            proof.filters += 1
            proof.exact += translation.exact
    assert proof.exact > proof.filters * 0.3
    if (tokenization, version) == ("field", "1.33"):
        record("weaviate", "written", DOCUMENTED, proof)


@pytest.mark.engines
def test_the_shape_is_what_the_client_makes() -> None:
    with worker("weaviate_client", own=True) as client:
        with pytest.raises(EngineError):
            client.run({"graphql": condition("k", "Equals", valueInt=1), "grpc": {}}, [])
        for seed in range(COUNT // 50):
            records, filters = cases(seed)
            options = PLACES | declared(records) | {"null_state": True}
            both = [{form: DIALECT.encode(expr, allow_residual=True, form=form, **options).native for form in ("graphql", "grpc")} for expr in filters if is_narrow(expr)]
            client.run_all(both, [])
            record("weaviate", "shaped", client.versions, Proof(len(both)))


def is_narrow(expr: Expr) -> bool:
    """Whether both forms say the same of a filter: an int of more than 32 bits is in one of them only."""
    values = [item.value for predicate in whereql.ast.predicates(expr) for item in whereql.dialects.writing.items_of(predicate)]
    return not any(isinstance(value, (int, float)) and abs(value) > 2**31 - 1 for value in values)
