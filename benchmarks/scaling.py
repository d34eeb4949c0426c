"""How the time of whereql grows: with the number of records, by class of filter, and with the size of a filter.

Run `python -m benchmarks.scaling`. Every collection is a process of its own. Exponents are the slope of a line through the
logarithms: 0 for a cost that does not grow, 1 for one that grows as the records do.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from math import log
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.contenders import CONTENDERS, Source, Whereql
from benchmarks.report import OWN, to_markdown, write_section
from benchmarks.seats import load, rows_of
from benchmarks.turns import digits, workers
from benchmarks.workload import CATEGORIES, FILTERS, LANGS, VARIANTS, Variant, variants

_TURN = 0.05  # seconds that a figure is made of, at least
_WARMING, _WARMING_TIME = 50, 10.0  # rounds before that, in which indexes are built, and the seconds after which there are no more
_SLOWEST = 2.0  # seconds after which a run of all variants is not repeated
_ROWS = 100

# What the cost should follow; a result of a share of the records grows with them.
CLASSES = {
    "id_1": "flat",
    "id_100": "flat",
    "range of 100 rows": "flat",
    "in10_user": "its rows",
    "count_eq_bool": "flat",
    "lim10_eq_str": "flat",
    "lim10_nested_6": "flat",
    "rec100_eq_str": "flat",
    "doc_rare": "its rows",
    "range_float_1pct": "its rows",
    "eq_str_5pct": "its rows",
    "range_float_50pct": "its rows",
    "count_nested_6": "records",
    "nested_6": "records",
    "re_noliteral": "records",
}
SIZES = (1, 10, 100, 1_000, 10_000)


def _either(size: int, shift: int) -> str:
    """Conjunctions of two under OR, and one alone where the size is odd."""
    pairs = (f"category = '{CATEGORIES[i % 20]}' AND score > {(i + shift) % 9973 / 9973:.6f}" for i in range(size // 2))
    return " OR ".join([*pairs, *([f"lang = '{list(LANGS)[shift % 5]}'"] if size % 2 else [])])


def _both(size: int, shift: int) -> str:
    """Disjunctions of two under AND."""
    pairs = (f"(category = '{CATEGORIES[i % 20]}' OR score < {1 - (i + shift) % 97 / 9973:.6f})" for i in range(size // 2))
    return " AND ".join([*pairs, *([f"lang = '{list(LANGS)[shift % 5]}'"] if size % 2 else [])])


def _listed(size: int, shift: int) -> str:
    return f"user IN ({', '.join(f'{chr(39)}user{(i * 7 + shift) % 50_000:05}{chr(39)}' for i in range(size))})"


SHAPES: dict[str, Callable[[int, int], str]] = {"OR of ANDs": _either, "AND of ORs": _both, "IN, by items": _listed}


def _variants(name: str, n: int) -> tuple[Variant, ...]:
    if name in FILTERS:
        return variants(FILTERS[name], n)
    width = _ROWS / n
    return tuple(Variant(f"{0.1 * v + 0.05:.9f} <= score < {0.1 * v + 0.05 + width:.9f}") for v in range(VARIANTS))


def serve(name: str, connection: Connection) -> None:
    """A collection's process: first comes its Source, then names of classes, or a shape with a size, each answered by
    the seconds of a run and the number of records.
    """
    source: Source = connection.recv()
    contender = CONTENDERS[OWN].make(source)
    load(contender, source)
    while True:
        order = connection.recv()
        try:
            if isinstance(order, str):
                own, wants = _variants(order, source.n), FILTERS[order].wants if order in FILTERS else "ids"
                connection.send(_timed([contender.prepare(variant, wants)[0] for variant in own], wants))
            else:
                shape, size, is_fresh = order
                asked = Whereql(contender.collection, is_fresh=is_fresh)
                connection.send(_timed([asked.prepare(Variant(SHAPES[shape](size, shift)), "count")[0] for shift in range(4)], "count"))
        except Exception as error:  # a filter beyond a limit, say: the others go on
            connection.send(f"{type(error).__name__}: {str(error)[:200]}")


def _timed(runs: Sequence[Callable[[], Any]], wants: str) -> tuple[float, float]:
    """Seconds of a warm run, on average over the variants, and the median number of records."""
    rows = [rows_of(run(), wants) for run in runs]
    started = time.perf_counter()
    for _ in range(_WARMING):
        if time.perf_counter() - started < _WARMING_TIME:
            for run in runs:
                run()
    taken: list[float] = []
    while len(taken) < 3 or (sum(taken) < _TURN and len(taken) < 10_000):
        started = time.perf_counter()
        for run in runs:
            run()
        taken.append(time.perf_counter() - started)
        if taken[-1] > _SLOWEST:
            break
    return median(taken[1:] or taken) / len(runs), median(rows)


def exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """The slope of the line through the logarithms of points; None of fewer than two."""
    if len(points) < 2:
        return None
    return float(np.polyfit([log(x) for x, _ in points], [log(y) for _, y in points], 1)[0])


def measure_records(sources: Sequence[Source], screen: Console) -> dict[str, dict[int, tuple[float, float]]]:
    """For each class and number of records, the seconds and the records found; collections one after the other."""
    found: dict[str, dict[int, tuple[float, float]]] = {name: {} for name in CLASSES}
    with Progress(console=screen) as progress:
        task = progress.add_task("records", total=len(sources) * len(CLASSES))
        for source in sources:
            with workers(serve, [OWN]) as connections:
                connections[OWN].send(source)
                for name in CLASSES:
                    connections[OWN].send(name)
                    answer = connections[OWN].recv()
                    if isinstance(answer, str):
                        screen.print(f"{name} at {source.n:,}: {answer}")
                    else:
                        found[name][source.n] = answer
                    progress.advance(task)
    return found


def measure_sizes(source: Source, screen: Console) -> dict[str, dict[int, float]]:
    """For each shape of filter and each size, the seconds to count with it."""
    found: dict[str, dict[int, float]] = {}
    with workers(serve, [OWN]) as connections, Progress(console=screen) as progress:
        task = progress.add_task("sizes", total=len(SHAPES) * len(SIZES) * 2)
        connections[OWN].send(source)
        for shape in SHAPES:
            for is_fresh in (False, True):
                name = f"{shape}, {'new text' if is_fresh else 'known text'}"
                for size in SIZES:
                    connections[OWN].send((shape, size, is_fresh))
                    answer = connections[OWN].recv()
                    if isinstance(answer, str):
                        screen.print(f"{name} of {size:,}: {answer}")
                    else:
                        found.setdefault(name, {})[size] = answer[0]
                    progress.advance(task)
    return found


def record_lines(found: dict[str, dict[int, tuple[float, float]]], numbers: Sequence[int]) -> tuple[list[str], list[list[str]]]:
    """The table by number of records."""
    headings = ["filter", *(f"{n:,}" for n in numbers), "exponent", "of its rows", "should follow"]
    lines = []
    for name, own in found.items():
        slopes = (exponent([(n, figure) for n, (figure, _) in own.items()]), exponent([(n, rows) for n, (_, rows) in own.items() if rows]))
        lines.append([name, *(_ms(own[n][0]) if n in own else "–" for n in numbers), *("–" if slope is None else f"{slope:.2f}" for slope in slopes), CLASSES[name]])
    return headings, lines


def size_lines(found: dict[str, dict[int, float]]) -> tuple[list[str], list[list[str]]]:
    """The table by size of filter; the exponent is of the sizes from 100 on, where a call's own cost is small."""
    headings = ["filter", *(f"{size:,}" for size in SIZES), "exponent from 100 on"]
    lines = []
    for name, own in found.items():
        slope = exponent([(size, seconds) for size, seconds in own.items() if size >= 100])
        lines.append([name, *(_ms(own[size]) if size in own else "–" for size in SIZES), "–" if slope is None else f"{slope:.2f}"])
    return headings, lines


