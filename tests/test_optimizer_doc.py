"""The rules of docs/optimizer.md are those of the optimizer, in its order, and its examples are what the passes do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import whereql
from whereql.optimize import ORDER, PASSES

TEXT = (Path(__file__).parent.parent / "docs" / "optimizer.md").read_text(encoding="utf-8")
RULES = re.findall(r"^\| (\w+) \| [^|]+ \| `([^`]+)` \| `([^`]+)` \|$", TEXT, re.MULTILINE)
LOG = dict(re.findall(r"^\| (\w+) \| ([^|]+) \| [^|]+ \|$", TEXT[TEXT.index("## Proof log") :], re.MULTILINE))


def test_the_table_lists_the_passes_in_their_order() -> None:
    assert [name for name, _, _ in RULES] == [one.name for one in (*PASSES, ORDER)]


@pytest.mark.parametrize(("name", "before", "after"), RULES)
def test_each_pass_does_what_the_table_shows(name: str, before: str, after: str) -> None:
    rewrite = next(one.rewrite for one in (*PASSES, ORDER) if one.name == name)
    expr = whereql.parse(before)
    assert whereql.to_text(rewrite(expr)) == after
    assert whereql.equivalent(expr, whereql.parse(after)).is_yes


def test_every_pass_is_in_the_proof_log() -> None:
    assert {one.name for one in (*PASSES, ORDER)} <= LOG.keys()
