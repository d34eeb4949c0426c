"""Which sections a table is made of: what the writer and the reader of a segment share, and the writer.

A section is called `<segment>/<column>/<part>`; the column is `ids`, `documents`, `uris`, `vectors`, or `<number of key>.<kind>`.
Readers ignore sections that they don't know, so that an index is further sections beside those of its column.
"""

from __future__ import annotations

import json
from typing import Any

from whereql.records import SPARSE
from whereql_memory.blob import PAD
from whereql_memory.columns import Arrays, Column, Plain, Raw, Sparse, Strings
from whereql_memory.snapshot.writer import Writer
from whereql_memory.table import Table
from whereql_memory.texts import Texts

ROWS = ("<i8",)
OFFSETS = ("<i8",)
CODES = ("|u1", "<u2", "<u4")
HASHES = ("<u4",)
NUMBERS = {"int": ("|i1", "<i2", "<i4", "<i8"), "float": ("<f8",), "bool": ("|b1",)}
_SCALARS = (*NUMBERS, "string")
# Each kind, and the section with one entry per value (0), or one more (1).
COUNTED: dict[str, tuple[str, int]] = {
    **dict.fromkeys(NUMBERS, ("data", 0)),
    "string": ("codes", 0),
    **{f"{kind}[]": ("starts", 1) for kind in _SCALARS},
    SPARSE: ("offsets", 1),
}


def write_table(writer: Writer, number: int, table: Table) -> dict[str, Any]:
    """Append a table as the segment `number`. Returns what the directory says of it: `records` and `keys`."""
    write_texts(writer, f"{number}/ids", table.ids.texts)
    for part, array in table.ids.index._asdict().items():
        writer.add(f"{number}/ids/index.{part}", array)
    own: dict[str, Column] = {"documents": table.documents, "uris": table.uris, "vectors": table.vectors}
    for name, column in own.items():
        if len(column):
            _write_column(writer, f"{number}/{name}", column)
    for key, columns in enumerate(table.keys.values()):
        for kind, column in columns.items():
            _write_column(writer, f"{number}/{key}.{kind}", column)
    keys = [[name, list(info.kinds), list(info.examples)] for name, info in table.schema.keys.items()]
    return {"records": len(table), "keys": keys}


def _write_column(writer: Writer, name: str, column: Column) -> None:
    if column.rows is not None:
        writer.add(f"{name}/rows", column.rows)
    if isinstance(column, Arrays):
        writer.add(f"{name}/starts", column.offsets)
        _write_values(writer, name, column.elements)
    else:
        _write_values(writer, name, column)


def _write_values(writer: Writer, name: str, column: Column) -> None:
    match column:
        case Raw():
            write_texts(writer, name, column.texts)
        case Strings():
            writer.add(f"{name}/codes", column.codes)
            write_texts(writer, name, column.texts)
        case Sparse():
            write_texts(writer, name, Texts.of(json.dumps(value, separators=(",", ":")) for value in column.data))
        case Plain():
            writer.add(f"{name}/data", column.data)


def write_texts(writer: Writer, name: str, texts: Texts, mark: str = "/") -> None:
    """Append texts as `<name>/offsets` and `<name>/blob`; mark: what stands in the place of the slash."""
    first, last = int(texts.offsets[0]), int(texts.offsets[-1])
    writer.add(f"{name}{mark}offsets", texts.offsets - first)
    blob = memoryview(texts.blob)
    writer.add_bytes(f"{name}{mark}blob", blob[first:] if last + len(PAD) == len(blob) else b"".join([blob[first:last], PAD]))
