"""Checked metadata, column by column: what `records` makes of a dict of metadata, made of many at once, in C where they are plain.

>>> gathering = Gathering()
>>> gathering.add([{"year": 2020, "tags": ["a", "b"]}, None, {"year": 2021}])
>>> [year] = gathering.cells()["year"]
>>> year.kind, year.data.tolist(), year.rows.tolist()
('int', [2020, 2021], [0, 2])
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress, pairwise, repeat
from operator import is_, is_not, itemgetter
from types import NoneType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whereql.records import SPARSE, clean_metadata
from whereql.strings import Words, recent_words

Array = NDArray[Any]
Index = NDArray[np.int64]
At = Index | slice

_ALL = slice(None)

_BLOCK = 1024  # dicts that are looked at together, key by key: they stay in the cache of a core
_DENSE = 8  # a block is gone through key by key unless its keys times its dicts are more than so many times its values


class UnusualError(Exception):
    """A value that only the checks of single records can judge, or a text that UTF-8 doesn't have."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The k values of one stored kind under one key.

    kind: as in a schema: `int`, `string[]` …; rows: the ascending rows that have a value, shape (k,), or None where all have;
    data: int64, float64, bool, codes of strings (uint32) or dicts (object), one a value, or an element where the kind is a list;
    words: the strings behind the codes, each once, in no order, and perhaps more; offsets: where the list of each row starts, and the end, shape (k + 1,).
    """

    kind: str
    rows: Index | None
    data: Array
    words: list[str] | None = None
    offsets: Index | None = None

    def __len__(self) -> int:
        return len(self.data if self.offsets is None else self.offsets) - (self.offsets is not None)

    def values(self, start: int, stop: int) -> list[Any]:
        """The values from one number up to another, as Python objects of their own, but for dicts."""
        if self.offsets is None:
            return self._plain(start, stop)
        edges = self.offsets[start : stop + 1]
        flat, places = self._plain(int(edges[0]), int(edges[-1])), (edges - edges[0]).tolist()
        return list(map(flat.__getitem__, map(slice, places, places[1:])))

    def _plain(self, start: int, stop: int) -> list[Any]:
        values: list[Any] = self.data[start:stop].tolist()
        return values if self.words is None else list(map(self.words.__getitem__, values))


@dataclass(frozen=True, slots=True, eq=False)
class Utf8:
    """k texts as one buffer: the UTF-8 of each, and between two of them 0xFF, which no text has.

    offsets: where each starts, and where one behind the last would, shape (k + 1,); rows: the ascending rows that have one, shape (k,), or
    None where all have.
    """

    blob: Any
    offsets: Index
    rows: Index | None

    def within(self, start: int, stop: int) -> list[str | None]:
        """The texts of the rows from one up to another."""
        low, high, rows = within(self.rows, start, stop)
        texts: list[str | None] = [None] * (stop - start)
        if rows:
            first, end = self.offsets[[low, high]].tolist()
            for row, text in zip(rows, bytes(memoryview(self.blob)[first : end - 1]).split(b"\xff"), strict=True):
                texts[row] = text.decode()
        return texts


def within(rows: Index | None, start: int, stop: int) -> tuple[int, int, Sequence[int]]:
    """Of a column's values, the numbers of those whose rows lie between two rows, and these rows, counted from the first."""
    if rows is None:
        return start, stop, range(stop - start)
    low, high = np.searchsorted(rows, (start, stop)).tolist()
    return low, high, (rows[low:high] - start).tolist()


def check_texts(texts: Sequence[Any]) -> set[type]:
    """The types of texts, each a string or None. Raises UnusualError for another type, and for a string that has no UTF-8 form: it holds half a character."""
    types: set[type] = set()
    for start in range(0, len(texts), _BLOCK):
        some = texts[start : start + _BLOCK]
        types.update(map(type, some))
        if not types <= {str, NoneType}:
            raise UnusualError
        given = [text for text in some if text] if NoneType in types else some
        if not all(map(str.isascii, given)):
            try:
                "".join(given).encode()
            except UnicodeEncodeError:
                raise UnusualError from None
    return types


class _Part(NamedTuple):
    """What one block has of one kind under one key. data: an array, or strings as they are; lengths: of the lists, where the kind is one."""

    name: str
    kind: str
    rows: Index
    data: Any
    lengths: Index | None


class _Values(NamedTuple):
    """Some values under one key, and their types."""

    values: list[Any]
    kinds: set[type]


