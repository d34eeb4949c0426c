"""From a text to a tree by Lark's own tables, in one loop with nothing of Lark's between a token and its action.

The grammar stays the only description of the language, and Lark the only reader of it. `Reader` takes from a built parser what it
would work with itself: its parse table, its rules, and for each state the terminals that count there, in their order. What it
can't read, for a mistake or a limit, the caller has Lark parse from the start: so every message comes from one place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from lark import Lark, Token
from lark.grammar import Rule
from lark.lexer import TerminalDef

_Match = Callable[[str, int], re.Match[str] | None]
_END = "END"  # the end of the text, which is `$END` for Lark, as the name of a group


class _Reduction(NamedTuple):
    """What to do where a rule ends: how many symbols it takes, the name of what stands there then, and its value from theirs."""

    size: int
    name: str
    take: Callable[[list[Any]], Any]


class _State(NamedTuple):
    """A state of the parser: Lark's lexer of what may come, what to do then, and the state that a rule leads to."""

    lexer: Any
    actions: dict[str, int | _Reduction]
    after: dict[str, int]


class _Place:
    """A state on top of another one, and all that follows from both, worked out when it is first asked for.

    match: finds the next token; steps: by its kind, what to do about it; after: by the name of a rule that ended above, the place it
    leads to.
    """

    __slots__ = ("after", "match", "steps")

    def __init__(self, tables: _Tables, below: int, state: int) -> None:
        self.match: _Match = partial(self._match_first, tables, state)
        self.steps = _Steps(tables, below, state)
        self.after = _After(tables, state)

    def _match_first(self, tables: _Tables, state: int, text: str, position: int) -> re.Match[str] | None:
        self.match = tables.match(state)  # most places are never read from, and their patterns never compiled
        return self.match(text, position)


# The place where it is done, and either the place that the token leads to, or the rule that ends before it, or neither: an error.
_Step = tuple[_Place, _Place | None, _Reduction | None]


class _Steps(dict[str, _Step]):
    def __init__(self, tables: _Tables, below: int, state: int) -> None:
        self._tables, self._below, self._state = tables, below, state

    def __missing__(self, kind: str) -> _Step:
        states, below, state = self._tables.states, self._below, self._state
        # Rules that only give another name to one symbol are nearly half of all, and passed over at once.
        while isinstance(action := states[state].actions.get(kind), _Reduction) and action.size == 1 and isinstance(action.take, itemgetter):
            state = states[below].after[action.name]
        shift = self._tables.place(state, action) if isinstance(action, int) else None
        self[kind] = self._tables.place(below, state), shift, action if isinstance(action, _Reduction) else None
        return self[kind]


class _After(dict[str, _Place]):
    def __init__(self, tables: _Tables, state: int) -> None:
        self._tables, self._state = tables, state

    def __missing__(self, name: str) -> _Place:
        self[name] = self._tables.place(self._state, self._tables.states[self._state].after[name])
        return self[name]


class _Tables:
    """The states, and the places made so far."""

    def __init__(self, states: dict[int, _State]) -> None:
        self.states = states
        self._places: dict[tuple[int, int], _Place] = {}
        self._matches: dict[int, _Match] = {}

    def place(self, below: int, state: int) -> _Place:
        """The only one of these two states."""
        if (below, state) not in self._places:
            self._places[below, state] = _Place(self, below, state)
        return self._places[below, state]

    def match(self, state: int) -> _Match:
        """Finds the terminals that count in a state; many states have one lexer."""
        lexer = self.states[state].lexer
        if id(lexer) not in self._matches:
            self._matches[id(lexer)] = re.compile(_pattern(lexer.terminals)).match
        return self._matches[id(lexer)]


