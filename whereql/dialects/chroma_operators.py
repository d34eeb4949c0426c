"""The operators of Chroma's JSON, and what is said of those that it hasn't.

>>> OPERATORS["$nin"]
(<Op.IN: 'IN'>, True)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from whereql.ast import And, Op, Or
from whereql.errors import WhereError
from whereql.source import quote
from whereql.suggest import nearest
from whereql.values import describe_type

# Each operator as an Op, and whether it is the complement.
COMPARISONS: dict[str, tuple[Op, bool]] = {
    "$eq": (Op.EQ, False), "$ne": (Op.EQ, True), "$gt": (Op.GT, False), "$gte": (Op.GE, False), "$lt": (Op.LT, False), "$lte": (Op.LE, False),
}  # fmt: skip
SETS: dict[str, tuple[Op, bool]] = {"$in": (Op.IN, False), "$nin": (Op.IN, True)}
MEMBERSHIP: dict[str, tuple[Op, bool]] = {"$contains": (Op.HAS, False), "$not_contains": (Op.HAS, True)}
DOCUMENT: dict[str, tuple[Op, bool]] = {
    "$contains": (Op.CONTAINS, False), "$not_contains": (Op.CONTAINS, True), "$regex": (Op.MATCHES, False), "$not_regex": (Op.MATCHES, True),
}  # fmt: skip
OPERATORS = COMPARISONS | SETS | DOCUMENT
CONNECTIVES: dict[str, Callable[..., Any]] = {"$and": And, "$or": Or}
ORDER = frozenset({"$gt", "$gte", "$lt", "$lte"})


def refuse_top_operator(key: str, path: str, lenient: bool) -> NoReturn:
    """Raise WhereError for what stands where a key does, and begins with `$`."""
    if key in OPERATORS:
        hint = f'it stands under a key: {{"year": {{"{key}": …}}}}'
    elif key in ("$not", "$nor"):
        hint = "negate each condition with $ne, $nin, $not_contains or $not_regex, or decode with lenient=True, which reads $not"
    else:
        close = nearest(key, [*CONNECTIVES, *(("$not",) if lenient else ())])
        hint = f"did you mean {close}?" if close else "only $and and $or stand where a key does; no key begins with $"
    raise WhereError("WQ205", f"{quote(key)} is no key and no connective", path=path, hint=hint)


# Operators of other systems, and what to write here.
_IN_TEXT = "Chroma has none; in a text filter write "
_MISSING: dict[str, str] = {
    "$not": 'write the opposite operator ($ne, $nin, …), or decode {"$not": {"key": …}} with lenient=True',
    "$exists": _IN_TEXT + "key IS NOT NULL", "$null": _IN_TEXT + "key IS NULL", "$like": _IN_TEXT + "key LIKE 'a%'", "$ilike": _IN_TEXT + "key ILIKE 'a%'",
    "$startswith": _IN_TEXT + "key STARTS WITH 'a'", "$endswith": _IN_TEXT + "key ENDS WITH 'a'", "$icontains": _IN_TEXT + "key ILIKE '%a%'",
    "$between": 'join two: {"$and": [{"key": {"$gte": …}}, {"key": {"$lte": …}}]}', "$all": 'join several: {"$and": [{"key": {"$contains": …}}, …]}',
    "$any": 'join several: {"$or": [{"key": {"$contains": …}}, …]}', "$size": "the size of a list can't be tested",
    "$elemMatch": "an element is a scalar: test it with $contains", "$date": "store dates as numbers, the seconds since 1970, and compare these",
}  # fmt: skip


def refuse_operator(op: object, path: str) -> NoReturn:
    """Raise WhereError for what stands where an operator does. path: that of the object it stands in."""
    if not isinstance(op, str):
        raise WhereError("WQ206", f"an operator is a string, got {describe_type(op)}", path=path, hint="write $eq, $ne, $gt, $in, …")
    close = nearest(op if op.startswith("$") else f"${op}", OPERATORS)
    if op in _MISSING:
        hint = _MISSING[op]
    elif op in CONNECTIVES:
        hint = f'{op} stands outside: {{"{op}": [{{"key": …}}, {{"key": …}}]}}'
    elif not op.startswith("$") and close is None and path.endswith(".where"):
        hint = "pass what stands under where, without where itself"
    elif not op.startswith("$") and close is None:
        hint = "metadata has no nested objects: the key author.name is one key with a dot"
    else:
        hint = f"did you mean {close}?" if close else f"the operators are {', '.join(OPERATORS)}"
    raise WhereError("WQ206", f"there is no operator {quote(op)}", path=path, hint=hint)
