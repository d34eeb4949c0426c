"""What a writer knows of the keys of the target: what its user declares, or else what the filter itself compares them with.

>>> fields = Fields(whereql.parse("year > 2020 AND lang = 'en'"), {"lang": "string!"})
>>> sorted(fields.kinds("year")), fields.kinds("lang"), fields.is_required("lang")
(['float', 'int'], frozenset({'string'}), True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from whereql.ast import Expr, Field, Predicate, predicates
from whereql.dialect import Option
from whereql.dialects.writing import items_of
from whereql.errors import CheckError
from whereql.kinds import NUMBERS, Kind
from whereql.operators import Op
from whereql.records import KeyInfo, Schema
from whereql.source import quote
from whereql.suggest import did_you_mean
from whereql.values import describe_type

KINDS = frozenset({"string", "int", "float", "bool", "string[]", "int[]", "float[]", "bool[]", "sparse_vector"})

INFERRED = "inferred"
"""In the place of a schema: each key holds just what the filter compares it with; to a reader, which knows no filter yet, no array."""

_SCALARS = frozenset({"string", "int", "float", "bool"})

SCHEMA = Option("the kinds of keys: {'year': 'int', 'tags': 'string[]', 'sku': 'string!'}, with ! where every record has the key; or inferred: just those of the filter's values")
"""The option `schema` of a dialect whose fields have types."""

Declared = Mapping[str, str | Sequence[str]] | str


class Fields:
    """The keys of a filter.

    declared: key to its kind, or kinds, as a schema calls them; `!` behind the last says that every record has the key; or INFERRED.
    Raises CheckError for a kind that there is none of.
    """

    def __init__(self, expr: Expr, declared: Declared | None = None) -> None:
        self._expr = expr
        self._declared = _declared(declared, self._compared if declared == INFERRED else {})
        self._assumed = _SCALARS if declared == INFERRED and not self._compared else None

    @cached_property
    def _compared(self) -> dict[str, set[str]]:
        """The kinds of the values that the filter compares each key with."""
        found: dict[str, set[str]] = {}
        for predicate in predicates(self._expr):
            if isinstance(predicate.subject, Field):
                found.setdefault(predicate.subject.name, set()).update(_compared(predicate))
        return found

    @property
    def schema(self) -> Schema | None:
        """The declared keys, for the normal form; None where none is declared."""
        keys = {name: KeyInfo({}, declared=kinds, required=required) for name, (kinds, required) in self._declared.items()}
        return Schema(0, keys) if keys else None

    def is_declared(self, name: str) -> bool:
        """Whether the user said the kinds of a key."""
        return name in self._declared or self._assumed is not None

    def is_required(self, name: str) -> bool:
        """Whether the user said that every record has a key."""
        return self._declared.get(name, ((), False))[1]

    def kinds(self, name: str) -> frozenset[str]:
        """The kinds that a key may have: as declared, or those that the filter compares it with, none where it only asks for its presence."""
        declared = self._declared.get(name)
        if declared is not None:
            return frozenset(declared[0])
        return self._assumed or frozenset(self._compared.get(name, ()))

    def are_arrays(self, name: str) -> bool:
        """Whether the user said that a key holds nothing but arrays."""
        return self.is_declared(name) and all(kind.endswith("[]") for kind in self.kinds(name))

    def is_plain(self, name: str) -> bool:
        """Whether the kinds of a key lie on one line, strings, numbers or bools, in arrays or not: as a column of one type can hold them."""
        lines = {kind if kind not in ("int", "float", "int[]", "float[]") else f"number{kind.removeprefix('int').removeprefix('float')}" for kind in self.kinds(name)}
        return len(lines) == 1


def _declared(declared: Declared | None, compared: Mapping[str, set[str]]) -> dict[str, tuple[tuple[str, ...], bool]]:
    if declared == INFERRED:
        return {name: (tuple(sorted(kinds)), False) for name, kinds in compared.items() if kinds}
    if not isinstance(declared, Mapping | None):
        raise CheckError("WQ314", f"a schema is an object of keys and kinds, got {describe_type(declared)}", hint=f"write {{'year': 'int'}}, or {INFERRED}")
    return {name: _read(name, kinds) for name, kinds in (declared or {}).items()}


def _read(name: str, kinds: str | Sequence[str]) -> tuple[tuple[str, ...], bool]:
    given = [kinds] if isinstance(kinds, str) else list(kinds)
    required = bool(given) and str(given[-1]).endswith("!")
    read = tuple(str(kind).removesuffix("!") for kind in given)
    for kind in read:
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS) or f"the kinds are {', '.join(sorted(KINDS))}"
            raise CheckError("WQ314", f"the schema says {quote(kind)} of the key {quote(name)}, which is no kind", hint=hint)
    return read, required


def _compared(predicate: Predicate) -> set[str]:
    """The kinds of the values that a predicate looks for; ints and floats are looked for together."""
    kinds = {kind for item in items_of(predicate) for kind in (NUMBERS if item.kind in NUMBERS else (item.kind,))}
    return {_array(kind) if predicate.op is Op.HAS else kind.value for kind in kinds}


def _array(kind: Kind) -> str:
    return f"{kind.value}[]"
