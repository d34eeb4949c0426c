"""What a condition of SQL says of a value, kind by kind, with three outcomes: true, false, and neither.

`metadata->>'year' < '5'` is one thing of a string, another of a number, whose text is compared, and of a record without the key.
Conditions on one value are joined kind by kind, so that a test of the type beside them takes away what whereql has no word for;
the whole is then said by whereql's predicates, each of which is about one kind.

>>> low = whereql.parse("k < 'b'")
>>> texts = Cases(low.subject, dict.fromkeys(KINDS, BOTH_UNSAID) | {"missing": NEITHER, "string": plain(low)}, exit)
>>> is_text = Cases(low.subject, dict.fromkeys(KINDS, NEVER) | {"missing": NEITHER, "string": ALWAYS}, exit)
>>> whereql.to_text(conjunction([is_text, texts]).true())
"k < 'b'"
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from whereql.ast import And, Const, Expr, Literal, Not, Op, Or, Predicate, Subject
from whereql.kinds import NUMBERS, Kind
from whereql.operators import COMPARISON, ORDER
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, literal, number_test

SCALARS = ("string", "int", "float", "bool")
ARRAYS = ("string[]", "int[]", "float[]", "bool[]")
KINDS = ("missing", *SCALARS, *ARRAYS, "object")
PRESENT = KINDS[1:]

TRUE, FALSE = Const(True), Const(False)


class Truth(NamedTuple):
    """When a condition is true, and when it is false, on values of one kind; None where whereql can't say it."""

    true: Expr | None
    false: Expr | None


ALWAYS, NEVER, NEITHER, BOTH_UNSAID = Truth(TRUE, FALSE), Truth(FALSE, TRUE), Truth(FALSE, FALSE), Truth(None, None)


def plain(expr: Expr) -> Truth:
    """A condition that is true or false."""
    return Truth(expr, negated(expr))


def constant(value: bool) -> Truth:
    """A condition that is always the same."""
    return ALWAYS if value else NEVER


def negated(expr: Expr) -> Expr:
    """The complement, shortly."""
    match expr:
        case Const(value):
            return Const(not value)
        case Not(arg):
            return arg
        case And(args):
            return Or([negated(arg) for arg in args])
        case Or(args):
            return And([negated(arg) for arg in args])
    return Not(expr)


def all_of(parts: Sequence[Expr | None]) -> Expr | None:
    """AND, of which one part that is never true makes others needless to say."""
    if FALSE in parts:
        return FALSE
    return None if None in parts else And([part for part in dict.fromkeys(parts) if part != TRUE])  # type: ignore[misc]  # None is none of them


def any_of(parts: Sequence[Expr | None]) -> Expr | None:
    """OR."""
    if TRUE in parts:
        return TRUE
    return None if None in parts else Or([part for part in dict.fromkeys(parts) if part != FALSE])  # type: ignore[misc]  # see all_of


class Meaning:
    """What a condition says of a record."""

    def true(self) -> Expr:
        """When it is true. Raises UnsupportedError where whereql can't say it."""
        raise NotImplementedError

    def false(self) -> Expr:
        """When it is false."""
        raise NotImplementedError


class Fixed(NamedTuple("Fixed", [("value", "bool | None")]), Meaning):
    """TRUE, FALSE or NULL."""

    __slots__ = ()

    def true(self) -> Expr:
        """When it is true."""
        return Const(self.value is True)

    def false(self) -> Expr:
        """When it is false."""
        return Const(self.value is False)


@dataclass(frozen=True)
class Inverse(Meaning):
    """NOT."""

    of: Meaning

    def true(self) -> Expr:
        """When the other is false."""
        return self.of.false()

    def false(self) -> Expr:
        """When the other is true."""
        return self.of.true()


@dataclass(frozen=True)
class Known(Meaning):
    """Whether another is `outcome`, which is never NULL itself: IS TRUE, IS FALSE, or IS NULL where the outcome is None."""

    of: Meaning
    outcome: bool | None

    def true(self) -> Expr:
        """When the other has the outcome."""
        if self.outcome is None:
            return And([negated(self.of.true()), negated(self.of.false())])
        return self.of.true() if self.outcome else self.of.false()

    def false(self) -> Expr:
        """When it has another."""
        return negated(self.true())


@dataclass(frozen=True)
class Together(Meaning):
    """Conditions on several values joined by AND or OR."""

    connective: type[And] | type[Or]
    parts: tuple[Meaning, ...]

    def true(self) -> Expr:
        """When it is true."""
        return self.connective([part.true() for part in self.parts])

    def false(self) -> Expr:
        """When it is false."""
        return (Or if self.connective is And else And)([part.false() for part in self.parts])


