"""The wire form: the body of Chroma's `POST …/get`, read as strictly as the server reads it.

>>> request = GetRequest.from_json('{"where": {"year": {"$gte": 2020}}, "limit": 5}')
>>> whereql.to_text(request.where), request.limit, request.include
('year >= 2020', 5, ['documents', 'metadatas'])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from whereql.ast import And, Const, Expr
from whereql.backend import DEFAULT_INCLUDE, Query
from whereql.dialects import chroma
from whereql.errors import WhereError
from whereql.limits import check_items
from whereql.suggest import did_you_mean
from whereql.values import check_text_value, describe_type
from whereql.wire_json import read_json

INCLUDABLE = ("documents", "metadatas", "embeddings", "uris", "distances")  # distances: accepted and empty, as in Chroma
_FIELDS = frozenset({"ids", "where", "where_document", "limit", "offset", "include"})
_MOST = 2**32 - 1


@dataclass(frozen=True, slots=True)
class GetRequest:
    """A decoded request: the fields of Chroma's body, the filters as `Expr`. None means: not given."""

    ids: list[str] | None = None
    where: Expr | None = None
    where_document: Expr | None = None
    limit: int | None = None
    offset: int = 0
    include: list[str] = field(default_factory=lambda: list(DEFAULT_INCLUDE))

    @classmethod
    def from_json(cls, body: str | bytes | Mapping[str, Any]) -> GetRequest:
        """The request that a JSON text, or a decoded JSON object, says. Unknown fields are ignored.

        Raises WhereError where a Chroma server answers 400 or 422, and the errors of `whereql.dialects.chroma.decode`.
        """
        fields = read_json(body, once=_FIELDS) if isinstance(body, (str, bytes)) else body
        if not isinstance(fields, Mapping):
            raise WhereError("WQ214", f"a request is an object, got {describe_type(fields)}", path="$", hint='write {"where": …}; {} asks for every record')
        where, where_document = fields.get("where"), fields.get("where_document")
        return cls(
            ids=_read_ids(fields.get("ids")),
            where=None if where is None else chroma.decode(where, path="$.where"),
            where_document=None if where_document is None else chroma.decode_document(where_document, path="$.where_document"),
            limit=_read_count(fields.get("limit"), "limit"),
            offset=_read_count(fields.get("offset"), "offset") or 0,
            include=_read_include(fields["include"]) if "include" in fields else list(DEFAULT_INCLUDE),
        )

    def to_query(self) -> Query:
        """The request as a backend gets it; both filters hold."""
        filters = [part for part in (self.where, self.where_document) if part is not None]
        where: Expr = And(filters) if filters else Const(True)
        return Query(where, None if self.ids is None else tuple(self.ids), self.limit, self.offset, tuple(self.include))


def _read_ids(value: object) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise WhereError("WQ214", f"ids is a list of strings, got {describe_type(value)}", path="$.ids", hint='write ["a", "b"]')
    check_items(len(value), path="$.ids")
    for i, item in enumerate(value):
        if not isinstance(item, str):
            raise WhereError("WQ214", f"an id is a string, got {describe_type(item)}", path=f"$.ids[{i}]", hint="write it in quotes")
        check_text_value(item, path=f"$.ids[{i}]")
    return value


def _read_count(value: object, name: str) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= _MOST:
        raise WhereError("WQ214", f"{name} is a whole number from 0 to {_MOST}, got {_shown(value)}", path=f"$.{name}", hint=f"write it without point and quotes, or leave {name} out")
    return value


def _shown(value: object) -> str:
    return str(value) if type(value) in (int, float) and abs(value) < 1e16 else describe_type(value)  # type: ignore[arg-type]  # a number


def _read_include(value: object) -> list[str]:
    if not isinstance(value, list):
        raise WhereError("WQ214", f"include is a list, got {describe_type(value)}", path="$.include", hint='write ["documents", "metadatas"], or leave it out')
    for i, name in enumerate(value):
        if not isinstance(name, str) or name not in INCLUDABLE:
            hint = did_you_mean(name, INCLUDABLE) if isinstance(name, str) else None
            raise WhereError("WQ214", "include has an entry that is no column", path=f"$.include[{i}]", hint=hint or f"the columns are {', '.join(INCLUDABLE[:4])}")
    return value
