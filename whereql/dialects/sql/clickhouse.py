"""ClickHouse: metadata as JSON text in a column of String, or in columns of types. Parameters are the server's: `{p1:String}`.

Its functions answer a default for what is not there, '' or 0, and a text for any value: so types are tested beside values. A set of
doubles is one of bits, in which 0.0 and -0.0 are two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from whereql.ast import Expr, Literal, Predicate
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.doubles import is_safe
from whereql.dialects.sql.columns import TableWriter
from whereql.dialects.sql.fragments import (
    RESERVED,
    Bound,
    Fragment,
    Style,
    bound,
    joined,
    listed,
    number,
    raw,
    sql,
    with_both_zeros,
)
from whereql.dialects.sql.numbers import Storage, by_storage, intervals, within
from whereql.dialects.sql.patterns import is_caseless, re2_pattern
from whereql.dialects.sql.writer import COLUMNS, FALSE, LAYOUT, LITERALS, TRUE, of_kind
from whereql.dialects.writing import Leaf, exact, items_of, refused, write
from whereql.kinds import NUMBERS, Kind
from whereql.operators import ORDER, ORDER_SIGNS, Op
from whereql.support import Shape

_TYPES = {str: "String", int: "Int64", float: "Float64"}
_STORED: dict[Storage, tuple[str, tuple[str, ...]]] = {"any": ("Float", ("Int64", "UInt64", "Double")), "int": ("Int", ("Int64",)), "double": ("Float", ("UInt64", "Double"))}
_FUNCTIONS = {Op.STARTS: "startsWith", Op.ENDS: "endsWith"}


@dataclass(frozen=True, slots=True)
class _Place:
    """A JSON value, as the arguments of the functions that look at it, and of those that make an array of it."""

    of: Fragment
    array: Fragment

    def as_(self, kind: str) -> Fragment:
        """The value as a String, Int, Float or Bool."""
        return sql(f"JSONExtract{kind}({{}})", self.of)

    def is_a(self, *types: str) -> Fragment:
        """Whether its type is one of these."""
        sign = f"= '{types[0]}'" if len(types) == 1 else f"IN {types}"
        return sql(f"JSONType({{}}) {sign}", self.of)


class ClickhouseWriter(TableWriter):
    """ClickHouse from version 23 on."""

    title = "ClickHouse"
    compares_exactly = True
    # max_parser_depth is 1,000 and a level costs several; max_query_size is 256 KiB; max_ast_elements 50,000.
    shape = Shape(depth=60, predicates=700, literals=4_000)
    style = Style(lambda number, value: f"{{p{number}:{_TYPES[type(value.value)]}}}", lambda number: f"p{number}")

    def name(self, text: str) -> Fragment:
        """In backticks, in which a backslash escapes, too."""
        is_plain = text.isascii() and text.isidentifier() and text.lower() not in RESERVED
        return raw(text if is_plain else f"`{_escaped(text, '`')}`")

    def literal(self, value: Bound) -> str:
        """A backslash escapes in a text."""
        return f"'{_escaped(value.value, chr(39))}'" if isinstance(value.value, str) else number(value.value)

    def differs(self, value: Fragment, other: Fragment) -> Fragment:
        """Whether a value is another than this, or NULL."""
        return sql("ifNull({} != {}, TRUE)" if self._has_nulls else "{} != {}", value, other).known()

    def complement(self, condition: Fragment) -> Fragment:
        """By ifNull, which is older there than IS NOT TRUE."""
        if condition.parts in (FALSE.parts, TRUE.parts) or condition.opposite is not None or condition.is_known:
            return super().complement(condition)
        return sql("ifNull(NOT ({}), TRUE)", condition).known()

    def equals(self, value: Fragment, values: Sequence[Fragment]) -> Leaf:
        """A set with a zero in it has both."""
        return super().equals(value, with_both_zeros(values) if len(values) > 1 else values)

    def pattern(self, value: Fragment, op: Op, text: str) -> Leaf:
        """By functions and LIKE, which count in code points, or by RE2."""
        if op is Op.CONTAINS:
            return exact(sql("position({}, {}) > 0", value, bound(text)))
        if op in _FUNCTIONS:
            return exact(sql(f"{_FUNCTIONS[op]}({{}}, {{}})", value, bound(text)))
        if op is Op.LIKE or (op is Op.ILIKE and is_caseless(text)):
            return exact(sql("{} LIKE {}", value, bound(text)))
        lowered = re2_pattern(op, text)
        if lowered is None:
            return refused("the pattern may be too large for ClickHouse", "use smaller repetition counts, or ASCII classes such as [0-9A-Za-z_]")
        return exact(sql("match({}, {})", value, bound(f"(?-s){lowered}")))  # there, `.` takes a line end by default

    def typed(self, key: str, predicate: Predicate) -> Leaf:
        """An array is never NULL, but may be empty."""
        if predicate.op is Op.EXISTS and not self.fields.is_required(key):
            kinds = self.fields.kinds(key)
            if kinds and min(kinds).endswith("[]"):
                return exact(sql("notEmpty({})", self.name(key)).known())
            if not kinds:
                said = super().typed(key, predicate)
                return exact(said.native, "where the column is no array: an array is never NULL in ClickHouse")
        return super().typed(key, predicate)

    def has(self, column: Fragment, values: Sequence[Fragment]) -> Fragment:
        """One value, or one of several, in an array."""
        return sql("has({}, {})", column, values[0]) if len(values) == 1 else sql("hasAny({}, [{}])", column, listed(values))

    def json(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on a key of the JSON column."""
        name = raw(self.literal(Bound(key)))
        present = sql("ifNull({}, '')", self.holder) if self._has_nulls else self.holder  # an array is never NULL
        said = self._on_json(_Place(sql("{}, {}", self.holder, name), sql("{}, {}", present, name)), predicate)
        return said if said.native is None or self._has_nulls else Leaf(said.native.known(), said.support, said.reason, said.hint)

    def _on_json(self, place: _Place, predicate: Predicate) -> Leaf:
        op, items = predicate.op, items_of(predicate)
        match op:
            case Op.EXISTS:
                return exact(sql("JSONType({}) != 'Null'", place.of))
            case Op.EQ | Op.IN:
                return exact(self.any_of(*self._equal(place, items)))
            case Op.HAS:
                return exact(self._has_element(place, items))
            case _ if op in ORDER and items[0].kind in NUMBERS:
                return exact(_ordered_number(place, op, items[0]))
        said = self.on_text(place.as_("String"), predicate)
        if said.native is None or said.native.parts == FALSE.parts:
            return said
        return Leaf(joined([place.is_a("String"), said.native], " AND "), said.support, said.reason, said.hint)

    def _equal(self, place: _Place, items: Sequence[Literal]) -> list[Fragment]:
        """A condition for each kind of literals."""
        found = []
        if texts := [str(item.value) for item in of_kind(items, Kind.STRING)]:
            said: Fragment = self.equals(place.as_("String"), list(map(bound, texts))).native
            found.append(joined([place.is_a("String"), said], " AND ") if any(map(_is_ambiguous, texts)) else said)
        for storage, values in by_storage(items):
            kind, types = _STORED[storage]
            found.append(joined([place.is_a(*types), self.equals(place.as_(kind), list(map(bound, values))).native], " AND "))
        if bools := {bool(item.value) for item in of_kind(items, Kind.BOOL)}:
            is_bool, value = place.is_a("Bool"), place.as_("Bool")
            found.append(is_bool if len(bools) == 2 else joined([is_bool, value if True in bools else sql("NOT {}", value)], " AND "))
        return found

    def _has_element(self, place: _Place, items: Sequence[Literal]) -> Fragment:
        texts = [str(item.value) for item in of_kind(items, Kind.STRING)]
        found: list[Fragment] = []
        if texts and not any(map(_is_ambiguous, texts)):
            found.append(self.has(sql("JSONExtract({}, 'Array(String)')", place.array), list(map(bound, texts))))
            items = [item for item in items if item.kind is not Kind.STRING]
        if any(item.kind in NUMBERS and not is_safe(item) for item in items):
            # Taken out as JSON, a double of this size is written as an int: so each is looked at in its place.
            at = sql("{}, i", place.array)
            inner = joined(self._equal(_Place(at, at), items), " OR ")
            is_array = _Place(place.array, place.array).is_a("Array")
            found.append(joined([is_array, sql("arrayExists(i -> {}, range(1, JSONLength({}) + 1))", inner, place.array)], " AND "))
        elif tests := self._equal(_Place(raw("e"), raw("e")), items):
            found.append(sql("arrayExists(e -> {}, JSONExtractArrayRaw({}))", joined(tests, " OR "), place.array))
        return self.any_of(*found)

    @property
    def _has_nulls(self) -> bool:
        return self.options["layout"] == "columns" or bool(self.options["nullable"])


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\0", "\\0")


def _is_ambiguous(text: str) -> bool:
    """Whether a value that is no string, or none at all, may have this text."""
    return text == "" or text[0] in "-0123456789[{" or text in ("true", "false", "null")


def _ordered_number(place: _Place, op: Op, item: Literal) -> Fragment:
    if is_safe(item):
        kind, types = _STORED["any"]
        return joined([place.is_a(*types), sql(f"{{}} {ORDER_SIGNS[op]} {{}}", place.as_(kind), bound(float(item.value)))], " AND ")
    tests = []
    for storage, low, high in intervals(op, item):
        kind, types = _STORED[storage]
        tests.append(joined([place.is_a(*types), *within(place.as_(kind), low, high)], " AND "))
    return joined(tests, " OR ") if tests else FALSE


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, ClickhouseWriter(options, expr))


DIALECT = Dialect("ClickHouse", None, _write, {**LAYOUT, **COLUMNS, **LITERALS}, form="sql")
