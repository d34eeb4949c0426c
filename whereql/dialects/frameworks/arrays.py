"""Comparisons of a store that looks into arrays, read: `k` is a value or has it, unless the schema says which of the two.

>>> found = Predicate(Field("k"), Op.EQ, whereql.literal("a"))
>>> whereql.to_text(in_value_or_array(found, None)), whereql.to_text(in_value_or_array(found, {"k": "string[]"}))
("k = 'a' OR k HAS 'a'", "k HAS 'a'")
"""

from __future__ import annotations

from collections.abc import Collection

from whereql.ast import Const, Expr, Field, Literal, Op, Or, Predicate
from whereql.dialects.fields import INFERRED, Declared, Fields
from whereql.dialects.writing import items_of
from whereql.kinds import NUMBERS, Kind


def in_value_or_array(found: Predicate, schema: Declared | None, arrays_of: Collection[Kind] = tuple(Kind)) -> Expr:
    """What EQ or IN finds where the elements of arrays are tested, too, of those kinds."""
    items = tuple(item for item in items_of(found) if item.kind in arrays_of and _may_hold(found, item, schema, True))
    parts: list[Expr] = [Predicate(found.subject, Op.HAS, items)] if items else []
    return Or([found, *parts]) if not parts or any(_may_hold(found, item, schema, False) for item in items_of(found)) else parts[0]


def is_without_arrays(found: Predicate, schema: Declared | None) -> bool:
    """Whether the key of a predicate holds no arrays that it could look into, as the schema has it."""
    return not any(_may_hold(found, item, schema, True) for item in items_of(found))


def _may_hold(found: Predicate, item: Literal, schema: Declared | None, in_array: bool) -> bool:
    if not isinstance(found.subject, Field) or schema == INFERRED:
        return not in_array
    fields, name = Fields(Const(True), schema), found.subject.name
    kinds = {kind.value + "[]" * in_array for kind in (NUMBERS if item.kind in NUMBERS else (item.kind,))}
    return not fields.is_declared(name) or not kinds.isdisjoint(fields.kinds(name))
