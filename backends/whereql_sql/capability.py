"""What a connected database can do, found by testing it: its name and version promise nothing.

Each ability is a small query with hard cases in it (code points above U+FFFF, NUL, line ends, wildcards). What fails, or answers
otherwise, is not used: another way is taken, or whereql evaluates that part of a filter itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.sql.elements import ColumnElement

from whereql_sql.sqlite import HEX_DOUBLE, HEX_TEXT, SEARCH

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the SQL of one database can say exactly. The defaults are the portable subset.

    collation: what a text column is given so that it compares by code point, None where every column does or none can;
    code_points: whether texts compare and sort by code point; nul: whether a text may hold NUL; part, ends: the function that
    finds a part of a text, and how its end is compared, None where neither is exact; like: whether LIKE is exact; search: the
    function of a regular expression; arrays: how a list is bound as one value; variables: how many values a statement takes.
    """

    collation: str | None = None
    code_points: bool = False
    nul: bool = False
    part: str | None = None
    ends: str | None = None
    like: bool = False
    search: str | None = None
    arrays: str | None = None
    variables: int = 900


PORTABLE = Abilities()

_HIGH, _PRIVATE = "\U0001f600", "\uffff"  # in this order by UTF-16 unit, in the other one by code point


def find_abilities(engine: Engine) -> Abilities:
    """The abilities of a database, each tested on a connection of its own transaction."""
    with engine.connect() as connection:

        def holds(*conditions: Condition) -> bool:
            """Whether all of the conditions are true there, and none is an error."""
            try:
                row = connection.execute(sa.select(*[sa.case((each, 1), else_=0) for each in conditions])).all()[0]
            except exc.DBAPIError as error:
                if error.connection_invalidated:
                    raise
                return False
            else:
                return set(row) == {1}
            finally:
                connection.rollback()

        nul = holds(text("a\0b").is_not(None))
        collation = next((name for name in ("C", "BINARY", None) if holds(*_ordered(name, nul))), "")
        arrays = next((name for name in ARRAYS if holds(*_arrays(name))), None)
        return Abilities(
            collation=collation or None,
            code_points=collation != "",
            nul=nul,
            part=next((name for name in ("contains", "strpos", "instr") if holds(*_parts(name, nul))), None),
            ends=next((name for name in ENDS if holds(*_ends(name, nul))), None),
            like=holds(*_like(nul)),
            search=SEARCH if holds(search(SEARCH, "MATCHES", text("a\nb"), "a.b").is_(sa.false())) else _re2(holds, nul),
            arrays=arrays,
            variables=PORTABLE.variables if arrays else _variables(connection),  # to try costs more than all else
        )


def text(value: str) -> ColumnElement[str]:
    """A string as a bound value that is surely a text to the database."""
    return sa.cast(sa.bindparam(None, value, sa.Text()), sa.Text())


def collated(column: ColumnElement[str], collation: str | None) -> ColumnElement[str]:
    """A text that compares by this collation."""
    return column if collation is None else sa.collate(column, collation)


def _ordered(collation: str | None, nul: bool) -> list[Condition]:
    pairs = [("a", "a\0"), ("a\0b", "a\0c"), ("a\0", "aa")] * nul
    pairs += [("B", "a"), ("a", "a "), ("a", "b"), ("Z", "_"), ("z", "é"), ("é", _PRIVATE), (_PRIVATE, _HIGH), ("e\u0301", "é"), ("a-b", "aa"), ("", "a")]
    return [collated(text(low), collation) < text(high) for low, high in pairs] + [collated(text("ss"), collation) != text("ß")]


def _parts(name: str, nul: bool) -> list[Condition]:
    cases = [(f"x{_HIGH}y", f"{_HIGH}y", True), ("abc", "", True), ("", "", True), ("ABC", "b", False), ("a%c", "_", False), ("e\u0301", "é", False)]
    cases += [("a\0b", "b", True), ("a\0b", "\0c", False)] if nul else []
    return [part(name, text(whole), piece) if found else sa.not_(part(name, text(whole), piece)) for whole, piece, found in cases]


def part(name: str, column: ColumnElement[str], piece: str) -> Condition:
    """Whether a text has a piece in it, by the function of this name."""
    call = getattr(sa.func, name)(column, text(piece))
    return sa.type_coerce(call, sa.Boolean()) if name == "contains" else sa.type_coerce(call, sa.Integer()) > 0


def _blob_end(column: ColumnElement[str], piece: str) -> Condition:
    # On the bytes: length and substr of a text stop at a NUL.
    encoded = sa.bindparam(None, piece.encode(), sa.LargeBinary())
    # And not `=`: the end of an empty blob is NULL, and the complement of NULL would lose the record.
    return sa.func.substr(sa.type_coerce(sa.cast(column, sa.LargeBinary()), sa.LargeBinary()), -len(piece.encode())).is_not_distinct_from(encoded)


ENDS: dict[str, Callable[[ColumnElement[str], str], Condition]] = {
    "suffix": lambda column, piece: sa.func.suffix(column, text(piece)),
    "blob": _blob_end,
    "right": lambda column, piece: sa.func.right(column, len(piece)) == text(piece),
}


