"""Strict lexers of SQL for the tests of injection, and what an engine's own parser makes of the values and names of a flavour."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from foreign import Worker
from injection import COUNT, Token, hostile_pairs

import whereql
from whereql.ast import Field, Not, Op, Predicate
from whereql.dialect import Dialect, Sql
from whereql.dialects.sql.fragments import Bound, Fragment
from whereql.records import Record

_WORDS = {"AND", "OR", "NOT", "IN", "IS", "TRUE", "FALSE", "NULL", "LIKE", "ESCAPE", "COLLATE", "USING", "BETWEEN"}
_PLAIN = r"\s+|[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|<=>|<=|>=|<>|!=|[-()=<>,.+\[\]]"
_QUOTED = {"doubled": "{0}(?:[^{0}]|{0}{0})*{0}", "escaped": r"{0}(?:[^{0}\\]|\\.)*{0}"}


def tokens(native: Any, *, text: str = "doubled", names: str = "doubled", quote: str = "`", place: str = "", holder: str = "", path: bool = False) -> list[Token]:
    """The tokens of a condition; anything that is none raises.

    text, names: how a quote stands in a text or a name, doubled or behind a backslash; quote: that of names; place: the pattern of
    a parameter's place, with its name as a group or none; holder: the column of JSON, behind whose name and a comma stands a key;
    path: as a JSON path, in a text in which a percent sign is doubled for the driver.
    """
    sql = native if isinstance(native, Sql) else Sql(native)
    pattern = re.compile(f"(?P<text>{_QUOTED[text].format(chr(39))})|(?P<name>{_QUOTED[names].format(quote)})|{place or '(?!)'}|{_PLAIN}", re.DOTALL)
    found: list[Token] = []
    values = iter(sql.params if isinstance(sql.params, tuple) else ())
    at = 0
    while at < len(sql.text):
        match = pattern.match(sql.text, at)
        assert match is not None, (sql.text, at)
        at = match.end()
        token = _token(match, sql, values, text, names, sql.text[at : at + 1] == "(")
        if token is not None:
            is_key = found[-2:] == [("name", holder), ("sign", ",")]
            found.append(("name", _key(token[1]) if path else token[1]) if is_key else token)
    assert next(values, None) is None
    return found


def _token(match: re.Match[str], sql: Sql, values: Iterator[Any], text: str, names: str, is_call: bool) -> Token | None:
    found = match[0]
    if match["text"] is not None or match["name"] is not None:
        way = text if match["text"] is not None else names
        inner = found[1:-1].replace(found[0] * 2, found[0]) if way == "doubled" else re.sub(r"\\(.)", lambda each: _ESCAPES.get(each[1], each[1]), found[1:-1], flags=re.DOTALL)
        inner = inner.replace("%%", "%") if "%s" in match.re.pattern else inner
        return ("string" if match["text"] is not None else "name"), inner
    if match.groupdict().get("place") is not None:
        return "string", sql.params[match["place"]] if isinstance(sql.params, Mapping) else next(values)
    if found.isspace():
        return None
    is_word = found[0].isalpha() or found[0] == "_"
    return "name" if is_word and not is_call and found.upper() not in _WORDS else "word" if is_word else "sign", found


_ESCAPES = {"0": "\0"}


def _key(path: str) -> str:
    """The key that a path of JSON names."""
    assert path.startswith("$.")
    return str(json.loads(path[2:])) if path.startswith('$."') else path[2:]


def check_pairs(dialect: Dialect, tokenize: Callable[[Any], Sequence[Token]], *, takes: Callable[[str], bool] = lambda key: True, **options: Any) -> int:
    """Fuzz a dialect in which some values need a test of their type beside them: what is written has the tokens of one of two plain ones."""
    written = 0
    models = [[tokenize(dialect.encode(make(Field("k"), plain), **options).native) for plain in ("plain", "-plain")] for make in _SHAPES]
    for key, value in hostile_pairs(1):
        for make, plain in zip(_SHAPES, models, strict=True) if takes(key) else ():
            translation = dialect.encode(make(Field(key), value), allow_residual=True, **options)
            if not translation.exact:
                continue
            written += 1
            due = [[(kind, text.replace(model, value) if kind == "string" else key if (kind, text) == ("name", "k") else text) for kind, text in each] for model, each in zip(("plain", "-plain"), plain, strict=True)]
            assert list(tokenize(translation.native)) in due, (key, value, translation.native)
    return written


_SHAPES: list[Callable[[Field, str], whereql.Expr]] = [
    lambda subject, value: Predicate(subject, Op.EQ, whereql.literal(value)),
    lambda subject, value: Not(Predicate(subject, Op.IN, (whereql.literal(value), whereql.literal(f"{value}2")))),
]


def check_values(engine: Worker, write: Callable[[Bound], str], ask: Callable[[str], Any], records: Sequence[Record] = ()) -> int:
    """Each hostile value, as the engine's own parser has it: itself. ask: the query for a list of them, on some records."""
    values = [value for _, value in hostile_pairs(2, COUNT)]
    for start in range(0, len(values), 200):
        some = values[start : start + 200]
        assert list(engine.run(ask(", ".join(write(Bound(value)) for value in some)), records)) == some
    return len(values)


def check_names(engine: Worker, write: Callable[[str], Fragment], takes: Callable[[str], bool]) -> int:
    """Each hostile key as a name, as the engine's own parser has it."""
    keys = [key for key in dict.fromkeys(key for key, _ in hostile_pairs(3, COUNT)) if takes(key)]
    for start in range(0, len(keys), 200):
        some = keys[start : start + 200]
        texts = [str(part) for key in some for part in write(key).parts]
        assert list(engine.run({"names": ", ".join(f"1 AS {text}" for text in texts)}, ())) == some
    return len(keys)
