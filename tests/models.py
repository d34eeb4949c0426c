"""Finite models of filters: a few records that tell apart whatever filters over the same keys and constants can tell apart.

An oracle for the optimizer, and independent of it: of the package it takes the syntax tree, `make_record` and `holds`. A key
holds only finitely many sorts of values that the predicates on it can distinguish; one value of each sort, and all
combinations over the keys, make two filters equal on all records exactly when they are equal on the model.

- Complete for comparisons, IN, EXISTS and HAS (of up to `WHOLE` different elements that one array can hold).
- **Only a sample** for text predicates (CONTAINS, STARTS WITH, ENDS WITH, LIKE, ILIKE, MATCHES): strings made of their operands.
  Filters that differ on the model differ; filters that agree on it may yet differ elsewhere.

>>> a, b = whereql.parse("NOT k > 5"), whereql.parse("k <= 5")
>>> difference(a, b)
Record(id='m0', document=None, uri=None, embedding=None, metadata=None)
>>> difference(a, ~whereql.parse("5 < k")) is None
True

A model of two keys of twenty sorts each has 400 records. A filter's truth on all of them is one int, a bit for each, put
together from those of its predicates with `& | ^`: each predicate is evaluated just once for each value of its own key.
"""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import combinations, pairwise, product
from operator import and_, or_
from typing import Any

from strategies import SPARSE

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Op, Or, Predicate, Subject, Uri, predicates
from whereql.kinds import Kind
from whereql.operators import ORDER, TEXT
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, Literal, literal

Number = int | float
Value = Any
"""A value of a key, None where the record has none."""

WHOLE = 7
"""Up to so many elements of one kind of array all their subsets are tried; of more, small subsets and nearly full ones."""

LARGEST = 1 << 22
"""So many records at most has a model; more is an error and not a sample."""


