"""Every example of the reference, `grammar/README.md`, runs, and its tables equal the code.

The page's conventions. A `filter` block has a filter per line; a line that begins with white space goes on with the one above.
A `pycon` block is a doctest, and the blocks share their names. A `reserved` block lists words. Tables go by their header:

- `filter` and records: a matrix of yes and no
- `holds`, `doesn't hold`: filters that hold for the `record`, and filters that don't
- `the same filter`, `reads as`, `JSON`/`text` …: two spellings of one filter
- `example` beside `code`: what raises that error (tested by `test_error_codes.py`)

In a record `#id`, `#document` and `#uri` are its own fields, the rest is metadata.
"""

from __future__ import annotations

import doctest
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from importlib.resources import files
from itertools import pairwise, product
from typing import Any, NamedTuple

import pytest
from lark import Lark

import whereql
from whereql.ast import predicates
from whereql.dialects import chroma_operators
from whereql.dialects.text.printer import PRECEDENCE
from whereql.names import RESERVED, is_reserved
from whereql.regex import lower

PAGE = files("whereql_grammar").joinpath("README.md").read_text(encoding="utf-8")
GRAMMAR = files("whereql_grammar").joinpath("filter.lark").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
BLOCKS = FENCE.findall(PAGE)

pytestmark = pytest.mark.filterwarnings("ignore::whereql.errors.WhereqlWarning")


class Table(NamedTuple):
    """A table of the page: the title of its section, its header, and its rows, cell by cell."""

    section: str
    header: list[str]
    rows: list[list[str]]