@dataclass(frozen=True)
class Cases(Meaning):
    """What a condition says of one value.

    refuse: raises the error for what can't be said; apart: the conditions of which it was made, for what can be said of each only.
    """

    subject: Subject
    table: Mapping[str, Truth]
    refuse: Callable[[], NoReturn]
    apart: Meaning | None = None

    def true(self) -> Expr:
        """When it is true."""
        found = _said(self.subject, {kind: truth.true for kind, truth in self.table.items()})
        if found is not None:
            return found
        return self.refuse() if self.apart is None else self.apart.true()

    def false(self) -> Expr:
        """When it is false."""
        return Cases(self.subject, {kind: Truth(truth.false, truth.true) for kind, truth in self.table.items()}, self.refuse, self.apart and Inverse(self.apart)).true()

    def map(self, change: Callable[[Truth], Truth], apart: Callable[[Meaning], Meaning]) -> Cases:
        """Another condition, made of this one kind by kind, and of what it was made of."""
        return Cases(self.subject, {kind: change(truth) for kind, truth in self.table.items()}, self.refuse, self.apart and apart(self.apart))


def inverse(meaning: Meaning) -> Meaning:
    """NOT."""
    return meaning.map(lambda truth: Truth(truth.false, truth.true), Inverse) if isinstance(meaning, Cases) else Inverse(meaning)


def known(meaning: Meaning, outcome: bool | None) -> Meaning:
    """IS TRUE, IS FALSE, IS NULL."""
    return meaning.map(lambda truth: _known(truth, outcome), lambda apart: Known(apart, outcome)) if isinstance(meaning, Cases) else Known(meaning, outcome)


def _known(truth: Truth, outcome: bool | None) -> Truth:
    if outcome is None:
        if truth.true is None or truth.false is None:
            return BOTH_UNSAID
        if truth.true == negated(truth.false) or truth == NEITHER:
            return ALWAYS if truth == NEITHER else NEVER
        return BOTH_UNSAID
    found = truth.true if outcome else truth.false
    return BOTH_UNSAID if found is None else plain(found)


def conjunction(parts: Sequence[Meaning]) -> Meaning:
    """AND."""
    return _joined(And, parts)


def disjunction(parts: Sequence[Meaning]) -> Meaning:
    """OR."""
    return _joined(Or, parts)


def _joined(connective: type[And] | type[Or], parts: Sequence[Meaning]) -> Meaning:
    groups: dict[Subject, list[Cases]] = {}
    found: list[Meaning] = []
    for part in parts:
        if isinstance(part, Cases):
            if part.subject not in groups:
                found.append(part)  # in the place of its first
            groups.setdefault(part.subject, []).append(part)
        else:
            found.append(part)
    found = [_one(connective, groups[part.subject]) if isinstance(part, Cases) else part for part in found]
    return found[0] if len(found) == 1 else Together(connective, tuple(found))


def _one(connective: type[And] | type[Or], parts: list[Cases]) -> Cases:
    if len(parts) == 1:
        return parts[0]
    first, last = (all_of, any_of) if connective is And else (any_of, all_of)
    table = {
        kind: Truth(first([part.table[kind].true for part in parts]), last([part.table[kind].false for part in parts])) for kind in KINDS
    }  # fmt: skip
    return Cases(parts[0].subject, table, parts[0].refuse, Together(connective, tuple(parts)))


def _said(subject: Subject, cases: dict[str, Expr | None]) -> Expr | None:
    """Conditions on values of each kind as one."""
    if any(expr is None for expr in cases.values()):
        return None
    exists = Predicate(subject, Op.EXISTS)
    given = {kind: expr for kind, expr in cases.items() if expr is not None}
    present = {given[kind] for kind in PRESENT}
    if present == {TRUE} or present == {FALSE}:
        here, missing = present == {TRUE}, given["missing"]
        if missing == Const(here):
            return missing
        return (exists if here else Not(exists)) if isinstance(missing, Const) else None
    numbers = _merged(given["int"], given["float"])
    arrays = _merged(given["int[]"], given["float[]"])
    if numbers is None or arrays is None:
        return None
    arms = {"string": given["string"], "number": numbers, "bool": given["bool"], "string[]": given["string[]"], "number[]": arrays, "bool[]": given["bool[]"], "object": given["object"]}
    if arms["object"] == TRUE:  # true of what has no word: say when it is not
        if given["missing"] not in (TRUE, FALSE):
            return None
        wrong = [_arm(subject, kind, negated(expr)) for kind, expr in arms.items() if expr != TRUE]
        if None in wrong:
            return None
        parts = [Not(each) for each in dict.fromkeys(wrong) if each is not None]
        return And([*([] if given["missing"] == TRUE else [exists]), *parts])
    found = [_arm(subject, kind, expr) for kind, expr in arms.items() if expr != FALSE]
    if None in found:
        return None
    if given["missing"] != FALSE:
        found.append(Not(exists) if given["missing"] == TRUE else None)
    return any_of(found)


