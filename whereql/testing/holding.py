"""What a store can't hold, by name, and records drawn without it.

An author names these things in `BackendContract.lacks`; the kit then leaves them out of its records, and of nothing else: a
filter may still ask for them.

>>> fitted = fit(whereql.make_record("a", metadata={"k": "x\\0", "tags": ["ml"]}), 0, {"nul", "arrays"})
>>> fitted.metadata
{'k': 'x\\x01'}
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from whereql.records import SPARSE, Record, stored_kind
from whereql.suggest import nearest
from whereql.testing.failures import Broken

LACKS: Mapping[str, str] = {
    "nul": "the character U+0000 in strings and keys",
    "odd keys": "metadata keys other than lower-case ASCII words, or longer than 48 characters",
    "long floats": "floats of more than 15 digits",
    "far floats": "floats below 1e-7 or above 1e22 in size, other than 0",
    "long ints": "ints beyond 2^53, but as the nearest float",
    "mixed kinds": "values of several kinds under one metadata key",
    "arrays": "lists as metadata values",
    "sparse vectors": "sparse vectors as metadata values",
    "documents": "documents",
    "uris": "uris",
    "embeddings": "embeddings",
    "missing embeddings": "a record without an embedding",
    "writes": "add, upsert and delete, though the backend has the methods",
    "snapshots": "pages of a scan that see nothing of what is written after the first",
    "reopening": "what is written, once it is closed",
}

_PLAIN_KEY = re.compile(r"[a-z][a-z0-9_]{0,47}")


def check_lacks(lacks: Collection[str]) -> frozenset[str]:
    """The names as a set. Raises Broken for one that the kit doesn't know."""
    unknown = sorted(set(lacks) - LACKS.keys())
    if isinstance(lacks, str) or unknown:
        near = [("did you mean", suggestion) for name in unknown if not isinstance(lacks, str) and (suggestion := nearest(name, LACKS))]
        raise Broken("lacks is a set of names that the kit knows", details=[("got", repr(lacks)), *near, *(("known", f"{name}: {what}") for name, what in LACKS.items())])
    return frozenset(lacks)


def fit(record: Record, number: int, lacks: Collection[str]) -> Record:
    """The record as a store without these things can hold it. number: its place, for what it needs and has not."""
    document, uri = _value(record.document, lacks), _value(record.uri, lacks)
    return replace(
        record,
        id=str(_value(record.id, lacks)),
        document=None if "documents" in lacks else document,
        uri=None if "uris" in lacks else uri,
        embedding=_embedding(record, number, lacks),
        metadata=_metadata(record.metadata or {}, lacks) or None,
    )


def fit_all(records: Sequence[Record], lacks: Collection[str]) -> list[Record]:
    """The records as the store can hold them, without those whose id is then that of an earlier one."""
    kept: dict[str, Record] = {}
    for number, record in enumerate(records):
        fitted = fit(record, number, lacks)
        kept.setdefault(fitted.id, fitted)
    return list(kept.values())


def batches(records: Sequence[Record], lacks: Collection[str]) -> list[list[Record]]:
    """Those of the records that the store can hold just as they are: in one batch, or in several where kinds can't be mixed."""
    others = set(lacks) - {"mixed kinds"}
    held = [fitted for number, record in enumerate(records) if (fitted := fit(record, number, others)) == record]
    if "mixed kinds" not in lacks:
        return [held]
    found: list[tuple[dict[str, str], list[Record]]] = []
    for record in held:
        kinds = {key: stored_kind(value) for key, value in (record.metadata or {}).items()}
        for seen, batch in found:
            if all(seen.get(key, kind) == kind for key, kind in kinds.items()):
                seen.update(kinds)
                batch.append(record)
                break
        else:
            found.append((kinds, [record]))
    return [batch for _, batch in found]


def _value(value: Any, lacks: Collection[str]) -> Any:
    if isinstance(value, float) and value and "far floats" in lacks:
        value = math.copysign(min(max(abs(value), 1e-7), 1e22), value)
    if isinstance(value, float) and "long floats" in lacks:
        return float(f"{math.copysign(min(abs(value), 1e308), value):.15g}")
    if type(value) is int and "long ints" in lacks and abs(value) > 2**53:
        return float(value)
    return value.replace("\0", "\x01") if isinstance(value, str) and "nul" in lacks else value


def _values(values: Sequence[Any], lacks: Collection[str]) -> list[Any]:
    """An array, still of one kind."""
    fitted = [_value(item, lacks) for item in values]
    return [float(item) for item in fitted] if {type(item) for item in fitted} == {int, float} else fitted


def _embedding(record: Record, number: int, lacks: Collection[str]) -> Any:
    if "embeddings" in lacks:
        return None
    if "missing embeddings" in lacks and record.embedding is None:
        import numpy as np

        return np.array([number, 0.5], np.float32)
    return record.embedding


def _metadata(metadata: Mapping[str, Any], lacks: Collection[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in metadata.items():
        kind = stored_kind(value)
        if ("arrays" in lacks and isinstance(value, list)) or ("sparse vectors" in lacks and kind == SPARSE):
            continue
        kept[_key(key, kind, lacks)] = _values(value, lacks) if isinstance(value, list) else _value(value, lacks)
    return kept


def _key(key: str, kind: str, lacks: Collection[str]) -> str:
    key = str(_value(key, lacks))
    if "odd keys" in lacks and not _PLAIN_KEY.fullmatch(key):
        key = f"k{key.encode().hex()}"[:48]  # with what else is put behind it within the 63 bytes of PostgreSQL
    return f"{key}_{kind.replace('[]', 's')}" if "mixed kinds" in lacks else key
