"""The textual language, form by form: the AST of each, its spans, and that its tempting wrong readings differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import whereql
from whereql import And, Const, Document, Expr, F, Field, Id, Not, Op, Or, Param, Predicate, Span, Uri
from whereql.ast import Subject, predicates
from whereql.kinds import Kind
from whereql.values import INT_MAX, INT_MIN, literal


def p(op: Op, key: str | Subject, *values: Any) -> Predicate:
    """A predicate; a list operand for the operators that take one."""
    items = tuple(value if isinstance(value, Param) else literal(value) for value in values)
    subject = Field(key) if isinstance(key, str) else key
    if op in (Op.IN, Op.HAS):
        return Predicate(subject, op, items)
    return Predicate(subject, op, items[0] if items else None)


def eq(key: str | Subject, value: Any) -> Predicate:
    return p(Op.EQ, key, value)


# One row per form of the language: the text, and the AST that it is.
FORMS: list[tuple[str, Expr]] = [
    # comparison, either side
    ("f = 1", eq("f", 1)), ("f == 1", eq("f", 1)), ("f != 1", Not(eq("f", 1))), ("f <> 1", Not(eq("f", 1))), ("f=1", eq("f", 1)), ("f=-1", eq("f", -1)),
    ("f < 1", p(Op.LT, "f", 1)), ("f <= 1", p(Op.LE, "f", 1)), ("f > 1", p(Op.GT, "f", 1)), ("f >= 1", p(Op.GE, "f", 1)),
    ("1 = f", eq("f", 1)), ("1 == f", eq("f", 1)), ("1 != f", Not(eq("f", 1))), ("1 <> f", Not(eq("f", 1))),
    ("1 < f", p(Op.GT, "f", 1)), ("1 <= f", p(Op.GE, "f", 1)), ("1 > f", p(Op.LT, "f", 1)), ("1 >= f", p(Op.LE, "f", 1)),
    # chains run one way
    ("1 <= f < 5", And([p(Op.GE, "f", 1), p(Op.LT, "f", 5)])), ("1 < f <= 5", And([p(Op.GT, "f", 1), p(Op.LE, "f", 5)])),
    ("5 > f >= 1", And([p(Op.LT, "f", 5), p(Op.GE, "f", 1)])), ("'a' <= f < 'b'", And([p(Op.GE, "f", "a"), p(Op.LT, "f", "b")])),
    # sets and closed ranges
    ("f IN (1, 2)", p(Op.IN, "f", 1, 2)), ("f IN [1, 2]", p(Op.IN, "f", 1, 2)), ("f NOT IN (1)", Not(p(Op.IN, "f", 1))), ("f IN ()", p(Op.IN, "f")),
    ("f IN (1, 2,)", p(Op.IN, "f", 1, 2)), ("f IN (1, TRUE, 'a', 1.0)", p(Op.IN, "f", 1, True, "a", 1.0)), ("f in(1)", p(Op.IN, "f", 1)),
    ("f BETWEEN 1 AND 5", And([p(Op.GE, "f", 1), p(Op.LE, "f", 5)])), ("f NOT BETWEEN 1 AND 5", Not(And([p(Op.GE, "f", 1), p(Op.LE, "f", 5)]))),
    # membership
    ("f HAS 'a'", p(Op.HAS, "f", "a")), ("f NOT HAS 'a'", Not(p(Op.HAS, "f", "a"))), ("f HAS ANY ('a', 1)", p(Op.HAS, "f", "a", 1)),
    ("f HAS ALL ('a', 1)", And([p(Op.HAS, "f", "a"), p(Op.HAS, "f", 1)])), ("f NOT HAS ANY (1, 2)", Not(p(Op.HAS, "f", 1, 2))),
    ("f NOT HAS ALL (1, 2)", Not(And([p(Op.HAS, "f", 1), p(Op.HAS, "f", 2)]))), ("f HAS ALL ()", Const(True)), ("f HAS ANY ()", p(Op.HAS, "f")),
    ("f HAS ALL [1]", p(Op.HAS, "f", 1)), ("'a' IN f", p(Op.HAS, "f", "a")), ("'a' NOT IN f", Not(p(Op.HAS, "f", "a"))), ("TRUE IN f", p(Op.HAS, "f", True)),
    # text
    ("f CONTAINS 's'", p(Op.CONTAINS, "f", "s")), ("f NOT CONTAINS 's'", Not(p(Op.CONTAINS, "f", "s"))), ("f STARTS WITH 's'", p(Op.STARTS, "f", "s")),
    ("f NOT starts\n with 's'", Not(p(Op.STARTS, "f", "s"))), ("f ENDS WITH 's'", p(Op.ENDS, "f", "s")), ("f NOT ENDS WITH 's'", Not(p(Op.ENDS, "f", "s"))),
    ("f LIKE 'a%_'", p(Op.LIKE, "f", "a%_")), ("f NOT LIKE 'a'", Not(p(Op.LIKE, "f", "a"))), ("f ILIKE 'A%'", p(Op.ILIKE, "f", "A%")),
    ("f NOT ILIKE 'a'", Not(p(Op.ILIKE, "f", "a"))), (r"f LIKE '50\%'", p(Op.LIKE, "f", r"50\%")), ("f CONTAINS ''", p(Op.CONTAINS, "f", "")),
    ("f MATCHES 'a+'", p(Op.MATCHES, "f", "a+")), ("f NOT MATCHES 'a'", Not(p(Op.MATCHES, "f", "a"))), ("f =~ 'a'", p(Op.MATCHES, "f", "a")),
    ("f !~ 'a'", Not(p(Op.MATCHES, "f", "a"))), (r"f =~ '\bneural\b'", p(Op.MATCHES, "f", r"\bneural\b")),
    # existence
    ("f IS NULL", Not(p(Op.EXISTS, "f"))), ("f IS NOT NULL", p(Op.EXISTS, "f")), ("EXISTS(f)", p(Op.EXISTS, "f")), ("exists ( `f` )", p(Op.EXISTS, "f")),
    ("NOT EXISTS(f)", Not(p(Op.EXISTS, "f"))), ("!EXISTS(f)", Not(p(Op.EXISTS, "f"))),
    # a bare key, constants
    ("f", eq("f", True)), ("NOT f", Not(eq("f", True))), ("!f", Not(eq("f", True))), ("f = TRUE", eq("f", True)), ("f = false", eq("f", False)),
    ("TRUE", Const(True)), ("false", Const(False)), ("NOT TRUE", Not(Const(True))), ("", Const(True)), (" \t\r\n", Const(True)), ("-- nothing", Const(True)),
    # connectives
    ("a AND b", And([eq("a", True), eq("b", True)])), ("a && b", And([eq("a", True), eq("b", True)])), ("a&&b", And([eq("a", True), eq("b", True)])),
    ("a OR b", Or([eq("a", True), eq("b", True)])), ("a || b", Or([eq("a", True), eq("b", True)])), ("a or b oR c", Or([eq("a", True), eq("b", True), eq("c", True)])),
    ("NOT NOT a", Not(Not(eq("a", True)))), ("!!a", Not(Not(eq("a", True)))), ("!(a)", Not(eq("a", True))), ("((a))", eq("a", True)), ("(a) AND (b)", And([eq("a", True), eq("b", True)])),
    # subjects
    ("#id = 'x'", eq(Id(), "x")), ("#document CONTAINS 'x'", p(Op.CONTAINS, Document(), "x")), ("#uri IS NULL", Not(p(Op.EXISTS, Uri()))), ("'x' = #id", eq(Id(), "x")),
    ("#document = 1", eq(Document(), 1)), ("`#document` = 'x'", eq("#document", "x")), ("author.name = 1", eq("author.name", 1)), ("a.2 = 1", eq("a.2", 1)),
    ("`any key` = 1", eq("any key", 1)), ("`` = 1", eq("", 1)), ("`a``b` = 1", eq("a`b", 1)), ("`a\nb` = 1", eq("a\nb", 1)), ("_ = 1", eq("_", 1)),
    # strings
    ("f = 'it''s'", eq("f", "it's")), ("f = ''", eq("f", "")), (r"f = 'a\n'", eq("f", r"a\n")), ("f = 'a\nb'", eq("f", "a\nb")), ("f = '\"'", eq("f", '"')),
    (r'f = "a \"b\" \n"', eq("f", 'a "b" \n')), (r'f = "\u00e9\ud83d\ude00\/\\"', eq("f", "é😀/\\")), ("f = \"it's\"", eq("f", "it's")), ('f = ""', eq("f", "")),
    ("f = '\0'", eq("f", "\0")), ('f = "\\u0000"', eq("f", "\0")), ("f = '-- no comment'", eq("f", "-- no comment")), ("f = '日本 😀'", eq("f", "日本 😀")),
    # parameters
    ("f = :p", p(Op.EQ, "f", Param("p"))), ("f IN :p", Predicate(Field("f"), Op.IN, Param("p"))), ("f IN (:p, 1)", p(Op.IN, "f", Param("p"), 1)),
    ("f HAS :p", p(Op.HAS, "f", Param("p"))), ("f HAS ANY :p", Predicate(Field("f"), Op.HAS, Param("p"))), ("f HAS ALL :p", Predicate(Field("f"), Op.HAS, Param("p", each=True))),
    ("f NOT HAS ALL :p", Not(Predicate(Field("f"), Op.HAS, Param("p", each=True)))), (":a < f <= :b", And([p(Op.GT, "f", Param("a")), p(Op.LE, "f", Param("b"))])),
    ("f MATCHES :p", p(Op.MATCHES, "f", Param("p"))), (":p IN f", p(Op.HAS, "f", Param("p"))), ("f BETWEEN :a AND :b", And([p(Op.GE, "f", Param("a")), p(Op.LE, "f", Param("b"))])),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expr"), FORMS)
def test_form(text: str, expr: Expr) -> None:
    assert whereql.parse(text) == expr
    assert whereql.parse(whereql.to_text(expr)) == expr
    assert whereql.parse(f"  {text}\n") == expr
    if text.strip() and not text.startswith("--"):
        assert whereql.parse(f"({text})") == expr
        assert whereql.parse(f"NOT ({text})") == Not(expr)


PRINTED = {
    "f<>1": "f != 1", "1 < f": "f > 1", "f NOT IN [1]": "f NOT IN (1)", "'a' in f": "f HAS 'a'", "f=~'a'": "f MATCHES 'a'", "!f": "f != TRUE", "EXISTS(f)": "f IS NOT NULL",
    "f >= 1 and f <= 5": "f BETWEEN 1 AND 5", "f > 1 and f <= 5": "1 < f <= 5", "f <= 5 AND f >= 1": "5 >= f >= 1", "f HAS 1 AND f HAS 2": "f HAS ALL (1, 2)",
    "(a or b) and (c)": "(a = TRUE OR b = TRUE) AND c = TRUE", "not (f > 5)": "NOT f > 5", "not (not (f = 5))": "NOT f != 5", "`f` = 1": "f = 1", "`a b`=1": "`a b` = 1",
    "f = \"a'b\"": "f = 'a''b'", 'f = "a\\nb"': 'f = "a\\nb"', "f = 1.0": "f = 1.0", "f = 1e3": "f = 1000.0", "f = +5": "f = 5", "": "TRUE", "`in` = 1": "`in` = 1",
    "f >= date('2024-05-01')": "f >= DATE('2024-05-01')", "not (1 < f < 5)": "NOT 1 < f < 5", "not (f between 1 and 5)": "f NOT BETWEEN 1 AND 5", "f HAS ANY (1)": "f HAS 1",
    "f HAS ANY (1, 2)": "f HAS ANY (1, 2)", "not (f is null)": "NOT f IS NULL", "a and (b and c)": "a = TRUE AND b = TRUE AND c = TRUE",
}  # fmt: skip


@pytest.mark.parametrize(("text", "printed"), PRINTED.items())
def test_print(text: str, printed: str) -> None:
    assert whereql.to_text(whereql.parse(text)) == printed


# Precedence and negation: each text, what it means, and the reading that must not happen.

RECORDS = [
    whereql.make_record(f"{a}{b}{c}{k}", metadata={"a": a, "b": b, "c": c, **({} if k is None else {"k": k})})
    for a in (True, False) for b in (True, False) for c in (True, False) for k in (None, 0, 3, 7, "x")
]  # fmt: skip

READINGS = [
    ("a OR b AND c", "a OR (b AND c)", "(a OR b) AND c"),
    ("a AND b OR c", "(a AND b) OR c", "a AND (b OR c)"),
    ("NOT a AND b", "(NOT a) AND b", "NOT (a AND b)"),
    ("NOT a OR b", "(NOT a) OR b", "NOT (a OR b)"),
    ("!a && b || c", "((NOT a) AND b) OR c", "NOT (a AND b OR c)"),
    ("!(a) AND b", "(NOT a) AND b", "NOT (a AND b)"),
    ("NOT k = 3 AND a", "(NOT k = 3) AND a", "NOT (k = 3 AND a)"),
    ("NOT k > 5", "k <= 5 OR k = 'x' OR k IS NULL", "k <= 5"),
    ("k != 3", "k IS NULL OR k IN (0, 7, 'x')", "k IN (0, 7)"),
    ("k NOT IN (3, 7)", "k IS NULL OR k = 0 OR k = 'x'", "k = 0"),
    ("NOT k BETWEEN 1 AND 5", "NOT (k BETWEEN 1 AND 5)", "k < 1 OR k > 5"),
    ("k NOT BETWEEN 1 AND 5 AND a", "NOT (k BETWEEN 1 AND 5) AND a", "NOT (k BETWEEN 1 AND 5 AND a)"),
    ("k BETWEEN 1 AND 5 OR a AND b", "(1 <= k AND k <= 5) OR (a AND b)", "1 <= k AND (k <= 5 OR a) AND b"),
    ("NOT 1 < k < 5", "NOT (k > 1 AND k < 5)", "NOT k > 1 AND k < 5"),
    ("NOT NOT a AND b", "a AND b", "NOT (NOT a AND b) AND a"),
    ("NOT a AND NOT b", "NOT (a OR b)", "NOT (a AND b)"),
    ("a -- OR b\n AND c", "a AND c", "a OR b AND c"),
    ("NOT k IS NULL AND a", "k IS NOT NULL AND a", "NOT (k IS NULL AND a)"),
]


def rows(text: str) -> list[str]:
    expr = whereql.parse(text)
    return [record.id for record in RECORDS if whereql.holds(expr, record)]


@pytest.mark.parametrize(("text", "meaning", "wrong"), READINGS)
def test_reading(text: str, meaning: str, wrong: str) -> None:
    assert rows(text) == rows(meaning)
    assert rows(text) != rows(wrong)
    assert whereql.parse(text) != whereql.parse(wrong)


def test_between_backwards_is_false() -> None:
    assert rows("k BETWEEN 5 AND 3") == [] == rows("FALSE")
    assert rows("k BETWEEN 3 AND 3") == rows("k = 3") != []


@pytest.mark.parametrize("text", ["1 < k > 5", "5 > k < 7", "1 <= k >= 5", "1 < k = 5", "1 = k < 5", "1 < k < 5 < 7", "1 < k != 5", "a < b < c", "1 < 2 < k"])
def test_chains_run_one_way(text: str) -> None:
    with pytest.raises(whereql.ParseError):
        whereql.parse(text)


@pytest.mark.parametrize("text", ["!a = 1", "!a IN (1)", "!a IS NULL", "!a LIKE 'x'", "! TRUE", "!1 = a", "!a.b > 1", "!`a` HAS 1", "!#id = 'x'", "!a BETWEEN 1 AND 2", "!NOT a"])
def test_bang_is_no_synonym_of_not(text: str) -> None:
    with pytest.raises(whereql.ParseError) as caught:
        whereql.parse(text)
    assert caught.value.code in ("WQ117", "WQ115", "WQ110", "WQ105"), str(caught.value)
    if "NOT" not in text and not text.startswith("!1"):
        assert whereql.parse(f"NOT {text[1:]}") is not None


# Literals at their edges

LITERALS: list[tuple[str, Any]] = [
    ("0", 0), ("-0", 0), ("+5", 5), ("007", 7), ("-2", -2), ("9223372036854775807", INT_MAX), ("-9223372036854775808", INT_MIN), ("9007199254740993", 2**53 + 1),
    ("1.5", 1.5), ("-1.5", -1.5), (".5", 0.5), ("-.5", -0.5), ("+.5e1", 5.0), ("1.0", 1.0), ("1e9", 1e9), ("1E-9", 1e-9), ("1e+9", 1e9), ("00.5", 0.5), ("1e308", 1e308),
    ("-0.0", 0.0), ("1e-400", 0.0), ("-1e-400", 0.0), ("5e-324", 5e-324), ("1.7976931348623157e308", 1.7976931348623157e308), ("9223372036854775808.0", 2.0**63),
    ("0.1", 0.1), ("TRUE", True), ("false", False), ("tRuE", True),
    ("DATE('1970-01-01')", 0), ("DATE('1969-12-31')", -86_400), ("DATE('2024-02-29')", 1_709_164_800), ("DATE('2000-02-29')", 951_782_400), ("date ( \"2024-05-01\" )", 1_714_521_600),
    ("DATE('0001-01-01')", -62_135_596_800), ("DATE('9999-12-31')", 253_402_214_400), ("TIMESTAMP('1970-01-01T00:00:00Z')", 0), ("TIMESTAMP('1970-01-01 00:00:00z')", 0),
    ("TIMESTAMP('1970-01-01t01:00:00+01:00')", 0), ("TIMESTAMP('1969-12-31T19:00:00-05:00')", 0), ("TIMESTAMP('2024-05-01T09:30:00+05:30')", 1_714_536_000),
    ("TIMESTAMP('1970-01-01T00:00:00.5Z')", 0.5), ("TIMESTAMP('1970-01-01T00:00:01.000Z')", 1), ("TIMESTAMP('1969-12-31T23:59:59.75Z')", -0.25),
    ("TIMESTAMP('2024-02-29T23:59:59.123456789Z')", 1_709_251_199.123456789), ("TIMESTAMP('0001-01-01T00:00:00+23:59')", -62_135_683_140),
    ("TIMESTAMP('1970-01-01T00:00:00.000000000000000000000000000001Z')", 1e-30),
]  # fmt: skip


@pytest.mark.parametrize(("spelling", "value"), LITERALS)
def test_literal(spelling: str, value: Any) -> None:
    predicate = whereql.parse(f"f = {spelling}")
    assert predicate == eq("f", value)
    assert isinstance(predicate, Predicate)
    read = predicate.operand.value  # type: ignore[union-attr]  # a literal
    assert type(read) is type(value)
    assert str(read) == str(value)  # tells -0.0 from 0.0
    assert whereql.parse(f"{spelling} IN f") == p(Op.HAS, "f", value)


def test_dates_print_as_they_were_written() -> None:
    text = "f BETWEEN DATE('2024-05-01') AND TIMESTAMP('2024-05-01t09:30:00.50+02:00')"
    assert whereql.to_text(whereql.parse(text)) == text
    assert whereql.parse("f = DATE('1970-01-02')") == whereql.parse("f = 86400")


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("9223372036854775808", "WQ305"), ("-9223372036854775809", "WQ305"), ("1" * 401, "WQ305"), ("1." + "0" * 400, "WQ305"), ("1e309", "WQ305"), ("-1e309", "WQ305"),
        ("1.", "WQ112"), ("1.e5", "WQ112"), ("1e", "WQ112"), ("1e+", "WQ112"), ("0x10", "WQ112"), ("1_000", "WQ112"), ("1,5", "WQ107"), ("--1", "WQ101"), ("- 1", "WQ104"), ("1.2.3", "WQ112"),
        ("nan", "WQ104"), ("Infinity", "WQ104"), ("1a", "WQ112"), ("1é", "WQ112"), ("०", "WQ102"), ("NULL", "WQ104"), ("'a", "WQ109"), ('"a', "WQ109"), (r'"\x"', "WQ113"), ('"a\nb"', "WQ113"),
        (r'"\ud800"', "WQ307"), (r'"\u12"', "WQ113"), ("DATE('2023-02-29')", "WQ310"), ("DATE('1900-02-29')", "WQ310"), ("DATE('2024-5-1')", "WQ310"), ("DATE('2024-05-01Z')", "WQ310"),
        ("DATE('0000-01-01')", "WQ310"), ("DATE('२०२४-05-01')", "WQ310"), ("TIMESTAMP('2024-05-01')", "WQ310"), ("TIMESTAMP('2024-05-01T00:00:00')", "WQ310"),
        ("TIMESTAMP('2024-05-01T24:00:00Z')", "WQ310"), ("TIMESTAMP('2016-12-31T23:59:60Z')", "WQ310"), ("TIMESTAMP('2024-05-01T00:00:00+24:00')", "WQ310"),
        ("TIMESTAMP('2024-05-01T00:00:00+00:60')", "WQ310"), ("TIMESTAMP('2024-05-01T00:00:00.Z')", "WQ310"), ("TIMESTAMP('2024-05-01T00:00Z')", "WQ310"), ("DATE(2024)", "WQ104"),
        ("DATE(:d)", "WQ104"),
    ],
)  # fmt: skip
def test_no_literal(spelling: str, code: str) -> None:
    with pytest.raises(whereql.WhereqlError) as caught:
        whereql.parse(f"f = {spelling}")
    assert caught.value.code == code, str(caught.value)
    assert caught.value.span is not None or code == "WQ307"


# Spans

SPANS: list[tuple[str, list[str]]] = [  # a text, and what is written at each node's span, outermost first
    ("a = 1", ["a = 1", "a", "1"]),
    (" a=1 ", ["a=1", "a", "1"]),
    ("1 != a", ["1 != a", "1 != a", "a", "1"]),
    ("x AND NOT (b OR `c d` = 'e')", ["x AND NOT (b OR `c d` = 'e'", "x", "x", "x", "NOT (b OR `c d` = 'e'", "b OR `c d` = 'e'", "b", "b", "b", "`c d` = 'e'", "`c d`", "'e'"]),
    ("1 < a <= 2", ["1 < a <= 2", "1 < a", "a", "1", "a <= 2", "a", "2"]),
    ("a NOT BETWEEN 1 AND 2 ", ["a NOT BETWEEN 1 AND 2", "a NOT BETWEEN 1 AND 2", "a NOT BETWEEN 1 AND 2", "a", "1", "a NOT BETWEEN 1 AND 2", "a", "2"]),
    ("a IN ( 1, :p )", ["a IN ( 1, :p )", "a", "1", ":p"]),
    ("a NOT IN :p", ["a NOT IN :p", "a NOT IN :p", "a", ":p"]),
    ("a HAS ALL [1,2]", ["a HAS ALL [1,2]", "a HAS ALL [1,2]", "a", "1", "a HAS ALL [1,2]", "a", "2"]),
    ("'x' IN tags", ["'x' IN tags", "tags", "'x'"]),
    ("EXISTS ( a )", ["EXISTS ( a )", "a"]),
    ("#document IS NULL", ["#document IS NULL", "#document IS NULL", "#document"]),
    ("a !~ \"b\"", ['a !~ "b"', 'a !~ "b"', "a", '"b"']),
    ("!a", ["!a", "a", "a", "a"]),
    ("é.x = DATE ('2024-05-01' )", ["é.x = DATE ('2024-05-01' )", "é.x", "DATE ('2024-05-01' )"]),
    ("😀 IS NULL", []),
    ("TRUE", ["TRUE"]),
    ("a -- c\n LIKE 'x'", ["a -- c\n LIKE 'x'", "a", "'x'"]),
]  # fmt: skip


def spans(expr: Expr) -> list[Span]:
    match expr:
        case And(args, span) | Or(args, span):
            inner = [each for arg in args for each in spans(arg)]
        case Not(arg, span):
            inner = spans(arg)
        case Predicate(subject, _, operand, span):
            items = operand if isinstance(operand, tuple) else () if operand is None else (operand,)
            inner = [subject.span, *(item.span for item in items)]
        case Const(_, span):
            inner = []
    return [span, *inner]


@pytest.mark.parametrize(("text", "written"), [case for case in SPANS if case[1]])
def test_spans(text: str, written: list[str]) -> None:
    found = spans(whereql.parse(text))
    assert [text[span.start : span.end] for span in found] == written


def test_spans_take_no_part_in_equality() -> None:
    one, other = whereql.parse("a = 1"), whereql.parse("   a    =   1")
    assert one == other and hash(one) == hash(other) and one.span != other.span  # type: ignore[attr-defined]  # a predicate
    assert repr(one) == repr(other)


# Parameters

BOUND: list[tuple[str, dict[str, Any], str]] = [
    ("f = :p", {"p": 1}, "f = 1"), ("f = :p", {"p": "x' OR TRUE --"}, "f = 'x'' OR TRUE --'"), ("f IN :p", {"p": [1, "a", True]}, "f IN (1, 'a', TRUE)"),
    ("f IN :p", {"p": ()}, "f IN ()"), ("f IN :p", {"p": {3}}, "f IN (3)"), ("f IN :p", {"p": np.array([1, 2])}, "f IN (1, 2)"), ("f IN (:p, 2, :q)", {"p": 1, "q": 3}, "f IN (1, 2, 3)"),
    ("f HAS ANY :p", {"p": ["a", "b"]}, "f HAS ANY ('a', 'b')"), ("f HAS ALL :p", {"p": ["a", "b"]}, "f HAS ALL ('a', 'b')"), ("f HAS ALL :p", {"p": []}, "TRUE"),
    ("f NOT HAS ALL :p", {"p": ["a", "b"]}, "f NOT HAS ALL ('a', 'b')"), ("f HAS :p", {"p": "a"}, "f HAS 'a'"), (":a <= f < :b", {"a": 1, "b": 2.5}, "1 <= f < 2.5"),
    ("f = :p OR g = :p", {"p": 1}, "f = 1 OR g = 1"), ("NOT (f = :p AND g)", {"p": True}, "NOT (f = TRUE AND g = TRUE)"), ("f MATCHES :p", {"p": "a|b"}, "f MATCHES 'a|b'"),
    ("f = :p", {"p": np.float32(0.5)}, "f = 0.5"), ("f = :p", {"p": np.int64(5)}, "f = 5"), ("f = :p", {"p": np.bool_(True)}, "f = TRUE"), ("f = :p", {"p": np.str_("x")}, "f = 'x'"),
    ("f = 1", {}, "f = 1"), ("f >= :p", {"p": "a"}, "f >= 'a'"), ("f IN :p", {"p": (x for x in (1, 2))}, "f IN (1, 2)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "params", "bound"), BOUND)
def test_bind(text: str, params: dict[str, Any], bound: str) -> None:
    expr = whereql.bind(whereql.parse(text), params)
    assert whereql.to_text(expr) == bound
    assert whereql.parse(bound) == expr


@pytest.mark.parametrize(
    ("text", "params", "code", "says"),
    [
        ("f = :p", {}, "WQ308", ":p has no value"), ("f = :year", {"yeer": 1}, "WQ308", "did you mean yeer?"), ("f = 1", {"p": 1}, "WQ309", "no parameter :p"),
        ("f = :p", {"p": 1, "q": 2}, "WQ309", ":q"), ("f = :p", {"p": None}, "WQ306", "IS NULL"), ("f = :p", {"p": [1]}, "WQ306", "IN or HAS ANY"), ("f IN :p", {"p": "abc"}, "WQ306", "list"),
        ("f IN :p", {"p": 5}, "WQ306", "list"), ("f IN :p", {"p": {"a": 1}}, "WQ306", "list"), ("f IN :p", {"p": [1, None]}, "WQ306", ":p"), ("f IN (:p)", {"p": [1]}, "WQ306", ":p"),
        ("f > :p", {"p": True}, "WQ302", "bools have no order"), ("f LIKE :p", {"p": 5}, "WQ302", "takes a string"), ("f MATCHES :p", {"p": "("}, "WQ303", "unclosed"),
        ("f LIKE :p", {"p": "a\\"}, "WQ304", "backslash"), ("f = :p", {"p": float("nan")}, "WQ305", "NaN"), ("f = :p", {"p": 2**63}, "WQ305", "int64"), ("f = :p", {"p": "\ud800"}, "WQ307", "surrogate"),
        ("f = :p", {"p": b"x"}, "WQ306", "decode"), ("f HAS ALL :p", {"p": 1}, "WQ306", "list"), ("f = :p", {"p": object()}, "WQ306", "object"), ("f IN :p", {"p": [np.nan]}, "WQ305", "NaN"),
    ],
)  # fmt: skip
def test_bind_refuses(text: str, params: dict[str, Any], code: str, says: str) -> None:
    with pytest.raises(whereql.CheckError) as caught:
        whereql.bind(whereql.parse(text), params)
    assert caught.value.code == code
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "params", "code"),
    [
        ("f = :p AND g = :q", {"p": None}, "WQ308"), ("f = :p AND g = :q", {"p": None, "q": 1, "r": 1}, "WQ309"), ("f = :p AND g = :q", {"p": None, "q": b""}, "WQ306"),
        ("f IN (1, :p) OR g IN (:q)", {"p": None}, "WQ308"), ("NOT (f > :p)", {"p": True, "q": 1}, "WQ309"),
    ],
)  # fmt: skip
def test_a_wrong_name_is_told_before_a_wrong_value(text: str, params: dict[str, Any], code: str) -> None:
    with pytest.raises(whereql.CheckError) as caught:
        whereql.bind(whereql.parse(text), params)
    assert caught.value.code == code


def test_a_wrong_name_costs_no_value() -> None:
    values = iter([1, 2])
    with pytest.raises(whereql.CheckError):
        whereql.bind(whereql.parse("f IN :p"), {"p": values, "q": 1})
    assert whereql.to_text(whereql.bind(whereql.parse("f IN :p"), {"p": values})) == "f IN (1, 2)"


def test_what_has_no_parameter_stays_the_same_object() -> None:
    for text in ("f = 1", "f IN (1, 2) AND NOT (g OR h)", "TRUE", "NOT f"):
        expr = whereql.parse(text)
        assert whereql.bind(expr) is expr and whereql.bind(expr, {}) is expr
    half = whereql.bind(expr := whereql.parse("(f = 1 OR g = 2) AND h = :p"), {"p": 3})
    assert isinstance(half, whereql.And) and isinstance(expr, whereql.And) and half.args[0] is expr.args[0]


def test_bind_keeps_limits() -> None:
    with pytest.raises(whereql.LimitError), whereql.use_limits(items=2):
        whereql.bind(whereql.parse("f IN :p"), {"p": [1, 2, 3]})
    with pytest.raises(whereql.LimitError):
        whereql.bind(whereql.parse("f MATCHES :p"), {"p": "a" * 20_000})
    with pytest.raises(whereql.LimitError), whereql.use_limits(predicates=2):
        whereql.bind(whereql.parse("f HAS ALL :p"), {"p": [1, 2, 3]})


def test_binding_leaves_the_cached_filter_alone() -> None:
    expr = whereql.parse("f = :p")
    assert whereql.bind(expr, {"p": 1}) != whereql.bind(expr, {"p": 2})
    assert whereql.parse("f = :p") == expr


# The cache

def test_cache_does_not_leak_between_limits() -> None:
    text = "a = 1 AND b = 2 AND c = 3"
    expr = whereql.parse(text)
    assert whereql.parse(text) is expr
    for limits in ({"predicates": 2}, {"depth": 1}, {"text": 10}):
        with pytest.raises(whereql.LimitError), whereql.use_limits(**limits):
            whereql.parse(text)
    with pytest.raises(whereql.LimitError), whereql.use_limits(items=1):
        whereql.parse("a IN (1, 2)")
    assert whereql.parse(text) is expr


def test_an_error_is_raised_each_time() -> None:
    for _ in range(3):
        with pytest.raises(whereql.ParseError) as caught:
            whereql.parse("a =")
        assert caught.value.source == "a ="


def test_long_texts_are_not_kept() -> None:
    text = " OR ".join(f"a = {i}" for i in range(5_000))
    assert whereql.parse(text) == whereql.parse(text)
    assert whereql.parse(text) is not whereql.parse(text)


@pytest.mark.parametrize("value", [None, 1, b"a = 1", ["a"]])
def test_only_strings_are_texts(value: Any) -> None:
    with pytest.raises(TypeError):
        whereql.parse(value)


# The builder

BUILT: list[tuple[Expr, str]] = [
    (F("f") == 1, "f = 1"), (F("f") != 1, "f != 1"), (F("f") < 1, "f < 1"), (F("f") <= 1, "f <= 1"), (F("f") > 1, "f > 1"), (F("f") >= 1.5, "f >= 1.5"), (F("f") > 1, "f > 1"),
    (F("f").between(1, 5), "f BETWEEN 1 AND 5"), (F("f").is_in([1, "a"]), "f IN (1, 'a')"), (F("f").is_in([]), "f IN ()"), (F("f").is_in(Param("p")), "f IN :p"),
    (F("f").has("a"), "f HAS 'a'"), (F("f").has_any(["a", 1]), "f HAS ANY ('a', 1)"), (F("f").has_all(["a", 1]), "f HAS ALL ('a', 1)"), (F("f").has_all([]), "TRUE"),
    (F("f").has_all(Param("p")), "f HAS ALL :p"), (F("f").contains("s"), "f CONTAINS 's'"), (F("f").starts_with("s"), "f STARTS WITH 's'"), (F("f").ends_with("s"), "f ENDS WITH 's'"),
    (F("f").like("s%"), "f LIKE 's%'"), (F("f").ilike("s%"), "f ILIKE 's%'"), (F("f").matches("s+"), "f MATCHES 's+'"), (F("f").exists(), "f IS NOT NULL"), (~F("f").exists(), "f IS NULL"),
    (F.id == "x", "#id = 'x'"), (F.document.contains("x"), "#document CONTAINS 'x'"), (F.uri.exists(), "#uri IS NOT NULL"), (F("in") == 1, "`in` = 1"), (F("f") == Param("p"), "f = :p"),
    ((F("f") == 1) & (F("g") == 2) | ~(F("h") == 3), "f = 1 AND g = 2 OR h != 3"), (F("f") == np.int32(5), "f = 5"), (F(Field("f")) == True, "f"),  # noqa: E712
]  # fmt: skip


@pytest.mark.parametrize(("built", "text"), BUILT)
def test_builder_equals_text(built: Expr, text: str) -> None:
    assert built == whereql.parse(text)
    assert len(list(predicates(built))) == len(list(predicates(whereql.parse(text))))


def test_builder_refuses_what_python_would_lose() -> None:
    with pytest.raises(TypeError, match="between"):
        1 < F("a") < 5  # type: ignore[operator]  # noqa: B015
    with pytest.raises(TypeError, match="has"):
        "a" in F("tags")  # noqa: B015
    with pytest.raises(TypeError):
        list(F("a"))  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        bool(F("a"))
    with pytest.raises(TypeError, match="truth"):
        (F("a") == 1) and (F("b") == 2)  # type: ignore[operator]
    with pytest.raises(whereql.CheckError):
        F(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        {F("a")}  # type: ignore[unused-ignore]
    for build in (lambda: F("a") == None, lambda: F("a") > True, lambda: F("a").like(5), lambda: F("a").matches("("), lambda: F("a").is_in("abc")):  # noqa: E711
        with pytest.raises(whereql.CheckError):
            build()


def test_kinds_of_literals_count() -> None:
    ones = {whereql.parse(f"f = {one}") for one in ("1", "1.0", "TRUE", "'1'")}
    assert len(ones) == 4
    assert whereql.parse("f IN (1, TRUE, 1.0)").operand[0].kind is Kind.INT  # type: ignore[attr-defined]
