"""Embeddings as databases keep them: pgvector's vectors, arrays, JSON, and float32 as bytes."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from whereql.errors import BackendError
from whereql.source import quote
from whereql_sql.mapped.columns import Cell, ReadOnlyPlace
from whereql_sql.mapped.reflection import Column


def vector_cell(column: Column, sql: ColumnElement[Any], dialect: str) -> Cell:
    """The cell of a column of embeddings. Raises BackendError WQ720 for sparse ones."""
    if column.type.name == "sparsevec":
        raise BackendError("WQ720", f"the column {quote(column.name)} has sparse vectors, which are no embeddings", path="embedding", hint="leave embedding out")
    is_text = dialect == "postgresql" and not column.type.is_array and column.type.name != "bytea"
    return Cell(sa.cast(sql, sa.Text()) if is_text else sql, _decode, ReadOnlyPlace(sql.is_not(None)))


def _decode(stored: Any) -> Any:
    """The vector, as float32 of shape (dimension,). Raises BackendError WQ716 for what is none."""
    import numpy as np

    if stored is None:
        return None
    try:
        if isinstance(stored, (bytes, bytearray, memoryview)):
            vector = np.frombuffer(bytes(stored), "<f4").astype(np.float32)
        else:
            vector = np.asarray(json.loads(stored) if isinstance(stored, str) else list(stored), np.float32)
    except (TypeError, ValueError):
        vector = np.empty((0, 0), np.float32)
    if vector.ndim != 1 or not vector.size:
        raise BackendError("WQ716", "a row has an embedding that is no vector", path="embedding", hint="such as [0.1, 0.2] or float32 as bytes; or leave embedding out")
    return vector
