# /// script
# dependencies = ["chdb==4.4.0"]
# ///
"""ClickHouse in this process: a table with metadata as JSON text, or in columns."""

from __future__ import annotations

import json
from typing import Any

from chdb.session import Session
from serving import serve

TYPES = {"str": "String", "int": "Int64", "float": "Float64", "bool": "Bool", "dict": "String"}


class Table:
    """A session with the table. After an error the rows of the query that failed come with the next answer: then it is made anew."""

    def __init__(self, records: list[dict[str, Any]], settings: dict[str, Any]) -> None:
        self.records, self.settings = records, settings
        self.session: Any = None

    def open(self) -> Any:
        if self.session is None:
            self.session = Session()
            kinds = {key: kind(value) for record in self.records for key, value in record["metadata"].items()}
            in_columns = self.settings.get("layout") == "columns"
            columns = [f"{quoted(key)} {type}" for key, type in kinds.items()] + ["missing Nullable(String)"] if in_columns else ["metadata Nullable(String)"]
            start = ["id String", "document Nullable(String)", "uri Nullable(String)"]
            self.session.query(f"CREATE TABLE t ({', '.join([*start, *columns])}) ENGINE = Memory")
            rows = [json.dumps(row(number, record, in_columns)) for number, record in enumerate(self.records)]
            if rows:
                self.session.query(f"INSERT INTO t SETTINGS precise_float_parsing = 1 FORMAT JSONEachRow\n{chr(10).join(rows)}")
        return self.session

    def close(self) -> None:
        if self.session is not None:
            self.session.close()
            self.session = None

    def find(self, text: str, params: dict[str, Any], names: bool = False) -> list[str]:
        session = self.open()
        try:
            answer = str(session.query(text, "JSONCompact", params={name: given(value) for name, value in params.items()}))
        except Exception:
            self.close()
            raise
        found = json.loads(answer)
        return [each["name"] for each in found["meta"]] if names else [row[0] for row in found["data"]]


def row(number: int, record: dict[str, Any], in_columns: bool) -> dict[str, Any]:
    start = {"id": record["id"], "document": record["document"], "uri": record["uri"]}
    metadata = record["metadata"]
    if in_columns:
        return start | {key: json.dumps(value) if isinstance(value, dict) else value for key, value in metadata.items()}
    return start | {"metadata": json.dumps(metadata, ensure_ascii=number % 2 == 0) if metadata else None}


def kind(value: Any) -> str:
    return f"Array({TYPES[type(value[0]).__name__]})" if isinstance(value, list) else f"Nullable({TYPES[type(value).__name__]})"


def quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`").replace("\0", "\\0") + "`"


def given(value: Any) -> Any:
    """A parameter as the server takes it: a text with escapes, which a client adds and chdb does not."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") if isinstance(value, str) else value


def find(table: Table, native: Any) -> list[str]:
    if isinstance(native, str):
        native = {"sql": native, "params": {}}
    if "names" in native:  # as the parser has them
        return table.find(f"SELECT {native['names']}", {}, names=True)
    if "text" in native:
        return table.find(native["text"], {})
    return table.find(f"SELECT id FROM t WHERE {native['sql']}", dict(native["params"]))


def version() -> str:
    with Session() as session:
        return str(session.query("SELECT version()")).strip().strip('"')


if __name__ == "__main__":
    serve({"ClickHouse": version()}, Table, find, Table.close)
