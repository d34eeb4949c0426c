"""A server's answer to a `get` as columns, taken for nothing that it is not: aligned, typed, each id once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from whereql.errors import WhereqlError
from whereql.records import Metadata, clean_metadata
from whereql.response import GetResponse, stack_vectors
from whereql_http.faults import senseless


class AnswerReader:
    """Reads the answers of one server, which its errors name."""

    def __init__(self, base: str) -> None:
        self._base = base

    def ids(self, answer: Any) -> list[str]:
        """The ids of an answer: strings, each once. Raises BackendError."""
        ids = answer.get("ids") if isinstance(answer, dict) else None
        if not isinstance(ids, list) or not all(type(id) is str for id in ids):
            raise senseless(self._base, "its answer has no list of ids")
        if len(set(ids)) != len(ids):
            raise senseless(self._base, "its answer has an id twice")
        return ids

    def response(self, answer: Any, include: Sequence[str]) -> GetResponse:
        """The answer with the columns of `include`. Raises BackendError."""
        ids = self.ids(answer)
        columns = {name: _COLUMNS[name](self._column(answer, name, len(ids)), self._fault(name)) for name in _COLUMNS if name in include}
        return GetResponse(ids=ids, include=list(include), **columns)

    def _column(self, answer: dict[str, Any], name: str, size: int) -> list[Any]:
        column = answer.get(name)
        if not isinstance(column, list) or len(column) != size:
            raise senseless(self._base, f"its answer has no {name} for each id")
        return column

    def _fault(self, name: str) -> Callable[[], WhereqlError]:
        return lambda: senseless(self._base, f"its answer has something else among the {name}")


Fault = Callable[[], WhereqlError]


def _texts(cells: list[Any], fault: Fault) -> list[str | None]:
    if not all(cell is None or type(cell) is str for cell in cells):
        raise fault()
    return cells


def _metadatas(cells: list[Any], fault: Fault) -> list[Metadata | None]:
    """Metadata as the server tells it; `{}` for a record that has a uri, or keys that it keeps to itself."""
    try:
        return [cell if cell is None else clean_metadata(cell, "metadatas") or {} for cell in cells]
    except WhereqlError:
        raise fault() from None


def _vectors(cells: list[Any], fault: Fault) -> Any:
    import numpy as np

    try:
        vectors = [None if cell is None else np.array(cell, np.float32) for cell in cells]
    except (TypeError, ValueError, OverflowError):
        raise fault() from None
    shapes = {vector.shape for vector in vectors if vector is not None}
    if len(shapes) > 1 or any(len(shape) != 1 or not shape[0] for shape in shapes):
        raise fault()
    if not all(np.isfinite(vector).all() for vector in vectors if vector is not None):
        raise fault()
    return stack_vectors(cast("list[Any]", vectors))


_COLUMNS: dict[str, Callable[[list[Any], Fault], Any]] = {
    "documents": _texts,
    "embeddings": _vectors,
    "metadatas": _metadatas,
    "uris": _texts,
}
