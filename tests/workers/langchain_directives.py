"""What workers of LangChain share: a filter as LangChain's own objects, through its own parser where it is a text."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from langchain_classic.chains.query_constructor.parser import get_parser
from langchain_core.structured_query import Comparator, Comparison, Operation, Operator, StructuredQuery

_PARSER = get_parser()


def query(native: Any) -> StructuredQuery:
    """A structured query of a filter alone."""
    return StructuredQuery(query="", filter=None if native in (None, "NO_FILTER") else _directive(native), limit=None)


def _directive(native: Any) -> Any:
    if isinstance(native, str):
        return _PARSER.parse(native)
    if "operator" in native:
        return Operation(operator=Operator(native["operator"]), arguments=[_directive(each) for each in native["arguments"]])
    return Comparison(comparator=Comparator(native["comparator"]), attribute=native["attribute"], value=native["value"])


def versions(*names: str) -> dict[str, str]:
    """Those of LangChain and of a store."""
    return {name: version(name) for name in ("langchain-community", *names)}
