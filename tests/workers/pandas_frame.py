# /// script
# dependencies = ["pandas"]
# ///
"""pandas: the source of a mask, evaluated with `df`, `pd` and `re` alone, filters a frame.

settings: `columns` is `objects`, columns that hold anything; `inferred`, as pandas makes them of lists; `nullable`, its own types
with NA; or `arrow`, those of PyArrow.
"""

from __future__ import annotations

import re
from typing import Any

import frames_tables
import pandas as pd
from serving import serve

NULLABLE = {"string": "string", "int": "Int64", "float": "Float64", "bool": "boolean"}
ARROW = {"string": "string[pyarrow]", "int": "int64[pyarrow]", "float": "float64[pyarrow]", "bool": "bool[pyarrow]"}


def load(records: Any, settings: Any) -> Any:
    style = settings.get("columns", "objects")
    types = {"nullable": NULLABLE, "arrow": ARROW}.get(style, {})
    held = {}
    for name, (kind, values) in frames_tables.columns(records).items():
        as_objects = style == "objects" or (style == "inferred" and kind in ("int", "bool") and None in values) or (style != "inferred" and kind not in types)
        held[name] = pd.Series(values, dtype=object if as_objects else types.get(kind))
    return pd.DataFrame(held)


def find(frame: Any, native: str) -> Any:
    import ast

    names = {node.slice.value for node in ast.walk(ast.parse(native)) if isinstance(node, ast.Subscript)}
    for name in names - set(frame.columns):
        frame = frame.assign(**{name: None})
    return list(frame[eval(native, {"df": frame, "pd": pd, "re": re})]["id"])


if __name__ == "__main__":
    serve({"pandas": pd.__version__}, load, find)
