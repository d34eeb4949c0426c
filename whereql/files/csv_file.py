"""CSV: a header, rows, and the kind of a column from all of its cells."""

from __future__ import annotations

import csv
import io
import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from whereql.errors import BackendError
from whereql.files.content import read_text
from whereql.files.rows import Own, Reading, Row, no_column, to_records
from whereql.json_text import JsonError, parse_json
from whereql.records import Record
from whereql.source import quote
from whereql.values import INT_MAX, INT_MIN

Cell = str | int | float | bool | None

_INT = re.compile(r"0|-?[1-9][0-9]{0,18}")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)")
_ANY_INT = re.compile(r"[+-]?0{0,99}[0-9]{1,19}")
_ANY_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BOOLS = {"true": True, "false": False}


def _int(cell: str, spelling: re.Pattern[str]) -> int | None:
    number = int(cell) if spelling.fullmatch(cell) else None
    return number if number is not None and INT_MIN <= number <= INT_MAX else None


def _float(cell: str, spelling: re.Pattern[str]) -> float | None:
    number = float(cell) if spelling.fullmatch(cell) else math.nan
    return number if math.isfinite(number) else None


def _bool(cell: str) -> bool | None:
    return _BOOLS.get(cell.lower())


class _Kind(NamedTuple):
    """How the cells of one kind are written; None says that a cell is none of them."""

    inferred: Callable[[str], Cell]
    declared: Callable[[str], Cell]
    article: str


def _number(cell: str) -> float | None:
    number = _int(cell, _INT)
    if number is None:
        return _float(cell, _FLOAT)
    return float(number) if float(number) == number else None


# In the order in which they are tried. A cell that would lose a digit as a number (007, +1, an integer beyond int64, or beyond 2^53 beside a float)
# makes its column a string, unless the caller declares it a number.
_KINDS = {
    "int": _Kind(lambda cell: _int(cell, _INT), lambda cell: _int(cell, _ANY_INT), "an int"),
    "float": _Kind(_number, lambda cell: _float(cell, _ANY_FLOAT), "a float"),
    "bool": _Kind(_bool, _bool, "a bool"),
    "string": _Kind(lambda cell: cell, lambda cell: cell, "a string"),
}


def check_kinds(kinds: Mapping[str, str] | None, file: str, *, is_csv: bool, own: Own) -> None:
    """Raise BackendError for declared kinds that make no sense, before a file is opened."""
    if kinds is not None and not isinstance(kinds, Mapping):
        raise BackendError("WQ710", "kinds= is a dict of columns", path=file, hint="write kinds={'zip': 'string'}")
    if kinds and not is_csv:
        raise BackendError("WQ710", "kinds= is for CSV; in the other formats values have their kinds", path=file, hint="leave it out")
    for column, kind in (kinds or {}).items():
        if kind not in tuple(_KINDS):
            raise BackendError("WQ710", f"no kind of a column is called {quote(str(kind))}", path=file, hint=f"write {', '.join(_KINDS)}")
        if column in own.names():
            raise BackendError("WQ710", f"kinds= is for metadata; {quote(column)} is read as it is written", path=file, hint="leave it out")


def csv_records(reading: Reading) -> Iterator[Record]:
    """The records of a CSV file, always in the flat form. An empty cell is a missing value, in any column."""
    header, numbers, rows = _table(reading)
    for name in reading.own.renamed() | reading.kinds.keys():
        if name not in header:
            raise no_column(name, header, reading)
    cells: Sequence[Sequence[str]] = list(zip(*rows, strict=True)) or [()] * len(header)
    columns = [_column(name, column, numbers, reading) for name, column in zip(header, cells, strict=True)]
    return to_records(_rows(header, columns, numbers), reading, nested=False)


def _rows(header: list[str], columns: Sequence[Sequence[object]], numbers: list[int]) -> Iterator[tuple[int, Row]]:
    for number, values in zip(numbers, zip(*columns, strict=True), strict=True):
        yield number, dict(zip(header, values, strict=True))


