r"""Rewrites a pattern's assertions so that RE2 can say them: an exact construction for `\b` and its like.

RE2 has `\A \z ^ $`, and no Unicode `\b`, no `\b{start}`, no CRLF line ends. Whatever asserts those is kept as a sum of
runs, regular expressions without them, each with a condition on the character before and one on the character after.
Joining two runs resolves the conditions between them: the last character of the one must be in the set that the other
asks for, so the run is cut down to its matches that end so. Repetition solves the linear equations over the kinds of
characters that the conditions tell apart. What is left at the two ends of the pattern is consumed, which a search that
only asks whether there is a match may do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from whereql.regex.charset import (
    ANYWHERE,
    AT_EDGE,
    CHARS,
    CharSet,
    contains,
    intersect,
    span,
    subtract,
    union,
)
from whereql.regex.tree import EMPTY, MAX_WEIGHT, NEVER, Alt, Cat, Chars, Node, Repeat, Side, alt, cat, repeat, weight

NATIVE = frozenset({ANYWHERE, AT_EDGE, union(span("\n"), AT_EDGE)})
_BUDGET = 50_000


class TooEntangled(Exception):
    """The assertions are repeated or nested too much to be resolved within the budget."""


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """`node`, which never matches the empty string, where `before` and `after` hold at its ends."""

    before: CharSet
    node: Node
    after: CharSet


@dataclass(frozen=True, slots=True, eq=False)
class _Sum:
    """What a part of the pattern matches: the empty string where one of `sides` holds, and the runs."""

    sides: tuple[Side, ...]
    runs: tuple[_Run, ...]


def resolve(root: Node) -> Node:
    """A pattern that finds a match in a text if and only if `root` does, with no assertions but RE2's own.

    Raises TooEntangled.
    """
    resolver = _Resolver()
    found = resolver.resolve(root)
    if not isinstance(found, _Sum):
        return found
    pieces = [cat(_look(side.before, False), _look(side.after, True)) for side in found.sides]
    pieces += [cat(_look(run.before, False), run.node, _look(run.after, True)) for run in found.runs]
    return alt(*pieces)


def _look(chars: CharSet, after: bool) -> Node:
    """A condition at the edge of the whole pattern: an assertion of RE2's, or the neighbour, consumed."""
    if chars in NATIVE:
        return _native(chars, after)
    edge = [_native(AT_EDGE, after)] if contains(chars, AT_EDGE) else []
    return alt(*edge, Chars(intersect(chars, CHARS)))


def _native(chars: CharSet, after: bool) -> Node:
    if chars == ANYWHERE:
        return EMPTY
    return Side(after=chars) if after else Side(before=chars)


