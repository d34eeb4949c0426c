# /// script
# dependencies = ["haystack-ai==3.4.1", "qdrant-haystack==13.1.0"]
# ///
"""Haystack's own evaluator, as its document store in memory runs it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from haystack import Document
from haystack.document_stores.in_memory import InMemoryDocumentStore
from serving import serve


def load(records: Sequence[dict[str, Any]], settings: dict[str, Any]) -> Any:
    store = InMemoryDocumentStore()
    store.write_documents([Document(id=each["id"], content=each["document"], meta=each["metadata"]) for each in records])
    return store


def find(store: Any, native: Any) -> list[str]:
    return [document.id for document in store.filter_documents(native)]


if __name__ == "__main__":
    serve({"haystack-ai": version("haystack-ai")}, load, find)
