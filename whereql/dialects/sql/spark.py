"""Spark SQL: a condition on columns of types, for `spark.sql(…, args=…)` with parameters `:p1`, or as a text alone.

Its ANSI mode refuses to compare a bool with a number and fails on a text that is no number, so values are always of the
column's own type. Its regular expressions are Java's, which try: only those that take few tries are written. Before it
parses a text, it puts the value of a variable for each `${…}` in it, within quotes, too: the pair is never written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from whereql.ast import Expr, Predicate
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.fields import SCHEMA
from whereql.dialects.sql.backtracking import backtracking_pattern
from whereql.dialects.sql.engines import EngineWriter
from whereql.dialects.sql.fragments import Bound, Fragment, listed, literal, name, sql
from whereql.dialects.sql.patterns import is_caseless
from whereql.dialects.sql.writer import COLUMNS, styles
from whereql.dialects.writing import Leaf, exact, refused, write
from whereql.operators import Op
from whereql.support import Shape

_LIKE = re.compile(r"\\.|%+|[^%\\]", re.DOTALL)
_FUNCTIONS = {Op.CONTAINS: "contains", Op.STARTS: "startswith", Op.ENDS: "endswith"}


class SparkWriter(EngineWriter):
    """Spark from version 3.4 on, where parameters have names."""

    title = "Spark SQL"
    shape = Shape(depth=60, predicates=1_000, literals=5_000)  # its planner goes down into a condition on the stack

    def typed(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on the column of a key; a name has no escape by which to keep `${` apart."""
        if "${" in key:
            return refused("Spark puts the value of a variable for ${…}, in names, too", "rename the key")
        return super().typed(key, predicate)

    def name(self, text: str) -> Fragment:
        """A name in backticks, where it needs quotes."""
        return name(text, "`")

    def literal(self, value: Bound) -> str:
        """A backslash escapes in a text; a number with a point would be a decimal."""
        match value.value:
            case str() as text:
                return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "$\\{") + "'"
            case float() as number:
                return f"{number!r}D"
        return literal(value)

    def pattern(self, value: Fragment, op: Op, text: str) -> Leaf:
        """By functions and LIKE; MATCHES and ILIKE by Java's regular expressions."""
        if op in _FUNCTIONS:
            return exact(sql(f"{_FUNCTIONS[op]}({{}}, {{}})", value, self.text(text)))
        if op is Op.LIKE or (op is Op.ILIKE and is_caseless(text)):
            parts = ["%" if part[0] == "%" else part for part in _LIKE.findall(text)]
            if parts[:-1].count("%") > 2:
                return refused("Spark's LIKE tries as its regular expressions do, and might take too long for it", "write at most two % but for one at the end")
            text = "".join(parts)
            return exact(sql("{} LIKE {}", value, self.text(text)))
        pattern = backtracking_pattern(op, text)
        if pattern is None:
            return refused("the regular expressions of Spark might take too long for it", "write at most one * or +, on a single character, or use LIKE")
        return exact(sql("{} RLIKE {}", value, self.text(pattern)))

    def has(self, column: Fragment, values: Sequence[Fragment]) -> Fragment:
        """One value, or one of several, in an array."""
        if len(values) == 1:
            return sql("array_contains({}, {})", column, values[0])
        return sql("arrays_overlap({}, array({}))", column, listed(values))


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, SparkWriter(options, expr))


DIALECT = Dialect("Spark SQL", None, _write, {"schema": SCHEMA, **COLUMNS, **styles("named")}, form="sql")
