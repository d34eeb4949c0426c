"""Documented ⇔ raised: the table of codes in the reference, the codes in the sources, and a case that reaches each."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from test_reference import code, only_code, table

import whereql
from whereql.ast import Predicate
from whereql.files import read_records
from whereql.optimize.invariants import check_pass
from whereql.plugins import Registry
from whereql.scanning import ScanBackend
from whereql.support import Support

pytestmark = pytest.mark.filterwarnings("ignore::whereql.errors.WhereqlWarning")

# whereql itself and its own plugins, wherever they are installed.
PACKAGES = sorted({point.module.split(".")[0] for point in entry_points(group="whereql") if point.dist is not None and point.dist.name == "whereql"})
CODE = re.compile(r"WQ\d+")
INTERNAL = re.compile(r"\x1b|Traceback|\b(NAME|QUOTED|OWN|PARAM|SINGLE|DOUBLE|TEXTOP|NO_MATCH|[LR](PAR|SQB)|disjunction|conjunction)\b|\$END")
CLASSES: dict[str, type[whereql.WhereqlError]] = {
    "1": whereql.ParseError, "2": whereql.WhereError, "3": whereql.CheckError, "4": whereql.LimitError,
    "5": whereql.UnsupportedError, "6": whereql.PluginError, "7": whereql.BackendError,
}  # fmt: skip
ROWS = {row[0]: row for row in table("code", "meaning", "example").rows}


def closed() -> whereql.Collection:
    collection = whereql.open("memory:")
    collection.close()
    return collection


def papers() -> whereql.Collection:
    """The collection from the top of the reference."""
    collection = whereql.open("memory:")
    collection.add(ids=["a", "b"], metadatas=[{"year": 2017, "tags": ["ml"]}, {"year": 2021}])
    return collection


def run_example(example: str) -> Any:
    """Run an example of the table: Python, a where JSON, or a filter. Findings, which are not raised, are returned."""
    if example.startswith(("whereql.", "papers.")):
        return eval(example, {"whereql": whereql, "papers": papers()})
    if example.startswith(("{", "[")):
        try:
            where = json.loads(example)
        except ValueError:
            return whereql.parse(example)
        return whereql.from_json(where)
    return whereql.parse(example)


def error_of(run: Callable[[], Any]) -> whereql.WhereqlError:
    try:
        found = run()
    except whereql.WhereqlError as error:
        return error
    assert isinstance(found, list) and isinstance(found[0], whereql.CheckError), f"no error, but {found!r}"
    return found[0]


def raised_codes() -> Iterator[tuple[str, Path]]:
    """Every string in the sources that is a code as a whole."""
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None and spec.origin is not None, package
        for path in sorted(Path(spec.origin).parent.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                    yield node.value, path


class Deaf(ScanBackend):
    """A store that answers nothing by itself, and can't be written."""

    def support(self, predicate: Predicate, negated: bool) -> Support:
        return Support.NONE


def failing(url: str, collection: str | None, options: Any) -> Any:
    raise AssertionError("not opened")


def register(name: str, hooks: ModuleType) -> EntryPoint:
    sys.modules[hooks.__name__] = hooks
    return EntryPoint(name=name, value=hooks.__name__, group="whereql")


def taken_twice() -> None:
    """Two plugins that register the same dialect."""
    points = []
    for name in ("one", "two"):
        hooks = ModuleType(f"whereql_test_{name}")

        def register_dialects(register: Any) -> None:
            register("shout", str.upper)

        vars(hooks)["register_dialects"] = whereql.hookimpl(register_dialects)
        points.append(register(name, hooks))
    registry = Registry(points)
    for plugin in registry.plugins:
        if error := registry.failure(plugin):
            raise error


def broken_plugin() -> None:
    registry = Registry([EntryPoint(name="gone", value="whereql_no_such_module", group="whereql")])
    error = registry.failure(registry.plugins[0])
    assert error is not None
    raise error


def file_case(name: str, content: str) -> Callable[[Path], Any]:
    def read(folder: Path) -> Any:
        path = folder / name
        path.write_text(content, encoding="utf-8")
        return read_records(path)

    return read


