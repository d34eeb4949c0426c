"""Chroma's own file, `chroma.sqlite3`, read without Chroma: ids, documents, uris and metadata.

Its metadata lies in rows, one for each key of a record, with a column for each kind; arrays in a table of the same form, one
row for each element. Embeddings are in files of another format, so records have none here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import ColumnElement

from whereql.errors import BackendError
from whereql.records import Metadata
from whereql_sql.capability import Abilities, Condition, collated
from whereql_sql.lists import INT, TEXT, is_in
from whereql_sql.mapped.choice import chosen
from whereql_sql.mapped.columns import Cell
from whereql_sql.mapped.decoding import array_value, finite
from whereql_sql.mapped.mapping import Keys, TableMapping
from whereql_sql.mapped.places import Line, Lines, Place, TypedElements

_VALUES = ("string_value", "int_value", "float_value", "bool_value")
_OWN = "chroma:"  # the start of the keys that are Chroma's own

_collections = sa.table("collections", sa.column("id"), sa.column("name"), sa.column("database_id"))
_databases = sa.table("databases", sa.column("id"), sa.column("name"), sa.column("tenant_id"))
_segments = sa.table("segments", sa.column("id"), sa.column("scope"), sa.column("collection"))
_records = sa.table("embeddings", sa.column("id"), sa.column("segment_id"), sa.column("embedding_id"))
_queue = sa.table("embeddings_queue", sa.column("seq_id"), sa.column("topic"))
_done = sa.table("max_seq_id", sa.column("segment_id"), sa.column("seq_id"))


def _values(name: str) -> sa.TableClause:
    return sa.table(name, sa.column("id"), sa.column("key"), *[sa.column(value) for value in _VALUES])


_scalars, _arrays = _values("embedding_metadata"), _values("embedding_metadata_array")


def map_chroma(connection: Connection, abilities: Abilities, collection: str | None, options: Mapping[str, Any]) -> TableMapping:
    """The mapping of a collection. Raises BackendError: WQ718 if there is none of this name, WQ720 if the file is no Chroma's."""
    _check_file(connection)
    tenant, database = options.get("tenant", "default_tenant"), options.get("database", "default_database")
    found = connection.execute(
        sa.select(_collections.c.name, _collections.c.id)
        .join_from(_collections, _databases, _collections.c.database_id == _databases.c.id)
        .where(_databases.c.name == sa.bindparam(None, database, TEXT), _databases.c.tenant_id == sa.bindparam(None, tenant, TEXT))
    ).all()
    name = chosen(collection, [row.name for row in found], "collections")
    collection_id = next(row.id for row in found if row.name == name)
    segment = connection.execute(sa.select(_segments.c.id).where(_segments.c.collection == collection_id, _segments.c.scope == "METADATA")).scalar_one()
    values = _Values(abilities)
    id = sa.type_coerce(_records.c.embedding_id, sa.Text())
    return TableMapping(
        shown=name,
        source=_records,
        id=Cell(id, lambda value: value, Lines(sa.true(), strings=Line(collated(id, abilities.collation))), required=True),
        document=values.own("document"),
        uri=values.own("uri"),
        keys=Keys(_records.c.id, lambda stored: None, values.place, values.look_up),
        order=(_records.c.id,),
        only=(_records.c.segment_id == sa.bindparam(None, segment, TEXT),),
        check=lambda connection: _check_queue(connection, segment, collection_id),
    )


def _check_file(connection: Connection) -> None:
    needed = {table.name for table in (_collections, _databases, _segments, _records, _scalars, _arrays, _queue, _done)}
    if connection.dialect.name != "sqlite" or not needed <= set(sa.inspect(connection).get_table_names()):
        raise BackendError("WQ720", "this is no file of Chroma 1.5", path="preset", hint="open its chroma.sqlite3: sqlite:////path/to/chroma.sqlite3")


