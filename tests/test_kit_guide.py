"""What backends/README.md promises: its stores pass the kit, its test module runs as it stands, its message is what one sees."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import whereql
from whereql.records import Record
from whereql.testing import BackendContract
from whereql.testing.cases import load_groups
from whereql.testing.holding import LACKS

pytest_plugins = ["pytester"]

GUIDE = Path(__file__).parent.parent / "backends" / "README.md"
TEXT = GUIDE.read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def names() -> dict[str, Any]:
    """What the guide's sessions define."""
    found: dict[str, Any] = {}
    for language, body in FENCE.findall(TEXT):
        if language == "pycon":
            for example in doctest.DocTestParser().get_examples(body):
                if example.exc_msg is None:  # what is shown to be refused defines nothing
                    exec(compile(example.source, str(GUIDE), "single"), found)
    return found


@pytest.fixture(autouse=True)
def quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """The sessions print."""


class TestFlat(BackendContract):
    @pytest.fixture
    def open_backend(self) -> Callable[[Sequence[Record]], Any]:
        return names()["Flat"]  # type: ignore[no-any-return]


class TestNotebook(BackendContract):
    lacks = ("reopening",)

    @pytest.fixture
    def open_backend(self) -> Callable[[Sequence[Record]], Any]:
        return names()["Notebook"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", ["BackendContract", "DialectContract"])
def test_the_test_modules_run_as_they_stand(kind: str, pytester: pytest.Pytester) -> None:
    (module,) = modules_of(kind)
    pytester.makepyfile(module)
    done = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-W", "error")
    assert done.ret == 0
    assert done.parseoutcomes().keys() <= {"passed"}


def modules_of(kind: str) -> list[str]:
    """The guide's test modules of one contract, as a reader would save them."""
    return [body for language, body in FENCE.findall(TEXT) if language == "python" and f"({kind})" in body and "whereql_tantivy" not in body]


def test_the_message_is_what_one_sees(pytester: pytest.Pytester) -> None:
    (message,) = [body for language, body in FENCE.findall(TEXT) if language == "text" and body.startswith("rule broken")]
    (module,) = modules_of("BackendContract")
    lost = "    def search(self, query):\n        return [r for r in self.kept if self.passes(query.where, r)]\n\n    def passes(self, expr, record):\n"
    lost += "        if isinstance(expr, whereql.Not) and expr.arg.subject.name not in (record.metadata or {}):\n            return False\n        return whereql.holds(expr, record)\n"
    pytester.makepyfile(module.replace("\n\nclass TestShelf", f"\n{lost}\n\nclass TestShelf"))
    done = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-k", "negation")
    assert message in done.stdout.str()


def test_every_name_that_the_kit_knows_is_told() -> None:
    assert [name for name in LACKS if f"`{name}`" not in TEXT] == []
    assert sum(len(group.cases) for group in load_groups()) in range(160, 180)  # "about 170"
    assert BackendContract.filters == 60
    for member in ("support", "shape", "get", "count", "scan", "schema", "cheap_schema", "is_ordered", "native", "close"):
        assert f"| `{member}" in TEXT


def test_codes_are_those_of_the_reference() -> None:
    reference = (GUIDE.parent.parent / "grammar" / "README.md").read_text(encoding="utf-8")
    for code in re.findall(r"^\| (WQ7\d\d) \|", TEXT, re.MULTILINE):
        assert f"| {code} |" in reference or code in ("WQ715", "WQ716", "WQ717", "WQ718", "WQ719"), code
    assert whereql.BackendError("WQ715", "x").code == "WQ715"


def test_the_plugin_is_installed_as_it_stands(tmp_path: Path) -> None:
    (project,) = [tomllib.loads(body) for language, body in FENCE.findall(TEXT) if language == "toml"]
    (module,) = [body for language, body in FENCE.findall(TEXT) if language == "python" and "def open_store" in body]
    (name,) = project["tool"]["setuptools"]["py-modules"]
    (tmp_path / f"{name}.py").write_text(module, encoding="utf-8")
    info = tmp_path / "whereql_shelf-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: whereql-shelf\nVersion: 0.1.0\n")
    points = "".join(f"{point} = {value}\n" for point, value in project["project"]["entry-points"]["whereql"].items())
    (info / "entry_points.txt").write_text(f"[whereql]\n{points}")
    (tmp_path / "my cellar").write_text('{"id": "bolt", "metadata": {"stock": 12}}\n')
    code = (
        "import os, whereql\nfrom pathlib import Path\n"
        "print(whereql.open('shelf:my%20cellar').get('stock > 1').ids, whereql.open(Path('new.shelf'), create=True).count())\n"
        "for arguments, options in ((['shelf:none'], {}), (['shelf:new.shelf', 'tools'], {}), (['new.shelf'], {'size': 5})):\n"
        "    try:\n        whereql.open(*arguments, **options)\n    except whereql.BackendError as error:\n        print(error.code)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path)
    assert done.stdout.split("\n") == ["['bolt'] 0", "WQ718", "WQ712", "WQ712", ""]
