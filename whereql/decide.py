"""What can be known of filters without any records: can one match at all, does one stay within the other, are they the same?

>>> print(implies(whereql.parse("tenant = 'a' AND year > 2020 OR public"), whereql.parse("tenant = 'a'")).witness.metadata)
{'public': True}
>>> satisfiable(whereql.parse("year > 2020 AND year < 2021 AND NOT year IN (2020.5)")).witness.metadata
{'year': 2020.0000000000002}
>>> equivalent(whereql.parse("NOT k > 5"), whereql.parse("k <= 5")).witness.metadata is None  # a record without the key
True

A yes or a no is never wrong. There is an answer for every filter of comparisons, IN, HAS and EXISTS over as many keys as it may
have cells for in all (see `optimize.cells`): their product stays within the budget. Text operators are decided by automata,
which have a budget of their own. Where it ends, or the cells are too many, the answer is unknown, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NoReturn

from whereql.ast import And, Expr
from whereql.errors import CheckError
from whereql.limits import MAX_DEPTH, use_limits
from whereql.optimize.negation import negate, push_negation
from whereql.optimize.pipeline import normalize
from whereql.optimize.search import Search, make_witness
from whereql.records import Record
from whereql.semantics import holds
from whereql.values import describe_type

BUDGET = 1 << 20
_LARGE = 500  # predicates from which on it pays to make the filter shorter first
_MANY = 1 << 30  # predicates: no limit


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found.

    verdict: yes, no, or unknown; reason: why it is unknown, or what the witness shows; witness: a record that shows a yes of
    `satisfiable`, or a no of the others, checked against the semantics.
    """

    verdict: Literal["yes", "no", "unknown"]
    reason: str
    witness: Record | None = None

    @property
    def is_yes(self) -> bool:
        """Whether the answer is a yes: neither a no nor unknown."""
        return self.verdict == "yes"

    @property
    def is_no(self) -> bool:
        """Whether the answer is a no: neither a yes nor unknown."""
        return self.verdict == "no"

    def __bool__(self) -> NoReturn:
        # Of three answers two would have to be taken for false, and which two depends on what is at stake.
        raise TypeError("an answer is yes, no or unknown; ask for .is_yes or .is_no")


def satisfiable(expr: Expr, *, budget: int = BUDGET) -> Answer:
    """Whether some record matches; yes comes with one. budget: cells to look at. Raises CheckError for unbound parameters."""
    found = _find([(expr, True)], budget)
    if isinstance(found, Record):
        return Answer("yes", "this record matches", found)
    return Answer("unknown", found) if found else Answer("no", "no record can match")


def implies(first: Expr, second: Expr, *, budget: int = BUDGET) -> Answer:
    """Whether every record that the first filter matches is matched by the second; no comes with one that is not.

    This is how to ask whether a user's filter stays within a tenant's. budget: cells to look at. Raises CheckError for unbound
    parameters.
    """
    found = _find([(first, True), (second, False)], budget)
    if isinstance(found, Record):
        return Answer("no", "this record matches the first filter and not the second", found)
    return Answer("unknown", found) if found else Answer("yes", "no record matches the first filter and not the second")


def equivalent(first: Expr, second: Expr, *, budget: int = BUDGET) -> Answer:
    """Whether two filters match the same records; no comes with one that only one of them matches. Arguments as in `implies`."""
    there, back = implies(first, second, budget=budget), None
    if there.verdict != "no":
        back = implies(second, first, budget=budget)
        if back.verdict == "no":
            return Answer("no", "this record matches the second filter and not the first", back.witness)
    if back is None or there.verdict == "unknown":
        return there
    return back if back.verdict == "unknown" else Answer("yes", "no record matches only one of the filters")


def disjoint(first: Expr, second: Expr, *, budget: int = BUDGET) -> Answer:
    """Whether no record matches both filters; no comes with one that does. Arguments as in `implies`."""
    found = _find([(first, True), (second, True)], budget)
    if isinstance(found, Record):
        return Answer("no", "this record matches both filters", found)
    return Answer("unknown", found) if found else Answer("yes", "no record matches both filters")


def _find(wanted: list[tuple[Expr, bool]], budget: int) -> Record | str | None:
    """A record for which each filter is what is wanted of it, None where there is none, or why neither was found."""
    for expr, _ in wanted:
        if not isinstance(expr, Expr):
            raise CheckError("WQ313", f"a filter is an Expr here, got {describe_type(expr)}", hint="parse a text first: whereql.parse(…)")
    with use_limits(depth=MAX_DEPTH, predicates=_MANY):  # two filters within the limits may be beyond them together
        goal = And([push_negation(expr) if holding else negate(expr) for expr, holding in wanted])
        found = Search(goal if goal.size < _LARGE else normalize(goal), budget).run()
    if not isinstance(found, dict):
        return found
    witness = make_witness(found)
    if any(holds(expr, witness) is not holding for expr, holding in wanted):
        raise AssertionError(f"the witness {witness} does not fit")  # a bug: better no answer than a wrong one
    return witness
