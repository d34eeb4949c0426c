# /// script
# dependencies = ["chromadb==1.5.9", "langchain-classic==1.0.8", "langchain-community==0.4.2", "langchain-core==1.8.3", "lark==1.3.1", "qdrant-client==1.20.0"]
# ///
"""LangChain's translator for Qdrant, and Qdrant's client in its local mode, with the metadata under `metadata` as LangChain's store keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_community.query_constructors.qdrant import QdrantTranslator
from langchain_directives import query, versions
from qdrant_client import QdrantClient, models
from serving import serve


class Store:
    """Records as points of a collection in memory."""

    def __init__(self, records: Sequence[dict[str, Any]], settings: dict[str, Any]) -> None:
        self.client = QdrantClient(":memory:")
        self.client.create_collection("c", vectors_config=models.VectorParams(size=1, distance=models.Distance.DOT))
        self.ids = [each["id"] for each in records]
        self.client.upsert("c", [models.PointStruct(id=number, vector=[1.0], payload={"metadata": each["metadata"]}) for number, each in enumerate(records)])

    def find(self, native: Any) -> list[str]:
        _, found = QdrantTranslator(metadata_key="metadata").visit_structured_query(query(native))
        condition = found.get("filter")
        if condition is not None and not isinstance(condition, models.Filter):
            condition = models.Filter(must=[condition])
        points, _ = self.client.scroll("c", scroll_filter=condition, limit=len(self.ids) + 1)
        return [self.ids[int(point.id)] for point in points]


if __name__ == "__main__":
    serve(versions("qdrant-client"), Store, Store.find)
