"""Predicates on a key of a JSON field of Milvus, or of a dynamic field: two-valued on a server, three-valued in Milvus Lite 3.2.

A server and Lite 2.5 compare an int with a double by rounding the int, so from 2^53 on a comparison is a superset; Lite 3.2 takes
true for 1, false for 0, and the text of a JSON list for the list.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from whereql.ast import Literal, Predicate
from whereql.dialects.doubles import EXACT, ROUNDED, is_safe
from whereql.dialects.vectors.milvus_like import pattern
from whereql.dialects.vectors.milvus_words import Part, contains, joined, literal, negated, number, string
from whereql.dialects.writing import Leaf, exact, items_of, refused, superset
from whereql.kinds import NUMBERS, Kind
from whereql.like import like_escaped
from whereql.operators import OPPOSITE, ORDER, ORDER_SIGNS, Op
from whereql.values import FLOAT_MAX, INT_MIN, Scalar, number_test

_NUMBER_KINDS = frozenset({"int", "float"})
_LINES = {"string": frozenset({"string"}), "number": _NUMBER_KINDS, "bool": frozenset({"bool"})}
_MERGED = "Milvus Lite 3.2 takes true for 1 and false for 0"
_NO_NOT = "Milvus Lite 2.5 has neither not nor exists"
_HINT = "say what the key holds: schema={'key': 'int'}, with ! where every record has it"


class Saying:
    """The conditions whose `or` a predicate is, and whether that is just the predicate. reason: what else it finds, or on what it rests."""

    def __init__(self, parts: Sequence[str], is_exact: bool = True, reason: str = "") -> None:
        self.parts = parts
        self.is_exact = is_exact
        self.reason = reason


def json_leaf(name: str, predicate: Predicate, is_negated: bool, version: str, declared: Collection[str]) -> Leaf:
    """A predicate or its complement. name: the key as an expression; declared: the kinds that its values are said to have, if any."""
    if predicate.op is Op.EXISTS:
        return _exists(name, is_negated, version, declared)
    said = _said(name, predicate, version, declared)
    if said is None:
        return refused(f"Milvus has no {predicate.op.name} for JSON", "write LIKE, CONTAINS, STARTS WITH or ENDS WITH, or test it on what is found")
    if not is_negated:
        whole = joined("or", said.parts)
        return exact(whole, said.reason) if said.is_exact else superset(whole, said.reason, _HINT)
    if not said.is_exact:
        return refused(said.reason, _HINT)
    if version == "lite-2.5":
        opposite = _opposite_25(name, predicate, declared)
        return refused(_NO_NOT, _HINT) if opposite is None else exact(opposite)
    return _complement(name, predicate, said, version, declared)


def _exists(name: str, is_negated: bool, version: str, declared: Collection[str]) -> Leaf:
    if version == "lite-2.5":
        return refused(_NO_NOT, "compare the key with the values it may have")
    if version == "lite-3.2" or (declared and not any(kind.endswith("]") for kind in declared)):
        return exact(f"not exists {name}" if is_negated else f"exists {name}")
    reason = "a server may take an empty list for no value"
    return superset(f"not exists {name}", reason, _HINT) if is_negated else refused(reason, _HINT)


def _complement(name: str, predicate: Predicate, said: Saying, version: str, declared: Collection[str]) -> Leaf:
    """Missing, or not so. Missing is asked first, so that it is right whether `not` of the unknown is true or unknown."""
    if predicate.op in ORDER:
        if _is_on_line(declared, predicate):
            opposite = _order(name, OPPOSITE[predicate.op], _only(predicate))
        elif version == "lite-3.2":
            return refused("Milvus Lite 3.2 finds no value of another kind by the opposite of an order", _HINT)
        else:
            opposite = negated(said.parts[0])
        return exact(joined("or", [f"not exists {name}", opposite]), "if a comparison with another kind is false, as in Milvus 2.6")
    if predicate.op in (Op.EQ, Op.IN):
        unequal = joined("and", _unequal(name, items_of(predicate), version))
        return exact(joined("or", [f"not exists {name}", unequal]))
    return exact(joined("or", [f"not exists {name}", negated(joined("or", said.parts))]))


def _opposite_25(name: str, predicate: Predicate, declared: Collection[str]) -> Part | None:
    return joined("and", _unequal(name, items_of(predicate), "lite-2.5")) if predicate.op in (Op.EQ, Op.IN) else None


def _said(name: str, predicate: Predicate, version: str, declared: Collection[str]) -> Saying | None:
    if predicate.op in (Op.EQ, Op.IN, Op.HAS):
        return _equal(name, predicate, version, declared)
    item = _only(predicate)
    if predicate.op in ORDER:
        return _ordered(name, predicate, item, version, declared)
    return _like(name, predicate.op, str(item.value), version)


def _like(name: str, op: Op, text: str, version: str) -> Saying | None:
    like = pattern(op, text, _unsayable(version))
    if like is None:
        return None
    if "%" not in like.pattern:
        return Saying([f"{name} == {string(like.pattern)}"], like.is_exact)
    if like.pattern == "%" and version != "lite-3.2":  # Lite 2.5 finds nothing by it; Lite 3.2 has no not of an order
        return Saying([f'{name} >= ""'], like.is_exact)
    said = f"{name} like {string(like.pattern)}"
    if not like.is_exact:
        return Saying([said], False, "Milvus has no sure escape for %, _ and \\ in a pattern, nor for a line break in Lite 2.5")
    if version == "lite-3.2" and not like.pattern.endswith("%"):
        return Saying([said], False, "Milvus Lite 3.2 lets a line break follow the end of a pattern")
    return Saying([said])


def _unsayable(version: str) -> str:
    return "\n\r" if version == "lite-2.5" else ""


def _equal(name: str, predicate: Predicate, version: str, declared: Collection[str]) -> Saying:
    items = items_of(predicate)
    reasons: list[str] = [reason for item in items if (reason := _merges(item, version, declared, predicate.op is Op.HAS))]
    sayable = [item for item in items if not _has_unsayable(item, version)]
    parts: list[str] = []
    for item in items:
        if _has_unsayable(item, version):
            reasons.append("Milvus Lite 2.5 has no line break in a string")
            if predicate.op is Op.HAS:
                return Saying([f'{name} != ""'], False, reasons[-1])
            parts.append(_approached(name, str(item.value)))
    if predicate.op is Op.HAS:
        parts += _contains(name, sayable, version)
    elif version == "lite-3.2":
        parts += [f"{name} == {_spelled(item, version)}" for item in sayable]
    else:
        parts += [f"{name} == {group[0]}" if len(group) == 1 else f"{name} in [{', '.join(group)}]" for group in _groups(sayable, version)]
    return Saying(parts, not reasons, reasons[0] if reasons else "")


def _merges(item: Literal, version: str, declared: Collection[str], is_element: bool) -> str:
    """What else equals an item, in words; nothing, where the schema says that no such value is there."""
    kinds = {kind.removesuffix("[]") for kind in declared if kind.endswith("[]") is is_element}
    if version != "lite-3.2":
        return ROUNDED if item.kind in NUMBERS and not is_safe(item) else ""
    if is_element and (not declared or "string" in declared):
        return "Milvus Lite 3.2 takes the text of a JSON list for a list"
    if item.kind is Kind.BOOL:
        return _MERGED if not declared or kinds & _NUMBER_KINDS else ""
    if item.kind in NUMBERS and item.value in (0, 1):
        return _MERGED if not declared or "bool" in kinds else ""
    return ""


def _has_unsayable(item: Literal, version: str) -> bool:
    return isinstance(item.value, str) and any(character in item.value for character in _unsayable(version))


def _approached(name: str, text: str) -> str:
    """Strings that look like one that can't be said; Lite 2.5 finds nothing by a lone %."""
    like = pattern(Op.LIKE, like_escaped(text), "\n\r")
    assert like is not None
    return f'{name} >= ""' if like.pattern == "%" else f"{name} like {string(like.pattern)}"


