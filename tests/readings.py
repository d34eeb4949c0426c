"""The semantics a second time, on fractions and bytes, and the ways in which other systems read them wrongly.

`Reading` is right; each of its subclasses gets one thing wrong, and `test_truth.py` sees to it that each is found out.
"""

from __future__ import annotations

import math
import re
import unicodedata
from fractions import Fraction
from typing import Any, ClassVar

import whereql
from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Or, Predicate
from whereql.kinds import NUMBERS
from whereql.operators import ORDER, TEXT
from whereql.values import INT_MAX, INT_MIN, Literal

Op = whereql.Op
_OPPOSITE = {Op.LT: Op.GE, Op.LE: Op.GT, Op.GT: Op.LE, Op.GE: Op.LT}


class Reading:
    """The semantics, independently: a value and an operand compare by their keys, if they lie on one line."""

    unknown: ClassVar[bool | None] = False  # what a predicate says of a missing key
    like_flags: ClassVar[re.RegexFlag] = re.DOTALL
    regex_flags: ClassVar[re.RegexFlag] = re.NOFLAG

    def holds(self, expr: Expr, record: whereql.Record) -> bool:
        return self.truth(expr, record) is True

    def truth(self, expr: Expr, record: whereql.Record) -> bool | None:
        match expr:
            case Const(value):
                return value
            case Not(arg):
                return self.negation(arg, record)
            case And(args):
                found = {self.truth(arg, record) for arg in args}
                return False if False in found else None if None in found else True
            case Or(args):
                found = {self.truth(arg, record) for arg in args}
                return True if True in found else None if None in found else False
        assert isinstance(expr, Predicate)
        value = self.value(expr, record)
        if value is None:
            return False if expr.op is Op.EXISTS else self.unknown
        return self.test(value, expr.op, expr.operand)

    def negation(self, arg: Expr, record: whereql.Record) -> bool | None:
        inner = self.truth(arg, record)
        return None if inner is None else not inner

    def value(self, predicate: Predicate, record: whereql.Record) -> Any:
        match predicate.subject:
            case Field(name):
                return (record.metadata or {}).get(name)
            case Document():
                return record.document
            case Id():
                return record.id
        return record.uri

    def test(self, value: Any, op: whereql.Op, operand: Any) -> bool:
        if op is Op.EXISTS:
            return True
        if op is Op.HAS:
            return self.has(value, operand)
        if op is Op.IN:
            return any(self.compare(value, Op.EQ, item) for item in operand)
        if op in TEXT:
            return isinstance(value, str) and self.text(op, value, operand.value)
        return self.compare(value, op, operand)

    def has(self, value: Any, items: tuple[Literal, ...]) -> bool:
        return isinstance(value, list) and any(self.compare(element, Op.EQ, item) for element in value for item in items)

    def line(self, value: Any) -> str | None:
        return {str: "string", bool: "bool", int: "number", float: "number"}.get(type(value))

    def key(self, value: Any) -> Any:
        """What decides about equality and order on a line."""
        return value.encode() if isinstance(value, str) else Fraction(value)

    def order_key(self, value: Any) -> Any:
        return self.key(value)

    def operand(self, item: Literal) -> Any:
        return item.value

    def compare(self, value: Any, op: whereql.Op, item: Literal) -> bool:
        operand = self.operand(item)
        if self.line(value) is None or self.line(value) != self.line(operand):
            return False
        if op is Op.EQ:
            return bool(self.key(value) == self.key(operand))
        a, b = self.order_key(value), self.order_key(operand)
        return bool({Op.LT: a < b, Op.LE: a <= b, Op.GT: a > b, Op.GE: a >= b}[op])

    def text(self, op: whereql.Op, value: str, operand: str) -> bool:
        if op is Op.MATCHES:
            return self.search(operand, value) is not None
        if op is Op.ILIKE:
            return self.like(self.fold(value), self.fold(operand))
        tests = {Op.CONTAINS: operand in value, Op.STARTS: value.startswith(operand), Op.ENDS: value.endswith(operand)}
        return tests[op] if op in tests else self.like(value, operand)

    def search(self, pattern: str, value: str) -> re.Match[str] | None:
        return re.search(pattern.replace("$", r"\Z"), value, self.regex_flags)

    def like(self, value: str, pattern: str) -> bool:
        return re.fullmatch(self.wildcards(pattern), value, self.like_flags) is not None

    def wildcards(self, pattern: str) -> str:
        parts = re.findall(r"\\.|.", pattern, re.DOTALL)
        return "".join({"%": ".*", "_": "."}.get(part) or re.escape(part[-1]) for part in parts)

    def fold(self, text: str) -> str:
        """Simple case folding: a character for a character."""
        return "".join(next((folded for folded in (c.casefold(), c.lower()) if len(folded) == 1), c) for c in text)


