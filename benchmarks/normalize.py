"""What `whereql.normalize` costs beside parsing and beside sqlglot's `simplify`, and how it grows.

Run `python -m benchmarks.normalize`, which also prints which of the two finds what, from `benchmarks.simplifications`. As in
`benchmarks.parse`, every contender works in a process of its own and they take turns. What the timed filters become is checked
before anything is timed. What is remembered of a filter's texts between calls is forgotten before each, as the parse cache is;
`simplify` changes the tree that it is given, so each run has a copy, made while no time is taken.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from multiprocessing.connection import Connection
from pkgutil import iter_modules
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

import whereql
from benchmarks.parse import PARSERS, filters, write_sql
from benchmarks.simplifications import (
    Finding,
    Said,
    changed,
    means_the_same,
    same_in_sql,
    show_beyond,
    show_findings,
    simplifier,
    study_all,
    to_sql,
)
from benchmarks.turns import Run, answer_turns, digits, take_turns, workers
from whereql import optimize

GROWTH = (10, 100, 1_000, 10_000)
_SQLGLOT_GROWTH = 100  # its time grows with the square: 1,000 take many seconds


def work() -> dict[str, str]:
    """The filters to time, by name, in words that whereql and SQL share: those of `benchmarks.parse`, and some to shorten."""
    common = (
        f"(tenant = 'a' AND year >= {2000 + i} AND year < {2010 + i} AND NOT (lang = 'l{i % 5}' OR stars > {i % 3}.5))"
        for i in range(20)
    )
    ranges = (f"year >= {1990 + i} AND NOT (year > {2050 - i} OR lang = 'l{i}') AND stars <> {i}.5" for i in range(25))
    return {name: write_sql(tree) for name, tree in filters().items()} | {
        "6 redundant": "year >= 2015 AND year >= 2018 AND (lang = 'en' OR lang = 'de') AND NOT (year < 2010 OR draft = TRUE)",
        "7 on texts": "title LIKE 'The %' AND title LIKE '%neural%' AND title LIKE '%eur%' AND NOT title LIKE '%xyz'"
        " AND lang LIKE 'en' AND (title = 'The neural net' OR year > 2020)",
        "100 with common parts": " OR ".join(common),
        "100 on three keys": " AND ".join(ranges),
    }


def growth() -> dict[str, str]:
    """`k = i` under OR and `k <> i` under AND, by joiner and number."""
    forms = {"OR": "k = {}", "AND": "k <> {}"}
    return {
        f"{joiner} {n}": f" {joiner} ".join(form.format(i) for i in range(n))
        for joiner, form in forms.items()
        for n in GROWTH
    }


class Engine(NamedTuple):
    """prepare: a text as what `run` takes; run: the work; show: its result as text; fresh: a copy, where `run` changes its argument."""

    prepare: Run
    run: Run
    show: Run
    fresh: Run | None = None

    def result(self, text: str) -> str:
        """What is printed for a text."""
        return str(self.show(self.run(self.prepare(text))))


@dataclass(frozen=True)
class Contender:
    """What to measure: how to get it, and the texts for it."""

    name: str
    package: str
    load: Callable[[], Engine]
    sources: Mapping[str, str]


def _parsing() -> Engine:
    return Engine(str, _parser_of("whereql"), whereql.to_text)


def _parser_of(name: str) -> Run:
    return next(parser for parser in PARSERS if parser.name == name).load()


def _normalizing() -> Engine:
    return Engine(whereql.parse, _normalize_cold(), whereql.to_text)


def _normalize_cold() -> Run:
    """`normalize` without the memory of texts that it has met; what it knows of truth tables is no filter's."""
    names = [found.name for found in iter_modules(optimize.__path__) if found.name != "boolean"]
    modules = [import_module(f"{optimize.__name__}.{name}") for name in names]
    remembered = {value for module in modules for value in vars(module).values() if hasattr(value, "cache_clear")}
    normalize = whereql.normalize

    def run(expr: whereql.Expr) -> whereql.Expr:
        for one in remembered:
            one.cache_clear()
        return normalize(expr)

    return run


def _simplifying(name: str) -> Engine:
    parse = _parser_of(name)  # which also sees to it that the sources or the compiled modules are imported
    return Engine(parse, simplifier(), to_sql, lambda tree: tree.copy())


def _contenders() -> list[Contender]:
    short = {name: text for name, text in growth().items() if int(name.split()[1]) <= _SQLGLOT_GROWTH}
    peers = {"sqlglot": "sqlglot", "sqlglot (mypyc)": "sqlglotc"}
    return [
        Contender("parse", "whereql", _parsing, work()),
        Contender("normalize", "whereql", _normalizing, work()),
        Contender("normalize, growing", "whereql", _normalizing, growth()),
        *[Contender(name, package, partial(_simplifying, name), work() | short) for name, package in peers.items()],
    ]


def _serve(name: str, connection: Connection) -> None:
    """A contender's process: its version and results, or None where it is not installed; then its turns."""
    contender = next(one for one in _contenders() if one.name == name)
    try:
        engine = contender.load()
    except ModuleNotFoundError:
        connection.send(None)
        return
    connection.send((version(contender.package), {key: engine.result(text) for key, text in contender.sources.items()}))
    prepared = {key: engine.prepare(text) for key, text in contender.sources.items()}
    answer_turns(connection, engine.run, prepared, engine.fresh)


@dataclass(frozen=True)
class Timing:
    """The figures of one contender: its version, or None where it is not installed; by filter the median, and what it printed."""

    name: str
    package: str
    version: str | None
    microseconds: dict[str, float]
    results: dict[str, str]