def _arm(subject: Subject, kind: str, expr: Expr) -> Expr | None:
    """A condition on values of one kind, said so that it is false on all others. None where that can't be said."""
    if _is_about(expr, kind):
        return expr
    test = _TESTS.get(kind)
    if test is None:
        return None
    is_kind = test(subject)
    return is_kind if expr == TRUE else And([is_kind, expr])


_TESTS: dict[str, Callable[[Subject], Expr]] = {
    "string": lambda subject: Predicate(subject, Op.GE, literal("")),
    "number": lambda subject: Predicate(subject, Op.GE, literal(-FLOAT_MAX)),
    "bool": lambda subject: Predicate(subject, Op.IN, (literal(True), literal(False))),
    "bool[]": lambda subject: Predicate(subject, Op.HAS, (literal(True), literal(False))),  # no array is empty
}

_KIND_OF = {Kind.STRING: "string", Kind.INT: "number", Kind.FLOAT: "number", Kind.BOOL: "bool"}


def _is_about(expr: Expr, kind: str) -> bool:
    """Whether a condition is false on values of all other kinds."""
    match expr:
        case Predicate(_, op, operand):
            items = operand if isinstance(operand, tuple) else (operand,)
            suffix = "[]" if op is Op.HAS else ""
            return op is not Op.EXISTS and all(isinstance(item, Literal) and _KIND_OF[item.kind] + suffix == kind for item in items)
        case And(args):
            return any(_is_about(arg, kind) for arg in args)
        case Or(args):
            return all(_is_about(arg, kind) for arg in args)
    return expr == FALSE


def _merged(ints: Expr, floats: Expr) -> Expr | None:
    """A condition on ints, and one on floats, as one on numbers; None where they are of different numbers."""
    if ints == floats:
        return ints
    match ints, floats:
        case (Not(), Not() | Const()) | (Const(), Not()):
            inner = _merged(negated(ints), negated(floats))
            return None if inner is None else negated(inner)
        case (And(a), And(b)) | (Or(a), Or(b)) if len(a) == len(b):
            parts = [_merged(one, other) for one, other in zip(a, b, strict=True)]
            connective = And if isinstance(ints, And) else Or
            return None if None in parts else connective([part for part in parts if part is not None])
    return _merged_tests(ints, floats)


def _merged_tests(ints: Expr, floats: Expr) -> Expr | None:
    """Two equalities, or two orders, of which each may be of no number at all."""
    given = [expr for expr in (ints, floats) if isinstance(expr, Predicate)]
    if not given or any(not isinstance(expr, (Predicate, Const)) for expr in (ints, floats)):
        return None
    subject = given[0].subject
    if any(expr.op in ORDER for expr in given):
        return _merged_orders(subject, ints, floats) if all(expr.op in COMPARISON for expr in given) else None
    if TRUE in (ints, floats) or given[0].op not in (Op.EQ, Op.IN, Op.HAS):
        return None
    int_items, float_items = _items(ints), _items(floats)
    items = tuple(dict.fromkeys((*int_items, *float_items)))
    tests = [number_test(Op.EQ, item) for item in items]
    if {test.ints[0] for test in tests if test.ints} != {test.ints[0] for item in int_items if (test := number_test(Op.EQ, item)).ints}:
        return None
    if {test.floats[0] for test in tests if test.floats} != {test.floats[0] for item in float_items if (test := number_test(Op.EQ, item)).floats}:
        return None
    return Predicate(subject, Op.HAS if given[0].op is Op.HAS else Op.IN, items)


def _items(expr: Expr) -> tuple[Literal, ...]:
    match expr:
        case Predicate(_, _, Literal() as item):
            return (item,)
        case Predicate(_, _, tuple() as items):
            return tuple(item for item in items if isinstance(item, Literal))
    return ()


def _merged_orders(subject: Subject, ints: Expr, floats: Expr) -> Expr | None:
    """The one order that passes just the ints of the one and the floats of the other."""
    wanted = (_interval(ints, 0), _interval(floats, 1))
    for op in ORDER:
        for item in _near([*_items(ints), *_items(floats)]):
            if tuple(number_test(op, item)) == wanted:
                return Predicate(subject, op, item)
    return None


def _interval(expr: Expr, place: int) -> tuple[float, float] | None:
    match expr:
        case Predicate(_, op, Literal() as item):
            return number_test(op, item)[place]
        case Const(True):
            return ((INT_MIN, INT_MAX), (-FLOAT_MAX, FLOAT_MAX))[place]
    return None


def _near(items: Sequence[Literal]) -> list[Literal]:
    """Some numbers and those beside them."""
    found: list[Literal] = []
    for item in items:
        assert item.kind in NUMBERS
        if item.kind is Kind.INT:
            whole = int(item.value)
            found += [literal(each) for each in (whole, whole - 1, whole + 1) if INT_MIN <= each <= INT_MAX]
        else:
            value = float(item.value)
            found += [literal(each) for each in (value, math.nextafter(value, -math.inf), math.nextafter(value, math.inf)) if math.isfinite(each)]
    return found