class _Resolver:
    """One rewriting, with its budget."""

    def __init__(self) -> None:
        self.steps = 0
        self.weights: dict[Node, int] = {}
        self.nullable_nodes: dict[Node, bool] = {}
        self.empty_sides: dict[Node, tuple[Side, ...]] = {}
        self.end_sets: dict[tuple[Node, bool], CharSet] = {}

    def spend(self, steps: int = 1) -> None:
        self.steps += steps
        if self.steps > _BUDGET:
            raise TooEntangled

    def resolve(self, node: Node) -> Node | _Sum:
        """`node` itself when all its assertions are RE2's, else its sum."""
        match node:
            case Side(before, after):
                native = before in NATIVE and after in NATIVE
                return node if native else _Sum((node,), ())
            case Cat(parts):
                found = list(map(self.resolve, parts))
                return self._row(found) if _mixed(found) else cat(*_plain(found))
            case Alt(parts):
                found = list(map(self.resolve, parts))
                return self._any(map(self._sum, found)) if _mixed(found) else alt(*_plain(found))
            case Repeat(inner, least, most):
                once = self.resolve(inner)
                return self._times(once, least, most) if isinstance(once, _Sum) else repeat(once, least, most)
        return node

    def _sum(self, found: Node | _Sum) -> _Sum:
        if isinstance(found, _Sum):
            return found
        nonempty = self.ending(found, CHARS, last=False)
        return _Sum(self.sides(found), () if nonempty is NEVER else (_Run(ANYWHERE, nonempty, ANYWHERE),))

    def _any(self, sums: Iterable[_Sum]) -> _Sum:
        sides: list[Side] = []
        runs: list[_Run] = []
        for each in sums:
            sides += each.sides
            runs += each.runs
        return _Sum(_simplest(sides), _merged(runs))

    def _row(self, found: list[Node | _Sum]) -> _Sum:
        whole: _Sum | None = None
        plain: list[Node] = []
        for part in [*found, _Sum((Side(),), ())]:
            if not isinstance(part, _Sum):
                plain.append(part)
                continue
            if plain:
                row = self._sum(cat(*plain))
                whole = row if whole is None else self._join(whole, row)
                plain.clear()
            whole = part if whole is None else self._join(whole, part)
        assert whole is not None
        return whole

    def _join(self, left: _Sum, right: _Sum) -> _Sum:
        self.spend(1 + (len(left.sides) + len(left.runs)) * (len(right.sides) + len(right.runs)))
        sides = [_meet(a, b) for a, b in product(left.sides, right.sides)]
        runs = [
            _Run(intersect(a.before, b.before), self.ending(b.node, a.after, last=False), b.after)
            for a, b in product(left.sides, right.runs)
        ]
        runs += [
            _Run(a.before, self.ending(a.node, b.before, last=True), intersect(a.after, b.after))
            for a, b in product(left.runs, right.sides)
        ]
        runs += [
            _Run(a.before, cat(self.ending(a.node, b.before, True), self.ending(b.node, a.after, False)), b.after)
            for a, b in product(left.runs, right.runs)
        ]
        return self._checked(_Sum(_simplest(sides), _merged(runs)))

    def _checked(self, found: _Sum) -> _Sum:
        if any(weight(run.node, self.weights) > MAX_WEIGHT for run in found.runs):
            raise TooEntangled
        return found

    def _times(self, inner: _Sum, least: int, most: int | None) -> _Sum:
        whole = _Sum((Side(),), ())
        optional = self._any((whole, inner))
        for _ in range(least - (most is None)):
            whole = self._join(whole, inner)
        if most is None:
            star = self._star(inner)
            return self._join(whole, _Sum(inner.sides, star.runs) if least else star)
        for _ in range(most - least):
            whole = self._join(whole, optional)
        return whole

    def _star(self, inner: _Sum) -> _Sum:
        """Any number of `inner`; a repetition that matches the empty string adds nothing, so the sides play no part.

        The states are the sets of steps that may come next; a state without any is left out, being no way to go on.
        """
        steps = self._split(inner.runs)
        follow = [
            tuple(
                n
                for n, (starts, _, then) in enumerate(steps)
                if contains(then.before, ends) and contains(run.after, starts)
            )
            for _, ends, run in steps
        ]
        states = [state for state in dict.fromkeys(follow) if state]
        edges: dict[tuple[int, int], list[Node]] = defaultdict(list)
        entries: dict[CharSet, dict[int, list[Node]]] = defaultdict(lambda: defaultdict(list))
        for (_, _, run), state in zip(steps, follow, strict=True):
            if state:
                entries[run.before][states.index(state)].append(run.node)
        for (source, allowed), target in product(enumerate(states), range(len(states))):
            edges[source, target] = [steps[n][2].node for n in allowed if follow[n] == states[target]]
        paths = self._closure(len(states), {pair: alt(*nodes) for pair, nodes in edges.items()})
        runs = [
            _Run(before, cat(alt(*nodes), paths[source, target], alt(*last)), after)
            for before, targets in entries.items()
            for source, nodes in targets.items()
            for target, allowed in enumerate(states)
            for after, last in _by_after(steps[n][2] for n in allowed)
        ]
        return self._checked(_Sum((Side(),), _merged([*inner.runs, *runs])))

    def _split(self, runs: tuple[_Run, ...]) -> list[tuple[CharSet, CharSet, _Run]]:
        """The runs cut so that every condition holds for all or none of their first, and of their last characters."""
        heads = _kinds(run.after for run in runs)
        tails = _kinds(run.before for run in runs)
        cut = []
        for run in runs:
            for starts, ends in product(heads, tails):
                self.spend()
                node = self.ending(self.ending(run.node, starts, last=False), ends, last=True)
                if node is not NEVER:
                    cut.append((starts, ends, _Run(run.before, node, run.after)))
        return cut

    def _closure(self, count: int, edges: dict[tuple[int, int], Node]) -> dict[tuple[int, int], Node]:
        """All paths between states, the empty ones included (Kleene's algorithm)."""
        self.spend(count**3)
        paths = {(i, j): edges.get((i, j), NEVER) for i in range(count) for j in range(count)}
        for via in range(count):
            loop = repeat(paths[via, via], 0, None)
            others = [other for other in range(count) if other != via]
            for i, j in product(others, repeat=2):
                paths[i, j] = alt(paths[i, j], cat(paths[i, via], loop, paths[via, j]))
            for other in others:
                paths[other, via] = cat(paths[other, via], loop)
                paths[via, other] = cat(loop, paths[via, other])
            paths[via, via] = loop
        return paths

    def ending(self, node: Node, chars: CharSet, last: bool) -> Node:
        """The non-empty matches of a plain `node` whose first (or last) character is in `chars`."""
        ends = self.ends(node, last)
        if not self.nullable(node) and contains(chars, ends):
            return node
        if not intersect(ends, chars):
            return NEVER
        self.spend()
        match node:
            case Chars(own):
                both = intersect(own, chars)
                return Chars(both) if both else NEVER
            case Cat(parts):
                return self._ending_row(parts, chars, last)
            case Alt(parts):
                return alt(*(self.ending(part, chars, last) for part in parts))
            case Repeat(inner, least, most):
                return self._ending_times(inner, least, most, chars, last)
        return NEVER

    def _ending_row(self, parts: tuple[Node, ...], chars: CharSet, last: bool) -> Node:
        found = []
        order = range(len(parts) - 1, -1, -1) if last else range(len(parts))
        for at in order:
            cut = self.ending(parts[at], chars, last)
            self.spend(len(parts) // 8)
            inner, outer = (parts[:at], parts[at + 1 :]) if last else (parts[at + 1 :], parts[:at])
            empties = cat(*map(self.empties, outer))
            found.append(cat(*inner, cut, empties) if last else cat(empties, cut, *inner))
            if not self.nullable(parts[at]):
                break
        return alt(*found)

    def _ending_times(self, inner: Node, least: int, most: int | None, chars: CharSet, last: bool) -> Node:
        if least > 1 and self.nullable(inner):
            self.spend(least)
            rest = repeat(inner, 0, None if most is None else most - least)
            return self.ending(cat(*[inner] * least, rest), chars, last)
        rest = repeat(inner, max(least - 1, 0), None if most is None else most - 1)
        cut = self.ending(inner, chars, last)
        return cat(rest, cut) if last else cat(cut, rest)

    def nullable(self, node: Node) -> bool:
        """Whether a plain node can match the empty string somewhere."""
        if node not in self.nullable_nodes:
            self.nullable_nodes[node] = self._nullable(node)
        return self.nullable_nodes[node]

    def _nullable(self, node: Node) -> bool:
        match node:
            case Chars():
                return False
            case Side():
                return True
            case Cat(parts):
                return all(map(self.nullable, parts))
            case Alt(parts):
                return any(map(self.nullable, parts))
            case Repeat(inner, least):
                return not least or self.nullable(inner)

    def ends(self, node: Node, last: bool) -> CharSet:
        """The characters that can come first (or last) in a match of a plain node."""
        if (node, last) not in self.end_sets:
            self.end_sets[node, last] = self._ends(node, last)
        return self.end_sets[node, last]

    def _ends(self, node: Node, last: bool) -> CharSet:
        found: list[CharSet] = []
        match node:
            case Chars(own):
                return own
            case Cat(parts):
                for part in reversed(parts) if last else parts:
                    found.append(self.ends(part, last))
                    if not self.nullable(part):
                        break
            case Alt(parts):
                found = [self.ends(part, last) for part in parts]
            case Repeat(inner):
                return self.ends(inner, last)
        return union(*dict.fromkeys(found))

    def sides(self, node: Node) -> tuple[Side, ...]:
        """The conditions under which a plain node matches the empty string."""
        if not self.nullable(node):
            return ()
        if node not in self.empty_sides:
            self.empty_sides[node] = self._sides(node)
        return self.empty_sides[node]

    def _sides(self, node: Node) -> tuple[Side, ...]:
        sides: tuple[Side, ...] = (Side(),)
        match node:
            case Side():
                return (node,)
            case Cat(parts):
                for part in parts:
                    sides = _simplest(_meet(a, b) for a, b in product(sides, self.sides(part)))
            case Alt(parts):
                return _simplest(side for part in parts for side in self.sides(part))
            case Repeat(inner, least) if least:
                return self.sides(inner)
        return sides

    def empties(self, node: Node) -> Node:
        """What of a plain node matches the empty string."""
        return alt(*(cat(_native(side.before, False), _native(side.after, True)) for side in self.sides(node)))


def _mixed(found: list[Node | _Sum]) -> bool:
    return any(isinstance(part, _Sum) for part in found)


def _plain(found: list[Node | _Sum]) -> list[Node]:
    return [part for part in found if not isinstance(part, _Sum)]


def _meet(a: Side, b: Side) -> Side:
    return Side(intersect(a.before, b.before), intersect(a.after, b.after))


def _simplest(sides: Iterable[Side]) -> tuple[Side, ...]:
    """The conditions that can hold, each once, and none that another includes."""
    unique = {(side.before, side.after): side for side in sides if side.before and side.after}
    return tuple(
        side
        for key, side in unique.items()
        if not any(key != other and contains(other[0], key[0]) and contains(other[1], key[1]) for other in unique)
    )


def _merged(runs: Iterable[_Run]) -> tuple[_Run, ...]:
    """The runs that can match, those of equal conditions as one."""
    groups: dict[tuple[CharSet, CharSet], list[Node]] = defaultdict(list)
    for run in runs:
        if run.before and run.after and run.node is not NEVER:
            groups[run.before, run.after].append(run.node)
    return tuple(_Run(before, alt(*nodes), after) for (before, after), nodes in groups.items())


def _by_after(runs: Iterable[_Run]) -> Iterable[tuple[CharSet, list[Node]]]:
    groups: dict[CharSet, list[Node]] = defaultdict(list)
    for run in runs:
        groups[run.after].append(run.node)
    return groups.items()


def _kinds(conditions: Iterable[CharSet]) -> list[CharSet]:
    """The coarsest partition of all characters that the conditions can't tell apart."""
    kinds = [CHARS]
    for condition in set(conditions):
        kinds = [part for kind in kinds for part in (intersect(kind, condition), subtract(kind, condition)) if part]
    return kinds
