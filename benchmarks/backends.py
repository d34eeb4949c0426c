"""How long the 38 filters of `benchmarks.workload` take on every backend of whereql, beside Chroma's own client.

Run `python -m benchmarks.backends`. Each store works in a process of its own, is filled alone, and then the stores take turns at
every filter. What they answer is compared before anything is timed. A store or a filter that fails is shown with its reason,
and the others go on; what there is so far is printed even if the run is stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from math import exp, log
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.stores import GRACE, SERVERS, STORES, Answer, Failed, Loading, Setup, serve
from benchmarks.turns import digits, workers
from benchmarks.workload import FILTERS, Filter, variants


@dataclass(frozen=True)
class Limits:
    """How long to stay with one filter: rounds of all its variants for each store, seconds for one store, runs of a Chroma, and
    the seconds that one run may take.
    """

    rounds: int
    budget: float
    chroma_runs: int
    patience: int


@dataclass
class Cell:
    """What one store did with one filter: milliseconds of each timed run, or why there are none; first: of its first run ever."""

    times: list[float] = field(default_factory=list)
    first: float | None = None
    failed: str | None = None

    @property
    def middle(self) -> float | None:
        """The median in milliseconds, if there is one."""
        return median(self.times) if self.times and self.failed is None else None


@dataclass
class Seat:
    """A store in this run: its process, how many records it has, how it was filled, and why it is out, if it is."""

    name: str
    n: int
    process: Connection
    patience: int
    loading: Loading | None = None
    memory: int | None = None
    failed: str | None = None

    def ask(self, *order: Any, progress: Progress | None = None, task: Any = None) -> Any:
        """The result of an order. Raises Failed; where the process is gone, the seat is out for good."""
        started = time.monotonic()
        try:
            self.process.send(order)
            while (reply := self.process.recv())[0] == "at":
                if progress is not None:
                    progress.update(task, completed=reply[1])
        except (EOFError, OSError):
            late = time.monotonic() - started >= self.patience + GRACE
            self.failed = f"no answer within {self.patience} s" if late else "its process ended; was there enough memory?"
            raise Failed(self.failed) from None
        if reply[0] == "failed":
            raise Failed(reply[1])
        return reply[1]


@dataclass
class Results:
    """All that was found: the stores, and for each filter the number of its records and a cell for each store."""

    n: int
    chroma_n: int
    dimension: int
    seats: list[Seat]
    rows: dict[str, float] = field(default_factory=dict)
    cells: dict[str, dict[str, Cell]] = field(default_factory=dict)

    def ratio(self, filter: str, name: str, base: str) -> float | None:
        """How many times longer than the store the base takes at a filter."""
        cells = self.cells[filter]
        own, other = (cells[one].middle if one in cells else None for one in (name, base))
        return other / own if own and other else None

    def mean_ratio(self, name: str, base: str) -> tuple[float, int] | None:
        """The geometric mean of the ratios, and of how many filters it is."""
        found = [ratio for filter in self.cells if (ratio := self.ratio(filter, name, base)) is not None]
        return (exp(sum(map(log, found)) / len(found)), len(found)) if found else None

    def failures(self) -> Iterator[str]:
        """A line for every store, and for every filter, that failed."""
        for seat in self.seats:
            if seat.failed:
                yield f"{seat.name}: {seat.failed}"
        out = {seat.failed for seat in self.seats}
        for filter, cells in self.cells.items():
            yield from (f"{filter} on {name}: {cell.failed}" for name, cell in cells.items() if cell.failed and cell.failed not in out)


def load(seats: list[Seat], setups: dict[str, Setup | str], progress: Progress) -> None:
    """Fill the stores, one after the other. Chroma's client over HTTP reads what whereql wrote there, where it did."""
    for seat in seats:
        setup, task = setups[seat.name], progress.add_task(f"loading {seat.name}", total=seat.n)
        try:
            if isinstance(setup, str):
                raise Failed(setup)
            is_loaded = seat.name == "chroma-http" and any(other.name == "http" and other.loading for other in seats)
            seat.process.send(Setup(**{**vars(setup), "is_loaded": is_loaded}))
            seat.loading = seat.ask("load", progress=progress, task=task)
        except Failed as error:
            seat.failed = str(error)
        progress.remove_task(task)
        progress.console.print(_load_line(seat))


