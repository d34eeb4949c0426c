"""A filter language, read or written: what a dialect is, and what it makes of a filter.

>>> shout = Dialect("Shouting", writes=lambda expr, options: Translation(whereql.to_text(expr).upper()))
>>> shout.encode(whereql.parse("year >= 2020")).native
'YEAR >= 2020'

A dialect never says something else than the filter: what its language can't say is a residual, which `encode` refuses unless
the caller takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from whereql.ast import Expr, predicates
from whereql.errors import CheckError, TranslateError, UnsupportedError
from whereql.source import Span, quote
from whereql.suggest import did_you_mean
from whereql.support import Support


@dataclass(frozen=True, slots=True)
class Note:
    """How one condition was said.

    condition: a predicate or its complement; support: EXACT, INEXACT for a superset of it, NONE for not at all; reason: why, or on
    what condition it is exact; hint: what to write instead.
    """

    condition: Expr
    support: Support
    reason: str
    hint: str = ""

    @property
    def predicate(self) -> str:
        """The condition as whereql's text."""
        from whereql.dialects.text.printer import print_filter  # printed only where somebody reads it

        return print_filter(self.condition)

    @property
    def span(self) -> Span | None:
        """Where it stands in the source, if that is known."""
        return next(predicates(self.condition)).span


@dataclass(frozen=True, slots=True)
class Translation:
    """A filter in another language.

    native: a text, JSON-ready data, or an `Sql`; residual: what is still to be tested on each record that `native` finds, which is
    then a superset of the records of the filter, None for nothing; notes: on the predicates about which there is something to say.
    """

    native: Any
    residual: Expr | None = None
    notes: tuple[Note, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether `native` finds just the records of the filter."""
        return self.residual is None


@dataclass(frozen=True, slots=True)
class Sql:
    """A condition in SQL, its values apart: for a WHERE clause and the parameters of the driver.

    params: in the order of their places, or by name where the engine's places have names.
    """

    text: str
    params: tuple[Any, ...] | dict[str, Any] = ()

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a dialect: what it says, its default, and the values it may have, any where there are none."""

    what: str
    default: Any = None
    choices: tuple[Any, ...] = ()


Options = Mapping[str, Any]
Reads = Callable[[Any, Options], Expr]
Writes = Callable[[Expr, Options], Translation]


@dataclass(frozen=True)
class Dialect:
    """A filter language.

    title: as its users call it; reads: from a source to a filter; writes: from a closed filter to a translation, its residual
    left to the caller (`whereql.dialects.writing` has what most of them share); either is None where there is no such direction.
    options: those that both functions are given, by name. form: what a source is, `"text"`, `"json"` or `"sql"`.
    """

    title: str
    reads: Reads | None = None
    writes: Writes | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    form: str = "text"

    def decode(self, source: Any, **options: Any) -> Expr:
        """The filter that a source says.

        Raises ParseError with the span or WhereError with the path of a mistake, UnsupportedError for what is no filter, LimitError.
        """
        if self.reads is None:
            raise UnsupportedError("WQ505", f"{self.title} is written only", hint="whereql dialects lists those that are read")
        return self.reads(source, self._completed(options))

    def encode(self, expr: Expr, *, allow_residual: bool = False, **options: Any) -> Translation:
        """A closed filter in this language.

        allow_residual: take a translation that finds too much, and what is left to test beside it. Raises TranslateError naming
        the first predicate that the language can't say, CheckError for a filter with parameters or an option that there is none of.
        """
        if self.writes is None:
            raise UnsupportedError("WQ505", f"{self.title} is read only", hint="whereql dialects lists those that are written")
        translation = self.writes(expr, self._completed(options))
        if translation.residual is not None and not allow_residual:
            raise refusal(self.title, translation, "allow_residual=True finds more, and says what is left to test")
        return translation

    def _completed(self, given: Options) -> Options:
        for name, value in given.items():
            option = self.options.get(name)
            if option is None:
                hint = did_you_mean(name, self.options) or (f"known are {', '.join(self.options)}" if self.options else "it has no options")
                raise CheckError("WQ314", f"{self.title} has no option {quote(name)}", hint=hint)
            if option.choices and value not in option.choices:
                raise CheckError("WQ314", f"{name} is not {quote(str(value))}: {option.what}", hint=f"it is {_either(option.choices)}")
        return {name: given.get(name, option.default) for name, option in self.options.items()}


def refusal(title: str, translation: Translation, instead: str = "") -> TranslateError:
    """The error for a residual that nobody asked for: what can't be said, and why. instead: what else there is to do."""
    cause = next((note for note in translation.notes if note.support is not Support.EXACT), None)
    if cause is None:
        return TranslateError("WQ501", f"{title} can't say all of the filter: each condition, but not so many, so deep, or joined so", hint=instead)
    shown = cause.predicate if len(cause.predicate) <= 120 else f"{cause.predicate[:119]}…"
    hint = "; ".join(part for part in (cause.hint, instead) if part)
    return TranslateError("WQ501", f"{title} can't say {shown}: {cause.reason}", span=cause.span, hint=hint)


def _either(choices: Collection[Any]) -> str:
    return " or ".join(map(str, choices))
