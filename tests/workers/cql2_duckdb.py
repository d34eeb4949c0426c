# /// script
# dependencies = ["cql2==0.6.0", "duckdb"]
# ///
"""CQL2 as the cql2 package reads it, text or JSON, and as DuckDB answers the SQL that it makes of it, over typed columns."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from typing import Any

import cql2
import duckdb
import frames_tables
from serving import serve

SCALARS = {"string": "VARCHAR", "int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN"}
TYPES = {**SCALARS, **{f"{kind}s": f"{type}[]" for kind, type in SCALARS.items()}, "sparse_vector": "JSON"}


def load(records: Any, settings: Any) -> Any:
    connection = duckdb.connect()
    columns = {name: column for name, column in frames_tables.columns(records).items() if name}
    connection.execute(f"CREATE TABLE held ({', '.join(f'{quoted(name)} {TYPES[kind]}' for name, (kind, _) in columns.items())})")
    rows = zip(*(json_texts(kind, values) for kind, values in columns.values()), strict=True)
    connection.executemany(f"INSERT INTO held VALUES ({', '.join('?' * len(columns))})", [list(row) for row in rows])
    return connection, {name.lower() for name in columns}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def json_texts(kind: str, values: list[Any]) -> list[Any]:
    return [None if value is None else json.dumps(value) for value in values] if kind == "sparse_vector" else values


def find(held: Any, native: Any) -> Any:
    connection, names = held
    expression = cql2.Expr(native)
    sql = for_duckdb(expression.to_sql())
    lacking = sorted(properties(expression.to_json()) - names)
    for type in ("VARCHAR", "BIGINT", "VARCHAR[]", "BIGINT[]"):
        more = "".join(f", CAST(NULL AS {type}) AS {quoted(name)}" for name in lacking)
        try:
            return [row[0] for row in connection.execute(f"SELECT id FROM (SELECT *{more} FROM held) WHERE {sql}").fetchall()]
        except duckdb.Error:
            if not lacking or type == "BIGINT[]":
                raise
    return None


def properties(node: Any) -> set[str]:
    if isinstance(node, dict):
        return {node["property"].lower()} if "property" in node else {name for value in node.values() for name in properties(value)}
    return {name for each in node for name in properties(each)} if isinstance(node, list) else set()


NUMBER = re.compile(r"(?<![\w.])[0-9]+(?:\.[0-9]+)?")


def for_duckdb(sql: str) -> str:
    """The SQL with `&&`, which Postgres has for arrays in common, in the place of `@@`, which finds texts (a bug of cql2 0.6).

    DuckDB takes no list of decimals of all sizes, and so numbers that are no ints of its own are doubles.
    """
    pieces: list[str] = []
    at = 0
    while at < len(sql):
        if sql[at] in "'\"":
            end = closing(sql, at)
            pieces.append(with_nul(sql[at:end], pieces))
        else:
            end = min((place for quote in "'\"" if (place := sql.find(quote, at)) >= 0), default=len(sql))
            escaped = sql[end - 1 : end] == "E" and end < len(sql)
            pieces.append(NUMBER.sub(as_double, sql[at : end - escaped].replace("@@", "&&")))
            pieces += ["E"] * escaped
        at = end
    return "".join(pieces)


def as_double(found: re.Match[str]) -> str:
    return f"({found[0]}::DOUBLE)" if "." in found[0] or len(found[0]) > 18 else found[0]


def with_nul(text: str, before: list[str]) -> str:
    """A text in quotes, in which DuckDB takes no NUL, as several with its function for one between them."""
    if "\0" not in text or text[0] != "'":
        return text
    prefix = before.pop() if before and before[-1] == "E" else ""
    between = f"' || chr(0) || {prefix}'"
    return "(" + prefix + text.replace("\0", between) + ")"


def closing(sql: str, at: int) -> int:
    """Behind the quote that closes one; in E'…' a backslash escapes."""
    quote, escapes = sql[at], sql[at - 1 : at] == "E"
    at += 1
    while sql[at] != quote or sql[at + 1 : at + 2] == quote:
        at += 2 if (escapes and sql[at] == "\\") or sql[at] == quote else 1
    return at + 1


if __name__ == "__main__":
    serve({"cql2": version("cql2"), "DuckDB": duckdb.__version__}, load, find)
