"""The lower half of the pattern parser: position, white space, escapes and assertions, for `whereql.regex.syntax`.

The rules, odd ones too, are those of Rust's regex-syntax 0.8: in verbose mode white space may stand inside `\\x41`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from whereql.errors import CheckError, LimitError, UnsupportedError
from whereql.regex import charset
from whereql.regex.charset import ANYWHERE, AT_EDGE, CHARS, CharSet, union
from whereql.regex.tree import Alt, Chars, Node, Side
from whereql.source import Span, quote

MAX_NESTING = 250
WHITE_SPACE = frozenset(charset.characters(charset.property_set("space")))
_HEX = frozenset("0123456789abcdefABCDEF")
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_CONTROL = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_BOUNDARY_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-")
_BOUNDARIES = {"start": "<", "end": ">", "start-half": "start-half", "end-half": "end-half"}
_LF, _CR = charset.span("\n"), charset.span("\r")
_HINTS = {
    "h": r"for a space or tab write [ \t]",
    "R": r"for a line break write (?:\r\n|\n|\r)",
    "Z": r"the end of the text is \z",
    "K": "captures and match positions play no part: a pattern only says whether it matches",
    "G": r"the start of the text is \A",
    "Q": "escape each special character by itself",
    "e": r"the escape character is \x1b",
    "c": r"write a control character as \x01 and so on",
    "X": "there are no grapheme clusters here; . is one code point",
    "C": "patterns match code points, not bytes",
    "N": r"for any character but a line feed write .",
    "k": "back-references need unbounded time, so the engine has none; write the text out or use alternatives",
}


@dataclass(frozen=True, slots=True)
class Literal:
    """A character as a class or a range takes it; `byte` when it was written `\\xHH`."""

    char: str
    byte: bool = False


class Scanner:
    """A position in the pattern and the flags that hold there."""

    def __init__(self, text: str) -> None:
        """Start at the beginning of `text`."""
        self.text = text
        self.at = 0
        self.flags = frozenset("u")

    def error(self, message: str, start: int, end: int | None = None, hint: str | None = None) -> CheckError:
        """The error WQ303 for the pattern from `start` to `end`, or to the present position."""
        return CheckError("WQ303", message, span=self.span(start, end), source=self.text, hint=hint)

    def too_deep(self) -> LimitError:
        """The error for a pattern with too many levels."""
        return LimitError(
            "WQ405",
            f"the pattern is nested deeper than {MAX_NESTING} levels",
            span=self.span(self.at),
            source=self.text,
            hint="remove groups that change nothing",
        )

    def span(self, start: int, end: int | None = None) -> Span:
        """The span from `start` to `end`, or to the present position."""
        return Span(start, min(len(self.text), max(start + 1, self.at if end is None else end)))

    @property
    def char(self) -> str:
        """The character at the present position, empty at the end."""
        return self.text[self.at : self.at + 1]

    def take(self, expected: str) -> bool:
        """Step over `expected` if it comes next."""
        found = self.text.startswith(expected, self.at)
        self.at += len(expected) if found else 0
        return found

    def step(self) -> bool:
        """Go one character on, then over white space in verbose mode; False at the end."""
        self.at += 1
        return self.skip_space()

    def skip_space(self) -> bool:
        """In verbose mode go over white space and comments; False at the end."""
        while "x" in self.flags and self.char:
            if self.char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.char not in WHITE_SPACE:
                break
            else:
                self.at += 1
        return self.at < len(self.text)

    def escape(self) -> Literal | Node:
        """What the escape at the present position stands for."""
        start = self.at
        self.at += 1
        match self.char:
            case "":
                raise self.error("the pattern ends in the middle of an escape", start, hint=r"a backslash itself is \\")
            case "x" | "u" | "U":
                return self._hex(start)
            case "p" | "P":
                return self._property(start)
            case "d" | "s" | "w" | "D" | "S" | "W" as letter:
                self.at += 1
                return self.shorthand(letter, start)
        return self._simple_escape(start)

    def _simple_escape(self, start: int) -> Literal | Node:
        letter = self.char
        self.at += 1
        if letter in _CONTROL:
            return Literal(_CONTROL[letter])
        if letter.isascii() and not letter.isalnum() and letter not in "<>":
            return Literal(letter)
        match letter:
            case "A":
                return Side(before=AT_EDGE)
            case "z":
                return Side(after=AT_EDGE)
            case "b" if self.char == "{":
                return self._named_boundary(start)
            case "b" | "B" | "<" | ">":
                return boundary(letter, "u" in self.flags)
        if "0" <= letter <= "9":
            raise self.error("back-references and octal escapes are not supported", start, hint=_HINTS["k"])
        raise self.error(f"unknown escape {quote(self.text[start : self.at])}", start, hint=_HINTS.get(letter))

    def _named_boundary(self, start: int) -> Node:
        brace = self.at
        if not self.step():
            raise self.error("the pattern ends in the middle of a repetition or word boundary", start)
        name_at, name = self.at, ""
        if self.char not in _BOUNDARY_NAME:
            self.at = brace
            return boundary("b", "u" in self.flags)
        while self.char and self.char in _BOUNDARY_NAME:
            name += self.char
            self.step()
        if self.char != "}":
            raise self.error(r"unclosed \b{", brace, hint=r"write \b{start} or \b{end}")
        if name not in _BOUNDARIES:
            raise self.error(
                f"unknown word boundary {quote(name)}", name_at, hint="there are start, end, start-half and end-half"
            )
        self.at += 1
        return boundary(_BOUNDARIES[name], "u" in self.flags)

    def _hex(self, start: int) -> Literal:
        kind = self.char
        if not self.step():
            raise self.error("the pattern ends in the middle of an escape", start)
        braced = self.char == "{"
        digits = self._braced_digits(start) if braced else self._fixed_digits(start, _HEX_DIGITS[kind])
        code = int(digits, 16) if len(digits.lstrip("0")) <= 6 else -1
        if not (0 <= code < 0xD800 or 0xE000 <= code <= 0x10FFFF):
            raise self.error(f"{quote(digits)} is no Unicode character", start)
        return Literal(chr(code), byte=kind == "x" and not braced)

    def _braced_digits(self, start: int) -> str:
        digits = ""
        while self.step() and self.char != "}":
            digits += self._hex_digit()
        if not self.char:
            raise self.error("unclosed brace in an escape", start)
        self.step()
        if not digits:
            raise self.error("no hexadecimal digits in braces", start)
        return digits

    def _fixed_digits(self, start: int, count: int) -> str:
        digits = ""
        for n in range(count):
            if n and not self.step():
                raise self.error(
                    "the pattern ends in the middle of an escape", start, hint=f"{count} digits are needed"
                )
            digits += self._hex_digit()
        self.step()
        return digits

    def _hex_digit(self) -> str:
        if self.char not in _HEX:
            raise self.error(f"{quote(self.char)} is no hexadecimal digit", self.at, self.at + 1)
        return self.char

    def shorthand(self, letter: str, start: int) -> Chars:
        r"""The set of `\d` and its like; in byte mode that of its ASCII characters."""
        if "u" in self.flags:
            return Chars(charset.perl(letter))
        name = {"d": "digit", "s": "space", "w": "word"}[letter.lower()]
        return Chars(self.ascii_only(charset.POSIX[name], letter.isupper(), start), fault=self.span(start))

    def ascii_only(self, chars: CharSet, negated: bool, start: int) -> CharSet:
        """`chars` or its complement as byte mode has it, which is refused when it goes beyond ASCII."""
        if negated:
            chars = union(charset.complement(chars), (0x80, 0x100))
        if not charset.contains(charset.POSIX["ascii"], chars):
            raise self.error("without the flag u this can match invalid UTF-8", start, hint="remove (?-u)")
        return chars

    def folded(self, chars: CharSet) -> CharSet:
        """`chars` and, under the flag i, what differs from one of them in case only."""
        if "i" not in self.flags:
            return chars
        folded = charset.fold(chars)
        return folded if "u" in self.flags else charset.intersect(folded, (0, 0x80))

    def _property(self, start: int) -> Chars:
        negated = self.char == "P"
        if not self.step():
            raise self.error("the pattern ends in the middle of an escape", start, hint=r"write \p{L}, or \pL")
        name = self._property_name(start)
        value = None
        for separator in ("!=", ":", "="):
            if separator in name:
                name, _, value = name.partition(separator)
                negated ^= separator == "!="
                break
        if "u" not in self.flags:
            raise self.error("Unicode classes need the flag u", start, hint="remove (?-u)")
        chars = self.folded(self._look_up(start, name, value))
        return Chars(charset.complement(chars) if negated else chars)

    def _property_name(self, start: int) -> str:
        if self.char == "\\":
            raise self.error("invalid Unicode class", start, hint=r"write \p{L}, or \pL")
        name = ""
        if self.char != "{":
            name = self.char
            self.step()
            return name
        while self.step() and self.char != "}":
            name += self.char
        if not self.char:
            raise self.error("unclosed Unicode class", start, hint=r"write \p{Greek}")
        self.at += 1
        return name

    def _look_up(self, start: int, name: str, value: str | None) -> CharSet:
        try:
            return charset.property_set(name, value)
        except charset.UnknownProperty:
            hint = r"general categories and scripts are known, such as \p{Lu} \p{Greek}"
            message = f"unknown Unicode property {quote(self.text[start : self.at])}"
            raise self.error(message, start, hint=hint) from None
        except charset.RefusedProperty:
            written = self.text[start : self.at]
            raise UnsupportedError(
                "WQ502",
                f"the Unicode property {quote(written)} is not available",
                span=self.span(start),
                source=self.text,
                hint=r"categories, scripts, Alphabetic, Lowercase, Uppercase and White_Space are; or list ranges",
            ) from None


@cache
def boundary(kind: str, unicode: bool) -> Node:
    r"""The assertion `\b`, `\B`, `\<` and so on, by the letter or name, with Unicode or ASCII words."""
    word = charset.perl("w") if unicode else charset.POSIX["word"]
    other = union(charset.subtract(CHARS, word), AT_EDGE)
    match kind:
        case "b":
            return Alt((Side(word, other), Side(other, word)))
        case "B":
            return Alt((Side(word, word), Side(other, other)))
        case "<":
            return Side(other, word)
        case ">":
            return Side(word, other)
        case "start-half":
            return Side(before=other)
    return Side(after=other)


def line_start(flags: frozenset[str]) -> Node:
    """What `^` asserts under the flags."""
    if "m" not in flags:
        return Side(before=AT_EDGE)
    side = Side(before=union(_LF, AT_EDGE))
    return Alt((side, Side(_CR, charset.subtract(ANYWHERE, _LF)))) if "R" in flags else side


def line_end(flags: frozenset[str]) -> Node:
    """What `$` asserts under the flags."""
    if "m" not in flags:
        return Side(after=AT_EDGE)
    if "R" not in flags:
        return Side(after=union(_LF, AT_EDGE))
    return Alt((Side(after=union(_CR, AT_EDGE)), Side(charset.subtract(ANYWHERE, _CR), _LF)))


def dot(flags: frozenset[str]) -> CharSet:
    """What `.` matches under the flags."""
    if "s" in flags:
        return CHARS
    return charset.subtract(CHARS, union(_LF, _CR) if "R" in flags else _LF)
