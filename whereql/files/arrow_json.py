"""JSON Lines through Arrow's reader, where what it makes of a block is what JSON says; else UnusualError.

It is told apart from the exact reader by what it does with other files: it makes 1 beside 1.0 a double, takes NaN, and reads strings
as times; it goes on behind the end of a line, and has no word for half a character. So lines are counted, texts that look like times
are read again as texts, and a line with a whole number among doubles is read by the exact reader.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from whereql.batches import Batch
from whereql.cells import Cells, Index, UnusualError, Utf8
from whereql.files.arrow_cells import (
    ArrowWords,
    cells_of,
    ids_of,
    is_listed,
    kept,
    release,
    texts_of,
    vectors_of,
    whole,
)
from whereql.files.blocks import Block, Source, objects
from whereql.files.rows import METADATA, Own, Row
from whereql.json_text import JsonError, parse_json

_LEAST = 1 << 10  # bytes of Arrow's blocks, which have to be larger than their first line
_DOUBTFUL = 0.1  # of the lines of a block: when more are to be read once more, all are
_SURROGATE = re.compile(rb"\\u[dD]")


class ArrowReader:
    """Reads the blocks of one file, whose form is known. seen: the columns there have been."""

    def __init__(self, own: Own, nested: bool, threads: int) -> None:
        self._own = own
        self._nested = nested
        self._threads = ThreadPoolExecutor(threads)
        self._forced: dict[str, Any] = {}  # the types of what only looks like a time, by place
        self._words: defaultdict[str, ArrowWords] = defaultdict(ArrowWords)
        self._known: set[str] = set()
        self.seen: set[str] = set()

    def parse(self, source: Source, block: Block) -> Future[_Parsed]:
        """What `batch` needs of a block, made in another thread, which leaves this one alone most of the time."""
        return self._threads.submit(self._parsed, source, block)

    def batch(self, parsed: Future[_Parsed]) -> Batch:
        """The records of a block; the blocks come in their order. Raises UnusualError where the exact reader has to look."""
        try:
            made = parsed.result()
            batch = self._batch(made)
        except (pa.ArrowException, UnicodeDecodeError):
            raise UnusualError from None
        self.seen |= made.names
        return batch

    def close(self) -> None:
        """Let go of the threads, and of memory."""
        self._threads.shutdown(cancel_futures=True)
        release()

    def _parsed(self, source: Source, block: Block) -> _Parsed:
        data, starts = objects(source.read(block))
        if not data.isascii():
            data.decode()
        table = self._table(data)
        if len(table) != len(starts):
            raise UnusualError
        if b"\\" in data and _SURROGATE.search(data):  # which the pyarrow of today refuses by itself, but not each before
            table.validate(full=True)
        columns = dict(zip(table.column_names, map(whole, table.columns), strict=True))
        documents, uris = (texts_of(columns.pop(name)) if name in columns else None for name in (self._own.document, self._own.uri))
        return _Parsed({*table.column_names}, columns, documents, uris, _Lines(data, starts, self._nested))

    def _table(self, data: bytes) -> Any:
        """A block as Arrow sees it, without times."""
        while True:
            options = pj.ParseOptions(explicit_schema=self._schema(), unexpected_field_behavior="infer")
            table = pj.read_json(pa.BufferReader(data), pj.ReadOptions(use_threads=False, block_size=max(len(data), _LEAST)), options)
            times = _times(table.schema, "") if not self._nested else {**_times(table.schema, ""), **_times(_inner(table.schema), f"{METADATA}.")}
            if not times:
                return table
            self._forced = {**self._forced, **times}  # another thread may go through the old one

    def _schema(self) -> Any:
        outer = [(name, type) for name, type in self._forced.items() if not self._nested or not name.startswith(f"{METADATA}.")]
        inner = [(name.removeprefix(f"{METADATA}."), type) for name, type in self._forced.items() if self._nested and name.startswith(f"{METADATA}.")]
        return pa.schema([*outer, *([(METADATA, pa.struct(inner))] if inner else [])]) if self._forced else None

    def _batch(self, parsed: _Parsed) -> Batch:
        _, columns, documents, uris, lines = parsed
        own = self._own
        if own.id not in columns:
            raise UnusualError
        ids = ids_of(columns.pop(own.id))
        vectors, rows = vectors_of(columns.pop(own.embedding, pa.nulls(len(ids))), perhaps_ints=True)
        if self._nested:
            structs = columns.pop(METADATA, None)
            if columns:
                raise UnusualError
            columns = _fields(structs)
        keys = {name: kinds for name, array in columns.items() if (kinds := _kinds(name, array, lines, self._words[name]))}
        return Batch(ids, documents, uris, vectors, rows, self._ordered(keys, lines))

    def _ordered(self, keys: Mapping[str, list[Cells]], lines: _Lines) -> dict[str, list[Cells]]:
        """The columns in the order of their first values; that of those that begin in one line is the line's."""
        new = {name: min(0 if cells.rows is None else int(cells.rows[0]) for cells in kinds) for name, kinds in keys.items() if name not in self._known}
        places = {row: {name: place for place, name in enumerate(lines[row])} for row in set(new.values())}
        order = sorted(new, key=lambda name: (new[name], places[new[name]][name]))
        self._known |= new.keys()
        return {name: keys[name] for name in [*(name for name in keys if name not in new), *order]}


