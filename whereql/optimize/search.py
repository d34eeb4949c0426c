"""The search for a record that a filter matches: over the cells of its subjects, all at once where they are few.

A filter is true or false for a combination of cells, one per subject. Where the combinations fit the budget, each predicate is
one big int with a bit per combination, and the filter a few operations on them. Where they don't, the filter is taken apart: an
OR by its arguments, an AND by those that share no subject; conjuncts of one subject leave it fewer cells; and at last a subject
is tried cell by cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Or, Predicate, Subject, Uri, predicates
from whereql.operators import OPERATORS
from whereql.optimize.cells import Cell, Cells, cells_of
from whereql.optimize.constants import fold_constants
from whereql.optimize.tree import CONNECTIVES
from whereql.records import Record, make_record
from whereql.source import quote

Assignment = dict[Subject, Cell]
Domains = dict[Subject, list[Cell]]

_STEP = 16  # combinations of cells that a predicate looked at in a trial stands for: both take about as long
_DEEPEST = 100  # subjects that are tried cell by cell, one within the other


class _Spent(Exception):
    """The budget is spent."""


class Search:
    """One search. budget: how many combinations of cells, and predicates in the parts that are tried, it may look at."""

    def __init__(self, expr: Expr, budget: int) -> None:
        expr = fold_constants(expr)
        self._expr, self._budget, self._left = expr, budget, budget
        own: dict[Subject, dict[Predicate, int]] = {}
        for predicate in predicates(expr):
            bits = own.setdefault(predicate.subject, {})
            bits.setdefault(predicate, len(bits))
        self._bits = {predicate: bit for bits in own.values() for predicate, bit in bits.items()}
        self._cells: dict[Subject, Cells] = {subject: cells_of(subject, list(bits)) for subject, bits in own.items()}

    def run(self) -> Assignment | str | None:
        """Cells that together satisfy the filter; None if none do; or why that is not known."""
        try:
            found = self._solve(self._expr, {subject: cells.known for subject, cells in self._cells.items()}, 0)
            if found is not None or all(cells.complete and not cells.open for cells in self._cells.values()):
                return found
            if all(cells.complete for cells in self._cells.values()):
                self._left = self._budget
                found = self._solve(self._expr, {subject: [*cells.known, *cells.open] for subject, cells in self._cells.items()}, 0)
            return None if found is None and all(cells.complete for cells in self._cells.values()) else self._doubt()
        except _Spent:
            return f"the filter has more combinations of cells than the budget of {self._budget:,} covers"

    def _doubt(self) -> str:
        subject = next(subject for subject, cells in self._cells.items() if cells.open or not cells.complete)
        texts = [p for p in self._bits if p.subject == subject and p.operand is not None]
        shown = ", ".join(dict.fromkeys(OPERATORS[p.op].symbol for p in texts))
        name = quote(subject.name) if isinstance(subject, Field) else f"#{type(subject).__name__.lower()}"
        return f"the budget ended before it was known which values of {name} satisfy {shown} together"

    def _spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise _Spent

    def _solve(self, expr: Expr, domains: Domains, depth: int) -> Assignment | None:
        if isinstance(expr, Const):
            return {} if expr.value else None
        domains = self._projected(expr, domains)
        if prod(map(len, domains.values())) <= self._left:
            return self._look_up(expr, domains)
        if depth > _DEEPEST:
            raise _Spent
        match expr:
            case Or(args):
                for arg in args:
                    if (found := self._solve(arg, domains, depth + 1)) is not None:
                        return found
                return None
            case And(args):
                return self._solve_all(args, domains, depth + 1)
        raise _Spent  # one predicate, with more cells than are left

    def _projected(self, expr: Expr, domains: Domains) -> Domains:
        """The subjects of a filter, with a cell for each truth vector of those of their predicates that are in it."""
        masks: dict[Subject, int] = {}
        for predicate in predicates(expr):
            masks[predicate.subject] = masks.get(predicate.subject, 0) | 1 << self._bits[predicate]
        projected: Domains = {}
        for subject, mask in masks.items():
            cells: dict[int, Cell] = {}
            for cell in domains[subject]:  # known ones come before open ones
                cells.setdefault(cell.truths & mask, cell)
            projected[subject] = list(cells.values())
        return projected

    def _look_up(self, expr: Expr, domains: Domains) -> Assignment | None:
        """Every combination of cells at once: bit i of an int is the i-th combination, counted with the first subject fastest."""
        total = prod(map(len, domains.values()))
        self._spend(total)
        tables: dict[Predicate, int] = {}
        stride = 1
        places = {}
        for subject, cells in domains.items():
            places[subject] = stride
            stride *= len(cells)

        def table(predicate: Predicate) -> int:
            if predicate not in tables:
                cells, bit = domains[predicate.subject], self._bits[predicate]
                tables[predicate] = _spread([bool(cell.truths >> bit & 1) for cell in cells], places[predicate.subject], total)
            return tables[predicate]

        held = _evaluate(expr, table, (1 << total) - 1)
        if not held:
            return None
        first = (held & -held).bit_length() - 1
        return {subject: cells[first // places[subject] % len(cells)] for subject, cells in domains.items()}

    def _solve_all(self, args: Sequence[Expr], domains: Domains, depth: int) -> Assignment | None:
        """A conjunction: conjuncts of one subject first, then the parts that share none."""
        groups = [(arg, list(dict.fromkeys(p.subject for p in predicates(arg)))) for arg in args]
        narrowed = dict(domains)
        for arg, subjects in groups:
            if len(subjects) == 1:
                narrowed[subjects[0]] = [cell for cell in narrowed[subjects[0]] if self._holds(arg, cell)]
                if not narrowed[subjects[0]]:
                    return None
        found: Assignment = {subject: narrowed[subject][0] for _, subjects in groups for subject in subjects}
        parts = _components([(arg, subjects) for arg, subjects in groups if len(subjects) > 1])
        for part in parts:
            alone = len(parts) == 1 and len(part) == len(args)
            own = self._branch(And(part), narrowed, depth) if alone else self._solve(And(part), narrowed, depth)
            if own is None:
                return None
            found |= own
        return found

    def _holds(self, expr: Expr, cell: Cell) -> bool:
        return bool(_evaluate(expr, lambda predicate: cell.truths >> self._bits[predicate] & 1, 1))

    def _branch(self, expr: Expr, domains: Domains, depth: int) -> Assignment | None:
        """Try a subject cell by cell: one that has a single cell left, or else the one that is spoken of most."""
        counts: dict[Subject, int] = {}
        for predicate in predicates(expr):
            counts[predicate.subject] = counts.get(predicate.subject, 0) + 1
        projected = self._projected(expr, domains)
        subject = min(counts, key=lambda one: (len(projected[one]) > 1, -counts[one]))
        for cell in projected[subject]:
            self._spend(expr.size * _STEP)
            rest = self._restricted(expr, subject, cell)
            if (found := self._solve(rest, domains, depth)) is not None:
                return {subject: cell} | found
        return None

    def _restricted(self, expr: Expr, subject: Subject, cell: Cell) -> Expr:
        """What is left of a filter where a subject has a value of the cell."""
        if isinstance(expr, CONNECTIVES):
            decisive = isinstance(expr, Or)
            kept = []
            for arg in expr.args:
                rest = self._restricted(arg, subject, cell)
                if isinstance(rest, Const):
                    if rest.value is decisive:
                        return rest
                else:
                    kept.append(rest)
            return type(expr)(kept)
        leaf = expr.arg if isinstance(expr, Not) else expr
        if isinstance(leaf, Predicate) and leaf.subject == subject:
            return Const(self._holds(expr, cell))
        return expr


def _spread(truths: list[bool], stride: int, total: int) -> int:
    """The bits of a predicate over all combinations, from its truth for each cell of its subject."""
    # From a text of digits, which takes linear time; adding up shifted runs would take as much for each cell.
    bits = int("".join(["1" * stride if truth else "0" * stride for truth in reversed(truths)]), 2)
    width = stride * len(truths)
    while width < total:
        bits |= bits << width
        width *= 2
    return bits & ((1 << total) - 1)


def _evaluate(expr: Expr, table: Callable[[Predicate], int], everything: int) -> int:
    match expr:
        case Predicate():
            return table(expr)
        case Not(arg):
            return everything ^ _evaluate(arg, table, everything)
        case And(args):
            bits = everything
            for arg in args:
                bits &= _evaluate(arg, table, everything)
            return bits
        case Or(args):
            bits = 0
            for arg in args:
                bits |= _evaluate(arg, table, everything)
            return bits
        case Const(value):
            return everything if value else 0
    raise TypeError(f"not a filter: {expr!r}")


def _components(groups: list[tuple[Expr, list[Subject]]]) -> list[list[Expr]]:
    """The conjuncts in parts that share no subject."""
    leader: dict[Subject, Subject] = {}

    def find(subject: Subject) -> Subject:
        while leader[subject] is not subject:
            leader[subject] = subject = leader[leader[subject]]  # halves the way for the next look-up
        return subject

    for _, subjects in groups:
        for subject in subjects:
            leader.setdefault(subject, subject)
            leader[find(subject)] = find(subjects[0])
    parts: dict[Subject, list[Expr]] = {}
    for arg, subjects in groups:
        parts.setdefault(find(subjects[0]), []).append(arg)
    return list(parts.values())


def make_witness(found: Assignment) -> Record:
    """A record whose subjects have the values of the cells."""
    values = {subject: cell.value for subject, cell in found.items()}
    metadata = {subject.name: value for subject, value in values.items() if isinstance(subject, Field) and value is not None}
    own = {type(subject): value for subject, value in values.items()}
    return make_record(own.get(Id, "witness"), document=own.get(Document), uri=own.get(Uri), metadata=metadata or None)
