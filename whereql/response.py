"""The answer of a `get`, in the shape of Chroma's `GetResponse`.

>>> GetResponse.from_records([Record("a", metadata={"year": 2020})]).to_dict()["metadatas"]
[{'year': 2020}]
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whereql.errors import BackendError
from whereql.records import Metadata, Record

if TYPE_CHECKING:
    from whereql.records import Vector


@dataclass(frozen=True, slots=True)
class GetResponse:
    """The answer of a `get`: Chroma's wire shape, column by column; a column that was not asked for is None.

    embeddings: float32 array of shape (records, dimension), or a list with None in it where a record has none;
    metadatas: None for a record with neither metadata nor uri. Iterate over it for records, `len` counts them.
    """

    ids: list[str]
    embeddings: Vector | list[Vector | None] | None = None
    documents: list[str | None] | None = None
    uris: list[str | None] | None = None
    metadatas: list[Metadata | None] | None = None
    include: list[str] = field(default_factory=list)

    @classmethod
    def from_records(cls, records: Iterable[Record], include: Iterable[str] = ("documents", "metadatas")) -> GetResponse:
        """The response that holds these records, in this order, with the columns of `include`."""
        rows, wanted = list(records), list(include)
        return cls(
            ids=[row.id for row in rows],
            embeddings=stack_vectors([row.embedding for row in rows]) if "embeddings" in wanted else None,
            documents=[row.document for row in rows] if "documents" in wanted else None,
            uris=[row.uri for row in rows] if "uris" in wanted else None,
            metadatas=[shown_metadata(row.metadata, row.uri) for row in rows] if "metadatas" in wanted else None,
            include=wanted,
        )

    @classmethod
    def concatenate(cls, pages: Sequence[GetResponse], include: Iterable[str]) -> GetResponse:
        """The records of several responses, one after the other; each has the columns of `include`."""
        if len(pages) == 1:
            return pages[0]
        wanted = list(include)
        vectors = [vector for page in pages for vector in _cells(page.embeddings)]
        return cls(
            ids=[id for page in pages for id in page.ids],
            embeddings=stack_vectors(vectors) if "embeddings" in wanted else None,
            documents=[cell for page in pages for cell in _cells(page.documents)] if "documents" in wanted else None,
            uris=[cell for page in pages for cell in _cells(page.uris)] if "uris" in wanted else None,
            metadatas=[cell for page in pages for cell in _cells(page.metadatas)] if "metadatas" in wanted else None,
            include=wanted,
        )

    def take(self, rows: Sequence[int], include: Iterable[str]) -> GetResponse:
        """The records at these rows, in their order, with the columns of `include`, which are among those that are here."""
        wanted = list(include)
        return GetResponse(
            ids=[self.ids[row] for row in rows],
            embeddings=_picked_vectors(self.embeddings, rows) if "embeddings" in wanted else None,
            documents=_picked(self.documents, rows) if "documents" in wanted else None,
            uris=_picked(self.uris, rows) if "uris" in wanted else None,
            metadatas=_picked(self.metadatas, rows) if "metadatas" in wanted else None,
            include=wanted,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Record]:
        nothing: list[None] = [None] * len(self.ids)
        columns = (self.documents or nothing, self.uris or nothing, nothing if self.embeddings is None else self.embeddings, self.metadatas or nothing)
        for id, document, uri, embedding, metadata in zip(self.ids, *columns, strict=True):
            yield Record(id, document, uri, embedding, metadata or None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data with Chroma's six keys in Chroma's order; each float32 is the double with the same shortest decimal."""
        return {
            "ids": self.ids,
            "embeddings": None if self.embeddings is None else [None if v is None else shortest_doubles(v) for v in self.embeddings],
            "documents": self.documents,
            "uris": self.uris,
            "metadatas": self.metadatas,
            "include": self.include,
        }

    def to_json(self) -> str:
        """The response as compact JSON text, as a Chroma server sends it; a NaN, which only a table of yours may hold, is null."""
        return json_text_of(self.to_dict(), separators=(",", ":"))

    def to_pandas(self) -> Any:
        """A pandas DataFrame: `id`, the columns asked for, and one column per metadata key. Raises BackendError without pandas."""
        try:
            import pandas as pd
        except ImportError:
            raise BackendError("WQ711", "pandas is not installed", hint="pip install pandas") from None
        own = {"id": self.ids, "document": self.documents, "uri": self.uris, "embedding": None if self.embeddings is None else list(self.embeddings)}
        frame = {name: column for name, column in own.items() if column is not None}
        for metadata in self.metadatas or ():
            for key in metadata or ():
                name = f"metadata.{key}" if key in own else key
                if name not in frame:
                    values = [(row or {}).get(key) for row in self.metadatas or ()]
                    # pandas' own choice would round ints to doubles where one is missing, or where a float stands beside.
                    kinds = {type(value) for value in values if value is not None}
                    frame[name] = pd.Series(values, dtype=_EXACT_DTYPES.get(kinds.pop(), object) if len(kinds) == 1 else object)
        return pd.DataFrame(frame)


def _cells(column: Any) -> Iterable[Any]:
    return () if column is None else column


def _picked(column: Any, rows: Sequence[int]) -> Any:
    return None if column is None else [column[row] for row in rows]


def _picked_vectors(column: Any, rows: Sequence[int]) -> Any:
    """The embeddings at some rows: an array of them, unless one of those is missing."""
    if column is None:
        return None
    return stack_vectors([column[row] for row in rows]) if isinstance(column, list) or not rows else column[list(rows)]


_EXACT_DTYPES: dict[type, str] = {int: "Int64", float: "float64", bool: "boolean"}


def json_text_of(value: Any, **spelling: Any) -> str:
    """A value as JSON text; NaN, for which JSON has no word, is null. spelling: of `json.dumps`."""
    import json

    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, **spelling)
    except ValueError:
        return json.dumps(_without_nan(value), ensure_ascii=False, allow_nan=False, **spelling)


def _without_nan(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case list() | tuple():
            return [_without_nan(item) for item in value]
        case dict():
            return {key: _without_nan(item) for key, item in value.items()}
    return value


def stack_vectors(vectors: list[Vector | None]) -> Vector | list[Vector | None]:
    """Embeddings as one float32 array of shape (records, dimension), or as they are where one is missing."""
    import numpy as np

    if not vectors:
        return np.empty((0, 0), np.float32)
    if any(vector is None for vector in vectors):
        return vectors
    return np.stack([vector for vector in vectors if vector is not None])


def shown_metadata(metadata: Metadata | None, uri: str | None) -> Metadata | None:
    """Metadata as a response shows it: Chroma writes `{}` for a record that has a uri and no metadata, else null."""
    return {} if metadata is None and uri is not None else metadata


def shortest_doubles(vector: Vector) -> list[float]:
    """float32 values as the doubles that print alike: 0.1 for float32(0.1), not 0.10000000149011612. Shape (dimension,)."""
    import numpy as np

    doubles: list[float] = vector.astype("U24").astype(np.float64).tolist()
    return doubles


