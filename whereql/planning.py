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

from dataclasses import dataclass, replace

from whereql.ast import Document, Expr, Field, Predicate, Uri, predicates
from whereql.backend import Backend, Query
from whereql.dialects.text.printer import print_filter
from whereql.errors import BackendError, UnsupportedError
from whereql.optimize.constants import fold_constants
from whereql.optimize.cost import order_by_cost
from whereql.optimize.ids import meets, split_ids
from whereql.optimize.negation import push_negation
from whereql.optimize.pipeline import Pass, Step, current_passes, normalize
from whereql.plugins import registry
from whereql.records import COLUMNS
from whereql.split import FALSE, TRUE, Split, split

MOST_RECORDS = 2**53  # no store holds more, and numbers up to here are the same to all of them

_COLUMN_OF: dict[type, str] = {Field: "metadatas", Document: "documents", Uri: "uris"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query is run.

    query: as it was asked, tidied; pushed: what the store is asked, with the limit, the offset and the columns of the query if there is
    no residual, and else without limit and offset, and with the columns that the residual reads; residual: what is tested
    on the records that come back, TRUE for nothing.
    """

    query: Query
    pushed: Query
    residual: Expr

    @property
    def is_exact(self) -> bool:
        """Whether the store answers the whole query."""
        return self.residual == TRUE

    @property
    def is_empty(self) -> bool:
        """Whether it is known beforehand that there are no records, so that the store need not be asked."""
        return self.pushed.where == FALSE or self.pushed.ids == () or self.query.limit == 0


def make_plan(backend: Backend, query: Query, *, strict: bool = False, trace: list[Step] | None = None) -> Plan:
    """The plan of a query with a closed filter.

    strict: raise UnsupportedError if the store can't answer it whole; trace: gets what each pass of the optimizer did.
    Raises BackendError WQ720 for a limit or an offset where the store has no order.
    """
    query = _tidied(query)
    if not backend.is_ordered and (query.limit is not None or query.offset):
        raise BackendError("WQ720", "nothing says in which order the records are, so limit and offset have no meaning", hint="open the table with the columns to order by: order=")
    asked, parts = _best_split(backend, query, trace)
    if parts.is_exact:
        return Plan(query, replace(asked, where=parts.pushed), parts.residual)
    if strict:
        raise _refused(parts.residual)
    include = (*query.include, *(column for column in columns_of(parts.residual) if column not in query.include))
    return Plan(query, replace(asked, where=parts.pushed, limit=None, offset=0, include=include), parts.residual)


def _tidied(query: Query) -> Query:
    """The query as the contract has it: each id once, and limit and offset within what every store can count."""
    ids = None if query.ids is None else tuple(dict.fromkeys(query.ids))
    limit = None if query.limit is None or query.limit >= MOST_RECORDS else query.limit
    return replace(query, ids=ids, limit=limit, offset=min(query.offset, MOST_RECORDS))


def columns_of(expr: Expr) -> tuple[str, ...]:
    """The columns that a filter reads; an id needs none."""
    read = {_COLUMN_OF.get(type(predicate.subject)) for predicate in predicates(expr)}
    return tuple(column for column in COLUMNS if column in read)


def _best_split(backend: Backend, query: Query, trace: list[Step] | None) -> tuple[Query, Split]:
    """The split of the normal form, or of the filter as it was said if that leaves less to whereql.

    So it is where the store knows LIKE and not STARTS WITH, or `=` and not IN.
    """
    optimized = _optimized(backend, query, trace)
    parts = split(optimized.where, backend.support, backend.shape)
    if parts.is_exact:
        return optimized, parts
    said = split(_plain_form(query.where), backend.support, backend.shape)
    return (query, said) if said.residual.size < parts.residual.size else (optimized, parts)


def _plain_form(expr: Expr) -> Expr:
    """The filter as `split` takes it: negation normal form, without constants inside."""
    return fold_constants(push_negation(expr))


def _optimized(backend: Backend, query: Query, trace: list[Step] | None) -> Query:
    """The query with its filter in normal form, the ids that this lists looked up, and cheap tests first."""
    choice = current_passes()
    if not choice.enabled:
        return replace(query, where=_plain_form(query.where))
    schema = backend.schema() if backend.cheap_schema else None
    where = normalize(query.where, schema=schema, without=choice.without, passes=_plugin_passes(), trace=trace)
    listed, where = split_ids(_plain_form(where))  # already plain, unless a pass was left out
    return replace(query, where=where if schema is None else order_by_cost(where, schema), ids=meets(query.ids, listed))


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
