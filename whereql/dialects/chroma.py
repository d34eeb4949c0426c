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
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from whereql.ast import And, Document, Expr, Field, Not, Op, Or, Predicate, Subject, Uri
from whereql.binding import check_patterns
from whereql.dialect import Dialect, Option, Options, Translation, refusal
from whereql.dialects.chroma_encode import COMPLEMENTED, ChromaWriter, parse_version, server_shape
from whereql.dialects.reading import signed
from whereql.dialects.reading_json import step
from whereql.dialects.writing import check_closed, write
from whereql.errors import WhereError, WhereqlError
from whereql.kinds import NUMBERS, Kind
from whereql.limits import check_depth, check_items, check_predicates
from whereql.source import quote
from whereql.suggest import nearest
from whereql.support import ANY_SHAPE
from whereql.values import INT_MAX, INT_MIN, Literal, check_text_value, describe_type, literal, unwrap

__all__ = ["decode", "decode_document", "encode"]

# Each operator as an Op, and whether it is the complement.
_COMPARISONS: dict[str, tuple[Op, bool]] = {
    "$eq": (Op.EQ, False), "$ne": (Op.EQ, True), "$gt": (Op.GT, False), "$gte": (Op.GE, False), "$lt": (Op.LT, False), "$lte": (Op.LE, False),
}  # fmt: skip
_SETS: dict[str, tuple[Op, bool]] = {"$in": (Op.IN, False), "$nin": (Op.IN, True)}
_MEMBERSHIP: dict[str, tuple[Op, bool]] = {"$contains": (Op.HAS, False), "$not_contains": (Op.HAS, True)}
_DOCUMENT: dict[str, tuple[Op, bool]] = {
    "$contains": (Op.CONTAINS, False), "$not_contains": (Op.CONTAINS, True), "$regex": (Op.MATCHES, False), "$not_regex": (Op.MATCHES, True),
}  # fmt: skip
_OPERATORS = _COMPARISONS | _SETS | _DOCUMENT
_CONNECTIVES: dict[str, Callable[..., Any]] = {"$and": And, "$or": Or}
_ORDER = frozenset({"$gt", "$gte", "$lt", "$lte"})
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


def _located(read: Callable[[object, str, bool, int], Expr], value: object, path: str, lenient: bool) -> Expr:
    try:
        return read(value, path, lenient, 1)
    except WhereqlError as error:
        error.path = error.path or path
        raise


def _decode_where(where: object, path: str, lenient: bool, depth: int) -> Expr:
    entries = _entries(where, path, "where", lenient, depth)
    if entries is None:
        return _conjunction([_decode_where({k: v}, path, lenient, depth) for k, v in where.items()])  # type: ignore[attr-defined]  # _entries saw a mapping
    key, value = entries
    if key in _CONNECTIVES or (lenient and key == "$not"):
        return _decode_connective(key, value, path, lenient, depth, _decode_where)
    if key.startswith("$"):
        _refuse_top_operator(key, path, lenient)
    check_text_value(key, path=path)
    return _decode_condition(key, value, f"{path}{step(key)}", lenient)


def _entries(value: object, path: str, name: str, lenient: bool, depth: int) -> tuple[str, Any] | None:
    """The single key and value of an object, or None for several of them in lenient mode."""
    check_depth(depth)
    if not isinstance(value, Mapping):
        hint = f"write {{…}}, or leave {name} out"
        if isinstance(value, str):
            hint = "JSON text goes through json.loads first" if value.lstrip()[:1] == "{" else "a text filter goes to whereql.parse or to get, never into JSON"
        raise WhereError("WQ201", f"{name} is an object, got {describe_type(value)}", path=path, hint=hint)
    if not value:
        raise WhereError("WQ202", f"the {name} object is empty", path=path, hint='leave it out to match every record; {"$and": []} says so, too')
    if len(value) > 1:
        if lenient:
            check_items(len(value), path=path)
            return None
        raise WhereError("WQ202", f"{len(value):,} conditions in one object, where one is allowed", path=path, hint=_split_hint(list(value.items())))
    key, inner = next(iter(value.items()))
    if not isinstance(key, str):
        raise WhereError("WQ205", f"a key is a string, got {describe_type(key)}", path=path, hint="convert the key to a string")
    return key, inner


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
    key: str, value: object, path: str, lenient: bool, depth: int, decode_part: Callable[[object, str, bool, int], Expr]
) -> Expr:
    if key == "$not" and not isinstance(value, list):
        return Not(decode_part(value, f"{path}.$not", lenient, depth + 1))
    if not isinstance(value, list):
        raise WhereError("WQ204", f"{key} takes a list of conditions, got {describe_type(value)}", path=f"{path}.{key}", hint=f'write {{"{key}": [{{…}}, {{…}}]}}')
    check_items(len(value), path=f"{path}.{key}")
    parts: list[Expr] = []
    size = 0
    for i, part in enumerate(value):
        parts.append(decode_part(part, f"{path}.{key}[{i}]", lenient, depth + 1))
        size += parts[-1].size
        check_predicates(size)  # before the rest is read: And and Or check it only at the end
    return Not(_conjunction(parts)) if key == "$not" else _CONNECTIVES[key](parts)


