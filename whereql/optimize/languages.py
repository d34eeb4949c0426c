r"""What several text tests can say together of one string: the exact answer, with a string for each combination.

It decides whether filters can be true, imply each other or are equal, where texts come in: `STARTS WITH 'ab'` implies
`LIKE '_b%'`, and no string is at once `< 'b'` and matches `^[c-z]`.

>>> found = worlds([(Op.STARTS, "ab"), (Op.LIKE, "_b%"), (Op.MATCHES, r"^\w$")])
>>> found.complete, found.samples[True, True, False]
(True, 'ab')
>>> (True, False, False) in found.samples or (True, True, True) in found.samples
False
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from whereql.errors import LimitError, UnsupportedError, WhereqlError
from whereql.kinds import Kind
from whereql.like import like_parts
from whereql.operators import ORDER, PATTERN, Op
from whereql.optimize.automata import (
    ANYTHING,
    Allowance,
    Dfa,
    Machine,
    Nfa,
    Pair,
    Spent,
    alphabet,
    example,
    first_bit,
    order_nfa,
    tree_nfa,
)
from whereql.regex.charset import AT_EDGE, CHARS, fold, span
from whereql.regex.syntax import parse
from whereql.regex.tree import Chars, Node, Side, cat, weight
from whereql.semantics import test
from whereql.values import Literal

Atom = tuple[Op, str]
"""A test of a string: a comparison or an operator on text, and its operand."""

Vector = tuple[bool, ...]

_END = Side(after=AT_EDGE)
_COMPLEMENTS = {Op.GE: Op.LT, Op.GT: Op.LE}
_PARSING = 5  # steps for a character of a pattern, which may stand for a set with hundreds of ranges
_GUESSING = 400_000  # characters that the tests may read
_MAX_WEIGHT = 20_000  # of a pattern that is compiled for that
_MAX_SUBSETS = 5  # of so many words, all subsets are joined
_MAX_JOINED = 500_000  # characters in all


@dataclass(frozen=True, slots=True)
class Worlds:
    """What strings there are, as far as the atoms can tell them apart.

    samples: each vector of truths that a string is known to have, and a string that has it, a shortest one unless guessed;
    complete: whether no string has another vector.
    """

    samples: dict[Vector, str]
    complete: bool


def worlds(atoms: Sequence[Atom], budget: int = 20_000) -> Worlds:
    """Every combination of truths that the atoms have on some string, by the length of the strings.

    budget: the steps that it may take, of a few microseconds each. Where they don't suffice, the samples are those found so far
    and those of some likely strings, all of them true. Raises CheckError for a pattern that is none, ValueError for an operator
    that tests no string.
    """
    keys = [(_COMPLEMENTS.get(op, op), operand) for op, operand in atoms]
    search = _Search(list(dict.fromkeys(keys)), Allowance(budget))
    try:
        complete = search.run()
    except (LimitError, UnsupportedError):
        return Worlds({}, False)
    numbers = {key: number for number, key in enumerate(search.keys)}
    places = [(numbers[key], key[0] is not op) for key, (op, _) in zip(keys, atoms, strict=True)]
    samples = {tuple((truths >> place & 1 == 1) is not negated for place, negated in places): text for truths, text in search.found.items()}
    if not complete:
        for vector, text in _guessed(atoms, search.trees):
            samples.setdefault(vector, text)
        complete = len(samples) == 2 ** len(search.keys)
    return Worlds(samples, complete)


class _Search:
    """One search, with its allowance, the trees of the tests, and the strings found, by their truths as bits."""

    def __init__(self, keys: list[Atom], purse: Allowance) -> None:
        self.keys = keys
        self.purse = purse
        self.trees: dict[Atom, Node] = {}
        self.found: dict[int, str] = {}

    def run(self) -> bool:
        """Find a shortest string for all truths that any has; False when the allowance ends it."""
        if not self.keys:
            self.found[0] = ""
            return True
        try:
            for op, operand in self.keys:
                self.purse.spend(len(operand) * (_PARSING if op is Op.MATCHES else 1))
                if op not in ORDER:
                    self.trees[op, operand] = _tree(op, operand)
            nfas = list(map(self._nfa, self.keys))
            letters = alphabet(nfas, self.purse)
            self._walk(self._together([Dfa(nfa, letters, self.purse) for nfa in nfas]), letters.chars)
        except Spent:
            return False
        return True

    def _nfa(self, key: Atom) -> Nfa:
        if key in self.trees:
            return tree_nfa(self.trees[key], self.purse)
        return order_nfa(key[1], key[0] is Op.LE, self.purse)

    def _together(self, machines: Sequence[Machine[Any]]) -> Machine[Any]:
        """One machine of many, as a tree of pairs: a letter that concerns few of them has only their pairs worked out anew."""
        if len(machines) == 1:
            return machines[0]
        half = len(machines) // 2
        return Pair(self._together(machines[:half]), self._together(machines[half:]), self.purse)

    def _walk(self, machine: Machine[Any], letters: Sequence[str]) -> None:
        """Go through the states by the length of the strings that lead there, until all are seen or no truths are missing."""
        order, seen, trail = [machine.start], {machine.start}, [(0, "")]
        self.found[machine.truth(machine.start)] = ""
        most = 2**machine.width
        for at, state in enumerate(order):
            for bit, target in sorted((first_bit(mask), target) for mask, target in machine.parts(state)):
                if len(self.found) == most:
                    return
                if target not in seen:
                    seen.add(target)
                    order.append(target)
                    trail.append((at, letters[bit]))
                    if (truths := machine.truth(target)) not in self.found:
                        self.found[truths] = _path(trail)


def _path(trail: Sequence[tuple[int, str]]) -> str:
    chars = []
    at = len(trail) - 1
    while at:
        at, char = trail[at]
        chars.append(char)
    return "".join(reversed(chars))


def _tree(op: Op, operand: str) -> Node:
    """What a string starts with if it passes."""
    word = (Chars(span(char)) for char in operand)
    match op:
        case Op.EQ:
            return cat(*word, _END)
        case Op.STARTS:
            return cat(*word)
        case Op.ENDS:
            return cat(ANYTHING, *word, _END)
        case Op.CONTAINS:
            return cat(ANYTHING, *word)
        case Op.LIKE | Op.ILIKE:
            return cat(*_like(operand, op is Op.ILIKE))
        case Op.MATCHES:
            return cat(ANYTHING, parse(operand))
    raise ValueError(f"{op.name} is no test of a string")


def _like(pattern: str, ignore_case: bool) -> Iterator[Node]:
    before = ""
    for part in like_parts(pattern):
        if part == "_":
            yield Chars(CHARS)
        elif part != "%":
            single = span(part[1])
            yield Chars(fold(single) if ignore_case else single)
        elif before != part:
            yield ANYTHING
        before = part
    if before != "%":
        yield _END


def _guessed(atoms: Sequence[Atom], trees: dict[Atom, Node]) -> Iterator[tuple[Vector, str]]:
    """The truths of strings that look likely to have some, asked of the tests themselves."""
    matches = [atom for atom in atoms if atom[0] is Op.MATCHES]
    if any(atom not in trees or weight(trees[atom], {}) > _MAX_WEIGHT for atom in matches):
        return  # to compile it could take longer than the whole search
    left = _GUESSING
    for text in sorted(_likely(atoms, trees), key=len):
        left -= sum(_price(op, operand, text) for op, operand in atoms)
        if left < 0:
            return
        try:
            yield tuple(test(text, op, Literal(Kind.STRING, operand)) for op, operand in atoms), text
        except WhereqlError:
            return


def _price(op: Op, operand: str, text: str) -> int:
    # LIKE goes back to its last %, and is the one test that can take the product of the lengths.
    return (len(text) + 1) * (len(operand) + 1) if op is Op.LIKE else 10 + len(text) + len(operand)


def _likely(atoms: Sequence[Atom], trees: dict[Atom, Node]) -> Iterable[str]:
    """Short strings for each test, those for several of them joined, and the neighbours of what is compared with."""
    places = {Op.CONTAINS: 1, Op.LIKE: 1, Op.ILIKE: 1, Op.MATCHES: 1, Op.ENDS: 2}
    in_place = sorted(atoms, key=lambda atom: places.get(atom[0], 0))
    shortest = {atom: example(trees[atom]) if atom in trees else "" for atom in atoms if atom[0] in PATTERN}
    words = list(dict.fromkeys(shortest.get(atom, atom[1]) for atom in in_place))
    sizes: Iterable[int] = range(len(words) + 1) if len(words) <= _MAX_SUBSETS else (0, 1, len(words) - 1, len(words))
    if len(words) * sum(map(len, words)) > _MAX_JOINED:
        sizes = (0, 1)
    found = dict.fromkeys(joint.join(chosen) for size in sizes for chosen in combinations(words, size) for joint in ("", " "))
    for op, operand in atoms:
        if op in ORDER:
            found |= dict.fromkeys((operand[:-1], operand + "\0", operand + "a", "\U0010ffff" + operand))
    return found
