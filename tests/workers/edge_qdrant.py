# /// script
# dependencies = ["qdrant-edge-py==0.9.0", "numpy"]
# ///
"""Qdrant's own engine, as a library: filters of the JSON form, made into its objects."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as qdrant
from serving import serve

MEMORY = "/dev/shm"  # a shard waits for the disk at each step
_KINDS = {str: "Keyword", int: "Integer", float: "Float", bool: "Bool"}


class Shard:
    """Records as points, and what finds them again."""

    def __init__(self, records: Sequence[dict[str, Any]], settings: dict[str, Any]) -> None:
        self.folder, self.shard = create()
        self.ids = [record["id"] for record in records]
        payloads = [payload(record, settings) for record in records]
        add(self.shard, payloads)
        given = {name: getattr(qdrant.PayloadSchemaType, kind) for name, kind in settings.get("indexes", {}).items()}
        for name, kind in {**(kinds_of(records) if settings.get("indexed") else {}), **given}.items():
            place = f"{settings['prefix']}." if settings.get("prefix") else ""
            self.shard.update(qdrant.UpdateOperation.create_field_index(f'{place}"{name}"', kind))

    def find(self, native: dict[str, Any]) -> list[str]:
        found, more = self.shard.scroll(qdrant.ScrollRequest(filter=filter_of(native), limit=len(self.ids) + 1))
        assert more is None
        return [self.ids[int(point.id)] for point in found]

    def close(self) -> None:
        del self.shard
        shutil.rmtree(self.folder, ignore_errors=True)


def create() -> tuple[str, Any]:
    folder = tempfile.mkdtemp(prefix="whereql-qdrant-", dir=MEMORY if Path(MEMORY).is_dir() else None)
    vectors = qdrant.EdgeVectorParams(size=1, distance=qdrant.Distance.Dot)
    return folder, qdrant.EdgeShard.create(folder, qdrant.EdgeConfig(vectors=vectors))


def add(shard: Any, payloads: Sequence[dict[str, Any]]) -> None:
    points = [qdrant.Point(number, [1.0], each) for number, each in enumerate(payloads)]
    if points:
        shard.update(qdrant.UpdateOperation.upsert_points(points))


def payload(record: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The keys in an object of their own where there is a prefix, else in the payload itself; the rest beside them."""
    rest = {place: record[name] for name, place in settings.get("places", {}).items() if record[name] is not None}
    return rest | ({settings["prefix"]: record["metadata"]} if settings.get("prefix") else record["metadata"])


def kinds_of(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The index that fits all values of a key, for keys that a path can name."""
    kinds: dict[str, set[type]] = {}
    for record in records:
        for name, value in record["metadata"].items():
            kinds.setdefault(name, set()).update(map(type, value) if isinstance(value, list) else [type(value)])
    fitting = {name: found for name, found in kinds.items() if len(found) == 1 and not found & {dict} and not set('"\\') & set(name)}
    return {name: getattr(qdrant.PayloadSchemaType, _KINDS[next(iter(found))]) for name, found in fitting.items()}


def filter_of(native: dict[str, Any]) -> Any:
    some = native.get("min_should")
    return qdrant.Filter(
        **{name: list(map(condition_of, native[name])) for name in ("must", "should", "must_not") if native.get(name) is not None},
        **({} if some is None else {"min_should": qdrant.MinShould(list(map(condition_of, some["conditions"])), some["min_count"])}),
    )


def condition_of(native: dict[str, Any]) -> Any:
    match native:
        case {"key": key, "match": {**match}}:
            return qdrant.FieldCondition(key=key, match=match_of(match))
        case {"key": key, "range": {**bounds}}:
            return qdrant.FieldCondition(key=key, range=qdrant.RangeFloat(**{name: float(bound) for name, bound in bounds.items()}))
        case {"key": key, "values_count": {**bounds}}:
            return qdrant.FieldCondition(key=key, values_count=qdrant.ValuesCount(**bounds))
        case {"key": key, **rest}:
            return qdrant.FieldCondition(key=key, **rest)
        case {"is_empty": {"key": key}}:
            return qdrant.IsEmptyCondition(key)
        case {"has_id": ids}:
            return qdrant.HasIdCondition(set(ids))
    return filter_of(native)


def match_of(native: dict[str, Any]) -> Any:
    ((name, value),) = native.items()
    if name == "value":
        return qdrant.MatchValue(np.bool_(value) if isinstance(value, bool) else value)  # a bool of Python's would be taken as an int
    made = {"any": "MatchAny", "except": "MatchExcept", "text": "MatchText", "text_any": "MatchTextAny", "phrase": "MatchPhrase"} | {"prefix": "MatchPrefix", "substring": "MatchSubstring"}
    return getattr(qdrant, made[name])(value)


def load(records: Sequence[dict[str, Any]], settings: dict[str, Any]) -> Shard:
    return Shard(records, settings)


if __name__ == "__main__":
    serve({"qdrant-edge-py": version("qdrant-edge-py")}, load, Shard.find, Shard.close)
