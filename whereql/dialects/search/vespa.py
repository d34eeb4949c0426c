r"""Vespa: the condition behind `where` of its query language YQL, over attributes.

>>> known = {"lang": "string", "year": "int"}
>>> DIALECT.encode(whereql.parse("year >= 2020 AND NOT lang IN ('en', 'de')"), cased=True, schema=known).native
'year >= 2020 and !(lang in ("en", "de"))'

A field that isn't set has no number, the empty string, or false; a string attribute ignores case unless it is told not to.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Literal, Or, Predicate
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.doubles import ROUNDED, is_safe
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.places import places, role, unplaced
from whereql.dialects.writing import (
    AS_NUMBER,
    Joined,
    Leaf,
    Writer,
    complement,
    exact,
    items_of,
    loosened,
    refused,
    superset,
    write,
)
from whereql.kinds import NUMBERS, Kind
from whereql.like import like_parts
from whereql.operators import ORDER, ORDER_SIGNS, TEXT, Op
from whereql.support import Shape
from whereql.values import INT_MIN, number_test

OPTIONS: Mapping[str, Option] = {
    "schema": SCHEMA,
    "cased": Option("whether the string attributes have `match: cased`", False, (False, True)),
    **places("string attribute"),
}

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*", re.ASCII)
_WORDS = frozenset({
    "select", "from", "where", "limit", "offset", "order", "by", "desc", "asc", "sources", "as", "on", "output", "count", "true", "false", "null", "and",
    "or", "not", "in", "like", "contains", "matches", "is", "timeout", "all", "each", "range", "rank", "phrase", "near", "onear", "equiv", "wand",
})  # fmt: skip
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What no string field of Vespa holds: control characters, and code points that are no characters.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufdd0-\ufdef" + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(17)) + "]")
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_SCHEMA = "say what the key holds: schema={'key': 'string'}"
_LEAST = "if no stored int is the least of its type, which Vespa takes for none"
_WORD = "if the field is an attribute with match: word"


class VespaWriter(Writer):
    """Writes a condition."""

    shape = Shape(depth=60)

    def __init__(self, expr: Expr, options: Options) -> None:
        self._options = options
        self._fields = Fields(expr, options["schema"])
        self.schema = self._fields.schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A test of an attribute."""
        name = self._name(predicate)
        if isinstance(name, Leaf):
            return name
        is_field = isinstance(predicate.subject, Field)
        kinds = self._fields.kinds(name) if is_field else frozenset({"string"})
        elements = {kind.removesuffix("[]") for kind in kinds}
        if predicate.op is Op.EXISTS:
            return _exists(name, kinds, elements, negated)
        if len(elements - {"int", "float"}) + bool(elements & {"int", "float"}) != 1 or "sparse_vector" in elements:
            return refused("an attribute has one type", _SCHEMA)
        is_has = predicate.op is Op.HAS
        if not any(kind.endswith("[]") is is_has for kind in kinds):
            return refused(f"the field holds {'no arrays' if is_has else 'arrays only'}", _SCHEMA)
        said = self._said(name, predicate, elements, is_required=is_field and self._fields.is_required(name))
        if is_field and (not self._fields.is_declared(name) or any(kind.endswith("[]") is not is_has for kind in kinds)):
            said = loosened(said, "an array is found by its elements, like a value", _SCHEMA)
        return complement(said, _not) if negated else said

    def _name(self, predicate: Predicate) -> str | Leaf:
        subject = predicate.subject
        if isinstance(subject, Field):
            if self.schema is not None and not self._fields.is_declared(subject.name):
                return refused("the schema has no such field", _SCHEMA)
            name: str | None = subject.name
        else:
            name = self._options[role(subject)]
            if name is None:
                return unplaced(subject, "string attribute")
        if name is None or not _NAME.fullmatch(name) or name.lower() in _WORDS:
            return refused("no field of Vespa has such a name", "name the field with letters, digits and _, and no word of the language")
        return name

    def _said(self, name: str, predicate: Predicate, elements: set[str], *, is_required: bool) -> Leaf:
        items = items_of(predicate)
        if any(("int" in elements or "float" in elements) is not (item.kind in NUMBERS) or (item.kind is Kind.BOOL) is not ("bool" in elements) for item in items):
            return refused("the field holds other values", _SCHEMA)
        if "bool" in elements:
            return _bools(name, items, is_required=is_required or predicate.op is Op.HAS)
        if "string" in elements:
            return self._strings(name, predicate, [str(item.value) for item in items])
        if predicate.op in TEXT:
            return refused("a number has no text", _SCHEMA)
        return _numbers(name, predicate.op, items, elements)

    def _strings(self, name: str, predicate: Predicate, values: Sequence[str]) -> Leaf:
        if predicate.op in ORDER:
            return refused("Vespa orders numbers only", AS_NUMBER)
        if any(_NO_TEXT.search(value) for value in values):
            return refused("no string of Vespa holds such a character", "leave the value out")
        if predicate.op in TEXT:
            return _text(name, predicate.op, values[0])
        if "" in values:
            return refused("Vespa can't look for the empty string, which is also that of a field that isn't set", "store a word for it")
        spelled = list(dict.fromkeys(map(_string, values)))
        native = f"{name} contains {spelled[0]}" if len(spelled) == 1 else f"{name} in ({', '.join(spelled)})"
        if self._options["cased"]:
            return exact(native, _WORD)
        return superset(native, "a string attribute ignores case", "declare the attribute with match: cased, and say so: cased=True")

    def join(self, connective: type[And] | type[Or], parts: Sequence[Any]) -> Any:
        """Conditions; a negation stands beside a positive one, `true` where there is no other."""
        if connective is Or:
            return Joined(" or ".join(f"({part})" if isinstance(part, Joined) else f"(true and {part})" if _is_negation(part) else part for part in parts))
        texts = [f"({part})" if isinstance(part, Joined) else str(part) for part in parts]
        return Joined(" and ".join(["true", *texts] if all(map(_is_negation, parts)) else texts))

    def constant(self, value: bool) -> Leaf:
        """The words of the language."""
        return exact("true" if value else "false")

    def finish(self, native: Any) -> Any:
        """The whole as a plain string."""
        return f"true and {native}" if _is_negation(native) else str(native)


