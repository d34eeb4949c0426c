"""To the filter expressions of Meilisearch.

>>> found = DIALECT.encode(whereql.parse("year >= 2020 AND NOT lang IS NULL AND lang = 'en'"), schema={"year": "int"}, allow_residual=True)
>>> found.native, whereql.to_text(found.residual)
('lang = en AND year >= 2020', "lang = 'en'")

It compares strings without case and accents, takes an array for its elements, and a number for the string that spells it. So strings are
always a superset, and numbers and bools exact on declared keys.
"""

from __future__ import annotations

from whereql.ast import Expr, Field, Literal, Predicate
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.doubles import ROUNDED, SMALLER, is_safe
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.places import PLACES, place
from whereql.dialects.search.keys import STRING, Fit, fit_of
from whereql.dialects.search.meilisearch_reader import FOLD, read
from whereql.dialects.writing import AS_NUMBER, InfixWriter, Joined, Leaf, exact, refused, superset, write
from whereql.kinds import Kind
from whereql.operators import ORDER, ORDER_SIGNS, TEXT, Op
from whereql.support import Shape
from whereql.values import number_test

_LONGEST = 468  # bytes of a string that the index of facets keeps

CONTAINS = Option("whether the experimental feature containsFilter is on, and no string is longer than 468 bytes, which cuts it", False)


class MeilisearchWriter(InfixWriter):
    """Writes filter expressions; fields: what is known of the documents."""

    shape = Shape(depth=30, predicates=1000)  # 150 levels of the parser's own, about four of which a pair of parentheses takes

    def __init__(self, fields: Fields, options: Options) -> None:
        self._fields = fields
        self._options = options
        self.schema = fields.schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate as a condition."""
        subject, op = predicate.subject, predicate.op
        name = place(subject, self._options)
        if isinstance(name, Leaf):
            return name
        if not name or name.startswith(("_geo", "_vectors", "_foreign")) or "\0" in name:
            return refused("it names no attribute", "rename the key")
        key = quoted(name)
        known = fit_of(predicate, self._fields)
        kinds = self._fields.kinds(subject.name) if isinstance(subject, Field) else frozenset({STRING})
        if op is Op.EXISTS:
            return _exists(name, known.is_declared, kinds, negated)
        if not known.items:
            return exact(f"{key} {'NOT ' if negated else ''}IN []", f"{name!r} is filterable")
        if op in TEXT:
            return self._text(key, op, str(known.items[0].value), negated)
        return _compared(name, predicate, known, negated)

    def constant(self, value: bool) -> Leaf:
        """An empty filter finds everything; nothing is said by an attribute only."""
        return exact("") if value else refused("it has no word for nothing", "ask nothing")

    def _text(self, key: str, op: Op, text: str, negated: bool) -> Leaf:
        reason = "strings are compared without case and accents"
        word = {Op.STARTS: "STARTS WITH", Op.CONTAINS: "CONTAINS"}.get(op)
        if word is None or (op is Op.CONTAINS and not self._options["contains"]):
            return refused("it searches strings by their beginning only", "write STARTS WITH; or CONTAINS, where that is on: contains=True")
        # Beyond ASCII, what the index makes of a text depends on the language that it takes it for.
        if negated or not (text.isascii() and text.isprintable()) or text != text.strip() or not text or len(text) > _LONGEST // 2:
            return refused(reason, "compare ASCII, with no blanks around it")
        return superset(f"{key} {word} {quoted(text)}", reason, "test the residual")


def _exists(name: str, is_declared: bool, kinds: frozenset[str], negated: bool) -> Leaf:
    """A stored null exists there, and so does an empty array, which can't be told from an empty string."""
    key = quoted(name)
    may_be_text = not is_declared or bool(kinds & {"string"})
    may_be_array = not is_declared or any(kind.endswith("[]") for kind in kinds)
    if negated:
        parts = [f"{key} NOT EXISTS", f"{key} IS NULL", *([f"{key} IS EMPTY"] if may_be_array else [])]
    else:
        parts = [f"{key} EXISTS", f"{key} IS NOT NULL", *([f"{key} IS NOT EMPTY"] if may_be_array and not may_be_text else [])]
    native = Joined((" OR " if negated else " AND ").join(parts))
    if may_be_text and may_be_array:
        return superset(native, "an empty array and an empty string are both empty", f"say what the key holds: schema={{{name!r}: …}}")
    return exact(native, f"{name!r} is filterable")