def _refuse_top_operator(key: str, path: str, lenient: bool) -> NoReturn:
    if key in _OPERATORS:
        hint = f'it stands under a key: {{"year": {{"{key}": …}}}}'
    elif key in ("$not", "$nor"):
        hint = "negate each condition with $ne, $nin, $not_contains or $not_regex, or decode with lenient=True, which reads $not"
    else:
        close = nearest(key, [*_CONNECTIVES, *(("$not",) if lenient else ())])
        hint = f"did you mean {close}?" if close else "only $and and $or stand where a key does; no key begins with $"
    raise WhereError("WQ205", f"{quote(key)} is no key and no connective", path=path, hint=hint)


def _decode_condition(key: str, value: object, path: str, lenient: bool) -> Expr:
    if isinstance(value, list) and key in ("and", "or", "AND", "OR"):
        raise WhereError("WQ205", f"{quote(key)} is no connective", path=path, hint=f"did you mean ${key.lower()}?")
    if not isinstance(value, Mapping):
        return _decode_operator(key, "$eq", value, path, implicit=True)
    if not value:
        raise WhereError("WQ203", "an operator is missing", path=path, hint='write {"$eq": value}, or the value itself')
    if len(value) > 1 and not lenient:
        hint = _split_hint([(key, {op: operand}) for op, operand in value.items()])
        raise WhereError("WQ203", f"{len(value):,} operators in one object, where one is allowed", path=path, hint=hint)
    return _conjunction([_decode_operator(key, op, operand, path) for op, operand in value.items()])


def _decode_operator(key: str, op: Any, operand: object, path: str, implicit: bool = False) -> Expr:
    place = path if implicit or not isinstance(op, str) else f"{path}{step(op)}"
    subject: Subject = _SPECIAL[key]() if key in _SPECIAL else Field(key)
    if op not in _OPERATORS:
        _refuse_operator(op, path)
    if key == "#document" and op in _DOCUMENT:
        return _document_predicate(op, operand, place)
    if op in ("$regex", "$not_regex"):
        raise WhereError("WQ210", f"{op} tests documents only", path=place, hint='write {"#document": {"' + op + '": …}}; in a text filter, MATCHES takes any key')
    if op in _SETS:
        values = _decode_items(op, operand, place)
        _refuse_indexed(key, values[0], place)
        return signed(Predicate(subject, Op.IN, values), _SETS[op][1])
    if op not in _SETS and (between := _between_doubles(operand, place)) is not None:
        return _decode_between(subject, op, between)
    value = _decode_value(op, operand, place)
    if op in _MEMBERSHIP:
        return signed(Predicate(subject, Op.HAS, (value,)), _MEMBERSHIP[op][1])
    _refuse_indexed(key, value, place)
    if op in _ORDER and value.kind not in NUMBERS:
        hint = "a text filter orders strings, too: key >= 'a'" if value.kind is Kind.STRING else "compare bools with $eq or $ne"
        raise WhereError("WQ207", f"{op} takes a number, got {describe_type(value.value)}", path=place, hint=hint)
    kind, negated = _COMPARISONS[op]
    return signed(Predicate(subject, kind, value), negated)


