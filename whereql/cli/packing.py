"""`whereql pack`, which writes a snapshot, and `whereql verify`, which reads one from end to end."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter

import click

from whereql.cli.loading import progress_bar
from whereql.cli.options import backend_options, store_options
from whereql.cli.reporting import reported


@click.command()
@click.argument("source")
@click.argument("target")
@store_options
@click.option("--force", is_flag=True, help="Put the snapshot in the place of a file that is there.")
@click.option("--words", is_flag=True, help="With an index of the words of the documents: a larger file, whose first filters on documents are fast.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@reported
def pack(
    source: str, target: str, collection: str | None, options: tuple[str, ...], kinds: tuple[str, ...], force: bool,
    words: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write the records of SOURCE into TARGET.wql, a snapshot that opens in milliseconds at any size.

    SOURCE: a file or the URL of a store. TARGET is there whole or not at all; of records with one id, the first is kept.
    """
    from whereql.packing import pack

    begun = perf_counter()
    with progress_bar(is_counted=False) as progress:
        packing = progress.add_task("packing", total=None)
        count = pack(
            source, target, collection=collection, overwrite=force, words=words,
            progress=lambda done, total: progress.update(packing, completed=done, total=total), **backend_options(options, kinds),
        )  # fmt: skip
    size, seconds = Path(target).stat().st_size, perf_counter() - begun
    if as_json:
        click.echo(json.dumps({"records": count, "bytes": size, "seconds": round(seconds, 3)}))
    else:
        click.echo(f"{_records(count)}, {size:,} bytes, {seconds:.1f} s")


@click.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@reported
def verify(file: str, as_json: bool) -> None:
    """Read the snapshot FILE from end to end, and say whether everything in it is what was written."""
    from whereql.collection import open
    from whereql.errors import BackendError
    from whereql.source import quote

    with open(file) as opened:
        check = getattr(opened.backend, "verify", None)
        if check is None:
            raise BackendError("WQ712", f"{quote(file)} is no snapshot", hint="whereql pack SOURCE TARGET.wql makes one")
        count = check()
    click.echo(json.dumps({"records": count}) if as_json else f"{_records(count)}, as they were written")


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"