def without(module: str, run: Callable[[], Any]) -> Callable[[], Any]:
    """The call in a Python that lacks a module."""

    def call() -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            return run()

    return call


def answered(status: int, body: bytes = b"{}") -> Callable[[], Any]:
    """What an answer of a Chroma server with this status makes."""

    def call() -> Any:
        from whereql_http.faults import refused

        raise refused("http://localhost:8000", status, {}, body)

    return call


F, parse, bind, request = whereql.F, whereql.parse, whereql.bind, whereql.GetRequest.from_json
document = whereql.dialects.chroma.decode_document

# What the examples of the table leave out, and the other doors by which a code is reached.
CASES: list[tuple[str, Callable[[], Any]]] = [
    ("WQ101", lambda: parse("a..b = 1")),
    ("WQ101", lambda: parse("k = 1--1")),
    ("WQ102", lambda: parse("k = 1 AND\u00a0b = 2")),
    ("WQ104", lambda: parse("k BETWEEN 1, 2")),
    ("WQ105", lambda: parse("1 = 1")),
    ("WQ106", lambda: parse("k IS EMPTY")),
    ("WQ108", lambda: parse("a = 1)")),
    ("WQ108", lambda: parse("()")),
    ("WQ109", lambda: parse("`k = 1")),
    ("WQ115", lambda: parse("EXISTS(NOT)")),
    ("WQ116", lambda: parse("k IN (1 2)")),
    ("WQ202", lambda: whereql.from_json({})),
    ("WQ203", lambda: whereql.from_json({"k": {}})),
    ("WQ207", lambda: whereql.from_json({"k": None})),
    ("WQ207", lambda: document({"$contains": 1})),
    ("WQ208", lambda: whereql.from_json({"k": 10**400})),
    ("WQ209", lambda: whereql.from_json({"k": {"$in": []}})),
    ("WQ212", lambda: document({"$eq": "a"})),
    ("WQ213", lambda: request('{"limit": NaN}')),
    ("WQ213", lambda: request(b'{"ids": ["\xff"]}')),
    ("WQ214", lambda: request('{"include": null}')),
    ("WQ303", lambda: F("k").matches("[")),
    ("WQ303", lambda: whereql.from_json({"#document": {"$regex": "("}})),
    ("WQ304", lambda: bind(parse("k LIKE :v"), {"v": "a\\"})),
    ("WQ305", lambda: F("k") == float("nan")),
    ("WQ306", lambda: F("k").is_in("abc")),
    ("WQ307", lambda: papers().add(ids=["c"], documents=["\udfff"])),
    ("WQ308", lambda: whereql.compile_matcher(parse("k = :v"))),
    ("WQ308", lambda: whereql.to_json(parse("k = :v"))),
    ("WQ309", lambda: bind(parse("k = :a"), {"a": 1, "b": 2})),
    ("WQ313", lambda: papers().count(["k = 1"])),
    ("WQ314", lambda: papers().get(include=["title"])),
    ("WQ314", lambda: papers().scan(batch_size=0)),
    ("WQ315", lambda: papers().delete()),
    ("WQ401", lambda: whereql.GetRequest.from_json('{"where":' + "[" * 200 + "]" * 200 + "}")),
    ("WQ401", lambda: whereql.Not(parse("!" * 127 + "k"))),
    ("WQ402", lambda: whereql.Or([F("k").exists()] * 10_001)),
    ("WQ403", lambda: papers().get(ids=["a"] * 100_001)),
    ("WQ404", lambda: parse("k = '" + "é" * 600_000 + "'")),
    ("WQ405", lambda: F("k").matches("(" * 300 + ")" * 300)),
    ("WQ406", lambda: F("k").matches("a" * 20_000)),
    ("WQ501", lambda: whereql.to_json(F("k") < "a")),
    ("WQ502", lambda: F("k").matches(r"\p{Age=6.0}")),
    ("WQ503", lambda: whereql.Collection(Deaf()).get("k = 1", strict=True)),
    ("WQ601", lambda: Registry([]).dialect("text")),
    ("WQ602", broken_plugin),
    ("WQ603", taken_twice),
    ("WQ604", lambda: check_pass("mine", whereql.parse("a = 1"), whereql.parse("a = 2"))),
    ("WQ701", lambda: papers().add(ids=["c"], uris="u")),
    ("WQ702", lambda: papers().add(ids=[7])),
    ("WQ703", lambda: papers().add(ids=["c"], metadatas=[{"k": [1, "a"]}])),
    ("WQ704", lambda: papers().add(ids=["c", "d"], embeddings=[[1.0], [float("nan")]])),
    ("WQ711", without("pandas", lambda: papers().get().to_pandas())),
    ("WQ711", without("pyarrow.parquet", lambda: read_records(__file__, format="parquet"))),
    ("WQ712", lambda: whereql.open("memory:", size=1)),
    ("WQ714", lambda: closed().get()),
    ("WQ713", lambda: whereql.Collection(Deaf()).delete("k = 1")),
    ("WQ715", lambda: whereql.open("http://127.0.0.1:9", "papers", retries=0)),
    ("WQ715", answered(503)),
    ("WQ716", answered(302)),
    ("WQ717", answered(401)),
    ("WQ718", answered(404, b'{"error": "NotFoundError", "message": "Collection [papers] does not exist"}')),
    ("WQ719", answered(413)),
    ("WQ720", lambda: whereql.open("sqlite://", preset="chroma")),
]

