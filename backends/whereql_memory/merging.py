"""How a view changes: records come behind, rows die, and small segments are merged before there are many of them.

Every segment has more than four times the rows of all behind it together, so there are few, and a record is copied a few times in
its life. A segment of which a third is dead is written anew without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from whereql_memory.arrays import Index
from whereql_memory.segments import DOCUMENT, Consecutive, Segment
from whereql_memory.shelf import Shelf
from whereql_memory.table import Table, merge
from whereql_memory.view import Part, View
from whereql_memory.words import WordIndex

_RATIO = 4
_SMALL = 1024  # rows: a segment of fewer is merged with what comes, whatever that is
_DEAD = 3  # a segment is cleared once one row in so many is dead


def behind(view: View, table: Table, sequence: Index | Consecutive, shelf: Shelf) -> View:
    """The view with a table as its last part; sequence: the places of its rows in the collection, ascending."""
    return View(_merged([*view.parts, Part(Segment(table, sequence, shelf))], shelf)) if len(table) else view


def without(view: View, dead: Mapping[Part, Index], shelf: Shelf) -> View:
    """The view without some rows of its parts."""
    return View(rest for part in view.parts if (rest := _bury(part, dead.get(part), shelf)) is not None)


def _bury(part: Part, rows: Index | None, shelf: Shelf) -> Part | None:
    if rows is None or not len(rows):
        return part
    alive = np.ones(len(part.segment), np.bool_) if part.alive is None else part.alive.copy()
    alive[rows] = False
    rest = Part(part.segment, alive, part.dead + len(rows))
    if rest.dead * _DEAD < len(part.segment) and len(part.segment) > _SMALL:
        return rest
    if not len(rest):
        part.segment.release()
        return None
    return Part(_join([rest], shelf))


def _merged(parts: list[Part], shelf: Shelf) -> list[Part]:
    """The parts, with as many from the end on joined as are too small beside those behind them."""
    start, size = len(parts) - 1, len(parts[-1])
    while start and (len(parts[start - 1]) <= _RATIO * size or len(parts[start - 1]) < _SMALL):
        start -= 1
        size += len(parts[start])
    return parts if start == len(parts) - 1 else [*parts[:start], Part(_join(parts[start:], shelf))]


def _join(parts: Sequence[Part], shelf: Shelf) -> Segment:
    """One segment of what is alive in several."""
    alive = [(part.segment.table if part.alive is None else part.segment.table.take(part.rows)) for part in parts]
    sequence = np.concatenate([part.segment.sequence[part.rows] for part in parts])
    order = np.argsort(sequence, kind="stable")
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    edges = np.cumsum([len(table) for table in alive])[:-1]
    table = merge(list(zip(alive, np.split(places, edges), strict=True))) if len(alive) > 1 else alive[0]
    wanted = {slot.name for part in parts for slot in part.segment.slots if slot.value is not None}
    words = _join_words(parts, table) if bool((order[1:] > order[:-1]).all()) else None
    for part in parts:
        part.segment.release()
    segment = Segment(table, sequence[order], shelf, wanted)
    if words is not None:
        segment.words(DOCUMENT, table.documents).put(words)
    return segment


def _join_words(parts: Sequence[Part], table: Table) -> WordIndex | None:
    """The index of the documents of parts that stand behind each other, if the largest part has one: making it anew would take far longer."""
    slots = {part: part.segment.words(DOCUMENT, part.segment.table.documents) for part in parts}
    if slots[max(parts, key=len)].value is None:
        return None
    pieces: list[tuple[WordIndex, Index]] = []
    start = 0
    for part, slot in slots.items():
        documents = part.segment.table.documents
        index = slot.value or WordIndex.of(documents.texts)
        if index is None:
            return None
        lives = np.ones(len(documents), np.bool_) if part.alive is None else part.alive if documents.rows is None else part.alive[documents.rows]
        numbers = np.cumsum(lives) - 1 + start
        pieces.append((index, np.where(lives, numbers, -1)))
        start += int(np.count_nonzero(lives))
    return WordIndex.join(table.documents.texts, pieces)
