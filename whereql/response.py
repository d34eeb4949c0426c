"""The answer of a `get`, in the shape of Chroma's `GetResponse`.

>>> GetResponse.from_records([Record("a", metadata={"year": 2020})]).to_dict()["metadatas"]
[{'year': 2020}]

A store may leave it to the reader which columns are made: see `Columns`. Whoever reads only the ids, or the length, pays for
nothing else.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from whereql.errors import BackendError
from whereql.records import Metadata, Record

if TYPE_CHECKING:
    from whereql.records import Vector

_NAMES = dict.fromkeys(("ids", "embeddings", "documents", "uris", "metadatas")).keys()  # an ordered set
_UNREAD = object()
_PIECE, _NUMBERS = 4096, 1 << 16  # records in a piece of JSON; float32s that are spelled out at once
_COMPACT: dict[str, Any] = {"separators": (",", ":")}


class Columns(Protocol):
    """Where the columns of a response come from that are made when someone reads them.

    All are of the moment of the answer: what is written later shows in none of them, and they can be read when the store is closed.
    """

    def __len__(self) -> int:
        """The number of records; it makes nothing."""

    def column(self, name: str) -> Any:
        """`ids`, or one of the columns that were asked for, as `GetResponse` has it: made anew, since the reader owns it."""

    def take(self, rows: Sequence[int]) -> Columns:
        """The columns of the records at these rows, a range or a list, in their order; it makes none of them."""


class _Column:
    """A column of a response that is made as soon as someone reads it; from then on Python finds it in the response itself."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, response: GetResponse | None, owner: type[GetResponse]) -> Any:
        if response is None:
            return self
        cells = response.__dict__
        if (columns := response._columns) is not None:  # or another thread has made it meanwhile
            cells.setdefault(self._name, columns.column(self._name))  # or two threads would each have their own
            _settle(cells)
        return cells[self._name]


def _settle(cells: dict[str, Any]) -> None:
    """Let go of what the columns are made from, which may hold a whole collection, once all are there."""
    if cells.keys() >= _NAMES:
        cells["_columns"] = None


class _Draft:
    """A response while it is made: see `whereql.ast`."""


