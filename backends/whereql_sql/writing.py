"""Writing a collection: what is asked for becomes rows, in one transaction, while no other program writes the collection.

Records keep their numbers for ever, so that an upsert stays at its place; numbers are never given again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from whereql.ast import Const
from whereql.backend import Change, Query
from whereql.errors import BackendError
from whereql.records import Record, check_dimensions
from whereql_sql.bulk import delete_numbers, delete_rows, insert_rows
from whereql_sql.capability import Abilities
from whereql_sql.catalog import Catalog, add_slots, write_catalog
from whereql_sql.lists import chunks
from whereql_sql.rows import (
    columns_of,
    metadata_of,
    metadata_text,
    number_row,
    record_of,
    string_row,
    values_of,
    vector_cell,
)
from whereql_sql.selection import Selection, Way
from whereql_sql.tables import Tables

_ALL = ("documents", "uris", "metadatas", "embeddings")


@dataclass(frozen=True, slots=True)
class Writer:
    """A collection within a transaction that holds its lock. is_columnar: whether rows are found by reading a column, not an index."""

    connection: Connection
    tables: Tables
    catalog: Catalog
    abilities: Abilities
    is_columnar: bool

    def add(self, records: Sequence[Record]) -> int:
        """Append the records whose id is new, the first of each id; how many those were."""
        self._check(records)
        fresh: dict[str, Record] = {}
        for record in records:
            fresh.setdefault(record.id, record)
        for id, _ in self._known(list(fresh)):
            del fresh[id]
        self._append(list(fresh.values()))
        return len(fresh)

    def upsert(self, changes: Sequence[Change]) -> int:
        """Write each change in its turn; how many there were."""
        self._check([change.record for change in changes])
        ids = list(dict.fromkeys(change.record.id for change in changes))
        numbers = dict(self._known(ids))
        old = {record.id: record for record in self._stored(list(numbers))}
        changed: dict[str, Record] = {}
        for change in changes:
            id = change.record.id
            changed[id] = change.apply(changed.get(id) or old.get(id))
        kept = [(numbers[id], record) for id, record in changed.items() if id in numbers]
        self._delete_values([(numbers[id], old[id]) for id in numbers])
        delete_numbers(self.connection, self.tables.contents, numbers.values(), self.abilities)
        self._insert_contents(kept)
        self._append([record for id, record in changed.items() if id not in numbers])
        return len(changes)

    def delete(self, query: Query, selection: Selection) -> int:
        """Delete the records of a query; how many there were."""
        records, contents = self.tables.records.c, self.tables.contents.c
        if query.where == Const(True) and query.ids is None:
            return self._delete_all()
        found = [(seq, metadata) for part in parted(query, self.abilities) for seq, metadata in self.connection.execute(selection.page(part, [records.seq, contents.metadata]))]
        old = [(seq, Record("", metadata=metadata_of(metadata))) for seq, metadata in found]
        self._delete_values(old)
        for table in (self.tables.contents, self.tables.records):
            delete_numbers(self.connection, table, [seq for seq, _ in found], self.abilities)
        return len(found)

    def _delete_all(self) -> int:
        tables, catalog = self.tables, self.catalog
        slots = list(catalog.slots.values())
        if slots:
            for table in (tables.strings, tables.numbers):
                self.connection.execute(sa.delete(table).where(table.c.slot >= min(slots), table.c.slot <= max(slots)))
        own = tables.contents.c.seq
        self.connection.execute(sa.delete(tables.contents).where(own >= catalog.first, own < catalog.end))
        seq = tables.records.c.seq
        return self.connection.execute(sa.delete(tables.records).where(seq >= catalog.first, seq < catalog.end)).rowcount

    def _known(self, ids: Sequence[str]) -> Iterable[tuple[str, int]]:
        """The ids of these that the collection has, with the numbers of their records."""
        records = self.tables.records.c
        selection = Selection(self.tables, self.catalog, self.abilities, Way.SETS)
        for some in chunks(ids, self.abilities):
            if some:
                yield from self.connection.execute(sa.select(records.id, records.seq).where(selection.of_ids(some))).tuples()

    def _stored(self, ids: Sequence[str]) -> list[Record]:
        selection = Selection(self.tables, self.catalog, self.abilities, Way.SETS)
        columns = columns_of(self.tables, _ALL)
        return [record_of(row, self.tables) for some in chunks(ids, self.abilities) if some for row in self.connection.execute(selection.records(Query(ids=tuple(some)), columns))]

    def _check(self, records: Sequence[Record]) -> None:
        """Raise BackendError for what the collection can't hold: WQ704 or WQ719."""
        if not self.abilities.nul:
            for number, record in enumerate(records):
                _refuse_nul(record, number)
        dimension = self.catalog.dimension
        differs = any(record.embedding is not None and len(record.embedding) != dimension for record in records)
        self.catalog.dimension = check_dimensions(records, None if differs and dimension is not None and self._has_no_embeddings() else dimension)
        if self.tables.has_vectors and (self.catalog.dimension or 0) > _VECTOR_MAX:
            raise BackendError("WQ719", f"pgvector holds embeddings of at most {_VECTOR_MAX:,} numbers", path="embeddings", hint="use a smaller model")

    def _has_no_embeddings(self) -> bool:
        """Whether all records with embeddings are gone, so that others of any dimension may come."""
        contents = self.tables.contents.c
        found = sa.select(contents.seq).where(contents.seq >= self.catalog.first, contents.seq < self.catalog.end, contents.embedding.is_not(None)).limit(1)
        return not self.connection.execute(found).all()

    def _append(self, records: Sequence[Record]) -> None:
        first = self.catalog.first + self.catalog.records
        self.catalog.records += len(records)
        numbered = list(enumerate(records, first))
        insert_rows(self.connection, self.tables.records, [(seq, self.catalog.number, record.id) for seq, record in numbered])
        self._insert_contents(numbered)
        write_catalog(self.connection, self.tables, self.catalog)

    def _insert_contents(self, records: Sequence[tuple[int, Record]]) -> None:
        has_vectors = self.tables.has_vectors
        rows = [(seq, record.document, record.uri, metadata_text(record.metadata), vector_cell(record.embedding, has_vectors)) for seq, record in records]
        insert_rows(self.connection, self.tables.contents, rows)
        strings, numbers = self._values(records)
        insert_rows(self.connection, self.tables.strings, strings)
        insert_rows(self.connection, self.tables.numbers, numbers)

    def _values(self, records: Sequence[tuple[int, Record]]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """The rows of the values of records, in the order of the index: strings, and numbers."""
        values = [(slot, value, seq) for seq, record in records if record.metadata for slot, value in values_of(record.metadata)]
        slots = self.catalog.slots
        add_slots(self.connection, self.tables, self.catalog, [slot for slot in dict.fromkeys(slot for slot, _, _ in values) if slot not in slots])
        strings = [string_row(slots[slot], seq, value) for slot, value, seq in values if isinstance(value, str)]
        numbers = [number_row(slots[slot], seq, value) for slot, value, seq in values if not isinstance(value, str)]
        strings.sort()
        numbers.sort()
        return strings, numbers

    def _delete_values(self, records: Sequence[tuple[int, Record]]) -> None:
        if self.is_columnar:
            for table in (self.tables.strings, self.tables.numbers):
                delete_numbers(self.connection, table, [seq for seq, _ in records], self.abilities)
            return
        strings, numbers = self._values(records)
        delete_rows(self.connection, self.tables.strings, sorted({row[:3] for row in strings}))
        delete_rows(self.connection, self.tables.numbers, sorted({row[:3] for row in numbers}))


_VECTOR_MAX = 16_000


def parted(query: Query, abilities: Abilities) -> list[Query]:
    """The query, or several with fewer ids each where that many can't be asked for at once; then limit and offset are left out."""
    if query.ids is None:
        return [query]
    found = chunks(tuple(dict.fromkeys(query.ids)), abilities)
    return [query] if len(found) <= 1 else [Query(query.where, tuple(some), include=query.include) for some in found]


def _refuse_nul(record: Record, number: int) -> None:
    for name, text in {"id": record.id, "document": record.document, "uri": record.uri}.items():
        if text is not None and "\0" in text:
            raise _nul(f"[{number}].{name}")
    for key, value in (record.metadata or {}).items():
        texts = (value,) if isinstance(value, str) else value if isinstance(value, list) else ()
        if "\0" in key or any(isinstance(item, str) and "\0" in item for item in texts):
            raise _nul(f"[{number}].metadata.{key}")


def _nul(path: str) -> BackendError:
    return BackendError("WQ719", "this database can't store NUL (U+0000) in a text", path=path.replace("\0", "\\0"), hint="remove the character, or keep the records in SQLite or DuckDB")
