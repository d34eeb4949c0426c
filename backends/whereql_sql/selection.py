"""A filter as one SQL query over whereql's own tables.

Each predicate on a key is a set of record numbers, read from an index: `seq IN (SELECT seq FROM whereql_strings WHERE slot = … AND
value = …)`, and its complement is NOT of that, so that a record without the key is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import sqlalchemy as sa

from whereql.ast import And, Const, Expr, Field, Not, Op, Or, Predicate, predicates
from whereql.backend import Query
from whereql_sql.capability import Abilities, Condition
from whereql_sql.catalog import Catalog
from whereql_sql.leaves import Part, own_condition, parts
from whereql_sql.lists import INT, TEXT, is_in
from whereql_sql.tables import HEAD, Tables


class Way(Enum):
    """What a database makes most of.

    SETS: of IN and NOT IN; ANTI_JOINS: of NOT EXISTS for complements, as PostgreSQL does; SORTED_SETS: of sets that are filled in order, and
    of look-ups where few records are left, as SQLite does, which takes everything in the order in which it is said.
    """

    SETS = "sets"
    ANTI_JOINS = "anti joins"
    SORTED_SETS = "sorted sets"


@dataclass(frozen=True, slots=True)
class Selection:
    """How the filters of one collection become SQL.

    way: how the database is asked best; count: how many rows a part has, up to a bound, asked of the index, None where there is
    none; seq: the number of the record that a condition is about, within a set that goes by the rows of a part.
    """

    tables: Tables
    catalog: Catalog
    abilities: Abilities
    way: Way
    count: Callable[[Part], int] | None = None
    seq: sa.ColumnElement[int] | None = None

    def records(self, query: Query, columns: Sequence[sa.ColumnElement[Any]]) -> sa.Select[Any]:
        """The query that selects these columns of the records, in any order."""
        tests = [self.in_collection(), self.condition(query.where)]
        if query.ids is not None:
            tests.append(self.of_ids(query.ids))
        return self._from(self.tables.records, columns, _reads_contents(query.where)).where(*tests)

    def in_collection(self) -> Condition:
        """Whether a record is one of the collection: a range of the numbers."""
        seq = self.tables.records.c.seq
        return sa.and_(seq >= self.catalog.first, seq < self.catalog.end)

    def _from(self, first: sa.FromClause, columns: Sequence[sa.ColumnElement[Any]], reads_contents: bool) -> sa.Select[Any]:
        """The selection of columns from a table that has `seq`, joined with those that they are in."""
        tables, source = self.tables, sa.select(*columns)
        joined: sa.FromClause = first
        if first is not tables.records and tables.records in source.get_final_froms():
            joined = joined.join(tables.records, tables.records.c.seq == first.c.seq)
        if reads_contents or tables.contents in source.get_final_froms():
            joined = joined.join(tables.contents, tables.contents.c.seq == first.c.seq)
        return source.select_from(joined)

    def numbered(self, numbers: Sequence[int], columns: Sequence[sa.ColumnElement[Any]]) -> sa.Select[Any]:
        """The records of these numbers, in their order."""
        seq = self.tables.records.c.seq
        return self._from(self.tables.records, columns, False).where(is_in(seq, numbers, INT, self.abilities)).order_by(seq)

    def counted(self, query: Query) -> sa.Select[Any]:
        """How many records a query has. A single condition on an index needs no more than its entries."""
        count = sa.func.count()
        part = None if query.ids is not None else self.ordered(query.where) or self._single(query.where)
        return self.records(query, [count]) if part is None else sa.select(count).select_from(part.table).where(part.condition)

    def page(self, query: Query, columns: Sequence[sa.ColumnElement[Any]]) -> sa.Select[Any]:
        """… from the offset to the limit of the query."""
        part = None if query.ids is not None else self.ordered(query.where)
        if part is None:
            found = self.records(query, columns).order_by(self.tables.records.c.seq)
        else:
            found = self._from(part.table, columns, False).where(part.condition).order_by(part.table.c.seq)
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
        if self.tables.has_id_heads:
            heads = list(dict.fromkeys(id[:HEAD] for id in known))
            tests.insert(1, is_in(sa.func.left(records.id, HEAD), heads, TEXT, self.abilities))
        return sa.and_(*tests)

    def condition(self, expr: Expr) -> Condition:
        """A filter as a condition on the record's row, never NULL."""
        match expr:
            case Const(value):
                return sa.true() if value else sa.false()
            case And(args):
                return self._branch(args) if self.count is not None else self._all(args)
            case Or(args):
                return sa.or_(*[self._branch(arg.args) if isinstance(arg, And) else self.condition(arg) for arg in args])
            case Not(Predicate(Field()) as predicate):
                return sa.and_(sa.true(), *[self._holds(part, negated=True) for part in self._parts(predicate)])
            case Not(Predicate() as predicate):
                return sa.not_(self.condition(predicate))
            case Predicate(Field()):
                return sa.or_(sa.false(), *map(self._holds, self._parts(expr)))
            case Predicate():
                return own_condition(expr, self.catalog, self.tables, self.abilities)
        raise TypeError(f"not in negation normal form: {expr!r}")

    def _all(self, args: Sequence[Expr]) -> Condition:
        """All of some filters."""
        joined, others = self._joined(args)
        return sa.and_(*map(self._holds, joined.values()), *map(self.condition, others))

    def _joined(self, args: Sequence[Expr]) -> tuple[dict[int, Part], list[Expr]]:
        """The filters on the one value that a record has in a slot, by slot, and the others. Those of a slot are one part: a range is one search."""
        joined: dict[int, Part] = {}
        others: list[Expr] = []
        for arg in args:
            part = self._single(arg)
            if part is None:
                others.append(arg)
            elif (known := joined.get(part.slot)) is None:
                joined[part.slot] = part
            else:
                joined[part.slot] = Part(part.table, part.slot, sa.and_(known.values, part.values), known.is_one_value or part.is_one_value)
        return joined, others

    def ordered(self, expr: Expr) -> Part | None:
        """The rows of a filter on one value of one slot, if it is that: each stands for a record, in the order of these."""
        found = self._parts(expr)
        return found[0] if len(found) == 1 and found[0].is_one_value else None

    def _single(self, expr: Expr) -> Part | None:
        """The rows of a filter on the one value that each record has in a slot, if it is that."""
        found = self._parts(expr)
        return found[0] if len(found) == 1 and isinstance(expr, Predicate) and expr.op not in (Op.HAS, Op.EXISTS) else None

    def _parts(self, expr: Expr) -> list[Part]:
        is_of_key = isinstance(expr, Predicate) and isinstance(expr.subject, Field)
        return parts(expr, self.catalog, self.tables, self.abilities) if is_of_key else []  # type: ignore[arg-type]  # a predicate, as just seen

    def _branch(self, args: Sequence[Expr]) -> Condition:
        """All of some filters, as one set: of the rows of the part with the fewest, those that pass the others."""
        joined, others = self._joined(args)
        of_keys = [arg for arg in others if not _reads_contents(arg)]
        if not joined or len(joined) + len(of_keys) < 2:
            return self._all(args)
        count = self.count
        first = next(iter(joined)) if count is None else min(joined, key=lambda slot: count(joined[slot]))
        aliased = replace(self.tables, strings=self.tables.strings.alias(), numbers=self.tables.numbers.alias())
        driver = replace(self, tables=aliased)._joined(args)[0][first]
        inner = replace(self, seq=driver.table.c.seq)
        rest = [*[inner._holds(part) for slot, part in joined.items() if slot != first], *map(inner.condition, of_keys)]
        found = self._sorted(sa.select(driver.table.c.seq).where(driver.condition, *rest), driver)
        return sa.and_(self._place.in_(found), *[self.condition(arg) for arg in others if _reads_contents(arg)])

    @property
    def _place(self) -> sa.ColumnElement[int]:
        return self.tables.records.c.seq if self.seq is None else self.seq

    def _sorted(self, found: sa.Select[Any], part: Part) -> sa.Select[Any]:
        is_unsorted = self.way is Way.SORTED_SETS and not part.is_one_value
        return found.order_by(part.table.c.seq) if is_unsorted else found

    def _holds(self, part: Part, negated: bool = False) -> Condition:
        looks_up = (self.way is Way.ANTI_JOINS and negated) or (self.way is Way.SORTED_SETS and self.seq is not None and part.is_one_value)
        if looks_up:
            row = sa.exists().where(part.table.c.seq == self._place, part.condition).correlate_except(part.table)
            return sa.not_(row) if negated else row
        found = self._sorted(sa.select(part.table.c.seq).where(part.condition), part)
        return self._place.not_in(found) if negated else self._place.in_(found)


def _reads_contents(expr: Expr) -> bool:
    return any(not isinstance(predicate.subject, Field) for predicate in predicates(expr))
