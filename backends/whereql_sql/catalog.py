"""What a collection has: its number, and the slot of each of its keys and kinds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from whereql.errors import BackendError
from whereql.source import quote
from whereql_sql.engine import Database
from whereql_sql.tables import LAYOUT, RECORD_BITS, SLOT_BITS, Tables, lock_creation

Slot = tuple[str, str]
"""A metadata key, and the kind of its values there, in the words of a schema: `int`, `string[]`, `sparse_vector` …"""


@dataclass(slots=True)
class Catalog:
    """One collection as the database has it.

    number: the collection's; dimension: of its embeddings, None while it has had none; records: how many it ever had; slots: by key and
    kind, in the order in which they came.
    """

    number: int
    dimension: int | None
    records: int
    slots: dict[Slot, int] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The number of the collection's first record."""
        return self.number << RECORD_BITS

    @property
    def end(self) -> int:
        """The number behind that of any record it may ever have."""
        return (self.number + 1) << RECORD_BITS

    def kinds_of(self, key: str) -> list[str]:
        """The kinds of slots that a key has."""
        return [kind for kind in KINDS if (key, kind) in self.slots]


KINDS = ("string", "int", "float", "bool", "string[]", "int[]", "float[]", "bool[]", "sparse_vector")


def read_catalog(connection: Connection, tables: Tables, name: str, known: Catalog | None) -> Catalog | None:
    """The catalog of a collection at this moment, None if there is none; known: an earlier one, whose slots are not read again."""
    columns = tables.collections.c
    row = connection.execute(sa.select(columns.id, columns.layout, columns.dimension, columns.records, columns.slots).where(columns.name == name)).all()
    if not row:
        return None
    number, layout, dimension, records, slots = row[0]
    if layout != LAYOUT:
        raise BackendError("WQ716", f"the collection {quote(name)} was written by another version of whereql", hint="open it with that version, or write it anew")
    if known is not None and known.number == number and len(known.slots) == slots:
        return Catalog(number, dimension, records, known.slots)
    first = number << SLOT_BITS
    columns = tables.slots.c
    statement = sa.select(columns.name, columns.kind, columns.id).where(columns.id >= first, columns.id < first + (1 << SLOT_BITS)).order_by(columns.id)
    slots_by_key: dict[Slot, int] = {}
    for key, kind, id in cast("list[tuple[str, str, int]]", connection.execute(statement).all()):
        slots_by_key[key, kind] = id
    return Catalog(number, dimension, records, slots_by_key)


def lock_catalog(connection: Connection, tables: Tables, name: str) -> Catalog | None:
    """The catalog, for a writer: no other writes the collection until the end of the transaction."""
    columns = tables.collections.c
    connection.execute(sa.update(tables.collections).where(columns.name == name).values(records=columns.records))
    return read_catalog(connection, tables, name, None)


def create_collection(database: Database, connection: Connection, tables: Tables, name: str) -> Catalog:
    """The catalog of a new collection, or of the one that somebody else made just now; locked as by `lock_catalog`."""
    lock_creation(database, connection)
    if (found := lock_catalog(connection, tables, name)) is not None:
        return found
    number = connection.execute(sa.select(sa.func.coalesce(sa.func.max(tables.collections.c.id), -1) + 1)).scalar_one()
    connection.execute(sa.insert(tables.collections).values(id=number, name=name, layout=LAYOUT, dimension=None, records=0, slots=0))
    return Catalog(number, None, 0)


def add_slots(connection: Connection, tables: Tables, catalog: Catalog, new: Collection[Slot]) -> None:
    """Give new slots their numbers."""
    first = catalog.number << SLOT_BITS
    if new:
        numbered = {slot: first + number for number, slot in enumerate(new, len(catalog.slots))}
        catalog.slots.update(numbered)
        connection.execute(sa.insert(tables.slots), [{"id": id, "name": key, "kind": kind} for (key, kind), id in numbered.items()])


def write_catalog(connection: Connection, tables: Tables, catalog: Catalog) -> None:
    """Write what has changed about the collection."""
    values = {"dimension": catalog.dimension, "records": catalog.records, "slots": len(catalog.slots)}
    connection.execute(sa.update(tables.collections).where(tables.collections.c.id == catalog.number).values(values))
