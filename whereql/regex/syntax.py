"""The parser of patterns in the syntax of Rust's `regex` crate (regex-syntax 0.8), for `whereql.regex`.

It accepts what that engine accepts as far as Chroma lets it through, and resolves flags, classes, escapes and case
folding at once: the tree holds sets of characters. It keeps a stack of open groups instead of recursing, so that no
pattern can exhaust Python's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from whereql.errors import CheckError
from whereql.regex import charset
from whereql.regex.classes import ClassParser
from whereql.regex.scanner import MAX_NESTING, WHITE_SPACE, Literal, dot, line_end, line_start
from whereql.regex.tree import EMPTY, Alt, Cat, Chars, Node, Repeat, Side
from whereql.source import Span, quote

_MAX_COUNT = 2**32 - 1
_FLAGS = frozenset("imsUuRx")
_FLAG_HINTS = {
    ">": "there is no backtracking that an atomic group could stop: write (?:…)",
    "#": "comments need the flag x: (?x) a # comment",
    "P": "write (?P<name>…) for a group; back-references are not supported",
    "'": "write (?<name>…)",
    "|": "write (?:…)",
}
_BOUNDS = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_BYTES_HINT = "remove (?-u), or write the characters one by one: (?:a|b)"


@dataclass(slots=True)
class _Group:
    """An open group: its parts so far (None for a flag setting) with their depths, and what to restore at its end."""

    start: int
    flags: frozenset[str]
    captures: bool = False
    parts: list[tuple[Node | None, int]] = field(default_factory=list)
    choices: list[tuple[Node, int]] = field(default_factory=list)


def parse(pattern: str) -> Node:
    """The tree of `pattern`.

    Raises CheckError WQ303 where Rust's engine or Chroma rejects it, UnsupportedError WQ502 for a property without a
    table, LimitError WQ405 beyond 250 levels.
    """
    node = _Parser(pattern).parse()
    _refuse_bytes(pattern, node)
    return node


def _refuse_bytes(pattern: str, root: Node) -> None:
    stack = [root]
    while stack:
        match stack.pop():
            case Chars(fault=Span() as fault):
                message = "classes of bytes, and classes without any character, are not allowed"
                raise CheckError("WQ303", message, span=fault, source=pattern, hint=_BYTES_HINT)
            case Cat(parts) | Alt(parts):
                stack.extend(parts)
            case Repeat(node):
                stack.append(node)


class _Parser(ClassParser):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.stack = [_Group(0, self.flags)]
        self.names: set[str] = set()

    def parse(self) -> Node:
        while self.skip_space():
            match self.char:
                case "(":
                    self._open()
                case ")":
                    self._close()
                case "|":
                    self._end_choice(self.stack[-1])
                    self.at += 1
                case "?" | "*" | "+" as mark:
                    self._uncounted(mark)
                case "{":
                    self._counted()
                case _:
                    self._atom()
        group = self.stack[-1]
        if len(self.stack) > 1:
            raise self.error(
                "unclosed group", group.start, group.start + 1, r"close it with ), or write \( for the character"
            )
        return self._finish(group)[0]

    def _push(self, node: Node | None, depth: int = 0) -> None:
        if depth > MAX_NESTING:
            raise self.too_deep()
        self.stack[-1].parts.append((node, depth))

    def _atom(self) -> None:
        start = self.at
        match self.char:
            case "[":
                self._push(*self.bracketed())
                return
            case "\\":
                found = self.escape()
                self._push(self._literal(found, start) if isinstance(found, Literal) else found)
                return
            case "^":
                node = line_start(self.flags)
            case "$":
                node = line_end(self.flags)
            case ".":
                if "u" not in self.flags:
                    raise self.error("without the flag u, . can match invalid UTF-8", start, start + 1, "remove (?-u)")
                node = Chars(dot(self.flags))
            case char:
                node = self._literal(Literal(char), start)
        self.at += 1
        self._push(node)

    def _literal(self, literal: Literal, start: int) -> Node:
        unicode = "u" in self.flags
        if not unicode and literal.byte and not literal.char.isascii():
            raise self.error("without the flag u this can match invalid UTF-8", start, hint="remove (?-u)")
        single = charset.span(literal.char)
        if not (unicode or literal.char.isascii()):
            return Chars(single)
        chars = self.folded(single)
        return Chars(chars, None if unicode or chars == single else self.span(start, max(self.at, start + 1)))

    # Groups and flags.

    def _open(self) -> None:
        start = self.at
        self.step()
        if any(map(self.take, ("?=", "?!", "?<=", "?<!"))):
            raise self.error(
                "look-around is not supported", start, hint="the engine is linear-time and has no look-around"
            )
        outer = self.flags
        captures = True
        if self.take("?P<") or self.take("?<"):
            self._name()
        elif self.take("?"):
            captures = False
            if self._flag_setting(start):
                self._push(None)
                return
        self.stack.append(_Group(start, outer, captures))
        if len(self.stack) > MAX_NESTING + 1:
            raise self.too_deep()

    def _name(self) -> None:
        start = self.at
        end = self.text.find(">", start)
        name = self.text[start : end if end >= 0 else len(self.text)]
        for n, char in enumerate(name):
            if not _names(char, first=n == 0):
                hint = "names have letters, digits and _, and start with no digit"
                raise self.error(f"{quote(char)} can't stand in a group name here", start + n, start + n + 1, hint)
        if end < 0 or not name:
            message = "a group name is missing" if end >= 0 else "unclosed group name"
            raise self.error(message, start, start + 1, "write (?<name>…)")
        if name in self.names:
            raise self.error(f"two groups are named {quote(name)}", start, end, "names play no part here: remove one")
        self.names.add(name)
        self.at = end + 1

    def _flag_setting(self, start: int) -> bool:
        """Read `imsx-U` and the `)` or `:` behind it; True when it was a setting for the rest of the group."""
        first, seen, on = self.at, "", True
        changes: dict[str, bool] = {}
        while self.char not in (":", ")"):
            char = self.char
            if not char:
                raise self.error("unclosed group", start, hint=r"write \( for the character")
            if char not in _FLAGS and char != "-":
                hint = _FLAG_HINTS.get(char, "there are i m s R U u x, and - to switch off")
                raise self.error(f"unknown flag {quote(char)}", self.at, self.at + 1, hint)
            if char in seen:
                raise self.error(f"{quote(char)} is written twice", self.at, self.at + 1)
            seen += char
            on = on and char != "-"
            if char != "-":
                changes[char] = on
            self.at += 1
        if seen.endswith("-") or (not seen and self.char == ")"):
            hint = "write (?i) or (?-i), or (?:…) for a plain group"
            raise self.error("no flags are named here", first - 1, hint=hint)
        self.flags = self.flags.union(f for f in changes if changes[f]).difference(f for f in changes if not changes[f])
        self.at += 1
        return self.text[self.at - 1] == ")"

    def _close(self) -> None:
        if len(self.stack) == 1:
            raise self.error("unopened group", self.at, self.at + 1, r"write \) for the character")
        group = self.stack.pop()
        node, depth = self._finish(group)
        self.flags = group.flags
        self.at += 1
        # A capture keeps its content apart when Rust joins alternatives into one class; a Cat of one part does so here.
        self._push(Cat((node,)) if group.captures else node, depth + 1)

    def _end_choice(self, group: _Group) -> None:
        nodes = tuple(node for node, _ in group.parts if node is not None and node is not EMPTY)
        depth = max((depth for _, depth in group.parts), default=0) + (len(group.parts) > 1)
        group.choices.append((nodes[0] if len(nodes) == 1 else Cat(nodes) if nodes else EMPTY, depth))
        group.parts.clear()

    def _finish(self, group: _Group) -> tuple[Node, int]:
        self._end_choice(group)
        if len(group.choices) == 1:
            return group.choices[0]
        depth = 1 + max(depth for _, depth in group.choices)
        if depth > MAX_NESTING:
            raise self.too_deep()
        return _choice([node for node, _ in group.choices]), depth

    # Repetition.

    def _uncounted(self, mark: str) -> None:
        node, depth = self._repeated()
        self.at += 1
        self.take("?")
        least, most = _BOUNDS[mark]
        self._push(_repetition(node, least, most), depth + 1)

    def _repeated(self) -> tuple[Node, int]:
        parts = self.stack[-1].parts
        if not parts or parts[-1][0] is None:
            raise self.error("nothing to repeat", self.at, self.at + 1, rf"write \{self.char} for the character")
        node, depth = parts.pop()
        assert node is not None
        return node, depth

    def _counted(self) -> None:
        start = self.at
        node, depth = self._repeated()
        self.step()
        least, most = self._bounds(start)
        if self.char != "}":
            raise self.error("unclosed repetition", start, hint=r"write {2,5}, or \{ for the character")
        self.step()
        self.take("?")
        if most is not None and least > most:
            raise self.error("the repetition's bounds are the wrong way round", start, hint="write {2,5}")
        self._push(_repetition(node, least, most), depth + 1)

    def _bounds(self, start: int) -> tuple[int, int | None]:
        least = self._number(start)
        if self.char != ",":
            return least, least
        self.step()
        return least, None if self.char == "}" else self._number(start)

    def _number(self, start: int) -> int:
        self._skip_any_space()
        digits = ""
        while "0" <= self.char <= "9":
            digits += self.char
            self.step()
        self._skip_any_space()
        if not digits:
            raise self.error("a repetition needs a number", start, hint=r"write {0,5}, or \{ for the character")
        if len(digits.lstrip("0")) > 10 or int(digits[-10:]) > _MAX_COUNT:
            raise self.error("the repetition count is too large", start, hint=f"the largest is {_MAX_COUNT}")
        return int(digits[-10:])

    def _skip_any_space(self) -> None:
        while self.char in WHITE_SPACE:
            self.step()


def _names(char: str, *, first: bool) -> bool:
    if char == "_" or (not first and char in ".[]"):
        return True
    letters = charset.property_set("alphabetic")
    allowed = letters if first else charset.union(letters, charset.category("number"))
    return charset.contains(allowed, (ord(char), ord(char) + 1))


def _repetition(node: Node, least: int, most: int | None) -> Node:
    """As Rust's translator does it: what can only match the empty string is matched once at most; and `a+*` is `a*`."""
    if _always_empty(node):
        least, most = min(least, 1), 1 if most is None else min(most, 1)
    marks = _BOUNDS.values()
    if isinstance(node, Repeat) and (least, most) in marks and (node.least, node.most) in marks:
        least, most, node = least * node.least, most and node.most, node.node
    if most == 0 or node is EMPTY:
        return EMPTY
    return node if (least, most) == (1, 1) else Repeat(node, least, most)


def _always_empty(node: Node) -> bool:
    match node:
        case Side():
            return True
        case Cat(parts) | Alt(parts):
            return all(map(_always_empty, parts))
        case Repeat(inner):
            return _always_empty(inner)
    return False


def _choice(nodes: list[Node]) -> Node:
    """Alternatives; like Rust, which is what makes some classes of bytes acceptable, one class if all are classes."""
    flat = [part for node in nodes for part in (node.parts if isinstance(node, Alt) else (node,))]
    sets = [node.chars for node in flat if isinstance(node, Chars)]
    single = [chars[1:] == (chars[0] + 1,) if chars else False for chars in sets]
    if len(sets) == len(flat) and (all(single) or not any(single)):
        chars = charset.union(*sets)
        return Chars(chars, None if chars else next(n.fault for n in flat if isinstance(n, Chars)))
    return Alt(tuple(flat))
