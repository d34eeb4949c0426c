"""Predicates on a field of Milvus that has a type: INT64, DOUBLE, VARCHAR, BOOL or ARRAY, and may be null."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from whereql.ast import Literal, Predicate
from whereql.dialects.vectors.milvus_like import pattern
from whereql.dialects.vectors.milvus_words import at_least, at_most, contains, joined, literal, negated, number, string
from whereql.dialects.writing import Leaf, complement, exact, items_of, refused, superset
from whereql.kinds import NUMBERS, Kind
from whereql.operators import OPPOSITE, ORDER, ORDER_SIGNS, Op
from whereql.support import Support
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, number_test

_NULLABLE = "if the field is null where a record lacks the key"
_SCHEMA = "say what the key holds: schema={'key': 'int'}, with ! where it is never null"


def field_leaf(name: str, predicate: Predicate, is_negated: bool, kinds: Collection[str], version: str, *, is_required: bool, is_declared: bool = True) -> Leaf:
    """A predicate or its complement on a field. kinds: what it holds; is_required: whether it is never null; is_declared: whether the schema says so."""
    if predicate.op is Op.EXISTS:
        return _exists(name, is_negated, version)
    kind = _kind(kinds, items_of(predicate))
    if kind is None:
        return refused("a field has one type, and this is compared with several, or with another", _SCHEMA)
    never_null = is_required or version == "lite-2.5"  # which has no null
    said = _complement(name, predicate, kind, version, never_null) if is_negated else _plain(name, predicate, kind, version)
    if is_declared or said.support is not Support.EXACT or kind.removesuffix("[]") not in ("int", "float"):
        return said
    return exact(said.native, f"{said.reason}, and its type is {kind}" if said.reason else f"if the type of the field is {kind}")


def _exists(name: str, is_negated: bool, version: str) -> Leaf:
    if version == "lite-2.5":
        return refused("Milvus Lite 2.5 has no null", "each entity has each field")
    return exact(f"{name} is null" if is_negated else f"{name} is not null", _NULLABLE)


def _kind(kinds: Collection[str], items: Sequence[Literal]) -> str | None:
    """The kind of the field; of ints and floats that are looked for together it is the one in which they were written."""
    if len(kinds) == 1:
        return next(iter(kinds))
    suffix = "[]" if all(kind.endswith("[]") for kind in kinds) else ""
    if set(kinds) == {f"int{suffix}", f"float{suffix}"} and items:
        return f"{'int' if all(item.kind is Kind.INT for item in items) else 'float'}{suffix}"
    return None


def _plain(name: str, predicate: Predicate, kind: str, version: str) -> Leaf:
    op, items = predicate.op, items_of(predicate)
    if (op is Op.HAS) is not kind.endswith("[]"):
        return refused(f"the field is of type {kind}", _SCHEMA)
    if any(not _fits(item, kind) for item in items):
        return refused(f"the field is of type {kind}, and a value of another", _SCHEMA)
    if any(_is_unsayable(item, version) for item in items):
        return refused("Milvus Lite 2.5 has no line break in a string", "compare with a string of one line")
    if op in (Op.EQ, Op.IN):
        return _equal(name, items, kind)
    if op is Op.HAS:
        return _has(name, items, kind)
    if op in ORDER:
        return _order(name, op, items[0], kind)
    return _like(name, op, str(items[0].value), version)


def _complement(name: str, predicate: Predicate, kind: str, version: str, never_null: bool) -> Leaf:
    plain = _plain(name, predicate, kind, version)
    if plain.support is not Support.EXACT:
        return complement(plain, negated)
    if predicate.op in ORDER:
        opposite = _order(name, OPPOSITE[predicate.op], items_of(predicate)[0], kind).native
    elif version != "lite-2.5":
        opposite = negated(plain.native)
    elif predicate.op in (Op.EQ, Op.IN):
        opposite = _unequal(name, items_of(predicate), kind)
    else:
        return refused("Milvus Lite 2.5 has no not", "test it on what is found")
    if never_null:
        return exact(opposite)
    return exact(joined("or", [f"{name} is null", opposite]), _NULLABLE)


def _fits(item: Literal, kind: str) -> bool:
    element = kind.removesuffix("[]")
    return element in ("int", "float") if item.kind in NUMBERS else item.kind.value == element


def _is_unsayable(item: Literal, version: str) -> bool:
    return version == "lite-2.5" and isinstance(item.value, str) and ("\n" in item.value or "\r" in item.value)


def _equal(name: str, items: Sequence[Literal], kind: str) -> Leaf:
    reason = ""
    if kind == "int":
        values = [int(item.value) for item in items if number_test(Op.EQ, item).ints is not None]
        parts = [f"{name} == {value}" if value != INT_MIN else at_most(name, INT_MIN) for value in _distinct(values) if len(values) == 1 or value == INT_MIN]
        rest = [number(value) for value in _distinct(values) if value != INT_MIN] if len(values) > 1 else []
    else:
        if kind == "float" and any(item.kind is Kind.INT and float(item.value) != item.value for item in items):
            items = [item for item in items if item.kind is Kind.FLOAT or float(item.value) == item.value]
        rest = [number(float(item.value)) if kind == "float" else literal(item.value) for item in items]
        parts = []
    if len(rest) == 1:
        parts.append(f"{name} == {rest[0]}")
    elif rest:
        parts.append(f"{name} in [{', '.join(dict.fromkeys(rest))}]")
    return exact(joined("or", parts) if parts else _never(name, kind), reason)


def _unequal(name: str, items: Sequence[Literal], kind: str) -> str:
    if kind == "int":
        values = _distinct([int(item.value) for item in items if number_test(Op.EQ, item).ints is not None])
        parts = [f"{name} != {value}" if value != INT_MIN else at_least(name, INT_MIN + 1) for value in values]
    else:
        parts = [f"{name} != {number(float(item.value)) if kind == 'float' else literal(item.value)}" for item in items if kind != "float" or float(item.value) == item.value]
    return joined("and", parts) if parts else at_least(name, INT_MIN) if kind == "int" else f"{name} <= {number(FLOAT_MAX)}"


def _distinct(values: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(values))


def _never(name: str, kind: str) -> str:
    return f"{name} > {INT_MAX if kind == 'int' else number(FLOAT_MAX)}"


def _order(name: str, op: Op, item: Literal, kind: str) -> Leaf:
    if kind == "string":
        return exact(f"{name} {ORDER_SIGNS[op]} {literal(item.value)}")
    if item.kind.value == kind and item.value != INT_MIN:  # the operator as it is, right on a field of the other kind of number, too
        return exact(f"{name} {ORDER_SIGNS[op]} {number(item.value)}")
    test = number_test(op, item)
    is_lower = op in (Op.GT, Op.GE)
    if kind == "int":
        if test.ints is None:
            return exact(_never(name, kind))
        return exact(at_least(name, test.ints[0]) if is_lower else at_most(name, test.ints[1]))
    if test.floats is None:
        return exact(_never(name, kind))
    return exact(f"{name} >= {number(test.floats[0])}" if is_lower else f"{name} <= {number(test.floats[1])}")


def _has(name: str, items: Sequence[Literal], kind: str) -> Leaf:
    element = kind.removesuffix("[]")
    if element == "int":
        spelled = [number(int(item.value)) for item in items if number_test(Op.EQ, item).ints is not None]
    elif element == "float":
        spelled = [number(float(item.value)) for item in items if float(item.value) == item.value]
    else:
        spelled = [literal(item.value) for item in items]
    spelled = list(dict.fromkeys(spelled))
    if not spelled or str(INT_MIN) in spelled:
        return refused("the field can't hold the number, or Milvus can't read it", "leave the number out")
    return exact(contains("array", name, spelled))


def _like(name: str, op: Op, text: str, version: str) -> Leaf:
    like = pattern(op, text, "\n\r" if version == "lite-2.5" else "")
    if like is None:
        return refused(f"Milvus has no {op.name}", "write LIKE, CONTAINS, STARTS WITH or ENDS WITH, or test it on what is found")
    said = f"{name} like {string(like.pattern)}" if "%" in like.pattern else f"{name} == {string(like.pattern)}"
    if like.pattern == "%":  # by which Lite 2.5 finds nothing
        said = f'{name} >= ""'
    if like.is_exact:
        return exact(said)
    return superset(said, "Milvus has no sure escape for %, _ and \\ in a pattern", "compare the whole value")

