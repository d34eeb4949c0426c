# /// script
# dependencies = ["chromadb==1.5.9"]
# ///
"""Chroma within the process: the engine of its server, without the JSON in between.

No collection is deleted: that would mix up the arrays of the others (upstream issue 7594).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import chromadb
from serving import serve

CLIENT = chromadb.EphemeralClient(chromadb.Settings(anonymized_telemetry=False))
NUMBERS = itertools.count()


def load(records: list[dict[str, Any]], settings: Mapping[str, Any]) -> Any:
    collection = CLIENT.create_collection(f"records-{next(NUMBERS)}", embedding_function=None)
    if records:
        collection.add(
            ids=[record["id"] for record in records],
            embeddings=[[1.0, 2.0] for _ in records],
            documents=[record["document"] for record in records],
            uris=[record["uri"] for record in records],
            metadatas=[record["metadata"] or None for record in records],
        )
    return collection


def find(collection: Any, native: Any) -> list[str]:
    # Past the checks of the Python client, which knows no $regex in where: the engine does, as does the server.
    return list(CLIENT._server._get(collection_id=collection.id, where=native, include=[])["ids"])


if __name__ == "__main__":
    serve({"chromadb": version("chromadb")}, load, find)
