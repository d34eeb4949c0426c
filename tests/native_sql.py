"""Random conditions of SQL for the readers, made of a flavour's own sayings, and what its tests share.

Half of the sayings are what people write, half what trips a reader: values of other kinds, NOT of what may be NULL, odd keys.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from foreign import Worker
from injection import hostile_pairs
from proving import COUNT

from whereql.ast import Expr, Field, Not, Op, Predicate
from whereql.dialect import Dialect, Sql, Translation
from whereql.errors import WhereqlError
from whereql.records import Record, make_record, stored_kind
from whereql.semantics import holds
from whereql.testing import DialectContract
from whereql.testing.generators import Generator
from whereql.testing.holding import fit_all
from whereql.testing.hostile import HOSTILE_KEYS, SHORT_TEXTS
from whereql.values import literal

SETS, PER_SET = (40, 60) if COUNT > 1000 else (6, 40)

_WHOLE = ["{0}", "{0}", "NOT ({0})", "({0}) AND ({1})", "{0} AND {1}", "{0} OR {1}", "NOT ({0} AND {1})", "NOT ({0} OR {1})", "({0} OR {1}) AND NOT {2}", "({0}) IS TRUE", "({0}) IS NOT TRUE",
          "({0}) IS FALSE", "({0}) IS NOT FALSE", "coalesce({0}, TRUE)", "coalesce({0}, FALSE)", "NOT ({0} AND ({1} OR {2}))", "({0} AND {1}) IS NOT TRUE", "NOT NOT ({0})"]  # fmt: skip


def text_literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class Sayings:
    """Random conditions: `{t}`, `{j}` and so on in a saying are places of a random key, `{s}`, `{n}` … random values."""

    def __init__(self, rng: random.Random, records: Sequence[Record], sayings: Sequence[str], places: Mapping[str, Any]) -> None:
        self._rng = rng
        self._sayings = sayings
        self._places = places
        self._values: dict[str, list[Any]] = {"string": ["a", "true", "5", "[", ""], "number": [0, 1, 5, 2.5], "bool": [True, False]}
        self._keys = ["missing"]
        for record in records:
            for key, value in (record.metadata or {}).items():
                self._keys.append(key)
                for each in value if isinstance(value, list) else [value]:
                    kind = stored_kind(each)
                    if kind != "sparse_vector":
                        self._values["number" if kind in ("int", "float") else kind].append(each)
            self._values["string"] += [each for each in (record.id, record.document, record.uri) if each is not None]

    def condition(self) -> str:
        whole = self._rng.choice(_WHOLE)
        return whole.format(*(self._one() for _ in range(3)))

    def _one(self) -> str:
        key = self._rng.choice(self._keys)
        return re.sub(r"\{(\w+)\}", lambda match: self._part(match[1], key), self._rng.choice(self._sayings))

    def _part(self, name: str, key: str) -> str:
        rng = self._rng
        if name in self._places:
            return str(self._places[name](key))
        text = rng.choice(self._values["string"])
        number = rng.choice(self._values["number"])
        match name:
            case "s":
                return text_literal(text)
            case "n":
                return repr(number)
            case "small":
                return repr(number if abs(number) < 2**53 else 7)
            case "b":
                return rng.choice(["TRUE", "FALSE"])
            case "v":
                return rng.choice([text_literal(text), repr(number), "TRUE"])
            case "js":
                return text_literal(json.dumps(rng.choice([text, number if abs(number) < 2**53 else 7, True]), ensure_ascii=False))
            case "op":
                return rng.choice(["<", "<=", ">", ">="])
            case "p":
                part = re.sub(r"[%_\\]", "", text)[:4]
                return text_literal(rng.choice([f"{part}%", f"%{part}%", f"%{part}", "%", "_", "", part, f"{part[:1]}_%"]))
            case "letters":
                return text_literal(rng.choice(["%ne%", "AB%", "%l n%", "net", "%"]))
            case "g":
                part = re.sub(r"[*?\[\]]", "", text)[:4]
                return text_literal(rng.choice([f"{part}*", f"*{part}*", f"*{part}", "?", "*[a-c]*", "*[^a]", f"[[]{part}", "[nN]e*"]))
            case "re":
                part = re.sub(r"[^a-zA-Z0-9]", "", text)[:4]
                return text_literal(rng.choice([f"^{part}", f"{part}$", part, f"[{part or 'a'}x]+", f"({part}|b)", "a.b", "^.$", "^[^a]*$"]))
        raise KeyError(name)


def native_sets(dialect: Dialect, sayings: Sequence[str], places: Mapping[str, Any], lacks: Sequence[str] = (), **options: Any) -> Iterator[tuple[list[Record], list[str]]]:
    """Records, and conditions on them that the dialect reads; of what it refuses the tests of one saying each tell."""
    for seed in range(1, SETS + 1):
        generator = Generator(seed)
        records = fit_all(generator.records(25), lacks)
        maker = Sayings(generator.random, records, sayings, places)
        natives: list[str] = []
        tried = 0
        while len(natives) < PER_SET and tried < 100 * PER_SET:
            tried += 1
            native = maker.condition()
            try:
                dialect.decode(native, **options)
            except WhereqlError:
                continue
            natives.append(native)
        yield records, natives


def schema_of(records: Sequence[Record]) -> dict[str, Any]:
    """The options of a table with a column for each key."""
    kinds = {key: stored_kind(value) for record in records for key, value in (record.metadata or {}).items()}
    return {"layout": "columns", "schema": {"missing": "string", **kinds}}


class ColumnsContract(DialectContract):
    """A table with a column for each key, and conditions with their values in the text. `is_name`: whether a key can be a column's name."""

    lacks = frozenset({"odd keys", "mixed kinds"})
    filters = 50

    def is_name(self, key: str) -> bool:
        return key not in ("", "id", "document", "uri") and "\0" not in key

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return schema_of(records) | {"literals": True}

    def test_hostile_strings_are_data(self, dialect: Any, run: Any) -> None:
        """As values and as names of columns, of which each has a table of its own: no engine tells all of them apart."""
        texts = fit_all([make_record(f"{n}", document=text, metadata={"k": text, "tags": [text]}) for n, text in enumerate(SHORT_TEXTS)], set(self.lacks) - {"odd keys", "mixed kinds"})
        step = 1 if COUNT > 1000 else 5
        for text in SHORT_TEXTS[::step]:
            for predicate in (Predicate(Field("k"), Op.EQ, literal(text)), Predicate(Field("tags"), Op.HAS, (literal(text),)), Predicate(Field("k"), Op.CONTAINS, literal(text))):
                self._check_found(dialect, run, predicate, texts)
                self._check_found(dialect, run, Not(predicate), texts)
        for key in list(filter(self.is_name, HOSTILE_KEYS))[::step]:
            self._check_found(dialect, run, Predicate(Field(key), Op.EQ, literal(5)), [make_record("a", metadata={key: 5}), make_record("b")])

    def _check_found(self, dialect: Any, run: Any, expr: Any, records: Sequence[Record]) -> None:
        translation = dialect.encode(expr, **self.options(records))
        assert sorted(run(translation.native, records)) == sorted(record.id for record in records if holds(expr, record)), translation.native
        read = dialect.decode(translation.native, **self.options(records))
        assert all(holds(read, record) is holds(expr, record) for record in records), translation.native


