"""From the AST to the pre-filter of MongoDB's `$vectorSearch`, the dialect `atlas`: a part of MQL, without `$exists` and `$regex`.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND NOT lang = 'en'"), schema={"year": "int", "lang": "string"}).native
{'$and': [{'year': {'$gte': 2020}}, {'lang': {'$ne': 'en'}}]}
"""

from __future__ import annotations

from typing import Any

from whereql.ast import Expr, Predicate, Subject
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.doubles import EXACT
from whereql.dialects.mongo.merging import MergingWriter
from whereql.dialects.mongo.mql import ORDERS, TYPING, Json
from whereql.dialects.mongo.places import PLACES, Place, place_of
from whereql.dialects.writing import Leaf, exact, items_of, refused, write
from whereql.kinds import NUMBERS, Kind
from whereql.operators import Op
from whereql.support import Shape


class AtlasWriter(MergingWriter):
    """Writes the `filter` of `$vectorSearch`; each field in it has to be indexed as a filter."""

    title = "the pre-filter"
    ordered = frozenset({*NUMBERS, Kind.STRING})
    shape = Shape(depth=40)  # see MongoWriter

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate as MQL says it."""
        if any(type(item.value) is int and abs(item.value) > EXACT for item in items_of(predicate)):
            return refused("how an index compares ints beyond 2^53 isn't documented", "compare with a smaller number")
        return super().leaf(predicate, negated)

    def place(self, subject: Subject) -> Place | Leaf:
        """The path of a field."""
        return place_of(subject, self.options)

    def exists(self, place: Place, negated: bool) -> Leaf:
        """There is no `$exists`, and null finds no missing field here."""
        return refused("the pre-filter can't ask whether a field is there", "compare it with the values it may have: IN")

    def nothing(self, place: Place, negated: bool) -> Leaf:
        """What no field can equal."""
        return refused("no document has such a value there", "leave the condition out")

    def complement(self, subject: Subject, place: Place, differs: Json) -> Json:
        """`$ne` and `$nin` are complements, as everywhere in MQL."""
        return differs

    def not_ordered(self, predicate: Predicate, place: Place, op: Op, value: Any) -> Leaf:
        """`$nor` of one condition is its complement."""
        return exact({"$nor": [{place[0]: {ORDERS[op]: value}}]}, self._condition(predicate.subject, place, items_of(predicate)))


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, AtlasWriter(expr, options))


DIALECT = Dialect("Atlas pre-filter", None, _write, {**TYPING, **PLACES}, form="json")
