"""The syntax of the flavours of SQL: how each is cut into tokens, which of its operators bind tighter, and the parts of a tree.

Flavours disagree on both, and a parser that takes all of them reads some things as none of them does: so each has a table of its
own. `grammar` reads by these.

>>> [token.text for token in (SQLITE.lexer.tokens("a ->> 'it''s'").ahead(number) for number in range(3))]
['a', '->>', "'it''s'"]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whereql.dialects.reading import Lexer, Token

_WORD = r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*"
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.\x80-\U0010ffff])"
_COMMENT = r"--|/\*"
_TEXT = r"'(?:[^']|'')*+'(?!')"
_QUOTED = r'"(?:[^"]|"")++"(?!")'


@dataclass(frozen=True)
class Node:
    """A part of a condition, with the token at which it begins, or that joins it."""

    token: Token


@dataclass(frozen=True)
class Name(Node):
    """A column, perhaps with that of a table before it."""

    text: str
    table: str = ""


@dataclass(frozen=True)
class Value(Node):
    """A literal or the value of a parameter: a Literal, None for NULL, or a list, as only parameters may be."""

    value: Any


@dataclass(frozen=True)
class Call(Node):
    """A function; its name is of lower case."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Apply(Node):
    """An operator: AND and OR with any number of arguments, others with one or two, LIKE with its ESCAPE as a third."""

    sign: str
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Cast(Node):
    """A value made another type, whose name is of lower case; is_safe: NULL where it can't be."""

    arg: Node
    type: str
    is_safe: bool = False


@dataclass(frozen=True)
class Items(Node):
    """The list of an IN or an array. is_array: whether it is a value of its own."""

    items: tuple[Node, ...]
    is_array: bool = False


@dataclass(frozen=True)
class Exists(Node):
    """`EXISTS (SELECT 1 FROM json_each(…) AS name WHERE …)`: the one sub-query that is about one row only."""

    args: tuple[Node, ...]
    alias: str
    condition: Node


@dataclass(frozen=True)
class Syntax:
    """How a flavour is cut and read.

    levels: its binary operators, those that bind loosest first, between NOT and the arithmetic; folds: how a name without
    quotes is spelled; has_json_each: whether EXISTS over json_each is read.
    """

    title: str
    lexer: Lexer
    levels: Sequence[frozenset[str]]
    folds: Callable[[str], str] = str
    arrow: str = ""
    has_json_each: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)


def _lexer(title: str, quoted: str, params: str, signs: str) -> Lexer:
    table = {"comment": _COMMENT, "text": _TEXT, "quoted": quoted, "number": _NUMBER, "param": params, "word": _WORD, "sign": signs}
    return Lexer(title, table)


_COMPARE = frozenset({"=", "==", "<>", "!=", "<", "<=", ">", ">="})
_TESTS = frozenset({"in", "between", "like", "ilike", "similar", "glob"})
_IS = frozenset({"is", "isnull", "notnull"})

POSTGRES = Syntax(
    "PostgreSQL",
    _lexer("PostgreSQL", _QUOTED, r"%s|\$[0-9]+|:[A-Za-z_][A-Za-z0-9_]*", r"::|->>|->|#>>|#>|@>|<@|@\?|@@|\?\||\?&|\?|\|\||&&|!~~\*|!~~|~~\*|~~|!~\*|!~|~\*|~|\^@|<=|>=|<>|!=|[-+*/%^=<>()\[\],.;{}&|#:$]"),
    (_IS, _COMPARE, _TESTS, frozenset({"->>", "->", "#>>", "#>", "@>", "<@", "@?", "@@", "?", "?|", "?&", "||", "&&", "~", "~*", "!~", "!~*", "~~", "!~~", "~~*", "!~~*", "^@"})),
    folds=lambda word: word.lower() if word.isascii() else word,
)

SQLITE = Syntax(
    "SQLite",
    _lexer("SQLite", rf"{_QUOTED}|`(?:[^`]|``)++`(?!`)|\[[^\]]++\]", r"\?[0-9]*|[:@$][A-Za-z_][A-Za-z0-9_]*", r"->>|->|\|\||<<|>>|<=|>=|<>|!=|==|[-+*/%=<>()\[\],.;{}&|~]"),
    (
        frozenset({"=", "==", "<>", "!=", "is", "isnull", "notnull", "in", "between", "like", "glob", "regexp", "match"}),
        frozenset({"<", "<=", ">", ">="}), frozenset({"&", "|", "<<", ">>"}), frozenset({"+", "-"}), frozenset({"*", "/", "%"}), frozenset({"->>", "->", "||"}),
    ),
    has_json_each=True,
)  # fmt: skip

DUCKDB = Syntax(
    "DuckDB",
    _lexer("DuckDB", _QUOTED, r"\?[0-9]*|\$[A-Za-z0-9_]+", r"::|->>|->|@>|<@|\|\||&&|!~~|~~~|~~\*|~~|!~|~|\^@|<=|>=|<>|!=|==|//|[-+*/%^=<>()\[\],.;{}&|#:$]"),
    (_IS, _COMPARE, _TESTS, frozenset({"->>", "@>", "<@", "||", "&&", "~", "!~", "~~", "!~~", "~~~", "^@"})),
    arrow="->",
)

ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "^", "&", "|", "#", "<<", ">>"})
REFUSED_WORDS = {"case": "CASE", "select": "a sub-query", "any": "ANY here", "all": "ALL", "some": "SOME", "row": "ROW", "interval": "INTERVAL", "exists": "EXISTS"}
WORDS = frozenset({"and", "or", "not", "is", "in", "between", "like", "ilike", "glob", "regexp", "match", "similar", "isnull", "notnull", "escape", "collate", "as", "from", "where", "null", "true", "false", "case", "select", "exists"})
CLAUSES = frozenset({"order", "group", "having", "limit", "offset", "union", "returning", "select", "where", "over"})
