"""What must hold after every pass; checked where `WHEREQL_CHECK=1` is set, and in the tests.

A pass keeps the meaning, adds no predicate and no literal, and brings in no subject. The meaning is compared by the same search
that decides `equivalent`; a pass that changed it is reported with a record that shows the difference.
"""

from __future__ import annotations

from whereql.ast import And, Expr, Or, predicates
from whereql.errors import PluginError
from whereql.limits import MAX_DEPTH, use_limits
from whereql.optimize.measure import measure
from whereql.optimize.negation import negate, push_negation
from whereql.optimize.search import Search, make_witness

_BUDGET = 1 << 14  # combinations of cells; a filter with more of them is looked at as far as they go
_MANY = 1 << 30  # predicates: no limit


def check_pass(name: str, before: Expr, after: Expr) -> None:
    """Raise PluginError if a pass did to a filter what a pass must not do."""
    if not {predicate.subject for predicate in predicates(after)} <= {predicate.subject for predicate in predicates(before)}:
        raise _broken(name, "asks for what the filter did not ask for")
    if measure(after) > measure(before):
        raise _broken(name, f"made the filter larger: from {measure(before)} to {measure(after)}")
    with use_limits(depth=MAX_DEPTH, predicates=_MANY):  # both together may be beyond the limits within which each is
        differs = Or([And([push_negation(before), negate(after)]), And([push_negation(after), negate(before)])])
        found = Search(differs, _BUDGET).run()
    if isinstance(found, dict):
        record = make_witness(found)
        raise _broken(name, f"changed what the filter says of a record with metadata {record.metadata}, document {record.document!r}, id {record.id!r}")


def _broken(name: str, what: str) -> PluginError:
    return PluginError("WQ604", f"the pass {name} {what}", hint=f"leave it out with without=[{name!r}], and report it to its author")
