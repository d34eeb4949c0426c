"""Parquet, through pyarrow: scalars, lists, dictionary columns, and metadata as one struct."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Any

from whereql.errors import BackendError
from whereql.files.content import opened
from whereql.files.rows import METADATA, Reading, Row, no_column, to_records
from whereql.records import Record
from whereql.source import quote

Convert = Callable[[Any], list[Any]]  # from an Arrow array to Python values, None for null

_BATCH = 4_096
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400
_HINT = "drop the column, or cast it to strings, numbers, bools, dates or lists of them"


def parquet_records(reading: Reading) -> Iterator[Record]:
    """The records of a Parquet file, read as they are asked for: nested if its column `metadata` is a struct, else flat."""
    listed = replace(reading, unit="rows")
    with closing(_rows(listed)) as rows:
        yield from to_records(rows, listed)


def _rows(reading: Reading) -> Generator[tuple[int, Row], None, None]:
    pq, damages = pyarrow(reading)
    start = 0
    with opened(reading) as stream:
        try:
            file = pq.ParquetFile(stream, pre_buffer=False)  # or it keeps every part of the file that was read
            converts = converters(file.schema_arrow, reading)
            for batch in row_batches(file, _BATCH):
                columns = [convert(array) for convert, array in zip(converts.values(), batch.columns, strict=True)]
                for number, values in enumerate(zip(*columns, strict=True), start):
                    yield number, dict(zip(converts, values, strict=True))
                start += len(batch)
        except UnicodeDecodeError:
            raise _refused("a string is not UTF-8", reading, "write the column as UTF-8") from None
        except damages:
            raise _refused("this is no Parquet file that can be read", reading, "write it again; it may be damaged") from None


def row_batches(file: Any, size: int, *, use_threads: bool = True) -> Iterator[Any]:
    """The rows of a file in batches; of one row group each where pyarrow can't join the codes of several."""
    if any(_has_inner_codes(field.type) for field in file.schema_arrow):
        for group in range(file.num_row_groups):
            yield from file.iter_batches(size, row_groups=[group], use_threads=use_threads)
    else:
        yield from file.iter_batches(size, use_threads=use_threads)


def _has_inner_codes(type: Any) -> bool:
    import pyarrow.types as types

    return any(types.is_dictionary(inner.type) or _has_inner_codes(inner.type) for inner in map(type.field, range(type.num_fields)))


def pyarrow(reading: Reading) -> tuple[Any, tuple[type[Exception], ...]]:
    """The reader, and what it raises for a damaged file."""
    try:
        import pyarrow.parquet as pq
        from pyarrow.lib import ArrowException
    except ImportError:
        raise BackendError(
            "WQ711", "pyarrow, which reads Parquet, is not installed", path=reading.name, hint="pip install 'whereql[parquet]'"
        ) from None
    return pq, (ArrowException, OSError, MemoryError, OverflowError, ValueError)


def converters(schema: Any, reading: Reading) -> dict[str, Convert]:
    """How to convert each column, by name. Raises BackendError for a type that has no kind."""
    import pyarrow.types as types

    own = reading.own
    for name in own.renamed():
        if name not in schema.names:
            raise no_column(name, schema.names, reading)
    converts: dict[str, Convert] = {}
    for field in schema:
        if field.name in converts:
            raise _refused(f"two columns are called {quote(field.name)}", reading, "rename one")
        if field.name == own.embedding and not types.is_null(field.type):
            converts[field.name] = _embedding(field.type, field.name, reading)
        elif field.name == METADATA and types.is_struct(field.type):
            converts[field.name] = _structs(field.type, reading)
        else:
            converts[field.name] = converter(field.type, field.name, reading)
    return converts


def _refused(message: str, reading: Reading, hint: str = _HINT) -> BackendError:
    return BackendError("WQ706", message, path=reading.name, hint=hint)