class Model:
    """The records that tell filters apart, and the truth of filters on all of them.

    compact: keep one value for each combination of truths of the very predicates given; the model is as small as can be, and
    knows no other predicates. Otherwise it knows all filters of the keys, constants, elements and text predicates given.
    """

    def __init__(self, *exprs: Expr, compact: bool = True) -> None:
        given: defaultdict[Subject, dict[Predicate, None]] = defaultdict(dict)
        for expr in exprs:
            for predicate in predicates(expr):
                given[predicate.subject][predicate] = None
        self._known = None if compact else {subject: frozenset(_atoms(subject, ps)) for subject, ps in given.items()}
        self._axes = {subject: _axis(subject, ps, compact) for subject, ps in given.items()}
        self.size = math.prod(len(axis) for axis in self._axes.values())
        if self.size > LARGEST:
            raise ValueError(f"a model of {self.size:,} records")
        self.all = (1 << self.size) - 1
        self._strides: dict[Subject, int] = {}
        stride = 1
        for subject, axis in self._axes.items():
            self._strides[subject] = stride
            stride *= len(axis)
        self._truths: dict[Predicate, int] = {}
        if compact:
            self._truths = {p: self._spread(p) for ps in given.values() for p in ps}

    def truth(self, expr: Expr) -> int:
        """The records of the model for which a filter holds, as bits. Raises KeyError for a filter that the model doesn't know."""
        match expr:
            case Predicate():
                return self._truths.get(expr) if expr in self._truths else self._learn(expr)  # type: ignore[return-value]
            case Not(arg):
                return self.all ^ self.truth(arg)
            case And(args):
                return reduce(and_, map(self.truth, args))
            case Or(args):
                return reduce(or_, map(self.truth, args))
            case Const(value):
                return self.all if value else 0
        raise TypeError(f"not a filter: {expr!r}")

    def knows(self, expr: Expr) -> bool:
        """Whether the model is complete for this filter, too."""
        return all(p in self._truths or self._is_familiar(p) for p in predicates(expr))

    def record(self, number: int) -> Record:
        """One record of the model."""
        values = {s: axis[number // self._strides[s] % len(axis)] for s, axis in self._axes.items()}
        return _record(values, f"m{number}")

    def records(self) -> list[Record]:
        """All of them, in the order of the bits."""
        return [self.record(number) for number in range(self.size)]

    def first(self, bits: int) -> Record | None:
        """The first record among these bits."""
        return self.record((bits & -bits).bit_length() - 1) if bits else None

    def values(self, subject: Subject) -> list[Value]:
        """The values that one subject takes; None stands for none."""
        return list(self._axes[subject])

    def _is_familiar(self, predicate: Predicate) -> bool:
        known = self._known
        return known is not None and predicate.subject in known and known[predicate.subject].issuperset(_atoms(predicate.subject, [predicate]))

    def _learn(self, predicate: Predicate) -> int:
        if not self._is_familiar(predicate):
            raise KeyError(predicate)
        bits = self._truths[predicate] = self._spread(predicate)
        return bits

    def _spread(self, predicate: Predicate) -> int:
        """The truth of a predicate on the values of its subject, spread over the product."""
        axis, stride = self._axes[predicate.subject], self._strides[predicate.subject]
        run = (1 << stride) - 1
        period = sum(run << (i * stride) for i, value in enumerate(axis) if _is_true(predicate, value))
        return period * (self.all // ((1 << (stride * len(axis))) - 1))


def model(*exprs: Expr) -> list[Record]:
    """Records that tell apart all filters made of the predicates of these."""
    return Model(*exprs).records()


def difference(a: Expr, b: Expr) -> Record | None:
    """A record that one of two filters matches and the other doesn't; None where they agree on their model."""
    joint = Model(a, b)
    return joint.first(joint.truth(a) ^ joint.truth(b))


def _is_true(predicate: Predicate, value: Value) -> bool:
    return holds(predicate, _record({predicate.subject: value}, "m"))


def _record(values: dict[Subject, Value], name: str) -> Record:
    fields = {subject.name: value for subject, value in values.items() if isinstance(subject, Field)}
    return make_record(values.get(Id(), name), document=values.get(Document()), uri=values.get(Uri()), metadata=fields or None)


def _axis(subject: Subject, given: Iterable[Predicate], compact: bool) -> list[Value]:
    """One value for each combination of truths that a value of the subject can give."""
    tests = list(given) if compact else [_as_predicate(subject, atom) for atom in _atoms(subject, given)]
    sorts: dict[tuple[bool, ...], Value] = {}
    for value in candidates(subject, given):
        record = _record({subject: value}, "m")
        sorts.setdefault(tuple([holds(test, record) for test in tests]), value)
    return list(sorts.values())


# What predicates are made of: every one is a combination of these single tests of its subject.

Atom = tuple[Op, Literal | None]


def _atoms(subject: Subject, given: Iterable[Predicate]) -> dict[Atom, None]:
    """Is it there; is it equal to a constant or less; has it an element; does a text predicate hold."""
    atoms: dict[Atom, None] = {(Op.EXISTS, None): None}
    for p in given:
        for item in _items(p):
            if p.op in TEXT or p.op is Op.HAS:
                atoms[p.op, _plain(item)] = None
            else:
                atoms[Op.EQ, _plain(item)] = None
                if item.kind is not Kind.BOOL:
                    atoms[Op.LT, _plain(item)] = None
    return atoms


def _plain(item: Literal) -> Literal:
    """1.0 as 1: one point of the number line is one atom."""
    value = item.value
    return literal(int(value)) if isinstance(value, float) and value.is_integer() and INT_MIN <= value <= INT_MAX else item


def _as_predicate(subject: Subject, atom: Atom) -> Predicate:
    op, item = atom
    return Predicate(subject, op, (item,) if op is Op.HAS and item is not None else item)


def _items(predicate: Predicate) -> tuple[Literal, ...]:
    operand = predicate.operand
    items = operand if isinstance(operand, tuple) else (operand,)
    return tuple(item for item in items if isinstance(item, Literal))


# The values that a subject can take, of every sort.


def candidates(subject: Subject, given: Iterable[Predicate]) -> list[Value]:
    """Values of a subject, of every sort that these predicates can tell apart, some sorts several times."""
    given = list(given)
    constants = [item.value for p in given if p.op not in TEXT and p.op is not Op.HAS for item in _items(p)]
    strings = strings_around({c for c in constants if isinstance(c, str)})
    if any(p.op in TEXT for p in given):
        strings = list(dict.fromkeys(strings + text_sample(given)))
    match subject:
        case Id():
            return [text for text in strings if text]
        case Document() | Uri():
            return [None, *strings]
    numbers = numbers_around({c for c in constants if not isinstance(c, (str, bool))})
    return [None, SPARSE, True, False, *numbers, *strings, *arrays_of([item.value for p in given if p.op is Op.HAS for item in _items(p)])]


def numbers_around(constants: set[Number]) -> list[Number]:
    """The constants, and a number inside every gap beside them."""
    line = [-math.inf, *sorted(constants), math.inf]
    inside = (number_between(low, high) for low, high in pairwise(line))
    return [*line[1:-1], *(number for number in inside if number is not None)]


def number_between(low: Number, high: Number) -> Number | None:
    """An int64 or a finite double strictly between two numbers; None where there is none, as between 2**53 + 1 and 2**53 + 2."""
    whole = INT_MIN if low < INT_MIN else math.floor(low) + 1 if low < INT_MAX else None
    if whole is not None and low < whole < high:
        return whole
    double = float(low)
    if double <= low:
        double = math.nextafter(double, math.inf) + 0.0
    return double if double < high else None


def strings_around(constants: set[str]) -> list[str]:
    """The constants, and a string inside every gap beside them: the next string after s is s and a NUL, the least is empty."""
    line = sorted({"", *constants})
    return [*line, *(low + "\0" for low, high in pairwise(line) if low + "\0" < high), line[-1] + "\0"]


def neighbours(constants: Iterable[Any]) -> int:
    """The length of the longest row of constants that have no value between them: 3 for 2**53 + 1, + 2, + 3."""
    values = set(map(_point, constants))
    numbers: list[Any] = sorted(value for kind, value in values if kind == "number")
    strings = sorted(value for kind, value in values if kind == "string")
    return max(_longest(numbers, number_between), _longest(strings, lambda low, high: None if low + "\0" == high else low))


def _point(value: Any) -> tuple[str, Any]:
    return ("bool" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"), value


def _longest(line: Sequence[Any], between: Callable[[Any, Any], Any]) -> int:
    longest = length = min(1, len(line))
    for low, high in pairwise(line):
        length = length + 1 if between(low, high) is None else 1
        longest = max(longest, length)
    return longest


def arrays_of(elements: list[Any]) -> list[list[Any]]:
    """Arrays of each kind, with any of the elements that the kind can hold; others beside them would change no answer.

    An int[] holds int64 only and a float[] doubles only, so that no array has both 2**53 + 1 and 0.5.
    """
    numbers = {element for kind, element in map(_point, elements) if kind == "number"}
    ints: list[Any] = sorted(int(n) for n in numbers if n == math.floor(n) and INT_MIN <= n <= INT_MAX)
    doubles: list[Any] = sorted(float(n) for n in numbers if float(n) == n)
    strings: list[Any] = sorted({element for element in elements if isinstance(element, str)})
    held = ([True, False], strings, ints, doubles)
    return [subset for values in held for subset in subsets(values) if subset]


def subsets(values: list[Any]) -> Iterator[list[Any]]:
    """All subsets of a few values; of many those of at most two, and what these leave of the whole."""
    count = len(values)
    sizes = range(count + 1) if count <= WHOLE else sorted({0, 1, 2, count - 2, count - 1, count})
    for size in sizes:
        yield from map(list, combinations(values, size))


# Strings for text predicates: a sample.


def text_sample(given: Iterable[Predicate], most: int = 150) -> list[str]:
    """Strings that some of the text predicates on one subject hold for, and some that they just miss: far from all sorts."""
    parts = list(dict.fromkeys(part for p in given for part in _parts(p)))
    other = next(letter for letter in map(chr, range(ord("z"), 0x10FFFF)) if not any(letter in part for part in parts))
    found = dict.fromkeys(["", other, "\n"])
    found |= dict.fromkeys(parts)
    for part in parts:
        found |= dict.fromkeys([other + part, part + other, other + part + other, part + part])
    for a, b in product(parts, repeat=2):
        found |= dict.fromkeys([a + b, a + other + b, a + "\n" + b, _overlapped(a, b)])
    for part in parts:
        found |= dict.fromkeys(cut for i in range(1, min(len(part), 6)) for cut in (part[:i], part[i:], part[:-i]))
    letters = sorted({letter for part in parts for letter in part})
    longest = {1: 6, 2: 5, 3: 4, 4: 3}.get(len(letters), 2 if len(letters) < 8 else 0)
    found |= dict.fromkeys("".join(word) for length in range(1, longest + 1) for word in product(letters, repeat=length))
    return list(found)[:most]


def _parts(predicate: Predicate) -> Iterator[str]:
    """What a string must have to be of interest for a predicate: its operand, or the pieces of its pattern."""
    for item in _items(predicate):
        text = item.value
        if not isinstance(text, str) or predicate.op is Op.HAS:
            continue
        if predicate.op in (Op.LIKE, Op.ILIKE):
            pieces = [re.sub(r"\\(.)", r"\1", piece, flags=re.DOTALL) for piece in re.findall(r"(?:[^%_\\]|\\.)+", text, flags=re.DOTALL)]
            found = [*pieces, "".join(pieces)]
        elif predicate.op is Op.MATCHES:
            found = re.findall(r"[^\W_]+", re.sub(r"\(\?\w+\)|\\\w", " ", text))
        else:
            found = [text]
        for part in found:
            yield part
            if predicate.op in (Op.ILIKE, Op.MATCHES):
                yield from (part.lower(), part.upper())


def _overlapped(a: str, b: str) -> str:
    """The shortest string that begins with one and ends with the other."""
    length = next(n for n in range(min(len(a), len(b)), -1, -1) if a.endswith(b[:n]))
    return a + b[length:]


# Random filters whose constants nearly collide.

ABOVE_5 = math.nextafter(5.0, math.inf)
NUMBERS: list[Number] = [
    0, 1, 1.0, 2, 3, 5, 5.0, ABOVE_5, math.nextafter(ABOVE_5, math.inf), 0.5, 5e-324, -5e-324, -1, 2**53 - 1, 2**53, 2.0**53, 2**53 + 1, 2**53 + 2, 2.0**53 + 2,
    2**53 + 3, 2**53 + 4, INT_MIN, INT_MIN + 1, -(2.0**63), INT_MAX, INT_MAX - 1, 2.0**63, math.nextafter(2.0**63, math.inf), 1e300, FLOAT_MAX, -FLOAT_MAX,
]  # fmt: skip
STRINGS = ["", "\0", "\0\0", "a", "a\0", "a\0\0", "aa", "ab", "b", "A", "1", "true", "\uffff", "\U00010000", "\U0010ffff"]
LINES: list[list[Any]] = [[True, False], NUMBERS, STRINGS]
WORDS = ["", "a", "b", "ab", "ba", "aa", "bab", "A", "aB"]
LIKES = ["%", "_", "a%", "%b", "%a%", "a_", "_b%", "a%b", "%ab%", "__%", "ab", "a", "A%", ""]
REGEXES = ["", "^a", "b$", "^a.*b$", "ab", "^(a|b)+$", "(?i)a", "^a?$", "a.b", "^[ab]*$", "b|^$", "(?i)^ab", "a{2}"]
PATTERNS: dict[Op, list[str]] = {Op.LIKE: LIKES, Op.ILIKE: LIKES, Op.MATCHES: REGEXES}

CONSTANT_OPS = [Op.EQ, Op.EQ, *sorted(ORDER, key=lambda op: op.value), Op.IN, Op.IN, Op.HAS, Op.HAS, Op.EXISTS]
TEXT_OPS = [Op.CONTAINS, Op.STARTS, Op.ENDS, Op.LIKE, Op.ILIKE, Op.MATCHES]


class NearFilters:
    """Random filters from a seed, over few keys and few constants for each filter, so that its predicates have to do with each other.

    texts: with text predicates, too, over the letters a and b.
    """

    def __init__(self, seed: int, *, texts: bool = False, subjects: Sequence[Subject] = (Field("k"), Field("j"), Field("i"))) -> None:
        self.random = random.Random(seed)
        self.texts = texts
        self.subjects = subjects
        self.draw_pool()

    def draw_pool(self, keys: int | None = None) -> None:
        """Choose the keys and the constants of what comes next: some in a row on a line, some from anywhere."""
        rng = self.random
        self.keys = rng.sample(self.subjects, keys or rng.randint(1, len(self.subjects)))
        row: list[Any] = sorted(set(rng.choice([NUMBERS, STRINGS])))
        start = rng.randrange(len(row))
        self.pool: list[Any] = row[start : start + rng.randint(2, 4)] + [rng.choice(rng.choice(LINES)) for _ in range(rng.randint(1, 4))]
        self.words: list[str] = rng.sample(WORDS, 3)

    def filter(self, size: int) -> Expr:
        """A filter of this many predicates in any shape."""
        rng = self.random
        if size == 1:
            leaf = self.leaf()
            return Not(leaf) if rng.random() < 0.35 else leaf
        parts, left = [], size
        while left:
            take = min(left, rng.randint(1, max(1, size - 1)))
            parts.append(self.filter(take))
            left -= take
        node: Expr = rng.choice([And, Or])(parts)
        return Not(node) if rng.random() < 0.2 else node

    def leaf(self) -> Predicate:
        """One predicate."""
        rng, subject = self.random, self.random.choice(self.keys)
        if self.texts and rng.random() < 0.6:
            op = rng.choice(TEXT_OPS)
            return Predicate(subject, op, literal(rng.choice(PATTERNS.get(op, self.words))))
        op = rng.choice(CONSTANT_OPS)
        if op is Op.EXISTS:
            return Predicate(subject, op)
        if op in (Op.IN, Op.HAS):
            return Predicate(subject, op, tuple(literal(self.constant()) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4]))))
        return Predicate(subject, op, literal(self.constant(ordered=op in ORDER)))

    def constant(self, *, ordered: bool = False) -> Any:
        """A constant of the pool; ordered: no bool."""
        rng = self.random
        if self.texts and rng.random() < 0.5:
            return rng.choice(self.words)
        value = rng.choice(self.pool)
        return value if not (ordered and isinstance(value, bool)) else rng.choice(NUMBERS)

    def weaker(self, expr: Expr, up: bool = True) -> Expr:
        """A filter that holds wherever this one does; with up=False one that holds only where it does."""
        rng = self.random
        match expr:
            case Not(arg):
                return Not(self.weaker(arg, not up))
            case And(args) | Or(args):
                parts = [self.weaker(arg, up) if rng.random() < 0.6 else arg for arg in args]
                if rng.random() < 0.4:  # a conjunct less or a disjunct more weakens
                    if (type(expr) is And) is up:
                        parts.pop(rng.randrange(len(parts)))
                    else:
                        parts.insert(rng.randrange(len(parts) + 1), self.filter(1))
                return type(expr)(parts)
            case Predicate():
                return self._weaker_leaf(expr) if up else self._stronger_leaf(expr)
        return expr

    def _weaker_leaf(self, leaf: Predicate) -> Expr:
        rng, subject = self.random, leaf.subject
        choice = rng.random()
        if choice < 0.15:
            return Predicate(subject, Op.EXISTS)
        if choice < 0.3:
            return Or([leaf, self.filter(1)])
        if leaf.op in (Op.IN, Op.HAS):
            return Predicate(subject, leaf.op, (*_items(leaf), literal(self.constant())))
        if leaf.op is Op.EQ:
            return self._around(leaf)
        if leaf.op in (Op.GT, Op.LT):
            return Predicate(subject, Op.GE if leaf.op is Op.GT else Op.LE, leaf.operand)
        return leaf

    def _around(self, leaf: Predicate) -> Expr:
        """Instead of one value a list with it, or a bound that it keeps."""
        (item,) = _items(leaf)
        if item.kind is Kind.BOOL or self.random.random() < 0.5:
            return Predicate(leaf.subject, Op.IN, (literal(self.constant()), item))
        other = literal(self.constant(ordered=True))
        if isinstance(other.value, str) is not isinstance(item.value, str):
            other = item
        if other.value < item.value:  # type: ignore[operator]  # two strings or two numbers
            return Predicate(leaf.subject, Op.GT, other)
        return Predicate(leaf.subject, Op.LE, other)

    def _stronger_leaf(self, leaf: Predicate) -> Expr:
        rng = self.random
        choice = rng.random()
        if choice < 0.3:
            return And([leaf, self.filter(1)])
        if leaf.op in (Op.IN, Op.HAS):
            return Predicate(leaf.subject, leaf.op, _items(leaf)[1:])
        if leaf.op in (Op.GE, Op.LE):
            return Predicate(leaf.subject, rng.choice([Op.EQ, Op.GT if leaf.op is Op.GE else Op.LT]), leaf.operand)
        return leaf

    def rephrased(self, expr: Expr) -> Expr:
        """The same filter in other words: De Morgan, lists taken apart, strict bounds, twice negated, parts in another order."""
        rng = self.random
        match expr:
            case And(args) | Or(args):
                parts = [self.rephrased(arg) for arg in args]
                rng.shuffle(parts)
                dual = Or if type(expr) is And else And
                return Not(dual([Not(part) for part in parts])) if rng.random() < 0.4 else type(expr)(parts)
            case Not(arg):
                return Not(self.rephrased(arg))
            case Predicate():
                return self._rephrased_leaf(expr)
        return expr

    def _rephrased_leaf(self, leaf: Predicate) -> Expr:
        subject, op = leaf.subject, leaf.op
        if op in (Op.IN, Op.HAS):
            each: list[Expr] = [Predicate(subject, Op.EQ, item) if op is Op.IN else Predicate(subject, Op.HAS, (item,)) for item in _items(leaf)]
            return Or(self.random.sample(each, len(each)))
        if op in (Op.GE, Op.LE):
            return Or([Predicate(subject, Op.GT if op is Op.GE else Op.LT, leaf.operand), Predicate(subject, Op.EQ, leaf.operand)])
        return Not(Not(leaf)) if self.random.random() < 0.5 else Or([leaf, And([leaf, self.leaf()])])
