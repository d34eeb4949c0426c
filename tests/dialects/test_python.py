"""Filters as the source of a lambda, evaluated with `re` alone, and parsed to see that no value is more than a value."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

import pytest
from injection import check_injection
from proving import prove

import whereql
from whereql.dialects.frames.python import DIALECT
from whereql.dialects.frames.sources import python_pattern, python_spelling
from whereql.records import Record, make_record
from whereql.regex import compile_pattern, lower
from whereql.testing import DialectContract


def data(record: Record) -> dict[str, Any]:
    return {"id": record.id, "document": record.document, "uri": record.uri, "metadata": record.metadata}


def run(native: str, records: Sequence[Record]) -> list[str]:
    # The builtins that the conditions name, and no others: an injected one would find nothing to call.
    known = {"isinstance": isinstance, "type": type, "str": str, "int": int, "float": float, "bool": bool, "list": list, "any": any}
    passes = eval(native, {"__builtins__": known, "re": re})
    return [record.id for record in records if passes(data(record))]


class Engine:
    """The interpreter that runs the tests, as an engine."""

    def __init__(self, run: Callable[[Any, Sequence[Record]], list[str]] = run, **versions: str) -> None:
        import platform

        self._run = run
        self.versions = versions or {"Python": platform.python_version()}

    def run_all(self, natives: Sequence[Any], records: Sequence[Record]) -> list[list[str]]:
        return [self._run(native, records) for native in natives]


class TestPython(DialectContract):
    @pytest.fixture
    def dialect(self) -> Any:
        return DIALECT

    @pytest.fixture
    def run(self) -> Any:
        return run


def test_random_filters_mean_what_the_semantics_say() -> None:
    proof = prove("python", DIALECT, Engine())
    assert proof.exact > 0.9 * proof.filters  # the rest are patterns that a backtracking search could take too long for


RECORDS = [
    make_record("1", metadata={"k": 1, "tags": ["a"]}), make_record("1.0", metadata={"k": 1.0}), make_record("true", metadata={"k": True}),
    make_record("'1'", metadata={"k": "1"}), make_record("[1]", metadata={"k": [1]}), make_record("none", document="a\nb"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found", "tempting", "wrong"), [
    ("k = 1", ["1", "1.0"], "record['metadata'].get('k') == 1", ["1", "1.0", "true"]),
    ("k = TRUE", ["true"], "record['metadata'].get('k') == True", ["1", "1.0", "true"]),
    ("k NOT IN (1, TRUE)", ["'1'", "[1]", "none"], "record['metadata'].get('k') not in (1, '1')", ["[1]", "none"]),
    ("k HAS 1", ["[1]"], "1 in [record['metadata'].get('k')]", ["1", "1.0", "true"]),
    ("NOT k >= 1", ["true", "'1'", "[1]", "none"], "type(record['metadata'].get('k')) in (int, float) and record['metadata'].get('k') < 1", []),
    ("#document LIKE 'a_b'", ["none"], "re.search('a.b', record['document'] or '') is not None", []),
])  # fmt: skip
def test_traps(text: str, found: list[str], tempting: str, wrong: list[str]) -> None:
    assert run(DIALECT.encode(whereql.parse(text)).native, RECORDS) == found
    passes = eval(f"lambda record: {tempting}")
    assert [record.id for record in RECORDS if passes({**data(record), "metadata": record.metadata or {}})] == wrong != found


def test_keys_may_stand_in_the_record_itself() -> None:
    native = DIALECT.encode(whereql.parse("k = 1 AND #document = 'a'"), metadata="", document="text").native
    passes = eval(native)
    assert passes({"k": 1, "text": "a"}) and not passes({"k": 1}) and not passes({"metadata": {"k": 1}, "document": "a"})
    with pytest.raises(whereql.TranslateError, match="a record has its id") as caught:
        DIALECT.encode(whereql.parse("id = 1"), metadata="")
    assert "id='…'" in str(caught.value.hint)


def test_the_deepest_filter_compiles() -> None:
    # Deeper ones leave a residual, and are no text that Python refuses.
    expr = whereql.parse("a = 1")
    for level in range(90):
        connective = whereql.And if level % 2 else whereql.Or
        expr = connective([whereql.parse(f"b{level} NOT IN (1, 'x')"), expr, whereql.parse(f"c{level} NOT HAS ANY ('a', 1)")])
    translation = DIALECT.encode(expr, allow_residual=True)
    assert run(translation.native, RECORDS) is not None
    assert not translation.exact
    assert run(DIALECT.encode(whereql.F("k").is_in(list(range(50_000)))).native, RECORDS) == ["1", "1.0"]


@pytest.mark.parametrize(("pattern", "text"), [
    (r"^\p{Lu}$", "É"), (r"a\z", "a"), (r"(?m)^b$", "a\nb\n"), (r"[\\\]\-&~|\[]", "]"), (r"\x00", "\0"), ("[^\U0001f600]", "\U0001f600"), ("(?i)ſ", "S"), (r"\\x\{41}", "\\x{41}"), ("x{2,1000}", "xx"),
])  # fmt: skip
def test_patterns_of_rust_in_pythons_spelling(pattern: str, text: str) -> None:
    spelled = re.compile(python_spelling(lower(pattern)))
    for each in (text, f"{text}\n", f"a{text}b", "", "a"):
        assert (spelled.search(each) is not None) == compile_pattern(pattern).search(each), each


@pytest.mark.parametrize("text", ["(a+)+$", "x(aa|a)*$", "^[ab]*[bc]*[cd]*y", "(?:a{0,20}b?){20}$"])
def test_no_pattern_takes_exponential_time(text: str) -> None:
    expr = whereql.F("k").matches(text)
    translation = DIALECT.encode(expr, allow_residual=True)
    assert translation.residual == expr
    assert "re." not in translation.native
    with pytest.raises(whereql.TranslateError, match="backtracks"):
        DIALECT.encode(expr)


def test_like_takes_no_exponential_time() -> None:
    # As .*a.*a.*a… it would look for every place of every a.
    pattern = "%a" * 30 + "%b"
    record = make_record("1", metadata={"k": "a" * 2000})
    assert run(DIALECT.encode(whereql.F("k").like(pattern)).native, [record]) == []
    assert run(DIALECT.encode(whereql.F("k").ilike(pattern[:-1] + "A")).native, [record]) == ["1"]


@pytest.mark.parametrize("pattern", ["", "%", "%%", "a", "_", "a%", "%a", "%a%", "a%b%c", "%_a%_", "a%%b", r"\%%\_", "_%_", "%ab%ab", "ab%b"])
def test_like_in_atomic_groups_means_like(pattern: str) -> None:
    from whereql.like import like

    spelled = re.compile(str(python_pattern(whereql.Op.LIKE, pattern)))
    for text in ["", "a", "b", "ab", "aab", "abab", "abc", "axbxc", "a\nb", "%x_", "%_", "ababab", "ba", "aXbcXc", "xa", "xay"]:
        assert (spelled.search(text) is not None) == like(text, pattern), text


def tokens_of(tree: ast.AST) -> list[tuple[str, Any]]:
    """The tree as a row of tokens, in which each string is one, a key among them a name."""
    row: list[tuple[str, Any]] = []
    keys = {id(call.args[0]) for call in ast.walk(tree) if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "get"}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(value)):
                row.append(("name" if id(node) in keys else "string", value))
            case ast.Constant(value=value):
                row.append(("value", repr(value)))
            case ast.Name(id=name) | ast.Attribute(attr=name):
                row.append(("word", name))
            case _:
                row.append((type(node).__name__, ""))
    return row


def test_no_value_is_more_than_a_value() -> None:
    assert check_injection(DIALECT, lambda native: tokens_of(ast.parse(native, mode="eval"))) > 500


ALLOWED = {
    ast.Expression, ast.Lambda, ast.arguments, ast.arg, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.Eq, ast.Is, ast.IsNot, ast.In, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
    ast.Call, ast.Attribute, ast.Name, ast.Load, ast.Store, ast.NamedExpr, ast.Constant, ast.Set, ast.Tuple, ast.Dict, ast.GeneratorExp, ast.comprehension,
}  # fmt: skip


def check_tree(native: str, names: Collection[str]) -> None:
    """Nothing but fixed code stands in a source: no other kind of node, no other name."""
    tree = ast.parse(native, mode="eval")
    assert {type(node) for node in ast.walk(tree)} <= ALLOWED
    assert {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} <= set(names)


def test_nothing_but_fixed_code_stands_in_it() -> None:
    from whereql.testing.generators import FilterMaker, Generator

    generator = Generator(3)
    maker = FilterMaker(generator.random, generator.records(30))
    for _ in range(300):
        check_tree(DIALECT.encode(maker.filter()).native, {"record", "v", "e", "re", "isinstance", "type", "str", "int", "float", "bool", "list", "any"})
