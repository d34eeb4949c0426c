"""Pieces of SQL whose values stand apart from their text, and how a flavour says a place for a value, a value, a name.

A value is never put into a text but by `Bound`, which becomes a place of the driver or a literal only at the end.

>>> part = sql("{} = {}", name("it's"), bound(5))
>>> render(part, STYLES["format"])
Sql(text='"it\\'s" = %s', params=(5,))
>>> render_literals(part, literal)
'"it\\'s" = 5'
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from string import Formatter
from typing import Any

from whereql.dialect import Sql


@dataclass(frozen=True, slots=True)
class Bound:
    """A value in the place where it stands; type: what the flavour calls its type, where a place or a literal says so."""

    value: Any
    type: str = ""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of SQL.

    is_joined: of conditions with a word between them, so that it stands in parentheses beside another word; is_known: a condition
    that is never NULL; opposite: a condition for when this one is not true, shorter than what can be made of any; of one that
    finds too much, one that finds too much of the complement; word: what joins its conditions.
    """

    parts: tuple[str | Bound, ...]
    is_joined: bool = False
    is_known: bool = False
    opposite: Fragment | None = None
    word: str = ""

    def known(self) -> Fragment:
        """The same condition, said to be never NULL."""
        return replace(self, is_known=True)

    def but(self, opposite: Fragment) -> Fragment:
        """The same condition, with its opposite."""
        return replace(self, opposite=opposite)


def raw(text: str) -> Fragment:
    """A piece that the writer itself wrote: never a name or a value of the filter."""
    return Fragment((text,))


def bound(value: Any, type: str = "") -> Fragment:
    """A value."""
    return Fragment((Bound(value, type),))


def quoted_name(text: str, quote: str = '"') -> str:
    """A name in quotes, those in it doubled."""
    return quote + text.replace(quote, quote * 2) + quote


def quoted_text(text: str) -> str:
    """A string in single quotes, those in it doubled: for flavours in which a backslash is a character like any other."""
    return "'" + text.replace("'", "''") + "'"


_PLAIN = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
_WORDS = """
    add all alter analyse analyze and anti any array as asc asof asymmetric at authorization autoincrement between bigint binary bit boolean both by case
    cast char character check coalesce collate collation column columns commit concurrently constraint create cross current_catalog current_date
    current_role current_schema current_time current_timestamp current_user dec decimal default deferrable delete desc describe distinct div do double
    drop else end escape except exists extract false fetch float for foreign freeze from full generated glob grant greatest group grouping grouping_id
    having ilike in index initially inner inout insert int integer intersect interval into is isnull join json json_array json_arrayagg json_exists
    json_object json_objectagg json_query json_scalar json_serialize json_table json_value lambda lateral leading least left like limit localtime
    localtimestamp map match merge_action minus mod national natural nchar none normalize not nothing notnull null nullif numeric offset on only or order
    out outer overlaps overlay pivot pivot_longer pivot_wider placing position positional precision primary qualify raise real references regexp returning
    right rlike row select semi session_user set setof show similar smallint some struct substring summarize symmetric system_user table tablesample then
    time timestamp to trailing transaction treat trim true try_cast tuple union unique unpack unpivot update user using values varchar variadic verbose
    when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable xor
    year_month
"""
RESERVED = frozenset(_WORDS.split())
"""Words that some flavour reserves: quotes too many do no harm."""


def name(text: str, quote: str = '"') -> Fragment:
    """A name of a column, in quotes unless it is a plain word of lower case that no flavour reserves."""
    return raw(text if _PLAIN.fullmatch(text) and text not in RESERVED else quoted_name(text, quote))


def sql(template: str, *parts: Fragment) -> Fragment:
    """A piece made of others: `{}` or `{0}` in the template is one of them; a brace itself is doubled."""
    found: list[str | Bound] = []
    for text, place in _parsed(template):
        if text:
            found.append(text)
        if place is not None:
            found.extend(parts[place].parts)
    return Fragment(tuple(found))