def measure_all(rounds: int) -> dict[str, Timing]:
    """The checked results and the medians of every contender, by name."""
    contenders = _contenders()
    with workers(_serve, [one.name for one in contenders]) as connections:
        answers: dict[str, tuple[str | None, dict[str, str]]]
        answers = {name: connection.recv() or (None, {}) for name, connection in connections.items()}
        for one in contenders:
            for key, printed in answers[one.name][1].items():
                check(one, key, printed)
        medians = take_turns(connections, {name: list(found) for name, (_, found) in answers.items() if found}, rounds)
    return {one.name: Timing(one.name, one.package, answers[one.name][0], medians.get(one.name, {}), answers[one.name][1]) for one in contenders}  # fmt: skip


def check(contender: Contender, key: str, printed: str) -> None:
    """Raise ValueError unless a printed result means what its source means, and of a growing filter is one list."""
    before, after = whereql.parse(contender.sources[key]), whereql.parse(printed)
    if key in growth() and contender.package == "whereql":
        fits = is_one_list(key, after)
    elif contender.package == "whereql":
        fits = means_the_same(before, after)
    else:
        fits = same_in_sql(before, after)
    if not fits:
        raise ValueError(f"{contender.name} makes something else of {key}: {printed[:200]}")


def is_one_list(key: str, after: whereql.Expr) -> bool:
    """Whether a normal form is IN of all numbers of a growing filter, or the NOT of it."""
    joiner, n = key.split()
    listed = after.arg if joiner == "AND" and isinstance(after, whereql.Not) else after
    values = (whereql.Op.IN, tuple(map(whereql.literal, range(int(n)))))
    return isinstance(listed, whereql.Predicate) and (listed is after) is (joiner == "OR") and (listed.op, listed.operand) == values  # fmt: skip


def _table(title: str, first: str, columns: list[str]) -> Table:
    table = Table(first, title=title, box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right")
    return table


def show_parse(timings: Mapping[str, Timing]) -> Table:
    """`normalize` beside parsing."""
    parse, normalize = timings["parse"], timings["normalize"]
    columns = ["predicates", "parse", "normalize", "parse ÷ normalize"]
    table = _table("Normalizing beside parsing the same text: median µs", "filter", columns)
    for name, text in work().items():
        before, after = whereql.parse(text).size, whereql.parse(normalize.results[name]).size
        costs = parse.microseconds[name], normalize.microseconds[name]
        table.add_row(name, f"{before} → {after}", *map(digits, costs), f"{digits(costs[0] / costs[1])}×")
    return table


def show_growth(timings: Mapping[str, Timing]) -> Table:
    """`normalize` of longer and longer filters."""
    own = timings["normalize, growing"]
    peers = [timings[name] for name in ("sqlglot", "sqlglot (mypyc)") if timings[name].version]
    columns = ["µs", "µs per predicate", *[f"{peer.name}, µs per predicate" for peer in peers]]
    table = _table("k = i under OR, k <> i under AND", "filter", columns)
    for name, taken in own.microseconds.items():
        n = int(name.split()[1])
        per = [f"{digits(peer.microseconds[name] / n)}" if name in peer.microseconds else "–" for peer in peers]
        table.add_row(f"{name.split()[0]} of {n:,}", digits(taken), digits(taken / n), *per)
    return table


def show_peers(timings: Mapping[str, Timing]) -> Table:
    """`normalize` beside `simplify`: times, and the predicates and list literals that are left."""
    contenders = [timings["normalize"], *[timings[name] for name in ("sqlglot", "sqlglot (mypyc)")]]
    table = _table(
        "normalize beside sqlglot's simplify: median µs, peer ÷ whereql, predicates/literals left",
        "filter",
        [one.name for one in contenders],
    )
    table.caption = ", ".join({f"{one.package} {one.version}": None for one in contenders if one.version})
    for name in work():
        base = contenders[0].microseconds[name]
        table.add_row(name, *[_peer_cell(one, name, base) for one in contenders])
    return table


def _peer_cell(one: Timing, name: str, base: float) -> str:
    if not one.version:
        return "not installed"
    taken = one.microseconds[name]
    return f"{digits(taken)} {digits(taken / base):>5}× {Said.of(one.results[name]).left:>9}"


def to_dict(timings: Mapping[str, Timing], findings: list[Finding], beyond: list[dict[str, str]]) -> dict[str, Any]:
    """Everything as JSON-ready data; of the timings all but the printed results."""
    figures = [{key: value for key, value in asdict(one).items() if key != "results"} for one in timings.values()]
    return {
        "python": sys.version.split()[0],
        "contenders": figures,
        "cases": [one.to_dict() for one in findings],
        "beyond": beyond,
    }


def main() -> None:
    """Check, measure and print."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.normalize",
        description="Time normalize, beside parsing and beside sqlglot's simplify.",
    )
    options.add_argument("--rounds", type=int, default=30, help="turns of each contender at each filter (default: 30)")
    options.add_argument("--json", action="store_true", help="print JSON for programs")
    given = options.parse_args()
    plain, told, beyond = study_all()
    timings = measure_all(given.rounds)
    if given.json:
        print(json.dumps(to_dict(timings, plain + told, beyond), indent=2))
        return
    console = Console(highlight=False)
    for table in (show_parse(timings), show_growth(timings), show_peers(timings)):
        console.print(table, "")
    if plain:
        console.print(show_findings(plain), "", show_findings(changed(plain, told)), "", show_beyond(beyond))


if __name__ == "__main__":
    main()
