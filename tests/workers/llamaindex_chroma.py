# /// script
# dependencies = ["llama-index-core==0.14.25", "llama-index-vector-stores-chroma==0.6.0", "llama-index-vector-stores-qdrant==0.10.4"]
# ///
"""LlamaIndex's store of Chroma."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import chromadb
from llama_index.vector_stores.chroma import ChromaVectorStore
from llamaindex_nodes import Nodes, versions
from serving import serve

_NUMBERS = itertools.count()
_CLIENT = chromadb.EphemeralClient(chromadb.Settings(anonymized_telemetry=False))


def load(records: Sequence[dict[str, Any]], settings: dict[str, Any]) -> Nodes:
    return Nodes(ChromaVectorStore(chroma_collection=_CLIENT.create_collection(f"records-{next(_NUMBERS)}")), records)


if __name__ == "__main__":
    serve(versions("llama-index-vector-stores-chroma", "chromadb"), load, Nodes.find)
