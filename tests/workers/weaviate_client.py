# /// script
# dependencies = ["weaviate-client==4.23.1"]
# ///
"""Weaviate's own client: whether a filter is what its classes and its message make of it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from serving import serve
from weaviate.classes.query import Filter
from weaviate.collections.filters import _FilterToGRPC, _FilterToREST
from weaviate.proto.v1 import base_pb2

_METHODS = {
    "Equal": "equal", "NotEqual": "not_equal", "GreaterThan": "greater_than", "GreaterThanEqual": "greater_or_equal", "LessThan": "less_than",
    "LessThanEqual": "less_or_equal", "Like": "like", "IsNull": "is_none", "ContainsAny": "contains_any",
}  # fmt: skip
_VALUES = ("valueText", "valueInt", "valueNumber", "valueBoolean")


def client_filter(where: dict[str, Any]) -> Any:
    """GraphQL's form as an object of the client."""
    operator = where["operator"]
    if operator in ("And", "Or"):
        parts = [client_filter(part) for part in where["operands"]]
        return Filter.all_of(parts) if operator == "And" else Filter.any_of(parts)
    if operator == "Not":
        return Filter.not_(client_filter(where["operands"][0]))
    (name,) = where["path"]
    (value,) = (where[key] for key in _VALUES if key in where)
    place = Filter.by_id() if name == "id" else Filter.by_property(name)
    return getattr(place, _METHODS[operator])(value)


def find(held: Any, native: Any) -> Sequence[str]:
    """native: a filter in both forms. Raises ValueError where the client makes something else of it."""
    if native["graphql"] is None:
        return []
    made = client_filter(native["graphql"])
    rest = without_arrays(_FilterToREST.convert(made))
    if rest != without_id(native["graphql"]):
        raise ValueError(f"the client has {rest}")
    message = ParseDict(native["grpc"], base_pb2.Filters())
    if MessageToDict(message) != native["grpc"] or message != _FilterToGRPC.convert(made):
        raise ValueError(f"the client has {MessageToDict(_FilterToGRPC.convert(made))}")
    return []


def without_arrays(rest: dict[str, Any]) -> dict[str, Any]:
    """REST's names of lists as GraphQL has them."""
    if "operands" in rest:
        return rest | {"operands": [without_arrays(part) for part in rest["operands"]]}
    return {key.removesuffix("Array"): value for key, value in rest.items()}


def without_id(where: dict[str, Any]) -> dict[str, Any]:
    """The client calls the id as gRPC does."""
    if "operands" in where:
        return where | {"operands": [without_id(part) for part in where["operands"]]}
    return where | {"path": ["_id"]} if where["path"] == ["id"] else where


if __name__ == "__main__":
    serve({"weaviate-client": version("weaviate-client")}, lambda records, settings: True, find)
