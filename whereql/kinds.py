"""The four kinds of scalar values, a module of its own because operators and values both name them.

>>> Kind.INT in NUMBERS
True
"""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """The kind of a scalar. A value never equals one of another kind, except int and float, which share one number line."""

    STRING = "string"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"

    __hash__ = object.__hash__  # Enum's own hashes the name in Python, on every comparison of literals


NUMBERS = frozenset({Kind.INT, Kind.FLOAT})


def describe_kind(kind: Kind) -> str:
    """A kind with its article: `a string`, `an int` …"""
    return f"an {kind.value}" if kind is Kind.INT else f"a {kind.value}"
