"""Conditions of CEL, which are true, false, or an error; and what several of them say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whereql.ast import And, Expr, Field, Not, Op, Or, Predicate, Subject
from whereql.dialects.reading import Token, Tokens
from whereql.dialects.standards.cel_numbers import NumberPart, merged


@dataclass(frozen=True, slots=True)
class Test:
    """A condition by its two sides: when it is true, and when it is false, None where no filter says that. Else it is an error."""

    true: Expr | None
    false: Expr | None
    token: Token
    key: tuple[str, Subject] | None = None
    """What more than one condition make together: `present`, `not null`, `list` or `elements`, and of which subject."""


@dataclass(frozen=True, slots=True)
class Joint:
    """Conditions joined by `&&` or `||`."""

    is_all: bool
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """`!` of a condition."""

    part: Node


Node = Test | Joint | Negation | NumberPart


def compiled(node: Node, wanted: bool, tokens: Tokens) -> Expr:
    """When a condition is true, or when it is false."""
    match node:
        case Negation(part):
            return compiled(part, not wanted, tokens)
        case Joint(is_all, parts):
            return (And if is_all is wanted else Or)([compiled(part, wanted, tokens) for part in parts])
        case NumberPart():
            expr = merged([node])
            if expr is None:
                tokens.refuse("a test for ints or doubles alone", node.token, "whereql's numbers are one kind: compare without the test")
            return expr if wanted else otherwise(node.subject, expr)
        case Test():
            side = node.true if wanted else node.false
            if side is None:
                tokens.refuse("a null beside a missing key", node.token, "write has(…) for a key that is there")
            return side
    raise TypeError(f"no such node: {node!r}")


def joined(is_all: bool, parts: Sequence[Node]) -> Node:
    """Conditions joined; what several say together becomes one."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Joint) and part.is_all is is_all else (part,))]
    if is_all:
        present = {part.key[1] for part in flat if isinstance(part, Test) and part.key is not None and part.key[0] == "present"}
        flat = [part for part in flat if not (isinstance(part, Test) and part.key is not None and part.key[0] == "not null" and part.key[1] in present)]
        flat = _number_parts(flat)
    else:
        flat = _merged_numbers(flat)
    return flat[0] if len(flat) == 1 else Joint(is_all, tuple(flat))


def _number_parts(parts: list[Node]) -> list[Node]:
    """A test for ints or doubles takes in the comparisons beside it."""
    types = [part for part in parts if isinstance(part, NumberPart)]
    if len(types) != 1:
        return parts
    left: list[Node] = []
    found = types[0]
    for part in parts:
        narrowed = None
        if isinstance(part, Test) and isinstance(part.true, Predicate) and part.true.subject == found.subject:
            narrowed = found.narrowed(part.true)
        if narrowed is not None:
            found = narrowed
        elif part is not types[0]:
            left.append(part)
    return [*left, found]


def _merged_numbers(parts: list[Node]) -> list[Node]:
    """Ints here and doubles there, of one subject, as one comparison of numbers."""
    left: list[Node] = []
    for part in _united(parts):
        other = next((each for each in left if isinstance(each, NumberPart) and isinstance(part, NumberPart) and each.subject == part.subject), None)
        expr = merged([other, part]) if isinstance(other, NumberPart) and isinstance(part, NumberPart) else None
        if expr is not None and isinstance(other, NumberPart):
            left[left.index(other)] = Test(expr, otherwise(other.subject, expr), other.token)
        else:
            left.append(part)
    return left


def _united(parts: list[Node]) -> list[Node]:
    """Several tests for ints of one subject as one, and those for doubles."""
    left: list[Node] = []
    for part in parts:
        same = next((each for each in left if isinstance(each, NumberPart) and isinstance(part, NumberPart) and (each.subject, each.kind) == (part.subject, part.kind)), None)
        if isinstance(same, NumberPart) and isinstance(part, NumberPart):
            left[left.index(same)] = replace(same, intervals=same.intervals + part.intervals)
        else:
            left.append(part)
    return left


def otherwise(subject: Subject, found: Expr) -> Expr:
    """When an equality is false: of another value, of whatever type, but not where the key is missing."""
    return And([Predicate(subject, Op.EXISTS), Not(found)]) if isinstance(subject, Field) else Not(found)
