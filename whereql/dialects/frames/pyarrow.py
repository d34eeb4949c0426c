"""To PyArrow: the source of an expression over columns, for datasets, tables and Parquet files.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND lang != 'en'"), schema={"year": "int", "lang": "string"}).native
"(pc.field('year') >= 2020) & ((~(pc.field('lang') == 'en')) | pc.field('lang').is_null())"
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from whereql.ast import Expr, Literal
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.columns import Column
from whereql.dialects.fields import SCHEMA
from whereql.dialects.frames.columnar import ColumnarWriter, items_text
from whereql.dialects.frames.sources import source
from whereql.dialects.places import PLACES
from whereql.dialects.writing import Joined, Leaf, superset, write
from whereql.operators import Op
from whereql.values import Scalar

_TEXT = {Op.CONTAINS: "match_substring", Op.STARTS: "starts_with", Op.ENDS: "ends_with"}


class PyArrowWriter(ColumnarWriter):
    """Writes with `pc` (pyarrow.compute) and `pa` (pyarrow)."""

    constants: ClassVar = {True: "pc.scalar(True)", False: "pc.scalar(False)"}

    def name(self, name: str) -> str:
        """A field; a dot in its name is a dot."""
        return f"pc.field({source(name)})"

    def as_doubles(self, column: str) -> str:
        """An unsafe cast: Arrow's own raises for an int that is no double."""
        return f"{column}.cast(pa.float64(), safe=False)"

    def among(self, column: str, items: Sequence[Scalar]) -> str:
        """`isin`, which is false of nulls."""
        return f"{column}.isin([{items_text(items)}])"

    def text(self, op: Op, column: str, text: str) -> str:
        """A function of its own."""
        return f"pc.{_TEXT[op]}({column}, pattern={source(text)})"

    def pattern(self, column: str, pattern: str) -> str:
        """Arrow searches with RE2 itself."""
        return f"pc.match_substring_regex({column}, pattern={source(pattern)})"

    def elements(self, column: Column, items: Sequence[Literal]) -> Leaf | str:
        """There is no function that looks into a list."""
        return superset(self.present(self.name(column.name)), "Arrow's expressions don't look into lists", "test the lists that come back, or keep an element in a column of its own")

    def present(self, column: str) -> str:
        """Not null; a NaN is a value."""
        return f"{column}.is_valid()"

    def absent(self, column: str) -> str:
        """Null."""
        return f"{column}.is_null()"

    def complement(self, column: str, condition: str) -> str:
        """NOT, or null: with both apart, Parquet's statistics still skip row groups. `isin` is never null."""
        turned = f"~({condition})" if isinstance(condition, Joined) else f"~{condition}"
        return turned if ".isin(" in condition and not isinstance(condition, Joined) else Joined(f"({turned}) | {column}.is_null()")


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, PyArrowWriter(expr, options))


DIALECT = Dialect("PyArrow", writes=_write, options={"schema": SCHEMA, **PLACES})
