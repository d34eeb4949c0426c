"""The cells of a subject: its values, sorted by which of some predicates hold for them, with one value for each cell.

That many kinds of values are all that those predicates can tell apart, so what holds for a value of each cell holds for all.

>>> k = Field("k")
>>> cells = cells_of(k, [Predicate(k, Op.GT, whereql.literal(5)), Predicate(k, Op.IN, (whereql.literal(7), whereql.literal("x")))])
>>> [(cell.truths, cell.value) for cell in cells.known]
[(0, None), (1, 6), (3, 7), (2, 'x')]
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from whereql.ast import Field, Id, Literal, Op, Predicate, Subject
from whereql.kinds import Kind
from whereql.matcher import compile_test
from whereql.operators import COMPARISON, TEXT
from whereql.optimize.lines import NUMBERS, STRINGS, Edges, Line, points, prefixed
from whereql.records import SPARSE
from whereql.values import INT_MAX, INT_MIN

OTHER = {"#type": SPARSE, "indices": [0], "values": [1.0]}  # present, and seen by no operator but EXISTS

_MOST_ARRAYS = 1 << 18  # steps to all arrays of one kind, beyond which no decision is tried
_MOST_ATOMS = 300  # strings and texts that automata are made of; 300 of them would spend any budget
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
    present = sum(1 << i for i, predicate in enumerate(predicates) if predicate.op is Op.EXISTS)

    def truths(value: Any) -> int:
        return sum(1 << i for i, holds in enumerate(tests) if holds(value))

    found: dict[int, Any] = {} if isinstance(subject, Id) else {0: None}
    complete = True
    if isinstance(subject, Field):
        found.setdefault(present, OTHER)
        for value in (False, True):
            found.setdefault(truths(value), value)
        for vector, low, high in _stretches(predicates, NUMBERS, (Kind.INT, Kind.FLOAT)):
            if vector | present not in found:
                found[vector | present] = _plain_number(low, high)
        arrays, complete = _arrays(predicates)
        for vector, array in arrays.items():
            found.setdefault(vector | present, array)
    is_id = isinstance(subject, Id)
    if all(predicate.op not in TEXT or predicate.op is Op.STARTS for predicate in predicates):
        for vector, low, high in _stretches(predicates, STRINGS, (Kind.STRING,)):
            if vector | present not in found and (text := _plain_string(low, high, is_id)) is not None:
                found[vector | present] = text
        return Cells([Cell(vector, value) for vector, value in found.items()], [], complete)
    strings, all_strings = _worlds(predicates, is_id)
    for text in strings:
        found.setdefault(truths(text), text)
    known = [Cell(vector, value) for vector, value in found.items()]
    open_cells, all_open = ([], True) if all_strings else _open_cells(predicates, present, found)
    return Cells(known, open_cells, complete and all_open)


def _stretches(predicates: Sequence[Predicate], line: Line, kinds: tuple[Kind, ...]) -> Iterator[tuple[int, Any, Any]]:
    """The stretches of a line on which no predicate changes: which of them hold there, and the two ends."""
    changes: dict[Any, int] = {line.first: 0}
    for i, predicate in enumerate(predicates):
        for edge in _edges_of(predicate, line, kinds):
            changes[edge] = changes.get(edge, 0) ^ 1 << i
    vector = 0
    for low, high in pairwise([*sorted(changes), None]):
        vector ^= changes[low]
        yield vector, low, high


def _edges_of(predicate: Predicate, line: Line, kinds: tuple[Kind, ...]) -> Edges:
    """The points of a line at which a comparison, IN or STARTS WITH changes; none for other operators."""
    operand = predicate.operand
    if predicate.op is Op.STARTS and isinstance(operand, Literal):
        return prefixed(str(operand.value)) if line is STRINGS else ()
    if predicate.op is Op.IN and isinstance(operand, tuple):
        return points([item.value for item in operand if isinstance(item, Literal) and item.kind in kinds], line)
    if predicate.op in COMPARISON and isinstance(operand, Literal) and operand.kind in kinds:
        return line.interval(predicate.op, operand.value)
    return ()


def _plain_number(low: Any, high: Any) -> int | float:
    """A number from a stretch that is pleasant to read: an int, if there is one."""
    below = 0 if high is None else math.floor(high) - 1
    wish = below if low == NUMBERS.first else math.ceil(low)
    fits = INT_MIN <= wish <= INT_MAX and low <= wish and (high is None or wish < high)
    return wish if fits else low


def _arrays(predicates: Sequence[Predicate]) -> tuple[dict[int, list[Any]], bool]:
    """An array for each truth vector of HAS, of each kind of arrays, and whether these are all.

    An array with none of the elements is like OTHER.
    """
    lists = [
        (1 << i, {(item.kind is Kind.BOOL, item.value) for item in p.operand if isinstance(item, Literal)})
        for i, p in enumerate(predicates) if p.op is Op.HAS and isinstance(p.operand, tuple)
    ]  # fmt: skip
    elements = {element for _, one in lists for element in one}
    arrays: dict[int, list[Any]] = {}
    for of_kind in (_bool_of, _string_of, _int_of, _float_of):
        signatures: dict[int, Any] = {}
        for value in sorted({value for is_bool, element in elements if (value := of_kind(is_bool, element)) is not None}):
            signatures.setdefault(sum(bit for bit, one in lists if (isinstance(value, bool), value) in one), value)
        joined = _joined(signatures)
        if joined is None:
            return arrays, False
        arrays = joined | arrays
    return arrays, True


def _joined(signatures: dict[int, Any]) -> dict[int, list[Any]] | None:
    """Arrays of elements of different signatures, one for each union of signatures; None if that is too much work."""
    arrays: dict[int, list[Any]] = {}
    work = 0
    for signature, value in signatures.items():
        work += len(arrays)
        if work > _MOST_ARRAYS:
            return None
        grown = {vector | signature: [*array, value] for vector, array in arrays.items()}
        for vector, array in ({signature: [value]} | grown).items():
            arrays.setdefault(vector, array)
    return arrays


def _bool_of(is_bool: bool, value: Any) -> Any:
    return value if is_bool else None


def _string_of(is_bool: bool, value: Any) -> Any:
    return value if isinstance(value, str) else None


def _int_of(is_bool: bool, value: Any) -> Any:
    exact = not is_bool and not isinstance(value, str) and INT_MIN <= value <= INT_MAX and value == math.floor(value)
    return int(value) if exact else None


def _float_of(is_bool: bool, value: Any) -> Any:
    return float(value) if not is_bool and not isinstance(value, str) and float(value) == value else None


def _worlds(predicates: Sequence[Predicate], is_id: bool) -> tuple[list[str], bool]:
    """Strings for all truth vectors that strings have, and whether these are surely all."""
    from whereql.optimize.languages import worlds  # the tables of Unicode load with the first pattern

    texts = [(p.op, str(p.operand.value)) for p in predicates if (p.op in TEXT or p.op in COMPARISON) and isinstance(p.operand, Literal) and p.operand.kind is Kind.STRING]
    listed = [item.value for p in predicates if p.op is Op.IN and isinstance(p.operand, tuple) for item in p.operand if isinstance(item, Literal) and item.kind is Kind.STRING]
    if len(texts) + len(listed) > _MOST_ATOMS:  # beyond the automata's budget in any case: the strings at hand have to do
        return [text for text in dict.fromkeys([*map(str, listed[:_MOST_ATOMS]), *(text for _, text in texts[:_MOST_ATOMS])]) if text or not is_id], False
    atoms = dict.fromkeys([*texts, *((Op.EQ, str(text)) for text in listed), *([(Op.EQ, "")] if is_id else [])])
    found = worlds(list(atoms))
    return [text for text in found.samples.values() if text or not is_id], found.complete


def _plain_string(low: str, high: str | None, is_id: bool) -> str | None:
    """A string from a stretch that is pleasant to read; None if only the empty one is there and it is no id."""
    if low == "" and is_id:
        return next((text for text in ("a", "A", "0", " ", "\0") if high is None or text < high), None)
    if not low.endswith("\0"):
        return low
    stem = low.rstrip("\0")
    return next((text for text in (stem + "a", stem + " ", stem + "\x01") if low <= text and (high is None or text < high)), low)


def _open_cells(predicates: Sequence[Predicate], present: int, found: dict[int, Any]) -> tuple[list[Cell], bool]:
    """The truth vectors that a string not yet seen may have: whatever its order, any combination of the text operators."""
    opaque = [i for i, p in enumerate(predicates) if p.op in TEXT and p.op is not Op.STARTS]
    if len(opaque) > _MOST_OPEN:
        return [], False
    plain = {vector | present for vector, _, _ in _stretches(predicates, STRINGS, (Kind.STRING,))}
    vectors = {vector | chosen for vector in plain for chosen in _subsets(opaque)}
    return [Cell(vector, None, True) for vector in sorted(vectors - found.keys())], True


def _subsets(bits: list[int]) -> Iterator[int]:
    for row in range(1 << len(bits)):
        yield sum(1 << bit for i, bit in enumerate(bits) if row >> i & 1)


__all__ = ["OTHER", "Cell", "Cells", "cells_of"]
