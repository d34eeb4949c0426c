"""One filter language for every store: write a filter once, as text or as JSON, and always get the same records.

>>> import whereql
>>> papers = whereql.open("examples/papers.jsonl")
>>> len(papers.get("year >= 2017 AND topics HAS 'transformers'"))
9
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Where each public name lives. They load on first use: `import whereql` alone must not cost a program the import of
# numpy, lark and pluggy.
_HOMES = {
    "And": "ast", "Backend": "backend", "BackendError": "errors", "Change": "backend", "CheckError": "errors",
    "Collection": "collection", "Const": "ast", "Document": "ast", "Explanation": "explanation", "Expr": "ast",
    "F": "builder", "Field": "ast", "GetRequest": "wire", "GetResponse": "records", "Id": "ast", "KeyInfo": "records",
    "Kind": "kinds", "LimitError": "errors", "Limits": "limits", "Literal": "values", "Not": "ast", "Op": "operators",
    "Or": "ast", "Param": "ast", "ParseError": "errors", "PluginError": "errors", "Predicate": "ast", "Query": "backend", "ScanBackend": "scanning",
    "Record": "records", "Schema": "records", "Span": "source", "Support": "support", "TranslateError": "errors",
    "UnsupportedError": "errors", "Uri": "ast", "WhereError": "errors", "WhereqlError": "errors",
    "WhereqlWarning": "errors", "WritableBackend": "backend", "bind": "binding", "compile_matcher": "matcher",
    "holds": "semantics", "hookimpl": "hookspecs", "literal": "values", "make_record": "records", "open": "collection",
    "use_limits": "limits",
}  # fmt: skip

_RENAMED = {
    "from_json": ("dialects.chroma", "decode"),
    "parse": ("dialects.text", "decode"),
    "to_json": ("dialects.chroma", "encode"),
    "to_text": ("dialects.text", "encode"),
}

__all__ = sorted([*_HOMES, *_RENAMED])


def __getattr__(name: str) -> Any:
    module, attribute = _RENAMED.get(name) or (_HOMES.get(name), name)
    if module is None:
        raise AttributeError(f"module 'whereql' has no attribute {name!r}")
    value = getattr(import_module(f"whereql.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
