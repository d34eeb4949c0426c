"""Queries that few records need to be looked at for: those are read and tested one by one, instead of making sets of record numbers.

A set of all records with `score < 0.5` costs as much as half of the collection, though `user = 'u7'` beside it has ten
records, or ten are asked for and every second one will do. How many records a predicate has is asked of the index, up to a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from whereql.ast import And, Const, Document, Expr, Field, Predicate, Uri, predicates
from whereql.backend import Query
from whereql.matcher import compile_matcher
from whereql_sql.bulk import fetch
from whereql_sql.leaves import Part, parts
from whereql_sql.rows import record_of
from whereql_sql.selection import Selection

FEW = 1000  # records that are sooner read and tested than the sets of other predicates are made
_PAGES = (64, 256, 1024)  # numbers of records from the start, where a limit is likely to be met soon


def few_numbers(connection: Connection, selection: Selection, query: Query, *, has_index: bool) -> list[int] | None:
    """The numbers of a query's records, in their order, without its offset and as far as its limit needs; None if that is not few records' work."""
    if isinstance(query.where, Const) or (query.ids is not None and len(query.ids) > FEW):
        return None
    if query.ids is not None:
        return list(_tested(connection, selection, query.where, selection.of_ids(query.ids)))
    if has_index and isinstance(query.where, And):
        driver = _few(connection, selection, query.where)
        if driver is not None:
            return list(_tested(connection, selection, query.where, selection.in_collection(), selection.condition(driver)))
    if query.limit is None or query.offset + query.limit > FEW or (has_index and selection.ordered(query.where) is not None):
        return None
    return _from_the_start(connection, selection, query.where, query.offset + query.limit)


def _few(connection: Connection, selection: Selection, expr: And) -> Predicate | None:
    """The first conjunct that few records pass, as the index says."""
    count = counter(connection, FEW)
    for arg in expr.args:
        if isinstance(arg, Predicate) and isinstance(arg.subject, Field):
            found = parts(arg, selection.catalog, selection.tables, selection.abilities)
            if sum(map(count, found)) < FEW:
                return arg
    return None


def counter(connection: Connection, most: int) -> Callable[[Part], int]:
    """The function that counts the rows of a part in the index, up to a bound."""

    def count(part: Part) -> int:
        some = sa.select(part.table.c.seq).where(part.condition).limit(most).subquery()
        rows: int = fetch(connection, sa.select(sa.func.count()).select_from(some))[0][0]
        return rows

    return count


def _from_the_start(connection: Connection, selection: Selection, where: Expr, wanted: int) -> list[int] | None:
    """The first records that pass, if they come soon enough."""
    seq = selection.tables.records.c.seq
    found: list[int] = []
    seen, start, end = 0, selection.catalog.first, selection.catalog.first + selection.catalog.records
    for size in _PAGES:
        found += _tested(connection, selection, where, seq >= start + seen, seq < start + seen + size)
        seen += size
        if len(found) >= wanted or start + seen >= end:
            return found[:wanted]
        if max(len(found), 1) * (sum(_PAGES) // seen) < wanted:
            return None
    return None


def _tested(connection: Connection, selection: Selection, where: Expr, *conditions: sa.ColumnElement[bool]) -> Iterator[int]:
    """The numbers of the records of some conditions that pass a filter, in their order."""
    tables = selection.tables
    seq = tables.records.c.seq
    read = {type(predicate.subject) for predicate in predicates(where)}
    contents = ((Document, tables.contents.c.document), (Uri, tables.contents.c.uri), (Field, tables.contents.c.metadata))
    columns = [seq, tables.records.c.id, *[column if subject in read else sa.null() for subject, column in contents]]
    source = tables.records.join(tables.contents, tables.contents.c.seq == seq)
    statement = sa.select(*columns).select_from(source).where(*conditions)
    rows = fetch(connection, statement.order_by(seq))
    matches = compile_matcher(where)
    return (row[0] for row in rows if matches(record_of((*row[1:], None), tables)))

