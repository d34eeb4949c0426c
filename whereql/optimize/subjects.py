"""Which subject a part of a filter speaks of, if it is one, in words that value sets understand."""

from __future__ import annotations

from whereql.ast import And, Expr, Not, Op, Or, Predicate, Subject
from whereql.operators import TEXT
from whereql.optimize.domain import MAX_ELEMENTS
from whereql.optimize.tree import CONNECTIVES


class Subjects:
    """The subjects of the parts of one filter, each looked up once."""

    def __init__(self) -> None:
        self._all: dict[int, tuple[Expr, frozenset[Subject]]] = {}
        self._known: dict[int, tuple[Expr, Subject | None]] = {}  # the expression is kept, or its id could come again

    def one(self, expr: Expr) -> Subject | None:
        """The subject that all predicates of an expression share, where a value set can say each of them."""
        match expr:
            case Predicate():
                return expr.subject if is_sayable(expr) else None
            case Not(Predicate() as predicate):
                return predicate.subject if is_sayable(predicate) else None
            case And() | Or():
                if id(expr) not in self._known:
                    self._known[id(expr)] = expr, self._shared(expr)
                return self._known[id(expr)][1]
        return None

    def all(self, expr: Expr) -> frozenset[Subject]:
        """The subjects of the predicates of an expression."""
        if isinstance(expr, CONNECTIVES):
            if id(expr) not in self._all:
                self._all[id(expr)] = expr, frozenset().union(*map(self.all, expr.args))
            return self._all[id(expr)][1]
        leaf = expr.arg if isinstance(expr, Not) else expr
        return frozenset((leaf.subject,)) if isinstance(leaf, Predicate) else frozenset()

    def _shared(self, expr: And | Or) -> Subject | None:
        first = self.one(expr.args[0])
        return first if first is not None and all(self.one(arg) == first for arg in expr.args[1:]) else None


def is_sayable(predicate: Predicate) -> bool:
    """Whether a value set can say what a predicate says."""
    if predicate.op is Op.HAS:
        return isinstance(predicate.operand, tuple) and len(predicate.operand) <= MAX_ELEMENTS
    return predicate.op not in TEXT or predicate.op is Op.STARTS
