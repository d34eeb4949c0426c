"""A record as the rows of the tables, and the rows of an answer as a response or as records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from whereql.records import Metadata, Record, stored_kind
from whereql.response import GetResponse, shown_metadata, stack_vectors
from whereql_sql.catalog import Slot
from whereql_sql.tables import HEAD, Tables

if TYPE_CHECKING:
    from whereql.records import Vector

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_decode = json.JSONDecoder().decode


def metadata_text(metadata: Metadata | None) -> str | None:
    """Metadata as JSON: ints and floats, and the order of keys, come back as they were."""
    return None if metadata is None else _encode(metadata)


def metadata_of(text: str | None) -> Metadata | None:
    """The metadata of a JSON text."""
    return None if text is None else _decode(text)


def values_of(metadata: Metadata) -> Iterator[tuple[Slot, str | float]]:
    """Each slot and value that stand for metadata in the index: an element once, a bool as a number, 0.0 for a sparse vector."""
    for key, value in metadata.items():
        slot = key, _KINDS.get(type(value)) or stored_kind(value)
        if isinstance(value, list):
            yield from ((slot, element) for element in dict.fromkeys(cast("list[str | float]", value)))
        else:
            yield slot, 0.0 if isinstance(value, dict) else value


_KINDS: dict[type, str] = {str: "string", int: "int", float: "float", bool: "bool"}


def string_row(slot: int, seq: int, value: str) -> tuple[int, str, int, str]:
    """A row of the table of strings."""
    return slot, value[:HEAD], seq, value[HEAD:]


def number_row(slot: int, seq: int, value: float) -> tuple[int, float, int, int]:
    """A row of the table of numbers: the nearest double, and the int itself if it is one."""
    return slot, float(value), seq, value if type(value) is int else 0


def vector_cell(vector: Vector | None, has_vectors: bool) -> bytes | str | None:
    """An embedding as bytes (float32, little-endian), or in pgvector's spelling: that of the double, which it rounds back."""
    if vector is None:
        return None
    if has_vectors:
        return "[" + ",".join(map(repr, vector.tolist())) + "]"
    return vector.astype("<f4").tobytes()


def vector_of(cell: Any, has_vectors: bool) -> Vector | None:
    """The embedding of a cell that `vector_column` selects."""
    import numpy as np

    if cell is None:
        return None
    if has_vectors:
        return np.frombuffer(bytes(cell), ">f4", offset=4).astype(np.float32)  # behind two counts of two bytes
    return np.frombuffer(bytes(cell), "<f4").astype(np.float32)


def columns_of(tables: Tables, include: Sequence[str]) -> list[sa.ColumnElement[Any]]:
    """The columns of a query for these columns of a response, the id first."""
    contents = tables.contents.c
    chosen: list[sa.ColumnElement[Any]] = [tables.records.c.id]
    if "documents" in include:
        chosen.append(contents.document)
    if "uris" in include or "metadatas" in include:
        chosen.append(contents.uri)
    if "metadatas" in include:
        chosen.append(contents.metadata)
    if "embeddings" in include:
        chosen.append(sa.func.vector_send(contents.embedding).label("embedding") if tables.has_vectors else contents.embedding)
    return chosen


def response_of(rows: Sequence[Sequence[Any]], tables: Tables, include: Sequence[str]) -> GetResponse:
    """The response for the rows of a query with the columns of `columns_of`."""
    names = ["id", *("document",) * ("documents" in include), *("uri",) * ("uris" in include or "metadatas" in include)]
    names += [*("metadata",) * ("metadatas" in include), *("embedding",) * ("embeddings" in include)]
    if not include:
        return GetResponse([row[0] for row in rows], include=[])
    cells: dict[str, list[Any]] = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)} if rows else {name: [] for name in names}
    metadatas = None
    if "metadatas" in include:
        metadatas = [shown_metadata(metadata_of(text), uri) for text, uri in zip(cells["metadata"], cells["uri"], strict=True)]
    return GetResponse(
        ids=cells["id"],
        embeddings=stack_vectors([vector_of(cell, tables.has_vectors) for cell in cells["embedding"]]) if "embeddings" in include else None,
        documents=cells["document"] if "documents" in include else None,
        uris=cells["uri"] if "uris" in include else None,
        metadatas=metadatas,
        include=list(include),
    )


def record_of(row: Sequence[Any], tables: Tables) -> Record:
    """The record of a row with all columns: id, document, uri, metadata, embedding."""
    id, document, uri, metadata, embedding = row
    return Record(id, document, uri, vector_of(embedding, tables.has_vectors), metadata_of(metadata))


