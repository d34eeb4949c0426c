"""`whereql.pack`: a collection into a snapshot, a file that opens in milliseconds at any size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from whereql.collection import Collection, open
from whereql.errors import BackendError
from whereql.files import ENDINGS
from whereql.plugins import registry, split_url
from whereql.records import COLUMNS, Record
from whereql.source import quote

_PAGE = 5_000


def pack(
    source: str | os.PathLike[str] | Collection,
    target: str | os.PathLike[str],
    *,
    collection: str | None = None,
    overwrite: bool = False,
    words: bool = False,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> int:
    """Write the records of `source` into a snapshot, and say how many: `pack("papers.jsonl", "papers.wql")`.

    source: whatever `open` opens, with its `collection` and `options`, or an open collection; target: a path that ends in `.wql`;
    overwrite: put it in the place of a file that is there; words: with an index of the words of the documents, which makes the file
    larger and the first filters on documents fast; progress: called now and then with how
    much was read and how much there is, in bytes or records.
    The target is there whole or not at all. Raises PluginError or BackendError as `open` does, and BackendError where the target
    can't be written.
    """
    path = os.fspath(target)
    packer = registry().opener(path).load_packer()
    if packer is None:
        raise BackendError("WQ712", f"{quote(path)} is nothing that can be packed into", hint="name a file that ends in .wql; whereql load writes into a store")
    given: dict[str, Any] = {"overwrite": overwrite, "words": words, "progress": progress}
    if isinstance(source, Collection):
        return int(packer(path, _records(source, progress), {}, **given))
    url = os.fspath(source)
    if collection is None and ("format" in options or split_url(url)[1] in ENDINGS):
        return int(packer(path, url, options, **given))
    with open(url, collection, **options) as opened:
        return int(packer(path, _records(opened, progress), {}, **given))


def _records(collection: Collection, progress: Callable[[int, int], None] | None) -> Iterator[Record]:
    """All records of a collection, page by page."""
    done, total = 0, 0 if progress is None else collection.count()
    for page in collection.scan(include=COLUMNS, batch_size=_PAGE):
        yield from page
        done += len(page)
        if progress is not None:
            progress(done, total)
