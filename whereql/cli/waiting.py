"""A bar for whoever waits while a file is read: on standard error, where that is a terminal, once a second has gone by."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

_PATIENCE = 1.0  # seconds


@contextmanager
def reading_shown() -> Iterator[None]:
    """Show how much of a file was read, if one is opened in the `with` block and that takes a while."""
    if not sys.stderr.isatty():
        yield
        return
    from whereql.files import watched

    bar = _Bar()
    try:
        with watched(bar.show):
            yield
    finally:
        bar.stop()


class _Bar:
    """A bar that is made when it is due."""

    def __init__(self) -> None:
        self._begun = monotonic()
        self._progress: Progress | None = None

    def show(self, done: int, total: int) -> None:
        if self._progress is None and monotonic() - self._begun >= _PATIENCE:
            from whereql.cli.loading import progress_bar

            self._progress = progress_bar(is_counted=False)
            self._progress.start()
            self._progress.add_task("reading", total=total)
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=done, total=total)

    def stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
