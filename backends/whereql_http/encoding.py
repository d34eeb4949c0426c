"""Predicates as Chroma's `where` JSON, so written that a server whose own rules differ still answers exactly.

>>> encode(whereql.parse("tags HAS 1 AND NOT lang = 'en'"))
{'$and': [{'$or': [{'tags': {'$contains': 1}}, {'tags': {'$contains': 1.0}}]}, {'lang': {'$nin': ['en']}}]}

Chroma has no NOT: a complement is said by the complements of `$eq`, `$in`, `$contains` and `$regex`. An order has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from whereql.ast import And, Const, Document, Expr, Field, Id, Literal, Not, Op, Or, Predicate, Uri
from whereql.chroma_numbers import Condition, compare, elements, one_of
from whereql.kinds import NUMBERS, Kind
from whereql.operators import ORDER, PATTERN, TEXT
from whereql.regex.rust import to_rust
from whereql.support import Capabilities, Capability, Support
from whereql_http.patterns import is_small, shortened
from whereql_http.spelling import spell

Json = dict[str, Any]

EVERY: Json = {"$and": []}
NO: Json = {"$or": []}

_COMPLEMENTS = {"$eq": "$ne", "$in": "$nin", "$contains": "$not_contains", "$regex": "$not_regex"}
_COMPLEMENTS |= {negative: positive for positive, negative in _COMPLEMENTS.items()}

_ANY_BOOL: Condition = [[("$in", [True, False])], [("$contains", True)], [("$contains", False)]]
# Each element is a search of its own to the server, of several milliseconds at 100,000 records: more of them take longer than all records.
_MOST_ELEMENTS = 100

_NOT_STRING = (Kind.INT, Kind.FLOAT, Kind.BOOL)
CAPABILITIES = Capabilities(
    Capability([Op.EQ, Op.IN, Op.HAS], [Field]),
    Capability([*ORDER], [Field], [*NUMBERS], negated=Support.NONE),
    # That a key is missing can't be asked for; but where there is a bool, it is not.
    Capability([Op.EXISTS], [Field], plain=Support.NONE, negated=Support.INEXACT),
    Capability([Op.EQ, Op.IN], [Document, Uri]),
    Capability([*ORDER], [Document, Uri], _NOT_STRING),
    Capability([Op.HAS], [Document, Uri]),
    Capability([*TEXT, Op.EXISTS], [Document]),
    Capability([*Op], [Id]),  # evaluated on the ids themselves, which come before anything else
)


def support(predicate: Predicate, negated: bool) -> Support:
    """How well a predicate, or its complement, can be asked for: what the table says, less what no request can hold."""
    found = CAPABILITIES.support(predicate, negated) if predicate.operand != () else Support.EXACT
    subject, op, operand = predicate.subject, predicate.op, predicate.operand
    if found is Support.NONE or isinstance(subject, Id):
        return found
    if isinstance(subject, Field) and is_reserved(subject.name):
        return Support.NONE
    if op is Op.HAS and len(_values(operand)) > _MOST_ELEMENTS:
        return Support.NONE
    if isinstance(subject, Document) and op in TEXT:
        return _text_support(op, str(_values(operand)[0]), negated)
    return found if all(spell(number) for number in _floats(condition(predicate))) else Support.NONE


def _text_support(op: Op, text: str, negated: bool) -> Support:
    if op in PATTERN:
        return Support.EXACT if is_small(to_rust(op, text)) else Support.NONE
    if shortened(op, text) == text:
        return Support.EXACT
    return Support.NONE if negated else Support.INEXACT


def is_reserved(key: str) -> bool:
    """Whether a key is one that a filter can't name: the server reads it as something else, or refuses it."""
    return key.startswith(("$", "chroma:")) or key == "#document"


def _floats(alternatives: Condition) -> Iterator[float]:
    for conjunction in alternatives:
        for _, operand in conjunction:
            yield from (value for value in (operand if isinstance(operand, list) else (operand,)) if isinstance(value, float))


def encode(expr: Expr) -> Json:
    """The `where` of a filter in negation normal form, all of whose predicates are supported, none of them on ids."""
    match expr:
        case Const(value):
            return EVERY if value else NO
        case And(args):
            return _joined("$and", [encode(arg) for arg in args])
        case Or(args):
            return _joined("$or", [encode(arg) for arg in args])
        case Not(Predicate() as predicate):
            return _encoded(predicate, negated=True)
        case Predicate():
            return _encoded(expr, negated=False)
    raise TypeError(f"not in negation normal form: {expr!r}")


def _joined(connective: str, parts: list[Json]) -> Json:
    """The parts joined, those that are joined so themselves taken apart: each level counts at the server."""
    flat = [inner for part in parts for inner in part.get(connective) or [part]]
    return flat[0] if len(flat) == 1 else {connective: flat}


def _encoded(predicate: Predicate, negated: bool) -> Json:
    key = _key(predicate)
    outer, inner = ("$and", "$or") if negated else ("$or", "$and")
    return _joined(
        outer,
        [
            _joined(inner, [{key: {_COMPLEMENTS[op] if negated else op: operand}} for op, operand in conjunction])
            for conjunction in condition(predicate)
        ],
    )


def _key(predicate: Predicate) -> str:
    match predicate.subject:
        case Field(name):
            return name
        case Document():
            return "#document" if predicate.op in TEXT or predicate.op is Op.EXISTS else "chroma:document"
    return "chroma:uri"


def condition(predicate: Predicate) -> Condition:
    """What a predicate asks of its key, without regard to a complement."""
    values, op = _values(predicate.operand), predicate.op
    if not isinstance(predicate.subject, Field):
        # Documents and uris are strings: equal to nothing else, in no order with it, and never lists.
        values = [] if op is Op.HAS else [value for value in values if isinstance(value, str)]
    strings = [value for value in values if isinstance(value, str)]
    bools = [value for value in values if isinstance(value, bool)]
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    match op:
        case Op.EXISTS:
            return [[("$contains", "")]] if isinstance(predicate.subject, Document) else _ANY_BOOL
        case Op.EQ | Op.IN:
            return [*_one_of(strings), *_one_of(bools), *one_of(numbers)]
        case Op.HAS:
            return [*([("$contains", value)] for value in dict.fromkeys([*strings, *bools])), *elements(numbers)]
        case Op.LT | Op.LE | Op.GT | Op.GE:
            return compare(op, numbers[0]) if numbers else []
    return [[("$regex", to_rust(op, shortened(op, strings[0])))]]


def _one_of(values: list[Any]) -> Condition:
    return [[("$in", [*dict.fromkeys(values)])]] if values else []


def _values(operand: Any) -> list[Any]:
    items = operand if isinstance(operand, tuple) else () if operand is None else (operand,)
    return [item.value for item in items if isinstance(item, Literal)]
