"""The shelf: what a collection has built beside its records, when it builds more, and what it puts away for room.

An index is built once the scans that it would have spared have cost as much as building it costs: no query waits for more
than it could ever win back, and in the long run all of them together pay at most twice what the best choice would have cost.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Generic, Protocol, TypeVar

from whereql.errors import BackendError
from whereql.source import quote

MODES = ("adaptive", "on", "off")
BUDGET = 4 << 30  # bytes
INDEX_OPTIONS = ("indexes", "index_memory")


def index_settings(url: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What the options of `whereql.open` say of indexes, as arguments of MemoryBackend. Raises BackendError WQ712 for what they can't be."""
    mode, budget = options.get("indexes"), options.get("index_memory", BUDGET)
    if mode is not None and mode not in MODES:
        raise BackendError("WQ712", f"indexes={quote(str(mode))} is no choice for {quote(url)}", hint=f"it is one of {', '.join(MODES)}")
    if type(budget) is not int or budget < 0:
        raise BackendError("WQ712", f"index_memory={quote(str(budget))} is no number of bytes", hint="write index_memory=500_000_000 for half a gigabyte")
    return {"indexes": mode, "budget": budget}


class Built(Protocol):
    """Something with a size in memory."""

    @property
    def nbytes(self) -> int:
        """The bytes of memory held."""


T = TypeVar("T", bound=Built)


@dataclass(frozen=True, slots=True)
class IndexStats:
    """An index that is built: of which column, its bytes, and the uses since."""

    name: str
    nbytes: int
    uses: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What a memory collection holds and has built.

    records: without the deleted; segments: the pieces they are in; deleted: rows that wait to be cleared away; indexes: those that
    are built, bytes of memory; built, evicted: how many ever were.
    """

    records: int
    segments: int
    deleted: int
    nbytes: int
    indexes: tuple[IndexStats, ...]
    built: int
    evicted: int


class Shelf:
    """The indexes of one collection.

    mode: `adaptive`, `on` (build whatever helps at once) or `off`, by default what the environment variable WHEREQL_INDEXES says; budget: bytes
    that all of them may take; beyond that the one that was not used for longest goes first. Raises BackendError for another mode.
    """

    def __init__(self, mode: str | None = None, budget: int = BUDGET) -> None:
        self.mode = mode or os.environ.get("WHEREQL_INDEXES") or "adaptive"
        if self.mode not in MODES:
            raise BackendError("WQ712", f"indexes={quote(self.mode)} is no choice", hint=f"it is one of {', '.join(MODES)}; so is WHEREQL_INDEXES")
        self.budget = budget
        self.epoch = 0  # counts what was built and put away: a plan is made anew then
        self.built = 0
        self.evicted = 0
        self.slots: list[Slot[Any]] = []
        self.lock = threading.RLock()
        self.clock = count(1).__next__

    def keep(self, slot: Slot[Any]) -> None:
        """Put a fresh index on the shelf, and others away while there is no room; the lock is held."""
        self.built += 1
        self.slots.append(slot)
        self.epoch += 1
        while len(self.slots) > 1 and sum(slot.nbytes for slot in self.slots) > self.budget:
            self.drop(min(self.slots[:-1], key=lambda slot: slot.used))
            self.evicted += 1

    def drop(self, slot: Slot[Any]) -> None:
        """Take an index away."""
        with self.lock:
            if slot in self.slots:
                self.slots.remove(slot)
                slot.value, slot.spent = None, 0.0
                self.epoch += 1


class Slot(Generic[T]):
    """The place of one index: empty, until it is worth its price.

    price: nanoseconds that building takes, as an estimate; make: builds it, None if that turns out to be no help.
    """

    def __init__(self, shelf: Shelf, name: str, price: float, make: Callable[[], T | None], value: T | None = None) -> None:
        self.shelf = shelf
        self.name = name
        self.price = price
        self.spent = 0.0
        self.value = value
        self.used = 0
        self.uses = 0
        self._make: Callable[[], T | None] | None = make

    @property
    def nbytes(self) -> int:
        """The bytes of the index, 0 while there is none."""
        return 0 if self.value is None else self.value.nbytes

    @property
    def is_due(self) -> bool:
        """Whether the index is to be built now."""
        if self.value is not None or self._make is None or self.shelf.mode == "off":
            return False
        return self.shelf.mode == "on" or self.spent >= self.price

    def charge(self, nanoseconds: float) -> None:
        """A scan was made that the index would have spared. Plans that do without it are no longer good once it is due."""
        was_due = self.spent >= self.price
        self.spent += nanoseconds
        if not was_due and self.is_due:
            self.shelf.epoch += 1

    def get(self) -> T | None:
        """The index, built if it is due; None if there is none."""
        if self.value is None and self.is_due:
            with self.shelf.lock:
                if self.value is None and self.is_due:
                    self._build()
        return self.value

    def put(self, made: T) -> None:
        """An index that came about otherwise."""
        with self.shelf.lock:
            self.value = made
            self.touch()
            self.shelf.keep(self)

    def touch(self) -> None:
        """The index is being used."""
        self.used = self.shelf.clock()
        self.uses += 1

    def retire(self) -> None:
        """Give the index up for good: nobody is to ask for it any more, and whoever still does goes without."""
        with self.shelf.lock:
            self._make = None
            self.shelf.drop(self)

    def _build(self) -> None:
        made = None if self._make is None else self._make()
        if made is None or made.nbytes > self.shelf.budget:
            self._make = None
        else:
            self.put(made)
