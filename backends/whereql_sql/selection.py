"""A filter as one SQL query over whereql's own tables.

Each predicate on a key is a set of record numbers, read from an index: `seq IN (SELECT seq FROM whereql_strings WHERE slot = … AND
value = …)`, and its complement is NOT of that, so that a record without the key is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from whereql.ast import And, Const, Expr, Field, Not, Or, Predicate, predicates
from whereql.backend import Query
from whereql_sql.capability import Abilities, Condition
from whereql_sql.catalog import Catalog
from whereql_sql.leaves import Part, own_condition, parts
from whereql_sql.lists import TEXT, is_in
from whereql_sql.tables import HEAD, Tables


@dataclass(frozen=True, slots=True)
class Selection:
    """How the filters of one collection become SQL.

    is_probing: whether a predicate looks for the record in the index (EXISTS), instead of making a set of all that pass (IN).
    """

    tables: Tables
    catalog: Catalog
    abilities: Abilities
    is_probing: bool

    def records(self, query: Query, columns: Sequence[sa.ColumnElement[Any]]) -> sa.Select[Any]:
        """The query that selects these columns of the records, in their order; it joins the contents where they are needed."""
        tables = self.tables
        needs_contents = tables.contents in sa.select(*columns).get_final_froms() or _reads_contents(query.where)
        source = tables.records.join(tables.contents, tables.contents.c.seq == tables.records.c.seq) if needs_contents else tables.records
        seq = tables.records.c.seq
        found = sa.select(*columns).select_from(source).where(seq >= self.catalog.first, seq < self.catalog.end, self.condition(query.where))
        if query.ids is not None:
            found = found.where(self.of_ids(query.ids))
        return found

    def page(self, query: Query, columns: Sequence[sa.ColumnElement[Any]]) -> sa.Select[Any]:
        """… from the offset to the limit of the query."""
        found = self.records(query, columns).order_by(self.tables.records.c.seq)
        if query.limit is not None:
            found = found.limit(query.limit)
        elif query.offset:
            found = found.limit(sa.literal(2**62))  # SQLite has no OFFSET by itself
        return found.offset(query.offset) if query.offset else found

    def of_ids(self, ids: Sequence[str]) -> Condition:
        """Whether a record has one of the ids."""
        records = self.tables.records.c
        known = [id for id in dict.fromkeys(ids) if self.abilities.nul or "\0" not in id]
        tests = [records.collection == self.catalog.number, is_in(records.id, known, TEXT, self.abilities)]
        if not any(index.unique for index in self.tables.records.indexes):
            heads = list(dict.fromkeys(id[:HEAD] for id in known))
            tests.insert(1, is_in(sa.func.left(records.id, HEAD), heads, TEXT, self.abilities))
        return sa.and_(*tests)

    def condition(self, expr: Expr) -> Condition:
        """A filter as a condition on the record's row, never NULL."""
        match expr:
            case Const(value):
                return sa.true() if value else sa.false()
            case And(args):
                return sa.and_(*map(self.condition, args))
            case Or(args):
                return sa.or_(*map(self.condition, args))
            case Not(Predicate() as predicate):
                return sa.not_(self.condition(predicate))
            case Predicate(Field()):
                return sa.or_(sa.false(), *map(self._holds, parts(expr, self.catalog, self.tables, self.abilities)))
            case Predicate():
                return own_condition(expr, self.tables, self.abilities)
        raise TypeError(f"not in negation normal form: {expr!r}")

    def _holds(self, part: Part) -> Condition:
        seq = self.tables.records.c.seq
        if self.is_probing:
            return sa.exists().where(part.table.c.seq == seq, part.condition).correlate(self.tables.records)
        return seq.in_(sa.select(part.table.c.seq).where(part.condition))


def _reads_contents(expr: Expr) -> bool:
    return any(not isinstance(predicate.subject, Field) for predicate in predicates(expr))
