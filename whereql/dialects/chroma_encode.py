"""From the AST to Chroma's `where` JSON, negation pushed down to the operators that Chroma has.

>>> from whereql.dialects.writing import write
>>> write(whereql.parse("NOT (lang = 'en' OR tags HAS 'ml')"), ChromaWriter()).native
{'$and': [{'lang': {'$ne': 'en'}}, {'tags': {'$not_contains': 'ml'}}]}

The complement of `k > 5` holds for records without `k`, and no combination of Chroma's operators does: it is left to the residual.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whereql.ast import And, Document, Field, Id, Or, Predicate
from whereql.dialects.writing import Leaf, Writer, exact, items_of, refused
from whereql.kinds import NUMBERS, Kind
from whereql.operators import ORDER, TEXT, Op
from whereql.regex.rust import to_rust

Json = dict[str, Any]

_ORDER = {Op.GT: "$gt", Op.GE: "$gte", Op.LT: "$lt", Op.LE: "$lte"}
_RESERVED = frozenset({"#document", "chroma:document", "chroma:uri"})


class ChromaWriter(Writer):
    """Writes `where`; conditions on the document stand in it under `#document`."""

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate as Chroma says it. The order of operations: what needs no key, then the key, then the operators on it."""
        op, subject = predicate.op, predicate.subject
        if op is Op.EXISTS:
            return _exists(predicate, negated)
        if op in TEXT:
            return _text(predicate, negated)
        if isinstance(subject, Id):
            return refused("where can't name the id", "pass ids=[…] beside where")
        if isinstance(subject, Field) and (subject.name.startswith("$") or subject.name in _RESERVED):
            return refused("Chroma keeps such a key for itself", "rename the key")
        key = subject.name if isinstance(subject, Field) else "chroma:document" if isinstance(subject, Document) else "chroma:uri"
        return _condition(key, predicate, negated)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """The parts joined, those that are joined so themselves taken apart: a list of two kinds makes two conditions of one."""
        return _join("$and" if connective is And else "$or", parts)

    def constant(self, value: bool) -> Leaf:
        """An empty conjunction or disjunction, as Chroma reads them."""
        return exact({"$and": []} if value else {"$or": []})


def _join(connective: str, parts: Sequence[Json]) -> Json:
    flat = [inner for part in parts for inner in part.get(connective) or [part]]
    return flat[0] if len(flat) == 1 else {connective: flat}


def _condition(key: str, predicate: Predicate, negated: bool) -> Leaf:
    items = [item for item in items_of(predicate) if isinstance(predicate.subject, Field) or item.kind is Kind.STRING]  # else never equal
    if predicate.op in ORDER:
        if items[0].kind not in NUMBERS:
            return refused("Chroma orders numbers only", "store the text as a number (a date as epoch seconds)")
        if negated:
            return refused("Chroma has no complement of an order", "if every record has the key, write the opposite comparison")
        return exact({key: {_ORDER[predicate.op]: items[0].value}})
    if predicate.op is Op.EQ:
        return exact({key: {"$ne": items[0].value} if negated else items[0].value})
    if predicate.op is Op.HAS:
        parts: list[Json] = [{key: {"$not_contains" if negated else "$contains": item.value}} for item in items]
    else:
        groups: dict[Kind, list[Any]] = {}
        for item in items:
            groups.setdefault(item.kind, []).append(item.value)
        parts = [{key: {"$nin" if negated else "$in": values}} for values in groups.values()]
    return exact(_join("$and" if negated else "$or", parts))


def _exists(predicate: Predicate, negated: bool) -> Leaf:
    if isinstance(predicate.subject, Document):
        return exact({"#document": {"$not_contains" if negated else "$contains": ""}})
    return refused("Chroma can't ask whether a key is there", "compare the key with the values it may have: $in")


def _text(predicate: Predicate, negated: bool) -> Leaf:
    if not isinstance(predicate.subject, Document):
        return refused("Chroma searches inside documents only", "write it for #document, or compare the whole value")
    text = str(items_of(predicate)[0].value)
    if predicate.op is Op.CONTAINS:
        return exact({"#document": {"$not_contains" if negated else "$contains": text}})
    return exact({"#document": {"$not_regex" if negated else "$regex": to_rust(predicate.op, text)}})
