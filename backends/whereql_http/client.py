"""The way to a Chroma server and back: one request, its time-outs, its repeats, and every failure as one error.

A read is repeated after a broken connection and after 429, 502, 503 and 504. A write is repeated only if no connection came about:
whatever was sent may have been done.
"""

from __future__ import annotations

import json
import math
import random
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Timer
from typing import Any, NoReturn

import httpx

from whereql.errors import BackendError
from whereql_http import faults
from whereql_http.spelling import write

LARGEST_BODY = 40 << 20  # of a request, as the server has it
_PASSING = frozenset({429, 502, 503, 504})
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often: seconds for a connection and for a request with its repeats, repeats, bytes of an answer."""

    connect: float = 5.0
    total: float = 60.0
    retries: int = 3
    largest_answer: int = 1 << 30


class Client:
    """Requests to one server. Threads may share it."""

    def __init__(self, base: str, headers: Mapping[str, str], verify: Any, patience: Patience, auth: tuple[str, str] | None = None) -> None:
        self.base = base
        self._patience = patience
        fixed = {"user-agent": "whereql", "accept": "application/json", "accept-encoding": "identity", **headers}
        self._http = httpx.Client(headers=fixed, verify=verify, auth=auth, follow_redirects=False)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def read(self, method: str, path: str, body: str | None = None) -> Any:
        """The decoded answer of a request that changes nothing. Raises BackendError."""
        return self._request(method, path, body, is_write=False)

    def write(self, path: str, body: Mapping[str, Any] | str) -> Any:
        """The decoded answer of a request that changes something. Raises BackendError, which may leave open whether it did."""
        return self._request("POST", path, body if isinstance(body, str) else write(dict(body)), is_write=True)

    def _request(self, method: str, path: str, body: str | None, *, is_write: bool) -> Any:
        content = None if body is None else body.encode()
        if content is not None and len(content) > LARGEST_BODY:
            raise faults.too_large(self.base, len(content))
        deadline = time.monotonic() + self._patience.total
        for attempt in range(self._patience.retries + 1):
            try:
                status, headers, text = self._send(method, path, content, deadline)
            except httpx.HTTPError as error:
                failure = faults.broken(self.base, error, is_write=is_write, is_late=time.monotonic() >= deadline)
                may_repeat = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)) or not is_write
                pause: float | None = None
            else:
                if status < 300:
                    return self._decoded(text)
                failure = faults.refused(self.base, status, headers, text)
                may_repeat = status in _PASSING and not is_write
                pause = _retry_after(headers)
            pause = random.uniform(0.5, 1) * 0.1 * 2**attempt if pause is None else pause
            if not may_repeat or attempt == self._patience.retries or time.monotonic() + pause >= deadline or pause > _LONGEST_PAUSE:
                raise failure from None
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, method: str, path: str, content: bytes | None, deadline: float) -> tuple[int, httpx.Headers, bytes]:
        left = max(0.001, deadline - time.monotonic())
        timeout = httpx.Timeout(left, connect=min(left, self._patience.connect))
        headers = {} if content is None else {"content-type": "application/json"}
        with self._http.stream(method, f"{self.base}{path}", content=content, headers=headers, timeout=timeout) as response:
            with _cut_off(response, deadline):
                parts, size = [], 0
                for part in response.iter_raw():
                    parts.append(part)
                    size += len(part)
                    if size > self._patience.largest_answer:
                        raise faults.too_much(self.base, self._patience.largest_answer)
                    if time.monotonic() >= deadline:
                        raise httpx.ReadTimeout("the whole answer")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise faults.senseless(self.base, "its answer is compressed, which was not asked for")
            return response.status_code, response.headers, b"".join(parts)

    def _decoded(self, text: bytes) -> Any:
        try:
            return json.loads(text, parse_constant=_refuse, parse_float=_finite)
        except (ValueError, RecursionError):
            raise faults.senseless(self.base, "its answer is not JSON" if text else "its answer is empty") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


@contextmanager
def _cut_off(response: httpx.Response, deadline: float) -> Iterator[None]:
    """End the connection at the deadline: a time-out for each read is none for an answer that comes byte by byte, then not at all."""
    stream = response.extensions.get("network_stream")
    connection: socket.socket | None = None if stream is None else stream.get_extra_info("socket")
    if connection is None:
        yield
        return
    timer = Timer(max(0.0, deadline - time.monotonic()), _shut, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)


def _retry_after(headers: httpx.Headers) -> float | None:
    """The seconds of a Retry-After header, or None without one that makes sense."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def quoted(name: str) -> str:
    """A name as one step of a path. Raises BackendError for one that would be no name there."""
    from urllib.parse import quote

    if name.strip(".") == "":
        raise BackendError("WQ718", "a name of nothing but dots is no name", hint="names have letters, digits, dots, hyphens and underscores")
    return quote(name, safe="")
