"""Values, literals and the number line by themselves: what is taken, how it is unwrapped, and every message in full."""

from __future__ import annotations

import enum
import math
import operator
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from whereql.errors import CheckError
from whereql.kinds import Kind
from whereql.operators import Op
from whereql.source import Span, quote
from whereql.values import (
    FLOAT_MAX,
    INT_MAX,
    INT_MIN,
    Literal,
    check_text_value,
    describe_literal,
    describe_type,
    literal,
    literals,
    number_test,
    unwrap,
)

HERE = Span(3, 7)


class Level(enum.IntEnum):
    LOW = 1


class Name(enum.StrEnum):
    ADA = "ada"


class Text(str):
    """A string with a spelling of its own, as `unwrap` must not take it."""

    def __str__(self) -> str:
        return "another text"


class Number(int):
    def __index__(self) -> int:
        return 77


class Real(float):
    def __float__(self) -> float:
        return 7.5


@pytest.mark.parametrize(
    ("value", "kind", "plain"),
    [
        ("", Kind.STRING, ""),
        ("é", Kind.STRING, "é"),
        (0, Kind.INT, 0),
        (INT_MIN, Kind.INT, -(2**63)),
        (INT_MAX, Kind.INT, 2**63 - 1),
        (0.5, Kind.FLOAT, 0.5),
        (-0.0, Kind.FLOAT, 0.0),
        (FLOAT_MAX, Kind.FLOAT, sys.float_info.max),
        (-FLOAT_MAX, Kind.FLOAT, -sys.float_info.max),
        (True, Kind.BOOL, True),
        (Level.LOW, Kind.INT, 1),
        (Name.ADA, Kind.STRING, "ada"),
        (Text("a"), Kind.STRING, "a"),
        (Number(5), Kind.INT, 5),
        (Real(0.5), Kind.FLOAT, 0.5),
        (np.int8(-3), Kind.INT, -3),
        (np.uint64(2**63 - 1), Kind.INT, 2**63 - 1),
        (np.float32(0.5), Kind.FLOAT, 0.5),
        (np.float64(0.25), Kind.FLOAT, 0.25),
        (np.bool_(True), Kind.BOOL, True),
        (np.str_("a"), Kind.STRING, "a"),
        (np.array(4), Kind.INT, 4),
    ],
)
def test_a_value_becomes_a_literal_of_exactly_its_kind(value: object, kind: Kind, plain: object) -> None:
    found = literal(value, HERE)
    assert (found.kind, found.value, found.form, found.span) == (kind, plain, None, HERE)
    assert type(found.value) is type(plain)
    assert unwrap(value) == plain
    assert type(unwrap(value)) is type(plain)
    assert literal(value).span is None


def test_a_literal_shows_and_compares_its_kind_and_value_only() -> None:
    placed = Literal(Kind.INT, 1, form="DATE('1970-01-01')", span=HERE)
    assert placed == literal(1)
    assert hash(placed) == hash(literal(1))
    assert repr(placed) == "Literal(kind=<Kind.INT: 'int'>, value=1)"
    assert (literal(1).form, Literal(Kind.INT, 1).form, Literal(Kind.INT, 1).span) == (None, None, None)


def test_the_ranges_are_those_of_int64_and_double() -> None:
    assert (INT_MIN, INT_MAX, FLOAT_MAX) == (-9223372036854775808, 9223372036854775807, 1.7976931348623157e308)


def test_a_negative_zero_is_zero() -> None:
    assert math.copysign(1, literal(-0.0).value) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, [1], np.array([1]), np.array([[1, 2]]), b"a", np.datetime64("2024-05-01")])
def test_what_is_no_scalar_is_left_as_it_is(value: object) -> None:
    assert type(unwrap(value)) in (type(value), type(getattr(value, "item", lambda: value)()) if getattr(value, "ndim", 1) == 0 else type(value))


WRONG: list[tuple[object, str, str, str | None]] = [
    (2**63, "WQ305", "the number is outside the range of int64", "write it as a float: 9.223372036854776e+18"),
    (-(2**63) - 1, "WQ305", "the number is outside the range of int64", "write it as a float: -9.223372036854776e+18 (rounded)"),
    (2**64 + 1, "WQ305", "the number is outside the range of int64", "write it as a float: 1.8446744073709552e+19"),
    (2**64 - 1, "WQ305", "the number is outside the range of int64", "write it as a float: 1.8446744073709552e+19 (rounded)"),
    (10**400, "WQ305", "the number is outside the range of int64", "write it as a float: it is beyond the doubles, too"),
    (math.nan, "WQ305", "NaN and infinities are not values", "a key without a value is missing: IS NULL"),
    (math.inf, "WQ305", "NaN and infinities are not values", "a key without a value is missing: IS NULL"),
    ("a\ud83d", "WQ307", "the string has a lone surrogate (U+D83D) at position 1", "a character above U+FFFF is one character, not two halves"),
    (None, "WQ306", "a value is a string, an int, a float or a bool, not null", "to find records without the key write IS NULL"),
    ([1], "WQ306", "a value is a string, an int, a float or a bool, not a list", "several values go with IN or HAS ANY"),
    ((1,), "WQ306", "a value is a string, an int, a float or a bool, not a list", "several values go with IN or HAS ANY"),
    ({1}, "WQ306", "a value is a string, an int, a float or a bool, not a set", "several values go with IN or HAS ANY"),
    ({}, "WQ306", "a value is a string, an int, a float or a bool, not an object", "metadata has no nested objects"),
    (b"a", "WQ306", "a value is a string, an int, a float or a bool, not bytes", "decode it to a string first"),
    (1j, "WQ306", "a value is a string, an int, a float or a bool, not a complex", "pass one of these four"),
    (np.array([1]), "WQ306", "a value is a string, an int, a float or a bool, not a ndarray", "pass one of these four"),
]