def _ms(seconds: float) -> str:
    ms = seconds * 1e3
    return f"{ms:.4f}" if ms < 0.1 else f"{ms:.3f}" if ms < 1 else digits(ms)


def main() -> int:
    """Measure, print and write."""
    given = _options()
    screen, out = Console(stderr=True, highlight=False, soft_wrap=True), Console(highlight=False, width=150)
    files = dict(given.file)
    numbers = sorted({*given.n, *files})
    tables: dict[str, tuple[list[str], list[list[str]]]] = {}
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="whereql-benchmark-") as name:
        if "records" in given.only:
            by_records = figures["records"] = measure_records([Source(n, Path(name), snapshot=files.get(n)) for n in numbers], screen)
            tables["milliseconds by number of records"] = record_lines(by_records, numbers)
        if "sizes" in given.only:
            by_size = figures["sizes"] = measure_sizes(Source(given.size_n, Path(name)), screen)
            tables[f"milliseconds by predicates in a filter, {given.size_n:,} records"] = size_lines(by_size)
    for title, (headings, lines) in tables.items():
        table = Table(title=title, box=None, pad_edge=False)
        for number, heading in enumerate(headings):
            table.add_column(heading, justify="left" if number == 0 else "right")
        for line in lines:
            table.add_row(*line)
        out.print(table, "")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if given.doc:
        write_section(given.doc, "scaling", "\n\n".join(f"{title[0].upper()}{title[1:]}:\n\n{to_markdown(*content)}" for title, content in tables.items()))
    return 0


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description="How whereql's time grows with records and filters.")
    options.add_argument("--n", type=lambda text: [int(n) for n in text.split(",")], default=[10_000, 100_000, 1_000_000], metavar="N,…", help="numbers of records (default: 10000,100000,1000000)")
    options.add_argument("--file", type=_file, action="append", default=[], metavar="N=SNAPSHOT", help="a snapshot of so many records, instead of loading them")
    options.add_argument("--size-n", type=int, default=100_000, help="records for filters of all sizes (default: 100,000)")
    options.add_argument("--only", choices=["records", "sizes"], nargs="+", default=["records", "sizes"])
    options.add_argument("--json", type=Path, help="a file for all figures")
    options.add_argument("--doc", type=Path, help="a page with marks for the tables")
    return options.parse_args()


def _file(text: str) -> tuple[int, Path]:
    n, _, path = text.partition("=")
    return int(n), Path(path)


if __name__ == "__main__":
    sys.exit(main())
