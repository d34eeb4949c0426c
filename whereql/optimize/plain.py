"""Plain literals: those that nearly all filters have, with which no shorter form need be looked for.

Next to a plain literal on its line lies no other, so a list of them is the shortest way to say them, and an order with one of
them the shortest order. Bools are plain; so are strings that don't end in NUL, ints with doubles on both sides, and short
decimal fractions.

>>> is_plain(whereql.literal(5)), is_plain(whereql.literal(5.0)), is_plain(whereql.literal(5.000000000000001))
(True, False, False)
"""

from __future__ import annotations

from itertools import pairwise

from whereql.ast import Expr, Not, Op, Predicate, Subject
from whereql.kinds import Kind
from whereql.optimize.domain import element_of
from whereql.optimize.lines import prefix_end
from whereql.values import Literal

_SMALL = 2**44  # between two ints below it there are hundreds of doubles, and their digits are many
_LOWER, _UPPER = frozenset({Op.GT, Op.GE}), frozenset({Op.LT, Op.LE})
_TINY, _FEW = 1e-300, 14  # a double of so few digits, not next to 0, has neighbours of 16 or 17


def is_plain(item: object) -> bool:
    """Whether a literal is plain, and written as whereql would write it."""
    if not isinstance(item, Literal) or item.form is not None:
        return False
    value = item.value
    if isinstance(value, str):
        return value != "" and value[-1] != "\0"
    if isinstance(value, float):
        return not value.is_integer() and abs(value) > _TINY and len(repr(value)) <= _FEW
    return -_SMALL < value < _SMALL


def is_plain_list(items: object) -> bool:
    """Whether a list is plain: at least two plain literals of one kind, ascending."""
    if not isinstance(items, tuple) or len(items) < 2 or not all(map(is_plain, items)):
        return False
    kind = items[0].kind
    return kind is not Kind.BOOL and all(a.kind is kind is b.kind and a.value < b.value for a, b in pairwise(items))


def is_plain_range(args: list[Expr]) -> bool:
    """Whether two conjuncts are a lower and an upper bound that leave some room: then no shorter form says the same."""
    if len(args) != 2:
        return False
    low, high = sorted(args, key=lambda arg: isinstance(arg, Predicate) and arg.op in _UPPER)
    if not (isinstance(low, Predicate) and isinstance(high, Predicate) and low.op in _LOWER and high.op in _UPPER):
        return False
    least, most = low.operand, high.operand
    if not (isinstance(least, Literal) and isinstance(most, Literal) and is_plain(least) and is_plain(most)):
        return False
    if isinstance(least.value, str) or isinstance(most.value, str):  # `>= 'ab'` and `< 'ac'` are STARTS WITH
        return type(least.value) is type(most.value) and least.value < most.value and prefix_end(str(least.value)) != most.value  # type: ignore[operator]
    return least.value < most.value


def join_plain(subject: Subject, args: list[Expr], *, negated: bool) -> Expr | None:
    """The list of all values that equalities and lists of plain literals name; None if one argument is something else."""
    items: list[Literal] = []
    for arg in args:
        predicate = arg.arg if negated and isinstance(arg, Not) else arg
        if not isinstance(predicate, Predicate) or (predicate is arg) is negated:
            return None
        if predicate.op is Op.EQ:
            items.append(predicate.operand)  # type: ignore[arg-type]  # a literal, as every EQ of a closed filter has
        elif predicate.op is Op.IN:
            items += predicate.operand  # type: ignore[arg-type]  # a tuple of literals, likewise
        else:
            return None
    if not items or not all(map(is_plain, items)):
        return None
    distinct = {element_of(item): item for item in items}
    ascending = tuple([distinct[element] for element in sorted(distinct)])
    joined = Predicate(subject, Op.IN, ascending) if len(ascending) > 1 else Predicate(subject, Op.EQ, ascending[0])
    return Not(joined) if negated else joined