def _is_list(type: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_list(type) or types.is_large_list(type) or types.is_fixed_size_list(type))


def _embedding(type: Any, name: str, reading: Reading) -> Convert:
    import pyarrow.types as types

    if _is_list(type) and (types.is_floating(type.value_type) or types.is_integer(type.value_type)):
        return _vectors
    raise _refused(f"the column {quote(name)} is of the type {quote(str(type))}, not a list of numbers", reading, "cast it to lists of float32")


def converter(type: Any, name: str, reading: Reading) -> Convert:
    """How arrays of an Arrow type become Python values. Raises BackendError, naming column and type, where they can't."""
    import pyarrow.types as types

    if types.is_dictionary(type):
        inner = converter(type.value_type, name, reading)
        return lambda array: inner(array.dictionary_decode())
    if _is_list(type) and not _is_list(type.value_type):
        return _lists(converter(type.value_type, name, reading))
    for test, convert in _SCALARS.items():
        if getattr(types, test, _never)(type):  # an older pyarrow has fewer types
            return convert
    raise _refused(f"the column {quote(name)} is of the type {quote(str(type))}, which no value has", reading)


def _never(type: object) -> bool:
    return False


def _lists(convert: Convert) -> Convert:
    """Lists of values, without the nulls in them."""

    def lists(array: Any) -> list[list[Any] | None]:
        import pyarrow.compute as pc

        items = iter(convert(array.flatten()))
        sizes = pc.list_value_length(array).to_pylist()
        return [None if size is None else [item for item in islice(items, size) if item is not None] for size in sizes]

    return lists


def _structs(type: Any, reading: Reading) -> Convert:
    """Structs as dicts, field by field, so that a field may be of any type that a column may be of; a null struct has null fields."""
    names = [field.name for field in type]
    if len(set(names)) < len(names):
        raise _refused("two fields of 'metadata' have one name", reading, "rename one")
    converts = [converter(field.type, f"{METADATA}.{field.name}", reading) for field in type]

    def structs(array: Any) -> list[dict[str, Any]]:
        fields = [convert(child) for convert, child in zip(converts, array.flatten(), strict=True)]
        return [dict(zip(names, row, strict=True)) for row in zip(*fields, strict=True)]

    return structs


def _vectors(array: Any) -> list[Any]:
    """Embeddings as numpy arrays, which spares a Python object per number; a null in one is NaN, and refused as such."""
    return [row.values.to_numpy(zero_copy_only=False) if row.is_valid else None for row in array]


def _plain(array: Any) -> list[Any]:
    values: list[Any] = array.to_pylist()
    return values


def _floats(array: Any) -> list[float | None]:
    """NaN is what pandas writes for a missing number, so it reads as one."""
    return [None if value != value else value for value in array.to_pylist()]


def _decimals(array: Any) -> list[float | None]:
    return [None if value is None else float(value) for value in array.to_pylist()]


def _days(array: Any) -> list[int | None]:
    import pyarrow as pa

    return [None if value is None else value * _DAY for value in array.cast(pa.int32()).to_pylist()]


def _moments(array: Any) -> list[float | None]:
    """Epoch seconds, an int where whole: the same values that DATE and TIMESTAMP have in a filter."""
    import pyarrow as pa

    parts = _PER_SECOND[getattr(array.type, "unit", "ms")]  # date64, the type without a unit, counts milliseconds
    values = array.cast(pa.int64()).to_pylist()
    return [None if value is None else value // parts if value % parts == 0 else value / parts for value in values]


_SCALARS: dict[str, Convert] = {
    "is_null": _plain,
    "is_boolean": _plain,
    "is_integer": _plain,
    "is_floating": _floats,
    "is_string": _plain,
    "is_large_string": _plain,
    "is_string_view": _plain,
    "is_date32": _days,
    "is_date64": _moments,
    "is_timestamp": _moments,
    "is_decimal": _decimals,
}
