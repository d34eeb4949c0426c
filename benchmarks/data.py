"""The records of the workload as files, in one pass with bounded memory: JSON Lines, and Parquet with the same rows.

Run `python -m benchmarks.data --n 1000000 1m.jsonl 1m.parquet`. Every key is a column of its own beside `id` and `document`, which
is the form that whereql and its peers all read; a record without a key lacks it in JSON Lines and has a null in Parquet.
Embeddings are left out: no filter reads them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from benchmarks.workload import Batch, batches

KEYS = ("category", "lang", "user", "year", "score", "views", "active", "tags", "rating")
_ROW_GROUP = 122_880  # rows; what DuckDB writes, and near to what polars does

Write = Callable[[Batch], object]


def rows_of(batch: Batch) -> Iterator[dict[str, Any]]:
    """Each record as one object: id, document, and its metadata beside them."""
    for id, document, metadata in zip(batch.ids, batch.documents, batch.metadatas, strict=True):
        yield {"id": id, "document": document} | metadata


def columns_of(batch: Batch) -> dict[str, list[Any]]:
    """The columns of a batch; None where a record lacks a key."""
    return {"id": batch.ids, "document": batch.documents} | {key: [metadata.get(key) for metadata in batch.metadatas] for key in KEYS}


@contextmanager
def _json_lines(path: Path) -> Iterator[Write]:
    dump = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield lambda batch: file.writelines(f"{dump(row)}\n" for row in rows_of(batch))


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = {key: pa.string() for key in ("id", "document", "category", "lang", "user")}
    schema = pa.schema(texts | {"year": pa.int32(), "score": pa.float64(), "views": pa.int64(), "active": pa.bool_(), "tags": pa.list_(pa.string()), "rating": pa.int8()})
    held: list[Any] = []

    def write(batch: Batch) -> None:
        held.append(pa.table(columns_of(batch), schema=schema))
        if sum(map(len, held)) >= _ROW_GROUP:
            flush()

    def flush() -> None:
        if held:
            writer.write_table(pa.concat_tables(held))
            held.clear()

    with pq.ParquetWriter(path, schema) as writer:
        yield write
        flush()


_FORMS = {".jsonl": _json_lines, ".parquet": _parquet}


def write_files(n: int, paths: Sequence[Path], advance: Callable[[int], object] = lambda count: None) -> None:
    """Write the first `n` records to each path, whose ending says how; advance: told how many more there are, now and then."""
    with ExitStack() as stack:
        writes = [stack.enter_context(_FORMS[path.suffix](path)) for path in paths]
        for batch in batches(n, dimension=1):
            for write in writes:
                write(batch)
            advance(len(batch.ids))


def main() -> int:
    """Write the files that the arguments name."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.data", description="Write the benchmark's records to files.")
    options.add_argument("--n", type=int, default=1_000_000, help="records (default: 1,000,000)")
    options.add_argument("paths", type=_path, nargs="+", metavar="PATH", help=f"files ending in {' or '.join(_FORMS)}")
    given = options.parse_args()
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("records", total=given.n)
        write_files(given.n, given.paths, lambda count: progress.advance(task, count))
    return 0


def _path(text: str) -> Path:
    path = Path(text)
    if path.suffix not in _FORMS:
        raise argparse.ArgumentTypeError(f"{text} ends neither in {' nor in '.join(_FORMS)}")
    return path


if __name__ == "__main__":
    sys.exit(main())
