"""Whatever comes in, a filter comes out or one of whereql's errors: for random input, and for input made to hurt.

`benchmarks/hostile.py` measures what the second half costs.
"""

from __future__ import annotations

import json
import random
import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from strategies import TEXTS
from test_json import ACCEPTED, DOCUMENTS, FIELDS, NO_REQUESTS, REFUSED
from test_messages import MESSAGES
from test_text import FORMS, LITERALS

import whereql
from whereql.dialects import chroma, text
from whereql.limits import current_limits

TEXT_INPUTS = 60_000
JSON_INPUTS = 30_000
BODY_INPUTS = 15_000

PIECES = [
    *TEXTS, "AND", "or", "NOT", "!", "IN", "IS", "NULL", "TRUE", "BETWEEN", "HAS", "ANY", "ALL", "CONTAINS", "STARTS WITH", "ends with", "LIKE", "ILIKE", "MATCHES", "=~", "!~",
    "EXISTS(", "DATE('", "TIMESTAMP('2024-05-01T00:00:00Z')", "=", "==", "!=", "<>", "<", "<=", ">", ">=", "(", ")", "[", "]", ",", ":p", "#id", "#document", "#", "--", " -- ", "&&", "||",
    "'", '"', "`", "\\", "1", "-1", "1.5", ".5", "1e9", "1e309", "9" * 25, "0x1", ".", ";", "{", "}", "$", "@", "\ud800", "\u200b", "\u202e", "“", "＝", "\u2028", "\x1b", "é", "\u0301", "०", " ", "\n",
]  # fmt: skip
KEYS = [
    "k", "$and", "$or", "$not", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$contains", "$not_contains", "$regex", "$not_regex", "$foo", "eq", "and", "#document", "chroma:document",
    "chroma:uri", "#id", "", "a.b", "\x1b[31m", "\ud800", "x" * 5_000, "where", "where_document", "ids", "limit", "offset", "include",
]  # fmt: skip
SCALARS = [None, True, False, 0, 1, -1, 2**63, 2**64, -(2**70), 10**400, 1.5, -0.0, float("nan"), float("inf"), "", "a", "(", "a|b", "documents", "\ud800", "\0", "y" * 20_000, b"x", 1j]


def outcome(read: Callable[[Any], Any], source: Any) -> str:
    """`accepted`, or the code of the error, each rendered; anything else fails with the input in hand."""
    try:
        read(source)
    except whereql.WhereqlError as error:
        line, block = str(error), error.render()
        assert len(line) < 2_000 and "\n" not in line, ascii(source)[:500]
        assert all(c.isprintable() or c == "\n" or unicodedata.category(c) == "Zs" for c in block), ascii(source)[:500]
        assert error.hint and error.code.startswith("WQ"), (ascii(source)[:500], line)
        assert error.to_dict()["code"] == error.code
        return error.code
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error} for {ascii(source)[:2000]}") from error
    return "accepted"


def read_text(source: str) -> None:
    """Parsed without the cache; an accepted text also prints and reads back."""
    expr = text._decode.__wrapped__(source, current_limits())
    assert text._decode.__wrapped__(whereql.to_text(expr), current_limits()) == expr


def mutated(rng: random.Random, corpus: list[str], pieces: list[str]) -> str:
    """A member of the corpus after one to four small accidents."""
    source = rng.choice(corpus)
    for _ in range(rng.choice([1, 1, 2, 4])):
        at, end = sorted((rng.randint(0, len(source)), rng.randint(0, len(source))))
        end = min(end, at + 12)
        accident = rng.random()
        if accident < 0.35:
            source = source[:at] + rng.choice(pieces) + source[at:]
        elif accident < 0.55:
            source = source[:at] + source[end:]
        elif accident < 0.7:
            source = source[:at] + f" {rng.choice(pieces)} " + source[end:]
        elif accident < 0.8:
            source = source[:end] + source[at:]
        elif accident < 0.9:
            source = source[:at] + rng.choice(corpus)[:30]
        else:
            source = source[:at] + chr(rng.choice([rng.randrange(128), rng.randrange(0x3000), rng.randrange(0x110000)])) + source[end:]
    return source


def test_random_texts() -> None:
    rng = random.Random(1)
    corpus = [form for form, _ in FORMS] + [f"f = {spelling}" for spelling, _ in LITERALS] + [each.input for each in MESSAGES if each.kind == "text"]
    outcomes: Counter[str] = Counter()
    for number in range(TEXT_INPUTS):
        source = " ".join(rng.choices(PIECES, k=rng.randint(1, 8))) if number % 5 == 0 else mutated(rng, corpus, PIECES)
        outcomes[outcome(read_text, source)] += 1
    assert sum(outcomes.values()) == TEXT_INPUTS
    assert outcomes["accepted"] > 5_000, outcomes
    assert len(outcomes) > 20, outcomes


