"""What a parse error says: from Lark's position and parser state to a message in the user's words.

The state of the parser, asked what it would accept, tells the situation (a value was due, an operator was due, …);
the text at that place tells what stands there instead. No name of a rule or terminal ever leaves these modules.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from whereql.dialects.text.situations import WORD, explain_due
from whereql.dialects.text.words import CHARACTER_HINTS, LOOKALIKES, OPERATOR_ALIASES
from whereql.errors import ParseError
from whereql.names import foreign_character, is_reserved
from whereql.source import Span, quote
from whereql.suggest import nearest

_NUMBERISH = re.compile(r"[-+]?(?:[0-9]|\.(?![A-Za-z_]))(?:[0-9A-Za-z_.\x80-\U0010ffff]|(?<=[eE])[-+](?=[0-9]))*+")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


def explain(text: str, error: UnexpectedInput) -> ParseError:
    """The error for the user; `error` is what Lark raised while parsing `text`."""
    position = len(text)
    if isinstance(error, UnexpectedCharacters):
        position = error.pos_in_stream or 0
    elif isinstance(error, UnexpectedToken) and error.token.type != "$END":
        position = error.token.start_pos or 0
    found = _explain_characters(text, position) or explain_due(text, position, _accepted(error))
    found.source = text
    return found


def _accepted(error: Any) -> frozenset[str]:
    return frozenset(error.interactive_parser.accepts())


def foreign_error(token: Token, index: int) -> ParseError:
    """The error for a name with a character that is no letter: a curly quote, a no-break space, a full-width sign …"""
    return _foreign(token[index], (token.start_pos or 0) + index)


def _foreign(character: str, position: int) -> ParseError:
    name = unicodedata.name(character, "no character").lower()
    category = unicodedata.category(character)
    instead = str(unicodedata.decimal(character)) if category == "Nd" else LOOKALIKES.get(character)
    if instead is None and category in ("Zs", "Zl", "Zp"):
        instead = "an ordinary space"
    if instead is None and category == "Cf":
        hint = "it is invisible: delete it"
    elif instead is None:
        hint = "a key with such a character stands in backticks: `any key`"
    else:
        hint = f"write {instead}; a key with such a character stands in backticks"
    shown = character if character.isprintable() and category != "Zs" else "a character"
    what = "can't begin a name or a number" if category in ("Nd", "Mn", "Mc", "Pc") else "is no letter, digit or operator"
    message = f"{shown} (U+{ord(character):04X}, {name}) {what}"
    return ParseError("WQ102", message, span=Span(position, position + 1), hint=hint)


def _explain_characters(text: str, position: int) -> ParseError | None:
    """Errors that the characters at the place decide alone, whatever was due there."""
    if position >= len(text):
        return None
    character = text[position]
    if character in "'\"`":
        return _explain_quote(text, position, character)
    number = _NUMBERISH.match(text, position)
    if number and not _NUMBER.fullmatch(number.group()) and foreign_character(number.group()) is None:
        return _explain_number(number.group(), position)
    if word := WORD.match(text, position):
        foreign = foreign_character(word.group())
        if foreign is not None:
            return _foreign(word.group()[foreign], position + foreign)
        return _explain_call(text, position, word.group())
    if character == "#":
        return _explain_own(text, position)
    if text.startswith(("&&", "||"), position):
        return None
    for spelling, hint in CHARACTER_HINTS:
        if text.startswith(spelling, position):
            span = Span(position, position + len(spelling))
            return ParseError("WQ101", f"{quote(spelling)} is no part of the language", span=span, hint=hint)
    if character.isprintable() and character in "=!<>()[],:-":
        return None
    return ParseError(
        "WQ101", f"unexpected character {quote(character)}", span=Span(position, position + 1), hint="text stands in quotes, an odd key in backticks"
    )


def _explain_number(number: str, position: int) -> ParseError:
    span = Span(position, position + len(number))
    if number[0] not in "-+" and re.match(r"[0-9]+[A-Za-z_]", number) and not re.match(r"0[xXbBoO]|[0-9]+_[0-9]", number):
        hint = f"a text stands in quotes: '{number[:40]}'; a key that begins with a digit in backticks: `{number[:40]}`"
    else:
        hint = "write 1, -2, 1.5, .5 or 1e9: decimal digits, without _ or hex"
    return ParseError("WQ112", f"{quote(number)} is not a number", span=span, hint=hint)


_CLOSED = {
    "'": re.compile(r"'[^']*+(?:''[^']*+)*+'"),
    '"': re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL),
    "`": re.compile(r"`[^`]*+(?:``[^`]*+)*+`"),
}
_SOUND = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+')


def _explain_quote(text: str, position: int, mark: str) -> ParseError | None:
    if not _CLOSED[mark].match(text, position):
        kind, inside = "name" if mark == "`" else "string", '\\"' if mark == '"' else mark * 2
        hint = f"add {mark} at its end; inside it, write {inside}"
        return ParseError("WQ109", f"the {kind} that begins here is not closed", span=Span(position, len(text)), hint=hint)
    sound = _SOUND.match(text, position)
    if sound is None or text[sound.end()] == '"':
        return None
    start = sound.end()
    what = quote(text[start : start + 2]) if text[start] == "\\" else f"a raw control character (U+{ord(text[start]):04X})"
    return ParseError(
        "WQ113",
        f"{what} is no part of a double-quoted string",
        span=Span(start, start + (2 if text[start] == "\\" else 1)),
        hint=r"its escapes are as in JSON: \" \\ \/ \b \f \n \r \t \u0041; a single-quoted string is taken as it stands",
    )


def _explain_call(text: str, position: int, word: str) -> ParseError | None:
    end = position + len(word)
    span = Span(position, end)
    if text.startswith("(", end) and not is_reserved(word):
        hint = OPERATOR_ALIASES.get(word.casefold()) or "to ignore case write ILIKE; dates are DATE('2024-05-01') and TIMESTAMP('…Z')"
        return ParseError("WQ114", f"there is no function {quote(word)}", span=span, hint=hint)
    if text.startswith(".", end):
        return ParseError(
            "WQ101", "a dot stands only between two parts of a key", span=Span(end, end + 1), hint="drop it, or quote the key in backticks: `any.key.`"
        )
    return None


def _explain_own(text: str, position: int) -> ParseError:
    word = WORD.match(text, position + 1)
    name = word.group() if word else ""
    close = nearest(name, ("id", "document", "uri"))
    hint = f"did you mean #{close}?" if close else "a record's own fields are #id, #document and #uri; a metadata key has no #, or stands in backticks"
    if not name:
        hint = "a record's own fields are #id, #document and #uri; a comment is -- to the end of the line"
    return ParseError("WQ111", f"there is no field {quote('#' + name)}", span=Span(position, position + 1 + len(name)), hint=hint)
