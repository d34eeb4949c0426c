"""The text operators on a column of strings, in SQL: each as a condition, and whether it is exact or a superset.

What a database can't say exactly is narrowed by what it can: the start of the text, and the literal pieces of a pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from whereql.ast import Literal, Op
from whereql.like import like_parts
from whereql.regex import like_pattern, lower
from whereql.support import Support
from whereql_sql.capability import ENDS, Abilities, Condition, like, part, search
from whereql_sql.lists import TEXT, is_in
from whereql_sql.pieces import Pieces, has_case, of_like, of_pattern
from whereql_sql.sqlite import SEARCH

Column = ColumnElement[str]


@dataclass(frozen=True, slots=True)
class Test:
    """How a database answers one operator: exactly or by a superset, and the condition on a column (NULL where that is NULL)."""

    support: Support
    condition: Callable[[Column], Condition]


def text_test(op: Op, operand: Literal | Sequence[Literal], abilities: Abilities) -> Test | None:
    """The test of a text operator, or None where the database can't narrow it down. Literals of other kinds are equal to no string.

    op: any but HAS and EXISTS. The column compares by code point if `abilities.code_points` says so; pass an
    Abilities without it for a column that doesn't, such as one of another collation.
    """
    if op is Op.IN:
        return _one_of(operand, abilities) if isinstance(operand, Sequence) else None
    if not isinstance(operand, Literal) or not isinstance(operand.value, str):
        return _exactly(lambda column: sa.false())
    text = operand.value
    match op:
        case Op.EQ:
            return _equal(text, abilities)
        case Op.LT | Op.LE | Op.GT | Op.GE:
            return _ordered(op, text, abilities)
        case Op.CONTAINS:
            return _pieced(Pieces((text,), False, False, True), abilities)
        case Op.STARTS:
            return _pieced(Pieces((text,), True, False, True), abilities)
        case Op.ENDS:
            return _pieced(Pieces((text,), False, True, True), abilities)
        case Op.LIKE | Op.ILIKE:
            return _like(op, text, abilities)
        case Op.MATCHES:
            return _matches(text, abilities)
    raise ValueError(f"{op.name} is no operator on a text")


def _exactly(condition: Callable[[Column], Condition]) -> Test:
    return Test(Support.EXACT, condition)


def _equal(text: str, abilities: Abilities) -> Test:
    if not _storable(text, abilities):
        return _exactly(lambda column: sa.false())
    support = Support.EXACT if abilities.code_points else Support.INEXACT
    return Test(support, lambda column: column == sa.bindparam(None, text, TEXT))


def _one_of(items: Sequence[Literal], abilities: Abilities) -> Test | None:
    texts = [item.value for item in items if isinstance(item.value, str) and _storable(item.value, abilities)]
    if abilities.arrays is None and len(texts) > abilities.variables // 2:
        return None
    support = Support.EXACT if abilities.code_points or not texts else Support.INEXACT
    return Test(support, lambda column: is_in(column, texts, TEXT, abilities))


_COMPARED: dict[Op, Callable[[Column, ColumnElement[str]], Condition]] = {
    Op.LT: lambda column, bound: column < bound,
    Op.LE: lambda column, bound: column <= bound,
    Op.GT: lambda column, bound: column > bound,
    Op.GE: lambda column, bound: column >= bound,
}


def _ordered(op: Op, text: str, abilities: Abilities) -> Test | None:
    if not abilities.code_points:
        return None
    if not _storable(text, abilities):
        # No stored text lies between the part before the NUL and this one, so that part is the bound.
        op, text = (Op.LE if op in (Op.LT, Op.LE) else Op.GT), text[: text.index("\0")]
    return _exactly(lambda column: _COMPARED[op](column, sa.bindparam(None, text, TEXT)))


def starts(column: Column, prefix: str) -> Condition:
    """Whether a text that compares by code point starts with another: a range, for which an index serves."""
    after = _after(prefix)
    low = column >= sa.bindparam(None, prefix, TEXT) if prefix else column.is_not(None)
    return low if after is None else sa.and_(low, column < sa.bindparam(None, after, TEXT))


def _after(prefix: str) -> str | None:
    """The least text behind all that start with `prefix`, or None if there is none."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    last = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if last == 0xD800 else last)


