"""To the `filter_by` of Typesense.

>>> schema = {"year": "int!", "lang": "string", "draft": "bool"}
>>> found = DIALECT.encode(whereql.parse("(year > 2020 OR draft) AND lang = 'en' AND year != 2022"), schema=schema, allow_residual=True)
>>> found.native, whereql.to_text(found.residual)
('(year:>2020 || draft:=true) && lang:=`en` && year:!=2022', "lang = 'en'")

Strings are compared without case and signs, floats have 32 bits, and nothing asks whether a field is there: whether `!=` finds documents
without it differs between numbers and lists of them. So complements need a key that every record has.
"""

from __future__ import annotations

import re

from whereql.ast import Expr, Field, Id, Literal, Predicate
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.doubles import is_safe
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.places import PLACES, place
from whereql.dialects.search.keys import BOOL, MIXED, NUMBER, STRING, Fit, fit_of
from whereql.dialects.search.typesense_reader import read
from whereql.dialects.writing import AS_NUMBER, InfixWriter, Leaf, exact, items_of, refused, superset, write
from whereql.kinds import Kind
from whereql.operators import OPPOSITE, ORDER, ORDER_SIGNS, TEXT, Op
from whereql.support import Shape
from whereql.values import INT_MAX, INT_MIN, number_test

_FIELD = re.compile(r"[A-Za-z_][A-Za-z_0-9.-]*", re.ASCII)
_LONGEST = 100  # characters of a string that are compared for certain
_REQUIRED = "whether a complement finds records without the key is not the same for all values"


