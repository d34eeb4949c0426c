"""A proxy that does to a store's answers what networks, gateways and broken servers do.

It stands before a real server. Each fault is done to the requests whose path ends in a given word, as often as is said; after that, the
proxy passes everything on.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Fault = Callable[["Handler", bytes], None]


@dataclass
class Plan:
    """What is done to which requests, and what came: method and path of each request, with its headers."""

    fault: Fault | None = None
    ending: str = "/get"
    times: float = 1
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, path: str) -> Fault | None:
        with self.lock:
            if self.fault is None or not path.endswith(self.ending) or self.times < 1:
                return None
            self.times -= 1
            return self.fault

    def count(self, ending: str) -> int:
        return sum(path.endswith(ending) for _, path, _ in self.seen)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement
    upstream: str
    plan: Plan

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.plan.seen.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
        fault = self.plan.due(self.path)
        if fault is None:
            self.answer(*self.ask(body))
        else:
            fault(self, body)

    do_GET = do_POST = do_PUT = do_DELETE = handle_request

    def ask(self, body: bytes) -> tuple[int, bytes]:
        """What the real server answers."""
        address = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        connection.request(self.command, self.path, body or None, {"content-type": "application/json"})
        response = connection.getresponse()
        try:
            return response.status, response.read()
        finally:
            connection.close()

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def reset(self) -> None:
        """Break the connection as a crashed peer does."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *args: Any) -> None:
        """Nothing: clients that went away are what is tested."""


class FaultyProxy:
    """The proxy, running; a context manager."""

    def __init__(self, upstream: str) -> None:
        self.plan = Plan()
        handler = type("BoundHandler", (Handler,), {"upstream": upstream, "plan": self.plan})
        self._server = Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FaultyProxy:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def do(self, fault: Fault | None, ending: str = "/get", times: float = 1) -> None:
        """Do this to the next requests, and forget what came before."""
        self.plan.fault, self.plan.ending, self.plan.times = fault, ending, times
        self.plan.seen.clear()


# Faults. Those that ask the server first leave its answer unsaid, or say it badly: a write has happened then.


def status(code: int, body: bytes = b"", **headers: str) -> Fault:
    return lambda handler, asked: handler.answer(code, body, **headers)


def refusal(code: int, name: str, message: str, **headers: str) -> Fault:
    return status(code, json.dumps({"error": name, "message": message}).encode(), **headers)


def drop(handler: Handler, body: bytes) -> None:
    handler.reset()


def drop_after_work(handler: Handler, body: bytes) -> None:
    handler.ask(body)
    handler.reset()


def silence(seconds: float) -> Fault:
    def fault(handler: Handler, body: bytes) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return fault


def delay(seconds: float) -> Fault:
    def fault(handler: Handler, body: bytes) -> None:
        time.sleep(seconds)
        handler.answer(*handler.ask(body))

    return fault


def half(handler: Handler, body: bytes) -> None:
    """The header of a whole answer, and half of it."""
    code, text = handler.ask(body)
    handler.send_response(code)
    handler.send_header("content-length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text[: len(text) // 2])
    handler.reset()


def cut(handler: Handler, body: bytes) -> None:
    """Half of an answer, told as if it were whole."""
    code, text = handler.ask(body)
    handler.answer(code, text[: len(text) // 2])


def drip(seconds: float, most: float = float("inf")) -> Fault:
    """An answer byte by byte, twenty in a second; most: after so many, nothing more."""

    def fault(handler: Handler, body: bytes) -> None:
        code, text = handler.ask(body)
        handler.send_response(code)
        handler.send_header("content-length", str(len(text)))
        handler.end_headers()
        end = time.monotonic() + seconds
        at = 0
        while time.monotonic() < end and at < len(text):
            if at < most:
                handler.wfile.write(text[at : at + 1])
                handler.wfile.flush()
                at += 1
            time.sleep(0.05)
        handler.close_connection = True

    return fault


def endless(handler: Handler, body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")


def changed(change: Callable[[Any], Any]) -> Fault:
    """The answer with something about it changed."""

    def fault(handler: Handler, body: bytes) -> None:
        code, text = handler.ask(body)
        handler.answer(code, json.dumps(change(json.loads(text))).encode())

    return fault


def text(content: bytes, **headers: str) -> Fault:
    return status(200, content, **headers)
