"""Filters with their answers, written by hand, and beside each the wrong answer that tempts: they come as TOML with the wheel.

>>> group = next(group for group in load_groups() if group.name == "negation")
>>> group.cases[0].where, group.cases[0].wrong
("lang != 'en'", ('de',))
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from whereql.records import Record, make_record


@dataclass(frozen=True, slots=True)
class Case:
    """A filter as text and the ids that it finds. wrong: the ids of the tempting answer; tempts: why it tempts."""

    where: str
    ids: tuple[str, ...]
    wrong: tuple[str, ...]
    tempts: str


@dataclass(frozen=True, slots=True)
class Group:
    """Cases about one rule, over the same records."""

    name: str
    rule: str
    records: tuple[Record, ...]
    cases: tuple[Case, ...]


@cache
def load_groups() -> tuple[Group, ...]:
    """The groups of `cases.toml`."""
    text = files("whereql.testing").joinpath("cases.toml").read_text(encoding="utf-8")
    return tuple(_group(given) for given in tomllib.loads(text)["group"])


def _group(given: Mapping[str, Any]) -> Group:
    records = tuple(make_record(**record) for record in given["records"])
    cases = tuple(Case(case["where"], tuple(case["ids"]), tuple(case["wrong"]), case["tempts"]) for case in given["cases"])
    return Group(given["name"], given["rule"], records, cases)
