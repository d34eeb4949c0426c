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

from whereql.ast import And, Expr, Not
from whereql.optimize.negation import push_negation
from whereql.optimize.search import Search, make_witness
from whereql.records import Record
from whereql.semantics import holds

BUDGET = 1 << 20


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
    found = _find(expr, budget)
    if isinstance(found, Record):
        return Answer("yes", "this record matches", found)
    return Answer("unknown", found) if found else Answer("no", "no record can match")


def implies(first: Expr, second: Expr, *, budget: int = BUDGET) -> Answer:
    """Whether every record that the first filter matches is matched by the second; no comes with one that is not.

    This is how to ask whether a user's filter stays within a tenant's. budget: cells to look at. Raises CheckError for unbound
    parameters.
    """
    found = _find(And([first, Not(second)]), budget)
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
    found = _find(And([first, second]), budget)
    if isinstance(found, Record):
        return Answer("no", "this record matches both filters", found)
    return Answer("unknown", found) if found else Answer("yes", "no record matches both filters")


def _find(expr: Expr, budget: int) -> Record | str | None:
    """A record that matches, None where there is none, or why neither was found."""
    found = Search(push_negation(expr), budget).run()
    if not isinstance(found, dict):
        return found
    witness = make_witness(found)
    if not holds(expr, witness):
        raise AssertionError(f"the witness {witness} does not match")  # a bug: better no answer than a wrong one
    return witness
