"""To the `$filter` of Azure AI Search, its subset of OData.

>>> DIALECT.encode(whereql.parse("NOT (year < 2020 OR lang = 'en') AND tags HAS ANY ('a', 'b')")).native
"not (year lt 2020) and lang ne 'en' and tags/any(e: e eq 'a' or e eq 'b')"

A field has one type, and a collection is asked by any and all only, so that a comparison never takes an array for its elements.
null is what a document without the key has; `ne` and `not` hold for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from whereql.ast import And, Expr, Field, Literal, Or, Predicate
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.doubles import EXACT, ROUNDED, SMALLER, is_safe
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.places import PLACES, place
from whereql.dialects.search.azure_reader import RESERVED, read
from whereql.dialects.search.keys import MIXED, NUMBER, STRING, Fit, fit_of
from whereql.dialects.writing import AS_NUMBER, InfixWriter, Joined, Leaf, exact, refused, superset, write
from whereql.kinds import Kind
from whereql.operators import ORDER, TEXT, Op
from whereql.support import Shape
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, literal, number_test

_FIELD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*(?:/[A-Za-z_][A-Za-z_0-9]*)*", re.ASCII)
_WORDS_OF_ODATA = {word.lower() for word in RESERVED} | {"in", "has", "add", "sub", "mul", "div", "mod"}  # some of its readers take them in any case
_WORDS = {Op.EQ: "eq", Op.GT: "gt", Op.GE: "ge", Op.LT: "lt", Op.LE: "le"}
_MOST_COMPARISONS = 100
_SEPARATORS = "|,;~^\t\x1f"


class AzureWriter(InfixWriter):
    """Writes `$filter`; fields: what is known of the index."""

    all_of = " and "
    any_of = " or "
    shape = Shape(predicates=200, depth=50)  # no number is documented: hundreds of clauses are said to be too many

    def __init__(self, fields: Fields, options: Options) -> None:
        self._fields = fields
        self._options = options
        self.schema = fields.schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate as a comparison, a lambda, or `search.in`."""
        subject, op = predicate.subject, predicate.op
        name = place(subject, self._options)
        if isinstance(name, Leaf):
            return name
        if why := _why_no_field(name):
            return refused(why, "rename the key, in the index and in the filter")
        known = fit_of(predicate, self._fields)
        kinds = self._fields.kinds(subject.name) if isinstance(subject, Field) else frozenset({STRING})
        is_collection = any(kind.endswith("[]") for kind in kinds)
        if known.is_mixed or (is_collection and not all(kind.endswith("[]") for kind in kinds)):
            return refused(MIXED, f"say what the key holds: schema={{{name!r}: 'string'}}")
        if "sparse_vector" in kinds:
            return refused("a field of vectors can't be filtered", "ask another field that is there with it")
        if op is Op.EXISTS:
            said = f"{name}/any()" if is_collection else f"{name} ne null"
            return exact(_not(said) if negated and is_collection else f"{name} eq null" if negated else said, f"{name} is {_type(known, is_collection)}")
        if op in TEXT and (known.items or not known.is_declared):
            return refused("a filter of Azure compares whole strings; search.ismatch is analysed", "use search.ismatch yourself, or compare with = or IN")
        return self._compared(name, predicate, known, negated)

    def join(self, connective: type[And] | type[Or], parts: Sequence[str]) -> str:
        """The parts joined, without constants among them."""
        decisive, idle = ("false", "true") if connective is And else ("true", "false")
        kept = [decisive] if decisive in parts else [part for part in parts if part != idle]
        if len(kept) < 2:
            return kept[0] if kept else idle
        joined: str = super().join(connective, kept)
        return joined

    def constant(self, value: bool) -> Leaf:
        """Every record or none."""
        return exact("true" if value else "false")

    def _compared(self, name: str, predicate: Predicate, known: Fit, negated: bool) -> Leaf:
        op = predicate.op
        if not known.items:
            return self.constant(negated)
        if op in ORDER and known.lines != {NUMBER}:
            return refused("Azure orders numbers and dates only", AS_NUMBER)
        if known.lines == {NUMBER} and not known.is_declared and not all(map(is_safe, known.items)):
            return refused("a double would round it, and the field may be one", f"schema={{{name!r}: 'int'}} or 'float'")
        if op in ORDER:
            said, is_exact = _ordered(name, op, known.items[0], known)
            said = _not(said) if negated else said
        else:
            values = list(dict.fromkeys(value for item in known.items for value in _constants(item, known)))
            if not values:
                return self.constant(negated)
            if len(values) > _MOST_COMPARISONS and known.lines != {STRING}:
                return refused(f"Azure may not take more than {_MOST_COMPARISONS} comparisons", "ask in several requests")
            is_exact = known.lines != {NUMBER} or len(known.kinds) == 1 or all(map(is_safe, known.items))
            said = _has(name, values, known, negated) if op is Op.HAS else _one_of(name, values, known, negated)
        if is_exact:
            return exact(said, f"{name} is {_type(known, op is Op.HAS)}")
        reason, hint = ROUNDED, SMALLER
        return refused(reason, hint) if negated else superset(said, reason, hint)


