"""AND, OR and NOT of a plan: in which order its parts are asked, and which of them by what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod

import numpy as np

from whereql_memory.arrays import Index, Mask
from whereql_memory.indexes import ascending
from whereql_memory.nodes import LISTING, Exprs, Listed, Node

_COSTLY = 5.0  # nanoseconds: a part that costs more to scan is tested on the rows that are left
_UNITED = 32  # rows of the parts of an OR are united as lists where they are fewer than one in so many
_FIRST_PIECE, _GROWTH = 512, 4


class Both(Node):
    """All of its parts: what the rarest of them lists is tested by the others, or all are scanned."""

    def __init__(self, exprs: Exprs, size: int, parts: Sequence[Node]) -> None:
        shares = [part.estimate / max(1, size) for part in parts]
        super().__init__(exprs, size, size * prod(shares))
        by_cost = sorted(zip(parts, shares, strict=True), key=lambda each: each[0].test_cost / max(1e-9, 1 - each[1]))
        self._parts = [part for part, _ in by_cost]
        self.scan_cost = sum(part.scan_cost for part in parts)
        self.test_cost = sum(part.test_cost for part in parts)
        listed = [part for part in self._parts if part.is_listed]
        self.driver: Node | None = min(listed, key=lambda part: part.estimate, default=None)
        if self.driver is not None:
            testing = self.driver.estimate * (self.test_cost - self.driver.test_cost)
            scanning = size * (sum(min(part.scan_cost, _COSTLY) for part in parts) + LISTING)
            if testing > scanning:
                self.driver = None
        self.is_listed = self.driver is not None
        self.testers = [part for part in self._parts if part is not self.driver]
        self._scanned = sorted(parts, key=lambda part: part.scan_cost)

    @property
    def parts(self) -> Sequence[Node]:
        """See Node."""
        return self._parts

    def mask(self, low: int, high: int) -> Mask:
        """See Node."""
        mask = self._scanned[0].mask(low, high)
        for part in self._scanned[1:]:
            if part.scan_cost > _COSTLY:
                left = np.flatnonzero(mask)
                if len(left) * part.test_cost < (high - low) * part.scan_cost:
                    mask[left] = part.test(left + low)
                    continue
            mask &= part.mask(low, high)
        return mask

    def test(self, rows: Index) -> Mask:
        """See Node."""
        mask = self._parts[0].test(rows)
        for part in self._parts[1:]:
            left = np.flatnonzero(mask)
            mask[left] = part.test(rows[left])
        return mask

    def rows(self) -> Index:
        """See Node."""
        assert self.driver is not None  # is_listed says so
        return self.tested(self.driver.rows())

    def tested(self, rows: Index) -> Index:
        """Those of the driver's rows that the other parts have."""
        for part in self.testers:
            if not len(rows):
                break
            rows = rows[part.test(rows)]
        return rows

    def settled(self) -> Node:
        """See Node."""
        if self.driver is not None:
            return Listed(self.exprs, self.size, self.rows())
        return _settled(self, self._parts, Both)


class Either(Node):
    """At least one of its parts."""

    def __init__(self, exprs: Exprs, size: int, parts: Sequence[Node]) -> None:
        estimate = sum(part.estimate for part in parts)
        super().__init__(exprs, size, min(size, estimate))
        self._parts = sorted(parts, key=lambda part: part.scan_cost)
        self.scan_cost = sum(part.scan_cost for part in parts)
        self.test_cost = sum(part.test_cost for part in parts)
        self.is_listed = all(part.is_listed for part in parts) and estimate * _UNITED < size

    @property
    def parts(self) -> Sequence[Node]:
        """See Node."""
        return self._parts

    def mask(self, low: int, high: int) -> Mask:
        """See Node."""
        mask = self._parts[0].mask(low, high)
        for part in self._parts[1:]:
            if part.scan_cost > _COSTLY:
                left = np.flatnonzero(~mask)
                if len(left) * part.test_cost < (high - low) * part.scan_cost:
                    mask[left] = part.test(left + low)
                    continue
            mask |= part.mask(low, high)
        return mask

    def test(self, rows: Index) -> Mask:
        """See Node."""
        mask = self._parts[0].test(rows)
        for part in self._parts[1:]:
            left = np.flatnonzero(~mask)
            mask[left] = part.test(rows[left])
        return mask

    def rows(self) -> Index:
        """See Node."""
        return ascending(np.concatenate([part.rows() for part in self._parts]), self.size, is_multi=True)

    def settled(self) -> Node:
        """See Node."""
        if self.is_listed:
            return Listed(self.exprs, self.size, self.rows())
        return _settled(self, self._parts, Either)


class Complement(Node):
    """The rows that its part has not."""

    def __init__(self, exprs: Exprs, part: Node) -> None:
        super().__init__(exprs, part.size, part.size - part.estimate, part.is_exact)
        self.part = part
        self.scan_cost, self.test_cost = part.scan_cost + 0.05, part.test_cost

    @property
    def parts(self) -> Sequence[Node]:
        """See Node."""
        return (self.part,)

    def mask(self, low: int, high: int) -> Mask:
        """See Node."""
        mask = self.part.mask(low, high)
        return np.logical_not(mask, out=mask)

    def test(self, rows: Index) -> Mask:
        """See Node."""
        mask = self.part.test(rows)
        return np.logical_not(mask, out=mask)

    def settled(self) -> Node:
        """See Node."""
        part = self.part.settled()
        return self if part is self.part else Complement(self.exprs, part)


def _settled(node: Node, parts: Sequence[Node], join: Callable[[Exprs, int, Sequence[Node]], Node]) -> Node:
    settled = [part.settled() for part in parts]
    return node if all(new is old for new, old in zip(settled, parts, strict=True)) else join(node.exprs, node.size, settled)


def pieces(rows: Index, first: int = _FIRST_PIECE) -> Iterator[Index]:
    """Rows cut into pieces that grow, for whoever may have enough soon."""
    start, size = 0, max(first, 1)
    while start < len(rows):
        yield rows[start : start + size]
        start, size = start + size, size * _GROWTH
