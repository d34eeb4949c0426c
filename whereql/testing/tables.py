"""The capabilities of a backend as a table: operator × subject × kind, and how well the store answers each by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from whereql.ast import Document, Field, Id, Predicate, Subject, Uri
from whereql.backend import Backend
from whereql.kinds import Kind
from whereql.operators import OPERATORS, Op, Operand
from whereql.support import Support
from whereql.values import literal

_SAMPLES = {Kind.STRING: "a", Kind.INT: 1, Kind.FLOAT: 1.5, Kind.BOOL: True}
_SUBJECTS: tuple[tuple[str, Subject], ...] = (("key", Field("k")), ("#document", Document()), ("#id", Id()), ("#uri", Uri()))
_WORDS = {Support.EXACT: "exact", Support.INEXACT: "inexact", Support.NONE: "refused"}


def capability_table(backend: Backend) -> str:
    """A plain text table. `exact / refused` is of a predicate and of its complement, where they differ.

    What is refused, or inexact, in a query with `strict=True`, whereql evaluates on the records that come back in any other.
    """
    rows = [["operator", "kind", *(name for name, _ in _SUBJECTS)]]
    for op in Op:
        kinds: list[Kind | None] = [kind for kind in Kind if kind in OPERATORS[op].kinds]
        rows += _merged([[OPERATORS[op].symbol, "" if kind is None else kind.value, *_cells(backend, op, kind)] for kind in kinds or [None]])
    return "\n".join([_line(rows[0], rows), *(_line(row, rows) for row in rows[1:]), _shape(backend)])


def _cells(backend: Backend, op: Op, kind: Kind | None) -> Iterable[str]:
    for _, subject in _SUBJECTS:
        value = None if kind is None else literal(_SAMPLES[kind])
        operand = (value,) if OPERATORS[op].operand is Operand.MANY and value is not None else value
        predicate = Predicate(subject, op, operand)
        plain, negated = (_WORDS[backend.support(predicate, polarity)] for polarity in (False, True))
        yield plain if plain == negated else f"{plain} / {negated}"


def _merged(rows: Sequence[list[str]]) -> list[list[str]]:
    """Rows of an operator that differ in the kind only, as one."""
    merged: dict[tuple[str, ...], list[str]] = {}
    for operator, kind, *cells in rows:
        merged.setdefault((operator, *cells), []).append(kind)
    return [[key[0], ", ".join(kinds), *key[1:]] for key, kinds in merged.items()]


def _line(row: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(other[column]) for other in rows) for column in range(len(row))]
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _shape(backend: Backend) -> str:
    shape = backend.shape
    lacking = [name for name, has in (("AND", shape.conjunction), ("OR", shape.disjunction)) if not has]
    limits = [f"{name} {limit:,}" for name in ("depth", "width", "predicates", "items", "literals") if (limit := getattr(shape, name)) is not None]
    return f"shape: {', '.join([f'no {name}' for name in lacking] + limits) or 'any'}"
