"""Comparisons of a store that looks into arrays, read: `k` is a value or has it, unless the schema says which of the two.

>>> found = Predicate(Field("k"), Op.EQ, whereql.literal("a"))
>>> whereql.to_text(in_value_or_array(found, None)), whereql.to_text(in_value_or_array(found, {"k": "string[]"}))
("k = 'a' OR k HAS 'a'", "k HAS 'a'")
"""

from __future__ import annotations

from whereql.ast import Const, Expr, Field, Op, Or, Predicate
from whereql.dialects.fields import INFERRED, Declared, Fields
from whereql.dialects.writing import items_of


def in_value_or_array(found: Predicate, schema: Declared | None) -> Expr:
    """What EQ or IN finds where the elements of arrays are tested, too."""
    has = Predicate(found.subject, Op.HAS, items_of(found))
    parts: list[Expr] = [found] if _may_hold(found, schema, False) else []
    return Or([*parts, has] if _may_hold(found, schema, True) else parts or [found])


def is_without_arrays(found: Predicate, schema: Declared | None) -> bool:
    """Whether the key of a predicate holds no arrays, as the schema has it."""
    return not _may_hold(found, schema, True)


def _may_hold(found: Predicate, schema: Declared | None, arrays: bool) -> bool:
    if not isinstance(found.subject, Field) or schema == INFERRED:
        return not arrays
    fields, name = Fields(Const(True), schema), found.subject.name
    return not fields.is_declared(name) or any(kind.endswith("[]") is arrays for kind in fields.kinds(name))