def _ends(name: str, nul: bool) -> list[Condition]:
    cases = [(f"x{_HIGH}y", f"{_HIGH}y", True), ("b", "ab", False), ("abc", "C", False), ("abc", "b", False), ("", "b", False), ("e\u0301", "é", False)]
    cases += [("a\0b", "\0b", True), ("a\0b", "a", False), ("ab\0", "b", False)] if nul else []
    return [ENDS[name](text(whole), piece) if found else sa.not_(ENDS[name](text(whole), piece)) for whole, piece, found in cases]


def _like(nul: bool) -> list[Condition]:
    cases = [("a\nb", "a%b", True), (f"a{_HIGH}", "a_", True), ("a\n", "a_", True), ("100%", "100\\%", True), ("1000", "100\\%", False), ("A", "a", False)]
    cases += [("a\\b", "a\\\\b", True), ("a_", "a\\_", True), ("é", "_", True), ("e\u0301", "é", False), ("É", "é", False), ("", "%", True)]
    cases += [("a\0b", "a_b", True), ("a\0b", "a", False), ("a\0b", "%b", True)] if nul else []
    return [like(text(whole), pattern) if found else sa.not_(like(text(whole), pattern)) for whole, pattern, found in cases]


def like(column: ColumnElement[str], pattern: str) -> Condition:
    """The database's own LIKE. Escaped by `~`, as a backslash is more than itself in the literals of some dialects."""
    return column.like(text(_ESCAPES.sub(r"~\g<1>", pattern.replace("~", "~~"))), escape="~")


_ESCAPES = re.compile(r"\\(.)", re.DOTALL)


def search(name: str, operator: str, column: ColumnElement[str], pattern: str) -> Condition:
    """Whether a text passes LIKE, ILIKE or MATCHES: by SQLite's new function, or by RE2 where `pattern` is one of RE2."""
    if name == SEARCH:
        return sa.type_coerce(getattr(sa.func, SEARCH)(operator, pattern, sa.cast(column, sa.LargeBinary())), sa.Boolean())
    return sa.type_coerce(getattr(sa.func, name)(column, text(pattern)), sa.Boolean())


def _re2(holds: Callable[..., bool], nul: bool) -> str | None:
    r"""The name of a function that is RE2 with its default options: `\z`, `\x{…}`, `.` without line ends, no backtracking syntax."""
    cases = [("a\nb", "a.b", False), ("a\nb", "a(?s:.)b", True), ("b\na", r"\Aa", False), ("b\na", "(?m:^)a", True), ("a\n", r"a\z", False), ("A", "a", False)]
    cases += [(_HIGH, r"\A\x{1f600}\z", True), (_HIGH, r"\A.\z", True), ("é", r"\A[^\x{0}-\x{7f}]\z", True), ("xab", "ab", True), ("ab", r"\A(?:a|ab)\z", True)]
    cases += [("a\0b", r"a\x{0}b\z", True)] if nul else []
    name = "regexp_matches"
    tests = [search(name, "MATCHES", text(whole), pattern) if found else sa.not_(search(name, "MATCHES", text(whole), pattern)) for whole, pattern, found in cases]
    lacks = [search(name, "MATCHES", text("aa"), pattern) for pattern in (r"(a)\1", "a(?=a)")]  # no regular language: RE2 refuses them
    return name if holds(*tests) and not any(holds(each.is_not(None)) for each in lacks) else None


ARRAYS: dict[str, Callable[[list[Any], Any], Any]] = {
    "json_each": lambda values, kind: sa.select(sa.column("value", kind)).select_from(sa.func.json_each(sa.bindparam(None, values, sa.Text()))),
    "any": lambda values, kind: sa.any_(sa.bindparam(None, values, ARRAY(kind))),
    "unnest": lambda values, kind: sa.select(sa.func.unnest(sa.cast(sa.bindparam(None, values, ARRAY(kind)), ARRAY(kind)))),
}


def _arrays(name: str) -> list[Condition]:
    if name == "json_each":
        return [text("b").in_(sa.text("SELECT value FROM json_each('[\"a\", \"b\"]')")), getattr(sa.func, HEX_TEXT)("62") == "b", getattr(sa.func, HEX_DOUBLE)("0x1p-1") == 0.5]
    texts, numbers = ARRAYS[name](["a", "b"], sa.Text()), ARRAYS[name]([1, 2**53 + 1], sa.BigInteger())
    known = sa.cast(sa.bindparam(None, 2**53 + 1, sa.BigInteger()), sa.BigInteger())
    return [text("b") == texts, known == numbers] if name == "any" else [text("b").in_(texts), known.in_(numbers)]


def _variables(connection: Connection) -> int:
    """How many values a statement takes: 900 fit everywhere, or several thousand."""
    try:
        connection.execute(sa.select(sa.literal(1).in_(list(range(5_000))))).all()
    except exc.DBAPIError:
        return PORTABLE.variables
    else:
        return 5_000
    finally:
        connection.rollback()
