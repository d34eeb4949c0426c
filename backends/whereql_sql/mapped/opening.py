"""How a table of somebody's becomes an open collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whereql.errors import BackendError
from whereql.source import quote
from whereql.suggest import did_you_mean
from whereql_sql.engine import Database
from whereql_sql.mapped.backend import MappedBackend
from whereql_sql.mapped.presets import map_preset
from whereql_sql.mapped.roles import map_table

OPTIONS = ("table", "schema", "id", "document", "uri", "embedding", "metadata", "keys", "order", "writable")


def open_mapped(database: Database, collection: str | None, options: Mapping[str, Any]) -> MappedBackend:
    """The collection that a table is, or a preset.

    options: `table`, `schema` and the columns, or `preset` and its own. Raises BackendError: WQ712 for an option that is none,
    WQ713 for `writable`, WQ718 for a table, column or collection that is not there, WQ720 for a table that can't be mapped.
    """
    if options.get("writable"):
        raise BackendError("WQ713", "a table that is not whereql's own is read only", hint="leave writable out, and write to the table by its own program")
    is_preset = "preset" in options
    if not is_preset:
        for name in options:
            if name not in OPTIONS:
                hint = did_you_mean(name, OPTIONS) or f"known are {', '.join(OPTIONS)}"
                raise BackendError("WQ712", f"there is no option {quote(name)} for a table", hint=hint)
        if collection is not None:
            raise BackendError("WQ712", "a table is one collection without a name", hint="leave the collection's name out")
    with database.reading() as connection:
        if is_preset:
            return MappedBackend(database, map_preset(connection, database.abilities, collection, options))
        return MappedBackend(database, map_table(connection, database.abilities, options))
