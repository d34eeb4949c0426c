"""From JSON Logic: what a rule means in its reference, where a missing key is null, null is less than 1, and "1" equals 1.

A rule whose operators convert what they compare is read where the types are tested before, as whereql itself writes it, or under
the option `schema`, where it says that a key holds values of that kind only, or none: then they convert nothing but null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from whereql.ast import And, Const, Expr, Field, Id, Literal, Not, Op, Or, Predicate, Subject
from whereql.dialect import Options
from whereql.dialects.fields import INFERRED, Fields
from whereql.dialects.places import subjects
from whereql.dialects.reading import one_of
from whereql.dialects.reading_json import (
    entries_at,
    fail,
    list_at,
    literal_at,
    literals_at,
    read_value,
    refuse,
    step,
    unknown,
)
from whereql.kinds import NUMBERS, Kind
from whereql.operators import MIRRORED, ORDERS
from whereql.values import FLOAT_MAX, literal

_TITLE = "JSON Logic"
_NO_FILTERS = {
    **dict.fromkeys(["if", "?:"], "write it with and, or and !"), **dict.fromkeys(["+", "-", "*", "/", "%", "min", "max"], "compare a key with a value"),
    **dict.fromkeys(["map", "filter", "reduce", "merge", "all"], "some and none look into a list"), **dict.fromkeys(["cat", "substr"], "compare a key with a value"),
    "log": "leave it out", "missing_some": "write missing for each", "method": "compare a key with a value",
}  # fmt: skip
_TYPES_FIRST = "write ===, or say what the key holds: schema={'key': 'int'}, or schema='inferred'"

Guards = frozenset[tuple[Subject, Kind]]
NO_GUARDS: Guards = frozenset()


def read(source: Any, options: Options) -> Expr:
    """The filter of a rule. Raises WhereError, UnsupportedError, LimitError."""
    return read_value(_Reader(options).rule, source)


class _Reader:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._fields = Fields(Const(True), options["schema"])

    def rule(self, rule: Any, path: str, depth: int, guards: Guards = NO_GUARDS) -> Expr:
        """A rule as a condition. guards: what is known of the types of keys here."""
        if isinstance(rule, bool):
            return Const(rule)
        entries = entries_at(rule, path, depth, "a rule")
        if len(entries) != 1:
            fail(f"a rule has one operator, got {len(entries)}", path, 'join several: {"and": […]}')
        name, arguments = next(iter(entries.items()))
        at = f"{path}{step(name)}"
        if name in ("and", "or"):
            return self._joined(name, list_at(arguments, at), at, depth, guards)
        values = list(arguments) if isinstance(arguments, (list, tuple)) else [arguments]
        match name:
            case "!" | "!!":
                inner = self.rule(_only(values, at), at, depth + 1, guards)
                return Not(inner) if name == "!" else inner
            case "var":
                return _truthy(self._subject(rule, path))
            case "missing":
                return self._missing(values, at)
            case "===" | "!==" | "==" | "!=":
                equal = self._equal(name, values, at, guards)
                return equal if name in ("===", "==") else Not(equal)
            case "<" | "<=" | ">" | ">=":
                return self._ordered(name, values, at, guards)
            case "in":
                return self._in(values, at)
            case "some" | "none":
                return self._some(name, values, at, depth)
            case _ if name in _NO_FILTERS:
                return refuse(_TITLE, f"the operator {name}", at, _NO_FILTERS[name])
            case _:
                return unknown(_TITLE, "operator", name, path, ["and", "or", "!", "===", "!==", "<", "in", "some", "none", "missing", "var"])

    def _joined(self, name: str, rules: Sequence[Any], path: str, depth: int, guards: Guards) -> Expr:
        if not rules:
            fail(f"{name} has no rules, and nothing is neither true nor false", path, "leave it out, or write true or false")
        parts = []
        for number, rule in enumerate(rules):
            at = f"{path}[{number}]"
            guard = self._guard(rule, at) if name == "and" else None
            guards = guards | {guard} if guard is not None else guards
            parts.append(self.rule(rule, at, depth + 1, guards))
        return (And if name == "and" else Or)(parts)

    def _guard(self, rule: Any, path: str) -> tuple[Subject, Kind] | None:
        """The subject and the kind that a rule tests it for: `{"===": [k, {"+": [k]}]}`, or with `cat`."""
        match rule:
            case {"===": [{"var": _} as var, {"+": [{"var": _} as same]} as made]} if var == same and len(rule) == len(made) == 1:
                return self._subject(var, f"{path}.===[0]"), Kind.INT
            case {"===": [{"var": _} as var, {"cat": [{"var": _} as same]} as made]} if var == same and len(rule) == len(made) == 1:
                return self._subject(var, f"{path}.===[0]"), Kind.STRING
        return None

    def _subject(self, value: Any, path: str) -> Subject:
        if not isinstance(value, Mapping) or set(value) != {"var"}:
            fail("a var is due", path, 'write {"var": "key"}')
        name = value["var"]
        if isinstance(name, (list, tuple)):
            if len(name) == 2 and name[1] is not None:
                refuse(_TITLE, "a var with a default", f"{path}.var[1]", "test for the missing key by itself: missing")
            name = name[0] if name else ""
        if isinstance(name, bool) or not isinstance(name, (str, int)):
            fail("a var names a key", f"{path}.var", 'write {"var": "key"}')
        return self._named(str(name), f"{path}.var")

    def _named(self, name: str, path: str) -> Subject:
        own = subjects(self._options).get(name)
        if own is not None:
            return own
        prefix = str(self._options["metadata"])
        if prefix and not name.startswith(f"{prefix}."):
            refuse(_TITLE, f"a var outside of {prefix}", path, "metadata='' reads the keys from the data itself")
        key = name[len(prefix) + 1 :] if prefix else name
        if not name:
            refuse(_TITLE, "the whole of the data", path, "name a key")
        if "." in key and not self._options["nested"]:
            refuse(_TITLE, "a step into an object", path, "nested=True, if keys with dots are paths")
        return Field(key)

    def _missing(self, values: Sequence[Any], path: str) -> Expr:
        names = values[0] if len(values) == 1 and isinstance(values[0], (list, tuple)) else values
        if not names:
            return Const(False)
        subjects = [self._subject({"var": name}, f"{path}[{number}]") for number, name in enumerate(names)]
        return Or([Or([Not(Predicate(subject, Op.EXISTS)), _one_of(subject, "")]) for subject in subjects])

    def _pair(self, values: Sequence[Any], path: str) -> tuple[Any, Any, bool]:
        """A value with a var in it, what it is compared with, and whether they stood the other way round."""
        if len(values) != 2:
            fail("two arguments are due", path, "write a key and a value")
        first, second = values
        if isinstance(second, Mapping) and not isinstance(first, Mapping):
            return second, first, True
        return first, second, False

    def _equal(self, name: str, values: Sequence[Any], path: str, guards: Guards) -> Expr:
        guard = self._guard({"===": list(values)}, path) if len(name) == 3 else None
        if guard is not None:
            return Predicate(guard[0], Op.GE, literal("" if guard[1] is Kind.STRING else -FLOAT_MAX))
        left, value, _ = self._pair(values, path)
        if isinstance(left, Mapping) and left.keys() == {"substr"}:
            return self._part(left["substr"], value, f"{path}[0].substr", guards)
        subject = self._subject(left, f"{path}[0]")
        if value is None:
            return Not(Predicate(subject, Op.EXISTS))
        item = literal_at(value, f"{path}[1]")
        if len(name) == 2 and not self._converts_nothing(subject, item, guards):
            refuse(_TITLE, f"{name}, which converts what it compares,", path, _TYPES_FIRST)
        return Predicate(subject, Op.EQ, item)

    def _converts_nothing(self, subject: Subject, item: Literal, guards: Guards) -> bool:
        """Whether a subject holds values of the literal's kind only, or none, by a test of its type or by the schema."""
        if _guard_of(subject, item) in guards or not isinstance(subject, Field):
            return isinstance(subject, Field) or item.kind is Kind.STRING
        kinds = self._fields.kinds(subject.name)
        return self._fields.is_declared(subject.name) and (self._options["schema"] == INFERRED or kinds <= {kind.value for kind in (NUMBERS if item.kind in NUMBERS else (item.kind,))})

    def _is_required(self, subject: Subject) -> bool:
        return isinstance(subject, Id) or (isinstance(subject, Field) and self._fields.is_required(subject.name))

    def _part(self, values: Any, part: Any, path: str, guards: Guards) -> Expr:
        """The beginning or the end of a string, as a whole part of it."""
        values = list_at(values, path)
        item = literal_at(part, path)
        subject = self._subject(values[0] if values else None, f"{path}[0]")
        text = str(item.value)
        length = len(text.encode("utf-16-le")) // 2
        op = {f"[0, {length}]": Op.STARTS, f"[{-length}]": Op.ENDS}.get(repr([*values[1:]]))
        if op is None or item.kind is not Kind.STRING or not text or (subject, Kind.STRING) not in guards:
            refuse(_TITLE, "such a substr", path, "take as many characters as it is compared with, and test for a string before")
        return Predicate(subject, op, item)

    def _ordered(self, name: str, values: Sequence[Any], path: str, guards: Guards) -> Expr:
        if len(values) == 3 and name in ("<", "<="):
            return And([self._ordered(name, values[:2], path, guards), self._ordered(name, values[1:], path, guards)])
        left, value, is_mirrored = self._pair(values, path)
        subject, item = self._subject(left, f"{path}[{int(is_mirrored)}]"), literal_at(value, f"{path}[{int(not is_mirrored)}]", "a string or a number")
        op = MIRRORED[ORDERS[name]] if is_mirrored else ORDERS[name]
        if item.kind is Kind.BOOL:
            refuse(_TITLE, "an order of bools", path, "compare with ===")
        if item.kind is Kind.STRING and str(item.value) and max(str(item.value)) >= "\ud800":
            refuse(_TITLE, "an order by UTF-16", path, "compare with a string of characters below U+D800")
        found = Predicate(subject, op, item)
        if _guard_of(subject, item) in guards:
            return found
        if not self._converts_nothing(subject, item, guards):
            refuse(_TITLE, f"{name}, which converts what it compares,", path, _TYPES_FIRST)
        if not self._is_required(subject) and _null_passes(op, item, path):
            return Or([found, Not(Predicate(subject, Op.EXISTS))])
        return found

    def _in(self, values: Sequence[Any], path: str) -> Expr:
        if len(values) != 2:
            fail("two arguments are due", path, "write a value, and a list or a var")
        needle, stack = values
        if isinstance(stack, (list, tuple)):
            subject = self._subject(needle, f"{path}[0]")
            items = literals_at([item for item in stack if item is not None], f"{path}[1]")
            found: Expr = Predicate(subject, Op.IN, items)
            return found if len(items) == len(stack) else Or([found, Not(Predicate(subject, Op.EXISTS))])
        subject, item = self._subject(stack, f"{path}[1]"), literal_at(needle, f"{path}[0]")
        if item.kind in (Kind.BOOL, Kind.FLOAT):
            refuse(_TITLE, "such a value in a list or a string", path, 'write {"some": [list, {"===": [{"var": ""}, value]}]}')
        text = str(item.value)
        inside: Expr = Predicate(subject, Op.CONTAINS, literal(text))
        if not text:  # an empty string has not even an empty part there
            inside = And([inside, Not(_one_of(subject, ""))])
        return Or([inside, Predicate(subject, Op.HAS, (item,))])

    def _some(self, name: str, values: Sequence[Any], path: str, depth: int) -> Expr:
        if len(values) != 2:
            fail("two arguments are due", path, "write a list and a rule on its elements")
        subject = self._subject(values[0], f"{path}[0]")
        found = _element(subject, values[1], f"{path}[1]", depth + 1)
        return found if name == "some" else Not(found)


