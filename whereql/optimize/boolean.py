"""The shortest formula for a truth table over the elements of one key: what an array must have, in the fewest words.

An array that has element 0, or has 1 and neither 2 nor 3:

>>> table = sum(1 << m for m in range(16) if m & 1 or m & 0b1110 == 0b0010)
>>> minimize(4, table, (1 << 16) - 1)
Or(parts=(Has(elements=(0,), negated=False), And(parts=(Has(elements=(1,), negated=False), Has(elements=(2, 3), negated=True)))))

A table is an int whose bit m is the value for the subset m. The search keeps two: `on`, where the formula must be true, and
`off`, where it must be false. Elsewhere it is free, and every part found frees the others further. Only the OR of two parts
is ever searched for: an AND is the OR of the complement, complemented.

Shortest for sure are all formulas over three elements, from a list of the 256 functions, and all that three predicates can say:
in these, one predicate always stands beside the rest. Other tables get a good formula: the shortest is out of reach for six.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_
from typing import Any


@dataclass(frozen=True, slots=True)
class Has:
    """One predicate: the array has any of these elements; negated: it has none of them."""

    elements: tuple[int, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class And:
    """Two or more parts, none of them an And."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more parts, none of them an Or."""

    parts: tuple[Formula, ...]


Formula = bool | Has | And | Or
_State = tuple[int, int, int]  # on, off, and the elements a formula may use, as a bit set
_Recipe = Has | tuple[int, int, bool]  # OR of two tables, False for its complement

_SIZE = 6
_FULL = (1 << (1 << _SIZE)) - 1
_PRESENT = tuple(sum(1 << m for m in range(1 << _SIZE) if m >> element & 1) for element in range(_SIZE))


def units(formula: Formula) -> int:
    """How many times an element is mentioned."""
    return _cost(formula)[0]


def predicates(formula: Formula) -> int:
    """How many HAS ANY there are."""
    return _cost(formula)[1]


def minimize(count: int, table: int, care: int) -> Formula:
    """The formula for a table over `count` elements, at most six, with the fewest units, then predicates.

    care: the subsets that can occur; the table matters for no other. The same table always gives the same formula.
    """
    if not 0 <= count <= _SIZE:
        raise ValueError(f"a table is over 0 to {_SIZE} elements, not {count}")
    care &= (1 << (1 << count)) - 1
    return _minimize(count, table & care, care & ~table)


@lru_cache(maxsize=4096)
def _minimize(count: int, on: int, off: int) -> Formula:
    on, off = (reduce(_free, range(count, _SIZE), table) for table in (on, off))
    options, forced = [(on, off, (1 << count) - 1)], True
    while forced:
        on, off, live = options[0]
        options, forced = _removals(on, off, live)
    short = _chain(on, off, live, 3)
    # Each element that can't be removed takes a unit, and a shorter one of three predicates would have been found.
    if short is not None and _cost(short) <= (live.bit_count() - len(options), 4):
        return _ordered(short)
    long = _search(on, off, live, 16 if live.bit_count() == 4 else 3)
    return _ordered(long if short is None else min(short, long, key=_cost))


@lru_cache(maxsize=4096)
def _chain(on: int, off: int, live: int, limit: int) -> Formula | None:
    """The shortest of `limit` predicates, each beside all that is left; None if there is none. May find a longer, better one."""
    if not on or not off:
        return not off
    if not limit:
        return None
    if live.bit_count() <= 3:
        return _few(on, off, live)
    options, forced = _removals(on, off, live)
    if forced:
        return _chain(*options[0], limit)
    found = [_chain(*option, limit) for option in options]
    for this, that in ((on, off), (off, on)):
        for leaf, table in _leaves(this, that, live):
            rest = _chain(this & ~table, that, live, limit - 1)
            if rest is not None:
                found.append(_or(leaf, rest, upright=this == on))
    return min((formula for formula in found if formula is not None), key=_cost, default=None)


