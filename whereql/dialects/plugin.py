"""whereql's own dialects, entering by the door that a third party's use."""

from __future__ import annotations

from typing import Any

from whereql.hookspecs import hookimpl

# Name to the place of its Dialect, imported when it is asked for.
DIALECTS = {
    "atlas": "whereql.dialects.mongo.atlas:DIALECT",
    "azure": "whereql.dialects.search.azure:DIALECT",
    "bedrock": "whereql.dialects.mongo.bedrock:DIALECT",
    "cel": "whereql.dialects.standards.cel:DIALECT",
    "chroma": "whereql.dialects.chroma:DIALECT",
    "clickhouse": "whereql.dialects.sql.clickhouse:DIALECT",
    "cql2": "whereql.dialects.standards.cql2:DIALECT",
    "cql2-json": "whereql.dialects.standards.cql2_json:DIALECT",
    "datafusion": "whereql.dialects.sql.datafusion:DIALECT",
    "duckdb": "whereql.dialects.sql.duckdb:DIALECT",
    "elasticsearch": "whereql.dialects.search.elasticsearch:DIALECT",
    "haystack": "whereql.dialects.frameworks.haystack:DIALECT",
    "jsonlogic": "whereql.dialects.standards.jsonlogic:DIALECT",
    "lancedb": "whereql.dialects.sql.lancedb:DIALECT",
    "langchain": "whereql.dialects.frameworks.langchain:DIALECT",
    "llamaindex": "whereql.dialects.frameworks.llamaindex:DIALECT",
    "lucene": "whereql.dialects.search.lucene:DIALECT",
    "mariadb": "whereql.dialects.sql.mariadb:DIALECT",
    "meilisearch": "whereql.dialects.search.meilisearch:DIALECT",
    "milvus": "whereql.dialects.vectors.milvus:DIALECT",
    "mongodb": "whereql.dialects.mongo.mongodb:DIALECT",
    "opensearch": "whereql.dialects.search.elasticsearch:OPENSEARCH",
    "pandas": "whereql.dialects.frames.pandas:DIALECT",
    "pinecone": "whereql.dialects.mongo.pinecone:DIALECT",
    "polars": "whereql.dialects.frames.polars:DIALECT",
    "postgres": "whereql.dialects.sql.postgres:DIALECT",
    "pyarrow": "whereql.dialects.frames.pyarrow:DIALECT",
    "python": "whereql.dialects.frames.python:DIALECT",
    "qdrant": "whereql.dialects.vectors.qdrant:DIALECT",
    "redis": "whereql.dialects.search.redis:DIALECT",
    "s3vectors": "whereql.dialects.mongo.s3vectors:DIALECT",
    "spark": "whereql.dialects.sql.spark:DIALECT",
    "springai": "whereql.dialects.frameworks.springai:DIALECT",
    "sqlite": "whereql.dialects.sql.sqlite:DIALECT",
    "text": "whereql.dialects.text:DIALECT",
    "turbopuffer": "whereql.dialects.vectors.turbopuffer:DIALECT",
    "typesense": "whereql.dialects.search.typesense:DIALECT",
    "vespa": "whereql.dialects.search.vespa:DIALECT",
    "weaviate": "whereql.dialects.vectors.weaviate:DIALECT",
}


@hookimpl
def register_dialects(register: Any) -> None:
    """Register the languages that whereql itself knows."""
    for name, place in DIALECTS.items():
        register(name, place)
