"""Kinds of values, literals, and the one number line on which int64 and double meet exactly.

>>> literal(2020)
Literal(kind=<Kind.INT: 'int'>, value=2020)
>>> literal(1) == literal(1.0) or literal(1) == literal(True)
False
>>> number_test(Op.LE, literal(1.5))
NumberTest(ints=(-9223372036854775808, 1), floats=(-1.7976931348623157e+308, 1.5))
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import repeat
from typing import Any, NamedTuple, Self

from whereql.errors import CheckError
from whereql.kinds import Kind, describe_kind
from whereql.operators import Op
from whereql.source import Span, quote

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
FLOAT_MAX = sys.float_info.max

Scalar = str | int | float | bool


_STRING, _INT, _FLOAT = Kind.STRING, Kind.INT, Kind.FLOAT  # a member of an Enum takes longer to look up than a global
_KIND_OF_TYPE: dict[type, Kind] = {str: Kind.STRING, int: Kind.INT, float: Kind.FLOAT, bool: Kind.BOOL}


class _Draft:
    """A literal while it is made. A frozen class can be filled only by `object.__setattr__`, at twice the time of this detour."""

    __slots__ = ("form", "kind", "span", "value")


@dataclass(frozen=True, slots=True, init=False)
class Literal:
    """A value in a filter, with its kind; `1`, `1.0` and `True` are three different literals.

    value: `str`, `int` in int64, finite `float` (never −0.0) or `bool`, matching `kind`; `literal()` makes sure of it.
    form: how the user wrote it where that says more than the value (`DATE('2024-05-01')`); span: where. Neither is compared.
    """

    kind: Kind
    value: Scalar
    form: str | None = field(default=None, compare=False, repr=False)
    span: Span | None = field(default=None, compare=False, repr=False)

    def __new__(cls, kind: Kind, value: Scalar, form: str | None = None, span: Span | None = None) -> Self:
        """The literal of these parts, taken as they are."""
        draft: Any = _Draft()
        draft.kind = kind
        draft.value = value
        draft.form = form
        draft.span = span
        draft.__class__ = cls
        return draft  # type: ignore[no-any-return]  # it is one now

    def __reduce__(self) -> tuple[Any, ...]:
        return Literal, (self.kind, self.value, self.form, self.span)


def make_literals(kind: Kind, values: Iterable[Scalar], spans: Iterable[Span | None]) -> list[Literal]:
    """The literals of one kind and of these values, taken as they are: what `Literal` does, at two thirds of the time."""
    made: list[Any] = []
    for value, span in zip(values, spans, strict=False):
        draft: Any = _Draft()
        draft.kind = kind
        draft.value = value
        draft.form = None
        draft.span = span
        draft.__class__ = Literal
        made.append(draft)
    return made


def literal(value: object, span: Span | None = None) -> Literal:
    """A Python value as a literal; numpy scalars are unwrapped.

    Raises CheckError for None, NaN, infinities, an int outside int64, a lone surrogate, or any other type.
    """
    plain: Any = value
    kind = _KIND_OF_TYPE.get(type(plain))
    # Nearly every value is one of these; a lone surrogate is not printable.
    if (kind is _STRING and (plain.isascii() or plain.isprintable())) or (kind is _INT and INT_MIN <= plain <= INT_MAX) or (kind is _FLOAT and 0.0 < abs(plain) <= FLOAT_MAX):
        return Literal(kind, plain, None, span)
    plain = unwrap(value)
    kind = _KIND_OF_TYPE.get(type(plain))
    match plain:
        case str():
            check_text_value(plain, span=span)
        case int() if not INT_MIN <= plain <= INT_MAX:
            raise CheckError(
                "WQ305", "the number is outside the range of int64", span=span, hint=f"write it as a float: {_float_spelling(plain)}"
            )
        case float() if not math.isfinite(plain):
            raise CheckError("WQ305", "NaN and infinities are not values", span=span, hint="a key without a value is missing: IS NULL")
        case float():
            plain = plain + 0.0
    if kind is None:
        raise CheckError(
            "WQ306",
            f"a value is a string, an int, a float or a bool, not {describe_type(plain)}",
            span=span,
            hint=_TYPE_HINTS.get(type(plain), "pass one of these four"),
        )
    return Literal(kind, plain, span=span)


_TYPE_HINTS: dict[type, str] = {
    type(None): "to find records without the key write IS NULL",
    list: "several values go with IN or HAS ANY",
    tuple: "several values go with IN or HAS ANY",
    set: "several values go with IN or HAS ANY",
    dict: "metadata has no nested objects",
    bytes: "decode it to a string first",
    datetime: "write its .timestamp(): times are epoch seconds",
    date: "write DATE('2024-05-01') in a text, or the epoch seconds of its midnight",
}


def literals(values: object, span: Span | None = None) -> tuple[Literal, ...]:
    """An iterable of Python values (or a numpy array) as literals. Raises CheckError for a string, a mapping or no iterable."""
    if isinstance(values, (str, bytes, dict)) or not isinstance(values, Iterable):
        raise CheckError("WQ306", f"a list of values is needed here, not {describe_type(values)}", span=span, hint="write [value, …]")
    listed = values if isinstance(values, (list, tuple)) else list(values)
    kinds = set(map(type, listed))
    if kinds == {str} and (all(map(str.isascii, listed)) or all(map(str.isprintable, listed))):
        return tuple(make_literals(_STRING, listed, repeat(span)))
    if kinds == {int} and min(listed) >= INT_MIN and max(listed) <= INT_MAX:
        return tuple(make_literals(_INT, listed, repeat(span)))
    return tuple([v if isinstance(v, Literal) else literal(v, span) for v in listed])


def unwrap(value: Any) -> Any:
    """A value without its numpy, Enum or other subclass wrapping: exactly `str`, `int`, `float` or `bool` where it is one."""
    if type(value) in _KIND_OF_TYPE:
        return value
    if type(value).__module__ == "numpy" and hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    match value:
        case bool():
            return value
        case str():
            return str.__str__(value)
        case int():
            return int.__index__(value)
        case float():
            return float.__float__(value)
    return value


def check_text_value(text: str, *, span: Span | None = None, path: str | None = None) -> None:
    """Raise CheckError for a lone surrogate, which is half a character and has no UTF-8 form."""
    if text.isascii() or text.isprintable():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise CheckError(
            "WQ307",
            f"the string has a lone surrogate (U+{ord(text[error.start]):04X}) at position {error.start}",
            span=span,
            path=path,
            hint="a character above U+FFFF is one character, not two halves",
        ) from None


def describe_type(value: object) -> str:
    """What a value is, in the words of a message: `a string`, `an int`, `a list`, `null` …"""
    names: dict[type, str] = {
        str: "a string", int: "an int", float: "a float", bool: "a bool", type(None): "null", dict: "an object",
        list: "a list", tuple: "a list", bytes: "bytes",
    }  # fmt: skip
    return names.get(type(value), f"a {type(value).__name__}")


def describe_literal(value: Literal) -> str:
    """A literal for a message: its kind and a short form of it."""
    shown = quote(value.value) if isinstance(value.value, str) else str(value.value).upper() if value.kind is Kind.BOOL else repr(value.value)
    return f"{describe_kind(value.kind)} ({shown})"


def _float_spelling(number: int) -> str:
    try:
        return repr(float(number)) if abs(number) >= 2**64 or number == float(number) else f"{float(number)!r} (rounded)"
    except OverflowError:
        return "it is beyond the doubles, too"


class NumberTest(NamedTuple):
    """Which stored numbers pass a comparison: a closed interval of int64 and one of doubles, `None` where none does.

    A stored NaN lies in no interval, as it should: it equals and orders to nothing.
    """

    ints: tuple[int, int] | None
    floats: tuple[float, float] | None


def number_test(op: Op, bound: Literal) -> NumberTest:
    """The stored numbers `x` for which `x op bound` holds by mathematical value, exactly, at any size.

    op: EQ, LT, LE, GT or GE; bound: an int or float literal. Databases and numpy compare an int with a double by rounding
    the int, so that 2**53 + 1 would equal 2.0**53; a comparison within one storage kind never rounds.
    Raises ValueError for another operator or a string.
    """
    value = bound.value
    if isinstance(value, str):
        raise ValueError("strings are on no number line")
    low_int, high_int = INT_MIN, INT_MAX
    low_float, high_float = -FLOAT_MAX, FLOAT_MAX
    match op:
        case Op.EQ:
            low_int, high_int = math.ceil(value), math.floor(value)
            low_float, high_float = _double_from(value), _double_to(value)
        case Op.GE:
            low_int, low_float = math.ceil(value), _double_from(value)
        case Op.LE:
            high_int, high_float = math.floor(value), _double_to(value)
        case Op.GT:
            low_int, low_float = math.floor(value) + 1, math.nextafter(_double_to(value), math.inf)
        case Op.LT:
            high_int, high_float = math.ceil(value) - 1, math.nextafter(_double_from(value), -math.inf)
        case _:
            raise ValueError(f"{op.name} is no comparison")
    low_int, high_int = max(low_int, INT_MIN), min(high_int, INT_MAX)
    return NumberTest(
        (low_int, high_int) if low_int <= high_int else None,
        (low_float, high_float) if low_float <= high_float and abs(low_float) <= FLOAT_MAX >= abs(high_float) else None,
    )


def _double_to(value: float) -> float:
    """The largest double that is at most `value`, an int64 or a double."""
    nearest = float(value)
    return nearest if nearest <= value else math.nextafter(nearest, -math.inf)


def _double_from(value: float) -> float:
    """The least double that is at least `value`, an int64 or a double."""
    nearest = float(value)
    return nearest if nearest >= value else math.nextafter(nearest, math.inf)
