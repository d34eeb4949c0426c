# /// script
# dependencies = ["haystack-ai==3.4.1", "qdrant-haystack==13.1.0"]
# ///
"""Haystack's document store of Qdrant, over Qdrant's client in its local mode."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from haystack import Document
from haystack_integrations.document_stores.qdrant import QdrantDocumentStore
from serving import serve


def load(records: Sequence[dict[str, Any]], settings: dict[str, Any]) -> Any:
    store = QdrantDocumentStore(":memory:", embedding_dim=1, use_sparse_embeddings=False, progress_bar=False)
    store.write_documents([Document(id=each["id"], content=each["document"], meta=each["metadata"], embedding=[1.0]) for each in records])
    return store


def find(store: Any, native: Any) -> list[str]:
    return [document.id for document in store.filter_documents(native)]


if __name__ == "__main__":
    serve({"haystack-ai": version("haystack-ai"), "qdrant-haystack": version("qdrant-haystack"), "qdrant-client": version("qdrant-client")}, load, find)