@lru_cache(1024)
def _parsed(template: str) -> tuple[tuple[str, int | None], ...]:
    found = []
    for number, (text, place, _, _) in enumerate(Formatter().parse(template)):
        found.append((text, None if place is None else int(place) if place else number))
    return tuple(found)


def listed(parts: Iterable[Fragment], between: str = ", ") -> Fragment:
    """Pieces one after the other."""
    found: list[str | Bound] = []
    for part in parts:
        if found:
            found.append(between)
        found.extend(part.parts)
    return Fragment(tuple(found))


def with_both_zeros(values: Sequence[Fragment]) -> Sequence[Fragment]:
    """Some values, for a set that compares doubles by their bits: with a zero of each sign, if there is one."""
    others = [each for each in values if not _is_zero(each)]
    return values if len(others) == len(values) else [*others, bound(0.0), bound(-0.0)]


def _is_zero(value: Fragment) -> bool:
    (part,) = value.parts
    return isinstance(part, Bound) and type(part.value) in (int, float) and part.value == 0


def joined(parts: Iterable[Fragment], word: str) -> Fragment:
    """Conditions joined by ` AND ` or ` OR `: those that are joined themselves stand in parentheses, but for AND within AND. One stays as it is."""
    given = list(parts)
    if len(given) == 1:
        return given[0]
    inner = [sql("({})", part) if part.is_joined and (part.word != word or word != " AND ") else part for part in given]
    return Fragment(listed(inner, word).parts, is_joined=True, is_known=all(part.is_known for part in given), word=word)


@dataclass(frozen=True, slots=True)
class Style:
    """How a driver marks the places of parameters.

    place: the mark of a value, told its number from 1; name: its name where parameters go by name; doubles_percent: whether a `%`
    in the text is written twice, as DB-API drivers of the style `format` want it.
    """

    place: Callable[[int, Bound], str]
    name: Callable[[int], str] | None = None
    doubles_percent: bool = False


STYLES: dict[str, Style] = {
    "format": Style(lambda number, value: "%s", doubles_percent=True),
    "qmark": Style(lambda number, value: "?"),
    "numeric": Style(lambda number, value: f"${number}"),
    "named": Style(lambda number, value: f":p{number}", lambda number: f"p{number}"),
}


def render(fragment: Fragment, style: Style) -> Sql:
    """The piece as a text with places, and the values for them in their order, or by name."""
    texts: list[str] = []
    values: list[Any] = []
    for part in fragment.parts:
        if isinstance(part, Bound):
            values.append(part.value)
            texts.append(style.place(len(values), part))
        else:
            texts.append(part.replace("%", "%%") if style.doubles_percent else part)
    text = "".join(texts)
    if style.name is None:
        return Sql(text, tuple(values))
    return Sql(text, {style.name(number): value for number, value in enumerate(values, 1)})


def render_literals(fragment: Fragment, write: Callable[[Bound], str]) -> str:
    """The piece as a text alone, each value in it as `write` says it.

    No `Sql` without parameters: a driver that is handed an empty tuple of them takes a `%` of the text for its own.
    """
    return "".join(write(part) if isinstance(part, Bound) else part for part in fragment.parts)


def literal(value: Bound) -> str:
    """A value as most flavours say it in a text, where a string has no NUL. A list is one of ARRAY."""
    match value.value:
        case bool():
            return str(value.value).upper()
        case int() | float():
            return number(value.value)
        case str():
            return quoted_text(value.value)
        case list():
            return f"ARRAY[{', '.join(literal(Bound(item)) for item in value.value)}]"
    raise TypeError(f"no value of SQL: {value.value!r}")


def number(value: float) -> str:
    """An int or a double in decimal digits, a double always with a point or an exponent."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("NaN and infinities are no literals")
    return repr(value)
