"""The exact set of values that a filter lets one key have: closed under AND, OR and NOT, and one object per set.

Missing or not, which bools, which numbers, which strings, which arrays: whatever comparisons, IN, EXISTS, STARTS WITH and
HAS say about a key is such a set, however deeply they are nested. The idea is that of Trino's TupleDomain and Calcite's Sarg.

>>> year = value_set(whereql.parse("year > 5 AND (year < 3 OR NOT year <= 7)"))
>>> year == value_set(whereql.parse("year > 7"))
True
>>> year == value_set(whereql.parse("NOT year <= 7"))  # which records without a year match, too
False
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from whereql.ast import And, Const, Document, Expr, Field, Id, Literal, Not, Op, Or, Predicate, Subject, Uri
from whereql.kinds import Kind
from whereql.optimize.lines import FLOATS, INTS, NUMBERS, STRINGS, Edges, Line, canonical, overlap, points, prefixed

MAX_ELEMENTS = 6  # of arrays, in one set: their truth table has 2 ** 6 rows

Element = tuple[int, Any]  # the rank of its line, and the bool, the number or the string
BOOL, NUMBER, STRING = range(3)


class ValueSet(NamedTuple):
    """A set of the values that one subject can have.

    missing: whether no value is one of them; bools: bit 0 for FALSE, bit 1 for TRUE; numbers, strings: the edges of the
    set on its line; elements: the array elements that matter, ascending; arrays: the truth table over them, where bit m
    stands for the arrays with just those elements whose bits m has. Its bit 0 speaks for everything else that can be
    stored, too: no operator but EXISTS sees a sparse vector, a NaN, or an array with none of the elements.
    """

    missing: bool
    bools: int
    numbers: Edges
    strings: Edges
    elements: tuple[Element, ...]
    arrays: int


class Universe(NamedTuple):
    """What a subject can be at all: every value of a metadata key, strings for a document, what a schema declares.

    everything: the set of all its values; numbers: the line on which its numbers lie.
    """

    everything: ValueSet
    numbers: Line = NUMBERS


def _all(*, missing: bool = False, bools: bool = False, numbers: Line | None = None, strings: bool = False, others: bool = False) -> ValueSet:
    return ValueSet(missing, 3 * bools, (numbers.first,) if numbers else (), ("",) if strings else (), (), int(others))


EMPTY = _all()
ANY_KEY = Universe(_all(missing=True, bools=True, numbers=NUMBERS, strings=True, others=True))
ANY_TEXT = Universe(_all(missing=True, strings=True))
ANY_ID = Universe(_all(strings=True))


def universe_of(subject: Subject) -> Universe:
    """What a subject can be, where no schema declares it."""
    match subject:
        case Field():
            return ANY_KEY
        case Document() | Uri():
            return ANY_TEXT
        case Id():
            return ANY_ID


def declared_universe(kinds: Iterable[str], *, missing: bool) -> Universe:
    """What a key can be by its declaration; kinds: as in a schema, `int`, `string[]` … ; missing: whether it may be absent."""
    held = frozenset(kinds)
    line = {(True, False): INTS, (False, True): FLOATS, (True, True): NUMBERS}.get(("int" in held, "float" in held))
    others = not held <= {"bool", "int", "float", "string"}
    return Universe(_all(missing=missing, bools="bool" in held, numbers=line, strings="string" in held, others=others), line or NUMBERS)


def value_set(expr: Expr, universe: Universe = ANY_KEY) -> ValueSet | None:
    """The set of the values of its subject for which a filter over one subject holds.

    None where the sets can't say it: a text operator other than STARTS WITH, or HAS with more than 6 elements in all.
    """
    match expr:
        case Predicate():
            return _predicate_set(expr, universe)
        case Not(arg):
            inner = value_set(arg, universe)
            return None if inner is None else complement(inner, universe)
        case And(args) | Or(args):
            sets = [value_set(arg, universe) for arg in args]
            return combine(sets, universe, union=isinstance(expr, Or))
        case Const(value):
            return universe.everything if value else EMPTY
    raise TypeError(f"not a filter: {expr!r}")


def _predicate_set(predicate: Predicate, universe: Universe) -> ValueSet | None:
    everything, operand = universe.everything, predicate.operand
    match predicate.op:
        case Op.EXISTS:
            return everything._replace(missing=False)
        case Op.EQ | Op.LT | Op.LE | Op.GT | Op.GE:
            assert isinstance(operand, Literal)
            return _comparison_set(predicate.op, operand, universe)
        case Op.IN:
            assert isinstance(operand, tuple)
            return _list_set(operand, universe)
        case Op.STARTS:
            assert isinstance(operand, Literal)
            return EMPTY._replace(strings=prefixed(str(operand.value)) if everything.strings else ())
        case Op.HAS:
            return _array_set(tuple(sorted({element_of(item) for item in operand if isinstance(item, Literal)})), universe)  # type: ignore[union-attr]
    return None


def _comparison_set(op: Op, item: Literal, universe: Universe) -> ValueSet:
    everything, value = universe.everything, item.value
    if item.kind is Kind.STRING:
        return ValueSet(False, 0, (), STRINGS.interval(op, value) if everything.strings else (), (), 0)
    if item.kind is Kind.BOOL:
        return EMPTY._replace(bools=(2 if value else 1) & everything.bools)
    return ValueSet(False, 0, universe.numbers.interval(op, value) if everything.numbers else (), (), (), 0)


def _list_set(items: tuple[Any, ...], universe: Universe) -> ValueSet:
    everything = universe.everything
    strings = [item.value for item in items if item.kind is Kind.STRING] if everything.strings else []
    numbers = [item.value for item in items if item.kind in (Kind.INT, Kind.FLOAT)] if everything.numbers else []
    bools = sum({1 << item.value for item in items if item.kind is Kind.BOOL})
    return ValueSet(False, bools & everything.bools, points(numbers, universe.numbers), points(strings, STRINGS), (), 0)


def _array_set(elements: tuple[Element, ...], universe: Universe) -> ValueSet | None:
    """The arrays that have any of the elements."""
    if len(elements) > MAX_ELEMENTS:
        return None
    if not universe.everything.arrays:
        return EMPTY
    return _reduced(EMPTY._replace(elements=elements, arrays=possible(elements) & ~1))


def element_of(item: Literal) -> Element:
    """A literal as an element of an array: 1 and 1.0 are one."""
    if item.kind is Kind.STRING:
        return STRING, item.value
    return (BOOL, item.value) if item.kind is Kind.BOOL else (NUMBER, canonical(item.value))


def complement(values: ValueSet, universe: Universe) -> ValueSet:
    """What is not in a set."""
    everything = universe.everything
    table = possible(values.elements) & ~values.arrays if everything.arrays else 0
    return ValueSet(
        everything.missing and not values.missing,
        everything.bools & ~values.bools,
        universe.numbers.complement(values.numbers) if everything.numbers else (),
        STRINGS.complement(values.strings) if everything.strings else (),
        values.elements,
        table,
    )


def combine(sets: Sequence[ValueSet | None], universe: Universe, *, union: bool) -> ValueSet | None:
    """The union or the intersection of sets; None where one of them is not known, or they have too many elements in all."""
    known = [one for one in sets if one is not None]
    if len(known) != len(sets):
        return None
    if len(known) < 2:
        return known[0] if known else EMPTY if union else universe.everything
    least = 1 if union else len(known)
    missing, bools = not union, 0 if union else 3
    for one in known:
        missing = (missing or one.missing) if union else (missing and one.missing)
        bools = (bools | one.bools) if union else (bools & one.bools)
    arrays = _combine_arrays(known, union)
    if arrays is None:
        return None
    return ValueSet(missing, bools, overlap([one.numbers for one in known], least), overlap([one.strings for one in known], least), *arrays)


def _combine_arrays(sets: list[ValueSet], union: bool) -> tuple[tuple[Element, ...], int] | None:
    elements: tuple[Element, ...] = ()
    for one in sets:
        if one.elements and one.elements != elements:
            elements = tuple(sorted({*elements, *one.elements})) if elements else one.elements
            if len(elements) > MAX_ELEMENTS:
                return None
    table = 0 if union else -1
    for one in sets:
        rows = one.arrays if one.elements == elements else _expanded(one, elements)
        table = table | rows if union else table & rows
    if not elements:
        return elements, table & 1
    reduced = _reduced(EMPTY._replace(elements=elements, arrays=table & possible(elements)))
    return reduced.elements, reduced.arrays


def _expanded(values: ValueSet, elements: tuple[Element, ...]) -> int:
    """The truth table of a set over more elements than its own."""
    if not values.elements:
        return -(values.arrays & 1)
    bits = [1 << elements.index(element) for element in values.elements]
    table = 0
    for row in range(1 << len(elements)):
        own = sum(1 << i for i, bit in enumerate(bits) if row & bit)
        table |= (values.arrays >> own & 1) << row
    return table


def _reduced(values: ValueSet) -> ValueSet:
    """The same set without the elements that make no difference, so that equal sets are equal."""
    elements, table = values.elements, values.arrays
    for i in reversed(range(len(elements))):
        rows = possible(elements)
        without = [row for row in range(1 << len(elements)) if not row >> i & 1 and rows >> row & 1]
        if all(table >> row & 1 == table >> (row | 1 << i) & 1 for row in without if rows >> (row | 1 << i) & 1):
            elements = elements[:i] + elements[i + 1 :]
            table = sum((table >> row & 1) << _squeezed(row, i) for row in without)
    return values._replace(elements=elements, arrays=table)


def _squeezed(row: int, i: int) -> int:
    return row & ((1 << i) - 1) | row >> (i + 1) << i


@lru_cache(1024)
def possible(elements: tuple[Element, ...]) -> int:
    """The rows of a truth table that some array has: all elements of an array are strings, bools, int64 or doubles.

    Row 0 is always possible. 2**53 + 1 is no double and 1.5 no int64, so no array has both.
    """
    kinds: tuple[Callable[[Element], bool], ...] = (
        lambda element: element[0] == BOOL,
        lambda element: element[0] == STRING,
        lambda element: element[0] == NUMBER and isinstance(element[1], int),
        lambda element: element[0] == NUMBER and is_double(element[1]),
    )
    table = 0
    for is_kind in kinds:
        group = sum(1 << i for i, element in enumerate(elements) if is_kind(element))
        row = group
        while row:  # every subset of the group
            table |= 1 << row
            row = (row - 1) & group
    return table | 1


def is_double(number: int | float) -> bool:
    """Whether a number of the line is exactly a double."""
    return isinstance(number, float) or float(number) == number


__all__ = [
    "ANY_ID", "ANY_KEY", "ANY_TEXT", "BOOL", "EMPTY", "MAX_ELEMENTS", "NUMBER", "STRING", "Element", "Universe",
    "ValueSet", "combine", "complement", "declared_universe", "element_of", "is_double", "possible", "universe_of", "value_set",
]  # fmt: skip