def read_tables(page: str) -> Iterator[Table]:
    section, lines = "", []
    for line in [*FENCE.sub("", page).splitlines(), ""]:
        if line.startswith("|"):
            lines.append([cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
            continue
        if lines:
            yield Table(section, lines[0], lines[2:])
            lines = []
        if line.startswith("#"):
            section = line.lstrip("# ")


TABLES = list(read_tables(PAGE))


def table(*header: str) -> Table:
    """The only table with these names in its header, in this order."""
    (found,) = [each for each in TABLES if [name for name in each.header if name in header] == list(header)]
    return found


def code(cell: str) -> list[str]:
    """The code spans of a cell."""
    return [text[1:-1] if text[0] == text[-1] == " " and text.strip() else text for _, text in SPAN.findall(cell)]


def only_code(cell: str) -> str:
    (text,) = code(cell)
    return text


def block_filters() -> list[str]:
    return [text for kind, body in BLOCKS if kind == "filter" for text in re.split(r"\n(?=\S)", body.rstrip("\n"))]


def record_of(text: str) -> whereql.Record:
    fields = json.loads(text)
    own = {name: fields.pop(f"#{name}", None) for name in ("id", "document", "uri")}
    return whereql.make_record(own["id"] or "a", document=own["document"], uri=own["uri"], metadata=fields or None)


def answer(text: str, record: whereql.Record) -> bool:
    """What the filter says of the record, once the matcher and the memory backend have agreed."""
    expr = whereql.parse(text)
    answer = bool(whereql.holds(expr, record))
    assert whereql.compile_matcher(expr)(record) is answer, text
    with whereql.open("memory:") as collection:
        collection.add(record.id, metadatas=[record.metadata], documents=[record.document], uris=[record.uri])
        assert collection.count(text) == answer, text
    return answer


def matrix() -> list[tuple[str, str, bool]]:
    """filter, record and answer of every cell of the tables of yes and no."""
    found = [each for each in TABLES if each.header[0] == "filter"]
    return [
        (only_code(row[0]), only_code(record), {"yes": True, "no": False}[cell])
        for each in found
        for row in each.rows
        for record, cell in zip(each.header[1:], row[1:], strict=True)
    ]


def points() -> list[tuple[str, str, bool]]:
    """filter, record and answer of every example in the table of the semantics."""
    return [
        (text, only_code(row[2]), holds)
        for row in table("point", "rule", "record", "holds", "doesn't hold").rows
        for cell, holds in ((row[3], True), (row[4], False))
        for text in code(cell)
    ]


def every_filter() -> list[str]:
    spelled = [text for row in table("form", "example", "the same filter").rows for cell in row[1:] for text in code(cell)]
    valued = [text for row in table("kind", "examples", "rule").rows for text in code(row[1])]
    return [*block_filters(), *spelled, *valued, *(text for text, _, _ in (*matrix(), *points()))]


def test_the_page_has_no_block_or_table_that_nobody_runs() -> None:
    assert {kind for kind, _ in BLOCKS} == {"filter", "pycon", "reserved"}
    assert len(TABLES) == 14
    assert len(PAGE.splitlines()) <= 400


@pytest.mark.parametrize("text", every_filter())
def test_every_filter_parses_and_prints_back(text: str) -> None:
    assert whereql.parse(whereql.to_text(whereql.parse(text))) == whereql.parse(text)


def test_sessions_answer_what_the_page_shows() -> None:
    session = "\n".join(body for kind, body in BLOCKS if kind == "pycon")
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(doctest.DocTestParser().get_doctest(session, {}, "README.md", None, 0), out=report.append)
    assert not report, "".join(report)
    assert runner.summarize(verbose=False).attempted >= 8


@pytest.mark.parametrize("row", table("form", "example", "the same filter").rows, ids=lambda row: row[0])
def test_forms_are_the_same_filter(row: list[str]) -> None:
    assert whereql.parse(only_code(row[1])) == whereql.parse(only_code(row[2]))


def test_every_operator_and_every_rule_of_the_grammar_has_an_example() -> None:
    used = {predicate.op for text in every_filter() for predicate in predicates(whereql.parse(text))}
    assert used == set(whereql.Op)
    parser = Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)
    reached = {tree.data for text in every_filter() for tree in parser.parse(text).iter_subtrees()}
    assert set(re.findall(r"->\s*(\w+)", GRAMMAR)) <= reached


def test_precedence_is_that_of_the_printer_and_of_the_grammar() -> None:
    nodes = {"OR": [whereql.Or], "AND": [whereql.And], "NOT": [whereql.Not], "TRUE": [whereql.Predicate, whereql.Const]}
    rows = table("level", "binds", "example", "reads as").rows
    stated = {node: int(row[0]) for row in rows for name in code(row[1]) for node in nodes.get(name, [])}
    assert stated == PRECEDENCE
    for row in rows:
        assert whereql.parse(only_code(row[2])) == whereql.parse(only_code(row[3])), row
    loose_to_tight = [name for name in ("disjunction", "conjunction", "unary", "primary") if re.search(rf"^\??{name}:", GRAMMAR, re.MULTILINE)]
    for outer, inner in pairwise(loose_to_tight):
        assert re.search(rf"^\??{outer}:(?:[^\n]*\n *\|)*[^\n]*\b{inner}\b", GRAMMAR, re.MULTILINE), (outer, inner)


@pytest.mark.parametrize(("outer", "inner"), list(product(("OR", "AND"), repeat=2)))
def test_a_tighter_connective_needs_no_parentheses(outer: str, inner: str) -> None:
    levels = {"OR": PRECEDENCE[whereql.Or], "AND": PRECEDENCE[whereql.And]}
    bare, grouped = whereql.parse(f"a {outer} NOT b {inner} c"), whereql.parse(f"a {outer} ((NOT b) {inner} c)")
    assert (bare == grouped) is (levels[inner] >= levels[outer])


def test_reserved_words_are_those_of_the_code() -> None:
    ((words),) = [body.split() for kind, body in BLOCKS if kind == "reserved"]
    assert set(words) == RESERVED
    assert len(words) == len(RESERVED)


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_a_reserved_word_is_no_bare_key(word: str) -> None:
    for key in (word, word.lower(), word.title()):
        assert is_reserved(key)
        with pytest.raises(whereql.WhereqlError):
            whereql.parse(f"{key} = 1")
        assert whereql.parse(f"`{key}` = 1") == (whereql.F(key) == 1)
        assert whereql.parse(f"{key}_ = 1 AND {key}.x = 1 AND _{key} = 1").size == 3


@pytest.mark.parametrize("word", ["date", "timestamp", "exists", "starts", "ends", "with", "any", "all"])
def test_a_word_that_is_a_keyword_in_its_place_only_is_a_bare_key(word: str) -> None:
    assert whereql.parse(f"{word} = 1") == (whereql.F(word) == 1)


@pytest.mark.parametrize(("text", "record", "expected"), [*matrix(), *points()])
def test_the_meaning_is_that_of_the_tables(text: str, record: str, expected: bool) -> None:
    assert answer(text, record_of(record)) is expected


def test_the_tables_of_meaning_are_large_enough_to_say_something() -> None:
    assert len(matrix()) >= 70
    assert len(points()) >= 110
    assert all(code(row[3]) and code(row[4]) for row in table("point", "rule", "record", "holds", "doesn't hold").rows)


@pytest.mark.parametrize(("row", "error"), list(zip(table("", "patterns").rows, (None, "WQ303", "WQ502", "WQ405"), strict=True)))
def test_patterns_are_accepted_and_refused_as_the_table_says(row: list[str], error: str | None) -> None:
    assert error is None or f"({error})" in row[0]
    for pattern in code(row[1]):
        if error is None:
            lower(pattern)
        else:
            with pytest.raises(whereql.WhereqlError) as caught:
                lower(pattern)
            assert caught.value.code == error, pattern


@pytest.mark.parametrize(("json_text", "text"), [(only_code(a), only_code(b)) for a, b in table("JSON", "text").rows])
def test_json_and_text_are_the_same_filter(json_text: str, text: str) -> None:
    expr = whereql.parse(text)
    assert whereql.from_json(json.loads(json_text)) == expr
    assert whereql.from_json(whereql.to_json(expr)) == expr


def test_json_has_an_example_of_every_operator() -> None:
    written = {word for row in table("JSON", "text").rows for word in re.findall(r"\$\w+", row[0])}
    assert written == {"$and", "$or", *chroma_operators.OPERATORS}


@pytest.mark.parametrize(("text", "json_text"), [(only_code(a), only_code(b)) for a, b in table("text", "JSON").rows])
def test_json_is_written_as_the_table_says(text: str, json_text: str) -> None:
    assert whereql.to_json(whereql.parse(text)) == json.loads(json_text)


@pytest.mark.parametrize("text", [text for row in table("text", "why").rows for text in code(row[0])])
def test_what_json_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(whereql.UnsupportedError) as caught:
        whereql.to_json(whereql.parse(text))
    assert caught.value.code == "WQ501"


@pytest.mark.parametrize(("json_text", "text"), [(only_code(a), only_code(b)) for a, b in table("JSON", "read as").rows])
def test_lenient_reads_what_strict_refuses(json_text: str, text: str) -> None:
    with pytest.raises(whereql.WhereError):
        whereql.from_json(json.loads(json_text))
    assert whereql.from_json(json.loads(json_text), lenient=True) == whereql.parse(text)


def test_limits_are_the_defaults() -> None:
    rows = table("limit", "default", "of").rows
    assert {only_code(row[0]): int(row[1].replace(",", "")) for row in rows} == asdict(whereql.Limits())


def test_the_examples_of_the_differences_differ() -> None:
    """Chroma's recorded answers are in tests/golden; here, that whereql's are the other ones."""
    one: dict[str, Any] = {"k": {"$eq": 1.5}}
    assert not whereql.holds(whereql.from_json(one), whereql.make_record("a", metadata={"k": 1}))
    assert whereql.holds(whereql.from_json({"k": {"$contains": 1}}), whereql.make_record("a", metadata={"k": [1.0]}))
    nul = whereql.from_json({"#document": {"$contains": "b"}})
    assert whereql.holds(nul, whereql.make_record("a", document="a\0b"))