class _Column:
    """The values of one kind under one key, block by block."""

    def __init__(self, name: str, kind: str) -> None:
        self.kind = kind
        self.rows: list[Index] = []
        self.data: list[Array] = []
        self.lengths: list[Index] = []
        self.words = recent_words(name, kind) if kind.startswith("string") else None

    def add(self, part: _Part) -> None:
        self.rows.append(part.rows)
        self.data.append(part.data if self.words is None else self._coded(self.words, part.data))
        if part.lengths is not None:
            self.lengths.append(part.lengths)

    def _coded(self, words: Words, strings: list[str]) -> Array:
        try:
            return words.codes(strings)
        except UnicodeEncodeError:
            raise UnusualError from None

    def cells(self, size: int) -> Cells:
        rows = np.concatenate(self.rows)
        offsets = None
        if self.lengths:
            offsets = np.zeros(len(rows) + 1, np.int64)
            np.cumsum(np.concatenate(self.lengths), out=offsets[1:])
        return Cells(self.kind, None if len(rows) == size else rows, np.concatenate(self.data), self.words, offsets)


class Gathering:
    """The metadata of records, added in their order, as columns.

    What `clean_metadata` would store is what is kept; nothing of a caller's dicts and lists is, so they may change afterwards.
    """

    def __init__(self) -> None:
        self.size = 0
        self._columns: dict[str, dict[str, _Column]] = {}

    def add(self, metadatas: Sequence[object]) -> None:
        """Add the metadata of the next records. Raises what `clean_metadata` raises, in the words of no record."""
        for start in range(0, len(metadatas), _BLOCK):
            block = metadatas[start : start + _BLOCK]
            try:
                parts = list(self._parts(block))
            except UnusualError:
                parts = list(self._parts([None if metadata is None else clean_metadata(metadata, "metadata") for metadata in block], is_clean=True))
            for part in parts:
                kinds = self._columns.setdefault(part.name, {})
                if part.kind not in kinds:
                    kinds[part.kind] = _Column(part.name, part.kind)
                kinds[part.kind].add(part)
            self.size += len(block)

    def cells(self) -> dict[str, list[Cells]]:
        """The columns: by key, in the order of the first values, those of each kind. Raises UnusualError for a lone surrogate."""
        check_texts([*self._columns])
        return {name: [column.cells(self.size) for column in kinds.values()] for name, kinds in self._columns.items()}

    def _parts(self, block: Sequence[Any], is_clean: bool = False) -> Iterator[_Part]:
        """What a block holds, by key and kind."""
        kinds = set(map(type, block))
        if not kinds <= {dict, NoneType}:
            raise UnusualError
        rows = np.arange(self.size, self.size + len(block))
        if NoneType in kinds:
            rows = rows[present(block)]
            block = [metadata for metadata in block if metadata is not None]
        for name, values, at in self._by_key(block, is_clean):
            for kind, inner, data, lengths in _by_kind(values, is_clean):
                yield _Part(name, kind, rows[at][inner], data, lengths)

    def _by_key(self, dicts: Sequence[dict[str, Any]], is_clean: bool) -> Iterator[tuple[str, _Values, At]]:
        """The values under each key, without null, and the numbers of the dicts that have them."""
        total, found = sum(map(len, dicts)), 0
        known = self._columns if len(self._columns) * len(dicts) <= _DENSE * total else ()
        for name in known:
            values, at = _dense(name, dicts)
            found += len(values.values)
            yield name, values, at
        if found == total:
            return
        every = dict.fromkeys(chain.from_iterable(dicts))
        if not set(map(type, every)) <= {str}:
            raise UnusualError
        others = [name for name in every if name not in known]
        if len(others) * len(dicts) > _DENSE * total:
            self._check_order(dicts, every, is_clean or not _has_absent(dicts))
            yield from _sparse(dict(zip(others, range(len(others)), strict=True)), dicts)
            return
        made = [(name, *_dense(name, dicts)) for name in others]
        found += sum(len(values.values) for _, values, _ in made)
        is_full = found == total and all(_no_empty(values.values) for _, values, _ in made if list in values.kinds)
        self._check_order(dicts, every, is_clean or is_full)
        yield from made

    def _check_order(self, dicts: Sequence[dict[str, Any]], every: Mapping[str, None], is_full: bool) -> None:
        """Raise UnusualError where a new key may come first with an absent value: the order of keys is that of their first stored ones."""
        if is_full:
            return
        new = every.keys() - self._columns.keys()
        if any(_is_absent(metadata[name]) for metadata in dicts for name in new & metadata.keys()):
            raise UnusualError


def present(values: Sequence[object]) -> Index:
    """The numbers of the values that are not None."""
    return np.flatnonzero(np.fromiter(map(is_not, values, repeat(None)), np.bool_, len(values)))


def _has_absent(dicts: Sequence[dict[str, Any]]) -> bool:
    """Whether any value is absent: a quick look, before a long one at each key."""
    values = list(chain.from_iterable(map(dict.values, dicts)))
    return NoneType in set(map(type, values)) or not _no_empty(values)


