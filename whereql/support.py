"""How well a store can answer a filter by itself: predicate by predicate, and as a whole.

EXACT returns just the matching records, INEXACT a superset of them, NONE nothing useful. whereql evaluates the rest.

>>> table = Capabilities(Capability([Op.EQ, Op.IN], [Field], [Kind.STRING, Kind.INT], negated=Support.NONE))
>>> equal = whereql.parse("lang = 'en'")
>>> table.support(equal, False), table.support(equal, True)
(<Support.EXACT: 'exact'>, <Support.NONE: 'none'>)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product

from whereql.ast import Document, Field, Id, Literal, Predicate, Subject, Uri
from whereql.kinds import Kind
from whereql.operators import OPERATORS, Op, Operand


class Support(Enum):
    """A backend's answer for one predicate, plain or negated."""

    EXACT = "exact"
    INEXACT = "inexact"
    NONE = "none"


SUBJECTS: tuple[type[Subject], ...] = (Field, Document, Id, Uri)


@dataclass(frozen=True, slots=True)
class Capability:
    """One row of a table of capabilities: how well a store answers some operators on some subjects.

    kinds: of the literals of the operand; EXISTS, which has none, needs no kind. plain, negated: how well the store answers the
    predicate, and its complement; INEXACT is a superset of either.
    """

    operators: Sequence[Op]
    subjects: Sequence[type[Subject]] = SUBJECTS
    kinds: Sequence[Kind] = tuple(Kind)
    plain: Support = Support.EXACT
    negated: Support = Support.EXACT

    def cells(self) -> Iterator[tuple[tuple[Op, type[Subject], Kind | None, bool], Support]]:
        """Each operator × subject × kind × negated of the row, with the support there."""
        for op, subject in product(self.operators, self.subjects):
            for kind in (None,) if OPERATORS[op].operand is Operand.NONE else self.kinds:
                yield (op, subject, kind, False), self.plain
                yield (op, subject, kind, True), self.negated


class Capabilities:
    """A table of capabilities. A later row overrides an earlier one; what no row names has no support."""

    def __init__(self, *rows: Capability) -> None:
        self._cells = {cell: support for row in rows for cell, support in row.cells()}

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """The support for a closed predicate or its complement: for a list of several kinds, the least of theirs."""
        operand = predicate.operand
        items = operand if isinstance(operand, tuple) else (operand,)
        kinds = {item.kind if isinstance(item, Literal) else None for item in items}
        found = [self._cells.get((predicate.op, type(predicate.subject), kind, negated), Support.NONE) for kind in kinds]
        return next((support for support in (Support.NONE, Support.INEXACT) if support in found), Support.EXACT)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a store takes of a filter as a whole; None is no limit.

    conjunction, disjunction: whether it has AND and OR; depth: levels of AND and OR, one within the other; width: arguments of
    one of them; predicates: in all; items: literals in one list; literals: in all.
    """

    conjunction: bool = True
    disjunction: bool = True
    depth: int | None = None
    width: int | None = None
    predicates: int | None = None
    items: int | None = None
    literals: int | None = None


ANY_SHAPE = Shape()