def _spelled(item: Literal, version: str) -> str:
    """An item to compare with: a whole double below 2^53 as an int, which both find. No version of Lite 2.5 reads the least int."""
    value = item.value
    if item.kind not in NUMBERS or version == "lite-3.2":
        return literal(value)
    if value == INT_MIN:
        return number(float(value))
    return number(int(value) if is_safe(item) and value == int(value) else value)


def _contains(name: str, items: Sequence[Literal], version: str) -> list[str]:
    """Each type of elements in a list of its own."""
    groups: dict[type, dict[str, None]] = {}
    for value in (value for item in items for value in _elements(item, version)):
        groups.setdefault(type(value), {})[literal(value)] = None
    return [contains("json", name, list(group)) for group in groups.values()]


def _elements(item: Literal, version: str) -> list[Scalar]:
    """What to look for: Lite 2.5 finds doubles by doubles only, and ints by both, by a double only as far as it is one."""
    value = item.value
    if item.kind not in NUMBERS or version == "lite-3.2":
        return [value]
    as_double = float(value)
    if abs(as_double) < EXACT or item.kind is Kind.FLOAT or value == INT_MIN:
        return [as_double]
    return [value, as_double] if as_double == value else [value]


def _groups(items: Sequence[Literal], version: str) -> list[list[str]]:
    """The items spelled, those of one type of Milvus together, since a list has one type."""
    groups: dict[str, dict[str, None]] = {}
    for item in items:
        spelled = _spelled(item, version)
        kind = item.kind.value if item.kind not in NUMBERS else "int" if spelled.lstrip("-").isdigit() else "float"
        groups.setdefault(kind, {})[spelled] = None
    return [list(group) for group in groups.values()]


