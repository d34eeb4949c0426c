"""JSON Lines and JSON files."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from whereql.errors import BackendError
from whereql.files.content import BOM, decode, opened, read_text
from whereql.files.rows import Reading, Row, no_column, to_records
from whereql.json_text import JsonError, parse_json, place_words
from whereql.records import Record
from whereql.source import quote
from whereql.values import describe_type

_COLUMNS = {"ids": "id", "documents": "document", "embeddings": "embedding", "metadatas": "metadata", "uris": "uri"}
_BESIDE = {"include", "included", "data"}  # the rest of a response: servers write the first, Chroma's Python client the others
_FORMS = 'a .json file holds [object, …], {"records": [object, …]} or {"ids": […], "documents": […], …}'


def jsonl_records(reading: Reading) -> Iterator[Record]:
    """The records of a file with one JSON object per line, read as they are asked for."""
    with closing(_lines(reading)) as rows:
        yield from to_records(rows, reading)


def _lines(reading: Reading) -> Generator[tuple[int, Row], None, None]:
    offset = 0
    with opened(reading) as stream:
        for number, data in enumerate(stream, 1):
            line = data.removeprefix(BOM) if number == 1 else data
            if line.strip():
                yield number, _line(decode(line, reading, offset + len(data) - len(line), number), number, reading)
            offset += len(data)


def _line(text: str, number: int, reading: Reading) -> Row:
    try:
        row = parse_json(text)
    except JsonError as error:
        where = "" if error.position is None else f" {place_words(text, error.position)[1]}"
        hint = error.hint
        if number == 1 and text.rstrip() in ("{", "["):
            hint = "each line holds a whole object; a file with one JSON value over many lines is format='json'"
        raise reading.malformed(number, f"{error.message}{where}", hint) from None
    if not isinstance(row, dict):
        hint = "a file with one JSON list is format='json'" if isinstance(row, list) else 'write {"id": "a", …} on each line'
        raise reading.malformed(number, f"a line holds an object, got {describe_type(row)}", hint)
    return row


def json_records(reading: Reading) -> Iterator[Record]:
    """The records of a file with one JSON value: a list, an object with `records`, or a saved response."""
    text = read_text(reading)
    try:
        value = parse_json(text)
    except JsonError as error:
        raise _not_json(error, text, reading) from None
    listed = replace(reading, unit="records")
    if isinstance(value, dict) and "records" not in value and "ids" in value:
        return to_records(_response_rows(value, listed), listed, nested=True)
    records = value.get("records") if isinstance(value, dict) else value
    if not isinstance(records, list):
        what = f"'records' is a list, got {describe_type(records)}" if isinstance(value, dict) and "records" in value else f"no records in {describe_type(value)}"
        raise BackendError("WQ706", what, path=reading.name, hint=_FORMS)
    return to_records(_objects(records, listed), listed)


def _not_json(error: JsonError, text: str, reading: Reading) -> BackendError:
    if error.position is None:
        return BackendError("WQ706", error.message, path=reading.name, hint=error.hint)
    line, column = place_words(text, error.position)
    return reading.malformed(line, f"{error.message} {column}", error.hint)


def _objects(records: list[Any], reading: Reading) -> Iterator[tuple[int, Row]]:
    for number, row in enumerate(records):
        if not isinstance(row, dict):
            raise reading.malformed(number, f"a record is an object, got {describe_type(row)}", 'write {"id": "a", …}')
        yield number, row


def _response_rows(response: Row, reading: Reading) -> Iterator[tuple[int, Row]]:
    """The rows of a saved response, whose columns are null or as long as `ids`."""
    for name in reading.own.renamed():
        raise no_column(name, _COLUMNS, reading)
    unknown = next((key for key, column in response.items() if key not in {*_COLUMNS, *_BESIDE} or (key == "data" and column is not None)), None)
    if unknown is not None:
        raise BackendError("WQ706", f"{quote(unknown)} is no part of a get response", path=reading.name, hint=_FORMS)
    columns = {name: response[column] for column, name in _COLUMNS.items() if response.get(column) is not None or column == "ids"}
    for key, name in _COLUMNS.items():
        _check_column(key, columns.get(name, columns["id"]), columns["id"], reading)
    for number, values in enumerate(zip(*columns.values(), strict=True)):
        yield number, dict(zip(columns, values, strict=True))


def _check_column(key: str, column: object, ids: object, reading: Reading) -> None:
    if not isinstance(column, list):
        raise BackendError("WQ706", f"'{key}' is a list, got {describe_type(column)}", path=reading.name, hint=_FORMS)
    if isinstance(ids, list) and len(column) != len(ids):
        raise BackendError(
            "WQ706",
            f"'{key}' has {len(column):,} entries for {len(ids):,} ids",
            path=reading.name,
            hint="give each id an entry, null where it has none",
        )
