"""A segment of a file as a table, whose columns are read and checked when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np

from whereql.errors import WhereqlError
from whereql.json_text import JsonError, parse_json
from whereql.records import SPARSE, KeyInfo, Schema, clean_metadata
from whereql.values import check_text_value
from whereql_memory.arrays import Array, Rows
from whereql_memory.columns import Arrays, Column, Plain, Raw, Sparse, Strings
from whereql_memory.snapshot.checks import check_below, check_numbers, check_offsets, check_rows
from whereql_memory.snapshot.indexes import readers
from whereql_memory.snapshot.layout import CODES, COUNTED, NUMBERS, OFFSETS, ROWS
from whereql_memory.snapshot.reader import Container
from whereql_memory.snapshot.stored import StoredIds, StoredTexts, sorted_texts
from whereql_memory.table import Table
from whereql_memory.texts import Texts

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")
_VECTORS = ("<f4",)


class Lazy(Mapping[KeyT, ValueT]):
    """A mapping whose values are made when they are first asked for."""

    def __init__(self, makers: Mapping[KeyT, Callable[[], ValueT]]) -> None:
        self._makers = makers
        self._made: dict[KeyT, ValueT] = {}

    def __getitem__(self, name: KeyT) -> ValueT:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[KeyT]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


class StoredTable(Table):
    """The segment `number` of a file, of which the directory says `about`. Raises BackendError where that makes no sense.

    Each use of a column may raise BackendError: when its bytes have changed, or can't be what they should.
    """

    def __init__(self, container: Container, number: int, about: Any) -> None:
        self._container = container
        self._number = number
        self._about = _keys(container, number, about)
        self.ids = StoredIds(container, f"{number}/ids")
        if type(about["records"]) is not int or about["records"] != len(self.ids):
            raise container.damaged(f"segment {number} has not as many ids as records")
        columns = {(name, kind): f"{number}/{key}.{kind}" for key, (name, kinds, _) in enumerate(self._about) for kind in kinds}
        self.indexes = Lazy(readers(container, number, len(self.ids), columns, lambda: self.documents.texts))
        self.keys = {
            name: Lazy({kind: partial(self._key_column, key, kind, kinds) for kind in kinds})
            for key, (name, kinds, _) in enumerate(self._about)
        }

    def without_indexes(self) -> Table:
        """The same columns as a table whose indexes are yet to be made."""
        return Table(self.ids, self.documents, self.uris, self.vectors, self.keys)

    @property
    def nbytes(self) -> int:
        """The bytes of memory held: those of the file are not."""
        return self.ids.nbytes

    @property
    def dimension(self) -> int | None:
        """The length of the embeddings, None without any."""
        name = f"{self._number}/vectors/data"
        return self._container.section(name, _VECTORS, 2).entry.shape[1] if name in self._container.sections else None

    @cached_property
    def schema(self) -> Schema:
        """The keys, with the counts of their kinds and some values, as the directory has them."""
        keys = {}
        for key, (name, kinds, examples) in enumerate(self._about):
            counts = {kind: self._count(f"{self._number}/{key}.{kind}", kind) for kind in kinds}
            keys[name] = KeyInfo(counts, tuple(_values(self._container, examples)))
        return Schema(len(self), keys)

    @cached_property
    def documents(self) -> Raw:  # type: ignore[override]  # an attribute there, which nobody writes
        """The documents."""
        return self._text_column("documents")

    @cached_property
    def uris(self) -> Raw:  # type: ignore[override]  # see above
        """The uris."""
        return self._text_column("uris")

    @cached_property
    def vectors(self) -> Plain:  # type: ignore[override]  # see above
        """The embeddings."""
        name = f"{self._number}/vectors"
        if f"{name}/data" not in self._container.sections:
            return Plain(np.empty(0, np.int64), np.empty((0, 0), np.float32))
        data = self._container.section(f"{name}/data", _VECTORS, 2)
        return Plain(self._rows(name, len(data)), check_numbers(data))

    def _text_column(self, column: str) -> Raw:
        name = f"{self._number}/{column}"
        if f"{name}/blob" not in self._container.sections:
            return Raw(np.empty(0, np.int64), Texts.of([]))
        texts = StoredTexts(self._container, name)
        return Raw(self._rows(name, len(texts)), texts)

    def _count(self, name: str, kind: str) -> int:
        part, more = COUNTED[kind]
        section = self._container.sections.get(f"{name}/{part}")
        if section is None or len(section) <= more:
            raise self._container.damaged(f"the column {name} has no values")
        return len(section) - more

    def _rows(self, name: str, count: int) -> Rows:
        """The rows of the `count` values of a column, None where all rows have one."""
        if f"{name}/rows" not in self._container.sections:
            if count != len(self):
                raise self._container.damaged(f"the column {name} has {count:,} values for {len(self):,} records")
            return None
        section = self._container.section(f"{name}/rows", ROWS)
        if len(section) != count:
            raise section.damaged(f"there are {len(section):,} rows for {count:,} values")
        return check_rows(section, len(self))

    def _key_column(self, key: int, kind: str, kinds: Sequence[str]) -> Column:
        if len(kinds) > 1:
            self._check_disjoint(key, kinds)
        name = f"{self._number}/{key}.{kind}"
        count = self._count(name, kind)
        rows = self._rows(name, count)
        if kind == SPARSE:
            return Sparse(rows, self._sparse(name))
        if not kind.endswith("[]"):
            return self._scalars(name, kind, rows)
        elements = self._scalars(name, kind.removesuffix("[]"), None)
        return Arrays(rows, check_offsets(self._container.section(f"{name}/starts", OFFSETS), len(elements), least=1), elements)

    def _check_disjoint(self, key: int, kinds: Sequence[str]) -> None:
        """No record has values of two kinds under one key."""
        names = [(f"{self._number}/{key}.{kind}", kind) for kind in kinds]
        rows = [self._rows(name, self._count(name, kind)) for name, kind in names]
        taken = np.zeros(len(self), np.bool_)
        for some in rows:
            if some is None or taken[some].any():
                raise self._container.damaged(f"a record has two values under one key, in {names[0][0]}")
            taken[some] = True

    def _scalars(self, name: str, kind: str, rows: Rows) -> Plain | Strings:
        if kind in NUMBERS:
            return Plain(rows, check_numbers(self._container.section(f"{name}/data", NUMBERS[kind])))
        codes = self._container.section(f"{name}/codes", CODES)
        texts = sorted_texts(self._container, name)
        used = np.zeros(len(texts), np.bool_)
        used[check_below(codes, len(texts))] = True
        if not used.all():
            raise codes.damaged("a word is not in use")
        return Strings(rows, codes.array, texts)

    def _sparse(self, name: str) -> Array:
        values = _values(self._container, StoredTexts(self._container, name).tolist(), parse_json)
        if not all(isinstance(value, dict) for value in values):
            raise self._container.damaged(f"a sparse vector of {name} is none")
        return np.fromiter(values, np.object_, len(values))


def _keys(container: Container, number: int, about: Any) -> list[tuple[str, list[str], list[Any]]]:
    """The keys of a segment, each with its kinds and some values."""
    try:
        keys = [(name, kinds, examples) for name, kinds, examples in about["keys"]]
        for name, kinds, examples in keys:
            if not isinstance(name, str) or not kinds or len({*kinds}) < len(kinds) or not {*kinds} <= COUNTED.keys() or not isinstance(examples, list):
                raise ValueError
            check_text_value(name, path=container.path)
        if len({name for name, _, _ in keys}) == len(keys):
            return keys
    except (TypeError, ValueError, KeyError, WhereqlError):
        pass
    raise container.damaged(f"the directory has no sound list of the keys of segment {number}")


def _values(container: Container, stored: Sequence[Any], read: Callable[[Any], Any] = lambda value: value) -> list[Any]:
    """Metadata values out of what JSON has of them."""
    try:
        cleaned = [clean_metadata({"_": read(value)}, "") for value in stored]
    except (JsonError, WhereqlError):
        cleaned = [None]
    if None in cleaned:
        raise container.damaged("a metadata value is none")
    return [value["_"] for value in cleaned if value]