class ThreeValued(Reading):
    """SQL's NULL: neither a test of a missing key nor its complement holds."""

    unknown = None


class NegationNeedsKey(Reading):
    def negation(self, arg: Expr, record: whereql.Record) -> bool | None:
        missing = isinstance(arg, Predicate) and arg.op is not Op.EXISTS and self.value(arg, record) is None
        return False if missing else super().negation(arg, record)


class NotFlipsOrder(Reading):
    def negation(self, arg: Expr, record: whereql.Record) -> bool | None:
        if isinstance(arg, Predicate) and arg.op in ORDER:
            return self.truth(Predicate(arg.subject, _OPPOSITE[arg.op], arg.operand), record)
        return super().negation(arg, record)


class EmptyIsMissing(Reading):
    def value(self, predicate: Predicate, record: whereql.Record) -> Any:
        found = super().value(predicate, record)
        return None if found == "" else found


class ExistsIsTruthy(Reading):
    def test(self, value: Any, op: whereql.Op, operand: Any) -> bool:
        return bool(value) if op is Op.EXISTS else super().test(value, op, operand)


class BetweenIsSymmetric(Reading):
    def truth(self, expr: Expr, record: whereql.Record) -> bool | None:
        match expr:
            case And((Predicate(_, Op.GE, Literal() as low) as first, Predicate(_, Op.LE, Literal() as high) as second)):
                low, high = sorted((low, high), key=lambda item: item.value)
                bounds = [Predicate(first.subject, Op.GE, low), Predicate(second.subject, Op.LE, high)]
                return super().truth(And(bounds), record)
        return super().truth(expr, record)


class BoolIsInt(Reading):
    """Python: True == 1."""

    def line(self, value: Any) -> str | None:
        return "number" if type(value) is bool else super().line(value)


class CoercesStrings(Reading):
    """JavaScript, MySQL: '1' = 1."""

    def compare(self, value: Any, op: whereql.Op, item: Literal) -> bool:
        if isinstance(value, str) and item.kind in NUMBERS:
            try:
                return super().compare(float(value), op, item)
            except ValueError:
                return False
        if type(value) in (int, float) and isinstance(item.value, str):
            return super().compare(str(value), op, item)
        return super().compare(value, op, item)


class RoundsToDouble(Reading):
    """DuckDB, PostgreSQL, JavaScript: an int meets a double as a double."""

    def key(self, value: Any) -> Any:
        return super().key(value) if isinstance(value, str) else float(value)


class TruncatesFloats(Reading):
    """Chroma 1.5.9: a float operand is cut to an int64 for a stored int."""

    def compare(self, value: Any, op: whereql.Op, item: Literal) -> bool:
        if type(value) is int and isinstance(item.value, float):
            cut = max(INT_MIN, min(INT_MAX, math.trunc(item.value)))
            return super().compare(value, op, whereql.literal(cut))
        if type(value) is float and type(item.value) is int:
            return super().compare(value, op, whereql.literal(float(item.value)))
        return super().compare(value, op, item)


class HasMindsSpelling(Reading):
    """Chroma 1.5.9: in arrays 1 is not 1.0."""

    def has(self, value: Any, items: tuple[Literal, ...]) -> bool:
        return isinstance(value, list) and any((type(v), v) == (type(item.value), item.value) for v in value for item in items)


class HasIsSubstring(Reading):
    """Python's `in`, on strings."""

    def has(self, value: Any, items: tuple[Literal, ...]) -> bool:
        texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
        return super().has(value, items) or any(isinstance(item.value, str) and item.value in text for text in texts for item in items)


class AnyIsAll(Reading):
    def has(self, value: Any, items: tuple[Literal, ...]) -> bool:
        return all(super(AnyIsAll, self).has(value, (item,)) for item in items)


class AllIsAny(Reading):
    def truth(self, expr: Expr, record: whereql.Record) -> bool | None:
        if isinstance(expr, And) and all(isinstance(arg, Predicate) and arg.op is Op.HAS for arg in expr.args):
            return super().truth(Or(expr.args), record)
        return super().truth(expr, record)


class EqualsAnElement(Reading):
    """MongoDB: a comparison with an array asks its elements."""

    def compare(self, value: Any, op: whereql.Op, item: Literal) -> bool:
        values = value if isinstance(value, list) else [value]
        return any(super(EqualsAnElement, self).compare(each, op, item) for each in values)


class TextLooksIntoArrays(Reading):
    def test(self, value: Any, op: whereql.Op, operand: Any) -> bool:
        if op in TEXT and isinstance(value, list):
            return any(super(TextLooksIntoArrays, self).test(each, op, operand) for each in value)
        return super().test(value, op, operand)


