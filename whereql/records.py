"""Records, and the schema of a collection.

>>> record = make_record("a", metadata={"year": 2020, "tags": ["ml"], "empty": [], "unknown": None})
>>> record.metadata
{'year': 2020, 'tags': ['ml']}
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from whereql.errors import BackendError, WhereqlError
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, Scalar, check_text_value, describe_type, unwrap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

Value = Scalar | list[str] | list[int] | list[float] | list[bool] | dict[str, Any]
Metadata = dict[str, Value]

COLUMNS = ("documents", "embeddings", "metadatas", "uris")
SPARSE = "sparse_vector"
_BATCH = 200  # records from which on the columns of a batch cost less than the records


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a collection.

    id: unique, not empty; document, uri: a string or None; embedding: float32, shape (dimension,), or None, not compared;
    metadata: key to scalar, to a list of one kind, or to a sparse vector (`{"#type": "sparse_vector", …}`), or None.
    """

    id: str
    document: str | None = None
    uri: str | None = None
    embedding: Vector | None = field(default=None, compare=False)
    metadata: Metadata | None = None


def make_record(
    id: object,
    *,
    document: object = None,
    uri: object = None,
    embedding: object = None,
    metadata: object = None,
    path: str = "",
) -> Record:
    """A checked record from plain Python values, as they come from a file or a caller.

    path: names the record in a message. Raises BackendError, with the path of the value, for what no record can hold.
    """
    return Record(
        _text(id, f"{path}id", required=True),
        None if document is None else _text(document, f"{path}document"),
        None if uri is None else _text(uri, f"{path}uri"),
        None if embedding is None else _vector(embedding, f"{path}embedding"),
        None if metadata is None else clean_metadata(metadata, f"{path}metadata"),
    )


def _text(value: object, path: str, required: bool = False) -> str:
    plain = unwrap(value)
    if not isinstance(plain, str) or (required and not plain):
        wanted = "a string that is not empty" if required else "a string or null"
        got = "an empty string" if plain == "" else describe_type(plain)
        hint = "give each record an id of its own" if plain == "" else "convert it to a string first"
        raise BackendError("WQ702", f"expected {wanted}, got {got}", path=path, hint=hint)
    check_text_value(plain, path=path)
    return plain


def _vector(value: object, path: str) -> Vector:
    import numpy as np

    try:
        with np.errstate(over="ignore"):  # too large for float32 becomes infinite, and is refused as such below
            given = np.asarray(value)
            vector = given.astype(np.float32) if given.dtype.kind in "iuf" else np.empty((0, 0), np.float32)
    except (TypeError, ValueError, OverflowError):
        vector = np.empty((0, 0), np.float32)
    if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
        raise BackendError(
            "WQ704", "an embedding is a list of finite float32 numbers, at least one", path=path, hint="leave it out, or pass null"
        )
    return vector


def clean_metadata(metadata: object, path: str) -> Metadata | None:
    """Metadata as it is stored: null and empty lists left out, numpy unwrapped, one kind per list, None when nothing is left.

    As in Chroma, an int outside int64 becomes the nearest double, and so do the ints of a list that has a float.
    Raises BackendError for anything else than scalars, lists of one kind of them, and sparse vectors.
    """
    if not isinstance(metadata, Mapping):
        raise BackendError(
            "WQ703", f"metadata is an object, got {describe_type(metadata)}", path=path, hint='write {"key": value, …}, or null'
        )
    cleaned: Metadata = {}
    for key, value in metadata.items():
        if type(key) is str and key.isascii() and _is_plain(value):  # most values, at a tenth of the price of the checks below
            cleaned[key] = value.copy() if type(value) is list else value
            continue
        if not isinstance(key, str):
            raise BackendError("WQ703", f"a metadata key is a string, got {describe_type(key)}", path=path, hint="convert the key to a string")
        if value is not None and (stored := _clean_value(value, f"{path}.{key}")) is not None:
            check_text_value(key, path=path)
            cleaned[str.__str__(key)] = stored
    return cleaned or None


