r"""To the query strings of Lucene's classic parser, and of its standard one, which knows numbers.

>>> DIALECT.encode(whereql.parse("lang IN ('en', 'de') AND NOT title LIKE 'a%'"), schema={"lang": "string", "title": "string"}).native
'+lang:("en" OR "de") -title:/a.*/'

The language is not an algebra: AND and OR beside each other lose clauses, and what is only negative finds nothing. So what has to
hold is marked by + and what has not by -, choices stand in parentheses of their own, and *:* stands where there is nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whereql.ast import And, Expr, Or, Predicate
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.doubles import ROUNDED, SMALLER, is_safe
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.places import PLACES, place
from whereql.dialects.search.keys import BOOL, MIXED, NUMBER, STRING, Fit, fit_of
from whereql.dialects.search.lucene_regex import Unsayable, to_lucene
from whereql.dialects.search.lucene_terms import LONGEST_TERM, is_too_long, stored, zero
from whereql.dialects.writing import Leaf, Writer, exact, refused, superset, write
from whereql.errors import UnsupportedError
from whereql.kinds import Kind
from whereql.operators import ORDER, TEXT, Op
from whereql.support import Shape
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, number_test

ALL = "*:*"

_WORDS = frozenset({"AND", "OR", "NOT", "TO"})
_BRACKETS = {Op.GT: ("{", "}"), Op.GE: ("[", "}"), Op.LT: ("{", "}"), Op.LE: ("{", "]")}


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a query: its text, whether it is what must not hold, and whether it is made of several clauses."""

    text: str
    is_absent: bool = False
    is_joined: bool = False

    def alone(self) -> str:
        """The part as a query of its own."""
        return f"+{ALL} -{self._inner()}" if self.is_absent else self.text

    def among_choices(self) -> str:
        """The part between two OR."""
        return f"({self.alone()})" if self.is_absent or self.is_joined else self.text

    def signed(self) -> str:
        """The part among those that all have to hold."""
        return f"{'-' if self.is_absent else '+'}{self._inner()}"

    def _inner(self) -> str:
        return f"({self.text})" if self.is_joined else self.text


class LuceneWriter(Writer):
    """Writes query strings; fields: what is known of the index."""

    shape = Shape(depth=100, predicates=1000, literals=1000)  # IndexSearcher.setMaxClauseCount: 1024 by default

    def __init__(self, fields: Fields, options: Options) -> None:
        self._fields = fields
        self._options = options
        self.schema = fields.schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate as one clause."""
        subject, op = predicate.subject, predicate.op
        name = place(subject, self._options)
        if isinstance(name, Leaf):
            return name
        if not name:
            return refused("a field has a name", "rename the key")
        known = fit_of(predicate, self._fields)
        if len(known.lines) > 1:
            return refused(MIXED, f"say what the key holds: schema={{{name!r}: 'string'}}")
        if NUMBER in known.lines and (self._options["parser"] == "classic" or not known.is_declared) and (known.items or op is Op.EXISTS):
            hint = f"parser='standard', with a PointsConfig for the field and schema={{{name!r}: 'int'}}; the classic parser makes no query of numbers"
            return refused("the parser takes a number for text, unless it is told", hint)
        if op is Op.EXISTS:
            if known.lines - {STRING, BOOL, NUMBER}:
                return refused("a vector is in no index of terms", "ask another field that is there with it")
            if not known.is_declared:
                return refused("only a field of terms is found so, and not one of numbers or vectors", f"say what the key holds: schema={{{name!r}: 'string'}}")
            return exact(Clause(f"{field(name)}:[* TO *]", negated), f"every value of {name!r} is in the index")
        return self._condition(name, predicate, known, negated)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Clause]) -> Clause:
        """The parts: choices between OR, or clauses with a sign each, one of which is +."""
        if connective is Or:
            return Clause(" OR ".join(part.among_choices() for part in parts), is_joined=True)
        anything = [] if any(not part.is_absent for part in parts) else [Clause(ALL)]
        return Clause(" ".join(part.signed() for part in [*anything, *parts]), is_joined=True)

    def constant(self, value: bool) -> Leaf:
        """Every record or none."""
        return exact(Clause(ALL, not value))

    def finish(self, native: Clause) -> str:
        """The whole as a query."""
        return native.alone()

    def _condition(self, name: str, predicate: Predicate, known: Fit, negated: bool) -> Leaf:
        if not known.items:
            return self.constant(negated)
        if is_too_long(known.items):
            return refused(f"Lucene has no strings of more than {LONGEST_TERM:,} bytes", "store a hash of the text in a field of its own")
        try:
            text, is_exact = _clause(field(name), predicate.op, known)
        except (Unsayable, UnsupportedError) as error:
            return refused(f"Lucene can't say it: {error}", "use CONTAINS, STARTS WITH or LIKE, or a simpler pattern")
        if text is None:
            return self.constant(negated)
        if known.is_sure and is_exact:
            how = "as points of its kind" if known.lines == {NUMBER} else "whole, by a KeywordAnalyzer"
            return exact(Clause(text, negated), f"{name!r} is indexed {how}")
        if known.is_sure:
            reason, hint = ROUNDED, SMALLER
        else:
            reason, hint = "an array matches by its elements, and the key may hold both", f"say what the key holds: schema={{{name!r}: …}}"
        return refused(reason, hint) if negated else superset(Clause(text), reason, hint)


def field(name: str) -> str:
    """A key as the name of a field."""
    text = "".join(f"\\{character}" if not (character.isalnum() or character in "_." or not character.isascii()) or character == "\u3000" else character for character in name)
    return f"\\{text}" if text in _WORDS else text


def phrase(text: str) -> str:
    """A string in quotes, which an analyzer for whole strings leaves as it is."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def bound(text: str) -> str:
    """A string as a bound of a range, where quotes can't be escaped safely: what is no letter or digit by its code units."""
    if text in _WORDS:
        return "".join(f"\\u{ord(letter):04x}" for letter in text)
    return "".join(character if character.isascii() and character.isalnum() else _units(character) for character in text)


