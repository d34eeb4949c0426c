"""How long the 38 filters of `benchmarks.workload` take on whereql in memory, beside what else people filter tables with.

Run `python -m benchmarks.filters --n 1000000`. Each contender has a process of its own and is loaded alone; what they answer is
compared before anything is timed; then they take turns, filter by filter. Times are of the clock, since some peers work with
several threads. `--cold` measures first questions instead, each with nothing built before it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.contenders import CONTENDERS, Source
from benchmarks.report import LIST, NEW_TEXT, OWN, Results, machine, plot, show, write_json
from benchmarks.seats import Checked, Loaded, serve
from benchmarks.stores import Failed
from benchmarks.turns import workers
from benchmarks.workload import FILTERS

_MOST_WARMING, _QUIET = 40, 4  # rounds over all filters, and how many without a new index are enough


@dataclass
class Seat:
    """A contender in this run: the connection to its process, and why it is out, for good or for some filters."""

    name: str
    process: Connection
    failed: str | None = None
    filters_failed: dict[str, str] = field(default_factory=dict)

    def ask(self, *order: Any) -> Any:
        """The result of an order. Raises Failed; where the process is gone, the seat is out for good."""
        try:
            self.process.send(order)
            kind, result = self.process.recv()
        except (EOFError, OSError):
            self.failed = "its process ended; was there enough memory?"
            raise Failed(self.failed) from None
        if kind == "failed":
            raise Failed(result)
        return result

    def is_in(self, filter: str) -> bool:
        """Whether it takes part in a filter."""
        return self.failed is None and filter not in self.filters_failed

    def ask_for(self, filter: str, order: str, *arguments: Any) -> Any:
        """The result of an order about a filter, or None; a failure puts it out of that filter."""
        if self.is_in(filter):
            try:
                return self.ask(order, filter, *arguments)
            except Failed as error:
                self.filters_failed[filter] = str(error)
        return None


def load(seats: Sequence[Seat], source: Source, results: Results, rehearsed: Sequence[str], told: Callable[[str], object]) -> None:
    """Load the contenders, one after the other. rehearsed: filters that each is asked elsewhere before that."""
    for seat in seats:
        seat.process.send(source)
        try:
            if rehearsed:
                seat.ask("rehearse", rehearsed)
            loaded: Loaded = seat.ask("load")
        except Failed as error:
            seat.failed = str(error)
        else:
            results.contenders[seat.name] |= {"load_s": loaded.seconds, "load_mb": loaded.memory / 1e6}
        told(f"{seat.name}: {seat.failed or f'loaded in {loaded.seconds:.2f} s, {loaded.memory / 1e6:,.0f} MB'}")


def check(seats: Sequence[Seat], filter: str, budget: float) -> int:
    """Compare the answers to a filter; who answers otherwise than most is out of it. The number of records of a usual variant."""
    answers: dict[str, Checked] = {seat.name: checked for seat in seats if (checked := seat.ask_for(filter, "check", budget))}
    longest = max((len(checked.digests) for checked in answers.values()), default=0)
    for number in range(longest):
        given = {name: checked.digests[number] for name, checked in answers.items() if number < len(checked.digests)}
        usual = Counter(given.values()).most_common(1)[0][0]
        for seat in seats:
            if given.get(seat.name, usual) != usual:
                seat.filters_failed[filter] = f"another answer than the others to variant {number}, of {answers[seat.name].rows[number]:,} records"
    return max((int(median(checked.rows)) for checked in answers.values() if len(checked.rows) == longest), default=0)


def warm(seats: Sequence[Seat], filters: Sequence[str], told: Callable[[str], object]) -> int:
    """Ask whereql all filters until it builds no more indexes, the others as often, a second for a filter at most; how often.

    An index is built when enough was spent without it, so that some quiet rounds say more than one.
    """
    own = next((seat for seat in seats if seat.name == OWN and seat.failed is None), None)
    rounds, quiet, built = 0, 0, -1
    while own and rounds < _MOST_WARMING and quiet < _QUIET:
        for filter in filters:
            own.ask_for(filter, "warm", 1, 60.0)
        before, built = built, own.ask("built")
        rounds, quiet = rounds + 1, quiet + 1 if built == before else 0
    for seat in seats:
        for filter in filters if seat is not own else ():
            seat.ask_for(filter, "warm", rounds, 1.0)
    told(f"warmed in {rounds} rounds")
    return rounds


def measure(seats: Sequence[Seat], filter: str, rounds: int, turn: float, budget: float) -> dict[str, float]:
    """The median milliseconds of each contender; `new text` are those of whereql with texts that it has never met, `the list` see benchmarks.floor."""
    samples: dict[str, list[float]] = {}
    spent = dict.fromkeys((seat.name for seat in seats), 0.0)
    for number in range(rounds):
        first = number % len(seats)
        for seat in (*seats[first:], *seats[:first]):
            if number and spent[seat.name] > budget:
                continue
            started = time.perf_counter()
            if (seconds := seat.ask_for(filter, "turn", turn)) is not None:
                samples.setdefault(seat.name, []).append(seconds)
            if seat.name == OWN and (seconds := seat.ask_for(filter, "turn", turn, True)) is not None:
                samples.setdefault(NEW_TEXT, []).append(seconds)
            spent[seat.name] += time.perf_counter() - started
    for seat in seats:  # at the end, since it moves much memory
        if seat.name == OWN and FILTERS[filter].wants == "ids" and (seconds := seat.ask_for(filter, "floor", turn)) is not None:
            samples[LIST] = [seconds]
    return {name: median(taken) * 1e3 for name, taken in samples.items()}


def run_warm(seats: Sequence[Seat], filters: Sequence[str], given: argparse.Namespace, results: Results, progress: Progress) -> None:
    """Check, warm and time all filters; results grow as it goes."""
    told = progress.console.print
    task = progress.add_task("comparing answers", total=len(filters))
    for filter in filters:
        progress.update(task, description=f"comparing {filter}")
        results.filters[filter] = {"about": FILTERS[filter].about, "rows": check(seats, filter, given.budget), "ms": {}, "failed": {}}
        progress.advance(task)
    told("all answers compared")
    results.warming = warm(seats, filters, told)
    progress.reset(task)
    for filter in filters:
        progress.update(task, description=f"timing {filter}")
        found = results.filters[filter]
        found["ms"] = measure(seats, filter, given.rounds, given.turn, given.budget)
        found["failed"] = {seat.name: seat.filters_failed[filter] for seat in seats if filter in seat.filters_failed}
        told(f"{filter} ({found['rows']:,}): " + "  ".join(f"{name} {ms:.3f}" for name, ms in found["ms"].items()))
        progress.advance(task)
        write_json(results, given.json)


def run_cold(seats: Sequence[Seat], filters: Sequence[str], given: argparse.Namespace, results: Results, progress: Progress) -> None:
    """The first question after loading, for each filter anew."""
    task = progress.add_task("first questions", total=len(filters))
    results.is_cold = True
    for filter in filters:
        progress.update(task, description=filter)
        samples: dict[str, list[float]] = {}
        for _ in range(given.rounds):
            for seat in seats:
                if (seconds := seat.ask_for(filter, "first")) is not None:
                    samples.setdefault(seat.name, []).append(seconds)
        failed = {seat.name: seat.filters_failed[filter] for seat in seats if filter in seat.filters_failed}
        ms = {name: median(taken) * 1e3 for name, taken in samples.items()}
        results.filters[filter] = {"about": FILTERS[filter].about, "rows": None, "ms": ms, "failed": failed}
        progress.advance(task)
        write_json(results, given.json)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; 1 if anything failed."""
    given = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    out, screen = Console(highlight=False), Console(stderr=True, highlight=False, soft_wrap=True)
    results = Results(given.n, machine(given.only), {name: {} for name in given.only})
    with ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="whereql-benchmark-")))
        folder.mkdir(parents=True, exist_ok=True)
        connections = stack.enter_context(workers(serve, given.only))
        seats = [Seat(name, connections[name]) for name in given.only]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        try:
            with Progress(*columns, console=screen) as progress:
                load(seats, Source(given.n, folder, given.file, given.parquet), results, given.filters if given.cold else (), screen.print)
                (run_cold if given.cold else run_warm)(seats, given.filters, given, results, progress)
                for seat in seats:
                    if seat.failed is None:
                        results.contenders[seat.name]["memory_mb"] = seat.ask("memory") / 1e6
        except KeyboardInterrupt:
            out.print("stopped; this is what there was")
        for seat in seats:
            results.contenders[seat.name]["failed"] = seat.failed
    write_json(results, given.json)
    out.width = max(110, 80 + 13 * len(given.only))
    out.print(*show(results), sep="\n")
    if given.plot:
        plot(results, given.plot)
    return 1 if any(results.failures()) else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks.filters", description="Time 38 filters on whereql in memory and on its peers.")
    options.add_argument("--n", type=int, default=100_000, help="records (default: 100,000)")
    options.add_argument("--only", type=_names_of(CONTENDERS), metavar="NAME,…", help=f"of {', '.join(CONTENDERS)} (default: all that fit)")
    options.add_argument("--filters", type=_names_of(FILTERS), default=list(FILTERS), metavar="FILTER,…", help="names of the workload's filters (default: all)")
    options.add_argument("--rounds", type=int, help="turns of each contender at each filter (default: 7, and 2 with --cold)")
    options.add_argument("--turn", type=float, default=0.02, help="seconds of a turn, at least (default: 0.02)")
    options.add_argument("--budget", type=float, default=4.0, help="seconds after which a contender has no further turn at a filter (default: 4)")
    options.add_argument("--cold", action="store_true", help="first questions only: loaded, and nothing built yet")
    options.add_argument("--file", type=Path, help="a snapshot that whereql opens instead of loading records; --n says how many it has")
    options.add_argument("--parquet", type=Path, help="a Parquet file of the same records, for polars and DuckDB")
    options.add_argument("--folder", type=Path, help="where records, once made, and Chroma's files are kept from run to run (default: nowhere)")
    options.add_argument("--json", type=Path, help="a file for all figures, written as they come")
    options.add_argument("--plot", type=Path, help="a file, .png or .svg, for a plot of the ratios")
    given = options.parse_args(arguments)
    if (given.file is None) != (given.parquet is None):
        options.error("--file and --parquet go together")
    from_files = [OWN, "polars", "duckdb", "polars-file", "duckdb-file"]
    fit = from_files if given.file else [name for name, kind in CONTENDERS.items() if not kind.is_file and (kind.most is None or given.n <= kind.most)]
    given.rounds = given.rounds or (2 if given.cold else 7)
    given.only = fit if given.only is None else given.only
    if given.file and (others := [name for name in given.only if name not in from_files]):
        options.error(f"{', '.join(others)} can't read the file")
    return given


def _names_of(known: Any) -> Any:
    def read(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",")]
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}; known are {', '.join(known)}")
        return [name for name in known if name in names]

    return read


if __name__ == "__main__":
    sys.exit(main())