def _why_no_field(name: str) -> str:
    """Why a key names no field, empty if it does."""
    if not _FIELD.fullmatch(name) or len(name) > 128:
        return "a field's name is ASCII letters, digits and _"
    if any(part.lower() in _WORDS_OF_ODATA for part in name.split("/")) or name.lower().startswith("azuresearch"):
        return "it is a word of the language"
    return ""


def _type(known: Fit, is_collection: bool) -> str:
    if not known.lines:
        return "no collection"
    if known.lines == {NUMBER}:
        kind = {frozenset({"int"}): "Edm.Int32 or Edm.Int64"}.get(known.kinds, "Edm.Double" if known.is_declared else "of a type of numbers")
    else:
        kind = "Edm.String, with no normalizer" if known.lines == {STRING} else "Edm.Boolean"
    return f"a collection of {kind}" if is_collection else kind


def _constants(item: Literal, known: Fit) -> list[str]:
    """The constant for a value in a field of these kinds, none where the field can't hold it."""
    if known.lines != {NUMBER}:
        return [constant(item)]
    if len(known.kinds) == 2:
        return [_number(item)]
    test = number_test(Op.EQ, item)
    found = test.ints if known.kinds == {"int"} else test.floats
    return [] if found is None else [constant(literal(found[0]))]


def constant(item: Literal) -> str:
    """A value as Azure reads it back."""
    value = item.value
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _number(item: Literal) -> str:
    """A number that a field of any type of numbers takes: a whole one without a point."""
    value = item.value
    return repr(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else repr(value)


def _ordered(name: str, op: Op, bound: Literal, known: Fit) -> tuple[str, bool]:
    value = bound.value
    assert not isinstance(value, str)
    if len(known.kinds) == 2:
        if abs(value) < EXACT:
            return f"{name} {_WORDS[op]} {_number(bound)}", True
        return f"{name} {'ge' if op in (Op.GT, Op.GE) else 'le'} {_number(bound)}", False  # rounding keeps the order, but what is below may become equal
    if bound.kind.value in known.kinds or (bound.kind is Kind.INT and abs(value) < EXACT):
        return f"{name} {_WORDS[op]} {constant(bound)}", True
    test = number_test(op, bound)
    found: tuple[float, float] | None = test.ints if known.kinds == {"int"} else test.floats
    if found is None:
        return "false", True
    low, high = (INT_MIN, INT_MAX) if known.kinds == {"int"} else (-FLOAT_MAX, FLOAT_MAX)
    if op in (Op.GT, Op.GE):
        return f"{name} ge {constant(literal(found[0]))}", True
    return f"{name} le {constant(literal(found[1]))}" if found[1] != high else f"{name} ge {constant(literal(low))}", True


def _one_of(name: str, values: Sequence[str], known: Fit, negated: bool) -> str:
    together, single = _lists(name, values) if known.lines == {STRING} else ([], list(values))
    if negated:
        return _joined(" and ", [*(_not(said) for said in together), *(f"{name} ne {value}" for value in single)])
    return _joined(" or ", [*together, *(f"{name} eq {value}" for value in single)])


def _has(name: str, values: Sequence[str], known: Fit, negated: bool) -> str:
    element = "e" if name != "e" else "x"
    said = f"{name}/any({element}: {_one_of(element, values, known, False)})"
    return _not(said) if negated else said


def _joined(word: str, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else Joined(word.join(parts))


def _not(said: str) -> str:
    return f"not ({said})"


def _lists(name: str, values: Sequence[str]) -> tuple[list[str], list[str]]:
    """`search.in` for the strings among constants that it takes as they are, and the others; it may trim or skip what is blank."""
    listed = [value for value in values if value != "''" and value[1:-1] == value[1:-1].strip()]
    if len(listed) < 3:
        return [], list(values)
    used = set("".join(listed))
    separator = next(character for character in (*_SEPARATORS, *map(chr, range(0xE000, 0xF8FF))) if character not in used)
    text = separator.join(value[1:-1] for value in listed)
    rest = set(listed)
    return [f"search.in({name}, '{text}', '{separator}')"], [value for value in values if value not in rest]


def _writes(expr: Expr, options: Options) -> Translation:
    return write(expr, AzureWriter(Fields(expr, options["schema"]), options))


DIALECT = Dialect("Azure AI Search", read, _writes, {"schema": SCHEMA, **PLACES})
