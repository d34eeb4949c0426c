"""Which of several collections is meant."""

from __future__ import annotations

from collections.abc import Iterable

from whereql.errors import BackendError
from whereql.source import quote
from whereql.suggest import did_you_mean


def chosen(collection: str | None, names: Iterable[str], what: str) -> str:
    """The collection that is meant: the one of this name, or the only one. Raises BackendError WQ718 or WQ720."""
    known = sorted(set(names))
    shown = ", ".join(quote(name) for name in known[:10]) or "none at all"
    if collection is None:
        if len(known) != 1:
            raise BackendError("WQ720", f"which of the {what} is meant?", path="collection", hint=f"there are {shown}")
        return known[0]
    if collection not in known:
        raise BackendError("WQ718", f"there is no collection {quote(collection)}", path="collection", hint=did_you_mean(collection, known) or f"there are {shown}")
    return collection
