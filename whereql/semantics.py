"""The executable truth: what a filter means on one record, written to be read, not to be fast.

Every backend, dialect and pass of whereql is tested against `holds`. Two-valued logic: a predicate on a missing key, or on a
value of another kind, is false, and NOT is the plain complement. Chroma is the model (its numbers, documented in
`grammar/README.md`, are made exact: int and float share one number line).

>>> from whereql.records import make_record
>>> record = make_record("a", metadata={"year": 2020})
>>> holds(whereql.parse("year >= 2019.5 AND NOT lang = 'en'"), record)
True
"""

from __future__ import annotations

from collections.abc import Callable

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Op, Or, Predicate, Subject, Uri
from whereql.kinds import Kind
from whereql.like import like
from whereql.records import Record, Value
from whereql.regex import compile_like, compile_pattern
from whereql.values import Literal, Scalar


def holds(expr: Expr, record: Record) -> bool:
    """Whether a closed filter matches a record. Raises TypeError for a filter with parameters left to bind."""
    match expr:
        case Const(constant):
            return constant
        case And(args):
            return all(holds(arg, record) for arg in args)
        case Or(args):
            return any(holds(arg, record) for arg in args)
        case Not(arg):
            return not holds(arg, record)
        case Predicate(subject, op, operand):
            value = subject_value(subject, record)
            return value is not None and test(value, op, operand)
    raise TypeError(f"not a filter: {expr!r}")


def subject_value(subject: Subject, record: Record) -> Value | None:
    """The value that a predicate looks at, None where the record has none."""
    match subject:
        case Field(name):
            return (record.metadata or {}).get(name)
        case Document():
            return record.document
        case Id():
            return record.id
        case Uri():
            return record.uri


def test(value: Value, op: Op, operand: object) -> bool:
    """Whether a present value passes `op operand`."""
    match op, operand:
        case Op.EXISTS, None:
            return True
        case Op.IN, tuple():
            return any(equals(value, item) for item in operand)
        case Op.HAS, tuple():
            return isinstance(value, list) and any(equals(element, item) for element in value for item in operand)
        case Op.EQ, Literal():
            return equals(value, operand)
        case (Op.LT | Op.LE | Op.GT | Op.GE), Literal():
            return same_line(value, operand) and _ORDER[op](value, operand.value)  # type: ignore[arg-type]  # a scalar, as same_line saw
        case _, Literal(Kind.STRING, str() as pattern):
            return isinstance(value, str) and _TEXT[op](value, pattern)
    raise TypeError(f"bind the parameters first: {op.name} {operand!r}")


def equals(value: Value, item: Literal) -> bool:
    """Equality by kind and value; Python compares int with float exactly, as it must be."""
    return same_line(value, item) and value == item.value


def same_line(value: Value, item: Literal) -> bool:
    """Whether a value can equal or order to a literal at all: both strings, both bools, or both numbers."""
    return line(value) is not None and line(value) == line(item.value)


def line(value: Value) -> str | None:
    """The line on which a scalar lies: strings, bools or numbers; arrays and sparse vectors lie on none."""
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
    return None


_ORDER: dict[Op, Callable[[Scalar, Scalar], bool]] = {
    Op.LT: lambda a, b: a < b,  # type: ignore[operator]  # same_line holds, so both are strings or both are numbers
    Op.LE: lambda a, b: a <= b,  # type: ignore[operator]
    Op.GT: lambda a, b: a > b,  # type: ignore[operator]
    Op.GE: lambda a, b: a >= b,  # type: ignore[operator]
}

_TEXT: dict[Op, Callable[[str, str], bool]] = {
    Op.CONTAINS: lambda text, part: part in text,
    Op.STARTS: str.startswith,
    Op.ENDS: str.endswith,
    Op.LIKE: like,
    Op.ILIKE: lambda text, pattern: compile_like(pattern, ignore_case=True).search(text),
    Op.MATCHES: lambda text, pattern: compile_pattern(pattern).search(text),
}
