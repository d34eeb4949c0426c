"""Columns: the values of one kind under one key, and the rows that have them.

A column holds nothing for the rows without a value, so 10,000 keys that occur once each take no more memory than one key
that occurs 10,000 times. A key under which several kinds occur has several columns, with disjoint rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Self

import numpy as np

from whereql.records import SPARSE
from whereql_memory.arrays import Array, Index, Rows, codes_type, join_offsets, runs
from whereql_memory.texts import SortedTexts, Texts, distinct


@dataclass(frozen=True, slots=True, eq=False)
class Column(ABC):
    """k values. rows: the ascending rows that have them, shape (k,), or None where all rows of the table do."""

    rows: Rows

    @property
    @abstractmethod
    def kind(self) -> str:
        """The stored kind in the words of a schema: `int`, `string[]` …"""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def pick(self, at: Index, rows: Rows) -> Self:
        """The values numbered `at`, in that order, for these rows."""

    @classmethod
    @abstractmethod
    def join(cls, parts: Sequence[Any], rows: Rows) -> Self:
        """The values of several columns of this kind, one behind the other, for these rows."""

    @abstractmethod
    def values(self, at: Index) -> list[Any]:
        """The values numbered `at`, as the Python objects that were written."""

    @property
    def nbytes(self) -> int:
        """The bytes of memory held, Python objects not counted."""
        return (0 if self.rows is None else self.rows.nbytes) + self._nbytes

    @property
    @abstractmethod
    def _nbytes(self) -> int:
        """The bytes of the values."""


@dataclass(frozen=True, slots=True, eq=False)
class Plain(Column):
    """Values in one numpy array: ints, floats or bools of shape (k,), Python objects, or vectors of shape (k, dimension)."""

    data: Array

    @property
    def kind(self) -> str:
        """See Column."""
        return _KIND_OF_DTYPE[self.data.dtype.kind]

    def __len__(self) -> int:
        return len(self.data)

    def pick(self, at: Index, rows: Rows) -> Self:
        """See Column."""
        return replace(self, rows=rows, data=self.data[at])

    @classmethod
    def join(cls, parts: Sequence[Self], rows: Rows) -> Self:
        """See Column. An empty part has no say, as its vectors may have no dimension yet."""
        filled = [part.data for part in parts if len(part)]
        return cls(rows, np.concatenate(filled) if filled else parts[0].data)

    def values(self, at: Index) -> list[Any]:
        """See Column."""
        values: list[Any] = self.data[at].tolist()
        return values

    @property
    def _nbytes(self) -> int:
        return self.data.nbytes


_KIND_OF_DTYPE = {"i": "int", "f": "float", "b": "bool", "O": SPARSE}


@dataclass(frozen=True, slots=True, eq=False)
class Sparse(Plain):
    """Sparse vectors: kept, returned as copies, never looked into. data: dicts, shape (k,)."""

    def values(self, at: Index) -> list[Any]:
        """See Column."""
        return deepcopy(self.data[at].tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Strings(Column):
    """Strings as codes, shape (k,), in the smallest unsigned type, into a vocabulary, so that each text is tested once.

    Codes are in code point order. Every word of the vocabulary is in use.
    """

    codes: Array
    texts: SortedTexts

    @property
    def kind(self) -> str:
        """See Column."""
        return "string"

    def __len__(self) -> int:
        return len(self.codes)

    def pick(self, at: Index, rows: Rows) -> Self:
        """See Column."""
        codes = self.codes[at]
        used = np.zeros(len(self.texts), np.bool_)
        used[codes] = True
        if used.all():
            return replace(self, rows=rows, codes=codes)
        new = (np.cumsum(used) - 1).astype(codes_type(int(used.sum())))
        return replace(self, rows=rows, codes=new[codes], texts=self.texts.pick(np.flatnonzero(used)))

    @classmethod
    def join(cls, parts: Sequence[Self], rows: Rows) -> Self:
        """See Column."""
        vocabularies = [part.texts.tolist() for part in parts]
        texts, code_of = distinct(chain.from_iterable(vocabularies))
        dtype = codes_type(len(texts))
        recoded = [
            np.fromiter(map(code_of.__getitem__, words), dtype, len(words))[part.codes]
            for words, part in zip(vocabularies, parts, strict=True)
        ]
        return cls(rows, np.concatenate(recoded), texts)

    def values(self, at: Index) -> list[Any]:
        """See Column. Equal strings are one object."""
        codes = self.codes[at]
        if len(codes) > len(self.texts):
            return _chosen(self.texts.tolist(), codes)
        used, codes = np.unique(codes, return_inverse=True)
        return _chosen(self.texts.tolist(used.astype(np.int64)), codes)

    @property
    def _nbytes(self) -> int:
        return self.codes.nbytes + self.texts.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Raw(Column):
    """Strings that are mostly different and long: documents, uris."""

    texts: Texts

    @property
    def kind(self) -> str:
        """See Column."""
        return "string"

    def __len__(self) -> int:
        return len(self.texts)

    def pick(self, at: Index, rows: Rows) -> Self:
        """See Column."""
        return replace(self, rows=rows, texts=self.texts.pick(at))

    @classmethod
    def join(cls, parts: Sequence[Self], rows: Rows) -> Self:
        """See Column."""
        return cls(rows, Texts.join([part.texts for part in parts]))

    def values(self, at: Index) -> list[Any]:
        """See Column."""
        return self.texts.tolist(at)

    @property
    def _nbytes(self) -> int:
        return self.texts.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Arrays(Column):
    """Arrays of one element kind, none of them empty: where each starts, and the end, shape (k + 1,), and all elements."""

    offsets: Index
    elements: Plain | Strings

    @property
    def kind(self) -> str:
        """See Column."""
        return f"{self.elements.kind}[]"

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def pick(self, at: Index, rows: Rows) -> Self:
        """See Column."""
        offsets, inner = runs(self.offsets, at)
        return replace(self, rows=rows, offsets=offsets, elements=self.elements.pick(inner, None))

    @classmethod
    def join(cls, parts: Sequence[Self], rows: Rows) -> Self:
        """See Column."""
        inner: list[Any] = [part.elements for part in parts]
        elements = type(inner[0]).join(inner, None)
        return cls(rows, join_offsets([part.offsets for part in parts]), elements)

    def values(self, at: Index) -> list[Any]:
        """See Column."""
        offsets, inner = runs(self.offsets, at)
        flat, edges = self.elements.values(inner), offsets.tolist()
        return list(map(flat.__getitem__, map(slice, edges, edges[1:])))

    @property
    def _nbytes(self) -> int:
        return self.offsets.nbytes + self.elements.nbytes


def _chosen(words: list[str], codes: Array) -> list[Any]:
    chosen: list[Any] = np.fromiter(words, np.object_, len(words))[codes].tolist()
    return chosen
