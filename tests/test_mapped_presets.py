"""Presets on tables as their programs make them: LangChain's and LlamaIndex's by the statements that these run, Chroma's by Chroma."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from mapped_tables import Tally, compare, run

import whereql
from whereql.records import Record
from whereql.testing.generators import Generator

LANGCHAIN = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    "CREATE TABLE langchain_pg_collection (uuid UUID NOT NULL, name VARCHAR NOT NULL, cmetadata JSON, PRIMARY KEY (uuid), UNIQUE (name))",
    "CREATE TABLE langchain_pg_embedding (id VARCHAR NOT NULL, collection_id UUID, embedding VECTOR, document VARCHAR, cmetadata JSONB, PRIMARY KEY (id),"
    " FOREIGN KEY(collection_id) REFERENCES langchain_pg_collection (uuid) ON DELETE CASCADE)",
    "CREATE INDEX ix_cmetadata_gin ON langchain_pg_embedding USING gin (cmetadata jsonb_path_ops)",
    "INSERT INTO langchain_pg_collection VALUES ('00000000-0000-0000-0000-000000000001', 'papers'), ('00000000-0000-0000-0000-000000000002', 'it''s; --')",
    """INSERT INTO langchain_pg_embedding VALUES
    ('b', '00000000-0000-0000-0000-000000000001', '[1,2.5]', 'on nets', '{"year": 2020, "tags": ["ml", null], "source": {"page": 1}}'),
    ('a', '00000000-0000-0000-0000-000000000001', NULL, NULL, NULL),
    ('c', '00000000-0000-0000-0000-000000000002', '[0,0]', 'another', '{"year": 2021}')""",
)


def test_langchain(postgres_url: str) -> None:
    run(postgres_url, *LANGCHAIN)
    with whereql.open(postgres_url, "papers", preset="langchain") as papers:
        response = papers.get(include=["documents", "metadatas", "embeddings"])
        assert response.ids == ["a", "b"]
        assert response.documents == [None, "on nets"]
        assert response.metadatas == [None, {"year": 2020, "tags": ["ml"], "source": {"page": 1}}]
        assert response.embeddings is not None and response.embeddings[0] is None
        assert np.array_equal(response.embeddings[1], np.array([1, 2.5], np.float32))  # type: ignore[arg-type]  # not None
        assert papers.get("year >= 2020", strict=True).ids == ["b"]  # and not the other collection's
        assert papers.get("year != 2020", strict=True).ids == ["a"]
        assert papers.get("tags HAS 'ml' AND source IS NOT NULL AND collection_id IS NULL", strict=True).ids == ["b"]
        assert papers.get(ids=["c", "b"]).ids == ["b"]
    with whereql.open(postgres_url, "it's; --", preset="langchain") as other:
        assert other.get().ids == ["c"]


def test_langchain_names_what_there_is(postgres_url: str) -> None:
    run(postgres_url, *LANGCHAIN)
    with pytest.raises(whereql.BackendError, match=r"WQ720.*which of the collections.*'it's; --', 'papers'"):
        whereql.open(postgres_url, preset="langchain")
    with pytest.raises(whereql.BackendError, match=r"WQ718.*did you mean papers"):
        whereql.open(postgres_url, "paper", preset="langchain")
    run(postgres_url, "DELETE FROM langchain_pg_collection WHERE name <> 'papers'")
    with whereql.open(postgres_url, preset="langchain") as papers:
        assert papers.count() == 2


@pytest.mark.parametrize("metadata", ["JSON", "JSONB"])
@pytest.mark.parametrize("vector", ["VECTOR(2)", "HALFVEC(2)"])
def test_llamaindex(postgres_url: str, metadata: str, vector: str) -> None:
    run(
        postgres_url,
        "CREATE EXTENSION IF NOT EXISTS vector",
        f"CREATE TABLE data_papers (id BIGSERIAL NOT NULL, text VARCHAR NOT NULL, metadata_ {metadata}, node_id VARCHAR, embedding {vector},"
        " text_search_tsv TSVECTOR GENERATED ALWAYS AS (to_tsvector('english', text)) STORED, PRIMARY KEY (id))",
        """INSERT INTO data_papers (text, metadata_, node_id, embedding) VALUES
        ('on nets', '{"year": 2020, "_node_type": "TextNode"}', 'n2', '[1,2]'), ('on sets', '{"year": 1.5}', 'n1', '[3,4]'), ('gone', '{}', NULL, NULL)""",
    )
    with whereql.open(postgres_url, "Papers", preset="llamaindex") as papers:
        response = papers.get(include=["documents", "metadatas", "embeddings"])
        assert response.ids == ["n2", "n1"]  # in the order of id
        assert response.documents == ["on nets", "on sets"]
        assert response.metadatas == [{"year": 2020, "_node_type": "TextNode"}, {"year": 1.5}]
        assert np.array_equal(response.embeddings, np.array([[1, 2], [3, 4]], np.float32))  # type: ignore[arg-type]  # asked for
        assert papers.get("year > 2", limit=1).ids == ["n2"]
        assert papers.get("NOT year > 2").ids == ["n1"]
        # Where the column is json, a row may hold what SQL can't look into, so the rest is tested on what comes back.
        assert (papers.explain("year > 2").residual is None) == (metadata == "JSONB")


def test_json_that_jsonb_refuses_is_found_all_the_same(postgres_url: str) -> None:
    run(
        postgres_url,
        "CREATE TABLE data_papers (id BIGSERIAL PRIMARY KEY, text VARCHAR, metadata_ JSON, node_id VARCHAR, embedding REAL[])",
        r"""INSERT INTO data_papers (text, metadata_, node_id) VALUES ('a', '{"k": "a\u0000b", "n": 1}', 'nul'), ('b', '{"k": "a", "n": 1}', 'plain'), ('c', '{"k": "\ud800"}', 'half')""",
    )
    with whereql.open(postgres_url, preset="llamaindex") as papers:
        assert [(row or {}).get("k") for row in papers.get().metadatas or ()] == ["a\0b", "a", "\ufffd"]
        assert papers.get('k = "a\\u0000b"').ids == ["nul"]
        assert papers.get("k = 'a'").ids == ["plain"]
        assert papers.get("n = 1").ids == ["nul", "plain"]
        assert papers.get("n != 1").ids == ["half"]


# Chroma.


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    found = chromadb.PersistentClient(str(tmp_path / "chroma"), settings=chromadb.Settings(anonymized_telemetry=False))
    yield found
    found.close()


def url_of(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'chroma' / 'chroma.sqlite3'}"


def chroma_records(seed: int) -> list[Record]:
    """Random records that Chroma takes."""
    kept = []
    for record in Generator(seed).records(60):
        metadata = {key: value for key, value in (record.metadata or {}).items() if key and not key.startswith("#") and not isinstance(value, dict)}
        kept.append(Record(record.id, record.document, record.uri, np.array([1, 2], np.float32), metadata or None))
    return kept


def normal(metadata: Any) -> dict[str, Any]:
    """Metadata with a sign for the type of each value: 1, 1.0 and true are three. Arrays of one record have no order among keys."""
    return {key: (type(value[0] if isinstance(value, list) else value).__name__, value) for key, value in (metadata or {}).items()}


@pytest.mark.parametrize("seed", range(3))
def test_chroma_file_is_read_as_chroma_reads_it(client: Any, tmp_path: Path, seed: int) -> None:
    records = chroma_records(seed)
    collection = client.create_collection("papers")
    client.create_collection("other").add(ids=["elsewhere"], embeddings=[[1, 2]], documents=["x"], metadatas=[{"year": 1}])
    for record in records:
        collection.add(
            ids=[record.id], embeddings=[[1.0, 2.0]], documents=[record.document] if record.document is not None else None,
            uris=[record.uri] if record.uri is not None else None, metadatas=[record.metadata] if record.metadata else None,
        )  # fmt: skip
    # A key may change its kind, and from a value into an array.
    collection.update(ids=[records[0].id, records[1].id], metadatas=[{"year": [1, 2]}, {"year": "x"}])
    collection.update(ids=[records[0].id], metadatas=[{"year": "z"}])
    collection.delete(ids=[records[2].id])
    expected = collection.get(include=["documents", "metadatas", "uris"])
    with whereql.open(url_of(tmp_path), "papers", preset="chroma") as papers:
        found = papers.get(include=["documents", "metadatas", "uris"])
        assert found.ids == expected["ids"]
        assert found.documents == expected["documents"]
        assert found.uris == expected["uris"]
        assert [normal(each) for each in found.metadatas or ()] == [normal(each) for each in expected["metadatas"]]
        assert papers.count() == collection.count()
        tally = Tally()
        compare(papers, seed, 120, tally)
        assert tally.exact == tally.tried > 100


def test_chroma_answers_as_chroma_does(client: Any, tmp_path: Path) -> None:
    collection = client.create_collection("papers")
    collection.add(
        ids=["a", "b", "c"], embeddings=[[1, 2]] * 3, documents=["on nets", "on sets", "x"],
        metadatas=[{"year": 2020, "tags": ["ml"], "chroma:own": "x"}, {"year": 2021.5, "ok": True}, {"year": "2020", "Chroma:y": 1}],
    )  # fmt: skip
    with whereql.open(url_of(tmp_path), preset="chroma") as papers:
        for where in ({"year": 2020}, {"year": {"$ne": 2020}}, {"year": {"$gt": 2000}}, {"tags": {"$contains": "ml"}}, {"ok": True}, {"ok": {"$nin": [True]}}):
            assert papers.get(where).ids == collection.get(where=where)["ids"], where
        assert papers.get("`chroma:own` IS NOT NULL OR `chroma:document` IS NOT NULL").ids == []
        assert papers.get("`Chroma:y` = 1").ids == ["c"]  # a key as any other
        assert papers.get("#document ENDS WITH 'nets'", strict=True).ids == ["a"]
        assert papers.get(limit=1, offset=1, include=["embeddings"]).embeddings == [None]


def test_an_array_of_nothing_is_no_value(client: Any, tmp_path: Path) -> None:
    client.create_collection("papers").add(ids=["a"], embeddings=[[1, 2]], metadatas=[{"k": 1}])
    client.close()
    run(url_of(tmp_path), "INSERT INTO embedding_metadata_array (id, key) VALUES (1, 'none')", "INSERT INTO embedding_metadata (id, key) VALUES (1, 'nan')")
    with whereql.open(url_of(tmp_path), preset="chroma") as papers:
        assert papers.get().metadatas == [{"k": 1}]
        assert papers.count("none IS NOT NULL OR nan IS NOT NULL") == 0


def test_chroma_file_is_never_written(client: Any, tmp_path: Path) -> None:
    client.create_collection("papers").add(ids=["a"], embeddings=[[1, 2]])
    before = (tmp_path / "chroma" / "chroma.sqlite3").read_bytes()
    with whereql.open(url_of(tmp_path), preset="chroma") as papers:
        assert papers.get().ids == ["a"]
        with pytest.raises(whereql.BackendError, match=r"WQ713"):
            papers.delete(ids=["a"])
    assert (tmp_path / "chroma" / "chroma.sqlite3").read_bytes() == before
    assert not list((tmp_path / "chroma").glob("*-wal"))


def test_writes_that_wait_in_the_queue_are_told(client: Any, tmp_path: Path) -> None:
    """Chroma's tables are behind its queue after a crash; what it would say once it caught up is not known, so nothing is said."""
    collection = client.create_collection("papers")
    collection.add(ids=["a"], embeddings=[[1, 2]])
    url = url_of(tmp_path)
    with whereql.open(url, preset="chroma") as papers:
        assert papers.count() == 1
        topic = f"persistent://default/default/{collection.id}"
        client.close()
        run(url, f"INSERT INTO embeddings_queue (seq_id, operation, topic, id, vector, encoding) VALUES (99, 0, '{topic}', 'b', x'0000803f00000040', 'FLOAT32')")
        for read in (papers.count, papers.get):
            with pytest.raises(whereql.BackendError, match=r"WQ715.*1 writes wait"):
                read()
    again = chromadb.PersistentClient(str(tmp_path / "chroma"), settings=chromadb.Settings(anonymized_telemetry=False))
    assert again.get_collection("papers").get()["ids"] == ["a", "b"]
    again.close()
    with whereql.open(url, preset="chroma") as papers:
        assert papers.get().ids == ["a", "b"]


