"""What readers share: tokens, connectives and their errors; places in JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import whereql
from whereql.ast import Expr, Field, Not, Op, Predicate
from whereql.dialects import reading_json
from whereql.dialects.reading import Connectives, Lexer, Tokens, key, known, read_filter
from whereql.dialects.text import literals

LEXER = Lexer("Mini", {"name": r"[^\W\d]\w*", "number": r"[0-9]+", "string": r'"[^"]*+"', "sign": r"[=()]"})
WORDS = {"any_of": {"or", "||"}, "all_of": {"and"}, "none_of": {"not"}}


def condition(tokens: Tokens, negated: bool) -> Expr:
    name = tokens.take("name", "a key")
    if tokens.is_("near"):
        tokens.refuse("near", tokens.next, "compare with =")
    tokens.take("=", "'='")
    value = tokens.take({"number", "string"}, "a value")
    operand = literals.number(value.text, value.span) if value.kind == "number" else whereql.literal(value.text[1:-1], value.span)
    return known(Predicate(key(name.text, name), Op.EQ, operand), negated)


def read(source: Any, **changes: Any) -> str:
    return whereql.to_text(read_filter(LEXER.tokens(source), Connectives(**WORDS, **changes), condition))


@pytest.mark.parametrize(
    ("source", "text", "changes"),
    [
        ("a = 1 or b = 2 and c = 3", "a = 1 OR b = 2 AND c = 3", {}),
        ("a = 1 OR b = 2 AND c = 3", "(a = 1 OR b = 2) AND c = 3", {"has_one_level": True}),
        ("a = 1 and b = 2 or c = 3", "a = 1 AND b = 2 OR c = 3", {"has_one_level": True}),
        ("not a = 1", "a != 1", {}),
        ("not a = 1", "a IS NOT NULL AND a != 1", {"is_three_valued": True}),
        ("not not a = 1", "a = 1", {"is_three_valued": True}),
        ("not (a = 1 or b = 2)", "a IS NOT NULL AND a != 1 AND b IS NOT NULL AND b != 2", {"is_three_valued": True}),
        ("not (a = 1 and b = 2)", "a IS NOT NULL AND a != 1 OR b IS NOT NULL AND b != 2", {"is_three_valued": True}),
        ("not (a = 1 or b = 2)", "NOT (a = 1 OR b = 2)", {}),
        ("not a = 1 or b = 2", "NOT (a = 1 OR b = 2)", {"has_wide_not": True}),
        ("(not a = 1) or c = 3 and not a = 1 and b = 2", "a != 1 OR c = 3 AND NOT (a = 1 AND b = 2)", {"has_wide_not": True}),
        ("(((a = 1)))", "a = 1", {}),
        ('\t"or" = 1', None, {}),
        ('a="or"', "a = 'or'", {}),
    ],
)
def test_connectives_bind_as_the_language_has_it(source: str, text: str | None, changes: dict[str, bool]) -> None:
    if text is None:
        with pytest.raises(whereql.ParseError):
            read(source, **changes)
    else:
        assert read(source, **changes) == text


def test_three_values_are_not_two() -> None:
    assert read("not a = 1", is_three_valued=True) != read("not a = 1")


@pytest.mark.parametrize(
    ("source", "message", "span"),
    [
        ("a = ", "a value is due, and the filter ends", (4, 4)),
        ("a : 1", "Mini has no ':' here", (2, 3)),
        ("a = 1 b = 2", "a connective or the end is due, and there is 'b'", (6, 7)),
        ("(a = 1", "')' is due, and the filter ends", (6, 6)),
        ("a = 1)", "a connective or the end is due, and there is ')'", (5, 6)),
        ("", "a key is due, and the filter ends", (0, 0)),
        ("not", "a key is due, and the filter ends", (3, 3)),
        ('a = "x', "Mini has no '\"' here", (4, 5)),
        ("a = 1 AND\x1b[31m", "Mini has no '␛' here", (9, 10)),
    ],
)
def test_a_mistake_has_its_place(source: str, message: str, span: tuple[int, int]) -> None:
    with pytest.raises(whereql.ParseError) as caught:
        read(source)
    assert (caught.value.code, caught.value.message, caught.value.span) == ("WQ119", message, span)
    assert caught.value.hint and caught.value.source == source
    assert caught.value.render().count("\n") >= 2


def test_what_is_no_filter_is_refused_by_name_and_place() -> None:
    with pytest.raises(whereql.UnsupportedError) as caught:
        read("a = 1 and b near 5")
    assert (caught.value.code, caught.value.message, caught.value.span) == ("WQ504", "Mini: no counterpart for near", (12, 16))


def test_a_language_may_tell_cases_apart() -> None:
    lexer = Lexer("Cased", {"name": "[a-zA-Z]+"}, has_case=True, comment=r"//[^\n]*+")
    assert [lexer.tokens("// a\nb // c\n//").ahead(at).text for at in range(2)] == ["b", ""]
    assert lexer.tokens("and").is_("and") and not lexer.tokens("AND").is_("and")
    assert LEXER.tokens("AND").is_("and")
    assert not Lexer("Odd", {"name": "[a-z\u212a]+"}).tokens("li\u212ae").is_("like")  # the Kelvin sign folds to k


@pytest.mark.parametrize("source", [None, 5, b"a = 1", ["a"]])
def test_a_source_is_a_text(source: object) -> None:
    with pytest.raises(whereql.ParseError, match="a filter of Mini is a text"):
        read(source)


def test_hostile_texts_meet_the_limits_and_never_the_stack() -> None:
    for source in ("(" * 100_000, "not " * 100_000, "(" * 5_000 + "a = 1" + ")" * 5_000):
        with pytest.raises(whereql.LimitError, match="WQ401"):
            read(source)
        with pytest.raises(whereql.LimitError, match="WQ401"):
            read(source, is_three_valued=True)
    with pytest.raises(whereql.LimitError, match="WQ404"):
        read("a" * 2_000_000)
    with pytest.raises(whereql.LimitError, match="WQ402"):
        read(" or ".join(["a = 1"] * 10_001))
    with pytest.raises(whereql.CheckError, match="WQ307"):
        read('a = "\ud800"')


JSON_ERRORS: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: reading_json.entries_at([], "$", 1), "WQ215", "an object is due, got"),
    (lambda: reading_json.entries_at('{"a": 1}', "$", 1), "WQ215", "an object is due"),
    (lambda: reading_json.entries_at({1: 2}, "$", 1), "WQ215", "a key is a string"),
    (lambda: reading_json.entries_at({"\ud800": 2}, "$", 1), "WQ307", ""),
    (lambda: reading_json.entries_at({}, "$", 200), "WQ401", ""),
    (lambda: reading_json.list_at({}, "$.k"), "WQ215", "a list is due"),
    (lambda: reading_json.list_at([1] * 100_001, "$.k"), "WQ403", ""),
    (lambda: reading_json.literal_at(None, "$.k"), "WQ215", "a string, a number or a bool is due"),
    (lambda: reading_json.literal_at([], "$.k"), "WQ215", ""),
    (lambda: reading_json.literal_at(float("nan"), "$.k"), "WQ215", "a number is finite"),
    (lambda: reading_json.literal_at(2**63, "$.k"), "WQ215", ""),
    (lambda: reading_json.literals_at([1, {}], "$.k"), "WQ215", ""),
    (lambda: reading_json.unknown("Mini", "operator", "$eqq", "$.k", ["$eq", "$ne"]), "WQ215", "Mini has no operator '$eqq'"),
    (lambda: reading_json.fail("a score", "$.k", "leave it out"), "WQ215", "a score"),
    (lambda: reading_json.refuse("Mini", "a score", "$.k", "leave it out"), "WQ504", "Mini: no counterpart for a score"),
]


@pytest.mark.parametrize(("call", "code", "message"), JSON_ERRORS)
def test_a_mistake_in_json_has_its_path(call: Callable[[], Any], code: str, message: str) -> None:
    with pytest.raises(whereql.WhereqlError) as caught:
        call()
    assert caught.value.code == code
    assert caught.value.message.startswith(message)
    assert caught.value.hint


def test_values_of_json_keep_their_kind() -> None:
    read = reading_json.literals_at([1, 1.0, True, "1"], "$")
    assert [(item.kind.value, item.value) for item in read] == [("int", 1), ("float", 1.0), ("bool", True), ("string", "1")]
    assert (reading_json.step("k"), reading_json.step("a b"), reading_json.step("\x1b" * 60)) == (".k", '["a b"]', f'["{"␛" * 40}…"]')


def test_an_error_without_a_place_gets_that_of_the_whole() -> None:
    def fails(value: Any, path: str, depth: int) -> Expr:
        raise whereql.CheckError("WQ307", "x")

    with pytest.raises(whereql.CheckError) as caught:
        reading_json.read_value(fails, {})
    assert caught.value.path == "$"
    assert reading_json.read_value(lambda value, path, depth: Not(Predicate(Field(path), Op.EXISTS)), {}) == whereql.parse("`$` IS NULL")