class TypesenseWriter(InfixWriter):
    """Writes `filter_by`; fields: what is known of the collection."""

    all_of = " && "
    any_of = " || "
    shape = Shape(predicates=25, items=1000)  # 100 tokens: conditions, signs and parentheses

    def __init__(self, fields: Fields, options: Options) -> None:
        self._fields = fields
        self._options = {**options, "id": "id"}  # its name is not to be chosen
        self.schema = fields.schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate as a condition."""
        subject, op = predicate.subject, predicate.op
        if isinstance(subject, Id):
            return _id(predicate, negated)
        name = place(subject, self._options)
        if isinstance(name, Leaf):
            return refused(name.reason, "rename the key") if subject == Field("id") else name
        if not _FIELD.fullmatch(name):
            return refused("a field's name can't be escaped: it is ASCII letters, digits, _ . and -", "rename the key, in the collection and in the filter")
        if op is Op.EXISTS:
            return refused("nothing asks whether a field is there", "store a value of its own for a missing one, and compare with it")
        if op in TEXT:
            return refused("it compares whole strings; a prefix finds the records of four words only", "compare with = or IN")
        known = fit_of(predicate, self._fields)
        is_required = isinstance(subject, Field) and self._fields.is_required(subject.name)
        if known.is_mixed:
            return refused(MIXED, f"say what the key holds: schema={{{name!r}: 'string'}}")
        if not known.items:
            return refused("it has no word for what no record can be", "leave the condition out: no record passes it")
        if known.lines == {STRING}:
            return _text(name, predicate, known, negated)
        return _value(name, predicate, known, negated, is_required)

    def constant(self, value: bool) -> Leaf:
        """No filter finds everything."""
        return exact("") if value else refused("it has no word for nothing", "ask nothing")


def _id(predicate: Predicate, negated: bool) -> Leaf:
    """Ids are looked up as they are."""
    if predicate.op not in (Op.EQ, Op.IN) or negated:
        return refused("an id is looked up, and not compared otherwise", "store the id in a field, too")
    values = [item.value for item in items_of(predicate) if isinstance(item.value, str) and item.value]
    if not values or any("`" in value or "\\" in value or value != value.strip() for value in values):
        return refused("an id with backticks, backslashes or blanks around it can't be written", "ask for it by the documents' own address")
    return exact(f"id:={_listed([f'`{value}`' for value in values])}")


def _text(name: str, predicate: Predicate, known: Fit, negated: bool) -> Leaf:
    reason = "strings are compared without case and signs"
    values = [str(item.value) for item in known.items]
    if negated or predicate.op in ORDER:
        return refused(*((reason, "test the residual") if negated else ("Typesense orders numbers only", AS_NUMBER)))
    if not all(map(_is_plain, values)):
        return refused("a string with a backtick, a backslash, a *, blanks around it or nothing but signs can't be asked", "store a code without signs in a field of its own")
    return superset(f"{name}:={_listed([f'`{value}`' for value in dict.fromkeys(values)])}", reason, "test the residual")


def _is_plain(text: str) -> bool:
    """Whether a string is one value for its lexer, and leaves something once its signs are taken away."""
    return len(text) <= _LONGEST and text.isprintable() and text == text.strip() and not set(text) & set("`\\*") and any(character.isascii() and character.isalnum() for character in text)


def _value(name: str, predicate: Predicate, known: Fit, negated: bool, is_required: bool) -> Leaf:
    """Numbers and bools."""
    op = predicate.op
    hint = f"if every record has the key, say so: schema={{{name!r}: '{'bool' if known.lines == {BOOL} else 'int'}!'}}"
    if not known.is_sure:
        native = _superset(name, op, known)
        reason = "an array matches by its elements, and the field may have floats of 32 bits"
        said = f"say what the key holds: schema={{{name!r}: 'int'}}"
        return refused(reason, said) if negated or native is None else superset(native, reason, said)
    if known.lines == {NUMBER} and known.kinds != {"int"}:
        native = _superset(name, op, known)
        reason = "floats have 32 bits"
        return refused(reason, "store the number as an int, in smaller units") if negated or native is None else superset(native, reason, "test the residual")
    if negated and not is_required:
        return refused(_REQUIRED, hint)
    native = _bools(name, known, negated) if known.lines == {BOOL} else _ints(name, op, known, negated)
    if native is None:
        return refused("it has no word for what no record can be", "leave the condition out: no record passes it")
    return exact(native, f"{name} is of type {'bool' if known.lines == {BOOL} else 'int64, or int32 and so are the numbers'}{'[]' if op is Op.HAS else ''}")


def _bools(name: str, known: Fit, negated: bool) -> str | None:
    values = {item.value for item in known.items}
    if len(values) > 1:
        return None if negated else f"{name}:=[true,false]"
    return f"{name}:{'!=' if negated else '='}{str(values.pop()).lower()}"


def _ints(name: str, op: Op, known: Fit, negated: bool) -> str | None:
    bound = known.items[0]
    if op in ORDER and bound.kind is Kind.INT:
        return f"{name}:{ORDER_SIGNS[OPPOSITE[op] if negated else op]}{bound.value}"
    if op in ORDER:
        found = number_test(OPPOSITE[op] if negated else op, bound).ints
        if found is None:
            return None
        if found[1] == INT_MAX:
            return f"{name}:>={found[0]}"
        return f"{name}:<={found[1]}" if found[0] == INT_MIN else f"{name}:[{found[0]}..{found[1]}]"
    values = [str(found[0]) for item in known.items if (found := number_test(Op.EQ, item).ints) is not None]
    if not values:
        return None
    return f"{name}:{'!=' if negated else '='}{_listed(list(dict.fromkeys(values)))}"


def _superset(name: str, op: Op, known: Fit) -> str | None:
    """What finds at least the records, also where numbers are rounded, which keeps their order; None for numbers with an exponent."""
    if known.lines == {BOOL}:
        return f"{name}:={_listed(list(dict.fromkeys(str(item.value).lower() for item in known.items)))}"
    values = [_number(item) for item in known.items]
    if None in values:
        return None
    if op in ORDER:
        return f"{name}:{'>=' if op in (Op.GT, Op.GE) else '<='}{values[0]}"
    return f"{name}:={_listed([str(value) for value in dict.fromkeys(values)])}"


def _number(item: Literal) -> str | None:
    """A number for a field of whichever type: a fraction in a field of ints would be an error."""
    value = item.value
    assert not isinstance(value, str)
    if isinstance(value, float) and value.is_integer() and is_safe(item):
        value = int(value)
    return None if "e" in repr(value) else repr(value)


def _listed(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"[{','.join(values)}]"


def _writes(expr: Expr, options: Options) -> Translation:
    return write(expr, TypesenseWriter(Fields(expr, options["schema"]), options))


DIALECT = Dialect("Typesense", read, _writes, {"schema": SCHEMA, "document": PLACES["document"], "uri": PLACES["uri"]})
