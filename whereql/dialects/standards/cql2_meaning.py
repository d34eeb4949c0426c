"""What the conditions of CQL2 mean, in either encoding: a null makes one neither true nor false.

>>> whereql.to_text(said(whereql.Field("k"), "<>", [whereql.literal(1)], False))
'k IS NOT NULL AND k != 1'
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Literal, Not, Op, Or, Predicate, Subject
from whereql.dialects.places import subjects
from whereql.dialects.reading import known
from whereql.kinds import Kind
from whereql.like import like_escaped
from whereql.operators import MIRRORED_SIGNS, ORDERS
from whereql.values import literal

TITLE = "CQL2"
MIRRORED = {"=": "=", "<>": "<>", **MIRRORED_SIGNS}
COMPARISONS = frozenset(MIRRORED)
SPATIAL = frozenset({"s_contains", "s_crosses", "s_disjoint", "s_equals", "s_intersects", "s_overlaps", "s_touches", "s_within"})
TEMPORAL = frozenset({
    "t_after", "t_before", "t_contains", "t_disjoint", "t_during", "t_equals", "t_finishedby", "t_finishes", "t_intersects", "t_meets", "t_metby", "t_overlappedby", "t_overlaps", "t_startedby", "t_starts",
})  # fmt: skip
ARITHMETIC = frozenset({"+", "-", "*", "/", "^", "%", "div"})
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def property_of(name: str, options: Mapping[str, Any]) -> Subject:
    """The subject that a property is."""
    return subjects(options).get(name) or Field(name)


def what_is(name: str) -> tuple[str, str]:
    """A function that is no filter, in words, and a hint."""
    lower = name.lower()
    if lower in SPATIAL:
        return f"the spatial predicate {name}", "whereql's values are no geometries"
    if lower in TEMPORAL:
        return f"the temporal predicate {name}", "compare with DATE('…') or TIMESTAMP('…')"
    if lower in ("a_containedby", "a_equals"):
        return f"the array predicate {name}", "A_OVERLAPS and A_CONTAINS look into lists"
    if lower in ARITHMETIC:
        return f"the arithmetic {name}", "compare a property with a value"
    return f"the function {name}", "compare a property with a value"


def said(subject: Subject, name: str, items: Sequence[Literal], negated: bool) -> Expr:
    """A comparison, `in`, `like`, `between`, `casei like`, `casei =`, `a_overlaps` or `a_contains`: when it is true, or when it is false."""
    match name:
        case "=":
            return known(Predicate(subject, Op.EQ, items[0]), negated)
        case "<>":
            return known(Predicate(subject, Op.EQ, items[0]), not negated)
        case "in":
            return known(Predicate(subject, Op.IN, tuple(items)), negated)
        case "between":
            low, high = Predicate(subject, Op.GE, items[0]), Predicate(subject, Op.LE, items[1])
            return Or([known(low, True), known(high, True)]) if negated else And([low, high])
        case "like" | "casei like":
            return known(Predicate(subject, Op.LIKE if name == "like" else Op.ILIKE, _pattern(items[0])), negated)
        case "casei =":
            return known(Predicate(subject, Op.ILIKE, literal(like_escaped(str(items[0].value)), items[0].span)), negated)
        case "a_overlaps":
            return known(Predicate(subject, Op.HAS, tuple(items)), negated)
        case "a_contains":
            found = And([Predicate(subject, Op.HAS, (item,)) for item in items])
            return And([Predicate(subject, Op.EXISTS), Not(found)]) if negated else found
    return known(Predicate(subject, ORDERS[name], items[0]), negated)


def _pattern(item: Literal) -> Literal:
    r"""A pattern whose backslash escapes any character, as one whose backslash escapes %, _ and \ only."""
    text = _ESCAPE.sub(lambda found: found[0] if found[1] in "%_\\" else found[1], str(item.value))
    return literal(text, item.span)


def is_true(subject: Subject, negated: bool) -> Expr:
    """A property that is a condition itself."""
    return Predicate(subject, Op.EQ, literal(not negated))


def is_pattern(item: Literal) -> bool:
    """Whether a literal is a pattern of LIKE: a string that doesn't end with half of an escape."""
    return item.kind is Kind.STRING and (len(str(item.value)) - len(str(item.value).rstrip("\\"))) % 2 == 0
