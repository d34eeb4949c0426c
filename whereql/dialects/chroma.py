"""Chroma's `where` and `where_document` JSON as a dialect, accepting and refusing exactly what a Chroma 1.5.9 server does.

>>> expr = decode({"$and": [{"year": {"$gte": 2020}}, {"#document": {"$contains": "neural"}}]})
>>> whereql.to_text(expr)
"year >= 2020 AND #document CONTAINS 'neural'"

A value is what `json.loads` makes of the JSON, so the kind of a number is that of its spelling: `1` int, `1.0` float.
`lenient=True` also reads what people expect to work: several keys or operators in one object (AND), and `$not`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, ItemsView, Iterator, Mapping
from typing import Any

from whereql.ast import And, Document, Expr, Field, Not, Op, Or, Predicate, Subject, Uri
from whereql.binding import check_patterns
from whereql.dialect import Dialect, Option, Options, Translation, refusal
from whereql.dialects.chroma_encode import COMPLEMENTED, ChromaWriter, parse_version, server_shape
from whereql.dialects.chroma_operators import (
    COMPARISONS,
    CONNECTIVES,
    DOCUMENT,
    MEMBERSHIP,
    OPERATORS,
    ORDER,
    SETS,
    refuse_operator,
    refuse_top_operator,
)
from whereql.dialects.reading import signed
from whereql.dialects.reading_json import step
from whereql.dialects.writing import check_closed, write
from whereql.errors import LimitError, WhereError, WhereqlError
from whereql.kinds import NUMBERS, Kind
from whereql.limits import check_depth, check_items, check_predicates, current_limits
from whereql.source import quote
from whereql.suggest import nearest
from whereql.support import ANY_SHAPE
from whereql.values import INT_MAX, INT_MIN, Literal, check_text_value, describe_type, literal, literals, unwrap

__all__ = ["decode", "decode_document", "encode"]

_SPECIAL: dict[str, Callable[[], Subject]] = {"#document": Document, "chroma:document": Document, "chroma:uri": Uri}


def decode(where: object, *, lenient: bool = False, path: str = "$") -> Expr:
    """The filter that a `where` value says.

    where: decoded JSON; path: the place of the value, for messages. Raises WhereError with the path of what is wrong,
    CheckError or UnsupportedError for a pattern, LimitError.
    """
    return _located(_decode_where, where, path, lenient)


def decode_document(where_document: object, *, lenient: bool = False, path: str = "$") -> Expr:
    """The filter that a `where_document` value says. Raises as `decode` does."""
    return _located(_decode_where_document, where_document, path, lenient)


# Where a value stands: in what, and under which key or number there. Spelled only when something is wrong.
_Place = str | tuple[Any, str | int]


def _spelled(place: _Place) -> str:
    steps: list[str] = []
    while isinstance(place, tuple):
        place, last = place
        steps.append(step(last) if isinstance(last, str) else f"[{last}]")
    return place + "".join(reversed(steps))


def _located(read: Callable[[object, _Place, bool, int], Expr], value: object, path: str, lenient: bool) -> Expr:
    try:
        check_depth(1)
        return read(value, path, lenient, 1)
    except WhereqlError as error:
        error.path = error.path or path
        raise


def _decode_where(where: object, place: _Place, lenient: bool, depth: int) -> Expr:
    key, value = _entry(where, place, "where", lenient)
    if key is None:
        return _conjunction([_decode_where({k: v}, place, lenient, depth) for k, v in value])
    if key[:1] == "$":
        if key in CONNECTIVES or (lenient and key == "$not"):
            return _decode_connective(key, value, place, lenient, depth, _decode_where)
        refuse_top_operator(key, _spelled(place), lenient)
    if not key.isascii():
        check_text_value(key, path=_spelled(place))
    return _decode_condition(key, value, (place, key), lenient)


def _entry(value: object, place: _Place, name: str, lenient: bool) -> tuple[str, Any] | tuple[None, ItemsView[Any, Any]]:
    """The single key and value of an object, or None and all of them in lenient mode."""
    if type(value) is not dict and not isinstance(value, Mapping):
        hint = f"write {{…}}, or leave {name} out"
        if isinstance(value, str):
            hint = "JSON text goes through json.loads first" if value.lstrip()[:1] == "{" else "a text filter goes to whereql.parse or to get, never into JSON"
        raise WhereError("WQ201", f"{name} is an object, got {describe_type(value)}", path=_spelled(place), hint=hint)
    if not value:
        raise WhereError("WQ202", f"the {name} object is empty", path=_spelled(place), hint='leave it out to match every record; {"$and": []} says so, too')
    if len(value) > 1:
        if lenient:
            _check_items(len(value), place)
            return None, value.items()
        hint = _split_hint(list(value.items()))
        raise WhereError("WQ202", f"{len(value):,} conditions in one object, where one is allowed", path=_spelled(place), hint=hint)
    [(key, inner)] = value.items()
    if not isinstance(key, str):
        raise WhereError("WQ205", f"a key is a string, got {describe_type(key)}", path=_spelled(place), hint="convert the key to a string")
    return key, inner


def _check_items(count: int, place: _Place) -> None:
    try:
        check_items(count)
    except LimitError as error:
        error.path = _spelled(place)
        raise


def _split_hint(pairs: list[tuple[Any, Any]]) -> str:
    """How to write several conditions of one object: the filter itself where it is short."""
    try:
        corrected = json.dumps({"$and": [{key: value} for key, value in pairs[:4]]}, ensure_ascii=True, default=str)
    except (ValueError, RecursionError, TypeError):
        corrected = ""
    short = corrected if len(pairs) <= 4 and 0 < len(corrected) <= 200 else '{"$and": [{…}, {…}]}'
    return f"write {short}, or decode with lenient=True"


def _conjunction(parts: list[Expr]) -> Expr:
    return And(parts)


def _decode_connective(
    key: str, value: object, place: _Place, lenient: bool, depth: int, decode_part: Callable[[object, _Place, bool, int], Expr]
) -> Expr:
    place = (place, key)
    if not isinstance(value, list):
        if key == "$not":
            check_depth(depth + 1)
            return Not(decode_part(value, place, lenient, depth + 1))
        raise WhereError("WQ204", f"{key} takes a list of conditions, got {describe_type(value)}", path=_spelled(place), hint=f'write {{"{key}": [{{…}}, {{…}}]}}')
    _check_items(len(value), place)
    if value:
        check_depth(depth + 1)
    parts: list[Expr] = []
    size, most = 0, current_limits().predicates
    for i, part in enumerate(value):
        expr = decode_part(part, (place, i), lenient, depth + 1)
        parts.append(expr)
        size += expr.size
        if size > most:
            check_predicates(size)  # before the rest is read: And and Or check it only at the end
    return Not(_conjunction(parts)) if key == "$not" else CONNECTIVES[key](parts)


def _decode_condition(key: str, value: object, place: _Place, lenient: bool) -> Expr:
    if type(value) is not dict and not isinstance(value, Mapping):
        if isinstance(value, list) and key in ("and", "or", "AND", "OR"):
            raise WhereError("WQ205", f"{quote(key)} is no connective", path=_spelled(place), hint=f"did you mean ${key.lower()}?")
        return _decode_operator(key, "$eq", value, place, place)
    if len(value) == 1:
        [(op, operand)] = value.items()
        return _decode_operator(key, op, operand, (place, op), place)
    if not value:
        raise WhereError("WQ203", "an operator is missing", path=_spelled(place), hint='write {"$eq": value}, or the value itself')
    if not lenient:
        hint = _split_hint([(key, {op: operand}) for op, operand in value.items()])
        raise WhereError("WQ203", f"{len(value):,} operators in one object, where one is allowed", path=_spelled(place), hint=hint)
    return _conjunction([_decode_operator(key, op, operand, (place, op), place) for op, operand in value.items()])


def _decode_operator(key: str, op: Any, operand: object, place: _Place, outer: _Place) -> Expr:
    """place: of the operand; outer: of the object with the operator."""
    if op not in OPERATORS:
        refuse_operator(op, _spelled(outer))
    if key == "#document" and op in DOCUMENT:
        return _document_predicate(op, operand, place)
    subject: Subject = _SPECIAL[key]() if key in _SPECIAL else Field(key)
    if op in SETS:
        values = _decode_items(op, operand, place)
        _refuse_indexed(key, values[0], place)
        return signed(Predicate(subject, Op.IN, values), SETS[op][1])
    if op in ("$regex", "$not_regex"):
        raise WhereError("WQ210", f"{op} tests documents only", path=_spelled(place), hint='write {"#document": {"' + op + '": …}}; in a text filter, MATCHES takes any key')
    if type(operand) is int and (between := _between_doubles(operand, place)) is not None:
        return _decode_between(subject, op, between)
    value = _decode_value(op, operand, place)
    if op in MEMBERSHIP:
        return signed(Predicate(subject, Op.HAS, (value,)), MEMBERSHIP[op][1])
    _refuse_indexed(key, value, place)
    if op in ORDER and value.kind not in NUMBERS:
        hint = "a text filter orders strings, too: key >= 'a'" if value.kind is Kind.STRING else "compare bools with $eq or $ne"
        raise WhereError("WQ207", f"{op} takes a number, got {describe_type(value.value)}", path=_spelled(place), hint=hint)
    kind, negated = COMPARISONS[op]
    return signed(Predicate(subject, kind, value), negated)


def _between_doubles(value: int, place: _Place) -> tuple[float, float] | None:
    """The doubles next to an int that is neither an int64 nor a double, below and above; None for any other."""
    if INT_MIN <= value < 2**64:  # those from 2**63 on are refused, as values are
        return None
    nearest = _nearest_double(value, place)
    if nearest == value:
        return None
    return (nearest, math.nextafter(nearest, math.inf)) if nearest < value else (math.nextafter(nearest, -math.inf), nearest)


def _decode_between(subject: Subject, op: str, neighbours: tuple[float, float]) -> Expr:
    """A condition on a number that no record can hold. Chroma rounds it to a double; its place on the number line is exact."""
    below, above = (Literal(Kind.FLOAT, neighbour) for neighbour in neighbours)
    if op in MEMBERSHIP:
        return signed(Predicate(subject, Op.HAS, ()), MEMBERSHIP[op][1])
    kind, negated = COMPARISONS[op]
    if kind is Op.EQ:
        return signed(Predicate(subject, Op.IN, ()), negated)
    return Predicate(subject, Op.GE, above) if kind in (Op.GT, Op.GE) else Predicate(subject, Op.LE, below)


def _refuse_indexed(key: str, value: Literal, place: _Place) -> None:
    """The one thing that a Chroma collection's default schema leaves unindexed, and therefore refuses."""
    if key == "#document" and value.kind is Kind.STRING:
        raise WhereError(
            "WQ211", "a whole document can't be compared by #document", path=_spelled(place), hint='write {"chroma:document": "…"}, or $contains for a part of it'
        )


