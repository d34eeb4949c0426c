"""whereql's own tables, which hold any number of collections.

| table | a row is |
|---|---|
| whereql_collections | a collection: its name, the dimension of its embeddings, how many records and slots it ever had |
| whereql_slots | a slot: one metadata key with values of one kind (`kinds` below) |
| whereql_records | a record: its number, which is its place in the collection, and its id |
| whereql_contents | what a record holds: document, uri, metadata as JSON, embedding |
| whereql_strings | a string in a slot, or an element of an array: the first 200 characters, and the rest |
| whereql_numbers | a number, or a bool as 0 or 1: the nearest double, and of an int the int itself |

The metadata stand in JSON to be given back, in an order by slot and value to be found. Both numbers of a collection's
slots and records begin with the collection's own, so that a range of them is the collection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.types import UserDefinedType

from whereql_sql.engine import Database

LAYOUT = 1
HEAD = 200  # characters: an index entry of PostgreSQL has room for 2,700 bytes
RECORD_BITS, SLOT_BITS = 40, 32
_LOCK = 0x77686572  # of PostgreSQL's advisory locks, held while tables and collections are made


class Vector(UserDefinedType[Any]):
    """pgvector's type: float32, written as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Its name, without a dimension: that is the collection's."""
        return "VECTOR"


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables as one database has them; has_vectors: whether embeddings are pgvector's, and not bytes."""

    collections: sa.Table
    slots: sa.Table
    records: sa.Table
    contents: sa.Table
    strings: Any  # a table, or an alias of it
    numbers: Any
    has_vectors: bool

    @property
    def has_id_heads(self) -> bool:
        """Whether ids are found by their first characters, and not whole."""
        return any(not index.unique for index in self.records.indexes)

    @property
    def all(self) -> tuple[sa.Table, ...]:
        """Each of them."""
        return self.collections, self.slots, self.records, self.contents, self.strings, self.numbers


def define_tables(database: Database, has_vectors: bool) -> Tables:
    """The tables for a database: with its indexes, or, where columns are kept apart with the least and largest of each block, without."""
    name, metadata = database.name, sa.MetaData()
    is_columnar = name == "duckdb"
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # there only INTEGER PRIMARY KEY is the row's own number
    text = sa.Text(collation="C") if name == "postgresql" else sa.Text()
    clustered: dict[str, Any] = {"sqlite_with_rowid": False}

    def column(column_name: str, kind: Any, *, key: bool = False, default: str | None = None) -> sa.Column[Any]:
        return sa.Column(column_name, kind, primary_key=key and not is_columnar, nullable=default is None and not key, server_default=default, autoincrement=False)

    collections = sa.Table(
        "whereql_collections", metadata,
        sa.Column("id", whole, primary_key=True, autoincrement=False), sa.Column("name", text, nullable=False, unique=True), sa.Column("layout", sa.Integer, nullable=False),
        sa.Column("dimension", sa.Integer), sa.Column("records", sa.BigInteger, nullable=False), sa.Column("slots", sa.BigInteger, nullable=False),
    )  # fmt: skip
    slots = sa.Table("whereql_slots", metadata, column("id", whole, key=True), sa.Column("name", text, nullable=False), sa.Column("kind", sa.Text, nullable=False))
    records = sa.Table("whereql_records", metadata, column("seq", whole, key=True), sa.Column("collection", whole, nullable=False), sa.Column("id", text, nullable=False))
    embedding = Vector() if has_vectors else sa.LargeBinary()
    contents = sa.Table(
        "whereql_contents", metadata, column("seq", whole, key=True), sa.Column("document", text), sa.Column("uri", text), sa.Column("metadata", text), sa.Column("embedding", embedding),
    )  # fmt: skip
    keyed = name not in ("postgresql", "duckdb")  # PostgreSQL keeps rows apart from the index: a primary key would hold the rest, too
    strings = sa.Table(
        "whereql_strings", metadata,
        column("slot", whole, key=keyed), column("value", text, key=keyed), column("seq", whole, key=keyed), sa.Column("rest", text, primary_key=keyed, nullable=False), **clustered,
    )  # fmt: skip
    numbers = sa.Table(
        "whereql_numbers", metadata,
        column("slot", whole, key=keyed), column("value", sa.Double(), key=keyed), column("seq", whole, key=keyed), sa.Column("exact", sa.BigInteger, primary_key=keyed, autoincrement=False, nullable=False), **clustered,
    )  # fmt: skip
    if name == "postgresql":
        sa.Index("whereql_records_id", records.c.collection, sa.func.left(records.c.id, HEAD))
        sa.Index("whereql_strings_value", strings.c.slot, strings.c.value, strings.c.seq)
        sa.Index("whereql_numbers_value", numbers.c.slot, numbers.c.value, numbers.c.seq)
    elif not is_columnar:
        sa.Index("whereql_records_id", records.c.collection, records.c.id, unique=True)
    return Tables(collections, slots, records, contents, strings, numbers, has_vectors)


def find_tables(database: Database, connection: Connection) -> Tables | None:
    """The tables, if they are there."""
    inspector = sa.inspect(connection)
    if not inspector.has_table("whereql_collections"):
        return None
    if database.name != "postgresql":
        return define_tables(database, has_vectors=False)
    kind = sa.text("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = to_regclass('whereql_contents') AND attname = 'embedding'")
    return define_tables(database, has_vectors=connection.execute(kind).scalar() == "vector")


def create_tables(database: Database, connection: Connection) -> Tables:
    """The tables, made now if they are not there; until the end of the transaction nobody else makes them."""
    lock_creation(database, connection)
    if (tables := find_tables(database, connection)) is not None:
        return tables
    tables = define_tables(database, has_vectors=database.name == "postgresql" and _has_pgvector(connection))
    for table in tables.all:
        connection.execute(sa.schema.CreateTable(table))
        for index in table.indexes:
            connection.execute(sa.schema.CreateIndex(index))
    if database.name == "postgresql":
        # The planner takes each column for itself, and would expect a tenth of the rows that a common value of a key has.
        for table in (tables.strings, tables.numbers):
            connection.execute(sa.text(f"CREATE STATISTICS {table.name}_by_slot (mcv, dependencies) ON slot, value FROM {table.name}"))
    return tables


def lock_creation(database: Database, connection: Connection) -> None:
    """Wait for other programs that make tables or collections; elsewhere than in PostgreSQL the transaction itself sees to it."""
    if database.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _has_pgvector(connection: Connection) -> bool:
    """Whether pgvector is there, or may be brought in."""
    if connection.execute(sa.text("SELECT 1 FROM pg_extension WHERE extname = 'vector'")).scalar():
        return True
    if not connection.execute(sa.text("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")).scalar():
        return False
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION vector"))
    except sa.exc.DBAPIError:
        return False
    return True
