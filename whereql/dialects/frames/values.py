"""A predicate as an expression of Python on one value: for `python`, and for the columns of pandas that hold any kind.

>>> value_condition(whereql.parse("k IN (1, 'a')"), "r['k']")
"isinstance(v := r['k'], str) and v == 'a' or type(v) in (int, float) and v == 1"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from whereql.ast import Literal, Predicate
from whereql.dialects.frames.sources import python_pattern, source, sources
from whereql.dialects.writing import Joined, items_of
from whereql.kinds import NUMBERS, Kind
from whereql.operators import OPERATORS, ORDER, Op

# A bool is an int to Python, so the type is compared; a subclass of str is a string.
_IS: Mapping[Kind, str] = {Kind.STRING: "isinstance({}, str)", Kind.INT: "type({}) in (int, float)", Kind.BOOL: "type({}) is bool"}

BACKTRACKS = "Python's re backtracks, and could take exponential time for the pattern"


def value_condition(predicate: Predicate, value: str) -> str | None:
    """A condition that is a bool for any value; None where `re` can't search for the pattern in good time.

    value: an expression, evaluated once, into `v`; or `v` itself.
    """
    first, op = value if value == "v" else f"v := {value}", predicate.op
    if op is Op.EXISTS:
        return f"({first}) is not None"
    if op is Op.HAS:
        parts = _any_of("e", "e", items_of(predicate))
        return Joined(f"type({first}) is list and any({' or '.join(parts)} for e in v)") if parts else "False"
    if op in (Op.EQ, Op.IN):
        parts = _any_of(first, "v", items_of(predicate))
        return Joined(" or ".join(parts)) if parts else "False"
    item = items_of(predicate)[0]
    if op in ORDER:
        return Joined(f"{_is(item.kind, first)} and v {OPERATORS[op].symbol} {source(item.value)}")
    test = _text(op, str(item.value))
    return None if test is None else Joined(f"{_is(Kind.STRING, first)} and {test}")


def by_line(items: Sequence[Literal]) -> dict[Kind, tuple[Literal, ...]]:
    """The literals by their line: strings, numbers under INT, bools."""
    return {kind: found for kind, line in _LINES.items() if (found := tuple(item for item in items if item.kind in line))}


_LINES = {Kind.STRING: {Kind.STRING}, Kind.INT: NUMBERS, Kind.BOOL: {Kind.BOOL}}


def _is(kind: Kind, value: str) -> str:
    return _IS[Kind.INT if kind in NUMBERS else kind].format(value)


def _any_of(first: str, name: str, items: Sequence[Literal]) -> list[str]:
    parts: list[str] = []
    for kind, found in by_line(items).items():
        test = f"{name} == {source(found[0].value)}" if len(found) == 1 else f"{name} in {{{sources(found)}}}"
        parts.append(f"{_is(kind, name if parts else first)} and {test}")
    return parts


def _text(op: Op, text: str) -> str | None:
    match op:
        case Op.CONTAINS:
            return f"{source(text)} in v"
        case Op.STARTS:
            return f"v.startswith({source(text)})"
        case Op.ENDS:
            return f"v.endswith({source(text)})"
    pattern = python_pattern(op, text)
    return None if pattern is None else f"re.search({source(pattern)}, v) is not None"

