"""Places: where the values of one subject lie in a row, as SQL, and how a predicate on them is answered.

A place has one line for each kind of scalar that may lie there, so a comparison never crosses kinds, and no database
compares in its own way: text by a collation, an int with a double by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from whereql.ast import Literal, Op, Predicate
from whereql.kinds import NUMBERS, Kind
from whereql.operators import COMPARISON, TEXT
from whereql.support import Support
from whereql_sql.capability import Abilities, Condition
from whereql_sql.numbers import float_condition, float_in, int_condition, int_in
from whereql_sql.texts import text_test


class Place(Protocol):
    """What answers the predicates on one subject."""

    def support(self, predicate: Predicate, negated: bool, abilities: Abilities) -> Support:
        """How well a closed predicate, or its complement, is answered."""

    def condition(self, predicate: Predicate, negated: bool, abilities: Abilities) -> Condition:
        """The condition on a row; NULL counts as false. Only for what `support` doesn't refuse."""


@dataclass(frozen=True, slots=True)
class Line:
    """The values of one kind at a place.

    value: SQL that is the value, wherever `where` holds (None: wherever it is not NULL); bytewise: for texts, whether `value`
    compares by code point; same: the condition that a text is equal to one of some, in a way that an index serves.
    """

    value: ColumnElement[Any]
    where: Condition | None = None
    bytewise: bool = True
    same: Callable[[Sequence[str], Abilities], Condition] | None = None

    def when(self, test: Condition) -> Condition:
        """The test, for values of this kind only."""
        return test if self.where is None else sa.and_(self.where, test)


class Elements(Protocol):
    """The arrays at a place."""

    def has(self, items: Sequence[Literal], abilities: Abilities) -> Condition:
        """Whether the value is an array, of one kind, with an element that is equal to one of some literals."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The values at a place, kind by kind; a kind without a line never lies there.

    exists: whether there is any value; compare: a shorter way to compare a number, or None where it would not be exact; scope: what a condition on the lines is put into (a look-up in another table);
    doubt: rows of which SQL can't tell, which are then always returned, for whereql to test.
    """

    exists: Condition
    strings: Line | None = None
    ints: Line | None = None
    doubles: Line | None = None
    bools: Line | None = None
    compare: Callable[[Op, Literal], Condition | None] | None = None
    elements: Elements | None = None
    scope: Callable[[Condition], Condition] = lambda condition: condition
    doubt: Condition | None = None

    def support(self, predicate: Predicate, negated: bool, abilities: Abilities) -> Support:
        """EXACT, but for texts that the database can't compare, and where there is doubt."""
        found = Support.EXACT
        if self.strings is not None and predicate.op is not Op.HAS and predicate.op is not Op.EXISTS:
            test = text_test(predicate.op, predicate.operand, _for(self.strings, abilities))  # type: ignore[arg-type]  # closed
            # The complement of a superset is a subset.
            found = Support.NONE if test is None or (negated and test.support is not Support.EXACT) else test.support
        items = predicate.operand if isinstance(predicate.operand, tuple) else ()
        if abilities.arrays is None and len(items) > abilities.variables // 2:
            return Support.NONE
        return Support.INEXACT if found is Support.EXACT and self.doubt is not None else found

    def condition(self, predicate: Predicate, negated: bool, abilities: Abilities) -> Condition:
        """The condition, or its complement: a NULL in it is no match, so the complement holds."""
        found = self._plain(predicate, abilities)
        if negated:
            found = sa.not_(sa.func.coalesce(found, sa.false()))
        return found if self.doubt is None else sa.or_(found, self.doubt)

    def _plain(self, predicate: Predicate, abilities: Abilities) -> Condition:
        operand = predicate.operand
        items: tuple[Any, ...] = operand if isinstance(operand, tuple) else (operand,)
        if predicate.op is Op.EXISTS:
            return self.exists
        if predicate.op is Op.HAS:
            return sa.false() if self.elements is None else self.elements.has(items, abilities)
        parts = list(self.parts(predicate.op, items, abilities))
        return self.scope(sa.or_(*parts)) if parts else sa.false()

    def parts(self, op: Op, items: tuple[Literal, ...], abilities: Abilities) -> Iterator[Condition]:
        """One condition for each line on which the predicate can be true."""
        kinds = {item.kind for item in items}
        strings, ints, doubles, bools = self.strings, self.ints, self.doubles, self.bools
        if strings is not None and Kind.STRING in kinds:
            yield strings.when(_text_condition(strings, op, items, abilities))
        if op is Op.IN:
            if ints is not None and kinds & NUMBERS:
                yield ints.when(int_in(ints.value, items, abilities))
            if doubles is not None and kinds & NUMBERS:
                yield doubles.when(float_in(doubles.value, items, abilities))
        elif op in COMPARISON and kinds & NUMBERS:
            if self.compare is not None and (short := self.compare(op, items[0])) is not None:
                yield short
                return
            if ints is not None:
                yield ints.when(int_condition(ints.value, op, items[0]))
            if doubles is not None:
                yield doubles.when(float_condition(doubles.value, op, items[0]))
        if bools is not None and Kind.BOOL in kinds and op not in TEXT:
            for value in sorted({bool(item.value) for item in items if item.kind is Kind.BOOL}):
                yield bools.when(bools.value == sa.bindparam(None, value, sa.Boolean()))


def _text_condition(line: Line, op: Op, items: tuple[Literal, ...], abilities: Abilities) -> Condition:
    if line.same is not None and op in (Op.EQ, Op.IN):
        return line.same([item.value for item in items if isinstance(item.value, str) and (abilities.nul or "\0" not in item.value)], abilities)
    test = text_test(op, items if op is Op.IN else items[0], _for(line, abilities))
    assert test is not None  # support refused it
    return test.condition(line.value)


def _for(line: Line, abilities: Abilities) -> Abilities:
    return abilities if line.bytewise else replace(abilities, code_points=False)


@dataclass(frozen=True, slots=True)
class TypedElements:
    """Arrays whose elements have a type, so that each array is of one kind.

    any: turns a condition on the lines of an element into one on the row.
    """

    lines: Lines
    any: Callable[[Condition], Condition]

    def has(self, items: Sequence[Literal], abilities: Abilities) -> Condition:
        """Whether some element is equal to one of the literals."""
        parts = list(self.lines.parts(Op.IN, tuple(items), abilities))
        return self.any(sa.or_(*parts)) if parts else sa.false()
