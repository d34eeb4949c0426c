"""The benchmark of the memory backend runs, compares what it times, and says who answers otherwise."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # where `python -m benchmarks.filters` runs

from benchmarks import filters, floor, report, scaling  # noqa: E402
from benchmarks.seats import Checked, digest_of  # noqa: E402
from benchmarks.workload import FILTERS  # noqa: E402


def test_every_filter_is_answered_alike_and_timed(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    words = ["-m", "benchmarks.filters", "--n", "300", "--only", "whereql,numpy,sqlite", "--rounds", "1", "--turn", "0", "--json", str(path)]
    run = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    found = report.read_results(path)
    assert list(found.filters) == list(FILTERS)
    for name, figures in found.filters.items():
        assert figures["ms"].keys() == {"whereql", "new text", "numpy", "sqlite"} | ({"the list"} if FILTERS[name].wants == "ids" else set())
    assert found.filters["eq_bool_70pct"]["rows"] > 150
    assert found.filters["id_1"]["rows"] == 1


class Answering:
    """The end of a connection to a contender that gives the same answer always."""

    def __init__(self, *digests: str) -> None:
        self.answer = Checked([3] * len(digests), list(digests))

    def send(self, order: Any) -> None:
        assert order[0] == "check"

    def recv(self) -> tuple[str, Checked]:
        return "done", self.answer


def test_the_floor_is_of_the_same_list_whichever_way_it_is_made() -> None:
    ids = [f"r{number}" for number in range(5000)]
    answer = ids[3::7]
    assert all(way() == answer for way in floor._ways(ids, np.array(ids, np.object_), answer))
    assert floor.seconds_of_lists(ids, [answer, ids], 0) > 0


def test_who_answers_otherwise_is_out_of_a_filter() -> None:
    seats: Any = [filters.Seat(name, Answering(*digests)) for name, digests in {"a": "xy", "b": "xy", "c": "xz", "d": "x"}.items()]  # type: ignore[arg-type]
    assert filters.check(seats, "id_1", 1.0) == 3
    assert [seat.name for seat in seats if not seat.is_in("id_1")] == ["c"]
    assert "variant 1" in seats[2].filters_failed["id_1"]


def test_records_are_the_same_as_columns_and_as_rows() -> None:
    columns = (["a", "b"], ["text", None], [{"year": 1}, {}])
    rows = [{"id": "a", "document": "text", "year": 1, "rating": None}, {"id": "b", "document": None, "year": None}]
    assert digest_of(columns, "records") == digest_of(rows, "records")
    assert digest_of(columns, "records") != digest_of(rows[::-1], "records")


def results(**ms: float) -> report.Results:
    found = {"id_1": {"about": "", "rows": 1, "ms": ms, "failed": {}}}
    return report.Results(300, report.machine(["numpy"]), {"whereql": {"load_s": 1.0}, "numpy": {"load_s": 2.0}, "pandas": {"load_s": 4.0}}, found)


def test_the_best_peer_is_what_counts_and_runs_are_merged_by_their_medians() -> None:
    found = report.merged([results(whereql=2.0, numpy=4.0, pandas=9.0), results(whereql=1.0, numpy=5.0, pandas=2.0), results(whereql=4.0, numpy=3.0, pandas=8.0)])
    assert found.filters["id_1"]["ms"] == {"whereql": 2.0, "numpy": 4.0, "pandas": 8.0}
    assert found.best("id_1") == ("numpy", 4.0)
    assert report.summary(found) == {"mean": 2.0, "mean_new_text": None, "peers": {"numpy": 2.0, "pandas": 4.0}, "slower": []}


def test_what_is_slower_says_how_much_of_it_is_the_list() -> None:
    lines = report._words(results(**{"whereql": 2.0, "the list": 1.5, "numpy": 1.0}))
    assert lines[1] == "of its time at these, the list of ids alone takes: id_1 75%"
    assert len(report._words(results(**{"whereql": 1.0, "the list": 1.0, "numpy": 2.0}))) == 1


def test_a_page_gets_its_table_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- warm 300 -->\nold\n<!-- end of warm 300 -->\nafter\n")
    report.write_section(page, "warm 300", report.markdown(results(whereql=2.0, numpy=1.0)))
    text = page.read_text()
    assert text.startswith("before\n<!-- warm 300 -->\n") and text.endswith("<!-- end of warm 300 -->\nafter\n")
    assert "old" not in text and "slower at 1: id_1" in text
    with pytest.raises(ValueError, match="no place for cold 300"):
        report.write_section(page, "cold 300", "")


def test_an_exponent_is_the_slope_of_the_logarithms() -> None:
    assert scaling.exponent([(10, 5.0), (100, 50.0), (1000, 500.0)]) == pytest.approx(1)
    assert scaling.exponent([(10, 5.0), (1000, 5.0)]) == pytest.approx(0)
    assert scaling.exponent([(10, 5.0)]) is None


def test_figures_are_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    report.write_json(results(whereql=2.0, numpy=1.0), path)
    assert json.loads(path.read_text())["summary"]["slower"] == ["id_1"]
    assert report.read_results(path) == results(whereql=2.0, numpy=1.0)
