"""Milvus and Zilliz Cloud: boolean expressions over typed fields, over the keys of a JSON field, or over dynamic fields.

>>> DIALECT.encode(whereql.parse("lang = 'en' AND NOT year = 2020"), metadata="metadata").native
'metadata["lang"] == "en" and (not exists metadata["year"] or metadata["year"] != 2020)'

The two Milvus Lite that are in use know less than a server, and mean other things by the same words: the option `version`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Id, Or, Predicate, Subject
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.fields import SCHEMA, Fields
from whereql.dialects.places import places, role, unplaced
from whereql.dialects.vectors.milvus_fields import field_leaf
from whereql.dialects.vectors.milvus_json import json_leaf
from whereql.dialects.vectors.milvus_reader import decode
from whereql.dialects.vectors.milvus_words import Part, is_name, is_plain_key, joined, path
from whereql.dialects.writing import Leaf, Writer, exact, refused, write
from whereql.errors import CheckError
from whereql.operators import Op
from whereql.source import quote
from whereql.support import Shape

OPTIONS: Mapping[str, Option] = {
    "metadata": Option("the JSON field that holds the keys, '$meta' for dynamic fields; none: each key is a field of its own"),
    "version": Option("what runs the expression: a server (2.6 by its documentation), or a Milvus Lite", "server", ("server", "lite-2.5", "lite-3.2")),
    "schema": SCHEMA,
    **places("VARCHAR field", id="id", document="text"),
}


class MilvusWriter(Writer):
    """Writes an expression."""

    # A lite of 2.5 refuses more than 97 levels of two-armed nodes; long chains are balanced, which takes 13 levels at most.
    shape = Shape(depth=40)

    def __init__(self, expr: Expr, options: Options) -> None:
        for option in ("metadata", "id", "document", "uri"):
            name = options[option]
            if name is not None and not (is_name(name) or (option == "metadata" and name == "$meta")):
                raise CheckError("WQ314", f"{option} is {quote(str(name))}, which is no name of a field", hint="it is letters, digits and _, and no word of the language")
        self._options = options
        self._version: str = options["version"]
        self._fields = Fields(expr, options["schema"])
        self.schema = self._fields.schema

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate on a field, or on a key of JSON."""
        subject = predicate.subject
        if isinstance(subject, Field) and self._options["metadata"] is not None:
            return self._keyed(subject.name, predicate, negated)
        return self._typed(subject, predicate, negated)

    def _keyed(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        if not is_plain_key(key):
            return refused("Milvus finds no such key in JSON", "rename the key: no quotes, backslashes or control characters, and not empty")
        name = path(self._options["metadata"], key)
        if predicate.op is Op.HAS and self._version == "lite-3.2" and self._options["metadata"] == "$meta":
            if not is_name(key) or key in (self._options["id"], self._options["document"], self._options["uri"]):
                return refused("Milvus Lite 3.2 looks into a dynamic field by a bare name only", "rename the key, or keep it in a JSON field")
            name = key
        return json_leaf(name, predicate, negated, self._version, self._declared(key))

    def _declared(self, key: str) -> frozenset[str]:
        return self._fields.kinds(key) if self._fields.is_declared(key) else frozenset()

    def _typed(self, subject: Subject, predicate: Predicate, negated: bool) -> Leaf:
        if not isinstance(subject, Field):
            name = self._options[role(subject)]
            if name is None:
                return unplaced(subject)
            return field_leaf(name, predicate, negated, frozenset({"string"}), self._version, is_required=isinstance(subject, Id))
        if not is_name(subject.name):
            return refused("a field has no such name", "say which JSON field holds the key: metadata='metadata', or '$meta' for dynamic fields")
        if self.schema is not None and not self._fields.is_declared(subject.name):
            return refused("the schema has no such field", "say what the key holds: schema={'key': 'string'}")
        is_required, is_declared = self._fields.is_required(subject.name), self._fields.is_declared(subject.name)
        return field_leaf(subject.name, predicate, negated, self._fields.kinds(subject.name), self._version, is_required=is_required, is_declared=is_declared)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Any]) -> Any:
        """The conditions, in a tree that is not too deep for the server."""
        return joined("and" if connective is And else "or", parts)

    def constant(self, value: bool) -> Leaf:
        """No expression finds every entity; an empty list finds none, where it is allowed."""
        if value:
            return exact(Part(""))
        if self._version == "lite-2.5":
            return refused("Milvus Lite 2.5 has no empty list", "ask nothing")
        return exact(Part(f"{self._options['id']} in []"))

    def finish(self, native: Any) -> Any:
        """The whole as a plain string."""
        return str(native)


def encode(expr: Expr, options: Options) -> Translation:
    """A closed filter as an expression. Raises CheckError for an option that is no name."""
    return write(expr, MilvusWriter(expr, options))


DIALECT = Dialect("Milvus", decode, encode, OPTIONS)
