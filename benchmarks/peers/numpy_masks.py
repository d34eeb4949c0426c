"""numpy by hand: typed arrays, strings of few values as small codes, a boolean mask for each predicate."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import compress
from operator import eq, ge, gt, le, lt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import KEYS
from benchmarks.peers.masks import Mask, filter_of, mask_of, subject_of, values_of
from benchmarks.workload import Batch, Variant
from whereql.ast import Predicate
from whereql.operators import Op

_CODED: dict[str, Any] = {"category": np.uint8, "lang": np.uint8, "user": np.uint16}
_PLAIN: dict[str, Any] = {"year": np.int16, "score": np.float64, "views": np.int32, "active": np.bool_, "rating": np.int8}
_COMPARE: dict[Op, Callable[[Any, Any], Any]] = {Op.EQ: eq, Op.LT: lt, Op.LE: le, Op.GT: gt, Op.GE: ge}
_NO_RATING = 0


class NumpyMasks:
    """Arrays of the columns; a tag is a code, with the row that has it."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.documents: list[str] = []
        self.codes: dict[str, dict[str, int]] = {key: {} for key in (*_CODED, "tags")}
        self.parts: dict[str, list[NDArray[Any]]] = {key: [] for key in (*_CODED, *_PLAIN, "tags", "tag_rows")}
        self.columns: dict[str, NDArray[Any]] = {}

    def add(self, batch: Batch) -> None:
        """Append records."""
        start, metadatas = len(self.ids), batch.metadatas
        self.ids += batch.ids
        self.documents += batch.documents
        for key, kind in _CODED.items():
            self.parts[key].append(self._coded(key, [metadata[key] for metadata in metadatas], kind))
        for key, smallest in _PLAIN.items():
            self.parts[key].append(np.array([metadata.get(key, _NO_RATING) for metadata in metadatas], smallest))
        lists = [metadata.get("tags", ()) for metadata in metadatas]
        self.parts["tags"].append(self._coded("tags", [tag for tags in lists for tag in tags], np.uint8))
        self.parts["tag_rows"].append(np.repeat(np.arange(start, len(self.ids), dtype=np.int32), [*map(len, lists)]))

    def _coded(self, key: str, values: list[str], kind: Any) -> NDArray[Any]:
        codes = self.codes[key]
        for value in dict.fromkeys(values):
            codes.setdefault(value, len(codes))
        return np.fromiter(map(codes.__getitem__, values), kind, len(values))

    def finish(self) -> None:
        """Join the parts."""
        self.columns = {key: np.concatenate(parts) for key, parts in self.parts.items()}
        self.parts.clear()
        self.ids_array = np.array(self.ids, object)
        self.row_of = dict(zip(self.ids, range(len(self.ids)), strict=True))
        self.values = {key: list(codes) for key, codes in self.codes.items()}

    def prepare(self, variant: Variant, wants: str) -> list[Callable[[], Any]]:
        """From the mask to what is wanted."""
        mask = mask_of(filter_of(variant), self._leaf, np.logical_and, np.logical_or, np.logical_not)
        match wants:
            case "ids":
                return [
                    lambda: self.ids_array[np.flatnonzero(mask())].tolist(),
                    lambda: self.ids_array[mask()].tolist(),
                    lambda: list(compress(self.ids, mask().tobytes())),
                ]
            case "limit":
                return [lambda: self.ids_array[np.flatnonzero(mask())[:10]].tolist()]
            case "count":
                return [lambda: int(np.count_nonzero(mask()))]
        return [lambda: self._records(np.flatnonzero(mask())[:100])]

    def _records(self, rows: NDArray[np.intp]) -> list[dict[str, Any]]:
        columns: dict[str, list[Any]] = {key: self.columns[key][rows].tolist() for key in _PLAIN}
        columns |= {key: [self.values[key][code] for code in self.columns[key][rows].tolist()] for key in _CODED}
        starts, ends = (np.searchsorted(self.columns["tag_rows"], rows, side).tolist() for side in ("left", "right"))
        names, codes = self.values["tags"], self.columns["tags"]
        columns["tags"] = [[names[code] for code in codes[start:end].tolist()] or None for start, end in zip(starts, ends, strict=True)]
        columns["rating"] = [rating or None for rating in columns["rating"]]
        own = ([self.ids[row] for row in rows.tolist()], [self.documents[row] for row in rows.tolist()])
        names = ["id", "document", *KEYS]
        return [dict(zip(names, values, strict=True)) for values in zip(*own, *(columns[key] for key in KEYS), strict=True)]

    def _leaf(self, predicate: Predicate) -> Mask:
        subject, value = subject_of(predicate), values_of(predicate)
        column: Any = self.columns.get(subject)
        match subject, predicate.op:
            case "id", _:
                return lambda: self._marked([self.row_of[id] for id in value if id in self.row_of])
            case "document", Op.CONTAINS:
                return lambda: np.fromiter((value in document for document in self.documents), bool, len(self.documents))
            case "document", _:
                search = re.compile(value).search
                return lambda: np.fromiter((search(document) is not None for document in self.documents), bool, len(self.documents))
            case "tags", _:
                (tag,), rows = value, self.columns["tag_rows"]
                code = self.codes["tags"].get(tag, 255)
                return lambda: self._marked(rows[np.flatnonzero(column == code)])
            case ("active", _):
                return (lambda: column) if value else (lambda: ~column)
            case key, Op.IN if key in _CODED:
                known = [self.codes[key][text] for text in value if text in self.codes[key]]
                return lambda: _table(known, len(self.codes[key]))[column]
            case key, Op.EQ if key in _CODED:
                own = self.codes[key].get(value, 255)
                return lambda: column == own
            case _, Op.IN:
                values = np.array(value, column.dtype)
                return lambda: np.isin(column, values, kind="table" if len(values) > 100 else None)
            case "rating", op:
                return lambda: _COMPARE[op](column, value)  # 0, for none, is below all that the filters ask for
        return lambda: _COMPARE[predicate.op](column, value)

    def _marked(self, rows: Any) -> NDArray[np.bool_]:
        mask = np.zeros(len(self.ids), bool)
        mask[rows] = True
        return mask


def _table(codes: list[int], size: int) -> NDArray[np.bool_]:
    table = np.zeros(size, bool)
    table[codes] = True
    return table
