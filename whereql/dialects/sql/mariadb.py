"""MariaDB: metadata in a column of JSON, which it keeps as the text that it was given.

Texts compare by the collation of a column, which drops spaces, and often takes `A` for `a`, unless another is named. `JSON_VALUE` makes 1 of
TRUE, and `JSON_TYPE` calls 1e300 an INTEGER: so values are taken as JSON, and numbers of some size by their digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from whereql.ast import Expr, Id, Literal, Predicate
from whereql.dialect import Dialect, Option, Options, Sql, Translation
from whereql.dialects.doubles import is_safe
from whereql.dialects.sql.backtracking import backtracking_pattern
from whereql.dialects.sql.fragments import STYLES, Fragment, bound, joined, listed, name, raw, render, sql
from whereql.dialects.sql.numbers import Storage, by_storage, intervals, within
from whereql.dialects.sql.patterns import is_caseless
from whereql.dialects.sql.writer import COLUMNS, FALSE, LAYOUT, SqlWriter, of_kind
from whereql.dialects.writing import Leaf, exact, items_of, refused, write
from whereql.errors import CheckError
from whereql.kinds import NUMBERS, Kind
from whereql.like import like_parts
from whereql.operators import ORDER, ORDER_SIGNS, Op
from whereql.source import quote
from whereql.support import Shape

_PLAIN = re.compile(r"[^\"'\\\x00-\x1f\x7f-\U0010ffff]+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ESCAPED = "where keys stand in the JSON as they are, or with escapes such as \\u00e9"
_HINT = "write at most one * or +, on a single character, or use LIKE"


@dataclass(frozen=True, slots=True)
class _Value:
    """A JSON value, and it as a text that compares by code point."""

    json: Fragment
    text: Fragment

    @property
    def digits(self) -> Fragment:
        """What its number is written with."""
        return sql("JSON_UNQUOTE({})", self.json)

    def is_a(self, *types: str) -> Fragment:
        """Whether its type is one of these."""
        sign = f"= '{types[0]}'" if len(types) == 1 else f"IN {types}"
        return sql(f"JSON_TYPE({{}}) {sign}", self.json)


class MariadbWriter(SqlWriter):
    """MariaDB from version 10.6 on."""

    title = "MariaDB"
    shape = Shape(depth=60, predicates=2_000, literals=20_000)  # thread_stack, and max_allowed_packet of 16 MiB

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.holder = self.name(options["metadata"])
        if not _WORD.fullmatch(options["collation"]):
            raise CheckError("WQ314", f"{quote(options['collation'])} is no collation", hint="leave it out, or in MySQL collation='utf8mb4_0900_bin'")

    def finish(self, native: Fragment) -> Sql:
        """The text and the values for it: whether a backslash escapes in a literal depends on the sql_mode, so that none is written."""
        return render(native, STYLES[self.options["params"]])

    def name(self, text: str) -> Fragment:
        """A name in backticks, where it needs quotes."""
        return name(text, "`")

    def text_column(self, column: Fragment, predicate: Predicate) -> Leaf:
        """A predicate on a column of texts, of whatever character set."""
        if predicate.op is Op.EXISTS or predicate.op is Op.HAS:
            return super().text_column(column, predicate)
        said = self.on_text(self._by_code_point(sql("CONVERT({} USING utf8mb4)", column)), predicate)
        return Leaf(said.native.known(), said.support, said.reason, said.hint) if isinstance(predicate.subject, Id) and said.native is not None else said

    def differs(self, value: Fragment, other: Fragment) -> Fragment:
        """Whether a value is another than this, or NULL."""
        return sql("NOT {} <=> {}", value, other).known()

    def pattern(self, value: Fragment, op: Op, text: str) -> Leaf:
        """By LIKE with an escape of its own, which no sql_mode changes; MATCHES and ILIKE by PCRE."""
        if op is Op.CONTAINS:
            return exact(sql("LOCATE({}, {}) > 0", bound(text), value))
        if op is Op.MATCHES or (op is Op.ILIKE and not is_caseless(text)):
            pattern = backtracking_pattern(op, text)
            if pattern is None:
                return refused("PCRE might give the search up, and find nothing", _HINT)
            return exact(sql("{} REGEXP {}", value, bound(pattern)))
        return exact(sql("{} LIKE {} ESCAPE '|'", value, bound(_like(op, text))))

    def field(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on a key of the JSON column."""
        said = self._on_json(self._value(self._extracted(key)), predicate)
        return exact(said.native, _ESCAPED) if said.native is not None and not key.isascii() else said

    def _on_json(self, value: _Value, predicate: Predicate) -> Leaf:
        op, items = predicate.op, items_of(predicate)
        match op:
            case Op.EXISTS:
                is_null = sql("COALESCE(JSON_TYPE({}), 'NULL') = 'NULL'", value.json).known()
                return exact(sql("JSON_TYPE({}) <> 'NULL'", value.json).but(is_null))
            case Op.EQ | Op.IN:
                return exact(self.any_of(*self._equal(value, items)))
            case Op.HAS:
                tests = self._equal(self._value(raw("e.v")), items)
                rows = sql("JSON_TABLE({}, '$[*]' COLUMNS (v JSON PATH '$')) AS e", value.json)
                inner = joined(tests, " OR ") if tests else FALSE
                return exact(sql("EXISTS (SELECT 1 FROM {} WHERE {})", rows, inner).known() if tests else FALSE)
            case _ if op in ORDER and items[0].kind in NUMBERS:
                return exact(_ordered_number(value, op, items[0]))
        said = self.on_text(value.text, predicate)
        if said.native is None or said.native.parts == FALSE.parts:
            return said
        return Leaf(joined([value.is_a("STRING"), said.native], " AND "), said.support, said.reason, said.hint)

    def _extracted(self, key: str) -> Fragment:
        """The value of a key, in whichever way it is written: a path finds it only in the same one."""
        paths = [f"$.{key}" if _WORD.fullmatch(key) else f"$.{json.dumps(key, ensure_ascii=False)}"]
        if not key.isascii() or "\x7f" in key:
            paths.append(f"$.{json.dumps(key)}")
        found = [sql("JSON_EXTRACT({}, {})", self.holder, raw(f"'{path}'") if _PLAIN.fullmatch(key) else bound(path)) for path in paths]
        return found[0] if len(found) == 1 else sql("COALESCE({})", listed(found))

    def _value(self, found: Fragment) -> _Value:
        return _Value(found, self._by_code_point(sql("JSON_UNQUOTE({})", found)))

    def _by_code_point(self, text: Fragment) -> Fragment:
        return sql(f"{{}} COLLATE {self.options['collation']}", text)

    def _equal(self, value: _Value, items: Sequence[Literal]) -> list[Fragment]:
        """A condition for each kind of literals."""
        found = []
        if texts := [str(item.value) for item in of_kind(items, Kind.STRING)]:
            said: Fragment = self.equals(value.text, list(map(bound, texts))).native
            found.append(joined([value.is_a("STRING"), said], " AND ") if any(map(_is_ambiguous, texts)) else said)
        found += _equal_numbers(value, of_kind(items, Kind.INT, Kind.FLOAT))
        if bools := sorted({str(item.value).lower() for item in of_kind(items, Kind.BOOL)}):
            found.append(sql(f"{{}} = '{bools[0]}'", value.json) if len(bools) == 1 else value.is_a("BOOLEAN"))
        return found


