r"""Patterns of `MATCHES` and `LIKE`, lowered to RE2: what Rust's engine (and so Chroma) answers, in linear time.

The same pattern text means other things to RE2: its `\d`, `\w` and `\b` are ASCII, and it lacks `[a--b]`, `\u{…}`,
`(?x)` and more. So the pattern is parsed by Rust's rules (`syntax`), its assertions are resolved (`sides`),
and it is written again with explicit sets of code points, which no Unicode version of an installed RE2 can change.
Only the verdict is preserved: captures and match positions are not.

>>> compile_pattern(r"\bcaf\u{e9}\b").search("un café noir")
True
>>> compile_like("100\\%%", ignore_case=False).search("100% sure")
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from mmap import mmap
from typing import Any

from whereql.errors import CheckError, LimitError, UnsupportedError
from whereql.regex import charset
from whereql.regex.charset import CHARS, CharSet
from whereql.regex.sides import TooEntangled, resolve
from whereql.regex.syntax import parse
from whereql.regex.tree import EMPTY, MAX_WEIGHT, Alt, Cat, Chars, Node, Repeat, Side, weight
from whereql.source import Span

Buffer = bytes | memoryview | mmap
_MAX_MEMORY = 64 << 20
_MAX_COUNT = 1000
_CACHED = 128


class Searcher:
    """A compiled pattern. `search` says whether it matches anywhere in a text, given as str or as its UTF-8 bytes.

    Bytes are searched as they are; a str is encoded first, which costs less than the str mode of the re2 package, as
    no positions have to be counted back. NUL is an ordinary character. Lone surrogates raise UnicodeEncodeError.
    """

    __slots__ = ("_iterate", "_search", "lowered")

    def __init__(self, lowered: str) -> None:
        """Compile an RE2 pattern; raises re2.error."""
        import re2  # loads with the first pattern: most programs have none

        self.lowered = lowered
        self._search = re2.compile(lowered, _options()).search
        self._iterate: Callable[..., Iterator[Any]] | None = None

    def search(self, text: str | bytes) -> bool:
        """Whether the pattern matches somewhere in `text`."""
        return self._search(text.encode() if isinstance(text, str) else text) is not None

    @property
    def is_local(self) -> bool:
        """Whether the pattern asserts nothing about what stands around a match; if False is said, it may be so or not."""
        return not any(assertion in self.lowered for assertion in _ASSERTIONS)

    def places(self, texts: Buffer, start: int, stop: int) -> Iterator[int]:
        """Positions at which a local pattern is found in many texts at once: in each text in which it is found, at least one.

        The texts stand one behind the other as UTF-8 between two positions of the buffer, separated by the byte 0xFF. As that is in no
        character, nothing that RE2 compiles for a character matches it: so no match goes from one text into the next. A match is
        prolonged to the end of its text, since one is enough.
        """
        if self._iterate is None:
            import re2  # see above

            self._iterate = re2.compile(f"(?:{self.lowered})(?s:.)*", _options()).finditer
        return (match.start() for match in self._iterate(texts, start, stop))


def lower(pattern: str) -> str:
    r"""The RE2 pattern that finds a match in a text exactly when Rust's engine finds one for `pattern`.

    Raises CheckError WQ303 for what is no pattern (there or in Chroma), UnsupportedError WQ502 for what can't be said
    exactly (`\p{Emoji}`), LimitError WQ405 when it is nested too deeply or repeats too much; all with the place.

    >>> lower(r"(?x) \u{41} {2} # two")
    'A{2}'
    """
    _refuse_surrogates(pattern, "WQ303")
    tree = parse(pattern)
    _check_weight(tree, pattern)
    try:
        return _write(resolve(tree), pattern)
    except (TooEntangled, LimitError):
        raise UnsupportedError(
            "WQ502",
            r"assertions such as \b are repeated or combined too much here",
            span=Span(0, len(pattern)),
            source=pattern,
            hint="write fewer of them, or outside of the repetition",
        ) from None


@lru_cache(_CACHED)
def compile_pattern(pattern: str) -> Searcher:
    r"""The searcher for a pattern in Rust's syntax; raises as `lower` does.

    >>> compile_pattern(r"^\d+$").search("٣")
    True
    """
    return _compiled(lower(pattern), pattern)


@lru_cache(_CACHED)
def compile_loose(pattern: str) -> Searcher:
    r"""The local searcher that finds the pattern without its assertions: in all texts in which it is found, and maybe in others.

    Raises as `lower` does.

    >>> compile_loose(r"^cat\b").search("a category")
    True
    """
    return _compiled(_write(_without_sides(parse(pattern)), pattern), pattern)


def _without_sides(node: Node) -> Node:
    match node:
        case Chars():
            return node
        case Side():
            return EMPTY
        case Cat(parts):
            return Cat(tuple(map(_without_sides, parts)))
        case Alt(parts):
            return Alt(tuple(map(_without_sides, parts)))
        case Repeat(inner, least, most):
            return Repeat(_without_sides(inner), least, most)


def like_pattern(pattern: str, *, ignore_case: bool) -> str:
    r"""The RE2 pattern for a LIKE (or, with `ignore_case`, ILIKE) pattern: `%`, `_`, and `\` before one of `% _ \`.

    Searched unanchored, it answers for the whole string. Case is folded character by character, as by RE2's `(?is)`.
    Raises CheckError WQ304 for another escape, LimitError WQ405 for a pattern too large.

    >>> like_pattern("50\\%_", ignore_case=False)
    '\\A50%(?s:.)\\z'
    """
    _refuse_surrogates(pattern, "WQ304")
    parts: list[Node] = [Side(before=charset.AT_EDGE), *_like_parts(pattern, ignore_case), Side(after=charset.AT_EDGE)]
    if len(parts) > 2 and isinstance(parts[1], Repeat):
        del parts[:2]
    if len(parts) > 1 and isinstance(parts[-2], Repeat):
        del parts[-2:]
    return _write(Cat(tuple(parts)), pattern)


@lru_cache(_CACHED)
def compile_like(pattern: str, *, ignore_case: bool) -> Searcher:
    """The searcher for a LIKE or ILIKE pattern; raises as `like_pattern` does.

    >>> compile_like("the %", ignore_case=True).search("The Art")
    True
    """
    return _compiled(like_pattern(pattern, ignore_case=ignore_case), pattern)


def _like_parts(pattern: str, ignore_case: bool) -> list[Node]:
    parts: list[Node] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "%":
            if not (parts and isinstance(parts[-1], Repeat)):
                parts.append(Repeat(Chars(CHARS), 0, None))
        elif char == "_":
            parts.append(Chars(CHARS))
        else:
            if char == "\\":
                at += 1
                char = _like_escape(pattern, at)
            single = charset.span(char)
            parts.append(Chars(charset.fold(single) if ignore_case else single))
        at += 1
    return parts


def _like_escape(pattern: str, at: int) -> str:
    char = pattern[at : at + 1]
    if char and char in "%_\\":
        return char
    raise CheckError(
        "WQ304",
        r"in a LIKE pattern \ stands before %, _ or \ only",
        span=Span(at - 1, at + len(char)),
        source=pattern,
        hint=r"write \\ for a backslash",
    )


def _refuse_surrogates(pattern: str, code: str) -> None:
    for at, char in enumerate(pattern):
        if "\ud800" <= char <= "\udfff":
            raise CheckError(code, "a lone surrogate is no character", span=Span(at, at + 1), source=pattern)


def _compiled(lowered: str, pattern: str) -> Searcher:
    import re2  # see Searcher

    try:
        return Searcher(lowered)
    except re2.error:
        raise _too_large(pattern) from None


@lru_cache(1)
def _options() -> Any:
    import re2  # see Searcher

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MAX_MEMORY
    return options


def _too_large(pattern: str) -> LimitError:
    return LimitError(
        "WQ405",
        "the pattern is too large to compile",
        span=Span(0, len(pattern)),
        source=pattern,
        hint="use smaller repetition counts, or ASCII classes such as [0-9A-Za-z_]",
    )


def _write(node: Node, pattern: str) -> str:
    _check_weight(node, pattern)
    return _spell(node)[0]


def _check_weight(node: Node, pattern: str) -> None:
    if weight(node, {}) > MAX_WEIGHT:
        raise _too_large(pattern)


_LINE = charset.union(charset.span("\n"), charset.AT_EDGE)
_BEFORE = {charset.ANYWHERE: "", charset.AT_EDGE: r"\A", _LINE: "(?m:^)"}
_AFTER = {charset.ANYWHERE: "", charset.AT_EDGE: r"\z", _LINE: "(?m:$)"}
_ASSERTIONS = (r"\A", r"\z", "(?m:")
_MARKS = {(0, 1): "?", (0, None): "*", (1, None): "+"}


def _spell(node: Node) -> tuple[str, int]:
    """RE2's spelling of a tree, and the product of the counts nested in it, of which RE2 takes no more than 1000."""
    match node:
        case Chars(chars):
            return _set_text(chars), 1
        case Side(before, after):
            return _BEFORE[before] + _AFTER[after], 1
        case Cat(parts):
            spelled = [_group(part) if isinstance(part, Alt) else _spell(part) for part in parts]
            return "".join(text for text, _ in spelled), max((count for _, count in spelled), default=1)
        case Alt(parts):
            spelled = [_spell(part) for part in parts]
            texts = [text for text, _ in spelled] or [r"[^\x00-\x{10ffff}]"]
            return "|".join(texts), max((count for _, count in spelled), default=1)
        case Repeat(inner, least, most):
            return _repeated(*(_spell(inner) if isinstance(inner, Chars) else _group(inner)), least, most)


def _group(node: Node) -> tuple[str, int]:
    text, count = _spell(node)
    return f"(?:{text})", count


def _repeated(atom: str, count: int, least: int, most: int | None) -> tuple[str, int]:
    """`atom` from `least` to `most` times, in several pieces where RE2's limit on counts asks for it."""
    if (least, most) in _MARKS:
        return atom + _MARKS[least, most], count
    limit = _MAX_COUNT // count
    if max(least, most or 0) <= limit:
        bounds = f"{least}" if least == most else f"{least},{'' if most is None else most}"
        return f"{atom}{{{bounds}}}", count * max(least, most or 0)
    needed = _pieces(atom, "", least, limit)
    return needed + (f"{atom}*" if most is None else _pieces(atom, "0,", most - least, limit)), count * limit


def _pieces(atom: str, bounds: str, count: int, limit: int) -> str:
    whole, rest = divmod(count, limit)
    return f"{atom}{{{bounds}{limit}}}" * whole + f"{atom}{{{bounds}{rest}}}" * (rest > 0)


@lru_cache(256)
def _set_text(chars: CharSet) -> str:
    if chars == CHARS:
        return "(?s:.)"
    others = charset.complement(chars)
    if others == charset.span("\n"):
        return "."
    if len(chars) == 2 and chars[1] - chars[0] == 1:
        return _char(chars[0])
    return f"[^{_ranges(others)}]" if chars[-1] == charset.EDGE else f"[{_ranges(chars)}]"


def _ranges(chars: CharSet) -> str:
    pairs = zip(chars[::2], chars[1::2], strict=True)
    return "".join(_char(low) + ("-" * (high - low > 2) + _char(high - 1)) * (high - low > 1) for low, high in pairs)


def _char(code: int) -> str:
    char = chr(code)
    if not 0x20 <= code < 0x7F:
        return rf"\x{{{code:x}}}"
    return char if char.isalnum() or char in " _,;:'\"<>=!@%`/#" else "\\" + char