FILES: list[tuple[str, Callable[[Path], Any]]] = [
    ("WQ706", file_case("a.jsonl", '{"id": "a"}\nnot json\n')),
    ("WQ706", file_case("a.json", "7")),
    ("WQ706", file_case("a.csv", "")),
    ("WQ706", file_case("a.parquet", "PAR1")),
    ("WQ707", lambda folder: read_records(folder, format="csv")),
    ("WQ708", file_case("a.jsonl", '{"id": "a"}\n{"id": "a"}\n')),
    ("WQ709", file_case("a.jsonl", '{"title": "a"}\n')),
    ("WQ710", file_case("a.docx", "")),
]

EXAMPLES = [(each, row[2]) for each, row in ROWS.items() if code(row[2])]


def test_documented_is_raised_and_raised_is_documented() -> None:
    raised = {each for each, _ in raised_codes()}
    assert {"whereql", "whereql_memory"} <= set(PACKAGES)
    assert raised == ROWS.keys()
    assert list(ROWS) == sorted(ROWS)
    assert len(table("code", "meaning", "example").rows) == len(ROWS)


def test_every_code_is_reached_by_a_case() -> None:
    assert ROWS.keys() == {each for each, _ in (*CASES, *FILES, *EXAMPLES)}


def test_the_classes_are_those_of_the_table() -> None:
    stated = {row[0]: row[1] for row in table("codes", "class", "about").rows}
    assert stated == {f"WQ{digit}xx": kind.__name__ for digit, kind in CLASSES.items()}


def check(expected: str, error: whereql.WhereqlError) -> None:
    """The code, its class, and what every error promises: one line, no colours, no parts of Python or of the grammar."""
    assert error.code == expected, str(error)
    assert isinstance(error, CLASSES[expected[2]])
    assert "\n" not in str(error) and str(error).startswith(expected)
    assert not INTERNAL.search(error.render()), error.render()
    assert error.render().startswith(f"error {expected}: {error.message}")
    assert json.loads(json.dumps(error.to_dict()))["code"] == expected


@pytest.mark.parametrize(("expected", "cell"), EXAMPLES, ids=[each for each, _ in EXAMPLES])
def test_the_example_of_the_reference_raises_its_code(expected: str, cell: str) -> None:
    check(expected, error_of(lambda: run_example(only_code(cell))))


@pytest.mark.parametrize(("expected", "run"), CASES, ids=[f"{each}-{i}" for i, (each, _) in enumerate(CASES)])
def test_the_code_is_raised(expected: str, run: Callable[[], Any]) -> None:
    check(expected, error_of(run))


@pytest.mark.parametrize(("expected", "read"), FILES, ids=[f"{each}-{i}" for i, (each, _) in enumerate(FILES)])
def test_the_code_of_a_file_is_raised(expected: str, read: Callable[[Path], Any], tmp_path: Path) -> None:
    check(expected, error_of(lambda: read(tmp_path)))
