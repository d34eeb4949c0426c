"""The ids that a filter asks for, taken out of it: a store looks ids up instead of testing every record.

Law: #id IN (a, b) AND rest, over all records = rest, over the records a and b.

>>> ids, rest = split_ids(whereql.parse("#id IN ('b', 'a') AND year > 2020"))
>>> ids, whereql.to_text(rest)
(('a', 'b'), 'year > 2020')
"""

from __future__ import annotations

from whereql.ast import And, Const, Expr, Id
from whereql.optimize.domain import ANY_ID, combine, value_set
from whereql.optimize.subjects import Subjects


def split_ids(expr: Expr) -> tuple[tuple[str, ...] | None, Expr]:
    """The ids that a filter lists among its conjuncts, ascending, and the filter without them; None and the filter if it lists none."""
    args = expr.args if isinstance(expr, And) else (expr,)
    subjects = Subjects()
    own = [arg for arg in args if subjects.one(arg) == Id()]
    values = combine([value_set(arg, ANY_ID) for arg in own], ANY_ID, union=False) if own else None
    if values is None or len(values.strings) % 2 or any(low + "\0" != high for low, high in zip(values.strings[::2], values.strings[1::2], strict=True)):
        return None, expr
    rest = [arg for arg in args if not any(arg is one for one in own)]
    return values.strings[::2], And(rest) if rest else Const(True)


def meets(ids: tuple[str, ...] | None, wanted: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The ids of two look-ups together, in the order of the first; None where neither lists any."""
    if ids is None or wanted is None:
        return wanted if ids is None else ids
    held = frozenset(wanted)
    return tuple(id for id in ids if id in held)
