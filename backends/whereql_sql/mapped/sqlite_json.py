"""JSON in SQLite, tested by whereql's own reading of it: a function that each connection gets.

SQLite's own functions read a number to within a unit or two of its last place, end a string at `\\u0000`, and find no key that is
written with an escape; so what they find is not what a record holds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from whereql.ast import Literal, Op, Predicate
from whereql.kinds import Kind
from whereql.matcher import compile_test
from whereql.support import Support
from whereql_sql.capability import Abilities, Condition
from whereql_sql.mapped.decoding import DECODERS, json_value, parse_json

_NAME = "whereql_json"
_LONGEST = 4096  # characters of an operand, which SQLite hands over anew for each row


def prepare(connection: sqlite3.Connection) -> None:
    """Make the function known to a connection."""
    connection.create_function(_NAME, 4, _is_match, deterministic=True)


@lru_cache(maxsize=4)  # the predicates of one filter look at the same row, one after the other
def read_json(stored: Any) -> Any:
    """What a column holds, as data."""
    return parse_json(stored, DECODERS["first"])


def _is_match(stored: Any, key: str | None, op: str, operand: str) -> bool:
    found = read_json(stored)
    if key is not None:
        found = found.get(key) if isinstance(found, dict) else None
    value = json_value(found)
    return value is not None and _test(op, operand)(value)


@lru_cache(maxsize=256)
def _test(op: str, operand: str) -> Callable[[Any], bool]:
    items = json.loads(operand)
    if items is None or isinstance(items, dict):
        return compile_test(Op(op), None if items is None else _literal(items))
    return compile_test(Op(op), tuple(map(_literal, items)))


def _literal(item: dict[str, Any]) -> Literal:
    (kind, value), = item.items()
    return Literal(Kind(kind), value)


def _packed(operand: Any) -> str:
    """An operand as JSON: each literal under its kind. Python's own JSON keeps int64 and doubles."""
    if isinstance(operand, tuple):
        packed: Any = [{item.kind.value: item.value} for item in operand]
    else:
        packed = None if operand is None else {operand.kind.value: operand.value}
    return json.dumps(packed)


@dataclass(frozen=True, slots=True)
class SqliteJson:
    """A JSON value, or the value under a key of a JSON object, in a column of SQLite."""

    column: ColumnElement[Any]
    key: str | None = None

    def support(self, predicate: Predicate, negated: bool, abilities: Abilities) -> Support:
        """EXACT; NONE for a long list or text, which would be handed over with each row."""
        operand = predicate.operand
        if isinstance(operand, tuple) and len(operand) > 100:
            return Support.NONE
        return Support.EXACT if len(_packed(operand)) <= _LONGEST else Support.NONE

    def condition(self, predicate: Predicate, negated: bool, abilities: Abilities) -> Condition:
        """The condition, which is never NULL."""
        key = sa.null() if self.key is None else sa.bindparam(None, self.key, sa.Text())
        call = getattr(sa.func, _NAME)(self.column, key, predicate.op.value, _packed(predicate.operand))
        found: Condition = sa.type_coerce(call, sa.Boolean())
        return sa.not_(found) if negated else found