def _unequal(name: str, items: Sequence[Literal], version: str) -> list[str]:
    if version == "lite-3.2":
        return [f"{name} != {_spelled(item, version)}" for item in items]
    groups = _groups(items, version)
    return [f"{name} != {group[0]}" if len(group) == 1 else f"{name} not in [{', '.join(group)}]" for group in groups]


def _ordered(name: str, predicate: Predicate, item: Literal, version: str, declared: Collection[str]) -> Saying:
    if item.kind is Kind.STRING:
        if _has_unsayable(item, version):
            return Saying([f'{name} >= ""'], False, "Milvus Lite 2.5 has no line break in a string")
        return Saying([_order(name, predicate.op, item)])
    if version == "lite-3.2":
        test = number_test(predicate.op, item)
        takes_bool = any(test.ints is not None and test.ints[0] <= bit <= test.ints[1] for bit in (0, 1))
        is_exact = not takes_bool or (bool(declared) and "bool" not in declared)
        return Saying([_order(name, predicate.op, item)], is_exact, "" if is_exact else _MERGED)
    if is_safe(item):
        return Saying([_order(name, predicate.op, item)])
    return Saying([_wider(name, predicate.op, float(item.value))], False, ROUNDED)


def _wider(name: str, op: Op, bound: float) -> str:
    """An order whose bound is moved outwards by a double, past whatever is rounded to it."""
    is_upper = op in (Op.LT, Op.LE)
    moved = max(-FLOAT_MAX, min(FLOAT_MAX, math.nextafter(bound, math.inf if is_upper else -math.inf)))
    return f"{name} {'<=' if is_upper else '>='} {number(moved)}"


def _order(name: str, op: Op, item: Literal) -> str:
    return f"{name} {ORDER_SIGNS[op]} {literal(item.value)}"


def _only(predicate: Predicate) -> Literal:
    return items_of(predicate)[0]


def _is_on_line(declared: Collection[str], predicate: Predicate) -> bool:
    """Whether each value of the key is said to be of the kind that the predicate compares with."""
    line = _LINES["string" if _only(predicate).kind is Kind.STRING else "number"]
    return bool(declared) and line.issuperset(declared)
