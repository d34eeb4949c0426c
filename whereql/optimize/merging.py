"""Merging: all that one AND or OR says about a key by comparison, set, existence and membership becomes its shortest form.

Law: the records whose value lies in A, and in B, are those whose value lies in the intersection of A and B; OR is the union.
`domain` has the sets, `spelling` the shortest form; nothing is merged into something longer.

>>> whereql.to_text(merge_values(whereql.parse("k > 5 AND k > 7 AND j = 1 AND k != 9 AND k != 8")))
'k > 7 AND k NOT IN (8, 9) AND j = 1'
"""

from __future__ import annotations

from collections.abc import Callable

from whereql.ast import And, Expr, Or, Subject
from whereql.optimize.domain import combine, universe_of, value_set
from whereql.optimize.measure import Measure, measure
from whereql.optimize.order import arrange, sort_key
from whereql.optimize.plain import is_plain_range, join_plain
from whereql.optimize.spelling import spell
from whereql.optimize.subjects import Subjects
from whereql.optimize.tree import bottom_up

Merged = Callable[[And | Or, Subject, list[Expr]], Expr | None]


def merge_values(expr: Expr) -> Expr:
    """The filter with one value set per key in each AND and OR; expr: in negation normal form."""
    subjects = Subjects()
    return bottom_up(expr, lambda node: merge_node(node, subjects, _merged))


def merge_node(node: And | Or, subjects: Subjects, merged_of: Merged) -> Expr:
    """A connective with the arguments of each subject merged, where that is shorter."""
    groups: dict[Subject, list[Expr]] = {}
    for arg in node.args:
        subject = subjects.one(arg)
        if subject is not None:
            groups.setdefault(subject, []).append(arg)
    merged = {subject: short for subject, args in groups.items() if len(args) > 1 and (short := merged_of(node, subject, args)) is not None}
    if not merged:
        return node
    args = [arg for arg in node.args if subjects.one(arg) not in merged]
    return type(node)([*merged.values(), *args])


def _merged(node: And | Or, subject: Subject, args: list[Expr]) -> Expr | None:
    """The shortest form of what the arguments say together, None if it is what they are, or not shorter."""
    if isinstance(node, And) and is_plain_range(args):
        return None
    joined = join_plain(subject, args, negated=isinstance(node, And))
    if joined is not None:
        return joined
    universe = universe_of(subject)
    values = combine([value_set(arg, universe) for arg in args], universe, union=isinstance(node, Or))
    if values is None:
        return None
    short = arrange(spell(subject, values, universe))
    own = list(short.args) if type(short) is type(node) else [short]
    if len(own) == len(args) and own == sorted(args, key=sort_key):
        return None
    sizes = [measure(arg) for arg in args]
    return None if measure(short) > Measure(sum(size.units for size in sizes), sum(size.predicates for size in sizes)) else short