@lru_cache(maxsize=4096)
def _search(on: int, off: int, live: int, width: int) -> Formula:
    """A short formula by splitting off a part, the best of `width` ways; for more than four elements there is time for few."""
    if not on or not off:
        return not off
    if live.bit_count() <= 3:
        return _few(on, off, live)
    if options := _removals(on, off, live)[0]:
        return _search(*options[0], width)
    ways = ((on, off), (off, on))
    for this, that in ways:
        formula = _divided(this, that, live, width)
        if formula is not None:
            return formula if this == on else _complement(formula)
    found: list[Formula] = []
    splits = [(*split, this, that) for this, that in ways for split in _splits(this, that, live)]
    splits.sort(key=lambda split: split[0])
    few = 1 if splits[0][0] else 2
    for _, part, this, that in splits[: few if splits[0][0] < 0 or live.bit_count() > 4 else width]:
        first = _search(part, that, live, width) if isinstance(part, int) else part
        rest = _search(this & ~_truth(first), that, live, width)
        found.append(_or(first, rest, upright=this == on))
    return min(found, key=_cost)


def _splits(on: int, off: int, live: int) -> Iterator[tuple[float, int | Has]]:
    """Parts of an OR, either one predicate or what of `on` it must hold, each with a score: low is promising, negative is best."""
    for leaf, table in _leaves(on, off, live):
        if not leaf.negated or len(leaf.elements) == 1:
            yield -1, leaf
        elif (on & table).bit_count() >= 1 << _SIZE - 2:  # a quarter of all subsets is settled, which is rarely chance
            yield 0, leaf
    for element in _members(live):
        for side in (_PRESENT[element], ~_PRESENT[element]):
            if on & side not in (0, on):
                yield (off & side).bit_count() / (on & side).bit_count(), on & side


def _divided(on: int, off: int, live: int, width: int) -> Formula | None:
    """The OR of two functions without a common element, if it is one; the shortest of both make the shortest of all."""
    if on | off != _FULL:
        return None
    for element in _members(live):
        first = _FULL ^ _free(off, element)
        inside = sum(1 << e for e in _members(live) if _free(first, e) != first)
        second = _FULL ^ reduce(_free, _members(inside), off)
        if first and second and not on & ~first & ~second:
            beside = _search(second, _FULL ^ second, live & ~inside, width)
            return _or(_search(first, _FULL ^ first, inside, width), beside)
    return None


def _leaves(on: int, off: int, live: int) -> Iterator[tuple[Has, int]]:
    """The predicates that imply the function, with their tables; of the negated ones the weakest, the others as one."""
    words = tuple(e for e in _members(live) if on & _PRESENT[e] and not off & _PRESENT[e])
    if words:
        yield Has(words, False), _truth(Has(words, False))
    smaller: list[set[int]] = []
    for elements, table in _groups(live):
        if not off & ~table and on & ~table and not any(s.issubset(elements) for s in smaller):
            smaller.append(set(elements))
            yield Has(elements, True), _FULL ^ table


def _removals(on: int, off: int, live: int) -> tuple[list[_State], bool]:
    """What is left without an element, for each that can go; and whether the first, then the only one, costs no choice."""
    care = on | off
    options: list[_State] = []
    for element in _members(live):
        new = _free(on, element), _free(off, element), live & ~(1 << element)
        if not new[0] & new[1]:
            present, absent = care & _PRESENT[element], (care & ~_PRESENT[element]) << (1 << element)
            # Where one half of what can occur covers the other, its constant can stand for the element in any formula.
            if present | absent in (present, absent) or not present or not absent:
                return [new], True
            options.append(new)
    return options, False


def _few(on: int, off: int, live: int) -> Formula:
    names = _members(live)
    subsets = [0]
    for element in names:
        subsets += [m | 1 << element for m in subsets]
    small_on = sum((on >> m & 1) << i for i, m in enumerate(subsets))
    small_off = sum((off >> m & 1) << i for i, m in enumerate(subsets))
    return _renamed(_listed(small_on, small_off, len(names)), names)


@lru_cache(maxsize=3**8)
def _listed(on: int, off: int, count: int) -> Formula:
    return next(formula for table, formula in _functions(count) if not on & ~table and not off & table)


