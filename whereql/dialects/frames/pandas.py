"""To pandas: the source of a mask over the rows of `df`.

A column that is declared is compared as a whole; any other may hold anything, and is gone through value by value.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND lang != 'en'"), schema={"year": "int"}).native
"df['year'].ge(2020).fillna(False) & ~pd.Series([isinstance(v, str) and v == 'en' for v in df['lang'].tolist()], index=df.index, dtype=bool)"
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Literal, Or, Predicate
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.columns import Column, as_kind, bounds, column_of, points
from whereql.dialects.doubles import is_safe
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.frames.sources import source
from whereql.dialects.frames.values import BACKTRACKS, value_condition
from whereql.dialects.places import PLACES, place
from whereql.dialects.writing import InfixWriter, Leaf, exact, refused, superset, write
from whereql.kinds import NUMBERS
from whereql.operators import ORDER, PATTERN, Op
from whereql.support import Shape
from whereql.values import Scalar

_ORDER = {Op.LT: "lt", Op.LE: "le", Op.GT: "gt", Op.GE: "ge"}
_TEXT = {Op.CONTAINS: "contains({}, regex=False, na=False)", Op.STARTS: "startswith({}, na=False)", Op.ENDS: "endswith({}, na=False)"}


class PandasWriter(InfixWriter):
    """Writes with `df` and `pd`."""

    all_of = " & "
    any_of = " | "
    shape = Shape(depth=80)  # Python's own parser takes 200 parentheses

    def __init__(self, expr: Expr, options: Options) -> None:
        self._fields = Fields(expr, options["schema"])
        self.schema = self._fields.schema
        self._options = options

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A mask that is True or False for each row, so that ~ is the complement."""
        subject = predicate.subject
        name = place(subject, self._options)
        if isinstance(name, Leaf):
            return name
        name = f"df[{source(str(name))}]"
        if predicate.op is Op.EXISTS:
            return exact(f"{name}.{'isna' if negated else 'notna'}()")
        mask = self._whole(predicate, name)
        if mask is not None:
            return exact(self._turned(mask, negated))
        condition = value_condition(predicate, "v")
        if condition is None:
            hint = "write LIKE, or repeat single characters only, and few of them"
            return refused(BACKTRACKS, hint) if negated else superset(f"{name}.notna()", BACKTRACKS, hint)
        mask = self._constant(False) if condition == "False" else f"pd.Series([{condition} for v in {name}.tolist()], index=df.index, dtype=bool)"
        return exact(self._turned(mask, negated))

    def _turned(self, mask: str, negated: bool) -> str:
        if mask == self._constant(False):
            return self._constant(negated)
        return f"~{mask}" if negated else mask

    def _constant(self, value: bool) -> str:
        return f"pd.Series({value}, index=df.index)"

    def _whole(self, predicate: Predicate, name: str) -> str | None:
        """A comparison of the whole column, where its type is known and no value of it compares otherwise than by whereql."""
        if not isinstance(predicate.subject, Field) or not self._fields.is_declared(predicate.subject.name):
            return None
        column = column_of(predicate.subject, self._fields, self._options)
        if isinstance(column, Leaf):
            return None
        items = column.fitting(predicate)
        if not items:
            return self._constant(False)
        return _compared(predicate.op, column, name, items)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Any]) -> Any:
        """Masks joined, without the constants that a column's kind makes of some."""
        unit, zero = self._constant(connective is And), self._constant(connective is Or)
        left = [part for part in parts if part != unit]
        if zero in left or not left:
            return zero if left else unit
        return left[0] if len(left) == 1 else super().join(connective, left)

    def constant(self, value: bool) -> Leaf:
        """True or False in each row."""
        return exact(self._constant(value))


def _compared(op: Op, column: Column, name: str, items: Sequence[Literal]) -> str | None:
    if column.is_array or op in PATTERN:
        return None
    if op in _TEXT:
        return f"{name}.str.{_TEXT[op].format(source(items[0].value))}"
    if column.kinds & NUMBERS:
        return _numbers(op, column, name, items)
    if op in ORDER:
        return None  # a column of objects raises where a string meets a None
    return _equal(name, [item.value for item in items])


def _numbers(op: Op, column: Column, name: str, items: Sequence[Literal]) -> str | None:
    """Numbers in the column's own kind, since Arrow raises where it can't cast; below 2^53, since a column of ints with gaps is one of doubles."""
    if column.number is None or not all(is_safe(item) for item in items):
        return None
    if op not in ORDER:
        values: list[Scalar] = [*points(items, column)]
        return _equal(name, values) if values else None
    number = as_kind(items[0], column.number)
    if number is not None:
        return f"{name}.{_ORDER[op]}({source(number)}).fillna(False)"
    low, high = bounds(op, items[0], column) or (None, None)
    if low is not None:
        return f"{name}.ge({source(low)}).fillna(False)"
    return None if high is None else f"{name}.le({source(high)}).fillna(False)"


def _equal(name: str, values: Sequence[Scalar]) -> str:
    return f"{name}.eq({source(values[0])}).fillna(False)" if len(values) == 1 else f"{name}.isin([{', '.join(map(source, values))}])"


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, PandasWriter(expr, options))


DIALECT = Dialect("pandas", writes=_write, options={"schema": SCHEMA, **PLACES})