def _is_plain(value: Any) -> bool:
    """Whether a value is surely stored as it is: the common kinds, no subclass, ASCII only."""
    kind = type(value)
    if kind is str:
        return bool(value.isascii())
    if kind is int:
        return bool(INT_MIN <= value <= INT_MAX)
    if kind is float:
        return bool(value - value == 0.0 and value != 0.0)  # neither NaN nor infinite, nor perhaps -0.0
    if kind is list and value:
        return all(type(item) is str and item.isascii() for item in value)
    return kind is bool


def _clean_value(value: object, path: str) -> Value | None:
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 0) == 1:
        value = value.tolist()  # type: ignore[attr-defined]  # a numpy array, which values does not import
    if isinstance(value, (list, tuple)):
        return _clean_list(value, path) if value else None
    if isinstance(value, Mapping):
        return _clean_sparse(value, path)
    return _clean_scalar(value, path)


def _clean_scalar(value: object, path: str) -> Scalar:
    plain = unwrap(value)
    match plain:
        case bool():
            return plain
        case str():
            check_text_value(plain, path=path)
            return plain
        case int():
            return plain if INT_MIN <= plain <= INT_MAX else _finite(plain, path)
        case float():
            return _finite(plain, path)
    hint = "leave it out" if plain is None else "flatten nested objects into keys such as author.name; a time is its epoch seconds"
    raise BackendError("WQ703", f"a metadata value is a string, a number, a bool or a list of one of these, got {describe_type(plain)}", path=path, hint=hint)


def _finite(number: float, path: str) -> float:
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if math.isfinite(value):
        return value + 0.0
    raise BackendError("WQ703", "NaN, infinities and numbers beyond the doubles can't be stored", path=path, hint="leave the key out")


def _clean_list(values: Sequence[object], path: str) -> Value:
    items = [_clean_scalar(value, f"{path}[{i}]") for i, value in enumerate(values)]
    kinds = {type(item) for item in items}
    if kinds == {int, float}:
        return [float(item) for item in items]
    if len(kinds) > 1:
        names = " and ".join(sorted(describe_type(kind()) for kind in kinds))
        raise BackendError("WQ703", f"a list holds values of one kind, got {names}", path=path, hint="split it into a key per kind")
    return items  # type: ignore[return-value]  # all of one kind, as just counted


def _clean_sparse(value: Mapping[Any, Any], path: str) -> dict[str, Any]:
    indices, values = value.get("indices"), value.get("values")
    if (
        not value.keys() <= {"#type", "indices", "values", "tokens"}
        or value.get("#type", SPARSE) != SPARSE
        or not isinstance(indices, list)
        or not isinstance(values, list)
    ):
        raise BackendError(
            "WQ703", "metadata holds no nested objects", path=path, hint="flatten it into keys such as author.name"
        )
    ascending = all(type(i) is int and 0 <= i < 2**32 for i in indices) and all(a < b for a, b in pairwise(indices))
    numeric = all(type(v) in (int, float) and abs(v) <= FLOAT_MAX for v in values)  # an int may be beyond the doubles; NaN fails, too
    tokens = value.get("tokens", [])
    labelled = tokens is None or (isinstance(tokens, list) and all(type(token) is str for token in tokens) and len(tokens) in (0, len(indices)))
    if not labelled:
        raise BackendError("WQ703", "the tokens of a sparse vector are as many strings as it has indices", path=path, hint="leave tokens out")
    if len(indices) != len(values) or not ascending or not numeric:
        raise BackendError(
            "WQ703", "a sparse vector has ascending indices and as many finite values", path=path, hint="sort the indices, drop duplicates"
        )
    return {"#type": SPARSE} | {key: list(value[key]) for key in ("indices", "values", "tokens") if value.get(key) is not None}


