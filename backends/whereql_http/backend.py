"""The HTTP backend: a collection of a Chroma server, every filter answered exactly within the server's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from whereql.ast import Const, Predicate
from whereql.backend import Change, Query
from whereql.errors import BackendError
from whereql.records import Record, Schema
from whereql.response import GetResponse
from whereql.scanning import schema_of
from whereql.support import ANY_SHAPE, Support
from whereql_http.answers import AnswerReader
from whereql_http.client import Client
from whereql_http.encoding import EVERY, Json, support
from whereql_http.search import Search, as_one
from whereql_http.spelling import write
from whereql_http.writing import Writer

_CHUNK = 2000  # records in one request for columns: the server's time for each grows beyond
_CHUNK_WITH_VECTORS = 500
_AT_ONCE = 4
_ENDLESS = 2**32 - 1  # the largest limit and offset that the server takes


class HttpBackend:
    """A collection of a Chroma server. Any number of threads may use it.

    An answer of up to 2,000 records comes in one request, from one moment. For a larger one the ids come in one request, and
    then the columns by id; vanished counts the records that were deleted between the two, and so are not in the answer.
    """

    cheap_schema = False
    shape = ANY_SHAPE

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = path
        self._read = AnswerReader(client.base)
        self._lock = Lock()
        self.vanished = 0

    # Reading.

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """EXACT for most; NONE for orders of strings, texts in metadata, and the presence of a key."""
        return support(predicate, negated)

    def get(self, query: Query) -> GetResponse:
        """The records of a query, with the columns of `query.include`."""
        where = as_one(query.where, query.ids)
        if where is None or query.ids == () or query.limit == 0 or query.offset > _ENDLESS:
            return self._columns(self._ids(query), query.include)
        size = _chunk_size(query.include)
        wanted = size if query.limit is None else min(query.limit, size)
        body = {"ids": _listed(query.ids), "where": where, "limit": wanted, "offset": query.offset, "include": list(query.include)}
        first = self._read.response(self._post(body), query.include)
        if len(first) < wanted or wanted == query.limit:
            return first
        return self._columns(self._ids(query), query.include, first)

    def count(self, query: Query) -> int:
        """How many records a query has."""
        if query.where == Const(True) and query.ids is None and query.limit is None and not query.offset:
            found = self._client.read("GET", f"{self._path}/count")
            if type(found) is not int or found < 0:
                raise BackendError("WQ716", f"{self._client.base}: its count is no number", hint="is this a Chroma server?")
            return found
        return len(self._ids(query))

    def scan(self, query: Query, sizes: Iterator[int]) -> Iterator[GetResponse]:
        """The records of a query in pages: the ids from one moment, the columns as the pages are read."""
        return self._pages(self._ids(query), query.include, sizes)

    def _pages(self, ids: list[str], include: Sequence[str], sizes: Iterator[int]) -> Iterator[GetResponse]:
        start = 0
        while start < len(ids):
            size = next(sizes)
            page = self._columns(ids[start : start + size], include)
            start += size
            if len(page):
                yield page

    def schema(self) -> Schema:
        """The keys of the collection, counted by reading all metadata: the server keeps no counts."""
        pages = self.scan(Query(include=("metadatas",)), iter(lambda: _AT_ONCE * _CHUNK, 0))
        return schema_of(record for page in pages for record in page)

    def native(self, query: Query) -> str | None:
        """The body of the request; how many requests it takes where one can't hold it."""
        where = as_one(query.where, query.ids)
        if where is None:
            return "several requests, whose ids are combined"
        return f"POST {self._path}/get {write({'where': where} if query.ids is None else {'ids': [*query.ids], 'where': where})}"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    # Writing.

    def add(self, records: Sequence[Record]) -> int:
        """Append the records whose id is new; how many those were. Raises BackendError for one without an embedding."""
        return self._writer().add(records)

    def upsert(self, changes: Sequence[Change]) -> int:
        """Write each change in its turn; how many there were. Raises BackendError for a new record without an embedding."""
        return self._writer().upsert(changes)

    def delete(self, query: Query) -> int:
        """Delete the records of a query; how many there were."""
        return self._writer().delete(self._ids(query), as_one(query.where))

    def _writer(self) -> Writer:
        return Writer(self._client, self._path, lambda ids: self._ids(Query(ids=tuple(ids))))

    # Requests.

    def _post(self, body: Json) -> Any:
        return self._client.read("POST", f"{self._path}/get", write(body))

    def _ids(self, query: Query) -> list[str]:
        """The ids of a query, in order. One request without columns has no limit on its size, and is one moment."""
        found = Search(self._client.base, self._ask).find(query.where, query.ids)
        return found[query.offset : None if query.limit is None else query.offset + query.limit]

    def _ask(self, where: Json, ids: Sequence[str] | None) -> list[str]:
        return self._read.ids(self._post({"ids": _listed(ids), "where": where, "include": []}))

    def _columns(self, ids: list[str], include: Sequence[str], known: GetResponse | None = None) -> GetResponse:
        """The columns of records by id, in the order of the ids; known: an answer in which some of them are already."""
        if not include or not ids:
            return GetResponse.from_records(map(Record, ids), include)
        have = {id: row for row, id in enumerate(known.ids)} if known is not None else {}
        size = _chunk_size(include)
        missing = [id for id in ids if id not in have]
        chunks = [missing[start : start + size] for start in range(0, len(missing), size)]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            parts = list(threads.map(lambda chunk: self._chunk(chunk, include), chunks))
        if known is not None:
            parts.insert(0, known.take([have[id] for id in ids if id in have], include))
        return GetResponse.concatenate(parts, include)

    def _chunk(self, ids: list[str], include: Sequence[str]) -> GetResponse:
        found = self._read.response(self._post({"ids": ids, "include": list(include)}), include)
        place = {id: row for row, id in enumerate(found.ids)}
        if not place.keys() <= set(ids):
            raise BackendError("WQ716", f"{self._client.base} answered records that were not asked for", hint="is this a Chroma server?")
        if len(place) < len(ids):
            with self._lock:
                self.vanished += len(ids) - len(place)
        rows = [place[id] for id in ids if id in place]
        return found if rows == list(range(len(rows))) else found.take(rows, include)


def _chunk_size(include: Sequence[str]) -> int:
    return _CHUNK_WITH_VECTORS if "embeddings" in include else _CHUNK


def _listed(ids: Sequence[str] | None) -> list[str] | None:
    return None if ids is None else list(ids)


__all__ = ["EVERY", "HttpBackend"]
