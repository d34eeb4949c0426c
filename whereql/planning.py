"""Planning a query: normalized, split into what the store answers and what whereql evaluates, and laid out in columns.

>>> from whereql.scanning import ScanBackend
>>> class Equals(ScanBackend):
...     def support(self, predicate, negated):
...         return whereql.Support.EXACT if predicate.op is whereql.Op.EQ and not negated else whereql.Support.NONE
>>> plan = make_plan(Equals(), Query(whereql.parse("lang = 'en' AND year > 2020"), limit=10, include=("documents",)))
>>> whereql.to_text(plan.pushed.where), whereql.to_text(plan.residual), plan.pushed.limit, plan.pushed.include
("lang = 'en'", 'year > 2020', None, ('documents', 'metadatas'))
"""

from __future__ import annotations

import os
from collections.abc import Hashable
from dataclasses import dataclass

from whereql.ast import Const, Document, Expr, Field, Predicate, Uri, predicates
from whereql.backend import Backend, Query
from whereql.dialects.text.printer import print_filter
from whereql.errors import BackendError, UnsupportedError
from whereql.limits import current_limits
from whereql.optimize.constants import fold_constants
from whereql.optimize.cost import order_by_cost
from whereql.optimize.ids import meets, split_ids
from whereql.optimize.negation import push_negation
from whereql.optimize.pipeline import Pass, Step, current_passes, normalize
from whereql.plugins import registry
from whereql.records import COLUMNS, Schema
from whereql.split import TRUE, split

MOST_RECORDS = 2**53  # no store holds more, and numbers up to here are the same to all of them

_COLUMN_OF: dict[type, str] = {Field: "metadatas", Document: "documents", Uri: "uris"}


@dataclass(frozen=True, slots=True)
class Parts:
    """What becomes of a filter on a store, whatever else a query says.

    ids: those that it lists, None for none; pushed: what the store is asked; residual: what is left to test, TRUE for nothing.
    """

    ids: tuple[str, ...] | None
    pushed: Expr
    residual: Expr

    @property
    def is_exact(self) -> bool:
        """Whether the store answers all of it."""
        return self.residual is TRUE or self.residual == TRUE


@dataclass(slots=True)  # not frozen, which would double what it costs
class Plan:
    """How a query is run.

    query: as it was asked, tidied; pushed: what the store is asked, with the limit, the offset and the columns of the query if there is
    no residual, and else without limit and offset, and with the columns that the residual reads; residual: what is tested
    on the records that come back, TRUE for nothing; is_exact: whether the store answers the whole query; is_empty: whether it is
    known beforehand that there are no records, so that the store need not be asked.
    """

    query: Query
    pushed: Query
    residual: Expr
    is_exact: bool
    is_empty: bool


def make_plan(backend: Backend, query: Query, *, strict: bool = False, trace: list[Step] | None = None) -> Plan:
    """The plan of a query with a closed filter.

    strict: raise UnsupportedError if the store can't answer it whole; trace: gets what each pass of the optimizer did.
    Raises BackendError WQ720 for a limit or an offset where the store has no order.
    """
    schema = backend.schema() if backend.cheap_schema else None
    return lay_out(backend, find_parts(backend, query.where, schema, trace), query, strict)


def lay_out(backend: Backend, parts: Parts, query: Query, strict: bool = False) -> Plan:
    """The plan of a query whose filter has these parts; see `make_plan`."""
    query = _tidied(query)
    if (query.limit is not None or query.offset) and not backend.is_ordered:
        raise BackendError("WQ720", "nothing says in which order the records are, so limit and offset have no meaning", hint="open the table with the columns to order by: order=")
    ids = query.ids if parts.ids is None else meets(query.ids, parts.ids)
    where, is_exact = parts.pushed, parts.is_exact
    if not is_exact:
        if strict:
            raise _refused(parts.residual)
        include = (*query.include, *(column for column in columns_of(parts.residual) if column not in query.include))
        pushed = Query(where, ids, None, 0, include)
    elif where is query.where and ids is query.ids:
        pushed = query
    else:
        pushed = Query(where, ids, query.limit, query.offset, query.include)
    is_empty = ids == () or query.limit == 0 or (type(where) is Const and not where.value)
    return Plan(query, pushed, parts.residual, is_exact, is_empty)


def _tidied(query: Query) -> Query:
    """The query as the contract has it: each id once, and limit and offset within what every store can count."""
    ids, limit, offset = query.ids, query.limit, query.offset
    if (ids is None or len(ids) < 2 or len(frozenset(ids)) == len(ids)) and (limit is None or limit < MOST_RECORDS) and offset <= MOST_RECORDS:
        return query
    ids = None if ids is None else tuple(dict.fromkeys(ids))
    limit = None if limit is None or limit >= MOST_RECORDS else limit
    return Query(query.where, ids, limit, min(offset, MOST_RECORDS), query.include)


def columns_of(expr: Expr) -> tuple[str, ...]:
    """The columns that a filter reads; an id needs none."""
    read = {_COLUMN_OF.get(type(predicate.subject)) for predicate in predicates(expr)}
    return tuple(column for column in COLUMNS if column in read)


def find_parts(backend: Backend, where: Expr, schema: Schema | None, trace: list[Step] | None = None) -> Parts:
    """The parts of the normal form, or of the filter as it was said if that leaves less to whereql.

    So it is where the store knows LIKE and not STARTS WITH, or `=` and not IN. schema: that of the backend, if it is cheap.
    """
    ids, optimized = _optimized(where, schema, trace)
    parts = split(optimized, backend.support, backend.shape)
    if not parts.is_exact:
        said = split(_plain_form(where), backend.support, backend.shape)
        if said.residual.size < parts.residual.size:
            return Parts(None, said.pushed, said.residual)
    return Parts(ids, parts.pushed, parts.residual)


def circumstances() -> tuple[Hashable, ...]:
    """What the parts of a filter depend on beside the filter and its backend."""
    plugins = registry()
    return current_limits(), current_passes(), plugins, os.environ.get("WHEREQL_CHECK") if plugins.passes else None


def _plain_form(expr: Expr) -> Expr:
    """The filter as `split` takes it: negation normal form, without constants inside."""
    return fold_constants(push_negation(expr))


def _optimized(where: Expr, schema: Schema | None, trace: list[Step] | None) -> tuple[tuple[str, ...] | None, Expr]:
    """The ids that a filter lists, and the rest of it in normal form, cheap tests first."""
    choice = current_passes()
    if not choice.enabled:
        return None, _plain_form(where)
    where = normalize(where, schema=schema, without=choice.without, passes=_plugin_passes(), trace=trace)
    listed, where = split_ids(_plain_form(where))  # already plain, unless a pass was left out
    return listed, where if schema is None else order_by_cost(where, schema)


def _refused(residual: Expr) -> UnsupportedError:
    first: Predicate | None = next(predicates(residual), None)
    shown = print_filter(residual)
    return UnsupportedError(
        "WQ503",
        f"this store can't answer {shown[:120]} exactly",
        span=None if first is None else first.span,
        hint="leave strict out: whereql then evaluates the rest itself",
    )


def _plugin_passes() -> list[Pass]:
    return [Pass(name, entry.load()) for name, entry in registry().passes.items()]
