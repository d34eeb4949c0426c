"""The grammar itself: no conflicts, keywords that never eat a name, one precedence for parser and printer, a fixed Unicode."""

from __future__ import annotations

import contextlib
import random
import re
import sys
import unicodedata
from importlib.resources import files
from itertools import product
from typing import Any

import interegular
import pytest
from expressions import Expressions
from lark import Lark
from lark.exceptions import UnexpectedInput, VisitError
from test_ast import parts
from test_text import FORMS, LITERALS

import whereql
from whereql.ast import And, Expr, Field, Not, Or, Predicate
from whereql.dialects.text.parser import _Builder, _parser, _reader
from whereql.dialects.text.printer import PRECEDENCE
from whereql.names import RESERVED, is_bare
from whereql.operators import Op
from whereql.values import literal

GRAMMAR = files("whereql_grammar").joinpath("filter.lark").read_text(encoding="utf-8")

# Terminals that the check for collisions can't turn into automata, and skips: flags (ASCII case) and looks behind are beyond it.
# test_keywords_eat_no_name stands in for it; anything new here needs its collisions enumerated there. What the large terminals
# take in one is held against the grammar without them by test_large_terminals_change_nothing.
LARGE = {"COMPARED", "SINGLES", "NUMBERS"}
SKIPPED = {
    "COMPARED", "NUMBERS",
    "_ALL", "_AND", "_ANY", "_BETWEEN", "_HAS", "_IN", "_IS", "_OR", "BOOL", "DATE", "EXISTS", "NAME", "NOT", "NULL", "TEXTOP", "TIMESTAMP", "_COMMENT",
}  # fmt: skip


# The same terminals without possessive repeats, which the check can't read. They match the same: what is repeated never
# matches what follows it, so there is nothing to give back.
PLAIN = re.sub(r"([+*])\+", r"\1", GRAMMAR)


@pytest.mark.parametrize("grammar", [GRAMMAR, PLAIN], ids=["as it is", "without possessive repeats"])
def test_strict_build_finds_no_conflict(grammar: str) -> None:
    assert Lark(grammar, parser="lalr", lexer="contextual", strict=True, maybe_placeholders=False)


def test_strict_build_would_find_one() -> None:
    from lark.exceptions import GrammarError

    with pytest.raises(GrammarError):
        Lark(GRAMMAR.replace("?primary:", "?primary: primary _AND primary\n        |"), parser="lalr", strict=True)


def test_terminals_that_the_strict_build_skips_are_known() -> None:
    skipped = set()
    for terminal in Lark(PLAIN, parser="lalr", maybe_placeholders=False).terminals:
        try:
            interegular.parse_pattern(terminal.pattern.to_regexp()).to_fsm()
        except (interegular.Unsupported, interegular.InvalidSyntax):
            skipped.add(terminal.name)
    assert skipped == SKIPPED


def without_large_terminals() -> Lark:
    grammar = re.sub(rf"^(?:{'|'.join(LARGE)})\.4:.*\n", "", GRAMMAR, flags=re.MULTILINE)
    grammar = grammar.replace("        | COMPARED\n", "").replace("_item: value | SINGLES | NUMBERS", "_item: value")
    assert not any(name in grammar.replace("_COMPARED", "") for name in LARGE)
    return Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=False, transformer=_Builder())


LISTS = [
    "a IN ('x')", "a IN ('x', 'y')", "a IN ('x','y',)", "a IN ['it''s' , '', 'y'\n]", "a IN (1, 2.5, -3,.5)", "a IN (1, 'x', 2, 3, 'y', 'z', TRUE, :p)",
    "a HAS ANY (1, 2)", "a HAS ALL ('x', 'y')", "a IN ('x', -- why\n 'y')", "a IN (1 , -- 2\n 3)", 'a IN ("x", \'y\', \'z\')',
]  # fmt: skip


def test_large_terminals_change_nothing() -> None:
    """Each filter has the same tree and the same spans, whether a comparison is one token or three."""
    plain, dice = without_large_terminals(), random.Random(5)
    texts = [*LISTS, *(f"{key}{gap}{op}{gap}{value}" for key, op, value, gap in product(KEYS, OPERATORS, VALUES, ("", " ", "\n\t")))]
    texts += [f" {dice.choice(('AND', 'or', '&&'))} ".join(dice.choices(texts, k=3)) for _ in range(500)]
    same = 0
    for text in texts:
        try:
            expected = spans(plain.parse(text))
        except (UnexpectedInput, VisitError, whereql.WhereqlError):
            with pytest.raises(whereql.WhereqlError):
                whereql.parse(text)
        else:
            assert spans(whereql.parse(text)) == expected, text
            same += 1
    assert same > 1000


