"""Automata that read one string for several tests at once, for `whereql.optimize.languages`.

A test is a tree of `whereql.regex.tree`, or an order; it becomes a nondeterministic automaton over sets of characters (`Nfa`),
which is made deterministic only as far as it is walked (`Dfa`), over an `Alphabet` in which the characters that no test tells
apart are one letter. A `Pair` reads for two machines and is a machine itself. Whoever builds or walks pays from an `Allowance`.

>>> purse = Allowance(1000)
>>> contains_ab = tree_nfa(Cat((ANYTHING, Chars(span("a")), Chars(span("b")))), purse)
>>> letters = alphabet([contains_ab], purse)
>>> machine = Dfa(contains_ab, letters, purse)
>>> sorted((letters.chars[first_bit(mask)], state) for mask, state in machine.parts(machine.start))
[('a', 1), ('b', 0)]
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from whereql.regex.charset import ANYWHERE, AT_EDGE, CHARS, EDGE, CharSet, intersect, span
from whereql.regex.tree import Alt, Cat, Chars, Node, Repeat, Side

ANYTHING = Repeat(Chars(CHARS), 0, None)
Parts = list[tuple[int, int]]
"""What follows a state: sets of letters, as bits, that share none and leave none out, and the state behind each."""

Key = TypeVar("Key")
_READABLE = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -_.,:;!?'\"()[]{}<>@#$%&*+=/|\\^~`"
_RANK = {char: rank for rank, char in enumerate(_READABLE)}
_MATCH = 0


class Spent(Exception):
    """The allowance is used up."""


class Allowance:
    """The work that is still allowed, in steps of a few microseconds; what walks automata takes from it as it goes."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Take some steps. Raises Spent when there are not as many."""
        self.left -= steps
        if self.left < 0:
            raise Spent


class Nfa:
    """An automaton that reads a string from its start and matches as soon as it is in state 0, whatever follows.

    moves: by state, the characters that lead elsewhere; jumps: by state, where it may be just as well, if the characters
    before and after (or `EDGE`) are in these sets; loops: the states that any string leads back to, and that all ways to a
    match from a state of a smaller number come through.
    """

    __slots__ = ("jumps", "loops", "moves", "purse")

    def __init__(self, purse: Allowance) -> None:
        self.purse = purse
        self.moves: list[list[tuple[CharSet, int]]] = []
        self.jumps: list[list[tuple[CharSet, CharSet, int]]] = []
        self.loops: set[int] = set()
        self.state()
        self.state()

    @property
    def start(self) -> int:
        """The state before the first character."""
        return 1

    def state(self) -> int:
        """A new state. Raises Spent."""
        self.purse.spend()
        self.moves.append([])
        self.jumps.append([])
        return len(self.moves) - 1

    def jump(self, source: int, target: int, before: CharSet = ANYWHERE, after: CharSet = ANYWHERE) -> None:
        """Let `source` be as good as `target`, under a condition."""
        self.purse.spend()
        self.jumps[source].append((before, after, target))

    def sets(self) -> Iterable[CharSet]:
        """The sets of characters that are told apart, each object once."""
        found = {id(chars): chars for moves in self.moves for chars, _ in moves}
        for jumps in self.jumps:
            for before, after, _ in jumps:
                found[id(before)], found[id(after)] = before, after
        return found.values()


def tree_nfa(node: Node, purse: Allowance) -> Nfa:
    """The automaton of the strings that have a start which matches `node`. Raises Spent."""
    nfa = Nfa(purse)
    at = nfa.start
    for part in node.parts if isinstance(node, Cat) else (node,):
        at = _add(nfa, part, at)
        if isinstance(part, Repeat) and part.most is None and _is_anything(part.node):
            nfa.loops.add(at)
    nfa.jump(at, _MATCH)
    return nfa


def _is_anything(node: Node) -> bool:
    return isinstance(node, Chars) and node.chars == CHARS


def _add(nfa: Nfa, node: Node, at: int) -> int:
    """Append what matches `node` to the state `at`, and return the state behind it; nothing ever leads back to `at`."""
    match node:
        case Chars(chars):
            behind = nfa.state()
            nfa.moves[at].append((chars, behind))
        case Side(before, after):
            behind = nfa.state()
            nfa.jump(at, behind, before, after)
        case Cat(parts):
            behind = at
            for part in parts:
                behind = _add(nfa, part, behind)
        case Alt(parts):
            ends = [_add(nfa, part, at) for part in parts]
            behind = nfa.state()
            for end in ends:
                nfa.jump(end, behind)
        case Repeat(inner, least, most):
            behind = _add_times(nfa, inner, least, most, at)
    return behind


