# /// script
# dependencies = ["pyspark==4.3.0"]
# ///
"""Spark on this machine, in one thread: a view on a table in memory. It needs Java 17."""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from typing import Any

from serving import serve

os.environ["PYSPARK_PYTHON"] = sys.executable
from pyspark.sql import SparkSession  # it starts Python by the variable
from pyspark.sql import types as T

TYPES = {"str": T.StringType, "int": T.LongType, "float": T.DoubleType, "bool": T.BooleanType, "dict": T.StringType}
SETTINGS = {
    "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.sql.codegen.wholeStage": "false",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # each condition is run once: more than a quick compiler would be for nothing
}  # fmt: skip


def session() -> Any:
    builder = SparkSession.builder.master("local[1]")
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    started = builder.getOrCreate()
    started.sparkContext.setLogLevel("OFF")
    return started


def load(records: list[dict[str, Any]], settings: dict[str, Any]) -> Any:
    spark = session()
    kinds = {key: kind(value) for record in records for key, value in record["metadata"].items()}
    fields = [T.StructField(name, type) for name, type in {"id": T.StringType(), "document": T.StringType(), "uri": T.StringType(), **kinds, "missing": T.StringType()}.items()]
    rows = [(record["id"], record["document"], record["uri"], *(cell(record["metadata"].get(key)) for key in kinds), None) for record in records]
    spark.catalog.clearCache()
    frame = spark.createDataFrame(rows, T.StructType(fields)).cache()  # else each query asks Python for the rows again
    frame.createOrReplaceTempView("t")
    return spark


def kind(value: Any) -> Any:
    return T.ArrayType(TYPES[type(value[0]).__name__]()) if isinstance(value, list) else TYPES[type(value).__name__]()


def cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def find(spark: Any, native: dict[str, Any] | str) -> list[str]:
    if isinstance(native, str):
        native = {"sql": native}
    if "names" in native:  # as the parser has them
        return list(spark.sql(f"SELECT {native['names']}").columns)
    text = native["text"] if "text" in native else f"SELECT id FROM t WHERE {native['sql']}"
    rows = spark.sql(text, args=dict(native.get("params") or {}) or None).collect()
    return [row[0] for row in rows]


if __name__ == "__main__":
    serve({"Spark": version("pyspark")}, load, find)
