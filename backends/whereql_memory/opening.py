"""How a URL or a file becomes an open memory collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from whereql.ast import Predicate
from whereql.backend import Query
from whereql.errors import BackendError
from whereql.files import OPTIONS
from whereql.plugins import split_url
from whereql.records import KeyInfo, Schema
from whereql.response import GetResponse
from whereql.source import quote
from whereql.suggest import did_you_mean
from whereql.support import ANY_SHAPE, Shape, Support
from whereql_memory.backend import MemoryBackend
from whereql_memory.loading import read_table
from whereql_memory.shelf import INDEX_OPTIONS, Stats, index_settings


def open_memory(url: str, collection: str | None, options: Mapping[str, Any]) -> MemoryBackend | FileBackend:
    """An empty collection for `memory:`, the records of the file for a path.

    options: `indexes` and `index_memory` (see MemoryBackend), and for a file those of `whereql.files.iter_records`. Raises BackendError for
    an unknown option, or what the file has wrong.
    """
    is_file = split_url(url)[0] == ""
    known = (*INDEX_OPTIONS, *(OPTIONS if is_file else ()))
    for name in options:
        if name not in known:
            hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
            raise BackendError("WQ712", f"there is no option {quote(name)} for {quote(url)}", hint=hint)
    if collection is not None:
        raise BackendError("WQ712", f"{quote(url)} is one collection without a name", hint="leave the collection's name out")
    settings = index_settings(url, options)
    if not is_file:
        return MemoryBackend(**settings)
    reading = {name: value for name, value in options.items() if name not in INDEX_OPTIONS}
    return FileBackend(MemoryBackend.of([read_table(url, **reading)], **settings), dict(options.get("kinds") or {}))


@dataclass(frozen=True)
class FileBackend:
    """The records of a file: to be read only, since what was written would be lost without a word.

    declared: the kinds of those columns of which the user said it.
    """

    loaded: MemoryBackend
    declared: Mapping[str, str] = field(default_factory=dict)
    cheap_schema: ClassVar[bool] = True
    is_ordered: ClassVar[bool] = True
    shape: ClassVar[Shape] = ANY_SHAPE

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """EXACT, whatever the predicate."""
        return self.loaded.support(predicate, negated)

    def get(self, query: Query) -> GetResponse:
        """The records of a query."""
        return self.loaded.get(query)

    def count(self, query: Query) -> int:
        """How many records a query has."""
        return self.loaded.count(query)

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The records of a query in pages."""
        return self.loaded.scan(query, sizes)

    def schema(self) -> Schema:
        """The keys of the file, with kinds, counts and examples: always the same object, as nothing changes."""
        return self._schema

    @cached_property
    def _schema(self) -> Schema:
        found = self.loaded.schema()
        declared = {name: replace(found.keys.get(name, KeyInfo({})), declared=(kind,)) for name, kind in self.declared.items()}
        return Schema(found.records, {**found.keys, **declared}) if declared else found

    def native(self, query: Query) -> str | None:
        """The plan of a query."""
        return self.loaded.native(query)

    def stats(self) -> Stats:
        """What is held, and which indexes have been built."""
        return self.loaded.stats()

    def close(self) -> None:
        """Let go of the records."""
        self.loaded.close()
