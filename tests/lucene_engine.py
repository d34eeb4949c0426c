"""Lucene, for the tests that run on it: a program of Java, beside a jar that is fetched on first use."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from engines import missing
from foreign import EngineError, Worker, worker


@contextmanager
def lucene(language: str, **settings: str) -> Iterator[Worker]:
    """The worker, started. language: `elasticsearch`, or the parser of query strings, `classic` or `standard`."""
    if shutil.which("java") is None:
        missing("Lucene", "Java is not installed")
    manager = worker("lucene", own=True, language=language, **settings)
    try:
        started = manager.__enter__()
    except EngineError as error:
        missing("Lucene", error)
    try:
        yield started
    finally:
        manager.__exit__(None, None, None)
