"""SQLite: metadata in a column of JSON text, tested by `->>` and `json_type`, or in columns.

SQLite orders any two values, numbers below texts, and a JSON `true` is its number 1: so types are tested beside values wherever
it matters. Its LIKE takes `A` for `a`; GLOB, which does not, stands for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from whereql.ast import And, Expr, Literal, Or, Predicate
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.sql.columns import TableWriter
from whereql.dialects.sql.fragments import Bound, Fragment, bound, joined, listed, literal, quoted_text, raw, sql
from whereql.dialects.sql.patterns import MERGED, as_glob
from whereql.dialects.sql.writer import COLUMNS, FALSE, LAYOUT, of_kind, styles
from whereql.dialects.writing import Leaf, exact, items_of, refused, write
from whereql.kinds import Kind
from whereql.operators import ORDER, ORDER_SIGNS, Op
from whereql.support import Shape

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_QUOTABLE = re.compile(r'[^"\\\x00-\x1f\x7f-\U0010ffff]+')
_LONGEST_GLOB = 50_000  # bytes; SQLITE_MAX_LIKE_PATTERN_LENGTH
_REGEXP = "register whereql's: connection.create_function('regexp', 2, whereql.dialects.sql.sqlite.regexp), and say regexp=True"
_GROUP = 100


def regexp(pattern: str, text: str | None) -> bool | None:
    """SQLite's function for `text REGEXP pattern`, as whereql reads a pattern.

    >>> import sqlite3
    >>> connection = sqlite3.connect(":memory:")
    >>> connection.create_function("regexp", 2, regexp, deterministic=True)
    >>> connection.execute("SELECT 'neural nets' REGEXP 'n(e|u)+'").fetchone()
    (1,)
    """
    from whereql.regex import compile_pattern  # google-re2 loads with the first pattern

    return None if text is None else compile_pattern(pattern).search(str(text))


@dataclass(frozen=True, slots=True)
class _Place:
    """The value of a key: it, its type as json_type calls it, and how a condition on them becomes one on the row."""

    value: Fragment
    type: Fragment
    array: Fragment
    on_row: Callable[[Fragment], Fragment]


class SqliteWriter(TableWriter):
    """SQLite from version 3.38 on."""

    title = "SQLite"
    compares_exactly = True
    shape = Shape(depth=12, literals=30_000)  # its parser has a stack of 100 places; a statement takes 32,766 parameters

    def is_storable(self, text: str) -> bool:
        """SQLite's functions on JSON and on texts end at a NUL."""
        return "\0" not in text

    def differs(self, value: Fragment, other: Fragment) -> Fragment:
        """By IS NOT, which takes any value in SQLite."""
        return sql("{} IS NOT {}", value, other)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Fragment]) -> Fragment:
        """In groups where there are many: an expression is at most 1,000 deep, and each AND or OR is one deeper than its left side."""
        word = " AND " if connective is And else " OR "
        while len(parts) > _GROUP:
            parts = [sql("({})", joined(parts[start : start + _GROUP], word)) for start in range(0, len(parts), _GROUP)]
        return joined(parts, word)

    def pattern(self, value: Fragment, op: Op, text: str) -> Leaf:
        """By GLOB; a regular expression by the function that its user brings."""
        if op is Op.MATCHES:
            if not self.options["regexp"]:
                return refused("SQLite has no regular expressions of its own", _REGEXP)
            return exact(sql("{} REGEXP {}", value, self.text(text)), "the function regexp is whereql's")
        if not self.is_storable(text):
            return exact(FALSE)
        if op is Op.CONTAINS:
            return exact(sql("instr({}, {}) > 0", value, bound(text)))
        if MERGED & set(text):
            return refused("GLOB reads U+FFFE and U+FFFF as U+FFFD", "search for a part with CONTAINS")
        pattern = as_glob(op, text)
        if len(pattern.encode()) > _LONGEST_GLOB:
            return refused("the pattern is longer than SQLite takes one", "search for a shorter part with CONTAINS")
        return exact(sql("{} GLOB {}", value, bound(pattern)))

    def has(self, column: Fragment, values: Sequence[Fragment]) -> Fragment:
        """An array is JSON in a column of its own."""
        return _has_element(column, sql("e.value IN ({})", listed(values)) if len(values) > 1 else sql("e.value = {}", values[0]))

    def literal(self, value: Bound) -> str:
        """A text with a NUL in it is put together."""
        if isinstance(value.value, str) and "\0" in value.value:
            return f"({' || char(0) || '.join(map(quoted_text, value.value.split(chr(0))))})"
        return literal(value)

    def json(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on a key of the JSON column."""
        if not self.is_storable(key):
            return exact(FALSE)
        place = self._place(key)
        op, items = predicate.op, items_of(predicate)
        match op:
            case Op.EXISTS:
                return exact(place.on_row(sql("{} IS NOT NULL", place.value).known().but(sql("{} IS NULL", place.value).known())))
            case Op.HAS:
                return self._has_element(place, items)
            case Op.EQ | Op.IN:
                return exact(self.any_of(*map(place.on_row, self._equal(place, items))))
            case _ if op in ORDER and items[0].kind is not Kind.STRING:
                test = sql(f"{{}} {ORDER_SIGNS[op]} {{}}", place.value, bound(items[0].value))
                return exact(place.on_row(joined([_is_number(place), test], " AND ")))
        said = self.on_text(place.value, predicate)
        if said.native is None or said.native.parts == FALSE.parts:
            return said
        return Leaf(place.on_row(joined([_is_text(place), said.native], " AND ")), said.support, said.reason, said.hint)

    def _place(self, key: str) -> _Place:
        """By a path where that surely names the key; else among all keys, since a path takes no escapes, nor what is written with one."""
        if _QUOTABLE.fullmatch(key):
            path = quoted_text(f"$.{key}" if _WORD.fullmatch(key) else f'$."{key}"')
            found = sql("{}->>{}", self.holder, raw(quoted_text(key) if _WORD.fullmatch(key) else path))
            return _Place(found, sql("json_type({}, {})", self.holder, raw(path)), sql("{}, {}", self.holder, raw(path)), lambda condition: condition)
        return _Place(raw("m.value"), raw("m.type"), raw("m.value"), lambda condition: self._on_keys(key, condition))

    def _on_keys(self, key: str, condition: Fragment) -> Fragment:
        if condition.parts == FALSE.parts:
            return condition
        inner = sql("({})", condition) if condition.word == " OR " else condition
        return sql("EXISTS (SELECT 1 FROM json_each({}) AS m WHERE m.key = {} AND {})", self.holder, bound(key), inner).known()

    def _equal(self, place: _Place, items: Sequence[Literal]) -> list[Fragment]:
        """A condition for each kind of literals."""
        return [found for found in (self._equal_texts(place, items), self._equal_numbers(place, items), _equal_bools(place, items)) if found is not None]

    def _equal_texts(self, place: _Place, items: Sequence[Literal]) -> Fragment | None:
        texts = [str(item.value) for item in of_kind(items, Kind.STRING) if self.is_storable(str(item.value))]
        if not texts:
            return None
        found: Fragment = self.equals(place.value, list(map(bound, texts))).native
        if any(text[:1] in ("[", "{") for text in texts):  # an array is read as its text
            return joined([_is_text(place), found], " AND ")
        return found

    def _equal_numbers(self, place: _Place, items: Sequence[Literal]) -> Fragment | None:
        numbers = [item.value for item in of_kind(items, Kind.INT, Kind.FLOAT)]
        if not numbers:
            return None
        found: Fragment = self.equals(place.value, list(map(bound, numbers))).native
        return joined([_is_number(place), found], " AND ") if {0, 1} & set(numbers) else found  # TRUE is read as 1

    def _has_element(self, place: _Place, items: Sequence[Literal]) -> Leaf:
        element = _Place(raw("e.value"), raw("e.type"), raw(""), lambda condition: condition)
        found = self._equal(element, items)
        if not found:
            return exact(FALSE)
        is_array = sql("{} = 'array'", place.type)
        return exact(place.on_row(joined([is_array, _has_element(place.array, joined(found, " OR "))], " AND ")))


def _has_element(array: Fragment, condition: Fragment) -> Fragment:
    return sql("EXISTS (SELECT 1 FROM json_each({}) AS e WHERE {})", array, condition)


def _is_text(place: _Place) -> Fragment:
    return sql("{} = 'text'", place.type)


def _is_number(place: _Place) -> Fragment:
    return sql("{} IN ('integer', 'real')", place.type)


def _equal_bools(place: _Place, items: Sequence[Literal]) -> Fragment | None:
    names = list(dict.fromkeys(quoted_text(str(item.value).lower()) for item in of_kind(items, Kind.BOOL)))
    if not names:
        return None
    if len(names) == 1:
        return sql("{} = {}", place.type, raw(names[0])).but(sql("{} IS NOT {}", place.type, raw(names[0])).known())
    return sql("{} IN ({})", place.type, raw(", ".join(names)))


def _read(source: Any, options: Options) -> Expr:
    from whereql.dialects.sql.sqlite_reader import read  # what writes only needs no grammar

    return read(source, options)


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, SqliteWriter(options, expr))


_OPTIONS = {"regexp": Option("whether the function regexp is whereql.dialects.sql.sqlite.regexp", False, (False, True))}

DIALECT = Dialect("SQLite", _read, _write, {**LAYOUT, **COLUMNS, **_OPTIONS, **styles("qmark", "named")}, form="sql")
