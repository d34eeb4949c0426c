"""The cells of a subject: its values, sorted by which of some predicates hold for them, with one value for each cell.

That many kinds of values are all that those predicates can tell apart, so what holds for a value of each cell holds for all.

>>> k = Field("k")
>>> cells = cells_of(k, [Predicate(k, Op.GT, whereql.literal(5)), Predicate(k, Op.IN, (whereql.literal(7), whereql.literal("x")))])
>>> [(cell.truths, cell.value) for cell in cells.known]
[(0, None), (1, 6), (3, 7), (2, 'x')]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from whereql.ast import Document, Field, Id, Literal, Op, Predicate, Subject, Uri
from whereql.kinds import Kind
from whereql.matcher import compile_test
from whereql.operators import TEXT
from whereql.optimize.lines import NUMBERS, STRINGS, prefixed
from whereql.records import SPARSE
from whereql.values import INT_MAX, INT_MIN

OTHER = {"#type": SPARSE, "indices": [0], "values": [1.0]}  # present, and seen by no operator but EXISTS

_MOST_ARRAYS = 1 << 16  # arrays of one kind, for as many truth vectors, beyond which no decision is tried
_MOST_OPEN = 12  # text operators of one subject, of which all combinations are looked at where the strings are not known


class Cell(NamedTuple):
    """truths: bit i for the i-th predicate; value: one that has them, None for a missing one; open: whether that is a guess."""

    truths: int
    value: Any
    is_open: bool = False


class Cells(NamedTuple):
    """known: cells with a value; open: further cells that there may be; complete: whether these are surely all."""

    known: list[Cell]
    open: list[Cell]
    complete: bool


def cells_of(subject: Subject, predicates: Sequence[Predicate]) -> Cells:
    """The cells of a subject under some predicates on it. Raises CheckError for a predicate with a parameter left to bind."""
    tests = [compile_test(predicate.op, predicate.operand) for predicate in predicates]

    def truths(value: Any) -> int:
        return 0 if value is None else sum(1 << i for i, holds in enumerate(tests) if holds(value))

    strings, complete = _strings(predicates, is_id=isinstance(subject, Id))
    found: dict[int, Any] = {}
    for value in (*_others(subject, predicates), *strings):
        found.setdefault(truths(value), value)
    known = [Cell(vector, value) for vector, value in found.items()]
    open_cells, all_open = ([], True) if complete else _open_cells(predicates, truths, found)
    return Cells(known, open_cells, all_open and len(found) <= _MOST_ARRAYS)


def _others(subject: Subject, predicates: Sequence[Predicate]) -> Iterator[Any]:
    """Values of a subject that are no strings."""
    match subject:
        case Field():
            yield from (None, OTHER, False, True)
            yield from _numbers(predicates)
            yield from _arrays(predicates)
        case Document() | Uri():
            yield None


def _scalars(predicates: Iterable[Predicate], kinds: Iterable[Kind]) -> Iterator[tuple[Op, Any]]:
    """The comparisons of predicates with values of some kinds, IN as one for each item."""
    for predicate in predicates:
        if predicate.op in TEXT or predicate.op is Op.HAS:
            continue
        items = predicate.operand if isinstance(predicate.operand, tuple) else (predicate.operand,)
        for item in items:
            if isinstance(item, Literal) and item.kind in kinds:
                yield Op.EQ if predicate.op is Op.IN else predicate.op, item.value


def _numbers(predicates: Sequence[Predicate]) -> Iterator[int | float]:
    """A number of each stretch of the line between the numbers that are compared with."""
    intervals = [NUMBERS.interval(op, value) for op, value in _scalars(predicates, (Kind.INT, Kind.FLOAT))]
    edges = sorted({edge for interval in intervals for edge in interval} | {NUMBERS.first})
    for low, high in pairwise([*edges, None]):
        yield _plain_number(low, high)


def _plain_number(low: Any, high: Any) -> int | float:
    """A number from a stretch that is pleasant to read: an int, if there is one."""
    below = 0 if high is None else math.floor(high) - 1
    wish = below if low == NUMBERS.first else math.ceil(low)
    fits = INT_MIN <= wish <= INT_MAX and low <= wish and (high is None or wish < high)
    return wish if fits else low


def _arrays(predicates: Sequence[Predicate]) -> Iterator[list[Any]]:
    """An array for each truth vector of HAS, of each kind of arrays; one with none of the elements is like OTHER."""
    lists = [{(item.kind is Kind.BOOL, item.value) for item in p.operand if isinstance(item, Literal)} for p in predicates if p.op is Op.HAS and isinstance(p.operand, tuple)]
    elements = {element for one in lists for element in one}
    for of_kind in (_bool_of, _string_of, _int_of, _float_of):
        signatures: dict[int, Any] = {}
        for value in sorted({value for is_bool, element in elements if (value := of_kind(is_bool, element)) is not None}):
            signatures.setdefault(sum(1 << i for i, one in enumerate(lists) if (isinstance(value, bool), value) in one), value)
        yield from _joined(signatures)


def _joined(signatures: dict[int, Any]) -> Iterable[list[Any]]:
    """Arrays of elements of different signatures, one for each union of signatures."""
    arrays: dict[int, list[Any]] = {}
    for signature, value in signatures.items():
        grown = {vector | signature: [*array, value] for vector, array in arrays.items()}
        for vector, array in ({signature: [value]} | grown).items():
            arrays.setdefault(vector, array)
        if len(arrays) > _MOST_ARRAYS:
            break  # too many for any decision; `cells_of` says that these are not all
    return arrays.values()


def _bool_of(is_bool: bool, value: Any) -> Any:
    return value if is_bool else None


def _string_of(is_bool: bool, value: Any) -> Any:
    return value if isinstance(value, str) else None


def _int_of(is_bool: bool, value: Any) -> Any:
    exact = not is_bool and not isinstance(value, str) and INT_MIN <= value <= INT_MAX and value == math.floor(value)
    return int(value) if exact else None


def _float_of(is_bool: bool, value: Any) -> Any:
    return float(value) if not is_bool and not isinstance(value, str) and float(value) == value else None


def _strings(predicates: Sequence[Predicate], *, is_id: bool) -> tuple[list[str], bool]:
    """Strings for all truth vectors that strings have, and whether these are surely all."""
    comparisons = list(_scalars(predicates, (Kind.STRING,)))
    texts = [(p.op, str(p.operand.value)) for p in predicates if p.op in TEXT and isinstance(p.operand, Literal)]
    if any(op is not Op.STARTS for op, _ in texts):
        return _worlds([*texts, *comparisons], is_id)
    edges: set[str] = {""}
    for interval in [*(STRINGS.interval(op, value) for op, value in comparisons), *(prefixed(text) for _, text in texts)]:
        edges |= set(interval)
    pairs = pairwise([*sorted(edges), None])
    return [text for low, high in pairs if (text := _plain_string(str(low), high, is_id)) is not None], True


def _worlds(atoms: list[tuple[Op, str]], is_id: bool) -> tuple[list[str], bool]:
    from whereql.optimize.languages import worlds  # the tables of Unicode load with the first pattern

    atoms = list(dict.fromkeys([*atoms, (Op.EQ, "")] if is_id else atoms))
    found = worlds(atoms)
    return [text for text in found.samples.values() if text or not is_id], found.complete


def _plain_string(low: str, high: str | None, is_id: bool) -> str | None:
    """A string from a stretch that is pleasant to read; None if only the empty one is there and it is no id."""
    if low == "" and is_id:
        return next((text for text in ("a", "A", "0", " ", "\0") if high is None or text < high), None)
    if not low.endswith("\0"):
        return low
    stem = low.rstrip("\0")
    return next((text for text in (stem + "a", stem + " ", stem + "\x01") if low <= text and (high is None or text < high)), low)


def _open_cells(predicates: Sequence[Predicate], truths: Callable[[Any], int], found: dict[int, Any]) -> tuple[list[Cell], bool]:
    """The truth vectors that a string not yet seen may have: whatever its order, any combination of the text operators."""
    opaque = [i for i, p in enumerate(predicates) if p.op in TEXT and p.op is not Op.STARTS]
    if len(opaque) > _MOST_OPEN:
        return [], False
    plain, _ = _strings([p for i, p in enumerate(predicates) if i not in opaque], is_id=False)
    mask = sum(1 << i for i in opaque)
    vectors = {truths(text) & ~mask | chosen for text in plain for chosen in _subsets(opaque)}
    return [Cell(vector, None, True) for vector in sorted(vectors - found.keys())], True


def _subsets(bits: list[int]) -> Iterator[int]:
    for row in range(1 << len(bits)):
        yield sum(1 << bit for i, bit in enumerate(bits) if row >> i & 1)


__all__ = ["OTHER", "Cell", "Cells", "cells_of"]
