"""DuckDB: metadata in a column of JSON, whose values are taken as texts beside their types, or in columns of types.

Its arrows bind looser than `=`, so they stand in parentheses; `TRY_CAST` takes what is no number without an error. Its regular
expressions are RE2's, to which whereql lowers its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from whereql.ast import Expr, Literal, Predicate
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.doubles import is_safe
from whereql.dialects.sql.columns import TableWriter
from whereql.dialects.sql.fragments import Bound, Fragment, bound, joined, listed, literal, quoted_text, raw, sql
from whereql.dialects.sql.numbers import Storage, by_storage, intervals, within
from whereql.dialects.sql.patterns import is_caseless, re2_pattern
from whereql.dialects.sql.writer import COLUMNS, FALSE, LAYOUT, of_kind, styles
from whereql.dialects.writing import Leaf, exact, items_of, refused, write
from whereql.kinds import NUMBERS, Kind
from whereql.like import as_like
from whereql.operators import ORDER, ORDER_SIGNS, Op

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_STORED: dict[Storage, tuple[str, str]] = {"any": ("DOUBLE", "('BIGINT', 'UBIGINT', 'DOUBLE')"), "int": ("BIGINT", "('BIGINT', 'UBIGINT')"), "double": ("DOUBLE", "('DOUBLE')")}
_FUNCTIONS = {Op.CONTAINS: "contains", Op.STARTS: "starts_with", Op.ENDS: "suffix"}


@dataclass(frozen=True, slots=True)
class _Place:
    """The value of a key: as a text, its type, the texts of its elements, and the type of the first of them."""

    text: Fragment
    type: Fragment
    elements: Fragment
    first: Fragment


class DuckdbWriter(TableWriter):
    """DuckDB from version 1.0 on."""

    title = "DuckDB"

    def literal(self, value: Bound) -> str:
        """A text with a NUL in it is put together."""
        return _text_literal(value.value) if isinstance(value.value, str) else literal(value)

    def pattern(self, value: Fragment, op: Op, text: str) -> Leaf:
        """By functions, LIKE, or RE2, with a pattern that it surely compiles in the memory that DuckDB gives it."""
        if op in _FUNCTIONS:
            return exact(sql(f"{_FUNCTIONS[op]}({{}}, {{}})", value, bound(text)))
        if op is Op.MATCHES or not is_caseless(text) if op is not Op.LIKE else False:
            return _searched(value, op, text)
        escape = " ESCAPE '\\'" if "\\" in text else ""
        return exact(sql(f"{{}} LIKE {{}}{escape}", value, bound(as_like(op, text))))

    def has(self, column: Fragment, values: Sequence[Fragment]) -> Fragment:
        """One value, or one of several, in a list."""
        if len(values) == 1:
            return sql("list_contains({}, {})", column, values[0])
        return sql("list_has_any({}, [{}])", column, listed(values))

    def json(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on a key of the JSON column. It keeps its parentheses: ints and doubles are told apart, and a reader must see which test is whose."""
        said = self._on_key(key, predicate)
        return said if said.native is None else replace(said, native=replace(said.native, word=""))

    def _on_key(self, key: str, predicate: Predicate) -> Leaf:
        place = self._place(key)
        op, items = predicate.op, items_of(predicate)
        match op:
            case Op.EXISTS:
                return exact(sql("{} IS NOT NULL", place.text).known().but(sql("{} IS NULL", place.text).known()))
            case Op.HAS:
                return exact(self.any_of(*self._has_texts(place, items), *self._has_numbers(place, items)))
            case Op.EQ | Op.IN:
                return exact(self.any_of(*self._equal_texts(place, items), *self._equal_numbers(place, items)))
            case _ if op in ORDER and items[0].kind in NUMBERS:
                return exact(_ordered_number(place, op, items[0]))
        said = self.on_text(place.text, predicate)
        if said.native is None or said.native.parts == FALSE.parts:
            return said
        return Leaf(joined([_is(place.type, "VARCHAR"), said.native], " AND "), said.support, said.reason, said.hint)

    def _place(self, key: str) -> _Place:
        """By its name where that is a word, else by a JSON pointer, which takes any key."""
        pointer = "/" + key.replace("~", "~0").replace("/", "~1")
        if _WORD.fullmatch(key):
            step, elements, first = raw(f"'{key}'"), sql("{}->>{}", self.holder, raw(f"'$.{key}[*]'")), raw(f"'$.{key}[0]'")
        else:
            step, first = raw(_text_literal(pointer)), raw(_text_literal(f"{pointer}/0"))
            elements = sql("{}->{}->>'$[*]'", self.holder, step)
        return _Place(sql("({}->>{})", self.holder, step), sql("json_type({}, {})", self.holder, step), elements, sql("json_type({}, {})", self.holder, first))

    def _equal_texts(self, place: _Place, items: Sequence[Literal]) -> list[Fragment]:
        """Strings, and bools, which are compared as texts, too."""
        found = []
        for kind, type in ((Kind.STRING, "VARCHAR"), (Kind.BOOL, "BOOLEAN")):
            texts = _texts(items, kind)
            if texts:
                said: Fragment = self.equals(place.text, list(map(bound, texts))).native
                found.append(said if kind is Kind.STRING and not any(map(_is_ambiguous, texts)) else joined([_is(place.type, type), said], " AND "))
        return found

    def _equal_numbers(self, place: _Place, items: Sequence[Literal]) -> list[Fragment]:
        found = []
        for storage, values in by_storage(items):
            type, types = _STORED[storage]
            cast = sql(f"TRY_CAST({{}} AS {type})", place.text)
            found.append(joined([sql(f"{{}} IN {types}", place.type), self.equals(cast, list(map(bound, values))).native], " AND "))
        return found

    def _has_texts(self, place: _Place, items: Sequence[Literal]) -> list[Fragment]:
        found = []
        for kind, type in ((Kind.STRING, "VARCHAR"), (Kind.BOOL, "BOOLEAN")):
            texts = _texts(items, kind)
            if texts:
                said = self.has(place.elements, list(map(bound, texts)))
                found.append(said if kind is Kind.STRING and not any(map(_is_ambiguous, texts)) else joined([_is(place.first, type), said], " AND "))
        return found

    def _has_numbers(self, place: _Place, items: Sequence[Literal]) -> list[Fragment]:
        found = []
        for storage, values in by_storage(items):
            type, types = _STORED[storage]
            elements = sql(f"TRY_CAST({{}} AS {type}[])", place.elements)
            found.append(joined([sql(f"{{}} IN {types}", place.first), self.has(elements, list(map(bound, values)))], " AND "))
        return found


