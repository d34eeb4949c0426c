"""What a database or its driver raises, as one of whereql's errors: what failed, where, and what to do, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc
from sqlalchemy.engine import URL

from whereql.errors import BackendError
from whereql.source import quote

# A part of the driver's message, in lower case; the code; what to do. The first row that fits counts.
_KNOWN = (
    ("password authentication failed", "WQ717", "check the user and the password of the URL"),
    ("no password supplied", "WQ717", "the URL needs a password: postgresql://user:password@host/name"),
    ("no pg_hba.conf entry", "WQ717", "the server does not let this user in from here"),
    ("permission denied", "WQ717", "ask for the rights on this table, or open it as another user"),
    ("access denied", "WQ717", "check the user and the password of the URL"),
    ("cannot open database", "WQ715", "is it there? A database that is only read is not made"),
    ("readonly database", "WQ713", "open it without read_only, from a place that can be written"),
    ("read-only", "WQ713", "open it without read_only"),
    ("file is not a database", "WQ716", "this file is of another format, or encrypted"),
    ("malformed", "WQ716", "the file is damaged: restore it from a copy"),
    ("database is locked", "WQ715", "another program is writing: try again, or open it with a longer timeout"),
    ("conflicting lock", "WQ715", "another program has the file open: DuckDB lets one program write at a time"),
    ("unable to open database file", "WQ715", "does the folder exist, and may it be written?"),
    ("timeout", "WQ715", "open it with a longer timeout (seconds), or ask for less"),
    ("no such table", "WQ718", "the table is gone: open the collection again"),
    ("does not exist", "WQ718", "check the names in the URL, and open the collection again"),
)
_MAX_TEXT = 200


@contextmanager
def failures_told(url: URL, *errors: type[Exception]) -> Iterator[None]:
    """Raise BackendError for what SQLAlchemy or the driver (`errors`) raises meanwhile: WQ713, WQ715, WQ716, WQ717 or WQ718."""
    caught: tuple[type[Exception], ...] = (exc.SQLAlchemyError, *errors)
    try:
        yield
    except exc.TimeoutError:
        raise BackendError("WQ715", f"no free connection to {shown(url)}", hint="close the scans that are no longer read") from None
    except caught as error:
        raise failure(url, error) from None


def failure(url: URL, error: BaseException) -> BackendError:
    """The error for one that the driver raised."""
    original = getattr(error, "orig", None) or error
    text = _cleaned(url, str(original))
    code, hint = next(((code, hint) for part, code, hint in _KNOWN if part in text.lower()), ("WQ715", "see whether the database runs, and is what the URL says"))
    return BackendError(code, f"{shown(url)} failed: {text}", hint=hint)


def shown(url: URL) -> str:
    """The URL for a message: without the password, and without a query, which may hold one."""
    return quote(url.set(query={}).render_as_string(hide_password=True))


def _cleaned(url: URL, text: str) -> str:
    """The first lines of a driver's message as one, without the password."""
    for secret in (url.password, *(str(value) for name, value in url.query.items() if "pass" in name.lower())):
        if secret:
            text = text.replace(str(secret), "***")
    text = re.split(r"\n(?:DETAIL|HINT|CONTEXT|LINE|\s*\^)", text)[0]
    return " ".join(text.split())[:_MAX_TEXT]
