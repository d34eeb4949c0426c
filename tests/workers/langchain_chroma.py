# /// script
# dependencies = ["chromadb==1.5.9", "langchain-classic==1.0.8", "langchain-community==0.4.2", "langchain-core==1.8.3", "lark==1.3.1", "qdrant-client==1.20.0"]
# ///
"""LangChain's translator for Chroma, and Chroma."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import chromadb
from langchain_community.query_constructors.chroma import ChromaTranslator
from langchain_directives import query, versions
from serving import serve

_NUMBERS = itertools.count()
_CLIENT = chromadb.EphemeralClient(chromadb.Settings(anonymized_telemetry=False))


def load(records: Sequence[dict[str, Any]], settings: dict[str, Any]) -> Any:
    collection = _CLIENT.create_collection(f"records-{next(_NUMBERS)}")
    collection.add(ids=[each["id"] for each in records], embeddings=[[1.0]] * len(records), metadatas=[each["metadata"] or None for each in records])
    return collection


def find(collection: Any, native: Any) -> list[str]:
    _, found = ChromaTranslator().visit_structured_query(query(native))
    return collection.get(where=found.get("filter"), include=[])["ids"]


if __name__ == "__main__":
    serve(versions("chromadb"), load, find)
