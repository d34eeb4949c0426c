"""One filter language for every store: write a filter once, as text or as JSON, and always get the same records.

>>> import whereql
>>> papers = whereql.open("examples/papers.jsonl")
>>> len(papers.get("year >= 2017 AND topics HAS 'transformers'"))
11
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers, which don't run __getattr__; a test holds these names and _HOMES equal
    from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Or, Param, Predicate, Uri
    from whereql.backend import Backend, Change, Query, WritableBackend
    from whereql.binding import bind
    from whereql.builder import F
    from whereql.collection import Collection, open
    from whereql.decide import Answer, disjoint, equivalent, implies, satisfiable
    from whereql.dialect import Dialect, Note, Option, Sql, Translation
    from whereql.dialects.chroma import decode as from_json
    from whereql.dialects.chroma import encode as to_json
    from whereql.dialects.text import decode as parse
    from whereql.dialects.text import encode as to_text
    from whereql.errors import (
        BackendError,
        CheckError,
        LimitError,
        ParseError,
        PluginError,
        TranslateError,
        UnsupportedError,
        WhereError,
        WhereqlError,
        WhereqlWarning,
    )
    from whereql.explanation import Explanation
    from whereql.hookspecs import hookimpl
    from whereql.kinds import Kind
    from whereql.limits import Limits, use_limits
    from whereql.matcher import compile_matcher
    from whereql.operators import Op
    from whereql.optimize.pipeline import normalize, use_passes
    from whereql.packing import pack
    from whereql.records import KeyInfo, Record, Schema, make_record
    from whereql.response import GetResponse
    from whereql.scanning import ScanBackend
    from whereql.semantics import holds
    from whereql.source import Span
    from whereql.support import Capabilities, Capability, Shape, Support
    from whereql.translation import translate
    from whereql.values import Literal, literal
    from whereql.wire import GetRequest

# Where each public name lives. They load on first use: `import whereql` alone must not cost a program the import of
# numpy, lark and pluggy.
_HOMES = {
    "And": "ast", "Answer": "decide", "Backend": "backend", "BackendError": "errors", "Capabilities": "support", "Capability": "support", "Change": "backend", "CheckError": "errors",
    "Collection": "collection", "Const": "ast", "Dialect": "dialect", "Document": "ast", "Explanation": "explanation", "Expr": "ast",
    "F": "builder", "Field": "ast", "GetRequest": "wire", "GetResponse": "response", "Id": "ast", "KeyInfo": "records",
    "Kind": "kinds", "LimitError": "errors", "Limits": "limits", "Literal": "values", "Not": "ast", "Note": "dialect", "Op": "operators", "Option": "dialect",
    "Or": "ast", "Param": "ast", "ParseError": "errors", "PluginError": "errors", "Predicate": "ast", "Query": "backend", "ScanBackend": "scanning",
    "Record": "records", "Schema": "records", "Shape": "support", "Span": "source", "Sql": "dialect", "Support": "support", "TranslateError": "errors", "Translation": "dialect",
    "UnsupportedError": "errors", "Uri": "ast", "WhereError": "errors", "WhereqlError": "errors",
    "WhereqlWarning": "errors", "WritableBackend": "backend", "bind": "binding", "compile_matcher": "matcher",
    "holds": "semantics", "hookimpl": "hookspecs", "literal": "values", "make_record": "records", "open": "collection", "pack": "packing",
    "disjoint": "decide", "equivalent": "decide", "implies": "decide", "satisfiable": "decide",
    "normalize": "optimize.pipeline", "translate": "translation", "use_limits": "limits", "use_passes": "optimize.pipeline",
}  # fmt: skip

_RENAMED = {
    "from_json": ("dialects.chroma", "decode"),
    "parse": ("dialects.text", "decode"),
    "to_json": ("dialects.chroma", "encode"),
    "to_text": ("dialects.text", "encode"),
}

__all__ = [
    "And", "Answer", "Backend", "BackendError", "Capabilities", "Capability", "Change", "CheckError", "Collection", "Const", "Dialect", "Document",
    "Explanation", "Expr", "F", "Field", "GetRequest", "GetResponse", "Id", "KeyInfo", "Kind", "LimitError",
    "Limits", "Literal", "Not", "Note", "Op", "Option", "Or", "Param", "ParseError", "PluginError", "Predicate", "Query", "Record",
    "ScanBackend", "Schema", "Shape", "Span", "Sql", "Support", "TranslateError", "Translation", "UnsupportedError", "Uri", "WhereError",
    "WhereqlError", "WhereqlWarning", "WritableBackend", "bind", "compile_matcher", "disjoint", "equivalent",
    "from_json", "holds", "hookimpl", "implies", "literal", "make_record", "normalize", "open", "pack", "parse",
    "satisfiable", "to_json", "to_text", "translate", "use_limits", "use_passes",
]  # fmt: skip


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        module, attribute = _RENAMED.get(name) or (_HOMES.get(name), name)
        if module is None:
            raise AttributeError(f"module 'whereql' has no attribute {name!r}")
        value = getattr(import_module(f"whereql.{module}"), attribute)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
