"""Normalizing a filter: the passes, one after the other and again, until none of them has anything left to do.

>>> whereql.to_text(normalize(whereql.parse("NOT (k != 1 AND NOT k IN (2, 3)) AND (a = 1 OR a > 0)")))
'a > 0 AND k IN (1, 2, 3)'
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from whereql.ast import Expr, Op
from whereql.errors import CheckError, LimitError
from whereql.operators import TEXT
from whereql.optimize.absorption import absorb
from whereql.optimize.constants import fold_constants
from whereql.optimize.duplicates import drop_duplicates
from whereql.optimize.factoring import factor
from whereql.optimize.invariants import check_pass
from whereql.optimize.measure import measure
from whereql.optimize.membership import join_lists
from whereql.optimize.merging import merge_values
from whereql.optimize.narrowing import declared_universes, narrow
from whereql.optimize.negation import push_negation
from whereql.optimize.order import arrange
from whereql.optimize.patterns import simplify_patterns
from whereql.optimize.shortening import shorten_predicates
from whereql.optimize.survey import Survey, take_survey
from whereql.optimize.texts import relate_texts
from whereql.records import Schema
from whereql.source import quote
from whereql.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Pass:
    """A step of the optimizer.

    rewrite: a pure function from a filter to one that means the same and is no larger; has_work: whether it could do anything
    to a filter that looks like this, so that most passes cost most filters nothing.
    """

    name: str
    rewrite: Callable[[Expr], Expr]
    has_work: Callable[[Survey], bool] = lambda survey: True


@dataclass(frozen=True, slots=True)
class Step:
    """What a pass did: its name, and the filter before and after."""

    name: str
    before: Expr
    after: Expr


PASSES = (
    Pass("negation", push_negation, lambda survey: survey.has_negation),
    Pass("constants", fold_constants, lambda survey: survey.has_constants),
    Pass("patterns", simplify_patterns, lambda survey: bool(survey.operators & TEXT)),
    Pass("shortening", shorten_predicates),
    Pass("merging", merge_values, lambda survey: survey.repeats),
    Pass("texts", relate_texts, lambda survey: survey.repeats and bool(survey.operators & TEXT)),
    Pass("membership", join_lists, lambda survey: Op.HAS in survey.operators),
    Pass("duplicates", drop_duplicates, lambda survey: survey.repeats),
    Pass("absorption", absorb, lambda survey: survey.repeats),
    Pass("factoring", factor, lambda survey: survey.repeats),
)
ORDER = Pass("order", arrange)  # once, when the others are done: none of them looks at the order

MAX_ROUNDS = 20  # each but the last makes the filter shorter or simpler; two or three are usual


def normalize(
    expr: Expr, *, schema: Schema | None = None, without: Collection[str] = (), passes: Sequence[Pass] = (), trace: list[Step] | None = None
) -> Expr:
    """The same filter in its normal form.

    Filters over one key that mean the same (comparison, IN, EXISTS, and HAS with up to 6 elements) have the same normal form.
    Predicates and list literals never become more. schema: keys that it declares are taken at its word, those that it only found
    are not; without: names of passes to leave out; passes: further ones, after the built-in; trace: gets what each pass did.
    Raises CheckError for a filter with parameters left to bind, or for the name of a pass that there is none of.
    """
    universes = declared_universes(expr, schema) if schema is not None else None
    narrowing = [Pass("narrowing", lambda filter: narrow(filter, universes))] if universes else []
    active = _chosen([*PASSES, *narrowing, *passes], {without} if isinstance(without, str) else without)
    done: dict[str, Expr] = {}  # what each pass made last: it would leave that as it is
    for _ in range(MAX_ROUNDS):
        start = expr
        survey = take_survey(expr)
        for one in active:
            if expr is not done.get(one.name) and one.has_work(survey):
                expr = done[one.name] = _apply(one, expr, trace)
        if expr is start:
            break
    return expr if ORDER.name in without else _apply(ORDER, expr, trace)


def _chosen(passes: list[Pass], without: Collection[str]) -> list[Pass]:
    if not without:
        return passes
    known = {one.name for one in (*passes, ORDER)} | {"narrowing"}
    for name in without:
        if name not in known:
            hint = did_you_mean(name, known) or f"the passes are {', '.join(sorted(known))}"
            raise CheckError("WQ314", f"there is no pass {quote(name)}", hint=hint)
    return [one for one in passes if one.name not in without]


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: prepared filters are keyed by it, and must be fast
class PassChoice:
    """Whether collections normalize the filters that they run, and without which passes."""

    enabled: bool = True
    without: frozenset[str] = frozenset()


def _of_environment(value: str) -> PassChoice:
    """What `WHEREQL_PASSES` says: `off`, or the names of passes to leave out, each behind a minus: `-texts,-factoring`."""
    names = [name.strip() for name in value.split(",") if name.strip()]
    return PassChoice("off" not in names, frozenset(name[1:] for name in names if name.startswith("-")))


_choice: ContextVar[PassChoice] = ContextVar("whereql_passes", default=_of_environment(os.environ.get("WHEREQL_PASSES", "")))  # noqa: B039 - PassChoice is immutable


current_passes: Callable[[], PassChoice] = _choice.get  # see current_limits
"""What is chosen in this thread or task."""


@contextmanager
def use_passes(*, enabled: bool = True, without: Collection[str] = ()) -> Iterator[None]:
    """Run filters as they are, or without some passes, within a `with` block, in this thread or task only.

    The answers are the same; it is for finding out what a pass does, and for leaving out one that misbehaves.
    """
    token = _choice.set(PassChoice(enabled, frozenset({without} if isinstance(without, str) else without)))
    try:
        yield
    finally:
        _choice.reset(token)


def _apply(one: Pass, expr: Expr, trace: list[Step] | None) -> Expr:
    """The filter after a pass, or as it was where the pass would make it larger, or nest it beyond the limits."""
    try:
        after = one.rewrite(expr)
    except LimitError:
        return expr
    if after is expr or measure(after) > measure(expr):
        return expr
    if os.environ.get("WHEREQL_CHECK") == "1":
        check_pass(one.name, expr, after)
    if trace is not None:
        trace.append(Step(one.name, expr, after))
    return after
