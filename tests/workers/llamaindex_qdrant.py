# /// script
# dependencies = ["llama-index-core==0.14.25", "llama-index-vector-stores-chroma==0.6.0", "llama-index-vector-stores-qdrant==0.10.4"]
# ///
"""LlamaIndex's store of Qdrant, over Qdrant's client in its local mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.vector_stores.qdrant import QdrantVectorStore
from llamaindex_nodes import Nodes, versions
from qdrant_client import QdrantClient
from serving import serve


def load(records: Sequence[dict[str, Any]], settings: dict[str, Any]) -> Nodes:
    return Nodes(QdrantVectorStore(client=QdrantClient(":memory:"), collection_name="records"), records)


if __name__ == "__main__":
    serve(versions("llama-index-vector-stores-qdrant", "qdrant-client"), load, Nodes.find)
