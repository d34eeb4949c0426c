"""whereql's own dialects, entering by the door that a third party's use."""

from __future__ import annotations

from typing import Any

from whereql.hookspecs import hookimpl


@hookimpl
def register_dialects(register: Any) -> None:
    """Register the textual language and Chroma's JSON."""
    register("text", "whereql.dialects.text")
    register("chroma", "whereql.dialects.chroma")
