# /// script
# dependencies = ["redisvl==0.28.0"]
# ///
"""RedisVL's own filters, as texts. A filter is [field, operator, value], of a Tag or a Num by its value."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from redisvl.query.filter import Num, Tag
from serving import serve


def find(held: Any, native: Any) -> list[str]:
    """The text of a filter."""
    name, op, value = native
    field = (Tag if isinstance(value, (str, list)) else Num)(name)
    made = {"==": field.__eq__, "!=": field.__ne__, **({} if isinstance(field, Tag) else {"<": field.__lt__, "<=": field.__le__, ">": field.__gt__, ">=": field.__ge__})}
    return [str(made[op](value))]


if __name__ == "__main__":
    serve({"redisvl": version("redisvl")}, lambda records, settings: True, find)