def _is(type: Fragment, name: str) -> Fragment:
    return sql(f"{{}} = '{name}'", type)


def _texts(items: Sequence[Literal], kind: Kind) -> list[str]:
    return [str(item.value) if kind is Kind.STRING else str(item.value).lower() for item in of_kind(items, kind)]


def _is_ambiguous(text: str) -> bool:
    """Whether a value that is no string may have this text."""
    return text[:1] in {*"-0123456789[{"} or text in ("true", "false")


def _ordered_number(place: _Place, op: Op, item: Literal) -> Fragment:
    if is_safe(item):
        type, types = _STORED["any"]
        return joined([sql(f"{{}} IN {types}", place.type), sql(f"TRY_CAST({{}} AS {type}) {ORDER_SIGNS[op]} {{}}", place.text, bound(float(item.value)))], " AND ")
    tests = []
    for storage, low, high in intervals(op, item):
        type, types = _STORED[storage]
        tests.append(joined([sql(f"{{}} IN {types}", place.type), *within(sql(f"TRY_CAST({{}} AS {type})", place.text), low, high)], " AND "))
    return joined(tests, " OR ") if tests else FALSE


def _text_literal(text: str) -> str:
    if "\0" not in text:
        return quoted_text(text)
    return f"({' || chr(0) || '.join(map(quoted_text, text.split(chr(0))))})"


def _searched(value: Fragment, op: Op, text: str) -> Leaf:
    lowered = re2_pattern(op, text)
    if lowered is None:
        return refused("the pattern may be too large for DuckDB", "use smaller repetition counts, or ASCII classes such as [0-9A-Za-z_]")
    return exact(sql("regexp_matches({}, {})", value, bound(lowered)))


def _read(source: Any, options: Options) -> Expr:
    from whereql.dialects.sql.duckdb_reader import read  # what writes only needs no grammar

    return read(source, options)


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, DuckdbWriter(options, expr))


DIALECT = Dialect("DuckDB", _read, _write, {**LAYOUT, **COLUMNS, **styles("qmark", "numeric")}, form="sql")
