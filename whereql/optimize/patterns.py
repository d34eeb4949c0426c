"""Patterns: LIKE, ILIKE and MATCHES that say no more than a plainer operator become that operator.

Law: LIKE 'abc' is = 'abc'; LIKE 'abc%', MATCHES '^abc' are STARTS WITH; LIKE '%abc', MATCHES 'abc$' ENDS WITH; LIKE '%abc%',
MATCHES 'abc' CONTAINS; ILIKE without a letter is LIKE. `$` is the very end here: a newline before it is not skipped.

>>> whereql.to_text(simplify_patterns(whereql.parse("a LIKE 'x%' AND b MATCHES '^a[.]b$' AND c ILIKE '%_5%%'")))
"a STARTS WITH 'x' AND b = 'a.b' AND c LIKE '_%5%'"
"""

from __future__ import annotations

from whereql.ast import Expr, Literal, Not, Op, Predicate
from whereql.kinds import Kind
from whereql.operators import PATTERN
from whereql.optimize.plainer import plainer
from whereql.optimize.tree import map_leaves

_SIMPLIFIED = PATTERN | {Op.CONTAINS, Op.ENDS}


def simplify_patterns(expr: Expr) -> Expr:
    """The filter with the plainest operators; expr: in negation normal form."""
    return map_leaves(expr, _simplify)


def _simplify(leaf: Expr) -> Expr:
    predicate = leaf.arg if isinstance(leaf, Not) else leaf
    if not isinstance(predicate, Predicate) or predicate.op not in _SIMPLIFIED or not isinstance(predicate.operand, Literal):
        return leaf
    op, text = plainer(predicate.op, str(predicate.operand.value))
    if (op, text) == (predicate.op, predicate.operand.value):
        return leaf
    simple = Predicate(predicate.subject, op, Literal(Kind.STRING, text))
    return Not(simple) if leaf is not predicate else simple
