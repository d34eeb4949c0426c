# /// script
# dependencies = ["mongomock==4.3.0", "pcre2==0.7.1"]
# ///
"""MongoDB's query language by mongomock. It takes TRUE for 1, so a bool is an object here, in records as in filters."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import mongomock
import pcre2
from mongo_documents import document
from mongomock import filtering
from serving import serve

filtering.RE_TYPE = pcre2.Pattern
filtering.re = SimpleNamespace(**(vars(filtering.re) | {"compile": lambda pattern, flags=0: pcre2.compile(pattern, int(pcre2.ASCII))}))


def told_apart(value: Any) -> Any:
    """The value with each bool as an object; those behind `$exists` stay."""
    if isinstance(value, bool):
        return {"bool": str(value)}
    if isinstance(value, dict):
        return {key: inner if key == "$exists" else told_apart(inner) for key, inner in value.items()}
    return [told_apart(item) for item in value] if isinstance(value, list) else value


def load(records: list[dict[str, Any]], settings: Mapping[str, Any]) -> Any:
    collection = mongomock.MongoClient().whereql.records
    if records:
        collection.insert_many([told_apart(document(record, settings.get("prefix", ""))) for record in records])
    return collection


def find(collection: Any, native: Any) -> list[str]:
    return [found["_id"] for found in collection.find(told_apart(native))]


if __name__ == "__main__":
    serve({"mongomock": version("mongomock"), "PCRE2 of pcre2": version("pcre2")}, load, find)
