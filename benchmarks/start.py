"""How long programs wait for whereql to start, over what the interpreter takes by itself.

Run `python -m benchmarks.start`. The programs take turns, each in a process of its own, with the bytecode of a first run
that isn't counted: pip leaves an installed package so, too, though a checkout may not be.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
_WHEREQL = "from whereql.cli import main; main()"


@dataclass(frozen=True, eq=False)
class Program:
    """What to run, and the milliseconds over a bare interpreter that it may take; None for a figure without a target."""

    name: str
    arguments: list[str]
    target: int | None = None


BARE = Program("python", ["-c", "pass"])
PROGRAMS = [
    BARE,
    Program("import whereql", ["-c", "import whereql"], 100),
    Program("whereql --help", ["-c", _WHEREQL, "--help"], 250),
    Program("whereql fmt 'year >= 2017'", ["-c", _WHEREQL, "fmt", "year >= 2017"]),
    Program(
        "whereql get papers.jsonl …", ["-c", _WHEREQL, "get", "examples/papers.jsonl", "year >= 2017", "--limit", "3"]
    ),
]


def _environment(bytecode: str) -> dict[str, str]:
    """This process's environment, with bytecode kept in a folder of the run."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": bytecode}


def run(program: Program, environment: dict[str, str]) -> float | None:
    """Milliseconds from start to end; None where the program fails."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *program.arguments], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    return (time.perf_counter() - started) * 1000 if done.returncode == 0 else None


def measure(rounds: int) -> dict[Program, float | None]:
    """The median of each program, None for one that fails; in each round, every program runs once."""
    with tempfile.TemporaryDirectory() as bytecode:
        environment = _environment(bytecode)
        works = [program for program in PROGRAMS if run(program, environment) is not None]
        samples = [{program: run(program, environment) for program in works} for _ in range(rounds)]
    return {program: _median([sample.get(program) for sample in samples]) for program in PROGRAMS}


def _median(times: list[float | None]) -> float | None:
    return median([taken for taken in times if taken is not None]) if None not in times else None


def to_rows(medians: dict[Program, float | None]) -> list[dict[str, Any]]:
    """The medians as JSON-ready rows."""
    bare = medians[BARE] or 0.0
    return [
        {
            "program": program.name,
            "milliseconds": taken,
            "over_bare": None if taken is None else taken - bare,
            "target": program.target,
        }
        for program, taken in medians.items()
    ]


def show(rows: list[dict[str, Any]]) -> Table:
    """The rows as a table."""
    table = Table("program", title="Start to end: median ms", box=None, pad_edge=False)
    for name in ("ms", "over python", "target"):
        table.add_column(name, justify="right")
    for row in rows:
        figures = (
            ["fails", ""] if row["milliseconds"] is None else [f"{row['milliseconds']:.0f}", f"{row['over_bare']:+.0f}"]
        )
        table.add_row(row["program"], *figures, f"≤ {row['target']}" if row["target"] else "")
    return table


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.start", description="Time the start of whereql.")
    options.add_argument("--rounds", type=int, default=15, help="runs of each program (default: 15)")
    options.add_argument("--json", action="store_true", help="print JSON for programs")
    given = options.parse_args()
    rows = to_rows(measure(given.rounds))
    if given.json:
        print(json.dumps(rows, indent=2))
    else:
        Console(highlight=False).print(show(rows))


if __name__ == "__main__":
    main()
