"""To CEL, the Common Expression Language: each test asks first whether the key is there, and what type its value has.

>>> DIALECT.encode(whereql.parse("lang = 'en'")).native
'"lang" in metadata && type(metadata["lang"]) == string && metadata["lang"] == "en"'
>>> whereql.to_text(DIALECT.decode('has(metadata.year) && metadata.year >= 2020 && !(metadata.lang in ["de", "fr"])'))
"year IS NOT NULL AND year >= 2020 AND lang IS NOT NULL AND lang NOT IN ('de', 'fr')"
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from whereql.ast import Expr, Field, Literal, Predicate
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.places import PLACES, place
from whereql.dialects.standards.cel_reader import read
from whereql.dialects.writing import InfixWriter, Joined, Leaf, exact, items_of, refused, superset, write
from whereql.errors import CheckError, WhereqlError
from whereql.kinds import NUMBERS, Kind
from whereql.limits import current_limits
from whereql.operators import OPERATORS, ORDER, TEXT, Op
from whereql.regex import like_pattern, lower
from whereql.source import quote
from whereql.support import Shape
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, NumberTest, Scalar, number_test

_METHODS = {Op.CONTAINS: "contains", Op.STARTS: "startsWith", Op.ENDS: "endsWith"}
_ESCAPED = re.compile("[\"\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_LOWEST = -INT_MAX  # the int below it is more than cel-python takes: it reads the digits first, then the sign
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def text(value: str) -> str:
    r"""A string in quotes.

    >>> print(text('a"b\\c\n'))
    "a\"b\\c\u000a"
    """
    return f'"{_ESCAPED.sub(_escape, value)}"'


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    return f"\\{char}" if char in '"\\' else f"\\u{ord(char):04x}"


def spelled(value: Scalar) -> str:
    """A value as CEL writes it: an int has no point, a double has one, or an exponent."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return text(value)
    return repr(value)


class _Either(Joined):
    """Conditions with || between them."""

    __slots__ = ()


class CelWriter(InfixWriter):
    """Writes conditions that are true or false of any record, and never an error."""

    all_of = " && "
    any_of = " || "
    shape = Shape(depth=20, width=200)  # cel-python recurses into both, and Google's parser stops at 250 levels

    def __init__(self, options: Options) -> None:
        self._options = options
        for name in ("metadata", *PLACES):
            if not _NAME.fullmatch(str(options[name])):
                raise CheckError("WQ314", f"{quote(str(options[name]))} is no name of a variable of CEL", hint=f"{name} is letters, digits and _")

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """The key, the type, the test."""
        subject = predicate.subject
        metadata = self._options["metadata"]
        if isinstance(subject, Field):
            value = f"{metadata}[{text(subject.name)}]"
            there = f"{text(subject.name)} in {metadata}"
        else:
            value, there = str(place(subject, self._options)), ""
        test = _exists(value, there) if predicate.op is Op.EXISTS else _test(predicate, value)
        if test is None:
            reason, hint = "spelled out, the pattern is too long, or RE2 can't say it", r"write [0-9A-Za-z_] for \w, [0-9] for \d"
            return refused(reason, hint) if negated else superset(_guarded(there, f"type({value}) == string"), reason, hint)
        if test == "false":
            return exact("true" if negated else "false")
        found = _guarded(there, test)
        return exact(f"!({found})" if negated else found)

    def constant(self, value: bool) -> Leaf:
        """A bool is an expression."""
        return exact(spelled(value))


def _guarded(there: str, test: str) -> str:
    return Joined(f"{there} && {f'({test})' if isinstance(test, _Either) else test}") if there else test


def _exists(value: str, there: str) -> str:
    # cel-python raises where a number is compared with null, but not where its type is.
    return f"type({value}) != null_type" if there else f"type({value}) == string"


def _test(predicate: Predicate, value: str) -> str | None:
    op, items = predicate.op, items_of(predicate)
    if op is Op.HAS:
        # cel-python looks into a value even where && has no need of it, and stops at what is no list.
        inner = _among("e", items)
        return "false" if inner == "false" else f"(type({value}) == list ? {value} : []).exists(e, {inner})"
    if op in (Op.EQ, Op.IN):
        return _among(value, items)
    if op in TEXT:
        return _text(op, value, str(items[0].value))
    if op in ORDER and items[0].kind is Kind.STRING:
        return Joined(f"type({value}) == string && {value} {OPERATORS[op].symbol} {spelled(items[0].value)}")
    return _either(_within(value, number_test(op, items[0])))


def _either(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else _Either(" || ".join(parts)) if parts else "false"


def _among(value: str, items: Sequence[Literal]) -> str:
    parts = []
    for kind, name in ((Kind.STRING, "string"), (Kind.BOOL, "bool")):
        parts += _equal(name, value, [item.value for item in items if item.kind is kind])
    tests = [number_test(Op.EQ, item) for item in items if item.kind in NUMBERS]
    parts += _equal("int", value, [test.ints[0] for test in tests if test.ints])
    parts += _equal("double", value, [test.floats[0] for test in tests if test.floats])
    return _either(parts)


def _equal(name: str, value: str, values: Sequence[Scalar]) -> list[str]:
    if name == "int" and INT_MIN in values:
        return [*_equal(name, value, [each for each in values if each != INT_MIN]), Joined(f"type({value}) == int && {value} < {_LOWEST}")]
    if not values:
        return []
    if len(values) == 1:
        return [Joined(f"type({value}) == {name} && {value} == {spelled(values[0])}")]
    return [Joined(f"type({value}) == {name} && {value} in [{', '.join(map(spelled, values))}]")]


def _within(value: str, test: NumberTest) -> list[str]:
    """Ints and doubles apart, since the engines don't agree on how one compares with the other."""
    parts: list[str] = []
    for name, interval, extremes in (("int", test.ints, (INT_MIN, INT_MAX)), ("double", test.floats, (-FLOAT_MAX, FLOAT_MAX))):
        if interval is not None:
            bounds = [f"{value} < {_LOWEST}" if bound == INT_MIN and name == "int" else f"{value} {symbol} {spelled(bound)}" for symbol, bound, extreme in zip((">=", "<="), interval, extremes, strict=True) if bound != extreme]
            parts.append(Joined(" && ".join([f"type({value}) == {name}", *bounds])))
    return parts


def _text(op: Op, value: str, part: str) -> str | None:
    if op in _METHODS:
        return Joined(f"type({value}) == string && {value}.{_METHODS[op]}({text(part)})")
    try:
        pattern = lower(part) if op is Op.MATCHES else like_pattern(part, ignore_case=op is Op.ILIKE)
    except WhereqlError:
        return None
    is_short = len(pattern) <= current_limits().pattern  # a longer one would not be read back
    return Joined(f"type({value}) == string && {value}.matches({text(pattern)})") if is_short else None


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, CelWriter(options))


DIALECT = Dialect("CEL", read, _write, {"metadata": Option("the variable that holds the keys", "metadata"), **PLACES})
