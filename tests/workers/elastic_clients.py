"""The query models of the clients of Elasticsearch and OpenSearch: `find` answers a query as the model writes it again, as JSON, in place of ids."""

# /// script
# dependencies = ["elasticsearch==9.5.1", "opensearch-py==3.2.0"]
# ///

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

from elasticsearch import dsl
from opensearchpy.helpers import query as opensearch
from serving import serve


def find(held: Any, native: Any) -> list[str]:
    return [json.dumps(dsl.Q(native).to_dict()), json.dumps(opensearch.Q(native).to_dict())]


serve({name: version(name) for name in ("elasticsearch", "opensearch-py")}, lambda records, settings: None, find)
