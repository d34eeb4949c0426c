r"""Qdrant's match of words, where no index does it, as regular expressions: words are of letters and digits, their case ignored.

>>> whereql.to_text(filter_of_words("text", whereql.Field("k"), "nets, 2"))
"k MATCHES '(?:^|[^\\p{Alphabetic}\\p{N}])[nN][eE][tT][sS](?:$|[^\\p{Alphabetic}\\p{N}])' AND k MATCHES '(?:^|[^\\p{Alphabetic}\\p{N}])2(?:$|[^\\p{Alphabetic}\\p{N}])'"

Case is ignored by comparing small letters, which is not what `(?i)` does: `ſ` is no `s`.
"""

from __future__ import annotations

import re
from functools import cache

from whereql.ast import And, Expr, Or, Predicate, Subject
from whereql.limits import check_pattern
from whereql.operators import Op
from whereql.regex import compile_pattern
from whereql.values import literal

_OTHER = r"[^\p{Alphabetic}\p{N}]"
_WORD = r"[\p{Alphabetic}\p{N}]"
_UNUSUAL = {"k": "\u212a", "\xe5": "\u212b", "\u03c9": "\u2126", "\xdf": "\u1e9e", "\u03b8": "\u03f4"}  # capitals that their small letters don't lead to
_CONTEXTUAL = re.compile("[\u03a3\u03c3\u03c2]")  # of a sigma, the small letter depends on its place


def words_of(text: str) -> list[str]:
    """The words of a text."""
    words = [""]
    for character in text:
        if _is_word(character):
            words[-1] += character
        elif words[-1]:
            words.append("")
    return [word for word in words if word]


@cache
def _is_word(character: str) -> bool:
    return bool(compile_pattern(_WORD).search(character))


def is_sayable(text: str) -> bool:
    """Whether a regular expression can find the words of a text in their way."""
    return not _CONTEXTUAL.search(text) and len(text.lower()) == len(text)


def filter_of_words(match: str, subject: Subject, text: str) -> Expr:
    """What a match of words says: `text` all of them, `text_any` one, `phrase` all, one after the other. A text without words is found nowhere."""
    words = [_word(word) for word in words_of(text)]
    patterns = [f"{_OTHER}+".join(words)] if match == "phrase" and words else words
    for pattern in patterns:
        check_pattern(_bounded(pattern))
    found = [Predicate(subject, Op.MATCHES, literal(_bounded(pattern))) for pattern in patterns]
    return And(found) if found and match != "text_any" else Or(found)


def _bounded(pattern: str) -> str:
    return f"(?:^|{_OTHER}){pattern}(?:$|{_OTHER})"


def _word(word: str) -> str:
    return "".join(map(_letter, word.lower()))


def _letter(small: str) -> str:
    """A letter, small or not."""
    found = [each for each in dict.fromkeys((small, small.upper(), small.title(), _UNUSUAL.get(small, ""))) if each.lower() == small]
    return small if found == [small] else f"[{''.join(found)}]"
