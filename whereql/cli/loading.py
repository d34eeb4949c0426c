"""`whereql load`: the records of a file into a collection that can be written, batch by batch.

The file is read twice: once to see that it is sound and how long it is, so that a mistake on its last line leaves the collection
untouched, and once to write it. Neither holds more than a batch in memory, where the format allows it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whereql.cli.options import backend_options
from whereql.cli.reporting import reported

if TYPE_CHECKING:
    from rich.progress import Progress

    from whereql.records import Record


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--collection", metavar="NAME", help="The collection, where TARGET has several.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="How to read SOURCE, such as id=sku or format=jsonl.")
@click.option("--kind", "kinds", multiple=True, metavar="KEY=KIND", help="The kind of a CSV column: string, int, float or bool.")
@click.option("--target-option", "target_options", multiple=True, metavar="NAME=VALUE", help="An option of TARGET's backend: JSON, or else a string.")
@click.option("--batch", type=click.IntRange(1), default=5000, show_default=True, help="Records that are written at a time, all or none of them.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON after each batch, with the numbers so far.")
@reported
def load(
    source: str, target: str, collection: str | None, options: tuple[str, ...], kinds: tuple[str, ...], target_options: tuple[str, ...],
    batch: int, as_json: bool,
) -> None:  # fmt: skip
    """Add the records of the file SOURCE to the collection TARGET.

    A record whose id is there stays as it is. So a load that was stopped half way, which leaves whole batches, is finished by
    running it again.
    """
    from whereql.collection import open
    from whereql.errors import WhereqlError

    reading = _reading(source, backend_options(options, kinds))
    read = added = 0
    with progress_bar() as progress:
        total, records = _checked(source, reading, progress)
        loading = progress.add_task("loading", total=total)
        with open(target, collection, **backend_options(target_options, what="--target-option")) as opened:  # not before the file is known to be sound
            try:
                for some in _batches(records, batch):
                    added += opened.add_records(some)
                    read += len(some)
                    progress.update(loading, completed=read)
                    if as_json:
                        _write_line(read, added)
            except WhereqlError as error:
                if read:
                    error.hint = "; ".join(filter(None, [error.hint, f"the first {read:,} of {total:,} records are stored, run it again for the others"]))
                raise
    if not as_json:
        click.echo(f"{read:,} record{'' if read == 1 else 's'} read, {added:,} added, {read - added:,} there already")
    elif not read:
        _write_line(0, 0)


def _write_line(read: int, added: int) -> None:
    click.echo(json.dumps({"read": read, "added": added, "skipped": read - added}))


def _reading(source: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options of a file. Raises BackendError for one that there isn't."""
    from whereql.errors import BackendError
    from whereql.files import OPTIONS
    from whereql.source import quote
    from whereql.suggest import did_you_mean

    unknown = next((name for name in options if name not in OPTIONS), None)
    if unknown is not None:
        hint = did_you_mean(unknown, OPTIONS) or f"known are {', '.join(OPTIONS)}; those of the target are --target-option"
        raise BackendError("WQ712", f"there is no option {quote(unknown)} for {quote(source)}", hint=hint)
    return options


def _checked(source: str, options: dict[str, Any], progress: Progress) -> tuple[int, Iterable[Record]]:
    """How many records a file has, and these, once all of them are known to be sound."""
    from whereql.files import iter_records, read_records

    checking = progress.add_task("checking", total=None)
    options = {**options, "progress": lambda count: progress.update(checking, completed=count)}
    if Path(source).is_file():
        total = sum(1 for _ in iter_records(source, **options))
        progress.remove_task(checking)
        return total, iter_records(source, **options | {"progress": None})
    records = read_records(source, **options)  # a pipe can't be read again
    progress.remove_task(checking)
    return len(records), records


def _batches(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    rest = iter(records)
    while batch := list(islice(rest, size)):
        yield batch


def progress_bar(is_counted: bool = True) -> Progress:
    """A bar on standard error, where that is a terminal; is_counted: whether it shows how many of how many, or else a percentage."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn() if is_counted else TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
