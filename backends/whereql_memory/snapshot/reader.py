"""Reading named arrays out of a mapped file: opening reads the directory alone, an array's bytes are checked when it is first used."""

from __future__ import annotations

import mmap
import os
from math import prod
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from whereql.errors import BackendError
from whereql.json_text import JsonError, parse_json
from whereql_memory.arrays import Array
from whereql_memory.snapshot.form import ALIGNMENT, BLOCK, HEADER_BYTES, MAGIC, TYPES, VERSION, Entry, Header, damaged

_MOST_DIMENSIONS = 1 << 24


class Section:
    """One array of a file. Checking the same block from two threads is harmless."""

    __slots__ = ("_bytes", "_checked", "_checksums", "entry", "file", "path", "raw")

    def __init__(self, file: mmap.mmap, path: str, entry: Entry, checksums: Array) -> None:
        self.file = file
        self.path = path
        self.entry = entry
        self._bytes = np.frombuffer(file, np.uint8, entry.size, entry.offset)
        self.raw: Array = self._bytes.view(TYPES[entry.dtype]).reshape(entry.shape)
        """The array as it stands in the file, unchecked and read-only."""
        self._checksums = checksums
        self._checked = np.zeros(entry.blocks, np.bool_)

    def __len__(self) -> int:
        return self.entry.shape[0]

    @property
    def array(self) -> Array:
        """The array, once its bytes are known to be those that were written. Raises BackendError if they aren't."""
        self.check(0, self.entry.size)
        return self.raw

    def check(self, start: int, stop: int) -> None:
        """Hold the bytes from `start` to `stop` against their checksums, block by block, each once. Raises BackendError."""
        first, last = start // BLOCK, -(-stop // BLOCK)
        for block in (np.flatnonzero(~self._checked[first:last]) + first).tolist():
            if crc32(self._bytes[block * BLOCK : (block + 1) * BLOCK].data) != self._checksums[block]:
                raise self.damaged(f"its bytes from {block * BLOCK:,} on have changed")
            self._checked[block] = True

    def damaged(self, what: str) -> BackendError:
        """The error for this section."""
        return damaged(self.path, f"in the section {self.entry.name}, {what}")


class Container:
    """The sections of an open file by name, and what the directory says beside them."""

    def __init__(self, path: str, sections: dict[str, Section], meta: dict[str, Any]) -> None:
        self.path = path
        self.sections = sections
        self.meta = meta

    def damaged(self, what: str) -> BackendError:
        """The error for the file as a whole."""
        return damaged(self.path, what)

    def section(self, name: str, dtypes: tuple[str, ...], dimensions: int = 1) -> Section:
        """The section of this name. Raises BackendError where there is none, or where it has another type or form."""
        section = self.sections.get(name)
        if section is None:
            raise self.damaged(f"it lacks the section {name}")
        if section.entry.dtype not in dtypes or len(section.entry.shape) != dimensions:
            raise section.damaged(f"there are {section.entry.dtype} of shape {list(section.entry.shape)}")
        return section


def read(file: str, path: str) -> Container:
    """The container in the file `file`. path: its name for messages.

    Raises BackendError for a file that can't be read, is none, is cut off or damaged, or comes from a newer version. An array
    stays readable as long as it is in use, also when another file takes the place of this one.
    """
    mapped = _map(file, path)
    header = _header(mapped, path)
    checksums = np.frombuffer(mapped, "<u4", (header.directory - header.checksums) // 4, header.checksums)
    directory = mapped[header.directory : header.length]
    if crc32(directory) != header.directory_crc or crc32(checksums.data) != header.checksums_crc:
        raise damaged(path, "its directory has changed")
    try:
        meta: Any = parse_json(directory.decode())
        entries = [_entry(item, header.checksums) for item in meta.pop("sections")]
    except (JsonError, ValueError, TypeError, KeyError, AttributeError):
        raise damaged(path, "its directory makes no sense") from None
    starts = np.cumsum([0, *(entry.blocks for entry in entries)]).tolist()
    if starts[-1] != len(checksums) or len({entry.name for entry in entries}) != len(entries):
        raise damaged(path, "its directory makes no sense")
    sections = (Section(mapped, path, entry, checksums[start : start + entry.blocks]) for entry, start in zip(entries, starts, strict=False))
    return Container(path, {section.entry.name: section for section in sections}, meta)


def _map(file: str, path: str) -> mmap.mmap:
    try:
        with Path(file).open("rb") as stream:
            if not os.fstat(stream.fileno()).st_size:
                raise BackendError("WQ706", "the file is empty, and no snapshot", path=path, hint="pack one: whereql pack SOURCE TARGET.wql")
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise BackendError("WQ707", "there is no such file", path=path, hint="check the path; whereql pack SOURCE TARGET.wql makes one") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        reason = os.strerror(error.errno).lower() if isinstance(error, OSError) and error.errno else str(error)
        raise BackendError("WQ707", f"it can't be read: {reason}", path=path, hint="pass the path of a file that this user may read") from None


def _header(mapped: mmap.mmap, path: str) -> Header:
    head = mapped[:HEADER_BYTES]
    if head[: len(MAGIC)] != MAGIC[: len(head)]:
        raise BackendError("WQ706", "this is no snapshot of whereql", path=path, hint="pack one: whereql pack SOURCE TARGET.wql")
    header = Header.unpack(head) if len(head) == HEADER_BYTES else None
    if header is None:
        raise damaged(path, "its header is not whole")
    if header.version > VERSION:
        hint = "update whereql, or pack the file again with this version"
        raise BackendError("WQ706", f"the snapshot has version {header.version} of the format, and this whereql reads up to {VERSION}", path=path, hint=hint)
    if header.length != len(mapped):
        raise damaged(path, f"it has {len(mapped):,} of {header.length:,} bytes")
    ordered = HEADER_BYTES <= header.checksums <= header.directory <= header.length == header.directory + header.size
    if not ordered or (header.directory - header.checksums) % 4 or header.checksums % ALIGNMENT or header.version < 1:
        raise damaged(path, "its header makes no sense")
    return header


def _entry(item: Any, end: int) -> Entry:
    """An entry of the directory. Raises ValueError, or TypeError, for one that lies about what the file can hold."""
    name, dtype, shape, offset, size = item
    numbers = [*shape, offset, size]
    if not isinstance(name, str) or len(shape) not in (1, 2) or not all(type(number) is int and 0 <= number < 1 << 62 for number in numbers):
        raise ValueError
    if prod(shape) * TYPES[dtype].itemsize != size or offset % ALIGNMENT or not HEADER_BYTES <= offset <= end - size:
        raise ValueError
    if shape[1:] > [_MOST_DIMENSIONS]:  # numpy refuses an array without elements, too, if it could not address them
        raise ValueError
    return Entry(name, dtype, tuple(shape), offset, size)