def random_value(rng: random.Random, depth: int) -> Any:
    """A Python value as `json.loads` makes them, and now and then one that it never makes."""
    shape = rng.random()
    if depth == 0 or shape < 0.3:
        return rng.choice(SCALARS)
    if shape < 0.55:
        return [random_value(rng, depth - 1) for _ in range(rng.choice([0, 1, 2, 3]))]
    keys = rng.choices(KEYS, k=rng.choice([0, 1, 1, 1, 1, 1, 2, 4]))
    return {(key if rng.random() < 0.99 else rng.choice([1, None, 1.5, ("a",)])): random_value(rng, depth - 1) for key in keys}


def accident(rng: random.Random, value: Any) -> Any:
    """The value with something random in it, somewhere."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        return value | {key: accident(rng, value[key])} if rng.random() < 0.7 else value | {rng.choice(KEYS): random_value(rng, 2)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return [*value[:at], accident(rng, value[at]), *value[at + 1 :]]
    return random_value(rng, 2)


def test_random_json_values() -> None:
    rng = random.Random(2)
    corpus = [json.loads(where) for where, *_ in [*ACCEPTED, *DOCUMENTS, *REFUSED]]
    readers: list[Callable[[Any], Any]] = [
        whereql.from_json, lambda value: chroma.decode(value, lenient=True), chroma.decode_document, lambda value: chroma.decode_document(value, lenient=True),
        lambda value: whereql.GetRequest.from_json({"where": value, "where_document": value}),
    ]  # fmt: skip
    outcomes: Counter[str] = Counter()
    for number in range(JSON_INPUTS):
        value = random_value(rng, 5) if number % 2 else accident(rng, rng.choice(corpus))
        outcomes[outcome(rng.choice(readers), value)] += 1
    assert sum(outcomes.values()) == JSON_INPUTS
    assert outcomes["accepted"] > 500 and len(outcomes) > 12, outcomes


def test_random_bodies() -> None:
    rng = random.Random(3)
    corpus = [body for body, _ in FIELDS] + [str(body)[:300] for body, *_ in NO_REQUESTS] + ['{"where": ' + where + "}" for where, _ in ACCEPTED]
    pieces = ["{", "}", "[", "]", ",", ":", '"', "\\", "\\u", "\\ud800", "null", "true", "NaN", "1e999", "-", "1.0", '"where"', '"limit": 1', '{"$and": [', "\ufeff", "\0", "\n", *TEXTS]
    outcomes: Counter[str] = Counter()
    for number in range(BODY_INPUTS):
        body: str | bytes = mutated(rng, corpus, pieces)
        if number % 3 == 0:
            raw = bytearray(str(body).encode("utf-8", "surrogatepass"))
            for _ in range(rng.choice([0, 1, 3])):
                raw[rng.randrange(len(raw)) if raw else 0 :][:1] = bytes([rng.randrange(256)])
                raw.insert(rng.randint(0, len(raw)), rng.randrange(256))
            body = bytes(raw)
        outcomes[outcome(whereql.GetRequest.from_json, body)] += 1
    assert sum(outcomes.values()) == BODY_INPUTS
    assert TEXT_INPUTS + JSON_INPUTS + BODY_INPUTS >= 100_000
    assert outcomes["accepted"] > 500 and len(outcomes) > 6, outcomes


MEGABYTE = (1 << 20) - 100

# Texts made to hurt, within the limit on bytes and beyond, and the code of the error; None where they are right.
TEXTS_THAT_HURT: dict[str, tuple[str, str | None]] = {
    "100,000 nested parentheses": ("(" * 100_000 + "a = 1" + ")" * 100_000, "WQ401"),
    "100,000 open parentheses": ("(" * 100_000, "WQ401"),
    "100 nested parentheses": ("(" * 100 + "a = 1" + ")" * 100, None),
    "100,000 NOTs": ("NOT " * 100_000 + "a = 1", "WQ401"),
    "100 NOTs": ("NOT " * 100 + "a = 1", None),
    "NOTs and parentheses": ("NOT (" * 100_000 + "a", "WQ401"),
    "a megabyte of !": ("!" * MEGABYTE + "a", "WQ401"),
    "50 MB": ("a = 'x' OR " * 4_500_000 + "a", "WQ404"),
    "a megabyte of predicates": ("a=1 OR " * 149_000 + "a", "WQ402"),
    "10,001 predicates": (" OR ".join(["a=1"] * 10_001), "WQ402"),
    "10,000 predicates": (" OR ".join(["a=1"] * 10_000), None),
    "10,000 predicates and a constant": ("TRUE AND " + " AND ".join(["a=1"] * 10_000), None),
    "20,000 constants": (" OR ".join(["TRUE"] * 20_000), None),
    "AND in 20,000 strings": ("a IN (" + ",".join(["' AND '"] * 20_000) + ")", None),
    "1,000,000 items": ("a IN (" + "1," * 500_000 + "1)", "WQ403"),
    "100,001 items": ("a IN (" + "1," * 100_000 + "1)", "WQ403"),
    "a string of a megabyte": ("a = '" + "x" * MEGABYTE + "'", None),
    "an open string of a megabyte": ("a = '" + "x" * MEGABYTE, "WQ109"),
    "a megabyte of quotes": ("a = '" + "''" * (MEGABYTE // 2), "WQ109"),
    "a megabyte of escapes": ('a = "' + "\\\\" * (MEGABYTE // 2), "WQ109"),
    "an escape behind a megabyte": ('a = "' + "\\\\" * (MEGABYTE // 2 - 5) + '\\x"', "WQ113"),
    "an open name of a megabyte": ("`" + "``" * (MEGABYTE // 2) + "x", "WQ109"),
    "a key of a megabyte": ("x" * MEGABYTE, None),
    "a word of a megabyte as operator": ("a " + "b" * MEGABYTE + " 1", "WQ106"),
    "a word of a megabyte as value": ("a = " + "b" * MEGABYTE, "WQ103"),
    "a number of a megabyte": ("a = " + "1" * MEGABYTE, "WQ305"),
    "a wrong number of a megabyte": ("a = 1." + "1" * MEGABYTE + "x", "WQ112"),
    "a megabyte of dots": ("a." * (MEGABYTE // 2), "WQ101"),
    "a megabyte of spaces": ("a" + " " * MEGABYTE + "b", "WQ106"),
    "a megabyte of comments": ("-- " * (MEGABYTE // 3), None),
    "a megabyte of dashes": ("-" * MEGABYTE, "WQ101"),
    "a megabyte of = signs": ("=" * MEGABYTE, "WQ101"),
    "a catastrophic regex": ("a MATCHES '(a+)+$'", None),
    "a regex of 10,000 groups": ("a MATCHES '" + "(" * 10_000 + "'", "WQ405"),
    "a regex of 17,000 bytes": ("a MATCHES '" + "a" * 17_000 + "'", "WQ406"),
    "a regex of 10^9 copies": ("a MATCHES '((((((a{100}){100}){100}){100}){100}){100})'", "WQ405"),
    "a LIKE of 16,000 %": ("a LIKE '" + "%a" * 8_000 + "'", None),
    "NUL": ("a = '\0' AND `\0` = \"\\u0000\"", None),
    "a lone surrogate": ("a = '\ud800'", "WQ307"),
    "an escaped lone surrogate": (r'a = "\ud800"', "WQ307"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS_THAT_HURT)
def test_texts_that_hurt(name: str) -> None:
    source, code = TEXTS_THAT_HURT[name]
    assert outcome(whereql.parse, source) == (code or "accepted")


def test_limits_come_before_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sure to be refused for its size costs no parsing."""

    def parse(source: str) -> None:
        raise AssertionError(f"parsed: {source[:50]}")

    monkeypatch.setattr("whereql.dialects.text.parser.parse", parse)
    at_the_edge = {"100,001 items", "10,001 predicates"}  # a comma more, or a constant, would make these right
    early = [name for name, (_, code) in TEXTS_THAT_HURT.items() if code in ("WQ401", "WQ402", "WQ403", "WQ404") and name not in at_the_edge]
    assert len(early) >= 8
    for name in early:
        outcome(whereql.parse, TEXTS_THAT_HURT[name][0])


