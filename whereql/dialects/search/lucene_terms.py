"""What the index of Lucene holds of a value, under whichever engine: -0.0 below 0.0, which are equal, and no long strings.

>>> stored(whereql.literal(0), frozenset({"float"})), stored(whereql.literal(0.5), frozenset({"int"}))
([0.0, -0.0], [])
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from whereql.ast import Literal
from whereql.operators import Op
from whereql.values import number_test

LONGEST_TERM = 32_766
"""Bytes that Lucene takes of a string."""


def is_too_long(items: Iterable[Literal]) -> bool:
    """Whether a string among some literals is longer than any in an index."""
    texts = [item.value for item in items if isinstance(item.value, str) and len(item.value) > LONGEST_TERM // 4]
    return any(len(text.encode()) > LONGEST_TERM for text in texts)


def stored(item: Literal, kinds: frozenset[str]) -> list[Any]:
    """The numbers that equal a literal in a field of these kinds: none where it has no place for it, and a zero of each sign."""
    value: Any = item.value
    if len(kinds) == 1:
        test = number_test(Op.EQ, item)
        found = test.ints if kinds == {"int"} else test.floats
        if found is None:
            return []
        value = found[0]
    return [0.0, -0.0] if value == 0 and "float" in kinds else [value]


def zero(op: Op, value: Any) -> Any:
    """A bound of a range of doubles, on the right side of both zeros."""
    return -0.0 if value == 0 and op in (Op.GE, Op.LT) else value
