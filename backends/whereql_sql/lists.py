"""Membership in a list of any length: a short one as single values, a long one bound as one value, or in pieces.

No database takes 100,000 values in a statement one by one; each that whereql knows has a way to take them at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from whereql_sql.capability import ARRAYS, Abilities, Condition
from whereql_sql.sqlite import HEX_DOUBLE, HEX_TEXT

SHORT = 16
TEXT, INT = sa.Text(), sa.BigInteger()
DOUBLE: sa.Double[float] = sa.Double()


def is_in(column: ColumnElement[Any], values: Sequence[Any], kind: Any, abilities: Abilities) -> Condition:
    """Whether a column is equal to one of the values; no value is FALSE.

    kind: TEXT, INT or DOUBLE, of the column and of all values. Equality is the database's own.
    """
    if not values:
        return sa.false()
    if len(values) == 1:
        return column == sa.bindparam(None, values[0], kind)
    if len(values) <= SHORT or abilities.arrays is None:
        return column.in_([sa.bindparam(None, value, kind) for value in values])
    if abilities.arrays == "any":
        condition: Condition = column == ARRAYS["any"](list(values), kind)
        return condition
    return column.in_(as_rows(values, kind, abilities))


def as_rows(values: Sequence[Any], kind: Any, abilities: Abilities) -> sa.Select[Any]:
    """The values as a query of one column; `abilities.arrays` says how, and is not None."""
    if abilities.arrays == "json_each":
        return _json_rows(values, kind)
    return ARRAYS["unnest"](list(values), kind)  # type: ignore[no-any-return]  # a select, as the table says


def _json_rows(values: Sequence[Any], kind: Any) -> sa.Select[Any]:
    value: ColumnElement[Any] = sa.column("value", kind)
    items: Sequence[Any] = values
    if kind is DOUBLE:
        # SQLite reads a decimal with its own routine, which may miss the nearest double.
        value, items = getattr(sa.func, HEX_DOUBLE)(value), [item.hex() for item in values]
    elif kind is TEXT and any("\0" in item for item in values):
        value, items = getattr(sa.func, HEX_TEXT)(value), [item.encode().hex() for item in values]
    bound = sa.bindparam(None, json.dumps(items, ensure_ascii=False, separators=(",", ":")), sa.Text())
    return sa.select(value).select_from(sa.func.json_each(bound))


def chunks(values: Sequence[Any], abilities: Abilities) -> list[Sequence[Any]]:
    """The values in pieces that fit into one statement each, with room for a filter beside them: one piece where lists are bound whole."""
    if abilities.arrays is not None:
        return [values]
    size = max(1, abilities.variables // 2)
    return [values[start : start + size] for start in range(0, len(values), size)]
