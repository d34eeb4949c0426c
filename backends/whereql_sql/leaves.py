"""One predicate in whereql's own tables: how well it is answered, and where its values lie.

A predicate on a metadata key is a condition on the rows of a few slots; one on `#id`, `#document` or `#uri` is a condition on
the record's own row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from whereql.ast import Document, Field, Id, Literal, Op, Predicate, Uri
from whereql.kinds import NUMBERS, Kind
from whereql.operators import ORDER
from whereql.support import Support
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, number_test
from whereql_sql.capability import Abilities, Condition
from whereql_sql.catalog import Catalog
from whereql_sql.lists import DOUBLE, INT, TEXT, is_in
from whereql_sql.numbers import between, float_values, int_values
from whereql_sql.pieces import Pieces, of_like, of_pattern
from whereql_sql.tables import HEAD, Tables
from whereql_sql.texts import starts, text_test

_EXACT_BELOW = 2.0**53  # up to here, every int is a double


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one slot: the table, the slot, the condition on the values, and whether that is one value, so that they come in the order of records."""

    table: sa.FromClause
    slot: int
    values: Condition
    is_one_value: bool = False

    @property
    def condition(self) -> Condition:
        """The condition that picks the rows."""
        return sa.and_(self.table.c.slot == self.slot, self.values)


def support(predicate: Predicate, negated: bool, abilities: Abilities) -> Support:
    """How well a predicate, or its complement, is answered."""
    op, operand = predicate.op, predicate.operand
    if op is Op.EXISTS or (op in (Op.EQ, *ORDER) and isinstance(operand, Literal) and operand.kind is not Kind.STRING):
        return Support.EXACT
    if op is Op.HAS:
        op = Op.IN
    test = text_test(op, _literals(operand) if op is Op.IN else operand, abilities)  # type: ignore[arg-type]  # closed: a literal
    if test is None or (negated and test.support is not Support.EXACT):
        return Support.NONE
    return test.support


def own_condition(predicate: Predicate, catalog: Catalog, tables: Tables, abilities: Abilities) -> Condition:
    """The condition for a predicate on `#id`, `#document` or `#uri`, never NULL."""
    match predicate.subject:
        case Id():
            column = tables.records.c.id
        case Document():
            column = tables.contents.c.document
        case Uri():
            column = tables.contents.c.uri
        case _:
            raise TypeError("a metadata key lies in slots")
    op, operand = predicate.op, predicate.operand
    if op is Op.EXISTS:
        return sa.true() if column is tables.records.c.id else column.is_not(None)
    if op is Op.HAS:
        return sa.false()
    test = text_test(op, _literals(operand) if op is Op.IN else operand, abilities)  # type: ignore[arg-type]  # see support
    assert test is not None
    condition = test.condition(column)
    if column is tables.records.c.id:
        # The index is over the collection and the id, or in PostgreSQL the head of the id.
        return sa.and_(tables.records.c.collection == catalog.number, _id_head(op, operand, tables), condition)
    return sa.and_(column.is_not(None), condition)


def _id_head(op: Op, operand: object, tables: Tables) -> Condition:
    """What an index over the heads of ids can say."""
    text = operand.value if isinstance(operand, Literal) else None
    if not tables.has_id_heads or not isinstance(text, str) or "\0" in text:
        return sa.true()
    head = sa.func.left(tables.records.c.id, HEAD)
    match op:
        case Op.EQ:
            return head == sa.bindparam(None, text[:HEAD], TEXT)
        case Op.STARTS:
            return starts(head, text[:HEAD])
    return sa.true()


def parts(predicate: Predicate, catalog: Catalog, tables: Tables, abilities: Abilities) -> list[Part]:
    """Where the values lie that pass a predicate on a metadata key: nowhere, if no record has the key with such a kind."""
    assert isinstance(predicate.subject, Field)
    op, operand, key = predicate.op, predicate.operand, predicate.subject.name
    found: list[Part] = []

    def add(kind: str, condition: Condition | None, is_one_value: bool = False) -> None:
        slot = catalog.slots.get((key, kind))
        if slot is not None and condition is not None:
            table = tables.strings if kind.startswith("string") else tables.numbers
            found.append(Part(table, slot, condition, is_one_value))

    if op is Op.EXISTS:
        for kind in catalog.kinds_of(key):
            add(kind, sa.true())
        return found
    items = _literals(operand) if isinstance(operand, tuple) else (operand,)
    suffix, single = ("[]" if op is Op.HAS else ""), len(items) == 1
    texts = [item for item in items if isinstance(item, Literal) and item.kind is Kind.STRING]
    numbers = [item for item in items if isinstance(item, Literal) and item.kind in NUMBERS]
    bools = sorted({bool(item.value) for item in items if isinstance(item, Literal) and item.kind is Kind.BOOL})
    if texts:
        add(f"string{suffix}", _strings(op, texts, tables, abilities), single and op in (Op.EQ, Op.IN, Op.HAS))
    if numbers:
        ints, floats = (_ordered(op, numbers[0], tables) if op in ORDER else _equal(numbers, tables, abilities))
        add(f"int{suffix}", ints, single and op not in ORDER)
        add(f"float{suffix}", floats, single and op not in ORDER)
    if bools:
        add(f"bool{suffix}", is_in(tables.numbers.c.value, [float(value) for value in bools], DOUBLE, abilities), len(bools) == 1)
    return found


