"""RetrievalFilter: by its documentation, not executed; its shape by botocore's model of the service."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from foreign import Run, worker
from injection import hostile_pairs
from merging_evaluator import OWN, held, line, schema_of, shape
from proving import COUNT, Evaluator, Proof, prove, record

import whereql
from whereql.ast import Expr
from whereql.dialects.mongo.bedrock import DIALECT
from whereql.errors import CheckError, TranslateError
from whereql.records import Record
from whereql.testing import DialectContract
from whereql.testing.generators import FilterMaker, Generator
from whereql.testing.holding import fit_all

LACKS = frozenset({"long ints", "sparse vectors"})
ORDERS: dict[str, Callable[[Any, Any], bool]] = {"greaterThan": operator.gt, "greaterThanOrEquals": operator.ge, "lessThan": operator.lt, "lessThanOrEquals": operator.le}


@dataclass(frozen=True)
class Reading:
    """What the documentation says; where it is silent, a parameter says it: whether an equality looks into lists, and whether case counts in text."""

    reaches_lists: bool
    has_case: bool

    def run(self, native: Any, records: Sequence[Record]) -> list[str]:
        return [record.id for record in records if self.finds(native, held(record))]

    def finds(self, native: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
        if not native:
            return True
        ((name, inner),) = native.items()
        if name in ("andAll", "orAll"):
            assert 2 <= len(inner) <= 5
            return (all if name == "andAll" else any)(self.finds(part, metadata) for part in inner)
        assert 1 <= len(inner["key"]) <= 100
        return self._test(name, inner["value"], metadata.get(inner["key"]))

    def _test(self, name: str, operand: Any, value: Any) -> bool:
        match name:
            case "equals":
                return self._equals(value, operand)
            case "notEquals":
                return not self._equals(value, operand)
            case "in":
                assert len({line(item) for item in operand}) == 1
                return any(self._equals(value, item) for item in operand)
            case "listContains":
                return isinstance(value, list) and any(line(each) == line(operand) and each == operand for each in value)
            case "stringContains" | "startsWith":
                values = value if isinstance(value, list) else [value]
                return any(self._text(name, each, operand) for each in values if isinstance(each, str))
        assert line(operand) == "number"
        return line(value) == "number" and ORDERS[name](value, operand)

    def _equals(self, value: Any, operand: Any) -> bool:
        values = value if isinstance(value, list) and self.reaches_lists else [value]
        return any(line(each) == line(operand) and each == operand for each in values)

    def _text(self, name: str, value: str, part: str) -> bool:
        if not self.has_case:
            value, part = value.casefold(), part.casefold()
        return part in value if name == "stringContains" else value.startswith(part)


READINGS = [Reading(reaches_lists, has_case) for reaches_lists in (True, False) for has_case in (True, False)]


def storable(records: Sequence[Record]) -> list[Record]:
    """The records without the lists that Bedrock doesn't take: those of other things than strings."""
    return [replace(record, metadata={key: value for key, value in (record.metadata or {}).items() if not isinstance(value, list) or isinstance(value[0], str)}) for record in records]


class TestBedrock(DialectContract):
    lacks = LACKS
    filters = 60

    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture(params=READINGS, ids=str)
    def run(self, request: pytest.FixtureRequest) -> Run:
        """By each way to read what isn't documented."""
        run: Run = request.param.run
        return run

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return {**OWN, "schema": schema_of(records), "store": "opensearch"}

    def _random(self, seed: int) -> tuple[list[Record], list[Expr]]:
        records, filters = super()._random(seed)
        return storable(records), filters


class TestUndeclared(TestBedrock):
    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return OWN


@pytest.mark.parametrize("is_declared", [True, False])
def test_proof_by_documentation(is_declared: bool) -> None:
    """By each way to read what isn't documented."""
    def options(records: Sequence[Record]) -> Mapping[str, Any]:
        return {**OWN, "schema": schema_of(records), "store": "opensearch"} if is_declared else OWN

    for number, reading in enumerate(READINGS):
        prove("bedrock", DIALECT, Evaluator(reading.run), lacks=LACKS, fit=storable, options=options, seed=number * 10_000, variant="declared" if is_declared else "not declared")


def written(text: str, **options: Any) -> Any:
    return DIALECT.encode(whereql.parse(text), **options).native


def test_not_in_is_said_by_not_equals_which_finds_what_lacks_the_key() -> None:
    native = written("animal NOT IN ('cat', 'dog')", schema={"animal": "string"})
    assert native == {"andAll": [{"notEquals": {"key": "animal", "value": "cat"}}, {"notEquals": {"key": "animal", "value": "dog"}}]}