def _load_line(seat: Seat) -> str:
    if seat.failed or seat.loading is None:
        return f"{seat.name} failed: {seat.failed}"
    seconds, records = seat.loading.seconds, seat.loading.records
    return f"{seat.name}: {records:,} records in {seconds:.1f} s" if records else f"{seat.name}: filled already"


def run_filter(filter: Filter, seats: Sequence[Seat], common: int, limits: Limits) -> tuple[float, dict[str, Cell]]:
    """Compare the stores' answers to every variant, then time those that were compared; the number of records, and the cells."""
    cells = {seat.name: Cell(failed=seat.failed) for seat in seats}
    spent = {seat.name: 0.0 for seat in seats}
    checked: dict[str, list[float]] = {seat.name: [] for seat in seats}
    rows: list[int] = []
    numbers = range(len(variants(filter, common)))

    def goes_on(seat: Seat, runs: int) -> bool:
        within = spent[seat.name] < limits.budget and (not STORES[seat.name].is_chroma or runs < limits.chroma_runs)
        return within and cells[seat.name].failed is None

    def run(seat: Seat, number: int, is_checked: bool) -> Answer | None:
        try:
            answer: Answer = seat.ask("run", filter.name, number, is_checked)
        except Failed as error:
            cells[seat.name].failed = str(error)
            return None
        spent[seat.name] += answer.seconds
        return answer

    for number in numbers:
        answers: dict[str, Answer] = {}
        for seat in seats:
            if goes_on(seat, number) and (answer := run(seat, number, True)):
                answers[seat.name] = answer
                checked[seat.name].append(answer.seconds * 1e3)
        for name, reason in differing([(seat, answers[seat.name]) for seat in seats if seat.name in answers]).items():
            cells[name].failed = f"variant {number}: {reason}"
        rows += [answer.rows for answer in answers.values()][:1]
    late = [seat.name for seat in seats if spent[seat.name] >= limits.budget]
    spent = dict.fromkeys(spent, 0.0)
    for seat in seats:
        cells[seat.name].first = next(iter(checked[seat.name]), None)
        if seat.name in late:  # its first runs took all its time: they are what there is
            cells[seat.name].times = checked[seat.name][1:] or checked[seat.name]
    for _ in range(limits.rounds):
        for number in numbers:
            for seat in seats:
                if seat.name not in late and number < len(checked[seat.name]) and goes_on(seat, len(cells[seat.name].times)) and (answer := run(seat, number, False)):
                    cells[seat.name].times.append(answer.seconds * 1e3)
    return median(rows) if rows else 0, cells


def differing(answers: Sequence[tuple[Seat, Answer]]) -> dict[str, str]:
    """The stores whose answer is not that of most stores of their size, each with what is wrong."""
    wrong = {}
    for size in {seat.n for seat, _ in answers}:
        same = [(seat.name, answer) for seat, answer in answers if seat.n == size]
        usual = Counter(answer.digest for _, answer in same).most_common(1)[0][0]
        model, expected = next((name, answer) for name, answer in same if answer.digest == usual)
        for name, answer in same:
            if answer.digest != usual:
                wrong[name] = f"another answer than {model}: {answer.rows:,} records, not {expected.rows:,}" if answer.rows != expected.rows else f"another answer than {model}, of as many records"
    return wrong


