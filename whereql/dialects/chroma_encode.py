"""From the AST to Chroma's `where` JSON, negation pushed down to the operators that Chroma has.

>>> from whereql.dialects.writing import write
>>> write(whereql.parse("NOT (lang = 'en' OR tags HAS 'ml')"), ChromaWriter()).native
{'$and': [{'lang': {'$ne': 'en'}}, {'tags': {'$not_contains': 'ml'}}]}

The complement of `k > 5` holds for records without `k`, and no combination of Chroma's operators does: it is left to the residual.
For a server, numbers are written so that its own rounding finds what is meant, and a filter is as large as it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whereql.ast import And, Document, Expr, Field, Id, Literal, Or, Predicate, predicates
from whereql.chroma_numbers import Condition, compare, elements, image, is_read, one_of
from whereql.dialects.writing import AS_NUMBER, Leaf, Writer, exact, items_of, refused
from whereql.errors import CheckError
from whereql.kinds import NUMBERS, Kind
from whereql.operators import ORDER, TEXT, Op
from whereql.regex.rust import to_rust
from whereql.source import quote
from whereql.support import ANY_SHAPE, Shape

Json = dict[str, Any]

_ORDER = {Op.GT: "$gt", Op.GE: "$gte", Op.LT: "$lt", Op.LE: "$lte"}
_OWN = frozenset({"#document", "chroma:document", "chroma:uri"})
RESERVED = "Chroma keeps such a key for itself", "rename the key"
_COMPLEMENTS = {"$eq": "$ne", "$in": "$nin", "$contains": "$not_contains", "$ne": "$eq", "$nin": "$in"}

Version = tuple[int, ...]
COMPLEMENTED: Version = (0, 5, 12)  # before, `$ne` and `$nin` lost records without the key
_ARRAYS: Version = (1, 5)

# A server of 1.5.9 fails from 987 conditions in all, 63 levels and 16,381 values on: expressions and variables of SQLite.
_CONDITIONS, _DEPTH, _VALUES = 900, 50, 16_000
_ELEMENTS = 100  # each is a condition


def parse_version(text: object) -> Version | None:
    """A version such as `1.5.9`. Raises CheckError for another text."""
    if text is None:
        return None
    parts = str(text).split(".")
    if not all(part.isascii() and part.isdecimal() and len(part) < 6 for part in parts):
        raise CheckError("WQ314", f"{quote(str(text))} is no version of Chroma", hint="write 1.5.9, say")
    return tuple(map(int, parts))


def server_shape(expr: Expr, version: Version) -> Shape:
    """What a server takes of a filter: what it needs several conditions for counts as so many."""
    writer = ChromaWriter(version)
    more = sum(max(_size(writer.leaf(each, negated).native) for negated in (False, True)) - 1 for each in predicates(expr))
    return Shape(depth=_DEPTH, predicates=max(1, _CONDITIONS - more), items=_VALUES // 2, literals=_VALUES // 2)  # a list of numbers may be written twice


def _size(native: Any) -> int:
    """The conditions of a saying, at least one."""
    if isinstance(native, dict) and native.keys() <= {"$and", "$or"}:
        return sum(_size(part) for parts in native.values() for part in parts) or 1
    return 1


def is_reserved(key: str) -> bool:
    """Whether Chroma takes a key of `where` for something of its own."""
    return key.startswith("$") or key in _OWN


class ChromaWriter(Writer):
    """Writes `where`; conditions on the document stand in it under `#document`.

    version: of the server that is to answer; None writes for whereql, whose reading of the numbers is exact.
    """

    def __init__(self, version: Version | None = None, shape: Shape = ANY_SHAPE) -> None:
        self._version = version
        self.shape = shape

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate as Chroma says it. The order of operations: what needs no key, then the key, then the operators on it."""
        op, subject = predicate.op, predicate.subject
        if self._version is not None and (lack := _lack(predicate, negated, self._version)):
            return refused(lack, "use a newer Chroma, or test the records that come back")
        if op is Op.EXISTS:
            return _exists(predicate, negated)
        if op in TEXT:
            return _text(predicate, negated, "" if self._version is None else "as long as no document has the character U+0000")
        if isinstance(subject, Id):
            return refused("where can't name the id", "pass ids=[…] beside where")
        if isinstance(subject, Field) and is_reserved(subject.name):
            return refused(*RESERVED)
        key = subject.name if isinstance(subject, Field) else "chroma:document" if isinstance(subject, Document) else "chroma:uri"
        if not isinstance(subject, Field) and all(item.kind is not Kind.STRING for item in items_of(predicate)):
            return self.constant(negated)  # nothing of another kind equals a document or a uri, or has an order with it
        if self._version is not None and isinstance(subject, Field) and any(item.kind in NUMBERS for item in items_of(predicate)):
            return _for_server(key, predicate, negated)
        return _condition(key, predicate, negated)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """The parts joined, those that are joined so themselves taken apart: a list of two kinds makes two conditions of one."""
        return _join("$and" if connective is And else "$or", parts)

    def constant(self, value: bool) -> Leaf:
        """An empty conjunction or disjunction; in place of these, which the Python client refuses, two that say the same of any uri."""
        return exact(_nothing(not value) if self._version is None else {"$or" if value else "$and": [{"chroma:uri": ""}, {"chroma:uri": {"$ne": ""}}]})


