"""A closed filter on a table: which rows match, exactly as `whereql.semantics` has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Or, Predicate, Subject, Uri
from whereql.kinds import NUMBERS, Kind
from whereql.operators import COMPARISON, Op
from whereql.values import FLOAT_MAX, INT_MAX, Literal, number_test
from whereql_memory.arrays import Array, Mask, among
from whereql_memory.columns import Arrays, Column, Plain, Raw, Strings
from whereql_memory.table import Table
from whereql_memory.texts import Texts


def evaluate(expr: Expr, table: Table) -> Mask:
    """The rows that match, as a new mask of shape (n,). Raises TypeError for a filter with parameters left to bind."""
    match expr:
        case Const(value):
            return np.full(len(table), value, np.bool_)
        case Not(arg):
            mask = evaluate(arg, table)
            return np.logical_not(mask, out=mask)
        case And(args):
            mask = evaluate(args[0], table)
            for arg in args[1:]:
                if not mask.any():
                    break
                mask &= evaluate(arg, table)
            return mask
        case Or(args):
            mask = evaluate(args[0], table)
            for arg in args[1:]:
                if mask.all():
                    break
                mask |= evaluate(arg, table)
            return mask
        case Predicate(Id(), Op.EQ | Op.IN, Literal() | tuple() as operand):
            return table.mark(table.ids.find(_texts(_items(operand))))
        case Predicate(subject, op, operand):
            mask = np.zeros(len(table), np.bool_)
            for column in _columns(subject, table):
                hits = test(column, op, operand)
                if hits is not None:
                    mask |= column.spread(hits, len(table))
            return mask
    raise TypeError(f"not a filter: {expr!r}")


def _columns(subject: Subject, table: Table) -> Iterable[Column]:
    match subject:
        case Field(name):
            return table.keys.get(name, {}).values()
        case Document():
            return (table.documents,)
        case Uri():
            return (table.uris,)
        case Id():
            return (Raw(None, table.ids.texts),)


def test(column: Column, op: Op, operand: object) -> Mask | None:
    """Which of a column's k values pass `op operand`, as a new mask of shape (k,); None where no value of its kind can."""
    match column:
        case _ if op is Op.EXISTS:
            return np.ones(len(column), np.bool_)
        case Arrays() if op is Op.HAS:
            hits = test(column.elements, Op.IN, operand)
            return None if hits is None else column.any(hits)
        case Strings():
            words = _test_texts(column.texts, op, operand)
            return None if words is None else column.coded(words)
        case Raw():
            return _test_texts(column.texts, op, operand)
        case Plain():
            return _TESTS[column.kind](column.data, op, operand) if column.kind in _TESTS else None
    return None


def _test_texts(texts: Texts, op: Op, operand: object) -> Mask | None:
    match operand:
        case tuple() if op is Op.IN:
            return texts.isin(_texts(operand))
        case Literal(Kind.STRING, str() as text) if op in _TEXT_TESTS:
            return _TEXT_TESTS[op](texts, text)
        case Literal() | tuple():
            return None
    raise _unbound(op, operand)


_TEXT_TESTS: dict[Op, Callable[[Texts, str], Mask]] = {
    Op.EQ: lambda texts, text: texts.equals(text),
    Op.LT: lambda texts, text: texts.before(text, False),
    Op.LE: lambda texts, text: texts.before(text, True),
    Op.GT: lambda texts, text: ~texts.before(text, True),
    Op.GE: lambda texts, text: ~texts.before(text, False),
    Op.CONTAINS: lambda texts, text: texts.contains(text),
    Op.STARTS: lambda texts, text: texts.starts(text),
    Op.ENDS: lambda texts, text: texts.ends(text),
    Op.LIKE: lambda texts, text: texts.like(text),
    Op.ILIKE: lambda texts, text: texts.ilike(text),
    Op.MATCHES: lambda texts, text: texts.matches(text),
}


def _test_numbers(data: Array, op: Op, operand: object) -> Mask | None:
    """Ints or floats, each against the interval of its own kind: numpy compares an int with a float by rounding the int."""
    kind = 0 if data.dtype.kind == "i" else 1
    match operand:
        case tuple() if op is Op.IN:
            points = [number_test(Op.EQ, item)[kind] for item in operand if item.kind in NUMBERS]
            return among(data, np.array([point[0] for point in points if point is not None], data.dtype))
        case Literal(Kind.INT | Kind.FLOAT) if op in COMPARISON:
            return _within(data, number_test(op, operand)[kind])
        case Literal() | tuple():
            return None
    raise _unbound(op, operand)


def _within(data: Array, interval: tuple[float, float] | None) -> Mask | None:
    """The interval of a comparison is a point or open-ended on one side, so that one bound is enough to test."""
    if interval is None:
        return None
    low, high = interval
    if low == high:
        return np.asarray(data == low)
    return np.asarray(data >= low) if high == _MOST[data.dtype.kind] else np.asarray(data <= high)


_MOST: dict[str, float] = {"i": INT_MAX, "f": FLOAT_MAX}


def _test_bools(data: Array, op: Op, operand: object) -> Mask | None:
    if op is not Op.EQ and op is not Op.IN:
        return None
    wanted = {item.value for item in _items(operand) if item.kind is Kind.BOOL}
    if not wanted:
        return None
    return np.ones(len(data), np.bool_) if len(wanted) == 2 else np.asarray(data == wanted.pop())


_TESTS: dict[str, Callable[[Array, Op, object], Mask | None]] = {
    "int": _test_numbers,
    "float": _test_numbers,
    "bool": _test_bools,
}


def _items(operand: object) -> tuple[Literal, ...]:
    return operand if isinstance(operand, tuple) else (operand,)  # closed, so literals only


def _texts(items: Iterable[Literal]) -> list[str]:
    return [item.value for item in items if isinstance(item.value, str)]


def _unbound(op: Op, operand: object) -> TypeError:
    return TypeError(f"bind the parameters first: {op.name} {operand!r}")
