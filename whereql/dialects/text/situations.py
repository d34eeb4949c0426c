"""What a parse error says where the parser knew what was due: a value, a key, an operator, a list, AND …

The first entry of `SITUATIONS` whose terminals the parser would all accept names the situation; the text around the place
then tells the likely intent.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from whereql.dialects.text.words import (
    CLAUSE_HINTS,
    CONNECTIVE_HINTS,
    LIST_HINTS,
    OPERATOR_ALIASES,
    OPERATOR_WORDS,
    VALUE_ALIASES,
)
from whereql.errors import ParseError
from whereql.names import is_bare, is_reserved
from whereql.source import Span, quote, visible
from whereql.suggest import nearest

WORD = re.compile(r"[^\x00-\x2f:-@\[-^`{-\x7f]++(?:\.[^\x00-\x2f:-@\[-^`{-\x7f]++)*+")
_STRING = r"'[^']{0,80}'|\"[^\"\\]{0,80}\""
_FOUND = re.compile(rf"{WORD.pattern}|{_STRING}|[=<>!~]+", re.DOTALL)
_LAST = re.compile(rf"({_STRING}|[=!<>~]+|:?[^\x00-\x2f:-@\[-^`{{-\x7f]+|[^\s'\"])\s*\Z")
_NEAR = 200  # characters to look back
_BANG = re.compile(r"!\s*[\w.`#]+\s*\Z")
_VALUE_FIRST = re.compile(r"(?:'([^']{1,80})'|\"([^\"\\]{1,80})\")\s*(?:==?|!=|<>|[<>]=?)\s*\Z")
_PREDICATE_WORDS = frozenset(["IN", "IS", "BETWEEN", "HAS", "CONTAINS", "LIKE", "ILIKE", "MATCHES", "STARTS", "ENDS", "NOT"])


def explain_due(text: str, position: int, accepted: frozenset[str]) -> ParseError:
    """The error for what stands at `position`, where the parser would have accepted the terminals `accepted`."""
    match = _FOUND.match(text, position)
    name = match.group() if match else text[position : position + 1]
    span = Span(position, position + max(1, len(name))) if position < len(text) else Span(len(text), len(text))
    explain = next(explain for due, explain in SITUATIONS if accepted >= due)
    return explain(text, span, name)


def _shown(name: str) -> str:
    """A part of the filter for a message; a string keeps its own quotes."""
    if name[:1] in "'\"" and len(name) > 2:
        return visible(name) if len(name) <= 40 else f"{visible(name[:40])}…"
    return quote(name) if name else "end of the filter"


def _last(text: str, position: int) -> str:
    """The word, sign or string before a position; empty where it is too long to tell."""
    match = _LAST.search(text[max(0, position - _NEAR) : position])
    return match.group(1) if match else ""


def _after(text: str, position: int) -> str:
    last = _last(text, position)
    return f" after {_shown(last)}" if last else ""


def _found(name: str) -> str:
    return f", found {_shown(name)}" if name else ""


def _reserved(name: str, span: Span) -> ParseError:
    return ParseError("WQ115", f"{name.upper()} is a reserved word", span=span, hint=f"quote a key of that name in backticks: `{name}`")


def _as_key(name: str) -> str:
    return name if is_bare(name) else "`" + visible(name).replace("`", "``") + "`"


def _cut(name: str) -> str:
    return visible(name) if len(name) <= 40 else f"{visible(name[:40])}…"


def _misplaced_bang(span: Span) -> ParseError:
    return ParseError("WQ117", "! stands only before a parenthesis or a bare key", span=span, hint="write NOT for the whole condition")


def _due_value(text: str, span: Span, name: str) -> ParseError:
    last, word = _last(text, span.start).upper(), name.casefold()
    if word in ("any", "all"):
        if last == "HAS":
            return ParseError("WQ116", f"expected a list after 'HAS {name.upper()}'", span=span, hint=f"write HAS {name.upper()} ('a', 'b'), or a parameter such as :tags")
        hint = "HAS ANY (…) and HAS ALL (…) test the elements of a list; elsewhere join conditions with OR or AND"
        return ParseError("WQ104", f"expected one value{_after(text, span.start)}{_found(name)}", span=span, hint=hint)
    if word in VALUE_ALIASES:
        return ParseError("WQ104", f"{quote(name)} is no value", span=span, hint=VALUE_ALIASES[word])
    if WORD.fullmatch(name) and not is_reserved(name):
        hint = f"write '{_cut(name)}'; two keys can't be compared with each other"
        return ParseError("WQ103", "a text must be quoted", span=span, hint=hint)
    hint = CONNECTIVE_HINTS.get(text[span.start : span.start + 2]) or "write a number, a quoted string or a parameter such as :year"
    if name in ("(", "["):
        hint = LIST_HINTS.get(last, "several values go with IN (…), HAS ANY (…) or HAS ALL (…)")
    elif name == ":":
        hint = "a parameter is a colon and a name of letters A to Z, digits and _, such as :year"
    elif name in ("-", "+"):
        hint = f"a sign stands right before its digits: {name}5"
    elif is_reserved(name) and word not in ("and", "or"):
        hint = f"a text stands in quotes: '{name}'"
    return ParseError("WQ104", f"expected a value{_after(text, span.start)}{_found(name)}", span=span, hint=hint)


def _due_condition(text: str, span: Span, name: str) -> ParseError:
    last = _last(text, span.start)
    if last.upper() == "NOT" and name[:1] in ("=", "<", ">"):
        start = text.rindex(last, 0, span.start)
        return _reserved(last, Span(start, start + len(last)))
    if is_reserved(name) and re.match(r"\s*(?:[=<>!]|(?i:in|is|like|not)\b)", text[span.end : span.end + 50]):
        return _reserved(name, span)
    if name == ")" and last == "(":
        return ParseError("WQ108", "there is nothing between the parentheses", span=span, hint="write a condition, or TRUE for every record")
    hint = "write a condition such as year >= 2020"
    if name.upper() in _PREDICATE_WORDS:
        hint = f"the key stands first: key {name.upper()} …"
    return ParseError("WQ105", f"expected a condition{_after(text, span.start)}{_found(name)}", span=span, hint=hint)


def _due_key(text: str, span: Span, name: str) -> ParseError:
    last = _last(text, span.start)
    if last.endswith("!"):
        return _misplaced_bang(span)
    if is_reserved(name):
        return _reserved(name, span)
    hint = "one side of a comparison is a key, the other a value; a key with odd characters stands in backticks"
    if last == "(":
        hint = "write a key without quotes: EXISTS(year)"
    elif value := _VALUE_FIRST.search(text[max(0, span.start - _NEAR) : span.start]):
        hint = f"a text in quotes is a value; as a key write it so: {_as_key(value.group(1) or value.group(2))}"
    return ParseError("WQ105", f"expected a key{_after(text, span.start)}{_found(name)}", span=span, hint=hint)


def _due_list(text: str, span: Span, name: str) -> ParseError:
    return ParseError("WQ116", f"expected a list{_after(text, span.start)}{_found(name)}", span=span, hint="write (1, 2, 3), or a parameter such as :years")


def _due_separator(text: str, span: Span, name: str) -> ParseError:
    if not name:
        opened = _opened(text, "([")
        return ParseError("WQ108", "the list that begins here is not closed", span=Span(opened, opened + 1), hint="close it with the same kind of bracket")
    return ParseError("WQ116", f"expected a comma or the end of the list{_found(name)}", span=span, hint="write (1, 2, 3); close ( with ) and [ with ]")


def _due_operator(text: str, span: Span, name: str) -> ParseError:
    last = _last(text, span.start)
    lead = text[: span.start].split(maxsplit=1)
    if len(lead) == 1 and (hint := CLAUSE_HINTS.get(lead[0].casefold())):
        start = text.index(lead[0])
        return ParseError("WQ106", f"{quote(lead[0])} is no part of a filter", span=Span(start, start + len(lead[0])), hint=hint)
    hint = OPERATOR_ALIASES.get(name.casefold())
    if hint is None and last.upper() == "EXISTS" and WORD.fullmatch(name):
        hint = f"write EXISTS({_cut(name)})"
    elif hint is None and WORD.fullmatch(name):
        close = nearest(name, OPERATOR_WORDS)
        hint = f"did you mean {close}?" if close else None
    elif name == "!" and (word := WORD.match(text, span.end)) and is_reserved(word.group()):
        hint = f"write NOT {word.group().upper()}"
    elif name == "-" and (key := re.search(r"[\w.]{1,40}\Z", text[max(0, span.start - 40) : span.start])):
        tail = re.match(r"[-\w.>]{1,40}", text[span.start : span.start + 40])
        hint = f"a key with such a character stands in backticks: `{key.group()}{tail.group() if tail else name}`"
    message = f"expected an operator{_after(text, span.start)}{_found(name)}"
    default = "such as =, !=, <, <=, >, >=, IN, HAS, CONTAINS, LIKE, MATCHES or IS NULL"
    return ParseError("WQ106", message, span=span, hint=hint or default)


def _due_comparison(text: str, span: Span, name: str) -> ParseError:
    if not name or name == ")":
        return ParseError("WQ105", "a value alone is no condition", span=span, hint="write key = value; a key stands without quotes, or in backticks")
    hint = "a key comes first, without quotes: year = 2020; a value may come first only with =, !=, <, <=, >, >= or IN"
    return ParseError("WQ106", f"expected a comparison after a value{_found(name)}", span=span, hint=hint)


def _due_connective(text: str, span: Span, name: str) -> ParseError:
    comparison = name[:1] in ("=", "!", "<", ">")
    if (comparison or name.upper() in _PREDICATE_WORDS) and _BANG.search(text[max(0, span.start - _NEAR) : span.start]):
        return _misplaced_bang(span)
    if name == ")":
        return ParseError("WQ108", "this parenthesis closes nothing", span=span, hint="delete it, or add ( before the condition")
    hint = CONNECTIVE_HINTS.get(name[:1]) or CLAUSE_HINTS.get(name.casefold())
    if name[:1] in ("<", ">"):
        hint = "a chain runs one way, as in 1 < year <= 5; join other conditions with AND or OR"
    elif WORD.fullmatch(name) and text[span.start - 1 : span.start] == "'":
        hint = "a quote inside single quotes is doubled: 'it''s'"
    elif hint is None and (close := nearest(name, ("AND", "OR"))):
        hint = f"did you mean {close}?"
    message = f"expected AND, OR or the end{_after(text, span.start)}{_found(name)}"
    return ParseError("WQ107", message, span=span, hint=hint or "join two conditions with AND or OR")


def _due_closing(text: str, span: Span, name: str) -> ParseError:
    if name:
        hint = "EXISTS takes one key, DATE and TIMESTAMP one quoted string, and then )"
        return ParseError("WQ108", f"expected ){_after(text, span.start)}{_found(name)}", span=span, hint=hint)
    opened = _opened(text, "(")
    return ParseError("WQ108", "the parenthesis that opens here is not closed", span=Span(opened, opened + 1), hint="add ) where its condition ends")


_BRACKETS = re.compile(r"'[^']*'|\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"|`[^`]*`|--[^\r\n]*|([()\[\]])", re.DOTALL)


def _opened(text: str, marks: str) -> int:
    """The position of the last bracket of these kinds that nothing closes; strings, names and comments are skipped."""
    opened: list[int] = []
    for match in _BRACKETS.finditer(text):
        if (bracket := match.group(1)) and bracket in "([":
            opened.append(match.start())
        elif bracket and opened:
            opened.pop()
    return next((position for position in reversed(opened) if text[position] in marks), len(text) - 1)


def _due_null(text: str, span: Span, name: str) -> ParseError:
    hint = f"write = {name.upper()}" if name.upper() in ("TRUE", "FALSE") else "write IS NULL or IS NOT NULL; for any other value write ="
    return ParseError("WQ106", f"expected NULL or NOT NULL{_after(text, span.start)}{_found(name)}", span=span, hint=hint)


def _due_and(text: str, span: Span, name: str) -> ParseError:
    return ParseError("WQ104", f"expected AND between the bounds of BETWEEN{_found(name)}", span=span, hint="write key BETWEEN 1 AND 5")


def _due_string(text: str, span: Span, name: str) -> ParseError:
    return ParseError("WQ104", f"expected a quoted date{_found(name)}", span=span, hint="write DATE('2024-05-01') or TIMESTAMP('2024-05-01T00:00:00Z')")


def _due_negated(text: str, span: Span, name: str) -> ParseError:
    hint = "write !=" if name in ("=", "==") else OPERATOR_ALIASES.get(name.casefold()) or "write NOT IN, NOT BETWEEN, NOT HAS, NOT LIKE …, or put NOT before the whole condition"
    return ParseError("WQ106", f"expected an operator after NOT{_found(name)}", span=span, hint=hint)


Explain = Callable[[str, Span, str], ParseError]

# The first situation whose terminals are all accepted is the one; the most particular stand first.
SITUATIONS: list[tuple[frozenset[str], Explain]] = [
    (frozenset({"NAME", "NUMBER"}), _due_condition),
    (frozenset({"COMMA"}), _due_separator),
    (frozenset({"NUMBER"}), _due_value),
    (frozenset({"LSQB"}), _due_list),
    (frozenset({"NAME"}), _due_key),
    (frozenset({"EQ", "TEXTOP"}), _due_operator),
    (frozenset({"EQ"}), _due_comparison),
    (frozenset({"_IN"}), _due_negated),
    (frozenset({"NULL"}), _due_null),
    (frozenset({"SINGLE"}), _due_string),
    (frozenset({"_OR"}), _due_connective),
    (frozenset({"RPAR"}), _due_closing),
    (frozenset({"_AND"}), _due_and),
    (frozenset(), _due_connective),
]
