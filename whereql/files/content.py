"""The bytes and the text of a file, or an error in words: missing, a directory, not UTF-8 …"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from whereql.errors import BackendError
from whereql.files.rows import Reading
from whereql.suggest import did_you_mean

BOM = b"\xef\xbb\xbf"
_ERRORS = {
    errno.ENOENT: ("there is no such file", "check the path; it starts from the working directory"),
    errno.ENOTDIR: ("there is no such file", "a part of the path is a file, no directory"),
    errno.EISDIR: ("it is a directory", "pass the path of one file"),
    errno.EACCES: ("permission denied", "allow this user to read the file"),
    errno.EPERM: ("permission denied", "allow this user to read the file"),
    errno.ENAMETOOLONG: ("the path is too long for this system", "pass the path of a file, not its content"),
}
# How files begin that are something else than text, which is the usual reason why one isn't UTF-8.
_MAGIC = {
    b"\xff\xfe": "it looks like UTF-16: save it as UTF-8",
    b"\xfe\xff": "it looks like UTF-16: save it as UTF-8",
    b"\x1f\x8b": "it looks like gzip: decompress it first",
    b"\x28\xb5\x2f\xfd": "it looks like zstd: decompress it first",
    b"PK\x03\x04": "it looks like a zip archive or a spreadsheet: save it as CSV in UTF-8",
    b"PAR1": "it looks like Parquet: pass format='parquet'",
}


@contextmanager
def opened(reading: Reading) -> Iterator[BinaryIO]:
    """The open file. Raises BackendError for whatever the system refuses, while opening or reading."""
    if "\0" in reading.file:
        raise BackendError("WQ707", "a path has no NUL character", path=reading.name, hint="check the path")
    try:
        with Path(reading.file).open("rb") as stream:
            yield stream
    except OSError as error:
        raise _unreadable(reading, error) from None


def _unreadable(reading: Reading, error: OSError) -> BackendError:
    reason = (os.strerror(error.errno).lower() if error.errno else "the system can't read it", "check the file and its disk")
    message, hint = _ERRORS.get(error.errno or 0, reason)
    if error.errno == errno.ENOENT:
        hint = _sibling(Path(reading.file)) or hint
    return BackendError("WQ707", message, path=reading.name, hint=hint)


def _sibling(path: Path) -> str | None:
    try:
        return did_you_mean(path.name, (other.name for other in path.parent.iterdir()))
    except OSError:
        return None


def read_text(reading: Reading) -> str:
    """The whole text of a file, without its byte order mark. Raises BackendError."""
    with opened(reading) as stream:
        data = stream.read()
    return decode(data.removeprefix(BOM), reading, offset=len(BOM) if data.startswith(BOM) else 0)


def decode(data: bytes, reading: Reading, offset: int, line: int | None = None) -> str:
    """UTF-8 bytes as text; offset: where in the file they begin, counted from 0. Raises BackendError."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        position = error.start
    hint = next((hint for magic, hint in _MAGIC.items() if not offset and data.startswith(magic)), "save the file as UTF-8")
    raise BackendError(
        "WQ707",
        f"byte {data[position]:#04x} at position {offset + position:,} is not UTF-8",
        path=reading.name if line is None else reading.place(line),
        hint=hint,
    )