def show_loading(results: Results) -> Table:
    """How the stores were filled, and what their first answers cost, in which some of them build what others built while loading."""
    table = Table("store", title="Adding the records", box=None, pad_edge=False)
    for heading in ("records", "seconds", "records/s", "÷ chroma", "first runs, s", "memory, MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    rates = {seat.name: seat.loading.records / seat.loading.seconds for seat in results.seats if seat.loading and seat.loading.seconds}
    for seat in results.seats:
        filled = [f"{seat.loading.records:,}", digits(seat.loading.seconds), f"{rates[seat.name]:,.0f}"] if seat.loading and seat.name in rates else ["–"] * 3
        ratio = f"{digits(rates[seat.name] / rates['chroma'])}×" if seat.name in rates and "chroma" in rates else ""
        firsts = [cells[seat.name].first or 0.0 for cells in results.cells.values()]
        memory = "" if seat.memory is None else f"{seat.memory / 1e6:,.0f}"
        table.add_row(seat.name, *filled, ratio, digits(sum(firsts) / 1e3) if any(firsts) else "", memory)
    return table


def show_filters(results: Results) -> Table:
    """The medians, and how many times longer Chroma's embedded client takes; geometric means of that at the end."""
    sizes = f"{results.n:,} records" if results.chroma_n == results.n else f"{results.n:,} records, {results.chroma_n:,} in Chroma"
    also = ", and chroma ÷ store" if any(seat.name == "chroma" for seat in results.seats) else ""
    table = Table("filter", title=f"{len(results.cells)} filters on {sizes}: median ms{also}", box=None, pad_edge=False)
    table.add_column("rows", justify="right")
    for seat in results.seats:
        table.add_column(seat.name, justify="right", no_wrap=True)
    for filter, cells in results.cells.items():
        table.add_row(filter, f"{results.rows[filter]:,.0f}", *(_cell(results, filter, seat.name, cells[seat.name]) for seat in results.seats))
    for base in ("chroma", "chroma-http"):
        if any(seat.name == base and not seat.failed for seat in results.seats):
            means = (results.mean_ratio(seat.name, base) for seat in results.seats)
            table.add_row(f"geometric mean, {base} ÷", "", *(f"{digits(mean[0])}× of {mean[1]}" if mean else "" for mean in means))
    return table


def _cell(results: Results, filter: str, name: str, cell: Cell) -> str:
    if cell.middle is None:
        return "failed"
    ratio = results.ratio(filter, name, "chroma")
    return f"{digits(cell.middle)} {'' if ratio is None else digits(ratio):>6}{'' if ratio is None else '×'}"


def to_dict(results: Results) -> dict[str, Any]:
    """Everything as JSON-ready data."""
    stores = {
        seat.name: {
            "about": STORES[seat.name].about, "package": STORES[seat.name].package, "version": _version(STORES[seat.name].package), "records": seat.n,
            "loading": asdict(seat.loading) if seat.loading else None, "memory": seat.memory, "failed": seat.failed,
            "mean_ratio": {base: results.mean_ratio(seat.name, base) for base in ("chroma", "chroma-http")},
        }
        for seat in results.seats
    }  # fmt: skip
    filters = {
        name: {
            "about": FILTERS[name].about, "wants": FILTERS[name].wants, "rows": results.rows[name],
            "stores": {store: {"ms": cell.middle, "runs": len(cell.times), "first_ms": cell.first, "failed": cell.failed} for store, cell in cells.items()},
        }
        for name, cells in results.cells.items()
    }  # fmt: skip
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    return {"n": results.n, "chroma_n": results.chroma_n, "dimension": results.dimension, **machine, "stores": stores, "filters": filters}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except ImportError:
        return None


def measure(results: Results, setups: dict[str, Setup | str], filters: Sequence[str], limits: Limits, written: Path | None, progress: Progress) -> None:
    """Load, then run the filters; results grow as it goes, and so does the JSON file."""
    load(results.seats, setups, progress)
    common = min(results.n, results.chroma_n)
    task = progress.add_task("filters", total=len(filters))
    for name in filters:
        progress.update(task, description=name)
        results.rows[name], results.cells[name] = run_filter(FILTERS[name], results.seats, common, limits)
        cells = results.cells[name].items()
        line = "  ".join(f"{store} {'failed' if cell.middle is None else digits(cell.middle)}" for store, cell in cells)
        progress.console.print(f"{name} ({results.rows[name]:,.0f}), ms: {line}")
        progress.advance(task)
        write_json(results, written)
    for seat in results.seats:
        with suppress(Failed):  # a store that died is known as such
            seat.memory = seat.ask("memory") if seat.failed is None else None
    write_json(results, written)


def write_json(results: Results, written: Path | None) -> None:
    """Replace the JSON file, if one is wanted: it is whole at any moment."""
    if written is not None:
        part = written.with_name(f"{written.name}.part")
        part.write_text(json.dumps(to_dict(results), indent=2) + "\n", encoding="utf-8")
        part.replace(written)


def main() -> int:
    """Measure and print; 1 if anything failed."""
    given = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that servers and folders are gone then, too
    dimension = given.dimension or (128 if given.n <= 200_000 else 32)
    sizes = {name: given.chroma_n if STORES[name].is_chroma else given.n for name in given.only}
    limits = Limits(given.rounds, given.budget, given.chroma_runs, given.patience)
    out, screen = Console(highlight=False), Console(stderr=True, highlight=False, soft_wrap=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="whereql-benchmark-", ignore_cleanup_errors=True)))
        folder.chmod(0o755)  # PostgreSQL does not run as root, and has to reach its own
        servers = start_servers(given.only, folder, stack, screen)
        connections = stack.enter_context(workers(serve, given.only))
        setups: dict[str, Setup | str] = {}
        for name in given.only:
            server = servers.get(STORES[name].server or "", "")
            (folder / name).mkdir()
            urls = {kind: url for kind, url in servers.items() if isinstance(url, str)}
            setup = Setup(str(folder / name), urls, sizes[name], dimension, min(given.n, given.chroma_n), False, given.patience)
            setups[name] = str(server) if isinstance(server, Failed) else setup
        results = Results(given.n, given.chroma_n, dimension, [Seat(name, sizes[name], connections[name], given.patience) for name in given.only])
        try:
            with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), console=screen) as progress:
                measure(results, setups, given.filters, limits, given.json, progress)
        except KeyboardInterrupt:
            out.print("stopped; this is what there was")
        finally:
            out.width = max(110, 34 + 20 * len(given.only))
            out.print(show_loading(results), "", show_filters(results), "", *results.failures(), sep="\n")
    return 1 if any(results.failures()) else 0


