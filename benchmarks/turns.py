"""Contenders that take turns: each has a process of its own, so that none pays for another's heap, and all of them meet the
same moods of the machine.
"""

from __future__ import annotations

import gc
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

Run = Callable[..., Any]
Serve = Callable[[str, Connection], None]

_BATCH = 0.01  # seconds that one turn of a contender takes at least
_MOST_COPIES = 64  # made ahead of their runs: more would be a heap for the garbage collector to walk


@contextmanager
def workers(serve: Serve, names: Sequence[str]) -> Iterator[dict[str, Connection]]:
    """A process for each contender, by its name; each runs `serve` of its name and the other end of the connection."""
    context = multiprocessing.get_context("spawn")
    pipes = {name: context.Pipe() for name in names}
    processes = [context.Process(target=serve, args=(name, pipes[name][1]), daemon=True) for name in names]
    for process in processes:
        process.start()
    for _, far in pipes.values():
        far.close()
    try:
        yield {name: near for name, (near, _) in pipes.items()}
    finally:
        for process in processes:
            process.terminate()


def answer_turns(connection: Connection, run: Run, sources: Mapping[str, Any], fresh: Run | None = None) -> None:
    """A contender's side of the turns: for the name of each source asked for, the seconds per run. Never returns."""
    gc.collect()
    while True:
        source = sources[connection.recv()]
        connection.send(time_batch(run, source) if fresh is None else time_copies(run, source, fresh))


def take_turns(
    connections: Mapping[str, Connection], sources: Mapping[str, Sequence[str]], rounds: int
) -> dict[str, dict[str, float]]:
    """The median microseconds of each contender at each of its sources; in every round, each has one turn at each."""
    every = dict.fromkeys(source for own in sources.values() for source in own)
    samples: dict[str, dict[str, list[float]]] = {name: {source: [] for source in own} for name, own in sources.items()}
    for _ in range(rounds):
        for source in every:
            for name, own in samples.items():
                if source in own:
                    connections[name].send(source)
                    own[source].append(connections[name].recv())
    return {name: {source: median(times) * 1e6 for source, times in own.items()} for name, own in samples.items()}


def time_batch(run: Run, source: Any) -> float:
    """Seconds of this process per run, which neighbours on the machine disturb less than those of the clock."""
    run(source)  # wakes the caches
    count, step = 0, 1
    started = time.process_time()
    while (elapsed := time.process_time() - started) < _BATCH:
        for _ in range(step):
            run(source)
        count += step
        step *= 2
    return elapsed / count


def time_copies(run: Run, source: Any, fresh: Run) -> float:
    """As `time_batch`, for a run that changes what it is given: each gets a copy, made while no time is taken."""
    run(fresh(source))
    count, step, elapsed = 0, 1, 0.0
    while elapsed < _BATCH:
        copies = [fresh(source) for _ in range(step)]
        started = time.process_time()
        for copy in copies:
            run(copy)
        elapsed += time.process_time() - started
        count += step
        step = min(step * 2, _MOST_COPIES)
    return elapsed / count


def digits(number: float) -> str:
    """A positive figure with the digits that mean something."""
    if number < 0.01:
        return "<0.01"
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"