class _Parsed(NamedTuple):
    """A block as Arrow sees it: the names of its columns, those that are no texts, documents and uris, and its lines."""

    names: set[str]
    columns: dict[str, Any]
    documents: Utf8 | None
    uris: Utf8 | None
    lines: _Lines


class _Lines:
    """The lines of a block, read once more by the exact reader when they are asked for: the metadata of each."""

    def __init__(self, data: bytes, starts: Index, nested: bool) -> None:
        self._data = data
        self._starts = np.append(starts, len(data))
        self._nested = nested

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, row: int) -> Row:
        try:
            record: Any = parse_json(self._data[self._starts[row] : self._starts[row + 1]].decode())
        except JsonError:
            raise UnusualError from None
        metadata: Row = record[METADATA] if self._nested else record
        return metadata


def _times(schema: Any, before: str) -> dict[str, Any]:
    """What of a schema is a time, as the type of its text."""
    found = {}
    for field in schema:
        if pa.types.is_timestamp(field.type):
            found[f"{before}{field.name}"] = pa.string()
        elif is_listed(field.type) and pa.types.is_timestamp(field.type.value_type):
            found[f"{before}{field.name}"] = pa.list_(pa.string())
    return found


def _inner(schema: Any) -> Any:
    index = schema.get_field_index(METADATA)
    return schema.field(index).type if index >= 0 and pa.types.is_struct(schema.field(index).type) else ()


def _fields(structs: Any) -> dict[str, Any]:
    if structs is None or pa.types.is_null(structs.type):
        return {}
    if not pa.types.is_struct(structs.type):
        raise UnusualError
    return dict(zip((field.name for field in structs.type), structs.flatten(), strict=True))


def _kinds(name: str, array: Any, lines: _Lines, words: ArrowWords) -> list[Cells]:
    """The cells of each kind under a key."""
    if pa.types.is_null(array.type):
        return []
    cells = cells_of(array, words)
    if cells is None:
        return []
    if not cells.kind.startswith("float"):
        return [cells]
    whole = np.floor(cells.data) == cells.data
    if cells.offsets is not None:
        whole = np.logical_and.reduceat(whole, cells.offsets[:-1])
    return _looked_at(name, cells, np.flatnonzero(whole), lines) if whole.any() else [cells]


def _looked_at(name: str, cells: Cells, doubtful: Index, lines: _Lines) -> list[Cells]:
    """The cells with the ints among them apart; doubtful: the numbers of those values that may be ints."""
    if len(doubtful) > _DOUBTFUL * len(lines):
        raise UnusualError
    rows = doubtful if cells.rows is None else cells.rows[doubtful]
    values = [lines[row][name] for row in rows.tolist()]
    ints = np.array([_is_int(value) for value in values])
    if not ints.any():
        return [cells]
    taken = np.zeros(len(cells), np.bool_)
    taken[doubtful[ints]] = True
    given = [value for value, is_int in zip(values, ints.tolist(), strict=True) if is_int]
    parts = [_part(cells, np.flatnonzero(~taken), None, len(lines)), _part(cells, np.flatnonzero(taken), given, len(lines))]
    return [part for part in parts if len(part)]


def _is_int(value: Any) -> bool:
    """Whether the value is stored as an int, or as a list of ints: one beyond int64 is stored as a double, as is a list with it."""
    return all(type(item) is int and -(2**63) <= item < 2**63 for item in (value if isinstance(value, list) else [value]))


def _part(cells: Cells, at: Index, ints: list[Any] | None, size: int) -> Cells:
    """The values numbered `at`, as the given ints or as they are."""
    rows = kept(cells.rows, at, size)
    if cells.offsets is None:
        return Cells("float", rows, cells.data[at]) if ints is None else Cells("int", rows, np.array(ints, np.int64))
    lengths = np.diff(cells.offsets)
    offsets = np.concatenate([np.zeros(1, np.int64), lengths[at].cumsum()])
    chosen = np.zeros(len(lengths), np.bool_)
    chosen[at] = True
    data = cells.data[np.repeat(chosen, lengths)] if ints is None else np.array([item for each in ints for item in each], np.int64)
    return Cells("float[]" if ints is None else "int[]", rows, data, None, offsets)
