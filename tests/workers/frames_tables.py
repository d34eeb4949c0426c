"""What the workers of frames share: records as columns, each with the type that its key says behind the last `_`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any

OWN = ("id", "document", "uri")


def columns(records: Sequence[dict[str, Any]]) -> dict[str, tuple[str, list[Any]]]:
    """Name to kind and values; `missing` is a column of strings that has none."""
    found: dict[str, tuple[str, list[Any]]] = {name: ("string", [record[name] for record in records]) for name in OWN}
    for key in sorted({key for record in records for key in record["metadata"]} - {*OWN} | {"missing"}):
        values = [record["metadata"].get(key) for record in records]
        found[key] = (kind_of(key), values)
    return found


def kind_of(key: str) -> str:
    kind = key.rpartition("_")[2]
    return {"missing": "string", "vector": "sparse_vector"}.get(kind, kind)


def names(native: str, by: str) -> list[str]:
    """The columns that a source names: the first arguments of the calls of some name."""
    calls = [node for node in ast.walk(ast.parse(native)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == by]
    return sorted({call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)})


def found(held: Any, native: str, lacking: Iterable[str], add: Callable[[Any, str, str], Any], find: Callable[[Any, str], Any]) -> Any:
    """What a source finds, where columns that it names are there, empty, and of the first kind for which the frame takes it."""
    lacking = list(lacking)
    for kind in ["string", "int", "strings", "ints"]:
        whole = held
        for name in lacking:
            whole = add(whole, name, kind)
        try:
            return find(whole, native)
        except Exception:
            if not lacking or kind == "ints":
                raise
    return None
