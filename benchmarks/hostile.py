"""What hostile input costs: time and memory of each case of `tests/test_hostile.py`, against the least that reading it takes.

The yardstick is `json.loads` of the same JSON, or for a text `str.split`, and at least 10 ms and 1 MB, below which nobody is
hurt. Run: `python benchmarks/hostile.py`. A ratio over 10 is marked.
"""

from __future__ import annotations

import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import whereql

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from test_hostile import TEXTS_THAT_HURT, VALUES_THAT_HURT  # the cases are data of that test

LEAST_SECONDS, LEAST_BYTES = 0.01, 1 << 20
MARKED = 10


def attempt(read: Callable[[Any], Any], source: Any) -> None:
    """Read it, errors rendered and all."""
    try:
        read(source)
    except whereql.WhereqlError as error:
        error.render()
    except (ValueError, RecursionError):  # the yardstick's own refusals
        pass


def seconds(read: Callable[[Any], Any], source: Any) -> float:
    """The better of two runs."""
    runs = []
    for _ in range(2):
        whereql.dialects.text._decode.cache_clear()
        start = time.perf_counter()
        attempt(read, source)
        runs.append(time.perf_counter() - start)
    return min(runs)


def peak(read: Callable[[Any], Any], source: Any) -> int:
    """The most bytes at once, beyond the source itself."""
    whereql.dialects.text._decode.cache_clear()
    tracemalloc.start()
    attempt(read, source)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def json_of(value: Any) -> str | None:
    """The JSON text of a value, None where it has none."""
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return None


def row(name: str, read: Callable[[Any], Any], source: Any, yardstick: Callable[[Any], Any], plain: Any) -> tuple[float, float]:
    """Measure and print one case; its ratios of time and memory."""
    took, used = seconds(read, source), peak(read, source)
    least, held = (0.0, 0) if plain is None else (seconds(yardstick, plain), peak(yardstick, plain))
    slower, larger = took / max(least, LEAST_SECONDS), used / max(held, LEAST_BYTES)
    mark = " <<<" if max(slower, larger) > MARKED else ""
    print(f"{name:42} {took * 1000:9.1f} ms {least * 1000:8.1f} ms {slower:7.1f} {used / 1e6:9.1f} MB {held / 1e6:8.1f} MB {larger:7.1f}{mark}")
    return slower, larger


def main() -> None:
    """Measure every case."""
    attempt(whereql.parse, "a = 1 AND b MATCHES 'x'")
    print(f"{'case':42} {'whereql':>12} {'least':>11} {'ratio':>7} {'whereql':>12} {'least':>11} {'ratio':>7}")
    ratios = [row(name, whereql.parse, source, str.split, source) for name, (source, _) in TEXTS_THAT_HURT.items()]
    for name, (read, make, _) in VALUES_THAT_HURT.items():
        source = make()
        ratios.append(row(name, read, source, json.loads, source if isinstance(source, (str, bytes)) else json_of(source)))
    beyond = sum(max(pair) > MARKED for pair in ratios)
    print(f"{len(ratios)} cases, {beyond} beyond {MARKED} times the least")


if __name__ == "__main__":
    main()