@dataclass(frozen=True)
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

    _columns: ClassVar[Columns | None] = None  # what the columns are made from, in a response that has not made them all

    @classmethod
    def lazily(cls, columns: Columns, include: Iterable[str], ids: list[str] | None = None) -> GetResponse:
        """The response whose ids and columns of `include` are made when they are read, each once; ids: where they are there already."""
        draft: Any = _Draft()
        draft.embeddings = draft.documents = draft.uris = draft.metadatas = None
        wanted = list(include)
        for name in wanted:
            draft.__dict__.pop(name, None)
        draft.include = wanted
        if ids is not None:
            draft.ids = ids
        if wanted or ids is None:
            draft._columns = columns
        draft.__class__ = cls
        return draft  # type: ignore[no-any-return]  # it is one now

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
        joined = cls.lazily(_Joined(pages), include)
        if all(page._columns is None for page in pages):
            for name in ("ids", *joined.include):
                getattr(joined, name)
        return joined

    def take(self, rows: Sequence[int], include: Iterable[str]) -> GetResponse:
        """The records at these rows, in their order, with the columns of `include`, which are among those that are here."""
        columns, wanted = self._columns, list(include)
        if columns is None:
            cells = {name: _picked(name, getattr(self, name), rows) for name in _NAMES if name == "ids" or name in wanted}
            return GetResponse(**cells, include=wanted)
        taken = GetResponse.lazily(columns.take(rows), wanted)
        for name in ("ids", *wanted):
            if name in self.__dict__:  # and so isn't made again
                taken.__dict__[name] = _picked(name, getattr(self, name), rows)
        _settle(taken.__dict__)
        return taken

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, column.name) for column in fields(self))

    def __len__(self) -> int:
        columns = self._columns
        return len(self.ids if columns is None else columns)

    def __iter__(self) -> Iterator[Record]:
        return records_of(self, _NAMES)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data with Chroma's six keys in Chroma's order; each float32 is the double with the same shortest decimal."""
        return {
            "ids": self.ids,
            "embeddings": None if self.embeddings is None else _plain_vectors(self.embeddings),
            "documents": self.documents,
            "uris": self.uris,
            "metadatas": self.metadatas,
            "include": self.include,
        }

    def to_json(self) -> str:
        """The response as compact JSON text, as a Chroma server sends it; a NaN, which only a table of yours may hold, is null."""
        return "".join(self.iter_json())

    def iter_json(self) -> Iterator[str]:
        """`to_json` in pieces of some thousand records: `file.writelines(response.iter_json())`. A column that nobody has read is not kept."""
        before = "{"
        for name in _NAMES:
            yield f'{before}"{name}":'
            yield from _array_text(self, name)
            before = ","
        yield f',"include":{json_text_of(self.include, **_COMPACT)}}}'

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


for _name in _NAMES:
    setattr(GetResponse, _name, _Column(_name))


def records_of(response: GetResponse, names: Collection[str]) -> Iterator[Record]:
    """The records with these columns alone; the others are not read, and an id that is not wanted is empty."""
    size = len(response)
    nothing: list[None] = [None] * size
    ids = response.ids if "ids" in names else [""] * size
    columns = [column if name in names and (column := getattr(response, name)) is not None else nothing for name in ("documents", "uris", "embeddings", "metadatas")]
    for id, document, uri, embedding, metadata in zip(ids, *columns, strict=True):
        yield Record(id, document, uri, embedding, metadata or None)


class _Joined:
    """The columns of several responses, one after the other."""

    def __init__(self, pages: Sequence[GetResponse]) -> None:
        self._pages = pages
        self._ends = list(accumulate(map(len, pages)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def column(self, name: str) -> Any:
        parts = [getattr(page, name) for page in self._pages if len(page)]
        return _joined(name, [part for part in parts if part is not None])

    def take(self, rows: Sequence[int]) -> _Joined:
        parts: list[GetResponse] = []
        for number, wanted in groupby(rows, lambda row: bisect_right(self._ends, row)):
            page = self._pages[number]
            start = self._ends[number] - len(page)
            parts.append(page.take([row - start for row in wanted], page.include))
        return _Joined(parts)


def _picked(name: str, column: Any, rows: Sequence[int]) -> Any:
    """The cells at some rows of a column; embeddings are an array, unless one of those is missing."""
    if column is None:
        return None
    if isinstance(column, list):
        cells = column[rows.start : rows.stop] if isinstance(rows, range) and rows.step == 1 else [column[row] for row in rows]
        return stack_vectors(cells) if name == "embeddings" else cells
    return column[list(rows)] if rows else stack_vectors([])


def _joined(name: str, parts: Sequence[Any]) -> Any:
    """The cells of several columns, one after the other."""
    if name != "embeddings":
        return [cell for part in parts for cell in part]
    if not parts or any(isinstance(part, list) for part in parts):
        return stack_vectors([vector for part in parts for vector in part])
    import numpy as np

    return np.concatenate(parts)


def _array_text(response: GetResponse, name: str) -> Iterator[str]:
    """A column as the text of a JSON array, or null, in pieces."""
    columns, column = response._columns, response.__dict__.get(name, _UNREAD)
    if column is None:
        yield "null"
        return
    size = len(response) if column is _UNREAD else len(column)
    before = "["
    for start in range(0, size, _PIECE):
        rows = range(start, min(start + _PIECE, size))
        cells = columns.take(rows).column(name) if columns is not None and column is _UNREAD else _picked(name, column, rows)
        yield before + json_text_of(_plain_vectors(cells) if name == "embeddings" else cells, **_COMPACT)[1:-1]
        before = ","
    yield "]" if size else "[]"


def _plain_vectors(column: Any) -> list[list[float] | None]:
    """Embeddings as JSON has them; each float32 is the double with the same shortest decimal."""
    if isinstance(column, list):
        return [None if vector is None else shortest_doubles(vector) for vector in column]
    step = max(1, _NUMBERS // max(1, column.shape[-1]))
    return [vector for start in range(0, len(column), step) for vector in shortest_doubles(column[start : start + step])]

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


def shortest_doubles(vectors: Vector) -> list[Any]:
    """float32 values as the doubles that print alike: 0.1 for float32(0.1), not 0.10000000149011612. Any shape."""
    import numpy as np

    doubles: list[Any] = vectors.astype("U24").astype(np.float64).tolist()
    return doubles