def _is_negation(part: str) -> bool:
    return not isinstance(part, Joined) and part.startswith("!")


def _exists(name: str, kinds: frozenset[str], elements: set[str], negated: bool) -> Leaf:
    """Vespa has no query for what isn't set: a number is there if it lies anywhere, a string if it isn't empty."""
    has_arrays = any(kind.endswith("[]") for kind in kinds)
    if kinds and elements <= {"int", "float"}:
        everywhere = f"range({name}, -Infinity, Infinity)"
        if not has_arrays:
            return exact(f"!({everywhere})" if negated else everywhere, _LEAST if "int" in elements else "")
        return superset(f"!({everywhere})", "an empty array is none to Vespa", _SCHEMA) if negated else refused("an empty array is none to Vespa", _SCHEMA)
    if kinds and elements == {"string"} and negated:
        return superset(f'!({name} matches ".")', "an empty string, and an empty array, are none to Vespa", _SCHEMA)
    return refused("Vespa has no query for a field that isn't set", "store a value for what is missing, and compare with it")


def _bools(name: str, items: Sequence[Literal], *, is_required: bool) -> Leaf:
    values = dict.fromkeys(bool(item.value) for item in items)
    native: Any = Joined(f"{name} = true or {name} = false") if len(values) == 2 else f"{name} = {'true' if True in values else 'false'}"
    if False in values and not is_required:
        return superset(native, "a bool that isn't set is false", "if every record has the key, say so: schema={'key': 'bool!'}")
    return exact(native)


