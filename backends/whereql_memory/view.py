"""A view: what a collection holds at one moment. It never changes, so whoever reads it is in no writer's way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import Any

import numpy as np

from whereql.ast import Const, Expr
from whereql.backend import Query
from whereql.records import KeyInfo, Schema, add_example
from whereql_memory.answers import Answer, Joined
from whereql_memory.arrays import Index, Mask
from whereql_memory.running import Found, count, find
from whereql_memory.segments import Segment
from whereql_memory.table import describe


@dataclass(frozen=True, eq=False)
class Part:
    """A segment and its rows that are alive, None for all; dead: how many are not."""

    segment: Segment
    alive: Mask | None = None
    dead: int = 0

    def __len__(self) -> int:
        return len(self.segment) - self.dead

    def kept(self, rows: Index) -> Index:
        """Those of the rows that are alive."""
        return rows if self.alive is None else rows[self.alive[rows]]

    @cached_property
    def schema(self) -> Schema:
        """What is said of the keys of the rows that are alive."""
        return self.segment.table.schema if self.alive is None else describe(self.segment.table, self.alive)

    @property
    def rows(self) -> Index:
        """The rows that are alive."""
        return np.arange(len(self.segment)) if self.alive is None else np.flatnonzero(self.alive)


class View:
    """The parts of a collection."""

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        self.parts = tuple(parts)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @cached_property
    def is_ordered(self) -> bool:
        """Whether the records are in order when one part is read after the other."""
        edges = [(part.segment.sequence[0], part.segment.sequence[-1]) for part in self.parts if len(part.segment)]
        return all(last < first for (_, last), (first, _) in pairwise(edges))

    @cached_property
    def dimension(self) -> int | None:
        """The length of the embeddings, None without any."""
        for part in self.parts:
            vectors = part.segment.table.vectors
            rows = np.arange(len(part.segment)) if vectors.rows is None else vectors.rows
            if len(vectors) and len(part.kept(rows)):
                return int(vectors.data.shape[1])
        return None

    def locate(self, ids: Collection[str]) -> list[tuple[Part, Index]]:
        """Where those of the ids are that are there: the ascending rows of each part."""
        return [(part, part.kept(part.segment.table.ids.find(ids))) for part in self.parts]

    def count(self, query: Query) -> int:
        """How many records a query has."""
        found = 0
        for part in self.parts:
            found += count(part.segment.plan(query.where), part.alive) if query.ids is None else len(_among(part, query.ids, query.where))
        if query.limit is None and not query.offset:
            return found
        left = max(0, found - query.offset)
        return left if query.limit is None else min(left, query.limit)

    def select(self, query: Query) -> Answer | Joined:
        """The records of a query."""
        if len(self.parts) == 1 and not query.offset:  # the usual case, without what several parts need
            part = self.parts[0]
            return Answer(part.segment.table, _find_in(part, query, query.limit))
        most = None if query.limit is None else query.offset + query.limit
        found = [(part, each) for part, each in self._find(query, most) if each.count]
        if len(found) > 1 and not self.is_ordered:
            return self._merged(found, query.offset, most)
        if most is not None or query.offset:
            found = _cut(found, query.offset, most)
        answers = [Answer(part.segment.table, each) for part, each in found]
        return answers[0] if len(answers) == 1 else Joined(answers)

    def rows(self, query: Query) -> dict[Part, Index]:
        """The rows of a query, by part."""
        if query.limit is not None or query.offset:
            return {part: rows for part, rows in self.locate(self.select(query).column("ids")) if len(rows)}
        return {part: found.rows for part, found in self._find(query, None) if found.count}

    def _find(self, query: Query, most: int | None) -> Iterable[tuple[Part, Found]]:
        """The first rows of each part, as many as a limit needs."""
        left = most
        for part in self.parts:
            found = _find_in(part, query, most)
            yield part, found
            if left is not None and self.is_ordered and (left := left - found.count) <= 0:
                return

    def _merged(self, found: Sequence[tuple[Part, Found]], offset: int, most: int | None) -> Joined:
        """Rows of several parts, put in the order of the collection."""
        sequence = np.concatenate([part.segment.sequence[each.rows] for part, each in found])
        return Joined([Answer(part.segment.table, each) for part, each in found], np.argsort(sequence, kind="stable")[offset:most])

    @cached_property
    def schema(self) -> Schema:
        """The keys, with the counts of their kinds and the first values that differ."""
        kinds: dict[str, Counter[str]] = {}
        examples: dict[str, list[Any]] = {}
        for name, info in chain.from_iterable(part.schema.keys.items() for part in self.parts):
            kinds.setdefault(name, Counter()).update(info.kinds)
            for value in info.examples:
                add_example(examples.setdefault(name, []), value)
        return Schema(len(self), {name: KeyInfo(dict(counts), tuple(examples[name])) for name, counts in kinds.items()})


def _find_in(part: Part, query: Query, most: int | None) -> Found:
    """The rows of a query in one part; most: how many of the first are enough."""
    if query.ids is None:
        return find(part.segment.plan(query.where), part.alive, most)
    rows = _among(part, query.ids, query.where)
    return Found(part.segment.size, None, rows if most is None else rows[:most])


def _among(part: Part, ids: Collection[str], where: Expr) -> Index | list[int]:
    """The rows of a filter among those of some ids."""
    rows = part.segment.table.ids.look_up(ids)
    if part.alive is not None:
        rows = part.kept(np.asarray(rows, np.int64))
    if not len(rows) or (type(where) is Const and where.value):
        return rows
    rows = np.asarray(rows, np.int64)
    return rows[part.segment.plan(where).test(rows)]


def _cut(found: Sequence[tuple[Part, Found]], low: int, high: int | None) -> list[tuple[Part, Found]]:
    """The records from the one numbered `low` to before the one numbered `high`."""
    kept, start = [], 0
    for part, each in found:
        rows = each.rows[max(0, low - start) : None if high is None else max(0, high - start)]
        start += each.count
        if len(rows):
            kept.append((part, Found(each.size, None, rows)))
    return kept
