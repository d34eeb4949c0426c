"""What `whereql.normalize` costs beside parsing and beside sqlglot's `simplify`, how it grows, and which of the two finds what.

Run `python -m benchmarks.normalize`. As in `benchmarks.parse`, every contender works in a process of its own and they take
turns. Timed filters and cases are checked before anything is timed: whereql's results by `whereql.equivalent`, and on sampled
records where that knows no answer; sqlglot's on sampled records, in SQL's three truth values, where a wrong one of a case is
a verdict. What is remembered of a filter's texts between calls is forgotten before each, as the parse cache is; `simplify`
changes the tree that it is given, so each run has a copy, made while no time is taken.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from itertools import product
from math import prod
from multiprocessing.connection import Connection
from pkgutil import iter_modules
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

import whereql
from benchmarks.parse import PARSERS, filters, write_sql
from benchmarks.turns import Run, answer_turns, digits, take_turns, workers
from whereql import optimize
from whereql.ast import predicates
from whereql.optimize.measure import Measure, measure
from whereql.records import KeyInfo, Schema
from whereql.semantics import test

_MOST_SAMPLES = 2_000
_BUDGET = 1 << 16  # cells that `equivalent` looks at before the samples have to do
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
    return Engine(parse, _simplify(), _to_sql, lambda tree: tree.copy())


def _simplify() -> Run:
    simplify: Run = import_module("sqlglot.optimizer.simplify").simplify
    return simplify


def _to_sql(tree: Any) -> str:
    return str(tree.sql())


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


def means_the_same(before: whereql.Expr, after: whereql.Expr) -> bool:
    """Whether two filters match the same records, some of which lack keys."""
    verdict = whereql.equivalent(before, after, budget=_BUDGET).verdict
    if verdict != "unknown":
        return verdict == "yes"
    return all((truth(before, s) is True) is (truth(after, s) is True) for s in samples(before, present=True))


def same_in_sql(before: whereql.Expr, after: whereql.Expr, *, present: bool = False) -> bool:
    """Whether two filters have the same of SQL's three truth values for every sample; present: where nothing is NULL."""
    return all(truth(before, sample) is truth(after, sample) for sample in samples(before, present=present))


def truth(expr: whereql.Expr, values: Mapping[str, Any]) -> bool | None:
    """A filter as SQL reads it: None is NULL, which a comparison with NULL is, too."""
    match expr:
        case whereql.Const(value):
            return value
        case whereql.Not(arg):
            inner = truth(arg, values)
            return None if inner is None else not inner
        case whereql.And(args) | whereql.Or(args):
            decisive = isinstance(expr, whereql.Or)
            found = {truth(arg, values) for arg in args}
            return decisive if decisive in found else None if None in found else not decisive
        case whereql.Predicate(whereql.Field(name), op, operand):
            value = values[name]
            return value is not None if op is whereql.Op.EXISTS else None if value is None else test(value, op, operand)
    raise TypeError(f"no filter over metadata: {expr!r}")


def samples(expr: whereql.Expr, *, present: bool) -> Iterator[dict[str, Any]]:
    """Values for the keys of a filter, each of the kind of its key: all combinations, or many of them; present: no NULLs."""
    choices = {name: sorted(_near(found), key=str) + [None] * (not present) for name, found in _values(expr).items()}
    if prod(map(len, choices.values())) <= _MOST_SAMPLES:
        yield from (dict(zip(choices, row, strict=True)) for row in product(*choices.values()))
        return
    chance = random.Random(1)
    yield from ({name: chance.choice(found) for name, found in choices.items()} for _ in range(_MOST_SAMPLES))


def _values(expr: whereql.Expr) -> dict[str, set[Any]]:
    """The values that a filter compares each key with."""
    values: dict[str, set[Any]] = {}
    for predicate in predicates(expr):
        assert isinstance(predicate.subject, whereql.Field)
        items = predicate.operand if isinstance(predicate.operand, tuple) else (predicate.operand,)
        own = values.setdefault(predicate.subject.name, set())
        own.update(item.value for item in items if isinstance(item, whereql.Literal))
    return values


def _near(values: set[Any]) -> set[Any]:
    """Values and their neighbours; of a pattern, texts that it may match."""
    near: set[Any] = set()
    for value in values or {1}:
        if isinstance(value, bool):
            near |= {False, True}
        elif isinstance(value, str):
            plain = value.replace("%", "")
            near |= {plain, plain[:-1], plain + "x", "x" + plain, "x" + plain + "x"}
        else:
            near |= {value, value - 1, value + 1, value - 0.25, value + 0.25}
    return near


