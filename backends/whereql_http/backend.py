"""The HTTP backend: a collection of a Chroma server, every filter answered exactly within the server's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from whereql.ast import Predicate
from whereql.backend import Change, Query
from whereql.records import Record, Schema
from whereql.response import GetResponse
from whereql.scanning import schema_of
from whereql.support import ANY_SHAPE, Support
from whereql_http.answers import AnswerReader
from whereql_http.client import Client
from whereql_http.encoding import EVERY, Json, support
from whereql_http.faults import senseless
from whereql_http.search import Search, as_one, narrowed, portions
from whereql_http.spelling import write
from whereql_http.writing import IDS_DELETED, Writer

_CHUNK = 2000  # records in one request for columns: the server's time for each grows beyond
_CHUNK_WITH_VECTORS = 500
_AT_ONCE = 4
_IDS_ASKED = 10_000
_ENDLESS = 2**32 - 1  # as limit or offset; the server takes no larger one


class HttpBackend:
    """A collection of a Chroma server. Any number of threads may use it.

    An answer of up to 2,000 records (500 with embeddings) comes in one request, from one moment. For a larger one the ids come in
    one request, and then the columns by id, four requests at a time.
    vanished: how many records were deleted between the two so far, and are in no answer therefore.
    """

    cheap_schema = False
    is_ordered = True
    shape = ANY_SHAPE

    def __init__(self, client: Client, path: str, *, nearest: bool = False) -> None:
        """Of a collection that is there, by the path with its id; nearest: see `whereql_http.opening.Options`."""
        self._client = client
        self._path = path
        self._nearest = nearest
        self._read = AnswerReader(client.base)
        self._lock = Lock()
        self.vanished = 0

    # Reading.

    def support(self, predicate: Predicate, negated: bool) -> Support:
        """EXACT for most; NONE for orders of strings, texts in metadata, and the presence of a key."""
        return support(predicate, negated)

    def get(self, query: Query) -> GetResponse:
        """The records of a query, with the columns of `query.include`."""
        if not query.include or not _is_plain(query) or (where := as_one(query.where, query.ids)) is None:
            return self._columns(self._ids(query), query.include)
        size = _chunk_size(query.include)
        wanted = size if query.limit is None else min(query.limit, size)
        first = self._read.response(self._post(_body(where, query.ids, wanted, query.offset, query.include)), query.include)
        if len(first) < wanted or wanted == query.limit:
            return first
        return self._columns(self._ids(query), query.include, first)

    def count(self, query: Query) -> int:
        """How many records a query has."""
        if query != Query(include=query.include):
            return len(self._ids(query))
        found = self._client.read("GET", f"{self._path}/count")
        if type(found) is not int or found < 0:
            raise senseless(self._client.base, "its count is no number")
        return found

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
        return f"POST {self._path}/get {write(narrowed(where, query.ids))}"

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
        ids = self._ids(query)
        return self._writer().delete(ids, as_one(query.where, ids[:IDS_DELETED]))

    def _writer(self) -> Writer:
        return Writer(self._client, self._path, self._existing, nearest=self._nearest)

    # Requests.

    def _ids(self, query: Query) -> list[str]:
        """The ids of a query, in order. One request without columns has no limit on its size, and is one moment."""
        if _is_plain(query) and (where := as_one(query.where, query.ids)) is not None:
            return self._read.ids(self._post(_body(where, query.ids, query.limit, query.offset, ())))
        found = [] if query.ids == () else Search(self._client.base, self._ask).find(query.where, query.ids)
        return found[query.offset : None if query.limit is None else query.offset + query.limit]

    def _ask(self, where: Json) -> list[str]:
        return self._read.ids(self._post(_body(where, None, None, 0, ())))

    def _existing(self, ids: Sequence[str]) -> set[str]:
        return {id for part in portions(ids, _IDS_ASKED) for id in self._read.ids(self._post(_body(EVERY, part, None, 0, ())))}

    def _columns(self, ids: list[str], include: Sequence[str], known: GetResponse | None = None) -> GetResponse:
        """The columns of records by id, in the order of the ids; known: an answer in which some of them are already."""
        if not include or not ids:
            return GetResponse.from_records(map(Record, ids), include)
        parts = [] if known is None else [known]
        have = frozenset(() if known is None else known.ids)
        parts += self._fetched([*portions([id for id in ids if id not in have], _chunk_size(include))], include)
        everything = GetResponse.concatenate(parts, include)
        if everything.ids == ids:
            return everything
        place = {id: row for row, id in enumerate(everything.ids)}
        rows = [place[id] for id in ids if id in place]
        with self._lock:
            self.vanished += len(ids) - len(rows)
        return everything.take(rows, include)

    def _fetched(self, chunks: list[list[str]], include: Sequence[str]) -> list[GetResponse]:
        if len(chunks) < 2:
            return [self._chunk(chunk, include) for chunk in chunks]
        threads = ThreadPoolExecutor(_AT_ONCE)
        try:
            return list(threads.map(lambda chunk: self._chunk(chunk, include), chunks))
        finally:
            threads.shutdown(cancel_futures=True)  # after a failure, whatever has not begun

    def _chunk(self, ids: list[str], include: Sequence[str]) -> GetResponse:
        found = self._read.response(self._post({"ids": ids, "include": list(include)}), include)
        if not set(ids).issuperset(found.ids):
            raise senseless(self._client.base, "it answered records that were not asked for")
        return found

    def _post(self, body: Json) -> Any:
        return self._client.read("POST", f"{self._path}/get", write(body))


def _body(where: Json, ids: Sequence[str] | None, limit: int | None, offset: int, include: Sequence[str]) -> Json:
    return {**narrowed(where, ids), "limit": limit, "offset": offset, "include": list(include)}


def _is_plain(query: Query) -> bool:
    """Whether the ids, the limit and the offset of a query are as the server takes them."""
    return query.ids != () and (query.limit is None or query.limit <= _ENDLESS) and query.offset <= _ENDLESS


def _chunk_size(include: Sequence[str]) -> int:
    return _CHUNK_WITH_VECTORS if "embeddings" in include else _CHUNK
