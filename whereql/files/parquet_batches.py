"""Parquet, many rows at a time: columns of the usual types without a Python object per value, the others as the exact reader makes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from whereql.batches import Batch
from whereql.cells import Cells, Gathering, UnusualError
from whereql.files.content import opened
from whereql.files.parquet_file import converter, converters, pyarrow, row_batches
from whereql.files.rows import METADATA, Reading

if TYPE_CHECKING:
    from whereql.files.arrow_cells import ArrowWords

_ROWS = 1 << 16


def parquet_batches(reading: Reading, progress: Callable[[int, int], None]) -> Iterator[Batch]:
    """The records of a file; progress: called with the rows read, and those in all.

    Raises UnusualError where anything may be wrong with the file, and BackendError where something surely is.
    """
    parquet, damages = pyarrow(reading)
    with opened(reading) as stream:
        try:
            file = parquet.ParquetFile(stream, pre_buffer=False)  # or it keeps every part of the file that was read
            converters(file.schema_arrow, reading)
            from whereql.files.arrow_cells import ArrowWords, release  # pyarrow is there by now

            done, total, known, words = 0, file.metadata.num_rows, set[str](), defaultdict[str, ArrowWords](ArrowWords)
            with closing(_ahead(row_batches(file, _ROWS, use_threads=False))) as parts:
                for rows in parts:
                    yield _batch(dict(zip(rows.schema.names, rows.columns, strict=True)), reading, known, words)
                    done += len(rows)
                    progress(done, total)
            release()
        except damages:  # UnicodeDecodeError is one of them
            raise UnusualError from None


def _ahead(parts: Iterator[Any]) -> Generator[Any]:
    """The parts of a file, each read in another thread while the one before is made into a batch."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = thread.submit(next, parts, None)
            yield part


def _batch(columns: dict[str, Any], reading: Reading, known: set[str], words: Mapping[str, ArrowWords]) -> Batch:
    """The records of some rows. known: the keys that had a value in a row before, to which it adds; words: of each key so far."""
    from whereql.files.arrow_cells import ids_of, texts_of, vectors_of

    own = reading.own
    columns = {name: _usual(array) for name, array in columns.items()}
    if own.id not in columns:
        raise UnusualError
    ids = ids_of(columns.pop(own.id))
    texts = [columns.pop(name, None) for name in (own.document, own.uri)]
    for array in texts:
        if array is not None:
            array.validate(full=True)  # each is UTF-8; of other strings each different one is decoded
    documents, uris = (None if array is None else texts_of(array) for array in texts)
    embedding = columns.pop(own.embedding, None)
    vectors, rows = (np.empty((0, 0), np.float32), np.empty(0, np.int64)) if embedding is None else vectors_of(embedding)
    keys = {name: kinds for name, array in _metadata(columns).items() if (kinds := _kinds(name, array, reading, words[name]))}
    return Batch(ids, documents, uris, vectors, rows, _ordered(keys, known))


def _usual(array: Any) -> Any:
    """An array with its strings in the usual layout."""
    import pyarrow as pa

    if pa.types.is_dictionary(array.type):
        return _usual(array.dictionary_decode())
    return array.cast(pa.string()) if getattr(pa.types, "is_string_view", bool)(array.type) is True else array


def _metadata(columns: dict[str, Any]) -> dict[str, Any]:
    import pyarrow as pa

    structs = columns.get(METADATA)
    if structs is None or not pa.types.is_struct(structs.type):
        return columns
    if len(columns) > 1 or not structs.type.num_fields:
        raise UnusualError
    return dict(zip((field.name for field in structs.type), map(_usual, structs.flatten()), strict=True))


def _kinds(name: str, array: Any, reading: Reading, words: ArrowWords) -> list[Cells]:
    """The cells of each kind in a column; null is no value, nor is NaN, nor an empty list."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from whereql.files.arrow_cells import cells_of, is_listed, is_number, is_text

    elements = array.type.value_type if is_listed(array.type) else array.type
    if pa.types.is_float32(array.type) or pa.types.is_float64(array.type):
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    if (is_number(elements) and not pa.types.is_float16(elements)) or is_text(elements) or pa.types.is_boolean(elements):
        inner = array.flatten() if is_listed(array.type) else None
        if inner is None or not (inner.null_count or (pa.types.is_floating(elements) and pc.any(pc.is_nan(inner)).as_py())):
            cells = cells_of(array, words)
            return [] if cells is None else [cells]
    gathering = Gathering()
    gathering.add([{name: value} for value in converter(array.type, name, reading)(array)])
    return gathering.cells().get(name, [])


def _ordered(keys: Mapping[str, list[Cells]], known: set[str]) -> dict[str, list[Cells]]:
    """The columns in the order of their first values, those of one row in that of the file."""
    first = {name: -1 if name in known else min(0 if cells.rows is None else int(cells.rows[0]) for cells in kinds) for name, kinds in keys.items()}
    known |= keys.keys()
    return {name: keys[name] for name in sorted(keys, key=first.__getitem__)}
