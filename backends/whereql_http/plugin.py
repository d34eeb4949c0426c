"""The HTTP backend's way into whereql."""

from __future__ import annotations

from typing import Any

from whereql.hookspecs import hookimpl


@hookimpl
def register_backends(register: Any) -> None:
    """Register the backend for the URLs of Chroma servers."""
    register("http", "whereql_http.opening:open_http", schemes=["http", "https"])