KEYS = ["a", "a.b", "is_x", "naïve", "date", "exists", "any", "_1"]
OPERATORS = ["=", "==", "!=", "<>", "<", "<=", ">", ">=", "=~", "=<", "==="]
VALUES = ["1", "-2.5e3", ".5", "'x'", "'it''s'", "'a\nb'", "TRUE", "false", "truex", "'open", '"x"', ":p", "DATE('2024-05-01')", "1x", "99999999999999999999"]


def test_the_reader_reads_what_lark_reads() -> None:
    """Each right text is read without Lark's own loop, to the same tree with the same spans; no wrong one is."""
    generator, dice = Expressions(seed=7), random.Random(7)
    texts = ["", " \n", "-- all", *LISTS, *(form for form, _ in FORMS), *(f"f = {spelling}" for spelling, _ in LITERALS)]
    texts += [whereql.to_text(generator.expression()) for _ in range(500)]
    texts += [text.replace(" ", dice.choice(("\t\n ", " -- why\n", "\r\n-- a\n-- b\n "))) for text in texts if "'" not in text and "`" not in text]
    texts += [f"({text}) {dice.choice(('AND', 'or', '||'))} NOT ({dice.choice(texts)})  " for text in texts if "--" not in text]
    right = 0
    for text in texts:
        try:
            expected = _parser().parse(text)
        except (UnexpectedInput, VisitError, whereql.WhereqlError):
            with contextlib.suppress(whereql.WhereqlError):
                assert _reader().read(text) is None, text
        else:
            found = _reader().read(text)
            assert parts(found) == parts(expected), text
            right += 1
    assert right > 1500


def spans(expr: Any) -> str:
    """A filter with every span in it, for comparison."""
    match expr:
        case And(args) | Or(args):
            inner = [spans(arg) for arg in args]
        case Not(arg):
            inner = [spans(arg)]
        case Predicate(subject, op, operand):
            items = operand if isinstance(operand, tuple) else (operand,)
            inner = [repr((subject, subject.span, op)), *(repr((item, getattr(item, "span", None))) for item in items)]
        case _:
            inner = []
    return f"{type(expr).__name__}{expr.span}({inner})"


def test_every_rule_makes_a_node() -> None:
    """A rule or alias without a method in the builder would leave a Lark tree in the AST."""
    rules = {rule.alias or rule.origin.name for rule in _parser().rules if not (rule.options.expand1 and rule.alias is None) or rule.alias}
    named = {name for name in rules if not name.startswith("_")}
    assert {name for name in named if not hasattr(_Builder, name)} == set()


# Keywords and names

KEYWORDS = sorted(RESERVED)
SOFT = ["DATE", "TIMESTAMP", "EXISTS", "STARTS", "ENDS", "WITH", "ANY", "ALL"]
KELVIN = "\u212a"


def cases(word: str) -> set[str]:
    return {word, word.lower(), word.title(), word.swapcase(), word[:1].lower() + word[1:]}


def near(word: str) -> set[str]:
    """Names that begin or end with a keyword, or have it as one of their parts."""
    lower = word.lower()
    around = {f"{spelling}{tail}" for spelling in cases(word) for tail in ("_", "x", "2", "é", "ा", ".x", ".2", "._", "日", "\u0301", "_ok", lower)}
    around |= {f"{lead}{spelling}" for spelling in cases(word) for lead in ("_", "x", "é", "x.", "_.", "日", "a2")}
    return around | {f"x.{lower}.y", f"{lower}.{lower}"}


NAMES = sorted({name for word in KEYWORDS + SOFT for name in near(word)})
WORDS = [
    "notes", "android", "inn", "is_ok", "hash", "order", "orders", "nothing", "island", "nullable", "truest", "falsey", "inside", "ilikes", "matching", "content",
    "liked", "hasten", "betweens", "oracle", "anda", "dates", "anything", "allow", "existsx", "startswith", "ends_with",
    f"li{KELVIN}e", f"ili{KELVIN}e", f"LI{KELVIN}E", "ıs", "iſ", "falſe", "haſ", "ＡＮＤ", "ａｎｄ",
]  # fmt: skip

