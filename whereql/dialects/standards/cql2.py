"""To CQL2, the query language of OGC APIs, in its text encoding.

>>> DIALECT.encode(whereql.parse("lang != 'en' AND tags HAS 'ml'")).native
'("lang" <> \\'en\\' OR "lang" IS NULL) AND A_OVERLAPS("tags", (\\'ml\\'))'
>>> whereql.to_text(DIALECT.decode("NOT (lang = 'en') AND eo:cloud_cover < 10"))
"lang IS NOT NULL AND lang != 'en' AND `eo:cloud_cover` < 10"
"""

from __future__ import annotations

from typing import Any

from whereql.ast import Expr, Predicate
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.standards.cql2_json import OPTIONS, Cql2Writer
from whereql.dialects.standards.cql2_reader import read
from whereql.dialects.writing import Joined, Leaf, refused, superset, write
from whereql.operators import Op

Json = Any


class Cql2TextWriter(Cql2Writer):
    """Writes the JSON as text."""

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """As in JSON, but for strings that readers of the text cut at different quotes."""
        said = super().leaf(predicate, negated)
        if said.native is not None and predicate.op is not Op.EXISTS and any(_is_ambiguous(text) for text in _strings(said.native)):
            reason = "a backslash before a quote escapes it for some servers, and for others it doesn't"
            hint = "write it in JSON: cql2-json"
            field = _property(said.native)
            return refused(reason, hint) if negated or field is None else superset({"op": "not", "args": [{"op": "isNull", "args": [field]}]}, reason, hint)
        return said

    def finish(self, native: Json) -> str:
        """The text."""
        return str(text(native))


def _strings(native: Json) -> list[str]:
    """The values in it that are strings."""
    match native:
        case {"op": _, "args": list(args)}:
            return [found for each in args for found in _strings(each)]
        case list():
            return [found for each in native for found in _strings(each)]
        case str():
            return [native]
    return []


def _is_ambiguous(value: str) -> bool:
    return "\\'" in value or value.endswith("\\")


def _property(native: Json) -> Json:
    match native:
        case {"property": _}:
            return native
        case {"args": list(args)}:
            return next((found for each in args if (found := _property(each)) is not None), None)
    return None


_SIGNS = {"=", "<>", "<", "<=", ">", ">="}


def text(native: Json) -> str:
    """A condition, or a value, of the JSON encoding as text."""
    match native:
        case {"op": "and" | "or" as name, "args": args}:
            return Joined(f" {name.upper()} ".join(f"({part})" if isinstance(part, Joined) else part for part in map(text, args)))
        case {"op": "not", "args": [{"op": "isNull", "args": [value]}]}:
            return f"{text(value)} IS NOT NULL"
        case {"op": "not", "args": [{"op": "like" | "in" as name, "args": [value, operand]}]}:
            return f"{text(value)} NOT {name.upper()} {text(operand)}"
        case {"op": "not", "args": [inner]}:
            return f"NOT ({text(inner)})"
        case {"op": "isNull", "args": [value]}:
            return f"{text(value)} IS NULL"
        case {"op": "like" | "in" as name, "args": [value, operand]}:
            return f"{text(value)} {name.upper()} {text(operand)}"
        case {"op": str(name), "args": [left, right]} if name in _SIGNS:
            return f"{text(left)} {name} {text(right)}"
        case {"op": str(name), "args": args}:
            return f"{name.upper()}({', '.join(map(text, args))})"
        case {"property": str(name)}:
            return quoted(name)
        case list():
            return f"({', '.join(map(text, native))})"
    return spelled(native)


def quoted(name: str) -> str:
    """A property, in quotes since a word of the language may be one."""
    return '"' + name.replace('"', '""') + '"'


def spelled(value: Any) -> str:
    """A value as text."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return "'" + value.replace("'", "''") + "'"
    return repr(value)


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, Cql2TextWriter(expr, options))


DIALECT = Dialect("CQL2", read, _write, OPTIONS)