def test_chroma_collections_are_told_apart(client: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        client.create_collection(name).add(ids=[name], embeddings=[[1, 2]])
    url = url_of(tmp_path)
    with pytest.raises(whereql.BackendError, match=r"WQ720.*there are 'one', 'two'"):
        whereql.open(url, preset="chroma")
    with pytest.raises(whereql.BackendError, match=r"WQ718"):
        whereql.open(url, "one", preset="chroma", tenant="somebody")
    with whereql.open(url, "two", preset="chroma", tenant="default_tenant", database="default_database") as two:
        assert two.get().ids == ["two"]


def test_other_files_are_no_chroma(tmp_path: Path) -> None:
    run(f"sqlite:///{tmp_path / 'a.db'}", "CREATE TABLE collections (id text)")
    with pytest.raises(whereql.BackendError, match=r"WQ720.*no file of Chroma"):
        whereql.open(f"sqlite:///{tmp_path / 'a.db'}", preset="chroma")


def test_presets_and_their_options_are_known_by_name(tmp_path: Path) -> None:
    run(f"sqlite:///{tmp_path / 'a.db'}", "CREATE TABLE t (id text)")
    with pytest.raises(whereql.BackendError, match=r"WQ712.*did you mean langchain"):
        whereql.open(f"sqlite:///{tmp_path / 'a.db'}", preset="lang_chain")
    with pytest.raises(whereql.BackendError, match=r"WQ712.*no option 'table'"):
        whereql.open(f"sqlite:///{tmp_path / 'a.db'}", preset="chroma", table="t")
    with pytest.raises(whereql.BackendError, match=r"WQ718.*langchain_pg_collection"):
        whereql.open(f"sqlite:///{tmp_path / 'a.db'}", preset="langchain")


def test_metadata_of_many_records_comes_page_by_page(client: Any, tmp_path: Path) -> None:
    collection = client.create_collection("papers")
    ids = [f"r{n}" for n in range(2500)]
    collection.add(ids=ids, embeddings=[[1, 2]] * 2500, metadatas=[{"n": n, "tags": [str(n)]} for n in range(2500)])
    with whereql.open(url_of(tmp_path), preset="chroma") as papers:
        assert [json.dumps(row, sort_keys=True) for row in papers.get().metadatas or ()] == [json.dumps({"n": n, "tags": [str(n)]}) for n in range(2500)]
        wanted = random.Random(1).sample(ids, 2000)
        assert papers.count(ids=wanted) == 2000
        assert [len(page) for page in papers.scan("n >= 100", batch_size=1000)] == [1000, 1000, 400]
