"""Haystack's filters as a dialect, as its document stores and its own evaluator take them.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND NOT lang = 'en'")).native
{'operator': 'AND', 'conditions': [{'field': 'meta.year', 'operator': '>=', 'value': 2020}, {'field': 'meta.lang', 'operator': '!=', 'value': 'en'}]}
>>> whereql.to_text(DIALECT.decode({"field": "meta.lang", "operator": "not in", "value": ["en", None]}))
"NOT (lang = 'en' OR lang IS NULL)"

They mean what the evaluator of Haystack makes of them, in which `!=` finds documents without the key, or what Qdrant does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whereql.ast import And, Document, Expr, Field, Id, Literal, Or, Predicate, Subject
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.fields import SCHEMA
from whereql.dialects.frameworks.haystack_reader import read
from whereql.dialects.frameworks.stores import ANY_KIND, Store, StoreWriter
from whereql.dialects.vectors.qdrant_path import path_of
from whereql.dialects.writing import Leaf, exact, refused, write
from whereql.operators import ORDER_SIGNS, Op
from whereql.support import Shape

Json = dict[str, Any]

STORES = {
    "memory": Store("Haystack", finds_missing=True, has_not=True, has_in=True, merges_bools=True, raises=True),
    "qdrant": Store("Haystack's Qdrant", finds_missing=True, has_not=True, looks_into_arrays=ANY_KIND, numbers="doubles", equality="ints"),
}

_COMPARISONS = {Op.EQ: "==", **ORDER_SIGNS}


class HaystackWriter(StoreWriter):
    """Writes objects of a field, an operator and a value, and of an operator and conditions."""

    # The evaluator is recursive; Qdrant is named with 50 levels.
    shape = Shape(depth=50)

    def __init__(self, expr: Expr, options: Options) -> None:
        super().__init__(expr, options, STORES[options["store"]])
        self._options = options

    def key_of(self, subject: Subject) -> str | Leaf:
        """The field of a document: its id, its content, or a key of its meta, where a dot is a step into an object."""
        if isinstance(subject, (Id, Document)):
            return "id" if isinstance(subject, Id) else "content"
        if not isinstance(subject, Field):
            return refused("a document of Haystack has no uri", "store it under a key of its meta, too")
        if self._options["store"] == "qdrant":
            return path_of(["meta", *(subject.name.split(".") if self._options["nested"] else [subject.name])])
        if "." in subject.name and not self._options["nested"]:
            return refused("to Haystack a dot in a key is a step into an object", "nested=True, if it is that in the documents, too; else rename the key")
        return f"meta.{subject.name}"

    def test(self, key: str, op: Op, value: Any, negated: bool) -> Json:
        """A comparison."""
        return {"field": key, "operator": "!=" if negated else _COMPARISONS[op], "value": value}

    def one_of(self, key: str, values: Sequence[Any], negated: bool) -> Json:
        """A comparison with a list."""
        return {"field": key, "operator": "not in" if negated else "in", "value": [*values]}

    def none_of(self, part: Json) -> Json:
        """NOT of one condition: of several it is none of them to Qdrant's store, and not all of them to the evaluator."""
        return {"operator": "NOT", "conditions": [part]}

    def exists(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        """A comparison with None, of which Qdrant's store makes an error."""
        if self._options["store"] == "qdrant":
            return super().exists(key, predicate, negated)
        return exact({"field": key, "operator": "==" if negated else "!=", "value": None})

    def looseness(self, predicate: Predicate, items: Sequence[Literal]) -> str:
        """The evaluator takes strings that are dates for what they say."""
        if self._options["store"] == "memory" and any(_is_like_date(item.value) for item in items):
            return f"{self.store.name} takes two spellings of one date for equal"
        return super().looseness(predicate, items)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """Two or more conditions, those of the same word taken apart."""
        word = "AND" if connective is And else "OR"
        return {"operator": word, "conditions": [inner for part in parts for inner in (part["conditions"] if part["operator"] == word else [part])]}

    def constant(self, value: bool) -> Leaf:
        """No filter at all, or a contradiction: of an empty list some stores make everything."""
        if value:
            return exact({})
        return exact(self.join(And, [self.test("id", Op.EQ, "", False), self.test("id", Op.EQ, "", True)]))


def _is_like_date(value: object) -> bool:
    return isinstance(value, str) and len(value) >= 10 and value[4] == value[7] == "-" and value[:4].isdigit() and value[5:7].isdigit() and value[8:10].isdigit()


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, HaystackWriter(expr, options))


DIALECT = Dialect(
    "Haystack",
    read,
    _write,
    {
        "store": Option("whose meaning is meant: of Haystack's own evaluator, which most stores keep to, or of its store of Qdrant", "memory", tuple(STORES)),
        "nested": Option("whether a dot in a key is a step into an object in the documents, too", False, (False, True)),
        "dates": Option("what an order of dates is read as: of texts, all spelled alike, of seconds since 1970, or not at all", "refused", ("refused", "text", "seconds")),
        "schema": SCHEMA,
    },
    form="json",
)
