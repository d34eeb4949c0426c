"""How long it takes to parse a filter: whereql beside other Python filter parsers, each reading the same four filters.

Run `python -m benchmarks.parse`. Every parser works in a process of its own, so that none pays for another's heap, and
the processes take turns, so that all of them meet the same moods of the machine. Each result is printed back and looked
through for the values of the filter: a parser that puts off its work would be caught.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.metadata import version
from importlib.resources import files
from importlib.util import spec_from_file_location
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.turns import answer_turns, digits, take_turns, workers

Parse = Callable[[str], Any]
Predicate = tuple[str, str, "Value"]
Value = str | int | float | bool | list[str]


@dataclass(frozen=True)
class Group:
    """Predicates and groups joined by `and` or `or`."""

    joiner: str
    parts: list[Predicate | Group]


Filter = Predicate | Group


def filters() -> dict[str, Filter]:
    """The four filters, by the name of their column; all of them are within what every peer's language can say."""
    six = Group(
        "and",
        [
            Group("or", [("category", "=", "machine"), ("category", "=", "language")]),
            ("year", ">=", 2015),
            Group("or", [("stars", ">", 3.5), Group("and", [("lang", "=", "en"), ("draft", "=", True)])]),
        ],
    )
    fours: list[list[Filter]] = [
        [
            (f"key{i}", ">=", i),
            (f"name{i}", "=", f"text {i}"),
            (f"part{i}", "<", i + 0.5),
            (f"sort{i}", "=", f"kind {i}"),
        ]
        for i in range(25)
    ]
    return {
        "1 predicate": ("year", ">=", 2020),
        "6 nested": six,
        "100 predicates": Group("or", [Group("and", four) for four in fours]),
        "IN of 1,000": ("author", "in", [f"author {i}" for i in range(1000)]),
    }


def write_sql(part: Filter) -> str:
    """The filter as whereql, ECQL, CQL2 and SQL all spell it."""
    if isinstance(part, Group):
        return _join(part, f" {part.joiner.upper()} ", write_sql)
    key, operator, value = part
    written = ", ".join(map(_sql_value, value)) if isinstance(value, list) else _sql_value(value)
    return f"{key} IN ({written})" if operator == "in" else f"{key} {operator} {written}"


def _join(group: Group, joiner: str, write: Callable[[Filter], str]) -> str:
    return joiner.join(f"({write(child)})" if isinstance(child, Group) else write(child) for child in group.parts)


def _sql_value(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).upper()


def write_odata(part: Filter) -> str:
    """The filter as OData's `$filter` spells it."""
    if isinstance(part, Group):
        return _join(part, f" {part.joiner} ", write_odata)
    key, operator, value = part
    name = {"=": "eq", ">=": "ge", "<": "lt", ">": "gt"}.get(operator, operator)
    written = ", ".join(map(_sql_value, value)) if isinstance(value, list) else _sql_value(value).lower()
    return f"{key} {name} ({written})" if operator == "in" else f"{key} {name} {written}"


def write_langchain(part: Filter) -> str:
    """The filter as langchain's query constructor has a language model spell it."""
    if isinstance(part, Group):
        return f"{part.joiner}({', '.join(map(write_langchain, part.parts))})"
    key, operator, value = part
    name = {"=": "eq", ">=": "gte", "<": "lt", ">": "gt"}.get(operator, operator)
    return f'{name}("{key}", {json.dumps(value)})'


def _whereql_cold() -> Parse:
    from whereql.dialects import text

    def parse(source: str) -> object:
        text._decode.cache_clear()
        return text.decode(source)

    return parse


def _lark_plain() -> Parse:
    """Lark as it comes, over whereql's own grammar with a token for each word and sign and nodes made as rules end."""
    from lark import Lark

    from whereql.dialects.text.parser import _Builder

    return Lark(plain_grammar(), parser="lalr", lexer="contextual", maybe_placeholders=False, transformer=_Builder()).parse


def plain_grammar() -> str:
    """`grammar/filter.lark` without the terminals that are larger than a word, a sign or a value."""
    grammar = files("whereql_grammar").joinpath("filter.lark").read_text(encoding="utf-8")
    for line in ("        | COMPARED\n", " | SINGLES | NUMBERS"):
        if line not in grammar:
            raise ValueError(f"the grammar has no {line!r} any more")
        grammar = grammar.replace(line, "")
    return re.sub(r"^(?:COMPARED|SINGLES|NUMBERS)\.4:.*\n", "", grammar, flags=re.MULTILINE)


def _imported(module: str, name: str) -> Callable[[], Parse]:
    """A loader of a parser that is a plain function."""

    def load() -> Parse:
        parse: Parse = getattr(import_module(module), name)
        return parse

    return load


def _langchain() -> Parse:
    parser: Any = import_module("langchain_classic.chains.query_constructor.parser").get_parser()
    return lambda text: parser.parse(text)


def _odata() -> Parse:
    grammar: Any = import_module("odata_query.grammar")
    lexer, parser = grammar.ODataLexer(), grammar.ODataParser()
    return lambda text: parser.parse(lexer.tokenize(text))


def _sqlglot() -> Parse:
    sys.meta_path.insert(0, _SourceOnly())
    return _imported("sqlglot", "parse_one")()


def _sqlglot_compiled() -> Parse:
    if str(import_module("sqlglot.parser").__file__).endswith(".py"):
        raise ModuleNotFoundError("sqlglotc")
    return _imported("sqlglot", "parse_one")()