class Utf16Order(Reading):
    """Java, JavaScript, C#: strings sort by UTF-16 unit."""

    def order_key(self, value: Any) -> Any:
        return value.encode("utf-16-be") if isinstance(value, str) else super().order_key(value)


class CasefoldOrder(Reading):
    def order_key(self, value: Any) -> Any:
        return value.casefold().encode() if isinstance(value, str) else super().order_key(value)


class EqualityIgnoresCase(Reading):
    """MySQL's default collation."""

    def key(self, value: Any) -> Any:
        return value.casefold().encode() if isinstance(value, str) else super().key(value)


class Normalizes(Reading):
    def key(self, value: Any) -> Any:
        return super().key(unicodedata.normalize("NFC", value) if isinstance(value, str) else value)

    def text(self, op: whereql.Op, value: str, operand: str) -> bool:
        return super().text(op, unicodedata.normalize("NFC", value), unicodedata.normalize("NFC", operand))


class NulTerminated(Reading):
    """C: a string ends at its first NUL."""

    def key(self, value: Any) -> Any:
        return super().key(value.split("\0")[0] if isinstance(value, str) else value)

    def text(self, op: whereql.Op, value: str, operand: str) -> bool:
        return super().text(op, value.split("\0")[0], operand.split("\0")[0])


class ContainsHasWildcards(Reading):
    """A part put into a LIKE pattern as it stands."""

    def text(self, op: whereql.Op, value: str, operand: str) -> bool:
        patterns = {Op.CONTAINS: f"%{operand}%", Op.STARTS: f"{operand}%", Op.ENDS: f"%{operand}"}
        return self.like(value, patterns[op]) if op in patterns else super().text(op, value, operand)


class ContainsIgnoresCase(Reading):
    def text(self, op: whereql.Op, value: str, operand: str) -> bool:
        plain = op in (Op.CONTAINS, Op.STARTS, Op.ENDS)
        return super().text(op, *((value.casefold(), operand.casefold()) if plain else (value, operand)))


class LikeIgnoresCase(Reading):
    """SQLite's LIKE."""

    like_flags = re.DOTALL | re.IGNORECASE | re.ASCII


class LikeSearches(Reading):
    def like(self, value: str, pattern: str) -> bool:
        return re.search(self.wildcards(pattern), value, self.like_flags) is not None


class WildcardsStopAtNewline(Reading):
    """A LIKE pattern turned into a regular expression without its flag."""

    like_flags = re.NOFLAG


class UnderscoreIsAUnit(Reading):
    """Java, JavaScript, C#: `_` is a UTF-16 unit."""

    def like(self, value: str, pattern: str) -> bool:
        return super().like(_units(value), _units(pattern))


def _units(text: str) -> str:
    encoded = text.encode("utf-16-le")
    return "".join(chr(low | high << 8) for low, high in zip(encoded[::2], encoded[1::2], strict=True))


class EscapesAreIgnored(Reading):
    def wildcards(self, pattern: str) -> str:
        return super().wildcards(re.sub(r"\\(.)", r"\1", pattern))


class IlikeMindsCase(Reading):
    def fold(self, text: str) -> str:
        return text


class IlikeIsAscii(Reading):
    """SQLite, or a database in the C locale."""

    def fold(self, text: str) -> str:
        return "".join(c.lower() if c.isascii() else c for c in text)


class IlikeFoldsFully(Reading):
    def fold(self, text: str) -> str:
        return text.casefold()


class MatchesWholly(Reading):
    """Java's matches()."""

    def search(self, pattern: str, value: str) -> re.Match[str] | None:
        return re.fullmatch(pattern.replace("$", r"\Z"), value, self.regex_flags)


class MatchesIgnoresCase(Reading):
    regex_flags = re.IGNORECASE


class ClassesAreAscii(Reading):
    r"""RE2 by itself: `\d`, `\w` and `\b` are ASCII."""

    regex_flags = re.ASCII


class DollarIsLenient(Reading):
    r"""Python, Perl: `$` matches before a final `\n`, too."""

    def search(self, pattern: str, value: str) -> re.Match[str] | None:
        return re.search(pattern, value)


class DatesAreLocal(Reading):
    def operand(self, item: Literal) -> Any:
        return item.value - 7200 if (item.form or "").startswith("DATE") else item.value  # type: ignore[operator]  # a date is a number


class DatesAreMilliseconds(Reading):
    def operand(self, item: Literal) -> Any:
        return item.value * 1000 if item.form else item.value


MISREADINGS: dict[str, Reading] = {re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(): kind() for kind in Reading.__subclasses__()}
