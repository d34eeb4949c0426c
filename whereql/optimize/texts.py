"""Texts: what text operators and value sets of one key know of each other.

Law: k = 'abc' decides every text operator on k; a text operator holds for strings only; STARTS WITH 'abc' implies CONTAINS 'b';
a longer CONTAINS or ENDS WITH implies a shorter. In an OR the same holds of the complements.

>>> whereql.to_text(relate_texts(whereql.parse("k CONTAINS 'neural' AND k CONTAINS 'eur' AND k != 5 AND k IS NOT NULL")))
"k CONTAINS 'neural'"
>>> whereql.to_text(relate_texts(whereql.parse("k IN ('one', 'two') AND NOT k ENDS WITH 'o'")))
"k = 'one'"
"""

from __future__ import annotations

from whereql.ast import And, Const, Expr, Not, Or, Predicate, Subject
from whereql.operators import TEXT
from whereql.optimize.domain import combine, complement, universe_of, value_set
from whereql.optimize.facts import Clash, Text, relate
from whereql.optimize.measure import Measure, measure
from whereql.optimize.negation import negate
from whereql.optimize.subjects import Subjects, is_sayable
from whereql.optimize.tree import CONNECTIVES, bottom_up, rebuild


def relate_texts(expr: Expr) -> Expr:
    """The filter without what its text operators make superfluous; expr: in negation normal form."""
    subjects = Subjects()
    return bottom_up(expr, lambda node: _relate(node, subjects))


def _relate(node: And | Or, subjects: Subjects) -> Expr:
    result: Expr = node
    for subject in dict.fromkeys(leaf.subject for arg in node.args if (leaf := _text_of(arg)) is not None):
        if not isinstance(result, CONNECTIVES):
            break
        texts = [arg for arg in result.args if (leaf := _text_of(arg)) is not None and leaf.subject == subject]
        sets = [arg for arg in result.args if subjects.one(arg) == subject]
        if len(texts) + len(sets) > 1:
            result = _replace(result, subject, texts, sets)
    return result


def _text_of(arg: Expr) -> Predicate | None:
    """The predicate of a text operator that no value set can say, with or without a NOT."""
    leaf = arg.arg if isinstance(arg, Not) else arg
    return leaf if isinstance(leaf, Predicate) and leaf.op in TEXT and not is_sayable(leaf) else None


def _replace(node: And | Or, subject: Subject, texts: list[Expr], sets: list[Expr]) -> Expr:
    """The connective with these arguments in fewer or shorter ones; an OR is looked at as the complement of an AND."""
    is_or = isinstance(node, Or)
    universe = universe_of(subject)
    values = combine([value_set(arg, universe) for arg in sets], universe, union=is_or)
    if values is None:
        return node
    said = [Text(leaf.op, str(leaf.operand.value), isinstance(arg, Not) is is_or) for arg in texts if (leaf := _text_of(arg)) is not None]  # type: ignore[union-attr]
    try:
        rest, kept = relate(subject, complement(values, universe) if is_or else values, said)
    except Clash:
        return Const(is_or)
    short = [*(sets if rest is None else [negate(rest)] if is_or else [rest]), *[arg for arg, text in zip(texts, said, strict=True) if text in kept]]
    if _total(short) >= _total(texts + sets):
        return node
    gone = {id(arg) for arg in texts + sets}
    others = [arg for arg in node.args if id(arg) not in gone]
    return rebuild(node, [*[arg for arg in short if not isinstance(arg, Const)], *others])


def _total(args: list[Expr]) -> Measure:
    sizes = [measure(arg) for arg in args]
    return Measure(sum(size.units for size in sizes), sum(size.predicates for size in sizes))
