"""Reading a snapshot from end to end, to see whether anything in it is not what was written, or not what a snapshot must be."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from whereql.source import quote
from whereql_memory.ids import IdIndex
from whereql_memory.indexes import RowIndex
from whereql_memory.snapshot.distinct import Distinct
from whereql_memory.snapshot.indexes import WORDS, made_indexes
from whereql_memory.snapshot.reader import Container
from whereql_memory.snapshot.segment import StoredTable
from whereql_memory.table import Table
from whereql_memory.words import WordIndex


def verify(container: Container, tables: Sequence[StoredTable]) -> int:
    """Hold all sections against their checksums, and all columns and indexes against what they must be; how many records there are.

    Raises BackendError for the first thing that is wrong. What a query needs is checked when it needs it; this also finds what no
    query notices: an id that stands twice, and an index that leaves a record out.
    """
    for section in container.sections.values():
        section.check(0, section.entry.size)
    ids = Distinct(lambda row: id_at(tables, row))
    for number, table in enumerate(tables):
        deque(chain(table.schema.keys, *(columns.values() for columns in table.keys.values()), table.vectors.data), maxlen=0)
        for column in (table.documents, table.uris):
            deque(column.texts.encoded(), maxlen=0)
        if len(ids.fresh(table.ids.texts.tolist())) < len(table):
            raise container.damaged("an id stands twice in it")
        made = IdIndex.of(table.ids.texts.encoded(), len(table))
        if not all(map(np.array_equal, made, table.ids.index)):
            raise container.damaged(f"the index of the ids of segment {number} leads elsewhere")
        _compare_indexes(container, table)
    return len(ids)


def _compare_indexes(container: Container, table: StoredTable) -> None:
    """Make each index of the values and of the words anew."""
    segment = made_indexes(table.without_indexes())
    for (name, kind), stored in table.indexes.items():
        made: list[Any]
        if kind == WORDS:
            made = [WordIndex.of(table.documents.texts)]
        else:
            made = [access.index.get() for column, access in segment.accesses(name) if access is not None and column.kind == kind]
        if [_arrays(index) for index in made] != [_arrays(stored)]:
            raise container.damaged(f"an index of {quote(name)} leads elsewhere")


def _arrays(index: Any) -> list[bytes]:
    match index:
        case WordIndex():
            return [bytes(index.words.blob), index.starts.tobytes(), index.entries.tobytes()]
        case RowIndex():
            return [index.order.tobytes(), index.starts.tobytes(), b"" if index.keys is None else index.keys.tobytes()]
    return []


def id_at(tables: Sequence[Table], row: int) -> str:
    """The id of a row of several tables, one behind the other."""
    for table in tables:
        if row < len(table):
            return table.ids.at(np.array([row]))[0]
        row -= len(table)
    raise IndexError(row)
