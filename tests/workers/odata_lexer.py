"""The tokens of odata-query, a library that reads OData's filters: its `find` answers them, in place of ids, each as JSON."""

# /// script
# dependencies = ["odata-query==0.10.0"]
# ///

from __future__ import annotations

import json
from typing import Any

from odata_query import ast
from odata_query.grammar import ODataLexer
from serving import serve


def find(held: Any, native: str) -> list[str]:
    return [json.dumps(_token(token)) for token in ODataLexer().tokenize(native) if token.type != "WS"]


def _token(token: Any) -> tuple[str, str]:
    if token.type == "STRING":
        return "string", token.value.val if isinstance(token.value, ast.String) else token.value
    return ("name", token.value.name) if token.type == "ODATA_IDENTIFIER" else (token.type, "")


serve({"odata-query": "0.10.0"}, lambda records, settings: None, find)
