"""What it costs to read a file: seconds from the path to a collection, or a table, that can be asked, and memory at its peak.

Run `python -m benchmarks.loading --n 1000000`. Every reading is a process of its own, in turns; importing the reader is not in
the seconds, but what it holds is in the memory, and shown beside.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.data import write_files
from benchmarks.turns import digits

Read = Callable[[str], int]  # a path in, the number of records out


@dataclass(frozen=True)
class Figure:
    """The median reading: seconds, and the peak of resident memory, of which `imports` was there before, in MB."""

    seconds: float
    peak: float
    imports: float


def _whereql(form: str) -> Read:
    import whereql

    whereql.open("memory:").count()  # what it imports when it is first needed is importing, too
    import_module("whereql.files.arrow_json" if form == "jsonl" else "pyarrow.parquet")
    return lambda path: whereql.open(path).count()


def _pandas(form: str) -> Read:
    pandas: Any = import_module("pandas")
    import_module("pyarrow.parquet")
    return (lambda path: len(pandas.read_json(path, lines=True))) if form == "jsonl" else lambda path: len(pandas.read_parquet(path))


def _polars(form: str) -> Read:
    polars: Any = import_module("polars")
    return (lambda path: len(polars.read_ndjson(path))) if form == "jsonl" else lambda path: len(polars.read_parquet(path))


def _pyarrow(form: str) -> Read:
    if form == "jsonl":
        reader: Any = import_module("pyarrow.json")
        options = reader.ReadOptions(block_size=1 << 24)  # the default of 1 MB is too small for some lines, and slower
        return lambda path: len(reader.read_json(path, read_options=options))
    parquet: Any = import_module("pyarrow.parquet")
    return lambda path: len(parquet.read_table(path))


def _duckdb(form: str) -> Read:
    connection: Any = import_module("duckdb").connect()
    source = "read_json('{}', format = 'newline_delimited')" if form == "jsonl" else "read_parquet('{}')"

    def read(path: str) -> int:
        connection.execute(f"CREATE TABLE records AS FROM {source.format(path)}")
        return int(connection.execute("SELECT count(*) FROM records").fetchone()[0])

    return read


READERS: dict[str, Callable[[str], Read]] = {"whereql": _whereql, "pandas": _pandas, "polars": _polars, "pyarrow": _pyarrow, "duckdb": _duckdb}


def read_once(reader: str, path: Path) -> None:
    """Read the file in this process, and print what it took as JSON."""
    read = READERS[reader](path.suffix[1:])
    imports = _memory("VmRSS")
    started = time.perf_counter()
    rows = read(str(path))
    print(json.dumps({"seconds": time.perf_counter() - started, "peak": _memory("VmHWM"), "imports": imports, "rows": rows}))


def _memory(name: str) -> float:
    """Megabytes of this program since it began: `ru_maxrss` would know of the one before, which forked it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith(f"{name}:"))


def measure(paths: Sequence[Path], readers: Sequence[str], rounds: int, n: int, told: Callable[[str], object]) -> dict[str, dict[str, Figure]]:
    """The figures by file and reader. Raises ValueError for one that reads another number of records."""
    found: dict[str, dict[str, list[dict[str, float]]]] = {path.name: {reader: [] for reader in readers} for path in paths}
    for path in paths:
        path.read_bytes()  # so that every reader finds it in the system's cache
        for _ in range(rounds):
            for reader in readers:
                run = subprocess.run([sys.executable, "-m", "benchmarks.loading", "--once", reader, str(path)], capture_output=True, text=True, check=False)
                if run.returncode:
                    told(f"{reader} failed at {path.name}: {run.stderr.strip().splitlines()[-1:]}")
                    continue
                figures = json.loads(run.stdout)
                if figures["rows"] != n:
                    raise ValueError(f"{reader} reads {figures['rows']} records from {path}, not {n}")
                told(f"{path.name}: {reader} {figures['seconds']:.2f} s, {figures['peak']:,.0f} MB")
                found[path.name][reader].append(figures)
    return {name: {reader: Figure(*(median(run[key] for run in runs) for key in ("seconds", "peak", "imports"))) for reader, runs in own.items() if runs} for name, own in found.items()}


def rows_of(found: dict[str, dict[str, Figure]]) -> list[list[str]]:
    """The lines of the table, with ratios: how many times longer than whereql, and how many times its peak."""
    lines = []
    for name, own in found.items():
        for reader, figure in own.items():
            base = own.get("whereql", figure)
            lines.append([name, reader, digits(figure.seconds), f"{figure.seconds / base.seconds:.2f}×", f"{figure.peak:,.0f}", f"{figure.peak / base.peak:.2f}×", f"{figure.imports:,.0f}"])
    return lines


HEADINGS = ["file", "reader", "seconds", "÷ whereql", "peak, MB", "÷ whereql", "of it imports, MB"]


def main() -> int:
    """Make the files that are missing, measure, print and write."""
    given = _options()
    if given.once:
        read_once(given.once[0], Path(given.once[1]))
        return 0
    screen = Console(stderr=True, highlight=False, soft_wrap=True)
    with ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="whereql-benchmark-")))
        paths = [folder / f"{given.n}.{form}" for form in given.forms]
        if missing := [path for path in paths if not path.exists()]:
            screen.print(f"writing {', '.join(path.name for path in missing)}")
            write_files(given.n, missing)
        found = measure(paths, given.only, given.rounds, given.n, screen.print)
    if given.json:
        given.json.write_text(json.dumps({name: {reader: asdict(figure) for reader, figure in own.items()} for name, own in found.items()}, indent=2) + "\n", encoding="utf-8")
    if given.doc:
        from benchmarks.report import to_markdown, write_section

        write_section(given.doc, f"loading {given.n}", to_markdown(HEADINGS, rows_of(found)))
    table = Table(title=f"Reading {given.n:,} records", box=None, pad_edge=False)
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if number < 2 else "right")
    for line in rows_of(found):
        table.add_row(*line)
    Console(highlight=False, width=110).print(table)
    return 0


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks.loading", description="Time the reading of JSON Lines and Parquet.")
    options.add_argument("--n", type=int, default=100_000, help="records (default: 100,000)")
    options.add_argument("--only", type=lambda text: text.split(","), default=list(READERS), metavar="READER,…", help=f"of {', '.join(READERS)}")
    options.add_argument("--forms", type=lambda text: text.split(","), default=["jsonl", "parquet"], metavar="FORM,…", help="of jsonl, parquet")
    options.add_argument("--rounds", type=int, default=3, help="readings by each (default: 3)")
    options.add_argument("--folder", type=Path, help="where the files are kept from run to run, as <n>.jsonl and <n>.parquet (default: nowhere)")
    options.add_argument("--json", type=Path, help="a file for all figures")
    options.add_argument("--doc", type=Path, help="a page with marks for the table")
    options.add_argument("--once", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    return options.parse_args()


if __name__ == "__main__":
    sys.exit(main())
