"""What `benchmarks.filters` found: tables, a plot, and the page about it.

Run `python -m benchmarks.report run1.json run2.json run3.json --doc docs/performance.md --plot docs/performance.svg` to write
the medians of some runs into the page, between the marks of their size.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from math import exp, log
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from benchmarks.contenders import CONTENDERS
from benchmarks.turns import digits

OWN, NEW_TEXT, LIST = "whereql", "new text", "the list"


@dataclass
class Results:
    """A run: what each contender took to load and holds, and for each filter the milliseconds of each contender."""

    n: int
    machine: dict[str, Any]
    contenders: dict[str, dict[str, Any]]
    filters: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_cold: bool = False
    warming: int = 0

    def peers(self) -> list[str]:
        """The contenders that whereql is compared with."""
        return [name for name in self.contenders if name != OWN]

    def best(self, filter: str) -> tuple[str, float] | None:
        """The fastest peer at a filter, and its milliseconds."""
        times = {name: ms for name, ms in self.filters[filter]["ms"].items() if name in self.peers()}
        return min(times.items(), key=lambda item: item[1]) if times else None

    def ratio(self, filter: str, peer: str | None = None, own: str = OWN) -> float | None:
        """How many times longer than whereql a peer takes, or the best one."""
        times = self.filters[filter]["ms"]
        best = self.best(filter)
        other = times.get(peer) if peer else best and best[1]
        return other / times[own] if other and own in times else None

    def ratios(self, peer: str | None = None, own: str = OWN) -> list[float]:
        """The ratio of every filter that has one."""
        return [ratio for filter in self.filters if (ratio := self.ratio(filter, peer, own)) is not None]

    def failures(self) -> Iterator[str]:
        """A line for every contender, and for every filter, that failed."""
        for name, found in self.contenders.items():
            if found.get("failed"):
                yield f"{name}: {found['failed']}"
        for filter, found in self.filters.items():
            yield from (f"{filter} on {name}: {reason}" for name, reason in found["failed"].items())


def machine(names: Sequence[str]) -> dict[str, Any]:
    """Where a run took place, and with which versions."""
    packages = sorted({CONTENDERS[name].package for name in names} | {"numpy", "google-re2"})
    return {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count(), "processor": _processor(), "memory_gb": round(_memory() / 2**30), "versions": {name: _version(name) for name in packages}}


def _version(package: str) -> str:
    if package == "sqlite":
        import sqlite3

        return sqlite3.sqlite_version
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def mean(ratios: Sequence[float]) -> float | None:
    """The geometric mean, of anything at all."""
    return exp(sum(map(log, ratios)) / len(ratios)) if ratios else None


def write_json(results: Results, path: Path | None) -> None:
    """Replace the JSON file, if one is wanted: it is whole at any moment."""
    if path is not None:
        part = path.with_name(f"{path.name}.part")
        part.write_text(json.dumps(asdict(results) | {"summary": summary(results)}, indent=2) + "\n", encoding="utf-8")
        part.replace(path)


def summary(results: Results) -> dict[str, Any]:
    """The figures of the goals: means of the ratios, and where whereql is slower than the best peer."""
    slower = [filter for filter in results.filters if (ratio := results.ratio(filter)) is not None and ratio < 1]
    peers = {peer: mean(results.ratios(peer)) for peer in results.peers()}
    return {"mean": mean(results.ratios()), "mean_new_text": mean(results.ratios(own=NEW_TEXT)), "peers": peers, "slower": slower}


def read_results(path: Path) -> Results:
    """A run from its JSON file."""
    data = json.loads(path.read_text(encoding="utf-8"))
    data.pop("summary", None)
    return Results(**data)


def merged(runs: Sequence[Results]) -> Results:
    """The median of several runs, figure by figure."""
    first = runs[0]
    if len(runs) == 1:
        return first
    filters = {}
    for filter, found in first.filters.items():
        times = [run.filters[filter]["ms"] for run in runs if filter in run.filters]
        filters[filter] = found | {"ms": {name: median(ms[name] for ms in times if name in ms) for name in found["ms"]}}
    contenders = {name: {key: median(run.contenders[name][key] for run in runs) if isinstance(value, float) else value for key, value in found.items()} for name, found in first.contenders.items()}
    return Results(first.n, first.machine, contenders, filters, first.is_cold, first.warming)


def _rows(results: Results) -> tuple[list[str], list[list[str]]]:
    """The headings and lines of the table of filters."""
    own = [name for name in (OWN, NEW_TEXT, LIST) if any(name in found["ms"] for found in results.filters.values())]
    headings = ["filter", "rows", *own, *results.peers(), "best peer", "best ÷ whereql"]
    lines = []
    for filter, found in results.filters.items():
        times = [_ms(found["ms"].get(name), name in found["failed"]) for name in headings[2:-2]]
        best, ratio = results.best(filter), results.ratio(filter)
        lines.append([filter, "" if found["rows"] is None else f"{found['rows']:,}", *times, best[0] if best else "", "" if ratio is None else f"{ratio:.2f}"])
    means = ["" if name == LIST else _mean(results.ratios(own=name) if name in own else results.ratios(name)) for name in headings[2:-2]]
    lines.append(["geometric mean ÷ whereql", "", "", *means[1:], "", means[0]])
    return headings, lines


def _ms(ms: float | None, is_failed: bool) -> str:
    if ms is None:
        return "failed" if is_failed else "–"
    return f"{ms:.4f}" if ms < 0.1 else digits(ms) if ms >= 1 else f"{ms:.3f}"


def _mean(ratios: Sequence[float]) -> str:
    found = mean(ratios)
    return "" if found is None else f"{found:.2f}×"


def _loads(results: Results) -> tuple[list[str], list[list[str]]]:
    """The headings and lines of the table of loading, memory and, of a cold run, loading with the first question."""
    headings = ["contender", "version", "load, s", "MB after load", "MB after all filters"]
    lines = []
    for name, found in results.contenders.items():
        figures = [digits(found[key]) if key in found else "–" for key in ("load_s", "load_mb", "memory_mb")]
        lines.append([name, results.machine["versions"].get(CONTENDERS[name].package, ""), *figures])
    return headings, lines


def _with_load(results: Results) -> str:
    """How whereql's load and first question compare with the best peer's, as a geometric mean over the filters."""
    loads = {name: found["load_s"] * 1e3 for name, found in results.contenders.items() if "load_s" in found}
    sums = Results(results.n, results.machine, results.contenders)
    for filter, found in results.filters.items():
        sums.filters[filter] = found | {"ms": {name: ms + loads[name] for name, ms in found["ms"].items() if name in loads}}
    each = ", ".join(f"{peer} {_mean(sums.ratios(peer))}" for peer in sums.peers())
    return f"load + first question, geometric mean: best peer ÷ whereql {_mean(sums.ratios())}; each peer ÷ whereql: {each}"


def _words(results: Results) -> list[str]:
    """What the table comes to."""
    found = summary(results)
    slower = found["slower"]
    where = f": {', '.join(slower)}" if slower else ""
    lines = [f"whereql is at least as fast as the best peer at {len(results.ratios()) - len(slower)} of {len(results.ratios())} filters; slower at {len(slower)}{where}"]
    times = {filter: results.filters[filter]["ms"] for filter in slower}
    if shares := [f"{filter} {ms[LIST] / ms[OWN]:.0%}" for filter, ms in times.items() if LIST in ms]:
        lines.append(f"of its time at these, the list of ids alone takes: {', '.join(shares)}")
    return [*lines, _with_load(results)] if results.is_cold else lines


def show(results: Results) -> list[Table | str]:
    """The tables for a terminal."""
    what = "first question, nothing built yet" if results.is_cold else "warm"
    shown: list[Table | str] = []
    for title, (headings, lines) in ((f"{results.n:,} records, {what}: ms", _rows(results)), ("", _loads(results))):
        table = Table(title=title, box=None, pad_edge=False)
        for number, heading in enumerate(headings):
            table.add_column(heading, justify="left" if number == 0 else "right", no_wrap=True)
        for line in lines:
            table.add_row(*line)
        shown += [table, ""]
    return [*shown, *_words(results), *results.failures()]


def markdown(results: Results) -> str:
    """The tables for the page."""
    told = results.machine
    versions = ", ".join(f"{name} {number}" for name, number in told["versions"].items())
    parts = [f"{told['processor']}, {told['cores']} cores, {told['memory_gb']} GB, Python {told['python']}; {versions}."]
    parts += [f"**{line[0].upper()}{line[1:]}.**" for line in _words(results)]
    parts += [to_markdown(headings, lines) for headings, lines in (_rows(results), _loads(results))]
    return "\n\n".join(parts)


def to_markdown(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table as Markdown, figures to the right."""
    rows = [headings, ["---", *["---:"] * (len(headings) - 1)], *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write_section(page: Path, name: str, text: str) -> None:
    """Put a text between the marks of its name in a page. Raises ValueError where the page has no such marks."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{page} has no place for {name}: a line {start.strip()} and a line {end}")
    page.write_text(f"{before}{start}\n{text}\n\n{end}{after}", encoding="utf-8")


def plot(results: Results, path: Path) -> None:
    """A line of dots for each filter: how many times longer than whereql each peer takes, on a scale of powers of ten."""
    import matplotlib  # a second that only a plot costs

    matplotlib.use("agg")
    from matplotlib import pyplot

    filters = list(results.filters)
    figure, axes = pyplot.subplots(figsize=(9, 2 + 0.22 * len(filters)), layout="constrained")
    markers = "osDv^<>PX*"
    for peer, marker in zip(results.peers(), markers, strict=False):
        points = [(ratio, number) for number, filter in enumerate(filters) if (ratio := results.ratio(filter, peer))]
        axes.scatter([ratio for ratio, _ in points], [number for _, number in points], s=18, marker=marker, label=peer, alpha=0.8)
    axes.axvline(1, color="black", linewidth=1)
    axes.set(xscale="log", xlabel="times as long as whereql (right of the line: whereql is faster)", title=f"{results.n:,} records, {'first questions' if results.is_cold else 'warm'}")
    axes.set_yticks(range(len(filters)), filters, fontsize=8)
    axes.set_ylim(len(filters) - 0.5, -0.5)
    axes.grid(axis="both", linewidth=0.3)
    figure.legend(loc="outside lower center", ncols=5, fontsize=8)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)


def main() -> int:
    """Write the page and the plot from the JSON of some runs."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.report", description="The medians of some runs of benchmarks.filters, in a page.")
    options.add_argument("runs", type=Path, nargs="+", metavar="JSON")
    options.add_argument("--doc", type=Path, help="the page, with marks for the tables")
    options.add_argument("--name", help="the name of the marks (default: `warm` or `cold` with the number of records)")
    options.add_argument("--plot", type=Path, help="a file, .png or .svg")
    given = options.parse_args()
    results = merged([read_results(path) for path in given.runs])
    if given.doc:
        write_section(given.doc, given.name or f"{'cold' if results.is_cold else 'warm'} {results.n}", markdown(results))
    if given.plot:
        plot(results, given.plot)
    print(markdown(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