def _storable(text: str, abilities: Abilities) -> bool:
    return abilities.nul or "\0" not in text


def _pieced(pieces: Pieces, abilities: Abilities) -> Test | None:
    """The test that a text has the pieces, its first at the start and its last at the end where they are said to stand there.

    Exact if that is the whole pattern and the database can say it, else a superset; None if it can say none of them.
    """
    if not all(_storable(text, abilities) for text in pieces.texts):
        return _exactly(lambda column: sa.false())
    if pieces.is_whole and pieces.starts and pieces.ends:
        return _equal(pieces.texts[0], abilities)
    tests = [_piece(pieces, at, abilities) for at in range(len(pieces.texts))]
    found = [test for test in tests if test is not None]
    if pieces.is_whole and len(found) == len(tests):
        return _exactly(lambda column: sa.and_(sa.true(), *[test(column) for test in found]) if found else column.is_not(None))
    return Test(Support.INEXACT, lambda column: sa.and_(*[test(column) for test in found])) if found else None


def _piece(pieces: Pieces, at: int, abilities: Abilities) -> Callable[[Column], Condition] | None:
    """The condition for one piece, or None if the database can't say it."""
    piece, part_name, ends_name = pieces.texts[at], abilities.part, abilities.ends
    if not piece:
        return lambda column: column.is_not(None)
    if pieces.starts and at == 0 and abilities.code_points:
        return lambda column: starts(column, piece)
    if pieces.ends and at == len(pieces.texts) - 1 and ends_name is not None:
        return lambda column: ENDS[ends_name](column, piece)
    is_exact = not (pieces.starts and at == 0) and not (pieces.ends and at == len(pieces.texts) - 1)
    if part_name is not None and (is_exact or not pieces.is_whole):
        return lambda column: part(part_name, column, piece)
    if abilities.like:
        any_before = "" if pieces.starts and at == 0 else "%"
        any_after = "" if pieces.ends and at == len(pieces.texts) - 1 else "%"
        return lambda column: like(column, any_before + _escaped(piece) + any_after)
    return None


def _escaped(text: str) -> str:
    return "".join("\\" + char if char in "%_\\" else char for char in text)


def _like(op: Op, pattern: str, abilities: Abilities) -> Test | None:
    ignore_case = op is Op.ILIKE
    pieces = of_like(pattern, ignore_case=ignore_case)
    narrowed = _pieced(pieces, abilities)
    if narrowed is not None and narrowed.support is Support.EXACT:
        return narrowed
    if abilities.search is not None and (ignore_case or not abilities.like):
        return _searched(op, pattern, like_pattern(pattern, ignore_case=ignore_case), narrowed, abilities)
    if not abilities.like or not _storable(pattern, abilities):
        return narrowed
    if ignore_case:
        # Any character for one that has case: a superset.
        wide = "".join("_" if part[0] == "\\" and has_case(part[1]) else _escaped(part[1]) if part[0] == "\\" else part for part in like_parts(pattern))
        return Test(Support.INEXACT if wide != pattern else Support.EXACT, lambda column: _both(narrowed, column, like(column, wide)))
    return _exactly(lambda column: _both(narrowed, column, like(column, pattern)))


def _matches(pattern: str, abilities: Abilities) -> Test | None:
    narrowed = _pieced(of_pattern(pattern), abilities)
    if narrowed is not None and narrowed.support is Support.EXACT:
        return narrowed
    return narrowed if abilities.search is None else _searched(Op.MATCHES, pattern, lower(pattern), narrowed, abilities)


def _searched(op: Op, pattern: str, lowered: str, narrowed: Test | None, abilities: Abilities) -> Test | None:
    name = abilities.search
    assert name is not None
    if name != SEARCH and not _fits(lowered):
        return narrowed
    # What narrows comes first: it costs a tenth of the search.
    return _exactly(lambda column: _both(narrowed, column, search(name, op.name, column, pattern if name == SEARCH else lowered)))


def _both(narrowed: Test | None, column: Column, condition: Condition) -> Condition:
    return condition if narrowed is None else sa.and_(narrowed.condition(column), condition)


def _fits(lowered: str) -> bool:
    """Whether a database's own RE2 surely compiles the pattern: it does with a quarter of the memory that RE2 takes by default."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 2 << 20
    try:
        re2.compile(lowered, options)
    except re2.error:
        return False
    return True


