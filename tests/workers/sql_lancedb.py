# /// script
# dependencies = ["lancedb==0.40.0"]
# ///
"""LanceDB: a table in a folder of its own."""

from __future__ import annotations

import shutil
import tempfile
from importlib.metadata import version
from typing import Any

import lancedb
from arrow_columns import table
from serving import serve


class Table:
    """The records in a table. settings: indexed, whether each column of scalars has an index."""

    def __init__(self, records: list[dict[str, Any]], settings: dict[str, Any]) -> None:
        self.folder = tempfile.mkdtemp(prefix="whereql-lancedb-")
        data = table(records, lambda key: bool(key) and not set(key) & {"`", ".", "\0"})
        self.table = lancedb.connect(self.folder).create_table("t", data)
        for field in data.schema if settings.get("indexed") else ():
            if "list" not in str(field.type) and field.name.isascii() and field.name.isidentifier():
                self.table.create_scalar_index(field.name, index_type="BITMAP" if str(field.type) == "bool" else "BTREE")

    def find(self, native: Any) -> list[str]:
        if isinstance(native, dict):  # a list of values, as the parser has them
            (row,) = self.table.search().select({"id": "id", "x": native["list"]}).limit(1).to_list()
            return list(row["x"])
        return [row["id"] for row in self.table.search().where(native).select(["id"]).limit(1_000_000).to_list()]

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    serve({"LanceDB": version("lancedb")}, Table, Table.find, Table.close)
