"""The plan of a query: what is pushed with it, and what the residual needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from stores import Store, without

import whereql
from whereql import Op, Query, Shape, Support
from whereql.ast import predicates
from whereql.errors import UnsupportedError
from whereql.optimize.pipeline import Step
from whereql.planning import columns_of, make_plan
from whereql.split import TRUE

STORE = Store([], without(Op.LIKE, Op.EXISTS))


def query(where: str, limit: int | None = None, offset: int = 0, include: Sequence[str] = ("uris",), ids: tuple[str, ...] | None = None) -> Query:
    return Query(whereql.parse(where), ids, limit, offset, tuple(include))


def test_what_the_store_answers_whole_is_asked_as_it_was() -> None:
    plan = make_plan(STORE, query("a = 1 AND b > 2", 3, 4))
    assert plan.is_exact
    assert plan.pushed == query("a = 1 AND b > 2", 3, 4)
    assert plan.residual == TRUE


@pytest.mark.parametrize("shape", [None, Shape(predicates=1)])
def test_limit_and_offset_stay_here_when_anything_is_left(shape: Shape | None) -> None:
    store = Store([], without(Op.LIKE)) if shape is None else Store([], shape=shape)
    plan = make_plan(store, query("a = 1 AND b LIKE 'x_'", 3, 4))
    assert (plan.pushed.limit, plan.pushed.offset) == (None, 0)
    assert plan.pushed.where == whereql.parse("a = 1")
    assert plan.residual == whereql.parse("b LIKE 'x_'")
    assert (plan.query.limit, plan.query.offset, plan.query.include) == (3, 4, ("uris",))


@pytest.mark.parametrize(
    ("where", "include", "columns"),
    [
        ("a = 1 AND b LIKE 'x_'", (), ("metadatas",)),
        ("a = 1 AND b LIKE 'x_'", ("metadatas",), ("metadatas",)),
        ("a = 1 AND #uri LIKE 'x_' AND #document LIKE 'x_'", ("embeddings",), ("embeddings", "documents", "uris")),
        ("a = 1 AND #id LIKE 'x_'", (), ()),
        ("#document LIKE 'x_'", ("uris", "documents", "uris"), ("uris", "documents", "uris")),
        ("#document = 'x' AND #uri LIKE 'x_'", (), ("uris",)),
    ],
)
def test_the_columns_that_only_the_residual_reads_are_fetched(where: str, include: tuple[str, ...], columns: tuple[str, ...]) -> None:
    assert make_plan(STORE, query(where, include=include)).pushed.include == columns


def test_columns_of_a_filter() -> None:
    assert columns_of(whereql.parse("#uri = 'a' OR NOT (k = 1 AND #id = 'x') OR #document = 'b'")) == ("documents", "metadatas", "uris")
    assert columns_of(TRUE) == columns_of(whereql.parse("#id = 'x'")) == ()


def test_ids_come_once_and_in_the_order_of_the_request() -> None:
    assert make_plan(STORE, query("a = 1", ids=("b", "a", "b"))).pushed.ids == ("b", "a")
    assert make_plan(STORE, query("a = 1", ids=())).pushed.ids == ()
    assert make_plan(STORE, query("#id IN ('c', 'a', 'b') AND b LIKE 'x_'", ids=("b", "x", "a", "b"))).pushed.ids == ("b", "a")
    plan = make_plan(STORE, query("#id IN ('c', 'a') AND b LIKE 'x_'", 1))
    assert (plan.pushed.where, plan.pushed.ids, plan.residual) == (TRUE, ("a", "c"), whereql.parse("b LIKE 'x_'"))


def test_limits_beyond_all_stores_are_none() -> None:
    plan = make_plan(STORE, query("a = 1", 10**30, 10**30))
    assert (plan.pushed.limit, plan.pushed.offset) == (None, 2**53)
    assert make_plan(STORE, query("a = 1", 2**53 - 1)).pushed.limit == 2**53 - 1
    assert make_plan(STORE, query("a = 1", None, 2**53 + 1)).pushed.offset == 2**53


@pytest.mark.parametrize(("where", "shown"), [("a LIKE 'x_'", "a LIKE 'x_'"), ("a = 1 AND (b = 2 OR c IS NULL)", "b = 2 OR c IS NULL"), ("NOT a LIKE '_'", "a NOT LIKE '_'")])
def test_strict_refuses_by_name(where: str, shown: str) -> None:
    with pytest.raises(UnsupportedError, match="WQ503") as caught:
        make_plan(STORE, query(where), strict=True)
    assert caught.value.message == f"this store can't answer {shown} exactly"
    assert make_plan(STORE, query("a = 1"), strict=True).is_exact


def test_an_inexact_answer_is_no_exact_one() -> None:
    store = Store([], lambda predicate, negated: Support.INEXACT if negated else Support.EXACT)
    assert make_plan(store, query("a = 1"), strict=True).is_exact
    plan = make_plan(store, query("a != 1", 5))
    assert (plan.pushed.where, plan.residual, plan.pushed.limit) == (whereql.parse("a != 1"), whereql.parse("a != 1"), None)
    with pytest.raises(UnsupportedError):
        make_plan(store, query("a != 1"), strict=True)


def test_the_filter_is_normalized_and_its_steps_are_told() -> None:
    steps: list[Step] = []
    plan = make_plan(STORE, query("NOT (a != 1 AND a != 2)"), trace=steps)
    assert plan.pushed.where == whereql.parse("a IN (1, 2)")
    assert next(step.name for step in steps) == "negation"


def test_a_store_that_knows_only_what_was_said_is_asked_that() -> None:
    store = Store([], without(Op.STARTS, Op.CONTAINS, Op.IN))
    assert make_plan(store, query("a LIKE 'x%' AND (k = 1 OR k = 2)", 7)).pushed == query("a LIKE 'x%' AND (k = 1 OR k = 2)", 7)
    assert not make_plan(store, query("a STARTS WITH 'x'")).is_exact
    # Whatever leaves less to whereql: here, the filter as it was said; then, the normal form.
    plan = make_plan(store, query("(k = 1 OR k = 2) AND a CONTAINS 'x'"))
    assert (plan.pushed.where, plan.residual) == (whereql.parse("k = 1 OR k = 2"), whereql.parse("a CONTAINS 'x'"))
    plan = make_plan(store, query("NOT (k != 1 OR k = 2 AND a CONTAINS 'x')"))
    assert (plan.pushed.where, plan.residual) == (whereql.parse("k = 1"), TRUE)


@pytest.mark.parametrize(("choice", "pushed"), [({"enabled": False}, "a = 1 AND #id = 'x'"), ({"without": ["merging", "negation"]}, "a = 1")])
def test_plans_without_the_optimizer_are_as_right(choice: dict[str, Any], pushed: str) -> None:
    with whereql.use_passes(**choice):
        plan = make_plan(Store([], without(Op.LIKE)), query("NOT (a != 1 OR NOT #id = 'x' OR b LIKE 'x_' OR NOT TRUE)", 5, ids=("x", "x")))
    assert (plan.pushed.where, plan.pushed.ids, plan.pushed.limit) == (whereql.parse(pushed), ("x",), None)
    assert plan.residual == whereql.parse("b NOT LIKE 'x_'")


@pytest.mark.parametrize(("where", "pushed"), [("a = 1 AND TRUE", "a = 1"), ("a = 1 OR NOT k IN ()", "TRUE"), ("a IN () OR #id IS NULL", "FALSE")])
def test_no_constant_stays_inside(where: str, pushed: str) -> None:
    for choice in ({}, {"enabled": False}, {"without": "constants"}):
        with whereql.use_passes(**choice):
            plan = make_plan(STORE, query(where))
        assert (plan.pushed.where, plan.residual) == (whereql.parse(pushed), TRUE)


def test_a_schema_of_declared_kinds_narrows_and_an_inferred_one_does_not() -> None:
    class Declared(Store):
        cheap_schema = True

        def schema(self) -> whereql.Schema:
            return whereql.Schema(0, {"n": whereql.KeyInfo({}, declared=("int",))})

    class Inferred(Declared):
        def schema(self) -> whereql.Schema:
            return whereql.Schema(5, {"n": whereql.KeyInfo({"int": 5})})

    asked = query("n = 'x' OR n > 2.5")
    assert make_plan(Declared([]), asked).pushed.where == whereql.parse("n > 2.5")
    assert len(list(predicates(make_plan(Inferred([]), asked).pushed.where))) == 2


def test_the_query_of_a_plan_is_what_was_asked() -> None:
    asked = query("a = 1 AND NOT NOT a = 1", 3, include=["documents", "documents"])
    assert make_plan(STORE, asked).query == asked