def _like(op: Op, text: str) -> str:
    """A text operator as a pattern of LIKE in which `|` escapes."""
    if op in (Op.LIKE, Op.ILIKE):
        return "".join(part if part in "%_" else _escaped(part[1]) for part in like_parts(text))
    return f"{_escaped(text)}%" if op is Op.STARTS else f"%{_escaped(text)}"


def _escaped(text: str) -> str:
    return re.sub(r"([%_|])", r"|\1", text)


def _is_ambiguous(text: str) -> bool:
    """Whether a value that is no string may be written with this text."""
    return text[:1] in {*"-0123456789[{"} or text in ("true", "false", "null")


_IS_INT = "{} REGEXP '^-?[0-9]+$'"
_NUMBER = ("INTEGER", "DOUBLE")


def _equal_numbers(value: _Value, items: Sequence[Literal]) -> list[Fragment]:
    return [_stored(value, storage, [_among(_cast(value, storage), values)]) for storage, values in by_storage(items)]


def _among(number: Fragment, values: Sequence[float]) -> Fragment:
    return sql("{} = {}", number, bound(values[0])) if len(values) == 1 else sql("{} IN ({})", number, listed(map(bound, values)))


def _ordered_number(value: _Value, op: Op, item: Literal) -> Fragment:
    if is_safe(item):
        return _stored(value, "any", [sql(f"{{}} {ORDER_SIGNS[op]} {{}}", _cast(value, "any"), bound(float(item.value)))])
    tests = [_stored(value, storage, within(_cast(value, storage), low, high)) for storage, low, high in intervals(op, item)]
    return joined(tests, " OR ") if tests else FALSE


def _cast(value: _Value, storage: Storage) -> Fragment:
    return sql(f"CAST({{}} AS {'DECIMAL(65)' if storage == 'int' else 'DOUBLE'})", value.digits)


def _stored(value: _Value, storage: Storage, tests: Sequence[Fragment]) -> Fragment:
    """Tests of a number that is stored so: ints and doubles are told apart by their digits."""
    kinds = {"any": [value.is_a(*_NUMBER)], "int": [value.is_a("INTEGER"), sql(_IS_INT, value.digits)], "double": [value.is_a(*_NUMBER), sql(f"NOT {_IS_INT}", value.digits)]}
    return joined([*kinds[storage], *tests], " AND ")


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, MariadbWriter(options))


_OPTIONS = {
    "metadata": LAYOUT["metadata"],
    "collation": Option("one by code point that drops no spaces; that of MySQL 8 is utf8mb4_0900_bin", "utf8mb4_nopad_bin"),
    "params": Option("how the places of parameters are marked", "format", ("format", "qmark")),
}

DIALECT = Dialect("MariaDB", None, _write, {**COLUMNS, **_OPTIONS}, form="sql")
