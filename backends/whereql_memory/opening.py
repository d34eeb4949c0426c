"""How a URL or a file becomes an open memory collection."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from whereql.errors import BackendError
from whereql.files import read_records
from whereql.plugins import split_url
from whereql.source import quote
from whereql.suggest import did_you_mean
from whereql_memory.backend import MemoryBackend


def open_memory(url: str, collection: str | None, options: Mapping[str, Any]) -> MemoryBackend:
    """An empty collection for `memory:`, the records of the file for a path.

    options: those of `whereql.files.read_records`. Raises BackendError for an unknown option, or what the file has wrong.
    """
    is_file = split_url(url)[0] == ""
    known = [name for name in inspect.signature(read_records).parameters if name != "path"] if is_file else []
    for name in options:
        if name not in known:
            hint = did_you_mean(name, known) or (f"known are {', '.join(known)}" if known else "memory: takes none")
            raise BackendError("WQ712", f"there is no option {quote(name)} for {quote(url)}", hint=hint)
    if collection is not None:
        raise BackendError("WQ712", f"{quote(url)} is one collection without a name", hint="leave the collection's name out")
    return MemoryBackend(read_records(url, **options) if is_file else ())
