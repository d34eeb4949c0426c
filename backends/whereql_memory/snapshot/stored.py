"""Texts and ids in a mapped file: what is read of them is checked first, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from whereql_memory.arrays import Index, Mask
from whereql_memory.blob import Blob
from whereql_memory.ids import IdIndex, Ids
from whereql_memory.snapshot.checks import check_below, check_offsets, check_texts, is_ascending, stretches
from whereql_memory.snapshot.form import BLOCK
from whereql_memory.snapshot.reader import Container, Section
from whereql_memory.texts import SortedTexts, Texts

_PADDING = 8
_AT_ONCE = 16  # groups next to each other that one check is about


class StoredTexts(Texts):
    """The texts in the sections `<name>/offsets` and `<name>/blob`.

    They are checked in groups of about a block of the file, when they are first read: taking a few texts checks their groups,
    a scan all that it looks at.
    """

    __slots__ = ("_edges", "_known", "_places", "_section", "_whole")

    def __init__(self, container: Container, name: str) -> None:
        self._section, self._places = _sections(container, name)
        self._whole: Texts | None = None
        self._edges: Index = np.zeros(1, np.int64)
        self._known = np.zeros(0, np.bool_)

    def __len__(self) -> int:
        return len(self._places) - 1

    @property
    def _unchecked(self) -> Texts:
        """The texts, of which the offsets alone are checked."""
        if self._whole is None:
            offsets = check_offsets(self._places, len(self._section) - _PADDING, least=1)
            self._edges = np.unique(np.append(np.searchsorted(offsets[:-1], np.arange(0, len(self._section), BLOCK)), len(self)))
            self._known = np.zeros(max(len(self._edges) - 1, 0), np.bool_)
            self._whole = Texts(self._section.raw.data, offsets)
        return self._whole

    @property
    def offsets(self) -> Index:  # type: ignore[override]  # an attribute there, which nobody writes
        """Where each text starts, and the end, shape (n + 1,)."""
        return self._unchecked.offsets

    @property
    def _blob(self) -> Blob:  # type: ignore[override]  # see above
        return self.span(0, len(self))._blob

    @property
    def nbytes(self) -> int:
        """None: they are the file's."""
        return 0

    def span(self, low: int, high: int) -> Texts:
        """The texts from number `low` up to `high`, without a copy."""
        whole = self._unchecked
        first, last = np.searchsorted(self._edges, [low, high - 1], "right").tolist()
        self._check(np.arange(first - 1, last) if low < high else np.arange(0))
        return whole.span(low, high)

    def pick(self, at: Index) -> Texts:  # type: ignore[override]  # what is picked is in memory, and checked
        """The texts numbered `at`, in that order."""
        return self._at(at).pick(at)

    def encoded(self, at: Index | None = None) -> Iterator[bytes]:
        """The texts numbered `at`, or all, as UTF-8."""
        texts = self._at(at)
        if at is None:
            return texts.encoded()
        # Bytes are cut out of the mapped file: to cut them out of an array takes three times as long.
        start = self._section.entry.offset
        return map(self._section.file.__getitem__, map(slice, (texts.offsets[at] + start).tolist(), (texts.offsets[at + 1] + (start - 1)).tolist()))

    def _at(self, at: Index | None) -> Texts:
        """The texts, once those numbered `at`, or all, are checked."""
        if at is None:
            return self.span(0, len(self))
        whole = self._unchecked
        if not self._known.all():
            self._check(np.unique(np.searchsorted(self._edges, at, "right") - 1))
        return whole

    def _check(self, groups: Index) -> None:
        for first, last in stretches(groups[~self._known[groups]], _AT_ONCE):
            check_texts(self._section, self._unchecked.offsets, int(self._edges[first]), int(self._edges[last]))
            self._known[first:last] = True

    def equals(self, text: str, at: Index | None = None) -> Mask:
        """See Texts."""
        return self._at(at).equals(text, at)

    def starts(self, part: str, at: Index | None = None) -> Mask:
        """See Texts."""
        return self._at(at).starts(part, at)

    def ends(self, part: str, at: Index | None = None) -> Mask:
        """See Texts."""
        return self._at(at).ends(part, at)


def _sections(container: Container, name: str, mark: str = "/") -> tuple[Section, Section]:
    blob, offsets = container.section(f"{name}{mark}blob", ("|u1",)), container.section(f"{name}{mark}offsets", ("<i8",))
    if not len(offsets) or len(blob) < _PADDING:
        raise blob.damaged("there is no room for texts")
    return blob, offsets


def sorted_texts(container: Container, name: str, mark: str = "/") -> SortedTexts:
    """A vocabulary, checked: all its texts are different and ascend. mark: see `layout.write_texts`."""
    blob, starts = _sections(container, name, mark)
    offsets = check_offsets(starts, len(blob) - _PADDING, least=1)
    check_texts(blob, offsets, 0, len(offsets) - 1)
    texts = SortedTexts(blob.array.data, offsets)
    if not is_ascending(texts, blob.raw):
        raise blob.damaged("the words don't ascend")
    return texts


class StoredIds(Ids):
    """The ids of a segment. The index is read when an id is first looked for."""

    def __init__(self, container: Container, name: str) -> None:
        super().__init__(texts=StoredTexts(container, name))
        self._container = container
        self._name = name

    @property
    def index(self) -> IdIndex:
        """The rows by hash."""
        if self._index is None:
            order, starts = (self._container.section(f"{self._name}/index.{part}", ("<u4",)) for part in IdIndex._fields)
            if len(order) != len(self) or len(starts) != (1 << max(len(self) - 1, 0).bit_length()) + 1:
                raise order.damaged("it has not as many entries as there are ids")
            check_offsets(starts, len(self))
            self._index = IdIndex(check_below(order, len(self)), starts.raw)
        return self._index

    @property
    def nbytes(self) -> int:
        """The bytes of memory held: those of the file are not."""
        return 0 if self._strings is None else self._strings.nbytes

    def _is_indexed(self, wanted: int) -> bool:
        return self.index is not None and super()._is_indexed(wanted)  # it need not pay first: it is there