_TOKENS = re.compile(r"\s*(?:'(?P<text>(?:[^']|'')*)'(?!')|\"(?P<quoted>(?:[^\"]|\"\")+)\"(?!\")|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>-?[0-9.]+)|(?P<sign><=|>=|<>|->>|[-=<>(),*]))")


def tokens(native: Any) -> list[tuple[str, Any]]:
    """The tokens of a condition, strictly: strings and quoted names end at the first quote that is not doubled, and nothing else holds odd characters."""
    found: list[tuple[str, Any]] = []
    sql, at = str(native), 0
    while at < len(sql):
        match = _TOKENS.match(sql, at)
        assert match is not None, (sql, at)
        at = match.end()
        kind = match.lastgroup or ""
        text = match[kind]
        quote = {"text": "'", "quoted": '"'}.get(kind)
        found.append(({"text": "string", "quoted": "name"}.get(kind, kind), text if quote is None else text.replace(quote * 2, quote)))
    return found


def without_nul(dialect: Dialect) -> Dialect:
    """The dialect for texts without NUL, which no literal of SQL holds: where one is asked for, another condition is said."""
    writes = dialect.writes
    assert writes is not None

    def write(expr: Any, options: Any) -> Any:
        return Translation(Sql("TRUE"), expr) if "\\x00" in repr(expr) else writes(expr, options)

    return replace(dialect, writes=write)


def check_hostile_by_running(dialect: Dialect, engine: Worker, lacks: Sequence[str] = ()) -> int:
    """Hostile keys and values in the text of a condition, run beside records that only structure could find; answers how many."""
    pairs = list(hostile_pairs(2))[:: 1 if COUNT > 1000 else 5]
    for start in range(0, len(pairs), 50):
        batch = pairs[start : start + 50]
        records = fit_all([make_record(f"{number}", metadata={key: value, "other": "x"}) for number, (key, value) in enumerate(batch)], lacks)
        filters: list[Expr] = []
        for key, value in batch:
            filters += [Predicate(Field(key), Op.EQ, literal(value)), Not(Predicate(Field(key), Op.IN, (literal(value), literal("b"))))]
        found = engine.run_all([dialect.encode(expr, literals=True).native for expr in filters], records)
        for expr, ids in zip(filters, found, strict=True):
            assert sorted(ids) == sorted(record.id for record in records if holds(expr, record)), expr
    return len(pairs)