def _element(subject: Subject, rule: Any, path: str, depth: int) -> Expr:
    """A rule on an element, as a test of the list."""
    entries = entries_at(rule, path, depth, "a rule")
    name, values = next(iter(entries.items()), ("", None))
    at = f"{path}{step(name)}"
    if name == "or" and len(entries) == 1:
        return Or([_element(subject, each, f"{at}[{number}]", depth + 1) for number, each in enumerate(list_at(values, at))])
    if name in ("===", "in") and len(entries) == 1 and isinstance(values, (list, tuple)) and len(values) == 2:
        element, operand = values if isinstance(values[0], Mapping) else (values[1], values[0])
        if element == {"var": ""} and isinstance(operand, (list, tuple)) is (name == "in"):
            items: tuple[Literal, ...] = literals_at(operand, f"{at}[1]") if name == "in" else (literal_at(operand, f"{at}[1]"),)
            return Predicate(subject, Op.HAS, items)
    return refuse(_TITLE, "such a rule on an element", path, 'compare the element: {"===": [{"var": ""}, value]}')


def _guard_of(subject: Subject, item: Literal) -> tuple[Subject, Kind]:
    """What there is to know of the type of a subject before it is compared with a literal."""
    return subject, Kind.INT if item.kind in NUMBERS else item.kind


