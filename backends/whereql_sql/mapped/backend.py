"""Somebody's own table as a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from whereql.ast import And, Const, Expr, Id, Literal, Not, Op, Or, Predicate
from whereql.backend import Query
from whereql.kinds import Kind
from whereql.records import KeyInfo, Record, Schema, add_example
from whereql.response import GetResponse
from whereql.support import Shape, Support
from whereql_sql.capability import Condition
from whereql_sql.engine import Database
from whereql_sql.mapped import sqlite_json
from whereql_sql.mapped.decoding import kind_of
from whereql_sql.mapped.mapping import TableMapping

_PAGE = 1000
_WIDEST = 100


class MappedBackend:
    """A table or view as a collection that is read.

    Raises BackendError WQ715 to WQ718 for what the database has.
    """

    cheap_schema = False

    def __init__(self, database: Database, mapping: TableMapping) -> None:
        self._database = database
        self._mapping = mapping
        self.is_ordered = bool(mapping.order)
        abilities = database.abilities
        # A list that can't be bound as one value takes its variables from the whole statement.
        self.shape = Shape(depth=12, width=400, predicates=max(50, abilities.variables // 10), items=None if abilities.arrays else abilities.variables // 4)

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """As the type of the column and the database have it."""
        place = self._mapping.place(predicate.subject)
        return Support.EXACT if place is None else place.support(predicate, negated, self._database.abilities)

    def get(self, query: Query) -> GetResponse:
        """The records of a query, in the order of the table's key, or as the database has them."""
        return GetResponse.from_records([record for page in self._pages(query, iter(lambda: _PAGE, 0)) for record in page], query.include)

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The records of a query in pages, all from one cursor and so from one moment."""
        return (GetResponse.from_records(page, query.include) for page in self._pages(query, sizes))

    def count(self, query: Query) -> int:
        """How many records a query has."""
        if self._is_long(query):
            return sum(map(len, self._pages(Query(query.where, query.ids, query.limit, query.offset, ()), iter(lambda: _PAGE, 0))))
        found = self._limited(sa.select(sa.literal(1)).select_from(self._mapping.source).where(*self._conditions(query)), query)
        with self._reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(found.subquery())).scalar_one())

    def schema(self) -> Schema:
        """The keys with their kinds and counts, found by reading all rows; those of typed columns with the kinds of their types."""
        counts: dict[str, dict[str, int]] = {name: {} for name in self._mapping.columns}
        examples: dict[str, list[Any]] = {}
        total = 0
        for page in self._pages(Query(include=("metadatas",)), iter(lambda: _PAGE, 0)):
            total += len(page)
            for key, value in ((key, value) for record in page for key, value in (record.metadata or {}).items()):
                kinds, kind = counts.setdefault(key, {}), kind_of(value)
                kinds[kind] = kinds.get(kind, 0) + 1
                add_example(examples.setdefault(key, []), value)
        infos = {key: KeyInfo(kinds, tuple(examples.get(key, ()))) for key, kinds in counts.items()}
        for name, cell in self._mapping.columns.items():
            infos[name] = KeyInfo(infos[name].kinds, infos[name].examples, cell.declared, cell.required)
        return Schema(total, infos)

    def native(self, query: Query) -> str | None:
        """The SELECT, with the names of its parameters."""
        return str(self._statement(query, [self._mapping.id.read]).compile(self._database.engine))

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._database.reading() as connection:
            if self._database.name == "sqlite":
                sqlite_json.prepare(connection.connection.driver_connection)  # type: ignore[arg-type]  # of sqlite3
            self._mapping.check(connection)
            yield connection

    def _pages(self, query: Query, sizes: Iterator[int]) -> Iterator[list[Record]]:
        """The records of a query, page by page."""
        reading = self._mapping.reading(query.include)
        statement = self._statement(query, reading.selected())
        with self._reading() as connection, closing(connection.execution_options(stream_results=True).execute(statement)) as result:
            if self._is_long(query):
                wanted = frozenset(query.ids or ())
                stop = None if query.limit is None else query.offset + query.limit
                found = islice((row for row in result if str(self._mapping.id.decode(row[0])) in wanted), query.offset, stop)
                while rows := list(islice(found, next(sizes))):
                    yield reading.records(connection, rows)
                return
            while fetched := result.fetchmany(next(sizes)):
                yield reading.records(connection, fetched)

    def _statement(self, query: Query, columns: Sequence[Any]) -> sa.Select[Any]:
        labelled = [column.label(f"c{number}") for number, column in enumerate(columns)]
        statement = sa.select(*labelled).select_from(self._mapping.source).where(*self._conditions(query)).order_by(*self._mapping.order)
        return statement if self._is_long(query) else self._limited(statement, query)

    def _limited(self, statement: sa.Select[Any], query: Query) -> sa.Select[Any]:
        statement = statement if query.limit is None else statement.limit(query.limit)
        return statement.offset(query.offset) if query.offset else statement

    def _is_long(self, query: Query) -> bool:
        """Whether there are more ids than the database takes; then whereql picks them out of all rows."""
        abilities = self._database.abilities
        return query.ids is not None and abilities.arrays is None and len(query.ids) > abilities.variables // 2

    def _conditions(self, query: Query) -> list[Condition]:
        conditions = list(self._mapping.only)
        if query.where != Const(True):
            conditions.append(self._condition(query.where))
        if query.ids is not None and not self._is_long(query):
            ids = tuple(Literal(Kind.STRING, id) for id in dict.fromkeys(query.ids))
            conditions.append(self._condition(Predicate(Id(), Op.IN, ids)))
        return conditions

    def _condition(self, expr: Expr) -> Condition:
        match expr:
            case Const(value):
                return sa.true() if value else sa.false()
            case And(args):
                return _joined(sa.and_, [self._condition(arg) for arg in args])
            case Or(args):
                return _joined(sa.or_, [self._condition(arg) for arg in args])
            case Predicate():
                return self._leaf(expr, False)
            case Not(Predicate() as predicate):
                return self._leaf(predicate, True)
        raise TypeError(f"not in negation normal form: {expr!r}")

    def _leaf(self, predicate: Predicate, negated: bool) -> Condition:
        place = self._mapping.place(predicate.subject)
        if place is None:
            return sa.true() if negated else sa.false()
        return place.condition(predicate, negated, self._database.abilities)


def _joined(join: Callable[..., Condition], conditions: list[Condition]) -> Condition:
    """The conditions joined in groups, since SQLite nests `a OR b OR c` and takes a thousand levels."""
    while len(conditions) > _WIDEST:
        groups = [conditions[start : start + _WIDEST] for start in range(0, len(conditions), _WIDEST)]
        conditions = [sa.Grouping(join(*group)) if len(group) > 1 else group[0] for group in groups]
    return join(*conditions)
