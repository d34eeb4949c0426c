"""Random records as a database can store them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whereql_sql.engine import Database

from whereql.records import Record


def storable(records: Sequence[Record], database: Database) -> list[Record]:
    """The records themselves, or with another character for each NUL; then the first of each id."""
    if database.abilities.nul:
        return list(records)
    kept: dict[str, Record] = {}
    for record in records:
        id = _plain(record.id)
        kept.setdefault(id, Record(id, _plain(record.document), _plain(record.uri), record.embedding, _plain(record.metadata)))
    return list(kept.values())


def _plain(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "∅")
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {_plain(key): _plain(item) for key, item in value.items()}
    return value
