"""A mapping: which SQL the parts of a record come from, and what each row is as a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import ColumnElement

from whereql.ast import Document, Field, Id, Subject, Uri
from whereql.records import Record
from whereql_sql.capability import Condition
from whereql_sql.mapped.columns import Cell
from whereql_sql.mapped.decoding import json_keys
from whereql_sql.mapped.places import Place

Sql = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Keys:
    """Metadata keys whose names are data.

    read: what is selected for them; decode: makes data of it, of which the keys are those of an object; place: of one key;
    look_up: reads them, in place of `decode`, for many rows at once, from what was selected of each.
    """

    read: Sql
    decode: Callable[[Any], Any]
    place: Callable[[str], Place]
    look_up: Callable[[Connection, Sequence[Any]], list[dict[str, Any]]] | None = None


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How the rows of a table are records.

    shown: the table's name for messages; source: what is selected from; id, document, uri, embedding: the record's own fields;
    columns: keys that are columns; keys: those that are data, of which a column of the same name hides one; order: by what rows
    are ordered, empty where nothing says so; only: the rows that count; check: raises BackendError if they can't be read just now.
    """

    shown: str
    source: sa.FromClause
    id: Cell
    document: Cell | None = None
    uri: Cell | None = None
    embedding: Cell | None = None
    columns: Mapping[str, Cell] = field(default_factory=dict)
    keys: Keys | None = None
    order: tuple[Sql, ...] = ()
    only: tuple[Condition, ...] = ()
    check: Callable[[Connection], None] = lambda connection: None

    def place(self, subject: Subject) -> Place | None:
        """The place of a subject, or None if it never has a value."""
        match subject:
            case Field(name):
                cell = self.columns.get(name)
                return cell.place if cell is not None else self.keys.place(name) if self.keys is not None else None
            case Id():
                return self.id.place
            case Document():
                return None if self.document is None else self.document.place
            case Uri():
                return None if self.uri is None else self.uri.place

    def reading(self, include: Sequence[str]) -> Reading:
        """How the columns of `include` are read."""
        own: dict[str, Cell | None] = {"id": self.id}
        has_metadata = "metadatas" in include
        if "documents" in include:
            own["document"] = self.document
        if "uris" in include or has_metadata:  # a record with a uri alone has empty metadata, not none
            own["uri"] = self.uri
        if "embeddings" in include:
            own["embedding"] = self.embedding
        return Reading(
            {name: cell for name, cell in own.items() if cell is not None},
            self.columns if has_metadata else {},
            self.keys if has_metadata else None,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What is selected of each row, in this order: the own fields, the columns, what the keys come from."""

    own: Mapping[str, Cell]
    columns: Mapping[str, Cell]
    keys: Keys | None

    def selected(self) -> list[Sql]:
        """The SQL to select."""
        read = [cell.read for cell in (*self.own.values(), *self.columns.values())]
        return read if self.keys is None else [*read, self.keys.read]

    def records(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Record]:
        """The records of some rows."""
        size = len(self.own)
        own = [(name, cell.decode) for name, cell in self.own.items()]
        columns = [(place, name, cell.decode) for place, (name, cell) in enumerate(self.columns.items(), size)]
        names = self.columns.keys()
        further = self._further(connection, [row[-1] for row in rows]) if self.keys is not None else [{}] * len(rows)
        records = []
        for row, keys in zip(rows, further, strict=True):
            fields = {name: decode(value) for (name, decode), value in zip(own, row, strict=False)}
            metadata = {name: value for name, value in keys.items() if name not in names}
            for place, name, decode in columns:
                value = decode(row[place])
                if value is not None:
                    metadata[name] = value
            records.append(Record(**fields, metadata=metadata or None))
        return records

    def _further(self, connection: Connection, stored: Sequence[Any]) -> list[dict[str, Any]]:
        assert self.keys is not None
        if self.keys.look_up is not None:
            return self.keys.look_up(connection, stored)
        return [json_keys(self.keys.decode(each)) for each in stored]
