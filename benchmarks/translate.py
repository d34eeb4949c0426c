"""What it takes to translate a filter: whereql's text into each language, beside LangChain's translators where it has one.

Run `python -m benchmarks.translate`. Both begin with the text of the same filter, each in its own language, and end with the
native filter. LangChain's text goes through its parser, ours through ours, with what is cached forgotten before each run. Each side
has a process of its own, and they take turns; the table shows medians of processor time, and the ratio LangChain ÷ whereql.
Whether LangChain's result is right is not asked here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from multiprocessing.connection import Connection
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.turns import answer_turns, digits, take_turns, workers

TEXT = "category = 'science' AND year >= 2015 AND (lang = 'en' OR stars > 3.5)"
SCHEMA = {"category": "string", "year": "int", "lang": "string", "stars": "float"}
FUNCTIONS = 'and(eq("category", "science"), gte("year", 2015), or(eq("lang", "en"), gt("stars", 3.5)))'

# The same systems in LangChain: module and class of `langchain_community.query_constructors`, and arguments of the class.
PEERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "chroma": ("chroma", "ChromaTranslator", {}), "pinecone": ("pinecone", "PineconeTranslator", {}), "qdrant": ("qdrant", "QdrantTranslator", {"metadata_key": "metadata"}),
    "milvus": ("milvus", "MilvusTranslator", {}), "weaviate": ("weaviate", "WeaviateTranslator", {}), "elasticsearch": ("elasticsearch", "ElasticsearchTranslator", {}),
    "opensearch": ("opensearch", "OpenSearchTranslator", {}), "mongodb": ("mongodb_atlas", "MongoDBAtlasTranslator", {}), "postgres": ("pgvector", "PGVectorTranslator", {}),
}  # fmt: skip


def serve_whereql(name: str, connection: Connection) -> None:
    """Translate into the language that is asked for, from the text on."""
    from whereql.dialects.plugin import DIALECTS
    from whereql.dialects.text.parser import parse
    from whereql.translation import dialect

    def run(target: str) -> Any:
        language = known[target]
        return language.encode(parse(TEXT), allow_residual=True, **options[target])

    known = {each: found for each in DIALECTS if (found := dialect(each)).writes is not None}
    options = {each: {"schema": SCHEMA} if "schema" in found.options else {} for each, found in known.items()}
    connection.send({"version": version("whereql"), "targets": {each: run(each).exact for each in known}})
    answer_turns(connection, run, {each: each for each in known})


def serve_langchain(name: str, connection: Connection) -> None:
    """The same by LangChain's parser and translator."""
    try:
        parser: Any = import_module("langchain_classic.chains.query_constructor.parser").get_parser()
        structured: Any = import_module("langchain_core.structured_query").StructuredQuery
        runs = {target: run for target in PEERS if (run := _translator(target, parser, structured)) is not None}
    except ImportError as error:
        connection.send({"missing": str(error)})
        return
    connection.send({"version": version("langchain-community"), "targets": dict.fromkeys(runs, True)})
    answer_turns(connection, lambda target: runs[target](), {target: target for target in runs})


def _translator(target: str, parser: Any, structured: Any) -> Callable[[], Any] | None:
    """A function that translates the filter, None where LangChain itself fails on it."""
    module, name, arguments = PEERS[target]
    try:
        translator: Any = getattr(import_module(f"langchain_community.query_constructors.{module}"), name)(**arguments)

        def run() -> Any:
            return translator.visit_structured_query(structured(query="", filter=parser.parse(FUNCTIONS), limit=None))

        run()
    except Exception:  # whatever a peer raises: the table then says that it has none
        return None
    return run


def main() -> int:
    """Print the table, or JSON."""
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--json", action="store_true", help="print JSON")
    chosen = arguments.parse_args()
    with workers(serve_whereql, ["whereql"]) as ours, workers(serve_langchain, ["langchain"]) as theirs:
        connections = ours | theirs
        told = {name: connection.recv() for name, connection in connections.items()}
        sources = {name: list(each["targets"]) for name, each in told.items() if "targets" in each}
        times = take_turns(connections, sources, chosen.rounds)
    rows = [
        {"target": target, "exact": told["whereql"]["targets"][target], "whereql_us": took, "langchain_us": times.get("langchain", {}).get(target)}
        for target, took in times["whereql"].items()
    ]
    if chosen.json:
        print(json.dumps({"versions": {name: each.get("version", each.get("missing")) for name, each in told.items()}, "filter": TEXT, "targets": rows}, indent=1))
        return 0
    table = Table("target", "exact", "whereql µs", "LangChain µs", "LangChain ÷ whereql", box=None, pad_edge=False)
    for row in rows:
        peer = row["langchain_us"]
        table.add_row(row["target"], "yes" if row["exact"] else "no", digits(row["whereql_us"]), "" if peer is None else digits(peer), "" if peer is None else f"{peer / row['whereql_us']:.2f}")
    Console().print(table)
    if "missing" in told["langchain"]:
        print(f"LangChain is not installed: {told['langchain']['missing']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