def _between_doubles(value: object, path: str) -> tuple[float, float] | None:
    """The doubles next to an int that is neither an int64 nor a double, below and above; None for any other value."""
    if type(value) is not int or INT_MIN <= value < 2**64:  # those from 2**63 on are refused, as values are
        return None
    nearest = _nearest_double(value, path)
    if nearest == value:
        return None
    return (nearest, math.nextafter(nearest, math.inf)) if nearest < value else (math.nextafter(nearest, -math.inf), nearest)


def _decode_between(subject: Subject, op: str, neighbours: tuple[float, float]) -> Expr:
    """A condition on a number that no record can hold. Chroma rounds it to a double; its place on the number line is exact."""
    below, above = (Literal(Kind.FLOAT, neighbour) for neighbour in neighbours)
    if op in _MEMBERSHIP:
        return signed(Predicate(subject, Op.HAS, ()), _MEMBERSHIP[op][1])
    kind, negated = _COMPARISONS[op]
    if kind is Op.EQ:
        return signed(Predicate(subject, Op.IN, ()), negated)
    return Predicate(subject, Op.GE, above) if kind in (Op.GT, Op.GE) else Predicate(subject, Op.LE, below)


# Operators of other systems, and what to write here.
_IN_TEXT = "Chroma has none; in a text filter write "
_MISSING: dict[str, str] = {
    "$not": 'write the opposite operator ($ne, $nin, …), or decode {"$not": {"key": …}} with lenient=True',
    "$exists": _IN_TEXT + "key IS NOT NULL", "$null": _IN_TEXT + "key IS NULL", "$like": _IN_TEXT + "key LIKE 'a%'", "$ilike": _IN_TEXT + "key ILIKE 'a%'",
    "$startswith": _IN_TEXT + "key STARTS WITH 'a'", "$endswith": _IN_TEXT + "key ENDS WITH 'a'", "$icontains": _IN_TEXT + "key ILIKE '%a%'",
    "$between": 'join two: {"$and": [{"key": {"$gte": …}}, {"key": {"$lte": …}}]}', "$all": 'join several: {"$and": [{"key": {"$contains": …}}, …]}',
    "$any": 'join several: {"$or": [{"key": {"$contains": …}}, …]}', "$size": "the size of a list can't be tested",
    "$elemMatch": "an element is a scalar: test it with $contains", "$date": "store dates as numbers, the seconds since 1970, and compare these",
}  # fmt: skip


def _refuse_operator(op: object, path: str) -> NoReturn:
    if not isinstance(op, str):
        raise WhereError("WQ206", f"an operator is a string, got {describe_type(op)}", path=path, hint="write $eq, $ne, $gt, $in, …")
    close = nearest(op if op.startswith("$") else f"${op}", _OPERATORS)
    if op in _MISSING:
        hint = _MISSING[op]
    elif op in _CONNECTIVES:
        hint = f'{op} stands outside: {{"{op}": [{{"key": …}}, {{"key": …}}]}}'
    elif not op.startswith("$") and close is None and path.endswith(".where"):
        hint = "pass what stands under where, without where itself"
    elif not op.startswith("$") and close is None:
        hint = "metadata has no nested objects: the key author.name is one key with a dot"
    else:
        hint = f"did you mean {close}?" if close else f"the operators are {', '.join(_OPERATORS)}"
    raise WhereError("WQ206", f"there is no operator {quote(op)}", path=path, hint=hint)


def _refuse_indexed(key: str, value: Literal, path: str) -> None:
    """The one thing that a Chroma collection's default schema leaves unindexed, and therefore refuses."""
    if key == "#document" and value.kind is Kind.STRING:
        raise WhereError(
            "WQ211", "a whole document can't be compared by #document", path=path, hint='write {"chroma:document": "…"}, or $contains for a part of it'
        )


def _document_predicate(op: str, operand: object, path: str) -> Expr:
    value = unwrap(operand)
    if not isinstance(value, str):
        raise WhereError("WQ207", f"{op} takes a string, got {describe_type(value)}", path=path, hint="write the text to look for in quotes")
    check_text_value(value, path=path)
    kind, negated = _DOCUMENT[op]
    predicate = Predicate(Document(), kind, Literal(Kind.STRING, value))
    try:
        check_patterns(predicate)
    except WhereqlError as error:
        error.path = path
        raise
    return signed(predicate, negated)


