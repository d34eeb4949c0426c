"""From the AST to Chroma's `where` JSON, negation pushed down to the operators that Chroma has.

>>> encode(whereql.parse("NOT (lang = 'en' OR tags HAS 'ml')"))
{'$and': [{'lang': {'$ne': 'en'}}, {'tags': {'$not_contains': 'ml'}}]}

What JSON can't say is refused by name, never approximated: the complement of `k > 5` holds for records without `k`,
and no combination of Chroma's operators does.
"""

from __future__ import annotations

from typing import Any, NoReturn

from whereql.ast import And, Const, Document, Expr, Field, Id, Literal, Not, Op, Or, Param, Predicate
from whereql.dialects.text.printer import print_filter
from whereql.errors import CheckError, UnsupportedError
from whereql.kinds import Kind
from whereql.regex.rust import to_rust

Json = dict[str, Any]

_ORDER = {Op.GT: "$gt", Op.GE: "$gte", Op.LT: "$lt", Op.LE: "$lte"}


def encode(expr: Expr) -> Json:
    """The `where` object of a closed filter; conditions on the document stand in it under `#document`.

    Raises UnsupportedError naming the predicate that JSON can't say, CheckError for a filter with parameters.
    """
    return _encode(expr, negated=False)


def _encode(expr: Expr, *, negated: bool) -> Json:
    match expr:
        case Const(value):
            return {"$and": []} if value is not negated else {"$or": []}
        case Not(arg):
            return _encode(arg, negated=not negated)
        case And(args):
            return _join("$or" if negated else "$and", [_encode(arg, negated=negated) for arg in args])
        case Or(args):
            return _join("$and" if negated else "$or", [_encode(arg, negated=negated) for arg in args])
        case Predicate():
            return _encode_predicate(expr, negated)
    raise TypeError(f"not a filter: {expr!r}")


def _join(connective: str, parts: list[Json]) -> Json:
    """The parts joined, those that are joined so themselves taken apart: a list of two kinds makes two conditions of one."""
    flat = [inner for part in parts for inner in part.get(connective) or [part]]
    return flat[0] if len(flat) == 1 else {connective: flat}


def _encode_predicate(predicate: Predicate, negated: bool) -> Json:
    operand = predicate.operand
    if isinstance(operand, Param) or (isinstance(operand, tuple) and any(isinstance(item, Param) for item in operand)):
        raise CheckError("WQ308", f"{print_filter(predicate)} has a parameter without a value", span=predicate.span, hint="bind the filter first")
    match predicate.op:
        case Op.EQ:
            key = _key(predicate, negated)
            return {key: {"$ne": _value(operand)}} if negated else {key: _value(operand)}
        case Op.LT | Op.LE | Op.GT | Op.GE:
            return _encode_order(predicate, negated)
        case Op.IN:
            return _encode_in(predicate, negated)
        case Op.HAS:
            key, op = _key(predicate, negated), "$not_contains" if negated else "$contains"
            parts = [{key: {op: _value(item)}} for item in operand]  # type: ignore[union-attr]  # HAS takes a tuple
            return _join("$and" if negated else "$or", parts)
        case Op.EXISTS:
            return _encode_exists(predicate, negated)
    return _encode_text(predicate, negated)


def _encode_order(predicate: Predicate, negated: bool) -> Json:
    if _value(predicate.operand) is True or isinstance(_value(predicate.operand), str):
        _refuse(predicate, negated, "Chroma orders numbers only", "store the text as a number (a date as epoch seconds)")
    if negated:
        _refuse(predicate, negated, "Chroma has no complement of an order", "if every record has the key, write the opposite comparison")
    return {_key(predicate, negated): {_ORDER[predicate.op]: _value(predicate.operand)}}


def _encode_in(predicate: Predicate, negated: bool) -> Json:
    key = _key(predicate, negated)
    groups: dict[Kind, list[Any]] = {}
    for item in predicate.operand:  # type: ignore[union-attr]  # IN takes a tuple
        groups.setdefault(item.kind, []).append(item.value)  # type: ignore[union-attr]  # of literals, as _encode_predicate saw
    parts = [{key: {"$nin" if negated else "$in": values}} for values in groups.values()]
    return _join("$and" if negated else "$or", parts)


def _encode_exists(predicate: Predicate, negated: bool) -> Json:
    if isinstance(predicate.subject, Document):
        return {"#document": {"$not_contains" if negated else "$contains": ""}}
    if not isinstance(predicate.subject, Id):
        _refuse(predicate, negated, "Chroma can't ask whether a key is there", "compare the key with the values it may have: $in")
    return {"$or": []} if negated else {"$and": []}


def _encode_text(predicate: Predicate, negated: bool) -> Json:
    if not isinstance(predicate.subject, Document):
        _refuse(predicate, negated, "Chroma searches inside documents only", "write it for #document, or compare the whole value")
    text = str(_value(predicate.operand))
    if predicate.op is Op.CONTAINS:
        return {"#document": {"$not_contains" if negated else "$contains": text}}
    return {"#document": {"$not_regex" if negated else "$regex": to_rust(predicate.op, text)}}


def _key(predicate: Predicate, negated: bool) -> str:
    subject = predicate.subject
    if isinstance(subject, Id):
        _refuse(predicate, negated, "where can't name the id", "pass ids=[…] beside where")
    if not isinstance(subject, Field):
        return "chroma:document" if isinstance(subject, Document) else "chroma:uri"
    if subject.name.startswith("$") or subject.name in ("#document", "chroma:document", "chroma:uri"):
        _refuse(predicate, negated, "Chroma keeps such a key for itself", "rename the key")
    return subject.name


def _value(operand: object) -> Any:
    assert isinstance(operand, Literal)
    return operand.value


def _refuse(predicate: Predicate, negated: bool, reason: str, hint: str) -> NoReturn:
    shown = print_filter(Not(predicate) if negated else predicate)
    raise UnsupportedError("WQ501", f"JSON can't say {shown if len(shown) <= 120 else shown[:119] + '…'}: {reason}", span=predicate.span, hint=hint)
