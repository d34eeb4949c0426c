"""The example plugin on Tantivy: a third party's, found by its entry point, and right by the kit."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import whereql
from whereql.records import Record, make_record
from whereql.testing import BackendContract
from whereql.testing.cases import load_groups
from whereql.testing.failures import Broken
from whereql.testing.generators import Generator
from whereql.testing.trials import Trials

pytest.importorskip("tantivy", reason="the example's engine is not installed")

EXAMPLE = Path(__file__).parent.parent / "examples" / "whereql-tantivy"


def load_plugin() -> ModuleType:
    spec = importlib.util.spec_from_file_location("whereql_tantivy", EXAMPLE / "whereql_tantivy.py")
    assert spec is not None and spec.loader is not None
    plugin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plugin)
    return plugin


PLUGIN = load_plugin()


def in_memory(records: Sequence[Record]) -> Any:
    index = PLUGIN.Index()
    index.add(records)
    return index


class TestTantivy(BackendContract):
    lacks = ("reopening",)  # an index in memory; one on disk is opened again below

    @pytest.fixture
    def open_backend(self) -> Any:
        return in_memory


def test_an_index_on_disk_is_read_by_whoever_opens_it(tmp_path: Path) -> None:
    folder = str(tmp_path / "new" / "index")
    records = Generator(4).records(30, embeddings=True)
    assert PLUGIN.Index(folder).add(records) == 30
    again = PLUGIN.open_index(f"tantivy:{folder}", None, {})
    assert list(again.get(whereql.Query()).ids) == [record.id for record in records]
    assert again.add([records[3], make_record("new")]) == 1
    assert list(PLUGIN.Index(folder).records())[-1] == make_record("new")


def test_what_cannot_be_opened_or_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no index")
    with pytest.raises(whereql.BackendError, match=r"WQ715.*can't be opened"):
        PLUGIN.Index(str(tmp_path / "file"))
    with pytest.raises(whereql.BackendError, match="WQ712"):
        PLUGIN.open_index("tantivy:", "papers", {})
    index = PLUGIN.Index(str(tmp_path / "index"))
    import tantivy

    writing = tantivy.Index(index._schema, str(tmp_path / "index")).writer(15_000_000, 1)
    with pytest.raises(whereql.BackendError, match=r"WQ715.*can't be written"):
        index.add([make_record("a")])
    writing.wait_merging_threads()
    assert index.add([make_record("a")]) == 1


def test_what_is_pushed_is_told() -> None:
    papers = whereql.Collection(in_memory([make_record("a", document="neural nets", metadata={"year": 2020}), make_record("b", metadata={"year": 2021.5})]))
    explained = papers.explain("#document CONTAINS 'neural' AND year >= 2020 AND title ILIKE 'a%'")
    assert explained.pushed == "year >= 2020 AND #document CONTAINS 'neural'"
    assert explained.residual == "#document CONTAINS 'neural' AND title ILIKE 'a%'"
    assert explained.fetched == 1
    assert "RegexQuery" in (explained.native or "")
    assert papers.get("2020 < year < 2022").ids == ["b"]
    assert papers.get("year < 2021.5").ids == ["a"]
    assert papers.get(f"year > 'x' OR title <= '{'x' * 30}'").ids == []


def without_all(self: Any, expr: Any) -> Any:
    """NOT by itself: a boolean query of a must_not finds nothing."""
    import tantivy

    if isinstance(expr, whereql.Not):
        return tantivy.Query.boolean_query([(tantivy.Occur.MustNot, TRANSLATE(self, expr.arg))])
    return TRANSLATE(self, expr)


TRANSLATE = PLUGIN.Index._translate
DIGITS_OF = PLUGIN.digits_of
MUTANTS = {
    "a NOT alone": (PLUGIN.Index, "_translate", without_all),
    "ints rounded to doubles": (PLUGIN, "digits_of", lambda value: DIGITS_OF(value if isinstance(value, str) else float(value))),
    "long strings cut": (PLUGIN, "digits_of", lambda value: DIGITS_OF(value)[: 2 * PLUGIN.LONGEST]),
    "words in place of trigrams": (PLUGIN.Index, "support", lambda self, predicate, negated: PLUGIN.TABLE.support(predicate, negated)),
    "a range with its bound": (PLUGIN, "above", lambda digits, end, above=PLUGIN.above: above(digits, ".*")),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_kit_sees_a_mutant(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*MUTANTS[mutant])
    contract, caught = BackendContract(), 0
    for test in (contract.test_answers_what_was_worked_out_by_hand, contract.test_hostile_strings_are_data):
        for group in load_groups() if test.__name__ == "test_answers_what_was_worked_out_by_hand" else [None]:
            trials = Trials(in_memory, frozenset())
            try:
                test(trials, group) if group else test(trials)  # type: ignore[call-arg, arg-type]
            except Broken:
                caught += 1
            trials.close()
    assert caught


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The plugin, as `pip install` would leave it beside whereql: the metadata with its entry point."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    points = "\n".join(f"{name} = {module}" for name, module in project["project"]["entry-points"]["whereql"].items())
    info = tmp_path / "whereql_tantivy-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: whereql-tantivy\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[whereql]\n{points}\n")
    return tmp_path


def test_it_is_found_by_its_entry_point(installed: Path) -> None:
    code = (
        "import whereql; papers = whereql.open('tantivy:'); papers.add(ids=['a', 'b'], metadatas=[{'year': 2017}, {'lang': 'en'}]);"
        "print(papers.get('NOT year > 2018').ids, papers.count('year = 2017.0'));"
        "from whereql.plugins import registry; print(registry().backends['tantivy'].distribution)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), str(EXAMPLE)])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines() == ["['a', 'b'] 1", "whereql-tantivy"]


def test_a_query_is_shown_in_a_few_words() -> None:
    index = in_memory([make_record("a", metadata={"year": 2020})])
    native = index.native(whereql.Query(whereql.parse("year >= 2020 AND NOT title STARTS WITH 'x'")))
    assert native is not None and native.count("Regex(") == 2 and len(native) < 1_000