def records_from_columns(
    ids: Sequence[str] | str,
    embeddings: Any = None,
    metadatas: Sequence[Mapping[str, Any] | None] | None = None,
    documents: Sequence[str | None] | None = None,
    uris: Sequence[str | None] | None = None,
) -> Sequence[Record]:
    """Records from Chroma's column-wise arguments; a column is None or as long as `ids`. Raises BackendError.

    Many of them come as a `Batch`, if nothing about them is unusual. None holds on to what the caller may change.
    """
    if not isinstance(ids, Iterable):
        raise BackendError("WQ701", f"ids is a list, got {describe_type(ids)}", path="ids", hint="write ids=[…]")
    ids = [ids] if isinstance(ids, str) else list(ids)
    columns = {"embeddings": embeddings, "metadatas": metadatas, "documents": documents, "uris": uris}
    for name, column in columns.items():
        if column is not None and (isinstance(column, (str, bytes, Mapping)) or not hasattr(column, "__len__")):
            raise BackendError("WQ701", f"{name} is a list, got {describe_type(column)}", path=name, hint=f"write {name}=[…]")
        if column is not None and len(column) != len(ids):
            raise BackendError(
                "WQ701", f"{name} has {len(column):,} entries for {len(ids):,} ids", path=name, hint="give each id an entry, null where it has none"
            )
    if len(ids) >= _BATCH:
        from whereql.batches import Batch  # only a program that loads much needs it
        from whereql.cells import UnusualError

        with suppress(UnusualError, WhereqlError):  # the checks below know which record it is, and whether anything is wrong at all
            return Batch.of(ids, embeddings, metadatas, documents, uris)
    return [
        make_record(
            id,
            embedding=None if embeddings is None else embeddings[i],
            metadata=None if metadatas is None else metadatas[i],
            document=None if documents is None else documents[i],
            uri=None if uris is None else uris[i],
            path=f"[{i}].",
        )
        for i, id in enumerate(ids)
    ]


def check_dimensions(records: Sequence[Record], dimension: int | None, start: int = 0) -> int | None:
    """The dimension of a collection's embeddings once it has these records, too; dimension: what it is before, None without any.

    start: the number of the first of them, in the message. Raises BackendError WQ704 for an embedding of another dimension than the others.
    """
    if not isinstance(records, list):
        from whereql.batches import Batch  # see records_from_columns

        if isinstance(records, Batch) and (dimension is None or records.dimension in (None, dimension)):
            return records.dimension or dimension
    for number, record in enumerate(records, start):
        if record.embedding is None or len(record.embedding) == dimension:
            continue
        if dimension is not None:
            raise BackendError(
                "WQ704",
                f"the embedding has {len(record.embedding):,} numbers, the others of the collection have {dimension:,}",
                path=f"[{number}].embedding",
                hint="embed all records of a collection with one model",
            )
        dimension = len(record.embedding)
    return dimension


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What a collection knows of one key.

    kinds: stored kind (`string`, `int`, `float`, `bool`, `string[]` …, `sparse_vector`) to the number of records with it;
    examples: up to three values; declared: the only kinds that the key may ever have, if its column has a type or the user
    said so, None if its kinds are just those found; required: whether every record must have the key.
    """

    kinds: Mapping[str, int]
    examples: tuple[Any, ...] = ()
    declared: tuple[str, ...] | None = None
    required: bool = False

    @property
    def count(self) -> int:
        """The number of records that have the key."""
        return sum(self.kinds.values())


def add_example(examples: list[Any], value: Value) -> None:
    """Keep a value as an example for a schema: the first three that differ, by kind or by value."""
    if len(examples) < 3 and not any(type(seen) is type(value) and seen == value for seen in examples):
        examples.append(value)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a collection holds: `records` in all, and its keys by name, in the order of their first appearance."""

    records: int
    keys: Mapping[str, KeyInfo]


def stored_kind(value: Value) -> str:
    """The kind of a stored value in the words of a schema: `int`, `string[]`, `sparse_vector` …"""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "string"
        case list():
            return f"{stored_kind(value[0])}[]"
    return SPARSE
