"""What the documentation says of the filters of Pinecone and S3 Vectors, as a program: not the stores, which don't run here.

Where the documentation is silent, a reading is a parameter, and what is written has to be right by each.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whereql.dialect import Dialect
from whereql.records import Record, stored_kind

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le}
OWN = {"document": "_document", "uri": "_uri"}


@dataclass(frozen=True)
class Reading:
    """ne_needs_key: `$ne` and `$nin` find only what has the key; order_reaches: an order looks into arrays, too."""

    ne_needs_key: bool
    order_reaches: bool = False

    def run(self, native: Any, records: Sequence[Record]) -> list[str]:
        return [record.id for record in records if self.finds(native, held(record))]

    def finds(self, native: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
        return all(self._entry(key, value, metadata) for key, value in native.items())

    def _entry(self, key: str, value: Any, metadata: Mapping[str, Any]) -> bool:
        if key in ("$and", "$or"):
            assert isinstance(value, list) and value
            return (all if key == "$and" else any)(self.finds(part, metadata) for part in value)
        assert key and not key.startswith("$")
        tests = value if isinstance(value, dict) else {"$eq": value}
        assert tests
        return all(self._test(name, operand, metadata.get(key)) for name, operand in tests.items())

    def _test(self, name: str, operand: Any, value: Any) -> bool:
        if name == "$exists":
            assert isinstance(operand, bool)
            return (value is not None) is operand
        if name in ("$in", "$nin"):
            assert isinstance(operand, list) and operand and len({line(item) for item in operand}) == 1 and not isinstance(operand[0], bool)
        if name in ("$eq", "$in"):
            return _within(value, operand if name == "$in" else [operand])
        if name in ("$ne", "$nin"):
            return (value is not None or not self.ne_needs_key) and not _within(value, operand if name == "$nin" else [operand])
        assert line(operand) == "number"
        values = value if isinstance(value, list) and self.order_reaches else [value]
        return any(line(each) == "number" and _ORDERS[name](each, operand) for each in values)


def _within(value: Any, items: Sequence[Any]) -> bool:
    values = value if isinstance(value, list) else [value]
    return any(line(each) == line(item) and each == item for each in values for item in items)


def line(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__


def held(record: Record) -> dict[str, Any]:
    """A record as flat metadata."""
    made = dict(record.metadata or {})
    return made | {key: text for key, text in (("_document", record.document), ("_uri", record.uri)) if text is not None}


def schema_of(records: Sequence[Record]) -> dict[str, list[str]]:
    """What the keys of some records hold, as the option `schema` says it."""
    kinds: dict[str, list[str]] = {}
    for record in records:
        for key, value in (record.metadata or {}).items():
            if stored_kind(value) not in kinds.setdefault(key, []):
                kinds[key].append(stored_kind(value))
    for key, found in kinds.items():
        if all(key in (record.metadata or {}) for record in records):
            found[-1] += "!"
    return kinds


def shape(native: Any) -> Any:
    """The structure of a filter, without its values."""
    if isinstance(native, dict):
        return {key: shape(value) for key, value in native.items()}
    return [shape(value) for value in native] if isinstance(native, list) else type(native).__name__


def check_structure(dialect: Dialect, pairs: Sequence[tuple[str, str]], **options: Any) -> int:
    """Hostile keys and values are keys and values: the structure is that of plain ones. Answers how many were written."""
    import whereql

    written = 0
    makers: list[Callable[[str, str], Any]] = [lambda key, value: whereql.F(key) == value, lambda key, value: ~whereql.F(key).is_in([value, value + "2"]), lambda key, value: whereql.F(key).has(value)]
    for key, value in pairs:
        for make in makers:
            translation = dialect.encode(make(key, value), allow_residual=True, **options)
            if translation.native == {} or translation.native is None:
                continue
            written += 1
            model = dialect.encode(make("k", "plain"), allow_residual=True, **options).native
            assert shape(translation.native) == shape(renamed(model, key, f"{options['metadata']}." if "metadata" in options else "")), (key, value, translation.native)
    return written


def renamed(native: Any, key: str, prefix: str) -> Any:
    if isinstance(native, dict):
        return {f"{prefix}{key}" if name == f"{prefix}k" else name: renamed(value, key, prefix) for name, value in native.items()}
    return [renamed(value, key, prefix) for value in native] if isinstance(native, list) else native
