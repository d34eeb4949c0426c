"""Writing to a Chroma server in batches: checked as a whole before the first, and told how far it came if one fails."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from whereql.backend import Change
from whereql.errors import BackendError
from whereql.records import Record, Value, check_dimensions
from whereql.source import quote
from whereql_http.client import LARGEST_BODY, Client
from whereql_http.encoding import EVERY, Json
from whereql_http.faults import too_large
from whereql_http.search import narrowed, portions
from whereql_http.spelling import is_kept, write

Existing = Callable[[Sequence[str]], set[str]]
"""Those of some ids that the collection has."""

IDS_DELETED = 2000  # in one request


class Writer:
    """One write to one collection."""

    def __init__(self, client: Client, path: str, existing: Existing, *, nearest: bool) -> None:
        self._client = client
        self._path = path
        self._existing = existing
        self._nearest = nearest
        self._largest_batch = 1
        self._base64 = False

    def add(self, records: Sequence[Record]) -> int:
        """Append the records whose id is new, the first of each id; how many those were."""
        self._check(records, lambda record: True)
        first: dict[str, Record] = {}
        for record in records:
            first.setdefault(record.id, record)
        held = self._existing([*first])
        fresh = [Change(record) for id, record in first.items() if id not in held]
        self._send_all([("add", fresh)])
        return len(fresh)

    def upsert(self, changes: Sequence[Change]) -> int:
        """Write each change in its turn; how many there were."""
        if not changes:
            return 0
        merged: dict[str, Change] = {}
        for change in changes:
            before = merged.get(change.record.id)
            merged[change.record.id] = change if before is None else _after(before, change)
        held = self._existing([*merged])
        self._check([change.record for change in merged.values()], lambda record: record.id not in held)
        # An upsert needs an embedding; an update keeps the one that is there.
        whole = [change for change in merged.values() if change.record.embedding is not None]
        partial = [change for change in merged.values() if change.record.embedding is None]
        self._send_all([("upsert", whole), ("update", partial)])
        return len(changes)

    def delete(self, ids: Sequence[str], where: Json | None) -> int:
        """Delete records by id; where: spare those that no longer pass it. How many there were."""
        done = 0
        for chunk in portions(ids, IDS_DELETED):
            try:
                answer = self._client.write(f"{self._path}/delete", narrowed(where or EVERY, chunk))
            except BackendError as error:
                raise _after_some(error, done, len(ids), "deleted") from None
            deleted = answer.get("deleted") if isinstance(answer, dict) else None
            done += deleted if type(deleted) is int and 0 <= deleted <= len(chunk) else len(chunk)
        return done

    # What the server would refuse, or take amiss.

    def _check(self, records: Sequence[Record], needs_embedding: Callable[[Record], bool]) -> None:
        for number, record in enumerate(records):
            if record.embedding is None and needs_embedding(record):
                hint = "a Chroma server keeps none without: pass embeddings=[…], of your model or of zeros"
                raise BackendError("WQ719", f"the record {quote(record.id)} has no embedding", path=f"[{number}].embedding", hint=hint)
            for key, value in (record.metadata or {}).items():
                self._check_value(key, value, f"[{number}].metadata")
        if any(record.embedding is not None for record in records):
            check_dimensions(records, self._dimension())

    def _check_value(self, key: str, value: Value, path: str) -> None:
        if not key or key.startswith(("#", "$", "chroma:")):
            hint = "a key is not empty and does not begin with #, $ or chroma:"
            raise BackendError("WQ719", f"a Chroma server keeps no key {quote(key)}", path=path, hint=hint)
        if self._nearest:
            return
        for number in value if isinstance(value, list) else (value,):
            if isinstance(number, float) and not is_kept(number):
                hint = f"round it: {number:.15g}; or open with nearest=True, to write such numbers as the server reads them"
                raise BackendError("WQ719", f"a Chroma server reads {number!r} as the double next to it", path=f"{path}.{key}", hint=hint)

    def _dimension(self) -> int | None:
        collections, _, id = self._path.rpartition("/")
        found = self._client.read("GET", f"{collections}/by-id/{id}")
        dimension = found.get("dimension") if isinstance(found, dict) else None
        return dimension if type(dimension) is int else None

    # Batches.

    def _send_all(self, steps: Iterable[tuple[str, list[Change]]]) -> None:
        waiting = [(name, changes) for name, changes in steps if changes]
        if not waiting:
            return
        self._learn_limits()
        total = sum(len(changes) for _, changes in waiting)
        done = 0
        try:
            for name, changes in waiting:
                for start in range(0, len(changes), self._largest_batch):
                    for body, size in self._bodies(changes[start : start + self._largest_batch]):
                        self._client.write(f"{self._path}/{name}", body)
                        done += size
        except BackendError as error:
            raise _after_some(error, done, total, "written") from None

    def _learn_limits(self) -> None:
        found = self._client.read("GET", "/api/v2/pre-flight-checks")
        limit = found.get("max_batch_size") if isinstance(found, dict) else None
        self._largest_batch = limit if type(limit) is int and limit > 0 else 1000
        self._base64 = isinstance(found, dict) and found.get("supports_base64_encoding") is True

    def _bodies(self, changes: list[Change]) -> Iterator[tuple[str, int]]:
        """The bodies of the requests for some changes, each with how many it has: halves where one request can't hold all."""
        body = write(self._body(changes))
        if len(body) * 4 <= LARGEST_BODY or len(body.encode()) <= LARGEST_BODY:
            yield body, len(changes)
        elif len(changes) == 1:
            raise too_large(self._client.base, len(body.encode()))
        else:
            half = (len(changes) + 1) // 2
            yield from self._bodies(changes[:half])
            yield from self._bodies(changes[half:])

    def _body(self, changes: list[Change]) -> Json:
        records = [change.record for change in changes]
        return {
            "ids": [record.id for record in records],
            "embeddings": [None if record.embedding is None else self._vector(record.embedding) for record in records],
            "documents": [record.document for record in records],
            "uris": [record.uri for record in records],
            "metadatas": [_metadata(change) for change in changes],
        }

    def _vector(self, vector: Any) -> str | list[float]:
        if self._base64:
            return base64.b64encode(vector.astype("<f4").tobytes()).decode()
        return [float(str(number)) for number in vector]


def _metadata(change: Change) -> Json | None:
    """The metadata of a change as the server takes it, with null for a key to drop."""
    return {**dict.fromkeys(change.removed), **(change.record.metadata or {})} or None


def _after(first: Change, second: Change) -> Change:
    """One change that does what two do, one after the other."""
    removed = (first.removed - (second.record.metadata or {}).keys()) | second.removed
    return Change(Change(second.record, second.removed).apply(first.record), removed)


def _after_some(error: BackendError, done: int, total: int, what: str) -> BackendError:
    """The error with how far it came."""
    so_far = f"{done:,} of {total:,} records were {what} before"
    return BackendError(error.code, f"{error.message}; {so_far}", path=error.path, hint=error.hint)
