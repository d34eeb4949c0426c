"""Hostile keys and values in the JSON of Qdrant, turbopuffer and Weaviate: each is one key, or one value, and the structure stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from injection import COUNT, Token, check_injection

from whereql.dialects.vectors import qdrant, turbopuffer, weaviate


def qdrant_tokens(native: Any) -> Iterator[Token]:
    """As `of_json`, the value of `key` read as Qdrant's grammar has a path: steps in quotes without `"` and backslash, or plain."""
    for kind, text in of_json(native):
        if kind == "string" and text.startswith("key="):
            rest = text.removeprefix("key=")
            step = re.fullmatch(r'"([^"\\]*)"|([\w-]+)', rest)
            assert step is not None, rest
            yield "name", step[1] if step[2] is None else step[2]
        else:
            yield kind, text


def of_json(native: Any) -> Iterator[Token]:
    """Objects and lists as they open and close, their keys, and their values; that of `key` with its name in front."""
    match native:
        case dict():
            yield "open", "{"
            for name, value in native.items():
                yield "word", name
                if name == "key":
                    yield "string", f"key={value}"
                else:
                    yield from of_json(value)
            yield "close", "}"
        case list():
            yield "open", "["
            for item in native:
                yield from of_json(item)
            yield "close", "]"
        case str():
            yield "string", native
        case _:
            yield "value", native


def turbopuffer_tokens(native: Any) -> Iterator[Token]:
    match native:
        case ["And" | "Or" as word, [*parts]]:
            yield "open", word
            for part in parts:
                yield from turbopuffer_tokens(part)
            yield "close", word
        case [str() as name, str() as operator, operand]:
            yield "name", name
            yield "word", operator
            yield from of_json(operand)
        case _:
            raise AssertionError(native)


def weaviate_tokens(native: Any) -> Iterator[Token]:
    """As `of_json`; the operators are words."""
    if "operands" in native:
        yield "open", native["operator"]
        for part in native["operands"]:
            yield from weaviate_tokens(part)
        yield "close", native["operator"]
        return
    (name,) = native["path"]
    ((key, value),) = ((key, value) for key, value in native.items() if key.startswith("value"))
    assert set(native) == {"path", "operator", key}
    yield "name", name
    yield "word", native["operator"]
    yield "word", key
    yield from of_json(value)


def test_qdrant() -> None:
    takes = lambda key: not re.search(r'["\\]', key)  # noqa: E731 - a name for what is passed on
    assert check_injection(qdrant.DIALECT, qdrant_tokens, takes_key=takes, arrays=False) > COUNT


def test_turbopuffer() -> None:
    assert check_injection(turbopuffer.DIALECT, turbopuffer_tokens) > COUNT


def test_weaviate() -> None:
    assert check_injection(weaviate.DIALECT, weaviate_tokens) > COUNT // 4