def _document_predicate(op: str, operand: object, place: _Place) -> Expr:
    value = unwrap(operand)
    if not isinstance(value, str):
        raise WhereError("WQ207", f"{op} takes a string, got {describe_type(value)}", path=_spelled(place), hint="write the text to look for in quotes")
    if not value.isascii():
        check_text_value(value, path=_spelled(place))
    kind, negated = DOCUMENT[op]
    predicate = Predicate(Document(), kind, Literal(Kind.STRING, value))
    try:
        check_patterns(predicate)
    except WhereqlError as error:
        error.path = _spelled(place)
        raise
    return signed(predicate, negated)


_VALUE_HINTS: dict[type, str] = {
    type(None): "a missing key can't be asked for in JSON; in a text filter write IS NULL",
    list: "several values go with $in, a list's elements are tested with $contains",
    tuple: "several values go with $in, a list's elements are tested with $contains",
    dict: "an operand is one value; metadata has no nested objects",
}


_SCALARS = {str, int, float, bool}


def _decode_value(op: str, operand: object, place: _Place) -> Literal:
    value: Any = operand if type(operand) in _SCALARS else unwrap(operand)
    if not isinstance(value, (str, int, float)):
        hint = _VALUE_HINTS.get(type(value), "pass a string, a number or a bool")
        if op in MEMBERSHIP and isinstance(value, (list, tuple)):
            hint = 'one element each: {"$or": [{"key": {"' + op + '": …}}, …]}, or $and'
        raise WhereError("WQ207", f"{op} takes a string, a number or a bool, got {describe_type(value)}", path=_spelled(place), hint=hint)
    return _decode_scalar(value, place)


