# /// script
# dependencies = ["pinecone==10.2.0"]
# ///
"""The filter builder of Pinecone's client: builds each filter again by its methods, and says whether it is the same."""

from __future__ import annotations

from functools import reduce
from importlib.metadata import version
from typing import Any

from pinecone import Field
from pinecone.utils.filter_builder import Condition
from serving import serve

METHODS = {"$gt": Field.gt, "$gte": Field.gte, "$lt": Field.lt, "$lte": Field.lte, "$eq": Field.__eq__, "$ne": Field.__ne__, "$in": Field.is_in, "$nin": Field.not_in}


def built(native: dict[str, Any]) -> Any:
    ((key, value),) = native.items()
    if key in ("$and", "$or"):
        return reduce(lambda one, other: one & other if key == "$and" else one | other, [built(part) for part in value])
    ((operator, operand),) = value.items()
    if operator == "$exists":
        return Field(key).exists() if operand else Condition({key: {"$exists": False}})  # for which it has no method
    return METHODS[operator](Field(key), operand)


def find(held: Any, native: Any) -> list[str]:
    return ["the same" if built(native).to_dict() == native else f"another: {built(native).to_dict()}"]


if __name__ == "__main__":
    serve({"pinecone": version("pinecone")}, lambda records, settings: records, find)