def _units(character: str) -> str:
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def pattern(text: str) -> str:
    """A regular expression of Lucene between slashes: none before the last one, which a backslash there would take away."""
    out: list[str] = []
    is_class = False
    at = 0
    while at < len(text):
        part = text[at : at + 2] if text[at] == "\\" else text[at]
        at += len(part)
        is_class = (is_class or part == "[") and part != "]"
        out.append("[\\\\]" if part == "\\\\" and not is_class else part)
    return f"/{''.join(out)}/"


def _clause(name: str, op: Op, known: Fit) -> tuple[str | None, bool]:
    """A clause for the items that fit, None for none, and whether it says just that, array or not."""
    items = known.items
    if known.lines == {NUMBER}:
        return _numbers(name, op, known)
    if op in TEXT:
        found = to_lucene(op, str(items[0].value))
        return (None if found is None else f"{name}:{pattern(found)}"), True
    if op in ORDER:
        return _text_range(name, op, str(items[0].value)), True
    words = list(dict.fromkeys(phrase(str(item.value)) if item.kind is Kind.STRING else str(item.value).lower() for item in items))
    return f"{name}:{words[0]}" if len(words) == 1 else f"{name}:({' OR '.join(words)})", True


def _text_range(name: str, op: Op, text: str) -> str | None:
    if not text:
        return {Op.GE: f"{name}:[* TO *]", Op.LE: f'{name}:""', Op.GT: f'(+{name}:[* TO *] -{name}:"")', Op.LT: None}[op]
    return _range(name, op, bound(text))


def _range(name: str, op: Op, text: str) -> str:
    opening, closing = _BRACKETS[op]
    return f"{name}:{opening}{text} TO *]" if op in (Op.GT, Op.GE) else f"{name}:[* TO {text}{closing}"


def _numbers(name: str, op: Op, known: Fit) -> tuple[str | None, bool]:
    if op not in ORDER:
        values = list(dict.fromkeys(number(value) for item in known.items for value in stored(item, known.kinds)))
        is_exact = len(known.kinds) == 1 or all(map(is_safe, known.items))
        # A range of one value: as a term, a sign would say that it must not be there.
        ranges = [f"[{value} TO {value}]" for value in values]
        return (None if not values else f"{name}:{ranges[0]}" if len(ranges) == 1 else f"({' OR '.join(f'{name}:{each}' for each in ranges)})"), is_exact
    item = known.items[0]
    assert not isinstance(item.value, str)
    if len(known.kinds) == 2:
        is_exact = is_safe(item)
        return _range(name, op if is_exact else Op.GE if op in (Op.GT, Op.GE) else Op.LE, number(zero(op, item.value))), is_exact
    test = number_test(op, item)
    found: tuple[Any, Any] | None = test.ints if known.kinds == {"int"} else test.floats
    if found is None:
        return None, True
    low, high = (INT_MIN, INT_MAX) if known.kinds == {"int"} else (-FLOAT_MAX, FLOAT_MAX)
    low_text = "*" if found[0] == low else number(-0.0 if found[0] == 0 and known.kinds == {"float"} else found[0])
    return f"{name}:[{low_text} TO {'*' if found[1] == high else number(found[1])}]", True


def number(value: float) -> str:
    """A number as Java's NumberFormat reads it back."""
    return repr(value).upper().replace("E+", "E")


def _writes(expr: Expr, options: Options) -> Translation:
    return write(expr, LuceneWriter(Fields(expr, options["schema"]), options))


PARSER = Option("the parser that reads it: QueryParser, or StandardQueryParser with a PointsConfig for numbers", "classic", ("classic", "standard"))

DIALECT = Dialect("Lucene", None, _writes, {"schema": SCHEMA, "parser": PARSER, **PLACES})