CASES = """
a = 1 AND a = 2
a = 1 OR a = 2
a <> 1 AND a <> 2
a = 1 AND b = 2 AND a = 1
(a = 1 OR b = 2) AND (b = 2 OR a = 1)
NOT NOT a = 1
NOT (a = 1 AND b = 2)
NOT (a = 1 OR NOT b = 2)
a = 1 AND NOT a = 1
a = 1 OR NOT a = 1
a = 1 AND TRUE
a = 1 OR TRUE
k > 5 AND k > 7
k > 5 OR k > 7
k > 5 AND k < 3
k > 5 AND k <= 5.5 AND k > 4.5
k >= 5 AND k <= 5
k >= 5 AND k <> 5
k < 5 OR k = 5
k < 5 OR k >= 5
k <> 5 AND k > 5
k > 5 AND k = 6
k = 1 AND k <> 2
k > 5 AND k > 5.0
k > 5 AND NOT k < 5
k = 1 OR k = 1.0
k BETWEEN 5 AND 3
k BETWEEN 1 AND 5 AND k BETWEEN 3 AND 9
k IN (1, 1, 2)
k IN (1, 2) AND k IN (2, 3)
k IN (1, 2) OR k = 3
k IN (1, 2, 3) AND k > 1
k LIKE 'abc'
k LIKE 'abc%' AND k = 'abcd'
k LIKE '%abc%' AND k LIKE '%b%'
k >= 'ab' AND k < 'ac'
a IS NULL AND a = 1
a = 1 AND a IS NOT NULL
a = 1 AND (a = 1 OR b = 2)
a = 1 OR (a = 1 AND b = 2)
a = 1 AND (NOT a = 1 OR b = 2)
(a = 1 AND b = 2) OR (a = 1 AND c = 3)
(a = 1 AND b = 2) OR (a = 1 AND NOT b = 2)
k > 5 AND (k > 3 OR a = 1)
k > 5 AND (k < 3 OR a = 1)
k <= 7 OR (a = 1 AND NOT k > 7)
""".strip().splitlines()

# What only one of the two languages can say.
BEYOND = """
1 + 1 = 2 AND a = 1
a > 5 + 2
a + 1 = 3
a > -(-5)
a = b AND a = b
a < b AND b > a
CASE WHEN TRUE THEN a ELSE b END = 1
CONCAT('a', 'b') = k
d > DATE '2020-01-01' + INTERVAL '1' DAY
DATE_TRUNC('year', d) = DATE '2021-01-01'
t HAS 'x' AND t HAS ANY ('x', 'y')
k CONTAINS 'abc' AND k CONTAINS 'b'
k MATCHES '^abc' OR k STARTS WITH 'ab'
""".strip().splitlines()


class Said(NamedTuple):
    """What came out of a case: its text, the filter that it is, and its size."""

    text: str
    expr: whereql.Expr
    size: Measure

    @classmethod
    def of(cls, text: str) -> Said:
        """A printed result, counted by the same measure whoever printed it."""
        expr = whereql.parse(text)
        return cls(text, expr, measure(expr))


@dataclass(frozen=True)
class Finding:
    """What the two make of one filter; told: they know that every key is present, of one kind, and not NULL."""

    text: str
    told: bool
    whereql: Said
    sqlglot: Said

    @property
    def is_comparable(self) -> bool:
        """Whether each result would be right in the other's logic: neither says more than the other could."""
        before = whereql.parse(self.text)
        return self.told or (same_in_sql(before, self.whereql.expr) and means_the_same(before, self.sqlglot.expr))

    @property
    def verdict(self) -> str:
        """Whose result is shorter, by list literals and predicates, then by predicates; a wrong one wins nothing."""
        if not same_in_sql(whereql.parse(self.text), self.sqlglot.expr, present=self.told):
            return "sqlglot wrong"
        if not self.is_comparable:
            return "not comparable"
        if self.whereql.size == self.sqlglot.size:
            return "same size"
        return "whereql shorter" if self.whereql.size < self.sqlglot.size else "sqlglot shorter"


def study(text: str, *, told: bool) -> Finding:
    """Both results of a filter; whereql's is checked."""
    before = whereql.parse(text)
    schema = Schema(0, {name: _declared(values) for name, values in _values(before).items()}) if told else None
    normal = whereql.normalize(before, schema=schema)
    if not (same_in_sql(before, normal, present=True) if told else means_the_same(before, normal)):
        raise ValueError(f"whereql makes something else of {text}: {whereql.to_text(normal)}")
    return Finding(text, told, Said.of(whereql.to_text(normal)), _shortest_sql(before, text, told))


