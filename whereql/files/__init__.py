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
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from whereql.errors import BackendError, WhereqlError
from whereql.files.csv_file import check_kinds, csv_records
from whereql.files.json_files import json_records, jsonl_records
from whereql.files.parquet_file import parquet_records
from whereql.files.rows import Own, Reading
from whereql.source import quote, visible

if TYPE_CHECKING:
    from whereql.batches import Batch
    from whereql.records import Record

__all__ = ["ENDINGS", "OPTIONS", "iter_batches", "iter_records", "read_records", "watched"]

_READERS: dict[str, Callable[[Reading], Iterator[Record]]] = {
    "jsonl": jsonl_records,
    "ndjson": jsonl_records,
    "json": json_records,
    "csv": csv_records,
    "parquet": parquet_records,
}
_BATCH = 4096
Progress = Callable[[int, int], None]  # how much was read, and how much there is
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
    known = _format(os.fsdecode(path), format)
    reading = _reading(os.fsdecode(path), known, Own(id, document, uri, embedding), kinds, progress)
    try:
        yield from _READERS[known](reading)
    except WhereqlError as error:
        error.path = _short(visible(error.path or reading.name))  # a key of the file may hold anything, and be of any length
        raise


def iter_batches(path: str | os.PathLike[str], *, progress: Progress | None = None, **options: Any) -> Iterator[Batch]:
    """The records of a file as batches, each of embeddings of one dimension, at the speed of columns for JSON Lines and Parquet.

    progress: called now and then with how much was read, and how much there is (bytes or rows; of other formats, that all of it was
    read); options: those of `iter_records`. The records, and the errors, are those of `iter_records`: where anything is unusual, that
    takes over.
    """
    from whereql.batches import batched  # numpy is most of the start of a program that may never need it
    from whereql.cells import UnusualError
    from whereql.strings import Distinct

    given, file, count, told = dict(options), os.fsdecode(path), 0, progress or _watcher.get()
    known = _format(file, given.pop("format", None))
    if known in ("jsonl", "ndjson", "parquet") and _is_regular(file):
        reading = _reading(file, known, Own(**{name: given[name] for name in given if name != "kinds"}), given.get("kinds"), None)
        ids = Distinct()
        try:
            for batch in _fast(known)(reading, told):
                ids.add(batch.ids)
                count += len(batch)
                yield batch
            if ids.is_distinct:
                return
        except (UnusualError, WhereqlError):
            pass
    records = iter_records(path, **options)
    next(islice(records, count, count), None)  # what was read already; if anything is wrong with it, this says so
    while some := list(islice(records, _BATCH)):
        yield from batched(some)
    told(1, 1)


def _reading(file: str, format: str, own: Own, kinds: Mapping[str, str] | None, progress: Callable[[int], None] | None) -> Reading:
    name = visible(file)
    own.check(name)
    check_kinds(kinds, name, is_csv=format == "csv", own=own)
    return Reading(file, name, own, dict(kinds or {}), progress)


def _fast(format: str) -> Callable[[Reading, Progress], Iterator[Batch]]:
    """The reader of batches for a format."""
    if format == "parquet":
        from whereql.files.parquet_batches import parquet_batches  # see iter_batches

        return parquet_batches
    from whereql.files.json_batches import jsonl_batches

    return jsonl_batches


def _untold(done: int, total: int) -> None:
    """Nobody asked for the progress."""


_watcher: ContextVar[Progress] = ContextVar("whereql_files_watcher", default=_untold)


@contextmanager
def watched(progress: Progress) -> Iterator[None]:
    """In a `with` block of this thread or task, what is told of a file that is read, whoever opens it: see `iter_batches`."""
    token = _watcher.set(progress)
    try:
        yield
    finally:
        _watcher.reset(token)


def _is_regular(file: str) -> bool:
    """Whether a file can be read twice: a pipe can't."""
    try:
        return Path(file).is_file()
    except OSError:
        return False


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
