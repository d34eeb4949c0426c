"""DataFusion: a condition on columns of types, for `SessionContext.sql` with parameters `$p1`, or as a text alone."""

from __future__ import annotations

from whereql.ast import Expr
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.fields import SCHEMA
from whereql.dialects.sql.engines import ArrowWriter
from whereql.dialects.sql.fragments import Style
from whereql.dialects.sql.writer import COLUMNS, LITERALS
from whereql.dialects.writing import write
from whereql.support import Shape


class DatafusionWriter(ArrowWriter):
    """DataFusion, by version 55."""

    title = "DataFusion"
    shape = Shape(depth=18, predicates=1_000, literals=5_000)  # its planner takes a second for a thousand, and minutes for three
    style = Style(lambda number, value: f"$p{number}", lambda number: f"p{number}")


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, DatafusionWriter(options, expr))


DIALECT = Dialect("DataFusion", None, _write, {"schema": SCHEMA, **COLUMNS, **LITERALS}, form="sql")