def _join(connective: str, parts: Sequence[Json]) -> Json:
    flat = [inner for part in parts for inner in part.get(connective) or [part]]
    return flat[0] if len(flat) == 1 else {connective: flat}


def _nothing(value: bool) -> Json:
    return {"$or": []} if value else {"$and": []}


def _condition(key: str, predicate: Predicate, negated: bool) -> Leaf:
    items = [item for item in items_of(predicate) if isinstance(predicate.subject, Field) or item.kind is Kind.STRING]
    if predicate.op in ORDER:
        if items[0].kind not in NUMBERS:
            return refused("Chroma orders numbers only", AS_NUMBER)
        if negated:
            return refused("Chroma has no complement of an order", "if every record has the key, write the opposite comparison")
        return exact({key: {_ORDER[predicate.op]: items[0].value}})
    if predicate.op is Op.EQ:
        return exact({key: {"$ne": items[0].value} if negated else items[0].value})
    if predicate.op is Op.HAS:
        parts: list[Json] = [{key: {"$not_contains" if negated else "$contains": item.value}} for item in dict.fromkeys(items)]
    else:
        groups: dict[Kind, list[Any]] = {}
        for item in items:
            groups.setdefault(item.kind, []).append(item.value)
        parts = [{key: {"$nin" if negated else "$in": values}} for values in groups.values()]
    return exact(_join("$and" if negated else "$or", parts))


def _lack(predicate: Predicate, negated: bool, version: Version) -> str:
    """What a server of a version lacks for a predicate."""
    if version < COMPLEMENTED and negated and predicate.op in (Op.EQ, Op.IN):
        return "before 0.5.12 $ne and $nin lose records without the key"
    if version < _ARRAYS and predicate.op is Op.HAS:
        return "it has no arrays"
    if version < (1,) and isinstance(predicate.subject, Document):
        return "it has conditions on documents in where_document only"
    if any(isinstance(item.value, float) and not is_read(item.value) for item in items_of(predicate)):
        return "it reads a number of so many digits as its neighbour"
    return "a server takes no so many elements" if predicate.op is Op.HAS and len(items_of(predicate)) > _ELEMENTS else ""


def _for_server(key: str, predicate: Predicate, negated: bool) -> Leaf:
    """A condition with numbers, which a server rounds where it compares an int with a float."""
    items = items_of(predicate)
    numbers = [item for item in items if item.kind in NUMBERS]
    values: list[Any] = [item.value for item in numbers]
    if predicate.op in ORDER:
        condition: Condition = _ordered(predicate.op, values[0])
        if negated:
            return _condition(key, predicate, negated)
    else:
        condition = elements(values) if predicate.op is Op.HAS else one_of(values)
    outer, inner = ("$and", "$or") if negated else ("$or", "$and")
    parts = [_join(inner, [{key: _shortest(_COMPLEMENTS[op] if negated else op, operand)} for op, operand in each]) for each in condition]
    rest: tuple[Literal, ...] = tuple(item for item in items if item.kind not in NUMBERS)
    if rest:
        parts.append(_condition(key, Predicate(predicate.subject, predicate.op, rest), negated).native)
    return exact(_join(outer, parts))


def _ordered(op: Op, bound: float) -> Condition:
    """An order, beside another where a server cuts the bound off: not by a neighbour, whose digits it might not read."""
    seen = image(bound)
    if isinstance(bound, int) or seen == bound or bound == 2.0**63:
        return compare(op, bound)
    match op:
        case Op.GE if seen < bound:
            return [[("$gte", bound), ("$gt", seen)]]
        case Op.LE if seen > bound:
            return [[("$lte", bound), ("$lt", seen)]]
        case Op.LT if seen < bound:
            return [[("$lt", bound)], [("$lte", seen)]]
        case Op.GT if seen > bound:
            return [[("$gt", bound)], [("$gte", seen)]]
    return [[(_ORDER[op], bound)]]


def _shortest(op: str, operand: Any) -> Any:
    if op in ("$in", "$nin") and len(operand) == 1:
        return operand[0] if op == "$in" else {"$ne": operand[0]}
    return {op: operand}


def _exists(predicate: Predicate, negated: bool) -> Leaf:
    if isinstance(predicate.subject, Document):
        return exact({"#document": {"$not_contains" if negated else "$contains": ""}})
    return refused("Chroma can't ask whether a key is there", "where every record has the key, translate with schema={'key': 'string!'}, or compare it with the values it may have: $in")


def _text(predicate: Predicate, negated: bool, condition: str) -> Leaf:
    if not isinstance(predicate.subject, Document):
        return refused("Chroma searches inside documents only", "write it for #document, or compare the whole value")
    text = str(items_of(predicate)[0].value)
    if predicate.op is Op.CONTAINS:
        return exact({"#document": {"$not_contains" if negated else "$contains": text}}, condition)
    return exact({"#document": {"$not_regex" if negated else "$regex": to_rust(predicate.op, text)}})
