"""The schema of a collection in whereql's own tables: its slots, counted in the index, with examples from a few records."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from whereql.backend import Query
from whereql.records import KeyInfo, Schema, add_example
from whereql_sql.bulk import fetch
from whereql_sql.rows import metadata_of
from whereql_sql.selection import Selection

_SAMPLE = 100  # records from the start, whose values are the examples


def read_schema(connection: Connection, selection: Selection) -> Schema:
    """Every key that some record has now, with its kinds and their counts, in the order in which they first came."""
    slots, counts, first = selection.catalog.slots, dict[int, int](), set[int]()
    for is_array in (False, True):
        wanted = [slot for (_, kind), slot in slots.items() if kind.endswith("[]") is is_array]
        for slot, count, seq in _counted(connection, selection, wanted, is_array):
            counts[slot] = count
            first.add(seq)
    examples: dict[str, list[Any]] = {}
    for metadata in _sample(connection, selection, sorted(first)):
        for key, value in (metadata_of(metadata) or {}).items():
            add_example(examples.setdefault(key, []), value)
    kinds: dict[str, dict[str, int]] = {}
    for (key, kind), slot in slots.items():
        if slot in counts:
            kinds.setdefault(key, {})[kind] = counts[slot]
    total = fetch(connection, selection.counted(Query()))[0][0]
    return Schema(total, {key: KeyInfo(found, tuple(examples.get(key, ()))) for key, found in kinds.items()})


def _counted(connection: Connection, selection: Selection, slots: list[int], is_array: bool) -> list[Any]:
    """Each of the slots with values: its number, how many records have one there, and the first of them."""
    rows: list[Any] = []
    for table in (selection.tables.strings, selection.tables.numbers):
        columns = table.c
        records = sa.func.count(columns.seq.distinct()) if is_array else sa.func.count()
        if slots:
            # A range, not a list: hardly any slot between those of the collection is not wanted.
            found = sa.select(columns.slot, records, sa.func.min(columns.seq)).where(columns.slot >= min(slots), columns.slot <= max(slots)).group_by(columns.slot)
            rows += fetch(connection, found)
    wanted = set(slots)
    return [row for row in rows if row[0] in wanted]


def _sample(connection: Connection, selection: Selection, numbers: list[int]) -> list[str | None]:
    """The metadata of the first records, and of these beside them."""
    metadata = selection.tables.contents.c.metadata
    rows = fetch(connection, selection.page(Query(limit=_SAMPLE), [metadata]))
    return [text for (text,) in [*rows, *fetch(connection, selection.numbered(numbers, [metadata]))]]
