"""LanceDB: the condition of `where(…)`, a text of DataFusion's SQL without parameters, on columns of types.

It knows no IS DISTINCT FROM and no CASE, and a parser that takes twice as long for each NOT in another: a complement is one
IS NOT TRUE. A name in quotes must fit to the letter, one without finds a column that differs in case.
"""

from __future__ import annotations

from typing import Any

from whereql.ast import Expr, Predicate
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.fields import SCHEMA
from whereql.dialects.sql.engines import ArrowWriter
from whereql.dialects.sql.fragments import Fragment, name, render_literals
from whereql.dialects.sql.writer import COLUMNS
from whereql.dialects.writing import Leaf, refused, write


class LancedbWriter(ArrowWriter):
    """LanceDB, by version 0.40."""

    title = "LanceDB"

    def name(self, text: str) -> Fragment:
        """A name in backticks, where it needs quotes."""
        return name(text, "`")

    def typed(self, key: str, predicate: Predicate) -> Leaf:
        """A dot in a name would mean a field of a struct, and a backtick can't stand in one."""
        if set(key) & {"`", "."}:
            return refused("LanceDB can't name such a column", "rename the key")
        return super().typed(key, predicate)

    def finish(self, native: Fragment) -> Any:
        """A text alone."""
        return render_literals(native, self.literal)


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, LancedbWriter(options, expr))


DIALECT = Dialect("LanceDB", None, _write, {"schema": SCHEMA, **COLUMNS})
