# /// script
# dependencies = ["montydb==2.5.6", "pcre2==0.7.1"]
# ///
"""MongoDB's query language by montydb, its patterns by PCRE2, which is what a real MongoDB searches with.

Settings: prefix, the field in which the metadata stand; a key with dots becomes objects within objects, as a query reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import pcre2
from mongo_documents import document
from montydb import MontyClient
from montydb.engine import queries
from serving import serve

# MongoDB sets UTF, and leaves the classes ASCII.
queries.re = SimpleNamespace(
    compile=lambda pattern, flags=0: pcre2.compile(pattern, int(flags) & int(pcre2.I | pcre2.M | pcre2.S) | int(pcre2.ASCII)), error=pcre2.PatternError, I=pcre2.I, M=pcre2.M, S=pcre2.S, X=pcre2.X,
)


def load(records: list[dict[str, Any]], settings: Mapping[str, Any]) -> Any:
    collection = MontyClient(":memory:").whereql.records
    collection.drop()
    if records:
        collection.insert_many([document(record, settings.get("prefix", "")) for record in records])
    return collection


def find(collection: Any, native: Any) -> list[str]:
    return [found["_id"] for found in collection.find(native)]


if __name__ == "__main__":
    serve({"montydb": version("montydb"), "PCRE2 of pcre2": version("pcre2")}, load, find)
