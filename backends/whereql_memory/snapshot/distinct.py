"""Which of ever more ids are new, in twelve bytes an id: a set of their strings would take a hundred."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from whereql_memory.arrays import Array, Index


class Distinct:
    """Remembers ids by a hash of 64 bits, with a secret of this process, and asks for the id itself where two have one hash.

    id_of: the id that was taken as number …, counted from 0.
    """

    def __init__(self, id_of: Callable[[int], str]) -> None:
        self._id_of = id_of
        self._count = 0
        # Sorted hashes with the numbers of their ids, in runs of growing size, so that each id is merged a few times only.
        self._runs: list[tuple[Array, Array]] = []

    def __len__(self) -> int:
        """How many ids were taken."""
        return self._count

    def fresh(self, ids: Sequence[str]) -> Index:
        """The places of the ids that are new, the first of each, which are taken now. `id_of` may be asked for those from before."""
        hashes = np.fromiter(map(hash, ids), np.int64, len(ids))
        keep = np.ones(len(ids), np.bool_)
        taken: dict[str, None] = {}
        for at in np.flatnonzero(self._suspicious(hashes)).tolist():
            keep[at] = ids[at] not in taken and not self._is_known(ids[at], int(hashes[at]))
            taken[ids[at]] = None
        fresh = np.flatnonzero(keep)
        self._take(hashes[fresh])
        return fresh

    def _suspicious(self, hashes: Array) -> Array:
        """Whose hash is there already, or twice among these."""
        order = np.argsort(hashes, kind="stable")
        alike = hashes[order][1:] == hashes[order][:-1]
        twice = np.zeros(len(hashes), np.bool_)
        twice[order[1:][alike]] = twice[order[:-1][alike]] = True
        for known, _ in self._runs:
            places = np.searchsorted(known, hashes)
            places[places == len(known)] = 0
            twice |= known[places] == hashes
        return twice

    def _is_known(self, id: str, hashed: int) -> bool:
        for known, numbers in self._runs:
            low, high = np.searchsorted(known, hashed, "left"), np.searchsorted(known, hashed, "right")
            if any(self._id_of(number) == id for number in numbers[low:high].tolist()):
                return True
        return False

    def _take(self, hashes: Array) -> None:
        numbers = np.arange(self._count, self._count + len(hashes), dtype=np.uint32)
        self._count += len(hashes)
        while self._runs and len(self._runs[-1][0]) <= 2 * len(hashes):
            known, earlier = self._runs.pop()
            hashes, numbers = np.concatenate([known, hashes]), np.concatenate([earlier, numbers])
        order = np.argsort(hashes, kind="stable")
        if len(order):
            self._runs.append((hashes[order], numbers[order]))
