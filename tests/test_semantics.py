"""The executable truth by itself: what it refuses, and in which words, and LIKE as it spells it out."""

from __future__ import annotations

from itertools import product

import pytest

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Or, Param, Predicate, Subject, Uri
from whereql.errors import CheckError
from whereql.like import like, like_parts
from whereql.operators import Op
from whereql.records import Record, Value, make_record
from whereql.regex import compile_like
from whereql.semantics import equals, holds, line, same_line, subject_value
from whereql.semantics import test as passes
from whereql.source import Span
from whereql.values import literal

RECORD = make_record("a", document="d", uri="u", metadata={"k": 1, "s": "x", "l": [1, 2]})


@pytest.mark.parametrize(
    ("subject", "value"), [(Field("k"), 1), (Field("none"), None), (Document(), "d"), (Id(), "a"), (Uri(), "u")]
)
def test_a_subject_is_its_part_of_the_record(subject: Subject, value: Value | None) -> None:
    assert subject_value(subject, RECORD) == value


@pytest.mark.parametrize("subject", [Field("k"), Document(), Uri()])
def test_a_bare_record_has_no_value_but_its_id(subject: Subject) -> None:
    bare: Record = make_record("a")
    assert subject_value(subject, bare) is None
    assert not holds(Predicate(subject, Op.EXISTS, None), bare)


@pytest.mark.parametrize(
    ("value", "expected"), [(True, "bool"), (1, "number"), (1.5, "number"), ("1", "string"), ([1], None), (["1"], None)]
)
def test_a_scalar_lies_on_one_of_three_lines(value: Value, expected: str | None) -> None:
    assert line(value) == expected
    items = [literal(item) for item in (True, 1, 1.5, "1")]
    assert [same_line(value, item) for item in items] == [expected is not None and line(item.value) == expected for item in items]


def test_equal_values_of_two_lines_are_not_equal() -> None:
    assert [equals(value, literal(item)) for value, item in product((True, 1, 1.0), repeat=2)] == [
        value is item or (value is not True and item is not True) for value, item in product((True, 1, 1.0), repeat=2)
    ]


@pytest.mark.parametrize("op", [Op.EQ, Op.LT, Op.IN, Op.HAS, Op.LIKE, Op.CONTAINS])
def test_a_parameter_is_named_in_the_error(op: Op) -> None:
    operand = Param("p")
    with pytest.raises(TypeError) as caught:
        passes("x", op, operand)
    assert str(caught.value) == f"bind the parameters first: {op.name} {operand!r}"
    for expr in (Predicate(Field("k"), op, operand), Not(Predicate(Field("k"), op, operand))):
        with pytest.raises(TypeError, match="bind the parameters first"):
            holds(expr, RECORD)


def test_what_is_no_filter_is_named_in_the_error() -> None:
    with pytest.raises(TypeError) as caught:
        holds("k = 1", RECORD)  # type: ignore[arg-type]
    assert str(caught.value) == "not a filter: 'k = 1'"


@pytest.mark.parametrize(("one", "two"), list(product((True, False), repeat=2)))
def test_the_connectives_are_those_of_two_valued_logic(one: bool, two: bool) -> None:
    def known(answer: bool) -> Expr:
        return Predicate(Field("k"), Op.EQ, literal(1 if answer else 2))

    assert holds(And([known(one), known(two)]), RECORD) is (one and two)
    assert holds(Or([known(one), known(two)]), RECORD) is (one or two)
    assert holds(Not(known(one)), RECORD) is (not one)
    assert holds(Const(one), RECORD) is one


# LIKE.


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("", []),
        ("X%_", ["\\X", "%", "_"]),
        (r"\%\_\\", [r"\%", r"\_", "\\\\"]),
        ("%%", ["%", "%"]),
        (r"a\%b", [r"\a", r"\%", r"\b"]),
    ],
)
def test_a_like_pattern_is_wildcards_and_characters(pattern: str, parts: list[str]) -> None:
    assert like_parts(pattern) == parts


@pytest.mark.parametrize(("pattern", "span"), [("a\\b", (1, 3)), ("50%\\", (3, 4)), ("\\\\\\", (2, 3)), ("\\", (0, 1)), ("\\abc", (0, 2))])
def test_like_knows_three_escapes(pattern: str, span: tuple[int, int]) -> None:
    with pytest.raises(CheckError) as caught:
        like("text", pattern)
    error = caught.value
    assert (error.code, error.span, error.source) == ("WQ304", Span(*span), pattern)
    assert (error.message, error.hint) == (r"in a LIKE pattern \ stands before %, _ or \ only", r"write \\ for a backslash")


def test_like_is_that_of_the_patterns_on_every_short_text() -> None:
    texts = ["".join(text) for size in range(5) for text in product("ab%", repeat=size)]
    for size in range(5):
        for parts in product(["a", "b", "%", "_", r"\%"], repeat=size):
            pattern = "".join(parts)
            search = compile_like(pattern, ignore_case=False).search
            assert [like(text, pattern) for text in texts] == [search(text) for text in texts], pattern