def test_what_it_says() -> None:
    assert written("year > 1989") == {"greaterThan": {"key": "year", "value": 1989}}
    assert written("animal IN ('cat', 'dog')", schema={"animal": "string"}) == {"in": {"key": "animal", "value": ["cat", "dog"]}}
    assert written("animals HAS 'cat'") == {"listContains": {"key": "animals", "value": "cat"}}
    assert written("NOT year > 5", schema={"year": "int!"}) == {"lessThanOrEquals": {"key": "year", "value": 5}}
    assert written("k IN (1, TRUE)") == {"orAll": [{"equals": {"key": "k", "value": 1}}, {"equals": {"key": "k", "value": True}}]}


def test_text_is_a_superset() -> None:
    translation = DIALECT.encode(whereql.parse("animal CONTAINS 'at'"), allow_residual=True)
    assert (translation.native, translation.residual) == ({"stringContains": {"key": "animal", "value": "at"}}, whereql.parse("animal CONTAINS 'at'"))
    assert DIALECT.encode(whereql.parse("animal STARTS WITH 'c'"), allow_residual=True).native == {}
    assert DIALECT.encode(whereql.parse("animal STARTS WITH 'c'"), allow_residual=True, store="opensearch").native == {"startsWith": {"key": "animal", "value": "c"}}


def test_groups_stay_small_and_flat() -> None:
    wide = DIALECT.encode(whereql.parse(" AND ".join(f"k{number} = {number}" for number in range(8))), allow_residual=True)
    assert len(wide.native["andAll"]) == 5 and wide.residual is not None and wide.residual.size == 3
    assert DIALECT.encode(whereql.parse(" AND ".join(f"k{number} = {number}" for number in range(8))), width=10).exact
    lists = DIALECT.encode(whereql.parse("k NOT IN (1, 2, 3) AND a = 1 AND b = 1 AND c = 1"), allow_residual=True)
    assert len(lists.native["andAll"]) == 5 and not lists.exact
    assert DIALECT.encode(whereql.parse("k NOT IN (1, 2, 3, 4, 5, 6)"), allow_residual=True).native == {}
    deep = whereql.parse("a = 1 AND (b = 1 OR c = 1 AND (d = 1 OR e = 1))")
    assert not DIALECT.encode(deep, allow_residual=True).exact and DIALECT.encode(deep, depth=4).exact


@pytest.mark.parametrize("text", ["k IS NULL", "k > 'a'", "#id = 'a'", "NOT year > 5", "k LIKE 'a%b'", "tags NOT HAS 'a'", "animal != 'cat'", f"`{'k' * 101}` = 1", "`` = 1"])
def test_what_it_lacks_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(TranslateError) as caught:
        DIALECT.encode(whereql.parse(text))
    assert caught.value.hint


@pytest.mark.parametrize("given", ["x", 0, True, 2.5, None])
def test_limits_are_numbers(given: Any) -> None:
    with pytest.raises(CheckError, match="is no number"):
        DIALECT.encode(whereql.parse("a = 1"), width=given)


def test_hostile_keys_and_values_are_data() -> None:
    written = 0
    for key, value in hostile_pairs(4):
        for make in (lambda key, value: whereql.F(key) == value, lambda key, value: ~whereql.F(key).is_in([value, value + "2"]), lambda key, value: whereql.F(key).has(value)):
            native = DIALECT.encode(make(key, value), allow_residual=True, arrays=False).native
            if native:
                written += 1
                assert shape(native) == shape(DIALECT.encode(make("k", "plain"), arrays=False).native)
                assert str(key) in str(native) or repr(key)[1:-1] in str(native)
    assert written > 800


@pytest.mark.engines
def test_botocore_takes_the_shape() -> None:
    records = storable(fit_all(Generator(3).records(25), LACKS))
    maker = FilterMaker(random.Random(3), records)
    natives = [DIALECT.encode(maker.filter(), allow_residual=True, **OWN, schema=schema_of(records)).native for _ in range(COUNT)]
    natives = [native for native in natives if native]
    with worker("botocore_models", own=True, service="bedrock-agent-runtime") as model:
        assert model.run_all(natives, []) == [["valid"]] * len(natives)
        record("bedrock", "shaped", model.versions, Proof(len(natives)))
        assert model.run_all([{}], []) != [["valid"]]
    assert len(natives) > COUNT // 10