class _SourceOnly(MetaPathFinder):
    """Finds sqlglot's Python sources where sqlglotc has laid compiled modules beside them."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The module's source; None where there is nothing to replace."""
        spec = PathFinder.find_spec(fullname, path) if fullname.startswith("sqlglot.") else None
        if spec is None or spec.origin is None or spec.origin.endswith(".py"):
            return None
        source = Path(spec.origin).with_name(fullname.rpartition(".")[2] + ".py")
        return spec_from_file_location(fullname, source, loader=SourceFileLoader(fullname, str(source)))


@dataclass(frozen=True)
class Parser:
    """A parser to measure: how to get it, how to write a filter for it, and how to print its result."""

    name: str
    package: str
    load: Callable[[], Parse]
    write: Callable[[Filter], str] = write_sql
    compiled: bool = False
    show: Callable[[Any], str] = repr


PARSERS = [
    Parser("whereql", "whereql", _whereql_cold),
    Parser("whereql, cached", "whereql", _imported("whereql", "parse")),
    Parser("Lark, plain", "lark", _lark_plain),
    Parser("langchain", "langchain-classic", _langchain, write_langchain),
    Parser("pygeofilter ECQL", "pygeofilter", _imported("pygeofilter.parsers.ecql", "parse")),
    Parser("pygeofilter CQL2", "pygeofilter", _imported("pygeofilter.parsers.cql2_text", "parse")),
    Parser("odata-query", "odata-query", _odata, write_odata),
    Parser("sqlglot", "sqlglot", _sqlglot, show=lambda tree: str(tree.sql())),
    Parser("sqlglot (mypyc)", "sqlglotc", _sqlglot_compiled, compiled=True, show=lambda tree: str(tree.sql())),
    Parser(
        "cql2 (Rust)", "cql2", _imported("cql2", "parse_text"), compiled=True, show=lambda tree: str(tree.to_text())
    ),
]


def _serve(name: str, connection: Connection) -> None:
    """A parser's process: its version, or None where it is not installed; then the seconds per parse for each size asked."""
    parser = next(parser for parser in PARSERS if parser.name == name)
    try:
        parse = parser.load()
    except ModuleNotFoundError:
        connection.send(None)
        return
    texts = {size: parser.write(tree) for size, tree in filters().items()}
    for size, tree in filters().items():
        check_parsed(parser, tree, parse(texts[size]))
    connection.send(version(parser.package))
    answer_turns(connection, parse, texts)


def check_parsed(parser: Parser, tree: Filter, result: object) -> None:
    """Raise ValueError unless every word of the filter's keys and values stands in the printed result."""
    shown = _words(parser.show(result))
    if missing := [word for leaf in _leaves(tree) for word in _words(leaf) if word not in shown]:
        raise ValueError(f"{parser.name} has lost {missing[:5]}")


def _words(value: object) -> set[str]:
    return set(re.findall(r"[\w.]+", str(value).lower()))


def _leaves(part: Filter) -> Iterator[object]:
    if isinstance(part, Group):
        for child in part.parts:
            yield from _leaves(child)
    else:
        key, _, value = part
        yield from (key, *(value if isinstance(value, list) else [value]))


@dataclass(frozen=True)
class Timing:
    """The figures of one parser: its version, or None where it is not installed, and the median by size."""

    parser: Parser
    version: str | None
    microseconds: dict[str, float]


def measure(rounds: int) -> list[Timing]:
    """The medians of every installed parser; in each round, every parser has one turn at every size."""
    with workers(_serve, [parser.name for parser in PARSERS]) as connections:
        versions = {name: connection.recv() for name, connection in connections.items()}
        medians = take_turns(connections, {name: list(filters()) for name, found in versions.items() if found}, rounds)
    return [Timing(parser, versions[parser.name], medians.get(parser.name, {})) for parser in PARSERS]


def ratios(timing: Timing, base: Timing) -> dict[str, float]:
    """How many times longer than `base` a parser takes, by size."""
    return {size: taken / base.microseconds[size] for size, taken in timing.microseconds.items()}


def show(timings: list[Timing]) -> Table:
    """The timings as a table; the versions stand below it."""
    versions = ", ".join({f"{timing.parser.package} {timing.version}": None for timing in timings if timing.version})
    table = Table(
        "parser", title="Parsing one filter: median µs, and peer ÷ whereql", caption=versions, box=None, pad_edge=False
    )
    for size in filters():
        table.add_column(size, justify="right", no_wrap=True)
    for timing in timings:
        factors = ratios(timing, timings[0])
        cells = [f"{digits(taken)} {digits(factors[size]):>5}×" for size, taken in timing.microseconds.items()]
        table.add_row(timing.parser.name, *(cells or ["not installed"]))
    return table


def to_dict(timings: list[Timing]) -> dict[str, Any]:
    """The timings as JSON-ready data."""
    rows = [
        {
            "parser": timing.parser.name, "package": timing.parser.package, "version": timing.version, "compiled": timing.parser.compiled,
            "microseconds": timing.microseconds, "ratio": ratios(timing, timings[0]),
        }
        for timing in timings
    ]  # fmt: skip
    return {"python": sys.version.split()[0], "parsers": rows}


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.parse", description="Time the parsing of one filter, beside other parsers."
    )
    options.add_argument("--rounds", type=int, default=30, help="turns of each parser at each filter (default: 30)")
    options.add_argument("--json", action="store_true", help="print JSON for programs")
    given = options.parse_args()
    timings = measure(given.rounds)
    if given.json:
        print(json.dumps(to_dict(timings), indent=2))
    else:
        Console(highlight=False).print(show(timings))


if __name__ == "__main__":
    main()
