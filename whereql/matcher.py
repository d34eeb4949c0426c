"""A filter compiled to a fast Python function on one record: for residuals, and for whoever has records at hand.

>>> match = compile_matcher(whereql.parse("year >= 2020 AND topics HAS 'ml'"))
>>> match(whereql.make_record("a", metadata={"year": 2021, "topics": ["ml"]}))
True

Each node becomes a closure with its operands prepared once; the meaning is that of `whereql.semantics.holds`.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter, ge, gt, le, lt
from typing import Any

from whereql.ast import And, Const, Document, Expr, Field, Id, Literal, Not, Op, Or, Predicate, Subject, Uri
from whereql.errors import CheckError
from whereql.kinds import Kind
from whereql.records import Record

Matcher = Callable[[Record], bool]
Test = Callable[[Any], bool]

_ORDER: dict[Op, Callable[[Any, Any], bool]] = {Op.LT: lt, Op.LE: le, Op.GT: gt, Op.GE: ge}
_LINES: dict[Kind, tuple[type, ...]] = {Kind.STRING: (str,), Kind.INT: (int, float), Kind.FLOAT: (int, float), Kind.BOOL: (bool,)}


def compile_matcher(expr: Expr) -> Matcher:
    """The function that tells whether a closed filter matches a record. Raises CheckError for a filter with parameters."""
    match expr:
        case Const(value):
            return lambda record: value
        case Not(arg):
            inner = compile_matcher(arg)
            return lambda record: not inner(record)
        case And(args):
            conjuncts = [compile_matcher(arg) for arg in args]
            return lambda record: all(conjunct(record) for conjunct in conjuncts)
        case Or(args):
            disjuncts = [compile_matcher(arg) for arg in args]
            return lambda record: any(disjunct(record) for disjunct in disjuncts)
        case Predicate(subject, op, operand):
            return _compile_predicate(subject, compile_test(op, operand))
    raise TypeError(f"not a filter: {expr!r}")


def _compile_predicate(subject: Subject, test: Test) -> Matcher:
    if isinstance(subject, Field):
        name = subject.name

        def matches(record: Record) -> bool:
            metadata = record.metadata
            return metadata is not None and (value := metadata.get(name)) is not None and test(value)

        return matches
    read = attrgetter({Document: "document", Id: "id", Uri: "uri"}[type(subject)])
    return lambda record: (value := read(record)) is not None and test(value)


def compile_test(op: Op, operand: Any) -> Test:
    """The function that tells whether a present value passes `op operand`."""
    match op, operand:
        case Op.EXISTS, None:
            return lambda value: True
        case Op.EQ, Literal():
            return _compile_membership((operand,))
        case Op.IN, tuple():
            return _compile_membership(operand)
        case Op.HAS, tuple():
            is_member = _compile_membership(operand)
            return lambda value: type(value) is list and any(map(is_member, value))
        case (Op.LT | Op.LE | Op.GT | Op.GE), Literal():
            # `type(value) in types` and not isinstance: a bool is an int to Python, and no number to a filter.
            compare, types, bound = _ORDER[op], _LINES[operand.kind], operand.value
            return lambda value: type(value) in types and compare(value, bound)
        case _, Literal(Kind.STRING, str() as text):
            search = _compile_text(op, text)
            return lambda value: type(value) is str and search(value)
    raise CheckError("WQ308", "the filter has a parameter without a value", hint="bind the filter first")


def _compile_membership(items: tuple[Any, ...]) -> Test:
    """Membership by kind and value in one hash look-up: Python hashes 1, 1.0 and True alike, so bools stay apart."""
    if not all(isinstance(item, Literal) for item in items):
        raise CheckError("WQ308", "the filter has a parameter without a value", hint="bind the filter first")
    bools = frozenset(item.value for item in items if item.kind is Kind.BOOL)
    others = frozenset(item.value for item in items if item.kind is not Kind.BOOL)
    return lambda value: (value in bools) if type(value) is bool else type(value) in (str, int, float) and value in others


def _compile_text(op: Op, text: str) -> Callable[[str], bool]:
    match op:
        case Op.CONTAINS:
            return lambda value: text in value
        case Op.STARTS:
            return lambda value: value.startswith(text)
        case Op.ENDS:
            return lambda value: value.endswith(text)
    from whereql.regex import compile_like, compile_pattern  # re2 loads only for a pattern

    return compile_pattern(text).search if op is Op.MATCHES else compile_like(text, ignore_case=op is Op.ILIKE).search