@pytest.mark.parametrize(("value", "code", "message", "hint"), WRONG, ids=lambda value: ascii(value)[:40])
def test_what_is_no_value_is_refused_in_these_words(value: object, code: str, message: str, hint: str) -> None:
    with pytest.raises(CheckError) as caught:
        literal(value, HERE)
    error = caught.value
    assert (error.code, error.message, error.hint, error.span) == (code, message, hint, HERE)


def test_a_lone_surrogate_is_reported_with_its_place() -> None:
    with pytest.raises(CheckError) as caught:
        check_text_value("é\udc00", span=HERE, path="$.k")
    error = caught.value
    assert (error.code, error.message) == ("WQ307", "the string has a lone surrogate (U+DC00) at position 1")
    assert (error.span, error.path, error.hint) == (HERE, "$.k", "a character above U+FFFF is one character, not two halves")


@pytest.mark.parametrize("values", [[1, "a"], (1, "a"), iter([1, "a"]), {1: 0, "a": 0}.keys(), np.array([1, "a"], dtype=object)])
def test_an_iterable_becomes_literals_in_its_order(values: object) -> None:
    assert literals(values, HERE) == (literal(1), literal("a"))


def test_literals_keep_what_is_one_already_and_place_the_others() -> None:
    mine = Literal(Kind.INT, 1, form="DATE('1970-01-01')", span=Span(0, 1))
    kept, made = literals([mine, 2], HERE)
    assert kept is mine
    assert made.span == HERE
    assert literals([2])[0].span is None


@pytest.mark.parametrize(
    ("values", "named"), [("ab", "a string"), (b"ab", "bytes"), ({"a": 1}, "an object"), (3, "an int"), (None, "null"), (2.5, "a float"), (True, "a bool")]
)
def test_what_is_no_list_of_values_is_refused_in_these_words(values: object, named: str) -> None:
    with pytest.raises(CheckError) as caught:
        literals(values, HERE)
    error = caught.value
    assert (error.code, error.message, error.hint, error.span) == ("WQ306", f"a list of values is needed here, not {named}", "write [value, …]", HERE)


def test_a_type_is_named_in_these_words() -> None:
    values = ["", 0, 0.0, False, None, {}, [], (), b"", set()]
    named = ["a string", "an int", "a float", "a bool", "null", "an object", "a list", "a list", "bytes", "a set"]
    assert list(map(describe_type, values)) == named


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a string ('a')"), (True, "a bool (TRUE)"), (False, "a bool (FALSE)"), (12, "an int (12)"), (0.5, "a float (0.5)"), (1e300, "a float (1e+300)")]
)
def test_a_literal_is_described_with_kind_and_value(value: object, text: str) -> None:
    assert describe_literal(literal(value)) == text


@pytest.mark.parametrize("text", ["it's", "x" * 200, "\n"])
def test_a_string_is_described_as_a_quotation(text: str) -> None:
    assert describe_literal(literal(text)) == f"a string ({quote(text)})"


# The number line.

LAW: dict[Op, Callable[[Any, Any], bool]] = {Op.EQ: operator.eq, Op.LT: operator.lt, Op.LE: operator.le, Op.GT: operator.gt, Op.GE: operator.ge}
WHOLE = [0, 1, 2, 2**53 - 1, 2**53, 2**53 + 1, 2**53 + 2, 2**62, 2**63 - 513, 2**63 - 512, 2**63 - 2, 2**63 - 1]
INTS = sorted({each for number in WHOLE for each in (number, -number)} | {INT_MIN, INT_MIN + 1})
DOUBLES = [0.0, 5e-324, 0.5, 1.0, 1.5, 2.0, 2.0**53, 2.0**53 + 2, 2.0**62, 2.0**63 - 1024, 2.0**63, 2.0**63 + 2048, 2.0**64, 1e300, FLOAT_MAX]
FLOATS = sorted({each for number in DOUBLES for each in (number, -number)})


@pytest.mark.parametrize("op", LAW, ids=lambda op: op.name)
@pytest.mark.parametrize("bound", [*INTS, *FLOATS], ids=repr)
def test_the_intervals_hold_exactly_the_numbers_that_pass(op: Op, bound: int | float) -> None:
    """Against fractions, on the bound's neighbours too; the ends of an interval are in it, so it is the least one."""
    ints, floats = number_test(op, literal(bound))
    near = math.floor(bound)
    whole = {*INTS, *(number for number in range(near - 2, near + 3) if INT_MIN <= number <= INT_MAX)}
    nearest = min(max(float(bound), -FLOAT_MAX), FLOAT_MAX)
    real = {*FLOATS, nearest, math.nextafter(nearest, math.inf), math.nextafter(nearest, -math.inf)} - {math.inf, -math.inf}
    for stored, interval, kind in ((whole, ints, int), (real, floats, float)):
        for number in stored:
            inside = interval is not None and interval[0] <= number <= interval[1]
            assert inside is LAW[op](Fraction(number), Fraction(bound)), (number, interval)
        for end in interval or ():
            assert type(end) is kind
            assert LAW[op](Fraction(end), Fraction(bound))
            assert (INT_MIN <= end <= INT_MAX) if kind is int else math.isfinite(end)


def test_a_number_test_refuses_what_is_no_comparison_of_numbers() -> None:
    with pytest.raises(ValueError, match=r"^strings are on no number line$"):
        number_test(Op.EQ, literal("a"))
    with pytest.raises(ValueError, match=r"^CONTAINS is no comparison$"):
        number_test(Op.CONTAINS, literal(1))
