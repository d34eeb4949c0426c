"""What readers of frameworks' filters share: objects of a framework without importing it, and its dates.

>>> seconds("2020-01-01", True).value, seconds("2020-01-01T00:00:01", False).value
(1577836800, 1577836801)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from whereql.ast import Literal
from whereql.dialects.text.literals import moment
from whereql.source import Span
from whereql.values import literal

_OFFSET = re.compile(r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z")


def entries_of(value: Any, *shapes: Sequence[str]) -> Any:
    """An object as its parts, if it has all the attributes of a shape; anything else as it is."""
    if isinstance(value, Mapping):
        return value
    for names in shapes:
        if all(hasattr(value, name) for name in names):
            return {name: getattr(value, name) for name in names}
    return value


def seconds(text: str, is_date: bool, span: Span | None = None) -> Literal:
    """A date, or a time, as the seconds since 1970; one without an offset is UTC. Raises CheckError for what is none."""
    if is_date:
        return moment("DATE", literal(text, span), span)
    return moment("TIMESTAMP", literal(text if _OFFSET.search(text) else f"{text}Z", span), span)