# Where a name may stand: the filter around it, and the operator that is then said of it.
PLACES = [
    ("{} = 1", Op.EQ), ("NOT {}", Op.EQ), ("{}", Op.EQ), ("({})", Op.EQ), ("1 IN {}", Op.HAS), ("EXISTS({})", Op.EXISTS), ("{} IS NULL", Op.EXISTS),
    ("{} NOT IN (1)", Op.IN), ("{} STARTS WITH 'a'", Op.STARTS), ("{} HAS ANY (1)", Op.HAS), ("{} LIKE 'a'", Op.LIKE), ("1 < {}", Op.GT), ("!{}", Op.EQ),
    ("{} =~ 'a'", Op.MATCHES), ("{} HAS ALL (1)", Op.HAS), ("{} BETWEEN 1 AND 2", Op.GE), ("TRUE AND {} OR FALSE", Op.EQ),
]  # fmt: skip


def named(place: str, name: str) -> list[tuple[str, Op]]:
    """The keys of a filter and their operators, parsed without the cache."""
    found = whereql.ast.predicates(whereql.dialects.text.parser.parse(place.format(name)))
    return [(predicate.subject.name, predicate.op) for predicate in found if isinstance(predicate.subject, Field)]


@pytest.mark.parametrize(("place", "op"), PLACES)
def test_keywords_eat_no_name(place: str, op: Op) -> None:
    wrong = []
    for name in [*NAMES, *WORDS, *(case for word in SOFT for case in cases(word))]:
        try:
            found = named(place, name)
        except whereql.WhereqlError as error:
            found = [(str(error), op)]
        if not found or found[0] != (name, op):
            wrong.append((name, found))
    assert not wrong, wrong[:5]
    assert len(NAMES) > 1_000


@pytest.mark.parametrize("word", KEYWORDS)
def test_keywords_stand_in_backticks_as_keys(word: str) -> None:
    for spelling in cases(word):
        assert named("{} = 1", f"`{spelling}`") == [(spelling, Op.EQ)]
        assert not is_bare(spelling)
        with pytest.raises(whereql.ParseError) as caught:
            whereql.parse(f"{spelling} = 1")
        assert spelling in ("TRUE", "FALSE") or caught.value.code in ("WQ115", "WQ105"), str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "1 INx", "1 INé", "1 IN.x", "1 NOT INx", "1 NOTIN x", "a NOTIN (1)", "a IN1", "a = 1 ORb = 2", "a = 1 AND2 = b", "a = 1 ANDé", "a HASTRUE", "a HAS1", "a HAS ANY1", "a HAS ALLx",
        "a BETWEEN1 AND 2", "a BETWEEN 1 AND2", "a ISNULL", "a IS NOTNULL", "a LIKEx", "a CONTAINS1", "a MATCHESé", "a STARTS WITHx", "a STARTSWITH 'x'", "a = TRUEx", "a = FALSE1",
        "a = 1and b = 2", "a = 1x", "a = :px.y", "#idx = 1", "#document.x = 1", "a = :pé",
    ],
)  # fmt: skip
def test_nothing_is_glued_to_a_keyword(text: str) -> None:
    with pytest.raises(whereql.ParseError):
        whereql.parse(text)


def test_keywords_ignore_case_in_ascii_only() -> None:
    for text in ("a LIKE 'x'", "a like 'x'", "a LiKe 'x'"):
        assert whereql.parse(text) == Predicate(Field("a"), Op.LIKE, literal("x"))
    for text in (f"a LI{KELVIN}E 'x'", f"a li{KELVIN}e 'x'", "a haſ 1", "a ıs NULL", "a = falſe", "a ＩＮ (1)"):
        with pytest.raises(whereql.ParseError):
            whereql.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "date = 1 AND any = 2", "all HAS ALL (1)", "exists", "starts STARTS WITH 'a'", "with = 1", "ends ENDS WITH 'x' AND with", "a HAS any:p", "1 in any",
        "timestamp >= TIMESTAMP('2024-05-01T00:00:00Z')", "date>=date('2024-05-01')", "EXISTS (exists)", "NOT date AND timestamp", "a HAS ALL [1] AND all",
    ],
)  # fmt: skip
def test_words_that_are_keywords_only_before_a_bracket(text: str) -> None:
    keys = [name for name, _ in named("{}", text)]
    assert keys
    assert whereql.to_text(whereql.parse(text)).lower().count("`") == 0


# Comments

@pytest.mark.parametrize(
    "text",
    ["a = 1 -- b", "a = 1 --", "a = 1 --\tb", "-- b\na = 1", "--\na = 1", "a -- b\n= -- c\r\n1", "a = 1 -- it's `\" (", "(-- b\na = 1)", "a = 1 -- -- b", "a =\t-- x\n1"],
)  # fmt: skip
def test_comment(text: str) -> None:
    assert whereql.parse(text) == Predicate(Field("a"), Op.EQ, literal(1))


