# /// script
# dependencies = ["qdrant-client==1.20.0"]
# ///
"""Qdrant's client in its local mode, which is Qdrant's own second implementation of its filters; they go through its models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from qdrant_client import QdrantClient, models
from serving import serve


class Local:
    """Records as points of a collection in memory."""

    def __init__(self, records: Sequence[dict[str, Any]], settings: dict[str, Any]) -> None:
        self.client = QdrantClient(":memory:")
        self.client.create_collection("c", vectors_config=models.VectorParams(size=1, distance=models.Distance.DOT))
        self.ids = [record["id"] for record in records]
        places = settings.get("places", {})
        payloads = [{place: record[name] for name, place in places.items() if record[name] is not None} | record["metadata"] for record in records]
        self.client.upsert("c", [models.PointStruct(id=number, vector=[1.0], payload=each) for number, each in enumerate(payloads)])

    def find(self, native: dict[str, Any]) -> list[str]:
        found, _ = self.client.scroll("c", scroll_filter=models.Filter.model_validate_json(json.dumps(native)), limit=len(self.ids) + 1)
        return [self.ids[int(point.id)] for point in found]


if __name__ == "__main__":
    serve({"qdrant-client (local)": version("qdrant-client")}, Local, Local.find)
