"""Metadata in columns with types, one for each key: what SQL writers say of such a column.

What a column's type is, the schema says; where it says nothing, the literals of the filter do: `year > 2020` needs a column of
numbers. An int64 and a double are compared within their own type, so that 2**53 + 1 never equals 2.0**53.
"""

from __future__ import annotations

from collections.abc import Sequence

from whereql.ast import Expr, Field, Literal, Predicate
from whereql.dialect import Options
from whereql.dialects.doubles import is_safe
from whereql.dialects.fields import Fields
from whereql.dialects.places import place
from whereql.dialects.sql.fragments import Fragment, bound, sql
from whereql.dialects.sql.writer import FALSE, TRUE, SqlWriter, of_kind
from whereql.dialects.writing import Leaf, exact, items_of, refused, superset
from whereql.kinds import Kind
from whereql.operators import ORDER, ORDER_SIGNS, Op
from whereql.source import quote
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, number_test

_DECLARE = "say what the key holds: schema={'year': 'int', 'tags': 'string[]', …}"


class ColumnsWriter(SqlWriter):
    """A flavour with a typed column for each key. compares_exactly: whether an int and a double are compared by value at any size."""

    compares_exactly = False

    def __init__(self, options: Options, expr: Expr) -> None:
        super().__init__(options)
        self.fields = Fields(expr, options["schema"])
        self.schema = self.fields.schema

    def has(self, column: Fragment, values: Sequence[Fragment]) -> Fragment:
        """Whether an array has one of some values, which are of its own type."""
        raise NotImplementedError

    def field(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on a key."""
        return self.typed(key, predicate)

    def typed(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on the column of a key."""
        if isinstance(taken := place(Field(key), self.options), Leaf):
            return taken
        if not key or "\0" in key:
            return refused("no column has such a name", "rename the key")
        column = self.name(key)
        is_required = self.fields.is_required(key)
        if predicate.op is Op.EXISTS:
            return exact(TRUE if is_required else sql("{} IS NOT NULL", column).known().but(sql("{} IS NULL", column).known()))
        if not self.fields.is_plain(key):
            return refused(f"a column has one type, and {quote(key)} several", _DECLARE)
        said = self._on_column(column, self.fields.kinds(key), predicate)
        if is_required and said.native is not None and said.native.parts != FALSE.parts:
            return Leaf(said.native.known(), said.support, said.reason, said.hint)
        return said

    def _on_column(self, column: Fragment, kinds: frozenset[str], predicate: Predicate) -> Leaf:
        kind = min(kinds)
        is_array = kind.endswith("[]")
        items = items_of(predicate)
        if is_array is not (predicate.op is Op.HAS):
            return exact(FALSE)
        match kind.removesuffix("[]"):
            case "string" if is_array:
                return self._has(column, [self.text(str(item.value)) for item in of_kind(items, Kind.STRING) if self.is_storable(str(item.value))])
            case "string":
                return self.on_text(column, predicate)
            case "bool":
                values = [TRUE if item.value else FALSE for item in of_kind(items, Kind.BOOL)]
                return self._has(column, values) if is_array else self.equals(column, values)
            case "int" | "float":
                return self._on_numbers(column, {each.removesuffix("[]") for each in kinds}, predicate)
        return exact(FALSE)

    def _has(self, column: Fragment, values: Sequence[Fragment]) -> Leaf:
        return exact(self.has(column, values) if values else FALSE)

    def _on_numbers(self, column: Fragment, kinds: set[str], predicate: Predicate) -> Leaf:
        items = of_kind(items_of(predicate), Kind.INT, Kind.FLOAT)
        if not items or predicate.op not in {Op.EQ, Op.IN, Op.HAS, *ORDER}:
            return exact(FALSE)
        is_one = len(kinds) == 1
        is_doubtful = not is_one and not self.compares_exactly and not all(map(is_safe, items))
        reason = "whether the column has ints or doubles decides about numbers beyond 2^53"
        if predicate.op in ORDER:
            if is_doubtful:
                return refused(reason, _DECLARE)
            return exact(self.ordered_number(column, predicate.op, items[0], kinds))
        values = [self.number(value) for item in items if (value := _as_kind(item, kinds)) is not None]
        said = self._has(column, values) if predicate.op is Op.HAS else self.equals(column, values)
        return superset(sql("{}", said.native), reason, _DECLARE) if is_doubtful and values else said

    def number(self, value: float) -> Fragment:
        """A number as a value."""
        return bound(value)

    def ordered_number(self, column: Fragment, op: Op, item: Literal, kinds: set[str]) -> Fragment:
        """An order of a column of numbers, of which those that pass are an interval of its type."""
        if len(kinds) == 2:
            return sql(f"{{}} {ORDER_SIGNS[op]} {{}}", column, self.number(float(item.value) if item.kind is Kind.FLOAT else int(item.value)))
        test = number_test(op, item)
        interval: tuple[float, float] | None = test.ints if kinds == {"int"} else test.floats
        least, most = (INT_MIN, INT_MAX) if kinds == {"int"} else (-FLOAT_MAX, FLOAT_MAX)
        if interval is None:
            return FALSE
        low, high = interval
        if low == least and high == most:
            return sql("{} IS NOT NULL", column).known()
        if low == high:
            return sql("{} = {}", column, self.number(low))
        if low == item.value or high == item.value:  # as it was said
            return sql(f"{{}} {ORDER_SIGNS[op]} {{}}", column, self.number(low if low == item.value else high))
        if op in (Op.GT, Op.LT) and (exclusive := _as_kind(item, kinds)) is not None:
            return sql(f"{{}} {ORDER_SIGNS[op]} {{}}", column, self.number(exclusive))
        return sql("{} <= {}", column, self.number(high)) if low == least else sql("{} >= {}", column, self.number(low))


def _as_kind(item: Literal, kinds: set[str]) -> float | None:
    """A number as one of the column's type, where it is one; as it is where the type is not known."""
    if len(kinds) == 2:
        return item.value  # type: ignore[return-value]  # a number, as its kind says
    test = number_test(Op.EQ, item)
    interval: tuple[float, float] | None = test.ints if kinds == {"int"} else test.floats
    return None if interval is None else interval[0]


class TableWriter(ColumnsWriter):
    """A flavour that has metadata in one JSON column, or in columns of types, as its option `layout` says."""

    def __init__(self, options: Options, expr: Expr) -> None:
        super().__init__(options, expr)
        self.holder = self.name(options["metadata"])

    def json(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on the value of a key in the JSON column."""
        raise NotImplementedError

    def field(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on a key."""
        return self.typed(key, predicate) if self.options["layout"] == "columns" else self.json(key, predicate)
