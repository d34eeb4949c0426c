"""Typed columns of engines that read columns only: DataFusion, LanceDB and Spark. There NaN is the greatest of all numbers.

What such a column holds is declared, or else taken for granted and said in a note: they refuse a value of another type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from whereql.ast import Literal, Predicate
from whereql.ast import literal as literal_of
from whereql.dialects.sql.columns import ColumnsWriter
from whereql.dialects.sql.fragments import (
    Bound,
    Fragment,
    joined,
    listed,
    literal,
    quoted_text,
    sql,
    with_both_zeros,
)
from whereql.dialects.sql.patterns import re2_pattern
from whereql.dialects.sql.writer import FALSE
from whereql.dialects.writing import Leaf, exact, items_of, refused
from whereql.kinds import Kind
from whereql.operators import Op
from whereql.regex.rust import to_rust
from whereql.support import Shape, Support
from whereql.values import INT_MIN

_SAID = {"string": "strings", "int": "numbers, none of them NaN", "float": "numbers, none of them NaN", "bool": "bools"}
_FUNCTIONS = {Op.CONTAINS: "contains", Op.STARTS: "starts_with", Op.ENDS: "ends_with"}


class EngineWriter(ColumnsWriter):
    """An engine with typed columns."""

    def typed(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on the column of a key, with what is taken for granted of it."""
        if self.fields.is_declared(key) or predicate.op is Op.EXISTS:
            return super().typed(key, predicate)
        plain = _with_ints(predicate)
        said = super().typed(key, plain)
        if said.support is not Support.EXACT or said.native.parts == FALSE.parts:
            return said
        kind = min(self.fields.kinds(key))
        held = "doubles, none of them NaN" if any(item.kind is Kind.FLOAT for item in items_of(plain)) else _SAID[kind.removesuffix("[]")]
        return exact(said.native, f"where the column holds {'lists of ' if kind.endswith('[]') else ''}{held}")

    def ordered_number(self, column: Fragment, op: Op, item: Literal, kinds: set[str]) -> Fragment:
        """An order of a column of numbers, which a NaN never passes."""
        said = super().ordered_number(column, op, item, kinds)
        if kinds != {"float"} or said.parts == FALSE.parts or (op in (Op.LT, Op.LE) and not said.is_known):
            return said
        return joined([said, sql("NOT isnan({})", column)], " AND ")


def _with_ints(predicate: Predicate) -> Predicate:
    """The predicate with an int for each whole double, which a column of ints takes as well."""
    if not any(item.kind is Kind.FLOAT for item in items_of(predicate)):
        return predicate
    items = tuple(literal_of(int(item.value)) if _is_whole(item) else item for item in items_of(predicate))
    return replace(predicate, operand=items if isinstance(predicate.operand, tuple) else items[0])


def _is_whole(item: Literal) -> bool:
    return isinstance(item.value, float) and item.value.is_integer() and abs(item.value) < 2**63


class ArrowWriter(EngineWriter):
    """What DataFusion and LanceDB have in common: its functions, and Rust's regular expressions."""

    shape = Shape(depth=18, predicates=3_000)  # its parser goes 50 deep, and each level is two; the query around it takes some

    def literal(self, value: Bound) -> str:
        """A value in the text, where a minus stands before a positive number, which the least int has none of."""
        if value.value == INT_MIN and type(value.value) is int:
            return f"({INT_MIN + 1} - 1)"
        return quoted_text(value.value) if isinstance(value.value, str) else literal(value)

    def pattern(self, value: Fragment, op: Op, text: str) -> Leaf:
        """By functions and LIKE; MATCHES and ILIKE by the engine's regular expressions, which are those of whereql."""
        if op in _FUNCTIONS:
            return exact(sql(f"{_FUNCTIONS[op]}({{}}, {{}})", value, self.text(text)))
        if op is Op.LIKE:
            return exact(sql("{} LIKE {}", value, self.text(text)))
        if re2_pattern(op, text) is None:
            return refused(f"the pattern may be too large for {self.title}", "use smaller repetition counts, or ASCII classes such as [0-9A-Za-z_]")
        return exact(sql("regexp_like({}, {})", value, self.text(_kept(to_rust(op, text)))))

    def differs(self, value: Fragment, other: Fragment) -> Fragment:
        """By IS NOT TRUE: LanceDB refuses IS DISTINCT FROM, and to DataFusion's parser it ends behind the next AND."""
        return sql("({} = {}) IS NOT TRUE", value, other).known()

    def has(self, column: Fragment, values: Sequence[Fragment]) -> Fragment:
        """One value, or one of several, in a list. There a double is found by its bits, so that 0.0 and -0.0 are two."""
        values = with_both_zeros(values)
        if len(values) == 1:
            return sql("array_has({}, {})", column, values[0])
        return sql("array_has_any({}, [{}])", column, listed(values))


def _kept(pattern: str) -> str:
    """The pattern, so that it stays one: what the planner makes a LIKE of takes a backslash for an escape."""
    return f"(?:^|){pattern}" if "\\\\" in pattern or "5c" in pattern.lower() else pattern

