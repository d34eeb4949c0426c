"""Writers for stores whose equality looks into arrays, and that have no way to ask whether a value is one.

So `lang = 'en'` is said by a superset, and its complement not at all, unless it is known what the key holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from whereql.ast import Expr, Field, Id, Literal, Predicate, Subject
from whereql.dialect import Options
from whereql.dialects.mongo.mql import (
    DECLARE,
    ORDERS,
    Json,
    JsonWriter,
    Keys,
    double_order,
    holdable,
    joined,
    lines_of,
    one_of,
)
from whereql.dialects.mongo.places import Place
from whereql.dialects.places import refused_place, role, subjects, unplaced
from whereql.dialects.writing import AS_NUMBER, Leaf, exact, items_of, refused, superset
from whereql.kinds import NUMBERS, Kind
from whereql.operators import OPPOSITE, ORDER, TEXT, Op

_ALL_ARRAYS = "as long as the key holds arrays only"


class MergingWriter(JsonWriter):
    """title: of the store; ordered: the kinds that it orders; elements: those that its arrays may have; fields: the options that name them."""

    title: ClassVar[str]
    ordered: ClassVar[frozenset[Kind]] = NUMBERS
    elements: ClassVar[frozenset[Kind]] = frozenset(Kind)

    def __init__(self, expr: Expr, options: Options) -> None:
        self.keys = Keys(expr, options)
        self.options = options
        self.schema = self.keys.schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate as such a store says it."""
        place = self.place(predicate.subject)
        if isinstance(place, Leaf):
            return place
        if predicate.op in TEXT:
            return refused(f"{self.title} has no operators on text", "compare whole values")
        if predicate.op is Op.EXISTS:
            return self.exists(place, negated)
        if predicate.op in ORDER:
            return self._order(predicate, place, negated)
        return self._within(predicate, place, negated)

    def place(self, subject: Subject) -> Place | Leaf:
        """Where a subject stands: under its own name among the metadata, which are flat."""
        if isinstance(subject, Field):
            if not subject.name or subject.name.startswith("$"):
                return refused(f"{self.title} takes no such key", "rename the key")
            if subject.name in subjects(self.options):
                return refused_place(subject, self.options)
            return subject.name, ""
        if isinstance(subject, Id):
            return refused("a filter can't name the id", "fetch by id instead")
        key: str | None = self.options[role(subject)]
        return (key, "") if key else unplaced(subject, "key")

    def exists(self, place: Place, negated: bool) -> Leaf:
        """Whether a key is there."""
        return exact({place[0]: {"$exists": not negated}}, place[1])

    def nothing(self, place: Place, negated: bool) -> Leaf:
        """What no record passes, or each."""
        return exact(joined("$or" if negated else "$and", [{place[0]: {"$exists": True}}, {place[0]: {"$exists": False}}]))

    def complement(self, subject: Subject, place: Place, differs: Json) -> Json:
        """What differs, and what lacks the key: `$ne` may find the latter or not."""
        if isinstance(subject, Field) and self.keys.is_required(subject.name):
            return differs
        return joined("$or", [{place[0]: {"$exists": False}}, differs])

    def not_ordered(self, predicate: Predicate, place: Place, op: Op, value: Any) -> Leaf:
        """The complement of an order: the opposite order, where nothing but numbers is there."""
        subject = predicate.subject
        if not isinstance(subject, Field) or not self.keys.are_numbers(subject.name):
            return refused("the complement of an order finds every other kind of value, too", "say that the key holds numbers only: schema={'key': 'float'}")
        return exact(self.complement(subject, place, {place[0]: {ORDERS[OPPOSITE[op]]: value}}), place[1])

    def _order(self, predicate: Predicate, place: Place, negated: bool) -> Leaf:
        bound = items_of(predicate)[0]
        if bound.kind not in self.ordered:
            return refused(f"{self.title} orders numbers only", AS_NUMBER)
        op, value = double_order(predicate.op, bound) if bound.kind in NUMBERS else (predicate.op, bound.value)
        reaches = self._reaches_arrays(predicate.subject, [bound])
        if negated:
            return refused(*self._lost) if reaches else self.not_ordered(predicate, place, op, value)
        test = {place[0]: {ORDERS[op]: value}}
        return superset(test, self._merged, DECLARE) if reaches else exact(test, self._condition(predicate.subject, place, [bound]))

    def _within(self, predicate: Predicate, place: Place, negated: bool) -> Leaf:
        subject = predicate.subject
        has = predicate.op is Op.HAS
        items = [item for item in holdable(predicate) if self._may_be(subject, item, has)]
        if not items:
            return self.nothing(place, negated)
        merges = (isinstance(subject, Field) and self.keys.may_be_scalar(subject.name)) if has else self._reaches_arrays(subject, items)
        parts = [one_of(place[0], group, negated) for group in _groups(items)]
        if negated:
            return refused(*self._lost) if merges else exact(self.complement(subject, place, joined("$and", parts)), self._condition(subject, place, items, has))
        native = joined("$or", parts)
        return superset(native, self._merged, DECLARE) if merges else exact(native, self._condition(subject, place, items, has))

    def _may_be(self, subject: Subject, item: Literal, has: bool) -> bool:
        if not isinstance(subject, Field):
            return item.kind is Kind.STRING and not has
        return item.kind in self.elements or not has

    def _reaches_arrays(self, subject: Subject, items: Sequence[Literal]) -> bool:
        return isinstance(subject, Field) and any(item.kind in self.elements for item in items) and self.keys.may_be_array(subject.name)

    def _condition(self, subject: Subject, place: Place, items: Sequence[Literal], has: bool = False) -> str:
        told = ""
        if isinstance(subject, Field) and any(item.kind in self.elements for item in items):
            told = self.keys.condition(subject.name)
        return "; ".join(filter(None, [place[1], _ALL_ARRAYS if told and has else told]))

    @property
    def _merged(self) -> str:
        return f"{self.title} takes an array like each of its elements"

    @property
    def _lost(self) -> tuple[str, str]:
        return f"{self._merged}, and would lose some", DECLARE


def _groups(items: Sequence[Literal]) -> list[list[Any]]:
    """The values of one list each: a bool by itself, since lists of bools are not taken everywhere."""
    groups: list[list[Any]] = []
    for line in lines_of(items):
        groups += [[value] for value in dict.fromkeys(line)] if isinstance(line[0], bool) else [line]
    return groups
