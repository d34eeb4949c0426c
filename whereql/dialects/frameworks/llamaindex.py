"""LlamaIndex's metadata filters as a dialect: as `MetadataFilters` dumps them, or as its objects.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND NOT lang = 'en'"), store="chroma").native
{'filters': [{'key': 'year', 'value': 2020, 'operator': '>='}, {'key': 'lang', 'value': 'en', 'operator': '!='}], 'condition': 'and'}
>>> whereql.to_text(DIALECT.decode([{"key": "lang", "value": ["en", "de"], "operator": "nin"}, {"key": "year", "value": 2020}]))
"lang NOT IN ('en', 'de') AND year = 2020"

Its stores disagree on `!=` and NOT, which some ignore; so a writer is told whose meaning is meant, by the option `store`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from whereql.ast import And, Expr, Field, Literal, Or, Predicate, Subject
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.fields import SCHEMA
from whereql.dialects.frameworks.llamaindex_reader import read
from whereql.dialects.frameworks.stores import ANY_KIND, Store, StoreWriter, key_in, metadata_only
from whereql.dialects.writing import Leaf, exact, items_of, refused, superset, write
from whereql.errors import BackendError
from whereql.kinds import Kind
from whereql.operators import ORDER_SIGNS, Op
from whereql.support import Shape, Support

Json = dict[str, Any]

STORES = {
    "any": Store("some store of LlamaIndex", is_known=False, has_in=True, looks_into_arrays=ANY_KIND, merges_bools=True),
    "simple": Store("SimpleVectorStore", finds_missing=True, has_in=True, merges_bools=True, raises=True, orders_strings=True),
    "chroma": Store("LlamaIndex's Chroma", finds_missing=True, has_in=True, numbers="cut"),
    "qdrant": Store("LlamaIndex's Qdrant", has_not=True, has_in=True, looks_into_arrays=ANY_KIND, numbers="doubles", equality="as float"),
}
# SimpleVectorStore takes no group in a group; Chroma refuses a hundred levels and disjunctions of a thousand parts.
_SHAPES = {"any": Shape(depth=20), "simple": Shape(depth=1), "chroma": Shape(depth=40, width=100, literals=300), "qdrant": Shape(depth=50)}

_COMPARISONS = {Op.EQ: "==", **ORDER_SIGNS}


class LlamaIndexWriter(StoreWriter):
    """Writes filters of a key, a value and an operator, and groups of filters and a condition."""

    def __init__(self, expr: Expr, options: Options) -> None:
        super().__init__(expr, options, STORES[options["store"]])
        self._options = options
        self.shape = _SHAPES[options["store"]]

    @property
    def _is_simple(self) -> bool:
        return bool(self._options["store"] == "simple")

    def key_of(self, subject: Subject) -> str | Leaf:
        """Any key; Qdrant reads it as a path."""
        if not isinstance(subject, Field):
            return metadata_only(subject, "LlamaIndex")
        return key_in(self._options["store"], subject.name)

    def refusal(self, items: Sequence[Literal]) -> Leaf | None:
        """Its values are strings and numbers."""
        if any(item.kind is Kind.BOOL for item in items):
            return refused("a filter of LlamaIndex can't hold a bool", "store it as a string or a number")
        return None

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """In SimpleVectorStore one filter, since a group would stand in another."""
        leaf = super().leaf(predicate, negated)
        if self._is_simple and leaf.support is not Support.NONE and "filters" in leaf.native:
            return refused("SimpleVectorStore takes no group in a group", "compare with values of one kind")
        return leaf

    def test(self, key: str, op: Op, value: Any, negated: bool) -> Json:
        """A comparison."""
        return _filter(key, "!=" if negated else _COMPARISONS[op], value)

    def one_of(self, key: str, values: Sequence[Any], negated: bool) -> Json:
        """A comparison with a list, whose values are of one kind."""
        return _filter(key, "nin" if negated else "in", [*values])

    def none_of(self, part: Json) -> Json:
        """A group of one that is negated: some stores ignore that, so it is for those that are known not to."""
        return {"filters": [part], "condition": "not"}

    def exists(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        """`is_empty`, which SimpleVectorStore takes for an empty string, too, and some stores drop."""
        empty = _filter(key, "is_empty", None)
        if self._options["store"] == "qdrant":
            return exact(empty if negated else self.none_of(empty))
        if not self._is_simple or not negated:
            return super().exists(key, predicate, negated)
        if "string" not in self.kinds(predicate.subject):
            return exact(empty)
        return superset(empty, "SimpleVectorStore takes an empty string for a missing key", "if it holds no strings, say what the key holds: schema={'key': 'int'}")

    def text(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        """`text_match`: a part of the text in SimpleVectorStore, words or something else in others."""
        if not self._is_simple or negated or predicate.op not in (Op.CONTAINS, Op.STARTS, Op.ENDS):
            return super().text(key, predicate, negated)
        if self.kinds(predicate.subject) != {"string"}:
            return refused("SimpleVectorStore fails on a record whose value is no string", "if all are, say what the key holds: schema={'key': 'string'}")
        part = _filter(key, "text_match", items_of(predicate)[0].value)
        if predicate.op is not Op.CONTAINS:
            return superset(part, "SimpleVectorStore finds parts of a text wherever they are", "write CONTAINS")
        return exact(part)

    def has(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        """`contains` and `any`, which SimpleVectorStore takes for a part of a string, too; of others, what they make of `==`."""
        if not self._is_simple:
            return super().has(key, predicate, negated)
        values, kinds = [item.value for item in items_of(predicate)], self.kinds(predicate.subject)
        if negated or not all(kind.endswith("[]") for kind in kinds):
            return refused("SimpleVectorStore fails on a record whose value is no list, and has no complement", "if all are lists, say what the key holds: schema={'key': 'string[]'}")
        if len(set(map(type, values))) > 1:
            return refused("SimpleVectorStore looks for values of one kind", "look for them one by one")
        part = _filter(key, "contains", values[0]) if len(values) == 1 else _filter(key, "any", values)
        if "bool[]" in kinds and any(value in (0, 1) for value in values):
            return superset(part, "SimpleVectorStore takes TRUE for 1", "say what the key holds: schema={'key': 'int[]'}")
        return exact(part)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """A group, those of the same word taken apart."""
        word = "and" if connective is And else "or"
        return {"filters": [inner for part in parts for inner in (part["filters"] if part.get("condition") == word else [part])], "condition": word}

    def constant(self, value: bool) -> Leaf:
        """An empty group finds everything; stores disagree on what would find nothing."""
        return exact({"filters": [], "condition": "and"}) if value else refused("LlamaIndex has no filter that finds nothing", "ask nothing")

    def finish(self, native: Json) -> Any:
        """A group at least, in the form that was asked for."""
        group = native if "filters" in native else {"filters": [native], "condition": "and"}
        return _object(group) if self._options["form"] == "object" else group


def _filter(key: str, operator: str, value: Any) -> Json:
    return {"key": key, "value": value, "operator": operator}


def _object(group: Json) -> Any:
    try:
        types = import_module("llama_index.core.vector_stores.types")
    except ImportError:
        raise BackendError("WQ711", "llama-index-core, whose objects these are, is not installed", hint="pip install llama-index-core, or form='dict'") from None
    return types.MetadataFilters.model_validate(group)


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, LlamaIndexWriter(expr, options))


DIALECT = Dialect(
    "LlamaIndex",
    read,
    _write,
    {
        "store": Option("whose meaning is meant: of a store, or what is the same in any", "any", tuple(STORES)),
        "form": Option("what is written: a dict, or an object of llama_index.core", "dict", ("dict", "object")),
        "schema": SCHEMA,
    },
    form="json",
)