def _declared(values: set[Any]) -> KeyInfo:
    kinds = ("string",) if any(isinstance(value, str) for value in values) else ("int", "float")
    return KeyInfo({}, declared=("bool",) if any(isinstance(value, bool) for value in values) else kinds, required=True)


def _shortest_sql(before: whereql.Expr, text: str, told: bool) -> Said:
    """What sqlglot prints; or what it prints with its propagation of constants, if that is right, readable here and shorter."""
    sqlglot: Any = import_module("sqlglot")
    simplify, results = _simplify(), []
    for propagation in (False, True):
        tree = sqlglot.parse_one(text)
        for column in tree.find_all(sqlglot.exp.Column) if told else ():
            column.meta["nonnull"] = True  # as its `annotate_types` marks a column that a schema calls NOT NULL
        with suppress(whereql.ParseError):
            results.append(Said.of(_to_sql(simplify(tree, constant_propagation=propagation))))
    return min(
        (one for one in results if one is results[0] or same_in_sql(before, one.expr, present=told)),
        key=lambda one: one.size,
    )


def study_beyond(text: str) -> dict[str, str]:
    """What the two make of a filter that one of them refuses."""
    sqlglot: Any = import_module("sqlglot")
    try:
        ours = whereql.to_text(whereql.normalize(whereql.parse(text)))
    except whereql.WhereqlError as error:
        ours = f"refused, {error.code}"
    try:
        theirs = _to_sql(_simplify()(sqlglot.parse_one(text)))
    except sqlglot.ParseError:
        theirs = "refused"
    return {"filter": text, "whereql": ours, "sqlglot": theirs}


def is_installed(name: str) -> bool:
    """Whether a module can be imported."""
    try:
        import_module(name)
    except ModuleNotFoundError:
        return False
    return True


def study_all() -> tuple[list[Finding], list[Finding], list[dict[str, str]]]:
    """All cases, untold and told, and those of one language only; nothing where sqlglot is not installed."""
    if not is_installed("sqlglot"):
        return [], [], []
    plain, told = ([study(text, told=knows) for text in CASES] for knows in (False, True))
    return plain, told, [study_beyond(text) for text in BEYOND]


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
    return f"{digits(taken)} {digits(taken / base):>5}× {_left(Said.of(one.results[name]).size):>9}"


def _left(size: Measure) -> str:
    return f"{size.predicates}/{size.units}"


def show_findings(findings: list[Finding]) -> Table:
    """What the two make of each case."""
    title = "Every key present, of one kind, NOT NULL" if findings[0].told else "Nothing known of the keys"
    table = _table(f"{title}: results, predicates/literals left", "filter", [])
    for name in ("whereql", "", "sqlglot", "", "verdict"):
        table.add_column(name)
    for one in findings:
        table.add_row(one.text, one.whereql.text, _left(one.whereql.size), one.sqlglot.text, _left(one.sqlglot.size), one.verdict)  # fmt: skip
    table.caption = ", ".join(f"{verdict}: {count}" for verdict, count in tally(findings).items())
    return table


def tally(findings: list[Finding]) -> dict[str, int]:
    """How many cases have each verdict."""
    counts = dict.fromkeys(("whereql shorter", "same size", "sqlglot shorter", "sqlglot wrong", "not comparable"), 0)
    for one in findings:
        counts[one.verdict] += 1
    return counts


def show_beyond(rows: list[dict[str, str]]) -> Table:
    """What one of the two languages lacks."""
    table = Table("filter", "whereql", "sqlglot", title="Beyond one of the languages", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row.values())
    return table


def to_dict(timings: Mapping[str, Timing], findings: list[Finding], beyond: list[dict[str, str]]) -> dict[str, Any]:
    """Everything as JSON-ready data; of the timings all but the printed results."""
    figures = [{key: value for key, value in asdict(one).items() if key != "results"} for one in timings.values()]
    cases = [
        {
            "filter": one.text, "told": one.told, "verdict": one.verdict,
            "whereql": {"text": one.whereql.text, **one.whereql.size._asdict()},
            "sqlglot": {"text": one.sqlglot.text, **one.sqlglot.size._asdict()},
        }
        for one in findings
    ]  # fmt: skip
    return {"python": sys.version.split()[0], "contenders": figures, "cases": cases, "beyond": beyond}


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
        changed = [one for one, other in zip(told, plain, strict=True) if (one.whereql.size, one.sqlglot.size, one.verdict) != (other.whereql.size, other.sqlglot.size, other.verdict)]  # fmt: skip
        console.print(show_findings(plain), "", show_findings(changed), "", show_beyond(beyond))


if __name__ == "__main__":
    main()
