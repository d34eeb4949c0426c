"""Filters made ready: what a collection finds out about a filter once, and knows when that comes again.

What it knows holds for the limits and the passes in force, which are part of each key, and for one schema: the first call after
a write finds another one, and with it nothing known. A backend without a cheap schema is asked anew each time.

>>> from whereql.records import KeyInfo
>>> from whereql.scanning import ScanBackend
>>> class Still(ScanBackend):
...     cheap_schema = True
...     held = Schema(2, {"year": KeyInfo({"int": 2})})
...     def schema(self):
...         return self.held
>>> still = Still()
>>> known = Known(still, still.schema())
>>> known.of_text("year > 2020") is known.of_text("year > 2020")
True
>>> known.of_text("yaer > 2020").warnings
('no record here has the key yaer (did you mean year?)',)
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Any

from whereql.ast import And, Const, Expr, predicates
from whereql.backend import Backend, Query
from whereql.binding import bind, check_patterns
from whereql.check import check_filter
from whereql.dialects import chroma, text
from whereql.errors import CheckError
from whereql.planning import Parts, Plan, circumstances, find_parts, lay_out
from whereql.records import Schema
from whereql.values import describe_type

Where = str | Mapping[str, Any] | Expr

_KEPT, _PLANS = 128, 8  # filters, twice so many at most; plans of each
_CHARACTERS = 32_000  # of a text; larger filters would fill the memory
_PREDICATES, _ITEMS, _LETTERS = 32, 100, 1000  # of a filter, of a list, of a string, for the same reason


def decode(where: Where | None, *, lenient: bool = False) -> Expr:
    """The filter that a text, a where JSON or an Expr says; None and an empty text match every record."""
    match where:
        case None:
            return Const(True)
        case Expr():
            return check_patterns(where)
        case str():
            return text.decode(where)
        case Mapping():
            return chroma.decode(where, lenient=lenient)
    raise CheckError(
        "WQ313", f"a filter is a text, a where JSON object or an Expr, got {describe_type(where)}", hint='write "year >= 2020" or F("year") >= 2020'
    )


def closed(where: Where | None, where_document: Mapping[str, Any] | Expr | None = None, params: Mapping[str, Any] | None = None, lenient: bool = False) -> Expr:
    """The filter of a call's arguments, its parameters bound."""
    expr = decode(where, lenient=lenient)
    if where_document is not None:
        document = where_document if isinstance(where_document, Expr) else chroma.decode_document(where_document, lenient=lenient)
        expr = And([expr, document]) if where is not None else document
    try:
        return bind(expr, params)
    except CheckError as error:
        error.source = error.source or (where if isinstance(where, str) and error.span else None)
        raise


class Prepared:
    """A closed filter, and what a backend with this schema makes of it, found out when it is first needed.

    schema: None for a backend that is not asked for it with each query.
    """

    def __init__(self, backend: Backend, schema: Schema | None, where: Expr) -> None:
        self.backend, self._schema = backend, schema
        self._plans: dict[tuple[int | None, int, tuple[str, ...]], Plan] = {}
        self.where = where

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What the kinds of the keys say against it that is worth a word with every call."""
        if self._schema is None or not self._schema.records:
            return ()
        return tuple(f"{finding.message} ({finding.hint})" for finding in check_filter(self.where, self._schema) if _is_telling(finding))

    @cached_property
    def parts(self) -> Parts:
        """What the backend is asked, and what is left to whereql."""
        return find_parts(self.backend, self.where, self._schema)

    def plan(self, ids: tuple[str, ...] | None, limit: int | None, offset: int, include: tuple[str, ...], strict: bool = False) -> Plan:
        """The plan of a query with this filter, see `make_plan`; the last of those without ids are kept."""
        if ids is not None or strict:
            return lay_out(self.backend, self.parts, Query(self.where, ids, limit, offset, include), strict)
        rest = limit, offset, include
        plan = self._plans.get(rest)
        if plan is None:
            plan = lay_out(self.backend, self.parts, Query(self.where, ids, limit, offset, include))
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            self._plans[rest] = plan
        return plan


def _is_telling(finding: CheckError) -> bool:
    hint = finding.hint or ""
    return finding.code == "WQ312" or "did you mean" in hint or "own field" in hint


class Known:
    """The filters that came last, prepared for a backend as it is with this schema. Any number of threads may ask."""

    def __init__(self, backend: Backend, schema: Schema | None) -> None:
        self._backend, self.schema = backend, schema
        # Those that came since, and those before: what is asked for again stays, and a look-up needs no lock.
        self._new: dict[Hashable, Prepared] = {}
        self._old: dict[Hashable, Prepared] = {}

    def of_text(self, where: str | None) -> Prepared:
        """A text without parameters, or None for all records."""
        key = where, circumstances()
        found = self._new.get(key) or self._back(key)
        if found is None:
            found = Prepared(self._backend, self.schema, closed(where))
            if where is None or len(where) <= _CHARACTERS:
                found = self._keep(key, found)
        return found

    def of_filter(self, where: Expr, is_closed: bool = True) -> Prepared:
        """A filter without parameters, looked at by `closed` or not. An equal one is as good, unless it would be shown: `DATE('…')` and the epoch seconds are equal."""
        key = where, circumstances()
        found = self._new.get(key) or self._back(key)
        if found is not None and (found.where is where or (found.parts.is_exact and not found.warnings)):
            return found
        made = Prepared(self._backend, self.schema, where if is_closed else closed(where))
        if found is None and _is_small(where):
            self._keep(key, made)
        return made

    def _back(self, key: Hashable) -> Prepared | None:
        """A filter of those before, which is now one of those that came since."""
        found = self._old.get(key)
        return None if found is None else self._keep(key, found)

    def _keep(self, key: Hashable, filter: Prepared) -> Prepared:
        if len(self._new) >= _KEPT:
            self._old, self._new = self._new, {}
        return self._new.setdefault(key, filter)


def _is_small(expr: Expr) -> bool:
    if expr.size > _PREDICATES:
        return False
    for predicate in predicates(expr):
        operand = predicate.operand
        items = operand if isinstance(operand, tuple) else (operand,)
        if len(items) > _ITEMS or any(isinstance(value := getattr(item, "value", None), str) and len(value) > _LETTERS for item in items):
            return False
    return True