class Reader:
    """Reads texts as a parser of Lark's does, LALR with the contextual lexer, whose transformer is `builder`."""

    def __init__(self, lark: Lark, builder: Any) -> None:
        frontend: Any = lark.parser
        table = frontend.parser.parser.parse_table
        self._makers = {terminal.name: make for terminal in lark.terminals if (make := getattr(builder, terminal.name, None))}
        reductions = {rule: _reduction(rule, builder, self._makers) for rule in lark.rules}
        self._start = _Tables(_read_states(table.states, frontend.lexer.lexers, reductions)).place(-1, table.start_states["start"])

    def read(self, text: str) -> Any:
        """What the builder makes of a text; None where Lark has to tell what is wrong. Raises what the builder raises."""
        makers, place, position = self._makers, self._start, 0
        stack: list[_Place] = []  # the places below this one
        values: list[Any] = []
        while found := place.match(text, position):
            kind: Any = found.lastgroup
            position = found.end()
            while True:
                top, shift, reduction = place.steps[kind]
                if shift is not None:
                    stack.append(top)
                    place = shift
                    values.append(makers[kind](_token(found)) if kind in makers else found)
                    break
                if reduction is None:
                    if kind == "_COMMENT":
                        break
                    return None
                size, name, take = reduction
                if name == "start":
                    return take(values)
                values[-size:] = (take(values[-size:]),)
                if size > 1:
                    del stack[1 - size :]
                place = stack[-1].after[name]
        return None


def _read_states(table: dict[int, dict[str, tuple[Any, Any]]], lexers: dict[int, Any], reductions: dict[Rule, _Reduction]) -> dict[int, _State]:
    states = {}
    for number, row in table.items():
        due = {terminal.name for terminal in lexers[number].terminals} | {"$END"}
        actions = {_END if name == "$END" else name: reductions.get(target, target) for name, (_, target) in row.items() if name in due}
        states[number] = _State(lexers[number], actions, {name: target for name, (_, target) in row.items() if name not in due})
    return states


def _pattern(terminals: list[TerminalDef]) -> str:
    """A regex with a group for each terminal, in Lark's order; white space before them is skipped.

    Single characters stand first, since no other terminal begins with one of them and they are many.
    """
    patterns = {terminal.name: terminal.pattern.to_regexp() for terminal in terminals}
    space = patterns.pop("_WS")
    signs = {terminal.name for terminal in terminals if terminal.pattern.type == "str" and len(terminal.pattern.value) == 1}
    groups = [f"(?P<{name}>{patterns[name]})" for name in sorted(patterns, key=lambda name: name not in signs)]
    return rf"(?:{space})*+(?:{'|'.join(groups)}|(?P<{_END}>\Z))"


def _reduction(rule: Rule, builder: Any, makers: Container[str]) -> _Reduction:
    """A rule as Lark's tree builder treats it: what is filtered out, spliced in, or stands for itself alone."""
    name, size = rule.origin.name, len(rule.expansion)
    kept = [(index, symbol) for index, symbol in enumerate(rule.expansion) if not (symbol.is_term and symbol.filter_out)]  # type: ignore[attr-defined]  # terminals have it
    indices = [index for index, _ in kept]
    if rule.options.expand1 and not rule.alias and len(kept) == 1:
        return _Reduction(size, name, itemgetter(indices[0]))
    tokens = [index for index, symbol in kept if symbol.is_term and symbol.name not in makers]
    spliced = [index for index, symbol in kept if not symbol.is_term and symbol.name.startswith("_")]
    build = list if name.startswith("_") else getattr(builder, rule.alias or name)
    return _Reduction(size, name, _chosen(indices, tokens, spliced, build) if tokens or spliced or len(indices) < size else build)


def _chosen(indices: list[int], tokens: list[int], spliced: list[int], build: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    """The value of a rule from some of its symbols: the matches of `tokens` become tokens, the lists of `spliced` are merged."""

    def take(parts: list[Any]) -> Any:
        chosen: list[Any] = []
        for index in indices:
            part = parts[index]
            if index in tokens:
                chosen.append(_token(part))
            elif index not in spliced:
                chosen.append(part)
            elif chosen:
                chosen += part
            else:
                chosen = part  # the list so far, to which a repetition adds one more
        return chosen if build is list else build(chosen)

    return take


def _token(found: re.Match[str]) -> Token:
    """A token with no more of Lark's in it than a builder asks for: the rest of it takes as long again."""
    kind: Any = found.lastgroup
    token: Any = str.__new__(Token, found[kind])
    token.type = kind
    token.start_pos, token.end_pos = found.span(kind)
    return token  # type: ignore[no-any-return]  # made above
