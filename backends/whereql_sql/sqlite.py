"""What SQLite lacks and whereql brings: functions that every connection gets, and the state that each starts with."""

from __future__ import annotations

import sqlite3
from typing import Any

from whereql.regex import compile_like, compile_pattern

SEARCH, HEX_TEXT, HEX_DOUBLE = "whereql_search", "whereql_text", "whereql_double"


def prepare(connection: sqlite3.Connection, *, read_only: bool) -> None:
    """Set up a new connection: transactions are begun by whereql alone, and its functions are known."""
    connection.isolation_level = None
    connection.create_function(SEARCH, 3, _search, deterministic=True)
    connection.create_function(HEX_TEXT, 1, _hex_text, deterministic=True)
    connection.create_function(HEX_DOUBLE, 1, float.fromhex, deterministic=True)
    if not read_only:
        try:
            # Readers go on while one writes, and a program that is killed leaves whole transactions.
            connection.execute("PRAGMA journal_mode = WAL").close()
            connection.execute("PRAGMA synchronous = NORMAL").close()
        except sqlite3.OperationalError:
            pass  # locked just now, or on a disk that can't be written: it works without, only slower
    connection.execute("PRAGMA cache_size = -65536").close()  # KiB


def _search(kind: str, pattern: str, text: bytes | None) -> bool | None:
    """Whether a pattern (of LIKE, ILIKE or MATCHES) is found in a text, given as UTF-8; None in, None out."""
    if text is None:
        return None
    return (compile_pattern(pattern) if kind == "MATCHES" else compile_like(pattern, ignore_case=kind == "ILIKE")).search(text)


def _hex_text(text: Any) -> str:
    """The text of a list whose JSON form SQLite would cut at a NUL."""
    return bytes.fromhex(text).decode()
