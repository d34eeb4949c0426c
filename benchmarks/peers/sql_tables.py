"""DuckDB and SQLite: one flat table, its statements written beforehand, with what each has to offer: enums, lists, indexes."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.data import KEYS, columns_of
from benchmarks.peers.masks import filter_of, fold, subject_of, values_of
from benchmarks.workload import CATEGORIES, LANGS, Batch, Variant
from whereql.ast import Predicate
from whereql.operators import Op

_COMPARE = {Op.EQ: "=", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
_NAMES = ("id", "document", *KEYS)
_KEYS = tuple(key for key in KEYS if key != "tags")
_WANTED = {"ids": "id", "limit": "id", "count": "count(*)", "records": ", ".join(_NAMES)}
_JOINED = 4  # a longer list is looked up by a join, which loses the order of the rows
_WALKED = 100  # a shorter list takes less time as a list, where there is no index
_LIMITS = {"limit": " LIMIT 10", "records": " LIMIT 100"}


def _both(left: str, right: str) -> str:
    return f"({left} AND {right})"


def _either(left: str, right: str) -> str:
    return f"({left} OR {right})"


def _negate(part: str) -> str:
    return f"NOT {part}"


def _row(values: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(_NAMES, values, strict=True))


class DuckTable:
    """A table with enums for strings of few values (one of 50,000 users would make IN slow) and a primary key."""

    def __init__(self) -> None:
        self.connection: Any = import_module("duckdb").connect()
        self.pa: Any = import_module("pyarrow")
        self.source, self.row = "records", "rowid"
        self.is_keyed = False

    def add(self, batch: Batch) -> None:
        """Append records, by way of Arrow: from Python's values it would take a hundred times as long."""
        table = self.pa.table(columns_of(batch))
        if not self.is_keyed:
            self._create()
        self.connection.register("batch", table)
        self.connection.execute("INSERT INTO records SELECT * FROM batch")
        self.connection.unregister("batch")

    def _create(self) -> None:
        for name, values in (("category", CATEGORIES), ("lang", list(LANGS))):
            self.connection.execute(f"CREATE TYPE {name}_name AS ENUM ({_listed(values)})")
        self.connection.execute(
            "CREATE TABLE records (id VARCHAR PRIMARY KEY, document VARCHAR, category category_name, lang lang_name, user VARCHAR,"
            " year SMALLINT, score DOUBLE, views INTEGER, active BOOLEAN, tags VARCHAR[], rating TINYINT)"
        )
        self.is_keyed = True

    def finish(self) -> None:
        """Count what is there, as the optimizer wants it."""
        self.connection.execute("ANALYZE")

    def open(self, path: Path) -> None:
        """Read a Parquet file into the table."""
        self._create()
        self.connection.execute(f"INSERT INTO records SELECT {', '.join(_NAMES)} FROM read_parquet('{path}')")
        self.finish()

    def prepare(self, variant: Variant, wants: str) -> list[Callable[[], Any]]:
        """The statement, with its values in it, and each way from its result to Python."""
        where = fold(filter_of(variant), self._leaf, _both, _either, _negate)
        is_joined = re.search(rf"[(\[](?:[^,)\]]*,){{{_JOINED}}}", where) is not None
        order = f" ORDER BY {self.row}" if is_joined and wants != "count" else ""
        statement = f"SELECT {_WANTED[wants]} FROM {self.source} WHERE {where}{order}{_LIMITS.get(wants, '')}"
        execute, sql = self.connection.execute, self.connection.sql
        match wants:
            case "ids":
                return [
                    lambda: [id for (id,) in execute(statement).fetchall()],
                    lambda: execute(statement).fetchnumpy()["id"].tolist(),
                    lambda: sql(statement).to_arrow_table()["id"].to_pylist(),
                ]
            case "limit":
                return [lambda: [id for (id,) in execute(statement).fetchall()]]
            case "count":
                return [lambda: execute(statement).fetchone()[0]]
        return [lambda: list(map(_row, execute(statement).fetchall()))]

    def _leaf(self, predicate: Predicate) -> str:
        subject, value = subject_of(predicate), values_of(predicate)
        match subject, predicate.op:
            case "document", Op.CONTAINS:
                return f"contains(document, {_quoted(value)})"
            case "document", _:
                return f"regexp_matches(document, {_quoted(value)})"
            case "tags", _:
                return f"coalesce(list_contains(tags, {_quoted(value[0])}), FALSE)"
            case "active", _:
                return "active" if value else "(NOT active)"
            case "user", Op.IN if len(value) < _WALKED:
                return f'list_contains([{_listed(value)}], "user")'
            case _, Op.IN:
                return f"{subject} IN ({_listed(value)})"
            case "rating", Op.EQ:
                return f"rating IS NOT DISTINCT FROM {value}"
        return f"{subject} {_COMPARE[predicate.op]} {_quoted(value)}"


