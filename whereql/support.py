"""How well a backend can answer a predicate by itself.

EXACT returns just the matching records, INEXACT a superset of them, NONE nothing useful. whereql evaluates the rest.
"""

from __future__ import annotations

from enum import Enum


class Support(Enum):
    """A backend's answer for one predicate, plain or negated."""

    EXACT = "exact"
    INEXACT = "inexact"
    NONE = "none"
