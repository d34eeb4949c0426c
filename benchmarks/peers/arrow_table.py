"""pyarrow: the kernels of its compute module, called directly, on dictionary codes and flattened lists."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.data import KEYS, columns_of
from benchmarks.peers.masks import Mask, filter_of, mask_of, subject_of, values_of
from benchmarks.workload import Batch, Variant
from whereql.ast import Predicate
from whereql.operators import Op

_COMPARE = {Op.EQ: "equal", Op.LT: "less", Op.LE: "less_equal", Op.GT: "greater", Op.GE: "greater_equal"}
_CODED = ("category", "lang", "user")


class ArrowTable:
    """One chunk a column; codes of strings in int32, tags as codes with the row of each."""

    def __init__(self) -> None:
        self.pa: Any = import_module("pyarrow")
        self.pc: Any = import_module("pyarrow.compute")
        self.parts: list[Any] = []
        self.columns: dict[str, Any] = {}
        self.codes: dict[str, dict[str, int]] = {}

    def add(self, batch: Batch) -> None:
        """Append records."""
        self.parts.append(self.pa.table(columns_of(batch)))

    def finish(self) -> None:
        """Join the parts, and encode strings of few values."""
        pa, pc = self.pa, self.pc
        table = pa.concat_tables(self.parts, promote_options="permissive").combine_chunks()
        self.parts.clear()
        small = {"year": pa.int16(), "views": pa.int32(), "rating": pa.int8()}
        for key in table.column_names:
            column = table[key].combine_chunks()
            self.columns[key] = column.cast(small[key]) if key in small else column
        for key in _CODED:
            coded = self.columns[key].dictionary_encode()
            self.columns[key] = coded.indices
            self.codes[key] = {value: code for code, value in enumerate(coded.dictionary.to_pylist())}
        tags = self.columns["tags"]
        coded = pc.list_flatten(tags).dictionary_encode()
        self.tags, self.tag_rows = coded.indices, pc.list_parent_indices(tags)
        self.codes["tags"] = {value: code for code, value in enumerate(coded.dictionary.to_pylist())}
        self.values = {key: list(codes) for key, codes in self.codes.items()}
        self.size = len(tags)

    def prepare(self, variant: Variant, wants: str) -> list[Callable[[], Any]]:
        """From the mask, by a filter or by row numbers, to what is wanted."""
        pc, ids = self.pc, self.columns["id"]
        mask = mask_of(filter_of(variant), self._leaf, pc.and_, pc.or_, pc.invert)
        match wants:
            case "ids":
                return [
                    lambda: ids.filter(mask()).to_pylist(),
                    lambda: ids.filter(mask()).to_numpy(zero_copy_only=False).tolist(),
                    lambda: ids.take(pc.indices_nonzero(mask())).to_numpy(zero_copy_only=False).tolist(),
                ]
            case "limit":
                return [lambda: ids.take(pc.indices_nonzero(mask())[:10]).to_pylist()]
            case "count":
                return [lambda: mask().true_count]
        return [lambda: self._records(pc.indices_nonzero(mask())[:100])]

    def _records(self, rows: Any) -> list[dict[str, Any]]:
        names = ["id", "document", *KEYS]
        columns = {name: self.columns[name].take(rows).to_pylist() for name in names}
        columns |= {key: [self.values[key][code] for code in columns[key]] for key in _CODED}
        return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]

    def _leaf(self, predicate: Predicate) -> Mask:
        subject, value, pa, pc = subject_of(predicate), values_of(predicate), self.pa, self.pc
        column = self.columns[subject]
        match subject, predicate.op:
            case "id", _:
                wanted = pa.array(value)
                return lambda: pc.is_in(column, wanted)
            case "document", Op.CONTAINS:
                return lambda: pc.match_substring(column, value)
            case "document", _:
                return lambda: pc.match_substring_regex(column, value)
            case "tags", _:
                code = pa.scalar(self.codes["tags"].get(value[0], -1), self.tags.type)
                return lambda: self._marked(self.tag_rows.filter(pc.equal(self.tags, code)))
            case "active", _:
                return (lambda: column) if value else (lambda: pc.invert(column))
            case key, Op.IN:
                known = [self.codes[key].get(text, -1) for text in value] if key in _CODED else value
                wanted = pa.array(known, column.type)
                return lambda: pc.is_in(column, wanted)
        known = self.codes[subject].get(value, -1) if subject in _CODED else value
        scalar, compare = pa.scalar(known, column.type if isinstance(known, int) and not pa.types.is_floating(column.type) else None), getattr(pc, _COMPARE[predicate.op])
        return (lambda: compare(column, scalar).fill_null(False)) if subject == "rating" else (lambda: compare(column, scalar))

    def _marked(self, rows: Any) -> Any:
        mask = np.zeros(self.size, bool)
        mask[rows.to_numpy()] = True
        return self.pa.array(mask)
