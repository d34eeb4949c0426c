"""The nodes of a filter: frozen, compared by value without their spans, and the same after a copy or a pickle."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import whereql
from whereql.ast import And, Const, Document, Field, Id, Literal, Not, Op, Or, Param, Predicate, Uri
from whereql.kinds import Kind
from whereql.source import Span

SPAN = Span(3, 5)
ONE, PREDICATE = whereql.literal(1), Predicate(Field("a", SPAN), Op.EQ, whereql.literal(1, SPAN), SPAN)
NODES: list[Any] = [
    Field("a", SPAN), Document(SPAN), Id(SPAN), Uri(SPAN), Param("p", span=SPAN), Literal(Kind.INT, 0, "DATE('1970-01-01')", SPAN), Const(True, SPAN),
    PREDICATE, Predicate(Field("a"), Op.IN, (ONE, Param("p")), SPAN), Predicate(Field("a"), Op.EXISTS, span=SPAN), Not(PREDICATE, SPAN),
    And([PREDICATE, Not(PREDICATE)], SPAN), Or([PREDICATE, And([PREDICATE, Predicate(Field("b"), Op.EXISTS)])], SPAN),
]  # fmt: skip


def parts(node: Any) -> Any:
    """Everything in a node, what comparison leaves out, too."""
    if isinstance(node, tuple) and not isinstance(node, Span):
        return [parts(each) for each in node]
    if not dataclasses.is_dataclass(node):
        return node
    return type(node), [(field.name, parts(getattr(node, field.name))) for field in dataclasses.fields(node) if field.name != "_hash"]


@pytest.mark.parametrize("node", NODES, ids=lambda node: type(node).__name__)
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda node: pickle.loads(pickle.dumps(node))])
def test_a_node_is_the_same_again(node: Any, again: Callable[[Any], Any]) -> None:
    hash(node)
    twin = again(node)
    assert parts(twin) == parts(node)
    assert twin == node and hash(twin) == hash(node) and repr(twin) == repr(node)


@pytest.mark.parametrize("node", NODES, ids=lambda node: type(node).__name__)
def test_a_node_is_frozen(node: Any) -> None:
    for field in dataclasses.fields(node):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(node, field.name, None)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(node, field.name)
    assert not hasattr(node, "__dict__")


@pytest.mark.parametrize("node", NODES, ids=lambda node: type(node).__name__)
def test_no_span_is_compared(node: Any) -> None:
    placed = copy.copy(node)
    object.__setattr__(placed, "span", None)
    assert placed == node and hash(placed) == hash(node) and placed.span is None


def test_nodes_of_other_values_differ() -> None:
    for number, node in enumerate(NODES):
        assert [other for other in NODES if other == node] == [node], number


def test_a_pattern_takes_a_node_apart() -> None:
    match Not(PREDICATE):
        case Not(Predicate(Field(name), Op.EQ, Literal(Kind.INT, value))):
            assert (name, value) == ("a", 1)
        case _:
            pytest.fail("no match")
