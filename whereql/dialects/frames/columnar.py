"""What the writers for frames of typed columns share: which test holds on which column, and what is left of nulls.

A frame says its own spelling: see `pyarrow` and `polars`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from whereql.ast import And, Expr, Literal, Or, Predicate
from whereql.dialect import Options
from whereql.dialects.columns import Column, as_kind, bounds, column_of, points
from whereql.dialects.doubles import ROUNDED, is_safe, nearest
from whereql.dialects.fields import Fields
from whereql.dialects.frames.sources import re2_pattern, source
from whereql.dialects.writing import InfixWriter, Joined, Leaf, exact, refused, superset
from whereql.kinds import NUMBERS
from whereql.operators import OPERATORS, OPPOSITE, ORDER, TEXT, Op
from whereql.support import Shape
from whereql.values import FLOAT_MAX, Scalar

_WIDENED = {Op.GT: ">=", Op.GE: ">=", Op.LT: "<=", Op.LE: "<="}


class ColumnarWriter(InfixWriter):
    """Writes an expression over columns; the methods without a body are the spelling of a frame."""

    all_of = " & "
    any_of = " | "
    shape = Shape(depth=80)  # Python's own parser takes 200 parentheses
    constants: ClassVar[dict[bool, str]]

    def __init__(self, expr: Expr, options: Options) -> None:
        self._fields = Fields(expr, options["schema"])
        self.schema = self._fields.schema
        self._options = options

    def name(self, name: str) -> str:
        """A column."""
        raise NotImplementedError

    def as_doubles(self, column: str) -> str:
        """The numbers of a column as doubles."""
        raise NotImplementedError

    def among(self, column: str, items: Sequence[Scalar]) -> str:
        """Whether a value is one of several."""
        raise NotImplementedError

    def above(self, column: str, symbol: str, number: float) -> str:
        """A lower bound, which a NaN doesn't pass."""
        return Joined(f"{column} {symbol} {source(number)}")

    def text(self, op: Op, column: str, text: str) -> str:
        """CONTAINS, STARTS or ENDS."""
        raise NotImplementedError

    def pattern(self, column: str, pattern: str) -> str:
        """A regular expression of RE2 that finds something."""
        raise NotImplementedError

    def elements(self, column: Column, items: Sequence[Literal]) -> Leaf | str:
        """Whether a list has one of some elements."""
        raise NotImplementedError

    def present(self, column: str) -> str:
        """A value that is there."""
        raise NotImplementedError

    def absent(self, column: str) -> str:
        """A value that is null."""
        raise NotImplementedError

    def complement(self, column: str, condition: str) -> str:
        """A condition turned round, true of nulls, too."""
        raise NotImplementedError

    def join(self, connective: type[And] | type[Or], parts: Sequence[Any]) -> Any:
        """Conditions joined, without the constants that a column's kind makes of some."""
        unit, zero = self.constants[connective is And], self.constants[connective is Or]
        left = [part for part in parts if part != unit]
        if zero in left or not left:
            return zero if left else unit
        return left[0] if len(left) == 1 else super().join(connective, left)

    def constant(self, value: bool) -> Leaf:
        """True or false of every row."""
        return exact(self.constants[value])

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """The test of a column. What its kind rules out is a constant."""
        column = column_of(predicate.subject, self._fields, self._options)
        if isinstance(column, Leaf):
            return column
        name = self.name(column.name)
        if predicate.op is Op.EXISTS:
            return exact(self.absent(name) if negated else self.present(name))
        items = column.fitting(predicate)
        if not items:
            return exact(self.constants[negated], column.condition)
        said = self._said(predicate, column, items, negated)
        if isinstance(said, Leaf):
            return said
        return exact(said if not negated else self.constants[said == self.constants[False]] if said in self.constants.values() else self.complement(name, said), column.condition)

    def _said(self, predicate: Predicate, column: Column, items: Sequence[Literal], negated: bool) -> Leaf | str:
        op, name = predicate.op, self.name(column.name)
        if op is Op.HAS:
            said = self.elements(column, items)
            return refused(said.reason, said.hint) if negated and isinstance(said, Leaf) else said
        if op in TEXT:
            return self._text(op, name, str(items[0].value), negated)
        if column.kinds & NUMBERS:
            return self._numbers(op, column, items, negated)
        if op in ORDER:
            return Joined(f"{name} {OPERATORS[op].symbol} {source(items[0].value)}")
        return self._equal(name, [item.value for item in items])

    def _equal(self, name: str, values: Sequence[Scalar]) -> str:
        return Joined(f"{name} == {source(values[0])}") if len(values) == 1 else self.among(name, values)

    def _text(self, op: Op, name: str, text: str, negated: bool) -> Leaf | str:
        if op in (Op.CONTAINS, Op.STARTS, Op.ENDS):
            return self.text(op, name, text)
        lowered = re2_pattern(op, text)
        if lowered is not None:
            return self.pattern(name, lowered)
        reason, hint = "RE2 can't say the pattern", "write a simpler pattern"
        return refused(reason, hint) if negated else superset(self.present(name), reason, hint)

    def _numbers(self, op: Op, column: Column, items: Sequence[Literal], negated: bool) -> Leaf | str:
        name = self.name(column.name)
        if column.number is None:
            return self._any_numbers(op, name, column.name, items, negated)
        if op in ORDER:
            number = as_kind(items[0], column.number)
            if number is not None:
                return self._ordered(op, name, number)
            found = bounds(op, items[0], column)
            return self.constants[False] if found is None else self._between(name, *found)
        values = points(items, column)
        return self._equal(name, values) if values else self.constants[False]

    def _ordered(self, op: Op, name: str, number: float) -> str:
        symbol = OPERATORS[op].symbol
        return self.above(name, symbol, number) if op in (Op.GT, Op.GE) else Joined(f"{name} {symbol} {source(number)}")

    def _between(self, name: str, low: float | None, high: float | None) -> str:
        if low is None:
            return self.present(name) if high is None else Joined(f"{name} <= {source(high)}")
        return self.above(name, ">=", low)

    def _any_numbers(self, op: Op, name: str, key: str, items: Sequence[Literal], negated: bool) -> Leaf | str:
        """Numbers of a column of int64 or of doubles: both are compared as doubles, which is exact below 2^53."""
        doubles = self.as_doubles(name)
        if all(is_safe(item) for item in items):
            if op in (Op.EQ, Op.IN):
                return self._equal(doubles, [float(item.value) for item in items])
            return self._ordered(op, doubles, float(items[0].value))
        return self._rounded(op, name, key, items, negated)

    def _rounded(self, op: Op, name: str, key: str, items: Sequence[Literal], negated: bool) -> Leaf:
        """A superset: what rounds to a double beside the number passes, too."""
        hint = f"say which numbers the column holds: schema={{{key!r}: 'int'}}"
        doubles = self.as_doubles(name)
        if op in ORDER:
            op = OPPOSITE[op] if negated else op
            low, high = nearest(items[0])
            found = self.above(doubles, _WIDENED[op], low) if op in (Op.GT, Op.GE) else Joined(f"{doubles} {_WIDENED[op]} {source(high)}")
            return superset(Joined(f"({found}) | {self._not_a_number(name, doubles)}") if negated else found, ROUNDED, hint)
        if negated:
            return refused(ROUNDED, hint)
        return superset(self.among(doubles, sorted({double for item in items for double in nearest(item)})), ROUNDED, hint)

    def _not_a_number(self, name: str, doubles: str) -> str:
        """Null or NaN, which pass no comparison."""
        return self.complement(name, self.above(doubles, ">=", -FLOAT_MAX))


def items_text(items: Sequence[Scalar]) -> str:
    """Values as they stand between brackets."""
    return ", ".join(source(item) for item in items)


