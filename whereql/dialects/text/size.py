"""Limits that a text is held against before it is parsed, so that a hostile one costs a glance and not the memory of its tree.

A text that passes the limits of the AST passes these, too, with one addition: parentheses, which leave no trace in the AST,
may be nested only as deeply as its levels.
"""

from __future__ import annotations

import re

from whereql.limits import Limits, check_depth, check_items, check_predicates
from whereql.source import Span

# Strings, quoted names and comments are taken as wholes, and so is `= TRUE`, which makes no constant.
_PARTS = re.compile(
    r"'[^']*'|\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"|`[^`]*`|--[^\r\n]*|[=<>~]++\s*+(?:(?:true|false)(?![\w.]))?+"
    r"|(?P<constant>(?<![\w.])(?:true|false)(?![\w.]))"
    r"|(?P<connective>(?<![\w.])(?:and|or)(?![\w.])|&&|\|\|)"
    r"|(?P<negation>(?<![\w.])not(?![\w.])|!)"
    r"|(?P<open>[(\[])|(?P<close>[)\]])|(?P<comma>,)|\w+|\s+",
    re.IGNORECASE | re.DOTALL,
)

_INNER = 2  # brackets within one predicate: a list, and DATE( in it


def check_size(text: str, limits: Limits) -> None:
    """Raise LimitError, with the source, for a text that is sure to exceed the limits. Cheap for one that is sure not to."""
    if not _may_exceed(text, limits):
        return
    conditions, commas, depth, negations = 1, 0, 0, 0
    for match in _PARTS.finditer(text):
        kind = match.lastgroup
        if kind == "negation":
            negations += 1
            check_depth(negations, _span(match))
            continue
        if kind == "connective":
            conditions += 1
            check_predicates(conditions)
        elif kind == "constant":
            conditions -= 1
        elif kind == "comma":
            commas += 1
            check_items(commas)
        elif kind == "open":
            commas = 0
            depth += 1
            check_depth(depth - _INNER, _span(match))
        elif kind == "close":
            depth -= 1
        if not match.group().isspace():
            negations = 0


def _span(match: re.Match[str]) -> Span:
    return Span(*match.span())


def _may_exceed(text: str, limits: Limits) -> bool:
    return len(text) > min(limits.depth, limits.items, 4 * limits.predicates) and (
        len(text) > 4 * limits.predicates
        or text.count(",") > limits.items
        or text.count("(") + text.count("[") > limits.depth + _INNER
        or text.count("!") + text.count("NOT") + text.count("not") > limits.depth
    )
