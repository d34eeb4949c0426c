"""Which simplifications `whereql.normalize` finds, and which sqlglot's `simplify` does.

A list of cases, each given to both: with nothing known of the keys, and told that every key is present, of one kind and not
NULL. Each result of theirs is checked before it is judged: whereql's by `whereql.equivalent`, and on sampled records where that
knows no answer; sqlglot's on sampled records, in SQL's three truth values, where a wrong one is a verdict. Besides, filters that
only one of the two languages can say. `benchmarks.normalize` prints the tables below its times, and checks by the same means
what it times.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from math import prod
from typing import Any, NamedTuple

from rich.table import Table

import whereql
from whereql.ast import predicates
from whereql.optimize.measure import Measure, measure
from whereql.records import KeyInfo, Schema
from whereql.semantics import test

_MOST_SAMPLES = 2_000
_BUDGET = 1 << 16  # cells that `equivalent` looks at before the samples have to do

# What both languages can say, in words that they share.
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


def simplifier() -> Callable[..., Any]:
    """sqlglot's `simplify`; ModuleNotFoundError where sqlglot is not installed."""
    simplify: Callable[..., Any] = import_module("sqlglot.optimizer.simplify").simplify
    return simplify


def to_sql(tree: Any) -> str:
    """The text of a tree of sqlglot's."""
    return str(tree.sql())


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

    @property
    def left(self) -> str:
        """The predicates and list literals that are left."""
        return f"{self.size.predicates}/{self.size.units}"

    def to_dict(self) -> dict[str, Any]:
        """Text and size as JSON-ready data."""
        return {"text": self.text, **self.size._asdict()}


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

    @property
    def outcome(self) -> tuple[Measure, Measure, str]:
        """Both sizes and the verdict: what knowing more of the keys may change."""
        return self.whereql.size, self.sqlglot.size, self.verdict

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON-ready data."""
        return {
            "filter": self.text, "told": self.told, "verdict": self.verdict,
            "whereql": self.whereql.to_dict(), "sqlglot": self.sqlglot.to_dict(),
        }  # fmt: skip


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
    simplify, results = simplifier(), []
    for propagation in (False, True):
        tree = sqlglot.parse_one(text)
        for column in tree.find_all(sqlglot.exp.Column) if told else ():
            column.meta["nonnull"] = True  # as its `annotate_types` marks a column that a schema calls NOT NULL
        with suppress(whereql.ParseError):
            results.append(Said.of(to_sql(simplify(tree, constant_propagation=propagation))))
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
        theirs = to_sql(simplifier()(sqlglot.parse_one(text)))
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


def changed(plain: list[Finding], told: list[Finding]) -> list[Finding]:
    """The findings of the told cases whose outcome differs from that of the same case untold."""
    return [one for one, other in zip(told, plain, strict=True) if one.outcome != other.outcome]


def _table(title: str, *columns: str) -> Table:
    return Table("filter", *columns, title=title, box=None, pad_edge=False)


def show_findings(findings: list[Finding]) -> Table:
    """What the two make of each case."""
    title = "Every key present, of one kind, NOT NULL" if findings[0].told else "Nothing known of the keys"
    table = _table(f"{title}: results, predicates/literals left", "whereql", "", "sqlglot", "", "verdict")
    for one in findings:
        table.add_row(one.text, one.whereql.text, one.whereql.left, one.sqlglot.text, one.sqlglot.left, one.verdict)  # fmt: skip
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
    table = _table("Beyond one of the languages", "whereql", "sqlglot")
    for row in rows:
        table.add_row(*row.values())
    return table
