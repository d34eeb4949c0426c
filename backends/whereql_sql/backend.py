"""A collection in whereql's own tables.

>>> from whereql.records import make_record
>>> backend = SqlBackend(Database("sqlite://"))
>>> backend.add([make_record("a", metadata={"year": 2020}), make_record("b")])
2
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from whereql.ast import Predicate
from whereql.backend import Change, Query
from whereql.errors import BackendError
from whereql.records import Record, Schema
from whereql.response import GetResponse
from whereql.source import quote
from whereql.suggest import did_you_mean
from whereql.support import Shape, Support
from whereql_sql.bulk import fetch
from whereql_sql.candidates import counter, few_numbers
from whereql_sql.capability import Abilities
from whereql_sql.catalog import Catalog, create_collection, lock_catalog, read_catalog
from whereql_sql.engine import Database
from whereql_sql.failures import shown
from whereql_sql.leaves import support
from whereql_sql.overview import read_schema
from whereql_sql.rows import columns_of, response_of
from whereql_sql.selection import Selection, Way
from whereql_sql.tables import Tables, create_tables, find_tables
from whereql_sql.upkeep import MANY, keep_up
from whereql_sql.writing import Writer, parted

T = TypeVar("T")

DEFAULT = "default"
_DIVE = 100_000  # entries of an index that are counted at most, to find the part with the fewest
_WAYS = {"sqlite": Way.SORTED_SETS, "postgresql": Way.ANTI_JOINS}
_SHOWN = 5  # names in a hint
_NAME_MAX = 400  # characters: the name is looked up in an index


class SqlBackend:
    """One collection of a database, by its name. It comes into being with the first record that is added, or at once by `create`.

    To read one that is not there is an error, as its name may be misspelt; in memory, where nothing can have been, it is empty.
    Any number of threads and programs may read while one writes, and each read sees one moment.
    Raises BackendError: WQ712 for a name that is none, WQ718 for one that is not there, WQ704 and WQ719 for records that
    can't be stored, WQ715 and its like.
    """

    cheap_schema = False
    is_ordered = True

    def __init__(self, database: Database, collection: str | None = None, *, create: bool = False) -> None:
        self._database = database
        self.shape = shape_of(database.abilities)
        self._name = DEFAULT if collection is None else collection
        if not 0 < len(self._name) <= _NAME_MAX or "\0" in self._name:
            raise BackendError("WQ712", f"the name of a collection has 1 to {_NAME_MAX} characters, without NUL", hint=f"leave it out for {DEFAULT!r}")
        self._tables: Tables | None = None
        self._catalog: Catalog | None = None
        self._kept_up: int | None = None  # records that there were at the last upkeep
        if create or (database.is_shared and not database.read_only):
            self._write(lambda writer: None)

    # Reading.

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """How well the database answers a predicate, or its complement."""
        return support(predicate, negated, self._database.abilities)

    def get(self, query: Query) -> GetResponse:
        """The records of a query, with the columns of `query.include`."""
        with self._database.reading() as connection:
            selection = self._selection(connection)
            return response_of(self._rows(connection, selection, query), selection.tables, query.include)

    def count(self, query: Query) -> int:
        """How many records a query has."""
        with self._database.reading() as connection:
            selection = self._selection(connection)
            numbers = few_numbers(connection, selection, query, has_index=self._has_index)
            if numbers is not None:
                return len(numbers)
            return sum(connection.execute(selection.counted(part)).scalar_one() for part in parted(query, self._database.abilities))

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The records of a query in pages, each of at most `next(sizes)`, from the moment of the first."""
        with self._database.reading() as connection:
            selection = self._selection(connection)
            pages = self._pages(connection, selection, query, sizes)
            if not self._database.is_shared:
                yield from pages
                return
            kept = list(pages)  # the one connection that there is must not wait for whoever reads the pages
        yield from kept

    def schema(self) -> Schema:
        """The keys that the collection holds now, with kinds, counts and examples."""
        with self._database.reading() as connection:
            return read_schema(connection, self._selection(connection))

    def native(self, query: Query) -> str | None:
        """The SQL of a query, with its values in place, for people to read."""
        with self._database.reading() as connection:
            selection = self._selection(connection)
            return shown_sql(selection.page(query, columns_of(selection.tables, query.include)), self._database)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    # Writing.

    def add(self, records: Sequence[Record]) -> int:
        """Append the records whose id is new, the first of each id; how many those were."""
        return self._write(lambda writer: writer.add(records)) if records else 0

    def upsert(self, changes: Sequence[Change]) -> int:
        """Write each change in its turn, at the place of the record that has its id, or at the end; how many there were."""
        return self._write(lambda writer: writer.upsert(changes)) if changes else 0

    def delete(self, query: Query) -> int:
        """Delete the records of a query; how many there were."""
        if self._database.is_missing:
            raise self._absent()
        with self._database.writing() as connection:
            tables = find_tables(self._database, connection)
            catalog = None if tables is None else lock_catalog(connection, tables, self._name)
            if tables is None or catalog is None:
                raise self._absent()
            writer = self._writer(connection, tables, catalog)
            return writer.delete(query, self._selected(connection, tables, catalog))

    def _write(self, work: Callable[[Writer], T]) -> T:
        with self._database.writing() as connection:
            tables = find_tables(self._database, connection) or create_tables(self._database, connection)
            catalog = lock_catalog(connection, tables, self._name) or create_collection(self._database, connection, tables, self._name)
            self._kept_up = catalog.records if self._kept_up is None else self._kept_up
            result = work(self._writer(connection, tables, catalog))
        if catalog.records >= 2 * self._kept_up + MANY:
            keep_up(self._database, tables)
            self._kept_up = catalog.records
        return result

    def _writer(self, connection: Connection, tables: Tables, catalog: Catalog) -> Writer:
        return Writer(connection, tables, catalog, self._database.abilities, not self._has_index)

    @property
    def _has_index(self) -> bool:
        return self._database.name != "duckdb"

    def _selected(self, connection: Connection, tables: Tables, catalog: Catalog) -> Selection:
        way = _WAYS.get(self._database.name, Way.SETS)
        return Selection(tables, catalog, self._database.abilities, way, counter(connection, _DIVE) if way is Way.SORTED_SETS else None)

    def _selection(self, connection: Connection) -> Selection:
        """How filters become SQL at the moment of this transaction. Raises BackendError WQ718 if there is no collection."""
        tables = self._tables = self._tables or find_tables(self._database, connection)
        catalog = self._catalog = None if tables is None else read_catalog(connection, tables, self._name, self._catalog)
        if tables is None or catalog is None:
            raise self._absent([] if tables is None else connection.execute(sa.select(tables.collections.c.name)).scalars())
        return self._selected(connection, tables, catalog)

    def _absent(self, known: Iterable[str] = ()) -> BackendError:
        names = list(known)
        there = f"there is {', '.join(map(quote, names[:_SHOWN]))}{' …' * (len(names) > _SHOWN)}; " if names else ""
        hint = did_you_mean(self._name, names) or f"{there}adding records makes it, and so does create=True"
        return BackendError("WQ718", f"{shown(self._database.url)} has no collection {quote(self._name)}", hint=hint)

    def _rows(self, connection: Connection, selection: Selection, query: Query) -> Sequence[Sequence[Any]]:
        columns = columns_of(selection.tables, query.include)
        numbers = few_numbers(connection, selection, query, has_index=self._has_index)
        if numbers is not None:
            numbers = numbers[query.offset : None if query.limit is None else query.offset + query.limit]
            return fetch(connection, selection.numbered(numbers, columns))
        queries = parted(query, self._database.abilities)
        if len(queries) == 1:
            return fetch(connection, selection.page(query, columns))
        seq = selection.tables.records.c.seq
        rows = [row for part in queries for row in fetch(connection, selection.records(part, [*columns, seq]))]
        rows.sort(key=lambda row: row[-1])
        return [row[:-1] for row in rows[query.offset : None if query.limit is None else query.offset + query.limit]]

    def _pages(self, connection: Connection, selection: Selection, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        if len(parted(query, self._database.abilities)) > 1:
            rows = list(self._rows(connection, selection, query))
            while rows:
                size = next(sizes)
                yield response_of(rows[:size], selection.tables, query.include)
                rows = rows[size:]
            return
        statement = selection.page(query, columns_of(selection.tables, query.include))
        with connection.execute(statement, execution_options={"stream_results": True}) as result:
            while page := result.fetchmany(next(sizes)):
                yield response_of(page, selection.tables, query.include)


def shape_of(abilities: Abilities) -> Shape:
    """Which filters a database takes as a whole: SQLite's parser has room for about thirty levels of brackets."""
    bound = None if abilities.arrays is not None else abilities.variables // 2
    return Shape(depth=12, width=400, predicates=400, items=bound, literals=bound)


def shown_sql(statement: sa.Select[Any], database: Database) -> str:
    """A statement in the database's SQL, with its values behind it, cut where they are long."""
    compiled = statement.compile(dialect=database.engine.dialect, compile_kwargs={"render_postcompile": True})
    names = compiled.positiontup if compiled.positiontup is not None else list(compiled.params)
    lines = [line.rstrip() for line in str(compiled).splitlines()]
    return "\n".join([*lines, f"-- {', '.join(_short(compiled.params[name]) for name in names)}"])


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