def _no_empty(values: list[Any]) -> bool:
    return all(values if set(map(type, values)) == {list} else (value for value in values if type(value) is list))


def _is_absent(value: object) -> bool:
    return value is None or (type(value) is list and not value)


def _dense(name: str, dicts: Sequence[dict[str, Any]]) -> tuple[_Values, At]:
    """The values of one key that most of the dicts have."""
    at: At = _ALL
    try:
        values = list(map(itemgetter(name), dicts))
    except KeyError:
        has = bytes(map(dict.__contains__, dicts, repeat(name)))  # to get what is there costs less than to sort out what isn't
        values = list(map(itemgetter(name), compress(dicts, has)))
        at = np.flatnonzero(np.frombuffer(has, np.bool_))
    kinds = set(map(type, values))
    if NoneType in kinds:
        at = np.arange(len(dicts))[at][present(values)]
        values = [value for value in values if value is not None]
    return _Values(values, kinds - {NoneType}), at


def _sparse(code_of: dict[str, int], dicts: Sequence[dict[str, Any]]) -> Iterator[tuple[str, _Values, At]]:
    """The values of each of many keys that few of the dicts have."""
    names = list(chain.from_iterable(dicts))
    codes = np.fromiter(map(code_of.get, names, repeat(len(code_of))), np.int64, len(names))
    values = np.fromiter(chain.from_iterable(map(dict.values, dicts)), np.object_, len(names))
    owners = np.repeat(np.arange(len(dicts)), np.fromiter(map(len, dicts), np.int64, len(dicts)))
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(len(code_of) + 1)).tolist()
    for name, (start, stop) in zip(code_of, pairwise(edges), strict=True):
        cell = order[start:stop]
        filled = cell[present(values[cell].tolist())]
        if len(filled):
            some = values[filled].tolist()
            yield name, _Values(some, set(map(type, some))), owners[filled]


def _by_kind(found: _Values, is_clean: bool) -> Iterator[tuple[str, At, Array | list[str], Index | None]]:
    """The values of each kind: which they are, and what a part says of them."""
    values, kinds = found
    for kind in kinds if len(kinds) == 1 else dict.fromkeys(map(type, values)):
        at = _ALL if len(kinds) == 1 else _members(map(type, values), kind, len(values))
        some: list[Any] = values if len(kinds) == 1 else [value for value in values if type(value) is kind]
        if kind is list:
            yield from _lists(some, np.arange(len(values))[at])
        elif kind is dict and is_clean:
            yield SPARSE, at, np.fromiter(some, np.object_, len(some)), None
        else:
            yield _NAMES.get(kind, ""), at, _checked(kind, some), None


def _members(classes: Iterable[type], wanted: type, size: int) -> Index:
    return np.flatnonzero(np.fromiter(map(is_, classes, repeat(wanted)), np.bool_, size))


def _lists(lists: list[list[Any]], at: Index) -> Iterator[tuple[str, At, Array | list[str], Index | None]]:
    """Lists by the kind of their elements; an empty one is no value."""
    lengths = np.fromiter(map(len, lists), np.int64, len(lists))
    if not lengths.all():
        lists, at, lengths = [each for each in lists if each], at[lengths > 0], lengths[lengths > 0]
    flat = list(chain.from_iterable(lists))
    kinds = set(map(type, flat))
    if len(kinds) == 1:
        yield from _flat(kinds.pop(), flat, at, lengths)
        return
    firsts = [type(each[0]) for each in lists]
    for kind in dict.fromkeys(firsts):
        inner = _members(firsts, kind, len(firsts))
        yield from _flat(kind, list(chain.from_iterable(each for each in lists if type(each[0]) is kind)), at[inner], lengths[inner])


def _flat(kind: type, flat: list[Any], at: Index, lengths: Index) -> Iterator[tuple[str, At, Array | list[str], Index | None]]:
    if set(map(type, flat)) != {kind}:
        raise UnusualError
    yield f"{_NAMES.get(kind, '')}[]", at, _checked(kind, flat), lengths


def _checked(kind: type, values: list[Any]) -> Array | list[str]:
    """Values of exactly one type as they are stored. Raises UnusualError."""
    try:
        if kind is str:
            return values
        data: Array = np.fromiter(values, _DTYPES[kind], len(values))
    except (KeyError, OverflowError):  # another type; an int outside int64
        raise UnusualError from None
    if kind is float:
        if not np.isfinite(data).all():
            raise UnusualError
        data += 0.0  # no -0.0
    return data


_NAMES = {str: "string", int: "int", float: "float", bool: "bool"}
_DTYPES: dict[type, type] = {int: np.int64, float: np.float64, bool: np.bool_}
