r"""RediSearch: query strings of DIALECT 2, over TAG and NUMERIC fields.

>>> known = {"lang": "string", "year": "int"}
>>> DIALECT.encode(whereql.parse("lang = 'en-GB' AND NOT year = 2020"), casesensitive=True, schema=known).native
'@lang:{en\\-GB} -@year:[2020 2020]'

A TAG field ignores case unless it is told not to, drops white space around a value, and has no order; a NUMERIC field is a double.
What a field holds is what `schema` says, or else what the filter compares it with.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Literal, Or, Predicate, predicates
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.doubles import EXACT, ROUNDED
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.places import places, role, unplaced
from whereql.dialects.writing import (
    Joined,
    Leaf,
    Writer,
    complement,
    exact,
    items_of,
    loosened,
    refused,
    superset,
    write,
)
from whereql.errors import CheckError
from whereql.kinds import NUMBERS, Kind
from whereql.operators import ORDER, Op
from whereql.source import quote
from whereql.support import Shape
from whereql.values import INT_MAX

OPTIONS: Mapping[str, Option] = {
    "schema": SCHEMA,
    "casesensitive": Option("whether the TAG fields are CASESENSITIVE", False, (False, True)),
    "separator": Option("the SEPARATOR of the TAG fields, ',' for a hash; none is that of JSON"),
    "indexmissing": Option("whether the fields are indexed with INDEXMISSING (2.10), so that ismissing finds them", False, (False, True)),
    "indexempty": Option("whether the TAG fields are indexed with INDEXEMPTY (2.10), so that the empty string is found", False, (False, True)),
    "wildcards": Option("whether to say prefixes and parts: no more than MAXPREFIXEXPANSIONS (200) values are found so", False, (False, True)),
    **places("TAG field"),
}

_LONGEST_TAG = 4096  # bytes; a longer one is cut
_SHORTEST_AFFIX = 2
_PUNCTUATION = frozenset(string.punctuation) - {"_"}
_SPACES = " \t\n\v\f\r"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_WORDS = frozenset({"as", "inf", "isempty", "ismissing"})  # which the lexer takes for something else than a tag
_NUMBER_KINDS = frozenset({"int", "float", "int[]", "float[]"})
_AROUND = {Op.STARTS: ("", "*"), Op.ENDS: ("*", ""), Op.CONTAINS: ("*", "*")}
_SCHEMA = "say what the key holds: schema={'key': 'string'}"
_TRIMMED = "if no stored string has white space at its ends"


class RedisWriter(Writer):
    """Writes a query string."""

    shape = Shape(depth=24)  # the parser of a query has a stack of a hundred places

    def __init__(self, expr: Expr, options: Options) -> None:
        self._options = options
        self._fields = Fields(expr, options["schema"])
        self.schema = self._fields.schema
        self._never = next((native for predicate in predicates(expr) if (native := self._impossible(predicate))), None)
        separator = options["separator"]
        if separator is not None and (not isinstance(separator, str) or len(separator) != 1 or separator not in string.punctuation):
            raise CheckError("WQ314", f"{quote(str(separator))} is no separator", hint="it is one character of ASCII punctuation")

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A test of a TAG or of a NUMERIC field."""
        named = self._named(predicate)
        if isinstance(named, Leaf):
            return named
        name, kinds, is_sure = named
        if predicate.op is Op.EXISTS:
            return self._exists(name, kinds, negated)
        is_number = kinds <= _NUMBER_KINDS
        if not is_number and len({kind.removesuffix("[]") for kind in kinds}) > 1:
            return refused("a field is a TAG or NUMERIC, and holds strings, bools or numbers", _SCHEMA)
        is_has = predicate.op is Op.HAS
        if not any(kind.endswith("[]") is is_has for kind in kinds):
            return refused(f"the field holds {'no arrays' if is_has else 'arrays only'}", _SCHEMA)
        said = self._number(name, predicate, kinds) if is_number else self._tag(name, predicate, kinds)
        if not is_sure or any(kind.endswith("[]") is not is_has for kind in kinds):
            said = loosened(said, "an array is found by its elements, like a value", _SCHEMA)
        return complement(said, lambda native: f"-{native}") if negated else said

    def _named(self, predicate: Predicate) -> tuple[str, frozenset[str], bool] | Leaf:
        """The field, its kinds, and whether they are declared."""
        subject = predicate.subject
        if isinstance(subject, Field):
            if not subject.name or _CONTROL.search(subject.name):
                return refused("no field has such a name", "rename the field")
            if self.schema is not None and not self._fields.is_declared(subject.name):
                return refused("the schema has no such field", _SCHEMA)
            return _escaped(subject.name), self._fields.kinds(subject.name), self._fields.is_declared(subject.name)
        name = self._options[role(subject)]
        if name is None:
            return unplaced(subject, "TAG field")
        return _escaped(str(name)), frozenset({"string"}), True

    def _exists(self, name: str, kinds: frozenset[str], negated: bool) -> Leaf:
        has_arrays = any(kind.endswith("[]") for kind in kinds)
        if kinds and kinds <= _NUMBER_KINDS and not has_arrays:
            everything = f"@{name}:[-inf +inf]"
            return exact(f"-{everything}" if negated else everything)
        if not self._options["indexmissing"]:
            return refused("Redis finds missing values only where it is told to index them", "index the field with INDEXMISSING, and say so: indexmissing=True")
        if kinds and not has_arrays:
            return exact(f"ismissing(@{name})" if negated else f"-ismissing(@{name})")
        reason = "an empty array has no value to index"
        return superset(f"ismissing(@{name})", reason, _SCHEMA) if negated else refused(reason, _SCHEMA)

    def _number(self, name: str, predicate: Predicate, kinds: frozenset[str]) -> Leaf:
        items = items_of(predicate)
        holds_ints = bool(kinds & {"int", "int[]"})
        if any(item.kind not in NUMBERS for item in items):
            return refused("the field is NUMERIC", _SCHEMA)
        if predicate.op in ORDER:
            return _ordered(name, predicate.op, items[0], holds_ints)
        if predicate.op not in (Op.EQ, Op.IN, Op.HAS):
            return refused("a NUMERIC field has no text", _SCHEMA)
        native = _union([f"@{name}:[{_double(item)} {_double(item)}]" for item in items])
        return _rounded(native, items, holds_ints)

    def _tag(self, name: str, predicate: Predicate, kinds: frozenset[str]) -> Leaf:
        items = items_of(predicate)
        is_bool = {kind.removesuffix("[]") for kind in kinds} == {"bool"}
        if any((item.kind is Kind.BOOL) is not is_bool or item.kind in NUMBERS for item in items):
            return refused("the TAG field holds other values", _SCHEMA)
        if predicate.op in _AROUND:
            return self._affix(name, predicate.op, str(items[0].value))
        if predicate.op not in (Op.EQ, Op.IN, Op.HAS):
            return refused(f"a TAG field has no {predicate.op.name}", "index the field as TEXT and search there, or test it on what is found")
        if is_bool:
            return exact(f"@{name}:{{{' | '.join(dict.fromkeys(str(item.value).lower() for item in items))}}}")
        return self._strings(name, [str(item.value) for item in items])

    def _strings(self, name: str, values: Sequence[str]) -> Leaf:
        tags: list[str] = []
        reason = ""
        for value in values:
            trimmed = value.strip(_SPACES)
            separator = self._options["separator"]
            if _CONTROL.search(value) or len(value.encode()) >= _LONGEST_TAG:
                return refused("Redis can't name such a tag", "compare with a string without control characters, shorter than 4,096 bytes")
            if separator is not None and separator in value:
                return refused("the separator of the field is in the value", "store the field as JSON, which has no separator")
            if not trimmed and not self._options["indexempty"]:
                return refused("Redis doesn't index the empty string", "index the field with INDEXEMPTY, and say so: indexempty=True")
            reason = reason or ("Redis drops white space around a tag" if trimmed != value else "")
            tags.append('""' if not trimmed else _tag(trimmed))
        if not reason and not self._options["casesensitive"]:
            reason = "a TAG field ignores case"
        native = f"@{name}:{{{' | '.join(dict.fromkeys(tags))}}}"
        if reason:
            return superset(native, reason, "index the field as CASESENSITIVE, and say so: casesensitive=True")
        if self._options["separator"] is not None:
            return exact(native, f"{_TRIMMED}, nor the separator")
        return exact(native, _TRIMMED)

    def _affix(self, name: str, op: Op, text: str) -> Leaf:
        if not self._options["wildcards"]:
            return refused("Redis finds no more than 200 different values by a part of them", "if MAXPREFIXEXPANSIONS is above their number: wildcards=True")
        if len(text) < _SHORTEST_AFFIX or _CONTROL.search(text) or text.strip(_SPACES) != text or self._options["separator"] is not None:
            return refused("Redis can't look for such a part", "search for two characters or more, none of them a control character or white space at an end")
        before, after = _AROUND[op]
        native = f"@{name}:{{{before}{_escaped(text)}{after}}}"
        if not self._options["casesensitive"]:
            return superset(native, "a TAG field ignores case", "index the field as CASESENSITIVE, and say so: casesensitive=True")
        return exact(native, f"{_TRIMMED}, and MAXPREFIXEXPANSIONS is above the number of values")

    def join(self, connective: type[And] | type[Or], parts: Sequence[Any]) -> Any:
        """Conditions side by side, or with `|` in parentheses: so DIALECT 1 and 2 read them alike."""
        if connective is And:
            return Joined(" ".join(f"({part})" if isinstance(part, Joined) else part for part in parts))
        return "(" + " | ".join(f"({part})" if isinstance(part, Joined) or part.startswith("-") else part for part in parts) + ")"

    def constant(self, value: bool) -> Leaf:
        """`*` is every record; none is what a field both has and has not, never `*`."""
        if value:
            return exact("*")
        return exact(Joined(self._never)) if self._never else refused("no query finds nothing", "ask nothing")

    def finish(self, native: Any) -> Any:
        """The whole as a plain string."""
        return str(native)

    def _impossible(self, predicate: Predicate) -> str | None:
        named = self._named(predicate)
        if isinstance(named, Leaf) or not named[1]:
            return None
        test = f"@{named[0]}:[0 0]" if named[1] <= _NUMBER_KINDS else f"@{named[0]}:{{x}}"
        return f"{test} -{test}"


