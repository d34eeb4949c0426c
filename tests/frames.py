"""What the tests of frames share: typed columns, their schema, and filters that take a column for what it is."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from whereql.ast import Expr, Field, predicates
from whereql.dialects.writing import items_of
from whereql.kinds import NUMBERS
from whereql.operators import Op
from whereql.records import Record, stored_kind

LACKS = ["mixed kinds"]  # a column has one type


def schema(records: Sequence[Record]) -> dict[str, str]:
    return {"missing": "string"} | {key: stored_kind(value) for record in records for key, value in (record.metadata or {}).items()}


def options(records: Sequence[Record]) -> Mapping[str, Any]:
    return {"schema": schema(records)}


_SUFFIXES = {"string", "int", "float", "bool", "strings", "ints", "floats", "bools"}


def fits(expr: Expr) -> bool:
    """Whether each key is compared with values of its column's kind only, as where nothing is declared a translation takes for granted."""
    for predicate in predicates(expr):
        if isinstance(predicate.subject, Field) and predicate.op is not Op.EXISTS:
            kind = predicate.subject.name.rpartition("_")[2] if predicate.subject.name != "missing" else "string"
            lines = {"number" if item.kind in NUMBERS else item.kind.value for item in items_of(predicate)}
            line = kind.removesuffix("s") if kind in _SUFFIXES else "none"
            if lines - {"number" if line in ("int", "float") else line} or (predicate.op is Op.HAS) is not kind.endswith("s"):
                return False
    return True


def tokens_of(names: Collection[str]) -> Any:
    """A tokenizer: the tree of a source as a row, in which each string is one, the first argument of one of `names` a name."""

    def tokens(native: str) -> list[tuple[str, Any]]:
        tree = ast.parse(native, mode="eval")
        keys = {id(call.args[0]) for call in ast.walk(tree) if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in names and call.args}
        keys |= {id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
        row: list[tuple[str, Any]] = []
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=str(value)):
                    row.append(("name" if id(node) in keys else "string", value))
                case ast.Constant(value=value):
                    row.append(("value", repr(value)))
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    row.append(("word", "col" if name in names else name))
                case _:
                    row.append((type(node).__name__, ""))
        return row

    return tokens
