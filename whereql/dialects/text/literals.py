"""The literals of the textual language: numbers, strings, bools, dates and times, from their spelling to a value.

>>> moment("TIMESTAMP", literal("1970-01-01T01:00:00.5+01:00")).value
0.5
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from itertools import accumulate, count, repeat
from operator import add

from whereql.errors import CheckError
from whereql.kinds import Kind
from whereql.source import Span, make_span, quote
from whereql.values import INT_MAX, INT_MIN, Literal, check_text_value, literal, make_literals

_STRING, _INT = Kind.STRING, Kind.INT  # a member of an Enum takes longer to look up than a global
_SURELY_INT64 = 18  # digits
_LONGEST_NUMBER = 400  # longer spellings say nothing more, and Python refuses to convert an int of 4,300 digits

_SINGLE = re.compile(r"'[^']*+(?:''[^']*+)*+'")
_NUMBER = re.compile(r"[^ \t\r\n,]++")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,30})?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def number(text: str, span: Span) -> Literal:
    """An int or a float, by its spelling. Raises CheckError outside int64 or beyond the doubles."""
    if len(text) <= _SURELY_INT64 and text.isdigit():
        return Literal(_INT, int(text), None, span)
    if len(text) > _LONGEST_NUMBER:
        raise CheckError("WQ305", f"a number of {len(text):,} characters is too long", span=span, hint="17 digits say every double")
    if text.lstrip("+-").isdigit():
        value = int(text)
        return Literal(_INT, value, None, span) if INT_MIN <= value <= INT_MAX else literal(value, span)
    as_float = float(text)
    if not math.isfinite(as_float):
        raise CheckError("WQ305", "the number is beyond the doubles", span=span, hint="the largest is 1.7976931348623157e308")
    return Literal(Kind.FLOAT, as_float + 0.0, span=span)


def single_quoted(text: str, span: Span) -> Literal:
    """A string as in SQL: everything between the quotes, `''` for one quote."""
    return Literal(_STRING, text[1:-1].replace("''", "'"), None, span)


def single_quoted_run(text: str, start: int) -> list[Literal]:
    """The literals of a run of strings, separated by commas and white space. start: its place in the filter."""
    if "''" in text:
        return _run(_SINGLE, text, start, single_quoted)
    parts = text.split("'")  # in turn what stands between two strings, and what within one
    ends = list(accumulate(map(len, parts)))
    places = zip(map(add, ends[::2], count(start, 2)), map(add, ends[1::2], count(start + 2, 2)), strict=False)
    return make_literals(_STRING, parts[1::2], map(tuple.__new__, repeat(Span), places))


def number_run(text: str, start: int) -> list[Literal]:
    """The same of numbers."""
    return _run(_NUMBER, text, start, number)


def _run(shape: re.Pattern[str], text: str, start: int, read: Callable[[str, Span], Literal]) -> list[Literal]:
    return [read(found[0], make_span((start + found.start(), start + found.end()))) for found in shape.finditer(text)]


def double_quoted(text: str, span: Span) -> Literal:
    """A string exactly as in JSON. Raises CheckError for an escaped lone surrogate."""
    value = json.loads(text) if "\\" in text else text[1:-1]
    check_text_value(value, span=span)
    return Literal(_STRING, value, span=span)


def boolean(text: str, span: Span) -> Literal:
    """TRUE or FALSE in any case."""
    return Literal(Kind.BOOL, text.upper() == "TRUE", span=span)


def moment(function: str, text: Literal, span: Span | None = None) -> Literal:
    """`DATE('…')` or `TIMESTAMP('…')` as UTC epoch seconds: an int when whole, else the nearest double.

    function: `DATE` (a date alone, its midnight in UTC) or `TIMESTAMP` (RFC 3339, the offset required). The literal keeps
    its form, so that it prints as it was written. Raises CheckError for anything else than such a date or time.
    """
    written = str(text.value)
    seconds = _epoch_of_date(written) if function == "DATE" else _epoch_of_timestamp(written)
    if seconds is None:
        hint = "write a day that exists, as in DATE('2024-05-01')"
        if function == "TIMESTAMP":
            hint = "write a time that exists and its offset from UTC, as in TIMESTAMP('2024-05-01T09:30:00Z') or …+02:00"
        raise CheckError("WQ310", f"{quote(written)} is no {function.lower()}", span=text.span, hint=hint)
    whole = seconds.denominator == 1
    kind, value = (Kind.INT, int(seconds)) if whole else (Kind.FLOAT, float(seconds))
    return Literal(kind, value, form=f"{function}('{written}')", span=span)


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - datetime.UTC would add a second name for the same thing


def _epoch_of_date(text: str) -> Fraction | None:
    match = _DATE.fullmatch(text)
    try:
        return Fraction((date(*map(int, match.groups())) - _EPOCH.date()).days * 86_400) if match else None
    except ValueError:
        return None


def _epoch_of_timestamp(text: str) -> Fraction | None:
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        return None
    day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0)) * (-1 if sign == "-" else 1)
    if int(offset_minutes or 0) > 59 or abs(offset) >= timedelta(days=1):
        return None
    try:
        year, month, date_ = map(int, day.split("-"))
        local = datetime(year, month, date_, int(hour), int(minute), int(second), tzinfo=timezone.utc)  # noqa: UP017 - see _EPOCH
    except ValueError:
        return None
    since = local - _EPOCH
    whole = since.days * 86_400 + since.seconds - int(offset.total_seconds())
    return whole + Fraction(f"0{fraction}" if fraction else 0)
