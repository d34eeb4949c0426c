"""What `explain` tells: how a filter is run, as data and as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from whereql.errors import CheckError

_SHOWN_IDS = 10


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a filter runs on a store.

    filter: as it was understood; steps: what the passes of the optimizer made of it, by their names; ids: those that are looked
    up, None where the filter lists none; pushed: what the store answers by itself; residual: what whereql evaluates on the
    records that come back, None for nothing; native: the query in the store's language, if it has one; fetched: how many records
    the store returns for what is pushed; rows: how many of them match; findings: what the kinds of the keys, or the filter
    itself, say against it.
    """

    filter: str
    steps: tuple[tuple[str, str], ...]
    ids: tuple[str, ...] | None
    pushed: str
    residual: str | None
    native: str | None
    fetched: int
    rows: int
    findings: tuple[CheckError, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON-ready data."""
        return {
            "filter": self.filter,
            "steps": [{"pass": name, "after": after} for name, after in self.steps],
            "ids": None if self.ids is None else list(self.ids),
            "pushed": self.pushed,
            "residual": self.residual,
            "native": self.native,
            "fetched": self.fetched,
            "rows": self.rows,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def __str__(self) -> str:
        parts = [
            ("filter", self.filter),
            *self.steps,
            ("ids", None if self.ids is None else _few(self.ids)),
            ("pushed", self.pushed),
            ("residual", self.residual),
            ("native", self.native),
            ("rows", self.rows if self.residual is None else f"{self.rows:,} of {self.fetched:,} fetched"),
        ]
        shown = [(f"{name}:", value) for name, value in parts if value is not None]
        width = max(10, *(len(name) + 1 for name, _ in shown))
        lines = [f"{name:<{width}}{value}".replace("\n", "\n" + " " * width) for name, value in shown]
        return "\n".join(lines + [f"{'warning:':<{width}}{finding.message} ({finding.hint})" for finding in self.findings])


def _few(ids: tuple[str, ...]) -> str:
    """The first ids of a list that may be long."""
    more = f" and {len(ids) - _SHOWN_IDS:,} more" if len(ids) > _SHOWN_IDS else ""
    return (", ".join(ids[:_SHOWN_IDS]) or "none") + more
