"""From any filter language to any other.

>>> translate({"must": [{"key": "year", "range": {"gte": 2020}}]}, "qdrant", "text", schema="inferred").native
'year >= 2020'
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any, NamedTuple

from whereql.ast import And, Const, Expr, Field, Not, Op, Or, Predicate
from whereql.dialect import Dialect, Translation
from whereql.dialects.fields import Fields
from whereql.dialects.text import decode
from whereql.errors import PluginError, WhereqlError
from whereql.plugins import registry
from whereql.values import describe_type


def translate(
    source: Any, source_dialect: str, target_dialect: str, *, source_options: Mapping[str, Any] | None = None, allow_residual: bool = False, **options: Any
) -> Translation:
    """A filter of one language in another.

    source: a filter of source_dialect, or an Expr, which has none; options: of target_dialect, source_options: of the other; facts
    about the data (`schema`, `arrays`) go to both; allow_residual: take a translation that finds too much, and what is left to
    test. Raises as `Dialect.decode` and `Dialect.encode` do: TranslateError for what the target can't say; PluginError for a name
    that no dialect has.
    """
    target, origin = dialect(target_dialect), dialect(source_dialect)
    ours, theirs = share_facts(origin, source_options or {}, target, options)
    expr = source if isinstance(source, Expr) else origin.decode(source, **ours)
    expr = settle(expr, options.get("schema", ours.get("schema")))
    return target.encode(expr, allow_residual=allow_residual, **theirs)


FACTS = ("schema", "arrays")


def share_facts(origin: Dialect, source_options: Mapping[str, Any], target: Dialect | None, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of each side: what is said about the data is said to both, where they have the option. target: None for every one.

    A schema of keys needs neither, since `settle` heeds it.
    """
    shared = {name: options[name] for name in FACTS if name in options and name in origin.options}
    heeded = {*shared, *(["schema"] if isinstance(options.get("schema"), Mapping) else [])}
    alone = {name for name in heeded if target is not None and name not in target.options}
    return {**shared, **source_options}, {name: value for name, value in options.items() if name not in alone}


def settle(expr: Expr, schema: Any) -> Expr:
    """A filter that doesn't ask for keys of which a schema says that every record has them.

    Readers ask where their source loses records without the key, and some targets can't: `{"genre": {"$ne": "drama"}}` of Pinecone
    is a filter of Chroma's, too, once `schema={"genre": "string!"}`.
    """
    if not isinstance(schema, Mapping):
        return expr
    known = Fields(Const(True), schema)
    return _settled(expr, {name for name in schema if known.is_required(name)})


def _settled(expr: Expr, present: Collection[str]) -> Expr:
    match expr:
        case Predicate(Field(name), Op.EXISTS) if name in present:
            return Const(True)
        case Not(inner):
            found = _settled(inner, present)
            return Const(not found.value) if isinstance(found, Const) else expr if found is inner else Not(found)
        case And(args) | Or(args):
            decisive = isinstance(expr, Or)
            parts = [_settled(arg, present) for arg in args]
            if any(part == Const(decisive) for part in parts):
                return Const(decisive)
            kept = [part for part in parts if part != Const(not decisive)]
            return expr if kept == list(args) else kept[0] if len(kept) == 1 else type(expr)(kept) if kept else Const(not decisive)
    return expr


def translate_to_all(expr: Expr, options: Mapping[str, Any] | None = None) -> dict[str, Translation | WhereqlError]:
    """A closed filter in each language that can be written, by its name: the translation, its residual left, or why there is none.

    options: each is passed to the languages that have it.
    """
    found: dict[str, Translation | WhereqlError] = {}
    for name in sorted(registry().dialects):
        try:
            target = dialect(name)
            if target.writes is not None:
                found[name] = target.encode(expr, allow_residual=True, **{key: value for key, value in (options or {}).items() if key in target.options})
        except WhereqlError as error:
            found[name] = error
    return found


def dialect(name: str) -> Dialect:
    """The dialect of a name. Raises PluginError if there is none, if it can't be loaded, or if it is no Dialect."""
    found = registry().dialect(name)
    if not isinstance(found, Dialect):
        entry = registry().dialects[name]
        raise PluginError("WQ602", f"the dialect {name!r} of {entry.distribution} is {describe_type(found)}, not a Dialect", hint="register a whereql.Dialect, or 'module:NAME' of one")
    return found


class Saying(NamedTuple):
    """A kind of condition, as the matrix of dialects lists it: its name, a filter that is one, and the kind of its key."""

    name: str
    filter: str
    kind: str


SAYINGS = (
    Saying("= string", "k = 'a'", "string"), Saying("= number", "k = 2.5", "float"), Saying("= bool", "k = TRUE", "bool"),
    Saying("!=", "k != 'a'", "string"), Saying("<", "k < 5", "int"), Saying("NOT <", "NOT k < 5", "int"), Saying("< string", "k < 'b'", "string"),
    Saying("IN", "k IN ('a', 'b')", "string"), Saying("NOT IN", "k NOT IN ('a', 'b')", "string"), Saying("HAS", "k HAS 'a'", "string[]"),
    Saying("NOT HAS", "k NOT HAS 'a'", "string[]"), Saying("CONTAINS", "k CONTAINS 'a'", "string"), Saying("STARTS WITH", "k STARTS WITH 'a'", "string"),
    Saying("ENDS WITH", "k ENDS WITH 'a'", "string"), Saying("LIKE", "k LIKE 'a%b_'", "string"), Saying("ILIKE", "k ILIKE 'a%'", "string"),
    Saying("MATCHES", "k MATCHES '^a+$'", "string"), Saying("IS NULL", "k IS NULL", "string"), Saying("IS NOT NULL", "k IS NOT NULL", "string"),
    Saying("#id", "#id = 'a'", ""), Saying("#document", "#document CONTAINS 'a'", ""), Saying("OR", "k = 'a' OR j = 'b'", "string"),
)  # fmt: skip


class Ability(Enum):
    """How a language says a kind of condition; its value is how a table shows that."""

    EXACT = "yes"
    DECLARED = "yes, if the schema declares the key"
    SUPERSET = "more, and a residual"
    RESIDUAL = "residual"


def abilities(target: Dialect) -> dict[str, Ability]:
    """How a language that can be written says each of SAYINGS, with its default options."""
    everything = target.encode(Const(True)).native
    return {saying.name: _ability(target, saying, everything) for saying in SAYINGS}


def _ability(target: Dialect, saying: Saying, everything: Any) -> Ability:
    expr = decode(saying.filter)
    found = target.encode(expr, allow_residual=True)
    if found.exact:
        return Ability.EXACT
    declared = {"schema": {"k": saying.kind, "j": saying.kind}} if "schema" in target.options and saying.kind else {}
    if declared and target.encode(expr, allow_residual=True, **declared).exact:
        return Ability.DECLARED
    return Ability.RESIDUAL if found.native == everything else Ability.SUPERSET
