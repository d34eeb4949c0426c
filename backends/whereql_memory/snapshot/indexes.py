"""Indexes in a file: those of the values of each key, and, if asked for, that of the words of the documents.

| index of | sections beside those of the column |
|---|---|
| the values of a key | `index.order`, `index.starts`, and `index.keys` if they are numbers or bools |
| the words of the documents | `words.offsets`, `words.blob`, `words.starts`, `words.entries` |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from whereql_memory.arrays import Index
from whereql_memory.indexes import RowIndex
from whereql_memory.segments import Consecutive, Segment
from whereql_memory.shelf import Shelf
from whereql_memory.snapshot.checks import check_below, check_numbers, check_offsets, is_ascending_in_runs, stretches
from whereql_memory.snapshot.form import BLOCK
from whereql_memory.snapshot.layout import CODES, COUNTED, HASHES, NUMBERS, OFFSETS, write_texts
from whereql_memory.snapshot.reader import Container
from whereql_memory.snapshot.stored import sorted_texts
from whereql_memory.snapshot.writer import Writer
from whereql_memory.table import Table
from whereql_memory.texts import Texts
from whereql_memory.words import WordIndex

DOCUMENTS = "#document"
WORDS = "words"  # a key may be called #document, too, but no kind is called this
_ALL = 1 << 62  # bytes: whatever there is fits
_AT_ONCE = 16  # blocks next to each other that one check is about
_ENTRIES = BLOCK // 4  # of a word index in a block of the file


# Writing.


def write_indexes(writer: Writer, number: int, table: Table, words: bool) -> None:
    """Append the indexes of the segment `number`. words: that of the words of the documents, too, if it is of use."""
    segment = made_indexes(table)
    for key, name in enumerate(table.keys):
        for column, access in segment.accesses(name):
            index = access.index.get() if access is not None else None
            if index is not None:
                _write_rows(writer, f"{number}/{key}.{column.kind}/index", index)
    if words and len(table.documents):
        found = segment.words(DOCUMENTS, table.documents).get()
        if found is not None:
            _write_words(writer, f"{number}/documents/words", found)


def made_indexes(table: Table) -> Segment:
    """The table as a segment that makes each index when it is asked for."""
    return Segment(table, Consecutive(0, len(table)), Shelf("on", _ALL))


def _write_rows(writer: Writer, name: str, index: RowIndex) -> None:
    writer.add(f"{name}.order", index.order)
    writer.add(f"{name}.starts", index.starts)
    if index.keys is not None:
        writer.add(f"{name}.keys", index.keys)


def _write_words(writer: Writer, name: str, index: WordIndex) -> None:
    write_texts(writer, name, index.words, ".")
    writer.add(f"{name}.starts", index.starts)
    writer.add(f"{name}.entries", index.entries)


# Reading.


def readers(container: Container, number: int, size: int, columns: Mapping[tuple[str, str], str], documents: Callable[[], Texts]) -> Mapping[tuple[str, str], Callable[[], Any]]:
    """What reads each index that the segment `number` of `size` records has, by key and kind, or `#document` and `words`.

    columns: the names of the columns of the keys.
    """
    found: dict[tuple[str, str], Callable[[], Any]] = {
        about: partial(_read_rows, container, name, about[1], size) for about, name in columns.items() if f"{name}/index.order" in container.sections
    }
    if f"{number}/documents/words.entries" in container.sections:
        found[DOCUMENTS, WORDS] = lambda: StoredWords(container, f"{number}/documents/words", documents())
    return found


def _read_rows(container: Container, name: str, kind: str, size: int) -> RowIndex:
    element = kind.removesuffix("[]")
    values = container.section(f"{name}/{COUNTED[element][0]}", CODES if element == "string" else NUMBERS[element])
    order = container.section(f"{name}/index.order", HASHES)
    starts = container.section(f"{name}/index.starts", HASHES)
    keys = None
    if element == "string":
        distinct = len(container.section(f"{name}/offsets", OFFSETS)) - 1
    else:
        section = container.section(f"{name}/index.keys", ("|u1",) if element == "bool" else (values.entry.dtype,))
        distinct, keys = len(section), check_numbers(section)
        if not (keys[1:] > keys[:-1]).all():
            raise section.damaged("the values don't ascend")
    if len(starts) != distinct + 1 or len(order) > len(values) or (kind == element and len(order) < len(values)):
        raise order.damaged("it has not as many entries as there are values")
    check_offsets(starts, len(order), least=1)
    if not is_ascending_in_runs(check_below(order, size), starts.raw):
        raise order.damaged("the records of a value don't ascend")
    return RowIndex(order.raw, starts.raw, keys, is_multi=kind != element)


class StoredWords(WordIndex):
    """The index of words in the sections `<name>.…`, whose entries are checked block by block when they are first read."""

    __slots__ = ("_known", "_section")

    def __init__(self, container: Container, name: str, texts: Texts) -> None:
        self._section = container.section(f"{name}.entries", HASHES)
        words = sorted_texts(container, name, ".")
        starts = container.section(f"{name}.starts", OFFSETS)
        if len(starts) != len(words) + 1:
            raise starts.damaged("it has not as many entries as there are words")
        super().__init__(texts, words, check_offsets(starts, len(self._section), least=1), self._section.raw)
        self._known = np.zeros(-(-len(self._section) // _ENTRIES), np.bool_)

    @property
    def nbytes(self) -> int:
        """None: they are the file's."""
        return 0

    def _runs(self, words: Index) -> tuple[Index, Index]:
        begins, ends = super()._runs(words)
        read = np.zeros(len(self._known) + 1, np.int64)
        np.add.at(read, begins // _ENTRIES, 1)
        np.add.at(read, (ends - 1) // _ENTRIES + 1, -1)
        for first, last in stretches(np.flatnonzero((np.cumsum(read[:-1]) > 0) & ~self._known), _AT_ONCE):
            self._check(first * _ENTRIES, min(last * _ENTRIES, len(self._section)))
            self._known[first:last] = True
        return begins, ends

    def _check(self, start: int, stop: int) -> None:
        self._section.check(4 * start, 4 * stop)
        first, last = np.searchsorted(self.starts, [start, stop], "right").tolist()
        edges = np.array([start, *self.starts[first:last], stop]) - start
        entries = self.entries[start:stop]
        if int(entries.max()) >= len(self.texts) or not is_ascending_in_runs(entries, edges):
            raise self._section.damaged("the documents of a word don't ascend")
