"""Records from files: JSON Lines, JSON, CSV and Parquet.

>>> records = read_records("examples/papers.jsonl")
>>> len(records), records[0].id
(200, 'p001')

A file is read whole or not at all: the first thing that is wrong raises an error with the file, the line and the reason.

| ending | holds |
|---|---|
| `.jsonl`, `.ndjson` | an object per line; blank lines are skipped |
| `.json` | a list of objects, `{"records": [object, …]}`, or what `get` answers: `{"ids": […], "documents": …}` |
| `.csv` | a header and rows, separated by commas |
| `.parquet` | columns; needs `pip install 'whereql[parquet]'` |

An object is a record in one of two forms, and a file keeps to one of them. The first object with a value (not null) beside
its `id`, `document`, `uri` and `embedding` decides: if its `metadata` is an object, the file is **nested**, and holds nothing
but these five; otherwise it is **flat**, and every other key is metadata.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from whereql.errors import BackendError, WhereqlError
from whereql.files.csv_file import check_kinds, csv_records
from whereql.files.json_files import json_records, jsonl_records
from whereql.files.parquet_file import parquet_records
from whereql.files.rows import Own, Reading
from whereql.source import quote, visible

if TYPE_CHECKING:
    from whereql.records import Record

__all__ = ["ENDINGS", "OPTIONS", "iter_records", "read_records"]

_READERS: dict[str, Callable[[Reading], Iterator[Record]]] = {
    "jsonl": jsonl_records,
    "ndjson": jsonl_records,
    "json": json_records,
    "csv": csv_records,
    "parquet": parquet_records,
}
ENDINGS: tuple[str, ...] = tuple(f".{name}" for name in _READERS)
_LONGEST_PATH = 300


def read_records(path: str | os.PathLike[str], **options: Any) -> list[Record]:
    """All records of a file, in its order; options: those of `iter_records`. Returns nothing when anything is wrong."""
    return list(iter_records(path, **options))


def iter_records(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    kinds: Mapping[str, str] | None = None,
    id: str = "id",
    document: str = "document",
    uri: str = "uri",
    embedding: str = "embedding",
    progress: Callable[[int], None] | None = None,
) -> Iterator[Record]:
    """The records of a file, one by one: `iter_records("shop.csv", id="sku", kinds={"zip": "string"})`.

    format: `jsonl`, `ndjson`, `json`, `csv` or `parquet`, where the ending doesn't tell. id, document, uri, embedding: the
    columns that are the record's own; an int as id becomes its text. kinds (CSV): column to `string`, `int`, `float` or
    `bool`, instead of the kind that all its cells have. progress: called with the number of records so far, now and then
    and at the end. JSON Lines and Parquet are read as the records are asked for, CSV and JSON at once.
    Raises BackendError (CheckError for half a character) where the file turns out to be wrong: it may be at its end.
    """
    file = os.fsdecode(path)
    name = visible(file)
    reader = _READERS[_format(file, format)]
    own = Own(id, document, uri, embedding)
    own.check(name)
    check_kinds(kinds, name, is_csv=reader is csv_records, own=own)
    try:
        yield from reader(Reading(file, name, own, dict(kinds or {}), progress))
    except WhereqlError as error:
        error.path = _short(visible(error.path or name))  # a key of the file may hold anything, and be of any length
        raise


OPTIONS: tuple[str, ...] = ("format", "kinds", "id", "document", "uri", "embedding")
"""What a user may say of a file: those of `iter_records`, but for `progress`."""


def _format(file: str, format: str | None) -> str:
    name = PurePath(file).suffix if format is None else format
    known = name.lower().removeprefix(".")
    if known in _READERS:
        return known
    what = f"no format is called {quote(name)}" if format is not None else f"the ending {quote(name)} says no format" if name else "no ending says the format"
    *most, last = _READERS if format is not None else ENDINGS
    choice = f"{', '.join(most)} or {last}"
    hint = f"write {choice}" if format is not None else f"name the file {choice}, or pass format='jsonl'"
    raise BackendError("WQ710", what, path=_short(visible(file)), hint=hint)


def _short(path: str) -> str:
    return path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"
