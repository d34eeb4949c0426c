"""What a response must look like: each column of the right type and shape, each value of the kind it was stored with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from whereql.records import Record
from whereql.response import GetResponse
from whereql.testing.failures import Broken, show_ids

_PLACE = re.compile(r"\w+\[(\d+)\]: ")


def check_response(got: object, records: Sequence[Record], include: Sequence[str], asked: str) -> None:
    """Raise Broken unless a response holds just these records, in their order, with these columns."""
    differences = list(_differences(got, records, include))
    if differences:
        shown = [("asked", asked), *(("differs", difference) for difference in differences[:5])]
        places = dict.fromkeys(int(found[1]) for difference in differences if (found := _PLACE.match(difference)))
        rule = "a response is a GetResponse of the records as they were stored, with the columns of include and no others"
        raise Broken(rule, ids=[records[place].id for place in places if place < len(records)], details=shown)


def _differences(got: object, records: Sequence[Record], include: Sequence[str]) -> Iterator[str]:
    if not isinstance(got, GetResponse):
        yield f"a {type(got).__name__} is no GetResponse"
        return
    expected = GetResponse.from_records(records, include)
    if list(got.ids) != expected.ids:
        place = next((n for n, (due, came) in enumerate(zip(expected.ids, got.ids, strict=False)) if due != came), min(len(expected.ids), len(got.ids)))
        yield f"ids: {len(got.ids)} of {len(expected.ids)}; from [{place}] on expected {show_ids(expected.ids[place:])}, got {show_ids(got.ids[place:])}"
        return
    if list(got.include) != expected.include:
        yield f"include: expected {expected.include}, got {got.include}: the columns as they were asked for"
    for name in ("documents", "uris", "metadatas"):
        yield from _different_column(name, getattr(expected, name), getattr(got, name))
    yield from _different_vectors(expected.embeddings, got.embeddings)


def _different_column(name: str, expected: list[Any] | None, got: Any) -> Iterator[str]:
    if expected is None or got is None:
        if expected is not got:
            yield f"{name}: expected {'None: it was not asked for' if expected is None else 'a list'}, got {_short(got)}"
    elif not isinstance(got, list) or len(got) != len(expected):
        yield f"{name}: expected a list of {len(expected)}, got {_short(got)}"
    else:
        for place, (due, came) in enumerate(zip(expected, got, strict=True)):
            if not same(due, came):
                yield f"{name}[{place}]: {_cell_difference(due, came)}"


def _cell_difference(due: Any, came: Any) -> str:
    if isinstance(due, dict) and isinstance(came, dict):
        for key in due:
            if key not in came:
                return f"the key {key!r} is missing"
            if not same(due[key], came[key]):
                return f"[{key!r}]: expected {_typed(due[key])}, got {_typed(came[key])}"
        return f"keys that were not stored: {sorted(came.keys() - due.keys())}"
    return f"expected {_typed(due)}, got {_typed(came)}"


def same(a: Any, b: Any) -> bool:
    """Equality by value and type: 1 is not 1.0 and not True."""
    if isinstance(a, list):
        return type(b) is list and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return type(b) is dict and a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    return type(a) is type(b) and bool(a == b)


def _different_vectors(expected: Any, got: Any) -> Iterator[str]:
    import numpy as np

    if expected is None or got is None:
        if expected is not got:
            yield f"embeddings: expected {'None: they were not asked for' if expected is None else 'embeddings'}, got {_short(got)}"
        return
    if isinstance(expected, np.ndarray):
        if not isinstance(got, np.ndarray) or got.dtype != np.float32 or (len(expected) and got.shape != expected.shape):
            shape = f"an array of {got.dtype} of shape {got.shape}" if isinstance(got, np.ndarray) else _short(got)
            yield f"embeddings: expected one float32 array of shape {expected.shape}, got {shape}"
            return
    elif not isinstance(got, list) or len(got) != len(expected):
        yield f"embeddings: expected a list of {len(expected)}, since a record has none, got {_short(got)}"
        return
    for place, (due, came) in enumerate(zip(expected, got, strict=True)):
        if due is None or came is None:
            if due is not came:
                yield f"embeddings[{place}]: expected {_short(due)}, got {_short(came)}"
        elif not isinstance(came, np.ndarray) or came.dtype != np.float32 or not np.array_equal(due, came):
            yield f"embeddings[{place}]: expected float32 {due.tolist()}, got {_short(came)}"


def _typed(value: Any) -> str:
    return f"{_short(value)} ({type(value).__name__})"


def _short(value: Any) -> str:
    shown = ascii(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"
