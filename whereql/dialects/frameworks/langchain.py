"""LangChain's structured queries as a dialect: the text that a query constructor writes, its objects, or the same as JSON-ready data.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND NOT lang = 'en'"), store="chroma").native
"and(gte('year', 2020), ne('lang', 'en'))"
>>> whereql.to_text(DIALECT.decode('or(eq("lang", "en"), lt("year", 1990))'))
"lang = 'en' OR year < 1990"

What it means is up to the store; the option `store` says whose meaning is meant, and what its translator of LangChain takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from whereql.ast import And, Expr, Field, Literal, Or, Subject
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.fields import SCHEMA
from whereql.dialects.frameworks.langchain_reader import LOOKS_LIKE_DATE, read
from whereql.dialects.frameworks.stores import ANY_KIND, Store, StoreWriter, key_in, metadata_only
from whereql.dialects.writing import Leaf, exact, refused, write
from whereql.errors import BackendError
from whereql.kinds import Kind
from whereql.operators import Op
from whereql.support import Shape

Json = dict[str, Any]

STORES = {
    "any": Store("some store of LangChain", is_known=False, looks_into_arrays=ANY_KIND, merges_bools=True),
    "chroma": Store("LangChain's Chroma", finds_missing=True, numbers="cut"),
    "pinecone": Store("LangChain's Pinecone", has_in=True, looks_into_arrays=frozenset({"string"}), numbers="doubles"),
    "qdrant": Store("LangChain's Qdrant", has_not=True, looks_into_arrays=ANY_KIND, numbers="doubles", equality="ints"),
}

_COMPARATORS = {Op.EQ: "eq", Op.LT: "lt", Op.LE: "lte", Op.GT: "gt", Op.GE: "gte"}


class LangChainWriter(StoreWriter):
    """Writes data: `{"comparator", "attribute", "value"}` and `{"operator", "arguments"}`, of which text and objects are made at the end."""

    def __init__(self, expr: Expr, options: Options) -> None:
        super().__init__(expr, options, STORES[options["store"]])
        # Chroma refuses a hundred levels and disjunctions of a thousand parts; lists are disjunctions here.
        self.shape = Shape(depth=40, width=100, literals=300) if options["store"] == "chroma" else Shape(depth=50)
        self._options = options

    def key_of(self, subject: Subject) -> str | Leaf:
        """Every key can be named by an object; Qdrant reads it as a path, and a text has no escapes."""
        if not isinstance(subject, Field):
            return metadata_only(subject, "LangChain")
        key = key_in(self._options["store"], subject.name)
        if isinstance(key, Leaf):
            return key
        if self._options["form"] == "text" and _quoted(key) is None:
            return refused("a string of LangChain's text has no escapes: it can't say this key", "form='dict' or form='object'")
        return key

    def refusal(self, items: Sequence[Literal]) -> Leaf | None:
        """What the text has no words for."""
        if self._options["form"] == "text":
            for item in items:
                text = str(item.value)
                if item.kind is Kind.STRING and LOOKS_LIKE_DATE.match(text):
                    return refused("LangChain's text takes a string that begins like a date for a date", "form='dict' or form='object'")
                if item.kind is Kind.STRING and _quoted(text) is None:
                    return refused("a string of LangChain's text has no escapes: it can't say this one", "form='dict' or form='object'")
        return None

    def test(self, key: str, op: Op, value: Any, negated: bool) -> Json:
        """A Comparison."""
        return {"comparator": "ne" if negated else _COMPARATORS[op], "attribute": key, "value": value}

    def one_of(self, key: str, values: Sequence[Any], negated: bool) -> Json:
        """A Comparison with a list."""
        return {"comparator": "nin" if negated else "in", "attribute": key, "value": [*values]}

    def none_of(self, part: Json) -> Json:
        """An Operation of one argument: with several, stores disagree on what NOT is."""
        return {"operator": "not", "arguments": [part]}

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """An Operation of two or more arguments."""
        word = "and" if connective is And else "or"
        return {"operator": word, "arguments": [inner for part in parts for inner in (part["arguments"] if part.get("operator") == word else [part])]}

    def constant(self, value: bool) -> Leaf:
        """No filter finds everything; nothing but a contradiction would find nothing."""
        return exact(None) if value else refused("LangChain has no filter that finds nothing", "ask nothing")

    def finish(self, native: Json | None) -> Any:
        """The filter in the form that was asked for; none at all is the word of query constructors for that, or None."""
        match self._options["form"]:
            case "text":
                return "NO_FILTER" if native is None else _text(native)
            case "object":
                return None if native is None else _object(native)
        return native


def _text(part: Json) -> str:
    if "operator" in part:
        return f"{part['operator']}({', '.join(map(_text, part['arguments']))})"
    return f"{part['comparator']}({_quoted(part['attribute'])}, {_value(part['value'])})"


def _value(value: Any) -> str:
    match value:
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case bool():
            return "true" if value else "false"
        case str():
            quoted = _quoted(value)
            assert quoted is not None
            return quoted
    return repr(value)


def _quoted(text: str) -> str | None:
    """A string in quotes that LangChain's parser takes for itself: it undoes no escapes, and strips all quotes from both ends."""
    if text[:1] in ("'", '"') or text[-1:] in ("'", '"') or LOOKS_LIKE_DATE.match(text):
        return None
    if "'" not in text:
        return f"'{text}'"
    ends_in_escape = (len(text) - len(text.rstrip("\\"))) % 2 == 1
    return None if '"' in text or "\n" in text or ends_in_escape else f'"{text}"'


def _object(part: Json) -> Any:
    try:
        words = import_module("langchain_core.structured_query")
    except ImportError:
        raise BackendError("WQ711", "langchain-core, whose objects these are, is not installed", hint="pip install langchain-core, or form='dict'") from None
    if "operator" in part:
        return words.Operation(operator=words.Operator(part["operator"]), arguments=[_object(argument) for argument in part["arguments"]])
    return words.Comparison(comparator=words.Comparator(part["comparator"]), attribute=part["attribute"], value=part["value"])


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, LangChainWriter(expr, options))


DIALECT = Dialect(
    "LangChain",
    read,
    _write,
    {
        "store": Option("whose meaning is meant: of a store, or what is the same in any", "any", tuple(STORES)),
        "form": Option("what is written: the text, a dict, or an object of langchain_core", "text", ("text", "dict", "object")),
        "dates": Option("what a date is read as: the seconds since 1970, or the text that it was", "seconds", ("seconds", "text")),
        "schema": SCHEMA,
    },
)
