"""What `explain` tells: how a filter is run, as data and as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from whereql.errors import CheckError


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a filter runs on a store.

    filter: as it was understood; pushed: what the store answers by itself; residual: what whereql evaluates on the
    records that come back, None for nothing; native: the query in the store's language, if it has one; rows: how many
    records match; findings: what the kinds of the keys say against the filter.
    """

    filter: str
    pushed: str
    residual: str | None
    native: str | None
    rows: int
    findings: tuple[CheckError, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON-ready data."""
        findings = [finding.to_dict() for finding in self.findings]
        return {name: getattr(self, name) for name in ("filter", "pushed", "residual", "native", "rows")} | {"findings": findings}

    def __str__(self) -> str:
        lines = [f"{name + ':':<10}{value}" for name, value in self.to_dict().items() if name != "findings" and value is not None]
        return "\n".join(lines + [f"warning:  {finding.message} ({finding.hint})" for finding in self.findings])
