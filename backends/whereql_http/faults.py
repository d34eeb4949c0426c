"""What can go wrong between here and a Chroma server, as errors: what, where, and what to do. Headers sent are never told."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx

from whereql.errors import BackendError
from whereql.source import quote, visible

_REFUSED = "pass token=… or bearer=…, or ask whoever runs the server"
_HINTS: dict[int, tuple[str, str]] = {
    400: ("WQ716", "the server does not take what Chroma 1.5 takes: is it another version?"),
    401: ("WQ717", _REFUSED),
    403: ("WQ717", _REFUSED),
    404: ("WQ718", "check the names of tenant, database and collection; create=True makes a new one"),
    405: ("WQ716", "is there a Chroma server with /api/v2 at this address?"),
    407: ("WQ717", "the proxy on the way asks for a password"),
    409: ("WQ716", "somebody else made it meanwhile: try again"),
    410: ("WQ716", "the server speaks another version of the protocol: whereql needs /api/v2 of Chroma 1.x"),
    413: ("WQ719", "write less at once"),
    429: ("WQ715", "the server has too much to do: wait, or send less at once"),
    501: ("WQ719", "this server can't do it; a local one keeps no sparse vectors"),
    502: ("WQ715", "the server behind the gateway does not answer: try again"),
    503: ("WQ715", "the server is not ready: try again"),
    504: ("WQ715", "the server behind the gateway took too long: try again, or ask for less"),
}


def refused(base: str, status: int, headers: Mapping[str, str], text: bytes) -> BackendError:
    """The error for an answer with a status that is no success."""
    if 300 <= status < 400:
        target = visible(headers.get("location", "nowhere").split("?")[0].rpartition("@")[2][:200])
        return BackendError("WQ716", f"{base} answered {status}, a redirect to {target}", hint="open that address, if you trust it with what you send")
    said = _said(text)
    code, hint = _HINTS.get(status, ("WQ715" if status >= 500 else "WQ716", "see the log of the server"))
    if status == 404 and said is None:
        code, hint = "WQ716", "there is no Chroma server with /api/v2 at this address; whereql needs Chroma 1.x"
    return BackendError(code, f"{base} answered {status}{f': {said}' if said else ''}", hint=hint)


def _said(text: bytes) -> str | None:
    """The message of Chroma's error body, in one line, or None where there is no such body."""
    try:
        body = json.loads(text)
        message = str(body["message"] or body["error"])
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return visible(" ".join(message.split())[:300])


def broken(base: str, error: httpx.HTTPError, *, is_write: bool, is_late: bool) -> BackendError:
    """The error for a request that got no answer, or not all of it."""
    open_end = "; what was sent may have been written" if is_write and not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)) else ""
    if is_late or isinstance(error, httpx.TimeoutException):
        stage = "take the connection" if isinstance(error, httpx.ConnectTimeout) else "answer"
        return BackendError("WQ715", f"{base} did not {stage} in time{open_end}", hint="raise timeout=… or connect_timeout=…, or ask for less")
    if isinstance(error, httpx.ConnectError):
        return BackendError("WQ715", f"{base} can't be reached: {visible(str(error))[:200]}", hint="is the server running, and is the address right?")
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return BackendError("WQ715", f"a request to {base} can't be sent", hint="check the address and the headers")
    return BackendError("WQ715", f"the connection to {base} broke before the answer was there{open_end}", hint="try again; see the log of the server")


def senseless(base: str, reason: str) -> BackendError:
    """The error for an answer that no Chroma server gives."""
    return BackendError("WQ716", f"{base}: {reason}", hint="is this a Chroma server, and nothing on the way that changes answers?")


def too_much(base: str, largest: int) -> BackendError:
    """The error for an answer that does not end."""
    return BackendError("WQ716", f"{base} answered more than {largest:,} bytes", hint="ask for less at once, or raise max_answer=…")


def too_large(base: str, size: int) -> BackendError:
    """The error for a request that can't be made smaller."""
    return BackendError("WQ719", f"a request of {size:,} bytes is more than {base} takes", hint="a record, or a text of a filter, is too long")


def no_collection(base: str, name: str, known: list[str]) -> BackendError:
    """The error for a collection that is not there."""
    hint = f"known are {', '.join(known)}" if known else "create=True makes it"
    return BackendError("WQ718", f"{base} has no collection {quote(name)}", hint=hint)
