"""What Elasticsearch's documentation says that its term-level and bool queries find, in few lines: by documentation, not executed.

A field of strings is a keyword, of ints a long, of floats a double; an array is the set of its elements.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import re2  # patterns that Python's re would not finish
from search_records import DOCUMENT, URI

from whereql.records import Record


def find(query: dict[str, Any], records: Sequence[Record]) -> list[str]:
    """The ids of the records that a query finds."""
    mapping: dict[str, type] = {}
    for record in records:
        for name, value in _fields(record).items():
            for item in _items(value):
                mapping[name] = float if isinstance(item, float) else mapping.get(name, type(item))
    return [record.id for record in records if _finds(query, record.id, _fields(record), mapping)]


def _fields(record: Record) -> dict[str, Any]:
    own = {DOCUMENT: record.document, URI: record.uri}
    return {**(record.metadata or {}), **{name: value for name, value in own.items() if value is not None}}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if isinstance(value, dict) else [value]


def _finds(query: dict[str, Any], id: str, fields: dict[str, Any], mapping: dict[str, type]) -> bool:
    [(name, body)] = query.items()
    if name == "bool":
        clauses = {word: [_finds(each, id, fields, mapping) for each in ([found] if isinstance(found, dict) else found)] for word, found in body.items() if word != "minimum_should_match"}
        must = clauses.get("filter", []) + clauses.get("must", [])
        should = clauses.get("should", [])
        least = max(body.get("minimum_should_match", 0), 0 if must or not should else 1)
        return all(must) and not any(clauses.get("must_not", [])) and sum(should) >= least
    if name in ("match_all", "match_none"):
        return name == "match_all"
    if name == "ids":
        return id in body["values"]
    if name == "exists":
        return body["field"] in fields
    [(field, said)] = body.items()
    items = [mapping[field](item) for item in _items(fields.get(field, []))]
    if name in ("term", "terms"):
        wanted = said if name == "terms" else [said["value"] if isinstance(said, dict) else said]
        return any(_same(item, value) for item in items for value in wanted)
    if name == "range":
        return any(all(_in_order(item, word, bound) for word, bound in said.items()) for item in items)
    assert name in ("prefix", "wildcard", "regexp"), name
    text = said["value"]
    if name == "prefix":
        return any(isinstance(item, str) and item.startswith(text) for item in items)
    pattern = re2.compile(f"(?s){text if name == 'regexp' else _wildcard(text)}")
    return any(isinstance(item, str) and pattern.fullmatch(item) for item in items)


def _same(item: Any, value: Any) -> bool:
    if isinstance(item, str) or isinstance(value, str) or isinstance(item, bool) or isinstance(value, bool):
        return type(item) is type(value) and item == value
    if isinstance(item, float):
        value = float(value)  # as a double rounds it
        return item == value and math.copysign(1, item) == math.copysign(1, value)
    return bool(item == value)


def _in_order(item: Any, word: str, bound: Any) -> bool:
    if isinstance(item, bool) or isinstance(item, str) is not isinstance(bound, str):
        return False
    if isinstance(item, float):
        bound = float(bound)  # as a double rounds it
    low, high = (item, bound) if isinstance(item, str) else ((item, math.copysign(1, item)), (bound, math.copysign(1, bound)))
    return {"gt": low > high, "gte": low >= high, "lt": low < high, "lte": low <= high}[word]


def _wildcard(text: str) -> str:
    parts = re.findall(r"\\.|.", text, re.DOTALL)
    return "".join(".*" if part == "*" else "." if part == "?" else re2.escape(part[-1]) for part in parts)
