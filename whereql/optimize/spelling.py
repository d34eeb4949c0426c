"""From a value set back to a filter: the shortest one, and always the same one for the same set.

>>> from whereql.optimize.domain import value_set
>>> def shortest(text):
...     return whereql.to_text(spell(whereql.Field("k"), value_set(whereql.parse(text)), ANY_KEY))
>>> shortest("k = 1 OR k = 3 OR k = 2"), shortest("k >= 'ab' AND k < 'ac'"), shortest("NOT (k IS NOT NULL AND k != 5)")
('k IN (1, 2, 3)', "k STARTS WITH 'ab'", 'k = 5 OR k IS NULL')
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from whereql.ast import And, Const, Expr, Not, Op, Or, Predicate, Subject
from whereql.kinds import Kind
from whereql.limits import check_depth
from whereql.operators import ORDER
from whereql.optimize.boolean import And as AllOf
from whereql.optimize.boolean import Formula, Has, minimize
from whereql.optimize.boolean import Or as AnyOf
from whereql.optimize.domain import ANY_KEY, BOOL, EMPTY, Element, Universe, ValueSet, complement, possible
from whereql.optimize.edges import Pairing, Policy, Prefix, pair_edges
from whereql.optimize.lines import STRINGS, Edges, Line, Point, prefix_end
from whereql.optimize.measure import measure
from whereql.optimize.negation import negate
from whereql.values import Literal


def spell(subject: Subject, values: ValueSet, universe: Universe = ANY_KEY) -> Expr:
    """The shortest filter that lets the subject have just these values: fewest units (see `measure`), then fewest predicates.

    What the universe of the subject lacks is not asked about: of a document, which is a string or missing, `!= 'x'` need
    not say whether it would match a number.
    """
    everything = universe.everything
    if values in (EMPTY, everything):
        return Const(values == everything)
    others = (bool(values.arrays & 1),) if everything.arrays else (True, False)
    candidates = [_spell(subject, values, universe, other) for other in others]
    return candidates[0] if len(candidates) == 1 else min(candidates, key=lambda expr: (*measure(expr), _denied_orders(expr)))


def _denied_orders(expr: Expr) -> int:
    """How many comparisons have a NOT before them for want of an operator: `k < 5` reads better than `NOT k >= 5`."""
    match expr:
        case And(args) | Or(args):
            return sum(map(_denied_orders, args))
        case Not(Predicate(op=op)):
            return int(op in ORDER)
    return 0


def _spell(subject: Subject, values: ValueSet, universe: Universe, other: bool) -> Expr:
    """The filter for a set that has (other) or lacks whatever no operator but EXISTS sees.

    All else are exceptions, each said by predicates that are false for those values and for a missing one.
    """
    missing = values.missing if universe.everything.missing else other
    exceptions = complement(values, universe) if other else values
    parts = [*_scalars(subject, exceptions, universe.numbers), *_arrays(subject, exceptions)]
    said = Or(parts)
    exists = Predicate(subject, Op.EXISTS)
    if missing is other:
        return negate(said) if other else said
    if not parts:
        return exists if other else Not(exists)
    return And([negate(said), exists]) if other else Or([said, Not(exists)])


def _arrays(subject: Subject, values: ValueSet) -> Iterator[Expr]:
    if values.elements:
        formula = minimize(len(values.elements), values.arrays, possible(values.elements))
        yield _array_filter(formula, subject, [literal_of(element) for element in values.elements])


def _array_filter(formula: Formula, subject: Subject, items: list[Literal]) -> Expr:
    match formula:
        case Has(elements, negated):
            predicate = Predicate(subject, Op.HAS, tuple([items[i] for i in elements]))
            return Not(predicate) if negated else predicate
        case AllOf(parts):
            return And([_array_filter(part, subject, items) for part in parts])
        case AnyOf(parts):
            return Or([_array_filter(part, subject, items) for part in parts])
    return Const(bool(formula))


def _scalars(subject: Subject, values: ValueSet, numbers: Line) -> Iterator[Expr]:
    """Intervals and prefixes, those with points left out of them joined; and the points added."""
    lines = [(edges, line) for edges, line in ((values.numbers, numbers), (values.strings, STRINGS)) if edges]
    pairings = _cheapest(lines, values.bools != 0)
    added: list[Element] = [(BOOL, value) for value in (False, True) if values.bools >> value & 1]
    left_out: list[Element] = []
    whole: list[Expr] = []
    holed: list[Expr] = []
    for (edges, line), pairing in zip(lines, pairings, strict=True):
        added += [(-1, point) for point in pairing.added]
        left_out += [(-1, point) for point in pairing.left_out]
        for low, high, expr in _intervals(subject, edges, line, pairing):
            has_hole = any(low <= point and (high is None or point < high) for point in pairing.left_out)
            (holed if has_hole else whole).append(expr)
    yield from whole
    if left_out:
        yield And([Or(holed), Not(_is_any(subject, left_out))])
    if added:
        yield _is_any(subject, added)


def _cheapest(lines: list[tuple[Edges, Line]], has_added: bool) -> list[Pairing]:
    """One pairing for each line, cheapest in all: the points of both share one IN and one NOT IN."""
    free = [pair_edges(edges, line, Policy.ANY) for edges, line in lines]
    if not any(pairing.left_out or pairing.prefixes for pairing in free):
        return free
    ways = [(policy, trimmed) for trimmed in (False, True) for policy in (Policy.ADDED, Policy.LEFT_OUT, Policy.ANY)]
    options = [[pair_edges(edges, line, policy, trimmed) for edges, line in lines] for policy, trimmed in ways]
    return min(options, key=lambda pairings: _price(lines, pairings, has_added))


def _price(lines: list[tuple[Edges, Line]], pairings: list[Pairing], has_added: bool) -> tuple[int, int]:
    """The units and the predicates of the filter that the pairings make."""
    added, left_out = (sum(len(one) for one in points) for points in zip(*[(pairing.added, pairing.left_out) for pairing in pairings], strict=True))
    orders = sum(len(list(_bounds(edges, line, a, b))) for (edges, line), pairing in zip(lines, pairings, strict=True) for a, b in _cut_pairs(pairing))
    others = orders + sum(len(pairing.prefixes) for pairing in pairings)
    return others + added + left_out, others + bool(has_added or added) + bool(left_out)


def _cut_pairs(pairing: Pairing) -> Iterator[tuple[int, int]]:
    yield from zip(pairing.cuts[::2], pairing.cuts[1::2], strict=True)


def _intervals(subject: Subject, edges: Edges, line: Line, pairing: Pairing) -> Iterator[tuple[Point, Point | None, Expr]]:
    """The intervals between the cuts, without the prefixes left out of them, and the prefixes that lie in none; with their ends."""
    inner: dict[int, list[Prefix]] = {}
    outer: list[Prefix] = []
    around: list[Prefix] = []
    for one in sorted(pairing.prefixes):
        while around and around[-1].last < one.first:
            around.pop()
        (inner.setdefault(around[-1].first, []) if around else outer).append(one)
        around.append(one)
    for a, b in _cut_pairs(pairing):
        bounds = [Predicate(subject, op, literal_of((-1, point))) for op, point in _bounds(edges, line, a, b)]
        end = edges[b] if b < len(edges) else None
        yield edges[a], end, And([*bounds, *[negate(_prefix(subject, one, inner)) for one in outer if a < one.first < b]])
    for one in outer:
        if one.first % 2 == 0:
            yield one.text, prefix_end(one.text), _prefix(subject, one, inner)


def _prefix(subject: Subject, one: Prefix, inner: dict[int, list[Prefix]], depth: int = 1) -> Expr:
    check_depth(depth)  # or prefixes within prefixes would exhaust the stack before the AST could refuse them
    starts = Predicate(subject, Op.STARTS, literal_of((-1, one.text)))
    return And([starts, *[negate(_prefix(subject, other, inner, depth + 1)) for other in inner.get(one.first, [])]])


def _bounds(edges: Edges, line: Line, a: int, b: int) -> Iterator[tuple[Op, Point]]:
    """The comparisons that bound an interval; the shorter literal, then the strict operator."""
    low, high = edges[a], edges[b] if b < len(edges) else None
    if low != line.first:
        below = line.below(low)
        yield (Op.GT, below) if below is not None and len(repr(below)) <= len(repr(low)) else (Op.GE, low)
    elif high is None:
        yield Op.GE, low
    if high is not None:
        below = line.below(high)
        yield (Op.LE, below) if below is not None and len(repr(below)) < len(repr(high)) else (Op.LT, high)


def _is_any(subject: Subject, values: Iterable[Element]) -> Expr:
    items = tuple([literal_of(value) for value in values])
    return Predicate(subject, Op.EQ, items[0]) if len(items) == 1 else Predicate(subject, Op.IN, items)


def literal_of(element: Element) -> Literal:
    """A point as the literal that stands for all that equal it: an int wherever it is one."""
    value = element[1]
    return Literal(_KINDS[type(value)], value)


_KINDS: dict[type, Kind] = {bool: Kind.BOOL, int: Kind.INT, float: Kind.FLOAT, str: Kind.STRING}
