"""Writing named arrays into one file, so that it is there whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

import numpy as np

from whereql.errors import BackendError
from whereql_memory.arrays import Array
from whereql_memory.blob import Buffer
from whereql_memory.snapshot.form import BLOCK, HEADER_BYTES, TYPES, VERSION, Entry, Header, aligned

_STEP = 256 * BLOCK  # bytes handed to the system at a time


@contextmanager
def writing(path: str, name: str, overwrite: bool = False) -> Iterator[Writer]:
    """A writer of the file at `path`, which takes its place when the block ends well; else nothing has changed.

    name: of the file, in messages. A program that is killed leaves a file `….partial` beside it, and the old one as it was.
    Raises BackendError for a file that is there already, unless `overwrite`, and for what the system refuses.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.partial")
    try:
        with told(name):
            _refuse_to_replace(target, name, overwrite)
            stream = partial.open("x+b")
        with stream:
            writer = Writer(stream, name)
            yield writer
            writer.finish()
        with told(name):
            _refuse_to_replace(target, name, overwrite)
            partial.replace(target)
            _sync_folder(target.parent)
    finally:
        with suppress(OSError, ValueError):
            partial.unlink()


@contextmanager
def told(name: str) -> Iterator[None]:
    """Make a BackendError of what the system refuses in the block."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        reason = os.strerror(error.errno).lower() if isinstance(error, OSError) and error.errno else str(error)
        raise BackendError("WQ707", f"the snapshot can't be written: {reason}", path=name, hint="check the path, the free space and the permissions") from None


def _refuse_to_replace(target: Path, name: str, overwrite: bool) -> None:
    if not overwrite and target.exists():
        raise BackendError("WQ712", "there is a file of this name already", path=name, hint="choose another name, or overwrite it: --force, overwrite=True")


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a loss of power, where the system lets a folder be opened."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Writer:
    """Appends sections to a file. Nothing but the directory and the checksums (4 bytes for 64 KiB) stays in memory.

    meta: what the directory says beside the sections, JSON-ready; to be filled before the end.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.meta: dict[str, Any] = {}
        self._stream = stream
        self._name = name
        self._entries: dict[str, Entry] = {}
        self._checksums: list[int] = []
        self._length = 0
        self._write(memoryview(bytes(HEADER_BYTES)))

    @property
    def size(self) -> int:
        """The bytes so far."""
        return self._length

    def add(self, name: str, array: Array) -> None:
        """Append a section. array: of one of `TYPES`, in whatever byte order. Raises TypeError for another type."""
        dtype = array.dtype.newbyteorder("<")
        if dtype.str not in TYPES:
            raise TypeError(f"{name} can't be stored: {array.dtype}")
        self._add(name, dtype.str, array.shape, np.ascontiguousarray(array, dtype).reshape(-1).view(np.uint8).data)

    def add_bytes(self, name: str, data: Buffer) -> None:
        """Append bytes as a section of type `|u1`."""
        view = memoryview(data).cast("B")
        self._add(name, "|u1", (len(view),), view)

    def _add(self, name: str, dtype: str, shape: tuple[int, ...], data: memoryview) -> None:
        if name in self._entries:
            raise ValueError(f"there are two sections {name}")
        self._pad()
        entry = Entry(name, dtype, shape, self._length, len(data))
        self._entries[name] = entry
        self._checksums += (crc32(data[start : start + BLOCK]) for start in range(0, len(data), BLOCK))
        self._write(data)

    def peek(self, name: str, start: int, stop: int) -> Array:
        """The elements from `start` to `stop` of a section of one dimension that was added, read back from the file."""
        entry = self._entries[name]
        dtype = TYPES[entry.dtype]
        with told(self._name):
            end = self._stream.tell()
            self._stream.seek(entry.offset + start * dtype.itemsize)
            data = self._stream.read((stop - start) * dtype.itemsize)
            self._stream.seek(end)
        return np.frombuffer(data, dtype)

    def finish(self) -> None:
        """Write checksums, directory and header, and see to it that all is on the disk."""
        self._pad()
        at = self._length
        checksums = np.array(self._checksums, "<u4").tobytes()
        sections = [[entry.name, entry.dtype, list(entry.shape), entry.offset, entry.size] for entry in self._entries.values()]
        directory = json.dumps({**self.meta, "sections": sections}, ensure_ascii=False, separators=(",", ":")).encode()
        self._write(memoryview(checksums))
        self._write(memoryview(directory))
        header = Header(VERSION, self._length, at, at + len(checksums), len(directory), crc32(checksums), crc32(directory))
        with told(self._name):
            self._stream.seek(0)
            self._stream.write(header.pack())
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def _pad(self) -> None:
        self._write(memoryview(bytes(aligned(self._length) - self._length)))

    def _write(self, data: memoryview) -> None:
        with told(self._name):
            for start, stop in pairwise([*range(0, len(data), _STEP), len(data)]):
                self._stream.write(data[start:stop])
        self._length += len(data)