def _numbers(name: str, op: Op, items: Sequence[Literal], elements: set[str]) -> Leaf:
    if elements == {"int", "float"}:
        return _either(name, op, items)
    is_int = elements == {"int"}
    if op in ORDER:
        return _ordered(name, op, items[0], is_int)
    if is_int and any(item.value == INT_MIN for item in items):
        return refused("Vespa takes the least int for none", "leave the value out")
    values = [item.value for item in items if (number_test(Op.EQ, item).ints if is_int else number_test(Op.EQ, item).floats) is not None]
    return exact(_one_of(name, list(dict.fromkeys(_number(value, is_int) for value in values)), is_int))


def _either(name: str, op: Op, items: Sequence[Literal]) -> Leaf:
    """Of a field that may be one of ints or of doubles: a whole number is read as either, any other as a double only."""
    if not all(map(is_safe, items)):
        return refused(ROUNDED, _SCHEMA)
    if op not in ORDER:
        return exact(_one_of(name, list(dict.fromkeys(_number(item.value, item.value == int(item.value)) for item in items)), False))
    value = float(items[0].value)
    if value == int(value):
        return exact(f"{name} {ORDER_SIGNS[op]} {_number(value, True)}", _LEAST)
    whole = math.floor(value) if op in (Op.GT, Op.GE) else math.ceil(value)
    return superset(f"{name} {ORDER_SIGNS[op]} {_number(whole, True)}", "a field of ints is compared with whole numbers", _SCHEMA)


def _one_of(name: str, spelled: Sequence[str], is_int: bool) -> Any:
    if not spelled:
        return "false"
    if is_int and len(spelled) > 1:
        return f"{name} in ({', '.join(spelled)})"
    parts = [f"{name} = {each}" for each in spelled]
    return parts[0] if len(parts) == 1 else Joined(" or ".join(parts))


def _ordered(name: str, op: Op, item: Literal, is_int: bool) -> Leaf:
    """An order, of an int or a double compared with a number that it can be."""
    test = number_test(op, item)
    bounds = test.ints if is_int else test.floats
    condition = _LEAST if is_int else ""
    if bounds is None:
        return exact("false")
    edge = bounds[0] if op in (Op.GT, Op.GE) else bounds[1]
    if edge == INT_MIN and is_int:
        return exact(f"range({name}, -Infinity, Infinity)", condition) if op in (Op.GT, Op.GE) else exact("false", condition)
    if item.kind is (Kind.INT if is_int else Kind.FLOAT):
        return exact(f"{name} {ORDER_SIGNS[op]} {_number(item.value, is_int)}", condition)
    return exact(f"{name} {'>=' if op in (Op.GT, Op.GE) else '<='} {_number(edge, is_int)}", condition)


def _number(value: Any, is_int: bool) -> str:
    """A number; an int outside 32 bits with the suffix of a long."""
    if not is_int:
        return repr(float(value))
    return f"{int(value)}" if -(2**31) <= value < 2**31 else f"{int(value)}L"


def _text(name: str, op: Op, text: str) -> Leaf:
    """A regular expression: of a LIKE its longest part, since versions differ in whether a dot takes a line break."""
    if op not in (Op.CONTAINS, Op.STARTS, Op.ENDS, Op.LIKE):
        return refused(f"Vespa's expressions are others than those of {op.name}", "write CONTAINS, STARTS WITH or ENDS WITH, or test it on what is found")
    part = text if op is not Op.LIKE else max("".join(piece[1:] if len(piece) == 2 else "\0" for piece in like_parts(text)).split("\0"), key=len)
    if not part:
        return refused("Vespa finds nothing by an empty text", "leave the condition out")
    pattern = ("^" if op is Op.STARTS else "") + _SPECIAL.sub(r"\\\g<0>", part) + ("$" if op is Op.ENDS else "")
    return superset(f"{name} matches {_string(pattern)}", "a regular expression of Vespa may ignore case", "compare the whole value")


def _string(text: str) -> str:
    """A string literal."""
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'


def _not(native: str) -> str:
    return "true" if native == "false" else f"!({native})"


def encode(expr: Expr, options: Options) -> Translation:
    """A closed filter as the condition of a query."""
    return write(expr, VespaWriter(expr, options))


DIALECT = Dialect("Vespa", writes=encode, options=OPTIONS)
