# /// script
# dependencies = ["llama-index-core==0.14.25", "llama-index-vector-stores-chroma==0.6.0", "llama-index-vector-stores-qdrant==0.10.4"]
# ///
"""LlamaIndex's SimpleVectorStore."""

from __future__ import annotations

from llama_index.core.vector_stores.simple import SimpleVectorStore
from llamaindex_nodes import Nodes, versions
from serving import serve

if __name__ == "__main__":
    serve(versions(), lambda records, settings: Nodes(SimpleVectorStore(), records), Nodes.find)
