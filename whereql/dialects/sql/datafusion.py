"""DataFusion: a condition on columns of types, for `SessionContext.sql` with parameters `$p1`, or as a text alone."""

from __future__ import annotations

from whereql.ast import Expr
from whereql.dialect import Dialect, Option, Options, Sql, Translation
from whereql.dialects.fields import SCHEMA
from whereql.dialects.sql.engines import ArrowWriter
from whereql.dialects.sql.fragments import Fragment, Style, render, render_literals
from whereql.dialects.sql.writer import COLUMNS
from whereql.dialects.writing import write
from whereql.support import Shape

_STYLE = Style(lambda number, value: f"$p{number}", lambda number: f"p{number}")


class DatafusionWriter(ArrowWriter):
    """DataFusion, by version 55."""

    title = "DataFusion"
    shape = Shape(depth=18, predicates=1_000, literals=5_000)  # its planner takes a second for a thousand, and minutes for three

    def finish(self, native: Fragment) -> Sql | str:
        """The text, its values beside it, or in it."""
        return render_literals(native, self.literal) if self.options["literals"] else render(native, _STYLE)


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, DatafusionWriter(options, expr))


_OPTIONS = {"literals": Option("values in the text, without parameters", False, (False, True))}

DIALECT = Dialect("DataFusion", None, _write, {"schema": SCHEMA, **COLUMNS, **_OPTIONS}, form="sql")