def _compared(name: str, predicate: Predicate, known: Fit, negated: bool) -> Leaf:
    op, key = predicate.op, quoted(name)
    if op in ORDER and any(item.kind is Kind.STRING for item in known.items):
        return refused("strings are ordered after their case and accents are taken away", AS_NUMBER)
    if any(isinstance(item.value, str) and len(item.value.encode()) > _LONGEST // 3 for item in known.items):
        return refused(f"strings of more than {_LONGEST} bytes are cut, and one may grow as its accents are taken away", "store a hash of the text in a field of its own")
    if op is Op.HAS and any(item.value == "" for item in known.items):
        return refused("it is not documented whether an empty string in an array is found", "compare with other values")
    if op in ORDER:
        native, is_exact = _ordered(key, op, known.items[0], known)
    else:
        native, is_exact = _one_of(key, known, negated)
    if known.is_sure and not known.is_mixed and STRING not in known.lines and is_exact:
        return exact(f"NOT {native}" if negated and op in ORDER else native, f"{name!r} is filterable")
    if STRING in known.lines and known.is_declared:
        reason, hint = "strings are compared without case and accents", "test the residual"
    elif not known.is_sure or known.is_mixed:
        reason, hint = "an array matches by its elements, and a number the string that spells it", f"say what the key holds: schema={{{name!r}: …}}"
    else:
        reason, hint = ROUNDED, SMALLER
    return refused(reason, hint) if negated else superset(native, reason, hint)


def _ordered(key: str, op: Op, bound: Literal, known: Fit) -> tuple[str, bool]:
    """Every number is a double there."""
    assert not isinstance(bound.value, str)
    if is_safe(bound):
        return f"{key} {ORDER_SIGNS[op]} {number(bound.value)}", True
    if known.is_declared and known.kinds == {"float"}:
        found = number_test(op, bound).floats
        if found is None:
            return f"{key} IN []", True
        return f"{key} {'>=' if op in (Op.GT, Op.GE) else '<='} {number(found[0] if op in (Op.GT, Op.GE) else found[1])}", True
    return f"{key} {'>=' if op in (Op.GT, Op.GE) else '<='} {number(bound.value)}", False


def _one_of(key: str, known: Fit, negated: bool) -> tuple[str, bool]:
    words: dict[str, None] = {}
    is_exact = True
    for item in known.items:
        value = item.value
        if isinstance(value, (str, bool)):
            words.setdefault(quoted(value) if isinstance(value, str) else str(value).lower())
            continue
        if not is_safe(item):
            if known.is_declared and known.kinds == {"float"}:
                found = number_test(Op.EQ, item).floats
                if found is None:
                    continue
                value = found[0]
            else:
                is_exact = False
        words.setdefault(number(value))
    if len(words) == 1 and '""' not in words:
        return f"{key} {'!=' if negated else '='} {next(iter(words))}", is_exact
    native = f"{key} {'NOT ' if negated else ''}IN [{', '.join(words)}]"
    return (Joined(f"{native} OR {key} IS EMPTY") if '""' in words else native), is_exact  # an empty string may be in no list


def quoted(text: str) -> str:
    """A key or a string: a plain word, or what is in quotes, where a backslash escapes itself and the quote."""
    if text and text.isascii() and text.replace("_", "a").replace(".", "a").isalnum() and not text[0].isdigit() and text.islower():  # no word of the language is
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def number(value: float) -> str:
    """A number as a word, which has no plus."""
    return repr(value).replace("+", "")


def _writes(expr: Expr, options: Options) -> Translation:
    return write(expr, MeilisearchWriter(Fields(expr, options["schema"]), options))


DIALECT = Dialect("Meilisearch", read, _writes, {"schema": SCHEMA, "contains": CONTAINS, "fold": FOLD, **PLACES})
