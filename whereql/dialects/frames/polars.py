"""To Polars: the source of an expression over columns.

>>> DIALECT.encode(whereql.parse("tags HAS 'ml' AND lang != 'en'"), schema={"tags": "string[]", "lang": "string"}).native
"pl.col('tags').list.contains('ml') & ~(pl.col('lang') == 'en').fill_null(False)"
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from whereql.ast import Expr, Literal
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.columns import Column, points
from whereql.dialects.doubles import ROUNDED, is_safe
from whereql.dialects.fields import SCHEMA
from whereql.dialects.frames.columnar import ColumnarWriter, items_text
from whereql.dialects.frames.sources import source
from whereql.dialects.places import PLACES
from whereql.dialects.writing import Joined, Leaf, superset, write
from whereql.kinds import NUMBERS
from whereql.operators import Op
from whereql.values import Scalar

_TEXT = {Op.CONTAINS: "contains({}, literal=True)", Op.STARTS: "starts_with({})", Op.ENDS: "ends_with({})"}


class PolarsWriter(ColumnarWriter):
    """Writes with `pl`."""

    constants: ClassVar = {True: "pl.lit(True)", False: "pl.lit(False)"}

    def name(self, name: str) -> str:
        """A column; `pl.col` takes some names for patterns of names."""
        is_pattern = name == "*" or (name.startswith("^") and name.endswith("$"))
        return f"pl.{'selectors.by_name' if is_pattern else 'col'}({source(name)})"

    def as_doubles(self, column: str) -> str:
        """A cast."""
        return f"{column}.cast(pl.Float64)"

    def above(self, column: str, symbol: str, number: float) -> str:
        """In Polars a NaN is larger than any number."""
        return Joined(f"({column} {symbol} {source(number)}) & {column}.is_not_nan()")

    def among(self, column: str, items: Sequence[Scalar]) -> str:
        """`is_in`, whose list has the type of its first value."""
        return f"{column}.is_in([{items_text(items)}])"

    def text(self, op: Op, column: str, text: str) -> str:
        """A method of `str`."""
        return f"{column}.str.{_TEXT[op].format(source(text))}"

    def pattern(self, column: str, pattern: str) -> str:
        """Polars searches with Rust's engine; classes are spelled out, so that no version of Unicode matters."""
        return f"{column}.str.contains({source(pattern)})"

    def elements(self, column: Column, items: Sequence[Literal]) -> Leaf | str:
        """`list.contains`, whose value has the type of the elements."""
        name = self.name(column.name)
        if not column.kinds & NUMBERS:
            return self._has(name, [item.value for item in items])
        if column.number is not None:
            values: list[Scalar] = [*points(items, column)]
            return self._has(name, values) if values else self.constants[False]
        doubles = f"{name}.cast(pl.List(pl.Float64))"
        if all(is_safe(item) for item in items):
            return self._has(doubles, [float(item.value) for item in items])
        return superset(self.present(name), ROUNDED, f"say which numbers the lists hold: schema={{{column.name!r}: 'int[]'}}")

    def _has(self, name: str, values: Sequence[Scalar]) -> str:
        parts = [f"{name}.list.contains({source(value)})" for value in values]
        return parts[0] if len(parts) == 1 else Joined(" | ".join(parts))

    def present(self, column: str) -> str:
        """Not null."""
        return f"{column}.is_not_null()"

    def absent(self, column: str) -> str:
        """Null."""
        return f"{column}.is_null()"

    def complement(self, column: str, condition: str) -> str:
        """NOT of a condition that is false of nulls."""
        return f"~({condition}).fill_null(False)" if isinstance(condition, Joined) else f"~{condition}.fill_null(False)"


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, PolarsWriter(expr, options))


DIALECT = Dialect("Polars", writes=_write, options={"schema": SCHEMA, **PLACES})