def start_servers(names: Sequence[str], folder: Path, stack: ExitStack, screen: Console) -> dict[str, str | Failed]:
    """The URL of each server that the stores need, or why it does not start."""
    servers: dict[str, str | Failed] = {}
    for kind in sorted({server for name in names if (server := STORES[name].server)}):
        screen.print(f"starting a server: {kind}")
        try:
            servers[kind] = stack.enter_context(SERVERS[kind](folder / f"server-{kind}"))
        except Failed as error:
            servers[kind] = error
    return servers


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks.backends", description="Time 38 filters on every backend of whereql, beside Chroma's own client.")
    options.add_argument("--n", type=int, default=100_000, help="records (default: 100,000)")
    options.add_argument("--chroma-n", "--peer-n", type=int, help="records in a Chroma, which takes one or two thousand a second (default: all)")
    options.add_argument("--only", type=_names_of(STORES), default=list(STORES), metavar="STORE,…", help=f"of {', '.join(STORES)}")
    options.add_argument("--filters", type=_names_of(FILTERS), default=list(FILTERS), metavar="FILTER,…", help="names of the workload's filters (default: all)")
    options.add_argument("--dimension", type=int, help="of the embeddings (default: 128, and 32 beyond 200,000 records)")
    options.add_argument("--rounds", type=int, default=3, help="how often each store runs every variant of a filter (default: 3)")
    options.add_argument("--budget", type=float, default=10.0, help="seconds for a filter on one store, checking and timing each (default: 10)")
    options.add_argument("--chroma-runs", type=int, default=4, help="runs of a filter through Chroma (default: 4)")
    options.add_argument("--patience", type=int, default=120, help="seconds that a run may take; a store that can't give up by then is out (default: 120)")
    options.add_argument("--json", type=Path, help="a file for all figures, written as they come")
    given = options.parse_args()
    given.chroma_n = min(given.chroma_n or given.n, given.n)
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