def _column(name: str, cells: Sequence[str], numbers: list[int], reading: Reading) -> Sequence[object]:
    if name == reading.own.embedding:
        return [_vector(cell, name, number, reading) if cell else None for cell, number in zip(cells, numbers, strict=True)]
    if name in reading.own.names():
        return [cell or None for cell in cells]
    declared = reading.kinds.get(name)
    if declared is not None:
        return [_declared(declared, cell, name, number, reading) if cell else None for cell, number in zip(cells, numbers, strict=True)]
    return next(column for kind in _KINDS.values() if (column := _inferred(kind.inferred, cells)) is not None)


def _inferred(read: Callable[[str], Cell], cells: Sequence[str]) -> list[Cell] | None:
    """The cells read as one kind, or None at the first that isn't of it."""
    column: list[Cell] = []
    for cell in cells:
        value = read(cell) if cell else None
        if value is None and cell:
            return None
        column.append(value)
    return column


def _declared(kind: str, cell: str, name: str, number: int, reading: Reading) -> Cell:
    value = _KINDS[kind].declared(cell)
    if value is None:
        raise BackendError(
            "WQ706",
            f"{quote(cell)} is not {_KINDS[kind].article}, as declared for the column {quote(name)}",
            path=f"{reading.place(number)}.{name}",
            hint=f"correct the cell, leave it empty, or declare kinds={{{quote(name)}: 'string'}}",
        )
    return value


def _vector(cell: str, name: str, number: int, reading: Reading) -> object:
    try:
        vector = parse_json(cell)
    except JsonError:
        vector = None
    if not isinstance(vector, list):
        raise BackendError(
            "WQ704",
            f"an embedding is a list of numbers, got {quote(cell)}",
            path=f"{reading.place(number)}.{name}",
            hint="write [0.1, 0.2, …] in one quoted cell",
        )
    return vector


_WORDS = {
    "unexpected end of data": ("a quoted cell is never closed", 'close it with ", and double a quote inside it: ""'),
    "expected after": ("a closing quote has text after it", 'double a quote inside a quoted cell: ""'),
}
_UNKNOWN = ("the row is no CSV", "quote a cell that holds a comma, a quote or a line break")
_cell_limit = threading.Lock()


def _table(reading: Reading) -> tuple[list[str], list[int], list[list[str]]]:
    """The header, and each row with the line on which it begins."""
    numbers: list[int] = []
    rows: list[list[str]] = []
    lines = csv.reader(io.StringIO(read_text(reading), newline=""), strict=True)
    with _cell_limit:  # the limit is the process's, and the usual 128 KiB is less than a long document
        before = csv.field_size_limit(2**31 - 1)
        begin = 1
        try:
            for row in lines:
                if row:
                    rows.append(row)
                    numbers.append(begin)
                begin = lines.line_num + 1
        except csv.Error as error:
            message, hint = next((words for says, words in _WORDS.items() if says in str(error)), _UNKNOWN)
            raise reading.malformed(begin, message, hint) from None
        finally:
            csv.field_size_limit(before)
    if not rows:
        raise BackendError("WQ706", "the file is empty; the first line of CSV names the columns", path=reading.name, hint="write id,title,…")
    header = rows.pop(0)
    _check_header(header, numbers.pop(0), reading)
    _check_widths(len(header), numbers, rows, reading)
    return header, numbers, rows


def _check_header(header: list[str], number: int, reading: Reading) -> None:
    separator = next((c for c in ";\t|" if len(header) == 1 and c in header[0]), None)
    if separator is not None:
        shown = "tabs" if separator == "\t" else quote(separator)
        raise reading.malformed(number, f"the columns are separated by {shown}", "save the file with commas")
    if "" in header:
        raise reading.malformed(
            number, f"column {header.index('') + 1} has no name", "name it; pandas leaves its index out with to_csv(…, index=False)"
        )
    if len(set(header)) < len(header):
        twice = next(name for i, name in enumerate(header) if name in header[:i])
        raise reading.malformed(number, f"two columns are called {quote(twice)}", "rename one")


def _check_widths(width: int, numbers: list[int], rows: list[list[str]], reading: Reading) -> None:
    for number, row in zip(numbers, rows, strict=True):
        if len(row) != width:
            hint = "quote a cell that holds a comma" if len(row) > width else "an empty cell needs its comma, too"
            raise reading.malformed(number, f"{len(row):,} cell{'s'[: len(row) > 1]} for {width:,} column{'s'[: width > 1]}", hint)
