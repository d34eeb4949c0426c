"""Bracketed classes of a pattern, `[a-z&&[^aeiou]]`: the middle part of the parser, for `whereql.regex.syntax`.

A union binds tighter than the set operations, which are equal and taken from the left. Case is folded as Rust's engine
does it: each operand before its operation, each class before its negation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from whereql.regex import charset
from whereql.regex.charset import NONE, CharSet
from whereql.regex.scanner import MAX_NESTING, WHITE_SPACE, Literal, Scanner
from whereql.regex.tree import Chars, Node

_UNCLOSED = r"close it with ], or write \[ for the character"
_POSIX = re.compile(rf"\[:(\^?)({'|'.join(charset.POSIX)}):\]")
_SET_OPERATIONS: dict[str, Callable[[CharSet, CharSet], CharSet]] = {
    "&&": charset.intersect,
    "--": charset.subtract,
    "~~": charset.symmetric_difference,
}


@dataclass(slots=True)
class _Class:
    """An open bracketed class: what stands left of its last set operation, and the items since."""

    start: int
    negated: bool = False
    left: CharSet = NONE
    operation: str = ""
    left_depth: int = 0
    items: list[CharSet] = field(default_factory=list)
    items_depth: int = 0

    @property
    def depth(self) -> int:
        """The depth of the class as Rust counts it, itself included."""
        right = self.items_depth + (len(self.items) > 1)
        return 1 + (1 + max(self.left_depth, right) if self.operation else right)


class ClassParser(Scanner):
    """A scanner that reads bracketed classes."""

    def bracketed(self) -> tuple[Node, int]:
        """The class that opens here, and its depth as Rust counts it."""
        open_classes = [self._open_class()]
        while True:
            if not self.skip_space():
                start = open_classes[-1].start
                raise self.error("unclosed character class", start, start + 1, _UNCLOSED)
            current = open_classes[-1]
            if self.char == "]":
                chars, depth = self._close_class(open_classes.pop())
                if not open_classes:
                    break
                self._add(open_classes[-1], chars, depth)
            elif self.char == "[":
                self._nested(open_classes)
            elif (operation := self.text[self.at : self.at + 2]) in _SET_OPERATIONS:
                self.at += 2
                current.left_depth = current.depth - 1
                current.left, current.operation = self._operate(current), operation
                current.items, current.items_depth = [], 0
            else:
                self._add(current, self._class_item(current.start))
        single = len(chars) == 2 and chars[1] - chars[0] == 1
        fault = None if chars and ("u" in self.flags or single) else self.span(current.start)
        return Chars(chars, fault), depth

    def _add(self, target: _Class, chars: CharSet, depth: int = 0) -> None:
        target.items.append(chars)
        target.items_depth = max(target.items_depth, depth)

    def _nested(self, open_classes: list[_Class]) -> None:
        posix = _POSIX.match(self.text, self.at)
        if posix is None:
            open_classes.append(self._open_class())
            if len(open_classes) > MAX_NESTING:
                raise self.too_deep()
            return
        start, self.at = self.at, posix.end()
        self._add(open_classes[-1], self._negate(self.folded(charset.POSIX[posix[2]]), bool(posix[1]), start))

    def _open_class(self) -> _Class:
        opened = _Class(self.at)
        more = self.step()
        if more and self.char == "^":
            opened.negated = True
            more = self.step()
        while more and self.char == "-":
            self._add(opened, charset.span("-"))
            more = self.step()
        if more and not opened.items and self.char == "]":
            self._add(opened, charset.span("]"))
            more = self.step()
        return opened

    def _operate(self, current: _Class) -> CharSet:
        right = charset.union(*current.items)
        if not current.operation:
            return right
        return _SET_OPERATIONS[current.operation](self.folded(current.left), self.folded(right))

    def _close_class(self, closed: _Class) -> tuple[CharSet, int]:
        self.at += 1
        chars = self._negate(self.folded(self._operate(closed)), closed.negated, closed.start)
        if closed.depth > MAX_NESTING:
            raise self.too_deep()
        return chars, closed.depth

    def _negate(self, chars: CharSet, negated: bool, start: int) -> CharSet:
        if "u" not in self.flags:
            return self.ascii_only(chars, negated, start)
        return charset.complement(chars) if negated else chars

    def _class_item(self, class_start: int) -> CharSet:
        start = self.at
        first = self._class_primitive()
        self.skip_space()
        if self.char != "-" or self._peek() in ("]", "-"):
            return self._single(first, start)
        if not self.step():
            raise self.error("unclosed character class", class_start, class_start + 1, _UNCLOSED)
        last = self._class_primitive()
        if not (isinstance(first, Literal) and isinstance(last, Literal)):
            raise self.error(
                "both ends of a range must be single characters", start, hint=r"write \- for the character -"
            )
        if first.char > last.char:
            raise self.error("the range's ends are the wrong way round", start, hint="the lower code point comes first")
        self._single(first, start)
        self._single(last, start)
        return charset.span(first.char, last.char)

    def _class_primitive(self) -> Literal | Node:
        if self.char == "\\":
            return self.escape()
        self.at += 1
        return Literal(self.text[self.at - 1])

    def _single(self, item: Literal | Node, start: int) -> CharSet:
        match item:
            case Literal(char):
                if "u" not in self.flags and not char.isascii():
                    raise self.error("without the flag u a class holds ASCII only", start, hint="remove (?-u)")
                return charset.span(char)
            case Chars(chars):
                return chars
        raise self.error("an assertion can't stand in a character class", start, hint="write the characters themselves")

    def _peek(self) -> str:
        """The character after the next, in verbose mode behind white space and, as in Rust, behind one `#`."""
        at = self.at + 1
        if "x" in self.flags:
            for skipped in (WHITE_SPACE, "#", WHITE_SPACE):
                while self.text[at : at + 1] and self.text[at] in skipped:
                    at += 1
                    if skipped == "#":
                        break
        return self.text[at : at + 1]
