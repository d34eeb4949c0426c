"""From a closed filter to the plan of one segment, leaf by leaf, exactly as `whereql.semantics` has it."""

from __future__ import annotations

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
    condition_on_bools,
    condition_on_numbers,
    condition_on_words,
)
from whereql_memory.connectives import Both, Complement, Either
from whereql_memory.nodes import Constant, Elements, InText, Listed, Node, Values

if TYPE_CHECKING:
    from whereql_memory.segments import Segment


def plan(expr: Expr, segment: Segment) -> Node:
    """The plan of a filter. Raises TypeError for a filter with parameters left to bind."""
    match expr:
        case Const(value):
            return Constant(expr, len(segment), value)
        case Not(arg):
            return _complement(expr, plan(arg, segment))
        case And(args):
            return _joined(expr, [plan(arg, segment) for arg in args], Both)
        case Or(args):
            return _joined(expr, [plan(arg, segment) for arg in args], Either)
        case Predicate():
            return _leaf(expr, segment)
    raise TypeError(f"not a filter: {expr!r}")


def _complement(expr: Expr, part: Node) -> Node:
    return Constant(expr, part.size, not part.value) if isinstance(part, Constant) else Complement(expr, part)


def _joined(expr: Expr, parts: list[Node], join: type[Both | Either]) -> Node:
    """The parts joined, without constants among them: TRUE decides an OR, FALSE an AND, the others say nothing."""
    decisive = join is Either
    is_decided = any(isinstance(part, Constant) and part.value is decisive for part in parts)
    kept = [part for part in parts if not isinstance(part, Constant)]
    if is_decided or not kept:
        return Constant(expr, parts[0].size, decisive if is_decided else not decisive)
    return kept[0] if len(kept) == 1 else join(expr, kept[0].size, kept)


def _leaf(predicate: Predicate, segment: Segment) -> Node:
    table = segment.table
    match predicate.subject:
        case Field(name):
            nodes = [_of_column(predicate, column, access, len(table)) for column, access in segment.accesses(name)]
            return _joined(predicate, nodes, Either) if nodes else _nothing(predicate, len(table))
        case Id() if predicate.op in (Op.EQ, Op.IN) and isinstance(predicate.operand, (Literal, tuple)):
            return Listed(predicate, len(table), table.ids.find(_texts(predicate.operand)))
        case Id():
            return _of_texts(predicate, "#id", Raw(None, table.ids.texts), segment)
        case Document():
            return _of_texts(predicate, "#document", table.documents, segment)
        case Uri():
            return _of_texts(predicate, "#uri", table.uris, segment)


def _of_column(predicate: Predicate, column: Column, access: Access | ElementAccess | None, size: int) -> Node:
    if predicate.op is Op.EXISTS:
        return _present(predicate, column, size)
    match access:
        case Access():
            condition = _condition(access, predicate.op, predicate.operand)
            return _nothing(predicate, size) if condition is None else Values(predicate, access, condition)
        case ElementAccess() if predicate.op is Op.HAS:
            condition = _condition(access.elements, Op.IN, predicate.operand)
            return _nothing(predicate, size) if condition is None else Elements(predicate, access, condition)
    return _nothing(predicate, size)


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
            return _present(predicate, column, size)
        case tuple() as items if op is Op.IN:
            return InText(predicate, size, column.texts, column.rows, op, tuple(_texts(items)), segment.words(subject, column))
        case Literal(Kind.STRING, str() as text) if op in TEXT_TESTS:
            return InText(predicate, size, column.texts, column.rows, op, text, segment.words(subject, column))
        case Literal() | tuple():
            return _nothing(predicate, size)
    raise TypeError(f"bind the parameters first: {op.name} {predicate.operand!r}")


def _present(predicate: Predicate, column: Column, size: int) -> Node:
    return Constant(predicate, size, True) if column.rows is None else Listed(predicate, size, column.rows)


def _nothing(predicate: Predicate, size: int) -> Node:
    return Constant(predicate, size, False)


def _texts(operand: Literal | tuple[object, ...]) -> list[str]:
    """The strings among the literals of a closed operand, each once."""
    items = operand if isinstance(operand, tuple) else (operand,)
    return list(dict.fromkeys(item.value for item in items if isinstance(item, Literal) and isinstance(item.value, str)))
