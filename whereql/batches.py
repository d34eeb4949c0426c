"""Many checked records, column by column: a backend that keeps columns takes these, any other one record after the other.

>>> batch = Batch.of(["a", "b"], documents=["text", None], metadatas=[None, {"year": 2020}])
>>> batch.keys["year"][0].data.tolist(), batch[1]
([2020], Record(id='b', document=None, uri=None, embedding=None, metadata={'year': 2020}))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from whereql.cells import Cells, Gathering, Index, UnusualError, Utf8, check_texts, present, within
from whereql.records import Metadata, Record

Vector = NDArray[np.float32]
Texts = list[str | None] | Utf8 | None

_STEP = 1024  # records that are made at a time where all are asked for


@dataclass(frozen=True, slots=True, eq=False)
class Batch(Sequence[Record]):
    """n records, as sound as those of `make_record`; one is made when it is asked for.

    ids: not empty, but perhaps not all different; documents, uris: a string or None for each record, or the texts as UTF-8, or None where no record has one;
    vectors: float32, shape (k, dimension), of the `vector_rows`, shape (k,), or of all records where these are None;
    keys: for each metadata key, in the order of their first values, the cells of each kind.
    """

    ids: list[str]
    documents: Texts = None
    uris: Texts = None
    vectors: Vector = field(default_factory=lambda: np.empty((0, 0), np.float32))
    vector_rows: Index | None = field(default_factory=lambda: np.empty(0, np.int64))
    keys: Mapping[str, list[Cells]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        ids: list[Any],
        embeddings: Any = None,
        metadatas: Sequence[Any] | None = None,
        documents: Sequence[Any] | None = None,
        uris: Sequence[Any] | None = None,
    ) -> Batch:
        """The batch of a caller's columns, each as long as `ids`, which may change afterwards.

        Raises UnusualError, or what `clean_metadata` raises, where only `make_record` can tell what is wrong, if anything is.
        """
        if check_texts(ids) - {str} or not all(ids):
            raise UnusualError
        gathering = Gathering()
        if metadatas is not None:
            gathering.add(_items(metadatas))
        vectors, rows = _vectors(embeddings)
        return cls(ids, _texts(documents), _texts(uris), vectors, rows, gathering.cells())

    @property
    def dimension(self) -> int | None:
        """The length of the embeddings, None without any."""
        return self.vectors.shape[1] if len(self.vectors) else None

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Record]: ...
    def __getitem__(self, at: int | slice) -> Record | Sequence[Record]:
        numbers = range(len(self))[at]
        if isinstance(numbers, int):
            return self._records(numbers, numbers + 1)[0]
        if numbers.step == 1:
            return self._records(numbers.start, max(numbers.start, numbers.stop))
        return [self._records(number, number + 1)[0] for number in numbers]

    def __iter__(self) -> Iterator[Record]:
        return chain.from_iterable(self._records(start, min(start + _STEP, len(self))) for start in range(0, len(self), _STEP))

    def _records(self, start: int, stop: int) -> list[Record]:
        size = stop - start
        vectors: list[Vector | None] = [None] * size
        low, high, rows = within(self.vector_rows, start, stop)
        for row, vector in zip(rows, self.vectors[low:high], strict=True):
            vectors[row] = vector
        metadatas: list[Metadata] = [{} for _ in range(size)]
        for name, kinds in self.keys.items():
            for cells in kinds:
                low, high, rows = within(cells.rows, start, stop)
                for row, value in zip(rows, cells.values(low, high) if rows else (), strict=True):
                    metadatas[row][name] = value
        documents, uris = (_within(texts, start, stop) for texts in (self.documents, self.uris))
        columns = zip(self.ids[start:stop], documents, uris, vectors, metadatas, strict=True)
        return [Record(id, document, uri, vector, metadata or None) for id, document, uri, vector, metadata in columns]


def _within(texts: Texts, start: int, stop: int) -> Sequence[str | None]:
    match texts:
        case None:
            return [None] * (stop - start)
        case Utf8():
            return texts.within(start, stop)
    return texts[start:stop]


def batched(records: Sequence[Record]) -> Iterator[Batch]:
    """Sound records as batches, each of embeddings of one dimension."""
    start, dimension = 0, None
    for number, record in enumerate([*records, None]):
        length = None if record is None or record.embedding is None else len(record.embedding)
        if record is None or (length is not None and dimension not in (None, length)):
            some = records[start:number]
            columns = ([getattr(record, name) for record in some] for name in ("id", "embedding", "metadata", "document", "uri"))
            yield Batch.of(*columns)
            start, dimension = number, length
        else:
            dimension = dimension or length


def _items(column: Sequence[Any]) -> Sequence[Any]:
    """A column as a list or tuple: what `column[i]` is for a table's column, its iterator need not give."""
    return column if type(column) in (list, tuple) else [column[i] for i in range(len(column))]


def _texts(column: Sequence[Any] | None) -> list[str | None] | None:
    if column is None:
        return None
    texts = list(_items(column))
    return texts if str in check_texts(texts) else None


def _vectors(column: Any) -> tuple[Vector, Index | None]:
    """Embeddings of one dimension, copied, and the rows that have one. Raises UnusualError."""
    none = np.empty((0, 0), np.float32), np.empty(0, np.int64)
    if column is None:
        return none
    if type(column) is np.ndarray and column.ndim == 2:
        return _finite(column), None
    rows = _items(column)
    at = present(rows)
    if len(at) < len(rows):
        rows = [row for row in rows if row is not None]
    if not rows:
        return none
    return _finite(_stacked(rows)), None if len(at) == len(column) else at


def _stacked(rows: Sequence[Any]) -> Any:
    """Vectors of one dimension and kind as one array."""
    match set(map(type, rows)):
        case kinds if kinds == {np.ndarray}:
            if len(set(map(attrgetter("dtype", "shape"), rows))) > 1:
                raise UnusualError
            return np.array(rows)
        case kinds if kinds <= {list, tuple}:
            flat = list(chain.from_iterable(rows))
            if set(map(type, flat)) != {float} or len(set(map(len, rows))) > 1:
                raise UnusualError
            return np.fromiter(flat, np.float64, len(flat)).reshape(len(rows), -1)
    raise UnusualError


def _finite(array: Any) -> Vector:
    if array.ndim != 2 or array.dtype.kind not in "iuf" or not array.shape[1]:
        raise UnusualError
    with np.errstate(over="ignore"):
        vectors: Vector = array.astype(np.float32, order="C")
    if not np.isfinite(vectors).all():
        raise UnusualError
    return vectors
