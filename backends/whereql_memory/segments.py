"""A segment: an immutable table, its place in the order of the collection, and the ways to its values that queries have made."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import Any, overload

from whereql.ast import Expr
from whereql_memory.access import Access, ElementAccess
from whereql_memory.arrays import Index
from whereql_memory.columns import Arrays, Plain, Raw, Sparse, Strings
from whereql_memory.nodes import Node
from whereql_memory.planner import plan
from whereql_memory.shelf import Shelf, Slot
from whereql_memory.table import Table
from whereql_memory.texts import Texts
from whereql_memory.words import WordIndex, build_seconds

DOCUMENT = "#document"
_PLANS = 128  # that a segment remembers


class Segment:
    """A table whose rows stand in the collection's order; it never changes.

    sequence: of each row, ascending, int64 of shape (n,): rows of several segments are put in order by it; shelf: where the indexes
    are accounted for; wanted: the names of those that the tables had which it was merged from: they are due at once.
    """

    def __init__(self, table: Table, sequence: Index | Consecutive, shelf: Shelf, wanted: Iterable[str] = ()) -> None:
        self.table = table
        self.size = len(table)  # which is asked for with every call, through three others
        self.sequence = sequence
        self.shelf = shelf
        self._wanted = frozenset(wanted)
        self._accesses: dict[tuple[str, str], Access | ElementAccess | None] = {}
        self._word_slots: dict[str, Slot[WordIndex]] = {}
        self._plans: OrderedDict[int, tuple[int, Expr, Node]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return self.size

    def accesses(self, key: str) -> Iterable[tuple[Any, Access | ElementAccess | None]]:
        """The columns of a key, each with the way to its values; None for sparse vectors, into which nobody looks."""
        for kind, column in self.table.keys.get(key, {}).items():
            yield column, self._access(key, kind, column)

    def _access(self, key: str, kind: str, column: Any) -> Access | ElementAccess | None:
        known = (key, kind)
        if known not in self._accesses:
            with self.shelf.lock:
                if known not in self._accesses:
                    self._accesses[known] = self._make_access(key, column)
        return self._accesses[known]

    def _make_access(self, key: str, column: Any) -> Access | ElementAccess | None:
        match column:
            case Sparse():
                return None
            case Arrays():
                access: Access | ElementAccess = ElementAccess(key, column, len(self), self.shelf)
            case Plain() | Strings():
                access = Access(key, column, len(self), self.shelf)
            case _:
                raise TypeError(f"not a column: {column!r}")
        access.index.value = self._given(key, column.kind)
        self._prepare(access.index)
        return access

    def _given(self, name: str, kind: str) -> Any:
        """The index that came with the table, unless none are wanted."""
        return None if self.shelf.mode == "off" else self.table.indexes.get((name, kind))

    def _prepare(self, slot: Slot[Any]) -> None:
        if slot.name in self._wanted:
            slot.spent = slot.price

    def words(self, subject: str, column: Raw) -> Slot[WordIndex]:
        """The place of the word index of a column of texts: `#document`, `#uri` or `#id`."""
        if subject not in self._word_slots:
            with self.shelf.lock:
                self._word_slots.setdefault(subject, self._make_words(subject, column.texts))
        return self._word_slots[subject]

    def _make_words(self, subject: str, texts: Texts) -> Slot[WordIndex]:
        price = build_seconds(int(texts.offsets[-1] - texts.offsets[0])) * 1e9
        slot = Slot(self.shelf, subject, price, lambda: WordIndex.of(texts), self._given(subject, "words"))
        self._prepare(slot)
        return slot

    def plan(self, expr: Expr) -> Node:
        """The plan of a closed filter; the plans of filters met before are kept as long as no index comes or goes."""
        known = self._plans.get(id(expr))
        if known is not None and known[0] == self.shelf.epoch and known[1] is expr:
            return known[2]
        with self._lock:
            made = plan(expr, self)
            self._plans[id(expr)] = (self.shelf.epoch, expr, made)  # with the expr, so that its number stays its own
            while len(self._plans) > _PLANS:
                self._plans.popitem(last=False)
        return made

    @property
    def slots(self) -> list[Slot[Any]]:
        """The places of all indexes that there may be."""
        accesses = [access for access in list(self._accesses.values()) if access is not None]  # a copy: readers may add to it meanwhile
        counts = [access.counts for access in accesses if isinstance(access, Access) and access.counts is not None]
        return [*(access.index for access in accesses), *counts, *self._word_slots.values()]

    def release(self) -> None:
        """Give this segment's indexes up: only readers of an earlier view may still ask it, and they go without."""
        with self.shelf.lock:
            for slot in self.slots:
                slot.retire()
            self.shelf = Shelf("off")

    @property
    def nbytes(self) -> int:
        """The bytes of the table, without Python strings, and of what was made beside it."""
        return self.table.nbytes + self.sequence.nbytes + sum(slot.nbytes for slot in self.slots)


class Consecutive:
    """The sequence of `size` rows from `start` on. It is no array: ten million records of a file would open with 80 MB of it."""

    nbytes = 0

    def __init__(self, start: int, size: int) -> None:
        self._start = start
        self._size = size

    @overload
    def __getitem__(self, rows: int) -> int: ...
    @overload
    def __getitem__(self, rows: Index) -> Index: ...
    def __getitem__(self, rows: int | Index) -> int | Index:
        """As of an array; of the rows in an array none is negative."""
        return rows + (self._start + self._size if isinstance(rows, int) and rows < 0 else self._start)
