"""Tables of programs that many have: which columns their records are made of.

LangChain's PGVector keeps all collections in one table, LlamaIndex's PGVectorStore has a table for each, Chroma's file is in
`chroma_file`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from whereql.errors import BackendError
from whereql.source import quote
from whereql.suggest import did_you_mean
from whereql_sql.capability import Abilities, Condition
from whereql_sql.mapped.choice import chosen
from whereql_sql.mapped.chroma_file import map_chroma
from whereql_sql.mapped.mapping import TableMapping
from whereql_sql.mapped.reflection import read_table, table_names
from whereql_sql.mapped.roles import map_table

_Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Preset:
    """The tables of a program.

    options: those beside `preset` that it takes; map: makes the mapping, for a collection's name or None.
    """

    options: tuple[str, ...]
    map: Callable[[Connection, Abilities, str | None, _Options], TableMapping]


def map_preset(connection: Connection, abilities: Abilities, collection: str | None, options: _Options) -> TableMapping:
    """The mapping of a preset. Raises BackendError: WQ712 for an unknown preset or option, WQ718 for a collection that isn't there,
    WQ720 if several are and none is named.
    """
    name = options["preset"]
    preset = PRESETS.get(name) if isinstance(name, str) else None
    if preset is None:
        hint = did_you_mean(str(name), PRESETS) or f"known are {', '.join(PRESETS)}"
        raise BackendError("WQ712", f"there is no preset {quote(str(name))}", path="preset", hint=hint)
    for option in options:
        if option != "preset" and option not in preset.options:
            known = ", ".join(preset.options)
            raise BackendError("WQ712", f"there is no option {quote(option)} for the preset {quote(name)}", hint=f"known are {known}; with table= there are more")
    return preset.map(connection, abilities, collection, options)


def _langchain(connection: Connection, abilities: Abilities, collection: str | None, options: _Options) -> TableMapping:
    schema = options.get("schema")
    collections = read_table(connection, "langchain_pg_collection", schema).table
    name = chosen(collection, connection.execute(sa.select(collections.c.name)).scalars(), "collections")
    columns = {"table": "langchain_pg_embedding", "document": "document", "embedding": "embedding", "metadata": "cmetadata"}
    own: Condition = sa.column("collection_id").in_(sa.select(collections.c.uuid).where(collections.c.name == sa.bindparam(None, name, sa.Text())))
    return map_table(connection, abilities, {**options, **columns}, hidden=("collection_id",), only=own)


def _llamaindex(connection: Connection, abilities: Abilities, collection: str | None, options: _Options) -> TableMapping:
    prefix, schema = "data_", options.get("schema")
    names = (name.removeprefix(prefix) for name in table_names(connection, schema) if name.startswith(prefix))
    name = chosen(None if collection is None else collection.lower(), names, "indexes")
    columns = {"table": prefix + name, "id": "node_id", "document": "text", "embedding": "embedding", "metadata": "metadata_"}
    return map_table(connection, abilities, {"order": "id", **options, **columns}, hidden=("id",))


PRESETS: dict[str, Preset] = {
    "langchain": Preset(("schema", "order"), _langchain),
    "llamaindex": Preset(("schema", "order"), _llamaindex),
    "chroma": Preset(("tenant", "database"), map_chroma),
}