def _literals(operand: object) -> tuple[Literal, ...]:
    items: Iterable[Any] = operand if isinstance(operand, tuple) else ()
    return tuple(item for item in items if isinstance(item, Literal))


def _strings(op: Op, items: Sequence[Literal], tables: Tables, abilities: Abilities) -> Condition:
    """The condition on strings, which lie in two columns: a short literal is decided by the head, of which there is an index."""
    head, whole = tables.strings.c.value, tables.strings.c.value + tables.strings.c.rest
    if op in (Op.EQ, Op.IN, Op.HAS):
        texts = [str(item.value) for item in items if abilities.nul or "\0" not in str(item.value)]
        short = is_in(head, [text for text in texts if len(text) < HEAD], TEXT, abilities)
        long = [text for text in texts if len(text) >= HEAD]
        heads = list(dict.fromkeys(text[:HEAD] for text in long))
        return sa.or_(short, sa.and_(is_in(head, heads, TEXT, abilities), is_in(whole, long, TEXT, abilities))) if long else short
    literal = items[0]
    text = str(literal.value)
    is_short = len(text) < HEAD
    if op in ORDER and not is_short:
        test = text_test(op, literal, abilities)
        wide = text_test(Op.LE if op in (Op.LT, Op.LE) else Op.GE, Literal(Kind.STRING, text[:HEAD]), abilities)
        assert test is not None and wide is not None
        # The head alone decides, unless the bound begins with it: then the head is the least of the texts that do.
        bound = wide.condition(head)
        return sa.and_(bound, test.condition(whole))
    test = text_test(op, literal, abilities)
    assert test is not None
    if is_short and (op in ORDER or op is Op.STARTS):
        return test.condition(head)
    pieces = _PIECES[op](text) if op in _PIECES else None
    if pieces is None or not pieces.starts or not abilities.code_points or (not abilities.nul and "\0" in pieces.texts[0]):
        return test.condition(whole)
    return sa.and_(starts(head, pieces.texts[0][:HEAD]), test.condition(whole))


_PIECES: dict[Op, Callable[[str], Pieces]] = {
    Op.STARTS: lambda text: Pieces((text,), True, False, True),
    Op.LIKE: lambda pattern: of_like(pattern, ignore_case=False),
    Op.ILIKE: lambda pattern: of_like(pattern, ignore_case=True),
    Op.MATCHES: of_pattern,
}


def _ordered(op: Op, bound: Literal, tables: Tables) -> tuple[Condition | None, Condition | None]:
    """The conditions of an order on ints and on floats, None where none passes. Own tables hold neither NaN nor infinities."""
    ints, floats = number_test(op, bound)
    value, exact = tables.numbers.c.value, tables.numbers.c.exact
    of_ints = None
    if ints is not None:
        low = -FLOAT_MAX if ints[0] == INT_MIN else float(ints[0])
        high = FLOAT_MAX if ints[1] == INT_MAX else float(ints[1])
        of_ints = between(value, low, high, DOUBLE, -FLOAT_MAX, FLOAT_MAX)
        if abs(bound.value) >= _EXACT_BELOW:  # type: ignore[arg-type]  # a number
            of_ints = sa.and_(of_ints, between(exact, *ints, INT, INT_MIN, INT_MAX))
    return of_ints, None if floats is None else between(value, *floats, DOUBLE, -FLOAT_MAX, FLOAT_MAX)


def _equal(items: Sequence[Literal], tables: Tables, abilities: Abilities) -> tuple[Condition | None, Condition | None]:
    """The conditions of equality with one of some numbers, on ints and on floats."""
    ints, floats = int_values(items), float_values(items)
    value, exact = tables.numbers.c.value, tables.numbers.c.exact
    of_ints = None
    if ints:
        of_ints = is_in(value, list(dict.fromkeys(map(float, ints))), DOUBLE, abilities)
        if max(map(abs, ints)) >= _EXACT_BELOW:
            of_ints = sa.and_(of_ints, is_in(exact, ints, INT, abilities))
    return of_ints, is_in(value, floats, DOUBLE, abilities) if floats else None
