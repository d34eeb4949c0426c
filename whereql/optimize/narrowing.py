"""Narrowing: what a schema declares of a key is taken at its word.

Law: where a key holds ints only, year = 'x' is FALSE, year > 2019 AND year < 2021 is year = 2020; where it is in every record,
year IS NOT NULL is TRUE. A schema that is only what a collection holds now narrows nothing: the next write may change it.

>>> declared = {Field("year"): declared_universe(["int"], missing=True)}
>>> whereql.to_text(narrow(whereql.parse("year > 2019 AND year < 2021 OR year = 'x' OR a = 1"), declared))
'year = 2020 OR a = 1'
"""

from __future__ import annotations

from collections.abc import Mapping

from whereql.ast import And, Expr, Field, Not, Or, Subject, predicates
from whereql.optimize.constants import fold_constants
from whereql.optimize.domain import Universe, combine, declared_universe, value_set
from whereql.optimize.measure import Measure, measure
from whereql.optimize.merging import merge_node
from whereql.optimize.order import arrange
from whereql.optimize.spelling import spell
from whereql.optimize.subjects import Subjects
from whereql.optimize.tree import CONNECTIVES, bottom_up, map_leaves
from whereql.records import Schema


def narrow(expr: Expr, universes: Mapping[Subject, Universe]) -> Expr:
    """The filter for records whose values lie in these universes; expr: in negation normal form."""
    subjects = Subjects()

    def merged(node: And | Or, subject: Subject, args: list[Expr]) -> Expr | None:
        if subject not in universes:
            return None
        universe = universes[subject]
        values = combine([value_set(arg, universe) for arg in args], universe, union=isinstance(node, Or))
        if values is None:
            return None
        sizes = [measure(arg) for arg in args]
        short = arrange(spell(subject, values, universe))
        return short if measure(short) < Measure(sum(size.units for size in sizes), sum(size.predicates for size in sizes)) else None

    def one(leaf: Expr) -> Expr:
        subject = subjects.one(leaf)
        if subject is None or subject not in universes:
            return leaf
        values = value_set(leaf, universes[subject])
        short = leaf if values is None else spell(subject, values, universes[subject])
        # `NOT k > 7` is `k <= 7` for a key that every record has: no shorter, but it can be merged with others like it.
        is_plainer = isinstance(leaf, Not) and not isinstance(short, Not) and measure(short) == measure(leaf)
        return short if is_plainer or measure(short) < measure(leaf) else leaf

    narrowed = bottom_up(map_leaves(expr, one), lambda node: merge_node(node, subjects, merged))
    return fold_constants(narrowed) if isinstance(narrowed, CONNECTIVES) and narrowed is not expr else narrowed


def declared_universes(expr: Expr, schema: Schema) -> dict[Subject, Universe]:
    """The universes of those keys of a filter that a schema declares; those that were only found in records are left out."""
    universes: dict[Subject, Universe] = {}
    for predicate in predicates(expr):
        subject = predicate.subject
        if isinstance(subject, Field) and subject not in universes:
            info = schema.keys.get(subject.name)
            if info is not None and info.declared is not None:
                universes[subject] = declared_universe(info.declared, missing=not info.required)
    return universes
