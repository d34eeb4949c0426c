"""The form of the file that holds named arrays: a header, sections, a directory. Shared by the writer and the reader.

| where | what |
|---|---|
| 0 | the header, 64 bytes: `HEADER` |
| multiples of 64 | sections, one behind the other: the bytes of an array, little-endian, in C order |
| behind them | the checksums: CRC-32 of each block of 64 KiB of each section, as `<u4`, in the order of the directory |
| to the end | the directory: JSON, UTF-8 |
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from whereql.errors import BackendError

MAGIC = b"\xffWHEREQL"  # 0xFF stands in no text file, so that none begins like this
VERSION = 1
HEADER = struct.Struct("<8sIIQQQQIII")
HEADER_BYTES = 64
ALIGNMENT = 64
BLOCK = 1 << 16  # what is read of a file to have one text of it
# What arrays may be made of: no objects, no times, no big-endian numbers.
TYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(name) for name in ("|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f4", "<f8")
}


class Header(NamedTuple):
    """What the first 64 bytes say, in the order of `HEADER`; the last four are the CRC-32 of those before.

    length: of the whole file; checksums: where they start; directory: where it starts; size: its bytes.
    The bytes behind it are zero. Every version keeps this form, so that a program can tell a file that is too new from a broken one.
    """

    version: int
    length: int
    checksums: int
    directory: int
    size: int
    checksums_crc: int
    directory_crc: int

    def pack(self) -> bytes:
        """The 64 bytes."""
        fields = (MAGIC, self.version, 0, self.length, self.checksums, self.directory, self.size, self.checksums_crc, self.directory_crc)
        head = HEADER.pack(*fields, 0)[:-4]
        return (head + crc32(head).to_bytes(4, "little")).ljust(HEADER_BYTES, b"\0")

    @classmethod
    def unpack(cls, data: bytes) -> Header | None:
        """The header of these 64 bytes, or None where they are none."""
        magic, version, zero, length, checksums, directory, size, checksums_crc, directory_crc, own = HEADER.unpack_from(data)
        header = cls(version, length, checksums, directory, size, checksums_crc, directory_crc)
        sound = magic == MAGIC and own == crc32(data[: HEADER.size - 4]) and (zero == 0 or version > VERSION)
        return header if sound and (version > VERSION or header.pack() == data) else None


class Entry(NamedTuple):
    """One section in the directory: its name, the name of its type, its shape, where it starts, and its bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    size: int

    @property
    def blocks(self) -> int:
        """How many checksums it has."""
        return -(-self.size // BLOCK)


def aligned(offset: int) -> int:
    """The next place where a section may start."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


def damaged(path: str, what: str) -> BackendError:
    """The error for a file that isn't as it was written."""
    return BackendError("WQ706", f"the snapshot is damaged: {what}", path=path, hint="pack it again from its source: whereql pack SOURCE TARGET.wql")
