"""What a search engine's field can hold, for one test of it: most of them merge an array with its elements.

>>> fields = Fields(whereql.parse("lang = 'en'"), {"lang": "string", "tags": ["string", "string[]"]})
>>> fit(fields, "lang", (whereql.literal("en"),)).is_sure, fit(fields, "tags", (whereql.literal("en"),)).is_sure
(True, False)
>>> fit(fields, "lang", (whereql.literal(5),)).items
()
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from whereql.ast import Field, Literal, Predicate
from whereql.dialects.fields import Fields
from whereql.dialects.writing import items_of
from whereql.kinds import NUMBERS, Kind
from whereql.operators import Op

MIXED = "a field has one type, and this key has values of several, or is compared with them"

STRING, NUMBER, BOOL = "string", "number", "bool"
_LINES = {"string": STRING, "int": NUMBER, "float": NUMBER, "bool": BOOL}


@dataclass(frozen=True, slots=True)
class Fit:
    """How values fit a key.

    items: those that a record can have there at all; kinds: `int`, `float`, both …, of all values, in arrays or not; is_declared:
    whether the schema says so; is_merged: whether scalars and arrays are both possible; lines: all that the key may hold.
    """

    items: tuple[Literal, ...]
    kinds: frozenset[str]
    lines: frozenset[str]
    is_declared: bool
    is_merged: bool

    @property
    def is_sure(self) -> bool:
        """Whether a test that takes an array for its elements means what it should."""
        return self.is_declared and not self.is_merged

    @property
    def is_mixed(self) -> bool:
        """Whether the key holds values that no one type of field can."""
        return len(self.lines) > 1


_STRINGS = frozenset({STRING})


def fit_of(predicate: Predicate, fields: Fields) -> Fit:
    """How the literals of a predicate fit its subject: a key, or an id, a document or a uri, which are strings."""
    in_arrays = predicate.op is Op.HAS
    if isinstance(predicate.subject, Field):
        return fit(fields, predicate.subject.name, items_of(predicate), in_arrays=in_arrays)
    return Fit(tuple(item for item in items_of(predicate) if item.kind is Kind.STRING and not in_arrays), _STRINGS, _STRINGS, True, False)


def fit(fields: Fields, name: str, items: Sequence[Literal], *, in_arrays: bool = False) -> Fit:
    """How literals fit a key. in_arrays: they are compared with the elements of arrays."""
    kinds = fields.kinds(name)
    is_declared = fields.is_declared(name)
    possible = {_LINES[kind.removesuffix("[]")] for kind in kinds if kind.endswith("[]") is in_arrays and kind != "sparse_vector"}
    others = any(kind.endswith("[]") is not in_arrays for kind in kinds if kind != "sparse_vector")
    return Fit(
        tuple(item for item in items if line(item) in possible),
        frozenset(kind.removesuffix("[]") for kind in kinds),
        frozenset(_LINES.get(kind.removesuffix("[]"), kind) for kind in kinds),
        is_declared,
        others or not is_declared,
    )


def line(item: Literal) -> str:
    """The line of a literal: strings, numbers or bools."""
    return STRING if item.kind is Kind.STRING else NUMBER if item.kind in NUMBERS else BOOL