class DuckFile(DuckTable):
    """A Parquet file that is read for each question, as far as the question needs it."""

    def open(self, path: Path) -> None:
        """Name the file."""
        self.source, self.row = f"read_parquet('{path}', file_row_number = true)", "file_row_number"


def _quoted(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)  # no value of the workload has a quote in it


def _listed(values: list[Any]) -> str:
    return ", ".join(map(_quoted, values))


class SqliteTable:
    """A table with an index for each column, tags in a second one, and statements that are prepared once, with parameters."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", cached_statements=1_000, isolation_level=None)
        self.connection.create_function("REGEXP", 2, lambda pattern, text: re.search(pattern, text) is not None, deterministic=True)
        self.connection.executescript(
            "CREATE TABLE records (row INTEGER PRIMARY KEY, id TEXT, category TEXT, lang TEXT, user TEXT, year INT, score REAL, views INT, active INT, rating INT, tags TEXT, document TEXT);"
            "CREATE TABLE tags (tag TEXT, row INT, PRIMARY KEY (tag, row)) WITHOUT ROWID;"
        )
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Append records."""
        columns = columns_of(batch)
        rows = range(self.rows, self.rows + len(batch.ids))
        self.rows = rows.stop
        texts = [tags and json.dumps(tags) for tags in columns["tags"]]
        tags = [(tag, row) for row, listed in zip(rows, columns["tags"], strict=True) for tag in listed or ()]
        with self._transaction():
            self.connection.executemany(
                f"INSERT INTO records (row, id, document, tags, {', '.join(_KEYS)}) VALUES ({', '.join('?' * (len(_KEYS) + 4))})",
                zip(rows, batch.ids, batch.documents, texts, *(columns[key] for key in _KEYS), strict=True),
            )
            self.connection.executemany("INSERT INTO tags VALUES (?, ?)", sorted(tags))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN")
        yield
        self.connection.execute("COMMIT")

    def finish(self) -> None:
        """Make the indexes."""
        self.connection.execute("CREATE UNIQUE INDEX by_id ON records (id)")
        for column in _KEYS:  # each holds the answer, too, and an equal value's rows in their order
            self.connection.execute(f"CREATE INDEX by_{column} ON records ({column}, row, id)")
        self.connection.execute("ANALYZE")

    def prepare(self, variant: Variant, wants: str) -> list[Callable[[], Any]]:
        """The statement, whose result keeps the order of the rows, and its parameters."""
        parameters: list[Any] = []
        where = fold(filter_of(variant), lambda predicate: self._leaf(predicate, parameters), _both, _either, _negate)
        # The optimizer prefers the order of the rows to an index of a range, since it can't know how few rows that has: "+row"
        # has no order to prefer.
        orders = [""] if wants == "count" else [" ORDER BY row", " ORDER BY +row"]
        return [self._way(f"SELECT {_WANTED[wants]} FROM records WHERE {where}{order}{_LIMITS.get(wants, '')}", parameters, wants) for order in orders]

    def _way(self, statement: str, parameters: list[Any], wants: str) -> Callable[[], Any]:
        execute = self.connection.execute
        match wants:
            case "ids" | "limit":
                return lambda: [id for (id,) in execute(statement, parameters)]
            case "count":
                return lambda: execute(statement, parameters).fetchone()[0]
        return lambda: [self._record(values) for values in execute(statement, parameters)]

    def _record(self, values: tuple[Any, ...]) -> dict[str, Any]:
        record = _row(values)
        record["active"] = record["active"] == 1
        record["tags"] = record["tags"] and json.loads(record["tags"])
        return record

    def _leaf(self, predicate: Predicate, parameters: list[Any]) -> str:
        subject, value = subject_of(predicate), values_of(predicate)
        parameters += value if isinstance(value, list) else [value]
        match subject, predicate.op:
            case "document", Op.CONTAINS:
                return "instr(document, ?) > 0"
            case "document", _:
                return "document REGEXP ?"
            case "tags", _:
                return "row IN (SELECT row FROM tags WHERE tag = ?)"
            case _, Op.IN:
                return f"{subject} IN ({', '.join('?' * len(value))})"
            case "rating", Op.EQ:
                return "rating IS ?"
        return f"{subject} {_COMPARE[predicate.op]} ?"
