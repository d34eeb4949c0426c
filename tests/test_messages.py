"""What whereql says to a wrong filter: each message in full, as a file to read; all say where and what to do.

`python tests/test_messages.py` writes the files anew from their inputs: read the difference as a user would before keeping it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import whereql
from whereql.dialects import chroma
from whereql.dialects.text import situations
from whereql.dialects.text.parser import _parser
from whereql.names import RESERVED

FOLDER = Path(__file__).parent / "messages"


class Message(NamedTuple):
    """One block of a file: comments above it, the input behind `> `, and the rendered error under it."""

    kind: str
    comment: str
    written: str
    rendered: str

    @property
    def input(self) -> str:
        """The input, its invisible characters spelled `‹U+00A0›` in the file."""
        return re.sub(r"‹U\+([0-9A-F]+)›", lambda match: chr(int(match.group(1), 16)), self.written)


def bind(text: str) -> Any:
    """`f = :p with {"p": null}`: a filter, and its parameters as JSON."""
    filter_text, params = text.rsplit(" with ", 1)
    return whereql.bind(whereql.parse(filter_text), json.loads(params))


READERS: dict[str, Callable[[str], Any]] = {
    "text": whereql.parse,
    "json": lambda text: whereql.from_json(json.loads(text)),
    "document": lambda text: chroma.decode_document(json.loads(text)),
    "request": whereql.GetRequest.from_json,
    "params": bind,
    "encode": lambda text: whereql.to_json(whereql.parse(text)),
}


def read_messages() -> list[Message]:
    return [message for kind in READERS for message in read_file(kind)]


def read_file(kind: str) -> Iterator[Message]:
    for block in (FOLDER / f"{kind}.txt").read_text(encoding="utf-8").strip("\n").split("\n\n"):
        comment, _, rest = ("\n" + block).partition("\n> ")
        written, _, rendered = rest.partition("\n")
        yield Message(kind, comment.strip("\n"), written, rendered)


def error_of(message: Message) -> whereql.WhereqlError:
    with pytest.raises(whereql.WhereqlError) as caught:
        READERS[message.kind](message.input)
    return caught.value


MESSAGES = read_messages()


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: f"{message.kind}: {message.written[:60]}")
def test_message(message: Message) -> None:
    error = error_of(message)
    assert error.render() == message.rendered
    assert error.hint, "says what to do"
    located = error.path is not None or (error.span is not None and error.source is not None)
    assert located or (message.kind == "params" and ":" in error.message) or (message.kind == "encode" and error.span is not None), "says where"
    if message.kind == "text":
        assert error.source == message.input
        assert 0 <= error.span.start <= error.span.end <= len(message.input)  # type: ignore[union-attr]  # not None, as just seen
    line = str(error)
    assert "\n" not in line and "\r" not in line and len(line) < 400
    assert line.startswith(error.code) and error.hint in line
    assert all(character.isprintable() or character == "\n" for character in error.render())
    assert error.to_dict().keys() == {"code", "message", "span", "path", "hint"}
    json.dumps(error.to_dict())


# Rules whose names are also words of the language or of plain English, and may therefore stand in a message.
WORDS = {
    "bare", "between", "boolean", "chain", "comparison", "constant", "exists", "field", "has", "items", "moment", "name", "number", "parameter", "presence",
    "primary", "regex", "start", "text", "value",
}  # fmt: skip
SOFT_KEYWORDS = {"DATE", "EXISTS", "TIMESTAMP"}


def test_no_message_names_the_grammar() -> None:
    parser = _parser()
    rules = {name for rule in parser.rules for name in (rule.alias, rule.origin.name) if name}
    terminals = {terminal.name for terminal in parser.terminals}
    assert rules >= WORDS, "a word that is no rule any more"
    internal = (rules - WORDS) | (terminals - RESERVED - SOFT_KEYWORDS) | {"Token", "Unexpected", "lark", "Lark", "__ANON", "$END", "Traceback", "_Fields", "NoneType"}
    assert {"NAME", "RPAR", "_IN", "disjunction", "in_list", "single_quoted"} <= internal
    pattern = re.compile("|".join(rf"(?<![\w#$])(?:{re.escape(name)})(?!\w)" for name in sorted(internal)))
    for message in MESSAGES:
        error = error_of(message)
        said = f"{error.message}\n{error.hint}".replace(message.input, "")
        found = [name for name in pattern.findall(said) if name not in message.input]
        assert not found, (found, said)


def test_there_are_enough_and_none_twice() -> None:
    assert len(MESSAGES) >= 90
    assert len({(message.kind, message.input) for message in MESSAGES}) == len(MESSAGES)
    codes = {message.rendered.split(":")[0] for message in MESSAGES}
    assert len(codes) >= 35


def test_every_situation_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = set()

    def noting(number: int, explain: situations.Explain) -> situations.Explain:
        def noted(*args: Any) -> whereql.ParseError:
            reached.add(number)
            return explain(*args)

        return noted

    entries = [(due, noting(number, explain)) for number, (due, explain) in enumerate(situations.SITUATIONS)]
    monkeypatch.setattr(situations, "SITUATIONS", entries)
    whereql.dialects.text._decode.cache_clear()
    for message in MESSAGES:
        if message.kind == "text":
            error_of(message)
    assert sorted(set(range(len(entries))) - reached) == []


def test_messages_stay_short_and_harmless() -> None:
    """Whatever was written: a megabyte of it, or what would move a cursor, is cut and made visible."""
    evil = ["x" * 100_000, "\x1b[31m" * 50, "\u202e\u200b\ufeff", "a\r\nb", "\0\x07\x7f\x9b", "😀" * 100]
    shapes: dict[str, list[str]] = {
        "text": ["a {} 1", "a = {}", "{} = ", "`{}` b", "a = '{}", "#{}", "a IN ('{}'", "{}(a)", "a = 'x' '{}'", "1{}", "a MATCHES '({}'", "a LIKE '{}\\'", "DATE('{}') = a", ":{} = "],
        "json": ['{{{}: null}}', '{{"k": {{{}: 1}}}}', '{{"k": {{"$gt": {}}}}}', '{{{}: 1, "b": {}}}', '{{"k": {{"$in": [1, {}]}}}}', '{{"$": {}}}'],
        "request": ['{{"include": [{}]}}', '{{"where": {}}}', '{{"limit": {}}}', '{{"ids": {}}}'],
        "params": ["f > :p with {{{}: 1}}"],
    }
    for kind, templates in shapes.items():
        for template in templates:
            for text in evil:
                error = error_of(Message(kind, "", template.format(text if kind == "text" else json.dumps(text), text and json.dumps(text)), ""))
                assert len(str(error)) < 2_000, (template, text[:20])
                assert all(c.isprintable() for c in f"{error.code}{error.message}{error.hint}{error.path}"), (template, text[:20], str(error)[:200])
                assert all(c.isprintable() or c == "\n" for c in error.render()), (template, text[:20])


def write_messages() -> None:
    for kind in READERS:
        blocks = []
        for message in read_file(kind):
            try:
                READERS[kind](message.input)
                rendered = "ACCEPTED"
            except whereql.WhereqlError as error:
                rendered = error.render()
            blocks.append("\n".join([*filter(None, [message.comment]), f"> {message.written}", rendered]))
        (FOLDER / f"{kind}.txt").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_messages()