def _decode_scalar(value: str | float, place: _Place) -> Literal:
    if type(value) is int and not INT_MIN <= value <= INT_MAX:
        if INT_MAX < value < 2**64:
            raise WhereError("WQ208", "an int from 2^63 to 2^64-1 is refused by Chroma", path=_spelled(place), hint=f"write it as a float: {float(value)!r}")
        value = _nearest_double(value, place)
    try:
        return literal(value)
    except WhereqlError as error:
        error.path = _spelled(place)
        raise


def _nearest_double(value: int, place: _Place) -> float:
    try:
        return float(value)
    except OverflowError:
        raise WhereError("WQ208", "the number is beyond the doubles", path=_spelled(place), hint="the largest is 1.7976931348623157e308") from None


def _decode_items(op: str, operand: object, place: _Place) -> tuple[Literal, ...]:
    if not isinstance(operand, (list, tuple)):
        raise WhereError("WQ209", f"{op} takes a list, got {describe_type(operand)}", path=_spelled(place), hint=f'write {{"{op}": [value, value]}}')
    _check_items(len(operand), place)
    if not operand:
        hint = '{"$or": []} matches no record, {"$and": []} every one'
        raise WhereError("WQ209", f"{op} takes a list that is not empty", path=_spelled(place), hint=hint)
    kinds = set(map(type, operand))
    if len(kinds) == 1 and kinds <= _SCALARS:
        try:
            return literals(operand)
        except WhereqlError:
            pass  # told below, with its place
    return tuple(_decode_each(op, operand, place))


