"""The conformance kit: what proves a backend or a dialect of yours right. `backends/README.md` shows how to use it.

A test module subclasses `BackendContract` or `DialectContract`, overrides one fixture, and pytest runs the rest.
"""

from __future__ import annotations

from whereql.errors import BackendError

try:
    import pytest as _pytest  # noqa: F401 - only to say in plain words that it is missing
except ImportError:
    raise BackendError("WQ711", "the conformance kit runs in pytest, which is not installed", hint="pip install pytest") from None

from whereql.testing.contract import BackendContract
from whereql.testing.dialects import DialectContract
from whereql.testing.tables import capability_table

__all__ = ["BackendContract", "DialectContract", "capability_table"]