def _add_times(nfa: Nfa, inner: Node, least: int, most: int | None, at: int) -> int:
    for _ in range(least):
        nfa.purse.spend()
        at = _add(nfa, inner, at)
    behind = nfa.state()
    nfa.jump(at, behind)
    if most is None:
        if isinstance(inner, Chars):
            nfa.moves[behind].append((inner.chars, behind))
        else:
            nfa.jump(_add(nfa, inner, behind), behind)
        return behind
    for _ in range(most - least):
        at = _add(nfa, inner, at)
        nfa.jump(at, behind)
    return behind


def order_nfa(text: str, inclusive: bool, purse: Allowance) -> Nfa:
    """The automaton of the strings that sort before `text`, or are `text` if `inclusive`. Raises Spent."""
    nfa = Nfa(purse)
    at = nfa.start
    for char in text:
        nfa.jump(at, _MATCH, after=AT_EDGE)
        behind = nfa.state()
        if char > "\0":
            nfa.moves[at].append((intersect((0, ord(char)), CHARS), _MATCH))
        nfa.moves[at].append((span(char), behind))
        at = behind
    if inclusive:
        nfa.jump(at, _MATCH, after=AT_EDGE)
    return nfa


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The characters, as many as have to be told apart.

    chars: one character of each kind, those that read well first; masks: each set as bits, bit n for `chars[n]` and one more
    for `EDGE`.
    """

    chars: tuple[str, ...]
    masks: dict[CharSet, int]


def alphabet(nfas: Iterable[Nfa], purse: Allowance) -> Alphabet:
    """The alphabet that some automata share. Raises Spent."""
    sets = list({CHARS: None, **{chars: None for nfa in nfas for chars in nfa.sets()}})
    toggles: dict[int, int] = defaultdict(int)
    for n, chars in enumerate(sets):
        purse.spend(1 + len(chars) // 16)
        for point in chars:
            toggles[point] ^= 1 << n
    kinds: dict[int, list[int]] = defaultdict(list)
    members = start = at_edge = 0
    for point in sorted(toggles):
        if members & 1:
            kinds[members] += start, point
        start = point
        members ^= toggles[point]
        if point == EDGE:
            at_edge = members
    chosen = sorted(((_letter(tuple(chars)), members) for members, chars in kinds.items()), key=lambda found: _rank(found[0]))
    purse.spend(len(chosen) * len(sets) // 256 + sum(members.bit_count() for _, members in chosen) // 4)
    masks = [0] * len(sets)
    for bit, members in enumerate([*(members for _, members in chosen), at_edge]):
        while members:
            masks[first_bit(members)] |= 1 << bit
            members &= members - 1
    return Alphabet(tuple(char for char, _ in chosen), dict(zip(sets, masks, strict=True)))


def _letter(chars: CharSet) -> str:
    """A character of a set, the one that reads best as far as a short look can tell."""
    if chars[1] - chars[0] > 1 or len(chars) > 2:
        for char in _READABLE:
            if bisect_right(chars, ord(char)) % 2:
                return char
        for low, high in zip(chars[:64:2], chars[1:64:2], strict=True):
            for point in range(low, min(high, low + 48)):
                if chr(point).isprintable():
                    return chr(point)
    return chr(chars[0])


def _rank(char: str) -> tuple[int, str]:
    return _RANK.get(char, len(_RANK) + (not char.isprintable())), char


def example(node: Node, longest: int = 1000) -> str:
    """A short string that `node` may match, at a guess: conditions are not looked at, and it is cut off when too long."""
    match node:
        case Chars(chars):
            return _letter(chars) if chars else ""
        case Cat(parts):
            return "".join([example(part, longest) for part in parts])[:longest]
        case Alt(parts):
            return min((example(part, longest) for part in parts), key=len, default="")
        case Repeat(inner, least) if least:
            return (example(inner, longest) * min(least, longest))[:longest]
    return ""


def first_bit(mask: int) -> int:
    """The number of the lowest bit of a mask."""
    return (mask & -mask).bit_length() - 1


class Machine(ABC, Generic[Key]):
    """What reads a string letter by letter, worked out as far as it is asked. Its states are numbers, of the keys that say all.

    width: of how many tests it knows the truth; start: the state before the first letter.
    """

    __slots__ = ("_keys", "_numbers", "_parts", "_truths", "purse", "start", "width")

    def __init__(self, width: int, purse: Allowance) -> None:
        self.width = width
        self.purse = purse
        self._numbers: dict[Key, int] = {}
        self._keys: list[Key] = []
        self._truths: list[int] = []
        self._parts: list[Parts | None] = []
        self.start = 0

    def parts(self, state: int) -> Parts:
        """What follows a state. Raises Spent."""
        found = self._parts[state]
        if found is None:
            found = self._parts[state] = self._follow(self._keys[state])
        return found

    def truth(self, state: int) -> int:
        """One bit for each of `width` tests: whether a string that ends here passes it."""
        return self._truths[state]

    def _number(self, key: Key) -> int:
        number = self._numbers.setdefault(key, len(self._keys))
        if number == len(self._keys):
            self._keys.append(key)
            self._truths.append(self._truth(key))
            self._parts.append(None)
        return number

    @abstractmethod
    def _truth(self, key: Key) -> int: ...

    @abstractmethod
    def _follow(self, key: Key) -> Parts: ...


_Live = frozenset[tuple[int, int]]


class Dfa(Machine[_Live]):
    """One test. A key is what the `Nfa` may be in, and before which letters: so much of the last character as matters."""

    __slots__ = ("_chars", "_edge", "_exits", "_jumps", "_kinds", "_loops", "_moves")

    def __init__(self, nfa: Nfa, letters: Alphabet, purse: Allowance) -> None:
        super().__init__(1, purse)
        known = {id(chars): letters.masks[chars] for chars in nfa.sets()}
        self._edge = 1 << len(letters.chars)
        self._chars = self._edge - 1
        self._loops = nfa.loops
        self._moves = [[(known[id(chars)], target) for chars, target in moves] for moves in nfa.moves]
        self._jumps = [[(known[id(before)], known[id(after)], target) for before, after, target in jumps] for jumps in nfa.jumps]
        self._exits = [0] * len(self._moves)
        for source, moves in enumerate(self._moves):
            for mask, _ in moves:
                self._exits[source] |= mask
        # What was before matters to a condition alone, and one that asks for the edge asks it of the start alone.
        befores = {before & self._chars for jumps in self._jumps for before, _, _ in jumps}
        self._kinds = sorted(befores - {0, self._chars})
        self.start = self._number(self._key((nfa.start,), self._edge))

    def _truth(self, key: _Live) -> int:
        return int(any(source == _MATCH and mask & self._edge for source, mask in key))

    def _follow(self, key: _Live) -> Parts:
        targets: dict[int, int] = defaultdict(int)
        for source, live in key:
            if source == _MATCH:
                targets[_MATCH] |= live & self._chars
            for mask, target in self._moves[source]:
                targets[target] |= live & mask
        pieces: list[tuple[int, tuple[int, ...]]] = [(self._chars, ())]
        for target, mask in targets.items():
            self.purse.spend(1 + len(pieces) // 4)
            inside = [(both, (*sources, target)) for piece, sources in pieces if (both := piece & mask)]
            pieces = inside + [(rest, sources) for piece, sources in pieces if (rest := piece & ~mask)]
        for mask in self._kinds:
            pieces = [(part, sources) for piece, sources in pieces for part in (piece & mask, piece & ~mask) if part]
        merged: dict[int, int] = defaultdict(int)
        for mask, sources in pieces:
            merged[self._number(self._key(sources, mask & -mask))] |= mask
        return [(mask, number) for number, mask in merged.items()]

    def _key(self, sources: tuple[int, ...], before: int) -> _Live:
        """Where being in some states of the automaton leads, behind a letter or the edge, without what adds nothing."""
        live = self._closed(sources, before)
        matching = live.get(_MATCH, 0)
        latest = max((source for source in live if source in self._loops and live[source] == self._chars | self._edge), default=0)
        kept = [(source, useful) for source, mask in live.items() if source >= latest and (useful := mask & self._exits[source] & ~matching)]
        return frozenset([*kept, (_MATCH, matching)] if matching else kept)

    def _closed(self, sources: tuple[int, ...], before: int) -> dict[int, int]:
        """The states that jumps lead to, and the letters (or the edge) before which they do."""
        everything = self._chars | self._edge
        if _MATCH in sources:
            return {_MATCH: everything}
        live: dict[int, int] = {}
        work = [(source, everything) for source in sources]
        while work:
            source, mask = work.pop()
            known = live.get(source, 0)
            if new := mask & ~known:
                self.purse.spend()
                live[source] = known | new
                work += [(target, both) for behind, after, target in self._jumps[source] if behind & before and (both := new & after)]
        return live


class Pair(Machine[tuple[int, int]]):
    """Two machines that read the same string; the bits of the left one are the lower ones."""

    __slots__ = ("_left", "_right")

    def __init__(self, left: Machine[Any], right: Machine[Any], purse: Allowance) -> None:
        super().__init__(left.width + right.width, purse)
        self._left, self._right = left, right
        self.start = self._number((left.start, right.start))

    def _truth(self, key: tuple[int, int]) -> int:
        return self._left.truth(key[0]) | self._right.truth(key[1]) << self._left.width

    def _follow(self, key: tuple[int, int]) -> Parts:
        lefts, rights = self._left.parts(key[0]), self._right.parts(key[1])
        self.purse.spend(len(lefts) * len(rights) // 8)
        found = [(both, self._number((a, b))) for one, a in lefts for other, b in rights if (both := one & other)]
        self.purse.spend(len(found))
        return found