def _decode_each(op: str, operand: Any, place: _Place) -> Iterator[Literal]:
    """The literals of a list. Its first element decides: a float takes any number after it, any other kind only its own."""
    first = Kind.STRING
    for i, item in enumerate(operand):
        value = unwrap(item)
        if not isinstance(value, (str, int, float)):
            hint = _VALUE_HINTS.get(type(value), "pass strings, numbers or bools")
            raise WhereError("WQ209", f"{op} takes strings, numbers or bools, got {describe_type(value)}", path=_spelled((place, i)), hint=hint)
        if i and first is Kind.FLOAT and type(value) is int:
            value = _nearest_double(value, (place, i))
        wide = i and first is Kind.INT and type(value) is int and not INT_MIN <= value <= INT_MAX
        decoded = _decode_scalar(value, (place, i))
        if not i:
            first = decoded.kind
        elif decoded.kind is not first or wide:
            hint = 'join one list per kind: {"$or": [{"key": {"$in": […]}}, …]}'
            if {first, decoded.kind} <= NUMBERS:
                hint = f"write its first number as a float: {float(operand[0])!r}"
            raise WhereError(
                "WQ209", f"{op} takes values of one kind: the first is {describe_type(operand[0])}, this is {describe_type(value)}",
                path=_spelled((place, i)), hint=hint,
            )  # fmt: skip
        yield decoded


def _decode_where_document(value: object, place: _Place, lenient: bool, depth: int) -> Expr:
    key, inner = _entry(value, place, "where_document", lenient)
    if key is None:
        return _conjunction([_decode_where_document({k: v}, place, lenient, depth) for k, v in inner])
    if key in CONNECTIVES or (lenient and key == "$not"):
        return _decode_connective(key, inner, place, lenient, depth, _decode_where_document)
    if key not in DOCUMENT:
        close = nearest(key, [*DOCUMENT, *CONNECTIVES])
        hint = f"did you mean {close}?" if close else f"where_document has {', '.join(DOCUMENT)}, $and and $or; conditions on keys stand in where"
        raise WhereError("WQ212", f"where_document has no operator {quote(key)}", path=_spelled(place), hint=hint)
    return _document_predicate(key, inner, (place, key))


def _read(source: object, options: Options) -> Expr:
    version = parse_version(options["version"])
    expr = decode(source, lenient=options["lenient"])
    return expr if version is None or version >= COMPLEMENTED else _present(expr)


def _present(expr: Expr) -> Expr:
    """The filter where a negative operator finds only records that have the key."""
    match expr:
        case Not(Predicate(op=Op.EQ | Op.IN) as predicate):
            return And([Predicate(predicate.subject, Op.EXISTS), expr])
        case And(args) | Or(args):
            return type(expr)([_present(arg) for arg in args])
    return expr


def _write(expr: Expr, options: Options) -> Translation:
    check_closed(expr)
    version = parse_version(options["version"])
    return write(expr, ChromaWriter(version, ANY_SHAPE if version is None else server_shape(expr, version)))


OPTIONS = {
    "lenient": Option("read several conditions in one object, and $not", False, (False, True)),
    "version": Option("the version of the server; None: whereql itself, which has no limits and rounds no numbers", "1.5.9"),
}

DIALECT = Dialect("Chroma", _read, _write, OPTIONS, form="json")


def encode(expr: Expr) -> dict[str, Any]:
    """The `where` object of a closed filter, in its normal form; conditions on the document stand in it under `#document`.

    Raises TranslateError naming the predicate that JSON can't say, CheckError for a filter with parameters.
    """
    translation = DIALECT.encode(expr, version=None, allow_residual=True)
    if translation.residual is not None:
        raise refusal("JSON", translation)
    native: dict[str, Any] = translation.native
    return native