def test_comments_in_lists() -> None:
    assert whereql.parse("a IN (1,-- one\n 2, -- two\n)") == Predicate(Field("a"), Op.IN, (literal(1), literal(2)))
    assert whereql.parse("a IN [-- none\n]") == Predicate(Field("a"), Op.IN, ())


@pytest.mark.parametrize("text", ["author--name = 1", "a = 1--1", "a = 1--", "a = 1 --b", "a = 1-- b", "a=--1", "a = 'x'-- y", "a = 1 # b", "a = 1 // b"])
def test_no_comment(text: str) -> None:
    with pytest.raises(whereql.ParseError):
        whereql.parse(text)


# One precedence

LEAVES = {name: Predicate(Field(name), Op.EQ, literal(value)) for value, name in enumerate("abc")}


def group(outer: type[Expr], inner: type[Expr], *, left: bool) -> Expr:
    """`outer` over `inner` on one side and a leaf on the other; Not takes one argument."""
    a, b, c = LEAVES.values()
    child = Not(a) if inner is Not else inner([a, b])  # type: ignore[call-arg]  # And and Or
    if outer is Not:
        return Not(child)
    return outer([child, c] if left else [c, child])  # type: ignore[call-arg]  # And and Or


@pytest.mark.parametrize(("outer", "inner"), list(product([Or, And, Not], repeat=2)))
@pytest.mark.parametrize("left", [True, False])
def test_printer_and_parser_have_one_precedence(outer: type[Expr], inner: type[Expr], left: bool) -> None:
    expr = group(outer, inner, left=left)
    written = whereql.to_text(expr)
    needed = PRECEDENCE[inner] < PRECEDENCE[outer]
    assert ("(" in written) is needed
    assert whereql.parse(written) == expr
    bare = written.replace("(", "").replace(")", "")
    assert (whereql.parse(bare) == expr) is not needed
    if outer is not Not and inner is not Not:
        grouped = f"(a = 0 {outer.__name__} b = 1) {inner.__name__} c = 2", f"a = 0 {outer.__name__} (b = 1 {inner.__name__} c = 2)"
        readings = [whereql.parse(text) for text in grouped]
        tighter = PRECEDENCE[outer] >= PRECEDENCE[inner]
        assert whereql.parse(f"a = 0 {outer.__name__} b = 1 {inner.__name__} c = 2") == readings[0 if tighter else 1]
        assert (readings[0] == readings[1]) is (outer is inner)


def test_precedence_covers_every_node() -> None:
    assert set(PRECEDENCE) == {Or, And, Not, Predicate, whereql.Const}


# Names, of one Unicode version


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="the table is Unicode 14.0: only a Python with that version can judge it")
def test_table_of_letters_is_that_of_unicode_14() -> None:
    wrong = []
    for code in range(0x80, sys.maxunicode + 1):
        character = chr(code)
        if is_bare(character) != character.isidentifier() or is_bare(f"a{character}") != f"a{character}".isidentifier():
            wrong.append(f"U+{code:04X}")
    assert not wrong, wrong[:20]


@pytest.mark.parametrize(
    "name", ["नाम", "शीर्षक", "nai\u0308ve", "naïve", "año", "ключ", "キー", "이름", "名前", "ชื่อ", "aא", "𝒳", "ªb", "x·y", "_é", "é.ü.x", "a.2é"]
)  # fmt: skip
def test_names_of_every_script_stand_bare(name: str) -> None:
    assert is_bare(name)
    assert named("{} = 1", name) == [(name, Op.EQ)]
    assert whereql.to_text(whereql.parse(f"{name} = 1")) == f"{name} = 1"


def test_names_are_not_normalized() -> None:
    assert whereql.parse("é = 1") != whereql.parse("e\u0301 = 1")


@pytest.mark.parametrize(
    ("name", "code"), [("a\u00a0b", "U+00A0"), ("a\u200bb", "U+200B"), ("\ufeffa", "U+FEFF"), ("a²", "U+00B2"), ("€", "U+20AC"), ("\u0301a", "U+0301"), ("😀", "U+1F600"), ("a\u2028", "U+2028")]
)  # fmt: skip
def test_what_is_no_letter_is_named(name: str, code: str) -> None:
    assert not is_bare(name)
    with pytest.raises(whereql.ParseError, match=code.replace("+", r"\+")) as caught:
        whereql.parse(f"{name} = 1")
    assert caught.value.code == "WQ102"
    assert named("{} = 1", f"`{name}`") == [(name, Op.EQ)]


@pytest.mark.parametrize("digits", ["०१", "١", "１"])
def test_digits_of_other_scripts_are_no_numbers(digits: str) -> None:
    with pytest.raises(whereql.ParseError):
        whereql.parse(f"a = {digits}")
