"""How a set of points on a line is said with the fewest predicates: which of its edges are said together by one of them.

An edge is where membership changes. `k = 5` says two edges at once, those before and after 5; `STARTS WITH 'a'` says the
edge at 'a' and the one at 'b'; `k > 5` says one. So the shortest filter joins as many edges in pairs as it can.

>>> pair_edges(("a", "ab", "ac", "b", "k"), STRINGS, Policy.ANY)  # what starts with a, but not with ab, and all from k on
Pairing(cuts=[4, 5], added=[], left_out=[], prefixes=[Prefix(first=0, last=3, text='a'), Prefix(first=1, last=2, text='ab')])
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from whereql.optimize.lines import STRINGS, Edges, Line, Point, prefix_end


class Policy(Enum):
    """Which single points are said by equality: those in the set, to be added; those not in it, to be left out; or both.

    Added points make one IN, those left out one NOT IN; a set that can do with one of the two should.
    """

    ANY = "any"
    ADDED = "added"
    LEFT_OUT = "left out"


class Pairing(NamedTuple):
    """The edges of a set, and how they are said.

    cuts: the indices of those said alone, by an order; two of them in turn bound an interval. The line's first point and its
    end (the index behind the last edge of a set that goes on to it) are cuts for nothing. added, left_out: single points, or
    two neighbours; prefixes: those that are said as wholes.
    """

    cuts: list[int]
    added: list[Point]
    left_out: list[Point]
    prefixes: list[Prefix]


class Prefix(NamedTuple):
    """The strings with a prefix: added where the index of their first edge is even, left out where it is odd."""

    first: int
    last: int
    text: str


class _Cost(NamedTuple):
    """Of the edges from one on: units and predicates, and the first choice."""

    units: int
    predicates: int
    choice: int  # the index behind the first edge's pair; the edge's own if it is a cut
    bare: bool  # whether what follows the choice has no cut that costs


# The cheapest way with a cut that costs, and without: then the line itself has to be said where the set begins with it.
_Costs = dict[bool, _Cost]


def pair_edges(edges: Edges, line: Line, policy: Policy, trimmed: bool = True) -> Pairing:
    """The cheapest pairing of the edges of a set: fewest units, then fewest predicates, then fewest pairs.

    trimmed: whether a prefix may be said that has one string more, or fewer, at an end.
    """
    ends: list[Point | None] = [*edges, *([None] if len(edges) % 2 else [])]
    if policy is not Policy.LEFT_OUT:
        runs = [_points_at(ends, i, line) for i in range(0, len(ends), 2)]
        starts_at_two = len(runs) > 0 and ((ends[0] == line.first and len(runs[0]) == 2) or (ends[-1] is None and len(runs[-1]) == 2))
        if all(runs) and not starts_at_two:  # one order says two points at an end of the line
            return Pairing([], [point for run in runs for point in run], [], [])
    return _walk(_costs(ends, line, policy, trimmed), ends, line, policy, trimmed)


def _points_at(ends: list[Point | None], i: int, line: Line) -> list[Point]:
    """The points between an edge and the next, if there are only one or two: then a list says them as cheaply as a range."""
    if i + 1 >= len(ends):
        return []
    second = line.above(ends[i])  # type: ignore[arg-type]  # only the last one is None
    if second == ends[i + 1]:
        return [ends[i]]
    return [ends[i], second] if second is not None and line.above(second) == ends[i + 1] else []


def _allows(policy: Policy, i: int) -> bool:
    return policy is Policy.ANY or (policy is Policy.ADDED) is (i % 2 == 0)


def _costs(ends: list[Point | None], line: Line, policy: Policy, trimmed: bool) -> list[_Costs]:
    """For each edge the cheapest ways to say it and all behind it, from the last to the first."""
    index = {end: i for i, end in enumerate(ends)} if line is STRINGS else {}
    costs: list[_Costs] = [{} for _ in ends] + [{True: _Cost(0, 0, 0, True)}]
    for i in reversed(range(len(ends))):
        free = ends[i] is None or (i == 0 and ends[i] == line.first)
        options = [(i, int(not free), int(not free))]
        if _allows(policy, i) and (points := _points_at(ends, i, line)):
            options.append((i + 2, len(points), 0))
        if line is STRINGS:
            options += [(pair.last + 1, units, count) for pair, units, count in _prefixes(ends, i, index, policy, trimmed)]
        for choice, units, count in options:
            for bare, behind in costs[max(choice, i + 1)].items():
                is_bare = bare and (choice > i or free)
                whole = int(i == 0 and choice == i and free and bare)  # `k >= first` says the line itself
                cost = _Cost(behind.units + units + whole, behind.predicates + count + whole, choice, bare)
                if is_bare not in costs[i] or cost[:2] < costs[i][is_bare][:2]:
                    costs[i][is_bare] = cost
    return costs


def _prefixes(
    ends: list[Point | None], i: int, index: dict[Point | None, int], policy: Policy, trimmed: bool
) -> Iterator[tuple[Prefix, int, int]]:
    """The prefixes that may be said from an edge on, with the units and predicates that say them and all edges within.

    A prefix without its own first string, or with the string right behind it, has the edge of that string in place of its
    own, and costs a unit more: in the list of points on the other side, or on its own.
    """
    edge = ends[i]
    if edge is None:
        return
    for text in (edge, edge[:-1]) if edge.endswith("\0") else (edge,):
        end = prefix_end(text)
        for last in () if end is None else (index.get(end), index.get(end + "\0")):
            if last is None or (last - i) % 2 == 0:
                continue
            spare = [i + 1] * (text != edge) + [i] * (ends[last] != end)
            if spare and not trimmed:
                continue
            inner = _inner_pairs(ends, i + 1, last)
            if inner is not None and all(is_prefix or _allows(policy, a) for a, _, is_prefix in inner) and all(_allows(policy, side) for side in spare):
                yield Prefix(i, last, text), 1 + len(inner) + len(spare), 1 + sum(is_prefix for _, _, is_prefix in inner)


def _inner_pairs(ends: list[Point | None], start: int, stop: int) -> list[tuple[int, int, bool]] | None:
    """The pairs of all edges within a prefix, None where one stays alone: a prefix can't be said around a cut.

    An edge is paired with the last open one; only strings that end in NUL characters could do better another way.
    """
    open_edges: list[int] = []
    pairs = []
    for i in range(start, stop):
        if open_edges:
            first = ends[open_edges[-1]]
            assert isinstance(first, str)
            if ends[i] in (first + "\0", prefix_end(first)):
                pairs.append((open_edges.pop(), i, ends[i] != first + "\0"))
                continue
        open_edges.append(i)
    return None if open_edges else pairs


def _walk(costs: list[_Costs], ends: list[Point | None], line: Line, policy: Policy, trimmed: bool) -> Pairing:
    """The pairing that costs least, from the first edge to the last."""
    index = {end: i for i, end in enumerate(ends)}
    pairing = Pairing([], [], [], [])
    i = 0
    bare = min(costs[0], key=lambda one: (costs[0][one][:2], one))
    while i < len(ends):
        choice, bare = costs[i][bare].choice, costs[i][bare].bare
        if choice == i:
            pairing.cuts.append(i)
            i += 1
        elif choice == i + 2 and (points := _points_at(ends, i, line)):
            (pairing.left_out if i % 2 else pairing.added).extend(points)
            i = choice
        else:
            found = [(units, count, one) for one, units, count in _prefixes(ends, i, index, policy, trimmed) if one.last == choice - 1]
            _add_prefix(pairing, ends, min(found)[2])
            i = choice
    return pairing


def _add_prefix(pairing: Pairing, ends: list[Point | None], one: Prefix) -> None:
    end = prefix_end(one.text)
    pairing.prefixes.append(one)
    if ends[one.first] != one.text:
        (pairing.added if one.first % 2 else pairing.left_out).append(one.text)
    if ends[one.last] != end:
        (pairing.left_out if one.first % 2 else pairing.added).append(end)
    for a, b, is_prefix in _inner_pairs(ends, one.first + 1, one.last) or []:
        if is_prefix:
            pairing.prefixes.append(Prefix(a, b, str(ends[a])))
        else:
            (pairing.left_out if a % 2 else pairing.added).append(ends[a])