def nested_where(levels: int) -> Any:
    where: Any = {"k": 1}
    for _ in range(levels):
        where = {"$or": [where, {"k": 2}]}
    return where


MILLION = list(range(1_000_000))

# Made on demand: decoded values and JSON texts, how they are read, and the code of the error.
VALUES_THAT_HURT: dict[str, tuple[Callable[[Any], Any], Callable[[], Any], str | None]] = {
    "1,000,000 items": (whereql.from_json, lambda: {"k": {"$in": MILLION}}, "WQ403"),
    "1,000,000 conditions": (whereql.from_json, lambda: {"$or": [{"k": 1}] * 1_000_000}, "WQ403"),
    "20,000 conditions": (whereql.from_json, lambda: {"$or": [{"k": 1}] * 20_000}, "WQ402"),
    "1,000,000 keys": (whereql.from_json, lambda: dict.fromkeys(map(str, MILLION), 1), "WQ202"),
    "1,000,000 keys, lenient": (lambda value: chroma.decode(value, lenient=True), lambda: dict.fromkeys(map(str, MILLION), 1), "WQ403"),
    "100,000 levels": (whereql.from_json, lambda: nested_where(100_000), "WQ401"),
    "100,000 levels of $not": (lambda value: chroma.decode(value, lenient=True), lambda: json.loads('{"$not": ' * 300 + '{"k": 1}' + "}" * 300), "WQ401"),
    "a key of a megabyte": (whereql.from_json, lambda: {"x" * 10**6: {"$gt": "a"}}, "WQ207"),
    "an operator of a megabyte": (whereql.from_json, lambda: {"k": {"$" + "x" * 10**6: 1}}, "WQ206"),
    "a string of 40 MB": (whereql.from_json, lambda: {"k": {"$gt": "x" * 40_000_000}}, "WQ207"),
    "two conditions of 10 MB": (whereql.from_json, lambda: {"a": "x" * 10**7, "b": "y" * 10**7}, "WQ202"),
    "an int of 10^6 digits": (whereql.from_json, lambda: {"k": 10**1_000_000}, "WQ208"),
    "a catastrophic regex": (whereql.from_json, lambda: {"#document": {"$regex": "(a+)+$"}}, None),
    "a regex of a megabyte": (whereql.from_json, lambda: {"#document": {"$regex": "a" * 10**6}}, "WQ406"),
    "NUL": (whereql.from_json, lambda: {"\0": "\0"}, None),
    "a lone surrogate": (whereql.from_json, lambda: {"\ud800": 1}, "WQ307"),
    "body: 41 MB": (whereql.GetRequest.from_json, lambda: '{"x": "' + "x" * 43_000_000 + '"}', "WQ407"),
    "body: 1,000,000 items": (whereql.GetRequest.from_json, lambda: json.dumps({"where": {"k": {"$in": MILLION}}}), "WQ403"),
    "body: 1,000,000 ids": (whereql.GetRequest.from_json, lambda: json.dumps({"ids": [str(i) for i in MILLION]}), "WQ403"),
    "body: an int of 10^6 digits": (whereql.GetRequest.from_json, lambda: '{"where": {"k": ' + "1" * 10**6 + "}}", "WQ213"),
    "body: a float of 10^6 digits": (whereql.GetRequest.from_json, lambda: '{"where": {"k": 1.' + "1" * 10**6 + "}}", None),
    "body: 10^6 open lists": (whereql.GetRequest.from_json, lambda: "[" * 10**6, "WQ401"),
    "body: 10^6 empty lists": (whereql.GetRequest.from_json, lambda: '{"x": [' + "[]," * 10**6 + "[]]}", None),
    "body: the same key 10^6 times": (whereql.GetRequest.from_json, lambda: "{" + '"x": 1,' * 10**6 + '"x": 1}', None),
    "body: 10^6 escapes": (whereql.GetRequest.from_json, lambda: '{"where": {"k": "' + "\\u00e9" * 10**6 + '"}}', None),
    "body: NUL": (whereql.GetRequest.from_json, lambda: b"\0" * 10**6, "WQ213"),
    "params: 1,000,000 values": (lambda value: whereql.bind(whereql.parse("k IN :p"), {"p": value}), lambda: MILLION, "WQ403"),
    "params: a regex of a megabyte": (lambda value: whereql.bind(whereql.parse("k MATCHES :p"), {"p": value}), lambda: "a" * 10**6, "WQ406"),
    "params: an int of 10^6 digits": (lambda value: whereql.bind(whereql.parse("k = :p"), {"p": value}), lambda: 10**1_000_000, "WQ305"),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES_THAT_HURT)
def test_values_that_hurt(name: str) -> None:
    read, make, code = VALUES_THAT_HURT[name]
    assert outcome(read, make()) == (code or "accepted")


def test_a_limit_is_not_the_interpreters() -> None:
    """Deep within the caller's own recursion, limits still come first."""

    def down(levels: int) -> str:
        return down(levels - 1) if levels else outcome(whereql.from_json, nested_where(120))

    assert down(100) == "accepted"
    with whereql.use_limits(depth=200):
        assert outcome(whereql.parse, "NOT " * 190 + "a") == "accepted"
        deep = whereql.parse("NOT (a AND " * 95 + "a" + ")" * 95)
        assert whereql.parse(whereql.to_text(deep)) == deep
        assert hash(deep) and repr(deep) and whereql.bind(deep, {}) == deep
