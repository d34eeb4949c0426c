"""Filters as Python expressions: `F("year") >= 2020`, combined with `&`, `|` and `~`.

>>> whereql.to_text((F("year") >= 2020) & F("topics").has("ml") & ~F.document.contains("draft"))
"year >= 2020 AND topics HAS 'ml' AND #document NOT CONTAINS 'draft'"

Mind the parentheses around comparisons: Python binds `&` and `|` tighter than `>=`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn

from whereql.ast import And, Document, Expr, Field, Id, Not, Op, Param, Predicate, Subject, Uri
from whereql.binding import check_patterns
from whereql.errors import CheckError
from whereql.values import Literal, check_text_value, describe_type, literal, literals


class F:
    """A metadata key, or `F.id`, `F.document`, `F.uri`, whose comparisons make filters.

    Operands are strings, ints, floats, bools, numpy scalars, or a `Param`. Raises CheckError for any other.
    """

    __slots__ = ("_subject",)
    __hash__ = None  # type: ignore[assignment]  # == makes a filter, so a key can't be looked up in a dict

    id: ClassVar[F]
    document: ClassVar[F]
    uri: ClassVar[F]

    def __init__(self, key: str | Subject) -> None:
        if not isinstance(key, (str, Field, Document, Id, Uri)):
            raise CheckError("WQ306", f"a key is a string, not {describe_type(key)}", hint='write F("year")')
        if isinstance(key, str):
            check_text_value(key)
        self._subject: Subject = Field(key) if isinstance(key, str) else key

    def _one(self, op: Op, value: object) -> Expr:
        operand = value if isinstance(value, (Literal, Param)) else literal(value)
        return check_patterns(Predicate(self._subject, op, operand))

    def _many(self, op: Op, values: object) -> Expr:
        return Predicate(self._subject, op, values if isinstance(values, Param) else literals(values))

    def __eq__(self, value: object) -> Expr:  # type: ignore[override]  # a filter in place of a bool, as every query builder has it
        return self._one(Op.EQ, value)

    def __ne__(self, value: object) -> Expr:  # type: ignore[override]  # see __eq__
        return Not(self._one(Op.EQ, value))

    def __lt__(self, value: object) -> Expr:
        return self._one(Op.LT, value)

    def __le__(self, value: object) -> Expr:
        return self._one(Op.LE, value)

    def __gt__(self, value: object) -> Expr:
        return self._one(Op.GT, value)

    def __ge__(self, value: object) -> Expr:
        return self._one(Op.GE, value)

    def between(self, low: object, high: object) -> Expr:
        """Between two bounds, both included."""
        return And([self._one(Op.GE, low), self._one(Op.LE, high)])

    def is_in(self, values: Iterable[Any] | Param) -> Expr:
        """Equal to one of the values, which may be of several kinds."""
        return self._many(Op.IN, values)

    def has(self, value: object) -> Expr:
        """An array with this element."""
        return Predicate(self._subject, Op.HAS, (value if isinstance(value, (Literal, Param)) else literal(value),))

    def has_any(self, values: Iterable[Any] | Param) -> Expr:
        """An array with at least one of these elements."""
        return self._many(Op.HAS, values)

    def has_all(self, values: Iterable[Any] | Param) -> Expr:
        """An array with each of these elements; every record for no elements at all."""
        if isinstance(values, Param):
            return Predicate(self._subject, Op.HAS, Param(values.name, each=True))
        return And([Predicate(self._subject, Op.HAS, (value,)) for value in literals(values)])

    def contains(self, text: str | Param) -> Expr:
        """A string with this part, case-sensitive."""
        return self._one(Op.CONTAINS, text)

    def starts_with(self, text: str | Param) -> Expr:
        """A string that begins so."""
        return self._one(Op.STARTS, text)

    def ends_with(self, text: str | Param) -> Expr:
        """A string that ends so."""
        return self._one(Op.ENDS, text)

    def like(self, pattern: str | Param) -> Expr:
        r"""A string that is as a whole like the pattern: `%` any run, `_` one character, `\` escapes these."""
        return self._one(Op.LIKE, pattern)

    def ilike(self, pattern: str | Param) -> Expr:
        """As `like`, without regard to case."""
        return self._one(Op.ILIKE, pattern)

    def matches(self, pattern: str | Param) -> Expr:
        """A string in which the regular expression (Rust's syntax) finds a match."""
        return self._one(Op.MATCHES, pattern)

    def exists(self) -> Expr:
        """The record has the key, with whatever value; `~F("k").exists()` for those that lack it."""
        return Predicate(self._subject, Op.EXISTS)

    def _as_filter(self) -> Expr:
        """A bare key is a condition, as in the textual language: it is TRUE."""
        return self._one(Op.EQ, True)

    def __invert__(self) -> Expr:
        return ~self._as_filter()

    def __and__(self, other: Expr | F) -> Expr:
        return self._as_filter() & (other._as_filter() if isinstance(other, F) else other)

    def __or__(self, other: Expr | F) -> Expr:
        return self._as_filter() | (other._as_filter() if isinstance(other, F) else other)

    def __rand__(self, other: Expr) -> Expr:
        return other & self._as_filter()

    def __ror__(self, other: Expr) -> Expr:
        return other | self._as_filter()

    def __contains__(self, value: object) -> NoReturn:
        raise TypeError("Python turns the answer of `in` into a bool; write F(key).has(value) or F(key).is_in(values)")

    def __iter__(self) -> NoReturn:
        raise TypeError("a key has no elements to go through; write F(key).has(value)")

    def __bool__(self) -> NoReturn:
        raise TypeError('a key alone has no truth value; write F("active") == True')

    def __repr__(self) -> str:
        return f"F({self._subject.name!r})" if isinstance(self._subject, Field) else f"F.{type(self._subject).__name__.lower()}"


F.id, F.document, F.uri = F(Id()), F(Document()), F(Uri())
