"""The plan of a query in words: what is looked up, what is tested and what is scanned, with expected and actual rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import whereql
from whereql.backend import Query
from whereql_memory.connectives import Both, Complement, Either
from whereql_memory.nodes import Exprs, Node
from whereql_memory.running import scan
from whereql_memory.view import Part, View

_WIDEST = 60  # characters of a part of the filter


def describe(view: View, query: Query) -> str:
    """The plan, one step a line. Each step is run, so this costs more than the query does."""
    lines = []
    for number, part in enumerate(view.parts, 1):
        head = f"segment {number} of {len(view.parts)}, {len(part):,} records" if len(view.parts) > 1 else f"{len(part):,} records"
        lines.append(head if query.ids is None else f"{head}, {len(query.ids):,} ids looked up first")
        lines += _steps(part.segment.plan(query.where), part, 1)
    return "\n".join(lines) or "no records"


def _steps(node: Node, part: Part, depth: int) -> Iterator[str]:
    match node:
        case Both(driver=Node() as driver):
            rows = part.kept(driver.rows())
            yield _line(depth, "look up", driver, len(rows))
            for tester in node.testers:
                kept = rows[tester.test(rows)]
                expected = len(rows) * tester.estimate / max(1, node.size)
                yield _line(depth, "then test", tester, len(kept), expected)
                rows = kept
        case _ if node.is_listed:
            yield _line(depth, "look up", node, len(part.kept(node.rows())))
        case Complement():
            yield _line(depth, "scan for all but", node, _scanned(node, part), exprs=node.part.exprs)
            yield from _steps(node.part, part, depth + 1) if node.part.parts else ()
        case Both() | Either():
            yield _line(depth, "all of" if isinstance(node, Both) else "any of", node, _scanned(node, part))
            for inner in node.parts:
                yield from _steps(inner, part, depth + 1)
        case _:
            yield _line(depth, "scan for", node, _scanned(node, part))


def _scanned(node: Node, part: Part) -> int:
    """How many rows a scan finds that are alive."""
    mask = scan(node)
    return int(np.count_nonzero(mask if part.alive is None else mask & part.alive))


def _line(depth: int, how: str, node: Node, rows: int, expected: float | None = None, exprs: Exprs | None = None) -> str:
    text = " AND ".join(map(whereql.to_text, node.exprs if exprs is None else exprs))
    shown = text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
    about = node.estimate if expected is None else expected
    return f"{'  ' * depth}{how} {shown}: {rows:,} rows, about {about:,.0f} expected"