_VALUE_HINTS: dict[type, str] = {
    type(None): "a missing key can't be asked for in JSON; in a text filter write IS NULL",
    list: "several values go with $in, a list's elements are tested with $contains",
    tuple: "several values go with $in, a list's elements are tested with $contains",
    dict: "an operand is one value; metadata has no nested objects",
}


def _decode_value(op: str, operand: object, path: str) -> Literal:
    value = unwrap(operand)
    if not isinstance(value, (str, int, float)):
        hint = _VALUE_HINTS.get(type(value), "pass a string, a number or a bool")
        if op in _MEMBERSHIP and isinstance(value, (list, tuple)):
            hint = 'one element each: {"$or": [{"key": {"' + op + '": …}}, …]}, or $and'
        raise WhereError("WQ207", f"{op} takes a string, a number or a bool, got {describe_type(value)}", path=path, hint=hint)
    return _decode_scalar(value, path)


def _decode_scalar(value: str | float, path: str) -> Literal:
    if type(value) is int and not INT_MIN <= value <= INT_MAX:
        if INT_MAX < value < 2**64:
            raise WhereError("WQ208", "an int from 2^63 to 2^64-1 is refused by Chroma", path=path, hint=f"write it as a float: {float(value)!r}")
        value = _nearest_double(value, path)
    try:
        return literal(value)
    except WhereqlError as error:
        error.path = path
        raise


def _nearest_double(value: int, path: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise WhereError("WQ208", "the number is beyond the doubles", path=path, hint="the largest is 1.7976931348623157e308") from None


def _decode_items(op: str, operand: object, path: str) -> tuple[Literal, ...]:
    if not isinstance(operand, (list, tuple)):
        raise WhereError("WQ209", f"{op} takes a list, got {describe_type(operand)}", path=path, hint=f'write {{"{op}": [value, value]}}')
    check_items(len(operand), path=path)
    if not operand:
        hint = '{"$or": []} matches no record, {"$and": []} every one'
        raise WhereError("WQ209", f"{op} takes a list that is not empty", path=path, hint=hint)
    return tuple(_decode_each(op, operand, path))


def _decode_each(op: str, operand: Any, path: str) -> Iterator[Literal]:
    """The literals of a list. Its first element decides: a float takes any number after it, any other kind only its own."""
    first = Kind.STRING
    for i, item in enumerate(operand):
        value = unwrap(item)
        if not isinstance(value, (str, int, float)):
            hint = _VALUE_HINTS.get(type(value), "pass strings, numbers or bools")
            raise WhereError("WQ209", f"{op} takes strings, numbers or bools, got {describe_type(value)}", path=f"{path}[{i}]", hint=hint)
        if i and first is Kind.FLOAT and type(value) is int:
            value = _nearest_double(value, f"{path}[{i}]")
        wide = i and first is Kind.INT and type(value) is int and not INT_MIN <= value <= INT_MAX
        decoded = _decode_scalar(value, f"{path}[{i}]")
        if not i:
            first = decoded.kind
        elif decoded.kind is not first or wide:
            hint = 'join one list per kind: {"$or": [{"key": {"$in": […]}}, …]}'
            if {first, decoded.kind} <= NUMBERS:
                hint = f"write its first number as a float: {float(operand[0])!r}"
            raise WhereError(
                "WQ209", f"{op} takes values of one kind: the first is {describe_type(operand[0])}, this is {describe_type(value)}",
                path=f"{path}[{i}]", hint=hint,
            )  # fmt: skip
        yield decoded


def _decode_where_document(value: object, path: str, lenient: bool, depth: int) -> Expr:
    entries = _entries(value, path, "where_document", lenient, depth)
    if entries is None:
        return _conjunction([_decode_where_document({k: v}, path, lenient, depth) for k, v in value.items()])  # type: ignore[attr-defined]  # see _decode_where
    key, inner = entries
    if key in _CONNECTIVES or (lenient and key == "$not"):
        return _decode_connective(key, inner, path, lenient, depth, _decode_where_document)
    if key not in _DOCUMENT:
        close = nearest(key, [*_DOCUMENT, *_CONNECTIVES])
        hint = f"did you mean {close}?" if close else f"where_document has {', '.join(_DOCUMENT)}, $and and $or; conditions on keys stand in where"
        raise WhereError("WQ212", f"where_document has no operator {quote(key)}", path=path, hint=hint)
    return _document_predicate(key, inner, f"{path}.{key}")


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
