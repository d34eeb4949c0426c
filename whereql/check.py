"""What the kinds of a collection say about a filter: keys that it does not have, predicates that can never match.

A schema is what the collection holds now, so a finding warns in `get` (the next write may change it) and is an error only
where someone asks: `Collection.check`, `whereql check --source`.

>>> schema = Schema(2, {"tags": KeyInfo({"string[]": 2})})
>>> print(check_filter(whereql.parse("tags CONTAINS 'ml'"), schema)[0].message)
tags CONTAINS 'ml' matches no record here: tags holds string[]
"""

from __future__ import annotations

from whereql.ast import And, Const, Expr, Field, Literal, Param, Predicate, Subject, predicates
from whereql.binding import parameter_names
from whereql.decide import implies, satisfiable
from whereql.dialects.text.printer import print_filter, print_literal
from whereql.errors import CheckError
from whereql.kinds import NUMBERS, Kind
from whereql.operators import ORDER, TEXT, Op
from whereql.records import KeyInfo, Schema
from whereql.suggest import did_you_mean

_LINE_OF_KIND = {"string": "string", "int": "number", "float": "number", "bool": "bool"}
_LINES = {kind: _LINE_OF_KIND[kind.value] for kind in Kind}
_OWN = KeyInfo({"string": 1})
_SHOWN = 80  # characters of a filter in a message
_BUDGET = 1 << 16  # cells that a check may look at, a fraction of what `decide` does
_OWN_NAMES = frozenset({"id", "document", "uri"})


def check_filter(expr: Expr, schema: Schema) -> list[CheckError]:
    """The findings of a filter over a collection with this schema, in the order of its predicates; none is raised."""
    return [finding for predicate in predicates(expr) if (finding := _check(predicate, schema)) is not None]


def check_all(expr: Expr, schema: Schema) -> list[CheckError]:
    """The findings of `check_filter`, and those of `check_meaning` unless a predicate that can't match says enough."""
    findings = check_filter(expr, schema)
    return findings if any(finding.code == "WQ312" for finding in findings) else [*findings, *check_meaning(expr)]


def check_meaning(expr: Expr) -> list[CheckError]:
    """Whether a filter can match no record at all, or every one, whatever a collection holds; none is raised.

    A filter that is a constant says so itself, and one with parameters is not known yet.
    """
    if isinstance(expr, Const) or parameter_names(expr):
        return []
    if satisfiable(expr, budget=_BUDGET).is_no:
        return [CheckError("WQ317", "no record can match this filter", hint=_contradiction(expr))]
    if implies(Const(True), expr, budget=_BUDGET).is_yes:
        return [CheckError("WQ318", "every record matches this filter", hint="leave it out, if that is what it should do")]
    return []


def _contradiction(expr: Expr) -> str:
    """The conjuncts of one subject that no value can satisfy, if that is why nothing matches."""
    groups: dict[Subject, list[Expr]] = {}
    for arg in expr.args if isinstance(expr, And) else ():
        subjects = {predicate.subject for predicate in predicates(arg)}
        if len(subjects) == 1:
            groups.setdefault(subjects.pop(), []).append(arg)
    for subject, args in groups.items():
        if len(print_filter(And(args))) <= _SHOWN and satisfiable(And(args), budget=_BUDGET).is_no:
            return f"no value of {print_subject(subject)} satisfies {print_filter(And(args))}"
    return "its conditions contradict each other"


def _check(predicate: Predicate, schema: Schema) -> CheckError | None:
    subject = predicate.subject
    info = schema.keys.get(subject.name) if isinstance(subject, Field) else _OWN
    if info is not None:
        return None if _may_match(predicate, info) else _mismatch(predicate, info)
    name = subject.name if isinstance(subject, Field) else ""
    own = f"the record's own field is #{name.lower()}" if name.lower() in _OWN_NAMES else None
    hint = own or did_you_mean(name, schema.keys) or "the keys it has are listed by: whereql schema"
    return CheckError("WQ311", f"no record here has the key {print_subject(subject)}", span=subject.span, hint=hint)


def print_subject(subject: Subject) -> str:
    """A subject as a filter spells it."""
    return print_filter(Predicate(subject, Op.EXISTS)).removesuffix(" IS NOT NULL")


def _may_match(predicate: Predicate, info: KeyInfo) -> bool:
    """Whether some value of the kinds of its key is on a line that the operand can equal or order to: an array's elements for HAS."""
    operand = predicate.operand
    items = operand if isinstance(operand, tuple) else (operand,)
    if predicate.op is Op.EXISTS or not items or any(isinstance(item, Param) for item in items):
        return True
    wanted = {_LINES[item.kind] for item in items if isinstance(item, Literal)}
    is_has = predicate.op is Op.HAS
    return any(
        kind.endswith("[]") is is_has and _LINE_OF_KIND.get(kind.removesuffix("[]")) in wanted
        for kind in (info.kinds if info.declared is None else info.declared)
    )


def _mismatch(predicate: Predicate, info: KeyInfo) -> CheckError:
    name = print_subject(predicate.subject)
    shown = print_filter(predicate)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN - 1]}…"
    held = f"is declared {' or '.join(info.declared)}" if info.declared is not None else f"holds {' and '.join(info.kinds)}"
    message = f"{shown} matches no record here: {name} {held}"
    return CheckError("WQ312", message, span=predicate.span, hint=_intent(predicate, name, info))


def _intent(predicate: Predicate, name: str, info: KeyInfo) -> str:
    """What the user most likely meant."""
    items = predicate.operand if isinstance(predicate.operand, tuple) else (predicate.operand,)
    first = next((item for item in items if isinstance(item, Literal)), None)
    holds_arrays = any(kind.endswith("[]") for kind in info.kinds)
    if first is None:
        return f"see what {name} holds: whereql schema"
    if holds_arrays and predicate.op in (Op.EQ, Op.IN, Op.CONTAINS):
        return f"write {name} HAS {print_literal(first)}"
    if predicate.op is Op.HAS and not holds_arrays:
        return f"write {name} = {print_literal(first)}" + (f", or {name} CONTAINS {print_literal(first)}" if first.kind is Kind.STRING else "")
    if predicate.op in TEXT:
        return f"text operators look into strings only; {name} can be compared with ="
    stored = next(iter(info.kinds), "string")
    if stored == "string" and first.kind is not Kind.STRING:
        written = print_literal(first)
        quoted = written[written.find("'") :].rstrip(")") if first.form else f"'{written}'"
        return f"the stored values are strings: write {quoted} in quotes"
    if first.kind is Kind.STRING and stored in ("int", "float"):
        return "the stored values are numbers: write them without quotes" + (", a date as TIMESTAMP('…Z')" if predicate.op in ORDER else "")
    if stored == "bool":
        return "the stored values are bools: write TRUE or FALSE"
    return "compare it with a number" if first.kind not in NUMBERS else f"see what {name} holds: whereql schema"
