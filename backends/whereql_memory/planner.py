"""From a closed filter to the plan of one segment, leaf by leaf, exactly as `whereql.semantics` has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Or, Predicate, Uri
from whereql.kinds import Kind
from whereql.operators import Op
from whereql.values import Literal
from whereql_memory.access import Access, ElementAccess
from whereql_memory.columns import Column, Raw, Strings
from whereql_memory.conditions import (
    TEXT_TESTS,
    Condition,
    all_of,
    condition_on_bools,
    condition_on_numbers,
    condition_on_words,
)
from whereql_memory.connectives import Both, Complement, Either
from whereql_memory.nodes import Constant, Elements, Exprs, InText, Listed, Node, Values

if TYPE_CHECKING:
    from whereql_memory.segments import Segment


def plan(expr: Expr, segment: Segment) -> Node:
    """The plan of a filter. Raises TypeError for a filter with parameters left to bind."""
    match expr:
        case Const(value):
            return Constant((expr,), len(segment), value)
        case Not(arg):
            return _complement((expr,), plan(arg, segment))
        case And(args):
            return _joined((expr,), _conjuncts(args, segment), Both)
        case Or(args):
            return _joined((expr,), [plan(arg, segment) for arg in args], Either)
        case Predicate():
            return _leaf(expr, segment)
    raise TypeError(f"not a filter: {expr!r}")


def _conjuncts(args: Iterable[Expr], segment: Segment) -> list[Node]:
    """The plans of what is joined by AND. Predicates on the values of one key have one: the rows of a narrow range are rare, those of either end are not."""
    nodes: list[Node] = []
    ranges: dict[str, list[Predicate]] = {}
    for arg in args:
        match arg:
            case Predicate(Field(name), op) if op is not Op.EXISTS and op is not Op.HAS:
                ranges.setdefault(name, []).append(arg)
            case _:
                nodes.append(plan(arg, segment))
    return nodes + [_on_key(tuple(predicates), segment) for predicates in ranges.values()]


def _complement(exprs: Exprs, part: Node) -> Node:
    return Constant(exprs, part.size, not part.value) if isinstance(part, Constant) else Complement(exprs, part)


def _joined(exprs: Exprs, parts: list[Node], join: type[Both | Either]) -> Node:
    """The parts joined, without constants among them: TRUE decides an OR, FALSE an AND, the others say nothing."""
    decisive = join is Either
    is_decided = any(isinstance(part, Constant) and part.value is decisive for part in parts)
    kept = [part for part in parts if not isinstance(part, Constant)]
    if is_decided or not kept:
        return Constant(exprs, parts[0].size, decisive if is_decided else not decisive)
    return kept[0] if len(kept) == 1 else join(exprs, kept[0].size, kept)


def _leaf(predicate: Predicate, segment: Segment) -> Node:
    table = segment.table
    match predicate.subject:
        case Field():
            return _on_key((predicate,), segment)
        case Id() if predicate.op in (Op.EQ, Op.IN) and isinstance(predicate.operand, (Literal, tuple)):
            return Listed((predicate,), len(table), table.ids.find(_texts(predicate.operand)))
        case Id():
            return _of_texts(predicate, "#id", Raw(None, table.ids.texts), segment)
        case Document():
            return _of_texts(predicate, "#document", table.documents, segment)
        case Uri():
            return _of_texts(predicate, "#uri", table.uris, segment)


def _on_key(predicates: tuple[Predicate, ...], segment: Segment) -> Node:
    """The plan of predicates on one key that a row has to pass all of. EXISTS and HAS come alone."""
    subject, size = predicates[0].subject, len(segment)
    assert isinstance(subject, Field)  # or there is no key
    nodes = [_of_column(predicates, column, access, size) for column, access in segment.accesses(subject.name)]
    return _joined(predicates, nodes, Either) if nodes else _nothing(predicates, size)


def _of_column(predicates: tuple[Predicate, ...], column: Column, access: Access | ElementAccess | None, size: int) -> Node:
    op, operand = predicates[0].op, predicates[0].operand
    if op is Op.EXISTS:
        return _present(predicates, column, size)
    match access:
        case Access():
            condition = all_of(_condition(access, predicate.op, predicate.operand) for predicate in predicates)
            return _nothing(predicates, size) if condition is None else Values(predicates, access, condition)
        case ElementAccess() if op is Op.HAS:
            condition = _condition(access.elements, Op.IN, operand)
            return _nothing(predicates, size) if condition is None else Elements(predicates, access, condition)
    return _nothing(predicates, size)


def _condition(access: Access, op: Op, operand: object) -> Condition | None:
    match access.column:
        case Strings(texts=texts):
            return condition_on_words(op, operand, texts, access.codes_of)
        case column if column.kind == "bool":
            return condition_on_bools(op, operand)
    return condition_on_numbers(op, operand, access.data, access.least, access.most)


def _of_texts(predicate: Predicate, subject: str, column: Raw, segment: Segment) -> Node:
    op, size = predicate.op, len(segment)
    match predicate.operand:
        case None:
            return _present((predicate,), column, size)
        case tuple() as items if op is Op.IN:
            return InText((predicate,), size, column.texts, column.rows, op, tuple(_texts(items)), segment.words(subject, column))
        case Literal(Kind.STRING, str() as text) if op in TEXT_TESTS:
            return InText((predicate,), size, column.texts, column.rows, op, text, segment.words(subject, column))
        case Literal() | tuple():
            return _nothing((predicate,), size)
    raise TypeError(f"bind the parameters first: {op.name} {predicate.operand!r}")


def _present(exprs: Exprs, column: Column, size: int) -> Node:
    return Constant(exprs, size, True) if column.rows is None else Listed(exprs, size, column.rows)


def _nothing(exprs: Exprs, size: int) -> Node:
    return Constant(exprs, size, False)


def _texts(operand: Literal | tuple[object, ...]) -> list[str]:
    """The strings among the literals of a closed operand, each once."""
    items = operand if isinstance(operand, tuple) else (operand,)
    return list(dict.fromkeys(item.value for item in items if isinstance(item, Literal) and isinstance(item.value, str)))