def _check_queue(connection: Connection, segment: str, collection: str) -> None:
    """Chroma writes to a queue first, and then to its tables; after a crash between the two, the queue is ahead."""
    done = sa.select(sa.func.coalesce(sa.func.max(_done.c.seq_id), 0)).where(_done.c.segment_id == segment).scalar_subquery()
    is_own = sa.func.substr(_queue.c.topic, -len(collection)) == collection
    waiting = connection.execute(sa.select(sa.func.count()).select_from(_queue).where(is_own, _queue.c.seq_id > done)).scalar_one()
    if waiting:
        raise BackendError("WQ715", f"{waiting:,} writes wait in Chroma's queue and are not in its tables yet", hint="let Chroma open the collection once: it then catches up")


class _Values:
    """The values in Chroma's tables."""

    def __init__(self, abilities: Abilities) -> None:
        self._abilities = abilities

    def own(self, name: str) -> Cell:
        """The cell of the document or the uri, which lie among the metadata."""
        key = _OWN + name
        read: ColumnElement[Any] = sa.select(_scalars.c.string_value).where(_is_of(_scalars, key)).correlate(_records).scalar_subquery()
        place = Lines(_some(_scalars, key, _scalars.c.string_value.is_not(None)), strings=self._lines(_scalars).strings, scope=lambda test: _some(_scalars, key, test))
        return Cell(read, lambda value: value, place)

    def place(self, key: str) -> Place:
        """The place of a key; Chroma's own are none."""
        if key.startswith(_OWN):
            return Lines(sa.false())
        lines = self._lines(_scalars)
        elements = TypedElements(self._lines(_arrays), lambda test: _some(_arrays, key, test))
        exists = sa.or_(*[_some(table, key, sa.or_(*[table.c[value].is_not(None) for value in _VALUES])) for table in (_scalars, _arrays)])
        return Lines(exists, lines.strings, lines.ints, lines.doubles, lines.bools, elements=elements, scope=lambda test: _some(_scalars, key, test))

    def _lines(self, table: sa.TableClause) -> Lines:
        texts = collated(sa.type_coerce(table.c.string_value, sa.Text()), self._abilities.collation)
        return Lines(
            sa.true(),
            Line(texts),
            Line(sa.type_coerce(table.c.int_value, sa.BigInteger())),
            Line(sa.type_coerce(table.c.float_value, sa.Double())),
            Line(sa.type_coerce(table.c.bool_value, sa.Boolean())),
        )

    def look_up(self, connection: Connection, numbers: Sequence[Any]) -> list[Metadata]:
        """The metadata of the records with these numbers."""
        found: dict[int, Metadata] = {number: {} for number in numbers}
        for row in connection.execute(self._rows(_scalars, numbers)):
            value = _value(row)
            if value is not None:
                found[row.id][row.key] = value
        lists: dict[tuple[int, str], list[Any]] = defaultdict(list)
        for row in connection.execute(self._rows(_arrays, numbers)):
            lists[row.id, row.key].append(_value(row))
        for (number, key), values in lists.items():
            if (array := array_value(values)) is not None:
                found[number][key] = array
        return [found[number] for number in numbers]

    def _rows(self, table: sa.TableClause, numbers: Sequence[Any]) -> sa.Select[Any]:
        is_wanted = is_in(table.c.id, list(numbers), INT, self._abilities)
        own: Condition = sa.func.substr(table.c.key, 1, len(_OWN)) == _OWN
        return sa.select(table).where(is_wanted, sa.not_(own)).order_by(sa.literal_column("rowid"))


def _is_of(table: sa.TableClause, key: str) -> Condition:
    return sa.and_(table.c.id == _records.c.id, table.c.key == sa.bindparam(None, key, TEXT))


def _some(table: sa.TableClause, key: str, test: Condition) -> Condition:
    return sa.exists(sa.select(1).select_from(table).where(_is_of(table, key), test).correlate(_records))


def _value(row: Any) -> Any:
    """The value in the one column that is not NULL."""
    if row.bool_value is not None:
        return bool(row.bool_value)
    if row.float_value is not None:
        return finite(row.float_value)
    return row.int_value if row.int_value is not None else row.string_value
