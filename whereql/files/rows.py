"""From the rows of a file, of any format, to records: the own columns, the two forms, the ids, and the place of a mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from whereql.errors import BackendError, WhereqlError
from whereql.records import Record, make_record
from whereql.source import quote
from whereql.suggest import did_you_mean

Row = dict[str, Any]
METADATA = "metadata"
_STEP = 1_000  # records between two calls of `progress`
_SHOWN_KEYS = 5


@dataclass(frozen=True, slots=True)
class Own:
    """The names of the columns that are the record's own: its id, document, uri and embedding."""

    id: str = "id"
    document: str = "document"
    uri: str = "uri"
    embedding: str = "embedding"

    def names(self) -> tuple[str, ...]:
        """The four names, in the order of the fields."""
        return self.id, self.document, self.uri, self.embedding

    def renamed(self) -> set[str]:
        """The names that the caller chose: those must be in the file."""
        return {name for part, name in zip(fields(self), self.names(), strict=True) if name != part.default}

    def check(self, file: str) -> None:
        """Raise BackendError where one column would have to be two things, or a name is no string."""
        names = self.names()
        if not all(isinstance(name, str) for name in names):
            raise BackendError("WQ710", "the name of a column is a string", path=file, hint="write id='sku'")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise BackendError(
                "WQ710", f"one column, {quote(twice)}, can't be two parts of the record", path=file, hint="name each part's own column"
            )


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader is asked: the file to open, its name for messages, and how to read it."""

    file: str
    name: str
    own: Own
    kinds: dict[str, str]
    progress: Callable[[int], None] | None
    unit: str = ""

    def place(self, number: int) -> str:
        """Where a row is, as in `papers.jsonl:7` or `papers.json:records[3]`."""
        return f"{self.name}:{self.unit}[{number}]" if self.unit else f"{self.name}:{number}"

    def words(self, number: int) -> str:
        """Where a row is within the file, as in `line 7` or `records[3]`."""
        return f"{self.unit}[{number}]" if self.unit else f"line {number}"

    def malformed(self, number: int, message: str, hint: str) -> BackendError:
        """The error for a row that is none."""
        return BackendError("WQ706", message, path=self.place(number), hint=hint)


def to_records(rows: Iterable[tuple[int, Row]], reading: Reading, nested: bool | None = None) -> Iterator[Record]:
    """Records from numbered rows, which it takes apart. nested: the form, or None to let the first telling row decide."""
    own, progress = reading.own, reading.progress
    taken: dict[str, int] = {}
    unseen = own.renamed() - {own.id}  # each row needs its id, so that one is missed anyway
    keys: dict[str, None] = {}
    for number, row in rows:
        if nested is None:
            nested = form(row, own)
        if unseen:
            unseen -= row.keys()
            keys.update(dict.fromkeys(row))
        record = to_record(number, row, reading, nested)
        if taken.setdefault(record.id, number) != number:
            raise _duplicate(record.id, taken[record.id], number, reading)
        yield record
        if progress is not None and not len(taken) % _STEP:
            progress(len(taken))
    if unseen and taken:
        raise no_column(min(unseen), keys, reading)
    if progress is not None:
        progress(len(taken))


def form(row: Row, own: Own) -> bool | None:
    """Whether a row is nested (True) or flat (False), or None where it would be the same record in either form."""
    others = [key for key, value in row.items() if value is not None and key not in own.names()]
    if not others:
        return None
    return METADATA in others and isinstance(row[METADATA], dict)


def to_record(number: int, row: Row, reading: Reading, nested: bool | None) -> Record:
    """The record of one row, which it takes apart; nested: the form, None where it would be the same record in either. Raises WhereqlError."""
    own = reading.own
    id = row.get(own.id)
    if id is None:
        raise _no_id(number, row, reading)
    del row[own.id]
    if type(id) is int:
        id = str(id)
    document, uri, embedding = row.pop(own.document, None), row.pop(own.uri, None), row.pop(own.embedding, None)
    metadata = row
    if nested:
        metadata = row.pop(METADATA, None)
        if row:
            raise _beside(number, next(iter(row)), reading)
    try:
        return make_record(id, document=document, uri=uri, embedding=embedding, metadata=metadata)
    except WhereqlError as error:
        if nested is False and isinstance(row.get(METADATA), dict):
            raise _mixed(number, reading) from None
        error.path = f"{reading.place(number)}.{_own_path(error.path or '', own, nested)}"
        raise


def _own_path(path: str, own: Own, nested: bool | None) -> str:
    """The path of a value in the file, from its path in the record: the caller may have named the columns otherwise."""
    if path in (parts := {part.name: getattr(own, part.name) for part in fields(own)}):
        return str(parts[path])
    return path if nested else path.removeprefix(f"{METADATA}.")


def _no_id(number: int, row: Row, reading: Reading) -> BackendError:
    id, place = reading.own.id, reading.place(number)
    if id in row:
        return BackendError("WQ709", f"the record has no value for {quote(id)}", path=place, hint="give each record an id")
    keys = ", ".join(quote(key) for key in list(row)[:_SHOWN_KEYS])
    hint = f"pass id='…' with the column that names each record; here are {keys}" if keys else "give each record an id"
    return BackendError("WQ709", f"the record has no {quote(id)}", path=place, hint=hint)


def _beside(number: int, key: str, reading: Reading) -> BackendError:
    return reading.malformed(
        number,
        f"{quote(key)} stands beside 'metadata', where only {', '.join(reading.own.names())} do",
        did_you_mean(key, [*reading.own.names(), METADATA]) or "move it into metadata",
    )


def _mixed(number: int, reading: Reading) -> BackendError:
    return reading.malformed(
        number,
        "here 'metadata' is an object, but the records before have their metadata beside the id",
        "write all records of a file in one of the two forms",
    )


def _duplicate(id: str, first: int, number: int, reading: Reading) -> BackendError:
    return BackendError(
        "WQ708",
        f"the id {quote(id)} is that of {reading.words(first)}, too",
        path=reading.place(number),
        hint="an id names one record: drop one of the two, or pass id='…' with a column that is unique",
    )


def no_column(name: str, known: Iterable[str], reading: Reading) -> BackendError:
    """The error for a column that the caller named and the file doesn't have."""
    known = list(known)
    shown = ", ".join(quote(key) for key in known[:_SHOWN_KEYS])
    more = ", …" if len(known) > _SHOWN_KEYS else ""
    return BackendError(
        "WQ710", f"the file has no column {quote(name)}", path=reading.name, hint=did_you_mean(name, known) or f"it has {shown}{more}"
    )