def _tag(text: str) -> str:
    return f"w'{text}'" if text.lower() in _WORDS else _escaped(text)


def _escaped(text: str) -> str:
    """A word of the query: a backslash before all punctuation and white space."""
    return "".join(f"\\{character}" if character in _PUNCTUATION or character in _SPACES else character for character in text)


def _double(item: Literal) -> str:
    """A number as the lexer takes it, which knows no + in an exponent."""
    value = float(item.value)
    return str(int(value)) if value == int(value) and abs(value) < EXACT else repr(value).replace("e+", "e")


def _ordered(name: str, op: Op, item: Literal, holds_ints: bool) -> Leaf:
    edge = f"({_double(item)}" if op in (Op.LT, Op.GT) and not _is_rounded(item, holds_ints) else _double(item)
    return _rounded(f"@{name}:[-inf {edge}]" if op in (Op.LT, Op.LE) else f"@{name}:[{edge} +inf]", [item], holds_ints)


def _rounded(native: Any, items: Sequence[Literal], holds_ints: bool) -> Leaf:
    if any(_is_rounded(item, holds_ints) for item in items):
        return superset(native, ROUNDED, "store such a number as a string, in a TAG field")
    return exact(native)


def _is_rounded(item: Literal, holds_ints: bool) -> bool:
    """Whether another number is indexed as the same double: as one of an int beyond 2^53, or the literal itself is none."""
    value = item.value
    return (holds_ints and EXACT <= abs(value) <= INT_MAX + 1) or float(value) != value  # type: ignore[arg-type]  # a number


def _union(parts: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(parts))
    return distinct[0] if len(distinct) == 1 else f"({' | '.join(distinct)})"


def encode(expr: Expr, options: Options) -> Translation:
    """A closed filter as a query string. Raises CheckError for a separator that is none."""
    return write(expr, RedisWriter(expr, options))


DIALECT = Dialect("RediSearch", writes=encode, options=OPTIONS)
