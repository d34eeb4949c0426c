"""The schema of a collection in whereql's own tables."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from whereql.backend import Query
from whereql.records import Record, Schema
from whereql.scanning import schema_of
from whereql_sql.rows import columns_of, metadata_of
from whereql_sql.selection import Selection


def read_schema(connection: Connection, selection: Selection) -> Schema:
    """Every key with its kinds, counted."""
    columns = [*columns_of(selection.tables, ()), selection.tables.contents.c.metadata]
    rows = connection.execute(selection.page(Query(), columns))
    return schema_of(Record(id, metadata=metadata_of(text)) for id, text in rows)
