"""What the database says of a table: its columns with their types, and its primary key.

Each database is asked by its own catalog, since SQLAlchemy's reflection warns of the types that it doesn't know (`vector`), and
says nothing of collations, domains or the elements of DuckDB's lists. Other databases are asked through SQLAlchemy.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import quoted_name

from whereql.errors import BackendError
from whereql.source import quote
from whereql.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of a column.

    name: in lower case, without length or precision, such as `varchar`, `numeric`, `vector`; of the elements, if is_array;
    is_enum: whether it is one of the user's enumerations; digits: before the decimal point at most, None where there is no limit.
    """

    name: str
    is_array: bool = False
    is_enum: bool = False
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its type, whether it is never NULL, and whether equality of its texts is that of their bytes."""

    name: str
    type: ColumnType
    required: bool = False
    is_bytewise: bool = False


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table or view: what to select from, its columns in their order, and the names of its primary key."""

    table: sa.TableClause
    columns: dict[str, Column]
    primary_key: tuple[str, ...]


def read_table(connection: Connection, name: str, schema: str | None) -> TableInfo:
    """A table or view of this name. Raises BackendError WQ718 if there is none."""
    described = _READERS.get(connection.dialect.name, _reflected)(connection, name, schema)
    if described is None or not described[0]:
        shown = f"{schema}.{name}" if schema else name
        hint = did_you_mean(name, table_names(connection, schema)) or "check the name, its case, and schema="
        raise BackendError("WQ718", f"there is no table {quote(shown)}", hint=hint)
    columns, key = described
    if schema is not None and "." in schema and connection.dialect.name == "duckdb":
        raise BackendError("WQ720", f"the schema {quote(schema)} has a dot in its name, which the driver of DuckDB can't say", path="schema", hint="map a view in another schema")
    table = sa.table(quoted(name), *[sa.column(quoted(column.name)) for column in columns], schema=None if schema is None else quoted(schema))
    return TableInfo(table, {column.name: column for column in columns}, tuple(key))


def quoted(name: str) -> str:
    """A name that is always put in quotes: left to itself, SQLAlchemy takes one that ends in a line break for a plain one."""
    return quoted_name(name, True)


Described = tuple[list[Column], Sequence[str]] | None


def table_names(connection: Connection, schema: str | None) -> list[str]:
    """The names of the tables and views."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        inspector = sa.inspect(connection)
        return [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]


def parse_type(text: str) -> ColumnType:
    """A type as SQLite, DuckDB or SQLAlchemy writes it: `DECIMAL(18,3)`, `VARCHAR[]`, `FLOAT[3]`, `ENUM('a', 'b')`."""
    text = text.strip().lower()
    array = re.fullmatch(r"(.*)\[\d*\]", text, re.S)
    inner = array[1].strip() if array else text
    if inner.endswith("]") or inner.startswith(("struct", "map", "union")):
        return ColumnType("nested", is_array=array is not None)
    found = re.match(r"([^()]*)(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?", inner)
    assert found is not None  # every part of the pattern may be empty
    digits = int(found[2]) - int(found[3] or 0) if found[2] and found[1].strip() in ("decimal", "numeric") else None
    name = f"{found[1].strip()} {inner[found.end() :].strip()}".strip() if found[2] else found[1].strip()
    return ColumnType(name, array is not None, name == "enum", digits)


def _sqlite(connection: Connection, name: str, schema: str | None) -> Described:
    rows = connection.execute(
        sa.text("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(:name, :schema) WHERE hidden <> 1 ORDER BY cid"),
        {"name": name, "schema": schema or "main"},
    ).all()
    key = [row.name for row in sorted(rows, key=lambda row: row.pk) if row.pk]
    return [Column(row.name, parse_type(row.type), bool(row.notnull)) for row in rows], key


def _duckdb(connection: Connection, name: str, schema: str | None) -> Described:
    asked = {"name": name, "schema": schema}
    place = "database_name = current_database() AND schema_name = coalesce(:schema, current_schema()) AND table_name = :name"
    rows = connection.execute(sa.text(f"SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE {place} ORDER BY column_index"), asked).all()
    keys = connection.execute(
        sa.text(f"SELECT constraint_column_names FROM duckdb_constraints() WHERE {place} AND constraint_type = 'PRIMARY KEY'"), asked
    ).all()
    return [Column(row.column_name, parse_type(row.data_type), not row.is_nullable) for row in rows], keys[0][0] if keys else ()


# A domain is its base type; an array is known by its elements.
_PG_COLUMNS = """
SELECT a.attname AS name, a.attnotnull AS required, coalesce(e.typname, t.typname) AS type, coalesce(e.typtype, t.typtype) AS sort,
       e.oid IS NOT NULL AS is_array, CASE WHEN a.atttypmod > 0 THEN a.atttypmod ELSE 0 END AS modifier, coalesce(c.collisdeterministic, false) AS bytewise
FROM pg_attribute a
JOIN pg_type o ON o.oid = a.atttypid
JOIN pg_type t ON t.oid = CASE WHEN o.typtype = 'd' THEN o.typbasetype ELSE o.oid END
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
LEFT JOIN pg_collation c ON c.oid = a.attcollation
WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_PG_KEY = """
SELECT a.attname FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
WHERE i.indrelid = to_regclass(:name) AND i.indisprimary
ORDER BY k.place
"""


def _postgresql(connection: Connection, name: str, schema: str | None) -> Described:
    quoter = connection.dialect.identifier_preparer
    asked = {"name": ".".join(quoter.quote_identifier(part) for part in (schema, name) if part is not None)}
    rows = connection.execute(sa.text(_PG_COLUMNS), asked).all()
    columns = []
    for row in rows:
        # The modifier of a numeric is its precision and scale, in 16 bits each, and 4.
        digits = ((row.modifier - 4) >> 16) - ((row.modifier - 4) & 0x7FF) if row.type == "numeric" and row.modifier else None
        columns.append(Column(row.name, ColumnType(row.type, row.is_array, row.sort == "e", digits), row.required, row.bytewise))
    return columns, [row[0] for row in connection.execute(sa.text(_PG_KEY), asked)]


def _reflected(connection: Connection, name: str, schema: str | None) -> Described:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        inspector = sa.inspect(connection)
        try:
            found = inspector.get_columns(name, schema)
        except sa.exc.NoSuchTableError:
            return None
        key = inspector.get_pk_constraint(name, schema).get("constrained_columns") or ()
    return [Column(each["name"], parse_type(str(each["type"])), not each.get("nullable", True)) for each in found], key


_READERS: dict[str, Callable[[Connection, str, str | None], Described]] = {"sqlite": _sqlite, "duckdb": _duckdb, "postgresql": _postgresql}


def column_named(info: TableInfo, name: str, option: str) -> Column:
    """The column that an option names, in this very case. Raises BackendError WQ718."""
    if name not in info.columns:
        same = [known for known in info.columns if known.lower() == name.lower()]
        hint = f"its name is {quote(same[0])}: case counts" if same else did_you_mean(name, info.columns) or f"it has {', '.join(info.columns)}"[:200]
        raise BackendError("WQ718", f"the table {quote(info.table.name)} has no column {quote(name)}", path=option, hint=hint)
    return info.columns[name]