def _truthy(subject: Subject) -> Expr:
    """Neither missing, nor false, 0 or an empty string."""
    return And([Predicate(subject, Op.EXISTS), Not(_one_of(subject, False, 0, ""))])


def _one_of(subject: Subject, *values: object) -> Predicate:
    return one_of(subject, [literal(value) for value in values])


def _null_passes(op: Op, item: Literal, path: str) -> bool:
    """Whether null passes a comparison, as a zero, to JavaScript."""
    value = _number(str(item.value), path) if isinstance(item.value, str) else float(item.value)
    tests = {Op.LT: value > 0, Op.LE: value >= 0, Op.GT: value < 0, Op.GE: value <= 0}
    return tests[op]


def _number(text: str, path: str) -> float:
    """A string as the number that JavaScript makes of it beside a null."""
    text = text.strip()
    if not text:
        return 0.0
    if text[:2].lower() in ("0x", "0o", "0b") or "_" in text or not text.isascii():
        refuse(_TITLE, "an order by such a string", path, "test for a string before")
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.inf if text.lstrip("+") == "Infinity" else -math.inf if text == "-Infinity" else value if text[-1].isdigit() else math.nan


def _only(values: Sequence[Any], path: str) -> Any:
    if len(values) != 1:
        fail(f"one argument is due, got {len(values)}", path, "write one rule")
    return values[0]
