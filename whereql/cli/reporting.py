"""How a command reports what went wrong: messages on standard error, and an exit code per kind of error."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click

from whereql.errors import BackendError, PluginError, UnsupportedError, WhereqlError, WhereqlWarning

_EXIT_CODES: tuple[tuple[type[WhereqlError], int], ...] = ((UnsupportedError, 4), (BackendError, 5), (PluginError, 5), (WhereqlError, 3))


def reported(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose errors and warnings are shown as messages, with an exit code per kind."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", WhereqlWarning)
                command(*args, **kwargs)
            for warning in caught:
                click.echo(f"warning: {warning.message}", err=True)
        except WhereqlError as error:
            fail(error)

    return run


def fail(error: WhereqlError) -> NoReturn:
    """Show an error, and exit with the code of its kind."""
    click.echo(error.render(), err=True)
    sys.exit(next(code for kind, code in _EXIT_CODES if isinstance(error, kind)))
