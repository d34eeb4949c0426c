# /// script
# dependencies = ["pyvespa==1.2.9"]
# ///
"""The conditions that pyvespa's query builder makes, as texts. A filter is [field, operator, value], or ["not", filter]."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import vespa.querybuilder as qb
from serving import serve


def made(native: Any) -> Any:
    if native[0] == "not":
        return ~made(native[1])
    name, op, value = native
    field = qb.QueryField(name)
    if op == "in":
        return field.in_(*value)
    makers = {"=": field.eq, "<": field.lt, "<=": field.le, ">": field.gt, ">=": field.ge, "contains": field.contains, "matches": field.matches}
    return makers[op](value)


if __name__ == "__main__":
    serve({"pyvespa": version("pyvespa")}, lambda records, settings: True, lambda held, native: [made(native).build()])
