# /// script
# dependencies = ["turbopuffer==3.1.0"]
# ///
"""The types of turbopuffer's own client: whether a filter has the shape that they give."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

from serving import serve
from turbopuffer.types import custom


def fits(value: Any, due: Any) -> bool:
    """Whether JSON has a type of the client's: unions of tuples, which are lists in JSON."""
    if isinstance(due, (str, ForwardRef)):
        return fits(value, getattr(custom, due if isinstance(due, str) else due.__forward_arg__))
    origin, args = get_origin(due), get_args(due)
    if due is Any:
        return not isinstance(value, list) or all(isinstance(item, (str, int, float)) for item in value)
    if origin is Union:
        return any(fits(value, each) for each in args)
    if origin is Literal:
        return value in args
    if origin is tuple:
        return isinstance(value, list) and len(value) == len(args) and all(fits(item, each) for item, each in zip(value, args, strict=True))
    if origin is not None and issubclass(origin, Sequence):
        return isinstance(value, list) and all(fits(item, args[0]) for item in value)
    return isinstance(value, due) if isinstance(due, type) and due is not dict else False


def find(held: Any, native: Any) -> list[str]:
    if not fits(native, custom.Filter):
        raise ValueError("it has not the shape of a Filter")
    return []


if __name__ == "__main__":
    serve({"turbopuffer": version("turbopuffer")}, lambda records, settings: True, find)