@lru_cache(maxsize=4)
def _functions(count: int) -> tuple[tuple[int, Formula], ...]:
    """All functions of up to three elements, each with its shortest formula, shortest first. Those of three take 50 ms to make."""
    full = (1 << (1 << count)) - 1
    queue: dict[tuple[int, int], dict[int, _Recipe]] = {}
    for elements, table in _groups((1 << count) - 1):
        queue.setdefault((len(elements), 1), {}).update({table & full: Has(elements, False), ~table & full: Has(elements, True)})
    done: dict[int, Formula] = {0: False, full: True}
    settled: list[tuple[int, int, int]] = []
    while len(done) <= full:
        cost = min(queue)
        for table, recipe in queue.pop(cost).items():
            if table not in done:
                done[table] = recipe if isinstance(recipe, Has) else _or(done[recipe[0]], done[recipe[1]], upright=recipe[2])
                for other, more, more_predicates in settled:
                    later = queue.setdefault((cost[0] + more, cost[1] + more_predicates), {})
                    later.setdefault(table | other, (other, table, True))
                    later.setdefault(table & other, (full ^ other, full ^ table, False))
                settled.append((table, *cost))
    return tuple(done.items())


def _or(first: Formula, second: Formula, upright: bool = True) -> Formula:
    """upright: False asks for the complement."""
    if not upright:
        return _complement(_or(first, second))
    if isinstance(first, bool) or isinstance(second, bool):
        return True if first is True or second is True else second if first is False else first
    parts = [part for formula in (first, second) for part in (formula.parts if isinstance(formula, Or) else (formula,))]
    words = {e for part in parts if isinstance(part, Has) and not part.negated for e in part.elements}
    others = dict.fromkeys(part for part in parts if not isinstance(part, Has) or part.negated)
    joined = (Has(tuple(sorted(words)), False), *others) if words else tuple(others)
    return joined[0] if len(joined) == 1 else Or(joined)


def _complement(formula: Formula) -> Formula:
    if isinstance(formula, And | Or):
        parts = tuple(_complement(part) for part in formula.parts)
        return Or(parts) if isinstance(formula, And) else And(parts)
    return Has(formula.elements, not formula.negated) if isinstance(formula, Has) else not formula


def _renamed(formula: Formula, names: tuple[int, ...]) -> Formula:
    if isinstance(formula, And | Or):
        return type(formula)(tuple(_renamed(part, names) for part in formula.parts))
    return Has(tuple(names[e] for e in formula.elements), formula.negated) if isinstance(formula, Has) else formula


def _ordered(formula: Formula) -> Formula:
    """Predicates before groups, `has` before `has not`: the search meets the parts in an order of its own."""
    if isinstance(formula, bool | Has):
        return formula
    return type(formula)(tuple(sorted((_ordered(part) for part in formula.parts), key=_rank)))


def _rank(formula: Formula) -> tuple[Any, ...]:
    if isinstance(formula, Has):
        return 0, formula.negated, formula.elements
    return (1,) if isinstance(formula, bool) else (1, len(formula.parts), *map(_rank, formula.parts))


def _cost(formula: Formula) -> tuple[int, int]:
    if isinstance(formula, And | Or):
        costs = [_cost(part) for part in formula.parts]
        return sum(cost[0] for cost in costs), sum(cost[1] for cost in costs)
    return (len(formula.elements), 1) if isinstance(formula, Has) else (0, 0)


def _truth(formula: Formula) -> int:
    if isinstance(formula, bool):
        return _FULL if formula else 0
    if isinstance(formula, Has):
        return reduce(or_, (_PRESENT[element] for element in formula.elements), 0) ^ (_FULL if formula.negated else 0)
    if isinstance(formula, And):
        return _FULL ^ _truth(_complement(formula))
    return reduce(or_, map(_truth, formula.parts))


def _free(table: int, element: int) -> int:
    """The table that no longer asks about the element: true if it was for either."""
    present, shift = _PRESENT[element], 1 << element
    return table | (table & present) >> shift | (table & ~present) << shift


@lru_cache(maxsize=1 << _SIZE)
def _members(live: int) -> tuple[int, ...]:
    return tuple(element for element in range(_SIZE) if live >> element & 1)


@lru_cache(maxsize=1 << _SIZE)
def _groups(live: int) -> tuple[tuple[tuple[int, ...], int], ...]:
    """The sets of elements a predicate can name, small before large, with their tables."""
    sets = sorted((_members(m) for m in range(1, 1 << _SIZE) if not m & ~live), key=lambda elements: (len(elements), elements))
    return tuple((elements, _truth(Has(elements, False))) for elements in sets)
