"""What workers of LlamaIndex share: records as nodes, and a query of a filter alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import MetadataFilters, VectorStoreQuery


class Nodes:
    """Records as the nodes of a store, under ids that any store takes."""

    def __init__(self, store: Any, records: Sequence[dict[str, Any]]) -> None:
        self.store = store
        self.ids = {str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))): each["id"] for number, each in enumerate(records)}
        pairs = zip(self.ids, records, strict=True)
        store.add([TextNode(id_=id, text=each["document"] or "", metadata=each["metadata"], embedding=[1.0, 0.0]) for id, each in pairs])

    def find(self, native: Any) -> list[str]:
        filters = MetadataFilters.model_validate(native)
        query = VectorStoreQuery(query_embedding=[1.0, 0.0], similarity_top_k=len(self.ids) + 1, filters=filters if filters.filters else None)
        return [self.ids[id] for id in self.store.query(query).ids]


def versions(*names: str) -> dict[str, str]:
    """Those of LlamaIndex and of what it drives."""
    return {name: version(name) for name in ("llama-index-core", *names)}
