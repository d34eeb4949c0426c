"""The `whereql` program. It needs the `cli` extra, and says so without it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the program; the entry point of the `whereql` script."""
    try:
        from whereql.cli.commands import cli
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich"):
            raise
        sys.exit("The command line needs click and rich: pip install 'whereql[cli]'")
    cli()
