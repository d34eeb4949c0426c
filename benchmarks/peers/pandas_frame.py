"""pandas: a frame with categoricals and small integers, masks of its columns, tags one to a row of their own."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from operator import eq, ge, gt, le, lt
from typing import Any

import numpy as np

from benchmarks.data import KEYS, columns_of
from benchmarks.peers.masks import Mask, filter_of, mask_of, subject_of, values_of
from benchmarks.workload import Batch, Variant
from whereql.ast import Predicate
from whereql.operators import Op

_COMPARE: dict[Op, Callable[[Any, Any], Any]] = {Op.EQ: eq, Op.LT: lt, Op.LE: le, Op.GT: gt, Op.GE: ge}
_KINDS = {"category": "category", "lang": "category", "user": "category", "year": "int16", "views": "int32", "rating": "float32"}


class PandasFrame:
    """A frame, its ids as objects (they are wanted as Python strings), an index of them, and the tags exploded."""

    def __init__(self) -> None:
        self.pd: Any = import_module("pandas")
        self.parts: list[Any] = []
        self.frame: Any = None

    def add(self, batch: Batch) -> None:
        """Append records."""
        pd, columns = self.pd, columns_of(batch)
        ids = pd.Series(columns.pop("id"), dtype=object)
        self.parts.append(pd.DataFrame({"id": ids} | columns))

    def finish(self) -> None:
        """One frame, with a column for each mask in the smallest type that holds it."""
        self.frame = self.pd.concat(self.parts, ignore_index=True).astype(_KINDS)
        self.parts.clear()
        self.tags = self.frame["tags"].explode().dropna().astype("category")
        self.tag_rows = self.tags.index.to_numpy()
        self.index = self.pd.Index(self.frame["id"])

    def prepare(self, variant: Variant, wants: str) -> list[Callable[[], Any]]:
        """From the mask to what is wanted."""
        frame, ids = self.frame, self.frame["id"]
        mask = mask_of(filter_of(variant), self._leaf)
        match wants:
            case "ids":
                return [lambda: ids[mask()].tolist(), lambda: ids.to_numpy()[np.flatnonzero(mask())].tolist()]
            case "limit":
                return [lambda: ids.to_numpy()[np.flatnonzero(mask())[:10]].tolist()]
            case "count":
                return [lambda: int(mask().sum())]
        return [lambda: self._records(frame.iloc[np.flatnonzero(mask())[:100]])]

    def _records(self, found: Any) -> list[dict[str, Any]]:
        names = ["id", "document", *KEYS]
        columns = {name: found[name].tolist() for name in names}
        columns["rating"] = [None if rating != rating else int(rating) for rating in columns["rating"]]
        return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]

    def _leaf(self, predicate: Predicate) -> Mask:
        subject, value = subject_of(predicate), values_of(predicate)
        column = self.frame[subject]
        match subject, predicate.op:
            case "id", _:
                return lambda: self._marked(self.index.get_indexer(value))
            case "document", Op.CONTAINS:
                return lambda: column.str.contains(value, regex=False).to_numpy()
            case "document", _:
                return lambda: column.str.contains(value).to_numpy()
            case "tags", _:
                return lambda: self._marked(self.tag_rows[(self.tags == value[0]).to_numpy()])
            case "active", _:
                return (lambda: column.to_numpy()) if value else (lambda: ~column.to_numpy())
            case _, Op.IN:
                return lambda: column.isin(value).to_numpy()
        return lambda: _COMPARE[predicate.op](column, value).to_numpy()

    def _marked(self, rows: Any) -> Any:
        mask = np.zeros(len(self.frame), bool)
        mask[rows[rows >= 0]] = True
        return mask
