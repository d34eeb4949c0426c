"""From any filter language to any other.

>>> translate({"must": [{"key": "year", "range": {"gte": 2020}}]}, "qdrant", "text").native
'year >= 2020'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whereql.ast import Expr
from whereql.dialect import Dialect, Translation
from whereql.errors import PluginError, WhereqlError
from whereql.plugins import registry
from whereql.values import describe_type


def translate(
    source: Any, source_dialect: str, target_dialect: str, *, source_options: Mapping[str, Any] | None = None, allow_residual: bool = False, **options: Any
) -> Translation:
    """A filter of one language in another.

    source: a filter of source_dialect, or an Expr, which has none; options: of target_dialect, source_options: of the other;
    allow_residual: take a translation that finds too much, and what is left to test. Raises as `Dialect.decode` and
    `Dialect.encode` do: TranslateError for what the target can't say; PluginError for a name that no dialect has.
    """
    target = dialect(target_dialect)
    expr = source if isinstance(source, Expr) else dialect(source_dialect).decode(source, **(source_options or {}))
    return target.encode(expr, allow_residual=allow_residual, **options)


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
